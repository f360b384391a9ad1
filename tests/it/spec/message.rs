//! Messages of cases: a block holds what matters, and the rest of a valid message is filled in.
use bytes::Bytes;

/// Whose request it is when a case does not say.
pub const CALLER: &str = "192.0.2.7:5061";

/// Header fields of a request that a block leaves out; `VIA` and `METHOD` stand for what they are.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("Via", "v", "SIP/2.0/UDP SENDER;branch=z9hG4bK1"),
    ("From", "f", "\"Alice\" <sip:alice@example.org>;tag=1"),
    ("To", "t", "<sip:bob@example.com>"),
    ("Call-ID", "i", "spec"),
    ("CSeq", "", "1 METHOD"),
];

/// A block as start line, header lines and body.
struct Written {
    start: String,
    headers: Vec<String>,
    body: String,
}

impl Written {
    fn of(block: &str) -> Written {
        let (head, body) = block.split_once("\n\n").unwrap_or((block.trim_end_matches('\n'), ""));
        let mut lines = head.lines();
        let start = lines.next().unwrap_or_default().to_owned();
        Written { start, headers: lines.map(str::to_owned).collect(), body: body.replace('\n', "\r\n") }
    }

    fn has(&self, name: &str, compact: &str) -> bool {
        self.headers.iter().any(|line| is_field(line, name) || (!compact.is_empty() && is_field(line, compact)))
    }

    fn bytes(self) -> Bytes {
        let length = match self.has("Content-Length", "l") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", self.body.len()),
        };
        let headers: String = self.headers.iter().map(|line| format!("{line}\r\n")).collect();
        Bytes::from(format!("{}\r\n{headers}{length}\r\n{}", self.start, self.body))
    }
}

/// The text of a block with the line ends of the wire.
pub fn raw(block: &str) -> Bytes {
    Bytes::from(block.replace('\n', "\r\n"))
}

/// A request; what is missing is filled in. The empty block is an OPTIONS.
pub fn request(block: &str, from: &str) -> Bytes {
    let block = if block.trim().is_empty() { "OPTIONS sip:bob@example.com SIP/2.0\n" } else { block };
    let mut written = Written::of(block);
    let method = written.start.split(' ').next().unwrap_or_default().to_owned();
    let missing: Vec<_> = DEFAULTS.iter().filter(|(name, compact, _)| !written.has(name, compact)).collect();
    let filled = missing
        .iter()
        .map(|(name, _, value)| format!("{name}: {}", value.replace("SENDER", from).replace("METHOD", &method)));
    written.headers = filled.chain(std::mem::take(&mut written.headers)).collect();
    written.bytes()
}

/// A reply to `request` as a phone writes it, with the fields that it copies; the empty block is a 200.
pub fn reply(block: &str, request: &[u8]) -> Bytes {
    let block = if block.trim().is_empty() { "SIP/2.0 200 OK\n" } else { block };
    let mut written = Written::of(block);
    let request = String::from_utf8_lossy(request).into_owned();
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let copied = head.lines().skip(1).filter(|line| {
        let copies = ["Via", "Record-Route", "From", "To", "Call-ID", "CSeq"];
        copies.iter().any(|name| is_field(line, name) && !written.has(name, ""))
    });
    let tag = |line: &str| match is_field(line, "To") && !line.contains(";tag=") && !is_provisional(&written.start) {
        true => format!("{line};tag=callee"),
        false => line.to_owned(),
    };
    let copied: Vec<String> = copied.map(tag).collect();
    written.headers = copied.into_iter().chain(std::mem::take(&mut written.headers)).collect();
    written.bytes()
}

fn is_provisional(start: &str) -> bool {
    start.split(' ').nth(1) == Some("100")
}

pub fn is_field(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(n, _)| n.trim().eq_ignore_ascii_case(name))
}

#[test]
fn a_request_gets_what_it_lacks_and_keeps_what_it_has() {
    let text = request("INVITE sip:c@h SIP/2.0\nf: <sip:x@y>;tag=9\n\nv=0\n", "10.0.0.9:5060");
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("Via: SIP/2.0/UDP 10.0.0.9:5060;") && text.contains("CSeq: 1 INVITE\r\n"), "{text}");
    assert!(!text.contains("From:") && text.ends_with("Content-Length: 5\r\n\r\nv=0\r\n"), "{text}");
}

#[test]
fn a_reply_copies_from_its_request() {
    let text = reply("SIP/2.0 180 Ringing\n", &request("", CALLER));
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("branch=z9hG4bK1\r\n") && text.contains("To: <sip:bob@example.com>;tag=callee\r\n"),
        "{text}"
    );
}
