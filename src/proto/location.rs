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
    NeedsName { host: Str, port: u16, transport: Transport },
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
    let port = destination.port.filter(|port| *port != 0).unwrap_or_else(|| default_port(transport));
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

/// RFC 3261 19.1.2 and RFC 7118.
fn default_port(transport: Transport) -> u16 {
    transport.default_port()
}
