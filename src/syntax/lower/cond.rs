//! Conditions: tests joined by `and` and `or`, one level, from left to right.
use super::flat::{Flat, Op, Operand, Prefix, View};
use super::literal::Number;
use super::{Lower, Pair, span};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::{CmpOp, Compare, CompareRight, Cond, CondKind, CondLink, LogicOp};
use crate::syntax::grammar::Rule;

/// Tests of old versions: the word, and what to write instead.
/// The variable of the first backquotes stands for the word.
static REMOVED_TESTS: &[(&str, &str)] = &[
    ("uri", "`is_myself(\"$rd\")` or `$ru`"),
    ("method", "`$rm` or `is_method()`"),
    ("src_ip", "`$si`"),
    ("src_port", "`$sp`"),
    ("dst_ip", "`$socket_in(ip)`"),
    ("dst_port", "`$socket_in(port)`"),
    ("from_uri", "`$fu`"),
    ("to_uri", "`$tu`"),
    ("status", "`$rs`"),
    ("proto", "`$socket_in(proto)`"),
    ("af", "`$socket_in(af)`"),
    ("retcode", "`$rc`"),
    ("myself", "`is_myself()`"),
];

impl Lower<'_> {
    pub(super) fn cond(&mut self, expr: Pair<'_>) -> Cond {
        let flat = Flat::of(expr);
        self.cond_view(flat.view())
    }

    /// A condition that is one operand.
    pub(super) fn cond_operand(&mut self, operand: &Operand<'_>) -> Cond {
        self.cond_view(View { operands: std::slice::from_ref(operand), ops: &[] })
    }

    fn cond_view(&mut self, view: View<'_, '_>) -> Cond {
        let (parts, ops) = view.split(|op| matches!(op, Op::Logic(_)));
        let mut tests = parts.into_iter();
        let Some(first) = tests.next() else { return bad(view.span()) };
        let first = self.test(first);
        let rest: Vec<CondLink> =
            ops.into_iter().zip(tests).map(|((op, op_span), t)| self.link(op, op_span, t)).collect();
        match rest.is_empty() {
            true => first,
            false => Cond { kind: CondKind::Chain { first: Box::new(first), rest }, span: view.span() },
        }
    }

    fn link(&mut self, op: Op, op_span: Span, test: View<'_, '_>) -> CondLink {
        let op = if op == Op::Logic(LogicOp::And) { LogicOp::And } else { LogicOp::Or };
        CondLink { op, op_span, right: self.test(test) }
    }

    /// A test under its `!`s, which take a comparison whole.
    fn test(&mut self, view: View<'_, '_>) -> Cond {
        let Some(first) = view.operands.first() else { return bad(view.span()) };
        let nots = first.prefixes.iter().take_while(|p| p.0 == Prefix::Not).count();
        let mut operands = view.operands.to_vec();
        if let Some(first) = operands.first_mut() {
            *first = first.without_prefixes(nots);
        }
        let mut cond = self.bare_test(View { operands: &operands, ops: view.ops });
        for (_, at) in first.prefixes.iter().take(nots).rev() {
            let span = at.to(cond.span);
            cond = Cond { kind: CondKind::Not(Box::new(cond)), span };
        }
        cond
    }

    fn bare_test(&mut self, view: View<'_, '_>) -> Cond {
        let span = view.span();
        let Some(first) = view.operands.first() else { return bad(span) };
        let kind = match view.ops.first() {
            None => self.operand_test(first),
            Some((Op::Compare(_), _)) => self.comparison(view),
            Some((Op::Assign(_), _)) => self.assignment(view).map(|a| CondKind::Assign(Box::new(a))),
            Some((Op::Arith(_) | Op::Logic(_), _)) => {
                self.arithmetic_in_condition(view);
                None
            }
        };
        Cond { kind: kind.unwrap_or(CondKind::Bad), span }
    }

    fn arithmetic_in_condition(&mut self, view: View<'_, '_>) {
        let at = view.span();
        let compares = view.ops.iter().any(|(op, _)| matches!(op, Op::Compare(_)));
        let found = Diagnostic::new(codes::ARITH_IN_CONDITION, at, "arithmetic in a condition stands in `[ ]`");
        // In brackets a comparison binds tighter than any operator: around the whole they would change its meaning.
        let found = if compares {
            found.help("assign the result to a variable first and compare that")
        } else {
            let fixed = format!("[ {} ]", self.source(at));
            found.help(format!("write `{fixed}`")).fix(at, fixed, Applicability::MachineApplicable)
        };
        self.report(found);
    }

    /// A comparison and nothing behind it.
    fn comparison(&mut self, view: View<'_, '_>) -> Option<CondKind> {
        let (left, right) = (view.operands.first()?, view.operands.get(1)?);
        let (op, op_span) = *view.ops.first()?;
        let Op::Compare(op) = op else { return None };
        if let Some((_, second)) = view.ops.get(1) {
            match view.ops.get(1) {
                Some((Op::Arith(_), _)) => self.arithmetic_in_condition(view),
                _ => self.error(
                    codes::NOT_A_CONDITION,
                    *second,
                    "a comparison cannot be part of another: join them by `and`",
                ),
            }
            return None;
        }
        self.compare(left, op, op_span, right).map(CondKind::Compare)
    }

    /// Shared with values: there a comparison is an operand.
    pub(super) fn compare(
        &mut self,
        left: &Operand<'_>,
        op: CmpOp,
        op_span: Span,
        right: &Operand<'_>,
    ) -> Option<Compare> {
        let left_var = self.compare_left(left, right)?;
        let right_value = self.compare_right(op, op_span, right)?;
        Some(Compare { left: left_var, op, op_span, right: right_value, span: left.span.to(right.span) })
    }

    fn compare_left(&mut self, left: &Operand<'_>, right: &Operand<'_>) -> Option<crate::syntax::ast::VarToken> {
        if let Some(var) = left.plain(Rule::var) {
            return Some(self.var(var));
        }
        let at = left.span;
        let Some(primary) = &left.primary else {
            self.missing_operand(at);
            return None;
        };
        let bare = super::bare_word(primary);
        let text = bare.as_ref().map_or("", |w| w.as_str());
        let found = match primary.as_rule() {
            Rule::call if bare.is_some() => bare_left(text, at),
            Rule::call | Rule::return_cmd => {
                Diagnostic::new(codes::COMPARE_LEFT, at, "the result of a call cannot be compared")
                    .help("assign it to a variable first, or test `$rc` behind the call")
            }
            _ => self.literal_left(at, right),
        };
        self.report(found);
        None
    }

    fn literal_left(&self, at: Span, right: &Operand<'_>) -> Diagnostic {
        let found = Diagnostic::new(codes::COMPARE_LEFT, at, "the left side of a comparison must be a variable");
        match right.is(Rule::var) {
            true => found.help("swap the two sides"),
            false => found.help("assign the value to a variable first"),
        }
    }

    fn compare_right(&mut self, op: CmpOp, op_span: Span, right: &Operand<'_>) -> Option<CompareRight> {
        let pattern = matches!(op, CmpOp::Match | CmpOp::NotMatch);
        let equality = matches!(op, CmpOp::Eq | CmpOp::Ne);
        match self.operand_number(right) {
            Number::Int(_) if pattern => {
                self.error(codes::SYNTAX, right.span, "a pattern is a string or a variable, not a number");
                return None;
            }
            Number::Int(i) => return Some(CompareRight::Int(i)),
            Number::SignedOther(at) => {
                self.signed_other(at);
                return None;
            }
            Number::Other => {}
        }
        let Some(primary) = right.primary.as_ref() else {
            self.missing_operand(Span::at(op_span.end));
            return None;
        };
        if !right.prefixes.is_empty() {
            self.error(codes::SYNTAX, right.span, "no operator can stand before the right side of a comparison");
            return None;
        }
        match primary.as_rule() {
            Rule::var => Some(CompareRight::Var(self.var(primary))),
            Rule::strings => self.one_string(primary).map(CompareRight::Str),
            Rule::null if equality => Some(CompareRight::Null(right.span)),
            Rule::null => {
                self.error(codes::SYNTAX, right.span, "`NULL` is compared by `==` and `!=` only");
                None
            }
            Rule::net | Rule::bracket_ip if equality => self.net(primary).map(CompareRight::Net),
            Rule::net | Rule::bracket_ip => {
                self.error(codes::SYNTAX, right.span, "an address is compared by `==` and `!=` only");
                None
            }
            _ => {
                self.bad_compare_right(primary, right.span);
                None
            }
        }
    }

    fn bad_compare_right(&mut self, primary: &Pair<'_>, at: Span) {
        if let Some(word) = super::bare_word(primary) {
            let text = word.as_str();
            return self.quote_it(codes::BARE_WORD, at, format!("bare word `{text}`: strings stand in quotes"));
        }
        let found = match primary.as_rule() {
            Rule::call | Rule::return_cmd => {
                Diagnostic::new(codes::SYNTAX, at, "a variable cannot be compared with the result of a call")
                    .help("assign the result to a variable first")
            }
            Rule::paren | Rule::bracket => {
                Diagnostic::new(codes::ARITH_IN_CONDITION, at, "a variable cannot be compared with an expression")
                    .help("assign the expression to a variable first")
            }
            _ => Diagnostic::new(codes::SYNTAX, at, "this cannot be compared with a variable"),
        };
        self.report(found);
    }

    /// A test that is one operand.
    fn operand_test(&mut self, operand: &Operand<'_>) -> Option<CondKind> {
        match self.operand_number(operand) {
            Number::Int(i) => return Some(CondKind::Int(i)),
            Number::SignedOther(at) => {
                self.signed_other(at);
                return None;
            }
            Number::Other => {}
        }
        if operand.prefixes.iter().any(|p| p.0 == Prefix::Complement) {
            self.arithmetic_in_condition(View { operands: std::slice::from_ref(operand), ops: &[] });
            return None;
        }
        let Some(primary) = operand.primary.clone() else {
            self.missing_operand(operand.span);
            return None;
        };
        let at = span(&primary);
        match primary.as_rule() {
            Rule::var => Some(CondKind::Var(self.var(&primary))),
            Rule::call | Rule::return_cmd => Some(CondKind::Command(Box::new(self.command(primary)))),
            Rule::paren => self.paren(primary),
            Rule::bracket => Some(CondKind::Arith(self.bracket(primary))),
            Rule::block => Some(CondKind::Block(self.cond_block(primary))),
            Rule::if_stmt => Some(CondKind::If(Box::new(self.cond_if(primary)))),
            Rule::strings => {
                let found = Diagnostic::new(codes::NOT_A_CONDITION, at, "a literal string is no condition");
                self.report(found.help("compare a variable with it"));
                None
            }
            _ => {
                self.error(codes::NOT_A_CONDITION, at, "this cannot be a condition");
                None
            }
        }
    }

    fn paren(&mut self, pair: Pair<'_>) -> Option<CondKind> {
        let before = self.errors.len();
        let inner = super::child(&pair, Rule::expr).map(|e| self.cond(e));
        if inner.is_none() {
            self.error(codes::NOT_A_CONDITION, span(&pair), "empty parentheses are no condition");
        }
        self.brackets(&pair, before, '(', ')');
        inner.map(|c| CondKind::Paren(Box::new(c)))
    }

    pub(super) fn signed_other(&mut self, at: Span) {
        if let Some(found) = self.doubled_sign(at) {
            return self.report(found);
        }
        let found = Diagnostic::new(codes::SYNTAX, at, "a sign belongs to a number");
        self.report(found.help("write `0 - ...` in an assignment or between `[ ]`"));
    }

    /// `$var(x)++` of other languages.
    pub(super) fn doubled_sign(&self, at: Span) -> Option<Diagnostic> {
        let twice = Span::new(at.start.checked_sub(1)?, at.start + 1);
        let (sign, assignment) = match self.source(twice) {
            "++" => ("++", "+= 1"),
            "--" => ("--", "-= 1"),
            _ => return None,
        };
        let found = Diagnostic::new(codes::SYNTAX, twice, format!("there is no `{sign}`"));
        Some(found.help(format!("write `$var(x) {assignment};`")))
    }

    /// A place where a value, a variable or a condition is missing.
    pub(super) fn missing_operand(&mut self, at: Span) {
        let before = self.token_end(at.end);
        if let Some(found) = before.checked_sub(1).and_then(|sign| self.doubled_sign(Span::new(sign, before))) {
            return self.report(found);
        }
        let next = self.next_token(at.end);
        let (at, what) = self.found_at(next);
        let found = Diagnostic::new(codes::SYNTAX, at, format!("unexpected {what}"));
        self.report(found.here("expected a value here"));
    }
}

fn bare_left(word: &str, at: Span) -> Diagnostic {
    match REMOVED_TESTS.iter().find(|(w, _)| *w == word) {
        Some((_, instead)) => {
            Diagnostic::new(codes::REMOVED_TEST, at, format!("the test `{word}` was removed from OpenSIPS"))
                .help(format!("use {instead}"))
                .fix(at, variable_of(instead), Applicability::MaybeIncorrect)
        }
        None => {
            let message = format!("bare word `{word}`: the left side of a comparison is a variable");
            Diagnostic::new(codes::COMPARE_LEFT, at, message)
        }
    }
}

fn variable_of(instead: &str) -> &str {
    instead.split('`').find(|part| part.starts_with('$')).unwrap_or(instead)
}

fn bad(span: Span) -> Cond {
    Cond { kind: CondKind::Bad, span }
}
