//! Cases about what scripts do. `run` is a script, whose main route meets an OPTIONS request or that of its `request`
//! block, or whose `onreply_route` meets the reply of its `reply` block; its `output` block holds the lines it logs, and
//! behind them what the server said about it, by level. In `says` each line is a script of its own,
//! `STATEMENTS => lines joined by |`.
use super::Outcome;
use super::document::Case;
use super::message::{self, CALLER};
use bytes::Bytes;
use sipscript::base::{Instant, Now};
use sipscript::context::{EffectAnswer, Level, Log, LogSink, Origin, Received, Run, Shard, SocketId, Sockets};
use sipscript::engine::boot::{Boot, BootError, boot};
use sipscript::engine::settings::Settings;
use sipscript::modules;
use sipscript::registry::RouteKind;
use sipscript::sip::{Framing, Message, Transport};
use sipscript::syntax::{Source, parse};
use sipscript::vm::{Host, Progress, Ret, Scope, SubRun, Task};
use std::sync::{Arc, Mutex};

/// Modules that need nothing but a message, for `says`.
const SAYS: &[&str] = &["sl", "sipmsgops", "json"];

pub fn script(case: &Case) -> Outcome {
    let head = case.module.iter().map(|module| loading(&[module], &case.body)).collect::<String>();
    let lines = said(&format!("{head}{}", case.body), &met_by(case));
    Outcome::Attachment("output", lines.iter().map(|l| format!("{l}\n")).collect())
}

pub fn says(case: &Case) -> Outcome {
    let names: Vec<&str> = SAYS.iter().copied().chain(case.module.as_deref()).collect();
    let (head, message) = (loading(&names, ""), met_by(case));
    let lines = case.body.lines().map(|line| {
        let statements = line.rsplit_once(" => ").map_or(line, |(text, _)| text).trim_end_matches(" =>").trim_end();
        let said = said(&format!("{head}route {{ {statements} }}"), &message);
        let script: Vec<&str> = said.iter().filter(|l| !l.starts_with('(')).map(String::as_str).collect();
        format!("{statements} => {}\n", script.join("|"))
    });
    Outcome::Own(lines.collect())
}

/// `loadmodule` of these modules and of those they need, without a line end, as far as a script does not load them.
pub fn loading(names: &[&str], script: &str) -> String {
    let mut wanted: Vec<&str> = Vec::new();
    for name in names {
        let needs = modules::ALL.iter().find(|m| m.name == *name).map_or(&[][..], |m| m.needs);
        let missing = needs.iter().chain([name]).filter(|n| **n != "core" && !script.contains(&format!("{n}.so\"")));
        for name in missing {
            if !wanted.contains(name) {
                wanted.push(name);
            }
        }
    }
    wanted.iter().map(|name| format!("loadmodule \"{name}.so\" ")).collect()
}

/// The message that the script of a case meets.
fn met_by(case: &Case) -> Bytes {
    match (case.attached_as("request"), case.attached_as("reply")) {
        (Some(("raw", block)), _) => message::raw(block),
        (Some((_, block)), _) => message::request(block, CALLER),
        (None, Some((_, block))) => message::reply(block, &message::request("", CALLER)),
        (None, None) => message::request("", CALLER),
    }
}

/// What running a script yields: its lines, and in parentheses what is said about it.
fn said(script: &str, message: &Bytes) -> Vec<String> {
    let source = Source::single("script.cfg", script.as_bytes());
    let parsed = parse(&source);
    let refused: Vec<String> =
        parsed.errors.iter().filter(|e| e.refuses()).map(|e| format!("({})", e.message)).collect();
    if !refused.is_empty() {
        return refused;
    }
    let lines = Lines::default();
    let mut settings = Settings::of(&parsed.ast).core;
    let is_set = |name: &str| parsed.ast.globals().any(|g| g.name.text == name);
    settings.enable_asserts |= !is_set("enable_asserts");
    if !is_set("max_while_loops") {
        settings.max_while_loops = 50;
    }
    let mut sockets = Sockets::default();
    sockets.add(Transport::Udp, ([10, 0, 0, 1], 5060).into());
    let log = Log::new(Box::new(lines.clone()), 1);
    let booted = boot(Boot { ast: &parsed.ast, sources: source.map, settings, sockets, log, seed: 1 });
    let engine = match booted {
        Ok(engine) => engine,
        Err(BootError::Script(errors)) => return errors.iter().map(|e| format!("({})", e.message)).collect(),
        Err(why) => return vec![format!("({why})")],
    };
    let message = Message::parse(message.clone(), Framing::Datagram).expect("a valid message");
    let kind = if message.is_request() { RouteKind::Request } else { RouteKind::OnReply };
    let now = Now::default();
    let received = Received { from: CALLER.parse().expect("an address"), socket: SocketId(0), at: now, number: 1 };
    let mut shard = Shard::new(0, 1, Instant::ZERO);
    let mut host = Host { core: &engine.core, shard: &mut shard, now };
    let run = Box::new(Run::new(kind, Arc::new(message), received));
    let main = SubRun { kind, name: None, scope: Scope::Same };
    let task = Task::new(engine.image(), run);
    let mut progress = task.start(&mut host, |_| Ret::Run(Box::new(main), Box::new(|_, _| Ret::TRUE)));
    while let Progress::Waiting { task, .. } = progress {
        progress = task.resume(&mut host, EffectAnswer::Done);
    }
    let said = lines.0.lock().expect("no test panicked over it");
    said.clone()
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl LogSink for Lines {
    fn line(&self, level: Level, origin: Origin, text: &[u8]) {
        self.0.lock().expect("no test panicked over it").push(logged(level, origin, &String::from_utf8_lossy(text)));
    }
}

/// A line of a log as cases show it.
pub fn logged(level: Level, origin: Origin, text: &str) -> String {
    match origin {
        Origin::Script => text.trim_end().to_owned(),
        Origin::Part { .. } => format!("({} {text})", level.name()),
    }
}
