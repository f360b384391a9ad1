//! Refusals and silence: failure routes, serial forking, time-outs, the next address of a name.
use super::*;

const SERIAL: &str = r#"
modparam("tm", "fr_timeout", 3)
modparam("tm", "fr_inv_timeout", 10)
route { t_on_failure("next"); $avp(n) = 1; $ru = "sip:bob@192.0.2.20"; t_relay(); }
failure_route[next] {
    xlog("L_NOTICE", "failed $T_reply_code $(<reply>rs) $ru $avp(n)\n");
    if (t_was_cancelled()) exit;
    if ($T_reply_code == 486 || $T_reply_code == 408) {
        $ru = "sip:bob@192.0.2.30";
        t_relay();
    }
}
"#;

const URI: &str = "sip:bob@192.0.2.1";

#[test]
fn a_failure_route_tries_another_destination() {
    let mut net = Net::new(SERIAL);
    let sent = net.recv(CALLER, &invite(URI));
    let next = net.recv(CALLEE, &reply(&sent[1], 486, "Busy Here", "b1"));
    assert_eq!(whats(&next), ["ACK", "INVITE"]);
    assert_eq!(next[1].to, OTHER);
    assert_eq!(net.log(), ["failed 486 486 sip:bob@192.0.2.1 1\n"]);
    assert_eq!(whats(&net.recv(OTHER, &reply(&next[1], 200, "OK", "b2"))), ["200"]);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&sent[1], 486, "Busy Here", "b1"))), ["ACK"]);
    net.assert_empty();
}

#[test]
fn the_winner_goes_up_when_the_failure_route_lets_it() {
    let mut net = Net::new(SERIAL);
    let sent = net.recv(CALLER, &invite(URI));
    let up = net.recv(CALLEE, &reply(&sent[1], 404, "Not Found", "b1"));
    assert_eq!(whats(&up), ["ACK", "404"]);
    assert!(up[1].text.contains("tag=b1"));
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn a_failure_route_runs_once_unless_armed_again() {
    let mut net = Net::new(SERIAL);
    let sent = net.recv(CALLER, &invite(URI));
    let next = net.recv(CALLEE, &reply(&sent[1], 486, "Busy Here", "b1"));
    let up = net.recv(OTHER, &reply(&next[1], 486, "Busy Here", "b2"));
    assert_eq!(whats(&up), ["ACK", "486"]);
    assert_eq!(net.log().len(), 1);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn silence_is_a_408_after_fr_timeout() {
    let mut net = Net::new("modparam(\"tm\", \"fr_timeout\", 3) route { $ru = \"sip:bob@192.0.2.20\"; t_relay(); }");
    net.recv(CALLER, &invite(URI));
    let sent: Vec<_> = net.advance(3_100).into_iter().map(|(at, s)| (at, s.what().to_owned())).collect();
    let invite = "INVITE".to_owned();
    assert_eq!(sent, [(500, invite.clone()), (1_500, invite), (3_000, "408".to_owned())]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn silence_may_lead_to_the_failure_route() {
    let mut net = Net::new(SERIAL);
    net.recv(CALLER, &invite(URI));
    let sent = net.advance(3_000);
    let last = &sent.last().expect("the failure route relays").1;
    assert_eq!((last.what(), last.to.as_str()), ("INVITE", OTHER));
    assert_eq!(net.log(), ["failed 408 <null> sip:bob@192.0.2.1 1\n"]);
    net.recv(OTHER, &reply(last, 200, "OK", "b"));
    net.assert_empty();
}

#[test]
fn a_phone_that_rings_too_long_is_cancelled() {
    let mut net = Net::new(SERIAL);
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    let then = net.advance(10_000);
    let whats: Vec<_> = then.iter().map(|(_, s)| (s.what(), s.to.as_str())).collect();
    assert_eq!(whats, [("CANCEL", CALLEE), ("INVITE", OTHER)]);
    assert_eq!(then[0].1.header("Reason"), Some("SIP;cause=480;text=\"NO_ANSWER\""));
    assert_eq!(super::whats(&net.recv(CALLEE, &reply(&sent[1], 487, "Request Terminated", "b1"))), ["ACK"]);
    assert_eq!(super::whats(&net.recv(OTHER, &reply(&then[1].1, 200, "OK", "b2"))), ["200"]);
    net.assert_empty();
}

#[test]
fn a_silent_bye_is_a_408() {
    let mut net = Net::new("modparam(\"tm\", \"fr_timeout\", 2) route { $ru = \"sip:bob@192.0.2.20\"; t_relay(); }");
    net.recv(CALLER, &request("BYE", "bye", URI));
    let last = net.advance(2_000).pop().expect("an answer");
    assert_eq!(last.1.what(), "408");
    net.assert_empty();
}

#[test]
fn timeouts_can_be_set_for_one_call() {
    let mut net = Net::new("route { $T_fr_timeout = 5; $ru = \"sip:bob@192.0.2.20\"; t_relay(); }");
    net.recv(CALLER, &invite(URI));
    let last = net.advance(5_000).pop().expect("an answer");
    assert_eq!((last.0, last.1.what()), (5_000, "408"));
}

#[test]
fn a_failure_route_may_answer_itself() {
    let mut net = Net::new(
        "route { t_on_failure(\"other\"); $ru = \"sip:bob@192.0.2.20\"; t_relay(); }
         failure_route[other] { t_reply(480, \"Later\"); }",
    );
    let sent = net.recv(CALLER, &invite(URI));
    let up = net.recv(CALLEE, &reply(&sent[1], 486, "Busy Here", "b1"));
    assert_eq!(whats(&up), ["ACK", "480"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn header_changes_last_from_the_request_to_the_failure_route() {
    let mut net = Net::new(
        "route { append_hf(\"X-A: 1\\r\\n\"); t_on_failure(\"other\"); $ru = \"sip:bob@192.0.2.20\"; t_relay(); }
         failure_route[other] { append_hf(\"X-B: 2\\r\\n\"); $ru = \"sip:bob@192.0.2.30\"; t_relay(); }",
    );
    let sent = net.recv(CALLER, &invite(URI));
    let next = net.recv(CALLEE, &reply(&sent[1], 486, "Busy Here", "b1"));
    assert_eq!((sent[1].header("X-A"), sent[1].header("X-B")), (Some("1"), None));
    assert_eq!((next[1].header("X-A"), next[1].header("X-B")), (Some("1"), Some("2")));
}

#[test]
fn what_cannot_be_sent_is_answered_with_477() {
    let mut net = Net::new(
        "route { $du = \"sip:192.0.2.20;transport=tcp\"; $var(rc) = 0; t_relay(); xlog(\"L_NOTICE\", \"$rc\\n\"); }",
    );
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100", "477"]);
    assert_eq!(net.log().last().map(String::as_str), Some("1\n"));
    let mut net = Net::new(
        "route { $du = \"sip:192.0.2.20;transport=tcp\"; t_relay(\"no-auto-477\"); xlog(\"L_NOTICE\", \"$rc\\n\"); }",
    );
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100"]);
    assert_eq!(net.log().iter().rev().find(|l| l.ends_with("\n")).map(String::as_str), Some("-6\n"));
    net.assert_empty();
}
