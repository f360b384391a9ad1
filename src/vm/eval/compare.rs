//! Comparisons: true, false, or an error of types (language reference 6.3).
use super::super::cx::Cx;
use super::{read, text};
use crate::context::{Level, Value};
use crate::ir::{Compare, Place, Right};
use crate::syntax::ast::CmpOp;
use crate::syntax::ere::Pattern;
use std::net::IpAddr;

/// The values cannot be compared; it has been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incomparable;

pub type Compared = Result<bool, Incomparable>;

pub fn compare(cx: &mut Cx<'_>, compare: &Compare) -> Compared {
    let Compare { left, op, right } = compare;
    let result = match (left, right) {
        (Place::Slot(slot), Right::Place(other)) => {
            let other = read(cx, *other);
            values(cx, *op, *slot, &other)
        }
        (Place::Slot(slot), right) => with_constant(cx, *op, cx.run.var(*slot), right),
        (Place::Var(_), Right::Place(other)) => {
            let value = read(cx, *left);
            let other = read(cx, *other);
            two(cx, *op, &value, &other)
        }
        (Place::Var(_), right) => {
            let value = read(cx, *left);
            with_constant(cx, *op, &value, right)
        }
    };
    if result.is_err() {
        complain(cx, compare);
    }
    result
}

fn values(cx: &Cx<'_>, op: CmpOp, slot: u32, other: &Value) -> Compared {
    two(cx, op, cx.run.var(slot), other)
}

fn with_constant(cx: &Cx<'_>, op: CmpOp, value: &Value, right: &Right) -> Compared {
    match (right, value) {
        (Right::Null, _) => Ok((op == CmpOp::Eq) == value.is_null()),
        (_, Value::Null) => Ok(null_and_something(op)),
        (Right::Int(i), _) => Ok(ordered(op, value.int_face().ok_or(Incomparable)?.cmp(i))),
        (Right::Str(s), _) => Ok(texts(op, value, s)),
        (Right::Pattern(id), _) => {
            let matched = with_text(value, |t| matches(cx, cx.image.regex(*id), t))?;
            Ok(matched == (op == CmpOp::Match))
        }
        (Right::Net(net, bits), _) => Ok(in_net(value, *net, *bits)? == (op == CmpOp::Eq)),
        // `compare` reads places itself.
        (Right::Place(_), _) => Err(Incomparable),
    }
}

/// A match that is given up is an error, not a difference.
fn matches(cx: &Cx<'_>, pattern: &Pattern, text: &[u8]) -> Result<bool, Incomparable> {
    pattern.try_match(text).map_err(|e| {
        cx.log(Level::Error, "core", "comp_str", format_args!("{e}"));
        Incomparable
    })
}

fn two(cx: &Cx<'_>, op: CmpOp, left: &Value, right: &Value) -> Compared {
    match (left, right) {
        (Value::Null, Value::Null) => return Ok(matches!(op, CmpOp::Eq | CmpOp::Match)),
        (Value::Null, _) | (_, Value::Null) => return Ok(null_and_something(op)),
        _ => {}
    }
    if matches!(op, CmpOp::Match | CmpOp::NotMatch) {
        let pattern = with_text(right, |t| cx.image.patterns.get(t, false)).ok_or(Incomparable)?;
        return Ok(with_text(left, |t| matches(cx, &pattern, t))? == (op == CmpOp::Match));
    }
    match (left.int_face(), right.int_face()) {
        (Some(a), Some(b)) => Ok(ordered(op, a.cmp(&b))),
        _ => Ok(with_text(right, |t| texts(op, left, t))),
    }
}

/// Of NULL and a value only "differs" is true.
const fn null_and_something(op: CmpOp) -> bool {
    matches!(op, CmpOp::Ne | CmpOp::NotMatch)
}

fn ordered(op: CmpOp, order: std::cmp::Ordering) -> bool {
    match op {
        CmpOp::Eq => order.is_eq(),
        CmpOp::Ne => order.is_ne(),
        CmpOp::Lt => order.is_lt(),
        CmpOp::Gt => order.is_gt(),
        CmpOp::Le => order.is_le(),
        CmpOp::Ge => order.is_ge(),
        // The callers compile patterns instead.
        CmpOp::Match | CmpOp::NotMatch => false,
    }
}

fn texts(op: CmpOp, value: &Value, right: &[u8]) -> bool {
    with_text(value, |left| match op {
        CmpOp::Eq => text::equal(left, right),
        CmpOp::Ne => !text::equal(left, right),
        _ => ordered(op, text::order(left, right)),
    })
}

/// Lends the string face; NULL counts as empty.
#[inline]
fn with_text<T>(value: &Value, f: impl FnOnce(&[u8]) -> T) -> T {
    match value.borrowed_str() {
        Some(s) => f(s),
        None => f(&value.str_face().unwrap_or_default()),
    }
}

fn in_net(value: &Value, net: IpAddr, bits: Option<u8>) -> Compared {
    let parsed = with_text(value, |t| {
        let text = std::str::from_utf8(t).ok()?;
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
        bare.parse::<IpAddr>().ok()
    });
    let addr = parsed.ok_or(Incomparable)?;
    Ok(match (addr, net) {
        (IpAddr::V4(a), IpAddr::V4(n)) => same_prefix(u32::from(a).into(), u32::from(n).into(), 32, bits),
        (IpAddr::V6(a), IpAddr::V6(n)) => same_prefix(a.into(), n.into(), 128, bits),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    })
}

/// Whether the first `bits` of two addresses of `width` bits are equal.
fn same_prefix(a: u128, b: u128, width: u32, bits: Option<u8>) -> bool {
    let rest = width.saturating_sub(bits.map_or(width, u32::from));
    (a ^ b).checked_shr(rest).unwrap_or(0) == 0
}

#[cold]
fn complain(cx: &Cx<'_>, compare: &Compare) {
    let need = match &compare.right {
        Right::Int(_) => "an integer",
        Right::Net(..) => "an IP address",
        Right::Pattern(_) => "text",
        Right::Place(_) | Right::Str(_) | Right::Null => "a valid pattern on the right",
    };
    cx.log(Level::Warning, "core", "eval_elem", format_args!("the comparison needs {need}"));
}
