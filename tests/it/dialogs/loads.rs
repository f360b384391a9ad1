//! What `load_dialog_ctx` and `unload_dialog_ctx` do, call by call (S19, S21 to S30, S38 to S44, S47 to S50, S56).
use super::{Script, Stage};
use sipscript::testing::{InviteOptions, Policy, Program};
use std::time::Duration;

/// An INFO loads the calls named in its header fields and says what it sees.
const TWO: &str = r#"
    if (is_method("INFO")) {
        load_dialog_ctx($hdr(X-First));
        xlog("first $rc: $dlg_val(name)\n");
        load_dialog_ctx($hdr(X-Second));
        xlog("second $rc: $dlg_val(name)\n");
        unload_dialog_ctx();
        xlog("unload $rc: $dlg_val(name)\n");
        unload_dialog_ctx();
        xlog("unload $rc: $dlg_val(name)\n");
        unload_dialog_ctx();
        xlog("unload $rc: $dlg_val(name)\n");
    }
"#;

const NAMED: &str = "$dlg_val(name) = $tU;";

fn two(first: &str, second: &str) -> String {
    format!("X-First: {first}\r\nX-Second: {second}\r\n")
}

#[test]
fn loads_nest_and_unload_in_reverse() {
    let mut stage = Stage::new(&Script { initial: NAMED, within: TWO, ..Script::default() });
    let own = stage.call("alice", "bob");
    let (carol, dave) = (stage.call("alice", "carol"), stage.call("alice", "dave"));
    assert_eq!(
        stage.info("alice", &own, &two(&carol, &dave)),
        ["first 1: carol", "second 1: dave", "unload 1: carol", "unload 1: bob", "unload -1: bob"]
    );
    stage.close();
}

#[test]
fn a_call_that_is_not_there_changes_nothing() {
    let mut stage = Stage::new(&Script { initial: NAMED, within: TWO, ..Script::default() });
    let own = stage.call("alice", "bob");
    assert_eq!(
        stage.info("alice", &own, &two("nobody", "")),
        ["first -1: bob", "second -1: bob", "unload -1: bob", "unload -1: bob", "unload -1: bob"]
    );
    stage.close();
}

#[test]
fn the_own_call_is_loaded_like_any_other() {
    let mut stage = Stage::new(&Script { initial: NAMED, within: TWO, ..Script::default() });
    let own = stage.call("alice", "bob");
    assert_eq!(
        stage.info("alice", &own, &two(&own, &own)),
        ["first 1: bob", "second 1: bob", "unload 1: bob", "unload 1: bob", "unload -1: bob"]
    );
    stage.hang_up("alice", &own);
    stage.net.settle();
    assert_eq!(stage.dialogs(), 0);
    stage.close();
}

