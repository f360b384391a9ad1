//! The INVITE that makes a call, from its transaction to its end: branches become legs, replies change the state when
//! they are about to leave.
use super::create::join;
use super::requests::routes;
use super::sequential;
use super::states;
use crate::base::Str;
use crate::context::{Core, Dialog, SocketId, Transaction};
use crate::proto::dialog::{Event, Leg, LegId};
use crate::sip::header::route;
use crate::sip::{HeaderId, Message, Method};
use crate::vm::{Cx, Hook, ReplyOut};
use std::sync::Arc;

/// The run has a dialog and perhaps a transaction: if both, they belong together from here on.
pub fn bind(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let Some(tx) = cx.run.tx.clone() else { return };
    dialog.bind(&tx);
    begins(cx, dialog, &tx);
}

/// The run's request got its transaction.
pub fn transaction_created(cx: &mut Cx<'_>) {
    if let Some(dialog) = cx.run.own.dialog.clone() {
        bind(cx, &dialog);
    }
}

/// The INVITE that made the dialog has its transaction now.
fn begins(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, tx: &Arc<Transaction>) {
    let is_initial = tx.request.to_tag().is_none() && tx.request.method() == Method::Invite;
    let mut state = dialog.state.lock();
    if !is_initial || state.initial_tx.is_some() {
        return;
    }
    state.initial_tx = Some(tx.id);
    drop(state);
    cx.raise(&Hook::DialogCreated(dialog));
}

/// The transaction left its table.
pub fn transaction_ended(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    let Some(dialog) = gives_up(tx) else { return };
    let was_initial = {
        let mut state = dialog.state.lock();
        let was_initial = state.initial_tx == Some(tx.id);
        if was_initial {
            state.initial_tx = None;
        }
        was_initial
    };
    if was_initial {
        states::apply(cx, &dialog, Event::TransactionGone);
    }
    if !cx.core.faults.keep_transaction_reference.is_injected() {
        states::unbind(cx, &dialog);
    }
}

/// A slot of a transaction that gave its dialog up.
struct GivenUp;

/// The dialog of a transaction that ends, the first time it is said to.
fn gives_up(tx: &Transaction) -> Option<Arc<Dialog>> {
    let mut state = tx.state.lock();
    if state.slots.get::<GivenUp>().is_some() {
        return None;
    }
    state.slots.set(GivenUp);
    state.dialog.clone()
}

/// A CANCEL, or an ACK that goes no further, met its INVITE: the call is that of the INVITE.
pub fn matched(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    let Some(dialog) = tx.state.lock().dialog.clone() else { return };
    if cx.run.own.dialog.is_none() {
        cx.run.own.dialog = Some(dialog.clone());
    }
    if !is_initial(&dialog, tx) {
        return;
    }
    match cx.run.msg.method() {
        Method::Cancel => states::apply(cx, &dialog, Event::Cancel),
        // Of a 2xx made here; that of a refusal finds the dialog ended.
        Method::Ack => states::apply(cx, &dialog, Event::Ack),
        _ => {}
    }
}

/// A CANCEL crossed the answer.
pub fn cancelled_too_late(cx: &mut Cx<'_>) {
    if let Some(dialog) = of_answered_invite(cx) {
        cx.run.own.dialog = Some(dialog.clone());
        states::apply(cx, &dialog, Event::Cancel);
    }
}

/// Another fork answered when the call was long up: its requests, and the BYE that ends it, find their leg.
pub fn late_answer(cx: &mut Cx<'_>, branch: usize) {
    let Some(dialog) = of_answered_invite(cx) else { return };
    let of_caller = routes(&dialog.state.lock().legs.caller().route_set).len();
    let routes = callee_routes(cx.core, of_caller, &cx.run.msg);
    meet(&dialog, Some(branch), &cx.run.msg, routes);
}

/// The call of an INVITE that is no transaction any more: Call-ID, From tag and number name it.
fn of_answered_invite(cx: &Cx<'_>) -> Option<Arc<Dialog>> {
    let msg = &cx.run.msg;
    let (call_id, tag, cseq) = (msg.call_id()?, msg.from_tag()?, msg.cseq()?);
    let is_meant = |dialog: &Arc<Dialog>| {
        let state = dialog.state.lock();
        let caller = state.legs.caller();
        *caller.tag == *tag && caller.cseqs.invite == Some(cseq.number) && state.state().is_active()
    };
    cx.core.dialogs.with_call_id(call_id).into_iter().find(is_meant)
}

/// A branch of the INVITE leaves: a callee without a name yet.
pub fn branch_out(cx: &mut Cx<'_>, branch: usize, socket: SocketId) {
    let Some((dialog, tx)) = of_transaction(cx) else { return };
    let Ok(branch) = u16::try_from(branch) else { return };
    if is_initial(&dialog, &tx) {
        let socket = cx.core.sockets.get(socket).map(|s| Str::from(s.text())).unwrap_or_default();
        dialog.state.lock().legs.add_branch(branch, Leg { socket, ..Leg::default() });
    }
}

