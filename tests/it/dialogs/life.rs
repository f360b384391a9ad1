//! A call from its INVITE to its end: states, statistics, lifetimes, routes of its own.
use super::{Script, Stage};
use sipscript::testing::{CallState, InviteOptions, Policy};
use std::time::Duration;

const EVENTS: &str = r#"
    event_route[E_DLG_STATE_CHANGED] {
        xlog("$param(old_state)-$param(new_state)\n");
    }
"#;

fn counts(stage: &Stage) -> [u64; 5] {
    ["early_dialogs", "active_dialogs", "processed_dialogs", "failed_dialogs", "expired_dialogs"]
        .map(|name| stage.statistic(name))
}

#[test]
fn an_answered_call_goes_through_all_states() {
    let mut stage = Stage::new(&Script { routes: EVENTS, ..Script::default() });
    let call = stage.ring("alice", "bob");
    assert_eq!(counts(&stage), [1, 0, 1, 0, 0]);
    stage.pick_up("bob", &call);
    assert_eq!(counts(&stage), [0, 1, 1, 0, 0]);
    stage.hang_up("bob", &call);
    assert_eq!(counts(&stage), [0, 0, 1, 0, 0]);
    assert_eq!(stage.lines(), ["1-2", "2-3", "3-4", "4-5"]);
    stage.close();
}

#[test]
fn refused_cancelled_and_unreachable_calls_fail() {
    let mut stage = Stage::new(&Script { routes: EVENTS, ..Script::default() });
    stage.policy("bob", Policy::rejecting(486));
    stage.dial("alice", "bob");
    stage.net.run_for(Duration::from_secs(1));
    assert_eq!(stage.lines(), ["1-5"]);
    let call = stage.ring("alice", "carol");
    stage.cancel("alice", &call);
    assert_eq!(stage.lines(), ["1-2", "2-5"]);
    stage.dial("alice", "nobody");
    stage.net.settle();
    assert_eq!(stage.lines(), ["1-5"]);
    assert_eq!(counts(&stage), [0, 0, 3, 3, 0]);
    stage.close();
}

#[test]
fn a_dialog_whose_invite_is_not_relayed_is_gone_with_its_run() {
    let mut stage = Stage::new(&Script {
        initial: r#"set_dlg_profile("vip"); sl_send_reply(403, "No"); exit;"#,
        routes: EVENTS,
        ..Script::default()
    });
    stage.dial("alice", "bob");
    stage.net.settle();
    assert_eq!(counts(&stage), [0, 0, 1, 0, 0]);
    assert!(stage.lines().is_empty(), "there was no call, so nothing ended");
    stage.close();
}

#[test]
fn the_dialog_id_travels_in_record_route() {
    let mut stage = Stage::new(&Script {
        within: r#"if (is_method("INFO")) xlog("$rr_params did $DLG_did\n");"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    for user in ["alice", "bob"] {
        let line = stage.info(user, &call, "").remove(0);
        let did = line.split("did ").nth(1).expect("the line ends in the id").to_owned();
        assert!(line.contains(&format!("did={did}")), "{line}");
    }
    stage.close();
}

#[test]
fn a_request_without_our_route_is_matched_by_its_tags() {
    let mut stage = Stage::run(
        r#"
        log_level=4
        xlog_level=4
        socket=udp:10.0.0.1:5060
        loadmodule "proto_udp.so"
        loadmodule "sipmsgops.so"
        loadmodule "tm.so"
        loadmodule "dialog.so"
        modparam("dialog", "dlg_match_mode", 2)
        route {
            if (has_totag()) {
                match_dialog();
                xlog("$rm $rc $DLG_dir $DLG_status\n");
                t_relay();
                exit;
            }
            create_dialog();
            record_route_by_hand();
            t_relay();
        }
        "#
        .replace("record_route_by_hand();", r#"insert_hf("Record-Route: <sip:10.0.0.1;lr>\r\n", "CSeq");"#)
        .replace("match_dialog();", "remove_hf(\"Route\"); match_dialog();")
        .as_str(),
    );
    let call = stage.call("alice", "bob");
    assert_eq!(stage.lines(), ["ACK 1 downstream 4"]);
    assert_eq!(stage.info("bob", &call, ""), ["INFO 1 upstream 4"]);
    stage.hang_up("alice", &call);
    assert_eq!(stage.lines(), ["BYE 1 downstream 5"]);
    stage.net.settle();
    assert_eq!(stage.dialogs(), 0);
}

#[test]
fn an_overdue_call_is_hung_up_on_both_sides() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "dlg_extra_hdrs", "X-Why: overdue\r\n")"#,
        initial: r#"
            create_dialog("bye-on-timeout");
            $DLG_timeout = 10;
            dlg_on_hangup("gone");
            set_dlg_profile("vip");
        "#,
        routes: r#"route[gone] { xlog("gone $DLG_status $DLG_end_reason\n"); }"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.net.run_for(Duration::from_secs(8));
    assert_eq!(counts(&stage), [0, 1, 1, 0, 0]);
    stage.net.run_for(Duration::from_secs(3));
    for user in ["alice", "bob"] {
        let phone = stage.phone(user);
        let seen = stage.net.call(phone, &call);
        assert_eq!(seen.state, CallState::Ended, "{user}");
        let bye = seen.requests.last().expect("a BYE came");
        let why: Vec<&[u8]> = bye.by_name(b"X-Why").map(|h| bye.bytes(h.value)).collect();
        assert_eq!((bye.method_bytes(), why), (&b"BYE"[..], vec![&b"overdue"[..]]));
    }
    assert_eq!(stage.lines(), ["gone 5 Lifetime Timeout"]);
    assert_eq!(counts(&stage), [0, 0, 1, 0, 1]);
    stage.close();
}

