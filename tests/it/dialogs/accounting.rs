//! Records: when they are written, what they say, and whose they are (S23, S24, S34, S44 to S47).
use super::{Script, Stage};
use sipscript::testing::{InviteOptions, Policy};
use std::time::Duration;

fn about(call: &str) -> InviteOptions {
    InviteOptions::with_headers(&format!("X-Call: {call}\r\n"))
}

fn ended(record: &str) -> Vec<&str> {
    record.trim_start_matches("ACC: call ended: ").split(';').collect()
}

#[test]
fn a_call_has_one_record_at_its_end() {
    let mut stage = Stage::new(&Script {
        initial: r#"do_accounting("log", "cdr|missed|failed"); $acc_extra(dept) = "sales"; $acc_leg(dst) = $tU;"#,
        ..Script::default()
    });
    let call = stage.ring("alice", "bob");
    stage.net.run_for(Duration::from_secs(2));
    stage.pick_up("bob", &call);
    stage.net.run_for(Duration::from_millis(3_500));
    assert!(stage.records().is_empty(), "{:?}", stage.records());
    stage.hang_up("bob", &call);
    let records = stage.records();
    assert_eq!(records.len(), 1, "{records:?}");
    let fields = ended(&records[0]);
    assert_eq!(fields[0], "created=1700000000");
    assert_eq!(fields[1], "call_start_time=1700000002");
    assert_eq!(fields[4], "setuptime=2");
    assert_eq!(fields[5], "method=INVITE");
    assert_eq!(
        fields[8..],
        [&format!("call_id={call}"), "code=200", "reason=OK", "dept=sales", "xfer=", "x=", "dst=bob"]
    );
    let ms: u64 = fields[3].trim_start_matches("ms_duration=").parse().expect("a number");
    assert!((4_400..4_700).contains(&ms), "{ms}");
    assert_eq!(fields[2], "duration=5");
    stage.close();
}

#[test]
fn without_cdr_the_answer_and_the_refusal_are_recorded() {
    let mut stage = Stage::new(&Script { initial: r#"do_accounting("log", "missed|failed");"#, ..Script::default() });
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    let records = stage.records();
    assert_eq!(records.len(), 1);
    assert!(
        records[0].starts_with(
            "ACC: transaction answered: timestamp=1700000000;created=0;setuptime=1700000000;method=INVITE;"
        )
    );
    stage.policy("bob", Policy::rejecting(486));
    stage.dial("alice", "bob");
    stage.net.settle();
    let records = stage.records();
    let kinds: Vec<&str> = records[1..].iter().map(|r| r.split(": ").nth(1).unwrap_or_default()).collect();
    assert_eq!(kinds, ["call missed", "transaction answered"]);
    assert!(records[1..].iter().all(|r| r.contains(";code=486;")), "{records:?}");
    stage.close();
}

#[test]
fn each_missed_attempt_is_recorded_when_asked_for_again() {
    for (again, expected) in [("do_accounting(\"log\", \"missed\");", 2), ("", 1)] {
        let routes = format!(
            r#"failure_route[next] {{
                {again}
                $ru = "sip:carol@10.1.0.3:5060";
                t_relay();
            }}"#
        );
        let mut stage = Stage::new(&Script {
            initial: r#"do_accounting("log", "missed"); t_on_failure("next");"#,
            routes: &routes,
            ..Script::default()
        });
        stage.policy("bob", Policy::rejecting(486));
        stage.policy("carol", Policy::rejecting(480));
        stage.dial("alice", "bob");
        stage.net.settle();
        assert_eq!(stage.net.log(stage.server).count("ACC: call missed: "), expected, "{again}");
        stage.close();
    }
}

#[test]
fn forks_make_one_record() {
    let mut stage = Stage::new(&Script {
        initial: r#"append_branch("sip:carol@10.1.0.3:5060"); do_accounting("log", "cdr");"#,
        ..Script::default()
    });
    stage.policy("bob", Policy::ringing());
    stage.policy("carol", Policy::steps(&[(0, 180), (200, 200)]));
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    assert_eq!(stage.records().len(), 1, "{:?}", stage.records());
    assert_eq!(stage.cdrs(&call).len(), 1);
    stage.close();
}

#[test]
fn a_failed_first_branch_leaves_the_record_to_the_one_that_answers() {
    let mut stage = Stage::new(&Script {
        initial: r#"do_accounting("log", "cdr"); $acc_extra(dept) = "first"; t_on_failure("next");"#,
        routes: r#"
            failure_route[next] {
                $acc_extra(xfer) = $acc_extra(dept);
                $ru = "sip:carol@10.1.0.3:5060";
                t_relay();
            }
        "#,
        ..Script::default()
    });
    stage.policy("bob", Policy::rejecting(486));
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    let cdrs = stage.cdrs(&call);
    assert!(cdrs.len() == 1 && cdrs[0].contains(";dept=first;xfer=first;"), "{:?}", stage.records());
    stage.close();
}

