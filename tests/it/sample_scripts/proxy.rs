use super::Sample;
use crate::calls::stage::field;
use sipscript::sip::Method;
use sipscript::testing::{CallState, Policy};

#[test]
fn a_call_is_relayed_and_recorded() {
    let mut s = Sample::new("proxy.cfg");
    let (caller, callee) = (s.phone("alice", 5070), s.phone("bob", 5080));
    let call = s.talk(caller, "bob");
    s.net.run_for(std::time::Duration::from_secs(3));
    s.net.bye(caller, &call);
    s.net.assert_empty();
    assert_eq!(s.net.call(callee, &call).state, CallState::Ended);
    let record = s.record(&call);
    assert!(field(&record, "ms_duration").and_then(|d| d.parse::<u64>().ok()).is_some_and(|d| d >= 3_000), "{record}");
    assert_eq!(field(&record, "code"), Some("200"));
}

#[test]
fn an_unanswered_call_is_named_in_the_log() {
    let mut s = Sample::new("proxy.cfg");
    let (caller, callee) = (s.phone("alice", 5070), s.phone("bob", 5080));
    s.net.of_mut(callee).policy = Policy::rejecting(486);
    assert_eq!(s.refused(caller, "bob"), Some(486));
    s.net.assert_empty();
    assert!(s.said("bob did not answer alice: 486"), "{:?}", s.net.log(s.server).lines());
    assert_eq!(s.net.log(s.server).count("ACC: call missed"), 1);
}

#[test]
fn other_requests_are_answered_by_the_server() {
    let mut s = Sample::new("proxy.cfg");
    let caller = s.phone("alice", 5070);
    for method in [Method::Options, Method::Publish] {
        s.net.tell(caller, |p, now| p.send_outside(now, &method, "sip:127.0.0.1:5060", ""));
    }
    s.net.assert_empty();
    let codes: Vec<_> = s.net.of(caller).replies.iter().filter_map(|r| r.status()).map(|c| c.get()).collect();
    assert_eq!(codes, [200, 405]);
}
