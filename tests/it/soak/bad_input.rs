//! Datagrams that no honest phone sends, and the answer each deserves.
use sipscript::base::IdGen;

/// What comes back to the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is wrong with it; it just is not answered.
    Nothing,
    /// Broken, and nobody to answer: counted and dropped.
    Dropped,
    /// Broken: counted and answered.
    Refused(u16),
    /// What the script says to it.
    Script(u16),
    /// What is left of the message after random damage decides.
    Any,
}

pub struct Bad {
    pub name: &'static str,
    pub answer: Answer,
    make: fn(&str, &mut IdGen) -> Vec<u8>,
}

impl Bad {
    /// The datagram; `id` is its Call-ID and in its branch.
    pub fn bytes(&self, id: &str, lot: &mut IdGen) -> Vec<u8> {
        (self.make)(id, lot)
    }
}

macro_rules! table {
    ($( $name:literal => $answer:expr, |$id:ident, $lot:ident| $make:expr; )*) => {
        &[$( Bad { name: $name, answer: $answer, make: |$id, $lot| $make } ),*]
    };
}

use Answer::{Any, Dropped, Nothing, Refused, Script};

pub static ALL: &[Bad] = table! {
    "no CSeq" => Dropped, |id, _lot| without(id, "CSeq");
    "no From" => Refused(400), |id, _lot| without(id, "From");
    "no To" => Refused(400), |id, _lot| without(id, "To");
    "no Call-ID" => Refused(400), |id, _lot| without(id, "Call-ID");
    "no Via" => Dropped, |id, _lot| without(id, "Via");
    "two Call-IDs" => Refused(400), |id, _lot| changed(id, "Max-Forwards", "Call-ID: second\r\nMax-Forwards");
    "another method in CSeq" => Refused(400), |id, _lot| changed(id, "CSeq: 1 INVITE", "CSeq: 1 BYE");
    "a CSeq that is no number" => Refused(400), |id, _lot| changed(id, "CSeq: 1 INVITE", "CSeq: one INVITE");
    "another version" => Refused(505), |id, _lot| changed(id, "SIP/2.0\r\nVia", "SIP/7.0\r\nVia");
    "an unknown scheme" => Refused(416), |id, _lot| changed(id, "INVITE sip:", "INVITE nobody:");
    "no URI at all" => Refused(400), |id, _lot| changed(id, "sip:void@10.0.9.200:5060 SIP", "sip: SIP");
    "a body that is too short" => Refused(400), |id, _lot| changed(id, "Content-Length: 0", "Content-Length: 900");
    "a negative length" => Refused(400), |id, _lot| changed(id, "Content-Length: 0", "Content-Length: -1");
    "a broken From" => Refused(400), |id, _lot| changed(id, "From: <sip:", "From: \"open <sip:");
    "no hops left" => Script(483), |id, _lot| changed(id, "Max-Forwards: 70", "Max-Forwards: 0");
    "a hop count that is no number" => Refused(400), |id, _lot| changed(id, "Max-Forwards: 70", "Max-Forwards: x");
    "a BYE for no call" => Script(404), |id, _lot| within(id, "BYE");
    "a CANCEL for nothing" => Script(481), |id, _lot| request(id, "CANCEL");
    "an ACK for nothing" => Nothing, |id, _lot| request(id, "ACK");
    "a method that is not served" => Script(405), |id, _lot| request(id, "PUBLISH");
    "a reply to nothing" => Nothing, |id, _lot| stray_reply(id);
    "a short read" => Any, |id, lot| truncated(id, lot);
    "random bytes" => Dropped, |_id, lot| noise(lot, 200);
    "many random bytes" => Dropped, |_id, lot| noise(lot, 40_000);
    "a huge header" => Any, |id, _lot| changed(id, "Max-Forwards", &format!("X-Pad: {}\r\nMax-Forwards", "x".repeat(60_000)));
    "very many headers" => Any, |id, _lot| changed(id, "Max-Forwards", &format!("{}Max-Forwards", "X: y\r\n".repeat(5_000)));
    "line ends" => Nothing, |_id, _lot| b"\r\n\r\n".to_vec();
    "nothing" => Nothing, |_id, _lot| Vec::new();
    "a damaged INVITE" => Any, |id, lot| damaged(request(id, "INVITE"), lot);
    "a damaged BYE" => Any, |id, lot| damaged(within(id, "BYE"), lot);
    "a damaged reply" => Any, |id, lot| damaged(stray_reply(id), lot);
};

/// A valid request to nowhere.
fn request(id: &str, method: &str) -> Vec<u8> {
    format!(
        "{method} sip:void@10.0.9.200:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.9.1:5060;branch=z9hG4bK{id}\r\nFrom: <sip:x@example.org>;tag=x{id}\r\nTo: <sip:void@example.org>\r\nCall-ID: {id}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\nContact: <sip:x@10.0.9.1:5060>\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn within(id: &str, method: &str) -> Vec<u8> {
    let text = String::from_utf8(request(id, method)).expect("text");
    text.replace("To: <sip:void@example.org>", "To: <sip:void@example.org>;tag=there").into_bytes()
}

fn stray_reply(id: &str) -> Vec<u8> {
    format!(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK{id}.0\r\nVia: SIP/2.0/UDP 10.0.9.1:5060;branch=z9hG4bKx{id}\r\nFrom: <sip:x@example.org>;tag=x\r\nTo: <sip:y@example.org>;tag=y\r\nCall-ID: {id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn changed(id: &str, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(request(id, "INVITE")).expect("text");
    assert!(text.contains(from), "`{from}` is not in the template");
    text.replacen(from, to, 1).into_bytes()
}

fn without(id: &str, header: &str) -> Vec<u8> {
    let text = String::from_utf8(request(id, "INVITE")).expect("text");
    text.split_inclusive("\r\n").filter(|l| !l.starts_with(&format!("{header}:"))).collect::<String>().into_bytes()
}

fn truncated(id: &str, lot: &mut IdGen) -> Vec<u8> {
    let mut bytes = request(id, "INVITE");
    bytes.truncate(lot.below(bytes.len() as u64) as usize);
    bytes
}

/// Bytes that begin like no message.
fn noise(lot: &mut IdGen, length: u64) -> Vec<u8> {
    let length = 1 + lot.below(length);
    let mut bytes: Vec<u8> = (0..length).map(|_| lot.next_u32() as u8).collect();
    bytes[0] = 0xff;
    bytes
}

fn damaged(mut bytes: Vec<u8>, lot: &mut IdGen) -> Vec<u8> {
    for _ in 0..1 + lot.below(6) {
        let at = lot.below(bytes.len() as u64) as usize;
        match lot.below(3) {
            0 => bytes[at] = lot.next_u32() as u8,
            1 => bytes.insert(at, b" \r\n;:,<>\"@="[lot.below(11) as usize]),
            _ => {
                bytes.remove(at);
            }
        }
    }
    bytes
}