#[test]
fn a_lifetime_may_end_silently() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "default_timeout", 10)"#,
        initial: r#"do_accounting("log", "cdr"); dlg_on_hangup("gone");"#,
        routes: r#"route[gone] { xlog("gone\n"); }"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.net.run_for(Duration::from_secs(11));
    assert_eq!(counts(&stage), [0, 0, 1, 0, 1]);
    let alice = stage.phone("alice");
    assert_eq!(stage.net.call(alice, &call).state, CallState::Answered, "nobody was told");
    assert!(stage.lines().is_empty());
    let cdrs = stage.cdrs(&call);
    assert!(cdrs.len() == 1 && cdrs[0].contains(";duration=10;ms_duration=10000;"), "{cdrs:?}");
    stage.net.settle();
    assert_eq!(stage.dialogs(), 0);
}

#[test]
fn the_timeout_route_may_keep_the_call() {
    let mut stage = Stage::new(&Script {
        initial: r#"create_dialog("bye-on-timeout"); $DLG_timeout = 5; dlg_on_timeout("over");"#,
        routes: r#"
            route[over] {
                xlog("over in $DLG_status with $DLG_timeout\n");
                if ($dlg_val(extended) == NULL) {
                    $dlg_val(extended) = 1;
                    $DLG_timeout = 20;
                }
            }
        "#,
        ..Script::default()
    });
    stage.call("alice", "bob");
    stage.net.run_for(Duration::from_secs(10));
    assert_eq!(stage.lines(), ["over in 4 with 0"]);
    assert_eq!(counts(&stage)[1], 1);
    stage.net.run_for(Duration::from_secs(16));
    assert_eq!(stage.lines(), ["over in 4 with 0"]);
    assert_eq!(counts(&stage)[1], 0);
    stage.close();
}

#[test]
fn a_timeout_set_before_the_dialog_is_its_own() {
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
                if ($hdr(X-Timeout) != NULL) {
                    $DLG_timeout = $(hdr(X-Timeout){s.int});
                    xlog("pending $DLG_timeout\n");
                }
                loose_route();
                if (is_method("INFO")) xlog("left $DLG_timeout\n");
                t_relay();
                exit;
            }
            $DLG_timeout = 100;
            create_dialog();
            xlog("before $DLG_timeout $DLG_lifetime\n");
            record_route();
            t_relay();
        }
        "#,
    );
    let call = stage.call("alice", "bob");
    assert_eq!(stage.lines(), ["before 100 0"]);
    assert_eq!(stage.info("alice", &call, "X-Timeout: 30\r\n"), ["pending 30", "left 30"]);
    stage.net.run_for(Duration::from_secs(9));
    assert_eq!(stage.info("bob", &call, ""), ["left 20"]);
    stage.close();
}

#[test]
fn routes_of_the_call_run_at_answer_and_hangup_with_its_values() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            $dlg_val(name) = $tU;
            $avp(mine) = "avp";
            set_dlg_profile("vip");
            dlg_on_answer("answered");
            dlg_on_hangup("gone");
        "#,
        routes: r#"
            route[answered] {
                xlog("answered $dlg_val(name) $DLG_status $ci avp $avp(mine)\n");
            }
            route[gone] {
                if (is_in_profile("vip")) xlog("still in\n");
                xlog("gone $dlg_val(name) $DLG_status\n");
            }
        "#,
        within: r#"if (is_method("BYE")) xlog("after $DLG_end_reason\n");"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    assert_eq!(stage.lines(), [format!("answered bob 3 {call} avp <null>")]);
    stage.hang_up("alice", &call);
    assert_eq!(stage.lines(), ["still in", "gone bob 5", "after Downstream BYE"]);
    stage.close();
}