#[test]
fn seventeen_loads_are_one_too_many() {
    let mut stage = Stage::new(&Script {
        probe: r#"
            $var(i) = 0;
            while ($var(i) < 17) {
                load_dialog_ctx($hdr(X-Call));
                $var(last) = $rc;
                $var(i) = $var(i) + 1;
            }
            xlog("last $var(last)\n");
            $var(n) = 0;
            while (unload_dialog_ctx()) $var(n) = $var(n) + 1;
            xlog("unloaded $var(n)\n");
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    assert_eq!(stage.probe(&format!("X-Call: {call}\r\n")), ["last -1", "unloaded 16"]);
    assert_eq!(stage.statistic("leaked_contexts"), 0);
    stage.close();
}

#[test]
fn what_a_run_leaves_loaded_is_released_and_counted() {
    let mut stage = Stage::new(&Script {
        initial: NAMED,
        probe: r#"
            unload_dialog_ctx();
            xlog("unload $rc\n");
            load_dialog_ctx($hdr(X-Call));
            xlog("load $rc: $dlg_val(name)\n");
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    let header = format!("X-Call: {call}\r\n");
    for _ in 0..3 {
        assert_eq!(stage.probe(&header), ["unload -1", "load 1: bob"], "no message sees another's load");
    }
    assert_eq!(stage.statistic("leaked_contexts"), 3);
    stage.hang_up("alice", &call);
    stage.net.settle();
    assert_eq!(stage.net.at(stage.server).sizes().dialogs_alive, 0);
}

#[test]
fn a_call_whose_request_left_another_loaded_is_freed_at_its_end() {
    let mut stage =
        Stage::new(&Script { within: r#"if (is_method("INFO")) load_dialog_ctx($hdr(X-Call));"#, ..Script::default() });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    stage.info("alice", &own, &format!("X-Call: {other}\r\n"));
    stage.hang_up("alice", &own);
    stage.net.settle();
    assert_eq!(stage.dialogs(), 1);
    stage.hang_up("alice", &other);
    stage.net.settle();
    assert_eq!(stage.net.at(stage.server).sizes().dialogs_alive, 0);
}

#[test]
fn ids_are_read_in_either_case_and_nothing_else_is_an_id() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                $var(did) = $DLG_did;
                load_dialog_ctx($var(did), "did");
                xlog("did $rc\n");
                load_dialog_ctx($(var(did){s.toupper}), "DID");
                xlog("upper $rc\n");
                $json(d) := $DLG_json;
                load_dialog_ctx($json(d/ID), "did");
                xlog("decimal $rc\n");
                load_dialog_ctx("zz.1", "did");
                xlog("letters $rc\n");
                load_dialog_ctx("1", "did");
                xlog("no dot $rc\n");
                $var(type) = "tag";
                load_dialog_ctx($var(did), $var(type));
                xlog("type $rc\n");
                load_dialog_ctx($var(unset));
                xlog("null $rc\n");
                unload_dialog_ctx();
                unload_dialog_ctx();
                unload_dialog_ctx();
                xlog("unload $rc\n");
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    assert_eq!(
        stage.info("alice", &call, ""),
        ["did 1", "upper 1", "decimal -1", "letters -1", "no dot -1", "type -1", "null -1", "unload -1"]
    );
    stage.close();
}

#[test]
fn null_removes_a_value_of_the_loaded_call_alone() {
    let mut stage = Stage::new(&Script {
        initial: NAMED,
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                $dlg_val(name) = NULL;
                xlog("loaded $dlg_val(name)\n");
                unload_dialog_ctx();
                xlog("own $dlg_val(name)\n");
            }
        "#,
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    assert_eq!(stage.info("alice", &own, &format!("X-Call: {other}\r\n")), ["loaded <null>", "own bob"]);
    stage.close();
}

#[test]
fn the_direction_is_that_of_the_message() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                xlog("request $DLG_dir\n");
                unload_dialog_ctx();
                $avp(other) = $hdr(X-Call);
                t_on_reply("reply");
            }
        "#,
        routes: r#"
            onreply_route[reply] {
                xlog("reply $DLG_dir\n");
                if (load_dialog_ctx($(<request>hdr(X-Call)))) {
                    xlog("reply loaded $DLG_dir\n");
                    unload_dialog_ctx();
                }
            }
        "#,
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    let header = format!("X-Call: {other}\r\n");
    let down = ["request downstream", "reply upstream", "reply loaded <null>"];
    assert_eq!(stage.info("alice", &own, &header), down);
    let up = ["request upstream", "reply downstream", "reply loaded <null>"];
    assert_eq!(stage.info("bob", &own, &header), up);
    stage.close();
}

#[test]
fn a_bye_ends_its_own_call_though_another_is_loaded() {
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
                if (is_method("BYE")) {
                    load_dialog_ctx($hdr(X-Call));
                    xlog("load $rc\n");
                }
                loose_route();
                if (is_method("BYE")) {
                    xlog("loaded $DLG_status\n");
                    unload_dialog_ctx();
                    xlog("own $DLG_status\n");
                }
                t_relay();
                exit;
            }
            create_dialog();
            record_route();
            t_relay();
        }
        "#,
    );
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    let alice = stage.phone("alice");
    let header = format!("X-Call: {other}\r\n");
    stage.net.request(alice, &own, &sipscript::sip::Method::Bye, &header);
    stage.net.run_for(Duration::from_secs(1));
    assert_eq!(stage.lines(), ["load 1", "loaded 4", "own 5"]);
    stage.close();
}

#[test]
fn creating_and_relaying_concern_the_own_call_though_another_is_loaded() {
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
                loose_route();
                t_relay();
                exit;
            }
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                create_dialog("bye-on-timeout");
                xlog("created $rc, current $dlg_val(name)\n");
                record_route();
                t_on_reply("reply");
                t_relay();
                unload_dialog_ctx();
                xlog("own $dlg_val(name)\n");
                $dlg_val(name) = "second";
                exit;
            }
            create_dialog();
            $dlg_val(name) = "first";
            record_route();
            t_relay();
        }
        onreply_route[reply] {
            if ($rs == 200) xlog("reply of $dlg_val(name)\n");
        }
        "#,
    );
    let first = stage.call("alice", "bob");
    let second = stage.call_with("alice", "carol", &InviteOptions::with_headers(&format!("X-Call: {first}\r\n")));
    assert_eq!(stage.lines(), ["created 1, current first", "own <null>", "reply of second"]);
    assert_eq!(stage.statistic("processed_dialogs"), 2);
    stage.hang_up("alice", &second);
    stage.net.settle();
    assert_eq!(stage.dialogs(), 1);
    stage.close();
}

