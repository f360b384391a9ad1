//! The four transaction machines of RFC 3261 section 17, with the Accepted states of RFC 6026.
//!
//! Each has `on(now, event, out)` and `poll_timeout()`. The owner keeps the messages: an action names what to send, the
//! owner knows the bytes. Matching a message to its machine is `key`; how long a state lasts is `timers`.
//!
//! Absent: the choice among branches (`response_choice`), ACK and CANCEL as messages, the script's reply routes.
pub mod invite_client;
pub mod invite_server;
pub mod key;
pub mod non_invite_client;
pub mod non_invite_server;
pub mod timers;

pub use invite_client::InviteClient;
pub use invite_server::InviteServer;
pub use key::{Key, KeyHasher};
pub use non_invite_client::NonInviteClient;
pub use non_invite_server::NonInviteServer;
pub use timers::{Challenges, FrRestart, Reliability, Timers};

use crate::base::Instant;
use smallvec::SmallVec;

/// The client transaction of any request but ACK.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    Invite(InviteClient),
    NonInvite(NonInviteClient),
}

impl Client {
    /// Sends the request.
    pub fn start(
        method: &[u8],
        now: Instant,
        timers: Timers,
        reliability: Reliability,
        out: &mut ClientActions,
    ) -> Client {
        match method {
            b"INVITE" => Client::Invite(InviteClient::start(now, timers, reliability, out)),
            _ => Client::NonInvite(NonInviteClient::start(now, timers, reliability, out)),
        }
    }

    pub fn on(&mut self, now: Instant, event: ClientEvent, out: &mut ClientActions) {
        match self {
            Client::Invite(machine) => machine.on(now, event, out),
            Client::NonInvite(machine) => machine.on(now, event, out),
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Client::Invite(machine) => machine.poll_timeout(),
            Client::NonInvite(machine) => machine.poll_timeout(),
        }
    }
}

/// The server transaction of any request but ACK.
#[derive(Clone, Copy, Debug)]
pub enum Server {
    Invite(InviteServer),
    NonInvite(NonInviteServer),
}

impl Server {
    pub fn new(method: &[u8], timers: Timers, reliability: Reliability) -> Server {
        match method {
            b"INVITE" => Server::Invite(InviteServer::new(timers, reliability)),
            _ => Server::NonInvite(NonInviteServer::new(timers, reliability)),
        }
    }

    pub fn on(&mut self, now: Instant, event: ServerEvent, out: &mut ServerActions) {
        match self {
            Server::Invite(machine) => machine.on(now, event, out),
            Server::NonInvite(machine) => machine.on(now, event, out),
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Server::Invite(machine) => machine.poll_timeout(),
            Server::NonInvite(machine) => machine.poll_timeout(),
        }
    }
}

/// What happens to a client transaction. A status is that of a reply received on its branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    Reply(u16),
    /// The time `poll_timeout` named has come. Harmless when it has not.
    Timer,
    /// The branch is no longer wanted. Without meaning outside INVITE (RFC 3261 9.1).
    Cancel,
    /// The request could not be sent, or its connection broke.
    TransportError,
}

/// What a client transaction asks of its owner, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAction {
    SendRequest,
    RetransmitRequest,
    /// The hop-by-hop ACK of a final reply that is not 2xx (RFC 3261 17.1.1.3).
    SendAck,
    /// A CANCEL on this branch, as a transaction of its own.
    SendCancel,
    /// The reply just received is for the transaction user.
    Pass(u16),
    Timeout(Expiry),
    TransportError,
    /// The machine has nothing more to do; its key can leave the table.
    Terminated,
}

/// Why a client transaction gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing at all came back: timers B and F. The owner stores a local 408 and may try the next address.
    NoReply,
    /// A provisional came, no final did. An INVITE machine lives on, so that the owner can cancel it and its 487 is acknowledged.
    NoFinal,
    /// Cancelled, and still no final reply 64*T1 later (RFC 3261 9.1).
    AfterCancel,
}

