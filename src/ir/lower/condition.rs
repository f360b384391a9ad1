//! Conditions: a tree where there is no command in it, jumps where there is.
use super::Lowering;
use crate::ir::program::*;
use crate::syntax::ast::{self, ArithKind, Compare as AstCompare, CompareRight, CondKind, LogicOp};

impl Lowering<'_> {
    /// Emits jumps to `yes`, `no` or `error`; `next` is the label that stands right behind.
    pub(super) fn branch(&mut self, cond: &ast::Cond, yes: Pc, no: Pc, error: Pc, next: Pc) {
        if is_pure(cond) {
            let tree = self.pure_condition(cond);
            // An operand that somebody outside is asked for is only looked at when those before it do not decide.
            if !is_compound(cond) || !self.waits(&tree) {
                return self.test(tree, yes, no, error, next);
            }
        }
        match &cond.kind {
            CondKind::Paren(inner) => self.branch(inner, yes, no, error, next),
            CondKind::Not(inner) => self.branch(inner, no, yes, error, next),
            CondKind::Chain { first, rest } => self.chain(first, rest, Exits { yes, no, error }, next),
            CondKind::Arith(value) => match lone_command(value) {
                Some(command) => self.command_test(command, yes, no, next),
                None => {
                    // An error in one of its parts is false, as one of the whole is.
                    let value = self.value(value, no);
                    self.test(Cond::Value(value), yes, no, error, next);
                }
            },
            CondKind::Command(command) => self.command_test(command, yes, no, next),
            CondKind::Assign(assign) => {
                self.at(assign.span, |l| l.assignment(assign));
                self.test_code(yes, no, next);
            }
            CondKind::If(stmt) => {
                self.in_condition(|l| l.if_else(stmt, true));
                self.test_code(yes, no, next);
            }
            CondKind::Block(block) => {
                // The code of an empty list.
                self.set_code(-1, -1);
                self.in_condition(|l| l.statements(&block.stmts));
                self.test_code(yes, no, next);
            }
            CondKind::Compare(_) | CondKind::Int(_) | CondKind::Var(_) | CondKind::Bad => {}
        }
    }

    fn waits(&self, cond: &Cond) -> bool {
        let looks_at = |cond: &Cond| Op::Branch { cond: Box::new(cond.clone()), truth: true, to: 0, error: 0 };
        self.has_waits && !self.waited_for(&looks_at(cond)).is_empty()
    }

    fn in_condition(&mut self, lower: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.in_condition, true);
        lower(self);
        self.in_condition = outer;
    }

    /// One level, from left to right: what one operand comes to decides which is looked at next.
    fn chain(&mut self, first: &ast::Cond, rest: &[ast::CondLink], exits: Exits, next: Pc) {
        let starts: Vec<Pc> = rest.iter().map(|_| self.label()).collect();
        let following = |at: usize, op: LogicOp| {
            let links = rest.iter().zip(&starts).skip(at);
            links.filter(|(link, _)| link.op == op).map(|(_, start)| *start).next()
        };
        let operands = std::iter::once(first).chain(rest.iter().map(|l| &l.right));
        for (at, operand) in operands.enumerate() {
            if let Some(start) = at.checked_sub(1).and_then(|i| starts.get(i)) {
                self.place_label(*start);
            }
            let yes = following(at, LogicOp::And).unwrap_or(exits.yes);
            let no = following(at, LogicOp::Or).unwrap_or(exits.no);
            let behind = starts.get(at).copied().unwrap_or(next);
            self.branch(operand, yes, no, exits.error, behind);
        }
    }

    fn test(&mut self, cond: Cond, yes: Pc, no: Pc, error: Pc, next: Pc) {
        let cond = Box::new(cond);
        if no == next {
            self.emit(Op::Branch { cond, truth: true, to: yes, error });
            return;
        }
        self.emit(Op::Branch { cond, truth: false, to: no, error });
        self.jump_unless_next(yes, next);
    }

    fn test_code(&mut self, yes: Pc, no: Pc, next: Pc) {
        if no == next {
            self.emit(Op::BranchCode { truth: true, to: yes });
            return;
        }
        self.emit(Op::BranchCode { truth: false, to: no });
        self.jump_unless_next(yes, next);
    }

    fn jump_unless_next(&mut self, to: Pc, next: Pc) {
        if to != next {
            self.emit(Op::Jump(to));
        }
    }

    fn pure_condition(&mut self, cond: &ast::Cond) -> Cond {
        match &cond.kind {
            CondKind::Chain { first, rest } => {
                let first = self.pure_condition(first);
                let rest = rest.iter().map(|link| (link.op, self.pure_condition(&link.right))).collect();
                Cond::Chain(Box::new(first), rest)
            }
            CondKind::Not(inner) => Cond::Not(Box::new(self.pure_condition(inner))),
            CondKind::Paren(inner) => self.pure_condition(inner),
            CondKind::Arith(value) => self.bracketed(value),
            CondKind::Compare(c) => Cond::Compare(self.compare(c)),
            CondKind::Int(i) => Cond::Const(i.value != 0),
            CondKind::Var(token) => Cond::Truth(self.place(token)),
            CondKind::Command(_) | CondKind::Assign(_) | CondKind::If(_) | CondKind::Block(_) | CondKind::Bad => {
                Cond::Const(false)
            }
        }
    }

    fn command_test(&mut self, command: &ast::Command, yes: Pc, no: Pc, next: Pc) {
        self.in_condition(|l| l.at(command.span, |l| l.command(command, After::Statement)));
        self.test_code(yes, no, next);
    }

    /// `[ ... ]`: a lone comparison keeps its error, any other value that fails is false.
    fn bracketed(&mut self, value: &ast::Arith) -> Cond {
        match &value.kind {
            ArithKind::Compare(c) => Cond::Compare(self.compare(c)),
            ArithKind::Paren(inner) => self.bracketed(inner),
            _ => Cond::Value(self.pure_value(value)),
        }
    }

    pub(super) fn compare(&mut self, compare: &AstCompare) -> Compare {
        let left = self.place(&compare.left);
        let is_match = matches!(compare.op, ast::CmpOp::Match | ast::CmpOp::NotMatch);
        let right = match &compare.right {
            CompareRight::Var(token) => Right::Place(self.place(token)),
            CompareRight::Str(s) if is_match => Right::Pattern(self.pattern(s, false)),
            CompareRight::Str(s) => Right::Str(s.value.clone()),
            CompareRight::Int(i) => Right::Int(i.value),
            CompareRight::Null(_) => Right::Null,
            CompareRight::Net(net) => Right::Net(net.addr, net.bits),
        };
        Compare { left, op: compare.op, right }
    }

    pub(super) fn pattern(&mut self, text: &ast::StrLit, newline: bool) -> PatternId {
        self.program.patterns.push(PatternText { text: text.value.clone(), newline, span: text.span });
        PatternId(self.program.patterns.len() as u32 - 1)
    }
}

/// `[ f() ]`: its sign counts as without brackets, a sum with it is a number like any other.
fn lone_command(value: &ast::Arith) -> Option<&ast::Command> {
    match &value.kind {
        ArithKind::Command(command) => Some(command),
        ArithKind::Paren(inner) => lone_command(inner),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Exits {
    yes: Pc,
    no: Pc,
    error: Pc,
}

/// Whether there is no command in it.
fn is_compound(cond: &ast::Cond) -> bool {
    matches!(cond.kind, CondKind::Chain { .. } | CondKind::Not(_) | CondKind::Paren(_))
}

fn is_pure(cond: &ast::Cond) -> bool {
    match &cond.kind {
        CondKind::Chain { first, rest } => is_pure(first) && rest.iter().all(|link| is_pure(&link.right)),
        CondKind::Not(inner) | CondKind::Paren(inner) => is_pure(inner),
        CondKind::Arith(value) => super::value::is_pure(value),
        CondKind::Compare(_) | CondKind::Int(_) | CondKind::Var(_) | CondKind::Bad => true,
        CondKind::Command(_) | CondKind::Assign(_) | CondKind::If(_) | CondKind::Block(_) => false,
    }
}
