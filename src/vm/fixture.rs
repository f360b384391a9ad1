//! What the tests of the language need: a few variables and functions of their own, and a way to run a script with them.
use super::arg::{RouteName, VarIn};
use super::asynchronous::Suspend;
use super::cx::Cx;
use super::function::Function;
use super::link::{Linking, link};
use super::module::Module;
use super::pvar::{Index, NameKind, Pvar, Store, TransformArg, TransformRow, Var, VarName, WriteError};
use super::ret::{Answer, OwnedRun, Ret, Scope, SubRun};
use super::task::{Done, Host, Progress, Task};
use crate::base::{Instant, Now, Str};
use crate::context::{
    Core, CoreSettings, Effect, EffectAnswer, Level, Log, LogSink, ModuleStates, Origin, Output, Received, Run, Shard,
    SocketId, Sockets, Stats, Value, dummy,
};
use crate::registry::{Catalog, RouteKind, SubName};
use crate::script_fns;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

/// What running a script came to.
pub struct Ran {
    /// Lines of the script's own.
    pub lines: Vec<String>,
    /// Lines about the script, with level and place.
    pub log: Vec<String>,
    pub done: Box<Done>,
    pub core: Core,
    /// What was waited for, in order.
    pub waits: Vec<Effect>,
}

impl Ran {
    pub fn logged(&self, part: &str) -> bool {
        self.log.iter().any(|l| l.contains(part))
    }
}

/// Runs the main route of a script.
pub fn run(script: &str) -> Ran {
    run_with(script, |_| {})
}

pub fn run_with(script: &str, change: impl FnOnce(&mut CoreSettings)) -> Ran {
    let mut settings = CoreSettings { log_level: 4, ..CoreSettings::default() };
    change(&mut settings);
    let sink = Lines::default();
    let log = Log::new(Box::new(sink.clone()), settings.log_level);
    let core = Core::new(settings, Sockets::default(), log, Stats::default(), ModuleStates::default(), 16, 1);
    let source = crate::syntax::Source::single("test.cfg", script.as_bytes());
    let parsed = crate::syntax::parse(&source);
    let refused = parsed.errors.iter().find(|e| e.refuses());
    assert!(refused.is_none(), "{refused:?}");
    let catalog = Catalog::new(vec![MODULE.signature()]);
    let program = crate::ir::lower(&parsed.ast, &catalog).unwrap_or_else(|e| panic!("{e:?}"));
    let linking = Linking {
        modules: &[&MODULE],
        loaded: &[],
        avp_names: &core.avp_names,
        flags: super::FlagNames::default(),
        initial_vars: &[],
        sources: source.map,
    };
    let image = Arc::new(link(program, linking).unwrap_or_else(|e| panic!("{e:?}")));
    let mut shard = Shard::new(0, 1, Instant::ZERO);
    let now = Now::default();
    let received = Received { from: ([127, 0, 0, 1], 5060).into(), socket: SocketId(0), at: now, number: 1 };
    let first = Box::new(Run::new(RouteKind::Request, dummy::request(), received));
    let mut host = Host { core: &core, shard: &mut shard, now };
    let mut progress = Task::new(image, first).start(&mut host, |_| main_route());
    let mut waits = Vec::new();
    let mut launched = VecDeque::new();
    let mut first = None;
    let done = loop {
        match progress {
            Progress::Done(mut done) => {
                launched.extend(std::mem::take(&mut done.launched));
                let done = first.take().unwrap_or(done);
                let Some(job) = launched.pop_front() else { break done };
                first = Some(done);
                progress = Task::new(job.image, job.run).start(&mut host, job.entry);
            }
            Progress::Waiting { id, mut task } => {
                launched.extend(task.take_launched());
                let out = std::mem::take(&mut host.shard.out);
                let asked = out.into_iter().find_map(|o| match o {
                    Output::Wait { id: of, effect } if of == id => Some(effect),
                    _ => None,
                });
                let asked = asked.expect("a task that waits says for what");
                let answer = match &asked {
                    Effect::Resolve { host } => {
                        EffectAnswer::Resolved(vec![IpAddr::from([192, 0, 2, host.len() as u8])])
                    }
                    _ => EffectAnswer::Done,
                };
                waits.push(asked);
                progress = task.resume(&mut host, answer);
            }
        }
    };
    let (lines, log) = std::mem::take(&mut *sink.0.lock());
    Ran { lines, log, done, core, waits }
}

