//! A dialog as scripts and other calls see it: values, flags, profiles, legs and state behind one short lock.
//!
//! The state machine and the legs are `proto::dialog`'s; what events do to tables, timers and routes is the `dialog`
//! module's. Other calls hold the same `Arc`; nothing is copied to be read.
use super::accounting::AccCtx;
use super::run::Received;
use super::slots::Slots;
use super::transaction::TxId;
use super::value::Value;
use crate::base::{Instant, Str};
use crate::proto::dialog::{Did, Legs, Machine, State};
use indexmap::IndexMap;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

pub struct Dialog {
    pub did: Did,
    pub call_id: Str,
    pub from_uri: Str,
    pub to_uri: Str,
    pub from_tag: Str,
    /// The initial request's arrival.
    pub received: Received,
    pub state: Mutex<DialogState>,
}

impl fmt::Debug for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dialog {}", self.did)
    }
}

pub struct DialogState {
    pub machine: Machine,
    pub legs: Legs,
    /// Oldest first.
    pub values: IndexMap<Str, Value>,
    /// User flags.
    pub flags: u32,
    pub profiles: Vec<Membership>,
    pub routes: OwnedRoutes,
    /// Creation flags (`bye-on-timeout`, pings, ...), the module's own bits.
    pub options: u32,
    /// `$DLG_timeout` as set, seconds; `None`: the default.
    pub lifetime: Option<u32>,
    /// When the lifetime ends; set from state 3 on.
    pub expires: Option<Instant>,
    /// Stale timers are known by it.
    pub timer_generation: u32,
    /// When state 3 was reached, microseconds since 1970.
    pub started_us: Option<u64>,
    pub delete_delay: Option<u32>,
    pub acc: Option<Arc<AccCtx>>,
    /// The INVITE transaction that made it, while it lives.
    pub initial_tx: Option<TxId>,
    /// Transactions bound to this dialog that still live: while there are any an ended dialog can be found.
    pub bound: u32,
    pub slots: Slots,
}

impl DialogState {
    pub fn new(machine: Machine, legs: Legs) -> DialogState {
        DialogState {
            machine,
            legs,
            values: IndexMap::new(),
            flags: 0,
            profiles: Vec::new(),
            routes: OwnedRoutes::default(),
            options: 0,
            lifetime: None,
            expires: None,
            timer_generation: 0,
            started_us: None,
            delete_delay: None,
            acc: None,
            initial_tx: None,
            bound: 0,
            slots: Slots::default(),
        }
    }

    pub fn state(&self) -> State {
        self.machine.state()
    }
}

/// Routes that `dlg_on_*` set, by name.
#[derive(Clone, Debug, Default)]
pub struct OwnedRoutes {
    pub answer: Option<Str>,
    pub timeout: Option<Str>,
    pub hangup: Option<Str>,
}

/// One entry in a profile; the same value may be entered more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub profile: ProfileId,
    pub value: Option<Str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileId(pub u16);
