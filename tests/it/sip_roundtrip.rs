//! A message that is forwarded differs from what came in the places it must, and nowhere else.
use crate::torture::valid;
use bytes::Bytes;
use proptest::prelude::*;
use sipscript::base::Str;
use sipscript::sip::header::{self, via};
use sipscript::sip::print::{Answer, RequestLine, answer, forward_reply, forward_request};
use sipscript::sip::sdp::Sdp;
use sipscript::sip::{Edits, Framing, HeaderId, Message, StatusCode, multipart};

const URI: &[u8] = b"sip:next@[2001:db8::7]:5070;transport=tcp";
const VIA: &[u8] = b"Via: SIP/2.0/TCP proxy.example.com;branch=z9hG4bKnext\r\n";

fn parse(bytes: &[u8]) -> Message {
    let bytes = Bytes::copy_from_slice(bytes);
    let shown = bytes.clone();
    let fail = |e: &dyn std::fmt::Display| panic!("{e}: {}", String::from_utf8_lossy(&shown));
    match Message::parse(bytes, Framing::Datagram) {
        Ok(message) => message,
        Err(error) => fail(&error),
    }
}

/// Our Via on top, another Request-URI, one hop less.
fn forwarded(message: &Message) -> Vec<u8> {
    let mut edits = Edits::new();
    if let Some(hops) = message.first(HeaderId::MaxForwards) {
        edits.set_value(hops, Str::from("9"));
    }
    let line = RequestLine { method: None, uri: Some(URI) };
    let mut out = Vec::new();
    forward_request(message, &edits, &line, VIA, Framing::Datagram, &mut out);
    out
}

fn returned(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    forward_reply(message, &Edits::new(), None, Framing::Datagram, &mut out);
    out
}

/// A message in pieces, so that what must come out can be put together without the code under test.
#[derive(Clone, Debug)]
struct Pieces {
    method: String,
    uri: String,
    /// Field name with colon and blanks, value, line end.
    fields: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    hops: usize,
    body: Vec<u8>,
    junk: Vec<u8>,
}

impl Pieces {
    fn start(&self, uri: &[u8]) -> Vec<u8> {
        [self.method.as_bytes(), b" ", uri, b" SIP/2.0\r\n"].concat()
    }

    fn head(&self, hops: Option<&[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        for (n, (name, value, end)) in self.fields.iter().enumerate() {
            let value = hops.filter(|_| n == self.hops).unwrap_or(value);
            out.extend([name, value, end.as_slice()].concat());
        }
        [&out, b"\r\n".as_slice()].concat()
    }

    fn received(&self) -> Vec<u8> {
        [self.start(self.uri.as_bytes()), self.head(None), self.body.clone(), self.junk.clone()].concat()
    }

    fn expected(&self) -> Vec<u8> {
        [self.start(URI), VIA.to_vec(), self.head(Some(b"9")), self.body.clone()].concat()
    }
}

fn token() -> BoxedStrategy<String> {
    "[a-zA-Z0-9.!%*_+`'~-]{1,12}".boxed()
}

fn host() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}\\.example\\.(com|org)",
        Just("192.0.2.7".to_owned()),
        Just("[2001:db8::9:1]".to_owned()),
    ]
    .boxed()
}

fn uri() -> BoxedStrategy<String> {
    let sip = (
        "(sip|sips|SIP)",
        "([a-z.+;=?/,&$]{1,9}(%[0-9A-F]{2})?(:[a-z!]{0,4})?@)?",
        host(),
        "(:[0-9]{1,4})?",
        "(;[a-z]{1,6}(=[a-zA-Z0-9:/%-]{1,6})?){0,3}",
    );
    prop_oneof![
        4 => sip.prop_map(|(scheme, user, host, port, params)| format!("{scheme}:{user}{host}{port}{params}")),
        1 => "tel:\\+[0-9-]{1,12}(;phone-context=example\\.com)?",
        1 => "urn:service:[a-z]{1,6}",
    ]
    .boxed()
}

/// Blanks, some of them folds.
fn blank() -> BoxedStrategy<String> {
    prop_oneof![4 => Just(" "), 2 => Just(""), 1 => Just("\t "), 1 => Just("\r\n "), 1 => Just(" \r\n\t")]
        .prop_map(str::to_owned)
        .boxed()
}

fn name(long: &'static str, compact: &'static str) -> BoxedStrategy<Vec<u8>> {
    let spelling = prop_oneof![
        Just(long.to_owned()),
        Just(long.to_uppercase()),
        Just(long.to_lowercase()),
        Just(compact.to_owned())
    ];
    (spelling, prop_oneof![3 => Just(":"), 1 => Just(" :"), 1 => Just("\t :")], blank())
        .prop_map(|(name, colon, blank)| format!("{name}{colon}{blank}").into_bytes())
        .boxed()
}

