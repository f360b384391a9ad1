//! The `evi` backend: each record is an event for `event_route`, one for each leg. Names and order of the parameters are
//! OpenSIPS's; without a route for it nothing is made.
use super::fields::Column;
use super::record::{Cdr, Core, Kind};
use super::settings::Settings;
use crate::base::Str;
use crate::context::{AccState, Backend, EventParam, Value};
use crate::registry::RouteKind;
use crate::vm::Cx;

const CDR: &str = "E_ACC_CDR";
const EVENT: &str = "E_ACC_EVENT";
const MISSED: &str = "E_ACC_MISSED_EVENT";

pub const EVENTS: &[&str] = &[CDR, EVENT, MISSED];

/// A record of a transaction or of a script; `state` is the accounting context's, if there is one.
pub fn transaction(cx: &mut Cx<'_>, kind: Kind, core: &Core, state: Option<&AccState>) {
    let name = match kind {
        Kind::Missed => MISSED,
        // A comment without code is no refusal.
        Kind::Requested if core.refuses() => MISSED,
        Kind::Answered | Kind::Requested => EVENT,
    };
    let now = cx.now.unix_secs();
    let created = state.and_then(|s| s.created_us).unwrap_or(0) / 1_000_000;
    let tail = [number("setuptime", now.saturating_sub(created)), number("created", created)];
    raise(cx, name, core, now, state, &tail);
}

pub fn cdr(cx: &mut Cx<'_>, cdr: &Cdr, state: &AccState) {
    let t = &cdr.times;
    let tail = [
        number("duration", t.duration),
        number("ms_duration", t.ms_duration),
        number("setuptime", t.setup),
        number("created", t.created),
    ];
    raise(cx, CDR, &cdr.core, t.start, Some(state), &tail);
}

fn raise(cx: &mut Cx<'_>, name: &'static str, core: &Core, time: u64, state: Option<&AccState>, tail: &[EventParam]) {
    if !cx.has_route(RouteKind::Event, Some(name.as_bytes())) {
        return;
    }
    let settings: &Settings = cx.core.state();
    let mut head = core_params(core);
    head.push(number("time", time));
    let extra = state.map(|s| s.extra.as_slice()).unwrap_or_default();
    head.extend(columns(settings.extra.of(Backend::Evi), extra));
    let of_leg = settings.leg.of(Backend::Evi);
    let none = [Vec::new()];
    let legs = state.map(|s| s.legs.as_slice()).filter(|legs| !legs.is_empty() && !of_leg.is_empty()).unwrap_or(&none);
    for leg in legs {
        let params = head.iter().cloned().chain(columns(of_leg, leg)).chain(tail.iter().cloned()).collect();
        cx.raise_event(Str::from_static(name), params);
    }
}

fn core_params(core: &Core) -> Vec<EventParam> {
    let fields = [
        ("method", &core.method),
        ("from_tag", &core.from_tag),
        ("to_tag", &core.to_tag),
        ("callid", &core.call_id),
        ("sip_code", &core.code),
        ("sip_reason", &core.reason),
    ];
    fields.into_iter().map(|(name, value)| text(Str::from_static(name), value.clone())).collect()
}

/// What is not set is empty.
fn columns<'a>(columns: &'a [Column], values: &'a [Option<Str>]) -> impl Iterator<Item = EventParam> + 'a {
    columns.iter().map(|column| {
        let value = values.get(column.value).cloned().flatten().unwrap_or_default();
        text(column.label.clone(), value)
    })
}

fn text(name: Str, value: Str) -> EventParam {
    EventParam { name, value: Value::Str(value) }
}

fn number(name: &'static str, value: u64) -> EventParam {
    let value = Value::Int(i32::try_from(value).unwrap_or(i32::MAX));
    EventParam { name: Str::from_static(name), value }
}
