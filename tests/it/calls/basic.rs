//! One proxy, one call: answered, refused, given up, unanswered.
use super::stage::{BOB, RELAY, Stage, field, script};
use sipscript::sip::{HeaderId, Method};
use sipscript::testing::{CallState, Policy};
use std::time::Duration;

#[test]
fn a_call_passes_in_both_directions() {
    let mut s = Stage::new(&script(RELAY, ""));
    let there = s.talk(BOB);
    s.net.bye(s.bob, &there);
    let back = s.net.invite(s.bob, "sip:alice@10.0.0.10");
    let bob = s.bob;
    s.net.wait("answer", |n| n.call(bob, &back).state == CallState::Answered);
    s.net.bye(s.bob, &back);
    s.net.assert_empty();
    assert_eq!(s.net.call(s.alice, &there).state, CallState::Ended);
    assert_eq!(s.net.call(s.alice, &back).state, CallState::Ended);
    let ids: Vec<_> = s.records().iter().map(|r| field(r, "call_id").unwrap_or_default().to_owned()).collect();
    assert_eq!(ids, [there, back]);
}

#[test]
fn requests_within_a_call_follow_the_recorded_route() {
    let mut s = Stage::new(&script(RELAY, ""));
    let call = s.talk(BOB);
    s.net.request(s.alice, &call, &Method::Info, "X-From: alice\r\n");
    s.net.request(s.bob, &call, &Method::Info, "X-From: bob\r\n");
    s.net.tell(s.bob, |p, now| p.reinvite(now, &call));
    s.net.settle();
    let at_bob = &s.net.call(s.bob, &call).requests;
    let at_alice = &s.net.call(s.alice, &call).requests;
    let methods = |all: &[std::sync::Arc<sipscript::sip::Message>]| -> Vec<String> {
        all.iter().map(|r| r.method().to_string()).collect()
    };
    assert_eq!(methods(at_bob), ["INVITE", "ACK", "INFO"]);
    assert_eq!(methods(at_alice), ["INFO", "INVITE", "ACK"]);
    assert!(at_bob.iter().all(|r| !r.has(HeaderId::Route)), "the proxy takes its own route off");
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
}

#[test]
fn early_media_reaches_the_caller() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::steps(&[(0, 183), (3_000, 200)]);
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Ringing);
    let progress = s.net.call(s.alice, &call).replies.last().cloned().expect("a reply");
    assert_eq!(progress.status().map(|c| c.get()), Some(183));
    assert!(progress.body().starts_with(b"v=0"));
    assert!(progress.has(HeaderId::RecordRoute));
    s.until(&call, CallState::Answered);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
}

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Ringing);
    s.net.cancel(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(487));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    assert!(s.records().is_empty());
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Ringing);
    s.net.answer(s.bob, &call, 200);
    s.net.cancel(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(200), "the answer was on its way");
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended, "the caller hung up");
}

#[test]
fn a_busy_callee_sends_the_call_to_voicemail() {
    let initial = r#"
	create_dialog();
	do_accounting("log", "cdr");
	record_route();
	t_on_failure("busy");
	t_relay();
"#;
    let more = r#"
failure_route[busy] {
	if (t_was_cancelled())
		exit;
	if (t_check_status("486")) {
		xlog("L_NOTICE", "busy: $(<reply>rs)\n");
		$ru = "sip:voicemail@10.0.0.30";
		t_relay();
	}
}
"#;
    let mut s = Stage::new(&script(initial, more));
    s.net.of_mut(s.bob).policy = Policy::rejecting(486);
    let call = s.talk(BOB);
    assert_eq!(s.net.call(s.carol, &call).state, CallState::Answered);
    assert_eq!(s.net.log(s.proxy).script(), ["busy: 486"]);
    let seen: Vec<_> = s.net.call(s.alice, &call).replies.iter().filter_map(|r| r.status()).map(|c| c.get()).collect();
    assert!(!seen.contains(&486), "{seen:?}");
    s.net.bye(s.carol, &call);
    s.net.assert_empty();
    assert_eq!(s.records().len(), 1);
}

#[test]
fn a_refusal_without_failure_route_reaches_the_caller() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::rejecting(603);
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Ended);
    assert_eq!(s.status(&call), Some(603));
    s.net.assert_empty();
}

#[test]
fn a_dead_callee_is_a_408_after_fr_timeout() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::silent();
    let call = s.net.invite(s.alice, "sip:nobody@10.0.0.99");
    let begun = s.net.now().mono;
    s.until(&call, CallState::Ended);
    assert_eq!(s.status(&call), Some(408));
    let took = s.net.now().mono.since(begun);
    assert!((Duration::from_millis(5_000)..Duration::from_millis(5_200)).contains(&took), "{took:?}");
    s.net.assert_empty();
}

#[test]
fn a_phone_that_only_rings_is_cancelled_after_fr_inv_timeout() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    let call = s.net.invite(s.alice, BOB);
    let begun = s.net.now().mono;
    s.until(&call, CallState::Ended);
    assert_eq!(s.status(&call), Some(408));
    let took = s.net.now().mono.since(begun);
    assert!((Duration::from_millis(20_000)..Duration::from_millis(20_300)).contains(&took), "{took:?}");
    s.net.assert_empty();
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
}

#[test]
fn requests_outside_calls_are_answered_by_the_script() {
    let initial = r#"
	if ($rm == "OPTIONS") {
		send_reply(200, "Fine");
		exit;
	}
	send_reply(405, "Method Not Allowed");
"#;
    let mut s = Stage::new(&script(initial, ""));
    s.net.tell(s.alice, |p, now| p.send_outside(now, &Method::Options, "sip:10.0.0.1", ""));
    s.net.tell(s.alice, |p, now| p.send_outside(now, &Method::Message, "sip:bob@10.0.0.1", ""));
    s.net.assert_empty();
    let replies: Vec<_> = s
        .net
        .of(s.alice)
        .replies
        .iter()
        .map(|r| (r.status().map(|c| c.get()), r.reason().map(<[u8]>::to_vec)))
        .collect();
    assert_eq!(replies, [(Some(200), Some(b"Fine".to_vec())), (Some(405), Some(b"Method Not Allowed".to_vec()))]);
}

#[test]
fn a_request_that_has_gone_too_far_is_refused() {
    let initial = r#"
	if (!mf_process_maxfwd_header(10)) {
		send_reply(483, "Too Many Hops");
		exit;
	}
	t_relay();
"#;
    let mut s = Stage::new(&script(initial, ""));
    let from = s.net.of(s.alice).addr;
    let text = "OPTIONS sip:bob@10.0.0.20 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.10:5060;branch=z9hG4bKfar\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: far\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n";
    let to = s.net.at(s.proxy).addr();
    s.net.inject(from, to, text);
    s.net.assert_empty();
    let sent = s.net.messages(to, from);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].starts_with(b"SIP/2.0 483 Too Many Hops\r\n"), "{:?}", sent[0]);
}
