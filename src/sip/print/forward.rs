//! Forwarding: the received bytes with the edits applied (RFC 3261 16.6 and 16.7).
use crate::sip::edit::Edits;
use crate::sip::header::via;
use crate::sip::message::{Framing, Message, StartLine};
use crate::sip::name::HeaderId;
use crate::sip::range::Range;
use crate::sip::status::StatusCode;

/// What replaces parts of the request line; `None` leaves the part as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestLine<'a> {
    pub method: Option<&'a [u8]>,
    pub uri: Option<&'a [u8]>,
}

/// A request on its way: `line`, then the fields `top` (our Via, Record-Route), then the message with `edits`.
pub fn forward_request(
    message: &Message,
    edits: &Edits,
    line: &RequestLine<'_>,
    top: &[u8],
    framing: Framing,
    out: &mut Vec<u8>,
) {
    out.reserve(message.raw().len() + top.len() + 64);
    request_line(message, line, out);
    out.extend_from_slice(top);
    edits.write_after_start_line(message, framing, out);
}

/// A reply on its way back: without its top Via, with another status and reason when `status` is given.
pub fn forward_reply(
    message: &Message,
    edits: &Edits,
    status: Option<(StatusCode, &[u8])>,
    framing: Framing,
    out: &mut Vec<u8>,
) {
    out.reserve(message.raw().len());
    status_line(message, status, out);
    let mut edits = edits.clone();
    if let Some(header) = message.first(HeaderId::Via)
        && let Some(via) = via::first(message.raw(), header.value)
    {
        edits.remove_value(message, header, via.whole);
    }
    edits.write_after_start_line(message, framing, out);
}

/// A reply with another status and reason and the edits made, as if it had come so.
pub fn rewritten_reply(message: &Message, edits: &Edits, status: (StatusCode, &[u8]), out: &mut Vec<u8>) {
    new_status_line(status.0, status.1, out);
    edits.write_after_start_line(message, Framing::Datagram, out);
}

fn request_line(message: &Message, line: &RequestLine<'_>, out: &mut Vec<u8>) {
    let StartLine::Request { method, uri } = *message.start_line() else { return };
    out.extend_from_slice(line.method.unwrap_or(message.bytes(method)));
    out.extend_from_slice(message.bytes(Range { start: method.end, end: uri.start }));
    out.extend_from_slice(line.uri.unwrap_or(message.bytes(uri)));
    out.extend_from_slice(message.bytes(Range { start: uri.end, end: message.head_start() }));
}

fn status_line(message: &Message, status: Option<(StatusCode, &[u8])>, out: &mut Vec<u8>) {
    match status {
        None => out.extend_from_slice(message.bytes(Range { start: 0, end: message.head_start() })),
        Some((code, reason)) => new_status_line(code, reason, out),
    }
}

pub(super) fn new_status_line(code: StatusCode, reason: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"SIP/2.0 ");
    out.extend_from_slice(code.get().to_string().as_bytes());
    out.push(b' ');
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn message(text: &str) -> Message {
        Message::parse(Bytes::copy_from_slice(text.as_bytes()), Framing::Datagram).unwrap()
    }

    #[test]
    fn a_request_changes_only_where_it_is_told_to() {
        let m = message("FOO  sip:a  SIP/2.0\r\nX: 1\r\n\r\nbody".replace("  ", " ").as_str());
        let mut out = b"kept ".to_vec();
        let line = RequestLine { method: None, uri: Some(b"sip:b") };
        forward_request(&m, &Edits::new(), &line, b"Via: SIP/2.0/UDP me\r\n", Framing::Datagram, &mut out);
        assert_eq!(out, b"kept FOO sip:b SIP/2.0\r\nVia: SIP/2.0/UDP me\r\nX: 1\r\n\r\nbody");
    }

    #[test]
    fn a_reply_loses_its_top_via_alone() {
        let check = |vias: &str, rest: &str| {
            let mut out = Vec::new();
            let m = message(&format!("SIP/2.0 200 Fine  day\r\nX: 1\r\n{vias}l:0\r\n\r\n"));
            forward_reply(&m, &Edits::new(), None, Framing::Datagram, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("SIP/2.0 200 Fine  day\r\nX: 1\r\n{rest}l:0\r\n\r\n"));
        };
        check("v: SIP/2.0/UDP a\r\nVia: SIP/2.0/UDP b\r\n", "Via: SIP/2.0/UDP b\r\n");
        check("v: SIP/2.0/UDP a ,\r\n SIP/2.0/UDP b\r\n", "v: SIP/2.0/UDP b\r\n");
        check("v: SIP/2.0/UDP a\r\n", "");
    }

    #[test]
    fn a_reply_may_get_another_status() {
        let mut out = Vec::new();
        let busy = StatusCode::new(486).map(|code| (code, &b"Busy"[..]));
        forward_reply(&message("SIP/2.0 200 OK\r\nX: 1\r\n\r\n"), &Edits::new(), busy, Framing::Datagram, &mut out);
        assert_eq!(out, b"SIP/2.0 486 Busy\r\nX: 1\r\n\r\n");
    }
}
