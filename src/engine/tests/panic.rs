//! A panic of ours ends the message it was about and nothing else.
use super::*;
use crate::vm::{Cx, Hook};

const URI: &str = "sip:bob@192.0.2.1";

fn fails_in_requests(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    let meant = cx.run.msg.value(crate::sip::HeaderId::Subject) == Some(b"fail");
    assert!(!(matches!(hook, Hook::RequestIn) && meant), "a test wants it so");
}

fn fails_at_branches(_: &mut Cx<'_>, hook: &Hook<'_>) {
    assert!(!matches!(hook, Hook::BranchOut { .. }), "a test wants it so");
}

fn fails_on_replies(_: &mut Cx<'_>, hook: &Hook<'_>) {
    assert!(!matches!(hook, Hook::ReplyOut(out) if out.relayed.is_some()), "a test wants it so");
}

#[test]
fn without_a_transaction_it_is_a_stateless_500() {
    let mut net = Net::new("route { $ru = \"sip:bob@192.0.2.20\"; t_relay(); }").follow(fails_in_requests);
    let broken = invite(URI).replace("Content-Length", "Subject: fail\r\nContent-Length");
    assert_eq!(whats(&net.recv(CALLER, &broken)), ["500"]);
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100", "INVITE"], "the next message is served");
}

#[test]
fn in_a_transaction_it_is_a_500_and_the_transaction_is_gone() {
    let mut net = Net::new("route { $ru = \"sip:bob@192.0.2.20\"; t_relay(); }").follow(fails_at_branches);
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100", "500"]);
    assert!(net.engine.core.transactions.is_empty());
    assert!(net.log().iter().any(|l| l.contains("fault of this server")));
    net.assert_empty();
}

#[test]
fn after_a_wait_it_is_a_500_and_the_transaction_is_gone() {
    let mut net = Net::new("route { $ru = \"sip:bob@callee.example.com\"; t_relay(); }").follow(fails_at_branches);
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["100"]);
    assert_eq!(whats(&net.resolve(&["192.0.2.20"])), ["500"]);
    assert!(net.engine.core.transactions.is_empty());
    net.assert_empty();
}

#[test]
fn after_a_wait_without_a_transaction_it_is_a_500_and_the_request_may_come_again() {
    let mut net = Net::new("route { forward(\"udp:copy.example.com\"); }").follow(fails_at_branches);
    for _ in 0..2 {
        assert_eq!(net.recv(CALLER, &invite(URI)), []);
        assert_eq!(whats(&net.resolve(&["192.0.2.20"])), ["500"]);
    }
    net.assert_empty();
}

#[test]
fn on_a_reply_it_ends_the_call_that_the_reply_is_for() {
    let mut net = Net::new("route { $ru = \"sip:bob@192.0.2.20\"; t_relay(); }").follow(fails_on_replies);
    let sent = net.recv(CALLER, &invite(URI));
    let up = net.recv(CALLEE, &reply(&sent[1], 180, "Ringing", "b"));
    assert!(whats(&up).contains(&"500"), "{up:?}");
    net.assert_empty();
}

#[test]
fn a_dialog_whose_run_it_ended_is_gone() {
    let script = r#"
        loadmodule "dialog.so"
        modparam("dialog", "profiles_no_value", "vip")
        route {
            create_dialog();
            $dlg_val(name) = "bob";
            set_dlg_profile("vip");
            $du = "sip:192.0.2.20";
            forward();
        }
    "#;
    let mut net = Net::new(script).follow(fails_at_branches);
    assert_eq!(whats(&net.recv(CALLER, &invite(URI))), ["500"]);
    assert!(net.engine.core.dialogs.is_empty());
    assert_eq!(net.engine.core.dialogs.count_alive(), 0);
    net.assert_empty();
}

fn fails_in_local_route(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    let local = cx.run.tx.as_ref().is_some_and(|tx| tx.local);
    assert!(!(matches!(hook, Hook::RunEnd) && local), "a test wants it so");
}

#[test]
fn in_local_route_the_request_is_given_up() {
    let script = r#"
        route { t_newtran(); t_new_request("MESSAGE", "sip:bob@192.0.2.20", "sip:a@b", "sip:c@d"); send_reply(200, "OK"); }
        local_route { xlog("at work\n"); }
    "#;
    let mut net = Net::new(script).follow(fails_in_local_route);
    assert_eq!(whats(&net.recv(CALLER, &request("OPTIONS", "o", URI))), ["500"]);
    assert!(net.engine.core.transactions.is_empty());
    net.assert_empty();
}

#[test]
fn the_release_profile_unwinds() {
    let manifest = include_str!("../../../Cargo.toml");
    assert!(!manifest.contains("panic = \"abort\""));
}
