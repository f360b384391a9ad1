//! How a request finds its call: by the id it brings back, by Call-ID and tags, or not at all.
use super::{Script, Stage};
use sipscript::sip::HeaderId;
use sipscript::testing::Call;
use std::time::Duration;

/// A request of Alice's within a call, put together by hand.
struct Forged<'a> {
    method: &'a str,
    cseq: u32,
    route: String,
    to_tag: String,
}

impl Forged<'_> {
    fn text(&self, call: &Call) -> String {
        let Forged { method, cseq, route, to_tag } = self;
        let from = String::from_utf8_lossy(call.invite.value(HeaderId::From).unwrap_or_default()).into_owned();
        let target = &call.leg.as_ref().expect("answered").target;
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.0.1:5060;branch=z9hG4bKforged{method}{cseq}\r\n\
             From: {from}\r\nTo: <sip:bob@example.org>;tag={to_tag}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
             Max-Forwards: 70\r\nRoute: {route}\r\n\r\n",
            call.id
        )
    }
}

const SEEN: &str = r#"if (is_method("INFO")) xlog("$DLG_status $DLG_dir\n");"#;
const FOUND: &str = "4 downstream";
const NOT_FOUND: &str = "<null> <null>";

/// What the script sees of the call in an INFO whose Route and To tag are changed as given.
fn seen(mode: u8, change: impl Fn(&mut Forged<'_>)) -> String {
    let params = format!(r#"modparam("dialog", "dlg_match_mode", {mode})"#);
    let mut stage = Stage::new(&Script { params: &params, within: SEEN, ..Script::default() });
    let id = stage.call("alice", "bob");
    let alice = stage.phone("alice");
    let call = stage.net.call(alice, &id).clone();
    let leg = call.leg.clone().expect("answered");
    let mut forged =
        Forged { method: "INFO", cseq: 100, route: leg.routes[0].to_string(), to_tag: leg.tag.to_string() };
    change(&mut forged);
    stage.lines();
    let [from, to] = ["10.1.0.1:5060", "10.0.0.1:5060"].map(|a| a.parse().expect("an address"));
    stage.net.inject(from, to, forged.text(&call));
    stage.net.run_for(Duration::from_secs(1));
    let lines = stage.lines();
    stage.hang_up("alice", &id);
    stage.net.settle();
    lines.join("|")
}

fn without_id(forged: &mut Forged<'_>) {
    forged.route = "<sip:10.0.0.1;lr>".to_owned();
}

fn with_id(id: &str) -> impl Fn(&mut Forged<'_>) {
    move |forged| forged.route = format!("<sip:10.0.0.1;lr;did={id}>")
}

#[test]
fn the_id_in_the_route_finds_the_call() {
    for mode in [0, 1, 2] {
        assert_eq!(seen(mode, |_| {}), FOUND, "mode {mode}");
    }
}

#[test]
fn tags_find_the_call_when_the_mode_lets_them() {
    assert_eq!(seen(0, without_id), NOT_FOUND);
    assert_eq!(seen(1, without_id), FOUND);
    assert_eq!(seen(2, without_id), FOUND);
}

#[test]
fn an_id_that_is_none_finds_nothing_not_even_by_tags() {
    for mode in [0, 1] {
        assert_eq!(seen(mode, with_id("no-id")), NOT_FOUND, "mode {mode}");
    }
    assert_eq!(seen(2, with_id("no-id")), FOUND, "no id is looked at");
}

#[test]
fn an_id_of_another_call_falls_back_to_the_tags() {
    assert_eq!(seen(0, with_id("1.1")), NOT_FOUND);
    assert_eq!(seen(1, with_id("1.1")), FOUND);
}

#[test]
fn foreign_tags_find_nothing() {
    for mode in [0, 1, 2] {
        assert_eq!(seen(mode, |forged| forged.to_tag = "foreign".to_owned()), NOT_FOUND, "mode {mode}");
    }
}

#[test]
fn a_repeated_bye_ends_the_call_once() {
    let mut stage = Stage::new(&Script {
        initial: r#"do_accounting("log", "cdr"); dlg_on_hangup("gone");"#,
        routes: r#"route[gone] { xlog("gone\n"); }"#,
        ..Script::default()
    });
    let id = stage.call("alice", "bob");
    let alice = stage.phone("alice");
    let call = stage.net.call(alice, &id).clone();
    let leg = call.leg.clone().expect("answered");
    let [from, to] = ["10.1.0.1:5060", "10.0.0.1:5060"].map(|a| a.parse().expect("an address"));
    for cseq in [100, 100, 101] {
        let bye = Forged { method: "BYE", cseq, route: leg.routes[0].to_string(), to_tag: leg.tag.to_string() };
        stage.net.inject(from, to, bye.text(&call));
        stage.net.run_for(Duration::from_millis(200));
    }
    stage.net.settle();
    assert_eq!(stage.lines(), ["gone"]);
    assert_eq!(stage.cdrs(&id).len(), 1);
    assert_eq!(stage.dialogs(), 0);
}

#[test]
fn a_call_that_this_server_answers_is_a_call() {
    let mut stage = Stage::run(
        r#"
        log_level=4
        xlog_level=4
        socket=udp:10.0.0.1:5060
        loadmodule "proto_udp.so"
        loadmodule "sipmsgops.so"
        loadmodule "rr.so"
        loadmodule "tm.so"
        loadmodule "dialog.so"
        route {
            if (has_totag()) {
                if (is_method("ACK")) {
                    t_check_trans();
                    xlog("ack $DLG_status\n");
                    exit;
                }
                match_dialog();
                xlog("$rm $rc $DLG_status $DLG_dir\n");
                t_reply(200, "OK");
                exit;
            }
            create_dialog();
            t_newtran();
            append_to_reply("Contact: <sip:music@10.0.0.1>\r\n");
            t_reply(200, "OK");
        }
        "#,
    );
    let call = stage.call("alice", "music");
    assert_eq!(stage.lines(), ["ack 4"]);
    stage.hang_up("alice", &call);
    assert_eq!(stage.lines(), ["BYE 1 5 downstream"]);
    stage.close();
}