/// A reply is about to leave upstream.
pub fn reply_out(cx: &mut Cx<'_>, reply: &ReplyOut<'_>) {
    let Some(dialog) = reply.tx.state.lock().dialog.clone() else { return };
    if !is_initial(&dialog, reply.tx) {
        return sequential::reply_out(&dialog, &reply.tx.request, reply.code, reply.relayed);
    }
    match reply.relayed {
        Some(relayed) => learn(cx.core, &dialog, reply, relayed),
        None => answered_here(&dialog, reply),
    }
    if let Some(event) = event_of(reply) {
        states::apply(cx, &dialog, event);
    }
}

/// Provisionals made here, and any 100, concern this hop alone.
fn event_of(reply: &ReplyOut<'_>) -> Option<Event> {
    match reply.code {
        0..=100 => None,
        101..=199 => reply.relayed.map(|_| Event::Provisional),
        200..=299 => Some(Event::Answer),
        _ => Some(Event::Failure),
    }
}

fn of_transaction(cx: &Cx<'_>) -> Option<(Arc<Dialog>, Arc<Transaction>)> {
    let tx = cx.run.tx.clone()?;
    let dialog = tx.state.lock().dialog.clone()?;
    Some((dialog, tx))
}

fn is_initial(dialog: &Dialog, tx: &Transaction) -> bool {
    dialog.state.lock().initial_tx == Some(tx.id)
}

/// What a reply tells of the leg it speaks for (RFC 3261 12.1.2).
fn learn(core: &Core, dialog: &Dialog, out: &ReplyOut<'_>, reply: &Message) {
    let routes = callee_routes(core, recorded(&out.tx.request), reply);
    let met = meet(dialog, out.branch, reply, routes);
    if let Some(id) = met.filter(|_| (200..300).contains(&out.code)) {
        dialog.state.lock().legs.answered(id);
    }
}

/// This server is the callee: its requests are known by the tag it gave.
fn answered_here(dialog: &Dialog, out: &ReplyOut<'_>) {
    let Some(tag) = out.to_tag.as_ref().filter(|_| (200..300).contains(&out.code)) else { return };
    let legs = &mut dialog.state.lock().legs;
    if let Some(id) = legs.add_branch(u16::MAX, Leg { tag: Str::new(tag), ..Leg::default() }) {
        legs.answered(id);
    }
}

/// The callee that the reply at hand speaks for, known from now on.
pub fn replying_leg(cx: &Cx<'_>, dialog: &Dialog) -> Option<LegId> {
    let tx = cx.run.tx.as_ref().filter(|tx| is_initial(dialog, tx))?;
    let routes = callee_routes(cx.core, recorded(&tx.request), &cx.run.msg);
    meet(dialog, cx.run.branch, &cx.run.msg, routes)
}

/// Takes down what a reply tells of its leg.
fn meet(dialog: &Dialog, branch: Option<usize>, reply: &Message, routes: Str) -> Option<LegId> {
    let tag = Str::new(reply.to_tag()?);
    let mut state = dialog.state.lock();
    let id = leg_of(&mut state.legs, branch, &tag)?;
    let leg = state.legs.get_mut(id)?;
    leg.contact = sequential::contact(reply).unwrap_or_else(|| std::mem::take(&mut leg.contact));
    leg.sdp = sequential::body(reply).unwrap_or_else(|| std::mem::take(&mut leg.sdp));
    leg.route_set = routes;
    Some(id)
}

fn leg_of(legs: &mut crate::proto::dialog::Legs, branch: Option<usize>, tag: &Str) -> Option<LegId> {
    let branch = u16::try_from(branch?).ok()?;
    legs.replied(branch, tag).or_else(|| legs.add_branch(branch, Leg { tag: tag.clone(), ..Leg::default() }))
}

/// Servers between the caller and this one, as far as they stay in the path.
fn recorded(request: &Message) -> usize {
    route::values(request, HeaderId::RecordRoute).count()
}

/// The Record-Route of a reply lists the callee's side first, then this server, then the caller's side as the INVITE had
/// it. Towards the callee the first part is visited from its end.
fn callee_routes(core: &Core, of_caller: usize, reply: &Message) -> Str {
    let mut routes: Vec<_> = route::values(reply, HeaderId::RecordRoute).flatten().collect();
    routes.truncate(routes.len().saturating_sub(of_caller));
    let is_ours = |r: &route::RouteValue<'_>| {
        r.uri(reply).is_some_and(|u| core.sockets.is_me(u.host(), u.port().unwrap_or(0), None))
    };
    // Double Record-Route makes two of ours, which say so; one before that is of another pass through this server.
    let own = routes.pop_if(|r| is_ours(r));
    if own.is_some_and(|r| r.uri(reply).is_some_and(|u| u.param(b"r2").is_some())) {
        routes.pop_if(|r| is_ours(r));
    }
    join(routes.iter().rev().map(|r| reply.text(r.address.uri)))
}
