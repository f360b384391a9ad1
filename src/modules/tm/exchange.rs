//! What the protocol machines of a transaction ask for, done at once and under its lock: sending, repeating, the ACK and
//! CANCEL of this hop. What a script must see is handed back.
use super::state::Tm;
use super::timers::rearm;
use crate::base::{Now, Str};
use crate::context::{
    Branch, BranchReply, Cancelling, Core, Datagram, Hop, Level, SentReply, Shard, Transaction, TxState,
};
use crate::proto::transaction::{
    Client, ClientAction, ClientActions, ClientEvent, Expiry, Reliability, Server, ServerAction, ServerActions,
    ServerEvent,
};
use crate::sip::{Framing, Message, print};
use crate::vm::Cx;
use bytes::Bytes;

/// The engine, the worker and the time, where no run is needed.
pub struct Io<'a> {
    pub core: &'a Core,
    pub shard: &'a mut Shard,
    pub now: Now,
}

impl<'a> Io<'a> {
    pub fn of<'c: 'a>(cx: &'a mut Cx<'c>) -> Io<'a> {
        Io { core: cx.core, shard: cx.shard, now: cx.now }
    }

    pub fn send(&mut self, hop: Hop, bytes: &Bytes) {
        self.shard.send(Datagram { socket: hop.socket, to: hop.to, bytes: bytes.clone() });
    }

    pub fn tm(&self) -> &'a Tm {
        self.core.state::<Tm>()
    }
}

/// What the transaction's user is to learn of an event on a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Nothing,
    /// The reply just received.
    Reply(u16),
    /// No reply, or no final one.
    Timeout(Expiry),
}

/// Hands an event to a branch's client machine and does what it asks. `reply` is the message behind a `Reply` event.
pub fn client(
    io: &mut Io<'_>,
    tx: &Transaction,
    state: &mut TxState,
    index: usize,
    event: ClientEvent,
    reply: Option<&Message>,
) -> Heard {
    let mut actions = ClientActions::new();
    let Some(machine) = state.branches.get_mut(index).and_then(|b| b.client.as_mut()) else { return Heard::Nothing };
    machine.on(io.now.mono, event, &mut actions);
    let mut heard = Heard::Nothing;
    for action in actions {
        match action {
            ClientAction::SendRequest => send_request(io, state, index),
            ClientAction::RetransmitRequest => {
                count_repetition(io, state, index);
                send_request(io, state, index);
            }
            ClientAction::SendAck => send_ack(io, state, index, reply),
            ClientAction::SendCancel => send_cancel(io, tx, state, index),
            ClientAction::Pass(status) => heard = Heard::Reply(status),
            ClientAction::Timeout(expiry) => heard = Heard::Timeout(expiry),
            ClientAction::TransportError => heard = Heard::Timeout(Expiry::NoReply),
            ClientAction::Terminated => {}
        }
    }
    heard
}

fn send_request(io: &mut Io<'_>, state: &TxState, index: usize) {
    if let Some(Branch { hop: Some(hop), sent, .. }) = state.branches.get(index) {
        io.send(*hop, sent);
    }
}

fn count_repetition(io: &Io<'_>, state: &mut TxState, index: usize) {
    let Some(branch) = state.branches.get_mut(index) else { return };
    let counters = &io.tm().counts.requests_again;
    if let Some(counter) = counters.get(usize::from(branch.repeated).min(counters.len() - 1)) {
        counter.inc();
    }
    branch.repeated = branch.repeated.saturating_add(1);
}

/// RFC 3261 17.1.1.3; a repeated refusal gets the same ACK again.
fn send_ack(io: &mut Io<'_>, state: &mut TxState, index: usize, reply: Option<&Message>) {
    let Some(branch) = state.branches.get_mut(index) else { return };
    let Some(hop) = branch.hop else { return };
    if branch.ack.is_none() {
        branch.ack = reply.and_then(|reply| made(&branch.sent, |sent, out| print::ack_for(sent, reply, out)));
    }
    if let Some(ack) = &branch.ack {
        io.send(hop, ack);
    }
}

fn send_cancel(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, index: usize) {
    let reason = [state.added_headers.as_ref(), state.cancel_reason.as_ref()];
    let headers: Vec<u8> = reason.into_iter().flatten().flat_map(|h| h.iter().copied()).collect();
    let timers = state.timers;
    let Some(branch) = state.branches.get_mut(index) else { return };
    let Some(hop) = branch.hop else { return };
    let Some(sent) = made(&branch.sent, |sent, out| print::cancel_for(sent, &headers, out)) else {
        let log = &io.core.log;
        return log.part(Level::Error, "tm", "cancel", format_args!("no CANCEL can be made for {:016x}", tx.id.0));
    };
    let mut actions = ClientActions::new();
    let client = Client::start(b"CANCEL", io.now.mono, timers, Reliability::Unreliable, &mut actions);
    io.send(hop, &sent);
    branch.cancel = Some(Box::new(Cancelling { client, sent }));
}

