//! One call through the proxy, and what is repeated on the way.
use super::*;

const SCRIPT: &str = r#"
route {
    if (!mf_process_maxfwd_header(10)) { send_reply(483, "Too Many Hops"); exit; }
    if ($tt != NULL) {
        if ($rm == "ACK" && t_check_trans()) { t_relay(); exit; }
        if (!loose_route()) { send_reply(404, "Not here"); exit; }
        t_relay();
        exit;
    }
    if ($rm == "CANCEL") {
        if (t_check_trans()) t_relay();
        exit;
    }
    record_route();
    $du = "sip:192.0.2.20:5060";
    if (!t_relay()) send_reply(500, "Internal Error");
    exit;
}
"#;

fn bob() -> &'static str {
    "sip:bob@example.com"
}

/// A request within the call, after its 200.
fn within(method: &str, number: u32, branch: &str, route: &str) -> String {
    format!(
        "{method} sip:bob@192.0.2.20 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch}\r\n\
         Route: {route}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@192.0.2.10>;tag=a1\r\n\
         To: <sip:bob@192.0.2.1>;tag=b1\r\nCall-ID: call-1\r\nCSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn carries_a_call_from_invite_to_bye() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(bob()));
    assert_eq!(whats(&sent), ["100", "INVITE"]);
    assert_eq!((sent[0].to.as_str(), sent[1].to.as_str()), (CALLER, CALLEE));
    let forwarded = sent[1].clone();
    let route = forwarded.header("Record-Route").expect("record_route adds one").to_owned();
    assert!(route.contains("192.0.2.1:5060;lr") || route.contains("192.0.2.1;lr"), "{route}");
    assert_eq!(forwarded.header("Max-Forwards"), Some("69"));

    let ringing = net.recv(CALLEE, &reply(&forwarded, 180, "Ringing", "b1"));
    assert_eq!(whats(&ringing), ["180"]);
    assert_eq!(ringing[0].to, CALLER);
    assert_eq!(ringing[0].text.matches("Via: ").count(), 1);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&forwarded, 200, "OK", "b1"))), ["200"]);

    let ack = net.recv(CALLER, &within("ACK", 1, "ack", &route));
    assert_eq!(whats(&ack), ["ACK"]);
    assert_eq!(ack[0].to, "192.0.2.20:5060");
    assert_eq!(ack[0].header("Route"), None);

    let bye = net.recv(CALLER, &within("BYE", 2, "bye", &route));
    assert_eq!(whats(&bye), ["BYE"]);
    let done = net.recv(CALLEE, &reply(&bye[0], 200, "OK", "b1"));
    assert_eq!(whats(&done), ["200"]);
    net.assert_empty();
}

#[test]
fn an_untouched_request_leaves_with_only_a_via_added() {
    let mut net = Net::new("route { $du = \"sip:192.0.2.20\"; t_relay(); }");
    let text = "FOO sip:bob@example.com SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx ;odd=\"a;b\"\r\nMax-Forwards:  7\r\nX: \u{e9} \tkept\r\n folded\r\nf: sip:a@b;tag=1\r\nt: sip:b@c\r\ni: c\r\nCSeq: 0009 FOO\r\nl: 4\r\n\r\n\0\u{1}ab";
    let sent = net.recv(CALLER, text);
    let (line, rest) = text.split_once("\r\n").unwrap();
    let (left_line, left) = sent[0].text.split_once("\r\n").unwrap();
    let (via, left) = left.split_once("\r\n").unwrap();
    assert_eq!(left_line, line);
    assert!(via.starts_with("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"), "{via}");
    assert_eq!(left, rest);
}

#[test]
fn notes_where_a_request_came_from() {
    let mut net = Net::new("route { $du = \"sip:192.0.2.20\"; t_relay(); }");
    let text = invite(bob()).replace("192.0.2.10:5060;branch", "10.0.0.9:5070;rport;branch");
    let sent = net.recv("192.0.2.10:6000", &text);
    assert_eq!(sent[0].to, "192.0.2.10:6000");
    assert!(sent[1].text.contains("10.0.0.9:5070;rport=6000;branch=z9hG4bKone;received=192.0.2.10\r\n"));
    let back = net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b"));
    assert_eq!(back[0].to, "192.0.2.10:6000");
}

#[test]
fn crosses_from_one_address_family_to_the_other() {
    let mut net = Net::new("route { $du = \"sip:[2001:db8::20]:5070\"; t_relay(); }");
    let sent = net.recv(CALLER, &invite(bob()));
    assert_eq!(sent[1].to, "[2001:db8::20]:5070");
    assert!(sent[1].header("Via").is_some_and(|v| v.starts_with("SIP/2.0/UDP [2001:db8::1]:5060;branch=")));
    let back = net.recv("[2001:db8::20]:5070", &reply(&sent[1], 200, "OK", "b"));
    assert_eq!((back[0].what(), back[0].to.as_str()), ("200", CALLER));
}

