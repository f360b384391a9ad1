//! Ending a call from here: a BYE towards each leg, in the name of the other (RFC 3261 15).
use super::requests::{self, Made};
use super::settings::Settings;
use super::states;
use crate::context::Dialog;
use crate::proto::dialog::{Event, LegId};
use crate::sip::Method;
use crate::vm::Cx;
use std::sync::Arc;

/// A BYE to each leg. One that cannot be sent counts as answered.
pub fn send(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let callee = dialog.state.lock().legs.primary();
    for to in [Some(LegId::CALLER), callee] {
        let sent = to.zip(callee).is_some_and(|(to, callee)| bye(cx, dialog, to, callee));
        if !sent {
            states::apply(cx, dialog, Event::LocalByeDone);
        }
    }
}

/// False when it cannot be sent; otherwise its final reply, or the lack of one, is the end of it.
fn bye(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, to: LegId, callee: LegId) -> bool {
    let settings: &Settings = cx.core.state();
    let ended = dialog.clone();
    let made = Made {
        headers: settings.extra_headers.clone().unwrap_or_default(),
        end: Some(Box::new(move |cx, _, _| states::apply(cx, &ended, Event::LocalByeDone))),
        ..Made::new(Method::Bye)
    };
    requests::send(cx, dialog, requests::Way { to, callee }, made)
}
