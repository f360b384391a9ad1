//! Conditions and values.
use super::{Assign, Block, Command, If, IntLit, NetLit, StrLit, VarToken};
use crate::base::Span;

/// A condition: of `if`, `while`, `assert`.
#[derive(Clone, Debug)]
pub struct Cond {
    pub kind: CondKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum CondKind {
    /// `and` and `or` are one level, evaluated from left to right: `a or b and c` is `(a or b) and c`.
    Chain {
        first: Box<Cond>,
        rest: Vec<CondLink>,
    },
    Not(Box<Cond>),
    Paren(Box<Cond>),
    /// `[ ... ]`
    Arith(Arith),
    Compare(Compare),
    Int(IntLit),
    Var(VarToken),
    Command(Box<Command>),
    Assign(Box<Assign>),
    If(Box<If>),
    /// `{ ... }`: true when its last statement's code is positive.
    Block(Block),
    Bad,
}

#[derive(Clone, Debug)]
pub struct CondLink {
    pub op: LogicOp,
    pub op_span: Span,
    pub right: Cond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicOp {
    And,
    Or,
}

#[derive(Clone, Debug)]
pub struct Compare {
    pub left: VarToken,
    pub op: CmpOp,
    pub op_span: Span,
    pub right: CompareRight,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum CompareRight {
    Var(VarToken),
    Str(StrLit),
    Int(IntLit),
    /// `==` and `!=` only.
    Null(Span),
    /// `==` and `!=` only.
    Net(NetLit),
}

impl CompareRight {
    pub fn span(&self) -> Span {
        match self {
            CompareRight::Var(v) => v.span,
            CompareRight::Str(s) => s.span,
            CompareRight::Int(i) => i.span,
            CompareRight::Null(s) => *s,
            CompareRight::Net(n) => n.span,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    Eq,
    Ne,
    Lt,
    Gt,
    Le,
    Ge,
    /// `=~`
    Match,
    /// `!~`
    NotMatch,
}

/// A value: the right side of an assignment, or what stands in `[ ]`.
#[derive(Clone, Debug)]
pub struct Arith {
    pub kind: ArithKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ArithKind {
    Int(IntLit),
    Str(StrLit),
    Var(VarToken),
    Compare(Box<Compare>),
    Command(Box<Command>),
    /// Operators of one level, evaluated from left to right: `1 + 2 * 3` is 9.
    Chain {
        first: Box<Arith>,
        rest: Vec<ArithLink>,
    },
    /// `~`
    Complement(Box<Arith>),
    Paren(Box<Arith>),
    Bad,
}

#[derive(Clone, Debug)]
pub struct ArithLink {
    pub op: ArithOp,
    pub op_span: Span,
    pub right: Arith,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl ArithOp {
    /// Of the two levels, whether this one binds tighter.
    pub const fn binds_tighter(self) -> bool {
        matches!(self, ArithOp::Add | ArithOp::Sub | ArithOp::Mul | ArithOp::Div | ArithOp::Mod)
    }
}
