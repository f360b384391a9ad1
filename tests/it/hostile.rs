//! Scripts that would fill the memory or never come back: they are stopped with a 500, and the next message is served.
//! (`vm::language::limits` counts the operations of one that never ends.)
use bytes::Bytes;
use sipscript::context::{EffectAnswer, Output, Shard};
use sipscript::engine::Event;
use sipscript::testing::{Net, START};
use std::net::SocketAddr;

const HEAD: &str = r#"
log_level = 1
max_while_loops = 1000000
socket = udp:10.0.0.1:5060
loadmodule "proto_udp.so"
loadmodule "sl.so"
loadmodule "sipmsgops.so"
"#;

fn options(number: usize) -> Bytes {
    Bytes::from(format!(
        "OPTIONS sip:10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.8:5060;branch=z9hG4bK-{number}\r\n\
         From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ))
}

/// First lines of the answers to two requests, and what was logged about the first.
fn answers(statements: &str) -> ([String; 2], Vec<String>) {
    let script = format!(
        "{HEAD}route {{ if ($ci == \"0\") {{ {statements} }} sl_send_reply(200, \"OK\"); }}\nroute[r] {{ route(r); }}\n"
    );
    let mut net = Net::new(1);
    let server = net.server_with(&script, 1);
    let engine = net.at(server).engine.clone();
    let mut shard = Shard::new(0, 1, START.mono);
    let socket = engine.core.sockets.all()[0].id;
    let from = SocketAddr::from(([10, 0, 0, 8], 5060));
    let first_lines = [0, 1].map(|number| {
        engine.input(&mut shard, START, Event::Datagram { socket, from, bytes: options(number) });
        let mut sent = Vec::new();
        while let Some(output) = shard.out.pop() {
            match output {
                Output::Send(datagram) => sent.push(datagram.bytes),
                Output::Wait { id, .. } => {
                    engine.input(&mut shard, START, Event::Answer { id, answer: EffectAnswer::Done });
                }
            }
        }
        let first = sent.first().and_then(|bytes| bytes.split(|b| *b == b'\r').next()).unwrap_or_default();
        String::from_utf8_lossy(first).into_owned()
    });
    (first_lines, net.log(server).with("stopped at"))
}

/// The script is stopped for this reason, and serves the next message.
fn check(statements: &str, reason: &str) {
    let (answers, log) = answers(statements);
    let ([first, second], [line]) = (answers, log.as_slice()) else { panic!("{statements}: {log:?}") };
    assert!(first.starts_with("SIP/2.0 500"), "{statements}: {first}");
    assert_eq!(second, "SIP/2.0 200 OK", "{statements}");
    assert!(line.contains(reason), "{statements}: {line}");
}

#[test]
fn values_that_fill_the_memory_are_stopped_at_16_mib() {
    check("$var(s) = \"0123456789\"; while (1) { $var(s) = $var(s) + $var(s); }", "16 MiB");
    check("while (1) { $avp(x) = $ruri; }", "16 MiB");
}

#[test]
fn edits_of_a_message_that_fill_the_memory_are_stopped() {
    check("while (1) { append_hf(\"X-Field: $ru\\r\\n\"); }", "16 MiB");
}

#[test]
fn a_route_that_calls_itself_comes_back() {
    let (answers, log) = answers("route(r);");
    assert_eq!(answers, ["SIP/2.0 200 OK", "SIP/2.0 200 OK"]);
    assert_eq!(log, Vec::<String>::new());
}
