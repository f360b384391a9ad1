//! Making a transaction of a request, and absorbing the request when it comes again.
use super::exchange::{self, Io};
use super::lookup;
use super::reply_out;
use super::state::Tm;
use super::timers::rearm;
use crate::base::Str;
use crate::context::{Avps, Core, Entry, Hold, Received, Run, Shard, Transaction, TxId, TxState};
use crate::modules::core::reply::{self, Asked};
use crate::proto::response_choice::Method;
use crate::proto::transaction::{Key, Reliability, Server, ServerEvent, Timers};
use crate::sip::Message;
use crate::vm::{Cx, Hook};
use parking_lot::Mutex;
use std::sync::Arc;

/// What came of the wish for a transaction.
pub enum Created {
    New(Arc<Transaction>),
    /// The request came before; the last reply was sent again.
    Retransmission,
    /// The run has one already.
    Exists(Arc<Transaction>),
    /// An ACK, or a message without what names a transaction.
    Impossible,
}

/// `$T_fr_timeout` and `$T_fr_inv_timeout` as set before there is a transaction, milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct EarlyTimers {
    pub fr: Option<u32>,
    pub fr_inv: Option<u32>,
}

/// What a branch_route asked for before its branch exists: `t_on_reply`, `$bavp`.
#[derive(Clone, Debug, Default)]
pub struct EarlyBranch {
    pub on_reply: Option<Str>,
    pub avps: Avps,
}

/// The transaction of the run's request, made now when there is none.
pub fn transaction(cx: &mut Cx<'_>) -> Created {
    if let Some(tx) = &cx.run.tx {
        return Created::Exists(tx.clone());
    }
    if cx.run.msg.method_bytes() == b"ACK" {
        return Created::Impossible;
    }
    let Some(key) = lookup::key_of(cx.core, &cx.run.msg) else { return Created::Impossible };
    let tx = Arc::new(new(cx, key));
    if let Err(there) = cx.core.transactions.insert(tx.clone()) {
        retransmitted(cx, &there);
        return Created::Retransmission;
    }
    adopt(cx, &tx);
    Created::New(tx)
}

fn new(cx: &Cx<'_>, key: Key) -> Transaction {
    let run: &Run = cx.run;
    let tm = cx.core.state::<Tm>();
    let early = run.slots.get::<EarlyTimers>().copied().unwrap_or_default();
    let timers =
        Timers { fr: early.fr.unwrap_or(tm.timers.fr), fr_inv: early.fr_inv.unwrap_or(tm.timers.fr_inv), ..tm.timers };
    let method = run.msg.method_bytes();
    let server = Server::new(method, timers, Reliability::Unreliable);
    let fork_method = if method == b"INVITE" { Method::Invite } else { Method::Other };
    let reply_to = reply::destination(cx.core, &Asked::of(run)).1;
    let mut state = TxState::new(fork_method, tm.six_hundred, Some(server), timers, reply_to);
    state.busy = true;
    state.armed = run.armed.clone();
    state.dialog = run.own.dialog.clone();
    state.acc = run.own.acc.clone();
    Transaction {
        id: TxId::from(key),
        key,
        request: run.msg.clone(),
        received: run.received,
        local: false,
        state: Mutex::new(state),
    }
}

/// Makes a transaction just inserted the run's own: until the run ends, events wait for it.
fn adopt(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    cx.run.tx = Some(tx.clone());
    cx.run.hold = Hold::Shared;
    cx.shard.at_work = Some(tx.clone());
    if let Some(dialog) = &cx.run.own.dialog {
        dialog.state.lock().bound += 1;
    }
    let tm = cx.core.state::<Tm>();
    tm.counts.uas.inc();
    cx.raise(&Hook::TransactionCreated);
    if tm.auto_100 && tx.is_invite() {
        reply_out::trying(cx, tx);
    }
}

/// A request came again: what was answered last is answered again, if anything.
pub fn retransmitted(cx: &mut Cx<'_>, entry: &Entry) {
    cx.run.script.absorbed = true;
    absorb(cx.core, cx.shard, cx.now, entry);
}

/// `retransmitted`, without a run.
pub fn absorb(core: &Core, shard: &mut Shard, now: crate::base::Now, entry: &Entry) {
    // RFC 6026 7.1: in Accepted a repeated INVITE is absorbed.
    let Entry::Live(tx) = entry else { return };
    let mut state = tx.state.lock();
    exchange::server(&mut Io { core, shard, now }, tx, &mut state, ServerEvent::Request);
    rearm(shard, tx.id, &mut state);
}

/// A transaction for a request made here.
pub fn local(core: &Core, request: Arc<Message>, received: Received, key: Key) -> Transaction {
    let tm = core.state::<Tm>();
    let method = if request.method_bytes() == b"INVITE" { Method::Invite } else { Method::Other };
    let state = TxState::new(method, tm.six_hundred, None, tm.timers, received.from);
    Transaction { id: TxId::from(key), key, request, received, local: true, state: Mutex::new(state) }
}
