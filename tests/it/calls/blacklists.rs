//! Destinations on a list get no calls, by script or because they did not answer before.
use super::stage::{BOB, MODULES, RELAY, SOCKET, Stage, routes};
use sipscript::testing::CallState;

fn stage(globals: &str, initial: &str) -> Stage {
    Stage::new(&format!("{SOCKET}{globals}{MODULES}{}", routes(initial, "")))
}

#[test]
fn a_call_to_a_listed_destination_is_refused() {
    let mut s = stage("dst_blacklist = phones / default : { ( any, 10.0.0.20/32, 5060 ) }\n", RELAY);
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Ended);
    assert_eq!(s.status(&call), Some(473));
    s.net.assert_empty();
}

#[test]
fn a_script_may_choose_another_way() {
    let initial = r#"
	create_dialog("bye-on-timeout");
	record_route();
	use_blacklist("phones");
	if (!t_relay("no-auto-477")) {
		xlog("blocked with $rc\n");
		seturi("sip:carol@10.0.0.30");
		t_relay();
	}
"#;
    let mut s = stage("dst_blacklist = phones : { 10.0.0.20 }\n", initial);
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Answered);
    assert_eq!(s.net.log(s.proxy).with("blocked with -5").len(), 1);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
}

#[test]
fn an_address_that_did_not_answer_is_avoided_for_a_while() {
    let mut s = stage("disable_dns_blacklist = no\n", RELAY);
    s.net.names.set("phones.example.org", &["10.0.0.99", "10.0.0.20"]);
    let answered_after = |s: &mut Stage| {
        let begin = s.net.now();
        let call = s.talk("sip:bob@phones.example.org");
        let took = s.net.now().mono.as_millis() - begin.mono.as_millis();
        s.net.bye(s.alice, &call);
        s.net.assert_empty();
        took
    };
    let (first, second) = (answered_after(&mut s), answered_after(&mut s));
    assert!(first >= 5_000, "the first address was tried for {first} ms");
    assert!(second < 5_000, "it was tried again: {second} ms");
}
