//! `$acc_extra`, `$acc_leg`, `$acc_current_leg` and `acc_new_leg`, on the accounting context in force.
use super::context;
use super::fields::Fields;
use super::settings::Settings;
use crate::base::Str;
use crate::context::{CurrentAcc, Level, Value};
use crate::registry::{DeclaredName, SubName};
use crate::vm::{Cx, Index, NameKind, Pvar, Store, Var, WriteError};

pub static PVARS: &[Pvar] = &[
    Pvar::new("acc_extra", read_extra, "A field of the call's records; NULL empties it.")
        .named(SubName::Required, NameKind::Text)
        .uses(DeclaredName::AccExtra)
        .writable(write_extra),
    Pvar::new("acc_leg", read_leg, "A field of one leg in the call's records: the last leg, or that of the index.")
        .named(SubName::Required, NameKind::Text)
        .uses(DeclaredName::AccLeg)
        .indexed()
        .writable(write_leg),
    Pvar::new("acc_current_leg", current_leg, "Number of the last leg."),
];

fn field(cx: &mut Cx<'_>, var: &Var, fields: fn(&Settings) -> &Fields) -> Option<usize> {
    let tag = var.name_text(cx)?;
    fields(cx.core.state()).index(&tag)
}

fn read_extra(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(field) = field(cx, var, |s| &s.extra) else { return Value::Null };
    let Some(CurrentAcc(ctx)) = cx.run.current_acc() else { return Value::Null };
    let state = ctx.state.lock();
    state.extra.get(field).cloned().flatten().into()
}

fn write_extra(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let field = field(cx, var, |s| &s.extra).ok_or_else(undeclared)?;
    let CurrentAcc(ctx) = context::current_or_new(cx);
    let mut state = ctx.state.lock();
    let slot = state.extra.get_mut(field).ok_or_else(undeclared)?;
    *slot = kept(&value);
    Ok(())
}

fn read_leg(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(field) = field(cx, var, |s| &s.leg) else { return Value::Null };
    let index = var.index(cx);
    let Some(CurrentAcc(ctx)) = cx.run.current_acc() else { return Value::Null };
    let state = ctx.state.lock();
    let leg = place(index, state.legs.len()).and_then(|n| state.legs.get(n));
    leg.and_then(|l| l.get(field).cloned()).flatten().into()
}

fn write_leg(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let field = field(cx, var, |s| &s.leg).ok_or_else(undeclared)?;
    let index = var.index(cx);
    let CurrentAcc(ctx) = context::current_or_new(cx);
    let mut state = ctx.state.lock();
    let leg = place(index, state.legs.len()).and_then(|n| state.legs.get_mut(n));
    let slot = leg.ok_or_else(|| WriteError::new("has no leg of that index"))?.get_mut(field).ok_or_else(undeclared)?;
    *slot = kept(&value);
    Ok(())
}

fn current_leg(cx: &mut Cx<'_>, _: &Var) -> Value {
    let settings: &Settings = cx.core.state();
    if settings.leg.is_empty() {
        return Value::Null;
    }
    // A call without a context yet will begin with one leg.
    let legs = cx.run.current_acc().map_or(1, |CurrentAcc(ctx)| ctx.state.lock().legs.len());
    Value::Int(i32::try_from(legs).unwrap_or(i32::MAX) - 1)
}

/// Legs are counted from 0; negative numbers from the end.
fn place(index: Index, legs: usize) -> Option<usize> {
    match index {
        Index::None => legs.checked_sub(1),
        Index::Int(i) if i < 0 => legs.checked_sub(i.unsigned_abs() as usize),
        Index::Int(i) => usize::try_from(i).ok().filter(|n| *n < legs),
        _ => None,
    }
}

/// Everything is kept as text, a copy of its own; what is empty counts as not set.
fn kept(value: &Value) -> Option<Str> {
    value.str_face().filter(|text| !text.is_empty()).map(|text| Str::new(&text))
}

fn undeclared() -> WriteError {
    WriteError::new("is not declared in the parameters of `acc`")
}

/// Begins another leg.
pub fn acc_new_leg(cx: &mut Cx<'_>) -> bool {
    let settings: &Settings = cx.core.state();
    if settings.leg.is_empty() {
        cx.log(Level::Error, "acc", "acc_new_leg", format_args!("there are no leg fields: `leg_fields` is not set"));
        return false;
    }
    let CurrentAcc(ctx) = context::current_or_new(cx);
    let mut state = ctx.state.lock();
    if state.legs.len() >= MAX_LEGS {
        return false;
    }
    state.legs.push(vec![None; settings.leg.len()]);
    true
}

/// A script that adds a leg for every request of a call must not fill the memory.
const MAX_LEGS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legs_are_counted_from_either_end() {
        assert_eq!(place(Index::None, 3), Some(2));
        assert_eq!(place(Index::Int(0), 3), Some(0));
        assert_eq!(place(Index::Int(-1), 3), Some(2));
        assert_eq!(place(Index::Int(-3), 3), Some(0));
        for outside in [Index::Int(3), Index::Int(-4), Index::Int(i32::MIN), Index::All, Index::Bad] {
            assert_eq!(place(outside, 3), None, "{outside:?}");
        }
    }

    #[test]
    fn integers_are_kept_as_text_and_the_empty_string_as_nothing() {
        assert_eq!(kept(&Value::Int(5)), Some("5".into()));
        assert_eq!(kept(&Value::text(b"")), None);
        assert_eq!(kept(&Value::Null), None);
    }
}
