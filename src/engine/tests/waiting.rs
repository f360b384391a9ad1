//! Runs that wait: what the protocol owes goes on, what a script must see waits in the mailbox.
use super::*;

const URI: &str = "sip:bob@192.0.2.1";

const NAMED: &str = r#"
route {
    if ($rm == "CANCEL") { t_relay(); exit; }
    if ($rm == "ACK") { t_relay(); exit; }
    $ru = "sip:bob@callee.example.com:5070";
    t_relay();
    xlog("L_NOTICE", "relayed $rc\n");
}
"#;

#[test]
fn a_host_name_is_resolved_before_the_branch_leaves() {
    let mut net = Net::new(NAMED);
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100"]);
    assert_eq!(net.waits.len(), 1);
    let sent = net.resolve(&["192.0.2.20", "192.0.2.30"]);
    assert_eq!((sent[0].what(), sent[0].to.as_str()), ("INVITE", "192.0.2.20:5070"));
    assert_eq!(net.log(), ["relayed 1\n"]);
    net.recv("192.0.2.20:5070", &reply(&sent[0], 200, "OK", "b"));
    net.assert_empty();
}

#[test]
fn a_repeated_request_is_absorbed_while_its_run_waits() {
    let mut net = Net::new(NAMED);
    net.recv(CALLER, &invite(URI));
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100"]);
    assert_eq!(net.waits.len(), 1, "nothing is asked twice");
    assert_eq!(whats(&net.resolve(&["192.0.2.20"])), ["INVITE"]);
}

