//! Suspended runs, and what waits behind them: the CANCEL of a request that has no transaction yet.
use crate::base::Now;
use crate::context::{Effect, Output, Shard, SocketId, Ticket, Timer, WaitId};
use crate::proto::transaction::Key;
use crate::vm::Task;
use bytes::Bytes;
use dashmap::DashMap;
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Suspended runs at most; what would wait beyond that fails at once.
const LIMIT: usize = 50_000;
/// Messages kept behind one request; a peer needs one.
const HELD: usize = 4;

/// A run that waits. `key` is that of its request while it has no transaction.
pub struct Suspended {
    pub task: Box<Task>,
    pub key: Option<Key>,
}

/// A message that waits for the request before it.
pub struct Held {
    pub socket: SocketId,
    pub from: SocketAddr,
    pub bytes: Bytes,
}

pub struct Waiting {
    pub limit: usize,
    /// A task is handed from worker to worker, never looked at by two: the lock only says so to the compiler.
    runs: DashMap<WaitId, Mutex<Suspended>, ahash::RandomState>,
    /// Entries of `runs`.
    suspended: AtomicUsize,
    unborn: DashMap<Key, Vec<Held>, ahash::RandomState>,
    /// Entries of `unborn`, so that nobody looks there while there are none.
    count: AtomicUsize,
}

impl Default for Waiting {
    fn default() -> Waiting {
        Waiting {
            limit: LIMIT,
            runs: DashMap::default(),
            suspended: AtomicUsize::new(0),
            unborn: DashMap::default(),
            count: AtomicUsize::new(0),
        }
    }
}

impl Waiting {
    pub fn len(&self) -> usize {
        self.suspended.load(Ordering::Relaxed)
    }

    pub fn is_full(&self) -> bool {
        self.len() >= self.limit
    }

    /// Keeps a task; with a key also its request, so that repetitions are known.
    pub fn keep(&self, id: WaitId, task: Box<Task>, key: Option<Key>) {
        if let Some(key) = key
            && !self.unborn.contains_key(&key)
        {
            self.unborn.insert(key, Vec::new());
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        self.suspended.fetch_add(1, Ordering::Relaxed);
        self.runs.insert(id, Mutex::new(Suspended { task, key }));
    }

    pub fn take(&self, id: WaitId) -> Option<Suspended> {
        let (_, suspended) = self.runs.remove(&id)?;
        self.suspended.fetch_sub(1, Ordering::Relaxed);
        Some(suspended.into_inner())
    }

    /// A request does not wait without a transaction any more.
    pub fn release(&self, key: Key) -> Vec<Held> {
        match self.unborn.remove(&key) {
            Some((_, held)) => {
                self.count.fetch_sub(1, Ordering::Relaxed);
                held
            }
            None => Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    pub fn holds(&self, key: Key) -> bool {
        self.unborn.contains_key(&key)
    }

    /// Puts a message behind the request with this key. False when there is none, or no room.
    pub fn hold(&self, key: Key, message: Held) -> bool {
        match self.unborn.get_mut(&key) {
            Some(mut held) if held.len() < HELD => {
                held.push(message);
                true
            }
            Some(_) | None => false,
        }
    }
}

/// Sees to it that a wait ends, even if whoever was asked never answers. The ticket of one that another run ends.
pub fn arm(shard: &mut Shard, now: Now, id: WaitId) -> Option<Ticket> {
    let asked = shard.out.iter().rev().find_map(|o| match o {
        Output::Wait { id: asked, effect } if *asked == id => Some(effect),
        Output::Wait { .. } | Output::Send(_) => None,
    })?;
    let ticket = match asked {
        Effect::Park { ticket } => Some(*ticket),
        _ => None,
    };
    if let Some(patience) = asked.patience() {
        shard.arm(now.mono + patience, Timer::Suspended(id));
    }
    ticket
}
