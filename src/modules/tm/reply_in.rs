//! Replies coming in: the protocol's duties at once, then the onreply routes, then the choice of what goes upstream.
//!
//! Path: global onreply_route -> transaction and branch by our Via -> client machine -> (mailbox, while a script of the
//! transaction is at work) -> `ReplyIn` -> onreply routes of branch and transaction -> `choice`.
use super::choice::{self, Verdict};
use super::exchange::{self, Heard, Io};
use super::shared;
use super::state::{ReplyAvps, Tm};
use super::timers::{self, rearm};
use crate::base::Str;
use crate::context::{Accepted, Branch, Entry, Hold, Hop, Pending, PendingReply, Run, SentReply, Transaction, TxState};
use crate::modules::core::outbound;
use crate::proto::transaction::ClientEvent;
use crate::registry::RouteKind;
use crate::sip::{Framing, Message, print};
use crate::vm::{Answer, Cx, Hook, Ret, Scope, SubRun};
use bytes::Bytes;
use smallvec::SmallVec;
use std::sync::Arc;

/// What came of looking for the transaction of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    Taken,
    /// No transaction of ours: stateless forwarding may want it.
    Unmatched,
}

/// The reply of the run is handed to its transaction. The engine calls this after the global onreply_route.
pub fn arrived(cx: &mut Cx<'_>) -> (Arrival, Ret) {
    let none = (Arrival::Unmatched, Ret::TRUE);
    let reply = cx.run.msg.clone();
    let (Some(via), Some(status)) = (reply.top_via(), reply.status()) else { return none };
    let Some((id, index, attempt)) = outbound::read_branch(via.branch(reply.raw())) else { return none };
    let Some(entry) = cx.core.transactions.entry(id) else { return none };
    cx.core.state::<Tm>().counts.received_replies.inc();
    match entry {
        Entry::Accepted(accepted) => {
            after_acceptance(cx, &accepted, &reply, index);
            (Arrival::Taken, Ret::TRUE)
        }
        Entry::Live(tx) => (Arrival::Taken, to_branch(cx, tx, &reply, index, attempt, status.get())),
    }
}

fn to_branch(
    cx: &mut Cx<'_>,
    tx: Arc<Transaction>,
    reply: &Arc<Message>,
    index: usize,
    attempt: u8,
    status: u16,
) -> Ret {
    let method = reply.cseq().map(|c| reply.bytes(c.method)).unwrap_or_default();
    let mut guard = tx.state.lock();
    let state = &mut *guard;
    if method == b"CANCEL" {
        exchange::cancelling(&mut Io::of(cx), state, index, ClientEvent::Reply(status));
        rearm(cx.shard, tx.id, state);
        return Ret::TRUE;
    }
    let Some(branch) = state.branches.get_mut(index) else { return Ret::FALSE };
    if branch.attempt != attempt || method != tx.request.method_bytes() {
        return Ret::FALSE;
    }
    branch.heard = true;
    let heard = exchange::client(&mut Io::of(cx), &tx, state, index, ClientEvent::Reply(status), Some(reply));
    rearm(cx.shard, tx.id, state);
    if !matches!(heard, Heard::Reply(_)) {
        return Ret::TRUE;
    }
    if let Some(answer) = repeated(state, reply, status) {
        let hop = Hop { to: state.reply_to, socket: tx.received.socket };
        Io::of(cx).send(hop, &answer.bytes);
        return Ret::TRUE;
    }
    if state.busy {
        let run = &mut *cx.run;
        let edits = std::mem::take(&mut run.edits);
        let pending =
            PendingReply { branch: index, reply: reply.clone(), received: run.received, edits, flags: run.flags };
        timers::put(&mut Io::of(cx), &tx, state, Pending::Reply(Box::new(pending)));
        return Ret::TRUE;
    }
    let routes = routes_of(state, index);
    if routes.is_empty() {
        let mut io = Io { core: cx.core, shard: cx.shard, now: cx.now };
        let verdict = choice::of_reply(&mut io, &tx, state, index, cx.run);
        let needs_script = matches!(verdict, Verdict::Winner(_));
        state.busy = needs_script;
        shared::lend_to_reply(cx.run, &tx, state, index);
        drop(guard);
        enter(cx, &tx, if needs_script { Hold::Transaction } else { Hold::Nothing });
        cx.raise(&Hook::ReplyIn { reply, branch: index });
        return choice::act(cx, tx, verdict);
    }
    state.busy = true;
    shared::lend_to_reply(cx.run, &tx, state, index);
    drop(guard);
    enter(cx, &tx, Hold::Transaction);
    through_routes(cx, tx, index, routes)
}

/// The run is now about this transaction.
fn enter(cx: &mut Cx<'_>, tx: &Arc<Transaction>, hold: Hold) {
    cx.run.tx = Some(tx.clone());
    cx.run.hold = hold;
    cx.shard.at_work = Some(tx.clone());
}

