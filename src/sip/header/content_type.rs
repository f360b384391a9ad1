//! Content-Type (RFC 3261 20.15): what the body is.
use super::params::Params;
use crate::sip::range::Range;
use crate::sip::scan::{Scan, unquoted};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentType {
    pub kind: Range,
    pub subtype: Range,
    pub params: Range,
}

impl ContentType {
    pub fn parse(buf: &[u8], range: Range) -> Option<ContentType> {
        let mut scan = Scan::new(buf, range);
        scan.skip_lws();
        let kind = scan.token();
        let slash = scan.separator(b'/');
        let subtype = scan.token();
        if kind.is_empty() || !slash || subtype.is_empty() {
            return None;
        }
        Some(ContentType { kind, subtype, params: Range::new(scan.pos(), scan.end()) })
    }

    /// `mime` is `type/subtype`; case does not matter.
    pub fn is(&self, buf: &[u8], mime: &[u8]) -> bool {
        let mut parts = mime.splitn(2, |&b| b == b'/');
        let same = |range: Range, part: Option<&[u8]>| part.is_some_and(|p| range.of(buf).eq_ignore_ascii_case(p));
        same(self.kind, parts.next()) && same(self.subtype, parts.next())
    }

    pub fn is_multipart(&self, buf: &[u8]) -> bool {
        self.kind.of(buf).eq_ignore_ascii_case(b"multipart")
    }

    /// What separates the parts of a multipart body, without quotes.
    pub fn boundary<'a>(&self, buf: &'a [u8]) -> Option<&'a [u8]> {
        Params::new(buf, self.params).value(b"boundary").map(unquoted).filter(|b| !b.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_type_and_boundary() {
        let buf: &[u8] = b"Multipart / mixed;\r\n boundary=\"a b\"; x=1";
        let found = ContentType::parse(buf, Range::all(buf)).unwrap();
        assert!(found.is(buf, b"multipart/MIXED") && found.is_multipart(buf));
        assert!(!found.is(buf, b"multipart"));
        assert_eq!(found.boundary(buf), Some(&b"a b"[..]));
        assert_eq!(ContentType::parse(b"text", Range::new(0, 4)), None);
    }
}
