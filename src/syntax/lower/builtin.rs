//! The built-in commands and the forms each is written in.
use super::command::Given;
use super::{Lower, bare_word};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;

/// How the arguments of a built-in command become its node; `None` when they have none of its forms.
pub(super) type Form = fn(&mut Lower<'_>, &[Given<'_>]) -> Option<CommandKind>;

pub(super) struct Builtin {
    pub name: &'static str,
    pub form: Form,
    /// For messages.
    pub forms: &'static str,
}

pub(super) static BUILTINS: &[Builtin] = &[
    Builtin { name: "assert", form: assert, forms: "`assert(CONDITION)` or `assert(CONDITION, \"text\")`" },
    Builtin {
        name: "async",
        form: asynchronous,
        forms: "`async(FUNCTION(...), ROUTE)` or `async(FUNCTION(...), ROUTE, SECONDS)`",
    },
    Builtin { name: "drop", form: drop, forms: "`drop` or `drop()`" },
    Builtin { name: "error", form: error, forms: "`error(\"text\", \"text\")`" },
    Builtin { name: "exit", form: exit, forms: "`exit` or `exit()`" },
    Builtin {
        name: "launch",
        form: launch,
        forms: "`launch(FUNCTION(...))`, with `, ROUTE` and `, \"text\"` behind the call",
    },
    Builtin { name: "log", form: log, forms: "`log(\"text\")` or `log(NUMBER, \"text\")`" },
    Builtin { name: "route", form: route, forms: "`route(NAME)` or `route(NAME, PARAMETER, ...)`" },
    Builtin { name: "xdbg", form: xdbg, forms: "`xdbg(\"text\")`" },
    Builtin { name: "xlog", form: xlog, forms: "`xlog(\"text\")` or `xlog(\"LEVEL\", \"text\")`" },
];

/// Parameters a route may be called with.
const MAX_ROUTE_PARAMS: usize = 8;

fn exit(_: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    takes_nothing(given).then_some(CommandKind::Exit)
}

fn drop(_: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    takes_nothing(given).then_some(CommandKind::Drop)
}

fn takes_nothing(given: &[Given<'_>]) -> bool {
    given.len() == 1 && given.iter().all(Given::is_omitted)
}

fn assert(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let (first, rest) = given.split_first()?;
    let text = match rest {
        [] => None,
        [text] => Some(lower.text(text)?),
        _ => return None,
    };
    if first.junk.is_some() {
        return None;
    }
    let cond = match (&first.compound, &first.value) {
        (Some(expr), _) => lower.cond(expr.clone()),
        (None, Some(operand)) => lower.cond_operand(operand),
        (None, None) => return None,
    };
    Some(CommandKind::Assert { cond: Box::new(cond), text })
}

fn log(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    match given {
        [text] => {
            if text.plain(Rule::var).is_some() {
                let found = Diagnostic::new(codes::BAD_COMMAND_FORM, text.span, "the text of `log` is a string");
                lower.report(found.help("`xlog` writes variables: `xlog(\"...\")`"));
                return None;
            }
            lower.text(text).map(|text| CommandKind::Log { level: None, text })
        }
        [level, text] => {
            let level = lower.int(level)?;
            lower.text(text).map(|text| CommandKind::Log { level: Some(level), text })
        }
        _ => None,
    }
}

fn error(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let [first, second] = given else { return None };
    Some(CommandKind::Error { first: lower.text(first)?, second: lower.text(second)? })
}

fn xlog(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let (level, format) = match given {
        [format] => (None, format),
        [level, format] => {
            if let Some(word) = level.plain(Rule::call).and_then(bare_word) {
                let message = format!("bare word `{}`: the level of `xlog` is a string", word.as_str());
                lower.quote_it(codes::BARE_WORD, level.span, message);
                return None;
            }
            if let Some(number) = lower.int(level) {
                level_in_words(lower, level.span, number.value);
                return None;
            }
            let level = lower.text(level)?;
            (Some(level), format)
        }
        _ => return None,
    };
    let format = format_text(lower, format)?;
    Some(CommandKind::Xlog(Xlog { debug: false, level, format }))
}

fn xdbg(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let [format] = given else { return None };
    let format = format_text(lower, format)?;
    Some(CommandKind::Xlog(Xlog { debug: true, level: None, format }))
}

fn format_text(lower: &mut Lower<'_>, given: &Given<'_>) -> Option<Vec<StrLit>> {
    if given.plain(Rule::var).is_some() {
        let message = "the text is a string; variables stand inside it".to_owned();
        lower.quote_it(codes::BAD_COMMAND_FORM, given.span, message);
        return None;
    }
    given.plain(Rule::strings).map(|strings| lower.strings(strings))
}

/// Levels as numbers, from -3.
static LEVELS: &[&str] = &["L_ALERT", "L_CRIT", "L_ERR", "", "L_WARN", "L_NOTICE", "L_INFO", "L_DBG"];

fn level_in_words(lower: &mut Lower<'_>, at: Span, number: i32) {
    let word = usize::try_from(number.saturating_add(3)).ok().and_then(|i| LEVELS.get(i)).filter(|w| !w.is_empty());
    let found = Diagnostic::new(codes::BAD_COMMAND_FORM, at, "the level of `xlog` is a string, not a number");
    lower.report(match word {
        Some(word) => {
            let quoted = format!("\"{word}\"");
            found.help(format!("write `{quoted}`")).fix(at, quoted, Applicability::MachineApplicable)
        }
        None => found.help("levels are `\"L_ALERT\"` to `\"L_DBG\"`"),
    });
}

fn route(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let (first, rest) = given.split_first()?;
    let target = match first.plain(Rule::var) {
        Some(var) => RouteTarget::Var(lower.var(var)),
        None => RouteTarget::Name(lower.route_name(first)?),
    };
    if let Some(extra) = rest.get(MAX_ROUTE_PARAMS) {
        let message = format!("a route takes at most {MAX_ROUTE_PARAMS} parameters");
        lower.error(codes::ARITY, extra.span, message);
    }
    let args = rest.iter().map(|g| lower.literal(g)).collect();
    Some(CommandKind::Route(RouteCall { target, args }))
}

fn asynchronous(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let (call, resume, timeout) = match given {
        [call, resume] => (call, resume, None),
        [call, resume, timeout] => (call, resume, Some(lower.number(timeout.plain(Rule::number)?))),
        _ => return None,
    };
    let call = lower.inner_call(call)?;
    Some(CommandKind::Async(Async { call, resume: lower.route_name(resume)?, timeout }))
}

fn launch(lower: &mut Lower<'_>, given: &[Given<'_>]) -> Option<CommandKind> {
    let (first, rest) = given.split_first()?;
    let call = lower.inner_call(first)?;
    let report = match rest.first() {
        Some(name) => Some(lower.route_name(name)?),
        None => None,
    };
    let param = match rest.get(1) {
        Some(text) => Some(lower.text(text)?),
        None => None,
    };
    (rest.len() <= 2).then_some(CommandKind::Launch(Launch { call, report, param }))
}
