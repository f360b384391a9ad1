//! `t_relay`: the request goes on, branch by branch. A branch_route runs before its branch leaves, and a host name is
//! resolved; either may suspend the run.
use super::ack;
use super::branch::{self, NotSent};
use super::cancel;
use super::create::{self, Created, EarlyBranch};
use super::reply_out::{self, LocalReply};
use super::words::RelayWords;
use crate::base::Str;
use crate::context::{Effect, EffectAnswer, Level, RelayFlags, Target, Transaction, TxState};
use crate::modules::core::outbound::{self, HopError, NextHop};
use crate::modules::core::proxy_text::ProxyText;
use crate::proto::response_choice::{BranchKind, Closed};
use crate::registry::RouteKind;
use crate::sip::{Edits, StatusCode};
use crate::vm::{Answer, Cx, Ret, Ruled, Scope, SubRun, Then, Words};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Return codes of `t_relay`.
const GENERIC: i32 = -1;
const BAD_MESSAGE: i32 = -2;
const NO_DESTINATION: i32 = -3;
const BAD_ADDRESS: i32 = -4;
const BLOCKED: i32 = -5;
const SEND_FAILED: i32 = -6;

/// A relay under way.
struct Relay {
    tx: Arc<Transaction>,
    flags: RelayFlags,
    /// The transaction was made by this call: a failure is answered here.
    fresh: bool,
    /// Where to send what has no destination URI.
    proxy: Option<Str>,
    queue: VecDeque<Target>,
    /// What the run has outside its branches.
    edits: Edits,
    main: Target,
    branch: Option<usize>,
    sent: usize,
    dropped: usize,
    failure: Option<NotSent>,
}

pub fn t_relay(cx: &mut Cx<'_>, flags: Option<Words<RelayWords>>, proxy: Option<Ruled<ProxyText>>) -> Ret {
    let proxy = proxy.map(|Ruled(hop)| hop);
    let flags = flags.map_or(RelayFlags::default(), |w| w.0.0);
    if cx.run.kind == RouteKind::Request && cx.run.tx.is_none() {
        match cx.run.msg.method_bytes() {
            b"ACK" => return ack::relay(cx, proxy),
            b"CANCEL" => {
                if let Some(entry) = super::lookup::cancelled(cx.core, &cx.run.msg) {
                    return cancel::relay(cx, &entry, flags);
                }
            }
            _ => {}
        }
    }
    let (tx, fresh) = match create::transaction(cx) {
        Created::New(tx) => (tx, true),
        Created::Exists(tx) => (tx, false),
        Created::Retransmission => return Ret::TRUE,
        Created::Impossible => return Ret::Code(BAD_MESSAGE),
    };
    begin_set(&mut tx.state.lock());
    start(cx, tx, fresh, flags, proxy)
}

/// The branches to come are the active ones; a wait for further branches goes on among them.
fn begin_set(state: &mut TxState) {
    let waits = state.branches.last().is_some_and(|b| matches!(b.kind, BranchKind::Phony { .. }));
    state.first_branch = state.branches.len() - usize::from(waits);
}

/// Sends the run's request to all its targets.
pub fn start(cx: &mut Cx<'_>, tx: Arc<Transaction>, fresh: bool, flags: RelayFlags, proxy: Option<Str>) -> Ret {
    let mut queue = VecDeque::with_capacity(1 + cx.run.targets.added.len());
    queue.push_back(cx.run.targets.main.clone());
    queue.extend(cx.run.targets.added.drain(..));
    arm(cx, &tx, flags);
    let relay = Relay {
        tx,
        flags,
        fresh,
        proxy,
        queue,
        edits: cx.run.edits.clone(),
        main: cx.run.targets.main.clone(),
        branch: cx.run.branch,
        sent: 0,
        dropped: 0,
        failure: None,
    };
    next(cx, Box::new(relay))
}

/// Goes on with the code that `ret` comes to, be it now or after what it waits for.
pub fn then(cx: &mut Cx<'_>, ret: Ret, done: impl FnOnce(&mut Cx<'_>, i32) -> Ret + Send + 'static) -> Ret {
    match ret {
        Ret::Code(code) => done(cx, code),
        Ret::Wait(effect, next) => Ret::Wait(effect, continued(next, done)),
        Ret::Run(sub, next) => Ret::Run(sub, continued(next, done)),
    }
}

