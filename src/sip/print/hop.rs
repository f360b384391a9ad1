//! ACK for a failure and CANCEL: requests of this hop alone, made from the request that was sent (RFC 3261 17.1.1.3, 9.1).
use super::{copy_line, field};
use crate::sip::error::Fault;
use crate::sip::header::via;
use crate::sip::message::Message;
use crate::sip::name::HeaderId;

/// The ACK for a 300-699 `reply` to the INVITE `sent`. Fails when `sent` lacks what an ACK is made of.
pub fn ack_for(sent: &Message, reply: &Message, out: &mut Vec<u8>) -> Result<(), Fault> {
    hop_request(sent, b"ACK", reply, b"", out)
}

/// The CANCEL of the request `sent`, with `headers` (such as Reason) as whole lines.
pub fn cancel_for(sent: &Message, headers: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    hop_request(sent, b"CANCEL", sent, headers, out)
}

/// `to_of` is whose To is taken: an ACK answers the To of the reply, tag included.
fn hop_request(sent: &Message, method: &[u8], to_of: &Message, headers: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
    let uri = sent.request_uri().ok_or(Fault::StartLine)?;
    let cseq = sent.cseq().ok_or(Fault::Malformed(HeaderId::CSeq))?;
    let top = sent.first(HeaderId::Via).and_then(|h| via::first(sent.raw(), h.value));
    let top = top.ok_or(Fault::Malformed(HeaderId::Via))?;

    out.extend_from_slice(&[method, b" ", uri, b" SIP/2.0\r\n"].concat());
    // The one Via ties it to the transaction of the request at the next hop.
    field("Via", sent.bytes(top.whole), out);
    sent.all(HeaderId::Route).for_each(|h| copy_line(sent, h, out));
    for (message, id) in [(sent, HeaderId::From), (to_of, HeaderId::To), (sent, HeaderId::CallId)] {
        copy_line(message, message.first(id).ok_or(Fault::Missing(id))?, out);
    }
    field("CSeq", &[sent.bytes(cseq.number_text), b" ", method].concat(), out);
    field("Max-Forwards", b"70", out);
    out.extend_from_slice(headers);
    super::body(None, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Framing;
    use bytes::Bytes;

    const SENT: &str = "INVITE sip:b@h;x SIP/2.0\r\nVia: SIP/2.0/UDP me;branch=z9hG4bK2, SIP/2.0/UDP c\r\nVia: SIP/2.0/UDP d\r\nRoute: <sip:1;lr>\r\nf: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\ni: id\r\nCSeq: 009 INVITE\r\nRoute: <sip:2;lr>\r\nProxy-Authorization: Digest\r\n\r\n";

    fn message(text: &str) -> Message {
        Message::parse(Bytes::copy_from_slice(text.as_bytes()), Framing::Datagram).unwrap()
    }

    fn check(written: Result<(), Fault>, out: Vec<u8>, expected: &str) {
        assert_eq!(written, Ok(()));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn the_ack_has_one_via_the_routes_and_the_to_of_the_reply() {
        let reply = message("SIP/2.0 486 Busy\r\nTO: <sip:a@b>;tag=9\r\n\r\n");
        let mut out = Vec::new();
        let written = ack_for(&message(SENT), &reply, &mut out);
        check(
            written,
            out,
            "ACK sip:b@h;x SIP/2.0\r\nVia: SIP/2.0/UDP me;branch=z9hG4bK2\r\nRoute: <sip:1;lr>\r\nRoute: <sip:2;lr>\r\nf: <sip:x@y>;tag=1\r\nTO: <sip:a@b>;tag=9\r\ni: id\r\nCSeq: 009 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        );
    }

    #[test]
    fn the_cancel_is_the_requests_and_may_say_why() {
        let mut out = Vec::new();
        let reason = b"Reason: SIP;cause=200\r\n";
        let written = cancel_for(&message(SENT), reason, &mut out);
        check(
            written,
            out,
            "CANCEL sip:b@h;x SIP/2.0\r\nVia: SIP/2.0/UDP me;branch=z9hG4bK2\r\nRoute: <sip:1;lr>\r\nRoute: <sip:2;lr>\r\nf: <sip:x@y>;tag=1\r\nTo: <sip:a@b>\r\ni: id\r\nCSeq: 009 CANCEL\r\nMax-Forwards: 70\r\nReason: SIP;cause=200\r\nContent-Length: 0\r\n\r\n",
        );
    }

    #[test]
    fn nothing_is_written_from_a_request_without_a_number() {
        let mut out = Vec::new();
        let broken = message("INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\n");
        assert_eq!(cancel_for(&broken, b"", &mut out), Err(Fault::Malformed(HeaderId::CSeq)));
        assert!(out.is_empty());
    }
}
