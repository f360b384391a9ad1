//! Routes through several proxies, old strict routers, two address families.
use super::stage::{MODULES, RELAY, Stage, routes, script};
use sipscript::sip::HeaderId;
use sipscript::testing::{CallState, InviteOptions, Net};

#[test]
fn a_call_stays_on_both_proxies_of_its_path() {
    let mut net = Net::new(1);
    let onward = "record_route();\n$du = \"sip:10.0.0.2:5060\";\nt_relay();\n";
    let near = net.server(&format!("socket = udp:10.0.0.1:5060\n{MODULES}{}", routes(onward, "")));
    let far = net.server(&format!("socket = udp:10.0.0.2:5060\n{MODULES}{}", routes(RELAY, "")));
    let alice = net.phone("alice", "10.0.0.10:5060", near);
    let bob = net.phone("bob", "10.0.0.20:5060", far);
    let call = net.invite(alice, "sip:bob@10.0.0.20");
    net.wait("answer", |n| n.call(alice, &call).state == CallState::Answered);
    let invite = net.call(bob, &call).invite.clone();
    assert_eq!(invite.all(HeaderId::Via).count(), 3);
    assert_eq!(invite.all(HeaderId::RecordRoute).count(), 2);
    net.tell(bob, |p, now| p.reinvite(now, &call));
    net.settle();
    let through = |n: &Net, a: &str, b: &str| n.messages(a.parse().unwrap(), b.parse().unwrap()).len();
    let before = through(&net, "10.0.0.2:5060", "10.0.0.1:5060");
    assert!(before > 0);
    net.bye(bob, &call);
    net.assert_empty();
    assert_eq!(net.call(alice, &call).state, CallState::Ended);
    assert!(through(&net, "10.0.0.2:5060", "10.0.0.1:5060") > before, "the BYE passed both");
    assert_eq!(net.log(far).count("ACC: call ended"), 1);
}

#[test]
fn a_strict_router_before_us_is_understood() {
    let mut s = Stage::new(&script(RELAY, ""));
    let call = s.talk("sip:bob@10.0.0.20");
    let seen = s.net.call(s.alice, &call);
    let (from, to) = (s.net.of(s.alice).addr, s.net.at(s.proxy).addr());
    let invite = &seen.invite;
    let leg = seen.leg.clone().expect("the callee answered");
    // RFC 3261 16.4: our own URI came as Request-URI, the target is the last Route.
    let own = leg.routes[0].to_string();
    let own = own.trim_matches(['<', '>']);
    let text = format!(
        "BYE {own} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKstrict\r\nRoute: <{}>\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {call}\r\nCSeq: 2 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        leg.target,
        String::from_utf8_lossy(invite.value(HeaderId::From).unwrap()),
        leg.party,
    );
    s.net.inject(from, to, text);
    s.net.assert_empty();
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    let bye = s.net.call(s.bob, &call).requests.last().cloned().expect("a request");
    assert_eq!(bye.request_uri(), Some(leg.target.as_bytes()));
    assert!(!bye.has(HeaderId::Route));
    assert_eq!(s.records().len(), 1);
}

#[test]
fn a_request_with_a_foreign_route_is_sent_there() {
    let initial = r#"
	if (loose_route()) {
		t_relay();
		exit;
	}
	send_reply(404, "Not Here");
"#;
    let mut s = Stage::new(&script(initial, ""));
    let options = InviteOptions::with_headers("Route: <sip:10.0.0.1;lr>, <sip:10.0.0.30;lr>\r\n");
    let call = s.net.invite_with(s.alice, "sip:bob@10.0.0.20", &options);
    s.until(&call, CallState::Answered);
    assert_eq!(s.net.call(s.carol, &call).invite.request_uri(), Some(&b"sip:bob@10.0.0.20"[..]));
    assert_eq!(s.net.call(s.carol, &call).invite.value(HeaderId::Route), Some(&b"<sip:10.0.0.30;lr>"[..]));
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
}

#[test]
fn a_call_crosses_from_ipv6_to_ipv4_and_back() {
    let mut net = Net::new(1);
    let sockets = "socket = udp:10.0.0.1:5060\nsocket = udp:[2001:db8::1]:5060\n";
    let proxy = net.server(&format!("{sockets}{MODULES}{}", routes(RELAY, "")));
    let six = net.phone_behind("six", "[2001:db8::10]:5060", "[2001:db8::1]:5060".parse().unwrap());
    let four = net.phone("four", "10.0.0.20:5060", proxy);
    let call = net.invite(six, "sip:four@10.0.0.20");
    net.wait("answer", |n| n.call(six, &call).state == CallState::Answered);
    let record = net.call(four, &call).invite.clone();
    let recorded: Vec<_> = record
        .list(HeaderId::RecordRoute)
        .map(|(_, r)| String::from_utf8_lossy(record.bytes(r)).into_owned())
        .collect();
    assert_eq!(recorded.len(), 2, "one for each side: {recorded:?}");
    assert!(recorded[0].contains("10.0.0.1") && recorded[1].contains("[2001:db8::1]"), "{recorded:?}");
    net.bye(four, &call);
    net.settle();
    assert_eq!(net.call(six, &call).state, CallState::Ended);
    let back = net.invite(four, "sip:six@[2001:db8::10]");
    net.wait("answer", |n| n.call(four, &back).state == CallState::Answered);
    net.bye(four, &back);
    net.assert_empty();
    assert_eq!(net.call(six, &back).state, CallState::Ended);
    assert_eq!(net.log(proxy).count("ACC: call ended"), 2);
}
