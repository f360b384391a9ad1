//! Broken messages: answered with the status of their fault when they name a sender, counted and dropped when not.
use super::Engine;
use crate::base::{Now, Str};
use crate::context::{Core, Datagram, Output, Received, ReplyExtras, Run, ScriptError, Shard, Targets, ViaHandling};
use crate::modules::core::reply::{self, Answering, Asked, LocalReply};
use crate::registry::RouteKind;
use crate::sip::{Fault, Message, ParseError, StatusCode};
use crate::vm::{Ret, Scope, SubRun};
use std::sync::Arc;

/// A message that could not be parsed.
pub fn unreadable(engine: &Engine, shard: &mut Shard, now: Now, error: ParseError, received: Received) {
    let fault = error.fault;
    if error.answerable().is_none() {
        return drop_unreadable(&engine.core, &error);
    }
    let Some(partial) = error.partial else { return };
    invalid(engine, shard, now, *partial, fault, received);
}

fn drop_unreadable(core: &Core, error: &ParseError) {
    match error.partial.as_deref() {
        Some(reply) if !reply.is_request() => core.counts.err_replies.inc(),
        Some(_) | None => core.counts.err_requests.inc(),
    }
}

/// A request that must not be acted upon. `error_route` may answer it; otherwise it is answered here.
pub fn invalid(engine: &Engine, shard: &mut Shard, now: Now, message: Message, fault: Fault, received: Received) {
    let core = &engine.core;
    core.counts.err_requests.inc();
    core.counts.bad_msg_hdr.inc();
    if !message.can_be_answered() {
        return;
    }
    let message = Arc::new(message);
    let sent = |shard: &Shard| shard.out.iter().filter(|o| matches!(o, Output::Send(_))).count();
    let before = sent(shard);
    if engine.image().route(RouteKind::Error, None).is_some() && message.top_via().is_some() {
        error_route(engine, shard, now, &message, fault, received);
        if sent(shard) > before {
            return;
        }
    }
    answer(core, shard, &message, &received, fault.status(), fault.reason().as_bytes());
}

fn error_route(engine: &Engine, shard: &mut Shard, now: Now, message: &Arc<Message>, fault: Fault, received: Received) {
    shard.request = Some((message.clone(), received));
    let mut run = Box::new(Run::new(RouteKind::Error, message.clone(), received));
    run.script.error = ScriptError {
        class: ScriptError::PARSER,
        level: ScriptError::MEDIUM,
        info: Str::from(fault.reason()),
        code: i32::from(fault.status().get()),
        reason: Str::from(fault.reason()),
    };
    let sub = SubRun { kind: RouteKind::Error, name: None, scope: Scope::Same };
    let ran = engine.run(shard, now, run, |_| Ret::Run(Box::new(sub), Box::new(|_, _| Ret::TRUE)));
    engine.settle(shard, now, ran, None);
}

/// The request met a fault of ours.
pub fn server_error(core: &Core, shard: &mut Shard, message: &Message, received: &Received) {
    if message.can_be_answered() {
        answer(core, shard, message, received, StatusCode::SERVER_ERROR, b"");
    }
}

fn answer(core: &Core, shard: &mut Shard, request: &Message, received: &Received, code: StatusCode, reason: &[u8]) {
    let (via, extras, targets) = (ViaHandling::default(), ReplyExtras::default(), Targets::default());
    let asked = Asked { request, received, via: &via, extras: &extras, targets: &targets };
    let to_tag = reply::to_tag(core, request, Answering::Stateless);
    let bytes = reply::print(core, &asked, &LocalReply { code, reason, to_tag: &to_tag, body: None });
    let (socket, to) = reply::destination(core, &asked);
    shard.send(Datagram { socket, to, bytes });
}
