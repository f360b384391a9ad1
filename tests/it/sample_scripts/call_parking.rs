use super::{Sample, uri};
use crate::calls::stage::field;
use sipscript::testing::{CallState, InviteOptions};

#[test]
fn the_retriever_gets_the_parked_caller_and_his_data() {
    let mut s = Sample::new("call_parking.cfg");
    let (alice, carol, music) = (s.phone("alice", 5070), s.phone("carol", 5071), s.phone("music", 5090));
    let parked = s.talk(alice, "701");
    assert_eq!(s.profiles(&parked), [Some("701".into())]);
    let found = s.talk(carol, "*701");
    assert!(s.said("carol retrieves alice from 701"));
    assert_eq!(s.value(&found, "customer").as_deref(), Some("alice"));
    assert_eq!(s.value(&parked, "retrieved_by").as_deref(), Some("carol"));
    // Alice's phone took the call with Replaces and left the music.
    assert_eq!(s.net.call(alice, &found).state, CallState::Answered);
    s.until(music, &parked, CallState::Ended);
    s.net.bye(carol, &found);
    s.net.assert_empty();
    let record = s.record(&found);
    assert_eq!((field(&record, "customer"), field(&record, "orbit")), (Some("alice"), Some("701")));
    let record = s.record(&parked);
    assert_eq!((field(&record, "customer"), field(&record, "orbit")), (Some("alice"), Some("701")));
}

#[test]
fn of_all_who_dial_at_once_one_wins() {
    for round in 0..20 {
        let mut s = Sample::new("call_parking.cfg");
        let alice = s.phone("alice", 5070);
        s.phone("music", 5090);
        s.talk(alice, "701");
        let callers: Vec<_> = (0..8).map(|n| s.phone(&format!("caller{n}"), 6000 + n)).collect();
        let mut requests = Vec::new();
        for (n, caller) in callers.iter().enumerate() {
            let options = InviteOptions::with_call_id(&format!("race{n}"));
            let sent = s.net.withhold(*caller, |p, now| {
                p.invite(now, &uri("*701"), &options);
            });
            requests.extend(sent);
        }
        s.net.race(s.server, requests);
        s.net.run_for(std::time::Duration::from_secs(2));
        let states = callers.iter().enumerate().map(|(n, c)| s.net.call(*c, &format!("race{n}")));
        let mut codes: Vec<_> = states.map(|c| c.status).collect();
        codes.sort_unstable();
        let mut expected = [Some(404); 8];
        expected[0] = Some(200);
        assert_eq!(codes, expected, "round {round}");
        let winner = callers.iter().enumerate().find(|(n, c)| s.net.call(**c, &format!("race{n}")).status == Some(200));
        let (n, winner) = winner.expect("one won");
        s.net.bye(*winner, &format!("race{n}"));
        s.net.assert_empty();
    }
}

#[test]
fn an_empty_place_and_an_occupied_one_are_refused() {
    let mut s = Sample::new("call_parking.cfg");
    let (alice, carol) = (s.phone("alice", 5070), s.phone("carol", 5071));
    s.phone("music", 5090);
    assert_eq!(s.refused(carol, "*702"), Some(404));
    let parked = s.talk(alice, "702");
    assert_eq!(s.refused(carol, "702"), Some(486));
    s.net.bye(alice, &parked);
    s.net.run_for(std::time::Duration::from_millis(100));
    assert_eq!(s.refused(carol, "*702"), Some(404), "whoever hung up is not there any more");
    s.net.assert_empty();
}
