//! Replies on their way upstream: relayed ones, and those made here.
use super::exchange::{self, Io, Which};
use super::settle;
use super::timers::rearm;
use crate::base::Str;
use crate::context::{Core, Run, SentReply, Transaction, TxState};
use crate::modules::core::reply::{self, Answering, Asked};
use crate::proto::response_choice::Others;
use crate::registry::RouteKind;
use crate::sip::print::{self, Body};
use crate::sip::{Framing, HeaderId, Message, StatusCode};
use crate::vm::{Cx, Hook, OwnedRun, ReplyOut, Scope, SubRun};
use bytes::Bytes;
use std::sync::Arc;

/// A reply to be made here.
#[derive(Clone, Copy, Debug)]
pub struct LocalReply<'a> {
    pub code: StatusCode,
    /// Empty: the default phrase.
    pub reason: &'a [u8],
    /// Its type stands in header lines that the script added.
    pub body: Option<&'a [u8]>,
}

impl<'a> LocalReply<'a> {
    pub fn new(code: StatusCode, reason: &'a [u8]) -> LocalReply<'a> {
        LocalReply { code, reason, body: None }
    }
}

/// Why no reply left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// A final reply is already upstream.
    Answered,
    /// A request made here has nobody to reply to.
    Local,
}

/// The 100 that OpenSIPS sends when an INVITE gets its transaction. No hook: it goes one hop and means nothing else.
pub fn trying(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    let bytes = print_local(cx, tx, &LocalReply::new(StatusCode::TRYING, b"Giving it a try"), b"");
    let mut state = tx.state.lock();
    let reply = SentReply { code: 100, bytes, local: true, to_tag: None };
    exchange::answer(&mut Io::of(cx), tx, &mut state, reply);
    cx.core.state::<super::Tm>().counts.reply_sent(100, false);
}

/// Answers the request of `tx`, and with a final reply ends its branches.
pub fn local(cx: &mut Cx<'_>, tx: &Arc<Transaction>, reply: &LocalReply<'_>) -> Result<(), ReplyError> {
    {
        let state = tx.state.lock();
        if state.server.is_none() {
            return Err(ReplyError::Local);
        }
        if state.answered() >= 200 {
            return Err(ReplyError::Answered);
        }
    }
    let code = reply.code.get();
    let to_tag = tag_of(cx.core, tx);
    let reason = if reply.reason.is_empty() { reply.code.default_reason().as_bytes() } else { reply.reason };
    let out = ReplyOut {
        tx,
        code,
        reason,
        relayed: None,
        branch: None,
        to_tag: Some(to_tag.clone()),
        has_body: reply.body.is_some(),
    };
    cx.raise(&Hook::ReplyOut(&out));
    let bytes = print_local(cx, tx, reply, &to_tag);
    look_at(cx, &bytes);
    {
        let mut state = tx.state.lock();
        let mut io = Io::of(cx);
        let answer = SentReply { code, bytes, local: true, to_tag: Some(to_tag.clone()) };
        if settle::answers_here(tx, &answer) {
            io.core.transactions.note_tag(to_tag, tx.id);
        }
        exchange::answer(&mut io, tx, &mut state, answer);
        if code >= 200 {
            exchange::cancel_branches(&mut io, tx, &mut state, Which::All, None);
        }
        rearm(cx.shard, tx.id, &mut state);
    }
    cx.core.state::<super::Tm>().counts.reply_sent(code, false);
    cx.raise(&Hook::ReplySent(&out));
    Ok(())
}

/// The reply with what the script added to replies of this request, be it in this run or in one before.
fn print_local(cx: &Cx<'_>, tx: &Arc<Transaction>, reply: &LocalReply<'_>, to_tag: &[u8]) -> Bytes {
    if Arc::ptr_eq(&cx.run.msg, &tx.request) {
        return print(cx.core, &Asked { received: &tx.received, ..Asked::of(cx.run) }, reply, to_tag);
    }
    print_shared(cx.core, tx, &tx.state.lock(), reply, to_tag)
}

fn print_shared(core: &Core, tx: &Transaction, state: &TxState, reply: &LocalReply<'_>, to_tag: &[u8]) -> Bytes {
    let shared = &state.shared;
    let asked = Asked {
        request: &tx.request,
        received: &tx.received,
        via: &shared.via,
        extras: &shared.reply_extras,
        targets: &shared.targets,
    };
    print(core, &asked, reply, to_tag)
}

fn print(core: &Core, asked: &Asked<'_>, reply: &LocalReply<'_>, to_tag: &[u8]) -> Bytes {
    let body = reply.body.map(|bytes| Body { content_type: b"", bytes });
    reply::print(core, asked, &reply::LocalReply { code: reply.code, reason: reply.reason, to_tag, body })
}

/// The To tag that replies made here carry.
pub fn tag_of(core: &Core, tx: &Transaction) -> Str {
    match tx.request.to_tag() {
        Some(tag) => Str::new(tag),
        None => reply::to_tag(core, &tx.request, Answering::InTransaction),
    }
}

