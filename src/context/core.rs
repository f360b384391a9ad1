//! What all workers share (`Core`) and what is one worker's (`Shard`).
use super::avp::AvpNames;
use super::blacklists::Blacklists;
use super::dialogs::Dialogs;
use super::effect::{Datagram, Effect, Output, WaitId};
use super::event::Events;
use super::faults::Faults;
use super::log::Log;
use super::parking::Parking;
use super::run::Received;
use super::settings::CoreSettings;
use super::slots::ModuleStates;
use super::sockets::Sockets;
use super::stats::{CoreCounts, Stats};
use super::transaction::{Transaction, Transactions, TxId};
use crate::base::{IdGen, Instant};
use crate::proto::dialog::Did;
use crate::proto::timer::Wheel;
use crate::sip::Message;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub struct Core {
    pub settings: CoreSettings,
    pub sockets: Sockets,
    pub log: Log,
    pub stats: Stats,
    pub counts: CoreCounts,
    pub states: ModuleStates,
    pub avp_names: AvpNames,
    pub transactions: Transactions,
    pub dialogs: Dialogs,
    pub blacklists: Blacklists,
    pub faults: Faults,
    pub parking: Arc<Parking>,
    /// Nothing is read from the network before the startup route is done.
    pub started: AtomicBool,
    /// Keyed hashing of what peers choose: tables, tags.
    pub hasher: ahash::RandomState,
    next_wait: AtomicU64,
}

impl Core {
    pub fn new(
        settings: CoreSettings,
        mut sockets: Sockets,
        log: Log,
        stats: Stats,
        states: ModuleStates,
        dialog_buckets: u32,
        seed: u64,
    ) -> Core {
        log.set_script_level(settings.xlog_level);
        sockets.seal();
        let counts = CoreCounts::new(&stats);
        let mut ids = IdGen::new(seed);
        let hasher = ahash::RandomState::with_seeds(ids.next_u64(), ids.next_u64(), ids.next_u64(), ids.next_u64());
        let blacklists = Blacklists::new(&settings.blacklists);
        Core {
            settings,
            sockets,
            log,
            stats,
            counts,
            states,
            avp_names: AvpNames::new(hasher.clone()),
            transactions: Transactions::new(hasher.clone(), ids.next_u64()),
            dialogs: Dialogs::new(dialog_buckets, hasher.clone(), || ids.next_u32() & 0x7fff_ffff),
            blacklists,
            faults: Faults::default(),
            parking: Arc::default(),
            started: AtomicBool::new(true),
            hasher,
            next_wait: AtomicU64::new(1),
        }
    }

    /// What a module left at its `init`. A module's functions can be called only when it is loaded, so its state is there.
    pub fn state<T: Any + Send + Sync>(&self) -> &T {
        self.states.get().expect("a module's state is set by its init, before its functions can be called")
    }

    pub fn next_wait(&self) -> WaitId {
        WaitId(self.next_wait.fetch_add(1, Ordering::Relaxed))
    }
}

/// What a timer of a worker means. It names its owner; a stale one finds nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Something in this transaction may be due.
    Transaction(TxId),
    /// The lifetime of a dialog, if the generation is still current.
    Dialog { did: Did, generation: u32 },
    /// A module's own timer; the number is the module's.
    Module { module: &'static str, key: u64 },
    /// A timer route, by its number in the script.
    Route(u32),
    /// Gives up on a suspended run.
    Suspended(WaitId),
}

/// One worker's own things.
pub struct Shard {
    pub index: usize,
    pub wheel: Wheel<Timer>,
    /// What the event being handled sends and asks for.
    pub out: Vec<Output>,
    /// What the event being handled raised for event routes; the engine runs them when it is done.
    pub events: Events,
    pub ids: IdGen,
    /// Room for messages being printed.
    pub scratch: Vec<u8>,
    /// The transaction being worked on, for what a panic leaves behind.
    pub at_work: Option<Arc<Transaction>>,
    /// The request being handled, for the same.
    pub request: Option<(Arc<Message>, Received)>,
    /// Timers being handled.
    pub due: Vec<Timer>,
    /// Messages that came in here.
    pub received: u64,
}

impl Shard {
    pub fn new(index: usize, seed: u64, start: Instant) -> Shard {
        Shard {
            index,
            wheel: Wheel::new(start),
            out: Vec::new(),
            events: Events::default(),
            ids: IdGen::new(seed ^ (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            scratch: Vec::with_capacity(2048),
            at_work: None,
            request: None,
            due: Vec::new(),
            received: 0,
        }
    }

    pub fn send(&mut self, datagram: Datagram) {
        self.out.push(Output::Send(datagram));
    }

    pub fn wait(&mut self, id: WaitId, effect: Effect) {
        self.out.push(Output::Wait { id, effect });
    }

    pub fn arm(&mut self, at: Instant, timer: Timer) {
        self.wheel.arm(at, timer);
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.wheel.next()
    }
}
