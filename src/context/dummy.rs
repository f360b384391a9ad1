//! The message of runs without one: startup, timer and event routes, reports of launched functions.
use crate::sip::{Framing, Message};
use std::sync::{Arc, OnceLock};

const TEXT: &[u8] = b"DUMMY sip:user@dummy.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKdummy\r\n\
    From: <sip:from@dummy.com>;tag=1\r\n\
    To: <sip:to@dummy.com>\r\n\
    Call-ID: dummy-1\r\n\
    CSeq: 1 DUMMY\r\n\
    Content-Length: 0\r\n\
    \r\n";

/// One message for all: it is never changed in place.
pub fn request() -> Arc<Message> {
    static DUMMY: OnceLock<Arc<Message>> = OnceLock::new();
    let parse = || Message::parse(bytes::Bytes::from_static(TEXT), Framing::Datagram);
    DUMMY.get_or_init(|| Arc::new(parse().expect("the text above is a valid request"))).clone()
}

/// Whether it is that message.
pub fn is(message: &Arc<Message>) -> bool {
    Arc::ptr_eq(message, &request())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_request_of_method_dummy() {
        let message = request();
        assert_eq!(message.method_bytes(), b"DUMMY");
        assert_eq!(message.call_id(), Some(&b"dummy-1"[..]));
        assert_eq!(message.from_tag(), Some(&b"1"[..]));
    }
}