/// A reply that no module and no script takes notice of: the 200 to a CANCEL.
pub fn plain(cx: &mut Cx<'_>, tx: &Arc<Transaction>, code: StatusCode, reason: &[u8]) {
    let tag = tag_of(cx.core, tx);
    let bytes = print_local(cx, tx, &LocalReply::new(code, reason), &tag);
    let mut state = tx.state.lock();
    let reply = SentReply { code: code.get(), bytes, local: true, to_tag: Some(tag) };
    exchange::answer(&mut Io::of(cx), tx, &mut state, reply);
    rearm(cx.shard, tx.id, &mut state);
    drop(state);
    cx.core.state::<super::Tm>().counts.reply_sent(code.get(), false);
}

/// Ends a transaction with 500, whatever its scripts are about.
pub fn emergency(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState) {
    if state.server.is_none() || state.answered() >= 200 {
        return;
    }
    let tag = tag_of(io.core, tx);
    let bytes = print_shared(io.core, tx, state, &LocalReply::new(StatusCode::SERVER_ERROR, b""), &tag);
    exchange::answer(io, tx, state, SentReply { code: 500, bytes, local: true, to_tag: Some(tag) });
    exchange::cancel_branches(io, tx, state, Which::All, None);
}

/// Shows a reply made here to `local_reply_route`.
fn look_at(cx: &mut Cx<'_>, bytes: &Bytes) {
    let Some(route) = cx.core.state::<super::Tm>().local_reply_route.clone() else { return };
    let Ok(reply) = Message::parse(bytes.clone(), Framing::Datagram) else { return };
    let run = Box::new(Run::new(RouteKind::Request, Arc::new(reply), cx.run.received));
    let sub = SubRun { kind: RouteKind::Request, name: Some(route), scope: Scope::Own(run) };
    cx.later(OwnedRun { sub, then: None });
}

/// Sends a received reply upstream with the run's edits. `challenges` are replies whose challenges join it.
pub fn relay(
    cx: &mut Cx<'_>,
    tx: &Arc<Transaction>,
    reply: &Arc<Message>,
    branch: usize,
    others: Others,
    challenges: &[Arc<Message>],
) {
    let Some(status) = reply.status() else { return };
    let status = translated(cx, status);
    let code = status.get();
    let to_tag = reply.to_tag().map(|tag| Str::slice_of(reply.raw(), tag));
    let reason = reply.reason().unwrap_or_default();
    let out = ReplyOut {
        tx,
        code,
        reason,
        relayed: Some(reply),
        branch: Some(branch),
        to_tag: to_tag.clone(),
        has_body: !reply.body().is_empty(),
    };
    cx.raise(&Hook::ReplyOut(&out));
    join_challenges(cx.run, reply, challenges);
    let changed = (reply.status() != Some(status)).then_some((status, reason));
    cx.shard.scratch.clear();
    print::forward_reply(reply, &cx.run.edits, changed, Framing::Datagram, &mut cx.shard.scratch);
    let bytes = Bytes::copy_from_slice(&cx.shard.scratch);
    let settled = {
        let mut state = tx.state.lock();
        let mut io = Io::of(cx);
        exchange::answer(&mut io, tx, &mut state, SentReply { code, bytes, local: false, to_tag });
        if others == Others::Cancel && !keeps_branches(tx, &state, code) {
            let reason = Str::from_static("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
            let reason = (200..300).contains(&code).then_some(reason);
            exchange::cancel_branches(&mut io, tx, &mut state, Which::AllBut(branch), reason);
        }
        rearm(cx.shard, tx.id, &mut state);
        settle::shrink(cx.core, cx.shard, tx, &mut state)
    };
    cx.core.state::<super::Tm>().counts.reply_sent(code, true);
    cx.raise(&Hook::ReplySent(&out));
    if settled {
        cx.raise(&Hook::TransactionEnd { tx });
    }
}

/// RFC 3841 9.1: the caller may want the other branches to go on ringing.
fn keeps_branches(tx: &Transaction, state: &TxState, code: u16) -> bool {
    let wants = |value: &[u8]| value.split(|&b| b == b',').any(|v| v.trim_ascii().eq_ignore_ascii_case(b"no-cancel"));
    state.relay.allow_no_cancel
        && (200..300).contains(&code)
        && tx.request.all(HeaderId::RequestDisposition).any(|h| wants(tx.request.bytes(h.value)))
}

/// RFC 3261 16.7 point 6: a proxy does not pass a 503 on, unless told to.
fn translated(cx: &Cx<'_>, status: StatusCode) -> StatusCode {
    if status == StatusCode::UNAVAILABLE && !cx.core.settings.disable_503_translation {
        return StatusCode::SERVER_ERROR;
    }
    status
}

/// RFC 3261 16.7 point 7
fn join_challenges(run: &mut Run, reply: &Message, challenges: &[Arc<Message>]) {
    for other in challenges {
        for id in [HeaderId::WwwAuthenticate, HeaderId::ProxyAuthenticate] {
            for header in other.all(id) {
                run.edits.append_header(reply, other.text(header.line));
            }
        }
    }
}
