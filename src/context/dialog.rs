//! A dialog as scripts and other calls see it: values, flags, profiles, legs and state behind one short lock.
//!
//! The state machine and the legs are `proto::dialog`'s; what events do to tables, timers and routes is the `dialog`
//! module's. Other calls hold the same `Arc`; nothing is copied to be read. What an index knows (values, profiles, state)
//! is changed through `Dialogs` alone.
use super::accounting::AccCtx;
use super::run::Received;
use super::slots::Slots;
use super::transaction::{Transaction, TxId};
use super::value::Value;
use crate::base::{Instant, Str};
use crate::proto::dialog::{Did, EndReason, Leg, Legs, Machine, OnRace, State};
use indexmap::IndexMap;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Dialog {
    pub did: Did,
    pub call_id: Str,
    pub from_uri: Str,
    pub to_uri: Str,
    pub from_tag: Str,
    /// The initial request's arrival.
    pub received: Received,
    pub state: Mutex<DialogState>,
    _alive: Alive,
}

/// What an initial request says about its dialog.
pub struct Identity {
    pub call_id: Str,
    pub from_uri: Str,
    pub to_uri: Str,
    pub from_tag: Str,
}

impl Dialog {
    /// Not in the table yet: `Dialogs::insert` puts it there.
    pub fn new(did: Did, identity: Identity, caller: Leg, received: Received, alive: Alive) -> Dialog {
        Dialog {
            did,
            call_id: identity.call_id,
            from_uri: identity.from_uri,
            to_uri: identity.to_uri,
            from_tag: identity.from_tag,
            received,
            state: Mutex::new(DialogState::new(Machine::new(OnRace::KeepCall), Legs::new(caller))),
            _alive: alive,
        }
    }

    /// The transaction now belongs to this dialog and keeps it findable until `unbind`. A transaction has one dialog; false
    /// when it has one already.
    pub fn bind(self: &Arc<Self>, tx: &Transaction) -> bool {
        let mut state = tx.state.lock();
        if state.dialog.is_some() {
            return false;
        }
        state.dialog = Some(self.clone());
        drop(state);
        self.state.lock().bound += 1;
        true
    }

    /// A run or a transaction no longer needs it.
    pub fn unbind(&self) {
        let mut state = self.state.lock();
        state.bound = state.bound.saturating_sub(1);
    }
}

impl fmt::Debug for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dialog {}", self.did)
    }
}

pub struct DialogState {
    pub(super) machine: Machine,
    pub legs: Legs,
    /// Oldest first.
    pub(super) values: IndexMap<Str, Value, ahash::RandomState>,
    /// User flags.
    pub flags: u32,
    pub(super) profiles: Vec<Membership>,
    pub routes: OwnedRoutes,
    /// Creation flags (`bye-on-timeout`, pings, ...), the module's own bits.
    pub options: u32,
    /// `$DLG_timeout` as set, seconds; `None`: the default.
    pub lifetime: Option<u32>,
    /// When the lifetime ends; set from state 3 on.
    pub expires: Option<Instant>,
    /// Stale timers are known by it.
    pub timer_generation: u32,
    /// A fault of ours met its transaction: it is not to be trusted, and its timer ends it.
    pub damaged: bool,
    /// When state 3 was reached, microseconds since 1970.
    pub started_us: Option<u64>,
    pub end_reason: Option<EndReason>,
    /// `$DLG_del_delay`, seconds.
    pub delete_delay: Option<u32>,
    /// `$DLG_options_ping_interval` and `$DLG_reinvite_ping_interval`, seconds.
    pub options_ping: Option<u32>,
    pub reinvite_ping: Option<u32>,
    pub acc: Option<Arc<AccCtx>>,
    /// The INVITE transaction that made it, while it lives.
    pub initial_tx: Option<TxId>,
    /// Transactions bound to this dialog that still live: while there are any an ended dialog can be found.
    pub bound: u32,
    /// Since when nothing is left to be done for it; it leaves the table with its last transaction and its delay.
    pub done: Option<Instant>,
    /// In the table: the indexes follow its values, profiles and state.
    pub(super) listed: bool,
    pub slots: Slots,
}

impl DialogState {
    fn new(machine: Machine, legs: Legs) -> DialogState {
        DialogState {
            machine,
            legs,
            values: IndexMap::default(),
            flags: 0,
            profiles: Vec::new(),
            routes: OwnedRoutes::default(),
            options: 0,
            lifetime: None,
            expires: None,
            timer_generation: 0,
            damaged: false,
            started_us: None,
            end_reason: None,
            delete_delay: None,
            options_ping: None,
            reinvite_ping: None,
            acc: None,
            initial_tx: None,
            bound: 0,
            done: None,
            listed: false,
            slots: Slots::default(),
        }
    }

    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// `$DLG_timeout` can no longer be changed: a race condition shortened the lifetime.
    pub fn is_raced(&self) -> bool {
        self.machine.raced()
    }

    pub fn end_on_race(&mut self) {
        self.machine.end_on_race();
    }

    pub fn value(&self, name: &[u8]) -> Option<&Value> {
        self.values.get(name)
    }

    /// Oldest first.
    pub fn values(&self) -> impl Iterator<Item = (&Str, &Value)> {
        self.values.iter()
    }

    pub fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// In the order of joining.
    pub fn profiles(&self) -> &[Membership] {
        &self.profiles
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

/// A run keeps its dialog findable. It ends with `end`; when a fault of ours unwinds the run instead, the dialog is marked.
#[derive(Debug)]
pub struct DialogHold(Option<Arc<Dialog>>);

impl DialogHold {
    pub fn new(dialog: &Arc<Dialog>) -> DialogHold {
        dialog.state.lock().bound += 1;
        DialogHold(Some(dialog.clone()))
    }

    pub fn is_of(&self, dialog: &Arc<Dialog>) -> bool {
        self.0.as_ref().is_some_and(|held| Arc::ptr_eq(held, dialog))
    }

    /// Gives the dialog up and hands it out.
    pub fn end(mut self) -> Option<Arc<Dialog>> {
        let dialog = self.0.take()?;
        dialog.unbind();
        Some(dialog)
    }
}

impl Drop for DialogHold {
    fn drop(&mut self) {
        if let Some(dialog) = self.0.take() {
            dialog.unbind();
            dialog.state.lock().damaged = true;
        }
    }
}

/// Counts the dialogs that exist, in the table or held by somebody.
#[derive(Debug)]
pub struct Alive(Arc<AtomicUsize>);

impl Alive {
    pub(super) fn new(counter: &Arc<AtomicUsize>) -> Alive {
        counter.fetch_add(1, Ordering::Relaxed);
        Alive(counter.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
