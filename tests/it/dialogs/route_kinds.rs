//! Loads in every kind of route (S12, S31 to S37).
use super::{Script, Stage};
use sipscript::testing::{InviteOptions, Policy};
use std::time::Duration;

fn about(call: &str) -> InviteOptions {
    InviteOptions::with_headers(&format!("X-Call: {call}\r\n"))
}

/// Loads the call that the request names and says what it saw.
const LOOK: &str = r#"
    route[look] {
        if (load_dialog_ctx($param(1))) {
            xlog("$param(2): loaded $dlg_val(name)\n");
            unload_dialog_ctx();
        }
        xlog("$param(2): own $dlg_val(name) in $DLG_status\n");
    }
"#;

#[test]
fn a_failure_route_loads_and_the_call_goes_on_to_another_phone() {
    for (called, refusal) in [("bob", Some(486)), ("nobody", None)] {
        let routes = format!(
            r#"{LOOK}
            failure_route[busy] {{
                route(look, $hdr(X-Call), "failure");
                $ru = "sip:carol@10.1.0.3:5060";
                t_relay();
            }}"#
        );
        let mut stage = Stage::new(&Script {
            initial: r#"
                $dlg_val(name) = $tU;
                if ($hdr(X-Call) != NULL) {
                    t_on_failure("busy");
                    $T_fr_timeout = 5;
                }
            "#,
            routes: &routes,
            ..Script::default()
        });
        let other = stage.call("alice", "dave");
        if let Some(code) = refusal {
            stage.policy(called, Policy::rejecting(code));
        }
        let call = stage.call_with("alice", called, &about(&other));
        assert_eq!(stage.lines(), ["failure: loaded dave".to_owned(), format!("failure: own {called} in 1")]);
        let carol = stage.phone("carol");
        assert!(stage.net.of(carol).call(&call).is_some());
        stage.close();
    }
}

#[test]
fn an_onreply_route_loads_and_the_reply_moves_its_own_call() {
    let routes = format!(
        r#"{LOOK}
        onreply_route[reply] {{
            if ($rs == 180 || $rs == 200) route(look, $avp(call), $rs);
        }}"#
    );
    let mut stage = Stage::new(&Script {
        params: r#"modparam("tm", "onreply_avp_mode", 1)"#,
        initial: r#"
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                $avp(call) = $hdr(X-Call);
                t_on_reply("reply");
            }
        "#,
        routes: &routes,
        ..Script::default()
    });
    let other = stage.ring("alice", "carol");
    let call = stage.call_with("alice", "bob", &about(&other));
    assert_eq!(stage.lines(), ["180: loaded carol", "180: own bob in 1", "200: loaded carol", "200: own bob in 2"]);
    assert_eq!((stage.statistic("active_dialogs"), stage.statistic("early_dialogs")), (1, 1));
    stage.hang_up("alice", &call);
    stage.cancel("alice", &other);
    stage.close();
}

#[test]
fn a_timer_route_loads_at_every_tick() {
    let mut stage = Stage::new(&Script {
        initial: r#"if ($hdr(X-Call) != NULL) $dlg_val(name) = "ticking";"#,
        within: r#"if (is_method("INFO")) { $var(next) = $dlg_val(tick) + 1; xlog("next $var(next)\n"); }"#,
        routes: r#"
            timer_route[tick, 1] {
                load_dialog_ctx("ticking@alice");
                $var(rc) = $rc;
                $dlg_val(tick) = 5;
                xlog("tick $var(rc) $DLG_flags\n");
            }
        "#,
        ..Script::default()
    });
    stage.lines();
    let call = stage.call_with("alice", "bob", &InviteOptions::with_call_id("ticking@alice"));
    stage.lines();
    stage.net.run_for(Duration::from_secs(3));
    let ticks = stage.lines();
    assert_eq!(ticks, ["tick 1"; 3], "a load that was left open hinders no later tick");
    assert!(stage.info("alice", &call, "").contains(&"next 6".to_owned()));
    assert!(stage.statistic("leaked_contexts") >= 3);
    stage.hang_up("alice", &call);
}