fn main_route() -> Ret {
    let sub = SubRun { kind: RouteKind::Request, name: None, scope: Scope::Same };
    Ret::Run(Box::new(sub), Box::new(|_, answer| Ret::Code(code_of(answer))))
}

fn code_of(answer: Answer) -> i32 {
    match answer {
        Answer::Route(outcome) => outcome.code,
        Answer::Effect(_) => 1,
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<(Vec<String>, Vec<String>)>>);

impl LogSink for Lines {
    fn line(&self, level: Level, origin: Origin, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        match origin {
            Origin::Script => self.0.lock().0.push(text.trim_end().to_owned()),
            Origin::Part { .. } => self.0.lock().1.push(format!("{}: {text}", level.name())),
        }
    }
}

pub static MODULE: Module = Module {
    functions: FUNCTIONS,
    pvars: PVARS,
    transforms: TRANSFORMS,
    suspend: Some(|_| Suspend::Ready),
    ..Module::empty("core")
};

static FUNCTIONS: &[Function] = script_fns! {
    /// Returns its argument.
    fn code(n: i32) in REQUEST | BRANCH | ERROR => code;
    /// Returns its argument after a wait.
    fn slow(n: i32) in REQUEST | BRANCH | ERROR => slow;
    /// Logs its argument as script line.
    fn say(text: Str) in REQUEST | BRANCH => say;
    /// Runs a branch route in this run.
    fn branch(name: Str) in REQUEST => branch;
    /// Runs a failure route in a run of its own.
    fn failure(name: Str) in REQUEST => failure;
    /// Asks for a route to be run behind this function.
    fn afterwards(name: Str) in REQUEST => afterwards;
    /// Raises a script error.
    fn break_message() in REQUEST | ERROR => break_message;
    /// Takes a variable by reference.
    fn is_null(var: VarIn) in REQUEST => is_null;
    /// Loads an accounting context.
    fn load() in REQUEST | BRANCH | FAILURE => load;
    /// Unloads one.
    fn unload() in REQUEST | BRANCH => unload;
    /// Takes a route's name.
    fn has(name: RouteName) in REQUEST => has;
};

fn code(_: &mut Cx<'_>, n: i32) -> i32 {
    n
}

fn slow(_: &mut Cx<'_>, n: i32) -> Ret {
    Ret::Wait(Effect::Sleep { micros: 1 }, Box::new(move |_, _| Ret::Code(n)))
}

fn say(cx: &mut Cx<'_>, text: Str) -> i32 {
    cx.core.log.script(Level::Info, &text);
    1
}

fn branch(_: &mut Cx<'_>, name: Str) -> Ret {
    let sub = SubRun { kind: RouteKind::Branch, name: Some(name), scope: Scope::Same };
    Ret::Run(
        Box::new(sub),
        Box::new(|_, answer| match answer {
            Answer::Route(outcome) if outcome.missing => Ret::Code(-3),
            Answer::Route(outcome) if outcome.dropped => Ret::Code(-2),
            _ => Ret::TRUE,
        }),
    )
}

fn own_run(cx: &Cx<'_>) -> Scope {
    Scope::Own(Box::new(Run::new(RouteKind::Failure, cx.run.msg.clone(), cx.run.received)))
}

fn failure(cx: &mut Cx<'_>, name: Str) -> Ret {
    let sub = SubRun { kind: RouteKind::Failure, name: Some(name), scope: own_run(cx) };
    Ret::Run(Box::new(sub), Box::new(|_, answer| Ret::Code(code_of(answer))))
}

fn afterwards(cx: &mut Cx<'_>, name: Str) -> i32 {
    let sub = SubRun { kind: RouteKind::Failure, name: Some(name), scope: own_run(cx) };
    cx.later(OwnedRun { sub, then: Some(Box::new(|_, _| Ret::Code(-9))) });
    7
}

fn break_message(cx: &mut Cx<'_>) -> i32 {
    cx.run.script.error.class = 2;
    -1
}

fn is_null(cx: &mut Cx<'_>, var: VarIn) -> bool {
    cx.read(&var.0).is_null()
}

fn load(cx: &mut Cx<'_>) -> bool {
    cx.run.stacks.accounting.push(Arc::default(), cx.run.place).is_ok()
}

fn unload(cx: &mut Cx<'_>) -> bool {
    cx.run.stacks.accounting.pop().is_ok()
}

fn has(cx: &mut Cx<'_>, name: RouteName) -> bool {
    cx.has_route(RouteKind::Request, Some(&name.0))
}

static PVARS: &[Pvar] = &[
    Pvar::new("var", read_slot, "").named(SubName::Required, NameKind::Slot).writable(write_slot),
    Pvar::new("avp", read_avp, "").dynamic(NameKind::Avp).indexed().writable(write_avp),
    Pvar::new("param", read_param, "").dynamic(NameKind::Text),
    Pvar::new("return", read_return, "").named(SubName::Required, NameKind::Text),
    Pvar::new("rc", |cx, _| Value::Int(cx.run.script.rc), ""),
    Pvar::new("route", read_route, ""),
    Pvar::new("both", |_, _| Value::Both("5060".into(), 5060), ""),
    Pvar::new("ip", |_, _| Value::text(b"10.1.2.3"), ""),
    Pvar::new("ip6", |_, _| Value::text(b"[2001:db8::1]"), ""),
    Pvar::new("sealed", |_, _| Value::Int(1), "").writable(|_, _, _, _| Err(WriteError::new("is sealed"))),
];

fn read_slot(cx: &mut Cx<'_>, var: &Var) -> Value {
    match var.name {
        VarName::Slot(slot) => cx.run.var(slot).clone(),
        _ => Value::Null,
    }
}

fn write_slot(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    match var.name {
        VarName::Slot(slot) => cx.run.set_var(slot, value.stored()),
        _ => return Err(WriteError::new("has no slot")),
    }
    Ok(())
}

fn read_avp(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(name) = var.avp_name(cx) else { return Value::Null };
    match var.index(cx) {
        Index::None => cx.run.avps.first(name).cloned(),
        Index::Int(i) => cx.run.avps.get(name, i).cloned(),
        Index::All | Index::Append | Index::Word(_) | Index::Bad => None,
    }
    .unwrap_or_default()
}

fn write_avp(cx: &mut Cx<'_>, var: &Var, store: Store, value: Value) -> Result<(), WriteError> {
    let name = var.avp_name(cx).ok_or(WriteError::new("has no name"))?;
    if store == Store::Replace {
        cx.run.avps.remove_all(name);
    }
    match value {
        Value::Null => cx.run.avps.remove(name, 0),
        value => cx.run.avps.push(name, value.stored()),
    }
    Ok(())
}

fn numbered(cx: &mut Cx<'_>, var: &Var) -> usize {
    let text = var.name_text(cx).unwrap_or_default();
    text.as_utf8().and_then(|t| t.parse().ok()).unwrap_or(usize::MAX)
}

fn read_param(cx: &mut Cx<'_>, var: &Var) -> Value {
    let at = numbered(cx, var).wrapping_sub(1);
    match cx.run.script.params.last() {
        Some(frame) => frame.as_ref().and_then(|f| f.get(at)).cloned().unwrap_or_default(),
        None => cx.run.script.event.get(at).map(|p| p.value.clone()).unwrap_or_default(),
    }
}

fn read_return(cx: &mut Cx<'_>, var: &Var) -> Value {
    let at = numbered(cx, var);
    cx.run.script.returned.get(at).cloned().unwrap_or_default()
}

fn read_route(cx: &mut Cx<'_>, _: &Var) -> Value {
    let name = |l: &crate::context::RouteLabel| match &l.name {
        Some(name) => format!("{}[{name}]", l.kind.keyword()),
        None => l.kind.keyword().to_owned(),
    };
    let names: Vec<String> = cx.run.script.routes.iter().map(name).collect();
    Value::Str(names.join(" > ").into())
}

static TRANSFORMS: &[TransformRow] = &[
    TransformRow::new("s", "len", |_, v, _, _| Value::Int(v.str_face().map_or(0, |s| s.len() as i32)), ""),
    TransformRow::new("s", "asked", asked, "").waiting(),
];

/// The addresses that the world gives for a name; the fixture gives the name's length.
fn asked(cx: &mut Cx<'_>, value: Value, _: Option<i32>, _: &[TransformArg]) -> Value {
    let Some(host) = value.str_face() else { return Value::Null };
    match cx.ask(Effect::Resolve { host }) {
        Some(EffectAnswer::Resolved(addresses)) => addresses.first().map(|a| Value::text(a.to_string().as_bytes())),
        Some(_) | None => None,
    }
    .unwrap_or_default()
}
