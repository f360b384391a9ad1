//! Values: wrapping 32-bit arithmetic, concatenation, bytewise operators (language reference 6.6).
use super::super::cx::Cx;
use super::compare::compare;
use super::read;
use crate::base::Str;
use crate::context::{Level, Value, decimal};
use crate::ir::{Expr, Place};
use crate::syntax::ast::ArithOp;
use smallvec::SmallVec;

/// Bytes of one value at most; what would grow further ends the script.
pub const MAX_TEXT: usize = 16 << 20;

/// Why there is no value; it has been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoValue {
    Types,
    TooLarge,
}

pub fn value(cx: &mut Cx<'_>, temps: &[Value], expr: &Expr) -> Result<Value, NoValue> {
    match expr {
        Expr::Chain(first, rest) => chain(cx, temps, first, rest),
        Expr::Compare(c) => compare(cx, c).map(|truth| Value::Int(truth.into())).map_err(|_| NoValue::Types),
        Expr::Complement(inner) => match value(cx, temps, inner)?.int_face() {
            Some(i) => Ok(Value::Int(!i)),
            None => fail(cx, "`~` needs an integer"),
        },
        Expr::Int(_) | Expr::Str(_) | Expr::Place(_) | Expr::Temp { .. } => Ok(simple(cx, temps, expr)),
    }
}

fn simple(cx: &mut Cx<'_>, temps: &[Value], expr: &Expr) -> Value {
    match expr {
        Expr::Int(i) => Value::Int(*i),
        Expr::Str(s) => Value::Str(s.clone()),
        Expr::Place(Place::Slot(slot)) => cx.run.var(*slot).clone(),
        Expr::Place(place) => read(cx, *place),
        Expr::Temp { temp, .. } => temps.get(usize::from(temp.0)).cloned().unwrap_or_default(),
        Expr::Compare(_) | Expr::Chain(..) | Expr::Complement(_) => Value::Null,
    }
}

/// As an operand a failed comparison counts -1.
fn operand(cx: &mut Cx<'_>, temps: &[Value], expr: &Expr) -> Result<Value, NoValue> {
    match expr {
        Expr::Compare(c) => Ok(Value::Int(compare(cx, c).map_or(-1, i32::from))),
        _ => value(cx, temps, expr),
    }
}

/// Whether an integer that this yields has a string face: only what came from a variable has.
pub const fn has_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Place(_) | Expr::Temp { texted: true, .. })
}

/// Text being put together.
type Text = SmallVec<[u8; 96]>;

/// What a chain has come to so far.
enum Sum {
    Value(Value),
    /// Changed in place.
    Text(Text),
}

impl Sum {
    fn into_value(self) -> Value {
        match self {
            Sum::Value(v) => v,
            Sum::Text(t) => Value::Str(Str::new(&t)),
        }
    }
}

/// An integer that is at hand: nothing is copied.
#[inline]
fn integer(cx: &Cx<'_>, temps: &[Value], expr: &Expr) -> Option<i32> {
    let value = match expr {
        Expr::Int(i) => return Some(*i),
        Expr::Place(Place::Slot(slot)) => cx.run.var(*slot),
        Expr::Temp { temp, .. } => temps.get(usize::from(temp.0))?,
        Expr::Str(_) | Expr::Place(Place::Var(_)) | Expr::Compare(_) | Expr::Chain(..) | Expr::Complement(_) => {
            return None;
        }
    };
    match value {
        Value::Int(i) => Some(*i),
        Value::Null | Value::Str(_) | Value::Both(..) | Value::Named(..) => None,
    }
}

fn chain(cx: &mut Cx<'_>, temps: &[Value], first: &Expr, rest: &[(ArithOp, Expr)]) -> Result<Value, NoValue> {
    let mut total = match integer(cx, temps, first) {
        Some(i) => i,
        None => match operand(cx, temps, first)? {
            Value::Int(i) => i,
            first => return mixed_chain(cx, temps, first, rest),
        },
    };
    for (at, (op, right)) in rest.iter().enumerate() {
        if let Some(i) = integer(cx, temps, right) {
            total = integers(cx, *op, total, i);
            continue;
        }
        match operand(cx, temps, right)? {
            Value::Int(i) => total = integers(cx, *op, total, i),
            other => {
                let mut sum = Sum::Value(Value::Int(total));
                apply(cx, &mut sum, *op, &other, has_text(right))?;
                let rest = rest.get(at + 1..).unwrap_or_default();
                return mixed_chain(cx, temps, sum.into_value(), rest);
            }
        }
    }
    Ok(Value::Int(total))
}

fn mixed_chain(cx: &mut Cx<'_>, temps: &[Value], first: Value, rest: &[(ArithOp, Expr)]) -> Result<Value, NoValue> {
    if let Value::Str(first) = &first
        && rest.iter().all(|(op, _)| *op == ArithOp::Add)
    {
        return joined(cx, temps, first, rest);
    }
    let mut sum = Sum::Value(first);
    for (op, right) in rest {
        match (right, op, &sum) {
            // A literal behind text is appended as it stands.
            (Expr::Str(text), ArithOp::Add, Sum::Text(_) | Sum::Value(Value::Str(_) | Value::Null)) => {
                concatenate(cx, &mut sum, text)?;
            }
            _ => {
                let value = operand(cx, temps, right)?;
                apply(cx, &mut sum, *op, &value, has_text(right))?;
            }
        }
    }
    Ok(sum.into_value())
}

