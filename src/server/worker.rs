//! A worker: one thread, its own sockets and shard, messages handled inline in batches.
use super::clock::Clock;
use super::resolver::{Answers, Resolver};
use super::udp::{Bound, ReceiveRoom, SendRoom, Udp};
use crate::base::Instant;
use crate::context::{Counter, Datagram, Effect, EffectAnswer, Output, Shard, WaitId};
use crate::engine::{Engine, Event};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Sleep;

/// Batches read from one socket before the others and the timers have their turn.
const BATCHES: usize = 8;
/// Timers within this time are served by one wake-up.
const TICK: u64 = 10_000;

/// What all workers are given.
#[derive(Clone)]
pub struct Shared {
    pub engine: Arc<Engine>,
    pub clock: Clock,
    pub resolver: Resolver,
    pub stop: Arc<AtomicBool>,
    pub send_failures: Arc<Counter>,
}

/// A started worker.
pub struct WorkerHandle {
    thread: std::thread::JoinHandle<()>,
    wake: Answers,
}

impl WorkerHandle {
    /// Makes the worker look at `stop`.
    pub fn wake(&self) {
        // A worker that has ended needs no waking.
        let _ = self.wake.send((WaitId(0), EffectAnswer::Done));
    }

    pub fn join(self) {
        let _ = self.thread.join();
    }
}

/// Starts a worker over sockets that are bound already.
pub fn spawn(shared: Shared, shard: Shard, sockets: Vec<Bound>) -> io::Result<WorkerHandle> {
    let (answers, inbox) = unbounded_channel();
    let wake = answers.clone();
    let name = format!("worker-{}", shard.index);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async move {
            let sockets = sockets.into_iter().map(Udp::new).collect::<io::Result<Vec<_>>>();
            if let Ok(sockets) = sockets {
                Worker::new(shared, shard, sockets, answers, inbox).run().await;
            }
        });
    })?;
    Ok(WorkerHandle { thread, wake })
}

struct Worker {
    shared: Shared,
    shard: Shard,
    sockets: Vec<Udp>,
    answers: Answers,
    inbox: UnboundedReceiver<(WaitId, EffectAnswer)>,
    receive: ReceiveRoom,
    send: SendRoom,
    /// The engine deadline that the sleep is set to.
    armed: Option<Instant>,
}

enum Wake {
    /// The socket at this place has something.
    Readable(usize),
    Answer(WaitId, EffectAnswer),
    Timer,
}

impl Worker {
    fn new(
        shared: Shared,
        shard: Shard,
        sockets: Vec<Udp>,
        answers: Answers,
        inbox: UnboundedReceiver<(WaitId, EffectAnswer)>,
    ) -> Worker {
        let (receive, send) = (ReceiveRoom::default(), SendRoom::default());
        Worker { shared, shard, sockets, answers, inbox, receive, send, armed: None }
    }

    async fn run(mut self) {
        // The startup route may have asked for something already.
        self.flush();
        let sleep = tokio::time::sleep(Duration::from_secs(3600));
        tokio::pin!(sleep);
        while !self.shared.stop.load(Ordering::Acquire) {
            self.arm(sleep.as_mut());
            match std::future::poll_fn(|cx| self.poll(cx, sleep.as_mut())).await {
                Wake::Readable(at) => self.read(at),
                Wake::Answer(id, answer) => self.answer(id, answer),
                Wake::Timer => self.armed = None,
            }
            self.expire();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, sleep: Pin<&mut Sleep>) -> Poll<Wake> {
        if let Poll::Ready(Some((id, answer))) = self.inbox.poll_recv(cx) {
            return Poll::Ready(Wake::Answer(id, answer));
        }
        for (at, socket) in self.sockets.iter().enumerate() {
            if socket.poll_readable(cx).is_ready() {
                return Poll::Ready(Wake::Readable(at));
            }
        }
        sleep.poll(cx).map(|()| Wake::Timer)
    }

    /// Sets the sleep to the next deadline when that is earlier than what it is set to; a sleep that fires early costs
    /// less than setting it anew for every message.
    fn arm(&mut self, sleep: Pin<&mut Sleep>) {
        let Some(next) = self.shard.next_timeout() else { return };
        let rounded = Instant(next.0.div_ceil(TICK) * TICK);
        if self.armed.is_none_or(|armed| rounded < armed) {
            self.armed = Some(rounded);
            sleep.reset(self.shared.clock.deadline(rounded));
        }
    }

    fn read(&mut self, at: usize) {
        for _ in 0..BATCHES {
            let Some(socket) = self.sockets.get(at) else { return };
            let Ok(n) = socket.receive(&mut self.receive) else { return };
            let (id, now) = (socket.id, self.shared.clock.now());
            for i in 0..n {
                if let Some((from, bytes)) = self.receive.message(i) {
                    self.shared.engine.input(&mut self.shard, now, Event::Datagram { socket: id, from, bytes });
                }
            }
            self.flush();
            if n < super::udp::BATCH {
                return;
            }
        }
    }

    fn answer(&mut self, id: WaitId, answer: EffectAnswer) {
        // Wait ids start at 1; 0 only wakes the worker.
        if id != WaitId(0) {
            let now = self.shared.clock.now();
            self.shared.engine.input(&mut self.shard, now, Event::Answer { id, answer });
            self.flush();
        }
    }

    fn expire(&mut self) {
        let now = self.shared.clock.now();
        if self.shard.next_timeout().is_some_and(|at| at <= now.mono) {
            self.shared.engine.timeout(&mut self.shard, now);
            self.flush();
        }
    }

    /// Carries out what the event just handled asked for.
    fn flush(&mut self) {
        if self.shard.out.is_empty() {
            return;
        }
        let out = std::mem::take(&mut self.shard.out);
        for socket in &self.sockets {
            let batch: Vec<&Datagram> = out
                .iter()
                .filter_map(|o| match o {
                    Output::Send(d) if d.socket == socket.id => Some(d),
                    _ => None,
                })
                .collect();
            if !batch.is_empty() {
                let outcome = socket.send(&mut self.send, &batch);
                self.shared.send_failures.add(outcome.failed as u64);
            }
        }
        for output in out {
            if let Output::Wait { id, effect } = output {
                self.begin(id, effect);
            }
        }
    }

    fn begin(&mut self, id: WaitId, effect: Effect) {
        let answers = self.answers.clone();
        match effect {
            Effect::Resolve { host } => self.shared.resolver.resolve(id, host, answers),
            Effect::Sleep { micros } => self.shared.resolver.sleep(id, micros, answers),
            Effect::Yield => {
                // The worker holds the receiving end, so there is somebody to take it.
                let _ = answers.send((id, EffectAnswer::Done));
            }
        }
    }
}
