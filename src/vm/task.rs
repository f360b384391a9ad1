//! A task: native steps and script interleaved over one run, as plain data that can be kept while something is awaited.
//!
//! A task is a stack of levels. The lowest is native code of the engine or a module; each further one is a route that
//! the level below asked for (`Ret::Run`), in the same run or in one of its own. Nothing calls itself: what a builtin
//! hands back decides the next step of one loop.
use super::budget::Budget;
use super::cx::Cx;
use super::hook::Hook;
use super::image::Image;
use super::leak::{self, Floors};
use super::ret::{Answer, Outcome, OwnedRun, Ret, Scope, SubRun, Then};
use super::run_loop::{Exit, Script, error_route};
use crate::base::{Now, Span};
use crate::context::{
    Core, Effect, EffectAnswer, Hold, Level as LogLevel, RouteLabel, Run, Shard, Transaction, WaitId,
};
use crate::ir::RouteId;
use crate::registry::RouteKind;
use std::collections::VecDeque;
use std::sync::Arc;

/// Routes that run inside one another's builtins at most.
const MAX_LEVELS: usize = 64;

/// Functions that one run launches between two waits at most.
const MAX_LAUNCHED: usize = 256;

/// Who runs a task: the tables, the worker and the time.
pub struct Host<'a> {
    pub core: &'a Core,
    pub shard: &'a mut Shard,
    pub now: Now,
}

/// A run and where it stands.
pub struct Task {
    image: Arc<Image>,
    /// The run of the topmost level.
    run: Box<Run>,
    levels: Vec<Level>,
    later: Vec<OwnedRun>,
    waiting: Option<Then>,
    budget: Budget,
    fault: Option<Fault>,
    launched: Vec<Launched>,
}

/// Something to be done that nobody waits for, over a run of its own.
pub struct Launched {
    pub image: Arc<Image>,
    pub run: Box<Run>,
    pub entry: Box<dyn FnOnce(&mut Cx<'_>) -> Ret + Send>,
}

pub enum Progress {
    Done(Box<Done>),
    /// The effect stands in the shard's outputs; `Task::resume` gets its answer.
    Waiting {
        id: WaitId,
        task: Box<Task>,
    },
}

/// A task that came to its end; frames are released, hooks were called.
pub struct Done {
    pub run: Box<Run>,
    /// What the first step came to.
    pub code: i32,
    pub fault: Option<Fault>,
    pub launched: Vec<Launched>,
}

/// The script was stopped because it would never end or would fill the memory: its request is answered with 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// The statement it was stopped at.
    pub place: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    TooManyOperations,
    TooMuchMemory,
}

impl FaultKind {
    pub const fn text(self) -> &'static str {
        match self {
            FaultKind::TooManyOperations => "the script executed 20 million operations for one message",
            FaultKind::TooMuchMemory => "the values of the script take more than 16 MiB",
        }
    }
}

/// A route being executed, or the native code at the bottom.
struct Level {
    script: Option<Script>,
    /// Gets the outcome, in the run of the level below.
    then: Option<Then>,
    scope: LevelScope,
    interrupted: Option<Box<Interrupted>>,
}

enum LevelScope {
    /// The native code at the bottom of the task.
    Base { ended: bool },
    /// A route in the run of the level below.
    Same(Outer),
    /// A route with a run of its own; this is the run of the level below.
    Own(Box<Run>),
}

/// What a nested route hides of the run it runs in.
struct Outer {
    floors: Floors,
    kind: RouteKind,
    place: Span,
    dropped: bool,
    labels: usize,
    params: usize,
}

/// Routes that an event asked for are run before the level goes on with this code.
struct Interrupted {
    code: i32,
    queue: VecDeque<OwnedRun>,
}

enum Step {
    Ret(Ret),
    Script,
    Done(i32),
}

impl Task {
    pub fn new(image: Arc<Image>, run: Box<Run>) -> Task {
        let base = Level { script: None, then: None, scope: LevelScope::Base { ended: false }, interrupted: None };
        Task {
            image,
            run,
            levels: vec![base],
            later: Vec::new(),
            waiting: None,
            budget: Budget::default(),
            fault: None,
            launched: Vec::new(),
        }
    }

