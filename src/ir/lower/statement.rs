//! Statements and what their codes are (language reference 5).
use super::Lowering;
use crate::ir::program::*;
use crate::syntax::ast::{self, AssignValue, Block, CaseLabel, Stmt, StmtKind};

/// Code of a loop or switch left by `break`.
const BROKEN: i32 = -5;
/// Code of a `for` whose source lacks `[*]`.
const NOT_A_LIST: i32 = -10;

impl Lowering<'_> {
    pub(super) fn statements(&mut self, stmts: &[Stmt]) {
        let last = stmts.iter().rposition(|s| !is_empty(s));
        for (at, stmt) in stmts.iter().enumerate() {
            self.statement(stmt, Some(at) == last);
        }
    }

    /// `last` in its list: what an `if` without a part to run leaves in `$rc` is then overwritten by the list's code.
    fn statement(&mut self, stmt: &Stmt, last: bool) {
        match &stmt.kind {
            StmtKind::Empty | StmtKind::Bad => {}
            StmtKind::Assign(a) => self.at(a.span, |l| l.assignment(a)),
            StmtKind::Command(c) => self.at(c.span, |l| l.command(c, After::Statement)),
            StmtKind::If(i) => self.at(i.span, |l| l.if_else(i, last)),
            StmtKind::While(w) => self.at(w.span, |l| l.while_loop(w)),
            StmtKind::For(f) => self.at(f.span, |l| l.for_loop(f)),
            StmtKind::Switch(s) => self.at(s.span, |l| l.switch(s)),
            StmtKind::Break => self.at(stmt.span, |l| {
                l.set_code(BROKEN, BROKEN);
                if let Some(to) = l.breaks.last().copied() {
                    l.emit(Op::Jump(to));
                }
            }),
        }
    }

    /// Leaves 1 or -1 in the code register.
    pub(super) fn assignment(&mut self, assign: &ast::Assign) {
        let target = self.place(&assign.target);
        let failed = self.label();
        let spills = self.here();
        let value = match &assign.value {
            AssignValue::Null(_) => None,
            AssignValue::Arith(value) => Some(self.value(value, failed)),
        };
        let may_fail_before = self.here() != spills;
        self.emit(Op::Assign(Box::new(Assignment { target, op: assign.op, value })));
        if !may_fail_before {
            return;
        }
        let end = self.label();
        self.emit(Op::Jump(end));
        self.place_label(failed);
        self.emit(Op::Fail);
        self.place_label(end);
    }

    pub(super) fn if_else(&mut self, stmt: &ast::If, last: bool) {
        let end = self.label();
        for arm in &stmt.arms {
            let (then, next) = (self.label(), self.label());
            self.at(arm.cond.span, |l| l.branch(&arm.cond, then, next, next, then));
            self.place_label(then);
            self.part(&arm.body);
            self.emit(Op::Jump(end));
            self.place_label(next);
        }
        match &stmt.otherwise {
            Some(block) if !block.stmts.iter().all(is_empty) => self.statements(&block.stmts),
            _ => {
                // An `else if` is a statement within the outer one, whose code becomes `$rc`.
                let nested = stmt.arms.len() > 1;
                self.set_code(1, i32::from(last || nested));
            }
        }
        self.place_label(end);
    }

    /// A part that is run; an empty one counts as true.
    fn part(&mut self, block: &Block) {
        if block.stmts.iter().all(is_empty) {
            self.set_code(1, 1);
        } else {
            self.statements(&block.stmts);
        }
    }

    fn while_loop(&mut self, stmt: &ast::While) {
        let counter = self.temp();
        let (top, body, done, end) = (self.label(), self.label(), self.label(), self.label());
        self.emit(Op::LoopStart(counter));
        self.place_label(top);
        self.emit(Op::LoopTurn { counter, end });
        self.at(stmt.cond.span, |l| l.branch(&stmt.cond, body, done, done, body));
        self.place_label(body);
        // A loop without a body ends after one true evaluation.
        if !stmt.body.stmts.iter().all(is_empty) {
            self.loop_body(&stmt.body, end);
            self.emit(Op::Jump(top));
        }
        self.place_label(done);
        self.set_code(1, 1);
        self.place_label(end);
    }

    fn loop_body(&mut self, body: &Block, end: Pc) {
        self.breaks.push(end);
        self.statements(&body.stmts);
        self.breaks.pop();
    }

    fn for_loop(&mut self, stmt: &ast::For) {
        let target = self.place(&stmt.iter);
        let Some(source) = self.list_source(&stmt.source) else {
            self.emit(Op::Command(Box::new(Command::NotAList), After::Statement));
            self.set_code(NOT_A_LIST, NOT_A_LIST);
            return;
        };
        let index = self.temp();
        let (top, done, end) = (self.label(), self.label(), self.label());
        self.emit(Op::LoopStart(index));
        self.place_label(top);
        self.emit(Op::ForNext(Box::new(ForEach { target, source, index, end: done })));
        self.loop_body(&stmt.body, end);
        self.emit(Op::Jump(top));
        self.place_label(done);
        self.set_code(1, 1);
        self.place_label(end);
    }

    fn switch(&mut self, stmt: &ast::Switch) {
        let subject = self.place(&stmt.subject);
        let end = self.label();
        let labels: Vec<Pc> = stmt.cases.iter().map(|_| self.label()).collect();
        let otherwise = if stmt.default.is_some() { self.label() } else { end };
        let cases = stmt.cases.iter().zip(&labels).filter_map(|(case, at)| Some((constant(&case.label)?, *at)));
        let cases = cases.collect();
        self.emit(Op::Switch(Box::new(Switch { subject, cases, otherwise })));
        self.breaks.push(end);
        for (case, at) in stmt.cases.iter().zip(&labels) {
            self.place_label(*at);
            self.statements(&case.stmts);
        }
        // The last case falls through into `default`.
        if let Some(default) = &stmt.default {
            self.place_label(otherwise);
            self.statements(&default.stmts);
        }
        self.breaks.pop();
        self.place_label(end);
    }

    pub(super) fn set_code(&mut self, code: i32, rc: i32) {
        self.emit(Op::SetCode { code, rc });
    }
}

pub(super) fn is_empty(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Empty)
}

fn constant(label: &CaseLabel) -> Option<Label> {
    match label {
        CaseLabel::Int(i) => Some(Label::Int(i.value)),
        CaseLabel::Str(s) => Some(Label::Str(s.value.clone())),
        CaseLabel::Bad(_) => None,
    }
}
