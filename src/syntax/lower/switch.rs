//! `switch`: a variable, labels that are constants, and `default` at the end.
use super::flat::Flat;
use super::literal::Number;
use super::{Lower, Pair, child, span};
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;

impl Lower<'_> {
    pub(super) fn switch_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let at = self.trimmed(&pair);
        let subject = self.switch_head(&pair);
        let outer = std::mem::replace(&mut self.breakable, true);
        let (mut cases, mut default, mut brace) = (Vec::new(), None, false);
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::kw_switch | Rule::head => {}
                Rule::missing_brace => brace = true,
                Rule::case => cases.push(self.case(part)),
                Rule::default_case => self.default_case(part, &mut default),
                _ => self.stmt_before_case(part),
            }
            if let Some(DefaultCase { span: place, .. }) = &default
                && cases.last().is_some_and(|c: &Case| c.span.start > place.start)
            {
                let place = Span::new(place.start, place.start + 7);
                self.error(codes::BAD_SWITCH, place, "`default` must be the last of a `switch`");
                default = None;
            }
        }
        self.breakable = outer;
        if brace && let Some(open) = self.source(at).find('{') {
            let opener = Span::new(at.start + open as u32, at.start + open as u32 + 1);
            let end = self.place_of_missing(span(&pair).end);
            let found = Diagnostic::new(codes::MISSING_BRACKET, end, "missing `}`").here("expected `}` behind this");
            self.report(found.label(opener, "this `{` is not closed"));
        }
        if cases.is_empty() {
            let word = Span::new(at.start, at.start + 6);
            self.error(codes::BAD_SWITCH, word, "a `switch` must hold a `case`");
        }
        match subject {
            Some(subject) => StmtKind::Switch(Switch { subject, cases, default, span: at }),
            None => StmtKind::Bad,
        }
    }

    fn switch_head(&mut self, pair: &Pair<'_>) -> Option<VarToken> {
        let head = child(pair, Rule::head)?;
        let before = self.errors.len();
        let subject = child(&head, Rule::expr).and_then(|e| self.lone_var(e));
        if subject.is_none() && !self.failed_since(before) {
            let place =
                if head.as_str().is_empty() { self.place_of_missing(span(&head).start) } else { self.trimmed(&head) };
            let found = Diagnostic::new(codes::BAD_SWITCH, place, "`switch` takes a variable");
            self.report(found.help("assign the value to a variable first"));
        }
        self.head_brackets(&head, before);
        subject
    }

    fn stmt_before_case(&mut self, pair: Pair<'_>) {
        let at = self.trimmed(&pair);
        if pair.as_rule() != Rule::empty_stmt {
            self.stmt(pair);
        }
        self.error(codes::BAD_SWITCH, at, "a statement of `switch` stands behind a `case`");
    }

    fn case(&mut self, pair: Pair<'_>) -> Case {
        let at = self.trimmed(&pair);
        let label = self.case_label(&pair);
        let stmts = self.case_stmts(pair);
        Case { label, stmts, span: at }
    }

    fn case_label(&mut self, pair: &Pair<'_>) -> CaseLabel {
        let before = self.errors.len();
        let word = child(pair, Rule::kw_case).map_or(span(pair), |k| span(&k));
        let Some(expr) = child(pair, Rule::expr) else {
            self.error(codes::SWITCH_LABEL, word, "a `case` needs a number or a string");
            return CaseLabel::Bad(word);
        };
        let at = self.trimmed(&expr);
        let flat = Flat::of(expr);
        let label = flat.view().single().and_then(|one| match self.operand_number(one) {
            Number::Int(i) => Some(CaseLabel::Int(i)),
            _ => self.one_string(one.plain(Rule::strings)?).map(CaseLabel::Str),
        });
        if label.is_none() && !self.failed_since(before) {
            self.error(codes::SWITCH_LABEL, at, "the label of a `case` is a number or a string");
        }
        if let Some(junk) = child(pair, Rule::junk_label).filter(|_| !self.failed_since(before)) {
            self.unexpected(span(&junk), "`:`");
        }
        if child(pair, Rule::colon).is_none() && !self.failed_since(before) {
            let place = self.place_of_missing(at.end);
            self.report(Diagnostic::new(codes::SYNTAX, place, "missing `:`").here("expected `:` behind this"));
        }
        label.unwrap_or(CaseLabel::Bad(at))
    }

    fn default_case(&mut self, pair: Pair<'_>, default: &mut Option<DefaultCase>) {
        let at = self.trimmed(&pair);
        if child(&pair, Rule::colon).is_none() {
            let word = Span::new(at.start, at.start + 7);
            self.report(Diagnostic::new(codes::SYNTAX, word, "missing `:`").here("expected `:` behind this"));
        }
        if default.is_some() {
            let word = Span::new(at.start, at.start + 7);
            self.error(codes::BAD_SWITCH, word, "a `switch` has one `default`");
        }
        let stmts = self.case_stmts(pair);
        default.get_or_insert(DefaultCase { stmts, span: at });
    }

    fn case_stmts(&mut self, pair: Pair<'_>) -> Vec<Stmt> {
        let head = [Rule::kw_case, Rule::kw_default, Rule::expr, Rule::junk_label, Rule::colon];
        let stmts = pair.into_inner().filter(|p| !head.contains(&p.as_rule()));
        stmts.map(|p| self.stmt(p)).collect()
    }
}
