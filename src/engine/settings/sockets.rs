//! Sockets, bonds and aliases of a script.
use super::host_text;
use crate::base::{Span, Str};
use crate::context::Alias;
use crate::sip::Transport;
use crate::syntax::ast::{self, Ast, HostKind, ModParam, ModParamValue, SocketOptionKind};

/// A `socket=` as written; the server resolves names and interfaces.
#[derive(Clone, Debug)]
pub struct SocketSpec {
    pub transport: Transport,
    pub host: HostKind,
    pub port: u16,
    pub advertised: Option<(Str, Option<u16>)>,
    pub tag: Option<Str>,
    pub anycast: bool,
    pub accept_subdomain: bool,
    pub options: ListenOptions,
    pub span: Span,
}

impl SocketSpec {
    pub fn new(transport: Transport, host: HostKind, port: u16) -> SocketSpec {
        SocketSpec {
            transport,
            host,
            port,
            advertised: None,
            tag: None,
            anycast: false,
            accept_subdomain: false,
            options: ListenOptions::default(),
            span: Span::default(),
        }
    }
}

/// What a socket asks of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenOptions {
    pub tos: Option<u32>,
    /// Datagrams may be cut into IP fragments on their way.
    pub fragments: bool,
    /// Another process may listen on the address too.
    pub reuse_port: bool,
    /// How many workers receive at most.
    pub workers: Option<usize>,
}

/// A `socket = bond:NAME {..}` as written: members are `proto:address:port`.
#[derive(Clone, Debug)]
pub struct BondSpec {
    pub name: Str,
    pub members: Vec<Str>,
}

/// One for each port.
pub(super) fn specs(ast: &Ast, socket: &ast::Socket) -> Vec<SocketSpec> {
    let Some(transport) = Transport::parse(socket.proto.text.as_bytes()) else { return Vec::new() };
    let listed = ports(&socket.ports);
    let listed = if listed.is_empty() { vec![usual_port(ast, transport)] } else { listed };
    let mut like = SocketSpec { span: socket.span, ..SocketSpec::new(transport, socket.host.kind.clone(), 0) };
    let mut advertised = None;
    for option in &socket.options {
        match &option.kind {
            SocketOptionKind::As { host, ports: listed } => {
                advertised = host_text(host).map(|host| (host, ports(listed)));
            }
            SocketOptionKind::Flag(flag) => set_flag(&mut like, flag),
            SocketOptionKind::Tag(tag) => like.tag = Some(tag.text.as_str().into()),
            SocketOptionKind::Tos(tos) => like.options.tos = u32::try_from(tos.value).ok(),
            SocketOptionKind::UseWorkers(n) => like.options.workers = usize::try_from(n.value).ok().filter(|n| *n > 0),
            // The number of workers does not change while the server runs.
            SocketOptionKind::UseAutoScalingProfile(_) => {}
        }
    }
    let spec = |(at, port): (usize, u16)| {
        let advertised = advertised.clone().map(|(host, ports)| (host, ports.get(at).copied()));
        SocketSpec { port, advertised, ..like.clone() }
    };
    listed.into_iter().enumerate().map(spec).collect()
}

fn set_flag(spec: &mut SocketSpec, flag: &str) {
    match flag {
        "anycast" => spec.anycast = true,
        "accept_subdomain" => spec.accept_subdomain = true,
        "frag" => spec.options.fragments = true,
        "reuse_port" => spec.options.reuse_port = true,
        // PROXY headers are for connections.
        _ => {}
    }
}

pub(super) fn bond(bond: &ast::Bond) -> BondSpec {
    let members = bond.members.iter().map(|m| m.value.clone()).collect();
    BondSpec { name: bond.name.text.as_str().into(), members }
}

pub(super) fn alias(alias: &ast::Alias) -> Alias {
    Alias {
        transport: alias.proto.as_ref().and_then(|p| Transport::parse(p.text.as_bytes())),
        host: host_text(&alias.host).unwrap_or_default(),
        port: alias.port.and_then(|p| u16::try_from(p.value).ok()).filter(|p| *p != 0),
        accept_subdomain: alias.accept_subdomain,
    }
}

/// The port of sockets written without one: what the module of the transport says (`udp_port`), else that of the RFC.
fn usual_port(ast: &Ast, transport: Transport) -> u16 {
    let param = format!("{}_port", transport.name());
    let port = |p: &ModParam| match &p.value {
        ModParamValue::Int(port) if *p.param.value == *param.as_bytes() => u16::try_from(port.value).ok(),
        _ => None,
    };
    ast.modparams().filter_map(port).last().unwrap_or(transport.default_port())
}

fn ports(ranges: &[ast::PortRange]) -> Vec<u16> {
    ranges.iter().flat_map(|r| r.low..=r.high).collect()
}
