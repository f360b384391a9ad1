//! `Message`: received bytes and the index over them. Values are read when asked for; what the protocol asks for on
//! every message is read once and kept.
use super::error::{Fault, ParseError};
use super::header::{CSeq, NameAddr, Via, via};
use super::index::Index;
use super::method::Method;
use super::name::HeaderId;
use super::range::Range;
use super::scan::commas;
use super::status::StatusCode;
use super::uri::{UriParts, UriView};
use crate::base::Str;
use bytes::Bytes;
use std::sync::OnceLock;

/// The largest message we read.
pub const MAX_MESSAGE: usize = 1 << 20;

/// How the bytes came, which decides what bytes behind the body mean (RFC 3261 18.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    Datagram,
    Stream,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartLine {
    Request { method: Range, uri: Range },
    Reply { code: u16, reason: Range },
}

/// One header field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    pub id: HeaderId,
    pub name: Range,
    /// Without the white space around it; folds inside stay.
    pub value: Range,
    /// All of it: name, folds and line end.
    pub line: Range,
}

/// A received message. Its bytes never change; what is to be changed goes into an [`super::edit::Edits`].
#[derive(Debug)]
pub struct Message {
    raw: Bytes,
    start: StartLine,
    headers: Vec<Header>,
    seen: u128,
    repeated: u128,
    head_end: u32,
    body: Range,
    body_fault: Option<Fault>,
    top_via: OnceLock<Option<Via>>,
    cseq: OnceLock<Option<CSeq>>,
    from: OnceLock<Option<NameAddr>>,
    to: OnceLock<Option<NameAddr>>,
    uri: OnceLock<Option<UriParts>>,
    from_uri: OnceLock<Option<UriParts>>,
    to_uri: OnceLock<Option<UriParts>>,
}

/// Bytes that keep a NAT binding or a connection alive and hold no message: nothing, line ends, or zeros.
pub fn is_keepalive(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0))
}

impl Message {
    /// Finds the parts of a message. Line ends before the start line are skipped (RFC 3261 7.5); bytes behind a
    /// datagram's Content-Length are cut off. Call [`Message::validate`] before acting on the result.
    pub fn parse(raw: Bytes, framing: Framing) -> Result<Message, ParseError> {
        if raw.len() > MAX_MESSAGE {
            return Err(ParseError { fault: Fault::TooLarge, partial: None });
        }
        let lead = raw.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let raw = if lead > 0 { raw.slice(lead..) } else { raw };
        let Some(index) = Index::of(&raw, framing) else {
            return Err(ParseError { fault: Fault::StartLine, partial: None });
        };
        let fault = index.fault;
        let message = Message::from_index(raw, index);
        match fault {
            None => Ok(message),
            Some(fault) => Err(ParseError { fault, partial: Some(Box::new(message)) }),
        }
    }

    fn from_index(mut raw: Bytes, index: Index) -> Message {
        raw.truncate(index.body.end as usize);
        Message {
            raw,
            start: index.start,
            headers: index.headers,
            seen: index.seen,
            repeated: index.repeated,
            head_end: index.head_end,
            body: index.body,
            body_fault: index.body_fault,
            top_via: OnceLock::new(),
            cseq: OnceLock::new(),
            from: OnceLock::new(),
            to: OnceLock::new(),
            uri: OnceLock::new(),
            from_uri: OnceLock::new(),
            to_uri: OnceLock::new(),
        }
    }

    /// All bytes of the message, as received.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    #[inline]
    pub fn bytes(&self, range: Range) -> &[u8] {
        range.of(&self.raw)
    }

    /// The text at `range`, sharing the message's buffer.
    #[inline]
    pub fn text(&self, range: Range) -> Str {
        Str::slice_of(&self.raw, self.bytes(range))
    }

    pub fn start_line(&self) -> &StartLine {
        &self.start
    }

    pub fn is_request(&self) -> bool {
        matches!(self.start, StartLine::Request { .. })
    }

    /// The method of a request; empty for a reply.
    pub fn method_bytes(&self) -> &[u8] {
        match self.start {
            StartLine::Request { method, .. } => self.bytes(method),
            StartLine::Reply { .. } => b"",
        }
    }

    /// The method of a request, the CSeq method of a reply: what `$rm` shows.
    pub fn method(&self) -> Method {
        match self.start {
            StartLine::Request { method, .. } => Method::parse(self.bytes(method)),
            StartLine::Reply { .. } => Method::parse(self.cseq().map_or(b"", |c| self.bytes(c.method))),
        }
    }

