//! One branch: from a target to a request on the wire, and on to the next address of its name.
use super::create::EarlyBranch;
use super::exchange::Io;
use super::state::Tm;
use super::timers::rearm;
use crate::base::Str;
use crate::context::{Branch, Hop, SocketId, Transaction, TxState};
use crate::modules::core::outbound::{self, HopError, Leaving};
use crate::proto::response_choice::{BranchKind, Closed};
use crate::proto::transaction::{Client, ClientAction, ClientActions, Reliability};
use crate::registry::FlagFamily;
use crate::sip::{Edits, Framing, Message, Transport};
use crate::vm::{Cx, Hook};
use bytes::Bytes;
use smallvec::SmallVec;
use std::net::SocketAddr;
use std::sync::Arc;

/// Why a branch did not leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotSent {
    Hop(HopError),
    Closed(Closed),
}

/// Sends the run's request, as the run has it now, to the first of `addresses` that a socket reaches. The others are kept
/// for failover.
pub fn send(cx: &mut Cx<'_>, tx: &Arc<Transaction>, addresses: &[SocketAddr]) -> Result<(), NotSent> {
    let (hop, mut failover) = choose(cx, addresses)?;
    let (index, headers) = {
        let state = tx.state.lock();
        if let Some(why) = state.fork.closed() {
            return Err(NotSent::Closed(why));
        }
        (state.branches.len(), state.added_headers.clone())
    };
    cx.run.targets.main.socket = Some(hop.socket);
    cx.run.branch = Some(index);
    cx.raise(&Hook::BranchOut { branch: index, socket: hop.socket });
    let sent = print(cx, tx, hop.socket, index, headers);
    let hop = allowed(cx, hop, &mut failover, &sent)?;
    let early = cx.run.slots.take::<EarlyBranch>().unwrap_or_default();
    let mut guard = tx.state.lock();
    let state = &mut *guard;
    let kind = kind_of(cx, cx.run.targets.main.flags);
    state.fork.add(kind).map_err(NotSent::Closed)?;
    let mut actions = ClientActions::new();
    let client =
        Client::start(tx.request.method_bytes(), cx.now.mono, state.timers, Reliability::Unreliable, &mut actions);
    let mut io = Io::of(cx);
    if actions.contains(&ClientAction::SendRequest) {
        io.send(hop, &sent);
    }
    io.tm().counts.uac.inc();
    let branch = Branch {
        client: Some(client),
        hop: Some(hop),
        sent,
        failover,
        on_reply: early.on_reply,
        avps: early.avps,
        ..Branch::new(kind, std::mem::take(&mut cx.run.targets.main))
    };
    state.branches.push(branch);
    rearm(cx.shard, tx.id, state);
    Ok(())
}

/// The first address that a socket of ours reaches, and the further ones that the same socket does, next one last.
fn choose(cx: &Cx<'_>, addresses: &[SocketAddr]) -> Result<(Hop, Vec<SocketAddr>), NotSent> {
    let forced = cx.run.targets.main.socket;
    let socket = |to: &SocketAddr| outbound::socket_for(cx.core, forced, cx.run.received.socket, to.ip());
    let blocked = |to: &SocketAddr| outbound::is_blocked(cx, Transport::Udp, *to, None);
    let mut reached = (addresses.iter().filter(|to| !blocked(to)))
        .filter_map(|to| socket(to).ok().map(|socket| Hop { to: *to, socket }));
    let Some(hop) = reached.next() else {
        let error = addresses.iter().find_map(|to| socket(to).err());
        let error = error.or_else(|| addresses.iter().find(|to| blocked(to)).map(|to| HopError::Blocked(*to)));
        return Err(NotSent::Hop(error.unwrap_or(HopError::Unresolved(Str::EMPTY))));
    };
    let mut failover: Vec<SocketAddr> = reached.filter(|h| h.socket == hop.socket).map(|h| h.to).collect();
    failover.reverse();
    Ok((hop, failover))
}

