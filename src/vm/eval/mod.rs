//! Evaluation of conditions and values: synchronous, without commands, integers and string slices without allocation.
//!
//! `cond` is the three-valued logic, `compare` its tests, `arith` values, `assign` stores. What fails is logged with its
//! line here; the loop only sees an outcome.
pub mod arith;
pub mod assign;
pub mod compare;
pub mod cond;
pub mod text;

use super::cx::Cx;
use crate::context::Value;
use crate::ir::{Literal, Place};

#[inline]
pub fn read(cx: &mut Cx<'_>, place: Place) -> Value {
    match place {
        Place::Slot(slot) => cx.run.var(slot).clone(),
        Place::Var(id) => {
            let image = cx.image;
            cx.read(image.var(id))
        }
    }
}

/// A parameter of `route()` or a value of `return()`.
pub fn literal(cx: &mut Cx<'_>, literal: &Literal) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Int(i) => Value::Int(*i),
        Literal::Str(s) => Value::Str(s.clone()),
        Literal::Place(place) => read(cx, *place),
    }
}