    pub fn status(&self) -> Option<StatusCode> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Reply { code, .. } => StatusCode::new(code),
        }
    }

    /// The reason phrase of a reply.
    pub fn reason(&self) -> Option<&[u8]> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Reply { reason, .. } => Some(self.bytes(reason)),
        }
    }

    /// The Request-URI as received.
    pub fn request_uri(&self) -> Option<&[u8]> {
        match self.start {
            StartLine::Request { uri, .. } => Some(self.bytes(uri)),
            StartLine::Reply { .. } => None,
        }
    }

    /// The parts of the Request-URI; `None` for a reply and for a text that is no URI.
    pub fn request_uri_view(&self) -> Option<UriView<'_>> {
        split_once(self.request_uri()?, &self.uri)
    }

    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Whether any header field has this id.
    pub fn has(&self, id: HeaderId) -> bool {
        self.seen & id.bit() != 0
    }

    pub fn has_several(&self, id: HeaderId) -> bool {
        self.repeated & id.bit() != 0
    }

    pub fn first(&self, id: HeaderId) -> Option<&Header> {
        if !self.has(id) {
            return None;
        }
        self.headers.iter().find(|h| h.id == id)
    }

    pub fn all(&self, id: HeaderId) -> impl DoubleEndedIterator<Item = &Header> {
        self.headers.iter().filter(move |h| h.id == id)
    }

    /// Header fields of this name in any case; a known name finds its compact form too, and the other way round.
    pub fn by_name<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a Header> {
        let id = HeaderId::of(name);
        let named = move |h: &&Header| match id {
            HeaderId::Other => h.id == id && self.bytes(h.name).eq_ignore_ascii_case(name),
            known => h.id == known,
        };
        self.headers.iter().filter(named)
    }

    /// The value of the first header field with this id.
    pub fn value(&self, id: HeaderId) -> Option<&[u8]> {
        self.first(id).map(|h| self.bytes(h.value))
    }

    /// The values of a comma list spread over any number of header fields, each with the field it is in.
    pub fn list(&self, id: HeaderId) -> impl Iterator<Item = (&Header, Range)> {
        self.all(id).flat_map(move |h| commas(&self.raw, h.value).map(move |value| (h, value)))
    }

    /// The value of the first Via, that of the previous hop; `None` when it is missing or malformed.
    pub fn top_via(&self) -> Option<&Via> {
        let parse = || self.first(HeaderId::Via).and_then(|h| via::first(&self.raw, h.value));
        self.top_via.get_or_init(parse).as_ref()
    }

    pub fn cseq(&self) -> Option<&CSeq> {
        let parse = || self.first(HeaderId::CSeq).and_then(|h| CSeq::parse(&self.raw, h.value));
        self.cseq.get_or_init(parse).as_ref()
    }

    pub fn from(&self) -> Option<&NameAddr> {
        let parse = || self.first(HeaderId::From).and_then(|h| NameAddr::parse(&self.raw, h.value));
        self.from.get_or_init(parse).as_ref()
    }

    pub fn to(&self) -> Option<&NameAddr> {
        let parse = || self.first(HeaderId::To).and_then(|h| NameAddr::parse(&self.raw, h.value));
        self.to.get_or_init(parse).as_ref()
    }

    /// The URI of From; `None` when it is missing or no URI.
    #[inline]
    pub fn from_uri(&self) -> Option<UriView<'_>> {
        split_once(self.bytes(self.from()?.uri), &self.from_uri)
    }

    /// The URI of To; `None` when it is missing or no URI.
    #[inline]
    pub fn to_uri(&self) -> Option<UriView<'_>> {
        split_once(self.bytes(self.to()?.uri), &self.to_uri)
    }

    pub fn from_tag(&self) -> Option<&[u8]> {
        self.from().and_then(|f| f.tag(&self.raw))
    }

    pub fn to_tag(&self) -> Option<&[u8]> {
        self.to().and_then(|t| t.tag(&self.raw))
    }

    pub fn call_id(&self) -> Option<&[u8]> {
        self.value(HeaderId::CallId)
    }

    /// Where the first header field starts, behind the start line.
    pub fn head_start(&self) -> u32 {
        self.headers.first().map_or(self.head_end, |h| h.line.start)
    }

    /// The empty line that ends the header fields.
    pub fn head_end(&self) -> u32 {
        self.head_end
    }

    pub fn body_range(&self) -> Range {
        self.body
    }

    pub fn body(&self) -> &[u8] {
        self.bytes(self.body)
    }

    pub(super) fn body_fault(&self) -> Option<Fault> {
        self.body_fault
    }

    /// A reply can be made and its sender will know it: a request other than ACK with Via and CSeq, by which replies
    /// are matched (RFC 3261 17.1.3). What else is missing is what the reply complains of (RFC 4475 3.3.1).
    pub fn can_be_answered(&self) -> bool {
        self.is_request() && self.method_bytes() != b"ACK" && self.has(HeaderId::Via) && self.has(HeaderId::CSeq)
    }
}

