//! `UriView`: the parts of a URI, read through the splitter's offsets.
use super::split::{Scheme, UriParts};
use crate::sip::range::Range;
use crate::sip::transport::Transport;
use memchr::memchr;

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
    #[inline]
    pub fn new(text: &'a [u8], parts: UriParts) -> UriView<'a> {
        UriView { text, parts }
    }

    #[inline]
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
    #[inline]
    pub fn user(&self) -> &'a [u8] {
        self.parts.user.of(self.text)
    }

    pub fn password(&self) -> Option<&'a [u8]> {
        self.parts.password.map(|r| r.of(self.text))
    }

    /// IPv6 literals keep their brackets. Empty for schemes without a host.
    #[inline]
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
        check("urn:service:sos;a", "", "sos", None, "a", "");
        check("urn:uuid:1", "uuid:1", "", None, "", "");
        check("SIPS:example.com", "", "example.com", None, "", "");
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
