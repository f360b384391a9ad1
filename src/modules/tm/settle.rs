//! The end of transactions: what an accepted INVITE shrinks to, and what is raised when a record goes.
use super::exchange;
use crate::context::{Accepted, AckKept, Core, SentReply, Shard, Timer, Transaction, TxState};
use crate::proto::transaction::{Server, invite_server};
use crate::vm::{Cx, Hook};
use std::sync::Arc;

/// Shrinks an INVITE that a relayed 2xx answered and that nothing else is expected of. True when it left the table as a
/// transaction: `TransactionEnd` is then to be raised.
pub fn shrink(core: &Core, shard: &mut Shard, tx: &Arc<Transaction>, state: &mut TxState) -> bool {
    let Some(until) = accepted_until(state) else { return false };
    if state.answer.is_none() {
        return false;
    }
    let kept = |(index, b): (usize, &crate::context::Branch)| {
        Some(AckKept { branch: index, hop: b.hop?, ack: b.ack.clone()? })
    };
    let acks = state.branches.iter().enumerate().filter_map(kept).collect();
    let answers = state.answer.iter().chain(&state.forks).cloned().collect();
    let accepted = Accepted { key: tx.key, answers, reply_to: state.reply_to, socket: tx.received.socket, until, acks };
    core.transactions.shrink(tx.id, accepted);
    if state.wheel.is_none_or(|at| until < at) {
        shard.arm(until, Timer::Transaction(tx.id));
    }
    true
}

fn accepted_until(state: &TxState) -> Option<crate::base::Instant> {
    let Some(Server::Invite(server)) = &state.server else { return None };
    let relayed = state.answer.as_ref().is_some_and(|a| !a.local);
    let open = |b: &crate::context::Branch| b.client.as_ref().is_some_and(exchange::is_open) || b.cancel.is_some();
    if server.state() != invite_server::State::Accepted || !relayed || state.busy || state.branches.iter().any(open) {
        return None;
    }
    server.poll_timeout()
}

/// What an accepted INVITE may have become since: shrinks it now if it can.
pub fn settle(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    let gone = shrink(cx.core, cx.shard, tx, &mut tx.state.lock());
    if gone {
        ended(cx, tx);
    }
}

/// A transaction left the table.
pub fn ended(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    cx.raise(&Hook::TransactionEnd { tx });
}

/// Takes a transaction out of the table.
pub fn leave_table(core: &Core, tx: &Transaction, state: &TxState) {
    core.transactions.remove(tx.id);
    if let Some(tag) = state.answer.as_ref().filter(|a| answers_here(tx, a)).and_then(|a| a.to_tag.as_ref()) {
        core.transactions.forget_tag(tag, tx.id);
    }
}

/// Whether this reply is a 2xx of ours to an INVITE, whose ACK is then for us.
pub fn answers_here(tx: &Transaction, answer: &SentReply) -> bool {
    answer.local && (200..300).contains(&answer.code) && tx.is_invite()
}
