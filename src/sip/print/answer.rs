//! Replies made here (RFC 3261 8.2.6): the fields that must be the request's are copied from it byte by byte.
use super::{copy_line, forward::new_status_line};
use crate::sip::edit::Edits;
use crate::sip::message::{Header, Message};
use crate::sip::name::HeaderId;
use crate::sip::status::StatusCode;
use std::net::IpAddr;

#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// Empty: a header field of the caller says it.
    pub content_type: &'a [u8],
    pub bytes: &'a [u8],
}

/// A reply to be made. `to_tag` is used when To has no tag yet and the reply is not a 100; `received` and `rport` go
/// into the top Via; `headers` are whole lines.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub code: StatusCode,
    /// Empty: the default phrase of the code.
    pub reason: &'a [u8],
    pub to_tag: Option<&'a [u8]>,
    pub received: Option<IpAddr>,
    pub rport: Option<u16>,
    pub headers: &'a [u8],
    pub body: Option<Body<'a>>,
}

impl Answer<'_> {
    pub fn new(code: StatusCode) -> Self {
        Answer { code, reason: b"", to_tag: None, received: None, rport: None, headers: b"", body: None }
    }
}

pub fn answer(request: &Message, answer: &Answer<'_>, out: &mut Vec<u8>) {
    let reason = if answer.reason.is_empty() { answer.code.default_reason().as_bytes() } else { answer.reason };
    new_status_line(answer.code, reason, out);
    let edits = identity_edits(request, answer);
    let mut done = 0u128;
    for header in request.headers().iter().filter(|h| is_copied(h.id, request, answer.code)) {
        if is_list(header.id) || done & header.id.bit() == 0 {
            copy_edited(request, header, &edits, out);
        }
        done |= header.id.bit();
    }
    out.extend_from_slice(answer.headers);
    super::body(answer.body.as_ref(), out);
}

fn is_copied(id: HeaderId, request: &Message, code: StatusCode) -> bool {
    match id {
        HeaderId::Via | HeaderId::From | HeaderId::To | HeaderId::CallId | HeaderId::CSeq => true,
        // RFC 3261 12.1.1: the route set of a dialog that this reply makes.
        HeaderId::RecordRoute => code.get() > 100 && code.get() < 300 && request.method().makes_dialog(),
        // RFC 3261 8.2.6.1
        HeaderId::Timestamp => code == StatusCode::TRYING,
        _ => false,
    }
}

fn is_list(id: HeaderId) -> bool {
    matches!(id, HeaderId::Via | HeaderId::RecordRoute)
}

fn identity_edits(request: &Message, answer: &Answer<'_>) -> Edits {
    let mut edits = Edits::new();
    edits.stamp_top_via(request, answer.received, answer.rport);
    if let (Some(tag), Some(to)) = (answer.to_tag, request.to())
        && request.to_tag().is_none()
        && answer.code != StatusCode::TRYING
    {
        edits.insert(to.whole.end, [b";tag=", tag].concat().into());
    }
    edits
}

fn copy_edited(request: &Message, header: &Header, edits: &Edits, out: &mut Vec<u8>) {
    if edits.is_empty() {
        return copy_line(request, header, out);
    }
    edits.write_range(request.raw(), header.line, out);
    if !out.ends_with(b"\n") {
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Framing;
    use bytes::Bytes;

    const INVITE: &str = "INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;rport;branch=z9hG4bK1,\r\n SIP/2.0/TCP g\r\nRecord-Route: <sip:r;lr>\r\nMax-Forwards: 7\r\nFrom:<sip:x@y>;tag=1\r\nTO : sip:a@b \r\nTimestamp: 54\r\nVia: SIP/2.0/TLS k\r\nCall-ID: id\r\nCSeq: 1 INVITE\r\nTo: second\r\n\r\n";

    fn check(request: &str, a: &Answer<'_>, expected: &str) {
        let raw = Bytes::copy_from_slice(request.as_bytes());
        let request = Message::parse(raw, Framing::Datagram).unwrap();
        let mut out = Vec::new();
        answer(&request, a, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_dialog_making_reply_carries_the_route_set_and_a_tag() {
        let ringing = Answer {
            to_tag: Some(b"t1"),
            received: "192.0.2.9".parse().ok(),
            rport: Some(5070),
            headers: b"Contact: <sip:me>\r\n",
            ..Answer::new(StatusCode::RINGING)
        };
        check(
            INVITE,
            &ringing,
            "SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP h;rport=5070;branch=z9hG4bK1;received=192.0.2.9,\r\n SIP/2.0/TCP g\r\nRecord-Route: <sip:r;lr>\r\nFrom:<sip:x@y>;tag=1\r\nTO : sip:a@b;tag=t1 \r\nVia: SIP/2.0/TLS k\r\nCall-ID: id\r\nCSeq: 1 INVITE\r\nContact: <sip:me>\r\nContent-Length: 0\r\n\r\n",
        );
    }

    #[test]
    fn a_100_has_no_tag_and_echoes_the_timestamp() {
        let trying = Answer { to_tag: Some(b"t1"), reason: b"Giving a try", ..Answer::new(StatusCode::TRYING) };
        check(
            INVITE,
            &trying,
            "SIP/2.0 100 Giving a try\r\nv: SIP/2.0/UDP h;rport;branch=z9hG4bK1,\r\n SIP/2.0/TCP g\r\nFrom:<sip:x@y>;tag=1\r\nTO : sip:a@b \r\nTimestamp: 54\r\nVia: SIP/2.0/TLS k\r\nCall-ID: id\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
        );
    }

    #[test]
    fn a_failure_has_no_route_set_and_a_body_has_its_length() {
        let refused = Answer {
            to_tag: Some(b"t1"),
            body: Some(Body { content_type: b"text/plain", bytes: b"no" }),
            ..Answer::new(StatusCode::NOT_FOUND)
        };
        let request =
            "INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nRecord-Route: <sip:r>\r\nTo: <sip:a>;tag=here\r\n\r\n";
        check(
            request,
            &refused,
            "SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP h\r\nTo: <sip:a>;tag=here\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno",
        );
    }
}
