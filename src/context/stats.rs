//! Statistics: `group:name` counters and computed values.
use super::core::Core;
use ahash::AHashMap;
use parking_lot::RwLock;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that the server only lets grow until it is reset: what can shrink is computed from the tables, so that nothing
/// underflows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn inc(&self) {
        self.add(1);
    }

    /// As a script does it, that may also count down: below 0 the value reads as a negative integer.
    pub fn change(&self, n: i64) {
        self.add(n as u64);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

type Compute = fn(&Core) -> u64;

/// What stands behind a name.
#[derive(Clone)]
pub enum Statistic {
    Counted(Arc<Counter>),
    /// Made from the tables when it is asked for.
    Computed(Compute),
}

impl Statistic {
    pub fn value(&self, core: &Core) -> u64 {
        match self {
            Statistic::Counted(counter) => counter.get(),
            Statistic::Computed(compute) => compute(core),
        }
    }
}

/// All statistics by group and name, whose case does not matter. Modules ask for a handle once, at start.
#[derive(Default)]
pub struct Stats {
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    /// By name in lower case, oldest first.
    by_name: AHashMap<String, SmallVec<[u32; 1]>>,
}

struct Row {
    group: String,
    name: String,
    statistic: Statistic,
}

impl Stats {
    /// The counter of that name, made when there is none yet.
    pub fn counter(&self, group: &str, name: &str) -> Arc<Counter> {
        let mut table = self.table.write();
        if let Some(Statistic::Counted(counter)) = table.find(Some(group), name) {
            return counter.clone();
        }
        let counter = Arc::<Counter>::default();
        table.add(group, name, Statistic::Counted(counter.clone()));
        counter
    }

    /// Registers a value that is computed when it is asked for.
    pub fn compute(&self, group: &str, name: &str, value: Compute) {
        self.table.write().add(group, name, Statistic::Computed(value));
    }

    /// The statistic of a group, or the oldest of that name in any.
    pub fn find(&self, group: Option<&str>, name: &str) -> Option<Statistic> {
        self.table.read().find(group, name).cloned()
    }

    /// A counter or a computed value; `None` when nobody keeps one under that name.
    pub fn value(&self, core: &Core, group: &str, name: &str) -> Option<u64> {
        self.find(Some(group), name).map(|statistic| statistic.value(core))
    }

    /// `None` when nobody counts under that name.
    pub fn read(&self, group: &str, name: &str) -> Option<u64> {
        match self.find(Some(group), name)? {
            Statistic::Counted(counter) => Some(counter.get()),
            Statistic::Computed(_) => None,
        }
    }

    pub fn has_group(&self, group: &str) -> bool {
        self.table.read().rows.iter().any(|row| row.group.eq_ignore_ascii_case(group))
    }

    /// Names and statistics of a group, oldest first.
    pub fn of_group(&self, group: &str) -> Vec<(String, Statistic)> {
        let table = self.table.read();
        let rows = table.rows.iter().filter(|row| row.group.eq_ignore_ascii_case(group));
        rows.map(|row| (row.name.clone(), row.statistic.clone())).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.read().rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every statistic as `group:name`, oldest first.
    pub fn all(&self, core: &Core) -> Vec<(String, u64)> {
        let rows: Vec<(String, Statistic)> = {
            let table = self.table.read();
            table.rows.iter().map(|row| (format!("{}:{}", row.group, row.name), row.statistic.clone())).collect()
        };
        rows.into_iter().map(|(name, statistic)| (name, statistic.value(core))).collect()
    }
}

impl Table {
    fn find(&self, group: Option<&str>, name: &str) -> Option<&Statistic> {
        let named = self.by_name.get(name.to_ascii_lowercase().as_str())?;
        let mut rows = named.iter().filter_map(|at| self.rows.get(*at as usize));
        let row = rows.find(|row| group.is_none_or(|group| row.group.eq_ignore_ascii_case(group)))?;
        Some(&row.statistic)
    }

    fn add(&mut self, group: &str, name: &str, statistic: Statistic) {
        self.by_name.entry(name.to_ascii_lowercase()).or_default().push(self.rows.len() as u32);
        self.rows.push(Row { group: group.to_owned(), name: name.to_owned(), statistic });
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
