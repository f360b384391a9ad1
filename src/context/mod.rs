//! Runs and context stacks: what a script execution sees as its own call, and whose data it has loaded.
//!
//! A message becomes a `Run`; the run knows its own transaction and dialog and carries the stacks of loaded ones.
//! `Core` has the tables that all workers share, `Shard` what is one worker's. Everything here is data with small
//! methods; what functions do with it is the modules', when they run is the VM's and the engine's.
//!
//! A new thing that a call keeps goes into a `Slots` of its run, transaction or dialog; a new table goes into `Core`.
pub mod accounting;
pub mod avp;
pub mod blacklists;
pub mod core;
pub mod dialog;
pub mod dialogs;
pub mod dummy;
pub mod effect;
pub mod event;
pub mod faults;
pub mod log;
mod members;
pub mod parking;
pub mod run;
pub mod settings;
pub mod slots;
pub mod sockets;
pub mod stack;
pub mod stats;
pub mod target;
pub mod transaction;
pub mod value;

pub use self::core::{Core, Shard, Timer};
pub use accounting::{AccCtx, AccState, Backend, BackendFlags, CdrCore};
pub use avp::{AvpName, AvpNames, Avps};
pub use blacklists::{BlacklistRule, BlacklistSpec, Blacklists, ListError, ListSet, Net, Place};
pub use dialog::{Alive, Dialog, DialogHold, DialogState, Identity, Membership, OwnedRoutes, ProfileId};
pub use dialogs::{Dialogs, ValueKey};
pub use effect::{Command, Datagram, Ear, Effect, EffectAnswer, Execute, Output, Tell, WaitId};
pub use event::{Events, ScriptEvent};
pub use faults::Faults;
pub use log::{KeptLine, Level, Log, LogSink, Origin};
pub use parking::{Parking, Ticket};
pub use run::{
    ArmedRoutes, Asked, Calling, Current, CurrentAcc, EventParam, Hold, Leaked, Own, OwnCall, Received, ReplyExtras,
    RouteLabel, RouteParams, Run, ScriptError, ScriptState, ViaHandling,
};
pub use settings::CoreSettings;
pub use slots::{ModuleStates, Slots};
pub use sockets::{Alias, Bond, Socket, SocketId, Sockets};
pub use stack::{ContextStacks, PopError, PushError};
pub use stats::{Counter, Statistic, Stats};
pub use target::{MAX_ADDED, Target, Targets};
pub use transaction::Lent;
pub use transaction::{
    Accepted, AckKept, Branch, BranchReply, Cancelling, Entry, Hop, Mailbox, Pending, PendingReply, RelayFlags,
    SentReply, Shared, Transaction, Transactions, TxId, TxState,
};
pub use value::{Value, decimal};
