//! Calls of functions, and the built-in commands with the forms each has.
use super::builtin::BUILTINS;
use super::flat::{Flat, Operand};
use super::literal::Number;
use super::{Lower, Pair, bare_word, child, span};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;
use crate::syntax::keywords;

/// An argument as the grammar leaves it.
pub(super) struct Given<'i> {
    /// `None`: omitted.
    pub value: Option<Operand<'i>>,
    pub span: Span,
    /// More than one operand, or text behind it.
    pub compound: Option<Pair<'i>>,
    pub junk: Option<Span>,
}

impl<'i> Given<'i> {
    pub(super) fn is_omitted(&self) -> bool {
        self.value.is_none() && self.compound.is_none() && self.junk.is_none()
    }

    fn is(&self, rule: Rule) -> bool {
        self.plain(rule).is_some()
    }

    pub(super) fn plain(&self, rule: Rule) -> Option<&Pair<'i>> {
        let simple = self.compound.is_none() && self.junk.is_none();
        self.value.as_ref().filter(|_| simple).and_then(|v| v.plain(rule))
    }
}

impl Lower<'_> {
    /// `call` or `return_cmd`.
    pub(super) fn command(&mut self, pair: Pair<'_>) -> Command {
        let at = span(&pair);
        let kind = match pair.as_rule() {
            Rule::return_cmd => self.return_command(pair),
            _ => self.call_command(pair),
        };
        Command { kind: kind.unwrap_or(CommandKind::Bad), span: at }
    }

    fn call_command(&mut self, pair: Pair<'_>) -> Option<CommandKind> {
        let word = child(&pair, Rule::word)?;
        let (name, name_span) = (word.as_str(), span(&word));
        let builtin = BUILTINS.iter().find(|b| b.name == name);
        let Some(args) = child(&pair, Rule::args) else {
            return self.bare_word(name, name_span);
        };
        let Some(builtin) = builtin else {
            if keywords::is_reserved(name) {
                self.error(codes::RESERVED_WORD, name_span, format!("`{name}` is a reserved word and no function"));
                return None;
            }
            return self.call(&pair).map(CommandKind::Call);
        };
        let before = self.errors.len();
        let given = self.given(&args);
        let kind = (builtin.form)(self, &given);
        if kind.is_none() && !self.failed_since(before) {
            let message = format!("`{name}` is not called like this");
            let found = Diagnostic::new(codes::BAD_COMMAND_FORM, span(&pair), message);
            self.report(found.help(format!("write {}", builtin.forms)));
        }
        self.brackets(&args, before, '(', ')');
        kind
    }

    fn bare_word(&mut self, name: &str, at: Span) -> Option<CommandKind> {
        match name {
            "exit" => return Some(CommandKind::Exit),
            "drop" => return Some(CommandKind::Drop),
            _ => {}
        }
        let found = Diagnostic::new(codes::BARE_WORD, at, format!("bare word `{name}`: calls need `()`"));
        let found = match name {
            "continue" => found.note("there is no `continue`").help("guard the rest of the body by an `if`"),
            _ => found.help(format!("write `{name}()` for a call, `\"{name}\"` for a string")),
        };
        self.report(found);
        None
    }

    /// A call of a function, with its arguments.
    pub(super) fn call(&mut self, pair: &Pair<'_>) -> Option<Call> {
        let word = child(pair, Rule::word)?;
        let args = child(pair, Rule::args)?;
        let name = Ident { text: word.as_str().to_owned(), span: span(&word) };
        let before = self.errors.len();
        let given = self.given(&args);
        let only_omitted = given.len() == 1 && given.first().is_some_and(Given::is_omitted);
        let args_nodes = if only_omitted { Vec::new() } else { given.iter().map(|g| self.arg(g)).collect() };
        self.brackets(&args, before, '(', ')');
        Some(Call { name, args: args_nodes, span: span(pair) })
    }

    fn arg(&mut self, given: &Given<'_>) -> Arg {
        let kind = self.arg_kind(given).unwrap_or(ArgKind::Bad);
        Arg { kind, span: given.span }
    }

    fn arg_kind(&mut self, given: &Given<'_>) -> Option<ArgKind> {
        if let Some(junk) = given.junk {
            if !self.loose_words(given, junk) {
                self.unexpected(junk, "`,` or `)`");
            }
            return None;
        }
        if given.compound.is_some() {
            let found = Diagnostic::new(codes::BAD_ARGUMENT, given.span, "an expression cannot be an argument");
            self.report(found.help("assign it to a variable and pass that"));
            return None;
        }
        let Some(operand) = &given.value else { return Some(ArgKind::Omitted) };
        match self.operand_number(operand) {
            Number::Int(i) => return Some(ArgKind::Int(i)),
            Number::SignedOther(at) => {
                self.signed_other(at);
                return None;
            }
            Number::Other => {}
        }
        if let Some(var) = operand.plain(Rule::var) {
            return Some(ArgKind::Var(self.var(var)));
        }
        if let Some(strings) = operand.plain(Rule::strings) {
            return self.one_string(strings).map(ArgKind::Str);
        }
        self.bad_argument(operand);
        None
    }

    /// Several bare words in a row are a text without its quotes.
    pub(super) fn loose_words(&mut self, given: &Given<'_>, junk: Span) -> bool {
        let first = given.value.as_ref().filter(|_| given.compound.is_none());
        let Some(first) = first.and_then(|v| v.plain(Rule::call)).and_then(bare_word) else { return false };
        let whole = span(&first).to(junk);
        let words = self.source(whole).to_owned();
        if !words.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-' | b'.')) {
            return false;
        }
        self.quote_it(codes::BARE_WORD, whole, format!("bare words `{words}`: a text stands in quotes"));
        true
    }

    fn bad_argument(&mut self, operand: &Operand<'_>) {
        let at = operand.span;
        if let Some(word) = operand.plain(Rule::call).and_then(bare_word) {
            let message = format!("bare word `{}`: arguments in words stand in quotes", word.as_str());
            return self.quote_it(codes::BARE_WORD, at, message);
        }
        let found = if operand.is(Rule::null) {
            Diagnostic::new(codes::BAD_ARGUMENT, at, "`NULL` cannot be an argument")
                .help("leave the argument out: `f(,\"x\")`")
        } else if operand.is(Rule::call) {
            Diagnostic::new(codes::BAD_ARGUMENT, at, "a call cannot be an argument")
                .help("assign its result to a variable and pass that")
        } else {
            Diagnostic::new(codes::BAD_ARGUMENT, at, "arguments are strings, numbers and variables")
        };
        self.report(found);
    }

    fn given<'i>(&self, args: &Pair<'i>) -> Vec<Given<'i>> {
        let args = args.clone().into_inner().filter(|a| a.as_rule() == Rule::arg);
        args.map(|a| given(a, |at| self.token_end(at))).collect()
    }

    fn return_command(&mut self, pair: Pair<'_>) -> Option<CommandKind> {
        let mut inner = pair.clone().into_inner().skip(1);
        let Some(what) = inner.next() else {
            return Some(CommandKind::Return(Return { code: None, values: Vec::new() }));
        };
        let code = match what.as_rule() {
            Rule::signed => ReturnCode::Int(self.signed(&what)),
            Rule::var => ReturnCode::Var(self.var(&what)),
            _ => {
                let before = self.errors.len();
                let given = self.given(&what);
                let kind = self.return_args(&given);
                self.brackets(&what, before, '(', ')');
                return kind;
            }
        };
        Some(CommandKind::Return(Return { code: Some(code), values: Vec::new() }))
    }

    fn return_args(&mut self, given: &[Given<'_>]) -> Option<CommandKind> {
        let (first, rest) = given.split_first()?;
        let code = match self.arg_quiet(first) {
            Some(ArgKind::Omitted) => None,
            Some(ArgKind::Int(i)) => Some(ReturnCode::Int(i)),
            Some(ArgKind::Var(v)) => Some(ReturnCode::Var(v)),
            Some(ArgKind::Str(_) | ArgKind::Bad) | None => {
                let found = Diagnostic::new(
                    codes::BAD_COMMAND_FORM,
                    first.span,
                    "the code of `return` is a number or a variable",
                );
                self.report(
                    found.help("assign an expression to a variable first; further values stand behind the code"),
                );
                return None;
            }
        };
        let values = rest.iter().map(|g| self.literal(g)).collect();
        Some(CommandKind::Return(Return { code, values }))
    }

    /// An argument of one of the plain kinds; anything else is for the caller to report.
    fn arg_quiet(&mut self, given: &Given<'_>) -> Option<ArgKind> {
        if given.compound.is_some() || given.junk.is_some() {
            return None;
        }
        let Some(operand) = &given.value else { return Some(ArgKind::Omitted) };
        match self.operand_number(operand) {
            Number::Int(i) => return Some(ArgKind::Int(i)),
            Number::SignedOther(_) => return None,
            Number::Other => {}
        }
        if let Some(var) = operand.plain(Rule::var) {
            return Some(ArgKind::Var(self.var(var)));
        }
        operand.plain(Rule::strings).and_then(|s| self.one_string(s)).map(ArgKind::Str)
    }

    /// A parameter of `route()` or a value of `return()`.
    pub(super) fn literal(&mut self, given: &Given<'_>) -> Literal {
        if given.is(Rule::null) {
            return Literal::Null(given.span);
        }
        if given.is_omitted() {
            self.error(codes::BAD_COMMAND_FORM, given.span, "a value is missing here");
            return Literal::Bad(given.span);
        }
        match self.arg_kind(given) {
            Some(ArgKind::Str(s)) => Literal::Str(s),
            Some(ArgKind::Int(i)) => Literal::Int(i),
            Some(ArgKind::Var(v)) => Literal::Var(v),
            Some(ArgKind::Omitted | ArgKind::Bad) | None => Literal::Bad(given.span),
        }
    }

    /// A single string.
    pub(super) fn text(&mut self, given: &Given<'_>) -> Option<StrLit> {
        self.one_string(given.plain(Rule::strings)?)
    }

    pub(super) fn int(&mut self, given: &Given<'_>) -> Option<IntLit> {
        let operand = given.value.as_ref().filter(|_| given.compound.is_none() && given.junk.is_none())?;
        match self.operand_number(operand) {
            Number::Int(i) => Some(i),
            Number::SignedOther(_) | Number::Other => None,
        }
    }

    /// A route's name: a word, a number without sign or a string.
    pub(super) fn route_name(&mut self, given: &Given<'_>) -> Option<Name> {
        if let Some(word) = given.plain(Rule::call) {
            if child(word, Rule::args).is_some() {
                return None;
            }
            return self.name(&child(word, Rule::word)?);
        }
        if let Some(name) = given.plain(Rule::number).or(given.plain(Rule::strings)) {
            return self.name(&name.clone());
        }
        if given.junk.is_some_and(|junk| self.loose_words(given, junk)) {
            return None;
        }
        let word = self.source(given.span).trim().to_owned();
        if keywords::is_reserved(&word) {
            self.quote_it(codes::RESERVED_WORD, given.span, format!("`{word}` is a reserved word and no name"));
        }
        None
    }

    /// The call inside `async()` and `launch()`.
    pub(super) fn inner_call(&mut self, given: &Given<'_>) -> Option<Call> {
        let call = given.plain(Rule::call)?.clone();
        if let Some(word) = bare_word(&call) {
            self.bare_word(word.as_str(), given.span);
            return None;
        }
        self.call(&call)
    }
}