    /// Runs native code over the run; routes it wants executed it asks for by `Ret::Run`.
    pub fn start(mut self, host: &mut Host<'_>, entry: impl FnOnce(&mut Cx<'_>) -> Ret) -> Progress {
        let ret = entry(&mut self.cx(host));
        self.drive(host, Step::Ret(ret))
    }

    /// Goes on with the answer to the effect the task waits for.
    pub fn resume(mut self, host: &mut Host<'_>, answer: EffectAnswer) -> Progress {
        self.budget.refuel();
        let step = match self.waiting.take() {
            Some(then) => Step::Ret(then(&mut self.cx(host), Answer::Effect(answer))),
            None => {
                self.note(answer);
                Step::Script
            }
        };
        self.drive(host, step)
    }

    /// Keeps the answer for the operation that asked.
    fn note(&mut self, answer: EffectAnswer) {
        if let Some(asked) = &mut self.run.script.asked
            && let Some(effect) = asked.wanted.take()
        {
            asked.answers.push((effect, answer));
        }
    }

    /// What the script launched since this was last asked.
    pub fn take_launched(&mut self) -> Vec<Launched> {
        std::mem::take(&mut self.launched)
    }

    /// The run of the route that is suspended.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The run that native code began with.
    pub fn first_run(&self) -> &Run {
        self.runs().next().unwrap_or(&self.run)
    }

    /// The transaction that one of the runs holds: its other events wait for this task.
    pub fn held(&self) -> Option<&Arc<Transaction>> {
        self.runs().find(|run| run.hold != Hold::Nothing)?.tx.as_ref()
    }

    /// All runs, the one that native code began with first.
    fn runs(&self) -> impl Iterator<Item = &Run> {
        let below = self.levels.iter().filter_map(|level| match &level.scope {
            LevelScope::Own(run) => Some(&**run),
            LevelScope::Base { .. } | LevelScope::Same(_) => None,
        });
        below.chain([&*self.run])
    }

    fn drive(mut self, host: &mut Host<'_>, mut step: Step) -> Progress {
        let image = self.image.clone();
        loop {
            step = match step {
                Step::Ret(Ret::Code(code)) => self.deliver(host, code),
                Step::Ret(Ret::Wait(effect, then)) => return self.suspend(host, effect, Some(then)),
                Step::Ret(Ret::Run(sub, then)) => self.enter(host, *sub, then),
                Step::Script => match self.execute(host, &image) {
                    Exit::Builtin(ret) => Step::Ret(ret),
                    Exit::Ended { code, exited } => self.leave(host, code, exited),
                    Exit::Ask(effect) => return self.suspend(host, effect, None),
                    Exit::Launch(launched) => self.launch(host, *launched),
                    Exit::Yield => return self.suspend(host, Effect::Yield, None),
                    Exit::Fault(kind) => self.fail(host, kind),
                },
                Step::Done(code) => {
                    let Task { run, fault, launched, .. } = self;
                    return Progress::Done(Box::new(Done { run, code, fault, launched }));
                }
            };
        }
    }

    fn launch(&mut self, host: &mut Host<'_>, launched: Launched) -> Step {
        if self.launched.len() >= MAX_LAUNCHED {
            let text = format_args!("more than {MAX_LAUNCHED} functions are launched at once");
            self.cx(host).log(LogLevel::Error, "core", "launch", text);
            return Step::Ret(Ret::FALSE);
        }
        self.launched.push(launched);
        Step::Ret(Ret::TRUE)
    }

    fn suspend(mut self, host: &mut Host<'_>, effect: Effect, then: Option<Then>) -> Progress {
        let id = host.core.next_wait();
        host.shard.wait(id, effect);
        self.waiting = then;
        Progress::Waiting { id, task: Box::new(self) }
    }

    fn execute(&mut self, host: &mut Host<'_>, image: &Arc<Image>) -> Exit {
        let Some(script) = self.levels.last_mut().and_then(|l| l.script.as_mut()) else {
            return Exit::Builtin(Ret::STOP);
        };
        let mut cx =
            Cx { core: host.core, image, shard: host.shard, run: &mut self.run, now: host.now, later: &mut self.later };
        script.execute(&mut cx, &mut self.budget)
    }

    /// Hands a code to the level that waits for one.
    fn deliver(&mut self, host: &mut Host<'_>, mut code: i32) -> Step {
        let Some(level) = self.levels.last_mut() else { return Step::Done(code) };
        if let Some(interrupted) = &mut level.interrupted {
            if let Some(next) = interrupted.queue.pop_front() {
                return self.enter_owned(host, next);
            }
            code = interrupted.code;
            level.interrupted = None;
        }
        if !self.later.is_empty() {
            let queue: VecDeque<OwnedRun> = std::mem::take(&mut self.later).into();
            level.interrupted = Some(Box::new(Interrupted { code, queue }));
            return Step::Ret(Ret::Code(code));
        }
        if let Some(script) = &mut level.script {
            if self.fault.is_some() {
                return self.leave(host, 0, true);
            }
            if let Some(ret) = error_route(&self.image, &self.run, code) {
                return Step::Ret(ret);
            }
            script.settle(&self.image, &mut self.run, code);
            return Step::Script;
        }
        if let LevelScope::Base { ended } = &mut level.scope
            && !*ended
        {
            *ended = true;
            self.end_run(host);
            return Step::Ret(Ret::Code(code));
        }
        Step::Done(code)
    }

    fn enter_owned(&mut self, host: &mut Host<'_>, next: OwnedRun) -> Step {
        let then = next.then.unwrap_or_else(|| Box::new(|_, _| Ret::TRUE));
        self.enter(host, next.sub, then)
    }

    /// Begins a route; one that is not there is an outcome at once.
    fn enter(&mut self, host: &mut Host<'_>, sub: SubRun, then: Then) -> Step {
        let route = self.image.route(sub.kind, sub.name.as_deref());
        let too_deep = self.levels.len() >= MAX_LEVELS;
        if too_deep {
            host.core.log.part(
                LogLevel::Error,
                "core",
                "run_route",
                format_args!("routes run inside one another's functions more than {MAX_LEVELS} deep"),
            );
        }
        let Some(id) = route.filter(|_| !too_deep && self.fault.is_none()) else {
            let run = match sub.scope {
                Scope::Same => None,
                Scope::Own(run) => Some(run),
            };
            let missing = Outcome { code: 1, dropped: false, exited: false, missing: true, run };
            return Step::Ret(then(&mut self.cx(host), Answer::Route(missing)));
        };
        let scope = match sub.scope {
            Scope::Same => LevelScope::Same(self.enter_same(sub.kind)),
            Scope::Own(own) => LevelScope::Own(std::mem::replace(&mut self.run, own)),
        };
        self.begin(id, sub.kind);
        let script = Script::new(&self.image, id);
        self.levels.push(Level { script: Some(script), then: Some(then), scope, interrupted: None });
        Step::Script
    }

    fn enter_same(&mut self, kind: RouteKind) -> Outer {
        let run = &mut *self.run;
        let script = &mut run.script;
        let outer = Outer {
            kind: run.kind,
            place: run.place,
            dropped: std::mem::take(&mut script.dropped),
            labels: script.routes.len(),
            params: script.params.len(),
            floors: leak::enter(run),
        };
        run.kind = kind;
        outer
    }

    fn begin(&mut self, route: RouteId, kind: RouteKind) {
        let name = self.image.route_entry(route).and_then(|r| r.name.clone());
        let run = &mut *self.run;
        run.kind = kind;
        // The outermost route may have the parameters of an event.
        if !run.script.routes.is_empty() {
            run.script.params.push(None);
        }
        run.script.routes.push(RouteLabel { kind, name });
        if let Some(missing) = self.image.initial.get(run.vars.len()..) {
            run.vars.extend_from_slice(missing);
        }
    }

    /// Ends the topmost route and hands its outcome to who asked for it.
    fn leave(&mut self, host: &mut Host<'_>, code: i32, exited: bool) -> Step {
        let Some(level) = self.levels.pop() else { return Step::Done(code) };
        let dropped = self.run.script.dropped;
        let mut outcome = Outcome { code, dropped, exited, missing: false, run: None };
        match level.scope {
            LevelScope::Base { .. } => return Step::Done(code),
            LevelScope::Same(outer) => self.leave_same(host, outer),
            LevelScope::Own(below) => {
                self.end_run(host);
                let run = &mut self.run.script;
                run.routes.clear();
                run.params.clear();
                outcome.run = Some(std::mem::replace(&mut self.run, below));
            }
        }
        let Some(then) = level.then else { return Step::Ret(Ret::Code(code)) };
        Step::Ret(then(&mut self.cx(host), Answer::Route(outcome)))
    }

    fn leave_same(&mut self, host: &mut Host<'_>, outer: Outer) {
        let run = &mut *self.run;
        leak::leave(host.core, &self.image, run, outer.floors, host.now.mono);
        run.kind = outer.kind;
        run.place = outer.place;
        run.script.dropped = outer.dropped;
        run.script.routes.truncate(outer.labels);
        run.script.params.truncate(outer.params);
    }

    /// The end of a run, however it came: modules learn of it, and frames still open are released.
    fn end_run(&mut self, host: &mut Host<'_>) {
        self.cx(host).raise(&Hook::RunEnd);
        leak::release_run(host.core, &self.image, &mut self.run, host.now.mono);
    }

    /// Stops the script for good: every route of the task ends, what waits for their outcomes still completes.
    fn fail(&mut self, host: &mut Host<'_>, kind: FaultKind) -> Step {
        let place = self.run.place;
        let line = self.image.place(place);
        host.core.log.part(LogLevel::Error, "core", "run_script", format_args!("{}; stopped at {line}", kind.text()));
        self.fault = Some(Fault { kind, place });
        self.leave(host, 0, true)
    }

    fn cx<'a>(&'a mut self, host: &'a mut Host<'_>) -> Cx<'a> {
        Cx {
            core: host.core,
            image: &self.image,
            shard: host.shard,
            run: &mut self.run,
            now: host.now,
            later: &mut self.later,
        }
    }
}
