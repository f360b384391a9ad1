//! Reason (RFC 3326): why a request was sent; one value for each protocol.
use super::params::Params;
use crate::sip::range::Range;
use crate::sip::scan::{Scan, commas, number, unquoted};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reason {
    pub protocol: Range,
    pub params: Range,
}

impl Reason {
    pub fn parse(buf: &[u8], range: Range) -> Option<Reason> {
        let mut scan = Scan::new(buf, range);
        scan.skip_lws();
        let protocol = scan.token();
        (!protocol.is_empty()).then(|| Reason { protocol, params: Range::new(scan.pos(), scan.end()) })
    }

    pub fn cause(&self, buf: &[u8]) -> Option<u32> {
        Params::new(buf, self.params).value(b"cause").and_then(number)
    }

    /// Without its quotes.
    pub fn text<'a>(&self, buf: &'a [u8]) -> Option<&'a [u8]> {
        Params::new(buf, self.params).value(b"text").map(unquoted)
    }
}

pub fn values(buf: &[u8], range: Range) -> impl Iterator<Item = Option<Reason>> {
    commas(buf, range).map(|value| Reason::parse(buf, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_reason_for_each_protocol() {
        let buf: &[u8] = b"SIP ;cause=200 ;text=\"Call completed, elsewhere\", Q.850;cause=16";
        let found: Vec<Reason> = values(buf, Range::all(buf)).flatten().collect();
        let [sip, q850] = found[..] else { panic!("two reasons, not {}", found.len()) };
        assert_eq!((sip.protocol.of(buf), sip.cause(buf)), (&b"SIP"[..], Some(200)));
        assert_eq!(sip.text(buf), Some(&b"Call completed, elsewhere"[..]));
        assert_eq!((q850.protocol.of(buf), q850.cause(buf), q850.text(buf)), (&b"Q.850"[..], Some(16), None));
    }
}
