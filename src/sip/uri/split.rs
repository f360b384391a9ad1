//! The splitter: one look over a URI, nothing copied, nothing unescaped.
use crate::sip::range::Range;
use crate::sip::scan::number;
use memchr::memchr;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    /// OpenSIPS's `tels:`, a `tel:` over secure hops.
    Tels,
    Urn,
    Other,
}

impl Scheme {
    fn of(name: &[u8]) -> Scheme {
        let mut lower = [0; 4];
        let Some(room) = lower.get_mut(..name.len()) else { return Scheme::Other };
        room.copy_from_slice(name);
        room.make_ascii_lowercase();
        match &*room {
            b"sip" => Scheme::Sip,
            b"sips" => Scheme::Sips,
            b"tel" => Scheme::Tel,
            b"tels" => Scheme::Tels,
            b"urn" => Scheme::Urn,
            _ => Scheme::Other,
        }
    }

    fn has_host(self) -> bool {
        matches!(self, Scheme::Sip | Scheme::Sips)
    }
}

/// Where the parts of a URI are, counted from its first byte. Absent parts are empty; `params` and `headers`
/// begin with their `;` and `?`. For schemes other than `sip` and `sips` the `user` is what follows the scheme, but the
/// name of a service (RFC 5031) stands where OpenSIPS shows it, in `host`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UriParts {
    pub kind: Scheme,
    pub scheme: Range,
    pub user: Range,
    pub password: Option<Range>,
    pub host: Range,
    pub port: Option<u16>,
    pub port_text: Range,
    pub params: Range,
    pub headers: Range,
}

impl UriParts {
    /// `None` when the text is no URI: no scheme, an empty host, a port above 65535, control characters. As OpenSIPS does,
    /// blanks, quotes, brackets and bytes above 127 are let stand where the RFC wants them escaped: `<sip:John Smith@h>`
    /// is sent, and has to be read.
    pub fn split(text: &[u8]) -> Option<UriParts> {
        let colon = length_of(SCHEME, text);
        let (name, rest) = text.split_at_checked(colon)?;
        if rest.first() != Some(&b':') || !name.first()?.is_ascii_alphabetic() {
            return None;
        }
        if rest.iter().any(u8::is_ascii_control) {
            return None;
        }
        let parts = UriParts::scheme_only(Scheme::of(name), colon);
        if parts.kind.has_host() { parts.split_sip(text, colon + 1) } else { parts.split_opaque(text, colon + 1) }
    }

    fn scheme_only(kind: Scheme, colon: usize) -> UriParts {
        let none = Range::default();
        UriParts {
            kind,
            scheme: Range::new(0, colon),
            user: none,
            password: None,
            host: none,
            port: None,
            port_text: none,
            params: none,
            headers: none,
        }
    }

    fn split_opaque(mut self, text: &[u8], start: usize) -> Option<UriParts> {
        if self.kind == Scheme::Urn
            && let Some(service) = service_of(text.get(start..)?)
        {
            return self.split_service(text, start + service);
        }
        let parameters = matches!(self.kind, Scheme::Tel | Scheme::Tels);
        let rest = text.get(start..)?;
        let end = if parameters { memchr(b';', rest).unwrap_or(rest.len()) } else { rest.len() };
        if end == 0 {
            return None;
        }
        self.user = Range::new(start, start + end);
        self.params = Range::new(start + end, text.len());
        self.headers = Range::new(text.len(), text.len());
        Some(self)
    }

    fn split_service(mut self, text: &[u8], start: usize) -> Option<UriParts> {
        let name = text.get(start..)?;
        let end = start + memchr(b';', name).unwrap_or(name.len());
        if end == start {
            return None;
        }
        self.host = Range::new(start, end);
        self.params = Range::new(end, text.len());
        self.headers = Range::new(text.len(), text.len());
        Some(self)
    }

    fn split_sip(mut self, text: &[u8], start: usize) -> Option<UriParts> {
        let host = match text.get(start..)?.iter().position(|&b| b == b'@') {
            Some(0) => return None,
            Some(n) => {
                self.split_userinfo(text, start, start + n)?;
                start + n + 1
            }
            None => start,
        };
        let host_end = host + loose_host_len(text.get(host..)?)?;
        self.host = Range::new(host, host_end);
        let tail = self.split_port(text, host_end)?;
        let question = text.get(tail..)?.iter().position(|&b| b == b'?').map_or(text.len(), |n| tail + n);
        self.params = Range::new(tail, question);
        self.headers = Range::new(question, text.len());
        Some(self)
    }

