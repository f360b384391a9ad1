//! A worker: one thread, its own sockets and shard, messages handled inline in batches.
//!
//! Its loop is poll, receive, handle, send: three system calls for a lone datagram, fewer each in a batch.
use super::clock::Clock;
use super::ears::Ears;
use super::inbox::Inbox;
use super::programs::Programs;
use super::resolver::Resolver;
use super::udp::{self, Bound, ReceiveRoom, SendRoom, Udp};
use crate::base::{Instant, Now};
use crate::context::{Counter, Datagram, Effect, EffectAnswer, Output, Shard, SocketId, WaitId};
use crate::engine::{Engine, Event};
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Batches read from one socket before the others and the timers have their turn.
const BATCHES: usize = 8;
/// Timers within this time are served by one wake-up, microseconds.
const TICK: u64 = 10_000;

/// How often a worker looks whether the startup route of another is done.
const STARTUP_LOOK: Duration = Duration::from_millis(10);

/// What all workers are given.
#[derive(Clone)]
pub struct Shared {
    pub engine: Arc<Engine>,
    pub clock: Clock,
    pub resolver: Resolver,
    pub programs: Programs,
    pub ears: Ears,
    pub stop: Arc<AtomicBool>,
    /// Work for a message that takes longer is logged.
    pub slow_message: Option<Duration>,
    pub send_failures: Arc<Counter>,
}

/// A started worker.
pub struct WorkerHandle {
    thread: std::thread::JoinHandle<()>,
    inbox: Arc<Inbox>,
}

impl WorkerHandle {
    /// Makes the worker look at `stop`.
    pub fn wake(&self) {
        self.inbox.ring();
    }

    pub fn join(self) {
        // A worker that panicked has said so; there is nothing left to stop.
        let _ = self.thread.join();
    }
}

/// Starts a worker over sockets that are bound already.
pub fn spawn(shared: Shared, shard: Shard, sockets: Vec<Bound>) -> io::Result<WorkerHandle> {
    let inbox = Arc::new(Inbox::new()?);
    let name = format!("worker-{}", shard.index);
    let worker = Worker {
        shared,
        shard,
        sockets: sockets.into_iter().map(Udp::new).collect(),
        inbox: inbox.clone(),
        receive: ReceiveRoom::default(),
        send: SendRoom::default(),
    };
    let thread = std::thread::Builder::new().name(name).spawn(move || worker.run())?;
    Ok(WorkerHandle { thread, inbox })
}

struct Worker {
    shared: Shared,
    shard: Shard,
    sockets: Vec<Udp>,
    inbox: Arc<Inbox>,
    receive: ReceiveRoom,
    send: SendRoom,
}

impl Worker {
    fn run(mut self) {
        // The startup route may have asked for something already.
        self.flush();
        let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // A negative descriptor is one that poll leaves out.
        let mut fds: Vec<libc::pollfd> =
            self.sockets.iter().map(|s| entry(if s.receives { s.fd() } else { -1 })).collect();
        fds.push(entry(self.inbox.bell()));
        self.wait_for_startup(&mut fds);
        while !self.shared.stop.load(Ordering::Acquire) {
            wait(&mut fds, self.patience());
            for (at, fd) in fds.iter().enumerate() {
                match fd.revents {
                    0 => {}
                    _ if at < self.sockets.len() => self.read(at),
                    _ => self.answers(),
                }
            }
            self.expire();
        }
    }

    /// Until the startup route is done only its answers are taken; messages stay in the sockets' buffers.
    fn wait_for_startup(&mut self, fds: &mut [libc::pollfd]) {
        let Some(bell) = fds.last_mut() else { return };
        let started = |shared: &Shared| shared.engine.core.started.load(Ordering::Acquire);
        while !started(&self.shared) && !self.shared.stop.load(Ordering::Acquire) {
            wait(std::slice::from_mut(bell), Some(STARTUP_LOOK));
            if bell.revents != 0 {
                self.answers();
            }
            self.expire();
        }
    }

