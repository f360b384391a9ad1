//! What the tests of builtins need: a message, a `Run` over it and the `Cx` to call a builtin in.
use crate::base::{Instant, Now, Str};
use crate::context::{
    AvpName, Core, CoreSettings, Level, Log, LogSink, ModuleStates, Origin, Output, Received, Run, Shard, SocketId,
    Sockets, Stats, Value,
};
use crate::registry::{RouteKind, Setting};
use crate::sip::{Framing, Message, Transport};
use crate::vm::{
    Arg, Cx, Image, InitCx, Module, OwnedRun, Params, Piece, Pvar, Ret, Store, Var, VarIndex, VarName, WriteError,
};
use bytes::Bytes;
use std::sync::Arc;

/// Where the test server listens: UDP on two addresses.
pub const SOCKETS: [&str; 2] = ["192.0.2.1:5060", "198.51.100.1:5060"];
/// Where messages come from.
pub const PEER: &str = "203.0.113.7:5070";
pub const NOW: Now = Now { mono: Instant(5_000_000), unix_us: 1_700_000_000_000_000 };

struct Silent;

impl LogSink for Silent {
    fn line(&self, _: Level, _: Origin, _: &[u8]) {}
}

pub struct Fixture {
    pub core: Core,
    pub image: Arc<Image>,
    pub shard: Shard,
    pub run: Run,
    pub now: Now,
    pub later: Vec<OwnedRun>,
}

impl Fixture {
    /// A run over `text`, whose lines are joined with CRLF; the empty line at the end of the head is added.
    pub fn new(text: &str) -> Fixture {
        Fixture::with(text, &[])
    }

    /// The same with modules initialised from `(name, value)` parameters.
    pub fn with(text: &str, modules: &[(&Module, &[(&str, Setting)])]) -> Fixture {
        let settings = CoreSettings { server_header: None, ..CoreSettings::default() };
        let mut sockets = Sockets::default();
        for addr in SOCKETS {
            sockets.add(Transport::Udp, addr.parse().expect("a constant address"));
        }
        let log = Log::new(Box::new(Silent), Level::Debug as i32);
        let (mut states, stats) = (ModuleStates::default(), Stats::default());
        let loaded: Vec<String> = modules.iter().map(|(m, _)| m.name.to_owned()).collect();
        for (module, params) in modules {
            let set: Vec<(String, Setting)> = params.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
            let mut cx = InitCx {
                params: Params { set: &set },
                loaded: &loaded,
                states: &mut states,
                stats: &stats,
                settings: &settings,
                sockets: &sockets,
                log: &log,
                seed: 7,
            };
            if let Some(Err(why)) = module.init.map(|init| init(&mut cx)) {
                panic!("`{}` does not start: {why}", module.name);
            }
        }
        let core = Core::new(settings, sockets, log, stats, states, 64, 7);
        let mut image = Image::default();
        image.hooks = modules.iter().flat_map(|(m, _)| m.hooks).copied().collect();
        let msg = Arc::new(message(text));
        let kind = if msg.is_request() { RouteKind::Request } else { RouteKind::OnReply };
        Fixture {
            core,
            image: Arc::new(image),
            shard: Shard::new(0, 7, NOW.mono),
            run: Run::new(kind, msg, received()),
            now: NOW,
            later: Vec::new(),
        }
    }

    pub fn cx(&mut self) -> Cx<'_> {
        Cx {
            core: &self.core,
            image: &self.image,
            shard: &mut self.shard,
            run: &mut self.run,
            now: self.now,
            later: &mut self.later,
        }
    }

    /// Calls a function of a module by name; -1 when an argument keeps it from being called.
    pub fn call(&mut self, module: &Module, name: &str, args: &[Arg]) -> i32 {
        let function = module.functions.iter().find(|f| f.sig.name == name).expect("the module has this function");
        match (function.body)(&mut self.cx(), args) {
            Ok(Ret::Code(code)) => code,
            Ok(Ret::Wait(..) | Ret::Run(..)) => panic!("`{name}` suspends"),
            Err(_) => -1,
        }
    }

    /// Reads a variable without name and index.
    pub fn read(&mut self, module: &Module, name: &str) -> Value {
        let row = module.pvars.iter().find(|v| v.sig.name == name).expect("the module has this variable");
        let var = var(row, VarName::None, VarIndex::None);
        self.cx().read(&var)
    }

    /// What the message looks like with the changes made: header fields and body.
    pub fn written(&self) -> String {
        let mut out = Vec::new();
        self.run.edits.write_after_start_line(&self.run.msg, Framing::Datagram, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The text of what was sent, oldest first.
    pub fn sent(&self) -> Vec<String> {
        let text = |o: &Output| match o {
            Output::Send(d) => Some(String::from_utf8_lossy(&d.bytes).into_owned()),
            _ => None,
        };
        self.shard.out.iter().filter_map(text).collect()
    }

    pub fn avp(&self, name: &str) -> AvpName {
        self.core.avp_names.intern(name.as_bytes()).expect("there is room for a name")
    }

    /// An AVP by reference, to be written by a function.
    pub fn avp_out(&self, name: &str) -> Arg {
        Arg::Var(Arc::new(var(&AVP, VarName::Avp(self.avp(name)), VarIndex::None)))
    }

    pub fn avps(&self, name: &str) -> Vec<Value> {
        self.run.avps.all(self.avp(name)).cloned().collect()
    }
}

pub fn message(text: &str) -> Message {
    let text = text.trim_start().replace("\r\n", "\n").replace('\n', "\r\n");
    let text = if text.contains("\r\n\r\n") { text } else { format!("{}\r\n\r\n", text.trim_end()) };
    Message::parse(Bytes::from(text), Framing::Datagram).expect("the message of a test parses")
}

pub fn received() -> Received {
    Received { from: PEER.parse().expect("a constant address"), socket: SocketId(0), at: NOW, number: 1 }
}

pub fn text(text: &str) -> Arg {
    Arg::Str(Str::from(text))
}

pub fn var(row: &'static Pvar, name: VarName, index: VarIndex) -> Var {
    Var { row, name, index, context: None, transforms: Box::default(), text: Str::EMPTY }
}

/// Pieces of a name: text, and variables that read as `value`.
pub fn pieces(parts: &[Result<&str, &'static Pvar>]) -> Box<[Piece]> {
    let piece = |part: &Result<&str, &'static Pvar>| match part {
        Ok(text) => Piece::Text(Str::from(*text)),
        Err(row) => Piece::Var(var(row, VarName::None, VarIndex::None)),
    };
    parts.iter().map(piece).collect()
}

static AVP: Pvar = Pvar::new("avp", read_avp, "").writable(write_avp);

fn read_avp(cx: &mut Cx<'_>, var: &Var) -> Value {
    let name = var.avp_name(cx);
    name.and_then(|n| cx.run.avps.first(n).cloned()).unwrap_or_default()
}

fn write_avp(cx: &mut Cx<'_>, var: &Var, store: Store, value: Value) -> Result<(), WriteError> {
    let name = var.avp_name(cx).ok_or_else(|| WriteError::new("has no name"))?;
    if store == Store::Replace {
        cx.run.avps.remove_all(name);
    }
    cx.run.avps.push(name, value.stored());
    Ok(())
}
