//! Requests made here, and calls that stay here.
use super::*;

const URI: &str = "sip:bob@192.0.2.1";

#[test]
fn a_new_request_runs_local_route_and_leaves() {
    let mut net = Net::new(
        r#"
        route { t_new_request("MESSAGE", "sip:bob@192.0.2.20", "BOX sip:box@192.0.2.1", "sip:bob@example.com", "text/plain Hello", "note"); send_reply(200, "OK"); }
        local_route { append_hf("X-Local: $avp(uac_ctx)\r\n"); }
        "#,
    );
    let sent = net.recv(CALLER, &request("OPTIONS", "o", URI));
    assert_eq!(whats(&sent), ["MESSAGE", "200"]);
    let message = &sent[0];
    assert_eq!(message.to, CALLEE);
    assert_eq!(message.header("X-Local"), Some("note"));
    assert_eq!(message.header("Content-Type"), Some("text/plain"));
    assert!(message.text.ends_with("\r\n\r\nHello"));
    assert!(message.header("From").is_some_and(|f| f.starts_with("BOX <sip:box@192.0.2.1>;tag=")));
    assert_eq!(net.recv(CALLEE, &reply(message, 200, "OK", "b")), []);
    net.assert_empty();
}

#[test]
fn an_unanswered_new_request_is_repeated_and_forgotten() {
    let mut net = Net::new("route { t_new_request(\"OPTIONS\", \"sip:bob@192.0.2.20\", \"sip:a@b\", \"sip:c@d\"); }");
    net.recv(CALLER, &request("OPTIONS", "o", URI));
    assert!(net.advance(40_000).iter().all(|(_, s)| s.what() == "OPTIONS"));
    net.assert_empty();
}

#[test]
fn a_parked_call_is_answered_by_its_call_id() {
    let mut net = Net::new(
        r#"
        route {
            if ($rm == "ACK") { t_relay(); exit; }
            if ($rm == "INVITE") { t_reply(180, "Ringing"); t_wait_for_new_branches(); exit; }
            if (t_reply_by_callid(486, "Gone", "call-1", "1")) { send_reply(200, "OK"); } else { send_reply(481, "No Call"); }
        }
        "#,
    );
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100", "180"]);
    assert_eq!(whats(&net.recv(CALLER, &request("INFO", "i", URI))), ["486", "200"]);
    assert_eq!(whats(&net.recv(CALLER, &request("INFO", "i2", URI))), ["481"]);
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn a_call_that_waits_for_branches_ends_by_time() {
    let mut net = Net::new(
        "modparam(\"tm\", \"fr_inv_timeout\", 5) route { if ($rm == \"ACK\") { t_relay(); exit; } t_newtran(); t_wait_for_new_branches(); }",
    );
    net.recv(CALLER, &invite(URI));
    let sent = net.advance(5_000);
    assert_eq!((sent[0].0, sent[0].1.what()), (5_000, "408"));
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn an_onreply_route_may_inject_a_branch() {
    let mut net = Net::new(
        r#"
        route { if ($rm == "ACK") { t_relay(); exit; } t_on_reply("more"); $ru = "sip:bob@192.0.2.20"; t_relay(); }
        onreply_route[more] { if ($rs == 180) { $var(x) = 0; t_cancel_branch("a"); } }
        "#,
    );
    let sent = net.recv(CALLER, &invite(URI));
    let ringing = net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b1"));
    assert_eq!(whats(&ringing), ["CANCEL", "180"]);
    net.recv(CALLEE, &reply(&sent[1], 487, "Request Terminated", "b1"));
    net.recv(CALLER, &hop("ACK", URI));
    net.assert_empty();
}

#[test]
fn a_replicated_request_is_answered_here() {
    let mut net = Net::new("route { t_replicate(\"sip:192.0.2.20\"); t_reply(200, \"OK\"); }");
    let sent = net.recv(CALLER, &request("OPTIONS", "o", URI));
    assert_eq!(whats(&sent), ["OPTIONS", "200"]);
    assert_eq!(net.recv(CALLEE, &reply(&sent[0], 404, "Not Found", "b")), []);
    net.assert_empty();
}

#[test]
fn replies_made_here_are_shown_to_local_reply_route() {
    let mut net = Net::new(
        "modparam(\"tm\", \"local_reply_route\", \"look\") route { t_reply(404, \"Not Found\"); } route[look] { xlog(\"L_NOTICE\", \"$rs\\n\"); }",
    );
    net.recv(CALLER, &request("OPTIONS", "o", URI));
    assert_eq!(net.log(), ["404\n"]);
}

#[test]
fn two_answers_of_one_dialog_each_know_their_ack() {
    let mut net = Net::new("route { if ($rm == \"ACK\") { t_relay(); exit; } t_reply(200, \"OK\"); }");
    let within = |method: &str, number: u32| {
        let text = request(method, &format!("{method}{number}"), "sip:bob@192.0.2.20");
        text.replace("<sip:bob@192.0.2.1>", "<sip:bob@192.0.2.1>;tag=b1").replace("CSeq: 1", &format!("CSeq: {number}"))
    };
    assert_eq!(whats(&net.recv(CALLER, &within("INVITE", 1))), ["100", "200"]);
    assert_eq!(net.recv(CALLER, &within("ACK", 1)), [], "it goes no further");
    net.advance(33_900);
    assert_eq!(whats(&net.recv(CALLER, &within("INVITE", 2))), ["100", "200"]);
    assert_eq!(net.recv(CALLER, &within("ACK", 1)), [], "an old one come again is taken in");
    assert_eq!(net.advance(600).len(), 1, "the second answer is repeated meanwhile");
    assert_eq!(net.recv(CALLER, &within("ACK", 2)), []);
    assert_eq!(net.advance(30_000), [], "and no more after its ACK");
    net.assert_empty();
}
