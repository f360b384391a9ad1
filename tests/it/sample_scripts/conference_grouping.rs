use super::Sample;
use sipscript::testing::PhoneId;

/// Two conference servers and some participants.
fn rooms() -> (Sample, [PhoneId; 2], Vec<PhoneId>) {
    let mut s = Sample::new("conference_grouping.cfg");
    let servers = [s.phone("one", 5081), s.phone("two", 5082)];
    let participants = (0..6).map(|n| s.phone(&format!("p{n}"), 5070 + n)).collect();
    (s, servers, participants)
}

/// Whether the call went to the first server or the second.
fn server_of(s: &Sample, servers: [PhoneId; 2], call: &str) -> usize {
    let there: Vec<bool> = servers.iter().map(|p| s.net.of(*p).call(call).is_some()).collect();
    assert_ne!(there[0], there[1], "{call} is at one of them");
    usize::from(there[1])
}

#[test]
fn all_calls_of_a_room_go_to_one_server() {
    let (mut s, servers, p) = rooms();
    let first: Vec<_> = p[..3].iter().map(|p| s.talk(*p, "3001")).collect();
    let second: Vec<_> = p[3..5].iter().map(|p| s.talk(*p, "3002")).collect();
    assert!(first.iter().all(|c| server_of(&s, servers, c) == 0));
    assert!(second.iter().all(|c| server_of(&s, servers, c) == 1), "the less used one");
    assert!(s.said("participant 3 of room 3001 goes to 127.0.0.1:5081"));
    assert!(s.said("participant 2 of room 3002 goes to 127.0.0.1:5082"));

    // The first room empties; it is placed anew where fewer calls are.
    for (phone, call) in p[..3].iter().zip(&first) {
        s.net.bye(*phone, call);
    }
    s.net.settle();
    let third = s.talk(p[5], "3003");
    let again = s.talk(p[0], "3001");
    assert_eq!(server_of(&s, servers, &third), 0);
    assert_eq!(server_of(&s, servers, &again), 0, "one call there, two at the other");
    for (phone, call) in p[3..].iter().zip(second.iter().chain([&third])) {
        s.net.bye(*phone, call);
    }
    s.net.bye(p[0], &again);
    s.net.assert_empty();
}

#[test]
fn what_is_no_room_is_refused() {
    let (mut s, _, p) = rooms();
    assert_eq!(s.refused(p[0], "4001"), Some(404));
    assert_eq!(s.refused(p[0], "30011"), Some(404));
    s.net.assert_empty();
}
