//! Forwarding without a transaction: `forward()`, the ACK of a relayed 2xx, replies to what was forwarded so.
use super::outbound::{self, HopError, NextHop};
use crate::base::Str;
use crate::context::{Datagram, Effect, EffectAnswer, Level};
use crate::sip::{Framing, Transport, print};
use crate::vm::{Answer, Cx, Hook, Ret};
use bytes::Bytes;
use std::net::SocketAddr;

/// Sends the run's request on. 1 once it left, -1 where there is no way out.
pub fn send(cx: &mut Cx<'_>, proxy: Option<Str>) -> Ret {
    let target = &cx.run.targets.main;
    let hop = match proxy {
        Some(proxy) if target.dst.is_none() => outbound::hop_of_proxy(&proxy),
        _ => outbound::next_hop(&cx.run.msg, target),
    };
    match hop {
        Ok(NextHop::Address(to)) => leave(cx, &[to], &Str::EMPTY),
        Ok(NextHop::Name { host, port }) => resolve(host, port, leave),
        Err(error) => failed(cx, &error),
    }
}

/// Sends the run's reply to where the Via under ours says (RFC 3261 16.11).
pub fn send_reply(cx: &mut Cx<'_>) -> Ret {
    match outbound::reply_hop(&cx.run.msg) {
        Some(NextHop::Address(to)) => leave_reply(cx, &[to], &Str::EMPTY),
        Some(NextHop::Name { host, port }) => resolve(host, port, leave_reply),
        None => {
            cx.core.counts.drop_replies.inc();
            Ret::FALSE
        }
    }
}

type Leave = fn(&mut Cx<'_>, &[SocketAddr], &Str) -> Ret;

fn resolve(host: Str, port: u16, leave: Leave) -> Ret {
    let effect = Effect::Resolve { host: host.clone() };
    let then = move |cx: &mut Cx<'_>, answer: Answer| {
        let addresses: Vec<SocketAddr> = match answer {
            Answer::Effect(EffectAnswer::Resolved(ips)) => {
                ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
            }
            Answer::Effect(_) | Answer::Route(_) => Vec::new(),
        };
        leave(cx, &addresses, &host)
    };
    Ret::Wait(effect, Box::new(then))
}

fn leave(cx: &mut Cx<'_>, addresses: &[SocketAddr], host: &Str) -> Ret {
    let Some(&to) = addresses.first() else { return failed(cx, &HopError::Unresolved(host.clone())) };
    let outer = (cx.run.edits.clone(), cx.run.targets.main.socket);
    let socket = match outbound::socket_for(cx.core, outer.1, cx.run.received.socket, to.ip()) {
        Ok(socket) => socket,
        Err(error) => return failed(cx, &error),
    };
    cx.run.targets.main.socket = Some(socket);
    cx.raise(&Hook::BranchOut { branch: 0, socket });
    cx.raise(&Hook::Forwarded);
    let datagram = outbound::stateless_request(cx.core, cx.run, to, socket, &mut cx.shard.scratch);
    (cx.run.edits, cx.run.targets.main.socket) = outer;
    if outbound::is_blocked(cx, Transport::Udp, to, Some(&datagram.bytes)) {
        return failed(cx, &HopError::Blocked(to));
    }
    cx.shard.send(datagram);
    cx.core.counts.fwd_requests.inc();
    Ret::TRUE
}

fn leave_reply(cx: &mut Cx<'_>, addresses: &[SocketAddr], host: &Str) -> Ret {
    let Some(&to) = addresses.first() else { return failed(cx, &HopError::Unresolved(host.clone())) };
    let socket = match outbound::socket_for(cx.core, None, cx.run.received.socket, to.ip()) {
        Ok(socket) => socket,
        Err(error) => return failed(cx, &error),
    };
    let scratch = &mut cx.shard.scratch;
    scratch.clear();
    print::forward_reply(&cx.run.msg, &cx.run.edits, None, Framing::Datagram, scratch);
    let bytes = Bytes::copy_from_slice(scratch);
    cx.shard.send(Datagram { socket, to, bytes });
    cx.core.counts.fwd_replies.inc();
    Ret::TRUE
}

fn failed(cx: &mut Cx<'_>, error: &HopError) -> Ret {
    cx.log(Level::Error, "core", "forward", format_args!("{error}"));
    Ret::FALSE
}
