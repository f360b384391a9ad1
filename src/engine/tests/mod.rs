//! The engine from outside: bytes in, bytes out, virtual time.
mod cancel;
mod events;
mod failure;
mod forking;
mod local;
mod malformed;
mod panic;
mod record_route;
mod relay;
mod statistics;
mod waiting;

use super::boot::{Boot, boot};
use super::{Engine, Event};
use crate::base::{Instant, Now};
use crate::context::{
    CoreSettings, Effect, EffectAnswer, Level, Log, LogSink, Origin, Output, Shard, SocketId, Sockets, WaitId,
};
use crate::sip::Transport;
use crate::syntax::parse;
use crate::syntax::source::Source;
use crate::vm::HookFn;
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;

pub const CALLER: &str = "192.0.2.10:5060";
pub const CALLEE: &str = "192.0.2.20:5060";
pub const OTHER: &str = "192.0.2.30:5060";

const HEAD: &str = r#"
loadmodule "proto_udp.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "signaling.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
"#;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl LogSink for Lines {
    fn line(&self, _: Level, _: Origin, text: &[u8]) {
        self.0.lock().push(String::from_utf8_lossy(text).into_owned());
    }
}

/// A message that left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub to: String,
    pub text: String,
}

impl Sent {
    /// `INVITE`, `180`.
    pub fn what(&self) -> &str {
        let mut words = self.text.split(' ');
        match words.next() {
            Some("SIP/2.0") => words.next().unwrap_or_default(),
            word => word.unwrap_or_default(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.text.lines().find_map(|l| l.strip_prefix(&prefix))
    }
}

pub struct Net {
    pub engine: Engine,
    pub shard: Shard,
    pub at: u64,
    pub waits: Vec<(WaitId, Effect)>,
    log: Lines,
}

impl Net {
    /// An engine over routes and parameters; the usual modules are loaded.
    pub fn new(script: &str) -> Net {
        Net::with(&format!("{HEAD}{script}"))
    }

    pub fn with(script: &str) -> Net {
        let source = Source::single("test.cfg", script.as_bytes());
        let parsed = parse(&source);
        assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
        let mut sockets = Sockets::default();
        sockets.add(Transport::Udp, "192.0.2.1:5060".parse().unwrap());
        sockets.add(Transport::Udp, "[2001:db8::1]:5060".parse().unwrap());
        let log = Lines::default();
        let made = boot(Boot {
            ast: &parsed.ast,
            sources: source.map.clone(),
            settings: CoreSettings { server_header: None, ..CoreSettings::default() },
            sockets,
            log: Log::new(Box::new(log.clone()), Level::Notice as i32),
            seed: 7,
        });
        let engine = made.unwrap_or_else(|e| panic!("{e}"));
        let mut net = Net { engine, shard: Shard::new(0, 7, Instant::ZERO), at: 0, waits: Vec::new(), log };
        let now = net.now();
        net.engine.start(&mut net.shard, now);
        net
    }

    /// A module that follows hooks in addition.
    pub fn follow(self, hook: HookFn) -> Net {
        let Engine { core, image, .. } = self.engine;
        let mut image = Arc::into_inner(image.into_inner()).expect("nothing else runs the script");
        image.hooks.push(hook);
        Net { engine: Engine::new(core, image), ..self }
    }

    fn now(&self) -> Now {
        Now { mono: Instant::from_millis(self.at), unix_us: 1_700_000_000_000_000 + self.at * 1_000 }
    }

    fn collect(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        for output in std::mem::take(&mut self.shard.out) {
            match output {
                Output::Send(d) => {
                    sent.push(Sent { to: d.to.to_string(), text: String::from_utf8_lossy(&d.bytes).into_owned() });
                }
                Output::Wait { id, effect } => self.waits.push((id, effect)),
            }
        }
        sent
    }

    /// A message from `from`; what the engine sends at once.
    pub fn recv(&mut self, from: &str, text: &str) -> Vec<Sent> {
        self.recv_on(SocketId(0), from, text.as_bytes())
    }

    pub fn recv_on(&mut self, socket: SocketId, from: &str, bytes: &[u8]) -> Vec<Sent> {
        let event = Event::Datagram { socket, from: from.parse().unwrap(), bytes: Bytes::copy_from_slice(bytes) };
        let now = self.now();
        self.engine.input(&mut self.shard, now, event);
        self.collect()
    }

    /// Answers the oldest effect.
    pub fn resolve(&mut self, addresses: &[&str]) -> Vec<Sent> {
        let (id, effect) = self.waits.remove(0);
        assert!(matches!(effect, Effect::Resolve { .. }), "{effect:?}");
        let answer = EffectAnswer::Resolved(addresses.iter().map(|a| a.parse().unwrap()).collect());
        let now = self.now();
        self.engine.input(&mut self.shard, now, Event::Answer { id, answer });
        self.collect()
    }

    /// Lets time pass; what is sent meanwhile, with the milliseconds at which it was.
    pub fn advance(&mut self, ms: u64) -> Vec<(u64, Sent)> {
        let (start, end) = (self.at, self.at + ms);
        let mut sent = Vec::new();
        while let Some(next) = self.shard.next_timeout().filter(|at| at.as_millis() <= end) {
            self.at = self.at.max(next.as_millis());
            let now = self.now();
            self.engine.timeout(&mut self.shard, now);
            let at = self.at - start;
            sent.extend(self.collect().into_iter().map(|s| (at, s)));
        }
        self.at = end;
        sent
    }

    /// Everything is over once enough time has passed: no transaction, no suspended run, no timer.
    pub fn assert_empty(&mut self) {
        self.advance(200_000);
        assert!(
            self.engine.core.transactions.is_empty(),
            "{} transactions are left",
            self.engine.core.transactions.len()
        );
        assert_eq!(self.engine.suspended(), 0, "a run is still suspended");
        assert_eq!(self.shard.wheel.len(), 0, "a timer is still armed");
    }

    pub fn log(&self) -> Vec<String> {
        self.log.0.lock().clone()
    }
}

pub fn whats(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(Sent::what).collect()
}

/// A request of the caller to bob, with a body-less head.
pub fn request(method: &str, branch: &str, uri: &str) -> String {
    let cseq = if method == "ACK" || method == "CANCEL" { "INVITE" } else { method };
    let number = if cseq == "INVITE" { 1 } else { 2 };
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@192.0.2.10>;tag=a1\r\nTo: <sip:bob@192.0.2.1>\r\nCall-ID: call-1\r\nCSeq: {number} {method}\r\n\
         Contact: <sip:alice@192.0.2.10>\r\nContent-Length: 0\r\n\r\n"
    )
}

pub fn invite(uri: &str) -> String {
    request("INVITE", "one", uri)
}

/// The ACK or CANCEL of the caller for its INVITE.
pub fn hop(method: &str, uri: &str) -> String {
    request(method, "one", uri)
}

/// The callee's reply to a request that left.
pub fn reply(to: &Sent, code: u16, reason: &str, tag: &str) -> String {
    reply_with(to, code, reason, tag, "")
}

pub fn reply_with(to: &Sent, code: u16, reason: &str, tag: &str, headers: &str) -> String {
    let mut out = format!("SIP/2.0 {code} {reason}\r\n");
    for line in to.text.lines() {
        let copied = ["Via: ", "From: ", "Call-ID: ", "CSeq: ", "Record-Route: "].iter().any(|p| line.starts_with(p));
        if copied {
            out.push_str(&format!("{line}\r\n"));
        } else if line.starts_with("To: ") {
            let tag = if line.contains(";tag=") || code == 100 { String::new() } else { format!(";tag={tag}") };
            out.push_str(&format!("{line}{tag}\r\n"));
        }
    }
    out.push_str(&format!("{headers}Content-Length: 0\r\n\r\n"));
    out
}