/// Texts put together, which is what chains of texts nearly always are.
fn joined(cx: &mut Cx<'_>, temps: &[Value], first: &[u8], rest: &[(ArithOp, Expr)]) -> Result<Value, NoValue> {
    let mut text = Text::from_slice(first);
    for (_, right) in rest {
        if let Expr::Str(right) = right {
            append(cx, &mut text, right)?;
            continue;
        }
        let value = operand(cx, temps, right)?;
        if let Value::Str(right) = &value {
            append(cx, &mut text, right)?;
            continue;
        }
        let Some(right) = text_face(&value, has_text(right)) else { return no_text(cx) };
        append(cx, &mut text, &right)?;
    }
    Ok(Value::Str(Str::new(&text)))
}

fn append(cx: &Cx<'_>, text: &mut Text, right: &[u8]) -> Result<(), NoValue> {
    if text.len() + right.len() > MAX_TEXT {
        cx.log(Level::Error, "core", "eval_expr", format_args!("a string would grow beyond {MAX_TEXT} bytes"));
        return Err(NoValue::TooLarge);
    }
    text.extend_from_slice(right);
    Ok(())
}

#[cold]
fn no_text<T>(cx: &Cx<'_>) -> Result<T, NoValue> {
    fail(cx, "text and a number, which has no text here")
}

fn apply(cx: &Cx<'_>, sum: &mut Sum, op: ArithOp, right: &Value, texted: bool) -> Result<(), NoValue> {
    if let Sum::Value(left @ (Value::Int(_) | Value::Named(..))) = &*sum {
        let a = left.int_face().unwrap_or(0);
        let b = if right.is_null() { Some(0) } else { right.int_face() };
        let Some(b) = b else { return fail(cx, "a number and something without an integer value") };
        *sum = Sum::Value(Value::Int(integers(cx, op, a, b)));
        return Ok(());
    }
    if let (ArithOp::Add, Value::Str(text)) = (op, right) {
        return concatenate(cx, sum, text);
    }
    let Some(text) = text_face(right, texted) else {
        return no_text(cx);
    };
    match op {
        ArithOp::Add => concatenate(cx, sum, &text),
        ArithOp::And | ArithOp::Or | ArithOp::Xor => bytewise(cx, sum, op, &text),
        _ => fail(cx, "this operator does not work on text"),
    }
}

/// NULL counts as empty text.
fn text_face(value: &Value, texted: bool) -> Option<Str> {
    match value {
        Value::Null => Some(Str::EMPTY),
        Value::Int(i) => texted.then(|| decimal(*i)),
        Value::Str(s) | Value::Both(s, _) | Value::Named(_, s) => Some(s.clone()),
    }
}

fn concatenate(cx: &Cx<'_>, sum: &mut Sum, right: &[u8]) -> Result<(), NoValue> {
    if let Sum::Value(v) = &*sum {
        let text = Text::from_slice(v.borrowed_str().map_or(&[], |s| s));
        *sum = Sum::Text(text);
    }
    let Sum::Text(text) = sum else { return Ok(()) };
    append(cx, text, right)
}

fn bytewise(cx: &Cx<'_>, sum: &mut Sum, op: ArithOp, right: &[u8]) -> Result<(), NoValue> {
    let left: &[u8] = match &*sum {
        Sum::Text(text) => text,
        Sum::Value(v) => match v.borrowed_str() {
            Some(text) => text,
            None => return fail(cx, "NULL and a string"),
        },
    };
    if left.len() != right.len() {
        return fail(cx, "strings of different length");
    }
    let combine = |(a, b): (&u8, &u8)| match op {
        ArithOp::And => a & b,
        ArithOp::Or => a | b,
        _ => a ^ b,
    };
    *sum = Sum::Text(left.iter().zip(right).map(combine).collect());
    Ok(())
}

/// Wrapping arithmetic; a division by zero is logged and yields 0.
pub fn integers(cx: &Cx<'_>, op: ArithOp, a: i32, b: i32) -> i32 {
    match op {
        ArithOp::Add => a.wrapping_add(b),
        ArithOp::Sub => a.wrapping_sub(b),
        ArithOp::Mul => a.wrapping_mul(b),
        ArithOp::Div if b == 0 => division_by_zero(cx),
        ArithOp::Div => a.wrapping_div(b),
        ArithOp::Mod if b == 0 => division_by_zero(cx),
        ArithOp::Mod => a.wrapping_rem(b),
        ArithOp::And => a & b,
        ArithOp::Or => a | b,
        ArithOp::Xor => a ^ b,
        ArithOp::ShiftLeft => a.wrapping_shl(b as u32),
        ArithOp::ShiftRight => a.wrapping_shr(b as u32),
    }
}

#[cold]
fn division_by_zero(cx: &Cx<'_>) -> i32 {
    cx.log(Level::Error, "core", "eval_expr", format_args!("division by zero"));
    0
}

#[cold]
fn fail<T>(cx: &Cx<'_>, what: &str) -> Result<T, NoValue> {
    cx.log(Level::Warning, "core", "eval_expr", format_args!("invalid operands: {what}"));
    Err(NoValue::Types)
}
