//! The one place that names rsip: its types as a vocabulary for code that builds or inspects values, filled from our own
//! splitters through rsip's public fields. Received bytes are never parsed by rsip and received messages never printed
//! by it: it loses case, reason phrases, IPv6 literals and binary bodies.
use super::method::Method;
use super::status::StatusCode;
use super::transport::Transport;
use super::uri::{Scheme, UriParam, UriView};

/// `None` for what rsip has no words for: schemes without a host, URI headers, bytes that are not UTF-8.
pub fn uri(view: &UriView<'_>) -> Option<rsip::Uri> {
    if view.host().is_empty() || !view.headers_text().is_empty() {
        return None;
    }
    Some(rsip::Uri {
        scheme: Some(scheme(view)?),
        auth: auth(view)?,
        host_with_port: rsip::HostWithPort { host: host(view)?, port: view.port().map(Into::into) },
        params: view.params().map(param).collect::<Option<_>>()?,
        headers: Vec::new(),
    })
}

/// `None` for a method rsip does not know; names are compared as rsip does, in any case.
pub fn method(method: &Method) -> Option<rsip::Method> {
    method.to_string().parse().ok()
}

pub fn status(code: StatusCode) -> rsip::StatusCode {
    rsip::StatusCode::from(code.get())
}

pub fn transport(transport: Transport) -> rsip::Transport {
    match transport {
        Transport::Udp => rsip::Transport::Udp,
        Transport::Tcp => rsip::Transport::Tcp,
        Transport::Tls => rsip::Transport::Tls,
        Transport::Sctp => rsip::Transport::Sctp,
        Transport::Ws => rsip::Transport::Ws,
        Transport::Wss => rsip::Transport::Wss,
    }
}

fn scheme(view: &UriView<'_>) -> Option<rsip::Scheme> {
    match view.kind() {
        Scheme::Sip => Some(rsip::Scheme::Sip),
        Scheme::Sips => Some(rsip::Scheme::Sips),
        Scheme::Tel | Scheme::Tels | Scheme::Urn | Scheme::Other => None,
    }
}

fn auth(view: &UriView<'_>) -> Option<Option<rsip::Auth>> {
    if view.user().is_empty() {
        return Some(None);
    }
    let password = match view.password() {
        Some(text) => Some(string(text)?),
        None => None,
    };
    Some(Some(rsip::Auth { user: string(view.user())?, password }))
}

/// An IPv6 literal goes in as a name: rsip prints addresses of that family without their brackets.
fn host(view: &UriView<'_>) -> Option<rsip::Host> {
    let text = string(view.host())?;
    Some(if text.starts_with('[') { rsip::Host::Domain(text.into()) } else { rsip::Host::from(text) })
}

fn param(param: UriParam<'_>) -> Option<rsip::Param> {
    let name = string(param.name)?;
    let value = match param.value {
        Some(text) => Some(string(text)?),
        None => None,
    };
    let known = rsip::Param::try_from((name.as_str(), value.as_deref()));
    Some(known.unwrap_or_else(|_| rsip::Param::Other(name.into(), value.map(Into::into))))
}

fn string(text: &[u8]) -> Option<String> {
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Option<rsip::Uri> {
        uri(&UriView::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text} does not parse")))
    }

    #[test]
    fn agrees_with_rsip_where_rsip_is_right() {
        for text in
            ["sip:bob@example.com", "sips:bob:pw@example.com:5061", "sip:192.0.2.1;lr", "sip:a@h;transport=tcp;x=y"]
        {
            assert_eq!(typed(text), rsip::Uri::try_from(text).ok(), "{text}");
        }
    }

    #[test]
    fn is_right_where_rsip_is_not() {
        for text in ["sip:john.doe@example.com", "sip:bob@[2001:db8::1]:5060", "sip:a@h;transport=foo"] {
            assert_eq!(typed(text).map(|u| u.to_string()).as_deref(), Some(text));
        }
        assert_eq!(typed("tel:7042"), None);
        assert_eq!(typed("sip:a@h?Subject=x"), None);
    }

    #[test]
    fn methods_and_codes_translate() {
        assert_eq!(method(&Method::Invite), Some(rsip::Method::Invite));
        assert_eq!(method(&Method::parse(b"FOO")), None);
        assert_eq!(StatusCode::new(486).map(status), Some(rsip::StatusCode::BusyHere));
        assert_eq!(transport(Transport::Wss), rsip::Transport::Wss);
    }
}
