//! What leaves an engine: messages, and effects that somebody outside carries out and answers.
use super::sockets::SocketId;
use crate::base::Str;
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// Names a suspended run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaitId(pub u64);

/// Work for the world outside; answered by an event that carries the `WaitId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Addresses of a host name: A and AAAA.
    Resolve { host: Str },
    /// Nothing but a turn for others: a run that executed its share of operations.
    Yield,
    /// Nothing until that much time has passed.
    Sleep { micros: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectAnswer {
    /// Empty: the name does not exist or the resolver failed.
    Resolved(Vec<IpAddr>),
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    Send(Datagram),
    Wait { id: WaitId, effect: Effect },
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    pub socket: SocketId,
    pub to: SocketAddr,
    pub bytes: Bytes,
}
