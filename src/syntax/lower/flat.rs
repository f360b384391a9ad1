//! An expression as the grammar leaves it: operands and operators in a row.
use super::{Pair, span};
use crate::base::Span;
use crate::syntax::ast::{ArithOp, AssignOp, CmpOp, LogicOp};
use crate::syntax::grammar::Rule;

#[derive(Clone)]
pub(super) struct Operand<'i> {
    pub prefixes: Vec<(Prefix, Span)>,
    /// `None`: missing.
    pub primary: Option<Pair<'i>>,
    /// With the prefixes.
    pub span: Span,
}

impl<'i> Operand<'i> {
    pub fn is(&self, rule: Rule) -> bool {
        self.prefixes.is_empty() && self.primary.as_ref().is_some_and(|p| p.as_rule() == rule)
    }

    /// Without its first `n` prefixes.
    pub fn without_prefixes(&self, n: usize) -> Operand<'i> {
        let mut bare = self.clone();
        bare.prefixes.drain(..n.min(self.prefixes.len()));
        let start = bare.prefixes.first().map(|p| p.1.start).or(bare.primary.as_ref().map(|p| span(p).start));
        bare.span.start = start.unwrap_or(bare.span.end);
        bare
    }

    /// The primary of this rule, when no operator stands before it.
    pub fn plain(&self, rule: Rule) -> Option<&Pair<'i>> {
        self.primary.as_ref().filter(|p| self.prefixes.is_empty() && p.as_rule() == rule)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Not,
    Complement,
    Minus,
    Plus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Logic(LogicOp),
    Compare(CmpOp),
    Assign(AssignOp),
    Arith(ArithOp),
}

#[derive(Clone)]
pub(super) struct Flat<'i> {
    /// One more than operators.
    pub operands: Vec<Operand<'i>>,
    pub ops: Vec<(Op, Span)>,
}

impl<'i> Flat<'i> {
    pub fn of(expr: Pair<'i>) -> Flat<'i> {
        let mut flat = Flat { operands: Vec::new(), ops: Vec::new() };
        for part in expr.into_inner() {
            let at = span(&part);
            match part.as_rule() {
                Rule::operator => flat.ops.push((operator(part.as_str()), at)),
                Rule::operand => flat.operands.push(operand(part)),
                _ => flat.operands.push(Operand { prefixes: Vec::new(), primary: None, span: at }),
            }
        }
        flat
    }

    pub fn view(&self) -> View<'_, 'i> {
        View { operands: &self.operands, ops: &self.ops }
    }
}

/// A part of an expression; never without an operand.
#[derive(Clone, Copy)]
pub(super) struct View<'f, 'i> {
    pub operands: &'f [Operand<'i>],
    pub ops: &'f [(Op, Span)],
}

impl<'f, 'i> View<'f, 'i> {
    pub fn span(&self) -> Span {
        let first = self.operands.first().map(|o| o.span).unwrap_or_default();
        self.operands.last().map_or(first, |l| first.to(l.span))
    }

    /// The only operand, when there is one.
    pub fn single(&self) -> Option<&'f Operand<'i>> {
        match self.operands {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Parts between the operators `is_split` holds for, and those operators.
    pub fn split(&self, is_split: impl Fn(Op) -> bool) -> (Vec<View<'f, 'i>>, Vec<(Op, Span)>) {
        let (mut parts, mut ops, mut from) = (Vec::new(), Vec::new(), 0);
        for (i, op) in self.ops.iter().enumerate() {
            if is_split(op.0) {
                parts.extend(self.part(from, i));
                ops.push(*op);
                from = i + 1;
            }
        }
        parts.extend(self.part(from, self.ops.len()));
        (parts, ops)
    }

    /// The operands `from..=to` and the operators between them.
    fn part(&self, from: usize, to: usize) -> Option<View<'f, 'i>> {
        Some(View { operands: self.operands.get(from..=to)?, ops: self.ops.get(from..to)? })
    }

    /// What follows the first operator.
    pub fn behind_first(&self) -> Option<View<'f, 'i>> {
        self.part(1, self.ops.len())
    }
}

fn operand(pair: Pair<'_>) -> Operand<'_> {
    let at = span(&pair);
    let mut operand = Operand { prefixes: Vec::new(), primary: None, span: at };
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::prefix => operand.prefixes.push((prefix(part.as_str()), span(&part))),
            Rule::missing_operand => {}
            _ => operand.primary = Some(part),
        }
    }
    operand
}

fn prefix(text: &str) -> Prefix {
    match text {
        "~" => Prefix::Complement,
        "-" => Prefix::Minus,
        "+" => Prefix::Plus,
        _ => Prefix::Not,
    }
}

fn operator(text: &str) -> Op {
    OPERATORS.iter().find(|(t, _)| *t == text).map_or(Op::Assign(AssignOp::Set), |(_, op)| *op)
}

/// The texts the rule `operator` matches.
static OPERATORS: &[(&str, Op)] = &[
    ("=", Op::Assign(AssignOp::Set)),
    (":=", Op::Assign(AssignOp::Replace)),
    ("+=", Op::Assign(AssignOp::Add)),
    ("-=", Op::Assign(AssignOp::Sub)),
    ("*=", Op::Assign(AssignOp::Mul)),
    ("/=", Op::Assign(AssignOp::Div)),
    ("%=", Op::Assign(AssignOp::Mod)),
    ("&=", Op::Assign(AssignOp::And)),
    ("|=", Op::Assign(AssignOp::Or)),
    ("^=", Op::Assign(AssignOp::Xor)),
    ("==", Op::Compare(CmpOp::Eq)),
    ("!=", Op::Compare(CmpOp::Ne)),
    ("<", Op::Compare(CmpOp::Lt)),
    (">", Op::Compare(CmpOp::Gt)),
    ("<=", Op::Compare(CmpOp::Le)),
    (">=", Op::Compare(CmpOp::Ge)),
    ("=~", Op::Compare(CmpOp::Match)),
    ("!~", Op::Compare(CmpOp::NotMatch)),
    ("and", Op::Logic(LogicOp::And)),
    ("&&", Op::Logic(LogicOp::And)),
    ("or", Op::Logic(LogicOp::Or)),
    ("||", Op::Logic(LogicOp::Or)),
    ("+", Op::Arith(ArithOp::Add)),
    ("-", Op::Arith(ArithOp::Sub)),
    ("*", Op::Arith(ArithOp::Mul)),
    ("/", Op::Arith(ArithOp::Div)),
    ("%", Op::Arith(ArithOp::Mod)),
    ("&", Op::Arith(ArithOp::And)),
    ("|", Op::Arith(ArithOp::Or)),
    ("^", Op::Arith(ArithOp::Xor)),
    ("<<", Op::Arith(ArithOp::ShiftLeft)),
    (">>", Op::Arith(ArithOp::ShiftRight)),
];