type Field = (Vec<u8>, Vec<u8>, Vec<u8>);

fn field(
    long: &'static str,
    compact: &'static str,
    value: impl Strategy<Value = Vec<u8>> + 'static,
) -> BoxedStrategy<Field> {
    let end = prop_oneof![4 => Just("\r\n"), 1 => Just(" \r\n"), 1 => Just("\n"), 1 => Just("\r\n \r\n")];
    (name(long, compact), value, end).prop_map(|(name, value, end)| (name, value, end.as_bytes().to_vec())).boxed()
}

fn via_value() -> BoxedStrategy<String> {
    let transport = prop_oneof![Just("UDP"), Just("tls"), Just("UNKNOWN")];
    (blank(), blank(), transport, host(), "(:[0-9]{1,4})?", token(), blank())
        .prop_map(|(a, b, transport, host, port, branch, c)| {
            format!("SIP{a}/2.0/{b}{transport} {host}{port}{c};{c}branch={branch};rport;x=\"a,\\\"b\"")
        })
        .boxed()
}

fn list(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Vec<u8>> {
    (prop::collection::vec(value, 1..4), blank())
        .prop_map(|(values, blank)| values.join(&format!("{blank},{blank}")).into_bytes())
        .boxed()
}

fn party() -> BoxedStrategy<Vec<u8>> {
    let display = prop_oneof![
        Just(String::new()),
        Just("\"Q, \\\"x\\\" <y>\"".to_owned()),
        Just("A. Bell ".to_owned()),
        Just("Zoë ".to_owned())
    ];
    (display, uri(), blank(), token())
        .prop_map(|(display, uri, blank, tag)| format!("{display}<{uri}>{blank};{blank}tag={blank}{tag}").into_bytes())
        .boxed()
}

/// Any bytes that do not end the line, NUL and broken UTF-8 among them.
fn opaque() -> BoxedStrategy<Vec<u8>> {
    let byte = any::<u8>().prop_filter("no line end", |b| !matches!(b, b'\r' | b'\n'));
    prop::collection::vec(byte, 0..40)
        .prop_map(|bytes| {
            let text = bytes.trim_ascii();
            text.to_vec()
        })
        .boxed()
}

fn fields(method: &str) -> BoxedStrategy<Vec<Field>> {
    let cseq = format!("7 {method}").into_bytes();
    let one = (
        field("From", "f", party()),
        field("To", "t", party()),
        field("Call-ID", "i", token().prop_map(String::into_bytes)),
        field("CSeq", "CSEQ", Just(cseq)),
        field("Max-Forwards", "max-forwards", Just(b"0068".to_vec())),
        field("Via", "v", list(via_value())),
    );
    let other = prop_oneof![
        field("Via", "v", list(via_value())),
        field("Record-Route", "record-ROUTE", list(uri().prop_map(|u| format!("<{u};lr>")))),
        field("Contact", "m", list(uri().prop_map(|u| format!("\"c,d\" <{u}>;q=0.5")))),
        field("Subject", "s", opaque()),
        field("X-!%*Unknown", "q", opaque()),
    ];
    (one, prop::collection::vec(other, 0..6))
        .prop_map(|((a, b, c, d, e, f), more)| [vec![a, b, c, d, e, f], more].concat())
        .boxed()
}

fn pieces() -> BoxedStrategy<Pieces> {
    let method = prop_oneof![Just("INVITE".to_owned()), Just("REGISTER".to_owned()), token()];
    let body = prop::collection::vec(any::<u8>(), 0..60);
    let junk = prop::collection::vec(any::<u8>(), 0..20);
    (method, uri(), body, junk, any::<bool>())
        .prop_flat_map(|(method, uri, body, junk, framed)| {
            let length = body.len().to_string().into_bytes();
            let content_length = field("Content-Length", "l", Just(length));
            let fields = (fields(&method), content_length).prop_map(move |(mut fields, length)| {
                if framed {
                    fields.push(length);
                }
                fields
            });
            let junk = if framed { junk } else { Vec::new() };
            (Just((method, uri, body, junk)), fields.prop_shuffle())
        })
        .prop_map(|((method, uri, body, junk), fields)| {
            let hops = fields.iter().position(|(_, value, _)| value == b"0068").unwrap_or(usize::MAX);
            Pieces { method, uri, fields, hops, body, junk }
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_forwarded_request_differs_only_where_it_must(pieces in pieces()) {
        let received = pieces.received();
        let message = parse(&received);
        prop_assert_eq!(message.validate(), Ok(()), "{}", String::from_utf8_lossy(&received));
        prop_assert_eq!(message.body(), &pieces.body[..]);
        let sent = forwarded(&message);
        let expected = pieces.expected();
        prop_assert_eq!(String::from_utf8_lossy(&sent), String::from_utf8_lossy(&expected));
        prop_assert_eq!(sent, expected);
    }

    #[test]
    fn a_via_that_was_put_on_comes_off_again(pieces in pieces(), reason in "[ -~]{0,20}") {
        let status = format!("SIP/2.0 299 {reason}\r\n").into_bytes();
        let head = pieces.head(None);
        let message = parse(&[&status, VIA, &head, &pieces.body].concat());
        prop_assert_eq!(returned(&message), [&status[..], &head, &pieces.body].concat());
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200), pieces in pieces(), at in any::<prop::sample::Index>()) {
        let mut mutated = pieces.received();
        let place = at.index(mutated.len());
        let cut = (place + bytes.len() / 4).min(mutated.len());
        mutated.splice(place..cut, bytes.iter().copied());
        for raw in [bytes, mutated] {
            let length = raw.len();
            match Message::parse(Bytes::from(raw), Framing::Datagram) {
                Ok(message) => {
                    prop_assert!(message.raw().len() <= length);
                    prop_assert!(message.headers().iter().all(|h| h.line.end as usize <= message.raw().len()));
                    read_everything(&message);
                    send_everything(&message);
                }
                Err(error) => error.partial.iter().for_each(|message| read_everything(message)),
            }
        }
    }
}

/// Every view of every value, whether it makes sense or not.
fn read_everything(message: &Message) {
    let raw = message.raw();
    for field in message.headers() {
        let value = field.value;
        via::values(raw, value).for_each(drop);
        header::name_addr::values(raw, value).for_each(drop);
        header::reason::values(raw, value).for_each(drop);
        header::CSeq::parse(raw, value);
        header::RAck::parse(raw, value);
        header::Replaces::parse(raw, value);
        header::ContentType::parse(raw, value).and_then(|t| t.boundary(raw));
        header::Auth::parse(raw, value).map(|a| a.fields(raw).count());
        header::refer_to::target(raw, value).and_then(|uri| header::refer_to::embedded_replaces(&uri));
    }
    multipart::parts(message);
    Sdp::parse(raw, message.body_range());
    header::route::values(message, HeaderId::Route).for_each(drop);
}

/// What is made from a valid request is valid.
fn send_everything(message: &Message) {
    if message.validate().is_err() || !message.is_request() {
        return;
    }
    let mut out = Vec::new();
    answer(message, &Answer { to_tag: Some(b"t"), ..Answer::new(StatusCode::OK) }, &mut out);
    assert_eq!(parse(&out).validate(), Ok(()), "{}", String::from_utf8_lossy(&out));
    assert_eq!(parse(&forwarded(message)).validate(), Ok(()));
}

#[test]
fn torture_messages_survive_forwarding() {
    for row in valid() {
        let message = parse(&row.message);
        let sent = if message.is_request() { forwarded(&message) } else { returned(&message) };
        assert_eq!(sent, by_hand(&message, &row.message), "{}", row.name);
    }
}

#[test]
fn a_datagrams_tail_is_not_forwarded() {
    let rows = valid();
    let double = rows.iter().find(|row| row.name == "dblreq").expect("the double request is in the set");
    let sent = forwarded(&parse(&double.message));
    assert!(!sent.windows(6).any(|w| w == b"INVITE"));
    assert!(sent.ends_with(b"\r\n\r\n"));
}

/// The forwarded message, from the received bytes by plain search and replace.
fn by_hand(message: &Message, received: &[u8]) -> Vec<u8> {
    let text = |range: std::ops::Range<usize>| received.get(range).expect("inside the message");
    let end = message.raw().len();
    if !message.is_request() {
        let line = find(received, b"Via:");
        let next = line + find(text(line..end), b"\n") + 1;
        return [text(0..line), text(next..end)].concat();
    }
    let method = find(received, b" ");
    let head = find(received, b"\n") + 1;
    let mut rest = text(head..end).to_vec();
    let lower = rest.to_ascii_lowercase();
    if let Some(at) = lower.windows(13).position(|w| w == b"max-forwards:") {
        let line_end = at + find(&rest[at..], b"\r");
        rest.splice(at + 14..line_end, *b"9");
    }
    [text(0..method), b" ", URI, b" SIP/2.0\r\n", VIA, &rest].concat()
}

fn find(text: &[u8], mark: &[u8]) -> usize {
    text.windows(mark.len()).position(|w| w == mark).expect("the mark is in the message")
}

#[test]
fn the_top_via_of_a_list_is_its_first_value() {
    let message = parse(b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;x=\"1,2\" , SIP/2.0/UDP b\r\n\r\n");
    let header = message.first(HeaderId::Via).expect("there is a Via");
    assert_eq!(via::values(message.raw(), header.value).count(), 2);
    assert_eq!(returned(&message), b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP b\r\n\r\n");
}
