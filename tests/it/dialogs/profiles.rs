//! Profiles: who is in, how many there are, and when they are gone (S5, S13, S49, S54).
use super::{Script, Stage};

#[test]
fn membership_ends_with_the_call_however_it_ends() {
    let mut stage = Stage::new(&Script {
        initial: r#"set_dlg_profile("vip"); set_dlg_profile("grp", $tU);"#,
        probe: r#"
            get_profile_size("vip", , $var(all));
            get_profile_size("grp", "bob", $var(bob));
            get_profile_size("grp", , $var(any));
            xlog("vip $var(all) bob $var(bob) any $var(any)\n");
        "#,
        ..Script::default()
    });
    let (first, second) = (stage.call("alice", "bob"), stage.call("alice", "carol"));
    assert_eq!(stage.probe(""), ["vip 2 bob 1 any 2"]);
    stage.hang_up("bob", &first);
    assert_eq!(stage.probe(""), ["vip 1 bob 0 any 1"]);
    stage.policy("bob", sipscript::testing::Policy::rejecting(486));
    stage.dial("alice", "bob");
    stage.net.run_for(std::time::Duration::from_secs(1));
    assert_eq!(stage.probe(""), ["vip 1 bob 0 any 1"], "a refused call is no member");
    stage.hang_up("alice", &second);
    assert_eq!(stage.probe(""), ["vip 0 bob 0 any 0"]);
    stage.close();
}

#[test]
fn the_same_value_counts_as_often_as_it_was_entered() {
    let mut stage = Stage::new(&Script {
        within: r#"
            if (is_method("INFO")) {
                set_dlg_profile("grp", "a");
                set_dlg_profile("grp", "a");
                set_dlg_profile("grp", "b");
                get_profile_size("grp", "a", $var(a));
                get_profile_size("grp", , $var(any));
                xlog("a $var(a) any $var(any)\n");
                if (is_in_profile("grp", "b")) xlog("in b\n");
                if (!is_in_profile("grp", "c")) xlog("not in c\n");
                unset_dlg_profile("grp", "a");
                get_profile_size("grp", "a", $var(a));
                xlog("a $var(a)\n");
                set_dlg_profile("grp", "c", 1);
                get_profile_size("grp", , $var(any));
                xlog("cleared, any $var(any)\n");
                unset_dlg_profile("grp");
                if (!is_in_profile("grp")) xlog("out\n");
                unset_dlg_profile("grp", "c");
                xlog("unset $rc\n");
                set_dlg_profile("grp");
                xlog("without value $rc\n");
            }
        "#,
        ..Script::default()
    });
    let call = stage.call("alice", "bob");
    let expected = ["a 2 any 3", "in b", "not in c", "a 1", "cleared, any 1", "out", "unset -1", "without value -1"];
    assert_eq!(stage.info("alice", &call, ""), expected);
    stage.close();
}

#[test]
fn the_lifetime_of_every_member_is_tuned_and_the_own_stays() {
    let mut stage = Stage::new(&Script {
        initial: r#"if ($tU != "eve") set_dlg_profile("conf", "room1");"#,
        within: r#"
            if (is_method("INFO")) {
                get_dialogs_by_profile("conf", "room1", $avp(j), $var(n));
                $var(i) = 0;
                while ($var(i) < $var(n)) {
                    $json(d) := $(avp(j)[$var(i)]);
                    load_dialog_ctx($json(d/callid));
                    $DLG_timeout = 60;
                    xlog("member in $DLG_status has $DLG_timeout\n");
                    unload_dialog_ctx();
                    $var(i) = $var(i) + 1;
                }
                xlog("own $DLG_timeout\n");
            }
        "#,
        ..Script::default()
    });
    let own = stage.call("alice", "eve");
    let answered = stage.call("alice", "bob");
    let ringing = stage.ring("alice", "carol");
    let mut lines = stage.info("alice", &own, "");
    let last = lines.pop().unwrap_or_default();
    lines.sort();
    assert_eq!(lines, ["member in 2 has 60", "member in 4 has 60"]);
    let left: u32 = last.trim_start_matches("own ").parse().expect("a number of seconds");
    assert!((43_100..=43_200).contains(&left), "{last}");
    stage.net.run_for(std::time::Duration::from_secs(61));
    assert_eq!(stage.dialogs(), 2, "the answered member is over, the ringing one begins with the answer");
    stage.pick_up("carol", &ringing);
    stage.net.run_for(std::time::Duration::from_secs(61));
    assert_eq!(stage.dialogs(), 1);
    for phone in ["bob", "carol"] {
        let phone = stage.phone(phone);
        stage.net.of_mut(phone).forget(&answered);
        stage.net.of_mut(phone).forget(&ringing);
    }
    let alice = stage.phone("alice");
    stage.net.of_mut(alice).forget(&answered);
    stage.net.of_mut(alice).forget(&ringing);
    stage.close();
}
