//! One request, several targets.
use super::stage::{BOB, Stage, script};
use sipscript::testing::{CallState, Policy};

const PARALLEL: &str = r#"
	create_dialog();
	do_accounting("log", "cdr");
	record_route();
	append_branch("sip:carol@10.0.0.30");
	t_relay();
"#;

fn statuses(s: &Stage, call: &str) -> Vec<u16> {
    s.net.call(s.alice, call).replies.iter().filter_map(|r| r.status()).map(|c| c.get()).collect()
}

#[test]
fn the_first_to_answer_gets_the_call_and_the_other_stops_ringing() {
    let mut s = Stage::new(&script(PARALLEL, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    let call = s.talk(BOB);
    s.net.run_for(std::time::Duration::from_secs(1));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    assert_eq!(s.net.call(s.carol, &call).state, CallState::Answered);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(s.records().len(), 1);
}

#[test]
fn one_refusal_does_not_end_the_other_branch() {
    let mut s = Stage::new(&script(PARALLEL, ""));
    s.net.of_mut(s.bob).policy = Policy::rejecting(486);
    let call = s.talk(BOB);
    assert!(!statuses(&s, &call).contains(&486));
    s.net.bye(s.carol, &call);
    s.net.assert_empty();
}

#[test]
fn the_best_of_several_refusals_is_passed_on() {
    let mut s = Stage::new(&script(PARALLEL, ""));
    s.net.of_mut(s.bob).policy = Policy::rejecting(503);
    s.net.of_mut(s.carol).policy = Policy::steps(&[(500, 404)]);
    let call = s.net.invite(s.alice, BOB);
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(404));
}

#[test]
fn a_6xx_ends_the_search() {
    let mut s = Stage::new(&script(PARALLEL, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    s.net.of_mut(s.carol).policy = Policy::steps(&[(200, 603)]);
    let call = s.net.invite(s.alice, BOB);
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(603));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
}

#[test]
fn two_answers_at_once_both_reach_the_caller_who_hangs_up_one() {
    let mut s = Stage::new(&script(PARALLEL, ""));
    s.net.of_mut(s.bob).policy = Policy::steps(&[(0, 180), (500, 200)]);
    s.net.of_mut(s.carol).policy = Policy::steps(&[(0, 180), (500, 200)]);
    let call = s.talk(BOB);
    s.net.run_for(std::time::Duration::from_secs(2));
    let seen = s.net.call(s.alice, &call);
    assert_eq!(
        seen.replies.iter().filter(|r| r.status().is_some_and(|c| c.is_success())).count(),
        3,
        "two 200 and one for the BYE"
    );
    assert_eq!(seen.late.len(), 1);
    let states = [s.net.call(s.bob, &call).state, s.net.call(s.carol, &call).state];
    assert_eq!(states.iter().filter(|s| **s == CallState::Ended).count(), 1);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
}

#[test]
fn targets_are_tried_one_after_the_other_by_weight() {
    let initial = r#"
	record_route();
	$ru = "sip:nobody@10.0.0.99";
	$ru_q = 100;
	append_branch("sip:bob@10.0.0.20", "0.5");
	append_branch("sip:carol@10.0.0.30", "0.9");
	serialize_branches(1);
	next_branches();
	t_on_failure("next");
	t_relay();
"#;
    let more = r#"
failure_route[next] {
	xlog("L_NOTICE", "$T_reply_code\n");
	if (next_branches()) {
		t_on_failure("next");
		t_relay();
	}
}
"#;
    let mut s = Stage::new(&script(initial, more));
    s.net.of_mut(s.carol).policy = Policy::rejecting(486);
    s.net.of_mut(s.bob).policy = Policy::rejecting(480);
    let call = s.net.invite(s.alice, "sip:team@10.0.0.1");
    s.until(&call, CallState::Ended);
    assert_eq!(s.net.log(s.proxy).script(), ["486", "480", "408"]);
    s.net.assert_empty();
}
