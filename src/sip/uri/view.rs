//! The splitter and the view that reads its offsets.
use crate::sip::range::Range;
use crate::sip::transport::Transport;
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
        const NAMES: [(&[u8], Scheme); 5] = [
            (b"sip", Scheme::Sip),
            (b"sips", Scheme::Sips),
            (b"tel", Scheme::Tel),
            (b"tels", Scheme::Tels),
            (b"urn", Scheme::Urn),
        ];
        NAMES.iter().find(|(n, _)| name.eq_ignore_ascii_case(n)).map_or(Scheme::Other, |&(_, scheme)| scheme)
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
        let colon = memchr(b':', text)?;
        let name = text.get(..colon)?;
        let legal = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !name.first()?.is_ascii_alphabetic() || !name.iter().all(legal) || text.iter().any(|&b| is_forbidden(b)) {
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
        let host = match memchr(b'@', text.get(start..)?) {
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
        let question = memchr(b'?', text.get(tail..)?).map_or(text.len(), |n| tail + n);
        self.params = Range::new(tail, question);
        self.headers = Range::new(question, text.len());
        Some(self)
    }

    fn split_userinfo(&mut self, text: &[u8], start: usize, at: usize) -> Option<()> {
        let colon = memchr(b':', text.get(start..at)?).map(|n| start + n);
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
            let port = crate::sip::scan::number(self.port_text.of(text))?;
            self.port = Some(u16::try_from(port).ok()?);
            end += 1 + digits;
        }
        matches!(text.get(end), None | Some(b';' | b'?')).then_some(end)
    }
}

fn is_forbidden(b: u8) -> bool {
    b <= b' ' || matches!(b, b'<' | b'>' | b'"' | 0x7f)
}

/// The length of the host at the start of `text`; `None` when there is none.
pub(crate) fn host_len(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'[') {
        let close = memchr(b']', text)?;
        let literal = std::str::from_utf8(text.get(1..close)?).ok()?;
        return literal.parse::<std::net::Ipv6Addr>().is_ok().then_some(close + 1);
    }
    let legal = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let n = text.iter().take_while(legal).count();
    (n > 0).then_some(n)
}

/// One `;name` or `;name=value` of a URI.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UriParam<'a> {
    pub name: &'a [u8],
    pub value: Option<&'a [u8]>,
    /// With its `;`, counted from the start of the URI: what to delete.
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub struct UriView<'a> {
    text: &'a [u8],
    parts: UriParts,
}

impl<'a> UriView<'a> {
    pub fn parse(text: &'a [u8]) -> Option<UriView<'a>> {
        UriParts::split(text).map(|parts| UriView { text, parts })
    }

    /// For parts that were split from this very text before.
    pub fn new(text: &'a [u8], parts: UriParts) -> UriView<'a> {
        UriView { text, parts }
    }

    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    pub fn parts(&self) -> &UriParts {
        &self.parts
    }

    pub fn kind(&self) -> Scheme {
        self.parts.kind
    }

    pub fn scheme(&self) -> &'a [u8] {
        self.parts.scheme.of(self.text)
    }

    /// Empty when there is none.
    pub fn user(&self) -> &'a [u8] {
        self.parts.user.of(self.text)
    }

    pub fn password(&self) -> Option<&'a [u8]> {
        self.parts.password.map(|r| r.of(self.text))
    }

    /// IPv6 literals keep their brackets. Empty for schemes without a host.
    pub fn host(&self) -> &'a [u8] {
        self.parts.host.of(self.text)
    }

    /// The host as an address when it is one, brackets or not.
    pub fn host_ip(&self) -> Option<std::net::IpAddr> {
        parse_ip(self.host())
    }

    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The port as it was written, leading zeros included; empty when there is none.
    pub fn port_text(&self) -> &'a [u8] {
        self.parts.port_text.of(self.text)
    }

    /// Everything between host and headers, without the first `;`.
    pub fn params_text(&self) -> &'a [u8] {
        let text = self.parts.params.of(self.text);
        text.strip_prefix(b";").unwrap_or(text)
    }

    /// Without the `?`.
    pub fn headers_text(&self) -> &'a [u8] {
        let text = self.parts.headers.of(self.text);
        text.strip_prefix(b"?").unwrap_or(text)
    }

    pub fn params(&self) -> impl Iterator<Item = UriParam<'a>> + use<'a> {
        UriParams { text: self.text, rest: self.parts.params }
    }

    /// `name=value` pairs of the headers part, still escaped.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        self.headers_text().split(|&b| b == b'&').filter(|pair| !pair.is_empty()).map(split_pair)
    }

    pub fn find_param(&self, name: &[u8]) -> Option<UriParam<'a>> {
        self.params().find(|p| p.name.eq_ignore_ascii_case(name))
    }

    /// The value of a parameter; `Some("")` when it is present without one.
    pub fn param(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.find_param(name).map(|p| p.value.unwrap_or_default())
    }

    pub fn has_param(&self, name: &[u8]) -> bool {
        self.find_param(name).is_some()
    }

    /// As written in `;transport=`.
    pub fn transport_text(&self) -> Option<&'a [u8]> {
        self.param(b"transport")
    }

    /// The transport a request to this URI asks for: the parameter, else TLS for `sips` and `tels`, else UDP.
    /// `None` when the parameter names a transport we do not speak. `sips` with `tcp` means TLS (RFC 3261 26.2.2).
    pub fn transport(&self) -> Option<Transport> {
        let secure = matches!(self.kind(), Scheme::Sips | Scheme::Tels);
        let Some(text) = self.transport_text() else {
            return Some(if secure { Transport::Tls } else { Transport::Udp });
        };
        match Transport::parse(text)? {
            Transport::Tcp if secure => Some(Transport::Tls),
            Transport::Ws if secure => Some(Transport::Wss),
            transport => Some(transport),
        }
    }

    /// The port to send to: the written one, else the default of the transport.
    pub fn effective_port(&self) -> u16 {
        self.port().unwrap_or_else(|| self.transport().unwrap_or(Transport::Udp).default_port())
    }

    pub fn maddr(&self) -> Option<&'a [u8]> {
        self.param(b"maddr")
    }

    pub fn ttl(&self) -> Option<&'a [u8]> {
        self.param(b"ttl")
    }

    pub fn method(&self) -> Option<&'a [u8]> {
        self.param(b"method")
    }

    /// The `user` parameter (`phone`, `ip`).
    pub fn user_param(&self) -> Option<&'a [u8]> {
        self.param(b"user")
    }

    /// Whether `;lr` is there, with or without a value: a loose router (RFC 3261 16.12.1).
    pub fn is_loose(&self) -> bool {
        self.has_param(b"lr")
    }

    /// `;r2`: OpenSIPS's mark of a Record-Route pair made at a change of socket.
    pub fn r2(&self) -> Option<&'a [u8]> {
        self.param(b"r2")
    }
}

