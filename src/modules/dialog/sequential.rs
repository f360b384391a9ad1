//! A request within a dialog: who speaks, what the legs learn from it, and which event it is.
use super::states;
use crate::base::Str;
use crate::context::{Dialog, Own};
use crate::proto::dialog::cseq::CSeqs;
use crate::proto::dialog::leg::Matched;
use crate::proto::dialog::{Event, LegRole, Legs, State};
use crate::sip::header::NameAddr;
use crate::sip::{HeaderId, Message, Method};
use crate::vm::{Cx, Hook};
use std::sync::Arc;

/// What `validate_dialog` compares with: the numbers before this very request was noted. A slot of the run.
pub struct SeenBefore(pub CSeqs);

/// The request was matched: the dialog is the run's own from here on.
pub fn within(cx: &mut Cx<'_>, own: &Own, matched: Matched) {
    let Own(dialog) = own;
    adopt(cx, dialog, matched);
    take_pending(cx, dialog);
    learn(cx, dialog, matched);
    cx.raise(&Hook::DialogWithin(dialog));
    let event = event_of(&cx.run.msg, dialog, matched);
    states::apply(cx, dialog, event);
}

fn adopt(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, matched: Matched) {
    states::hold(cx, dialog);
    cx.run.own.direction = Some(matched.direction());
    cx.run.own.to_leg = Some(matched.to);
    if let Some(tx) = &cx.run.tx {
        dialog.bind(tx);
    }
}

/// `$DLG_timeout` and the ping intervals that the script assigned before it matched the request.
fn take_pending(cx: &mut Cx<'_>, dialog: &Dialog) {
    let mut state = dialog.state.lock();
    let own = &mut cx.run.own;
    state.options_ping = own.pending_options_ping.take().or(state.options_ping);
    state.reinvite_ping = own.pending_reinvite_ping.take().or(state.reinvite_ping);
    drop(state);
    if let Some(seconds) = own.pending_timeout.take() {
        super::lifetime::set(cx, dialog, seconds);
    }
}

fn learn(cx: &mut Cx<'_>, dialog: &Dialog, matched: Matched) {
    let msg = cx.run.msg.clone();
    let mut state = dialog.state.lock();
    let Some(leg) = state.legs.get_mut(matched.from) else { return };
    cx.run.slots.set(SeenBefore(leg.cseqs));
    if let Some(cseq) = msg.cseq() {
        leg.cseqs.saw(msg.method_bytes(), cseq.number);
    }
    match msg.method() {
        Method::Invite | Method::Update => {
            leg.contact = contact(&msg).unwrap_or_else(|| std::mem::take(&mut leg.contact));
            leg.offered_sdp = body(&msg);
        }
        Method::Ack => leg.sdp = body(&msg).unwrap_or_else(|| std::mem::take(&mut leg.sdp)),
        _ => {}
    }
}

fn event_of(msg: &Message, dialog: &Dialog, matched: Matched) -> Event {
    match msg.method() {
        Method::Ack => Event::Ack,
        Method::Prack => Event::Prack,
        Method::Bye => Event::Bye { from: matched.from.party(), leg: role(&dialog.state.lock().legs, matched) },
        _ => Event::Request,
    }
}

/// A leg that answered second is hung up without ending the call.
fn role(legs: &Legs, matched: Matched) -> LegRole {
    legs.role(matched.callee())
}

/// A reply to a re-INVITE or UPDATE leaves: targets and bodies of both legs follow it.
pub fn reply_out(dialog: &Dialog, request: &Message, code: u16, relayed: Option<&Arc<Message>>) {
    if code < 200 || !matches!(request.method(), Method::Invite | Method::Update) {
        return;
    }
    let mut state = dialog.state.lock();
    let (from, to) = (request.from_tag().unwrap_or_default(), request.to_tag().unwrap_or_default());
    let Some(matched) = state.legs.matching(from, to) else { return };
    let accepted = code < 300 && state.state() != State::Deleted;
    if let Some(leg) = state.legs.get_mut(matched.from)
        && let Some(offer) = leg.offered_sdp.take().filter(|_| accepted)
    {
        leg.sdp = offer;
    }
    if let (Some(reply), Some(leg), true) = (relayed, state.legs.get_mut(matched.to), accepted) {
        leg.contact = contact(reply).unwrap_or_else(|| std::mem::take(&mut leg.contact));
        leg.sdp = body(reply).unwrap_or_else(|| std::mem::take(&mut leg.sdp));
    }
}

/// The URI of the first Contact, a copy.
pub fn contact(msg: &Message) -> Option<Str> {
    let (_, value) = msg.list(HeaderId::Contact).next()?;
    let address = NameAddr::parse(msg.raw(), value)?;
    Some(Str::new(msg.bytes(address.uri)))
}

pub fn body(msg: &Message) -> Option<Str> {
    Some(msg.body()).filter(|b| !b.is_empty()).map(Str::new)
}
