//! Refer-To (RFC 3515 2.1) and the Replaces that an attended transfer hides in its URI (RFC 5589 7).
use super::name_addr::NameAddr;
use super::replaces::Replaces;
use crate::sip::range::Range;
use crate::sip::uri::UriView;
use crate::sip::uri::equality::unescaped;

/// The Replaces of a Refer-To URI, with the unescaped text its ranges refer to.
pub fn embedded_replaces(uri: &UriView<'_>) -> Option<(Vec<u8>, Replaces)> {
    let (_, escaped) = uri.headers().find(|(name, _)| name.eq_ignore_ascii_case(b"Replaces"))?;
    let text: Vec<u8> = unescaped(escaped).collect();
    let replaces = Replaces::parse(&text, Range::all(&text))?;
    Some((text, replaces))
}

/// The target of a Refer-To value.
pub fn target(buf: &[u8], range: Range) -> Option<UriView<'_>> {
    NameAddr::parse(buf, range)?.uri_view(buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_escaped_replaces() {
        // RFC 3515 2.1
        let buf: &[u8] =
            b"<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>";
        let uri = target(buf, Range::all(buf)).unwrap();
        assert_eq!(uri.user(), b"dave");
        let (text, replaces) = embedded_replaces(&uri).unwrap();
        assert_eq!(replaces.call_id.of(&text), b"12345@192.168.118.3");
        assert_eq!(replaces.to_tag.of(&text), b"12345");
        assert_eq!(replaces.from_tag.of(&text), b"5FFE-3994");
    }

    #[test]
    fn a_blind_transfer_has_none() {
        let buf: &[u8] = b"sip:a@b;method=INVITE";
        assert!(embedded_replaces(&target(buf, Range::all(buf)).unwrap()).is_none());
    }
}