/// An address with or without brackets.
pub fn parse_ip(host: &[u8]) -> Option<std::net::IpAddr> {
    let bare = host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host);
    std::str::from_utf8(bare).ok()?.parse().ok()
}

fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr(b'=', pair) {
        Some(n) => (pair.get(..n).unwrap_or_default(), pair.get(n + 1..).unwrap_or_default()),
        None => (pair, b""),
    }
}

struct UriParams<'a> {
    text: &'a [u8],
    rest: Range,
}

impl<'a> Iterator for UriParams<'a> {
    type Item = UriParam<'a>;

    fn next(&mut self) -> Option<UriParam<'a>> {
        loop {
            let body = self.rest.of(self.text).strip_prefix(b";")?;
            let length = memchr(b';', body).unwrap_or(body.len());
            let range = Range::new(self.rest.usize_start(), self.rest.usize_start() + 1 + length);
            self.rest.start = range.end;
            let pair = body.get(..length).unwrap_or_default();
            if pair.is_empty() {
                continue;
            }
            let value = memchr(b'=', pair).map(|n| pair.get(n + 1..).unwrap_or_default());
            return Some(UriParam { name: split_pair(pair).0, value, range });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, user: &str, host: &str, port: Option<u16>, params: &str, headers: &str) {
        let view = UriView::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} does not parse"));
        assert_eq!(view.user(), user.as_bytes(), "{text}");
        assert_eq!(view.host(), host.as_bytes(), "{text}");
        assert_eq!(view.port(), port, "{text}");
        assert_eq!(view.params_text(), params.as_bytes(), "{text}");
        assert_eq!(view.headers_text(), headers.as_bytes(), "{text}");
    }

    #[test]
    fn splits_what_other_parsers_stumble_over() {
        check("sip:john.doe@example.com:5060", "john.doe", "example.com", Some(5060), "", "");
        check("sip:bob@[2001:db8::1]:5060;transport=udp", "bob", "[2001:db8::1]", Some(5060), "transport=udp", "");
        check("sip:bob@example.com;lr;x=/a:b", "bob", "example.com", None, "lr;x=/a:b", "");
        check("sip:bob@example.com?Subject=x&p=1", "bob", "example.com", None, "", "Subject=x&p=1");
        check("sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com", None, "", "");
        check(
            "sip:+1-201-555-0123;phone-context=a.com@gw;user=phone",
            "+1-201-555-0123;phone-context=a.com",
            "gw",
            None,
            "user=phone",
            "",
        );
        check("tel:+1-201;phone-context=example.com", "+1-201", "", None, "phone-context=example.com", "");
        check("urn:service:sos", "service:sos", "", None, "", "");
        check("SIPS:example.com", "", "example.com", None, "", "");
    }

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
            assert!(UriView::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn parameters_keep_their_place() {
        let view = UriView::parse(b"sip:h;a=1;;b;LR=on").unwrap();
        let ranges: Vec<_> = view.params().map(|p| (p.name, p.value, p.range)).collect();
        assert_eq!(
            ranges,
            [
                (&b"a"[..], Some(&b"1"[..]), Range::new(5, 9)),
                (&b"b"[..], None, Range::new(10, 12)),
                (&b"LR"[..], Some(&b"on"[..]), Range::new(12, 18)),
            ]
        );
        assert!(view.is_loose());
        assert_eq!(view.param(b"b"), Some(&b""[..]));
        assert_eq!(view.param(b"c"), None);
    }

    #[test]
    fn ports_and_transports_default_by_scheme() {
        let check = |text: &str, transport, port| {
            let view = UriView::parse(text.as_bytes()).unwrap();
            assert_eq!((view.transport(), view.effective_port()), (transport, port), "{text}");
        };
        check("sip:h", Some(Transport::Udp), 5060);
        check("sips:h", Some(Transport::Tls), 5061);
        check("sips:h;transport=tcp", Some(Transport::Tls), 5061);
        check("sip:h:7;transport=WSS", Some(Transport::Wss), 7);
        check("sip:h;transport=foo", None, 5060);
    }
}
