//! The end of a run that held its transaction: what it leaves is kept, the next event of the mailbox is taken up.
use super::choice;
use super::exchange::Io;
use super::reply_in;
use super::reply_out::{self, LocalReply};
use super::settle;
use super::shared;
use super::timers::{rearm, wind_up};
use crate::base::Now;
use crate::context::{Core, Hold, Level, Pending, Run, Shard, Transaction, TxState};
use crate::registry::RouteKind;
use crate::sip::StatusCode;
use crate::vm::{Cx, Ret};
use std::sync::Arc;
use std::time::Duration;

/// The native entry of a run that follows.
pub type Entry = Box<dyn FnOnce(&mut Cx<'_>) -> Ret + Send>;

/// A run to be started next, in the order in which events came.
pub struct Next {
    pub run: Box<Run>,
    pub entry: Entry,
}

/// To be called with every run that ended. Whoever held a transaction gives it up, or hands over the next event.
pub fn run_ended(core: &Core, shard: &mut Shard, now: Now, run: &mut Run) -> Option<Next> {
    let hold = std::mem::take(&mut run.hold);
    if hold == Hold::Nothing {
        return None;
    }
    let tx = run.tx.take()?;
    let mut guard = tx.state.lock();
    let state = &mut *guard;
    if hold == Hold::Shared {
        shared::keep(run, state);
        leave_unanswered(core, now, run, state);
    }
    if let Some(event) = state.mailbox.pop() {
        let next = take_up(&tx, state, event);
        drop(guard);
        return Some(next);
    }
    state.busy = false;
    wind_up(state, now.mono);
    rearm(shard, tx.id, state);
    let settles = settle::shrink(core, shard, &tx, state);
    let ended = settles.then(|| over_request(&tx, state));
    drop(guard);
    ended.map(|run| Next {
        run,
        entry: Box::new(move |cx| {
            settle::ended(cx, &tx);
            Ret::TRUE
        }),
    })
}

/// The run that looks into the mailbox of a transaction that nobody held; it is marked busy.
pub fn drain(tx: &Arc<Transaction>) -> Option<Next> {
    let mut state = tx.state.lock();
    let event = state.mailbox.pop()?;
    Some(take_up(tx, &mut state, event))
}

/// A run about the request of `tx`, for what is done natively.
pub fn over_request(tx: &Arc<Transaction>, state: &TxState) -> Box<Run> {
    let mut run = Box::new(Run::new(RouteKind::Request, tx.request.clone(), tx.received));
    run.tx = Some(tx.clone());
    run.own.dialog.clone_from(&state.dialog);
    run.own.acc.clone_from(&state.acc);
    run
}

fn take_up(tx: &Arc<Transaction>, state: &mut TxState, event: Pending) -> Next {
    let held = tx.clone();
    match event {
        Pending::Reply(pending) => {
            let branch = pending.branch;
            let mut run = Box::new(reply_in::run_for(*pending));
            hold(&mut run, tx);
            Next { run, entry: Box::new(move |cx| reply_in::take_up(cx, held, branch)) }
        }
        Pending::Local { branch, code, reason } => {
            let mut run = over_request(tx, state);
            run.branch = Some(branch);
            hold(&mut run, tx);
            let entry = move |cx: &mut Cx<'_>| {
                cx.shard.at_work = Some(held.clone());
                let verdict = choice::of_local(&mut Io::of(cx), &held, &mut held.state.lock(), branch, code, reason);
                choice::act(cx, held, verdict)
            };
            Next { run, entry: Box::new(entry) }
        }
        Pending::Choose => {
            let mut run = over_request(tx, state);
            hold(&mut run, tx);
            let entry = move |cx: &mut Cx<'_>| {
                cx.shard.at_work = Some(held.clone());
                let verdict = choice::again(&mut Io::of(cx), &held, &mut held.state.lock());
                choice::act(cx, held, verdict)
            };
            Next { run, entry: Box::new(entry) }
        }
    }
}

fn hold(run: &mut Run, tx: &Arc<Transaction>) {
    run.tx = Some(tx.clone());
    run.hold = Hold::Transaction;
}

/// A script that made a transaction and neither relayed nor replied leaves its caller to time out.
fn leave_unanswered(core: &Core, now: Now, run: &Run, state: &mut TxState) {
    if state.server.is_none() || !state.branches.is_empty() || state.answered() >= 200 || state.gone_at.is_some() {
        return;
    }
    let patience = if state.answered() > 100 { state.timers.fr_inv } else { state.timers.wt };
    state.gone_at = Some(now.mono + Duration::from_millis(u64::from(patience)));
    let call = String::from_utf8_lossy(run.msg.call_id().unwrap_or_default()).into_owned();
    core.log.part(
        Level::Warning,
        "tm",
        "t_unref",
        format_args!("the script made a transaction and neither relayed nor answered its request (Call-ID {call})"),
    );
}

/// The mailbox is full of what cannot be dropped: the transaction ends with 500.
pub fn overflow(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState) {
    io.core.log.part(
        Level::Error,
        "tm",
        "mailbox",
        format_args!(
            "more than {} events wait for a script of one transaction; it ends",
            crate::context::Mailbox::LIMIT
        ),
    );
    abandon(io, tx, state);
}

/// Ends a transaction without asking any script: 500 upstream, branches cancelled, events dropped.
pub fn abandon(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState) {
    reply_out::emergency(io, tx, state);
    state.mailbox.clear();
}

/// The script was stopped for good: its request is answered with 500.
pub fn fault(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    let reply = LocalReply::new(StatusCode::SERVER_ERROR, b"");
    if reply_out::local(cx, tx, &reply).is_err() {
        cx.core.log.part(Level::Debug, "tm", "fault", format_args!("already answered"));
    }
}