#[test]
fn absorbs_a_repeated_invite_and_repeats_its_last_reply() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(bob()));
    assert_eq!(whats(&net.recv(CALLER, &invite(bob()))), ["100"]);
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    assert_eq!(whats(&net.recv(CALLER, &invite(bob()))), ["180"]);
    net.recv(CALLEE, &reply(&sent[1], 200, "OK", "b1"));
    assert_eq!(whats(&net.recv(CALLER, &invite(bob()))), [""; 0], "an accepted INVITE is absorbed");
    net.assert_empty();
}

#[test]
fn repeats_an_invite_until_a_provisional_comes() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(bob()));
    let again = net.advance(3_600);
    let times: Vec<u64> = again.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [500, 1_500, 3_500]);
    assert!(again.iter().all(|(_, s)| *s == sent[1]));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    assert!(net.advance(20_000).is_empty());
}

#[test]
fn a_repeated_200_goes_up_again_as_it_did() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(bob()));
    let ok = reply(&sent[1], 200, "OK", "b1");
    let first = net.recv(CALLEE, &ok);
    assert_eq!(net.recv(CALLEE, &ok), first);
    let fork = net.recv(CALLEE, &reply(&sent[1], 200, "OK", "another"));
    assert!(fork[0].text.contains("tag=another"));
    net.assert_empty();
}

#[test]
fn a_refusal_is_acknowledged_at_each_hop_and_repeated_until_its_ack() {
    let mut net = Net::new(SCRIPT);
    let sent = net.recv(CALLER, &invite(bob()));
    let busy = reply(&sent[1], 486, "Busy Here", "b1");
    let up = net.recv(CALLEE, &busy);
    assert_eq!(whats(&up), ["ACK", "486"]);
    assert_eq!(up[0].to, CALLEE);
    assert_eq!(up[0].header("Via"), sent[1].header("Via"));
    assert_eq!(up[0].header("To"), Some("<sip:bob@192.0.2.1>;tag=b1"));
    assert_eq!(whats(&net.recv(CALLEE, &busy)), ["ACK"], "only the ACK is repeated");
    let again: Vec<_> = net.advance(1_600).into_iter().map(|(at, s)| (at, s.what().to_owned())).collect();
    assert_eq!(again, [(500, "486".to_owned()), (1_500, "486".to_owned())]);
    let ack = hop("ACK", bob()).replace("To: <sip:bob@192.0.2.1>", "To: <sip:bob@192.0.2.1>;tag=b1");
    assert_eq!(net.recv(CALLER, &ack), []);
    assert!(net.advance(10_000).is_empty());
    net.assert_empty();
}

#[test]
fn a_repeated_bye_gets_its_reply_again() {
    let mut net = Net::new("route { $du = \"sip:192.0.2.20\"; t_relay(); }");
    let bye = request("BYE", "bye", bob());
    let sent = net.recv(CALLER, &bye);
    assert_eq!(net.recv(CALLER, &bye), [], "nothing to repeat yet");
    let ok = net.recv(CALLEE, &reply(&sent[0], 200, "OK", "b1"));
    assert_eq!(net.recv(CALLER, &bye), ok);
    net.assert_empty();
}

#[test]
fn replies_of_the_script_are_stateful_after_t_newtran() {
    let mut net = Net::new("route { t_newtran(); t_reply(486, \"Busy Here\"); }");
    let sent = net.recv(CALLER, &invite(bob()));
    assert_eq!(whats(&sent), ["100", "486"]);
    assert_eq!(whats(&net.recv(CALLER, &invite(bob()))), ["486"]);
    assert_eq!(net.recv(CALLER, &hop("ACK", bob())), []);
    net.assert_empty();
}

#[test]
fn a_200_made_here_is_repeated_until_its_ack() {
    let mut net = Net::new("route { if ($rm == \"ACK\") { t_relay(); exit; } t_reply(200, \"OK\"); }");
    let sent = net.recv(CALLER, &invite("sip:me@192.0.2.1"));
    assert_eq!(whats(&sent), ["100", "200"]);
    assert_eq!(net.advance(600).len(), 1);
    let to = sent[1].header("To").unwrap();
    let ack = request("ACK", "other", "sip:me@192.0.2.1").replace("To: <sip:bob@192.0.2.1>", &format!("To: {to}"));
    assert_eq!(net.recv(CALLER, &ack), []);
    assert!(net.advance(20_000).is_empty());
    net.assert_empty();
}

#[test]
fn a_missing_max_forwards_is_added() {
    let mut net = Net::new("route { $du = \"sip:192.0.2.20\"; t_relay(); }");
    let sent = net.recv(CALLER, &invite(bob()).replace("Max-Forwards: 70\r\n", ""));
    assert_eq!(sent[1].header("Max-Forwards"), Some("70"));
}

#[test]
fn a_script_that_does_nothing_leaves_nothing() {
    let mut net = Net::new("route { t_newtran(); }");
    assert_eq!(whats(&net.recv(CALLER, &invite(bob()))), ["100"]);
    assert!(net.log().iter().any(|l| l.contains("neither relayed nor answered")));
    net.assert_empty();
}
