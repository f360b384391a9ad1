//! The checks a message must pass before it is acted upon (RFC 3261 16.3 and 8.2, with the verdicts of RFC 4475).
use super::error::Fault;
use super::message::{Message, StartLine};
use super::method::Method;
use super::name::HeaderId;
use super::range::Range;
use super::scan::number;
use super::uri::Scheme;

const MANDATORY: [HeaderId; 5] = [HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId, HeaderId::CSeq];
/// Fields whose second copy would make the message mean two things.
const SINGLE: [HeaderId; 7] = [
    HeaderId::From,
    HeaderId::To,
    HeaderId::CallId,
    HeaderId::CSeq,
    HeaderId::MaxForwards,
    HeaderId::ContentLength,
    HeaderId::ContentType,
];

impl Message {
    /// The first fault that forbids acting on this message. What is read here is kept for later.
    pub fn validate(&self) -> Result<(), Fault> {
        let missing = MANDATORY.iter().find(|&&id| !self.has(id));
        let repeated = SINGLE.iter().find(|&&id| self.has_several(id));
        missing.map_or(Ok(()), |&id| Err(Fault::Missing(id)))?;
        repeated.map_or(Ok(()), |&id| Err(Fault::Duplicate(id)))?;
        self.body_fault().map_or(Ok(()), Err)?;
        self.check_identity()?;
        match self.start_line() {
            StartLine::Request { method, .. } => self.check_request(*method),
            StartLine::Reply { .. } => Ok(()),
        }
    }

    fn check_identity(&self) -> Result<(), Fault> {
        self.top_via().ok_or(Fault::Malformed(HeaderId::Via))?;
        self.from().ok_or(Fault::Malformed(HeaderId::From))?;
        self.to().ok_or(Fault::Malformed(HeaderId::To))?;
        self.cseq().ok_or(Fault::Malformed(HeaderId::CSeq))?;
        match self.call_id() {
            None | Some(b"") => Err(Fault::Malformed(HeaderId::CallId)),
            Some(_) => Ok(()),
        }
    }

    fn check_request(&self, method: Range) -> Result<(), Fault> {
        let method = self.bytes(method);
        if self.cseq().is_some_and(|c| self.bytes(c.method) != method) {
            return Err(Fault::CSeqMethod { known_method: Method::known(method).is_some() });
        }
        if self.value(HeaderId::MaxForwards).is_some_and(|v| number(v).is_none()) {
            return Err(Fault::Malformed(HeaderId::MaxForwards));
        }
        self.check_request_uri()?;
        self.check_contact()
    }

    fn check_request_uri(&self) -> Result<(), Fault> {
        let uri = self.request_uri_view().ok_or(Fault::RequestUri)?;
        match uri.kind() {
            Scheme::Other => Err(Fault::Scheme),
            Scheme::Sip | Scheme::Sips if !uri.headers_text().is_empty() => Err(Fault::UriHeaders),
            Scheme::Sip | Scheme::Sips | Scheme::Tel | Scheme::Tels | Scheme::Urn => Ok(()),
        }
    }

    /// RFC 3261 20.10: a URI with `?` must stand in angle brackets, or its headers could be taken for the field's.
    fn check_contact(&self) -> Result<(), Fault> {
        let ambiguous = |v: &[u8]| memchr::memchr(b'<', v).is_none() && memchr::memchr(b'?', v).is_some();
        match self.value(HeaderId::Contact) {
            Some(value) if ambiguous(value) => Err(Fault::Malformed(HeaderId::Contact)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Framing;
    use bytes::Bytes;

    const GOOD: &str = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: id\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:x@y?a=b>\r\nContent-Length: 0\r\n\r\n";

    fn check(from: &str, to: &str, expected: Result<(), Fault>, status: u16) {
        assert!(GOOD.contains(from), "{from} is not in the message");
        let text = GOOD.replace(from, to);
        let message = Message::parse(Bytes::from(text.into_bytes()), Framing::Datagram).unwrap();
        let verdict = message.validate();
        assert_eq!(verdict, expected, "{from} -> {to}");
        assert_eq!(verdict.err().map_or(0, |f| f.status().get()), status, "{from} -> {to}");
    }

    #[test]
    fn a_good_message_passes() {
        check("INVITE", "INVITE", Ok(()), 0);
        check("Max-Forwards: 70", "Max-Forwards: 300", Ok(()), 0);
        check("sip:a@b SIP", "tel:+1 SIP", Ok(()), 0);
        check("INVITE", "FOO", Ok(()), 0);
    }

    #[test]
    fn each_fault_has_its_status() {
        use HeaderId as H;
        check("Call-ID: id\r\n", "", Err(Fault::Missing(H::CallId)), 400);
        check("Call-ID: id", "Call-ID:", Err(Fault::Malformed(H::CallId)), 400);
        check("CSeq: 1 INVITE\r\n", "CSeq: 1 INVITE\r\nCSeq: 2 INVITE\r\n", Err(Fault::Duplicate(H::CSeq)), 400);
        check("CSeq: 1 INVITE", "CSeq: 4294967296 INVITE", Err(Fault::Malformed(H::CSeq)), 400);
        check("CSeq: 1 INVITE", "CSeq: 1 BYE", Err(Fault::CSeqMethod { known_method: true }), 400);
        check("INVITE sip", "FOO sip", Err(Fault::CSeqMethod { known_method: false }), 501);
        check("Length: 0", "Length: -1", Err(Fault::ContentLength), 400);
        check("Length: 0", "Length: 1", Err(Fault::ShortBody), 400);
        check("Forwards: 70", "Forwards: x", Err(Fault::Malformed(H::MaxForwards)), 400);
        check("sip:a@b SIP", "http://a SIP", Err(Fault::Scheme), 416);
        check("sip:a@b SIP", "<sip:a@b> SIP", Err(Fault::RequestUri), 400);
        check("sip:a@b SIP", "sip:a@b?x=y SIP", Err(Fault::UriHeaders), 400);
        check("<sip:x@y?a=b>", "sip:x@y?a=b", Err(Fault::Malformed(H::Contact)), 400);
        check("<sip:a@b>\r", "\"open <sip:a@b>\r", Err(Fault::Malformed(H::To)), 400);
        check(";branch=z9hG4bK1", ";;", Err(Fault::Malformed(H::Via)), 400);
    }

    #[test]
    fn reasons_name_the_field() {
        assert_eq!(Fault::Missing(HeaderId::CallId).to_string(), "400 Missing Call-ID Header Field");
        assert_eq!(Fault::Version.to_string(), "505 Version Not Supported");
    }
}
