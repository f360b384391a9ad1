//! Values. A command in one runs first, and what stands left of it is evaluated before and kept.
use super::Lowering;
use crate::ir::program::*;
use crate::syntax::ast::{self, ArithKind};

impl Lowering<'_> {
    /// The value's tree, after the operations it needs. Should one of them fail, `error` is where to go.
    pub(super) fn value(&mut self, value: &ast::Arith, error: Pc) -> Expr {
        if is_pure(value) {
            return self.pure_value(value);
        }
        match &value.kind {
            ArithKind::Command(command) => {
                let temp = self.temp();
                self.at(command.span, |l| l.command(command, After::Operand(temp)));
                Expr::Temp { temp, texted: false }
            }
            ArithKind::Chain { first, rest } => self.impure_chain(first, rest, error),
            ArithKind::Complement(inner) => Expr::Complement(Box::new(self.value(inner, error))),
            ArithKind::Paren(inner) => self.value(inner, error),
            ArithKind::Int(_) | ArithKind::Str(_) | ArithKind::Var(_) | ArithKind::Compare(_) | ArithKind::Bad => {
                self.pure_value(value)
            }
        }
    }

    fn impure_chain(&mut self, first: &ast::Arith, rest: &[ast::ArithLink], error: Pc) -> Expr {
        let mut sum = self.value(first, error);
        let mut links = Vec::new();
        for link in rest {
            if !is_pure(&link.right) {
                sum = self.spill(chained(sum, std::mem::take(&mut links)), error);
            }
            links.push((link.op, self.value(&link.right, error)));
        }
        chained(sum, links)
    }

    fn spill(&mut self, value: Expr, error: Pc) -> Expr {
        if matches!(value, Expr::Int(_) | Expr::Str(_) | Expr::Temp { .. }) {
            return value;
        }
        let temp = self.temp();
        let texted = matches!(value, Expr::Place(_));
        // As an operand a comparison does not fail; in a chain it is one.
        let value = match value {
            Expr::Compare(_) => Expr::Chain(Box::new(value), Box::new([])),
            value => value,
        };
        self.emit(Op::Spill { temp, value: Box::new(value), error });
        Expr::Temp { temp, texted }
    }

    pub(super) fn pure_value(&mut self, value: &ast::Arith) -> Expr {
        match &value.kind {
            ArithKind::Int(i) => Expr::Int(i.value),
            ArithKind::Str(s) => Expr::Str(s.value.clone()),
            ArithKind::Var(token) => Expr::Place(self.place(token)),
            ArithKind::Compare(c) => Expr::Compare(Box::new(self.compare(c))),
            ArithKind::Chain { first, rest } => {
                let first = self.pure_value(first);
                chained(first, rest.iter().map(|link| (link.op, self.pure_value(&link.right))).collect())
            }
            ArithKind::Complement(inner) => Expr::Complement(Box::new(self.pure_value(inner))),
            ArithKind::Paren(inner) => self.pure_value(inner),
            ArithKind::Command(_) | ArithKind::Bad => Expr::Int(0),
        }
    }
}

fn chained(first: Expr, links: Vec<(ast::ArithOp, Expr)>) -> Expr {
    if links.is_empty() { first } else { Expr::Chain(Box::new(first), links.into()) }
}

/// Whether there is no command in it.
pub(super) fn is_pure(value: &ast::Arith) -> bool {
    match &value.kind {
        ArithKind::Command(_) => false,
        ArithKind::Chain { first, rest } => is_pure(first) && rest.iter().all(|link| is_pure(&link.right)),
        ArithKind::Complement(inner) | ArithKind::Paren(inner) => is_pure(inner),
        ArithKind::Int(_) | ArithKind::Str(_) | ArithKind::Var(_) | ArithKind::Compare(_) | ArithKind::Bad => true,
    }
}
