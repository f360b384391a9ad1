//! Which transaction a request belongs to (RFC 3261 17.2.3).
use super::state::Tm;
use crate::context::{Core, Entry, Transaction};
use crate::proto::transaction::{Key, key};
use crate::sip::Message;
use std::sync::Arc;

/// What an incoming ACK acknowledges.
pub enum Acked {
    /// A reply of this hop: the ACK goes no further.
    Here(Arc<Transaction>),
    /// A 2xx that came from further on, or nothing we know.
    EndToEnd,
}

/// Runs `with` on the parts of `msg` that name its transaction; `None` for a message without Via or CSeq.
fn parts<T>(core: &Core, msg: &Message, with: impl FnOnce(&key::Request<'_>) -> T) -> Option<T> {
    let via = msg.top_via()?;
    let raw = msg.raw();
    let tm = core.states.get::<Tm>();
    let (by_uri, by_via) = tm.map_or((true, true), |tm| (tm.ruri_matching, tm.via1_matching));
    let request = key::Request {
        method: msg.method_bytes(),
        via: key::Via {
            branch: via.branch.map(|b| b.of(raw)),
            host: via.host.of(raw),
            port: via.port,
            text: if by_via { via.whole.of(raw) } else { b"" },
        },
        ruri: if by_uri { msg.request_uri().unwrap_or_default() } else { b"" },
        from_tag: msg.from_tag().unwrap_or_default(),
        to_tag: msg.to_tag().unwrap_or_default(),
        call_id: msg.call_id().unwrap_or_default(),
        cseq: msg.cseq()?.number,
    };
    Some(with(&request))
}

/// The key of a request's own transaction; an ACK has that of its INVITE.
pub fn key_of(core: &Core, msg: &Message) -> Option<Key> {
    parts(core, msg, |request| core.transactions.keys.server(request))
}

/// The entry of a request that came before.
pub fn same_request(core: &Core, msg: &Message) -> Option<Entry> {
    core.transactions.find(key_of(core, msg)?)
}

/// The key of the INVITE that a CANCEL is about (RFC 3261 9.2).
pub fn cancelled_key(core: &Core, cancel: &Message) -> Option<Key> {
    parts(core, cancel, |request| core.transactions.keys.cancelled_invite(request))
}

pub fn cancelled(core: &Core, cancel: &Message) -> Option<Entry> {
    core.transactions.find(cancelled_key(core, cancel)?)
}

/// Finds what an ACK is for: by its branch after a refusal, by the To tag we gave after a 2xx made here.
pub fn acked(core: &Core, ack: &Message) -> Acked {
    if let Some(Entry::Live(tx)) = same_request(core, ack)
        && tx.is_invite()
        && !is_relayed_2xx(&tx)
    {
        return Acked::Here(tx);
    }
    let by_tag = ack.to_tag().and_then(|tag| core.transactions.by_tag(tag));
    match by_tag {
        Some(tx) if tx.is_invite() && tx.request.call_id() == ack.call_id() => Acked::Here(tx),
        _ => Acked::EndToEnd,
    }
}

/// Without the branch cookie even the ACK of a 2xx has the key of its INVITE.
fn is_relayed_2xx(tx: &Transaction) -> bool {
    let state = tx.state.lock();
    state.answer.as_ref().is_some_and(|a| !a.local && (200..300).contains(&a.code))
}
