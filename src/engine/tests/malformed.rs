//! Broken input: answered with the right status or counted and dropped, and nothing else changes.
use super::*;

const SCRIPT: &str = "route { if ($rm == \"ACK\") { t_relay(); exit; } $ru = \"sip:bob@192.0.2.20\"; t_relay(); }";

fn answer(change: impl Fn(String) -> String) -> Vec<String> {
    let mut net = Net::new(SCRIPT);
    let text = change(invite("sip:bob@192.0.2.1"));
    let sent = net.recv(CALLER, &text);
    net.assert_empty();
    sent.iter().map(|s| s.text.split("\r\n").next().unwrap_or_default().to_owned()).collect()
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(String) -> String {
    move |text| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    }
}

#[test]
fn what_names_its_sender_is_answered_with_the_status_of_its_fault() {
    let table = [
        ("SIP/2.0\r\nVia", "SIP/7.0\r\nVia", "505"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "400"),
        ("INVITE sip:bob", "FOO sip:bob", "501"),
        ("INVITE sip:bob@192.0.2.1", "INVITE http://example.com", "416"),
        ("INVITE sip:bob@192.0.2.1", "INVITE <sip:bob@192.0.2.1>", "400"),
        ("Content-Length: 0", "Content-Length: -1", "400"),
        ("Content-Length: 0", "Content-Length: 9999", "400"),
        ("Max-Forwards: 70", "Max-Forwards: many", "400"),
        ("From: <sip:alice@192.0.2.10>;tag=a1", "From: \"open <sip:alice@192.0.2.10>;tag=a1", "400"),
        ("Contact:", "Contact\r\nContact:", "400"),
    ];
    for (from, to, status) in table {
        let lines = answer(replaced(from, to));
        assert_eq!(lines.len(), 1, "{from} -> {to}: {lines:?}");
        assert!(lines[0].starts_with(&format!("SIP/2.0 {status} ")), "{from} -> {to}: {lines:?}");
    }
}

#[test]
fn what_names_no_sender_is_counted_and_dropped() {
    let table: [&[u8]; 8] = [
        b"\x00\xff\xfe binary",
        b"INVITE",
        b"INVITE sip:bob@192.0.2.1 SIP/2.0",
        b"INVITE sip:bob@192.0.2.1 SIP/2.0\r\n\r\n",
        b"SIP/2.0 999 What\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"ACK sip:bob SIP/7.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    let mut net = Net::new(SCRIPT);
    for bytes in table {
        assert_eq!(net.recv_on(SocketId(0), CALLER, bytes), [], "{}", String::from_utf8_lossy(bytes));
    }
    let counts = &net.engine.core.counts;
    assert_eq!(counts.err_requests.get() + counts.err_replies.get(), table.len() as u64);
    net.assert_empty();
}

#[test]
fn keepalives_are_no_messages() {
    let mut net = Net::new(SCRIPT);
    for bytes in [&b""[..], b"\r\n\r\n", b"\0\0\0\0"] {
        assert_eq!(net.recv_on(SocketId(0), CALLER, bytes), []);
    }
    assert_eq!(net.engine.core.counts.err_requests.get(), 0);
}

#[test]
fn every_truncation_of_a_call_leaves_the_engine_as_it_was() {
    let mut net = Net::new(SCRIPT);
    let text = invite("sip:bob@192.0.2.1");
    for end in 0..text.len() - 1 {
        let sent = net.recv(CALLER, &text[..end]);
        assert!(sent.iter().all(|s| s.what() == "400"), "cut at {end}: {sent:?}");
    }
    assert!(net.engine.core.transactions.is_empty());
    assert_eq!(whats(&net.recv(CALLER, &text)), ["100", "INVITE"]);
}

#[test]
fn a_reply_that_belongs_to_nobody_is_dropped_and_counted() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    let good = reply(&sent[1], 180, "Ringing", "b");
    for bad in
        [good.replace("z9hG4bK", "z9hG4bKnot"), good.replacen(".0\r\n", ".7\r\n", 1), good.replace("1 INVITE", "1 BYE")]
    {
        assert_ne!(bad, good);
        assert_eq!(net.recv(CALLEE, &bad), []);
    }
    assert_eq!(whats(&net.recv(CALLEE, &good)), ["180"]);
}

#[test]
fn an_error_route_may_answer() {
    let mut net = Net::new(&format!("{SCRIPT} error_route {{ if ($err.class == 1) send_reply(418, \"Teapot\"); }}"));
    let text = invite("sip:bob@192.0.2.1").replace("Max-Forwards: 70", "Max-Forwards: many");
    assert_eq!(whats(&net.recv(CALLER, &text)), ["418"]);
}

#[test]
fn a_script_without_end_gets_500_and_leaves_nothing() {
    let script = "route { t_newtran(); route(a); } route[a] { while (1) { route(b); } route(a); } route[b] { while (1) { $var(x) = 1; } }";
    let mut net = Net::with(&format!("max_while_loops=2000000000\n{HEAD}{script}"));
    let mut sent = net.recv(CALLER, &invite("sip:bob@192.0.2.1"));
    while let Some((id, effect)) = net.waits.pop() {
        assert_eq!(effect, Effect::Yield);
        let now = net.now();
        net.engine.input(&mut net.shard, now, Event::Answer { id, answer: EffectAnswer::Done });
        sent.extend(net.collect());
    }
    assert_eq!(whats(&sent), ["100", "500"]);
    net.assert_empty();
}
