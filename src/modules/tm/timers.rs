//! Time in transactions: one wheel entry for each, armed at the earliest deadline of its machines.
use super::exchange::{self, Heard, Io};
use super::settle;
use crate::base::{Instant, Str};
use crate::context::{Branch, Entry, Pending, Shard, Timer, Transaction, TxId, TxState};
use crate::proto::transaction::{ClientEvent, Expiry, ServerEvent};
use std::sync::Arc;
use std::time::Duration;

/// Sees to it that the wheel wakes the transaction in time. To be called before its lock is given up.
pub fn rearm(shard: &mut Shard, id: TxId, state: &mut TxState) {
    let Some(next) = state.poll_timeout() else { return };
    if state.wheel.is_none_or(|at| next < at) {
        state.wheel = Some(next);
        shard.arm(next, Timer::Transaction(id));
    }
}

/// What a timer of a transaction leads to.
pub enum Fired {
    Nothing,
    /// It left the table.
    Ended(Arc<Transaction>),
    /// Its script must look into the mailbox; the transaction is marked busy.
    Drain(Arc<Transaction>),
}

pub fn fire(io: &mut Io<'_>, id: TxId) -> Fired {
    match io.core.transactions.entry(id) {
        None => Fired::Nothing,
        Some(Entry::Accepted(accepted)) => {
            if accepted.until <= io.now.mono {
                io.core.transactions.remove(id);
            } else {
                io.shard.arm(accepted.until, Timer::Transaction(id));
            }
            Fired::Nothing
        }
        Some(Entry::Live(tx)) => fire_live(io, tx),
    }
}

fn fire_live(io: &mut Io<'_>, tx: Arc<Transaction>) -> Fired {
    let now = io.now.mono;
    let mut guard = tx.state.lock();
    let state = &mut *guard;
    if state.wheel.is_some_and(|at| at <= now) {
        state.wheel = None;
    }
    exchange::server(io, &tx, state, ServerEvent::Timer);
    for index in 0..state.branches.len() {
        exchange::cancelling(io, state, index, ClientEvent::Timer);
        match exchange::client(io, &tx, state, index, ClientEvent::Timer, None) {
            Heard::Timeout(expiry) => timed_out(io, &tx, state, index, expiry),
            Heard::Nothing | Heard::Reply(_) => {}
        }
        end_waiting(state, index, now);
    }
    let drain = !state.busy && !state.mailbox.is_empty();
    state.busy |= drain;
    let gone = !drain && is_gone(state, now);
    if gone {
        settle::leave_table(io.core, &tx, state);
    } else {
        rearm(io.shard, tx.id, state);
    }
    let ended = gone || settle::shrink(io.core, io.shard, &tx, state);
    drop(guard);
    match (drain, ended) {
        (true, _) => Fired::Drain(tx),
        (false, true) => Fired::Ended(tx),
        (false, false) => Fired::Nothing,
    }
}

/// A branch got no reply, or no final one: it counts as a 408 made here.
fn timed_out(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, index: usize, expiry: Expiry) {
    let counts = &io.tm().counts;
    match expiry {
        Expiry::NoReply => counts.timeouts.inc(),
        Expiry::NoFinal => {
            counts.timeouts_invite.inc();
            // RFC 3261 16.8
            let reason = Str::from_static("Reason: SIP;cause=480;text=\"NO_ANSWER\"\r\n");
            exchange::cancel_branches(io, tx, state, exchange::Which::Only(index), Some(reason));
        }
        Expiry::AfterCancel => {}
    }
    if expiry == Expiry::NoReply && super::branch::try_next_address(io, tx, state, index) {
        return;
    }
    put(io, tx, state, Pending::Local { branch: index, code: 408, reason: Str::from_static("Request Timeout") });
}

/// A phony branch stops waiting.
fn end_waiting(state: &mut TxState, index: usize, now: Instant) {
    let Some(branch) = state.branches.get_mut(index) else { return };
    if branch.until.is_some_and(|at| at <= now) {
        branch.until = None;
        let timeout = Pending::Local { branch: index, code: 408, reason: Str::from_static("Request Timeout") };
        // At most once for a phony branch, of which there are few: the mailbox has room, or a refusal in it decides.
        let _full = state.mailbox.push(timeout);
    }
}

/// Puts an event into the mailbox. One that has no room ends the transaction with 500.
pub fn put(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, event: Pending) {
    if state.mailbox.push(event).is_err() {
        super::finish::overflow(io, tx, state);
    }
}

/// Whether all is said and done, and the time to keep the record is over.
fn is_gone(state: &mut TxState, now: Instant) -> bool {
    if !state.busy {
        wind_up(state, now);
    }
    let open = |b: &Branch| b.client.as_ref().is_some_and(exchange::is_open) || b.until.is_some();
    let waits = state.busy || state.branches.iter().any(open);
    state.gone_at.is_some_and(|at| at <= now) && !postponed(state, now, waits)
}

/// Sets when the record goes, once its machines have ended.
pub fn wind_up(state: &mut TxState, now: Instant) {
    if state.gone_at.is_none() && is_finished(state) {
        state.gone_at = Some(now + Duration::from_millis(u64::from(state.timers.delete)));
    }
}

/// A record is kept while a script is at work on it, or one of its branches has a peer that has not answered.
fn postponed(state: &mut TxState, now: Instant, waits: bool) -> bool {
    if waits {
        state.gone_at = Some(now + Duration::from_secs(1));
    }
    waits
}

fn is_finished(state: &TxState) -> bool {
    match &state.server {
        Some(server) => exchange::is_over(server),
        None => {
            !state.branches.is_empty()
                && state.branches.iter().all(|b| b.client.is_none_or(|c| c.poll_timeout().is_none()))
        }
    }
}
