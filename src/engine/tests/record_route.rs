//! Record-Route and Route through whole calls.
use super::*;

const SIX: &str = "[2001:db8::20]:5060";

fn record_routes(sent: &Sent) -> Vec<&str> {
    sent.text.lines().filter_map(|l| l.strip_prefix("Record-Route: ")).collect()
}

/// A request within the call, from either side.
fn within(method: &str, uri: &str, from: &str, routes: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKw{method}\r\n{routes}Max-Forwards: 70\r\n\
         From: <sip:bob@192.0.2.1>;tag=b1\r\nTo: <sip:alice@192.0.2.10>;tag=a1\r\nCall-ID: call-1\r\nCSeq: 7 {method}\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

const ROUTE_WITHIN: &str = r#"
route {
    if (has_totag()) {
        if (loose_route()) { xlog("loose: $rr_params\n"); t_relay(); }
        else sl_send_reply(404, "Not here");
        exit;
    }
"#;

fn net(rest: &str) -> Net {
    let head = "loadmodule \"sipmsgops.so\"\n";
    Net::new(&format!("{head}{ROUTE_WITHIN}{rest}"))
}

#[test]
fn a_call_between_two_networks_is_recorded_on_both_sides_and_finds_its_way_back() {
    let mut net = net("record_route(\";x=1\"); $du = \"sip:[2001:db8::20]:5060\"; t_relay(); }");
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    let pair = record_routes(&sent[1]);
    assert_eq!(pair, ["<sip:[2001:db8::1]:5060;r2=on;lr;ftag=a1;x=1>", "<sip:192.0.2.1:5060;r2=on;lr;ftag=a1;x=1>"]);
    let routes = format!("Route: {}, {}\r\n", pair[0], pair[1]);
    let bye = within("BYE", "sip:alice@192.0.2.10", SIX, &routes);
    let sent = net.recv_on(SocketId(1), SIX, bye.as_bytes());
    assert_eq!(whats(&sent), ["BYE"]);
    assert_eq!((sent[0].to.as_str(), sent[0].header("Route")), (CALLER, None));
    assert!(sent[0].header("Via").is_some_and(|v| v.starts_with("SIP/2.0/UDP 192.0.2.1:5060;")));
    assert!(net.log().iter().any(|l| l.contains("loose: r2=on;lr;ftag=a1;x=1")), "{:?}", net.log());
}

#[test]
fn a_strict_router_gets_the_request_as_it_expects_it() {
    let mut net = net("}");
    let routes = "Route: <sip:192.0.2.1;lr>, <sip:192.0.2.30:5060;old>\r\n";
    let sent = net.recv(CALLEE, &within("BYE", "sip:alice@192.0.2.10", CALLEE, routes));
    assert_eq!(whats(&sent), ["BYE"]);
    assert_eq!(sent[0].to, OTHER);
    assert!(sent[0].text.starts_with("BYE sip:192.0.2.30:5060;old SIP/2.0\r\n"));
    assert_eq!(sent[0].header("Route"), Some("<sip:alice@192.0.2.10>"));
}

#[test]
fn a_request_from_a_strict_router_gets_its_target_back() {
    let mut net = net("}");
    let routes = "Route: <sip:alice@192.0.2.10>\r\n";
    let sent = net.recv(CALLEE, &within("BYE", "sip:192.0.2.1;lr;ftag=a1", CALLEE, routes));
    assert_eq!(whats(&sent), ["BYE"]);
    assert!(sent[0].text.starts_with("BYE sip:alice@192.0.2.10 SIP/2.0\r\n"));
    assert_eq!((sent[0].to.as_str(), sent[0].header("Route")), (CALLER, None));
}

#[test]
fn a_call_without_routes_of_ours_is_not_followed() {
    let mut net = net("}");
    let sent = net.recv(CALLEE, &within("BYE", "sip:alice@192.0.2.10", CALLEE, ""));
    assert_eq!(whats(&sent), ["404"]);
}

#[test]
fn what_a_branch_route_adds_is_in_its_branch_alone() {
    let mut net = net(
        "record_route(); t_on_branch(\"own\"); seturi(\"sip:bob@192.0.2.20\"); append_branch(\"sip:bob@192.0.2.30\"); t_relay(); }\n\
         branch_route[own] { if ($rd == \"192.0.2.30\") add_rr_param(\";side=two\"); }",
    );
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    assert_eq!(whats(&sent), ["100", "INVITE", "INVITE"]);
    assert_eq!(record_routes(&sent[1]), ["<sip:192.0.2.1:5060;lr;ftag=a1>"]);
    assert_eq!(record_routes(&sent[2]), ["<sip:192.0.2.1:5060;lr;ftag=a1;side=two>"]);
}

#[test]
fn a_failure_route_sends_the_call_on_recorded() {
    let mut net = net("record_route(); t_on_failure(\"next\"); $du = \"sip:192.0.2.20\"; t_relay(); }\n\
         failure_route[next] { $du = \"sip:192.0.2.30\"; t_relay(); }");
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    let sent = net.recv(CALLEE, &reply(&sent[1], 486, "Busy", "b1"));
    let again = sent.iter().find(|s| s.what() == "INVITE").expect("the call goes on");
    assert_eq!(again.to, OTHER);
    assert_eq!(record_routes(again), ["<sip:192.0.2.1:5060;lr;ftag=a1>"]);
}

#[test]
fn stateless_forwarding_is_recorded_too() {
    let mut net = net("record_route(); $du = \"sip:192.0.2.20\"; forward(); }");
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    assert_eq!(whats(&sent), ["INVITE"]);
    assert_eq!(record_routes(&sent[0]), ["<sip:192.0.2.1:5060;lr;ftag=a1>"]);
}

#[test]
fn the_ack_of_a_stateless_answer_meets_no_route() {
    let mut net = Net::new("route { xlog(\"met: $rm\\n\"); sl_send_reply(404, \"Nobody\"); }");
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    let to = sent[0].header("To").expect("a reply has To").to_owned();
    let ack = hop("ACK", "sip:bob@example.com").replace("To: <sip:bob@192.0.2.1>", &format!("To: {to}"));
    assert!(net.recv(CALLER, &ack).is_empty());
    assert_eq!(net.log().iter().filter(|l| l.contains("met: ")).count(), 1);
    assert_eq!(net.engine.core.stats.read("sl", "received_ACKs"), Some(1));
}

#[test]
fn a_reply_with_another_status_is_another_reply_from_there_on() {
    let mut net = net("t_on_reply(\"soften\"); t_on_failure(\"seen\"); $du = \"sip:192.0.2.20\"; t_relay(); }\n\
         onreply_route[soften] { change_reply_status(404, \"Gone Away\"); append_hf(\"X-Was: $rs\\r\\n\"); }\n\
         failure_route[seen] { xlog(\"failed with $(<reply>rs)\\n\"); }");
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    let sent = net.recv(CALLEE, &reply(&sent[1], 603, "Decline", "b1"));
    let up = sent.iter().find(|s| s.to == CALLER).expect("the reply goes up");
    assert!(up.text.starts_with("SIP/2.0 404 Gone Away\r\n"), "{}", up.text);
    assert_eq!(up.header("X-Was"), Some("404"));
    assert!(net.log().iter().any(|l| l.contains("failed with 404")), "{:?}", net.log());
}

#[test]
fn send_reply_answers_in_the_transaction_when_there_is_one() {
    let mut net = Net::new("route { t_newtran(); send_reply(486, \"Busy\"); }");
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    assert_eq!(whats(&sent), ["100", "486"]);
    let resent = net.advance(500);
    assert_eq!(resent.first().map(|(at, s)| (*at, s.what())), Some((500, "486")));
}

#[test]
fn send_reply_makes_a_transaction_where_nothing_else_can_answer() {
    let mut net = Net::with(
        "loadmodule \"proto_udp.so\"\nloadmodule \"tm.so\"\nloadmodule \"signaling.so\"\n\
         route { xlog(\"tag $sig_local_totag\\n\"); send_reply(404, \"Nobody\"); }",
    );
    let sent = net.recv(CALLER, &invite("sip:bob@example.com"));
    assert_eq!(whats(&sent), ["100", "404"]);
    assert_eq!(net.engine.core.transactions.len(), 1);
    let tag = sent[1].header("To").and_then(|to| to.split_once(";tag=")).map(|(_, tag)| tag.to_owned());
    assert_eq!(net.log(), [format!("tag {}\n", tag.expect("the reply has a tag"))]);
}