fn given(arg: Pair<'_>, token_end: impl Fn(u32) -> u32) -> Given<'_> {
    let at = span(&arg);
    let mut given = Given { value: None, span: at, compound: None, junk: None };
    for part in arg.into_inner() {
        match part.as_rule() {
            Rule::expr => {
                given.span = Span::new(span(&part).start, token_end(span(&part).end));
                let flat = Flat::of(part.clone());
                match flat.view().single() {
                    Some(one) if flat.ops.is_empty() => given.value = Some(one.clone()),
                    _ => given.compound = Some(part),
                }
            }
            _ => given.junk = Some(Span::new(span(&part).start, token_end(span(&part).end))),
        }
    }
    given
}

impl Lower<'_> {
    /// The arguments of `modparam`.
    pub(super) fn mod_param_args(&mut self, args: &Pair<'_>, span: Span) -> Option<Item> {
        let given = self.given(args);
        let [modules, param, value] = given.as_slice() else { return None };
        let modules = self.text(modules)?;
        let param = self.text(param)?;
        let value = match value.plain(Rule::strings) {
            Some(strings) => ModParamValue::Str(self.strings(strings)),
            None => ModParamValue::Int(self.int(value)?),
        };
        Some(Item::ModParam(ModParam { modules, param, value, span }))
    }
}
