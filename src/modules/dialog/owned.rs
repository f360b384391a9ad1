//! Routes that belong to a dialog: runs of their own, whose own call is the dialog and whose message is made up.
use crate::base::Str;
use crate::context::{Dialog, Received, Run, dummy};
use crate::proto::dialog::Action;
use crate::registry::RouteKind;
use crate::sip::{Framing, Message};
use crate::vm::{Cx, Scope, SubRun};
use bytes::Bytes;
use std::sync::Arc;

/// The route that the dialog wants run at this moment.
pub fn route_of(action: &Action, dialog: &Dialog) -> Option<Str> {
    let slot = match action {
        Action::RunOnAnswer => |d: &Dialog| d.state.lock().routes.answer.clone(),
        Action::RunOnHangup => |d: &Dialog| d.state.lock().routes.hangup.clone(),
        Action::RunOnTimeout => |d: &Dialog| d.state.lock().routes.timeout.clone(),
        _ => return None,
    };
    slot(dialog)
}

pub fn sub_run(cx: &Cx<'_>, dialog: &Arc<Dialog>, route: Str) -> SubRun {
    let received = Received { at: cx.now, ..dialog.received };
    let mut run = Run::new(RouteKind::Request, message(dialog), received);
    run.own.dialog = Some(dialog.clone());
    run.own.acc = dialog.state.lock().acc.clone();
    SubRun { kind: RouteKind::Request, name: Some(route), scope: Scope::Own(Box::new(run)) }
}

/// A request that names the call as its INVITE did, so that `$ci`, `$fu`, `$tu` and `$ft` tell which call it is.
fn message(dialog: &Dialog) -> Arc<Message> {
    let uri: &[u8] = if dialog.to_uri.is_empty() { b"sip:dialog" } else { &dialog.to_uri };
    let parts: [&[u8]; 11] = [
        b"OPTIONS ",
        uri,
        b" SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKdialog\r\nFrom: <",
        &dialog.from_uri,
        b">;tag=",
        &dialog.from_tag,
        b"\r\nTo: <",
        &dialog.to_uri,
        b">\r\nCall-ID: ",
        &dialog.call_id,
        b"\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
    ];
    Message::parse(Bytes::from(parts.concat()), Framing::Datagram).map_or_else(|_| dummy::request(), Arc::new)
}
