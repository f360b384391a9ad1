//! The choice among branches (RFC 3261 16.7): what goes upstream, and the failure route before a refusal does.
use super::branch;
use super::exchange::{self, Io, Which};
use super::local::{LocalAck, LocalEnd};
use super::reply_in;
use super::reply_out::{self, LocalReply};
use super::shared;
use super::timers::rearm;
use crate::base::Str;
use crate::context::{BranchReply, Datagram, Level, Run, Transaction, TxState};
use crate::proto::response_choice::{Decision, Others, Winner};
use crate::registry::RouteKind;
use crate::sip::{Message, StatusCode};
use crate::vm::{Answer, Cx, Hook, ReplyOut, Ret, Scope, SubRun};
use std::sync::Arc;

/// What follows from a reply, decided under the transaction's lock and done without it.
pub enum Verdict {
    Nothing,
    /// The reply at hand goes upstream.
    Relay {
        reply: Arc<Message>,
        branch: usize,
        others: Others,
    },
    Winner(Winner),
}

/// Takes a received reply into account.
pub fn of_reply(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, index: usize, run: &Run) -> Verdict {
    let reply = &run.msg;
    let Some(status) = reply.status() else { return Verdict::Nothing };
    let Some(b) = state.branches.get_mut(index) else { return Verdict::Nothing };
    b.code = status.get();
    if status.get() == 503 && branch::try_next_address(io, tx, state, index) {
        return Verdict::Nothing;
    }
    if status.get() >= 300
        && let Some(b) = state.branches.get_mut(index)
    {
        reply_in::store(b, run);
    }
    of_status(io, tx, state, index, status.get(), Some(reply))
}

/// Takes a final status made here into account.
pub fn of_local(
    io: &mut Io<'_>,
    tx: &Transaction,
    state: &mut TxState,
    index: usize,
    code: u16,
    reason: Str,
) -> Verdict {
    exchange::store_local(state, index, code, reason);
    of_status(io, tx, state, index, code, None)
}

fn of_status(
    io: &mut Io<'_>,
    tx: &Transaction,
    state: &mut TxState,
    index: usize,
    code: u16,
    reply: Option<&Arc<Message>>,
) -> Verdict {
    let Ok(branch) = u16::try_from(index) else { return Verdict::Nothing };
    let decision = state.fork.on_reply(branch, code);
    from_decision(io, tx, state, decision, reply)
}

/// Chooses again, after the set of branches that count changed.
pub fn again(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState) -> Verdict {
    let decision = state.fork.choose();
    from_decision(io, tx, state, decision, None)
}

fn from_decision(
    io: &mut Io<'_>,
    tx: &Transaction,
    state: &mut TxState,
    decision: Decision,
    reply: Option<&Arc<Message>>,
) -> Verdict {
    match (decision, reply) {
        (Decision::Relay { branch, others }, Some(reply)) => {
            Verdict::Relay { reply: reply.clone(), branch: usize::from(branch), others }
        }
        (Decision::Winner(winner), _) => {
            if winner.others == Others::Cancel {
                exchange::cancel_branches(io, tx, state, Which::AllBut(usize::from(winner.branch)), None);
            }
            rearm(io.shard, tx.id, state);
            Verdict::Winner(winner)
        }
        (Decision::Discard | Decision::Wait | Decision::Relay { .. }, _) => Verdict::Nothing,
    }
}

/// Does what was decided.
pub fn act(cx: &mut Cx<'_>, tx: Arc<Transaction>, verdict: Verdict) -> Ret {
    match verdict {
        Verdict::Nothing => Ret::TRUE,
        Verdict::Relay { reply, branch, others } => {
            if tx.state.lock().relay.replicate {
                return Ret::TRUE;
            }
            if tx.local {
                end_local(cx, &tx, reply.status().map_or(0, StatusCode::get), Some(&reply));
            } else {
                reply_out::relay(cx, &tx, &reply, branch, others, &[]);
            }
            Ret::TRUE
        }
        Verdict::Winner(winner) => refused(cx, tx, winner),
    }
}

