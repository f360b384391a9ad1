//! Sockets, their names and bonds, from what a script asks for and the addresses that the outside has for it.
use super::{ListenOptions, Settings, SocketSpec};
use crate::base::Str;
use crate::context::{Alias, CoreSettings, SocketId, Sockets};
use crate::modules::core::pvars::sockets;
use crate::syntax::ast::HostKind;
use std::net::{IpAddr, SocketAddr};

/// Where the server listens, and how.
#[derive(Debug, Default)]
pub struct Listening {
    pub sockets: Sockets,
    /// By the number of the socket.
    options: Vec<ListenOptions>,
    /// What was left out, to be told.
    pub warnings: Vec<String>,
}

impl Listening {
    /// `addresses` are those of a socket as written; `name_of` is the name that DNS has for one, asked for `auto_aliases`.
    /// An error says which socket cannot be and why.
    pub fn of(
        settings: &Settings,
        mut addresses: impl FnMut(&SocketSpec) -> Result<Vec<IpAddr>, String>,
        mut name_of: impl FnMut(IpAddr) -> Option<Str>,
    ) -> Result<Listening, String> {
        let mut listening = Listening::default();
        for spec in &settings.sockets {
            let addresses = addresses(spec)?;
            for ip in &addresses {
                listening.add(spec, *ip, &settings.core);
            }
            if let HostKind::Name(name) = &spec.host {
                listening.name(spec, name.clone());
            }
            if let Some((host, _)) = spec.advertised.as_ref().filter(|_| spec.accept_subdomain) {
                listening.name(spec, host.clone());
            }
            if settings.server.auto_aliases {
                addresses.iter().filter_map(|ip| name_of(*ip)).for_each(|host| listening.name(spec, host));
            }
        }
        settings.aliases.iter().cloned().for_each(|alias| listening.sockets.add_alias(alias));
        for bond in &settings.bonds {
            listening.bond(&bond.name, &bond.members)?;
        }
        Ok(listening)
    }

    pub fn options(&self, id: SocketId) -> ListenOptions {
        self.options.get(usize::from(id.0)).copied().unwrap_or_default()
    }

    fn add(&mut self, spec: &SocketSpec, ip: IpAddr, core: &CoreSettings) {
        let addr = SocketAddr::new(ip, spec.port);
        if self.sockets.find(spec.transport, addr).is_some() {
            return;
        }
        let id = self.sockets.add(spec.transport, addr);
        self.options.push(spec.options);
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let global = core.advertised_address.clone().map(|host| (host, core.advertised_port));
        socket.advertised = spec.advertised.clone().or(global);
        socket.tag = spec.tag.clone();
        socket.anycast = spec.anycast;
    }

    /// A name of a socket, which counts as the server's own.
    fn name(&mut self, spec: &SocketSpec, host: Str) {
        let (transport, port) = (Some(spec.transport), Some(spec.port));
        self.sockets.add_alias(Alias { transport, host, port, accept_subdomain: spec.accept_subdomain });
    }

    fn bond(&mut self, name: &Str, members: &[Str]) -> Result<(), String> {
        let mut found = Vec::new();
        for member in members {
            match sockets::named(&self.sockets, member) {
                Some(id) => found.push(id),
                None => self.warnings.push(format!("`{member}` of the bond `{name}` is no socket of this server")),
            }
        }
        if found.is_empty() {
            return Err(format!("the bond `{name}` has no member that is a socket of this server"));
        }
        self.sockets.add_bond(name.clone(), found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::settings::BondSpec;
    use crate::sip::Transport;
    use std::net::Ipv4Addr;

    fn loopback() -> Settings {
        let host = HostKind::Ip(Ipv4Addr::LOCALHOST.into());
        Settings { sockets: vec![SocketSpec::new(Transport::Udp, host, 5060)], ..Settings::default() }
    }

    fn listening(settings: &Settings) -> Result<Listening, String> {
        let name_of = |_: IpAddr| Some(Str::from("pbx.example.com"));
        Listening::of(settings, |_| Ok(vec![Ipv4Addr::LOCALHOST.into()]), name_of)
    }

    #[test]
    fn a_bond_holds_the_sockets_it_names() {
        let mut settings = loopback();
        let members = vec!["udp:127.0.0.1:5060".into(), "udp:192.0.2.1:5060".into()];
        settings.bonds.push(BondSpec { name: "both".into(), members });
        let both = listening(&settings).unwrap();
        assert_eq!(both.sockets.bond(b"both").map(|b| b.members.clone()), Some(vec![SocketId(0)]));
        assert_eq!(both.warnings, ["`udp:192.0.2.1:5060` of the bond `both` is no socket of this server"]);
        settings.bonds.push(BondSpec { name: "none".into(), members: vec!["udp:192.0.2.1:5060".into()] });
        assert!(listening(&settings).unwrap_err().contains("`none`"));
    }

    #[test]
    fn subdomains_of_an_advertised_name_are_ours_when_the_socket_says_so() {
        let mut settings = loopback();
        settings.sockets[0].advertised = Some(("example.com".into(), None));
        assert!(!listening(&settings).unwrap().sockets.is_me(b"a.example.com", 5060, None));
        settings.sockets[0].accept_subdomain = true;
        assert!(listening(&settings).unwrap().sockets.is_me(b"a.example.com", 5060, None));
    }

    #[test]
    fn the_names_that_dns_has_are_learnt_when_asked_for() {
        let mut settings = loopback();
        assert!(!listening(&settings).unwrap().sockets.is_me(b"pbx.example.com", 5060, None));
        settings.server.auto_aliases = true;
        assert!(listening(&settings).unwrap().sockets.is_me(b"pbx.example.com", 5060, None));
    }
}
