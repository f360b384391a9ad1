//! The `$DLG_*` variables. All of them show the current dialog, except `$DLG_dir` and `$DLG_count`.
use super::create::CreateFlags;
use super::settings::{Settings, active};
use super::{flags, json, lifetime, values};
use crate::base::Str;
use crate::context::{Current, Dialog, DialogState, OwnCall, Value};
use crate::proto::dialog::Direction;
use crate::vm::{Cx, NameKind, Pvar, Store, Var, WriteError};
use std::sync::Arc;

pub static PVARS: &[Pvar] = &[
    Pvar::new("DLG_count", count, "Answered calls on this server."),
    Pvar::new("DLG_status", |cx, _| of(cx, status), "State of the current dialog, 1 to 5."),
    Pvar::new("DLG_lifetime", lifetime_so_far, "Seconds since the answer, 0 before."),
    Pvar::new("DLG_flags", flags::read, "Names of the dialog flags that are set.").writable(flags::write),
    Pvar::new("DLG_timeout", timeout, "Seconds left, or the lifetime the call will have.").writable(set_timeout),
    Pvar::new("DLG_del_delay", delete_delay, "How long the ended dialog can be found, seconds.")
        .writable(set_delete_delay),
    Pvar::new("DLG_dir", direction, "`upstream` or `downstream`, of the message in its own call."),
    Pvar::new(
        "DLG_did",
        |cx, _| dialog_text(cx, |d| Str::from(d.did.to_string())),
        "The id, as Record-Route carries it.",
    ),
    Pvar::new("DLG_end_reason", |cx, _| of(cx, end_reason), "Why the call ended; NULL until then."),
    Pvar::new("DLG_json", |cx, _| json_of(cx, json::plain), "The dialog as JSON."),
    Pvar::new("DLG_ctx_json", |cx, _| json_of(cx, json::with_context), "The dialog with values and profiles as JSON."),
    Pvar::new("DLG_options_ping_interval", |cx, var| ping(cx, var, &OPTIONS), "Seconds between OPTIONS pings.")
        .writable(|cx, _, _, value| set_ping(cx, value, &OPTIONS)),
    Pvar::new("DLG_reinvite_ping_interval", |cx, var| ping(cx, var, &REINVITE), "Seconds between re-INVITE pings.")
        .writable(|cx, _, _, value| set_ping(cx, value, &REINVITE)),
    Pvar::new("dlg_val", values::read, "A value of the current dialog; NULL removes it.")
        .dynamic(NameKind::Pieces)
        .writable(values::write),
];

fn of(cx: &Cx<'_>, read: fn(&DialogState) -> Value) -> Value {
    let Some(Current(dialog)) = cx.run.current() else { return Value::Null };
    read(&dialog.state.lock())
}

fn dialog_text(cx: &Cx<'_>, read: fn(&Dialog) -> Str) -> Value {
    cx.run.current().map(|Current(dialog)| read(&dialog)).into()
}

fn count(cx: &mut Cx<'_>, _: &Var) -> Value {
    number(active(cx.core))
}

fn status(state: &DialogState) -> Value {
    Value::Int(i32::from(state.state().number()))
}

fn end_reason(state: &DialogState) -> Value {
    state.end_reason.as_ref().map(|r| r.text()).into()
}

fn json_of(cx: &Cx<'_>, write: fn(&Cx<'_>, &Dialog) -> Str) -> Value {
    cx.run.current().map(|Current(dialog)| write(cx, &dialog)).into()
}

fn lifetime_so_far(cx: &mut Cx<'_>, _: &Var) -> Value {
    let Some(Current(dialog)) = cx.run.current() else { return Value::Null };
    let started = dialog.state.lock().started_us;
    number(started.map_or(0, |s| cx.now.unix_us.saturating_sub(s) / 1_000_000))
}

fn timeout(cx: &mut Cx<'_>, _: &Var) -> Value {
    match cx.run.current() {
        Some(Current(dialog)) => number(lifetime::left(cx, &dialog.state.lock())),
        None => cx.run.own.pending_timeout.map_or(Value::Null, number),
    }
}

fn set_timeout(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let seconds = seconds(&value)?;
    match cx.run.current() {
        Some(Current(dialog)) => lifetime::set(cx, &dialog, seconds),
        None => cx.run.own.pending_timeout = Some(seconds),
    }
    Ok(())
}

