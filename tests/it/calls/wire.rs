//! What the proxy does to messages, and to phones that misbehave.
use super::stage::{BOB, MODULES, RELAY, Stage, routes, script};
use sipscript::sip::{Framing, HeaderId, Message, Method};
use sipscript::testing::{CallState, Net, Policy};
use std::net::SocketAddr;
use std::time::Duration;

const TO_BOB: &str = "t_relay();\n";

fn request(method: &str, via: &str, more: &str) -> String {
    format!(
        "{method} sip:bob@10.0.0.20 SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bKraw\r\nFrom: <sip:x@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: raw\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

fn addr(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn first_lines(messages: &[bytes::Bytes]) -> Vec<String> {
    messages.iter().map(|m| String::from_utf8_lossy(m).lines().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_repeated_invite_is_relayed_once_and_answered_again() {
    let mut s = Stage::new(&script(TO_BOB, ""));
    s.net.of_mut(s.bob).policy = Policy::steps(&[(2_000, 486)]);
    let (raw, proxy) = (s.net.ear("10.0.0.50:5060"), s.net.at(s.proxy).addr());
    let invite = request("INVITE", "10.0.0.50:5060", "");
    for _ in 0..3 {
        s.net.inject(raw, proxy, invite.clone());
        s.net.run_for(Duration::from_millis(100));
    }
    assert_eq!(s.net.of(s.bob).requests.len(), 1);
    let heard = s.net.heard(raw);
    assert_eq!(first_lines(&heard).len(), 3, "a 100 for each");
    assert!(first_lines(&heard).iter().all(|l| l.starts_with("SIP/2.0 100")));
    s.net.run_for(Duration::from_secs(4));
    let heard = first_lines(&s.net.heard(raw));
    assert!(heard.len() >= 2, "the 486 is repeated until it is acknowledged: {heard:?}");
    let ack = request("ACK", "10.0.0.50:5060", "");
    s.net.inject(raw, proxy, ack);
    s.net.run_for(Duration::from_millis(100));
    s.net.heard(raw);
    s.net.assert_empty();
    assert!(s.net.heard(raw).is_empty(), "nothing after the ACK");
}

#[test]
fn the_acknowledgement_of_a_refusal_goes_one_hop() {
    let mut s = Stage::new(&script(TO_BOB, ""));
    s.net.of_mut(s.bob).policy = Policy::rejecting(486);
    let call = s.net.invite(s.alice, BOB);
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(486));
    let to_bob = first_lines(&s.net.messages(addr("10.0.0.1:5060"), addr("10.0.0.20:5060")));
    let acks = to_bob.iter().filter(|l| l.starts_with("ACK")).count();
    assert_eq!(acks, 1, "{to_bob:?}");
}

#[test]
fn a_reply_goes_to_where_the_request_came_from() {
    let initial = "force_rport();\nsend_reply(200, \"OK\");\n";
    let mut s = Stage::new(&script(initial, ""));
    let (behind, proxy) = (s.net.ear("203.0.113.9:40000"), s.net.at(s.proxy).addr());
    s.net.inject(behind, proxy, request("OPTIONS", "192.168.1.2:5060", ""));
    s.net.settle();
    let heard = s.net.heard(behind);
    assert_eq!(heard.len(), 1);
    let text = String::from_utf8_lossy(&heard[0]).into_owned();
    assert!(text.contains("received=203.0.113.9") && text.contains("rport=40000"), "{text}");
}

#[test]
fn without_rport_a_reply_goes_to_the_source_address_at_the_port_of_the_via() {
    let mut s = Stage::new(&script("send_reply(200, \"OK\");\n", ""));
    let (listens, proxy) = (s.net.ear("203.0.113.9:5070"), s.net.at(s.proxy).addr());
    s.net.inject(addr("203.0.113.9:40000"), proxy, request("OPTIONS", "192.168.1.2:5070", ""));
    s.net.settle();
    let heard = s.net.heard(listens);
    assert_eq!(heard.len(), 1);
    assert!(String::from_utf8_lossy(&heard[0]).contains("received=203.0.113.9"));
}

#[test]
fn what_is_not_touched_leaves_as_it_came() {
    let mut s = Stage::new(&script(TO_BOB, ""));
    let (raw, proxy) = (s.net.ear("10.0.0.50:5060"), s.net.at(s.proxy).addr());
    let body = b"\x00\xff\xfe binary \r\n\r\n body";
    let head = format!(
        "FROBNICATE sip:bob@10.0.0.20;x=%41 SIP/2.0\r\nv: SIP/2.0/UDP 10.0.0.50:5060;branch=z9hG4bKraw\r\nf:\t\"\\\"odd\\\"\" <sip:x@example.org>\r\n ;tag=1\r\nt: sip:bob@example.org\r\ni: raw\r\nCSEQ:   0007   FROBNICATE\r\nX-Caf\u{e9}: caf\u{e9}\r\nmax-FORWARDS: 70\r\ns:\r\nl: {}\r\n\r\n",
        body.len()
    );
    // A name with an accent is no token; the value may have one.
    let head = head.replace("X-Caf\u{e9}:", "X-Cafe:");
    let mut message = head.into_bytes();
    message.extend_from_slice(body);
    s.net.inject(raw, proxy, message.clone());
    s.net.settle();
    let sent = s.net.messages(proxy, addr("10.0.0.20:5060"));
    assert_eq!(sent.len(), 1);
    let sent = &sent[0];
    // RFC 3261 16.6: the request line, one Via more, one hop less; all else byte for byte.
    let ours = sent.windows(5).position(|w| w == b"Via: ").expect("our Via");
    let end = ours + sent[ours..].windows(2).position(|w| w == b"\r\n").expect("its end") + 2;
    let mut without = sent[..ours].to_vec();
    without.extend_from_slice(&sent[end..]);
    let text = |b: &[u8]| String::from_utf8_lossy(b).replace("max-FORWARDS: 69", "max-FORWARDS: 70");
    assert_eq!(text(&without), text(&message), "{}", String::from_utf8_lossy(sent));
    assert!(sent.ends_with(body));
}

#[test]
fn a_call_that_passes_the_same_proxy_twice_is_two_calls_to_it() {
    let initial = r#"
	if ($rU == "alias") {
		$ru = "sip:bob@10.0.0.20";
		$du = "sip:10.0.0.1:5060";
	}
"#;
    let mut s = Stage::new(&script(&format!("{initial}{RELAY}"), ""));
    let call = s.talk("sip:alias@10.0.0.1");
    let invite = s.net.call(s.bob, &call).invite.clone();
    assert_eq!(invite.all(HeaderId::Via).count(), 3);
    s.net.bye(s.bob, &call);
    s.net.assert_empty();
    assert_eq!(s.net.call(s.alice, &call).state, CallState::Ended);
    assert_eq!(s.records().len(), 2);
}

#[test]
fn a_caller_can_give_up_before_anything_is_heard_of_the_callee() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::steps(&[(1_500, 180)]);
    let call = s.net.invite(s.alice, BOB);
    s.net.run_for(Duration::from_millis(200));
    s.net.cancel(s.alice, &call);
    s.net.run_for(Duration::from_millis(500));
    let early = first_lines(&s.net.messages(addr("10.0.0.1:5060"), addr("10.0.0.20:5060")));
    assert!(early.iter().all(|l| !l.starts_with("CANCEL")), "RFC 3261 9.1: not before a provisional: {early:?}");
    s.net.assert_empty();
    assert_eq!(s.status(&call), Some(487));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended, "it was cancelled once it rang");
}

#[test]
fn a_caller_that_vanishes_before_its_ack_leaves_nothing() {
    let mut s = Stage::new(&script(RELAY, ""));
    let (raw, proxy) = (s.net.ear("10.0.0.50:5060"), s.net.at(s.proxy).addr());
    let contact = "Contact: <sip:x@10.0.0.50:5060>\r\n";
    s.net.inject(raw, proxy, request("INVITE", "10.0.0.50:5060", contact));
    s.net.assert_empty();
    let bob = s.net.of(s.bob).calls().next().expect("he was called").clone();
    assert_eq!(bob.state, CallState::Ended, "his phone hung up when no ACK came");
    let heard = first_lines(&s.net.heard(raw));
    assert!(heard.iter().filter(|l| l.starts_with("SIP/2.0 200")).count() > 5, "{heard:?}");
    assert_eq!(heard.last().map(|l| l.starts_with("BYE")), Some(true), "{heard:?}");
}

#[test]
fn a_callee_that_vanishes_is_hung_up_all_the_same() {
    let mut s = Stage::new(&script(RELAY, ""));
    let call = s.talk(BOB);
    s.net.settle();
    s.net.unplug(s.bob);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
    let last = s.net.call(s.alice, &call).replies.last().cloned().expect("a reply");
    assert_eq!(last.status().map(|c| c.get()), Some(408));
    assert_eq!(s.records().len(), 1);
}

#[test]
fn both_may_hang_up_at_once() {
    let mut s = Stage::new(&script(RELAY, ""));
    let call = s.talk(BOB);
    s.net.settle();
    s.net.bye(s.alice, &call);
    s.net.bye(s.bob, &call);
    s.net.assert_empty();
    assert_eq!(s.records().len(), 1);
    for phone in [s.alice, s.bob] {
        assert_eq!(s.net.call(phone, &call).state, CallState::Ended);
    }
}

#[test]
fn requests_within_an_early_dialog_reach_the_callee() {
    let mut s = Stage::new(&script(RELAY, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    let call = s.net.invite(s.alice, BOB);
    s.until(&call, CallState::Ringing);
    s.net.request(s.alice, &call, &Method::Update, "");
    s.net.run_for(Duration::from_millis(200));
    let at_bob: Vec<_> = s.net.call(s.bob, &call).requests.iter().map(|r| r.method()).collect();
    assert_eq!(at_bob, [Method::Invite, Method::Update]);
    s.net.answer(s.bob, &call, 200);
    s.until(&call, CallState::Answered);
    s.net.bye(s.alice, &call);
    s.net.assert_empty();
    assert_eq!(s.records().len(), 1);
}

#[test]
fn a_reply_leaves_by_the_socket_of_its_request() {
    let mut net = Net::new(1);
    let sockets = "socket = udp:10.0.0.1:5060\nsocket = udp:10.0.0.1:5070\nsocket = udp:10.0.0.2:5060\n";
    let proxy = net.server(&format!("{sockets}{MODULES}{}", routes(TO_BOB, "")));
    let bob = net.phone("bob", "10.0.0.20:5060", proxy);
    for to in ["10.0.0.1:5070", "10.0.0.2:5060"] {
        let raw = net.ear("10.0.0.50:5060");
        net.inject(
            raw,
            addr(to),
            request("MESSAGE", "10.0.0.50:5060", "").replace("raw", &to.replace([':', '.'], "-")),
        );
        net.settle();
        let replies = first_lines(&net.messages(addr(to), raw));
        assert_eq!(replies, ["SIP/2.0 200 OK"], "{to}");
    }
    assert_eq!(net.of(bob).requests.len(), 2);
    net.assert_empty();
}

#[test]
fn early_dialogs_of_a_fork_keep_their_tags() {
    let initial = format!("append_branch(\"sip:carol@10.0.0.30\");\n{RELAY}");
    let mut s = Stage::new(&script(&initial, ""));
    s.net.of_mut(s.bob).policy = Policy::ringing();
    s.net.of_mut(s.carol).policy = Policy::ringing();
    let call = s.net.invite(s.alice, BOB);
    s.net.run_for(Duration::from_millis(200));
    let mut tags: Vec<_> =
        s.net.call(s.alice, &call).replies.iter().filter_map(|r| r.to_tag().map(<[u8]>::to_vec)).collect();
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 2);
    s.net.answer(s.carol, &call, 200);
    s.until(&call, CallState::Answered);
    s.net.run_for(Duration::from_secs(1));
    assert_eq!(s.net.call(s.bob, &call).state, CallState::Ended);
    s.net.bye(s.carol, &call);
    s.net.assert_empty();
}

#[test]
fn replies_are_valid_messages() {
    let mut s = Stage::new(&script("send_reply(200, \"OK\");\n", ""));
    let (raw, proxy) = (s.net.ear("10.0.0.50:5060"), s.net.at(s.proxy).addr());
    s.net.inject(raw, proxy, request("OPTIONS", "10.0.0.50:5060", "X: y\r\n"));
    s.net.settle();
    let heard = s.net.heard(raw);
    let reply = Message::parse(heard[0].clone(), Framing::Stream).expect("a message");
    assert_eq!(reply.validate(), Ok(()));
    assert!(reply.to_tag().is_some(), "RFC 3261 8.2.6.2");
    assert!(!reply.has(HeaderId::MaxForwards));
}