#[test]
fn an_event_route_may_load_the_call_it_hears_of() {
    let mut stage = Stage::new(&Script {
        params: r#"modparam("dialog", "delete_delay", 5)"#,
        initial: "$dlg_val(name) = $tU;",
        routes: r#"
            event_route[E_DLG_STATE_CHANGED] {
                load_dialog_ctx($param(callid));
                xlog("$param(new_state): $rc $dlg_val(name) $DLG_status\n");
                unload_dialog_ctx();
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    let lines = stage.lines();
    let seen: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(seen, ["2: 1 bob 2", "3: 1 bob 3", "4: 1 bob 4", "5: 1 bob 5"]);
    stage.net.run_for(Duration::from_secs(60));
    stage.close();
}

#[test]
fn a_branch_route_cannot_unload_what_its_caller_loaded() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                t_on_branch("out");
                t_relay();
                xlog("back $dlg_val(name)\n");
                unload_dialog_ctx();
                xlog("own $dlg_val(name)\n");
                exit;
            }
        "#,
        routes: r#"
            branch_route[out] {
                xlog("branch $dlg_val(name)\n");
                unload_dialog_ctx();
                xlog("unload $rc\n");
                load_dialog_ctx($hdr(X-Call));
            }
        "#,
        ..Script::default()
    });
    let other = stage.call("alice", "carol");
    stage.lines();
    stage.call_with("alice", "bob", &about(&other));
    assert_eq!(stage.lines(), ["branch carol", "unload -1", "back carol", "own bob"]);
    assert_eq!(stage.statistic("leaked_contexts"), 1, "what the branch route left loaded");
    let (alice, carol) = ("alice", stage.phone("carol"));
    let calls: Vec<String> = {
        let phone = stage.phone(alice);
        stage.net.of(phone).calls().map(|c| c.id.to_string()).collect()
    };
    for call in calls {
        stage.hang_up(alice, &call);
    }
    stage.net.settle();
    assert!(stage.net.of(carol).is_idle() && stage.dialogs() == 0);
}

#[test]
fn a_hangup_route_loads_a_partner() {
    let routes = format!(
        r#"{LOOK}
        route[gone] {{
            route(look, $dlg_val(partner), "hangup");
            load_dialog_ctx($dlg_val(partner));
        }}"#
    );
    let mut stage = Stage::new(&Script {
        initial: r#"
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                $dlg_val(partner) = $hdr(X-Call);
                dlg_on_hangup("gone");
            }
        "#,
        routes: &routes,
        ..Script::default()
    });
    let partner = stage.call("alice", "carol");
    let call = stage.call_with("alice", "bob", &about(&partner));
    stage.hang_up("bob", &call);
    assert_eq!(stage.lines(), ["hangup: loaded carol", "hangup: own bob in 5"]);
    assert_eq!(stage.statistic("leaked_contexts"), 1);
    stage.hang_up("carol", &partner);
    stage.net.settle();
    assert_eq!(stage.net.at(stage.server).sizes().dialogs_alive, 0);
}

#[test]
fn a_local_route_sees_the_call_whose_request_is_made() {
    let routes = format!(
        r#"{LOOK}
        local_route {{
            route(look, $dlg_val(partner), "local");
        }}"#
    );
    let mut stage = Stage::new(&Script {
        initial: r#"
            create_dialog("bye-on-timeout");
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                $dlg_val(partner) = $hdr(X-Call);
                $DLG_timeout = 5;
            }
        "#,
        routes: &routes,
        ..Script::default()
    });
    let partner = stage.call("alice", "carol");
    stage.call_with("alice", "bob", &about(&partner));
    stage.net.run_for(Duration::from_secs(6));
    let look = ["local: loaded carol", "local: own bob in 4"];
    assert_eq!(stage.lines(), [look, look].concat());
    stage.close();
}

#[test]
fn a_startup_route_may_try_and_an_error_route_sees_what_is_loaded() {
    let mut stage = Stage::new(&Script {
        params: "enable_asserts=1",
        initial: r#"
            $dlg_val(name) = $tU;
            if ($hdr(X-Call) != NULL) {
                load_dialog_ctx($hdr(X-Call));
                assert($DLG_status == 1, "the loaded call is answered");
            }
        "#,
        routes: r#"
            startup_route {
                load_dialog_ctx("nobody");
                xlog("startup $rc\n");
            }
            error_route {
                xlog("error: loaded $dlg_val(name)\n");
                unload_dialog_ctx();
                xlog("unload $rc\n");
                sl_send_reply(500, "Bad");
            }
        "#,
        ..Script::default()
    });
    assert_eq!(stage.lines(), ["startup -1"]);
    let other = stage.call("alice", "carol");
    stage.dial_with("alice", "bob", &about(&other));
    stage.net.run_for(Duration::from_secs(1));
    assert_eq!(stage.lines(), ["error: loaded carol", "unload -1"]);
    assert_eq!(stage.statistic("leaked_contexts"), 1);
    stage.hang_up("alice", &other);
    stage.net.settle();
    assert_eq!(stage.net.at(stage.server).sizes().dialogs_alive, 0);
}
