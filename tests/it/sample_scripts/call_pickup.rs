use super::Sample;
use sipscript::testing::{CallState, PhoneId, Policy};

/// A phone that only rings, and somebody who calls.
fn ringing() -> (Sample, PhoneId, PhoneId) {
    let mut s = Sample::new("call_pickup.cfg");
    let (alice, ann) = (s.phone("alice", 5070), s.phone("ann", 5080));
    s.net.of_mut(ann).policy = Policy::ringing();
    (s, alice, ann)
}

fn ring(s: &mut Sample, caller: PhoneId, user: &str) -> String {
    let call = s.net.invite(caller, &super::uri(user));
    s.until(caller, &call, CallState::Ringing);
    call
}

#[test]
fn a_colleague_answers_the_call_that_rings_at_a_user() {
    let (mut s, alice, ann) = ringing();
    let ben = s.phone("sales.ben", 5071);
    let call = ring(&mut s, alice, "sales.ann");
    let picked = s.talk(ben, "*8sales.ann");
    assert!(s.said("sales.ben picks up the call of alice"));
    assert_eq!(s.value(&picked, "customer").as_deref(), Some("alice"));
    assert_eq!(s.net.call(alice, &picked).state, CallState::Answered);
    s.until(ann, &call, CallState::Ended);
    s.until(alice, &call, CallState::Ended);
    assert_eq!(s.net.call(alice, &call).status, Some(487), "alice's phone gave the ringing call up");
    s.net.bye(ben, &picked);
    s.net.assert_empty();
}

#[test]
fn only_what_rings_can_be_picked_up() {
    let (mut s, alice, ann) = ringing();
    let ben = s.phone("sales.ben", 5071);
    assert_eq!(s.refused(ben, "*8sales.ann"), Some(404));
    let call = ring(&mut s, alice, "sales.ann");
    s.net.answer(ann, &call, 200);
    s.until(alice, &call, CallState::Answered);
    assert_eq!(s.refused(ben, "*8sales.ann"), Some(404));
    s.net.bye(alice, &call);
    s.net.run_for(std::time::Duration::from_millis(100));
    assert_eq!(s.refused(ben, "*8sales.ann"), Some(404));
    s.net.assert_empty();
}

#[test]
fn each_colleague_of_a_group_picks_up_another_call() {
    let (mut s, alice, ann) = ringing();
    let callers = [alice, s.phone("bert", 5072), s.phone("cleo", 5073)];
    for caller in callers {
        ring(&mut s, caller, "sales.ann");
    }
    let lab = s.phone("lab.carl", 5074);
    assert_eq!(s.refused(lab, "*9"), Some(404), "nothing rings in his group");
    let colleagues = [s.phone("sales.ben", 5075), s.phone("sales.cat", 5076), s.phone("sales.dan", 5077)];
    let picked: Vec<_> = colleagues.iter().map(|c| s.talk(*c, "*9")).collect();
    let mut customers: Vec<_> = picked.iter().map(|c| s.value(c, "customer").unwrap_or_default()).collect();
    customers.sort();
    assert_eq!(customers, ["alice", "bert", "cleo"]);
    let late = s.phone("sales.eve", 5078);
    assert_eq!(s.refused(late, "*9"), Some(404));
    for (colleague, call) in colleagues.iter().zip(&picked) {
        s.net.bye(*colleague, call);
    }
    s.net.assert_empty();
    assert!(s.net.of(ann).calls().all(|c| c.state == CallState::Ended));
}
