//! The messages of RFC 4475 through a proxy: valid ones are relayed unharmed, broken ones answered or dropped.
use super::stage::{Stage, script};
use crate::torture::{Verdict, faults, valid};
use sipscript::sip::{Framing, Message};
use std::net::SocketAddr;
use std::time::Duration;

/// Everything goes to Bob, whatever the Request-URI says.
const TO_BOB: &str = r#"
	$du = "sip:10.0.0.20:5060";
	t_relay();
"#;

/// Statuses that went back to the sender's Via or address, and whether Bob got a request.
fn through(message: &[u8]) -> (Vec<u16>, bool) {
    let mut s = Stage::new(&format!(
        "{}onreply_route {{ exit; }}\n",
        script(TO_BOB, "").replace("has_totag()", "$rm == \"NONE\"")
    ));
    let (from, proxy): (SocketAddr, _) = ("192.0.2.2:5060".parse().expect("an address"), s.net.at(s.proxy).addr());
    s.net.inject(from, proxy, message.to_vec());
    s.net.run_for(Duration::from_millis(400));
    let sent = s.net.sent_by(proxy);
    let replies = sent.iter().filter(|(to, _)| *to != s.net.of(s.bob).addr);
    let parsed = replies.filter_map(|(_, bytes)| Message::parse(bytes.clone(), Framing::Datagram).ok());
    let statuses = parsed.filter_map(|m| m.status()).map(|c| c.get()).filter(|c| *c != 100).collect();
    let relayed = !s.net.of(s.bob).requests.is_empty();
    s.net.assert_empty();
    assert_eq!(s.net.log(s.proxy).count("a fault of this server"), 0);
    (statuses, relayed)
}

#[test]
fn valid_requests_are_relayed() {
    for torture in valid() {
        let is_request = !torture.message.starts_with(b"SIP/2.0");
        let (_, relayed) = through(&torture.message);
        assert_eq!(relayed, is_request, "{} ({})", torture.name, torture.section);
    }
}

#[test]
fn broken_messages_are_answered_as_they_deserve() {
    for (name, verdict, message) in faults() {
        let (statuses, relayed) = through(&message);
        match verdict {
            Verdict::Accept => (),
            Verdict::Answer(status) => assert_eq!((statuses, relayed), (vec![status], false), "{name}"),
            Verdict::Drop => assert_eq!((statuses, relayed), (Vec::new(), false), "{name}"),
        }
    }
}
