//! What scripts ask about their transaction.
use super::ack;
use super::create::{self, Created};
use super::lookup;
use super::words::Replies;
use crate::base::Str;
use crate::context::{Branch, BranchReply, Entry, Level, TxState, Value};
use crate::registry::RouteKind;
use crate::vm::{Cx, PatternArg, Ret, Store, VarInto, Words};

pub fn t_newtran(cx: &mut Cx<'_>) -> Ret {
    match create::transaction(cx) {
        Created::New(_) => Ret::TRUE,
        Created::Retransmission => Ret::STOP,
        Created::Exists(_) => {
            cx.log(Level::Error, "tm", "t_newtran", format_args!("the request has its transaction already"));
            Ret::FALSE
        }
        Created::Impossible => Ret::FALSE,
    }
}

pub fn t_check_trans(cx: &mut Cx<'_>) -> Ret {
    let msg = cx.run.msg.clone();
    match msg.method_bytes() {
        b"CANCEL" => {
            let invite = lookup::cancelled(cx.core, &msg);
            // A dialog that the run matched itself is held until its end and stays.
            if let Some(Entry::Live(tx)) = &invite
                && cx.run.own.dialog.is_none()
            {
                cx.run.own.dialog.clone_from(&tx.state.lock().dialog);
            }
            Ret::bool(invite.is_some())
        }
        b"ACK" if ack::is_for_us(cx) => Ret::TRUE,
        b"ACK" if msg.to_tag().is_some() => Ret::Code(-2),
        _ if cx.run.tx.is_some() => Ret::FALSE,
        _ => match lookup::same_request(cx.core, &msg) {
            Some(entry) => {
                create::retransmitted(cx, &entry);
                Ret::STOP
            }
            None => Ret::FALSE,
        },
    }
}

pub fn t_check_status(cx: &mut Cx<'_>, re: PatternArg) -> Ret {
    let code = reply_code(cx);
    Ret::bool(re.0.is_match(code.to_string().as_bytes()))
}

/// `$T_reply_code`: of the current reply, of the winner in a failure route, else of the last reply sent; 0 without one.
pub fn reply_code(cx: &Cx<'_>) -> u16 {
    if let Some(status) = cx.run.msg.status() {
        return status.get();
    }
    let Some(tx) = &cx.run.tx else { return 0 };
    let state = tx.state.lock();
    match (cx.run.kind, cx.run.branch) {
        (RouteKind::Failure, _) => state.failed_with.unwrap_or(0),
        _ => state.answered(),
    }
}

pub fn t_local_replied(cx: &mut Cx<'_>, which: Words<Replies>) -> Ret {
    let Some(tx) = &cx.run.tx else { return Ret::FALSE };
    let state = tx.state.lock();
    let local = |b: &Branch| matches!(b.reply, Some(BranchReply::Local { .. }));
    let heard = |b: &Branch| b.heard || b.reply.as_ref().is_some_and(|r| matches!(r, BranchReply::Received { .. }));
    Ret::bool(match which.0 {
        Replies::All => !state.branches.iter().any(heard),
        Replies::Branch => own_branch(cx, &state).is_some_and(local),
        Replies::Last => match cx.run.kind {
            RouteKind::Failure => own_branch(cx, &state).is_some_and(local),
            _ => state.answer.as_ref().is_some_and(|a| a.local),
        },
    })
}

fn own_branch<'s>(cx: &Cx<'_>, state: &'s TxState) -> Option<&'s Branch> {
    state.branches.get(cx.run.branch?)
}

pub fn t_was_cancelled(cx: &mut Cx<'_>) -> Ret {
    Ret::bool(cx.run.tx.as_ref().is_some_and(|tx| tx.state.lock().fork.is_cancelled()))
}

pub fn t_get_branch_idx_by_attr(
    cx: &mut Cx<'_>,
    attr: Str,
    text: Option<Str>,
    number: Option<i32>,
    result: Option<VarInto>,
    offset: Option<i32>,
) -> Ret {
    let Some(tx) = cx.run.tx.clone() else { return Ret::Code(-2) };
    let fits = |value: &Value| match (&text, number) {
        (Some(text), _) => value.str_face().as_ref() == Some(text),
        (None, Some(number)) => value.int_face() == Some(number),
        (None, None) => true,
    };
    let has = |b: &Branch| b.target.attrs.iter().any(|(name, value)| *name == attr && fits(value));
    let from = usize::try_from(offset.unwrap_or(0)).unwrap_or(0);
    let found = tx.state.lock().branches.iter().enumerate().skip(from).find(|(_, b)| has(b)).map(|(i, _)| i);
    let Some(index) = found else { return Ret::FALSE };
    match result {
        Some(var) => Ret::bool(cx.write(&var.0, Store::Set, Value::Int(index as i32)).is_ok()),
        None => Ret::TRUE,
    }
}
