//! ACK: of a refusal or of a 2xx made here it ends its journey; of a relayed 2xx it goes on without a transaction.
use super::exchange::{self, Io};
use super::lookup::{self, Acked};
use super::timers::rearm;
use crate::base::Str;
use crate::context::Transaction;
use crate::modules::core::stateless;
use crate::proto::transaction::ServerEvent;
use crate::sip::Message;
use crate::vm::{Cx, Hook, Ret};
use std::sync::Arc;

/// Whether the run's ACK is for this hop; if so its transaction has it now.
pub fn is_for_us(cx: &mut Cx<'_>) -> bool {
    let Acked::Here(tx) = lookup::acked(cx.core, &cx.run.msg) else { return false };
    received(cx, &tx);
    true
}

fn received(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    // By its To tag an ACK may have found a later INVITE of its dialog: then it is one of an earlier answer, come again.
    let number = |msg: &Message| msg.cseq().map(|c| c.number);
    if number(&cx.run.msg) == number(&tx.request) {
        let mut state = tx.state.lock();
        exchange::server(&mut Io::of(cx), tx, &mut state, ServerEvent::Ack);
        rearm(cx.shard, tx.id, &mut state);
    }
    cx.raise(&Hook::Matched { tx });
}

pub fn relay(cx: &mut Cx<'_>, proxy: Option<Str>) -> Ret {
    if is_for_us(cx) {
        return Ret::TRUE;
    }
    stateless::send(cx, proxy)
}
