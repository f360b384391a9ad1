//! `if`, `while` and `for`: conditions in parentheses and the statements they guard.
use super::flat::Flat;
use super::{Lower, Pair, child, span};
use crate::base::Span;
use crate::diag::{Applicability, Diagnostic, codes};
use crate::syntax::ast::*;
use crate::syntax::grammar::Rule;

impl Lower<'_> {
    /// An `if` as condition.
    pub(super) fn cond_if(&mut self, pair: Pair<'_>) -> If {
        let outer = std::mem::replace(&mut self.breakable, false);
        let node = self.if_stmt(pair);
        self.breakable = outer;
        node
    }

    pub(super) fn if_stmt(&mut self, pair: Pair<'_>) -> If {
        let mut node = If { arms: Vec::new(), otherwise: None, span: self.trimmed(&pair) };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::if_arm => node.arms.push(self.if_arm(part)),
                Rule::elseif_arm => {
                    let word = child(&part, Rule::kw_elseif).map_or(span(&part), |k| span(&k));
                    let message = format!("`{}` is no word of the language", self.source(word));
                    let found = Diagnostic::new(codes::SYNTAX, word, message).help("write `else if`");
                    self.report(found.fix(word, "else if", Applicability::MachineApplicable));
                    node.arms.push(self.if_arm(part));
                }
                Rule::else_arm => node.otherwise = child(&part, Rule::body).map(|b| self.body(b)),
                _ => {}
            }
        }
        node
    }

    fn if_arm(&mut self, pair: Pair<'_>) -> IfArm {
        let at = self.trimmed(&pair);
        let cond = self.cond_head(&pair);
        let body = self.child_body(&pair);
        IfArm { cond, body, span: at }
    }

    pub(super) fn while_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let cond = self.cond_head(&pair);
        let body = self.loop_body(&pair);
        StmtKind::While(While { cond, body, span: self.trimmed(&pair) })
    }

    /// The condition of `if` and `while`.
    fn cond_head(&mut self, pair: &Pair<'_>) -> Cond {
        let at = self.place_of_missing(span(pair).start + 1);
        let Some(head) = child(pair, Rule::head) else { return Cond { kind: CondKind::Bad, span: at } };
        let before = self.errors.len();
        let cond = child(&head, Rule::expr).map(|e| self.cond(e));
        if cond.is_none() && child(&head, Rule::junk).is_none() {
            let place = if head.as_str().starts_with('(') {
                self.trimmed(&head)
            } else {
                self.place_of_missing(span(&head).start)
            };
            self.error(codes::NOT_A_CONDITION, place, "a condition is missing");
        }
        self.head_brackets(&head, before);
        cond.unwrap_or(Cond { kind: CondKind::Bad, span: span(&head) })
    }

    /// Checks the parentheses of `if (...)`, `while (...)`, `switch (...)`.
    pub(super) fn head_brackets(&mut self, head: &Pair<'_>, before: usize) {
        if self.failed_since(before) {
            return;
        }
        if !head.as_str().starts_with('(') {
            let at = span(head);
            let (at, what) = self.found_at(at.start);
            let found = Diagnostic::new(codes::MISSING_BRACKET, at, "missing `(`");
            self.report(found.here(format!("expected `(` before {what}")));
            return;
        }
        self.brackets(head, before, '(', ')');
    }

    fn child_body(&mut self, pair: &Pair<'_>) -> Block {
        child(pair, Rule::body).map(|b| self.body(b)).unwrap_or_default()
    }

    fn loop_body(&mut self, pair: &Pair<'_>) -> Block {
        let outer = std::mem::replace(&mut self.breakable, true);
        let body = self.child_body(pair);
        self.breakable = outer;
        body
    }

    fn body(&mut self, pair: Pair<'_>) -> Block {
        let at = span(&pair);
        let Some(inner) = pair.into_inner().next() else { return Block::default() };
        match inner.as_rule() {
            Rule::block => self.block(inner),
            Rule::missing_body => {
                let place = self.place_of_missing(at.start);
                self.report(
                    Diagnostic::new(codes::SYNTAX, place, "a statement is missing").here("expected one behind this"),
                );
                Block { stmts: Vec::new(), braces: false, span: Span::at(at.start) }
            }
            _ => {
                let stmt = self.stmt(inner);
                Block { span: stmt.span, stmts: vec![stmt], braces: false }
            }
        }
    }

    pub(super) fn for_stmt(&mut self, pair: Pair<'_>) -> StmtKind {
        let vars = self.for_head(&pair);
        let body = self.loop_body(&pair);
        match vars {
            Some((iter, source)) => StmtKind::For(For { iter, source, body, span: self.trimmed(&pair) }),
            None => StmtKind::Bad,
        }
    }

    fn for_head(&mut self, pair: &Pair<'_>) -> Option<(VarToken, VarToken)> {
        let head = child(pair, Rule::for_head)?;
        let before = self.errors.len();
        let exprs = head.clone().into_inner().filter(|p| p.as_rule() == Rule::expr);
        let vars: Vec<VarToken> = exprs.filter_map(|e| self.lone_var(e)).collect();
        let well_formed = child(&head, Rule::kw_in).is_some() && vars.len() == 2;
        if !well_formed && !self.failed_since(before) {
            let place =
                if head.as_str().is_empty() { self.place_of_missing(span(&head).start) } else { self.trimmed(&head) };
            let found =
                Diagnostic::new(codes::SYNTAX, place, "`for` takes two variables: `for ($var(x) in $(avp(y)[*]))`");
            self.report(found);
        }
        self.brackets(&head, before, '(', ')');
        let mut vars = vars.into_iter();
        vars.next().zip(vars.next())
    }

    pub(super) fn lone_var(&mut self, expr: Pair<'_>) -> Option<VarToken> {
        let flat = Flat::of(expr);
        let var = flat.view().single()?.plain(Rule::var)?.clone();
        Some(self.var(&var))
    }
}