fn delete_delay(cx: &mut Cx<'_>, _: &Var) -> Value {
    let settings: &Settings = cx.core.state();
    let Some(Current(dialog)) = cx.run.current() else { return Value::Null };
    let own = dialog.state.lock().delete_delay;
    number(own.unwrap_or(settings.delete_delay))
}

fn set_delete_delay(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let seconds = seconds(&value)?;
    let Current(dialog) = cx.run.current().ok_or_else(no_dialog)?;
    dialog.state.lock().delete_delay = Some(seconds);
    Ok(())
}

/// A request shows where it goes in its own call, whatever is loaded. A reply shows it by the tags of its own call; while
/// another call is loaded there is nothing its tags could be compared with.
fn direction(cx: &mut Cx<'_>, _: &Var) -> Value {
    let direction = if cx.run.msg.is_request() { cx.run.own.direction } else { reply_direction(cx) };
    Value::Str(Str::from_static(match direction {
        Some(Direction::Downstream) => "downstream",
        Some(Direction::Upstream) => "upstream",
        None => return Value::Null,
    }))
}

fn reply_direction(cx: &Cx<'_>) -> Option<Direction> {
    let own = cx.run.own()?.0;
    let Current(current) = cx.run.current()?;
    if !Arc::ptr_eq(&own, &current) {
        return None;
    }
    let sender = own.state.lock().legs.by_tag(cx.run.msg.from_tag()?)?;
    // A reply goes back to the sender of the request.
    Some(match sender.party() {
        crate::proto::dialog::Party::Caller => Direction::Upstream,
        crate::proto::dialog::Party::Callee => Direction::Downstream,
    })
}

/// One of the two kinds of pings.
struct Ping {
    is_on: fn(CreateFlags) -> bool,
    interval: fn(&mut DialogState) -> &mut Option<u32>,
    pending: fn(&mut OwnCall) -> &mut Option<u32>,
    default: fn(&Settings) -> u32,
}

const OPTIONS: Ping = Ping {
    is_on: CreateFlags::options_pings,
    interval: |state| &mut state.options_ping,
    pending: |own| &mut own.pending_options_ping,
    default: |settings| settings.options_ping,
};

const REINVITE: Ping = Ping {
    is_on: CreateFlags::reinvite_pings,
    interval: |state| &mut state.reinvite_ping,
    pending: |own| &mut own.pending_reinvite_ping,
    default: |settings| settings.reinvite_ping,
};

fn ping(cx: &mut Cx<'_>, _: &Var, kind: &Ping) -> Value {
    let settings: &Settings = cx.core.state();
    let Some(Current(dialog)) = cx.run.current() else {
        return (kind.pending)(&mut cx.run.own).map_or(Value::Null, number);
    };
    let mut state = dialog.state.lock();
    if !(kind.is_on)(CreateFlags::of(&state)) {
        return Value::Null;
    }
    number((kind.interval)(&mut state).unwrap_or_else(|| (kind.default)(settings)))
}

fn set_ping(cx: &mut Cx<'_>, value: Value, kind: &Ping) -> Result<(), WriteError> {
    let seconds = seconds(&value)?;
    if seconds == 0 {
        return Err(WriteError::new("takes seconds greater than 0"));
    }
    let Some(Current(dialog)) = cx.run.current() else {
        *(kind.pending)(&mut cx.run.own) = Some(seconds);
        return Ok(());
    };
    let mut state = dialog.state.lock();
    if !(kind.is_on)(CreateFlags::of(&state)) {
        return Err(WriteError::new("the dialog has no such pings"));
    }
    *(kind.interval)(&mut state) = Some(seconds);
    Ok(())
}

fn seconds(value: &Value) -> Result<u32, WriteError> {
    let number = value.int_face().map(i64::from).or_else(|| {
        let text = value.borrowed_str()?.as_utf8()?;
        text.trim().parse().ok()
    });
    number.and_then(|n| u32::try_from(n).ok()).ok_or_else(|| WriteError::new("takes a number of seconds"))
}

fn no_dialog() -> WriteError {
    WriteError::new("there is no dialog")
}

fn number(n: impl TryInto<i32>) -> Value {
    Value::Int(n.try_into().unwrap_or(i32::MAX))
}
