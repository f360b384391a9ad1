//! CSeq numbers of forwarded requests: once this server has spoken in the name of a party, that party's own numbers are used
//! up, so what it sends is forwarded under higher ones, and replies come back with its own (RFC 3261 12.2.1.1).
use crate::base::Str;
use crate::context::{Current, Dialog, Transaction};
use crate::proto::dialog::LegId;
use crate::sip::{Edits, HeaderId, Message};
use crate::vm::{Cx, Ret};

/// A request of the run's own call is about to leave.
pub fn request_out(cx: &mut Cx<'_>) {
    if cx.run.msg.to_tag().is_none() || cx.run.tx.as_ref().is_some_and(|tx| tx.local) {
        return;
    }
    let Some(dialog) = cx.run.own.dialog.clone() else { return };
    let msg = cx.run.msg.clone();
    if let Some(number) = forwarded(&dialog, &msg) {
        renumber(&mut cx.run.edits, &msg, number);
    }
}

fn forwarded(dialog: &Dialog, msg: &Message) -> Option<u32> {
    let cseq = msg.cseq()?;
    let legs = &mut dialog.state.lock().legs;
    let from = legs.matching(msg.from_tag()?, msg.to_tag()?)?.from;
    legs.get_mut(from)?.cseqs.forwarded(msg.method_bytes(), cseq.number)
}

/// A reply came back on a transaction of a call: it carries the number its request came with.
pub fn reply_in(cx: &mut Cx<'_>) {
    let Some(tx) = cx.run.tx.clone() else { return };
    let Some(number) = own_number(&tx) else { return };
    let msg = cx.run.msg.clone();
    renumber(&mut cx.run.edits, &msg, number);
}

fn own_number(tx: &Transaction) -> Option<u32> {
    let in_call = !tx.local && tx.request.to_tag().is_some() && tx.state.lock().dialog.is_some();
    tx.request.cseq().filter(|_| in_call).map(|cseq| cseq.number)
}

fn renumber(edits: &mut Edits, msg: &Message, number: u32) {
    let (Some(cseq), Some(header)) = (msg.cseq(), msg.first(HeaderId::CSeq)) else { return };
    if cseq.number != number {
        let method = Str::slice_of(msg.raw(), msg.bytes(cseq.method));
        edits.set_value(header, Str::from([number.to_string().as_bytes(), b" ", &method].concat()));
    }
}

/// `dlg_inc_cseq`: skips numbers of the requests towards the callee with this tag, by default that of the message's To; -2
/// without a dialog.
pub fn dlg_inc_cseq(cx: &mut Cx<'_>, tag: Option<Str>, inc: Option<i32>) -> Ret {
    let Some(Current(dialog)) = cx.run.current() else { return Ret::Code(-2) };
    let tag = tag.or_else(|| cx.run.msg.to_tag().map(Str::new)).unwrap_or_default();
    let legs = &mut dialog.state.lock().legs;
    let is_callee = legs.by_tag(&tag).is_some_and(|leg| leg != LegId::CALLER);
    let Some(caller) = legs.get_mut(LegId::CALLER).filter(|_| is_callee) else { return Ret::FALSE };
    caller.cseqs.advance(inc.unwrap_or(1));
    Ret::TRUE
}
