//! What leaves an engine: messages, and effects that somebody outside carries out and answers.
use super::parking::Ticket;
use super::sockets::SocketId;
use crate::base::Str;
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// How long addresses are waited for.
const RESOLVER: Duration = Duration::from_secs(30);
/// How long a run waits for another.
const PARKED: Duration = Duration::from_secs(30);

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
    /// A program.
    Execute(Box<Execute>),
    /// Something for a program that listens on this machine; answered by `Done`, or `GivenUp` when nobody took it.
    Tell(Box<Tell>),
    /// Nothing until another run calls this ticket (`Parking`): nobody outside has anything to do.
    Park { ticket: Ticket },
}

impl Effect {
    /// After that long nobody waits any more, whether there is an answer or not.
    pub fn patience(&self) -> Option<Duration> {
        match self {
            Effect::Resolve { .. } => Some(RESOLVER),
            Effect::Park { .. } => Some(PARKED),
            Effect::Execute(execute) => execute.give_up_after,
            Effect::Tell(tell) => Some(tell.patience),
            Effect::Yield | Effect::Sleep { .. } => None,
        }
    }
}

/// What a program that listens is told, all at once or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tell {
    pub ear: Ear,
    pub bytes: Bytes,
    pub patience: Duration,
}

/// Where a program listens; paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ear {
    Pipe(Str),
    /// A datagram socket.
    Socket(Str),
}

/// A program to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execute {
    pub command: Command,
    /// Written to its standard input.
    pub input: Option<Str>,
    /// Added to the environment of the server.
    pub environment: Vec<(String, Str)>,
    /// What of its output is wanted. Without any the answer comes when it was started.
    pub output: bool,
    pub errors: bool,
    /// It is ended after that long; what it said until then is the answer.
    pub kill_after: Option<Duration>,
    /// It is ended after that long, and nobody waits for it any more.
    pub give_up_after: Option<Duration>,
}

/// How a program is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The program and its arguments.
    Words(Vec<Str>),
    /// For the shell.
    Shell(Str),
}

impl Default for Command {
    fn default() -> Command {
        Command::Words(Vec::new())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectAnswer {
    /// Empty: the name does not exist or the resolver failed.
    Resolved(Vec<IpAddr>),
    Done,
    /// What a program wrote; `cut` when that was more than is kept.
    Executed {
        output: Str,
        errors: Str,
        cut: bool,
    },
    /// There is no answer: it took too long, or too much is waited for already.
    GivenUp,
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
