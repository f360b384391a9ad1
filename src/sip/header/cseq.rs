//! CSeq (RFC 3261 20.16): a number below 2^32 and a method.
use crate::sip::range::Range;
use crate::sip::scan::{Scan, is_token_byte, number};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CSeq {
    pub number: u32,
    pub number_text: Range,
    pub method: Range,
}

impl CSeq {
    pub fn parse(buf: &[u8], range: Range) -> Option<CSeq> {
        let mut scan = Scan::new(buf, range);
        scan.skip_lws();
        let number_text = scan.skip_while(|b| b.is_ascii_digit());
        let after = scan.pos();
        scan.skip_lws();
        let parted = scan.pos() > after;
        let method = scan.skip_while(is_token_byte);
        scan.skip_lws();
        if !parted || method.is_empty() || !scan.at_end() {
            return None;
        }
        Some(CSeq { number: number(number_text.of(buf))?, number_text, method })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_number_and_method_across_a_fold() {
        let buf = b"0009\r\n  INVITE";
        let cseq = CSeq::parse(buf, Range::all(buf)).unwrap();
        assert_eq!((cseq.number, cseq.number_text.of(buf), cseq.method.of(buf)), (9, &b"0009"[..], &b"INVITE"[..]));
    }

    #[test]
    fn refuses_numbers_beyond_32_bits_and_missing_parts() {
        for bad in ["36893488147419103232 REGISTER", "-1 INVITE", "1", "INVITE", "1INVITE", "1 INVITE x", ""] {
            assert_eq!(CSeq::parse(bad.as_bytes(), Range::all(bad.as_bytes())), None, "{bad}");
        }
    }
}