/// The hop, or the next address, that no list with a pattern for this text keeps from being used.
fn allowed(cx: &Cx<'_>, mut hop: Hop, failover: &mut Vec<SocketAddr>, text: &[u8]) -> Result<Hop, NotSent> {
    while outbound::is_blocked(cx, Transport::Udp, hop.to, Some(text)) {
        hop.to = failover.pop().ok_or(NotSent::Hop(HopError::Blocked(hop.to)))?;
    }
    Ok(hop)
}

fn print(cx: &mut Cx<'_>, tx: &Transaction, socket: SocketId, index: usize, headers: Option<Str>) -> Bytes {
    let mut branch: SmallVec<[u8; 48]> = SmallVec::new();
    outbound::write_branch(tx.id, index, 0, &mut branch);
    let leaving = Leaving {
        request: &cx.run.msg,
        edits: &cx.run.edits,
        target: &cx.run.targets.main,
        via: &cx.run.via,
        received: (!tx.local).then_some(&tx.received),
        socket,
        branch: &branch,
        headers: headers.as_ref(),
    };
    cx.shard.scratch.clear();
    leaving.print(cx.core, &mut cx.shard.scratch);
    Bytes::copy_from_slice(&cx.shard.scratch)
}

fn kind_of(cx: &Cx<'_>, flags: u32) -> BranchKind {
    let minor = cx.core.state::<Tm>().minor_branch_flag.as_ref();
    let number = minor.filter(|_| flags != 0).and_then(|name| cx.image.flags.number(FlagFamily::Branch, name));
    match number {
        Some(n) if flags & (1 << n) != 0 => BranchKind::Minor,
        _ => BranchKind::Normal,
    }
}

/// Sends a branch that its peer did not serve to the next address of its name (RFC 3263 4.3). False when there is none.
pub fn try_next_address(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, index: usize) -> bool {
    if state.relay.no_dns_failover || state.fork.closed().is_some() {
        return false;
    }
    let timers = state.timers;
    let Some(branch) = state.branches.get_mut(index) else { return false };
    if branch.heard && branch.code != 503 {
        return false;
    }
    if let Some(hop) = branch.hop {
        io.core.blacklists.learn(io.now.mono, Transport::Udp, hop.to);
    }
    let (Some(to), Some(old)) = (branch.failover.pop(), branch.hop) else { return false };
    let attempt = branch.attempt.saturating_add(1);
    let Some(sent) = with_branch(&branch.sent, tx, index, attempt) else { return false };
    let mut actions = ClientActions::new();
    branch.client =
        Some(Client::start(tx.request.method_bytes(), io.now.mono, timers, Reliability::Unreliable, &mut actions));
    branch.hop = Some(Hop { to, ..old });
    branch.sent = sent;
    branch.attempt = attempt;
    branch.heard = false;
    branch.code = 0;
    branch.ack = None;
    branch.reply = None;
    io.send(Hop { to, ..old }, &branch.sent);
    rearm(io.shard, tx.id, state);
    true
}

/// The request as it left, with the branch parameter of another attempt: a new client transaction.
fn with_branch(sent: &Bytes, tx: &Transaction, index: usize, attempt: u8) -> Option<Bytes> {
    let message = Message::parse(sent.clone(), Framing::Datagram).ok()?;
    let place = message.top_via()?.branch?;
    let mut text: SmallVec<[u8; 48]> = SmallVec::new();
    outbound::write_branch(tx.id, index, attempt, &mut text);
    let mut edits = Edits::new();
    edits.replace(place, Str::new(&text));
    let mut out = Vec::with_capacity(sent.len() + 4);
    let line = crate::sip::print::RequestLine::default();
    crate::sip::print::forward_request(&message, &edits, &line, b"", Framing::Datagram, &mut out);
    Some(Bytes::from(out))
}