#[test]
fn a_load_lasts_over_a_suspension_and_nobody_else_sees_it() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                xlog("load $rc\n");
                $du = "sip:slow.example.org";
                t_relay();
                xlog("after $dlg_val(name)\n");
                unload_dialog_ctx();
                xlog("unload $rc, own $dlg_val(name)\n");
                exit;
            }
        "#,
        probe: r#"
            unload_dialog_ctx();
            xlog("probe unload $rc\n");
            load_dialog_ctx($hdr(X-Call));
            xlog("probe load $rc\n");
            unload_dialog_ctx();
        "#,
        ..Script::default()
    });
    stage.net.names.set_slow("slow.example.org", &["10.1.0.3"], Duration::from_secs(3));
    let first = stage.call("alice", "bob");
    stage.lines();
    stage.dial_with("alice", "carol", &InviteOptions::with_headers(&format!("X-Call: {first}\r\n")));
    stage.net.run_for(Duration::from_secs(1));
    assert_eq!(stage.lines(), ["load 1"]);
    assert_eq!(stage.probe(&format!("X-Call: {first}\r\n")), ["probe unload -1", "probe load 1"]);
    stage.net.run_for(Duration::from_secs(4));
    assert_eq!(stage.lines(), ["after bob", "unload 1, own carol"]);
    stage.close();
}

#[test]
fn a_loaded_call_stays_loaded_over_async_and_others_load_it_meanwhile() {
    let mut stage = Stage::new(&Script {
        params: "loadmodule \"exec.so\"\n",
        initial: r#"
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                xlog("load $rc\n");
                async(exec("slow", , $var(out)), done);
            }
        "#,
        probe: r#"
            load_dialog_ctx($hdr(X-Call));
            xlog("probe load $rc\n");
            unload_dialog_ctx();
        "#,
        routes: r#"
            route[done] {
                xlog("after $rc $dlg_val(name)\n");
                unload_dialog_ctx();
                xlog("unload $rc, own $dlg_val(name)\n");
                t_relay();
            }
        "#,
        ..Script::default()
    });
    stage.net.programs.set("slow", Program { takes: Duration::from_secs(3), ..Program::default() });
    let first = stage.call("alice", "bob");
    stage.lines();
    stage.dial_with("alice", "carol", &InviteOptions::with_headers(&format!("X-Call: {first}\r\n")));
    stage.net.run_for(Duration::from_secs(1));
    assert_eq!(stage.lines(), ["load 1"]);
    assert_eq!(stage.probe(&format!("X-Call: {first}\r\n")), ["probe load 1"]);
    stage.net.run_for(Duration::from_secs(4));
    assert_eq!(stage.lines(), ["after 1 bob", "unload 1, own carol"]);
    stage.close();
}

