//! When records are written: replies that leave upstream, failed attempts, and the end of a call.
use super::accounting::Accounted;
use super::backends;
use super::context;
use super::record::{Cdr, Core, Outcome};
use super::settings::Settings;
use crate::context::{AccCtx, AccState, Dialog, Transaction};
use crate::proto::dialog::State;
use crate::sip::{Message, Method};
use crate::vm::{Cx, Hook, ReplyOut};
use std::sync::Arc;

pub fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    match hook {
        Hook::TransactionCreated => transaction_created(cx),
        Hook::ReplyIn { .. } => reply_in(cx),
        Hook::ReplySent(reply) => reply_sent(cx, reply),
        Hook::LocalEnded(reply) => local_ended(cx, reply),
        Hook::BranchFailed { code, reason, reply } => attempt_failed(cx, *code, reason, *reply),
        Hook::TransactionEnd { tx } => transaction_ended(cx, tx),
        Hook::DialogWithin(dialog) => within(cx, dialog),
        Hook::DialogTerminated(dialog) => terminated(cx, dialog),
        Hook::DialogExpired(dialog) => call_ended(cx, dialog, cx.now.unix_us),
        Hook::RunEnd => run_ended(cx),
        Hook::Started
        | Hook::RequestIn
        | Hook::BranchOut { .. }
        | Hook::ReplyOut(_)
        | Hook::RouteMatched { .. }
        | Hook::Matched { .. }
        | Hook::CancelledTooLate
        | Hook::LateAnswer { .. }
        | Hook::Forwarded
        | Hook::DialogCreated(_)
        | Hook::DialogConfirmed(_)
        | Hook::DialogFailed(_)
        | Hook::WriteValues(_)
        | Hook::Unwound => {}
    }
}

fn settings<'a>(cx: &Cx<'a>) -> &'a Settings {
    cx.core.state()
}

/// What the script decided before there was a transaction is the transaction's.
fn transaction_created(cx: &mut Cx<'_>) {
    let Some(tx) = cx.run.tx.clone() else { return };
    let accounted = cx.run.slots.take::<Accounted>();
    let mut state = tx.state.lock();
    if let Some(ctx) = &cx.run.own.acc {
        state.acc = Some(ctx.clone());
    }
    if let Some(accounted) = accounted {
        state.slots.set(accounted);
    }
}

/// A global onreply_route may have set values before the reply met its transaction.
fn reply_in(cx: &mut Cx<'_>) {
    let Some(tx) = cx.run.tx.clone() else { return };
    let call = {
        let state = tx.state.lock();
        let of_dialog = || state.dialog.clone();
        state.acc.clone().map_or_else(|| Err(of_dialog()), Ok)
    };
    let call = call.or_else(|dialog| dialog.and_then(|d| d.state.lock().acc.clone()).ok_or(()));
    if let Ok(call) = call {
        context::merge(cx, &call);
    }
}

/// Values set before the request was matched belong to its call.
fn within(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let call = dialog.state.lock().acc.clone();
    if let Some(call) = call {
        context::merge(cx, &call);
    }
}

/// The context and the mark of a transaction that is accounted.
fn accounted(tx: &Transaction) -> Option<(Arc<AccCtx>, Accounted)> {
    let state = tx.state.lock();
    Some((state.acc.clone()?, *state.slots.get::<Accounted>()?))
}

fn reply_sent(cx: &mut Cx<'_>, reply: &ReplyOut<'_>) {
    if let Some((ctx, mark)) = accounted(reply.tx) {
        account_reply(cx, reply, &ctx, mark);
    }
    if reply.code >= 200 && reply.tx.request.method() == Method::Bye {
        bye_answered(cx, reply.tx);
    }
}

/// A request made here that `local_route` accounted.
fn local_ended(cx: &mut Cx<'_>, reply: &ReplyOut<'_>) {
    if let Some((ctx, mark)) = accounted(reply.tx) {
        account_reply(cx, reply, &ctx, mark);
    }
}

