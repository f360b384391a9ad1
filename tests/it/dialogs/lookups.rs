//! Lookups over all calls (S6 to S12, S20, S51).
use super::{Script, Stage};
use sipscript::testing::InviteOptions;

fn header(name: &str, value: &str) -> String {
    format!("{name}: {value}\r\n")
}

#[test]
fn a_parked_call_is_found_and_taken_once() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                set_dlg_profile("parked", "701");
                $dlg_val(orbit) = "701";
            }
        "#,
        probe: r#"
            $var(n) = 77;
            if (get_dialogs_by_profile("parked", "701", $avp(j), $var(n)) && $var(n) == 1) {
                $json(d) := $avp(j);
                xlog("found $json(d/callid) state $json(d/state) orbit $json(d/values/orbit)\n");
                if (load_dialog_ctx($json(d/callid), "callid", 1)) {
                    if (test_and_set_dlg_flag("TAKEN", 0)) xlog("won\n");
                    if (!test_and_set_dlg_flag("TAKEN", 0)) xlog("lost\n");
                    unset_dlg_profile("parked");
                    unload_dialog_ctx();
                }
            } else {
                xlog("nobody, n $var(n)\n");
            }
            get_profile_size("parked", "701", $var(size));
            xlog("size $var(size)\n");
        "#,
        ..Script::default()
    });
    assert_eq!(stage.probe(""), ["nobody, n 77", "size 0"]);
    let call = stage.call("alice", "bob");
    stage.info("bob", &call, "");
    let found = format!("found {call} state 4 orbit 701");
    assert_eq!(stage.probe(""), [found.as_str(), "won", "lost", "size 0"]);
    assert_eq!(stage.probe(""), ["nobody, n 77", "size 0"]);
    stage.close();
}

#[test]
fn an_empty_orbit_is_no_error_in_an_event_route_either() {
    let mut stage = Stage::new(&Script {
        routes: r#"
            event_route[E_DLG_STATE_CHANGED] {
                $var(n) = 77;
                get_dialogs_by_profile("parked", "701", $avp(j), $var(n));
                xlog("event $param(old_state) $param(new_state): $rc, n $var(n)\n");
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    stage.hang_up("alice", &call);
    let step = |old, new| format!("event {old} {new}: -1, n 77");
    assert_eq!(stage.lines(), [step(1, 2), step(2, 3), step(3, 4), step(4, 5)]);
    stage.close();
}

const PICKUP: &str = r#"
    $var(n) = 77;
    $avp(target) = $hdr(X-Target);
    get_dialog_info("rng_ci", $avp(c), "ring", $avp(target), $var(n));
    xlog("info $rc n $var(n) first $avp(c) second $(avp(c)[1])\n");
    if ($avp(c) != NULL && load_dialog_ctx($avp(c), "callid", 1)) {
        if ($DLG_status == 2 && test_and_set_dlg_flag("PICKED", 0)) xlog("picked\n");
        unload_dialog_ctx();
    }
"#;

#[test]
fn a_ringing_call_can_be_picked_up_and_an_answered_one_not() {
    let mut stage = Stage::new(&Script {
        initial: r#"$dlg_val(ring) = $tU; $dlg_val(rng_ci) = $ci;"#,
        probe: PICKUP,
        ..Script::default()
    });
    let target = header("X-Target", "bob");
    assert_eq!(stage.probe(&target), ["info -1 n 77 first <null> second <null>"]);
    let call = stage.ring("alice", "bob");
    let found = format!("info 1 n 1 first {call} second <null>");
    assert_eq!(stage.probe(&target), [found.as_str(), "picked"]);
    stage.pick_up("bob", &call);
    assert_eq!(stage.probe(&target), [found]);
    stage.hang_up("alice", &call);
    stage.net.settle();
    assert_eq!(stage.probe(&target), ["info -1 n 77 first <null> second <null>"]);
    stage.close();
}

#[test]
fn a_match_without_the_wanted_value_fails_and_leaves_nothing_behind() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            $dlg_val(ring) = "bob";
            if ($tU == "bob") $dlg_val(rng_ci) = $ci;
        "#,
        probe: PICKUP,
        ..Script::default()
    });
    stage.call("alice", "bob");
    stage.call("alice", "carol");
    assert_eq!(stage.probe(&header("X-Target", "bob")), ["info -1 n 77 first <null> second <null>"]);
    stage.close();
}

#[test]
fn strings_and_integers_of_the_same_text_differ() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            if ($tU == "bob") $dlg_val(k) = 5; else $dlg_val(k) = "5";
            $dlg_val(who) = $tU;
        "#,
        probe: r#"
            $var(wanted) = 5;
            get_dialog_info("who", $avp(w), "k", $var(wanted), $var(n));
            xlog("int $rc $avp(w)\n");
            $var(wanted) = "5";
            get_dialog_info("who", $avp(v), "k", $var(wanted), $var(n));
            xlog("string $rc $avp(v)\n");
            get_dialogs_by_val("k", $var(wanted), $avp(j), $var(n));
            $json(d) := $avp(j);
            xlog("json $rc $json(d/values/who)\n");
        "#,
        ..Script::default()
    });
    stage.call("alice", "bob");
    stage.call("alice", "carol");
    assert_eq!(stage.probe(""), ["int 1 bob", "string 1 carol", "json 1 carol"]);
    stage.close();
}