#[test]
fn a_cancel_is_answered_while_the_run_waits_and_no_branch_leaves() {
    let mut net = Net::new(NAMED);
    net.recv(CALLER, &invite(URI));
    assert_eq!(whats(&net.recv(CALLER, &hop("CANCEL", URI))), ["200"]);
    assert_eq!(whats(&net.resolve(&["192.0.2.20"])), ["487"]);
    assert_eq!(net.log(), ["relayed -3\n"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn an_unknown_name_is_answered_with_478() {
    let mut net = Net::new(NAMED);
    net.recv(CALLER, &invite(URI));
    assert_eq!(whats(&net.resolve(&[])), ["478"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn an_answer_that_never_comes_ends_the_wait() {
    let mut net = Net::new(NAMED);
    net.recv(CALLER, &invite(URI));
    let sent = net.advance(30_000);
    assert!(sent.iter().any(|(_, s)| s.what() == "478"), "{sent:?}");
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn the_next_address_is_tried_after_a_503_and_after_silence() {
    let script = format!("modparam(\"tm\", \"fr_timeout\", 2){NAMED}");
    let mut net = Net::new(&script);
    net.recv(CALLER, &invite(URI));
    let first = net.resolve(&["192.0.2.20", "192.0.2.30", "192.0.2.40"]);
    let second = net.recv("192.0.2.20:5070", &reply(&first[0], 503, "Service Unavailable", "b1"));
    assert_eq!(whats(&second), ["ACK", "INVITE"]);
    assert_eq!(second[1].to, "192.0.2.30:5070");
    assert_ne!(second[1].header("Via"), first[0].header("Via"));
    let third = net.advance(2_000).pop().expect("the third address").1;
    assert_eq!((third.what(), third.to.as_str()), ("INVITE", "192.0.2.40:5070"));
    assert_eq!(
        net.recv("192.0.2.20:5070", &reply(&first[0], 180, "Ringing", "b1")),
        [],
        "an old attempt counts no more"
    );
    assert_eq!(whats(&net.recv("192.0.2.40:5070", &reply(&third, 200, "OK", "b3"))), ["200"]);
    net.assert_empty();
}

#[test]
fn failover_can_be_switched_off() {
    let mut net = Net::new(&NAMED.replace("t_relay();\n    xlog", "t_relay(\"no-dns-failover\");\n    xlog"));
    net.recv(CALLER, &invite(URI));
    let first = net.resolve(&["192.0.2.20", "192.0.2.30"]);
    let up = net.recv("192.0.2.20:5070", &reply(&first[0], 503, "Service Unavailable", "b1"));
    assert_eq!(whats(&up), ["ACK", "500"]);
}

#[test]
fn replies_wait_for_a_script_that_waits() {
    let mut net = Net::new(
        r#"
        route {
            if ($rm == "ACK") { t_relay(); exit; }
            $ru = "sip:bob@192.0.2.20";
            append_branch("sip:bob@callee.example.com");
            t_on_reply("seen");
            t_relay();
            xlog("L_NOTICE", "relayed\n");
        }
        onreply_route[seen] { xlog("L_NOTICE", "reply $rs\n"); }
        "#,
    );
    let sent = net.recv(CALLER, &invite(URI));
    assert_eq!(whats(&sent), ["100", "INVITE"]);
    assert_eq!(net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1")), []);
    assert_eq!(whats(&net.recv(CALLEE, &reply(&sent[1], 486, "Busy Here", "b1"))), ["ACK"], "the ACK does not wait");
    assert!(net.log().is_empty());
    let then = net.resolve(&["192.0.2.30"]);
    assert_eq!(whats(&then), ["INVITE", "180"]);
    assert_eq!(net.log(), ["relayed\n", "reply 180\n", "reply 486\n"]);
    assert_eq!(whats(&net.recv(OTHER, &reply(&then[0], 200, "OK", "b2"))), ["200"]);
    net.assert_empty();
}

#[test]
fn a_full_mailbox_ends_the_transaction_with_500() {
    let mut net = Net::new(
        "route { if ($rm == \"ACK\") { t_relay(); exit; } $ru = \"sip:bob@192.0.2.20\"; append_branch(\"sip:bob@callee.example.com\"); t_relay(); }",
    );
    let sent = net.recv(CALLER, &invite(URI));
    let mut seen = Vec::new();
    for fork in 0..70 {
        seen.extend(net.recv(CALLEE, &reply(&sent[1], 200, "OK", &format!("fork{fork}"))));
    }
    assert_eq!(whats(&seen), ["500"]);
    net.resolve(&["192.0.2.30"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn a_request_without_transaction_is_kept_by_its_key_while_it_waits() {
    let mut net = Net::new(
        r#"
        route {
            xlog("L_NOTICE", "$rm\n");
            if ($rm == "CANCEL") { if (t_check_trans()) t_relay(); exit; }
            if ($rm == "ACK") { t_relay(); exit; }
            forward("udp:copy.example.com");
            $ru = "sip:bob@192.0.2.20";
            t_relay();
        }
        "#,
    );
    assert_eq!(net.recv(CALLER, &invite(URI)), []);
    assert_eq!(net.recv(CALLER, &invite(URI)), [], "its repetition is dropped");
    assert_eq!(net.recv(CALLER, &hop("CANCEL", URI)), [], "its CANCEL waits behind it");
    assert!(net.engine.core.transactions.is_empty(), "no transaction is made for it");
    assert_eq!(net.log(), ["INVITE\n"]);
    let sent = net.resolve(&["192.0.2.30"]);
    assert_eq!(whats(&sent), ["INVITE", "100", "INVITE", "200"]);
    assert_eq!(net.log(), ["INVITE\n", "CANCEL\n"]);
    assert!(whats(&net.recv(CALLEE, &reply(&sent[2], 180, "Ringing", "b"))).contains(&"CANCEL"));
    net.recv(CALLEE, &reply(&sent[2], 487, "Request Terminated", "b"));
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn a_record_that_is_over_is_kept_without_haste_while_a_script_waits() {
    let mut net = Net::new(
        r#"
        modparam("tm", "fr_inv_timeout", 2)
        route {
            if ($rm == "ACK") { t_relay(); exit; }
            $ru = "sip:bob@192.0.2.20";
            t_on_reply("late");
            t_relay();
        }
        onreply_route[late] { if ($rs == 183) send("udp:copy.example.com"); }
        "#,
    );
    let sent = net.recv(CALLER, &invite(URI));
    net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b"));
    net.advance(2_000);
    net.recv(CALLER, &hop("ACK", URI));
    net.advance(6_900);
    net.recv(CALLEE, &reply(&sent[1], 183, "Progress", "b"));
    assert_eq!(net.waits.len(), 1, "the record is still there");
    let start = net.at;
    for _ in 0..20 {
        net.at = net.shard.next_timeout().expect("the record has its timer").as_millis();
        let now = net.now();
        net.engine.timeout(&mut net.shard, now);
    }
    assert!(net.at > start + 2_000, "only {} ms went by", net.at - start);
    net.resolve(&["192.0.2.30"]);
    net.assert_empty();
}

#[test]
fn the_server_has_not_started_while_its_startup_route_waits() {
    let script = r#"
startup_route {
    t_new_request("OPTIONS", "sip:peer.example.com", "sip:a@b", "sip:c@d");
    xlog("L_NOTICE", "up\n");
}
route { exit; }
"#;
    let mut net = Net::new(script);
    let started = |net: &Net| net.engine.core.started.load(std::sync::atomic::Ordering::Acquire);
    net.collect();
    assert!(!started(&net));
    assert_eq!(whats(&net.resolve(&["192.0.2.20"])), ["OPTIONS"]);
    assert!(started(&net));
    assert_eq!(net.log(), ["up\n"]);
}

#[test]
fn more_runs_than_may_wait_go_on_as_if_nothing_had_answered() {
    let mut net = Net::new(NAMED);
    net.engine.waiting.limit = 1;
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100"]);
    let other = request("INVITE", "two", URI).replace("Call-ID: call-1", "Call-ID: call-2");
    assert_eq!(whats(&net.recv(CALLER, &other)), ["100", "478"], "its name is not asked for");
    assert_eq!((net.waits.len(), net.engine.suspended()), (1, 1));
    assert_eq!(whats(&net.resolve(&["192.0.2.20"])), ["INVITE"]);
}
