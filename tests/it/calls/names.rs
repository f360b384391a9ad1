//! Calls to host names: the script waits for the name server, other calls do not.
use super::stage::{BOB, RELAY, Stage, script};
use sipscript::testing::CallState;
use std::time::Duration;

const BY_NAME: &str = "sip:bob@phones.example.org";

#[test]
fn a_call_to_a_name_waits_for_the_address() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.names.set("phones.example.org", &["10.0.0.20"]);
    let call = s.talk(BY_NAME);
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Answered);
    s.net.bye(s.bob, &call);
    s.net.assert_empty();
}

#[test]
fn a_slow_name_server_holds_up_its_own_call_alone() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.names.set_slow("phones.example.org", &["10.0.0.20"], Duration::from_secs(3));
    let slow = s.net.invite(s.alice, BY_NAME);
    s.net.run_for(Duration::from_millis(50));
    let quick = s.talk(BOB);
    assert_eq!(s.net.call(s.alice, &slow).state, CallState::Calling);
    assert_eq!(s.net.at(s.proxy).sizes().suspended, 1);
    assert_eq!(s.net.names.asked(), 1, "repetitions of the INVITE ask nothing");
    s.until(&slow, CallState::Answered);
    s.net.bye(s.alice, &slow);
    s.net.bye(s.alice, &quick);
    s.net.assert_empty();
    assert_eq!(s.net.names.asked(), 1);
}

#[test]
fn a_name_that_does_not_exist_fails_the_call() {
    let initial = r#"
	record_route();
	if (!t_relay())
		send_reply(604, "Nowhere");
"#;
    let mut s = Stage::new(&script(initial, ""));
    let call = s.net.invite(s.alice, "sip:bob@nowhere.example.org");
    s.until(&call, CallState::Ended);
    let status = s.status(&call);
    assert!(status.is_some_and(|c| c >= 400), "{status:?}");
    s.net.assert_empty();
}

#[test]
fn a_caller_can_give_up_while_the_name_is_looked_up() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.names.set_slow("phones.example.org", &["10.0.0.20"], Duration::from_secs(2));
    let call = s.net.invite(s.alice, BY_NAME);
    s.net.run_for(Duration::from_millis(100));
    s.net.cancel(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(487));
}

#[test]
fn a_name_server_that_never_answers_does_not_keep_the_call() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.names.set_silent("phones.example.org");
    let call = s.net.invite(s.alice, BY_NAME);
    s.until(&call, CallState::Ended);
    s.net.assert_empty();
}