fn account_reply(cx: &mut Cx<'_>, reply: &ReplyOut<'_>, ctx: &AccCtx, mark: Accounted) {
    let request = &reply.tx.request;
    let outcome = Outcome { code: Some(reply.code), reason: reply.reason, to_tag: reply.to_tag.clone() };
    let core = Core::new(request, outcome, mark.swapped);
    let has_dialog = reply.tx.state.lock().dialog.is_some();
    let mut state = ctx.state.lock();
    if reply.code >= 300 && request.method() == Method::Invite {
        backends::missed(cx, &core, &mut state);
    }
    if !is_due(cx, reply, &state) {
        return;
    }
    let begins_call = request.method() == Method::Invite && request.to_tag().is_none();
    if begins_call && has_dialog && state.wants_cdr() && (200..300).contains(&reply.code) {
        let answered = state.early_us.unwrap_or(cx.now.unix_us);
        state.core.get_or_insert_with(|| core.keep(answered));
        return;
    }
    if reply.code < 200 {
        state.early_us.get_or_insert(cx.now.unix_us);
    }
    backends::answered(cx, &core, &state);
}

/// Final successes; refusals with `failed`; provisionals with a body with `early_media`.
fn is_due(cx: &Cx<'_>, reply: &ReplyOut<'_>, state: &AccState) -> bool {
    state.any_on()
        && match reply.code {
            0..=199 => settings(cx).early_media && reply.relayed.is_some() && reply.has_body,
            200..=299 => true,
            _ => state.backends.iter().any(|b| b.on && b.failed),
        }
}

/// One attempt to reach somebody came to nothing.
fn attempt_failed(cx: &mut Cx<'_>, code: u16, reason: &[u8], reply: Option<&Arc<Message>>) {
    let Some(tx) = cx.run.tx.clone() else { return };
    let Some((ctx, mark)) = accounted(&tx) else { return };
    let to_tag = reply.and_then(|r| r.to_tag().map(crate::base::Str::new));
    let core = Core::new(&tx.request, Outcome { code: Some(code), reason, to_tag }, mark.swapped);
    backends::missed(cx, &core, &mut ctx.state.lock());
}

/// The call ended. A BYE that came in may still change the call's values until it is answered; what ended otherwise is
/// accounted now.
fn terminated(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    if !runs_bye_of(cx, dialog) {
        return call_ended(cx, dialog, cx.now.unix_us);
    }
    let ctx = dialog.state.lock().acc.clone();
    if let Some(ctx) = ctx {
        ctx.state.lock().ended_us.get_or_insert(cx.run.received.at.unix_us);
    }
}

/// Whether the run is that of a peer's BYE.
fn runs_bye_of(cx: &Cx<'_>, dialog: &Arc<Dialog>) -> bool {
    let own = cx.run.own.dialog.as_ref();
    let made_here = cx.run.tx.as_ref().is_some_and(|tx| tx.local);
    let is_bye = cx.run.msg.is_request() && cx.run.msg.method() == Method::Bye;
    is_bye && !made_here && own.is_some_and(|own| Arc::ptr_eq(own, dialog))
}

fn bye_answered(cx: &mut Cx<'_>, tx: &Transaction) {
    let dialog = tx.state.lock().dialog.clone();
    if let Some(dialog) = dialog {
        after_bye(cx, &dialog);
    }
}

/// A BYE whose transaction ends without an answer leaves no call without its record.
fn transaction_ended(cx: &mut Cx<'_>, tx: &Arc<Transaction>) {
    if tx.request.method() == Method::Bye {
        bye_answered(cx, tx);
    }
}

/// Nor does one that the script never gave a transaction.
fn run_ended(cx: &mut Cx<'_>) {
    let Some(dialog) = cx.run.own.dialog.clone() else { return };
    if cx.run.tx.is_none() && runs_bye_of(cx, &dialog) {
        after_bye(cx, &dialog);
    }
}

fn after_bye(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let (ended, ctx) = {
        let state = dialog.state.lock();
        (state.state() == State::Deleted, state.acc.clone())
    };
    let Some(ctx) = ctx.filter(|_| ended) else { return };
    let at = ctx.state.lock().ended_us;
    if let Some(at) = at {
        write_cdr(cx, &ctx, at);
    }
}

fn call_ended(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, at_us: u64) {
    let ctx = dialog.state.lock().acc.clone();
    if let Some(ctx) = ctx {
        write_cdr(cx, &ctx, at_us);
    }
}

/// Once for a call, for all backends that are on, with the values as they are now.
fn write_cdr(cx: &mut Cx<'_>, ctx: &AccCtx, ended_us: u64) {
    let mut state = ctx.state.lock();
    let Some(cdr) = Cdr::of(&state, ended_us) else { return };
    if std::mem::replace(&mut state.cdr_written, true) {
        return;
    }
    backends::cdr(cx, &cdr, &state);
}
