//! Statements in the main route of a server that meets a few messages.
use super::CATALOG;
use bytes::Bytes;
use sipscript::analysis;
use sipscript::base::{Instant, Now};
use sipscript::context::{Effect, EffectAnswer, Log, Output, Shard, Sockets, WaitId};
use sipscript::diag::Diagnostic;
use sipscript::engine::boot::{Boot, boot};
use sipscript::engine::settings::Settings;
use sipscript::engine::{Engine, Event};
use sipscript::sip::Transport;
use sipscript::syntax::{Source, parse};
use sipscript::testing::{LogBook, START};
use std::net::SocketAddr;
use std::time::Duration;

/// What may be waited for in one run of the target; then the scripts that still wait are left alone.
const WAITS: usize = 200;
/// Turns of operations in one run of the target: a script that never ends is not waited for.
const YIELDS: usize = 5;
/// Turns of one loop.
const LOOPS: u32 = 20;

/// What stands around the statements. A `%` in them ends the main route; what follows are items of a script.
const HEAD: &str = r#"
log_level = 2
socket = udp:10.0.0.1:5060
loadmodule "proto_udp.so"
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
loadmodule "textops.so"
loadmodule "dialog.so"
loadmodule "acc.so"
loadmodule "json.so"
loadmodule "mathops.so"
loadmodule "cfgutils.so"
modparam("dialog", "profiles_with_value", "caller")
modparam("dialog", "profiles_no_value", "all")
route[sub] { if ($param(1) > 2) return(-1); $var(in_sub) = $param(2); return(2, $var(in_sub)); }
onreply_route[replied] { $avp(code) = $rs; }
branch_route[branched] { $avp(branch) = $ru; }
failure_route[failed] { $avp(failed) = $T_reply_code; }
route {
"#;

const INVITE: &[u8] = b"INVITE sip:bob@10.0.0.9:5080;transport=udp SIP/2.0\r\n\
    Via: SIP/2.0/UDP 10.0.0.8:5060;branch=z9hG4bK-1\r\n\
    Max-Forwards: 70\r\n\
    From: \"Alice\" <sip:alice@example.com>;tag=a1\r\n\
    To: <sip:bob@example.com>\r\n\
    Call-ID: call-1@10.0.0.8\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:alice@10.0.0.8:5060>\r\n\
    Content-Type: application/sdp\r\n\
    Content-Length: 58\r\n\r\n\
    v=0\r\no=- 1 1 IN IP4 10.0.0.8\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\n";

const OPTIONS: &[u8] = b"OPTIONS sip:10.0.0.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 10.0.0.8:5060;branch=z9hG4bK-2\r\n\
    From: <sip:alice@example.com>;tag=a2\r\n\
    To: <sip:server@example.com>\r\n\
    Call-ID: call-2@10.0.0.8\r\n\
    CSeq: 7 OPTIONS\r\n\
    User-Agent: fuzz/1.0\r\n\
    Content-Length: 0\r\n\r\n";

/// Runs a script that is let through; a panic inside the engine, which it survives, is a panic here.
pub fn run_script(bytes: &[u8]) {
    let text = script(bytes);
    let log = LogBook::default();
    let Some(engine) = started(&text, &log) else { return };
    let mut world = World { engine: &engine, shard: Shard::new(0, 1, START.mono), now: START, waits: 0, yields: 0 };
    world.engine.start(&mut world.shard, START);
    world.settle();
    for message in [INVITE, OPTIONS] {
        world.receive(Bytes::from_static(message));
    }
    for wait in [Duration::from_millis(600), Duration::from_secs(6), Duration::from_secs(60)] {
        world.pass(wait);
    }
    assert_eq!(log.with("fault of this server"), Vec::<String>::new());
}

fn script(bytes: &[u8]) -> Vec<u8> {
    let mut parts = bytes.splitn(2, |b| *b == b'%');
    let (main, items) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    [HEAD.as_bytes(), main, b"\n}\n", items].concat()
}

fn started(text: &[u8], log: &LogBook) -> Option<Engine> {
    let source = Source::single("fuzz.cfg", text);
    let parsed = parse(&source);
    if parsed.errors.iter().any(Diagnostic::refuses) {
        return None;
    }
    if analysis::check(&parsed.ast, &CATALOG).iter().any(Diagnostic::refuses) {
        return None;
    }
    let mut settings = Settings::of(&parsed.ast).core;
    settings.max_while_loops = settings.max_while_loops.min(LOOPS);
    let mut sockets = Sockets::default();
    sockets.add(Transport::Udp, SocketAddr::from(([10, 0, 0, 1], 5060)));
    let log = Log::new(Box::new(log.clone()), settings.log_level);
    boot(Boot { ast: &parsed.ast, sources: source.map, settings, sockets, log, seed: 1 }).ok()
}

/// The engine, and everybody it talks to.
struct World<'a> {
    engine: &'a Engine,
    shard: Shard,
    now: Now,
    waits: usize,
    yields: usize,
}

impl World<'_> {
    fn receive(&mut self, bytes: Bytes) {
        let socket = self.engine.core.sockets.all()[0].id;
        let from = SocketAddr::from(([10, 0, 0, 8], 5060));
        self.engine.input(&mut self.shard, self.now, Event::Datagram { socket, from, bytes });
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let mono = Instant(self.now.mono.0 + time.as_micros() as u64);
        self.now = Now { mono, unix_us: self.now.unix_us + time.as_micros() as u64 };
        self.engine.timeout(&mut self.shard, self.now);
        self.settle();
    }

    /// Answers what is waited for and refuses what is sent, until nothing more comes of it.
    fn settle(&mut self) {
        while let Some(output) = self.shard.out.pop() {
            match output {
                Output::Send(sent) => self.refuse(&sent.bytes),
                Output::Wait { id, effect } => self.answer(id, &effect),
            }
        }
    }

    fn answer(&mut self, id: WaitId, effect: &Effect) {
        self.waits += 1;
        self.yields += usize::from(*effect == Effect::Yield);
        if self.waits > WAITS || self.yields > YIELDS {
            return;
        }
        let answer = match effect {
            Effect::Resolve { .. } if self.waits.is_multiple_of(2) => EffectAnswer::Resolved(Vec::new()),
            Effect::Resolve { .. } => EffectAnswer::Resolved(vec![[10, 0, 0, 9].into()]),
            Effect::Execute(_) | Effect::Tell(_) => EffectAnswer::GivenUp,
            Effect::Park { .. } => return,
            Effect::Yield | Effect::Sleep { .. } => EffectAnswer::Done,
        };
        self.engine.input(&mut self.shard, self.now, Event::Answer { id, answer });
    }

    /// What a server sends on comes back as an answer 486.
    fn refuse(&mut self, sent: &[u8]) {
        let Some(request) = sent.strip_suffix(b"\r\n").filter(|_| sent.starts_with(b"INVITE")) else { return };
        self.waits += 1;
        if self.waits > WAITS {
            return;
        }
        let end = request.iter().position(|b| *b == b'\n').map_or(0, |n| n + 1);
        let reply = [b"SIP/2.0 486 Busy Here\r\n", request.get(end..).unwrap_or_default(), b"\r\n"].concat();
        let socket = self.engine.core.sockets.all()[0].id;
        let from = SocketAddr::from(([10, 0, 0, 9], 5080));
        self.engine.input(&mut self.shard, self.now, Event::Datagram { socket, from, bytes: Bytes::from(reply) });
    }
}