#[test]
fn a_group_call_is_picked_by_going_through_the_members() {
    let mut stage = Stage::new(&Script {
        initial: r#"set_dlg_profile("grp", "sales"); $dlg_val(name) = $tU;"#,
        probe: r#"
            $var(found) = get_dialogs_by_profile("grp", "sales", $avp(j), $var(n));
            xlog("$var(n) ring\n");
            $var(i) = 0;
            while ($var(i) < $var(n)) {
                $json(d) := $(avp(j)[$var(i)]);
                load_dialog_ctx($json(d/callid));
                xlog("load $rc $dlg_val(name) $DLG_status\n");
                $var(i) = $var(i) + 1;
            }
            while (unload_dialog_ctx()) xlog("unloaded\n");
        "#
        .replace("$var(found) = get_dialogs_by_profile", "get_dialogs_by_profile")
        .as_str(),
        ..Script::default()
    });
    let calls: Vec<String> = ["bob", "carol", "dave"].iter().map(|to| stage.ring("alice", to)).collect();
    let lines = stage.probe("");
    assert_eq!(lines[0], "3 ring");
    let mut loaded = lines[1..4].to_vec();
    loaded.sort();
    assert_eq!(loaded, ["load 1 bob 2", "load 1 carol 2", "load 1 dave 2"], "a load needs no unload before the next");
    assert_eq!(lines[4..], ["unloaded", "unloaded", "unloaded"]);
    for call in &calls {
        stage.cancel("alice", call);
    }
    stage.close();
}

#[test]
fn a_shared_profile_is_meant_with_its_suffix() {
    let mut stage = Stage::new(&Script {
        params: r#"
            modparam("dialog", "cachedb_url", "local://")
            modparam("dialog", "profiles_with_value", "grp/s")
        "#,
        initial: r#"set_dlg_profile("grp/s", "sales");"#,
        probe: r#"
            $var(p) = "grp";
            get_dialogs_by_profile($var(p), "sales", $avp(j), $var(n));
            xlog("grp $rc\n");
            get_dialogs_by_profile("grp/s", "sales", $avp(j), $var(n));
            xlog("grp/s $rc\n");
        "#,
        ..Script::default()
    });
    stage.call("alice", "bob");
    assert_eq!(stage.probe(""), ["grp -1", "grp/s 1"]);
    stage.close();
}

#[test]
fn the_others_of_a_conference_are_told_when_its_chair_leaves() {
    let mut stage = Stage::new(&Script {
        initial: r#"
            set_dlg_profile("conf", "room1");
            if ($tU == "bob") {
                $dlg_val(role) = "chair";
                dlg_on_hangup("left");
            }
        "#,
        routes: r#"
            route[left] {
                get_profile_size("conf", "room1", $var(size));
                get_dialogs_by_profile("conf", "room1", $avp(j), $var(n));
                xlog("$dlg_val(role) left in $DLG_status, size $var(size), found $var(n), reason $DLG_end_reason\n");
                $var(i) = 0;
                while ($var(i) < $var(n)) {
                    $json(d) := $(avp(j)[$var(i)]);
                    if (load_dialog_ctx($json(d/callid))) {
                        $dlg_val(end) = "1";
                        unload_dialog_ctx();
                    }
                    $var(i) = $var(i) + 1;
                }
            }
        "#,
        within: r#"if (is_method("INFO")) xlog("end $dlg_val(end)\n");"#,
        ..Script::default()
    });
    let chair = stage.call("alice", "bob");
    let others = [stage.call("alice", "carol"), stage.call("alice", "dave")];
    stage.hang_up("bob", &chair);
    assert_eq!(stage.lines(), ["chair left in 5, size 3, found 2, reason <null>"]);
    for call in &others {
        assert_eq!(stage.info("alice", call, ""), ["end 1"]);
    }
    stage.close();
}

#[test]
fn all_values_of_a_call_come_oldest_first() {
    let mut stage = Stage::new(&Script {
        initial: r#"$dlg_val(k1) = "one"; $dlg_val(k2) = 2; $dlg_val(k1) = "uno";"#,
        probe: r#"
            get_dialog_vals($avp(names), $avp(vals), $hdr(X-Call));
            xlog("$rc: $(avp(names)[0])=$(avp(vals)[0]) $(avp(names)[1])=$(avp(vals)[1]) $(avp(names)[2])\n");
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    let of_call = header("X-Call", &call);
    assert_eq!(stage.probe(&of_call), ["1: k1=uno k2=2 <null>"]);
    stage.hang_up("alice", &call);
    assert_eq!(stage.probe(&of_call), ["-1: <null>=<null> <null>=<null> <null>"]);
    stage.close();
}

#[test]
fn results_have_no_size_limit_and_are_valid_json() {
    let mut stage = Stage::new(&Script {
        initial: r#"$dlg_val(all) = "yes"; $dlg_val(odd) = "a\"b\\c";"#,
        probe: r#"
            $var(wanted) = "yes";
            get_dialogs_by_val("all", $var(wanted), $avp(j), $var(n));
            xlog("$rc $var(n)\n");
            $json(d) := $avp(j);
            xlog("$json(d/values/odd) $(json(d/caller/sdp){s.len})\n");
        "#,
        ..Script::default()
    });
    let body = format!("v=0\r\n{}", "a=x:\"\\\u{7}\r\n".repeat(5_000));
    let big = || InviteOptions { body: Some(body.clone()), ..InviteOptions::default() };
    for _ in 0..40 {
        stage.call_with("alice", "bob", &big());
    }
    assert_eq!(stage.probe(""), ["40 40".to_owned(), format!("a\"b\\c {}", body.len())]);
    stage.close();
}