/// What becomes of a call whose CANCEL is sent so many milliseconds after the INVITE, answered after a second: how many
/// BYEs came to Bob, and from whom the call ended.
fn cancelled_at(flags: &str, after: u64) -> (usize, u64) {
    let initial = format!(r#"create_dialog("{flags}");"#);
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "race_condition_timeout", 3)"#,
        initial: &initial,
        ..Script::default()
    });
    stage.policy("bob", Policy::steps(&[(0, 180), (1000, 200)]));
    let call = stage.dial("alice", "bob");
    stage.net.run_for(Duration::from_millis(1));
    let alice = stage.phone("alice");
    let invite = stage.net.call(alice, &call).invite.clone();
    stage.net.run_for(Duration::from_millis(after - 1));
    let cancel = String::from_utf8_lossy(invite.raw()).replace("INVITE", "CANCEL");
    let (head, _) = cancel.split_once("\r\n\r\n").expect("a whole message");
    let lines = head.split("\r\n").filter(|l| !l.starts_with("Content-"));
    let cancel = lines.collect::<Vec<_>>().join("\r\n") + "\r\n\r\n";
    let [from, to] = ["10.1.0.1:5060", "10.0.0.1:5060"].map(|a| a.parse().expect("an address"));
    stage.net.inject(from, to, cancel);
    stage.net.run_for(Duration::from_secs(10));
    let bob = stage.phone("bob");
    let byes = stage.net.call(bob, &call).requests.iter().filter(|r| r.method_bytes() == b"BYE").count();
    (byes, stage.statistic("expired_dialogs"))
}

#[test]
fn a_cancel_that_crosses_the_answer_ends_the_call_when_races_are_to_end_it() {
    assert_eq!(cancelled_at("end-on-race-condition", 1_010), (1, 1));
    assert_eq!(cancelled_at("", 1_010), (0, 0));
}

#[test]
fn a_sequential_request_is_validated() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (!is_method("ACK")) {
                validate_dialog();
                xlog("$rm $rc\n");
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    assert_eq!(stage.info("alice", &call, ""), ["INFO 1"]);
    assert_eq!(stage.info("bob", &call, ""), ["INFO 1"]);
    let alice = stage.phone("alice");
    let invite = stage.net.call(alice, &call).invite.clone();
    let bob = stage.net.call(alice, &call).leg.clone().expect("answered");
    let text = |target: &str, cseq: u32| {
        format!(
            "INFO {target} SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.0.1:5060;branch=z9hG4bKforged{cseq}\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {call}\r\nCSeq: {cseq} INFO\r\nMax-Forwards: 70\r\nRoute: {}\r\n\r\n",
            String::from_utf8_lossy(invite.value(sipscript::sip::HeaderId::From).unwrap_or_default()),
            bob.party,
            bob.routes[0],
        )
    };
    let send = |stage: &mut Stage, text: String| {
        stage.lines();
        stage.net.inject("10.1.0.1:5060".parse().unwrap(), "10.0.0.1:5060".parse().unwrap(), text);
        stage.net.run_for(Duration::from_secs(1));
        stage.lines()
    };
    assert_eq!(send(&mut stage, text(&bob.target.to_string(), 1)), ["INFO -1"]);
    assert_eq!(send(&mut stage, text("sip:elsewhere@10.1.0.2:5060", 1000)), ["INFO -2"]);
    stage.net.settle();
    stage.hang_up("bob", &call);
    stage.net.settle();
    assert_eq!(stage.dialogs(), 0);
}

#[test]
fn json_shows_the_legs_and_the_call() {
    let mut stage = Stage::new(&Script {
        initial: r#"$dlg_val(n) = 5; $dlg_val(s) = "5"; set_dlg_profile("vip"); set_dlg_flag("F");"#,
        within: r#"
            if (is_method("INFO")) {
                $json(d) := $DLG_ctx_json;
                xlog("state $json(d/state) flags $json(d/user_flags) from $json(d/from_uri)\n");
                xlog("caller $json(d/caller/contact) $json(d/caller/bind_addr) $json(d/caller/cseq)\n");
                xlog("callee $json(d/callees[0]/contact) $json(d/callees[0]/bind_addr)\n");
                xlog("n $json(d/values/n) s $json(d/values/s) vip $json(d/profiles/vip[0]).\n");
                $json(p) := $DLG_json;
                xlog("plain $json(p/values)\n");
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    let expected = [
        "state 4 flags F from sip:alice@example.org",
        "caller sip:alice@10.1.0.1:5060 udp:10.0.0.1:5060 2",
        "callee sip:bob@10.1.0.2:5060 udp:10.0.0.1:5060",
        "n 5 s 5 vip .",
        "plain <null>",
    ];
    assert_eq!(stage.info("alice", &call, ""), expected);
    stage.close();
}

#[test]
fn forked_legs_are_known_and_a_late_answer_of_another_changes_nothing() {
    let mut stage = Stage::new(&Script {
        initial: r#"append_branch("sip:carol@10.1.0.3:5060");"#,
        within: r#"
            if (is_method("INFO")) {
                $json(d) := $DLG_json;
                xlog("$json(d/callees[0]/contact) $json(d/callees[1]/contact)\n");
            }
        "#,
        ..Script::default()
    });
    stage.policy("bob", Policy::ringing());
    stage.policy("carol", Policy::steps(&[(0, 180), (500, 200)]));
    let call = stage.call_with("alice", "bob", &InviteOptions::default());
    assert_eq!(stage.info("alice", &call, ""), ["sip:bob@10.1.0.2:5060 sip:carol@10.1.0.3:5060"]);
    assert_eq!(counts(&stage), [0, 1, 1, 0, 0]);
    stage.close();
}
