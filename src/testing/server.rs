//! A real engine in the simulated network, with its workers and its log.
use super::LogBook;
use crate::base::{Instant, Now};
use crate::context::{EffectAnswer, Shard, SocketId, WaitId};
use crate::engine::{Engine, Event};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

pub struct SimServer {
    pub engine: Arc<Engine>,
    /// One for each worker.
    pub shards: Vec<Shard>,
    pub log: LogBook,
}

/// How much each table of an engine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub transactions: usize,
    /// Dialogs that can be found.
    pub dialogs: usize,
    /// Dialogs in memory, found or not.
    pub dialogs_alive: usize,
    /// Entries of the dialogs' indexes: Call-IDs, values, profiles.
    pub dialog_index: usize,
    pub suspended: usize,
    /// Frames that runs left open.
    pub leaked_contexts: u64,
}

impl Sizes {
    /// Whether no transaction and no script is at work.
    pub fn is_idle(&self) -> bool {
        self.transactions == 0 && self.suspended == 0
    }
}

impl SimServer {
    pub(super) fn start(script: &str, workers: usize, seed: u64, now: Now) -> SimServer {
        todo!()
    }

    /// The first socket's address.
    pub fn addr(&self) -> SocketAddr {
        self.engine.core.sockets.all()[0].addr
    }

    pub fn sizes(&self) -> Sizes {
        let core = &self.engine.core;
        Sizes {
            transactions: core.transactions.len(),
            dialogs: core.dialogs.len(),
            dialogs_alive: core.dialogs.count_alive(),
            dialog_index: core.dialogs.index_len(),
            suspended: self.engine.suspended(),
            leaked_contexts: self.statistic("dialog", "leaked_contexts"),
        }
    }

    /// A statistic; 0 when nobody keeps one under that name.
    pub fn statistic(&self, group: &str, name: &str) -> u64 {
        let core = &self.engine.core;
        core.stats.value(core, group, name).unwrap_or(0)
    }

    /// The worker that the kernel's hash of both addresses would choose.
    pub fn worker_of(&self, from: SocketAddr, to: SocketAddr) -> usize {
        let hash = self.engine.core.hasher.hash_one((from, to));
        (hash % self.shards.len() as u64) as usize
    }

    pub(super) fn receive(&mut self, now: Now, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let worker = self.worker_of(from, to);
        let Some(socket) = self.engine.core.sockets.all().iter().find(|s| s.addr == to).map(|s| s.id) else { return };
        self.engine.input(&mut self.shards[worker], now, Event::Datagram { socket, from, bytes });
    }

    pub(super) fn answer(&mut self, now: Now, worker: usize, id: WaitId, answer: EffectAnswer) {
        self.engine.input(&mut self.shards[worker], now, Event::Answer { id, answer });
    }

    pub(super) fn timeout(&mut self, worker: usize, now: Now) {
        self.engine.timeout(&mut self.shards[worker], now);
    }
}