#[inline]
fn split_once<'a>(text: &'a [u8], parts: &OnceLock<Option<UriParts>>) -> Option<UriView<'a>> {
    let parts = (*parts.get_or_init(|| UriParts::split(text)))?;
    Some(UriView::new(text, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1, SIP/2.0/TCP g\r\nf: <sip:x@y>;tag=1\r\nTO : sip:a@b\r\ni: id@h\r\nCSeq: 7\r\n OPTIONS\r\nX-A: 1\r\nx-a:2\r\nVia: SIP/2.0/TLS k\r\nl: 3\r\n\r\nabcde";

    fn datagram(text: &str) -> Result<Message, ParseError> {
        Message::parse(Bytes::copy_from_slice(text.as_bytes()), Framing::Datagram)
    }

    #[test]
    fn finds_fields_by_id_and_by_name() {
        let m = datagram(OPTIONS).unwrap();
        assert_eq!(m.method(), Method::Options);
        assert_eq!(m.request_uri_view().unwrap().user(), b"a");
        assert_eq!(m.call_id(), Some(&b"id@h"[..]));
        assert_eq!(m.from_tag(), Some(&b"1"[..]));
        assert_eq!(m.to_tag(), None);
        assert_eq!(m.from_uri().unwrap().user(), b"x");
        assert_eq!(m.to_uri().unwrap().host(), b"b");
        assert_eq!(m.cseq().unwrap().number, 7);
        let values = |name: &str| m.by_name(name.as_bytes()).map(|h| m.bytes(h.value)).collect::<Vec<_>>();
        assert_eq!(values("X-A"), [b"1", b"2"]);
        assert_eq!(values("call-id"), [b"id@h"]);
        assert_eq!(values("V").len(), 2);
        assert_eq!(m.list(HeaderId::Via).count(), 3);
        assert_eq!(m.top_via().unwrap().branch(m.raw()), b"z9hG4bK1");
        assert!(m.has_several(HeaderId::Via) && !m.has_several(HeaderId::From));
    }

    #[test]
    fn cuts_a_datagram_at_content_length() {
        let m = datagram(OPTIONS).unwrap();
        assert_eq!(m.body(), b"abc");
        assert!(m.raw().ends_with(b"\r\n\r\nabc"));
        let whole = datagram("OPTIONS sip:a SIP/2.0\r\n\r\nabcde").unwrap();
        assert_eq!(whole.body(), b"abcde");
    }

    #[test]
    fn lines_may_end_in_lf_alone_and_start_after_line_ends() {
        let m = datagram("\r\n\nSIP/2.0 183 Session Progress\nFrom: <sip:a>\n\nbody").unwrap();
        assert_eq!((m.status().map(StatusCode::get), m.reason()), (Some(183), Some(&b"Session Progress"[..])));
        assert_eq!(m.value(HeaderId::From), Some(&b"<sip:a>"[..]));
        assert_eq!(m.body(), b"body");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_bytes() {
        let raw = Bytes::from_static(b"INFO sip:a SIP/2.0\r\nSubject: \xff\x00\xfe\r\n\r\n\x00\xff");
        let m = Message::parse(raw, Framing::Datagram).unwrap();
        assert_eq!(m.value(HeaderId::Subject), Some(&b"\xff\x00\xfe"[..]));
        assert_eq!(m.body(), b"\x00\xff");
    }

    #[test]
    fn faults_keep_what_was_read() {
        let check = |text: &str, fault: Fault| {
            let error = datagram(text).unwrap_err();
            assert_eq!(error.fault, fault, "{text}");
            error.partial
        };
        assert!(check("", Fault::StartLine).is_none());
        assert!(check("garbage\r\n\r\n", Fault::StartLine).is_none());
        assert!(check("OPTIONS sip:a SIP/7.0\r\ni: x\r\n\r\n", Fault::Version).unwrap().call_id().is_some());
        assert!(check("OPTIONS sip:a  SIP/2.0\r\ni: x\r\n\r\n", Fault::StartLine).unwrap().call_id().is_some());
        assert!(
            check("OPTIONS sip:a SIP/2.0\r\nbad line\r\ni: x\r\n\r\n", Fault::HeaderLine).unwrap().call_id().is_some()
        );
        assert!(check("OPTIONS sip:a SIP/2.0\r\ni: x\r\n", Fault::Unterminated).unwrap().call_id().is_some());
        assert!(check("SIP/2.0 4294967301 x\r\ni: x\r\n\r\n", Fault::StatusCode).unwrap().call_id().is_some());
    }

    #[test]
    fn a_reason_phrase_may_be_empty() {
        assert_eq!(datagram("SIP/2.0 100 \r\n\r\n").unwrap().reason(), Some(&b""[..]));
        assert_eq!(datagram("SIP/2.0 100\r\n\r\n").unwrap().reason(), Some(&b""[..]));
    }

    #[test]
    fn keepalives_hold_no_message() {
        assert!(is_keepalive(b"") && is_keepalive(b"\r\n\r\n") && is_keepalive(b"\0\0\0\0"));
        assert!(!is_keepalive(b"\r\nO"));
    }
}
