//! Conditions: true, false or error; an error anywhere is the outcome of the whole (language reference 6.5).
use super::super::cx::Cx;
use super::compare::{Compared, compare};
use super::{arith, read};
use crate::context::Value;
use crate::ir::{Cond, Place};
use crate::syntax::ast::LogicOp;

pub fn test(cx: &mut Cx<'_>, temps: &[Value], cond: &Cond) -> Compared {
    match cond {
        Cond::Compare(c) => compare(cx, c),
        Cond::Chain(first, rest) => chain(cx, temps, first, rest),
        Cond::Not(inner) => test(cx, temps, inner).map(|truth| !truth),
        Cond::Const(truth) => Ok(*truth),
        Cond::Truth(Place::Slot(slot)) => Ok(cx.run.var(*slot).is_true()),
        Cond::Truth(place) => Ok(read(cx, *place).is_true()),
        // An arithmetic error is false here, so that `!` makes it true.
        Cond::Value(value) => Ok(arith::value(cx, temps, value).is_ok_and(|v| v.is_true())),
    }
}

fn chain(cx: &mut Cx<'_>, temps: &[Value], first: &Cond, rest: &[(LogicOp, Cond)]) -> Compared {
    let mut truth = test(cx, temps, first)?;
    for (op, right) in rest {
        let decided = match op {
            LogicOp::And => !truth,
            LogicOp::Or => truth,
        };
        if !decided {
            truth = test(cx, temps, right)?;
        }
    }
    Ok(truth)
}
