//! Assignments: the target is unchanged when anything fails (language reference 5.8).
use super::super::cx::Cx;
use super::super::pvar::Store;
use super::arith::{self, MAX_TEXT, NoValue};
use super::read;
use crate::base::Str;
use crate::context::{Level, Value};
use crate::ir::{Assignment, Expr, Place};
use crate::syntax::ast::{ArithOp, AssignOp};

/// What became of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Stored; so many bytes of heap came with the value.
    Stored(usize),
    Failed,
    /// A string grew beyond what a script may hold.
    TooLarge,
}

pub fn assign(cx: &mut Cx<'_>, temps: &[Value], assignment: &Assignment) -> Assigned {
    let Assignment { target, op, value } = assignment;
    let value = match value {
        None => Ok(Value::Null),
        Some(Expr::Int(i)) => Ok(Value::Int(*i)),
        Some(expr) => arith::value(cx, temps, expr),
    };
    let value = match value {
        Ok(value) => value,
        Err(NoValue::TooLarge) => return Assigned::TooLarge,
        Err(NoValue::Types) => {
            cx.log(Level::Warning, "core", "do_assign", format_args!("no value in right expression"));
            return Assigned::Failed;
        }
    };
    match arithmetic(*op) {
        None if lacks_text(cx, *target, assignment.value.as_ref(), &value) => fail_store(cx, *target),
        None => store(cx, *target, plain(*op), value),
        Some(op) => compound(cx, *target, op, &value),
    }
}

/// Stores a value; a failure is logged.
pub fn store(cx: &mut Cx<'_>, target: Place, how: Store, value: Value) -> Assigned {
    let heap = value.heap_len();
    match target {
        Place::Slot(slot) => cx.run.set_var(slot, value.stored()),
        Place::Var(id) => {
            let image = cx.image;
            let var = image.var(id);
            if let Err(error) = cx.write(var, how, value) {
                let text = &error.0;
                cx.log(Level::Error, "core", "do_assign", format_args!("cannot set `{}`: {text}", var.text));
                return Assigned::Failed;
            }
        }
    }
    Assigned::Stored(heap)
}

/// Whether the target takes text alone and the value has none: only a number that a variable holds has one.
#[inline]
fn lacks_text(cx: &Cx<'_>, target: Place, expr: Option<&Expr>, value: &Value) -> bool {
    let Place::Var(id) = target else { return false };
    matches!(value, Value::Int(_)) && cx.image.var(id).row.sig.needs_text && !expr.is_some_and(arith::has_text)
}

#[cold]
fn fail_store(cx: &Cx<'_>, target: Place) -> Assigned {
    if let Place::Var(id) = target {
        let text = &cx.image.var(id).text;
        cx.log(Level::Error, "core", "do_assign", format_args!("cannot set `{text}`: a number is no text"));
    }
    Assigned::Failed
}

fn plain(op: AssignOp) -> Store {
    match op {
        AssignOp::Replace => Store::Replace,
        _ => Store::Set,
    }
}

fn arithmetic(op: AssignOp) -> Option<ArithOp> {
    match op {
        AssignOp::Set | AssignOp::Replace => None,
        AssignOp::Add => Some(ArithOp::Add),
        AssignOp::Sub => Some(ArithOp::Sub),
        AssignOp::Mul => Some(ArithOp::Mul),
        AssignOp::Div => Some(ArithOp::Div),
        AssignOp::Mod => Some(ArithOp::Mod),
        AssignOp::And => Some(ArithOp::And),
        AssignOp::Or => Some(ArithOp::Or),
        AssignOp::Xor => Some(ArithOp::Xor),
    }
}

fn compound(cx: &mut Cx<'_>, target: Place, op: ArithOp, right: &Value) -> Assigned {
    let left = read(cx, target);
    let text_primary = |v: &Value| matches!(v, Value::Str(_) | Value::Both(..));
    let result = match (&left, right) {
        (Value::Null, _) | (_, Value::Null) => return fail(cx, "an operand is NULL"),
        (l, r) if text_primary(l) && text_primary(r) => match append(op, l, r) {
            Ok(text) => Value::Str(text),
            Err(failed) => return failed_append(cx, failed),
        },
        (l, r) => match (l.int_face(), r.int_face()) {
            (Some(_), Some(0)) if matches!(op, ArithOp::Div | ArithOp::Mod) => return fail(cx, "division by zero"),
            (Some(a), Some(b)) => Value::Int(arith::integers(cx, op, a, b)),
            _ => return fail(cx, "a string and a number"),
        },
    };
    store(cx, target, Store::Set, result)
}

/// Strings can only be appended.
fn append(op: ArithOp, left: &Value, right: &Value) -> Result<Str, Assigned> {
    let (Some(a), Some(b)) = (left.borrowed_str(), right.borrowed_str()) else { return Err(Assigned::Failed) };
    if op != ArithOp::Add {
        return Err(Assigned::Failed);
    }
    if a.len() + b.len() > MAX_TEXT {
        return Err(Assigned::TooLarge);
    }
    Ok(Str::from([a.as_bytes(), b.as_bytes()].concat()))
}

fn failed_append(cx: &Cx<'_>, failed: Assigned) -> Assigned {
    match failed {
        Assigned::TooLarge => failed,
        Assigned::Stored(_) | Assigned::Failed => fail(cx, "two strings, which can only be appended"),
    }
}

#[cold]
fn fail(cx: &Cx<'_>, what: &str) -> Assigned {
    cx.log(Level::Error, "core", "do_assign", format_args!("unsupported operands: {what}"));
    Assigned::Failed
}
