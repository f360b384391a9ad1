//! Calls over a network that loses, repeats and reorders: everybody comes to an end, and nothing is left over.
use super::stage::{BOB, CAROL, RELAY, Stage, script};
use sipscript::testing::{CallState, Policy, Weather};
use std::time::Duration;

/// Calls of one run: answered ones, refused ones, given up ones.
const CALLS: usize = 12;

fn check(seed: u64) {
    let mut s = Stage::seeded(&script(RELAY, ""), seed);
    s.net.weather = Weather::STORM;
    s.net.of_mut(s.bob).policies.insert("busy".into(), Policy::rejecting(486));
    s.net.of_mut(s.bob).policies.insert("rings".into(), Policy::ringing());
    let users = ["bob", "busy", "rings", "bob"];
    let mut calls = Vec::new();
    for n in 0..CALLS {
        let user = users[n % users.len()];
        calls.push((user, s.net.invite(s.alice, &format!("sip:{user}@10.0.0.20"))));
        s.net.run_for(Duration::from_millis(150));
    }
    s.net.run_for(Duration::from_secs(8));
    for (user, call) in &calls {
        if *user == "rings" {
            s.net.cancel(s.alice, call);
        }
    }
    s.net.run_for(Duration::from_secs(8));
    let answered = calls.iter().filter(|(_, c)| s.net.call(s.alice, c).state == CallState::Answered).count();
    for (n, (_, call)) in calls.iter().enumerate() {
        let who = if n % 2 == 0 { s.alice } else { s.bob };
        if s.net.call(s.alice, call).state == CallState::Answered {
            s.net.bye(who, call);
        }
    }
    s.net.assert_empty();
    for (user, call) in &calls {
        let at_alice = s.net.call(s.alice, call);
        assert_eq!(at_alice.state, CallState::Ended, "seed {seed}: {user} {call}");
        let expected: &[u16] = match *user {
            "busy" => &[486],
            "rings" => &[487],
            _ => &[200],
        };
        let status = at_alice.status.unwrap_or(0);
        // 408: 20 % loss in each direction beats `fr_timeout` now and then.
        assert!(expected.contains(&status) || status == 408, "seed {seed}: {user} got {status}");
    }
    assert_eq!(s.records().len(), answered, "seed {seed}: one record for each answered call");
}

#[test]
fn every_call_ends_and_every_answered_one_is_recorded_once() {
    (1..=8).for_each(check);
}

#[test]
fn forked_calls_end_too() {
    let initial = format!("append_branch(\"{CAROL}\");\n{RELAY}");
    for seed in 1..=6 {
        let mut s = Stage::seeded(&script(&initial, ""), seed);
        s.net.weather = Weather::STORM;
        s.net.of_mut(s.carol).policy = Policy::steps(&[(0, 180), (100, 200)]);
        let calls: Vec<_> = (0..6).map(|_| s.net.invite(s.alice, BOB)).collect();
        s.net.run_for(Duration::from_secs(30));
        for call in &calls {
            if s.net.call(s.alice, call).state == CallState::Answered {
                s.net.bye(s.alice, call);
            }
        }
        s.net.assert_empty();
        let states = calls.iter().map(|c| s.net.call(s.alice, c).state);
        assert!(states.into_iter().all(|s| s == CallState::Ended), "seed {seed}");
    }
}
