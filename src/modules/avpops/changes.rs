//! `avp_copy`, `avp_delete`, `avp_op`, `avp_pushto`, `avp_subst`.
use super::notation::{Arithmetic, Between, Copied, Deleted, Destination, Operation, Source, Subject, integer};
use super::{named, operands, values};
use crate::base::Str;
use crate::context::{Level, Target, Value, decimal};
use crate::modules::core::branch_set;
use crate::modules::core::uri_text::{edit_request_uri, set_destination, set_request_uri, with_host};
use crate::modules::textops::substituted;
use crate::vm::{Cx, Notation, SubstitutionArg};

pub fn delete(cx: &mut Cx<'_>, deleted: Notation<Deleted>) -> bool {
    let Deleted { name, all } = &deleted.words;
    let mut names = match name {
        Some(name) => named(cx, name).into_iter().collect(),
        None => cx.run.avps.names().collect::<Vec<_>>(),
    };
    names.retain(|name| cx.run.avps.count(*name) > 0);
    if !all {
        names.truncate(1);
    }
    for name in &names {
        if *all {
            cx.run.avps.remove_all(*name);
        } else {
            cx.run.avps.remove(*name, 0);
        }
    }
    !names.is_empty()
}

pub fn copy(cx: &mut Cx<'_>, source: Notation<Source>, copied: Notation<Copied>) -> bool {
    let Copied { name, all, delete, to_number, to_string } = &copied.words;
    let mut made = Vec::new();
    for value in chosen(cx, &source.words.0, *all) {
        made.push(match value {
            Value::Str(text) if *to_number => match integer(&text) {
                Some(n) => Value::Int(n),
                None => return failed(cx, "avp_copy", "a value is no number"),
            },
            Value::Int(n) if *to_string => Value::Str(decimal(n)),
            value => value,
        });
    }
    let gone = if *delete { made.len() } else { 0 };
    replace(cx, &source.words.0, name, gone, made)
}

pub fn substitute(cx: &mut Cx<'_>, between: Notation<Between>, subst: SubstitutionArg) -> bool {
    let Between { source, target, all, delete } = &between.words;
    let (mut made, mut kept) = (Vec::new(), Vec::new());
    for value in values(cx, source) {
        let text = value.borrowed_str().filter(|_| *all || made.is_empty()).cloned();
        match text.and_then(|text| substituted(cx, "avp_subst", &text, &subst)) {
            Some(new) => made.push(Value::Str(new)),
            None => kept.push(value),
        }
    }
    if made.is_empty() {
        return false;
    }
    let Some(name) = named(cx, source) else { return false };
    if *delete || target.is_none() {
        cx.run.avps.remove_all(name);
        kept.into_iter().rev().for_each(|value| cx.run.avps.push(name, value));
    }
    replace(cx, source, target.as_ref().unwrap_or(source), 0, made)
}

pub fn compute(cx: &mut Cx<'_>, between: Notation<Between>, operation: Notation<Operation>) -> bool {
    let Operation { arithmetic, value, all, delete } = &operation.words;
    let right: Vec<i32> = operands(cx, value, &operation).iter().filter_map(Value::int_face).collect();
    let (mut made, mut kept, mut used) = (Vec::new(), Vec::new(), 0);
    for value in values(cx, &between.words.source) {
        match value {
            Value::Int(left) if *all || used == 0 => {
                used += 1;
                for right in &right {
                    made.push(Value::Int(result(cx, *arithmetic, left, *right)));
                }
                if !delete {
                    kept.push(value);
                }
            }
            value => kept.push(value),
        }
    }
    if made.is_empty() {
        return false;
    }
    let Some(name) = named(cx, &between.words.source) else { return false };
    cx.run.avps.remove_all(name);
    kept.into_iter().rev().for_each(|value| cx.run.avps.push(name, value));
    let target = between.words.target.as_ref().unwrap_or(&between.words.source);
    replace(cx, &between.words.source, target, 0, made)
}

fn result(cx: &Cx<'_>, arithmetic: Arithmetic, left: i32, right: i32) -> i32 {
    match arithmetic {
        Arithmetic::Add => left.wrapping_add(right),
        Arithmetic::Sub => left.wrapping_sub(right),
        Arithmetic::Mul => left.wrapping_mul(right),
        Arithmetic::Div | Arithmetic::Mod if right == 0 => {
            cx.log(Level::Error, super::MODULE.name, "avp_op", format_args!("a division by 0 yields 0"));
            0
        }
        Arithmetic::Div => left.wrapping_div(right),
        Arithmetic::Mod => left.wrapping_rem(right),
        Arithmetic::And => left & right,
        Arithmetic::Or => left | right,
        Arithmetic::Xor => left ^ right,
        Arithmetic::Not => !right,
    }
}

pub fn push(cx: &mut Cx<'_>, destination: Notation<Destination>, subject: Notation<Subject>) -> bool {
    let mut all = operands(cx, &subject.words.value, &subject);
    if !subject.words.all {
        all.truncate(1);
    }
    if all.is_empty() {
        return false;
    }
    for (nth, value) in all.into_iter().enumerate() {
        if let Err(why) = push_one(cx, destination.words, &value, nth) {
            return failed(cx, "avp_pushto", why);
        }
    }
    true
}

/// The Request-URI of before becomes a branch when another one is pushed.
fn push_one(cx: &mut Cx<'_>, destination: Destination, value: &Value, nth: usize) -> Result<(), &'static str> {
    let text = value.str_face().ok_or("there is no value")?;
    let is_text = !value.is_int_primary();
    if nth > 0 && matches!(destination, Destination::RequestUri | Destination::User | Destination::Domain) {
        let uri = branch_set::uri(cx.run, branch_set::Place::RequestUri);
        branch_set::append(cx.run, Target { uri, ..Target::default() })?;
    }
    match destination {
        Destination::RequestUri => set_request_uri(cx.run, text),
        Destination::User => edit_request_uri(cx.run, |uri| Some(uri.with_user(Some(&text)))),
        Destination::Domain => edit_request_uri(cx.run, |uri| with_host(uri, &text)),
        Destination::NextHop if is_text => set_destination(cx.run, Some(text)),
        Destination::Branch if is_text => branch_set::append(cx.run, Target { uri: Some(text), ..Target::default() }),
        Destination::NextHop | Destination::Branch => Err("a number is no URI"),
    }
}

/// The newest value, or all.
fn chosen(cx: &Cx<'_>, name: &Str, all: bool) -> Vec<Value> {
    let mut chosen = values(cx, name);
    if !all {
        chosen.truncate(1);
    }
    chosen
}

/// Takes the newest `gone` values away and pushes the new ones, in their order: the last is the newest then, as in OpenSIPS.
fn replace(cx: &mut Cx<'_>, source: &Str, target: &Str, gone: usize, made: Vec<Value>) -> bool {
    let (Some(source), Some(target)) = (named(cx, source), named(cx, target)) else { return false };
    for _ in 0..gone {
        cx.run.avps.remove(source, 0);
    }
    let any = !made.is_empty();
    made.into_iter().for_each(|value| cx.run.avps.push(target, value));
    any
}

fn failed(cx: &Cx<'_>, function: &'static str, why: &str) -> bool {
    cx.log(Level::Error, super::MODULE.name, function, format_args!("{why}"));
    false
}
