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

use smallvec::SmallVec;

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