fn continued(next: Then, done: impl FnOnce(&mut Cx<'_>, i32) -> Ret + Send + 'static) -> Then {
    Box::new(move |cx, answer| {
        let ret = next(cx, answer);
        then(cx, ret, done)
    })
}

/// Routes armed since the transaction was made are the transaction's from now on.
fn arm(cx: &Cx<'_>, tx: &Transaction, flags: RelayFlags) {
    let armed = &cx.run.armed;
    let mut state = tx.state.lock();
    state.relay = flags;
    state.armed.branch.clone_from(&armed.branch);
    state.armed.failure.clone_from(&armed.failure);
    state.armed.reply.clone_from(&armed.reply);
}

/// Goes through the targets left, until one has to wait.
fn next(cx: &mut Cx<'_>, mut relay: Box<Relay>) -> Ret {
    while let Some(target) = relay.queue.pop_front() {
        let index = {
            let state = relay.tx.state.lock();
            if let Some(why) = state.fork.closed() {
                relay.failure = Some(NotSent::Closed(why));
                break;
            }
            state.branches.len()
        };
        cx.run.edits.clone_from(&relay.edits);
        cx.run.targets.main = target;
        cx.run.branch = Some(index);
        cx.run.slots.take::<EarlyBranch>();
        if let Some(route) = cx.run.armed.branch.clone() {
            let sub = SubRun { kind: RouteKind::Branch, name: Some(route), scope: Scope::Same };
            return Ret::Run(Box::new(sub), Box::new(move |cx, answer| after_branch_route(cx, relay, answer)));
        }
        match way_out(cx, &relay) {
            Ok(NextHop::Address(to)) => send(cx, &mut relay, &[to]),
            Ok(NextHop::Name { host, port }) => return resolve(relay, host, port),
            Err(error) => relay.failure = Some(NotSent::Hop(error)),
        }
    }
    finish(cx, *relay)
}

fn after_branch_route(cx: &mut Cx<'_>, mut relay: Box<Relay>, answer: Answer) -> Ret {
    if matches!(&answer, Answer::Route(outcome) if outcome.dropped) {
        relay.dropped += 1;
        return next(cx, relay);
    }
    match way_out(cx, &relay) {
        Ok(NextHop::Address(to)) => send(cx, &mut relay, &[to]),
        Ok(NextHop::Name { host, port }) => return resolve(relay, host, port),
        Err(error) => relay.failure = Some(NotSent::Hop(error)),
    }
    next(cx, relay)
}

/// A destination URI of the branch wins over the outbound proxy of the call.
fn way_out(cx: &Cx<'_>, relay: &Relay) -> Result<NextHop, HopError> {
    let target = &cx.run.targets.main;
    match &relay.proxy {
        Some(proxy) if target.dst.is_none() => outbound::hop_of_proxy(proxy),
        _ => outbound::next_hop(&cx.run.msg, target),
    }
}

fn resolve(relay: Box<Relay>, host: Str, port: u16) -> Ret {
    let effect = Effect::Resolve { host: host.clone() };
    Ret::Wait(effect, Box::new(move |cx, answer| resolved(cx, relay, host, port, answer)))
}

fn resolved(cx: &mut Cx<'_>, mut relay: Box<Relay>, host: Str, port: u16, answer: Answer) -> Ret {
    let addresses: Vec<SocketAddr> = match answer {
        Answer::Effect(EffectAnswer::Resolved(ips)) => ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(),
        Answer::Effect(_) | Answer::Route(_) => Vec::new(),
    };
    if addresses.is_empty() {
        relay.failure = Some(NotSent::Hop(HopError::Unresolved(host)));
    } else {
        send(cx, &mut relay, &addresses);
    }
    next(cx, relay)
}

fn send(cx: &mut Cx<'_>, relay: &mut Relay, addresses: &[SocketAddr]) {
    match branch::send(cx, &relay.tx, addresses) {
        Ok(()) => relay.sent += 1,
        Err(why) => {
            if let NotSent::Hop(error) = &why {
                cx.log(Level::Error, "tm", "t_relay", format_args!("{error}"));
            }
            relay.failure = Some(why);
        }
    }
}

/// Gives the run back what it had, and says how it went.
fn finish(cx: &mut Cx<'_>, relay: Relay) -> Ret {
    cx.run.edits = relay.edits;
    cx.run.targets.main = relay.main;
    cx.run.branch = relay.branch;
    if relay.sent > 0 {
        return Ret::TRUE;
    }
    let tx = relay.tx;
    if tx.state.lock().fork.is_cancelled() {
        refuse(cx, &tx, StatusCode::REQUEST_TERMINATED, b"");
        return Ret::Code(NO_DESTINATION);
    }
    let Some(why) = relay.failure else {
        // Every branch was dropped by its branch_route (language reference 11.4).
        if relay.dropped > 0 {
            refuse(cx, &tx, StatusCode::SERVER_ERROR, b"Server error occurred (1/TM)");
            return Ret::TRUE;
        }
        return Ret::Code(NO_DESTINATION);
    };
    if relay.fresh && !relay.flags.no_auto_477 {
        let (code, reason) = refusal(&why);
        refuse(cx, &tx, code, reason);
        return Ret::TRUE;
    }
    Ret::Code(match why {
        NotSent::Closed(_) => NO_DESTINATION,
        NotSent::Hop(HopError::Unresolved(_) | HopError::BadUri(_)) => BAD_ADDRESS,
        NotSent::Hop(HopError::Blocked(_)) => BLOCKED,
        NotSent::Hop(HopError::Transport(_) | HopError::NoSocket(_)) => SEND_FAILED,
    })
}

/// How tm itself answers a request that it could send nowhere.
fn refusal(why: &NotSent) -> (StatusCode, &'static [u8]) {
    let code = |n| StatusCode::new(n).unwrap_or(StatusCode::SERVER_ERROR);
    match why {
        NotSent::Hop(HopError::Blocked(_)) => (code(473), b"Filtered destination (473/TM)"),
        NotSent::Hop(HopError::Transport(_) | HopError::NoSocket(_)) => (code(477), b"Send failed (477/TM)"),
        NotSent::Hop(HopError::Unresolved(_)) => (code(478), b"Unresolvable destination (478/TM)"),
        NotSent::Hop(HopError::BadUri(_)) => (code(479), b"We don't forward to this URI (479/TM)"),
        NotSent::Closed(Closed::Answered | Closed::Cancelled | Closed::SearchEnded | Closed::TooMany) => {
            (StatusCode::SERVER_ERROR, b"Server error occurred (1/TM)")
        }
    }
}

fn refuse(cx: &mut Cx<'_>, tx: &Arc<Transaction>, code: StatusCode, reason: &[u8]) {
    if reply_out::local(cx, tx, &LocalReply::new(code, reason)).is_err() {
        cx.log(Level::Debug, "tm", "t_relay", format_args!("already answered, no {} follows", code.get()));
    }
}

/// `t_replicate`: a copy goes to `uri`; what is answered to it goes nowhere.
pub fn t_replicate(cx: &mut Cx<'_>, uri: Str, flags: Option<Words<RelayWords>>) -> Ret {
    let flags = flags.map_or(RelayFlags::default(), |w| w.0.0);
    let flags = RelayFlags { replicate: true, no_auto_477: true, ..flags };
    let (tx, fresh) = match create::transaction(cx) {
        Created::New(tx) => (tx, true),
        Created::Exists(tx) => (tx, false),
        Created::Retransmission => return Ret::TRUE,
        Created::Impossible => return Ret::Code(GENERIC),
    };
    begin_set(&mut tx.state.lock());
    let targets = &mut cx.run.targets;
    targets.main.dst = Some(uri);
    // Added branches go out as the same request, to where they point.
    for added in &mut targets.added {
        added.dst = std::mem::replace(&mut added.uri, targets.main.uri.clone());
    }
    start(cx, tx, fresh, flags, None)
}
