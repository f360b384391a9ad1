//! Requests that the server sends within a call, and what becomes of the numbers of the others (S18).
use super::{Script, Stage};
use sipscript::sip::{Framing, Message};
use std::net::SocketAddr;

const SEND: &str = r#"
    load_dialog_ctx($hdr(X-Call));
    $var(did) = $DLG_did;
    dlg_send_sequential($hdr(X-Method), $hdr(X-Leg), "Signal=5", "application/dtmf-relay", "X-From: script\r\n");
    xlog("sent $rc\n");
    if ($DLG_did == $var(did)) xlog("still current\n");
    unload_dialog_ctx();
"#;

const LOCAL: &str = r#"
local_route { xlog("local $rm cseq $cs callid $ci $dlg_val(name)\n"); }
"#;

fn stage() -> Stage {
    Stage::new(&Script { initial: "$dlg_val(name) = $tU;", probe: SEND, routes: LOCAL, ..Script::default() })
}

fn wish(call: &str, method: &str, leg: &str) -> String {
    format!("X-Call: {call}\r\nX-Method: {method}\r\nX-Leg: {leg}\r\n")
}

#[test]
fn a_request_is_sent_into_the_loaded_call() {
    let mut stage = stage();
    let call = stage.call("alice", "bob");
    let lines = stage.probe(&wish(&call, "INFO", "callee"));
    assert_eq!(lines, [&format!("local INFO cseq 2 callid {call} bob"), "sent 1", "still current"]);
    stage.close();
}

/// First word of the start line and CSeq number of all that went from here to there, but for provisionals.
fn numbers(stage: &Stage, from: &str, to: &str) -> Vec<String> {
    let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
    let told = |m: Message| {
        let method = String::from_utf8_lossy(m.bytes(m.cseq().expect("a CSeq").method)).into_owned();
        let what = m.status().map_or_else(|| method.clone(), |s| format!("{}/{method}", s.get()));
        (m.status().is_none_or(|s| s.is_final())).then(|| format!("{what} {}", m.cseq().expect("a CSeq").number))
    };
    let messages = stage.net.messages(address(from), address(to)).into_iter();
    messages.filter_map(|bytes| told(Message::parse(bytes, Framing::Datagram).expect("a message"))).collect()
}

const SERVER: &str = "10.0.0.1:5060";
const ALICE: &str = "10.1.0.1:5060";
const BOB: &str = "10.1.0.2:5060";

#[test]
fn numbers_of_the_caller_stay_above_those_that_the_server_used() {
    let mut stage = stage();
    let call = stage.call("alice", "bob");
    stage.probe(&wish(&call, "INFO", "callee"));
    stage.info("alice", &call, "");
    stage.reinvite("alice", &call);
    stage.hang_up("alice", &call);
    let to_bob = ["INVITE 1", "ACK 1", "INFO 2", "INFO 3", "INVITE 4", "ACK 4", "BYE 5"];
    assert_eq!(numbers(&stage, SERVER, BOB), to_bob);
    let to_alice = ["200/INVITE 1", "200/INFO 2", "200/INVITE 3", "200/BYE 4"];
    assert_eq!(numbers(&stage, SERVER, ALICE), to_alice, "replies have the numbers that alice gave");
    stage.net.settle();
    assert_eq!(stage.dialogs(), 0);
    stage.close();
}

#[test]
fn an_invite_of_the_server_gets_its_ack() {
    let mut stage = stage();
    let call = stage.call("alice", "bob");
    stage.probe(&wish(&call, "INVITE", "caller"));
    let to_alice = numbers(&stage, SERVER, ALICE);
    assert_eq!(to_alice[1..], ["INVITE 1", "ACK 1"]);
    stage.hang_up("bob", &call);
    assert_eq!(numbers(&stage, SERVER, ALICE)[3..], ["BYE 2"]);
    stage.close();
}

#[test]
fn a_script_may_skip_numbers() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                dlg_inc_cseq();
                xlog("skip $rc\n");
                dlg_inc_cseq("nobody", 5);
                xlog("nobody $rc\n");
                dlg_inc_cseq($tt, 10);
                xlog("ten $rc\n");
            }
        "#,
        probe: r#"dlg_inc_cseq(); xlog("outside $rc\n");"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    assert_eq!(stage.info("alice", &call, ""), ["skip 1", "nobody -1", "ten 1"]);
    assert_eq!(stage.probe(""), ["outside -2"]);
    stage.hang_up("alice", &call);
    assert_eq!(numbers(&stage, SERVER, BOB), ["INVITE 1", "ACK 1", "INFO 14", "BYE 15"]);
    stage.close();
}

#[test]
fn a_request_that_cannot_be_made_is_refused() {
    let mut stage = stage();
    assert_eq!(stage.probe(&wish("nobody", "INFO", "callee"))[0], "sent -1");
    let call = stage.ring("alice", "bob");
    assert_eq!(stage.probe(&wish(&call, "INFO", "elsewhere"))[0], "sent -1");
    stage.pick_up("bob", &call);
    stage.close();
}

#[test]
fn numbers_are_skipped_in_the_loaded_call_and_the_own_request_goes_its_own_way() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                dlg_inc_cseq($hdr(X-Tag), 5);
                xlog("skipped $rc\n");
                validate_dialog();
                xlog("valid $rc\n");
                $ru = "sip:nobody@10.9.9.9";
                fix_route_dialog();
                xlog("fixed $rc to $ru\n");
                unload_dialog_ctx();
            }
        "#,
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    let carol = stage.phone("alice");
    let tag = stage.net.call(carol, &other).remote_tag().expect("an answered call").clone();
    let lines = stage.info("alice", &own, &format!("X-Call: {other}\r\nX-Tag: {tag}\r\n"));
    assert_eq!(lines, ["skipped 1", "valid 1", "fixed 1 to sip:bob@10.1.0.2:5060"]);
    assert_eq!(numbers(&stage, SERVER, BOB)[2..], ["INFO 2"]);
    stage.hang_up("alice", &other);
    assert_eq!(numbers(&stage, SERVER, "10.1.0.3:5060")[2..], ["BYE 7"]);
    stage.close();
}

/// A call that goes through the server twice: what the first pass sends within it passes the second.
#[test]
fn a_request_into_a_spiral_takes_its_whole_way() {
    let mut stage = Stage::run(
        r#"
        log_level=4
        xlog_level=4
        socket=udp:10.0.0.1:5060
        loadmodule "proto_udp.so"
        loadmodule "sl.so"
        loadmodule "sipmsgops.so"
        loadmodule "rr.so"
        loadmodule "tm.so"
        loadmodule "dialog.so"
        route {
            if (is_method("OPTIONS")) {
                load_dialog_ctx($hdr(X-Call));
                dlg_send_sequential("INFO", "callee");
                unload_dialog_ctx();
                sl_send_reply(200, "OK");
                exit;
            }
            if (has_totag()) {
                loose_route();
                xlog("$rm passes $dlg_val(pass)\n");
                t_relay();
                exit;
            }
            create_dialog();
            record_route();
            $dlg_val(pass) = "second";
            if (!is_present_hf("X-Pass")) {
                append_hf("X-Pass: 1\r\n");
                $dlg_val(pass) = "first";
                $du = "sip:10.0.0.1:5060";
            }
            t_relay();
        }
        "#,
    );
    let call = stage.call("alice", "bob");
    stage.lines();
    assert_eq!(stage.probe(&format!("X-Call: {call}\r\n")), ["INFO passes second"]);
    stage.hang_up("alice", &call);
    assert_eq!(stage.lines(), ["BYE passes first", "BYE passes second"]);
    stage.close();
}