/// All branches refused. The failure route may try others before the best refusal goes upstream.
fn refused(cx: &mut Cx<'_>, tx: Arc<Transaction>, winner: Winner) -> Ret {
    let index = usize::from(winner.branch);
    let (reply, failure) = {
        let mut state = tx.state.lock();
        if state.relay.replicate {
            return Ret::TRUE;
        }
        let reply = state.branches.get(index).and_then(|b| b.reply.clone());
        (reply, state.armed.failure.take())
    };
    let (message, reason) = match &reply {
        Some(BranchReply::Received { reply, .. }) => (Some(reply), Str::new(reply.reason().unwrap_or_default())),
        Some(BranchReply::Local { reason }) => (None, reason.clone()),
        None => (None, Str::EMPTY),
    };
    cx.raise(&Hook::BranchFailed { code: winner.status, reason: &reason, reply: message });
    let Some(route) = failure.filter(|_| tx.request.method_bytes() != b"CANCEL") else {
        send_winner(cx, &tx, &winner);
        return Ret::TRUE;
    };
    let (run, before) = {
        let mut state = tx.state.lock();
        state.failed_with = Some(winner.status);
        let mut run = Box::new(shared::request_run(RouteKind::Failure, &tx, &mut state));
        run.other = message.cloned();
        run.branch = Some(index);
        (run, state.branches.len())
    };
    let sub = SubRun { kind: RouteKind::Failure, name: Some(route), scope: Scope::Own(run) };
    Ret::Run(Box::new(sub), Box::new(move |cx, answer| after_failure(cx, &tx, &winner, before, answer)))
}

fn after_failure(cx: &mut Cx<'_>, tx: &Arc<Transaction>, winner: &Winner, before: usize, answer: Answer) -> Ret {
    let goes_on = {
        let mut state = tx.state.lock();
        state.failed_with = None;
        if let Answer::Route(outcome) = answer
            && let Some(mut run) = outcome.run
        {
            if outcome.missing {
                cx.log(Level::Error, "tm", "run_failure", format_args!("the failure route is not there any more"));
            }
            shared::keep(&mut run, &mut state);
        }
        state.branches.len() > before || state.answered() >= 200
    };
    if !goes_on {
        send_winner(cx, tx, winner);
    }
    Ret::TRUE
}

/// Sends the best refusal upstream.
fn send_winner(cx: &mut Cx<'_>, tx: &Arc<Transaction>, winner: &Winner) {
    let index = usize::from(winner.branch);
    let (reply, challenges) = {
        let state = tx.state.lock();
        let received = |i: usize| match state.branches.get(i).and_then(|b| b.reply.as_ref()) {
            Some(BranchReply::Received { reply, .. }) => Some(reply.clone()),
            _ => None,
        };
        let challenges: Vec<Arc<Message>> =
            winner.challenges.iter().filter_map(|&i| received(usize::from(i))).collect();
        (state.branches.get(index).and_then(|b| b.reply.clone()), challenges)
    };
    if tx.local {
        let message = match &reply {
            Some(BranchReply::Received { reply, .. }) => Some(reply.clone()),
            _ => None,
        };
        return end_local(cx, tx, winner.status, message.as_ref());
    }
    match reply {
        Some(BranchReply::Received { reply, edits, .. }) => {
            cx.run.edits = *edits;
            reply_out::relay(cx, tx, &reply, index, Others::Keep, &challenges);
        }
        Some(BranchReply::Local { reason }) => refuse(cx, tx, winner.status, &reason),
        None => refuse(cx, tx, winner.status, b""),
    }
}

fn refuse(cx: &mut Cx<'_>, tx: &Arc<Transaction>, code: u16, reason: &[u8]) {
    let code = StatusCode::new(code).unwrap_or(StatusCode::SERVER_ERROR);
    if reply_out::local(cx, tx, &LocalReply::new(code, reason)).is_err() {
        cx.log(Level::Debug, "tm", "send_winner", format_args!("already answered, no {} follows", code.get()));
    }
}

/// A slot of a transaction made here that has its final reply.
struct Ended;

/// What a repeated final reply of a transaction made here gets, an ACK or nothing; `None` when it is the first.
fn repeated(tx: &Transaction) -> Option<Option<Datagram>> {
    let mut state = tx.state.lock();
    if state.slots.get::<Ended>().is_none() {
        state.slots.set(Ended);
        return None;
    }
    Some(state.slots.get::<LocalAck>().map(|ack| ack.0.clone()))
}

/// A request made here has its final reply.
fn end_local(cx: &mut Cx<'_>, tx: &Arc<Transaction>, code: u16, reply: Option<&Arc<Message>>) {
    if code < 200 {
        return;
    }
    if let Some(again) = repeated(tx) {
        return again.into_iter().for_each(|ack| cx.shard.send(ack));
    }
    let reason = reply.and_then(|r| r.reason()).unwrap_or_default();
    let to_tag = reply.and_then(|r| r.to_tag()).map(Str::new);
    let has_body = reply.is_some_and(|r| !r.body().is_empty());
    cx.raise(&Hook::LocalEnded(&ReplyOut { tx, code, reason, relayed: reply, branch: None, to_tag, has_body }));
    let end = tx.state.lock().slots.take::<LocalEnd>();
    if let Some(LocalEnd(end)) = end {
        end(cx, code, reply);
    }
}
