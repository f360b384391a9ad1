//! Long calls: lifetimes that run out, routes that extend them, calls nobody ends.
use super::stage::{BOB, RELAY, Stage, field, script};
use sipscript::testing::CallState;
use std::time::Duration;

#[test]
fn a_call_whose_time_is_up_is_hung_up_on_both_sides() {
    let initial = format!("$DLG_timeout = 60;\n{RELAY}");
    let mut s = Stage::new(&script(&initial, ""));
    let call = s.talk(BOB);
    s.net.run_for(Duration::from_secs(55));
    assert_eq!(s.net.call(s.alice, &call).state, CallState::Answered);
    s.net.run_for(Duration::from_secs(10));
    assert_eq!(s.net.call(s.alice, &call).state, CallState::Ended);
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    s.net.assert_empty();
    let records = s.records();
    assert_eq!(records.len(), 1);
    let lasted: u64 = field(&records[0], "ms_duration").and_then(|d| d.parse().ok()).expect("a duration");
    assert!((60_000..60_100).contains(&lasted), "{lasted}");
}

#[test]
fn a_day_long_call_ends_by_the_default_lifetime() {
    let mut s = Stage::new(&script(RELAY, ""));
    let call = s.talk(BOB);
    s.net.run_for(Duration::from_secs(11 * 3600));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Answered);
    s.net.run_for(Duration::from_secs(3700));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    s.net.assert_empty();
}

#[test]
fn without_bye_on_timeout_the_call_goes_on_unseen() {
    let initial = r#"
	create_dialog();
	do_accounting("log", "cdr");
	$DLG_timeout = 10;
	record_route();
	t_relay();
"#;
    let mut s = Stage::new(&script(initial, ""));
    let call = s.talk(BOB);
    s.net.run_for(Duration::from_secs(60));
    assert_eq!(s.net.at(s.proxy).sizes().dialogs, 0);
    assert_eq!(s.records().len(), 1, "the record is written when the call is lost sight of");
    assert_eq!(s.net.call(s.alice, &call).state, CallState::Answered);
    s.net.bye(s.bob, &call);
    s.net.assert_empty();
    assert_eq!(s.net.call(s.alice, &call).state, CallState::Ended, "the route set still leads there");
    assert_eq!(s.records().len(), 1);
}

#[test]
fn the_timeout_route_may_extend_the_call() {
    let relay = RELAY.replace("record_route", "dlg_on_timeout(\"more\");\nrecord_route");
    let initial = format!("$DLG_timeout = 10;\n{relay}");
    let more = r#"
route[more] {
	if ($dlg_val(extended) == NULL) {
		$dlg_val(extended) = 1;
		$DLG_timeout = 30;
		xlog("L_NOTICE", "extended\n");
	}
}
"#;
    let mut s = Stage::new(&script(&initial, more));
    let call = s.talk(BOB);
    s.net.run_for(Duration::from_secs(35));
    assert_eq!(s.net.log(s.proxy).script(), ["extended"]);
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Answered);
    s.net.run_for(Duration::from_secs(10));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    s.net.assert_empty();
}
