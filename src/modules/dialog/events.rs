//! `E_DLG_STATE_CHANGED`, queued for `event_route`.
use crate::base::Str;
use crate::context::{Dialog, EventParam, ScriptEvent, Value};
use crate::proto::dialog::State;
use crate::registry::RouteKind;
use crate::vm::Cx;

pub const STATE_CHANGED: &str = "E_DLG_STATE_CHANGED";

pub fn state_changed(cx: &mut Cx<'_>, dialog: &Dialog, from: State, to: State) {
    if !cx.has_route(RouteKind::Event, Some(STATE_CHANGED.as_bytes())) {
        return;
    }
    let to_tag = {
        let legs = &dialog.state.lock().legs;
        legs.primary().and_then(|id| legs.get(id)).map(|leg| leg.tag.clone()).unwrap_or_default()
    };
    let params = vec![
        text("id", Str::from(dialog.did.to_string())),
        text("db_id", Str::from(dialog.did.db_id().to_string())),
        text("callid", dialog.call_id.clone()),
        text("from_tag", dialog.from_tag.clone()),
        text("to_tag", to_tag),
        number("old_state", from),
        number("new_state", to),
    ];
    cx.shard.events.push(ScriptEvent { name: STATE_CHANGED, params });
}

fn text(name: &'static str, value: Str) -> EventParam {
    EventParam { name: Str::from_static(name), value: Value::Str(value) }
}

fn number(name: &'static str, state: State) -> EventParam {
    EventParam { name: Str::from_static(name), value: Value::Int(i32::from(state.number())) }
}
