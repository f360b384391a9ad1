//! `t_reply` and its kin.
use super::cancel::within;
use super::create::{self, Created};
use super::reply_out::{self, LocalReply, ReplyError};
use super::settle;
use crate::base::Str;
use crate::context::{Level, Transaction};
use crate::sip::{Message, StatusCode};
use crate::vm::{Cx, Ret, Ruled, Status};
use std::sync::Arc;

pub fn t_reply(cx: &mut Cx<'_>, Ruled(code): Ruled<Status>, reason: Str) -> Ret {
    Ret::Code(reply(cx, code, &reason, None))
}

pub fn t_reply_with_body(cx: &mut Cx<'_>, Ruled(code): Ruled<Status>, reason: Str, body: Str) -> Ret {
    Ret::Code(reply(cx, code, &reason, Some(&body)))
}

/// Answers the run's request statefully: 1, or -1 when it cannot be answered any more. What `t_reply` and `send_reply` do.
pub fn reply(cx: &mut Cx<'_>, code: i32, reason: &[u8], body: Option<&[u8]>) -> i32 {
    let Some(status) = u16::try_from(code).ok().and_then(StatusCode::new) else {
        cx.log(Level::Error, "tm", "t_reply", format_args!("{code} is no status of a reply"));
        return -1;
    };
    let tx = match create::transaction(cx) {
        Created::New(tx) | Created::Exists(tx) => tx,
        // The script ends quietly: the reply that was sent before went again.
        Created::Retransmission => return 0,
        Created::Impossible => return i32::from(cx.run.msg.method_bytes() == b"ACK") * 2 - 1,
    };
    match reply_out::local(cx, &tx, &LocalReply { code: status, reason, body }) {
        Ok(()) => 1,
        Err(ReplyError::Answered) => {
            cx.log(Level::Error, "tm", "t_reply", format_args!("the request has its final reply already"));
            -1
        }
        Err(ReplyError::Local) => -1,
    }
}

pub fn t_reply_by_callid(
    cx: &mut Cx<'_>,
    Ruled(code): Ruled<Status>,
    reason: Str,
    callid: Option<Str>,
    cseq: Option<Str>,
) -> Ret {
    let Some(status) = u16::try_from(code).ok().and_then(StatusCode::new) else { return Ret::FALSE };
    let msg = cx.run.msg.clone();
    let call_id = callid.as_deref().or(msg.call_id()).unwrap_or_default();
    let Some(number) = wanted_cseq(&msg, cseq) else { return Ret::FALSE };
    let wanted = |tx: &Transaction| {
        tx.is_invite() && tx.request.call_id() == Some(call_id) && tx.request.cseq().is_some_and(|c| c.number == number)
    };
    let Some(tx) = cx.core.transactions.search(wanted).into_iter().next() else { return Ret::Code(-2) };
    Ret::Code(answer_other(cx, &tx, &LocalReply::new(status, &reason)))
}

fn wanted_cseq(msg: &Message, given: Option<Str>) -> Option<u32> {
    match given {
        Some(text) => std::str::from_utf8(&text).ok()?.trim().parse().ok(),
        None => Some(msg.cseq()?.number),
    }
}

fn answer_other(cx: &mut Cx<'_>, tx: &Arc<Transaction>, reply: &LocalReply<'_>) -> i32 {
    let result = within(cx, tx, |cx| {
        let result = reply_out::local(cx, tx, reply);
        if result.is_ok() {
            settle::settle(cx, tx);
        }
        result
    });
    match result {
        Ok(()) => 1,
        Err(ReplyError::Answered) => -3,
        Err(ReplyError::Local) => -4,
    }
}
