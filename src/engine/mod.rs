//! The sans-IO whole: events and timeouts in, messages and effects out.
//!
//! Path of a message: `input` -> `message` (parsed, checked, counted; `refuse` answers what is broken) -> a run of its own
//! in a `vm::Task` -> `drive`: what ended gives its transaction up to the next event, what waits is kept in `waiting`. Time
//! comes in by `timeout`. `boot` makes an engine of a script. A panic of ours ends the message it was about (`recover`).
//!
//! Outputs stand in `shard.out`; whoever calls carries them out. Nothing here touches a socket, a clock or a file.
pub mod boot;
mod events;
mod message;
mod recover;
mod refuse;
mod routes;
pub mod settings;
mod waiting;
#[cfg(test)]
mod tests;

use crate::base::Now;
use crate::context::{Core, EffectAnswer, Level, Output, Run, Shard, SocketId, Timer, Transaction, TxId, WaitId};
use crate::modules::tm;
use crate::proto::transaction::Key;
use crate::registry::RouteKind;
use crate::vm::{Cx, Done, Host, Image, Launched, Progress, Ret, Task};
use arc_swap::ArcSwap;
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use waiting::Waiting;

/// Functions that launched routes launch in turn, in one step of an engine.
const LAUNCHES: usize = 1_000;

/// What happens to an engine.
#[derive(Clone, Debug)]
pub enum Event {
    Datagram {
        socket: SocketId,
        from: SocketAddr,
        bytes: Bytes,
    },
    /// The answer to an effect.
    Answer {
        id: WaitId,
        answer: EffectAnswer,
    },
}

/// Shared by all workers; each brings its own `Shard`.
pub struct Engine {
    pub core: Core,
    image: ArcSwap<Image>,
    waiting: Waiting,
}

impl Engine {
    pub fn new(mut core: Core, image: Image) -> Engine {
        if core.settings.log_event_enabled {
            core.log.keep(core.settings.log_event_level_filter);
        }
        Engine { core, image: ArcSwap::from_pointee(image), waiting: Waiting::default() }
    }

    pub fn image(&self) -> Arc<Image> {
        self.image.load_full()
    }

    /// Handles one event. What it leads to stands in `shard.out` afterwards.
    pub fn input(&self, shard: &mut Shard, now: Now, event: Event) {
        self.guarded(shard, now, |engine, shard| match event {
            Event::Datagram { socket, from, bytes } => message::datagram(engine, shard, now, socket, from, bytes),
            Event::Answer { id, answer } => engine.answered(shard, now, id, answer),
        });
    }

    /// Handles every timer of this worker that is due.
    pub fn timeout(&self, shard: &mut Shard, now: Now) {
        let mut due = std::mem::take(&mut shard.due);
        shard.wheel.expire(now.mono, &mut |timer| due.push(timer));
        for timer in due.drain(..) {
            self.guarded(shard, now, |engine, shard| engine.fired(shard, now, timer));
        }
        shard.due = due;
    }

    /// Runs `startup_route` and starts the timer routes. To be called once, with one worker's shard, before any event.
    pub fn start(&self, shard: &mut Shard, now: Now) {
        self.guarded(shard, now, |engine, shard| routes::start(engine, shard, now));
    }

    /// To be called when handling a message took longer than `exec_msg_threshold`.
    pub fn slow(&self, shard: &mut Shard, now: Now, took: Duration, from: SocketAddr, message: &[u8]) {
        self.guarded(shard, now, |engine, shard| events::slow(&engine.core, shard, took, from, message));
    }

    /// Suspended runs; for tests and statistics.
    pub fn suspended(&self) -> usize {
        self.waiting.len()
    }

    /// Exchanges that still owe somebody a final reply: what a stop waits for.
    pub fn unfinished(&self) -> usize {
        let owed = |tx: &Transaction| !tx.local && tx.state.lock().answered() < 200;
        self.suspended() + self.core.transactions.search(owed).len()
    }

    /// The one place that survives a panic of ours (design, invariant 6).
    fn guarded(&self, shard: &mut Shard, now: Now, work: impl FnOnce(&Engine, &mut Shard)) {
        let attempt = AssertUnwindSafe(|| {
            work(self, shard);
            self.wake(shard, now);
            events::dispatch(self, shard, now);
            self.wake(shard, now);
        });
        if catch_unwind(attempt).is_err() {
            recover::after_panic(self, shard, now);
        }
        shard.at_work = None;
        shard.request = None;
    }

    /// Resumes the runs that others woke.
    fn wake(&self, shard: &mut Shard, now: Now) {
        loop {
            let ready = self.core.parking.take_ready();
            if ready.is_empty() {
                return;
            }
            ready.into_iter().for_each(|id| self.answered(shard, now, id, EffectAnswer::Done));
        }
    }

