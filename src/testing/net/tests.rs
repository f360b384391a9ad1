use super::*;
use crate::testing::{CallState, Policy, Weather};
use std::time::Duration;

const ALICE: &str = "10.0.0.1:5060";
const BOB: &str = "10.0.0.2:5060";

/// Two phones that talk to each other directly.
fn pair(seed: u64) -> (Net, PhoneId, PhoneId) {
    let mut net = Net::new(seed);
    let bob = net.phone_behind("bob", BOB, ALICE.parse().unwrap());
    let alice = net.phone_behind("alice", ALICE, BOB.parse().unwrap());
    (net, alice, bob)
}

#[test]
fn a_call_is_answered_and_hung_up() {
    let (mut net, alice, bob) = pair(1);
    let call = net.invite(alice, "sip:bob@10.0.0.2");
    net.wait("answer", |n| n.call(alice, &call).state == CallState::Answered);
    net.settle();
    assert_eq!(net.call(bob, &call).state, CallState::Answered);
    net.bye(bob, &call);
    net.settle();
    assert_eq!(net.call(alice, &call).state, CallState::Ended);
}

#[test]
fn a_cancelled_call_ends_with_487() {
    let (mut net, alice, bob) = pair(1);
    net.of_mut(bob).policy = Policy::ringing();
    let call = net.invite(alice, "sip:bob@10.0.0.2");
    net.wait("ringing", |n| n.call(alice, &call).state == CallState::Ringing);
    net.cancel(alice, &call);
    net.settle();
    assert_eq!(net.call(alice, &call).status, Some(487));
    assert_eq!(net.call(bob, &call).state, CallState::Ended);
}

#[test]
fn calls_survive_a_storm() {
    for seed in 0..20 {
        let (mut net, alice, bob) = pair(seed);
        net.weather = Weather::STORM;
        let call = net.invite(alice, "sip:bob@10.0.0.2");
        net.wait("answer", |n| n.call(alice, &call).state == CallState::Answered);
        net.settle();
        net.bye(alice, &call);
        net.settle();
        assert_eq!(net.call(bob, &call).state, CallState::Ended, "seed {seed}\n{}", net.history());
    }
}

#[test]
fn one_seed_gives_one_history() {
    let history = |seed| {
        let (mut net, alice, _) = pair(seed);
        net.weather = Weather::STORM;
        net.invite(alice, "sip:bob@10.0.0.2");
        net.settle();
        net.history()
    };
    assert_eq!(history(3), history(3));
    assert_ne!(history(3), history(4));
}

#[test]
fn an_unanswered_2xx_is_hung_up() {
    let (mut net, alice, bob) = pair(1);
    let call = net.invite(alice, "sip:bob@10.0.0.2");
    net.wait("ringing", |n| n.call(alice, &call).state == CallState::Ringing);
    // From here on nothing reaches anybody.
    net.weather.loss = 1000;
    net.run_for(Duration::from_secs(40));
    net.weather.loss = 0;
    net.settle();
    assert_eq!(net.call(bob, &call).state, CallState::Ended);
    assert_eq!(net.call(alice, &call).status, Some(408));
}