/// A request of this hop made from the one that was sent.
fn made<E>(sent: &Bytes, write: impl FnOnce(&Message, &mut Vec<u8>) -> Result<(), E>) -> Option<Bytes> {
    let sent = Message::parse(sent.clone(), Framing::Datagram).ok()?;
    let mut out = Vec::with_capacity(512);
    write(&sent, &mut out).ok()?;
    Some(Bytes::from(out))
}

/// Hands an event to the machine of a branch's CANCEL.
pub fn cancelling(io: &mut Io<'_>, state: &mut TxState, index: usize, event: ClientEvent) {
    let Some(branch) = state.branches.get_mut(index) else { return };
    let (Some(cancel), Some(hop)) = (&mut branch.cancel, branch.hop) else { return };
    let mut actions = ClientActions::new();
    cancel.client.on(io.now.mono, event, &mut actions);
    if actions.contains(&ClientAction::RetransmitRequest) {
        io.send(hop, &cancel.sent);
    }
    if actions.contains(&ClientAction::Terminated) {
        branch.cancel = None;
    }
}

/// Hands an event to the server machine and does what it asks with the reply kept in `answer`.
pub fn server(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, event: ServerEvent) {
    let mut actions = ServerActions::new();
    let Some(machine) = &mut state.server else { return };
    machine.on(io.now.mono, event, &mut actions);
    for action in actions {
        match action {
            ServerAction::RetransmitReply => {
                io.tm().counts.replies_again.inc();
                repeat(io, tx, state);
            }
            ServerAction::SendReply(_)
            | ServerAction::PassAck
            | ServerAction::NoAck
            | ServerAction::TransportError
            | ServerAction::Terminated => {}
        }
    }
}

/// Sends a reply upstream, if the machine lets it, and keeps it for repetition.
pub fn answer(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, reply: SentReply) {
    let event = if reply.local { ServerEvent::LocalReply(reply.code) } else { ServerEvent::Reply(reply.code) };
    let mut actions = ServerActions::new();
    let Some(machine) = &mut state.server else { return };
    machine.on(io.now.mono, event, &mut actions);
    if actions.iter().any(|a| matches!(a, ServerAction::SendReply(_))) {
        state.fork.sent(reply.code);
        state.keep_answer(reply);
        repeat(io, tx, state);
    } else if !reply.local && (200..300).contains(&reply.code) && tx.is_invite() {
        // RFC 3261 16.7 points 5 and 9: a 2xx goes up even where the transaction has no place for it any more.
        io.send(Hop { to: state.reply_to, socket: tx.received.socket }, &reply.bytes);
    }
}

fn repeat(io: &mut Io<'_>, tx: &Transaction, state: &TxState) {
    if let Some(answer) = &state.answer {
        io.send(Hop { to: state.reply_to, socket: tx.received.socket }, &answer.bytes);
    }
}

/// Which branches to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    Only(usize),
    AllBut(usize),
}

/// Cancels branches without a final reply: at once those that gave a provisional, the others when theirs comes.
pub fn cancel_branches(io: &mut Io<'_>, tx: &Transaction, state: &mut TxState, which: Which, reason: Option<Str>) {
    if reason.is_some() {
        state.cancel_reason = reason;
    }
    for index in 0..state.branches.len() {
        let wanted = match which {
            Which::All => true,
            Which::Only(only) => index == only,
            Which::AllBut(kept) => index != kept,
        };
        if wanted {
            client(io, tx, state, index, ClientEvent::Cancel, None);
        }
    }
    rearm(io.shard, tx.id, state);
}

/// Stores a final reply made here for a branch.
pub fn store_local(state: &mut TxState, index: usize, code: u16, reason: Str) {
    if let Some(branch) = state.branches.get_mut(index) {
        branch.code = code;
        branch.reply = Some(BranchReply::Local { reason });
    }
}

/// Whether this server machine will do nothing more.
pub fn is_over(server: &Server) -> bool {
    use crate::proto::transaction::{invite_server, non_invite_server};
    match server {
        Server::Invite(machine) => machine.state() == invite_server::State::Terminated,
        Server::NonInvite(machine) => machine.state() == non_invite_server::State::Terminated,
    }
}

/// Whether this client machine still waits for a final reply.
pub fn is_open(client: &Client) -> bool {
    use crate::proto::transaction::{invite_client, non_invite_client};
    match client {
        Client::Invite(m) => matches!(m.state(), invite_client::State::Calling | invite_client::State::Proceeding),
        Client::NonInvite(m) => {
            matches!(m.state(), non_invite_client::State::Trying | non_invite_client::State::Proceeding)
        }
    }
}