#[test]
fn a_challenged_attempt_hides_the_call_unless_only_active_ones_count() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "delete_delay", 30)"#,
        initial: "$dlg_val(name) = $hdr(X-Try);",
        probe: r#"
            load_dialog_ctx($hdr(X-Call));
            xlog("oldest $DLG_status $dlg_val(name)\n");
            load_dialog_ctx($hdr(X-Call), "callid", 1);
            xlog("active $DLG_status $dlg_val(name)\n");
            unload_dialog_ctx();
            unload_dialog_ctx();
        "#,
        ..Script::default()
    });
    let attempt = |n: u8| InviteOptions {
        call_id: Some("again@alice".to_owned()),
        headers: format!("X-Try: {n}\r\n"),
        ..InviteOptions::default()
    };
    stage.policy("bob", Policy::rejecting(407));
    stage.dial_with("alice", "bob", &attempt(1));
    stage.net.run_for(Duration::from_secs(1));
    stage.policy("bob", Policy::answering());
    let call = stage.call_with("alice", "bob", &attempt(2));
    assert_eq!(stage.probe(&format!("X-Call: {call}\r\n")), ["oldest 5 1", "active 4 2"]);
    stage.hang_up("alice", &call);
    stage.net.run_for(Duration::from_secs(60));
    stage.close();
}

#[test]
fn a_call_that_ends_while_it_is_loaded_stays_readable() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            $dlg_val(name) = $tU;
            set_dlg_profile("grp", "sales");
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                get_profile_size("grp", "sales", $var(size));
                xlog("before $DLG_status size $var(size)\n");
                $du = "sip:slow.example.org";
                t_relay();
                get_profile_size("grp", "sales", $var(size));
                $dlg_val(late) = "written";
                xlog("after $DLG_status $dlg_val(name) $dlg_val(late) size $var(size)\n");
                set_dlg_profile("grp", "sales");
                xlog("join $rc\n");
                unload_dialog_ctx();
                xlog("unload $rc\n");
                exit;
            }
        "#,
        ..Script::default()
    });
    stage.net.names.set_slow("slow.example.org", &["10.1.0.3"], Duration::from_secs(3));
    let first = stage.call("alice", "bob");
    stage.lines();
    stage.dial_with("alice", "carol", &InviteOptions::with_headers(&format!("X-Call: {first}\r\n")));
    stage.net.run_for(Duration::from_secs(1));
    stage.hang_up("bob", &first);
    stage.net.run_for(Duration::from_secs(3));
    assert_eq!(stage.lines(), ["before 4 size 2", "after 5 bob written size 1", "join -1", "unload 1"]);
    stage.close();
}

#[test]
fn routes_of_a_loaded_call_can_be_set_until_it_is_answered() {
    let mut stage = Stage::new(&Script {
        initial: NAMED,
        probe: r#"
            load_dialog_ctx($hdr(X-Call));
            dlg_on_hangup("gone");
            xlog("set $rc\n");
            unload_dialog_ctx();
        "#,
        routes: r#"route[gone] { xlog("gone $dlg_val(name) $DLG_status\n"); }"#,
        ..Script::default()
    });
    let answered = stage.call("alice", "bob");
    assert_eq!(stage.probe(&format!("X-Call: {answered}\r\n")), ["set -1"]);
    let ringing = stage.ring("alice", "carol");
    assert_eq!(stage.probe(&format!("X-Call: {ringing}\r\n")), ["set 1"]);
    stage.pick_up("carol", &ringing);
    stage.hang_up("alice", &ringing);
    assert_eq!(stage.lines(), ["gone carol 5"]);
    stage.close();
}

#[test]
fn joining_a_profile_concerns_the_loaded_call_and_ends_with_it() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                set_dlg_profile("vip");
                unload_dialog_ctx();
                if (is_in_profile("vip")) xlog("own is in\n");
            }
        "#,
        probe: r#"
            get_profile_size("vip", , $var(size));
            xlog("size $var(size)\n");
            if (get_dialogs_by_profile("vip", , $avp(json), $var(n))) {
                $json(d) := $avp(json);
                xlog("member $json(d/callid)\n");
            }
        "#,
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    assert!(stage.info("alice", &own, &format!("X-Call: {other}\r\n")).is_empty());
    assert_eq!(stage.probe(""), ["size 1".to_owned(), format!("member {other}")]);
    stage.hang_up("carol", &other);
    assert_eq!(stage.probe(""), ["size 0"]);
    stage.close();
}
