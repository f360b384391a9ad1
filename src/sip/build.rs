//! Requests that start here: from a script (`t_uac`, dialog pings, BYEs) or from management.
use super::method::Method;
use super::print::{self, Body};
use super::transport::Transport;

/// The fields of a request made here. `top` and `headers` are whole lines with their line ends; `routes` are values
/// (`<sip:..;lr>`); `from` and `to` are values with their tags.
#[derive(Clone, Debug)]
pub struct LocalRequest<'a> {
    pub method: &'a Method,
    pub uri: &'a [u8],
    /// In front of all other fields: Via, Record-Route.
    pub top: &'a [u8],
    pub routes: &'a [&'a [u8]],
    pub from: &'a [u8],
    pub to: &'a [u8],
    pub call_id: &'a [u8],
    pub cseq: u32,
    pub max_forwards: u8,
    pub contact: Option<&'a [u8]>,
    pub headers: &'a [u8],
    pub body: Option<Body<'a>>,
}

impl LocalRequest<'_> {
    /// Appends the request to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        line(&[self.method.as_bytes(), b" ", self.uri, b" SIP/2.0"], out);
        out.extend_from_slice(self.top);
        for route in self.routes {
            line(&[b"Route: ", route], out);
        }
        line(&[b"From: ", self.from], out);
        line(&[b"To: ", self.to], out);
        line(&[b"Call-ID: ", self.call_id], out);
        line(&[b"CSeq: ", self.cseq.to_string().as_bytes(), b" ", self.method.as_bytes()], out);
        line(&[b"Max-Forwards: ", self.max_forwards.to_string().as_bytes()], out);
        if let Some(contact) = self.contact {
            line(&[b"Contact: ", contact], out);
        }
        out.extend_from_slice(self.headers);
        print::body(self.body.as_ref(), out);
    }
}

/// Whether our Via asks for the source port back (RFC 3581).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rport {
    Ask,
    Omit,
}

/// Appends a Via line. `sent_by` is `host[:port]`, `branch` the whole parameter value.
pub fn via_line(transport: Transport, sent_by: &[u8], branch: &[u8], rport: Rport, out: &mut Vec<u8>) {
    let asked: &[u8] = if rport == Rport::Ask { b";rport" } else { b"" };
    line(&[b"Via: SIP/2.0/", transport.via_name().as_bytes(), b" ", sent_by, b";branch=", branch, asked], out);
}

fn line(parts: &[&[u8]], out: &mut Vec<u8>) {
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::{Framing, Message};
    use bytes::Bytes;

    #[test]
    fn what_is_built_is_a_valid_request() {
        let mut top = Vec::new();
        via_line(Transport::Tls, b"[2001:db8::1]:5061", b"z9hG4bKabc", Rport::Ask, &mut top);
        let request = LocalRequest {
            method: &Method::Bye,
            uri: b"sip:a@b",
            top: &top,
            routes: &[b"<sip:1;lr>", b"<sip:2;lr>"],
            from: b"<sip:x@y>;tag=1",
            to: b"<sip:a@b>;tag=2",
            call_id: b"id",
            cseq: 7,
            max_forwards: 70,
            contact: None,
            headers: b"Reason: SIP;cause=408\r\n",
            body: Some(Body { content_type: b"text/plain", bytes: b"bye" }),
        };
        let mut out = Vec::new();
        request.write(&mut out);
        let expected = "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bKabc;rport\r\nRoute: <sip:1;lr>\r\nRoute: <sip:2;lr>\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: id\r\nCSeq: 7 BYE\r\nMax-Forwards: 70\r\nReason: SIP;cause=408\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nbye";
        assert_eq!(String::from_utf8_lossy(&out), expected);
        let message = Message::parse(Bytes::from(out), Framing::Stream).unwrap();
        assert_eq!(message.validate(), Ok(()));
    }
}
