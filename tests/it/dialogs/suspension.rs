//! What is loaded while a run waits, and what the routes that follow see of it (S43).
use super::{Script, Stage};
use std::time::Duration;

const PARAMS: &str = r#"
loadmodule "cfgutils.so"
"#;

const INITIAL: &str = r#"
    $dlg_val(name) = $tU;
    do_accounting("log", "cdr");
    $acc_extra(dept) = $tU;
"#;

const PROBE: &str = r#"
    unload_dialog_ctx();
    xlog("probe unload $rc\n");
    load_dialog_ctx($hdr(X-Call));
    xlog("probe load $rc\n");
    unload_dialog_ctx();
"#;

#[test]
fn both_stacks_last_over_async_and_nobody_else_sees_them() {
    let mut stage = Stage::new(&Script {
        params: PARAMS,
        initial: INITIAL,
        within: r#"
            if (is_method("INFO")) {
                t_newtran();
                load_dialog_ctx($hdr(X-Call));
                acc_load_ctx_from_dlg();
                set_dlg_flag("SEEN");
                xlog("before $dlg_val(name) $acc_extra(dept)\n");
                async(sleep(3), resumed);
            }
        "#,
        probe: PROBE,
        routes: r#"
            route[resumed] {
                xlog("after $dlg_val(name) $acc_extra(dept) [$DLG_flags]\n");
                $acc_extra(xfer) = "yes";
                acc_unload_ctx_from_dlg();
                unload_dialog_ctx();
                xlog("own $dlg_val(name) $acc_extra(dept) [$DLG_flags]\n");
                unload_dialog_ctx();
                xlog("nothing $rc\n");
                t_relay();
            }
        "#,
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    assert_eq!(stage.info("alice", &own, &format!("X-Call: {other}\r\n")), ["before carol carol"]);
    assert_eq!(stage.probe(&format!("X-Call: {other}\r\n")), ["probe unload -1", "probe load 1"]);
    stage.net.run_for(Duration::from_secs(3));
    assert_eq!(stage.lines(), ["after carol carol [SEEN]", "own bob bob []", "nothing -1"]);
    assert_eq!(stage.statistic("leaked_contexts"), 0);
    stage.hang_up("alice", &other);
    assert!(stage.cdrs(&other)[0].contains(";xfer=yes;"));
    stage.close();
}

#[test]
fn what_a_resumed_run_leaves_loaded_is_released_at_its_end() {
    let mut stage = Stage::new(&Script {
        params: PARAMS,
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                async(sleep(2), resumed);
            }
        "#,
        routes: "route[resumed] { t_relay(); }",
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    stage.info("alice", &own, &format!("X-Call: {other}\r\n"));
    assert_eq!(stage.statistic("leaked_contexts"), 0, "the run waits, and a repeated INFO ended where it was known");
    stage.net.run_for(Duration::from_secs(3));
    assert_eq!(stage.statistic("leaked_contexts"), 1);
    stage.hang_up("alice", &own);
    stage.hang_up("alice", &other);
    stage.net.settle();
    assert_eq!(stage.net.at(stage.server).sizes().dialogs_alive, 0);
}

#[test]
fn a_call_that_ends_while_a_run_holds_it_and_waits_is_gone_afterwards() {
    let mut stage = Stage::new(&Script {
        params: PARAMS,
        initial: INITIAL,
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                async(sleep(3), resumed);
            }
        "#,
        routes: r#"
            route[resumed] {
                xlog("$dlg_val(name) $DLG_status\n");
                unload_dialog_ctx();
                t_relay();
            }
        "#,
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    stage.info("alice", &own, &format!("X-Call: {other}\r\n"));
    stage.hang_up("carol", &other);
    stage.net.run_for(Duration::from_secs(3));
    assert_eq!(stage.lines(), ["carol 5"]);
    stage.net.settle();
    assert_eq!(stage.net.at(stage.server).sizes().dialogs_alive, 1);
    stage.close();
}

#[test]
fn a_launched_report_has_no_call_and_nothing_loaded() {
    let mut stage = Stage::new(&Script {
        params: PARAMS,
        initial: INITIAL,
        within: r#"
            if (is_method("INFO")) {
                load_dialog_ctx($hdr(X-Call));
                launch(sleep(1), report);
                xlog("here $dlg_val(name)\n");
                unload_dialog_ctx();
            }
        "#,
        routes: r#"
            route[report] {
                unload_dialog_ctx();
                xlog("report $rc $DLG_did $dlg_val(name)\n");
            }
        "#,
        ..Script::default()
    });
    let (own, other) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    let mut lines = stage.info("alice", &own, &format!("X-Call: {other}\r\n"));
    stage.net.run_for(Duration::from_secs(2));
    lines.extend(stage.lines());
    assert_eq!(lines, ["here carol", "report -1 <null> <null>"]);
    stage.close();
}
