//! Where a request goes: target selection of RFC 3263 section 4, as far as addresses and A/AAAA names.
//!
//! The owner takes the parts from the destination URI (`$du`, the top Route or the R-URI). Absent: NAPTR and SRV, which need
//! answers before a transport and a port are known; a name is asked for its addresses only.
use crate::base::Str;
use crate::sip::Transport;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The parts of a SIP URI that decide where a request goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Destination<'a> {
    /// A name, an IPv4 address, or an IPv6 address with or without brackets.
    pub host: &'a [u8],
    pub port: Option<u16>,
    /// The `transport` parameter, when it names one we know.
    pub transport: Option<Transport>,
    /// The `maddr` parameter: it replaces the host (RFC 3261 19.1.1).
    pub maddr: Option<&'a [u8]>,
    pub scheme: Scheme,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    #[default]
    Sip,
    Sips,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Address(SocketAddr, Transport),
    /// Ask `resolver` for the host, then `with_address`.
    NeedsName {
        host: Str,
        port: u16,
        transport: Transport,
    },
}

impl Target {
    /// The target once its name is known. An address stays what it is.
    pub fn with_address(&self, ip: IpAddr) -> (SocketAddr, Transport) {
        match self {
            Target::Address(address, transport) => (*address, *transport),
            Target::NeedsName { port, transport, .. } => (SocketAddr::new(ip, *port), *transport),
        }
    }
}

/// None when there is no host to speak of.
pub fn locate(destination: &Destination<'_>) -> Option<Target> {
    let host = destination.maddr.filter(|maddr| !maddr.is_empty()).unwrap_or(destination.host);
    if host.is_empty() {
        return None;
    }
    let transport = transport_of(destination);
    let port = destination.port.filter(|port| *port != 0).unwrap_or_else(|| transport.default_port());
    Some(match parse_address(host) {
        Some(ip) => Target::Address(SocketAddr::new(ip, port), transport),
        None => Target::NeedsName { host: Str::new(host), port, transport },
    })
}

/// An address literal; IPv6 with or without brackets.
pub fn parse_address(host: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(host).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse::<Ipv4Addr>().map(IpAddr::V4).or_else(|_| text.parse::<Ipv6Addr>().map(IpAddr::V6)).ok(),
    }
}

/// RFC 3263 4.1: the parameter, else TLS for `sips`, else UDP. `sips` over TCP or WS means its secure form (RFC 3261 26.2.2).
fn transport_of(destination: &Destination<'_>) -> Transport {
    match (destination.scheme, destination.transport) {
        (Scheme::Sips, Some(Transport::Ws)) => Transport::Wss,
        (Scheme::Sips, Some(Transport::Tcp | Transport::Udp) | None) => Transport::Tls,
        (Scheme::Sip, None) => Transport::Udp,
        (Scheme::Sip | Scheme::Sips, Some(transport)) => transport,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(host: &[u8]) -> Destination<'_> {
        Destination { host, ..Destination::default() }
    }

    fn address(text: &str, transport: Transport) -> Option<Target> {
        Some(Target::Address(text.parse().expect("an address and port"), transport))
    }

    fn name(host: &str, port: u16, transport: Transport) -> Option<Target> {
        Some(Target::NeedsName { host: Str::from(host), port, transport })
    }

    #[test]
    fn address_needs_no_name() {
        assert_eq!(locate(&to(b"192.0.2.1")), address("192.0.2.1:5060", Transport::Udp));
        assert_eq!(locate(&to(b"[2001:db8::1]")), address("[2001:db8::1]:5060", Transport::Udp));
        assert_eq!(locate(&to(b"2001:db8::1")), address("[2001:db8::1]:5060", Transport::Udp));
        let port = Destination { port: Some(5080), ..to(b"192.0.2.1") };
        assert_eq!(locate(&port), address("192.0.2.1:5080", Transport::Udp));
    }

    #[test]
    fn name_is_left_to_the_resolver() {
        assert_eq!(locate(&to(b"example.com")), name("example.com", 5060, Transport::Udp));
        assert_eq!(locate(&to(b"1.2.3")), name("1.2.3", 5060, Transport::Udp));
        assert_eq!(locate(&to(b"[nonsense]")), name("[nonsense]", 5060, Transport::Udp));
    }

    #[test]
    fn maddr_replaces_the_host() {
        let destination = Destination { maddr: Some(b"192.0.2.9"), ..to(b"example.com") };
        assert_eq!(locate(&destination), address("192.0.2.9:5060", Transport::Udp));
        let empty = Destination { maddr: Some(b""), ..to(b"example.com") };
        assert_eq!(locate(&empty), name("example.com", 5060, Transport::Udp));
    }

    #[test]
    fn transport_decides_the_port() {
        let over = |transport| locate(&Destination { transport: Some(transport), ..to(b"192.0.2.1") });
        assert_eq!(over(Transport::Tcp), address("192.0.2.1:5060", Transport::Tcp));
        assert_eq!(over(Transport::Tls), address("192.0.2.1:5061", Transport::Tls));
        assert_eq!(over(Transport::Wss), address("192.0.2.1:443", Transport::Wss));
    }

    #[test]
    fn sips_is_always_secure() {
        let over = |transport| locate(&Destination { transport, scheme: Scheme::Sips, ..to(b"192.0.2.1") });
        for transport in [None, Some(Transport::Udp), Some(Transport::Tcp), Some(Transport::Tls)] {
            assert_eq!(over(transport), address("192.0.2.1:5061", Transport::Tls), "{transport:?}");
        }
        assert_eq!(over(Some(Transport::Ws)), address("192.0.2.1:443", Transport::Wss));
    }

    #[test]
    fn nothing_leads_nowhere() {
        assert_eq!(locate(&to(b"")), None);
    }

    #[test]
    fn resolved_name_keeps_port_and_transport() {
        let target = locate(&Destination { port: Some(5070), ..to(b"example.com") }).expect("a host");
        let found = target.with_address("192.0.2.7".parse().expect("an address"));
        assert_eq!(found, ("192.0.2.7:5070".parse().expect("an address and port"), Transport::Udp));
    }
}
