//! Variables and flags of a call, read and written in it.
use super::{Script, Stage};

/// What the statements of `within` say in an INFO of the caller.
fn said(initial: &str, within: &str) -> Vec<String> {
    let within = format!(r#"if (is_method("INFO")) {{ {within} }}"#);
    let mut stage = Stage::new(&Script { initial, within: &within, ..Script::default() });
    let call = stage.call("alice", "bob");
    let lines = stage.info("alice", &call, "");
    stage.close();
    lines
}

/// What the statements say in a message that has no call.
fn said_outside(probe: &str) -> Vec<String> {
    Stage::new(&Script { probe, ..Script::default() }).probe("")
}

#[test]
fn values_keep_their_type_and_their_names_may_be_computed() {
    let lines = said(
        r#"$dlg_val(a) = 5; $dlg_val(b) = "5"; $var(n) = "c"; $dlg_val($var(n)) = "see"; $dlg_val(x$var(n)y) = 7;"#,
        r#"
            $var(sum) = $dlg_val(a) + 1;
            xlog("$var(sum) $dlg_val(c) $dlg_val(xcy)\n");
            if ($dlg_val(b) == "5") xlog("text\n");
            $dlg_val($var(unset)) = 1;
            xlog("null name $rc\n");
            $dlg_val(a) = NULL;
            if ($dlg_val(a) == NULL) xlog("gone\n");
        "#,
    );
    assert_eq!(lines, ["6 see 7", "text", "null name -1", "gone"]);
}

#[test]
fn values_are_stored_and_fetched_by_function() {
    let lines = said(
        "",
        r#"
            $var(v) = 42;
            store_dlg_value("k", $var(v));
            xlog("store $rc\n");
            fetch_dlg_value("k", $avp(out));
            xlog("fetch $rc $avp(out)\n");
            fetch_dlg_value("missing", $avp(out));
            xlog("missing $rc $avp(out)\n");
            store_dlg_value("k", $var(unset));
            fetch_dlg_value("k", $avp(out));
            xlog("after NULL $rc\n");
        "#,
    );
    assert_eq!(lines, ["store 1", "fetch 1 42", "missing -1 42", "after NULL -1"]);
}

#[test]
fn flags_are_set_reset_tested_and_listed() {
    let lines = said(
        r#"set_dlg_flag("A");"#,
        r#"
            set_dlg_flag("B");
            xlog("$DLG_flags\n");
            reset_dlg_flag("A");
            if (!is_dlg_flag_set("A")) xlog("A is off\n");
            test_and_set_dlg_flag("A", 0);
            xlog("test $rc: $DLG_flags\n");
            test_and_set_dlg_flag("A", 0);
            xlog("test $rc\n");
            $DLG_flags = "A nosuchflag";
            xlog("$DLG_flags\n");
        "#,
    );
    assert_eq!(lines[0].split(' ').count(), 2, "{lines:?}");
    assert_eq!(lines[1], "A is off");
    assert_eq!(lines[3..], ["test -1", "A"]);
}

#[test]
fn without_a_call_everything_is_null_and_fails() {
    let lines = said_outside(
        r#"
            xlog("$DLG_status $DLG_did $DLG_lifetime $DLG_dir $DLG_timeout $DLG_end_reason $dlg_val(a) $DLG_flags\n");
            $dlg_val(a) = 1;
            xlog("value $rc\n");
            $DLG_flags = "A";
            xlog("flags $rc\n");
            $DLG_del_delay = 5;
            xlog("delay $rc\n");
            $DLG_timeout = 30;
            xlog("pending $rc $DLG_timeout, calls $DLG_count\n");
            acc_load_ctx_from_dlg();
            xlog("acc $rc\n");
        "#,
    );
    let expected = [
        "<null> <null> <null> <null> <null> <null> <null> <null>",
        "value -1",
        "flags -1",
        "delay -1",
        "pending 1 30, calls 0",
        "acc -1",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_timeout_is_a_number_of_seconds() {
    let lines = said(
        "",
        r#"
            $DLG_timeout = "90";
            xlog("text $rc $DLG_timeout\n");
            $DLG_timeout = -1;
            xlog("negative $rc $DLG_timeout\n");
            $DLG_timeout = "soon";
            xlog("word $rc $DLG_timeout\n");
            $DLG_timeout = NULL;
            xlog("null $rc $DLG_timeout\n");
        "#,
    );
    assert_eq!(lines, ["text 1 90", "negative -1 90", "word -1 90", "null -1 90"]);
}

#[test]
fn ping_intervals_belong_to_calls_with_pings() {
    let lines = said(
        r#"create_dialog("options-ping-caller");"#,
        r#"
            xlog("options $DLG_options_ping_interval reinvite $DLG_reinvite_ping_interval\n");
            $DLG_options_ping_interval = 7;
            xlog("$rc $DLG_options_ping_interval\n");
            $DLG_options_ping_interval = 0;
            xlog("$rc\n");
            $DLG_reinvite_ping_interval = 7;
            xlog("$rc\n");
        "#,
    );
    assert_eq!(lines, ["options 30 reinvite <null>", "1 7", "-1", "-1"]);
}

#[test]
fn a_call_may_outlive_its_end_by_its_own_delay() {
    let mut stage = Stage::new(&Script {
        initial: "$DLG_del_delay = 100;",
        probe: r#"load_dialog_ctx($hdr(X-Call)); xlog("$rc $DLG_status $DLG_del_delay\n"); unload_dialog_ctx();"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.hang_up("bob", &call);
    let header = format!("X-Call: {call}\r\n");
    stage.net.run_for(std::time::Duration::from_secs(90));
    assert_eq!(stage.probe(&header), ["1 5 100"]);
    stage.net.run_for(std::time::Duration::from_secs(20));
    assert_eq!(stage.probe(&header), ["-1 <null> <null>"]);
    stage.close();
}

#[test]
fn reasons_tell_who_ended_the_call() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "delete_delay", 60)"#,
        probe: r#"load_dialog_ctx($hdr(X-Call)); xlog("$DLG_end_reason\n"); unload_dialog_ctx();"#,
        ..Script::default()
    });
    let up = stage.call("alice", "bob");
    stage.hang_up("bob", &up);
    let down = stage.call("alice", "bob");
    stage.hang_up("alice", &down);
    let cancelled = stage.ring("alice", "bob");
    stage.cancel("alice", &cancelled);
    let refused = stage.call("alice", "bob");
    for (call, reason) in
        [(&up, "Upstream BYE"), (&down, "Downstream BYE"), (&cancelled, "Cancelled"), (&refused, "<null>")]
    {
        assert_eq!(stage.probe(&format!("X-Call: {call}\r\n")), [reason]);
    }
    stage.hang_up("alice", &refused);
    stage.net.run_for(std::time::Duration::from_secs(120));
    stage.close();
}

#[test]
fn the_flags_of_creation_are_replaced_except_the_one_about_races() {
    let mut stage = Stage::new(&Script {
        initial: r#"create_dialog("bye-on-timeout"); create_dialog("end-on-race-condition"); $DLG_timeout = 5;"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.net.run_for(std::time::Duration::from_secs(6));
    let bob = stage.phone("bob");
    assert!(stage.net.call(bob, &call).requests.iter().all(|r| r.method_bytes() != b"BYE"), "no BYE on time-out");
    assert_eq!(stage.dialogs(), 0);
}

#[test]
fn forms_of_earlier_releases_mean_what_they_meant() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            $var(seven) = 7;
            set_dlg_flag(5);
            set_dlg_flag($var(seven));
            if (is_dlg_flag_set("5") && is_dlg_flag_set(7) && !is_dlg_flag_set(6)) xlog("set\n");
            test_and_set_dlg_flag(5, 1);
            if (!is_dlg_flag_set(5) && is_dlg_flag_set($var(seven))) xlog("flipped\n");
            store_dlg_value("who", "of $fU");
            get_dialog_info("who", $avp(found), "who", "of alice", $var(n));
            xlog("$rc $var(n) $avp(found)\n");
            get_dialogs_by_val("who", "of $fU", $avp(json), $var(n));
            xlog("$rc $var(n)\n");
        "#,
        ..Script::default()
    });
    stage.call("alice", "bob");
    assert_eq!(stage.lines(), ["set", "flipped", "1 1 of alice", "1 1"]);
    stage.close();
}
