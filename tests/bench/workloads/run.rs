//! Scripts run over one OPTIONS by an engine without network or clock.
use bytes::Bytes;
use sipscript::base::Now;
use sipscript::context::{EffectAnswer, Output, Shard, SocketId};
use sipscript::engine::{Engine, Event};
use sipscript::testing::{Net, START};
use std::net::SocketAddr;
use std::sync::Arc;

/// Turns of a script's loop for one message.
pub const TURNS: usize = 200;

/// What stands in the loop of a script.
pub const STATEMENTS: &[(&str, &str)] = &[
    ("turn of a loop", ""),
    ("string comparison", r#"if ($rm == "OPTIONS" && $var(text) != "sip:alice@example.org") $var(x) = 1;"#),
    ("transformation chain", "$var(x) = $(hdr(Contact){nameaddr.uri}{uri.user}{s.toupper});"),
    ("avp push and pop", "$avp(a) = $fU; $var(x) = $avp(a); $avp(a) = NULL;"),
    ("regex match", r#"if ($ua =~ "^bench-[a-z]+$") $var(x) = 1;"#),
    ("route call", "if (!route(check, $var(i))) $var(x) = 0;"),
];

/// Ordinary script work of every kind, answered statelessly.
pub const SIDE_BY_SIDE: &str = include_str!("side_by_side.cfg");

const HEAD: &str = "log_level = 1\nsocket = udp:127.0.0.1:5060\nloadmodule \"proto_udp.so\"\n";
const ROUTES: &str = "route[check] { if ($param(1) > 100000) return(-1); return(1); }\n";

const OPTIONS: &[u8] = b"OPTIONS sip:probe@127.0.0.1:5060 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-1-0\r\n\
    From: \"Bob\" <sip:bob@example.org>;tag=1p1\r\n\
    To: <sip:probe@example.org>\r\n\
    Call-ID: 1-1@127.0.0.1\r\n\
    CSeq: 1 OPTIONS\r\n\
    Contact: <sip:bob@127.0.0.1:5070>\r\n\
    Max-Forwards: 70\r\n\
    User-Agent: bench-probe\r\n\
    Content-Length: 0\r\n\r\n";

/// A script that executes a statement in each turn of a loop.
pub fn turns(statement: &str) -> String {
    format!(
        "{HEAD}route {{\n$var(text) = \"sip:bob@example.org\";\n$var(i) = 0;\n\
         while ($var(i) < {TURNS}) {{\n{statement}\n$var(i) = $var(i) + 1;\n}}\nexit;\n}}\n{ROUTES}"
    )
}

/// An engine with one worker.
pub struct Served {
    engine: Arc<Engine>,
    shard: Shard,
    socket: SocketId,
    from: SocketAddr,
    now: Now,
}

impl Served {
    pub fn new(script: &str) -> Served {
        let mut net = Net::new(1);
        let server = net.server_with(script, 1);
        let engine = net.at(server).engine.clone();
        let socket = engine.core.sockets.all()[0].id;
        let from = SocketAddr::from(([127, 0, 0, 1], 5070));
        Served { engine, shard: Shard::new(0, 1, START.mono), socket, from, now: START }
    }

    /// Handles one request to the end of its script; gives back how many datagrams it sent.
    pub fn request(&mut self) -> usize {
        let event = Event::Datagram { socket: self.socket, from: self.from, bytes: Bytes::from_static(OPTIONS) };
        self.engine.input(&mut self.shard, self.now, event);
        let mut sent = 0;
        while let Some(output) = self.shard.out.pop() {
            match output {
                Output::Send(_) => sent += 1,
                Output::Wait { id, .. } => {
                    let answer = Event::Answer { id, answer: EffectAnswer::Done };
                    self.engine.input(&mut self.shard, self.now, answer);
                }
            }
        }
        sent
    }
}
