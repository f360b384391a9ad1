//! Sockets as written to addresses: literals, host names, `*` and interface names.
use crate::base::Str;
use crate::engine::settings::{Listening, Settings, SocketSpec};
use crate::syntax::ast::HostKind;
use socket2::SockAddr;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// An address of this machine and the interface that has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Interface {
    name: String,
    addr: IpAddr,
}

/// Every socket a script asks for, with its names and aliases. An error says which one and why.
pub fn resolve(settings: &Settings) -> Result<Listening, String> {
    let interfaces = interfaces();
    Listening::of(settings, |spec| addresses(spec, &interfaces), name_of)
}

/// The name that DNS has for an address; asked once, at start, like the names of sockets.
fn name_of(ip: IpAddr) -> Option<Str> {
    let addr = SockAddr::from(SocketAddr::new(ip, 0));
    let mut name = [0u8; 256];
    // SAFETY: the address and its length belong together, the buffer is as long as said, no service is asked for.
    let failed = unsafe {
        libc::getnameinfo(
            addr.as_ptr().cast(),
            addr.len(),
            name.as_mut_ptr().cast(),
            name.len() as libc::socklen_t,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    let end = name.iter().position(|b| *b == 0)?;
    (failed == 0).then(|| Str::new(name.get(..end).unwrap_or_default()))
}

/// The address that the system sends from to reach another; nothing is sent to learn it.
pub fn source_toward(to: IpAddr) -> Option<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    probe.connect(SocketAddr::new(to, 9)).ok()?;
    probe.local_addr().ok().map(|own| own.ip())
}

fn addresses(spec: &SocketSpec, interfaces: &[Interface]) -> Result<Vec<IpAddr>, String> {
    match &spec.host {
        HostKind::Ip(ip) => Ok(vec![*ip]),
        HostKind::Any => Ok(interfaces.iter().map(|i| i.addr).filter(IpAddr::is_ipv4).collect()),
        HostKind::Name(name) => {
            let name = name.to_string_lossy();
            let on_interface: Vec<_> = interfaces.iter().filter(|i| i.name == name).map(|i| i.addr).collect();
            if !on_interface.is_empty() {
                return Ok(on_interface);
            }
            by_name(&name)
        }
    }
}

/// A host name in a socket is looked up once, at start; the process has nothing else to do yet.
fn by_name(name: &str) -> Result<Vec<IpAddr>, String> {
    let found = (name, 0).to_socket_addrs().map_err(|e| {
        format!("cannot listen on `{name}`: it is no address, no interface of this machine, and no known host ({e})")
    })?;
    let unique: BTreeSet<IpAddr> = found.map(|a| a.ip()).collect();
    Ok(unique.into_iter().collect())
}

/// Addresses of the interfaces that are up; link-local IPv6 addresses need a scope and are left out.
fn interfaces() -> Vec<Interface> {
    let mut list: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: getifaddrs fills the pointer with a list that stays valid until freeifaddrs.
    if unsafe { libc::getifaddrs(&mut list) } != 0 {
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: `at` is an entry of the list.
        let entry = unsafe { &*at };
        if entry.ifa_flags & libc::IFF_UP as u32 != 0
            && let Some(addr) = interface_address(entry)
        {
            // SAFETY: the name is a NUL-terminated string of the list.
            let name = unsafe { CStr::from_ptr(entry.ifa_name) }.to_string_lossy().into_owned();
            found.insert(Interface { name, addr });
        }
        at = entry.ifa_next;
    }
    // SAFETY: the list came from getifaddrs and is not used afterwards.
    unsafe { libc::freeifaddrs(list) };
    found.into_iter().collect()
}

fn interface_address(entry: &libc::ifaddrs) -> Option<IpAddr> {
    if entry.ifa_addr.is_null() {
        return None;
    }
    // SAFETY: a non-null address begins with its family.
    match i32::from(unsafe { (*entry.ifa_addr).sa_family }) {
        libc::AF_INET => {
            // SAFETY: the family says sockaddr_in.
            let v4 = unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_in>() };
            Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr))))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says sockaddr_in6.
            let v6 = unsafe { &*entry.ifa_addr.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let link_local = ip.segments()[0] & 0xffc0 == 0xfe80;
            (!link_local).then_some(IpAddr::V6(ip))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn spec(host: HostKind) -> Settings {
        Settings { sockets: vec![SocketSpec::new(Transport::Udp, host, 5060)], ..Settings::default() }
    }

    fn loopback() -> HostKind {
        HostKind::Ip(Ipv4Addr::LOCALHOST.into())
    }

    #[test]
    fn star_is_every_ipv4_address_and_an_interface_name_its_own() {
        let star = resolve(&spec(HostKind::Any)).unwrap().sockets;
        assert!(star.all().iter().any(|s| s.addr == "127.0.0.1:5060".parse().unwrap()));
        let lo = resolve(&spec(HostKind::Name("lo".into()))).unwrap().sockets;
        assert!(lo.all().iter().all(|s| s.addr.ip().is_loopback()));
        assert!(!lo.all().is_empty());
    }

    #[test]
    fn an_unknown_host_is_an_error_that_names_it() {
        let error = resolve(&spec(HostKind::Name("no-such-host.invalid".into()))).unwrap_err();
        assert!(error.contains("no-such-host.invalid"), "{error}");
    }

    #[test]
    fn the_system_sends_to_itself_from_the_loopback_address() {
        assert_eq!(source_toward(Ipv4Addr::LOCALHOST.into()), Some(Ipv4Addr::LOCALHOST.into()));
    }

    #[test]
    fn the_names_that_dns_has_are_learnt_when_asked_for() {
        let name = name_of(Ipv4Addr::LOCALHOST.into()).expect("every machine names its loopback address");
        let mut settings = spec(loopback());
        assert!(!resolve(&settings).unwrap().sockets.is_me(name.as_bytes(), 5060, None));
        settings.server.auto_aliases = true;
        assert!(resolve(&settings).unwrap().sockets.is_me(name.as_bytes(), 5060, None));
    }
}
