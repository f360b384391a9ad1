//! The sockets of this server, by id, and the names that count as "me".
use crate::base::Str;
use crate::sip::Transport;
use std::net::{IpAddr, SocketAddr};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u16);

/// A listening socket. `advertised` replaces address and port in Via and Record-Route.
#[derive(Clone, Debug)]
pub struct Socket {
    pub id: SocketId,
    pub transport: Transport,
    pub addr: SocketAddr,
    pub advertised: Option<(Str, Option<u16>)>,
    pub tag: Option<Str>,
    pub anycast: bool,
    /// `sent_by()`, once the sockets are sealed.
    sent_by: Str,
}

impl Socket {
    /// `host[:port]` for Via and Record-Route; IPv6 in brackets.
    pub fn sent_by(&self) -> String {
        match &self.advertised {
            Some((host, port)) => {
                format!("{}:{}", host.to_string_lossy(), port.unwrap_or(self.addr.port()))
            }
            None => self.addr.to_string(),
        }
    }

    /// The same as `sent_by()`, made once: for every Via.
    pub fn sealed_sent_by(&self) -> &[u8] {
        &self.sent_by
    }

    /// `proto:ip:port`, as `$socket_in` prints it.
    pub fn text(&self) -> String {
        format!("{}:{}", self.transport.name(), self.addr)
    }
}

/// A name that counts as local; no port means any port, no transport any transport.
#[derive(Clone, Debug)]
pub struct Alias {
    pub transport: Option<Transport>,
    pub host: Str,
    pub port: Option<u16>,
    pub accept_subdomain: bool,
}

/// Sockets under one name; one of them sends, whichever fits the destination.
#[derive(Clone, Debug)]
pub struct Bond {
    /// Stands for the bond where a socket is forced; no socket has it.
    pub id: SocketId,
    pub name: Str,
    pub members: Vec<SocketId>,
}

#[derive(Clone, Debug, Default)]
pub struct Sockets {
    sockets: Vec<Socket>,
    bonds: Vec<Bond>,
    aliases: Vec<Alias>,
}

/// Ids from here on are those of bonds.
const FIRST_BOND: u16 = 1 << 15;

impl Sockets {
    pub fn add(&mut self, transport: Transport, addr: SocketAddr) -> SocketId {
        let id = SocketId(self.sockets.len() as u16);
        self.sockets.push(Socket {
            id,
            transport,
            addr,
            advertised: None,
            tag: None,
            anycast: false,
            sent_by: Str::EMPTY,
        });
        id
    }

    pub fn add_alias(&mut self, alias: Alias) {
        self.aliases.push(alias);
    }

    pub fn add_bond(&mut self, name: Str, members: Vec<SocketId>) -> SocketId {
        let id = SocketId(FIRST_BOND + self.bonds.len() as u16);
        self.bonds.push(Bond { id, name, members });
        id
    }

    /// The bond of this name.
    pub fn bond(&self, name: &[u8]) -> Option<&Bond> {
        self.bonds.iter().find(|b| b.name.as_bytes() == name)
    }

    /// The bond that an id means; `None` for a socket's.
    pub fn bond_of(&self, id: SocketId) -> Option<&Bond> {
        self.bonds.get(usize::from(id.0.checked_sub(FIRST_BOND)?))
    }

    /// To be called when nothing about the sockets will change any more.
    pub fn seal(&mut self) {
        for socket in &mut self.sockets {
            socket.sent_by = Str::from(socket.sent_by());
        }
    }

    pub fn get_mut(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(usize::from(id.0))
    }

    pub fn get(&self, id: SocketId) -> Option<&Socket> {
        self.sockets.get(usize::from(id.0))
    }

    pub fn all(&self) -> &[Socket] {
        &self.sockets
    }

    pub fn aliases(&self) -> &[Alias] {
        &self.aliases
    }

    /// The socket with exactly this address.
    pub fn find(&self, transport: Transport, addr: SocketAddr) -> Option<&Socket> {
        self.sockets.iter().find(|s| s.transport == transport && s.addr == addr)
    }

    /// The socket to send from: `preferred`, or its first member when it is a bond, if transport and family fit; else the first
    /// socket that does.
    pub fn outbound(&self, preferred: SocketId, transport: Transport, to: IpAddr) -> Option<&Socket> {
        let fits = |s: &&Socket| s.transport == transport && s.addr.is_ipv4() == to.is_ipv4();
        let member = || self.bond_of(preferred)?.members.iter().filter_map(|id| self.get(*id)).find(fits);
        self.get(preferred).filter(fits).or_else(member).or_else(|| self.sockets.iter().find(fits))
    }

