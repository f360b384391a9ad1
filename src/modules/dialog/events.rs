//! `E_DLG_STATE_CHANGED`, queued for `event_route`.
use crate::base::Str;
use crate::context::{Dialog, EventParam};
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
        EventParam::text("id", Str::from(dialog.did.to_string())),
        EventParam::text("db_id", Str::from(dialog.did.db_id().to_string())),
        EventParam::text("callid", dialog.call_id.clone()),
        EventParam::text("from_tag", dialog.from_tag.clone()),
        EventParam::text("to_tag", to_tag),
        EventParam::int("old_state", i32::from(from.number())),
        EventParam::int("new_state", i32::from(to.number())),
    ];
    cx.raise_event(Str::from_static(STATE_CHANGED), params);
}
