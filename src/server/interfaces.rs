//! Sockets as written to addresses: literals, host names, `*` and interface names.
use crate::context::{Alias, Sockets};
use crate::engine::settings::{Settings, SocketSpec};
use crate::syntax::ast::HostKind;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// An address of this machine and the interface that has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Interface {
    name: String,
    addr: IpAddr,
}

/// Every socket a script asks for, with its aliases. An error says which one and why.
pub fn resolve(settings: &Settings) -> Result<Sockets, String> {
    let interfaces = interfaces();
    let mut sockets = Sockets::default();
    for spec in &settings.sockets {
        for ip in addresses(spec, &interfaces)? {
            let addr = SocketAddr::new(ip, spec.port);
            if sockets.find(spec.transport, addr).is_some() {
                continue;
            }
            let id = sockets.add(spec.transport, addr);
            if let Some(socket) = sockets.get_mut(id) {
                let global = settings.core.advertised_address.clone().map(|h| (h, settings.core.advertised_port));
                socket.advertised = spec.advertised.clone().or(global);
                socket.tag = spec.tag.clone();
                socket.anycast = spec.anycast;
            }
        }
        if let HostKind::Name(name) = &spec.host {
            sockets.add_alias(Alias {
                transport: Some(spec.transport),
                host: name.clone(),
                port: Some(spec.port),
                accept_subdomain: spec.accept_subdomain,
            });
        }
    }
    settings.aliases.iter().cloned().for_each(|a| sockets.add_alias(a));
    Ok(sockets)
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
    use crate::base::Span;
    use crate::sip::Transport;

    fn spec(host: HostKind) -> Settings {
        let socket = SocketSpec {
            transport: Transport::Udp,
            host,
            port: 5060,
            advertised: None,
            tag: None,
            anycast: false,
            accept_subdomain: false,
            span: Span::default(),
        };
        Settings { sockets: vec![socket], ..Settings::default() }
    }

    #[test]
    fn star_is_every_ipv4_address_and_an_interface_name_its_own() {
        let star = resolve(&spec(HostKind::Any)).unwrap();
        assert!(star.all().iter().any(|s| s.addr == "127.0.0.1:5060".parse().unwrap()));
        let lo = resolve(&spec(HostKind::Name("lo".into()))).unwrap();
        assert!(lo.all().iter().all(|s| s.addr.ip().is_loopback()));
        assert!(!lo.all().is_empty());
    }

    #[test]
    fn an_unknown_host_is_an_error_that_names_it() {
        let error = resolve(&spec(HostKind::Name("no-such-host.invalid".into()))).unwrap_err();
        assert!(error.contains("no-such-host.invalid"), "{error}");
    }
}
