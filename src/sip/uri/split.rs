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
/// begin with their `;` and `?`. For schemes other than `sip` and `sips` the `user` is what follows the scheme.
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
    /// `None` when the text is no URI: no scheme, an empty or illegal host, a port above 65535, white space or brackets.
    pub fn split(text: &[u8]) -> Option<UriParts> {
        let colon = length_of(SCHEME, text);
        let (name, rest) = text.split_at_checked(colon)?;
        if rest.first() != Some(&b':') || !name.first()?.is_ascii_alphabetic() {
            return None;
        }
        if rest.iter().any(is_forbidden) && !stands_in_user(rest) {
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

    fn split_sip(mut self, text: &[u8], start: usize) -> Option<UriParts> {
        let host = match text.get(start..)?.iter().position(|&b| b == b'@') {
            Some(0) => return None,
            Some(n) => {
                self.split_userinfo(text, start, start + n)?;
                start + n + 1
            }
            None => start,
        };
        let host_end = host + host_len(text.get(host..)?)?;
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
            let port = number(self.port_text.of(text))?;
            self.port = Some(u16::try_from(port).ok()?);
            end += 1 + digits;
        }
        matches!(text.get(end), None | Some(b';' | b'?')).then_some(end)
    }
}

/// A byte of a scheme.
const SCHEME: u8 = 1;
/// A byte of a host that is no IPv6 literal.
const HOST: u8 = 2;
/// No byte of any URI, but for brackets in a user.
const FORBIDDEN: u8 = 4;

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
            0..=b' ' | b'<' | b'>' | b'"' | 0x7f => FORBIDDEN,
            _ if byte.is_ascii_alphanumeric() => SCHEME | HOST,
            _ => 0,
        };
        at += 1;
    }
    classes
};

#[inline]
fn is_forbidden(byte: &u8) -> bool {
    CLASSES[usize::from(*byte)] & FORBIDDEN != 0
}

/// A script may write `<null>` into a user, and OpenSIPS goes on with that; nothing else forbidden may stand anywhere.
#[cold]
fn stands_in_user(rest: &[u8]) -> bool {
    let user = rest.iter().position(|&b| b == b'@').unwrap_or(0);
    let mut wrong = rest.iter().enumerate().filter(|(_, byte)| is_forbidden(byte));
    wrong.all(|(at, byte)| at < user && matches!(byte, b'<' | b'>'))
}

/// How many bytes of a class `text` begins with.
#[inline]
fn length_of(class: u8, text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| CLASSES[usize::from(byte)] & class != 0).count()
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
            "sip:a b@c",
            "sip:a@b:99999",
            "sip:a@b:",
            "<sip:a@b>",
            "sip:[::g]",
            "sip:a@b,c",
            "1:x",
            "tel:",
        ] {
            assert!(UriParts::split(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn absent_parts_are_empty() {
        let parts = UriParts::split(b"sip:h").unwrap();
        assert!(parts.user.is_empty() && parts.params.is_empty() && parts.headers.is_empty());
        assert_eq!((parts.password, parts.port), (None, None));
        assert_eq!(parts.params.start, 5);
    }
}
