//! Replaces (RFC 3891 6.1): the dialog that this INVITE takes over.
use super::params::Params;
use crate::sip::range::Range;
use crate::sip::scan::{Scan, trim};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replaces {
    pub call_id: Range,
    pub to_tag: Range,
    pub from_tag: Range,
    pub early_only: bool,
}

impl Replaces {
    /// `None` without exactly one to-tag and one from-tag (RFC 3891 3).
    pub fn parse(buf: &[u8], range: Range) -> Option<Replaces> {
        let mut scan = Scan::new(buf, range);
        let call_id = trim(buf, scan.skip_while(|b| b != b';'));
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for param in Params::new(buf, Range::new(scan.pos(), scan.end())) {
            let param = param.ok()?;
            let slot = if param.is(buf, b"to-tag") {
                &mut to_tag
            } else if param.is(buf, b"from-tag") {
                &mut from_tag
            } else {
                early_only |= param.is(buf, b"early-only");
                continue;
            };
            if slot.replace(param.value?).is_some() {
                return None;
            }
        }
        let found = Replaces { call_id, to_tag: to_tag?, from_tag: from_tag?, early_only };
        (!call_id.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_rfcs_examples() {
        // RFC 3891 6.1
        let buf: &[u8] = b"98asjd8@test.com ;from-tag=abc; to-tag=xyz ;early-only";
        let found = Replaces::parse(buf, Range::all(buf)).unwrap();
        assert_eq!(found.call_id.of(buf), b"98asjd8@test.com");
        assert_eq!((found.to_tag.of(buf), found.from_tag.of(buf)), (&b"xyz"[..], &b"abc"[..]));
        assert!(found.early_only);
    }

    #[test]
    fn refuses_missing_or_double_tags() {
        for bad in ["id;to-tag=1", "id;from-tag=1", "id;to-tag=1;from-tag=2;to-tag=3", ";to-tag=1;from-tag=2", "id"] {
            assert_eq!(Replaces::parse(bad.as_bytes(), Range::all(bad.as_bytes())), None, "{bad}");
        }
    }
}
