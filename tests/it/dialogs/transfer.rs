//! An INVITE that replaces another call takes over what that call carries (S1 to S4, S15 to S17).
use super::{Script, Stage};
use sipscript::testing::InviteOptions;

const IMPORT: &str = r#"
    if ($hdr(Replaces) == NULL) {
        $dlg_val(account) = "acme";
        do_accounting("log", "cdr");
        $acc_extra(dept) = "sales";
    } else {
        do_accounting("log", "cdr");
        $avp(replaced) = $(hdr(Replaces){s.select,0,;});
        $avp(did) = $DLG_did;
        $dlg_val(kind) = "new";
        if (load_dialog_ctx($avp(replaced), "callid", 1)) {
            xlog("load $rc status $DLG_status\n");
            $avp(account) = $dlg_val(account);
            $dlg_val(replaced_by) = $avp(did);
            set_dlg_flag("XFER");
            if (acc_load_ctx_from_dlg()) {
                $avp(dept) = $acc_extra(dept);
                $acc_extra(xfer) = "yes";
                acc_new_leg();
                $acc_leg(dst) = "C";
                acc_unload_ctx_from_dlg();
                xlog("acc unload $rc\n");
            }
            unload_dialog_ctx();
            xlog("unload $rc\n");
            $dlg_val(account) = $avp(account);
            $acc_extra(dept) = $avp(dept);
        } else {
            xlog("load $rc\n");
            unload_dialog_ctx();
            xlog("unload $rc\n");
        }
        xlog("kind $dlg_val(kind) account $dlg_val(account) replaced_by $dlg_val(replaced_by)\n");
        if ($DLG_did == $avp(did)) xlog("own again\n");
    }
"#;

const TELL: &str = r#"
    if (is_method("INFO")) {
        if (is_dlg_flag_set("XFER")) xlog("flag\n");
        xlog("account $dlg_val(account) kind $dlg_val(kind) replaced_by $dlg_val(replaced_by)\n");
    }
"#;

fn stage() -> Stage {
    Stage::new(&Script { initial: IMPORT, within: TELL, ..Script::default() })
}

fn replacing(call: &str) -> InviteOptions {
    InviteOptions::with_headers(&format!("Replaces: {call};to-tag=1;from-tag=2\r\n"))
}

#[test]
fn a_replacing_call_imports_the_values_of_the_replaced_one() {
    let mut stage = stage();
    let replaced = stage.call("alice", "carol");
    stage.lines();
    let new = stage.call_with("bob", "carol", &replacing(&replaced));
    let expected =
        ["load 1 status 4", "acc unload 1", "unload 1", "kind new account acme replaced_by <null>", "own again"];
    assert_eq!(stage.lines(), expected);
    assert_eq!(stage.info("bob", &new, ""), ["account acme kind new replaced_by <null>"]);
    stage.close();
}

#[test]
fn the_replaced_call_carries_its_marks_to_its_end() {
    let mut stage = stage();
    let replaced = stage.call("alice", "carol");
    stage.call_with("bob", "carol", &replacing(&replaced));
    let lines = stage.info("alice", &replaced, "");
    assert_eq!(lines[0], "flag");
    assert!(lines[1].starts_with("account acme kind <null> replaced_by "), "{lines:?}");
    assert!(!lines[1].ends_with("<null>"), "{lines:?}");
    stage.close();
}

#[test]
fn a_wrong_call_id_changes_nothing() {
    let mut stage = stage();
    let replaced = stage.call("alice", "carol");
    stage.lines();
    stage.call_with("bob", "carol", &replacing("nobody@nowhere"));
    assert_eq!(stage.lines(), ["load -1", "unload -1", "kind new account <null> replaced_by <null>", "own again"]);
    assert_eq!(stage.info("alice", &replaced, ""), ["account acme kind <null> replaced_by <null>"]);
    stage.close();
}

#[test]
fn an_ended_call_is_found_only_when_ended_calls_are_asked_for() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "delete_delay", 30)"#,
        initial: r#"$dlg_val(account) = "acme";"#,
        probe: r#"
            load_dialog_ctx($hdr(X-Call), "callid", 1);
            xlog("active $rc\n");
            load_dialog_ctx($hdr(X-Call), "callid");
            xlog("any $rc status $DLG_status account $dlg_val(account) reason $DLG_end_reason\n");
            unload_dialog_ctx();
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    let header = format!("X-Call: {call}\r\n");
    assert_eq!(stage.probe(&header), ["active -1", "any 1 status 5 account acme reason Downstream BYE"]);
    stage.net.run_for(std::time::Duration::from_secs(60));
    assert_eq!(stage.probe(&header), ["active -1", "any -1 status <null> account <null> reason <null>"]);
    stage.close();
}

#[test]
fn accounting_values_are_copied_and_written_across_calls() {
    let mut stage = stage();
    let replaced = stage.call("alice", "carol");
    let new = stage.call_with("bob", "carol", &replacing(&replaced));
    stage.hang_up("bob", &new);
    stage.hang_up("alice", &replaced);
    let [of_replaced, of_new] = [&replaced, &new].map(|call| stage.cdrs(call));
    assert_eq!((of_replaced.len(), of_new.len()), (1, 1), "{:?}", stage.records());
    assert!(of_replaced[0].ends_with(";dept=sales;xfer=yes;x=;dst=;dst=C"), "{of_replaced:?}");
    assert!(of_new[0].ends_with(";dept=sales;xfer=;x=;dst="), "{of_new:?}");
    stage.close();
}