#[test]
fn early_media_starts_the_call() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("acc", "early_media", 1)"#,
        initial: r#"do_accounting("log", "cdr");"#,
        ..Script::default()
    });
    stage.policy("bob", Policy::steps(&[(0, 183), (2000, 200)]));
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    let records = stage.records();
    assert_eq!(records.len(), 2, "{records:?}");
    assert!(records[0].contains(";code=183;"), "{records:?}");
    assert!(records[1].contains(";call_start_time=1700000000;"), "{records:?}");
    stage.close();
}

#[test]
fn values_set_before_the_request_is_matched_belong_to_its_call() {
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
        loadmodule "acc.so"
        modparam("acc", "extra_fields", "log:dept;log:x")
        route {
            if (has_totag()) {
                if (is_method("INFO")) $acc_extra(x) = "early";
                loose_route();
                if (is_method("INFO")) xlog("dept $acc_extra(dept) x $acc_extra(x)\n");
                t_relay();
                exit;
            }
            create_dialog();
            record_route();
            do_accounting("log", "cdr");
            $acc_extra(dept) = "sales";
            t_relay();
        }
        "#,
    );
    let call = stage.call("alice", "bob");
    assert_eq!(stage.info("bob", &call, ""), ["dept sales x early"]);
    stage.hang_up("alice", &call);
    assert!(stage.cdrs(&call)[0].ends_with(";dept=sales;x=early"), "{:?}", stage.records());
    stage.close();
}

/// The call named by X-Call is accounted with a CDR, the calls about it are not.
const ONE_ACCOUNTED: &str = r#"
    if ($hdr(X-Call) == NULL) {
        do_accounting("log", "cdr");
        $acc_extra(x) = "theirs";
    }
"#;

#[test]
fn the_own_accounting_is_loaded_too_and_loads_nest() {
    let mut stage = Stage::new(&Script {
        initial: ONE_ACCOUNTED,
        within: r#"
            if (is_method("INFO")) {
                acc_load_ctx_from_dlg();
                xlog("first $rc $acc_extra(x)\n");
                acc_load_ctx_from_dlg();
                xlog("second $rc\n");
                acc_unload_ctx_from_dlg();
                acc_unload_ctx_from_dlg();
                xlog("unload $rc\n");
                acc_unload_ctx_from_dlg();
                xlog("unload $rc\n");
            }
        "#,
        ..Script::default()
    });
    let accounted = stage.call("alice", "bob");
    assert_eq!(stage.info("alice", &accounted, ""), ["first 1 theirs", "second 1", "unload 1", "unload -1"]);
    let not = stage.call_with("alice", "carol", &about(&accounted));
    assert_eq!(stage.info("alice", &not, ""), ["first -1 <null>", "second -1", "unload -1", "unload -1"]);
    stage.close();
}

#[test]
fn a_loaded_call_without_a_cdr_has_no_accounting_to_load() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            if ($hdr(X-Call) != NULL) {
                do_accounting("log", "cdr");
                $acc_extra(x) = "own";
                load_dialog_ctx($hdr(X-Call));
                acc_load_ctx_from_dlg();
                xlog("acc load $rc $acc_extra(x)\n");
                unload_dialog_ctx();
            } else {
                do_accounting("log");
            }
        "#,
        ..Script::default()
    });
    let plain = stage.call("alice", "bob");
    stage.call_with("alice", "carol", &about(&plain));
    assert_eq!(stage.lines(), ["acc load -1 own"]);
    stage.close();
}

#[test]
fn the_record_is_that_of_the_own_call_though_an_onreply_route_left_another_loaded() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            do_accounting("log", "cdr");
            $acc_extra(dept) = $tU;
            if ($hdr(X-Call) != NULL) t_on_reply("leave");
        "#,
        routes: r#"
            onreply_route[leave] {
                if ($rs == 200) {
                    load_dialog_ctx($(<request>hdr(X-Call)));
                    acc_load_ctx_from_dlg();
                    xlog("left loaded $rc\n");
                }
            }
        "#,
        ..Script::default()
    });
    let other = stage.call("alice", "carol");
    let own = stage.call_with("alice", "bob", &about(&other));
    assert_eq!(stage.lines(), ["left loaded 1"]);
    stage.hang_up("alice", &own);
    assert!(stage.cdrs(&own)[0].contains(";dept=bob;") && stage.cdrs(&other).is_empty(), "{:?}", stage.records());
    stage.hang_up("alice", &other);
    assert!(stage.cdrs(&other)[0].contains(";dept=carol;"), "{:?}", stage.records());
    assert_eq!(stage.records().len(), 2);
    assert_eq!(stage.statistic("leaked_contexts"), 2);
}

#[test]
fn a_loaded_dialog_lends_its_accounting_only_when_that_is_loaded() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                $acc_extra(x) = "mine";
                unload_dialog_ctx();
                xlog("own $acc_extra(x)\n");
                do_accounting("log", "cdr");
            } else {
                do_accounting("log", "cdr");
                $acc_extra(dept) = "theirs";
            }
        "#,
        ..Script::default()
    });
    let other = stage.call("alice", "carol");
    let own = stage.call_with("alice", "bob", &about(&other));
    assert_eq!(stage.lines(), ["own mine"]);
    stage.hang_up("alice", &own);
    stage.hang_up("alice", &other);
    assert!(stage.cdrs(&own)[0].contains(";dept=;xfer=;x=mine;"), "{:?}", stage.records());
    assert!(stage.cdrs(&other)[0].contains(";dept=theirs;xfer=;x=;"), "{:?}", stage.records());
    stage.close();
}