    /// Whether host and port (0: any) name this server: a socket, an advertised address or an alias.
    pub fn is_me(&self, host: &[u8], port: u16, transport: Option<Transport>) -> bool {
        let bare = bare(host);
        let fits = |a: &Alias| {
            let port_fits = port == 0 || a.port.is_none_or(|p| p == port);
            let transport_fits = transport.is_none() || a.transport.is_none() || a.transport == transport;
            port_fits && transport_fits && host_matches(&a.host, bare, a.accept_subdomain)
        };
        self.named(host, port, transport).is_some() || self.aliases.iter().any(fits)
    }

    /// The socket that host and port (0: any) name, by its address or the one it advertises.
    pub fn named(&self, host: &[u8], port: u16, transport: Option<Transport>) -> Option<&Socket> {
        let bare = bare(host);
        let ip: Option<IpAddr> = std::str::from_utf8(bare).ok().and_then(|t| t.parse().ok());
        let fits = |own: u16| port == 0 || own == port;
        let by_address = |s: &Socket| Some(s.addr.ip()) == ip && fits(s.addr.port());
        let by_advertised = |s: &Socket| {
            let advertised = s.advertised.as_ref();
            advertised.is_some_and(|(h, p)| h.eq_ignore_ascii_case(bare) && fits(p.unwrap_or(s.addr.port())))
        };
        self.sockets.iter().find(|s| transport.is_none_or(|t| t == s.transport) && (by_address(s) || by_advertised(s)))
    }
}

/// Without the brackets of an IPv6 address.
fn bare(host: &[u8]) -> &[u8] {
    host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host)
}

fn host_matches(alias: &[u8], host: &[u8], accept_subdomain: bool) -> bool {
    if alias.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(cut) = host.len().checked_sub(alias.len() + 1) else { return false };
    accept_subdomain && host[cut] == b'.' && host[cut + 1..].eq_ignore_ascii_case(alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn me_is_a_socket_or_an_alias() {
        let mut sockets = Sockets::default();
        sockets.add(Transport::Udp, "127.0.0.1:5060".parse().unwrap());
        sockets.add(Transport::Udp, "[::1]:5070".parse().unwrap());
        sockets.add_alias(Alias { transport: None, host: "example.com".into(), port: None, accept_subdomain: true });
        assert!(sockets.is_me(b"127.0.0.1", 5060, None));
        assert!(sockets.is_me(b"127.0.0.1", 0, None));
        assert!(!sockets.is_me(b"127.0.0.1", 5070, None));
        assert!(sockets.is_me(b"[::1]", 5070, Some(Transport::Udp)));
        assert!(sockets.is_me(b"Example.COM", 5099, None));
        assert!(sockets.is_me(b"a.example.com", 0, None));
        assert!(!sockets.is_me(b"notexample.com", 0, None));
        assert!(!sockets.is_me(b".com", 0, None));
    }

    #[test]
    fn a_socket_of_the_right_family_sends() {
        let mut sockets = Sockets::default();
        let four = sockets.add(Transport::Udp, "127.0.0.1:5060".parse().unwrap());
        let six = sockets.add(Transport::Udp, "[::1]:5060".parse().unwrap());
        assert_eq!(sockets.outbound(four, Transport::Udp, "10.0.0.1".parse().unwrap()).map(|s| s.id), Some(four));
        assert_eq!(sockets.outbound(four, Transport::Udp, "::2".parse().unwrap()).map(|s| s.id), Some(six));
        assert!(sockets.outbound(four, Transport::Tcp, "::2".parse().unwrap()).is_none());
    }

    #[test]
    fn a_bond_sends_by_the_member_that_fits() {
        let mut sockets = Sockets::default();
        let mut add = |addr: &str| sockets.add(Transport::Udp, addr.parse().unwrap());
        let (other, four, six) = (add("127.0.0.9:5060"), add("127.0.0.1:5060"), add("[::1]:5060"));
        let bond = sockets.add_bond("b".into(), vec![four, six]);
        let by = |id, to: &str| sockets.outbound(id, Transport::Udp, to.parse().unwrap()).map(|s| s.id);
        assert_eq!(
            (by(bond, "10.0.0.1"), by(bond, "::2"), by(other, "10.0.0.1")),
            (Some(four), Some(six), Some(other))
        );
        assert_eq!(sockets.bond(b"b").map(|b| b.id), Some(bond));
        assert!(sockets.get(bond).is_none() && sockets.bond_of(four).is_none() && sockets.bond(b"x").is_none());
    }
}
