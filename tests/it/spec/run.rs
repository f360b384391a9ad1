//! Cases about what scripts do. `run` is a script, whose main route meets an OPTIONS request; its `output` block holds the
//! lines it logs, and behind them what the server said about it, by level. In `says` each line is a script of its own,
//! `STATEMENTS => lines joined by |`.
use super::Outcome;
use super::document::Case;
use bytes::Bytes;
use sipscript::base::{Instant, Now};
use sipscript::context::{
    Core, CoreSettings, EffectAnswer, Level, Log, LogSink, ModuleStates, Origin, Received, Run, Shard, SocketId,
    Sockets, Stats,
};
use sipscript::modules;
use sipscript::registry::RouteKind;
use sipscript::sip::{Framing, Message};
use sipscript::syntax::{Source, parse};
use sipscript::vm::{FlagNames, Host, Linking, Progress, Ret, Scope, SubRun, Task, link};
use std::sync::{Arc, Mutex};

const REQUEST: &str = "OPTIONS sip:bob@example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.7:5061;branch=z9hG4bK1\r\n\
    From: \"Alice\" <sip:alice@example.org>;tag=1\r\n\
    To: <sip:bob@example.com>\r\n\
    Call-ID: spec\r\n\
    CSeq: 1 OPTIONS\r\n\
    Content-Length: 0\r\n\r\n";

/// Modules that need nothing but a message, for `says`.
const LOADED: &str = "loadmodule \"sipmsgops.so\"\nloadmodule \"json.so\"\n";

pub fn script(case: &Case) -> Outcome {
    let lines = said(&case.body);
    Outcome::Attachment("output", lines.iter().map(|l| format!("{l}\n")).collect())
}

pub fn says(case: &Case) -> Outcome {
    let lines = case.body.lines().map(|line| {
        let statements = line.split_once(" => ").map_or(line, |(text, _)| text).trim_end();
        let said = said(&format!("{LOADED}route {{ {statements} }}"));
        let script: Vec<&str> = said.iter().filter(|l| !l.starts_with('(')).map(String::as_str).collect();
        format!("{statements} => {}\n", script.join("|"))
    });
    Outcome::Own(lines.collect())
}

/// What running a script yields: its lines, and in parentheses what is said about it.
fn said(script: &str) -> Vec<String> {
    let source = Source::single("script.cfg", script.as_bytes());
    let parsed = parse(&source);
    let refused: Vec<String> =
        parsed.errors.iter().filter(|e| e.refuses()).map(|e| format!("({})", e.message)).collect();
    if !refused.is_empty() {
        return refused;
    }
    let lines = Lines::default();
    let settings = CoreSettings { max_while_loops: 50, enable_asserts: true, ..CoreSettings::default() };
    let core = Core::new(
        settings,
        Sockets::default(),
        Log::new(Box::new(lines.clone()), 1),
        Stats::default(),
        ModuleStates::default(),
        16,
        1,
    );
    let program = match sipscript::ir::lower(&parsed.ast, &modules::catalog()) {
        Ok(program) => program,
        Err(errors) => return errors.iter().map(|e| format!("({})", e.message)).collect(),
    };
    let linking = Linking {
        modules: modules::ALL,
        loaded: &[],
        avp_names: &core.avp_names,
        flags: FlagNames::default(),
        sources: source.map,
    };
    let image = match link(program, linking) {
        Ok(image) => Arc::new(image),
        Err(errors) => return errors.iter().map(|e| format!("({})", e.message)).collect(),
    };
    let message = Message::parse(Bytes::from_static(REQUEST.as_bytes()), Framing::Datagram).expect("a valid request");
    let now = Now::default();
    let received = Received { from: ([192, 0, 2, 7], 5061).into(), socket: SocketId(0), at: now, number: 1 };
    let mut shard = Shard::new(0, 1, Instant::ZERO);
    let mut host = Host { core: &core, shard: &mut shard, now };
    let run = Box::new(Run::new(RouteKind::Request, Arc::new(message), received));
    let main = SubRun { kind: RouteKind::Request, name: None, scope: Scope::Same };
    let mut progress = Task::new(image, run).start(&mut host, |_| Ret::Run(Box::new(main), Box::new(|_, _| Ret::TRUE)));
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
        let text = String::from_utf8_lossy(text);
        let line = match origin {
            Origin::Script => text.trim_end().to_owned(),
            Origin::Part { .. } => format!("({} {text})", level.name()),
        };
        self.0.lock().expect("no test panicked over it").push(line);
    }
}
