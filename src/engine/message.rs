//! A datagram from its bytes to the run over it.
use super::waiting::Held;
use super::{Engine, refuse};
use crate::base::Now;
use crate::context::{Level, Received, Run, Shard, SocketId};
use crate::modules::core::stateless;
use crate::modules::tm::{self, Tm, lookup, reply_in::Arrival};
use crate::registry::RouteKind;
use crate::sip::header::Via;
use crate::sip::{Framing, Message, is_keepalive};
use crate::vm::{Answer, Cx, Hook, Ret, Scope, SubRun};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

pub fn datagram(engine: &Engine, shard: &mut Shard, now: Now, socket: SocketId, from: SocketAddr, bytes: Bytes) {
    if is_keepalive(&bytes) {
        return;
    }
    shard.received += 1;
    let number = (shard.received << 6) | shard.index as u64;
    let received = Received { from, socket, at: now, number };
    let message = match Message::parse(bytes, Framing::Datagram) {
        Ok(message) => message,
        Err(error) => return refuse::unreadable(engine, shard, now, error, received),
    };
    let valid = message.validate();
    match (message.is_request(), valid) {
        (true, Ok(())) => request(engine, shard, now, message, received),
        (true, Err(fault)) => refuse::invalid(engine, shard, now, message, fault, received),
        (false, Ok(())) => reply(engine, shard, now, message, received),
        (false, Err(_)) => engine.core.counts.err_replies.inc(),
    }
}

fn request(engine: &Engine, shard: &mut Shard, now: Now, message: Message, received: Received) {
    engine.core.counts.rcv_requests.inc();
    if !engine.waiting.is_empty() && waits_behind(engine, &message, &received) {
        return;
    }
    let message = Arc::new(message);
    shard.request = Some((message.clone(), received));
    let mut run = Box::new(Run::new(RouteKind::Request, message.clone(), received));
    run.incoming = true;
    let ran = engine.run(shard, now, run, main_route);
    let key = ran.waits.as_ref().and_then(|_| lookup::key_of(&engine.core, &message));
    engine.settle(shard, now, ran, key);
}

/// Whether the same request waits without a transaction: then its repetition is dropped, and its CANCEL comes later.
fn waits_behind(engine: &Engine, message: &Message, received: &Received) -> bool {
    let core = &engine.core;
    if message.method_bytes() == b"CANCEL" {
        let held = Held { socket: received.socket, from: received.from, bytes: message.raw().clone() };
        return lookup::cancelled_key(core, message).is_some_and(|key| engine.waiting.hold(key, held));
    }
    message.method_bytes() != b"ACK" && lookup::key_of(core, message).is_some_and(|key| engine.waiting.holds(key))
}

/// Modules first, then the main route.
fn main_route(cx: &mut Cx<'_>) -> Ret {
    cx.raise(&Hook::RequestIn);
    if std::mem::take(&mut cx.run.script.dropped) {
        return Ret::STOP;
    }
    let sub = SubRun { kind: RouteKind::Request, name: None, scope: Scope::Same };
    let then = |cx: &mut Cx<'_>, answer: Answer| {
        if matches!(&answer, Answer::Route(outcome) if outcome.missing) {
            let text = format_args!("the script has no main route: requests are dropped");
            cx.core.log.part(Level::Warning, "core", "run_actions", text);
        }
        Ret::TRUE
    };
    Ret::Run(Box::new(sub), Box::new(then))
}

fn reply(engine: &Engine, shard: &mut Shard, now: Now, message: Message, received: Received) {
    engine.core.counts.rcv_replies.inc();
    let run = Box::new(Run::new(RouteKind::OnReply, Arc::new(message), received));
    let ran = engine.run(shard, now, run, on_reply);
    engine.settle(shard, now, ran, None);
}

/// The global onreply_route first, then the transaction.
fn on_reply(cx: &mut Cx<'_>) -> Ret {
    if !cx.has_route(RouteKind::OnReply, None) {
        return to_transaction(cx);
    }
    let sub = SubRun { kind: RouteKind::OnReply, name: None, scope: Scope::Same };
    let then = |cx: &mut Cx<'_>, answer: Answer| {
        let dropped = matches!(&answer, Answer::Route(outcome) if outcome.dropped);
        if dropped && cx.run.msg.status().is_some_and(|s| s.is_provisional()) {
            cx.core.counts.drop_replies.inc();
            return Ret::TRUE;
        }
        cx.run.renew();
        cx.run.avps.clear();
        to_transaction(cx)
    };
    Ret::Run(Box::new(sub), Box::new(then))
}

fn to_transaction(cx: &mut Cx<'_>) -> Ret {
    if cx.core.states.get::<Tm>().is_some() {
        let (arrival, ret) = tm::reply_in::arrived(cx);
        if arrival == Arrival::Taken {
            return ret;
        }
    }
    if cx.core.settings.stateless_forwarding == Some(true) && went_through_here(cx) {
        return stateless::send_reply(cx);
    }
    cx.core.counts.drop_replies.inc();
    Ret::TRUE
}

/// RFC 3261 16.7 point 3: the topmost Via must be ours.
fn went_through_here(cx: &Cx<'_>) -> bool {
    let reply = &cx.run.msg;
    let ours = |via: &Via| cx.core.sockets.is_me(via.host.of(reply.raw()), via.port.unwrap_or(5060), None);
    reply.top_via().is_some_and(ours)
}