/// What happens to a server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The request came again.
    Request,
    /// An ACK that matches this INVITE.
    Ack,
    /// The transaction user sends a reply with this status.
    Reply(u16),
    /// As `Reply`, for a 2xx that this server made itself: nobody downstream repeats it, so the machine does until the ACK
    /// (RFC 3261 13.3.1.4). Like `Reply` outside INVITE.
    LocalReply(u16),
    /// The time `poll_timeout` named has come. Harmless when it has not.
    Timer,
    TransportError,
}

/// What a server transaction asks of its owner, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAction {
    /// Send the reply just handed in and keep it for repetition.
    SendReply(u16),
    /// Send the kept reply once more.
    RetransmitReply,
    /// The ACK of a 2xx is for the transaction user (RFC 6026 7.1).
    PassAck,
    /// A final reply was never acknowledged: timer H, or L for a 2xx of our own.
    NoAck,
    TransportError,
    Terminated,
}

/// Room for the longest answer to one event, so that no machine allocates.
pub type ClientActions = SmallVec<[ClientAction; 4]>;
pub type ServerActions = SmallVec<[ServerAction; 4]>;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reliability() -> impl Strategy<Value = Reliability> {
        prop_oneof![Just(Reliability::Unreliable), Just(Reliability::Reliable)]
    }

    fn method() -> impl Strategy<Value = &'static [u8]> {
        prop_oneof![Just(b"INVITE".as_slice()), Just(b"BYE".as_slice())]
    }

    fn client_event() -> impl Strategy<Value = ClientEvent> {
        prop_oneof![
            4 => (0..800u16).prop_map(ClientEvent::Reply),
            2 => Just(ClientEvent::Timer),
            1 => Just(ClientEvent::Cancel),
        ]
    }

    fn server_event() -> impl Strategy<Value = ServerEvent> {
        prop_oneof![
            3 => (0..800u16).prop_map(ServerEvent::Reply),
            1 => (0..800u16).prop_map(ServerEvent::LocalReply),
            2 => Just(ServerEvent::Request),
            1 => Just(ServerEvent::Ack),
            2 => Just(ServerEvent::Timer),
            1 => Just(ServerEvent::TransportError),
        ]
    }

    proptest! {
        /// Left alone, every client transaction ends, once, and then is silent.
        #[test]
        fn clients_end(
            method in method(),
            reliability in reliability(),
            events in prop::collection::vec((0..40_000u64, client_event()), 0..30),
        ) {
            let mut out = ClientActions::new();
            let mut now = Instant::ZERO;
            let mut client = Client::start(method, now, Timers::default(), reliability, &mut out);
            for (after, event) in events {
                now = Instant(now.0 + after * 1_000);
                client.on(now, event, &mut out);
            }
            for _ in 0..100 {
                let Some(at) = client.poll_timeout() else { break };
                now = now.max(at);
                client.on(now, ClientEvent::Timer, &mut out);
            }
            prop_assert_eq!(client.poll_timeout(), None);
            prop_assert_eq!(out.last(), Some(&ClientAction::Terminated));
            prop_assert_eq!(out.iter().filter(|action| **action == ClientAction::Terminated).count(), 1);
        }

        /// Once answered, every server transaction ends, once, and then is silent.
        #[test]
        fn answered_servers_end(
            method in method(),
            reliability in reliability(),
            events in prop::collection::vec((0..40_000u64, server_event()), 0..30),
        ) {
            let mut out = ServerActions::new();
            let mut now = Instant::ZERO;
            let mut server = Server::new(method, Timers::default(), reliability);
            for (after, event) in events {
                now = Instant(now.0 + after * 1_000);
                server.on(now, event, &mut out);
            }
            server.on(now, ServerEvent::Reply(500), &mut out);
            for _ in 0..100 {
                let Some(at) = server.poll_timeout() else { break };
                now = now.max(at);
                server.on(now, ServerEvent::Timer, &mut out);
            }
            prop_assert_eq!(server.poll_timeout(), None);
            prop_assert_eq!(out.last(), Some(&ServerAction::Terminated));
            prop_assert_eq!(out.iter().filter(|action| **action == ServerAction::Terminated).count(), 1);
        }
    }
}