    fn split_userinfo(&mut self, text: &[u8], start: usize, at: usize) -> Option<()> {
        let colon = text.get(start..at)?.iter().position(|&b| b == b':').map(|n| start + n);
        let user_end = colon.unwrap_or(at);
        if user_end == start {
            return None;
        }
        self.user = Range::new(start, user_end);
        self.password = colon.map(|c| Range::new(c + 1, at));
        Some(())
    }

    /// Where parameters start.
    fn split_port(&mut self, text: &[u8], host_end: usize) -> Option<usize> {
        let mut end = host_end;
        if text.get(end) == Some(&b':') {
            let digits = text.get(end + 1..)?.iter().take_while(|b| b.is_ascii_digit()).count();
            self.port_text = Range::new(end + 1, end + 1 + digits);
            if digits > 0 {
                self.port = Some(u16::try_from(number(self.port_text.of(text))?).ok()?);
            }
            end += 1 + digits;
        }
        matches!(text.get(end), None | Some(b';' | b'?')).then_some(end)
    }
}

/// A byte of a scheme.
const SCHEME: u8 = 1;
/// A byte of a host that is no IPv6 literal.
const HOST: u8 = 2;

/// What each byte may be part of.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        classes[at] = match byte {
            b'+' => SCHEME,
            b'_' => HOST,
            b'-' | b'.' => SCHEME | HOST,
            _ if byte.is_ascii_alphanumeric() => SCHEME | HOST,
            _ => 0,
        };
        at += 1;
    }
    classes
};

/// Where the name of a service begins behind `urn:`.
fn service_of(rest: &[u8]) -> Option<usize> {
    let prefixes: [&[u8]; 2] = [b"service:", b"nena:service:"];
    let begins = |p: &&&[u8]| rest.get(..p.len()).is_some_and(|start| start.eq_ignore_ascii_case(p));
    prefixes.iter().find(begins).map(|p| p.len())
}

/// How many bytes of a class `text` begins with.
#[inline]
fn length_of(class: u8, text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| CLASSES[usize::from(byte)] & class != 0).count()
}

/// As `host_len`, but whatever ends no host belongs to it.
#[inline]
fn loose_host_len(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'[') {
        return host_len(text);
    }
    let n = text.iter().position(|b| matches!(b, b':' | b';' | b'?' | b'@' | b'[' | b']')).unwrap_or(text.len());
    (n > 0).then_some(n)
}

/// The length of the host at the start of `text`; `None` when there is none.
pub(crate) fn host_len(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'[') {
        let close = memchr(b']', text)?;
        let literal = std::str::from_utf8(text.get(1..close)?).ok()?;
        return literal.parse::<std::net::Ipv6Addr>().is_ok().then_some(close + 1);
    }
    let n = length_of(HOST, text);
    (n > 0).then_some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_uri() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@x",
            "sip:a@b:99999",
            "<sip:a@b>",
            "sip:[::g]",
            "sip:a@b@c",
            "sip:a\r\n@b",
            "1:x",
            "tel:",
        ] {
            assert!(UriParts::split(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn what_wants_escaping_is_read() {
        for (text, user, host) in [
            ("sip:John Smith@h", "John Smith", "h"),
            ("sip:<null>@h", "<null>", "h"),
            ("sip:a@b,c", "a", "b,c"),
            ("sip:a@b c;x=\"y\"", "a", "b c"),
            ("sip:a@b:", "a", "b"),
        ] {
            let parts = UriParts::split(text.as_bytes()).unwrap();
            let found = (parts.user.of(text.as_bytes()), parts.host.of(text.as_bytes()));
            assert_eq!((found, parts.port), ((user.as_bytes(), host.as_bytes()), None), "{text}");
        }
    }

    #[test]
    fn a_service_has_a_name_and_parameters() {
        for text in ["urn:service:sos;a=b", "URN:nena:Service:sos;a=b"] {
            let parts = UriParts::split(text.as_bytes()).unwrap();
            assert!(parts.user.is_empty(), "{text}");
            assert_eq!((parts.host.of(text.as_bytes()), parts.params.of(text.as_bytes())), (&b"sos"[..], &b";a=b"[..]));
        }
        assert!(UriParts::split(b"urn:service:").is_none());
    }

    #[test]
    fn absent_parts_are_empty() {
        let parts = UriParts::split(b"sip:h").unwrap();
        assert!(parts.user.is_empty() && parts.params.is_empty() && parts.headers.is_empty());
        assert_eq!((parts.password, parts.port), (None, None));
        assert_eq!(parts.params.start, 5);
    }
}
