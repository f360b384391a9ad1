//! Credentials and challenges (RFC 3261 20.7, 20.44; RFC 7616): a scheme and comma-separated fields. Computing digests
//! is the business of those who hold secrets; this file only finds the fields.
use crate::sip::range::Range;
use crate::sip::scan::{Scan, trim, unquoted};

/// The value of Authorization, Proxy-Authorization, WWW-Authenticate, Proxy-Authenticate or Authentication-Info.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Auth {
    /// `Digest`, `Bearer`, ...
    pub scheme: Range,
    /// Everything behind the scheme: fields of `Digest`, a token of `Bearer`.
    pub rest: Range,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AuthField {
    pub name: Range,
    /// A quoted value keeps its quotes.
    pub value: Range,
}

impl Auth {
    pub fn parse(buf: &[u8], range: Range) -> Option<Auth> {
        let mut scan = Scan::new(buf, range);
        scan.skip_lws();
        let scheme = scan.token();
        (!scheme.is_empty()).then(|| Auth { scheme, rest: trim(buf, Range::new(scan.pos(), scan.end())) })
    }

    pub fn is_digest(&self, buf: &[u8]) -> bool {
        self.scheme.of(buf).eq_ignore_ascii_case(b"Digest")
    }

    pub fn fields<'a>(&self, buf: &'a [u8]) -> AuthFields<'a> {
        AuthFields { buf, scan: Scan::new(buf, self.rest) }
    }

    /// The value of a field without its quotes; escapes stay.
    pub fn field<'a>(&self, buf: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        self.fields(buf).find(|f| f.name.of(buf).eq_ignore_ascii_case(name)).map(|f| unquoted(f.value.of(buf)))
    }

    /// `user` and `domain` of a username `user@domain`; the domain is empty when there is none.
    pub fn split_username<'a>(&self, buf: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let name = self.field(buf, b"username")?;
        let at = memchr::memchr(b'@', name).unwrap_or(name.len());
        Some((name.get(..at)?, name.get(at + 1..).unwrap_or_default()))
    }
}

/// `name=value` pairs; ends at the first that is none.
pub struct AuthFields<'a> {
    buf: &'a [u8],
    scan: Scan<'a>,
}

impl Iterator for AuthFields<'_> {
    type Item = AuthField;

    fn next(&mut self) -> Option<AuthField> {
        // Empty list elements are legal (RFC 7235 7).
        while self.scan.separator(b',') {}
        let name = self.scan.token();
        if name.is_empty() || !self.scan.separator(b'=') {
            return None;
        }
        let value = match self.scan.peek() {
            Some(b'"') => self.scan.quoted()?,
            _ => trim(self.buf, self.scan.skip_while(|b| b != b',')),
        };
        self.scan.skip_lws();
        matches!(self.scan.peek(), None | Some(b',')).then_some(AuthField { name, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_digest_fields_in_any_case_and_order() {
        let buf: &[u8] = b"Digest username=\"bob@x.org\",\r\n realm = \"a, \\\"b\\\"\" ,,nonce=\"n\", NC=00000001 ,qop=auth, algorithm=SHA-512-256";
        let auth = Auth::parse(buf, Range::all(buf)).unwrap();
        assert!(auth.is_digest(buf));
        assert_eq!(auth.split_username(buf), Some((&b"bob"[..], &b"x.org"[..])));
        assert_eq!(auth.field(buf, b"realm"), Some(&b"a, \\\"b\\\""[..]));
        assert_eq!(auth.field(buf, b"nc"), Some(&b"00000001"[..]));
        assert_eq!(auth.field(buf, b"algorithm"), Some(&b"SHA-512-256"[..]));
        assert_eq!(auth.field(buf, b"opaque"), None);
        assert_eq!(auth.fields(buf).count(), 6);
    }

    #[test]
    fn other_schemes_keep_their_text() {
        let buf: &[u8] = b"Bearer abc.def==";
        let auth = Auth::parse(buf, Range::all(buf)).unwrap();
        assert!(!auth.is_digest(buf));
        assert_eq!(auth.rest.of(buf), b"abc.def==");
    }
}
