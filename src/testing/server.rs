//! A real engine in the simulated network, with its workers and its log.
use super::LogBook;
use crate::analysis;
use crate::base::Now;
use crate::context::{EffectAnswer, Log, Shard, SocketId, Sockets, WaitId};
use crate::diag::{Diagnostic, concise};
use crate::engine::boot::{Boot, boot, catalog};
use crate::engine::settings::{Listening, Settings, SocketSpec};
use crate::engine::{Engine, Event};
use crate::syntax::ast::HostKind;
use crate::syntax::{Source, parse};
use bytes::Bytes;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Barrier};

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

impl SimServer {
    /// Boots a script as the server does. Panics with the findings when it is refused.
    pub(super) fn start(script: &str, workers: usize, seed: u64, now: Now) -> SimServer {
        let log = LogBook::default();
        let engine = Arc::new(boot_script(script, &log, seed, now));
        let mut shards: Vec<Shard> = (0..workers.max(1)).map(|n| Shard::new(n, seed, now.mono)).collect();
        engine.start(&mut shards[0], now);
        SimServer { engine, shards, log }
    }

    /// The first socket's address.
    pub fn addr(&self) -> SocketAddr {
        self.engine.core.sockets.all()[0].addr
    }

    /// No transaction and no script is at work.
    pub fn is_idle(&self) -> bool {
        self.engine.suspended() == 0 && self.engine.core.transactions.is_empty()
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

    /// The n-th datagram to the n-th worker, all at once. They come to the first socket.
    pub(super) fn race(&mut self, now: Now, datagrams: Vec<(SocketAddr, Bytes)>) {
        assert!(datagrams.len() <= self.shards.len(), "a worker for each datagram");
        let start = Barrier::new(datagrams.len());
        let (engine, socket) = (&self.engine, self.engine.core.sockets.all()[0].id);
        std::thread::scope(|threads| {
            for (shard, (from, bytes)) in self.shards.iter_mut().zip(datagrams) {
                let start = &start;
                threads.spawn(move || {
                    start.wait();
                    engine.input(shard, now, Event::Datagram { socket, from, bytes });
                });
            }
        });
    }

    /// Datagrams of one moment, each at the worker that gets it, and the timers that are due: all workers at once, on
    /// threads of their own.
    pub(super) fn receive_together(&mut self, now: Now, datagrams: Vec<(SocketAddr, SocketAddr, Bytes)>) {
        let mut batches: Vec<Vec<Event>> = self.shards.iter().map(|_| Vec::new()).collect();
        for (from, to, bytes) in datagrams {
            if let Some(socket) = self.socket_at(to) {
                let worker = self.worker_of(from, to);
                batches[worker].push(Event::Datagram { socket, from, bytes });
            }
        }
        let engine = &self.engine;
        std::thread::scope(|threads| {
            for (shard, batch) in self.shards.iter_mut().zip(batches) {
                let is_due = shard.next_timeout().is_some_and(|at| at <= now.mono);
                if batch.is_empty() && !is_due {
                    continue;
                }
                threads.spawn(move || {
                    batch.into_iter().for_each(|event| engine.input(shard, now, event));
                    engine.timeout(shard, now);
                });
            }
        });
    }

    fn socket_at(&self, addr: SocketAddr) -> Option<SocketId> {
        self.engine.core.sockets.all().iter().find(|s| s.addr == addr).map(|s| s.id)
    }

    pub(super) fn receive(&mut self, now: Now, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        let worker = self.worker_of(from, to);
        let Some(socket) = self.socket_at(to) else { return };
        self.engine.input(&mut self.shards[worker], now, Event::Datagram { socket, from, bytes });
    }

    pub(super) fn answer(&mut self, now: Now, worker: usize, id: WaitId, answer: EffectAnswer) {
        self.engine.input(&mut self.shards[worker], now, Event::Answer { id, answer });
    }

    pub(super) fn timeout(&mut self, worker: usize, now: Now) {
        self.engine.timeout(&mut self.shards[worker], now);
    }
}

/// The whole way of a start: parsed, checked, booted.
fn boot_script(script: &str, log: &LogBook, seed: u64, now: Now) -> Engine {
    let source = Source::single("test.cfg", script.as_bytes());
    let parsed = parse(&source);
    let found = parsed.errors.iter().cloned().chain(analysis::check(&parsed.ast, &catalog()));
    let refused: Vec<Diagnostic> = found.filter(Diagnostic::refuses).collect();
    assert!(refused.is_empty(), "the script is refused:\n{}", shown(&source, &refused));
    let mut settings = Settings::of(&parsed.ast);
    settings.core.started = now.unix_secs();
    settings.core.read_file = |path| std::fs::read(OsStr::from_bytes(path)).map_err(|e| e.to_string());
    let booted = boot(Boot {
        ast: &parsed.ast,
        sources: source.map,
        sockets: sockets(&settings),
        log: Log::new(Box::new(log.clone()), settings.core.log_level),
        settings: settings.core,
        seed,
    });
    booted.unwrap_or_else(|why| panic!("the script does not start: {why}"))
}

fn shown(source: &Source, found: &[Diagnostic]) -> String {
    let mut out = Vec::new();
    concise::render(&source.map, found, &mut out).expect("writing to memory does not fail");
    String::from_utf8_lossy(&out).into_owned()
}

/// Sockets whose addresses the script gives.
fn sockets(settings: &Settings) -> Sockets {
    let literal = |spec: &SocketSpec| match &spec.host {
        HostKind::Ip(ip) => Ok(vec![*ip]),
        HostKind::Any | HostKind::Name(_) => Err("sockets in the simulated network have an address".to_owned()),
    };
    Listening::of(settings, literal, |_| None).unwrap_or_else(|why| panic!("{why}")).sockets
}