#[test]
fn dropping_under_a_loaded_accounting_drops_the_other_calls() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            do_accounting("log", "cdr");
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                acc_load_ctx_from_dlg();
                drop_accounting();
                unload_dialog_ctx();
                acc_unload_ctx_from_dlg();
                xlog("acc unload $rc\n");
            }
        "#,
        ..Script::default()
    });
    let other = stage.call("alice", "carol");
    let own = stage.call_with("alice", "bob", &about(&other));
    assert_eq!(stage.lines(), ["acc unload 1"], "either may be unloaded first");
    stage.hang_up("alice", &other);
    stage.hang_up("alice", &own);
    assert_eq!((stage.cdrs(&other).len(), stage.cdrs(&own).len()), (0, 1));
    stage.close();
}

#[test]
fn accounting_under_a_loaded_one_does_not_account_this_message() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                acc_load_ctx_from_dlg();
                do_accounting("log", "failed");
                xlog("do $rc\n");
                acc_unload_ctx_from_dlg();
                unload_dialog_ctx();
            } else {
                do_accounting("log", "cdr");
            }
        "#,
        ..Script::default()
    });
    let other = stage.call("alice", "carol");
    let own = stage.call_with("alice", "bob", &about(&other));
    assert_eq!(stage.lines(), ["do 1"]);
    stage.hang_up("alice", &own);
    assert!(stage.records().is_empty(), "{:?}", stage.records());
    stage.hang_up("alice", &other);
    assert_eq!(stage.records().len(), 1);
    stage.close();
}

#[test]
fn a_plain_accounting_does_not_survive_any_drop() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            do_accounting("log");
            drop_accounting("log", "missed");
        "#,
        ..Script::default()
    });
    stage.call("alice", "bob");
    assert!(stage.records().is_empty(), "{:?}", stage.records());
    stage.close();
}

#[test]
fn scripts_write_records_of_their_own() {
    let mut stage = Stage::new(&Script {
        initial: r#"acc_log_request("302 Parked"); do_accounting("log", "cdr"); acc_log_request("Noted");"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    let records = stage.records();
    assert!(records[0].starts_with("ACC: request accounted: timestamp=1700000000;method=INVITE;"), "{records:?}");
    assert!(records[0].ends_with(&format!(";to_tag=;call_id={call};code=302;reason=Parked")), "{records:?}");
    assert!(records[1].starts_with("ACC: request accounted: timestamp=1700000000;created=1700000000;setuptime=0;"));
    stage.close();
}

#[test]
fn a_bye_that_the_script_drops_has_its_record_all_the_same() {
    let mut stage = Stage::new(&Script {
        initial: r#"do_accounting("log", "cdr");"#,
        within: r#"if (is_method("BYE")) exit;"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    assert_eq!(stage.cdrs(&call).len(), 1, "{:?}", stage.records());
}

#[test]
fn a_bye_nobody_answers_has_its_record_all_the_same() {
    let mut stage = Stage::new(&Script { initial: r#"do_accounting("log", "cdr");"#, ..Script::default() });
    let call = stage.call("alice", "bob");
    let bob = stage.phone("bob");
    stage.net.weather.loss = 0;
    stage.net.of_mut(bob).forget(&call);
    stage.hang_up("alice", &call);
    stage.net.run_for(Duration::from_secs(120));
    assert_eq!(stage.cdrs(&call).len(), 1, "{:?}", stage.records());
}

#[test]
fn a_call_ended_from_here_is_recorded_at_the_first_answer() {
    let mut stage = Stage::new(&Script {
        initial: r#"create_dialog("bye-on-timeout"); $DLG_timeout = 5; do_accounting("log", "cdr");"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.net.run_for(Duration::from_secs(6));
    let cdrs = stage.cdrs(&call);
    assert!(cdrs.len() == 1 && cdrs[0].contains(";duration=6;"), "{cdrs:?}");
    stage.close();
}

#[test]
fn a_request_made_here_is_accounted_when_its_local_route_asks_for_it() {
    let mut stage = Stage::new(&Script {
        initial: r#"create_dialog("bye-on-timeout"); $DLG_timeout = 5;"#,
        routes: r#"local_route { do_accounting("log"); $acc_extra(dept) = "overdue"; }"#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.net.run_for(Duration::from_secs(6));
    let records = stage.records();
    assert_eq!(records.len(), 2, "a BYE to each side: {records:?}");
    let of_call = format!(";call_id={call};code=200;reason=OK;dept=overdue;");
    assert!(records.iter().all(|r| r.contains(";method=BYE;") && r.contains(&of_call)), "{records:?}");
    stage.close();
}