    /// Starts native code over a run, and sees it to its end or its first wait.
    fn run(&self, shard: &mut Shard, now: Now, run: Box<Run>, entry: impl FnOnce(&mut Cx<'_>) -> Ret) -> Ran {
        let task = Task::new(self.image(), run);
        let progress = task.start(&mut Host { core: &self.core, shard, now }, entry);
        self.drive(shard, now, progress)
    }

    /// Sees a task to its end or its next wait, and then whatever waited for its transaction.
    fn drive(&self, shard: &mut Shard, now: Now, mut progress: Progress) -> Ran {
        let mut launched = Vec::new();
        loop {
            let mut done: Done = match progress {
                Progress::Waiting { id, mut task } => {
                    launched.extend(task.take_launched());
                    return Ran { waits: Some((id, task)), launched };
                }
                Progress::Done(done) => *done,
            };
            launched.append(&mut done.launched);
            if done.fault.is_some() {
                self.faulted(shard, now, &done.run);
            }
            let Some(next) = tm::finish::run_ended(&self.core, shard, now, &mut done.run) else {
                return Ran { waits: None, launched };
            };
            let task = Task::new(self.image(), next.run);
            progress = task.start(&mut Host { core: &self.core, shard, now }, next.entry);
        }
    }

    /// A script that would never have ended: its request is answered with 500.
    fn faulted(&self, shard: &mut Shard, now: Now, run: &Run) {
        match &run.tx {
            Some(tx) => {
                let mut io = tm::Io { core: &self.core, shard, now };
                tm::finish::abandon(&mut io, tx, &mut tx.state.lock());
            }
            None if run.kind == RouteKind::Request => refuse::server_error(&self.core, shard, &run.msg, &run.received),
            None => {}
        }
    }

    fn answered(&self, shard: &mut Shard, now: Now, id: WaitId, answer: EffectAnswer) {
        let Some(suspended) = self.waiting.take(id) else { return };
        let key = suspended.key;
        // Should this step panic: what it is about.
        shard.at_work = suspended.task.held().cloned();
        shard.request = key.map(|_| suspended.task.first_run()).map(|run| (run.msg.clone(), run.received));
        let progress = suspended.task.resume(&mut Host { core: &self.core, shard, now }, answer);
        let ran = self.drive(shard, now, progress);
        self.settle(shard, now, ran, key);
    }

    /// Keeps what waits, hands out what waited behind it, and begins what was launched.
    fn settle(&self, shard: &mut Shard, now: Now, ran: Ran, key: Option<Key>) {
        let (launched, is_unborn) = self.keep(shard, now, ran, key);
        if !is_unborn {
            for held in key.map(|key| self.waiting.release(key)).unwrap_or_default() {
                message::datagram(self, shard, now, held.socket, held.from, held.bytes);
            }
        }
        if !launched.is_empty() {
            self.launch(shard, now, launched);
        }
    }

    /// True when the run waits and its request has no transaction.
    fn keep(&self, shard: &mut Shard, now: Now, ran: Ran, key: Option<Key>) -> (Vec<Launched>, bool) {
        let Ran { mut waits, mut launched } = ran;
        while let Some((id, task)) = waits.take() {
            if !self.waiting.is_full() {
                let unborn = key.filter(|key| self.core.transactions.find(*key).is_none());
                let ticket = waiting::arm(shard, now, id);
                self.waiting.keep(id, task, unborn);
                // Only now: it may have been called already, and is then resumed by whoever looks next.
                if let Some(ticket) = ticket {
                    self.core.parking.park(ticket, id);
                }
                return (launched, unborn.is_some());
            }
            self.core.log.part(
                Level::Error,
                "core",
                "suspend",
                format_args!("too many scripts wait: one more does not"),
            );
            shard.out.retain(|o| !matches!(o, Output::Wait { id: asked, .. } if *asked == id));
            let progress = task.resume(&mut Host { core: &self.core, shard, now }, EffectAnswer::GivenUp);
            let mut ran = self.drive(shard, now, progress);
            launched.append(&mut ran.launched);
            waits = ran.waits;
        }
        (launched, false)
    }

    /// Begins what scripts launched, and what that launches.
    fn launch(&self, shard: &mut Shard, now: Now, launched: Vec<Launched>) {
        let mut queue = VecDeque::from(launched);
        for _ in 0..LAUNCHES {
            let Some(job) = queue.pop_front() else { return };
            // Should this step panic: it is about no message.
            shard.at_work = None;
            shard.request = None;
            let task = Task::new(job.image, job.run);
            let progress = task.start(&mut Host { core: &self.core, shard, now }, job.entry);
            let ran = self.drive(shard, now, progress);
            queue.extend(self.keep(shard, now, ran, None).0);
        }
        if !queue.is_empty() {
            let text =
                format_args!("launched routes launch more than {LAUNCHES} functions at once: the rest is dropped");
            self.core.log.part(Level::Error, "core", "launch", text);
        }
    }

    fn fired(&self, shard: &mut Shard, now: Now, timer: Timer) {
        match timer {
            Timer::Transaction(id) => self.transaction_due(shard, now, id),
            Timer::Route(number) => routes::timer(self, shard, now, number),
            Timer::Suspended(id) => self.answered(shard, now, id, EffectAnswer::GivenUp),
            Timer::Dialog { .. } | Timer::Module { .. } => routes::module_timer(self, shard, now, timer),
        }
    }

    fn transaction_due(&self, shard: &mut Shard, now: Now, id: TxId) {
        let fired = tm::timers::fire(&mut tm::Io { core: &self.core, shard, now }, id);
        let ran = match fired {
            tm::timers::Fired::Nothing => return,
            tm::timers::Fired::Drain(tx) => {
                let Some(next) = tm::finish::drain(&tx) else { return };
                self.run(shard, now, next.run, next.entry)
            }
            tm::timers::Fired::Ended(tx) if self.image.load().hooks.is_empty() => return drop(tx),
            tm::timers::Fired::Ended(tx) => {
                let run = tm::finish::over_request(&tx, &tx.state.lock());
                self.run(shard, now, run, move |cx| {
                    tm::settle::ended(cx, &tx);
                    Ret::TRUE
                })
            }
        };
        self.settle(shard, now, ran, None);
    }
}

/// How far a task came, and what was launched on the way.
struct Ran {
    waits: Option<(WaitId, Box<Task>)>,
    launched: Vec<Launched>,
}
