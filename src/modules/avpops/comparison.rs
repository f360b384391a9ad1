//! `avp_check` and `is_avp_set`.
use super::notation::{Asked, Check, Operand, Subject, Test, integer};
use super::{operands, values};
use crate::base::Str;
use crate::base::glob::{self, Case};
use crate::context::Value;
use crate::vm::{Cx, Notation};
use std::cmp::Ordering;

pub fn check(cx: &mut Cx<'_>, subject: Notation<Subject>, check: Notation<Check>) -> bool {
    let mut left = operands(cx, &subject.words.value, &subject);
    if !check.words.all {
        left.truncate(1);
    }
    let right = operands(cx, &check.words.value, &check);
    left.iter().any(|left| right.iter().any(|right| holds(cx, &check.words, left, right)))
}

/// Values of two types never fit, apart from a number that is written as a text.
fn holds(cx: &mut Cx<'_>, check: &Check, left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => numbers(check.test, *left, *right),
        (Value::Int(left), Value::Str(right)) if matches!(check.value, Operand::Text(_)) => {
            integer(right).is_some_and(|right| numbers(check.test, *left, right))
        }
        (Value::Str(left), Value::Str(right)) => texts(cx, check, left, right),
        _ => false,
    }
}

fn numbers(test: Test, left: i32, right: i32) -> bool {
    match test {
        Test::Eq => left == right,
        Test::Ne => left != right,
        Test::Lt => left < right,
        Test::Le => left <= right,
        Test::Gt => left > right,
        Test::Ge => left >= right,
        Test::And => left & right != 0,
        Test::Or => left | right != 0,
        Test::Xor => left ^ right != 0,
        Test::Regex | Test::Glob => false,
    }
}

/// Order does not look at case, equality does unless it is told not to.
fn texts(cx: &mut Cx<'_>, check: &Check, left: &Str, right: &Str) -> bool {
    let order = || left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase());
    let equal = if check.ignores_case { left.eq_ignore_ascii_case(right) } else { left == right };
    match check.test {
        Test::Eq => equal,
        Test::Ne => !equal,
        Test::Lt => order() == Ordering::Less,
        Test::Le => order() != Ordering::Greater,
        Test::Gt => order() == Ordering::Greater,
        Test::Ge => order() != Ordering::Less,
        Test::Regex => match &check.pattern {
            Some(pattern) => pattern.is_match(left),
            None => cx.pattern(right).is_some_and(|pattern| pattern.is_match(left)),
        },
        Test::Glob => glob::matches(right, left, if check.ignores_case { Case::Ignored } else { Case::Kept }),
        Test::And | Test::Or | Test::Xor => false,
    }
}

pub fn is_set(cx: &mut Cx<'_>, asked: Notation<Asked>) -> bool {
    let Asked { name, index, empty, string, number } = &asked.words;
    let Some(value) = values(cx, name).into_iter().nth(*index) else { return false };
    let is_string = matches!(value, Value::Str(_));
    if (*string && !is_string) || (*number && is_string) {
        return false;
    }
    !empty || !value.is_true()
}
