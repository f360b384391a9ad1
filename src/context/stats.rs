//! Statistics: `group:name` counters and computed values.
use super::core::Core;
use indexmap::IndexMap;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that only grows until it is reset. What can shrink is computed from the tables, so nothing underflows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn inc(&self) {
        self.add(1);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Group and name.
type Name = (String, String);

type Compute = fn(&Core) -> u64;

/// All counters by name. Modules ask for a handle once, at start.
#[derive(Default)]
pub struct Stats {
    counters: Mutex<IndexMap<Name, Arc<Counter>>>,
    computed: Mutex<IndexMap<Name, Compute>>,
}

impl Stats {
    pub fn counter(&self, group: &str, name: &str) -> Arc<Counter> {
        self.counters.lock().entry((group.to_owned(), name.to_owned())).or_default().clone()
    }

    /// Registers a value that is computed when it is asked for.
    pub fn compute(&self, group: &str, name: &str, value: Compute) {
        self.computed.lock().insert((group.to_owned(), name.to_owned()), value);
    }

    /// A counter or a computed value; `None` when nobody keeps one under that name.
    pub fn value(&self, core: &Core, group: &str, name: &str) -> Option<u64> {
        let computed = self.computed.lock().get(&(group.to_owned(), name.to_owned())).copied();
        computed.map(|value| value(core)).or_else(|| self.read(group, name))
    }

    /// `None` when nobody counts under that name.
    pub fn read(&self, group: &str, name: &str) -> Option<u64> {
        self.counters.lock().get(&(group.to_owned(), name.to_owned())).map(|c| c.get())
    }

    /// Every statistic as `group:name`, counters first.
    pub fn all(&self, core: &Core) -> Vec<(String, u64)> {
        let counted: Vec<_> = self.counters.lock().iter().map(|(name, c)| (name.clone(), c.get())).collect();
        let computed: Vec<_> = self.computed.lock().iter().map(|(name, value)| (name.clone(), *value)).collect();
        let computed = computed.into_iter().map(|(name, value)| (name, value(core)));
        counted.into_iter().chain(computed).map(|((g, n), value)| (format!("{g}:{n}"), value)).collect()
    }
}

macro_rules! core_counts {
    ($($name:ident)*) => {
        /// The counters of the `core` group that a message touches.
        pub struct CoreCounts { $(pub $name: Arc<Counter>),* }

        impl CoreCounts {
            pub fn new(stats: &Stats) -> CoreCounts {
                CoreCounts { $($name: stats.counter("core", stringify!($name))),* }
            }
        }
    };
}

core_counts! {
    rcv_requests
    rcv_replies
    fwd_requests
    fwd_replies
    drop_requests
    drop_replies
    err_requests
    err_replies
    bad_msg_hdr
    slow_messages
}