/// A 2xx that came before goes up again as it did then, with what the scripts changed in it.
fn repeated<'s>(state: &'s TxState, reply: &Message, status: u16) -> Option<&'s SentReply> {
    let sent = state.answer.iter().chain(&state.forks).filter(|_| (200..300).contains(&status));
    SentReply::repeated_by(sent, reply.to_tag())
}

type Routes = SmallVec<[Str; 2]>;

/// The branch's own route first, then the transaction's.
fn routes_of(state: &TxState, index: usize) -> Routes {
    let own = state.branches.get(index).and_then(|b| b.on_reply.clone());
    own.into_iter().chain(state.armed.reply.clone()).collect()
}

/// Takes up a reply that waited in the mailbox; its transaction is held by the run.
pub fn take_up(cx: &mut Cx<'_>, tx: Arc<Transaction>, index: usize) -> Ret {
    let routes = {
        let state = tx.state.lock();
        shared::lend_to_reply(cx.run, &tx, &state, index);
        routes_of(&state, index)
    };
    enter(cx, &tx, Hold::Transaction);
    through_routes(cx, tx, index, routes)
}

fn through_routes(cx: &mut Cx<'_>, tx: Arc<Transaction>, index: usize, routes: Routes) -> Ret {
    if cx.core.state::<Tm>().reply_avps == ReplyAvps::OfTheTransaction {
        cx.run.avps = std::mem::take(&mut tx.state.lock().shared.avps);
    }
    let reply = cx.run.msg.clone();
    cx.raise(&Hook::ReplyIn { reply: &reply, branch: index });
    next_route(cx, tx, index, routes)
}

fn next_route(cx: &mut Cx<'_>, tx: Arc<Transaction>, index: usize, mut routes: Routes) -> Ret {
    if routes.is_empty() {
        return after_routes(cx, tx, index);
    }
    let route = routes.remove(0);
    let sub = SubRun { kind: RouteKind::OnReply, name: Some(route), scope: Scope::Same };
    let then = move |cx: &mut Cx<'_>, answer: Answer| {
        cx.run.renew();
        let dropped = matches!(&answer, Answer::Route(outcome) if outcome.dropped);
        if dropped && cx.run.msg.status().is_some_and(|s| s.is_provisional()) {
            give_back(cx, &tx, index);
            return Ret::TRUE;
        }
        next_route(cx, tx, index, routes)
    };
    Ret::Run(Box::new(sub), Box::new(then))
}

fn give_back(cx: &mut Cx<'_>, tx: &Transaction, index: usize) {
    let of_transaction = cx.core.state::<Tm>().reply_avps == ReplyAvps::OfTheTransaction;
    let mut state = tx.state.lock();
    shared::return_from_reply(cx.run, &mut state, index);
    if of_transaction {
        state.shared.avps = std::mem::take(&mut cx.run.avps);
    }
}

fn after_routes(cx: &mut Cx<'_>, tx: Arc<Transaction>, index: usize) -> Ret {
    give_back(cx, &tx, index);
    let verdict = {
        let mut state = tx.state.lock();
        let mut io = Io { core: cx.core, shard: cx.shard, now: cx.now };
        choice::of_reply(&mut io, &tx, &mut state, index, cx.run)
    };
    choice::act(cx, tx, verdict)
}

/// An INVITE that was accepted and shrunk: the same 2xx is sent again as it left, another fork's passes, a refusal gets
/// its ACK.
fn after_acceptance(cx: &mut Cx<'_>, accepted: &Accepted, reply: &Message, index: usize) {
    let Some(status) = reply.status().filter(|_| is_of_invite(reply)) else { return };
    let hop = Hop { to: accepted.reply_to, socket: accepted.socket };
    if !status.is_success() {
        let ack = accepted.acks.iter().find(|k| status.is_final() && k.branch == index);
        return ack.into_iter().for_each(|kept| Io::of(cx).send(kept.hop, &kept.ack));
    }
    if let Some(answer) = SentReply::repeated_by(&accepted.answers, reply.to_tag()) {
        return Io::of(cx).send(hop, &answer.bytes);
    }
    cx.raise(&Hook::LateAnswer { branch: index });
    let mut out = Vec::with_capacity(reply.raw().len());
    print::forward_reply(reply, &cx.run.edits, None, Framing::Datagram, &mut out);
    Io::of(cx).send(hop, &Bytes::from(out));
}

fn is_of_invite(reply: &Message) -> bool {
    reply.cseq().is_some_and(|c| reply.bytes(c.method) == b"INVITE")
}

/// A run for a reply out of the mailbox.
pub fn run_for(pending: PendingReply) -> Run {
    let mut run = Run::new(RouteKind::OnReply, pending.reply, pending.received);
    run.edits = pending.edits;
    run.flags = pending.flags;
    run
}

/// The final reply of a branch with what its routes changed.
pub fn store(branch: &mut Branch, run: &Run) {
    let (reply, edits) = (run.msg.clone(), Box::new(run.edits.clone()));
    branch.reply = Some(crate::context::BranchReply::Received { reply, edits, received: run.received });
}
