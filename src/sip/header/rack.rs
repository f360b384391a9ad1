//! RAck and RSeq (RFC 3262 7): which provisional reply a PRACK acknowledges.
use super::cseq::CSeq;
use crate::sip::range::Range;
use crate::sip::scan::{Scan, number, trim};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RAck {
    pub rseq: u32,
    /// That of the request whose provisional reply is meant.
    pub cseq: CSeq,
}

impl RAck {
    pub fn parse(buf: &[u8], range: Range) -> Option<RAck> {
        let mut scan = Scan::new(buf, range);
        scan.skip_lws();
        let rseq = number(scan.skip_while(|b| b.is_ascii_digit()).of(buf))?;
        let cseq = CSeq::parse(buf, Range::new(scan.pos(), scan.end()))?;
        Some(RAck { rseq, cseq })
    }
}

/// The number of a reliable provisional reply, 1 to 2^32-1.
pub fn rseq(buf: &[u8], range: Range) -> Option<u32> {
    number(trim(buf, range).of(buf)).filter(|&n| n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_numbers_and_the_method() {
        let buf: &[u8] = b"776656 1 INVITE";
        let rack = RAck::parse(buf, Range::all(buf)).unwrap();
        assert_eq!((rack.rseq, rack.cseq.number, rack.cseq.method.of(buf)), (776656, 1, &b"INVITE"[..]));
        assert_eq!(RAck::parse(b"1 INVITE", Range::new(0, 8)), None);
        assert_eq!(rseq(b" 988789 ", Range::new(0, 8)), Some(988789));
        assert_eq!(rseq(b"0", Range::new(0, 1)), None);
    }
}