    /// How long nothing is due; deadlines that are close together count as one.
    fn patience(&self) -> Option<Duration> {
        let next = self.shard.next_timeout()?;
        let rounded = Instant(next.0.div_ceil(TICK) * TICK);
        Some(rounded.since(self.shared.clock.now().mono))
    }

    fn read(&mut self, at: usize) {
        for _ in 0..BATCHES {
            let Some(socket) = self.sockets.get(at) else { return };
            let Ok(n) = socket.receive(&mut self.receive) else { return };
            let (id, now) = (socket.id, self.shared.clock.now());
            for i in 0..n {
                if let Some((from, bytes)) = self.receive.message(i) {
                    self.handle(now, id, from, bytes);
                }
            }
            self.flush();
            // A batch that is not full emptied the socket.
            if n < udp::BATCH {
                return;
            }
        }
    }

    fn handle(&mut self, now: Now, socket: SocketId, from: SocketAddr, bytes: Bytes) {
        let Some(limit) = self.shared.slow_message else {
            return self.shared.engine.input(&mut self.shard, now, Event::Datagram { socket, from, bytes });
        };
        let began = self.shared.clock.now().mono;
        self.shared.engine.input(&mut self.shard, now, Event::Datagram { socket, from, bytes: bytes.clone() });
        let now = self.shared.clock.now();
        let took = now.mono.since(began);
        if took > limit {
            self.shared.engine.slow(&mut self.shard, now, took, from, &bytes);
        }
    }

    fn answers(&mut self) {
        for (id, answer) in self.inbox.take() {
            let now = self.shared.clock.now();
            self.shared.engine.input(&mut self.shard, now, Event::Answer { id, answer });
            self.flush();
        }
    }

    fn expire(&mut self) {
        let Some(next) = self.shard.next_timeout() else { return };
        let now = self.shared.clock.now();
        if next <= now.mono {
            self.shared.engine.timeout(&mut self.shard, now);
            self.flush();
        }
    }

    /// Carries out what the event just handled asked for.
    fn flush(&mut self) {
        if self.shard.out.is_empty() {
            return;
        }
        let mut out = std::mem::take(&mut self.shard.out);
        for socket in &self.sockets {
            let of_socket = |o: &&Output| matches!(o, Output::Send(d) if d.socket == socket.id);
            let batch: Vec<&Datagram> = out.iter().filter(of_socket).filter_map(datagram).collect();
            if !batch.is_empty() {
                let outcome = socket.send(&mut self.send, &batch);
                self.shared.send_failures.add(outcome.failed as u64);
            }
        }
        for output in out.drain(..) {
            if let Output::Wait { id, effect } = output {
                self.begin(id, effect);
            }
        }
        // The room is kept for the next event.
        self.shard.out = out;
    }

    fn begin(&self, id: WaitId, effect: Effect) {
        let inbox = self.inbox.clone();
        match effect {
            Effect::Resolve { host } => self.shared.resolver.resolve(id, host, inbox),
            Effect::Sleep { micros } => self.shared.resolver.sleep(id, micros, inbox),
            Effect::Execute(execute) => self.shared.programs.run(id, *execute, inbox),
            Effect::Tell(tell) => self.shared.ears.tell(id, *tell, inbox),
            Effect::Yield => inbox.put(id, EffectAnswer::Done),
            Effect::Park { .. } => {}
        }
    }
}

fn datagram(output: &Output) -> Option<&Datagram> {
    match output {
        Output::Send(datagram) => Some(datagram),
        Output::Wait { .. } => None,
    }
}

/// Waits until a descriptor is readable or the time is over. An interrupted or failed wait is a short one.
fn wait(fds: &mut [libc::pollfd], patience: Option<Duration>) {
    let timeout = patience.map(|d| libc::timespec {
        tv_sec: d.as_secs() as libc::time_t,
        tv_nsec: libc::c_long::from(d.subsec_nanos() as i32),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the entries and the time live through the call; no signal mask is given.
    let n = unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout, std::ptr::null()) };
    if n < 0 {
        fds.iter_mut().for_each(|fd| fd.revents = 0);
    }
}
