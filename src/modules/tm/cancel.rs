//! CANCEL from upstream (RFC 3261 9.2, 16.10): answered with 200 at this hop, and passed to the branches as our own.
use super::create;
use super::exchange::{self, Io, Which};
use super::reply_out::{self, LocalReply};
use super::timers::{self, rearm};
use super::{lookup, settle};
use crate::base::Str;
use crate::context::{Entry, OwnCall, Pending, RelayFlags, Transaction, TxId, TxState};
use crate::modules::core::reply::{self, Asked};
use crate::proto::response_choice::Method;
use crate::proto::transaction::{Reliability, Server};
use crate::sip::{HeaderId, Message, StatusCode};
use crate::vm::{Cx, Hook, Ret};
use parking_lot::Mutex;
use std::sync::Arc;

/// What `t_add_cancel_reason` asked for.
#[derive(Clone, Debug)]
pub struct CancelReason(pub Str);

/// `t_relay` of a CANCEL whose INVITE is known.
pub fn relay(cx: &mut Cx<'_>, invite: &Entry, flags: RelayFlags) -> Ret {
    if answer(cx) == Answered::Again {
        return Ret::TRUE;
    }
    match invite {
        Entry::Live(tx) if tx.state.lock().answered() < 200 => {
            let reason = reason(cx, flags);
            cancel(cx, tx, reason);
        }
        Entry::Live(_) | Entry::Accepted(_) => cx.raise(&Hook::CancelledTooLate),
    }
    Ret::TRUE
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Now,
    Again,
}

/// The CANCEL gets a transaction of its own and its 200.
fn answer(cx: &mut Cx<'_>) -> Answered {
    let Some(key) = lookup::key_of(cx.core, &cx.run.msg) else { return Answered::Now };
    let tm = cx.core.state::<super::Tm>();
    let server = Server::new(b"CANCEL", tm.timers, Reliability::Unreliable);
    let reply_to = reply::destination(cx.core, &Asked::of(cx.run)).1;
    let state = TxState::new(Method::Other, tm.six_hundred, Some(server), tm.timers, reply_to);
    let tx = Arc::new(Transaction {
        id: TxId::from(key),
        key,
        request: cx.run.msg.clone(),
        received: cx.run.received,
        local: false,
        state: Mutex::new(state),
    });
    if let Err(there) = cx.core.transactions.insert(tx.clone()) {
        create::retransmitted(cx, &there);
        return Answered::Again;
    }
    reply_out::plain(cx, &tx, StatusCode::OK, b"canceling");
    Answered::Now
}

fn reason(cx: &Cx<'_>, flags: RelayFlags) -> Str {
    if let Some(CancelReason(line)) = cx.run.slots.get::<CancelReason>() {
        return line.clone();
    }
    let passed = flags.pass_reason.then(|| reason_lines(&cx.run.msg)).flatten();
    passed.unwrap_or_else(|| Str::from_static("Reason: SIP;cause=487;text=\"ORIGINATOR_CANCEL\"\r\n"))
}

fn reason_lines(cancel: &Message) -> Option<Str> {
    let lines: Vec<u8> = cancel.all(HeaderId::Reason).flat_map(|h| cancel.bytes(h.line).iter().copied()).collect();
    (!lines.is_empty()).then(|| Str::from(lines))
}

/// The caller gave up: branches are cancelled, and without any the INVITE is answered here.
pub fn cancel(cx: &mut Cx<'_>, tx: &Arc<Transaction>, reason: Str) {
    let alone = {
        let mut guard = tx.state.lock();
        let state = &mut *guard;
        if state.answered() >= 200 {
            return;
        }
        state.fork.cancel();
        let mut io = Io::of(cx);
        exchange::cancel_branches(&mut io, tx, state, Which::All, Some(reason));
        stop_waiting(&mut io, tx, state);
        state.fork.pending().next().is_none() && !state.busy && state.mailbox.is_empty()
    };
    cx.raise(&Hook::Matched { tx });
    if alone {
        within(cx, tx, |cx| {
            let reply = LocalReply::new(StatusCode::REQUEST_TERMINATED, b"");
            if reply_out::local(cx, tx, &reply).is_ok() {
                settle::settle(cx, tx);
            }
        });
    }
}

/// Phony branches end with the wish of the caller.
fn stop_waiting(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState) {
    let mut waited = false;
    for branch in &mut state.branches {
        waited |= branch.until.take().is_some();
    }
    if waited && state.busy {
        timers::put(io, tx, state, Pending::Choose);
    }
    rearm(io.shard, tx.id, state);
}

/// Does something as the run of another transaction: its dialog and accounting are the own ones meanwhile.
pub fn within<T>(cx: &mut Cx<'_>, tx: &Arc<Transaction>, work: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    let own = {
        let state = tx.state.lock();
        OwnCall { dialog: state.dialog.clone(), acc: state.acc.clone(), ..OwnCall::default() }
    };
    let outer_tx = cx.run.tx.replace(tx.clone());
    let outer_own = std::mem::replace(&mut cx.run.own, own);
    let result = work(cx);
    cx.run.tx = outer_tx;
    cx.run.own = outer_own;
    result
}
