//! Sockets: of a protocol that a loaded module carries.
use crate::analysis::script::Script;
use crate::base::Span;
use crate::diag::{Diagnostic, codes};
use crate::registry::Role;
use crate::syntax::ast::{ArgKind, Bond, GlobalValue, HostKind, PortRange, Socket, SocketOptionKind, StrLit};

pub fn protocols(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let sockets = script.ast.globals().filter_map(|g| match &g.value {
        GlobalValue::Socket(socket) => Some(socket),
        _ => None,
    });
    let sockets: Vec<&Socket> = sockets.collect();
    found.extend(sockets.iter().filter_map(|socket| protocol(script, socket)));
    if carriers(script).next().is_none() && !script.modules.loaded.iter().any(|m| is_transport(script, &m.name)) {
        let message = "no transport module is loaded";
        let help = "add `loadmodule \"proto_udp.so\"`";
        found.push(Diagnostic::new(codes::NO_TRANSPORT, start(script), message).help(help));
    } else if sockets.is_empty() && bonds(script).next().is_none() {
        let message = "no socket is defined: nothing can reach this server";
        found.push(Diagnostic::new(codes::NO_SOCKET, start(script), message).help("add `socket = udp:127.0.0.1:5060`"));
    }
}

/// A bond that a function names is there.
pub fn bonds_named(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    for site in &script.calls {
        let Some(row) = site.row.row() else { continue };
        for role in row.sig.roles {
            let Role::UsesBond(at) = role else { continue };
            if let Some(ArgKind::Str(name)) = site.call.args.get(usize::from(*at)).map(|a| &a.kind) {
                found.extend(unknown_bond(script, name));
            }
        }
    }
}

fn unknown_bond(script: &Script<'_>, name: &StrLit) -> Option<Diagnostic> {
    let text = name.format().ok()?.as_literal()?.to_string_lossy().into_owned();
    let bare = text.strip_prefix("bond:").unwrap_or(&text);
    if bonds(script).any(|bond| bond.name.text == bare) {
        return None;
    }
    let found = Diagnostic::new(codes::BAD_ARGUMENT_VALUE, name.span, format!("there is no bond `{bare}`"));
    Some(found.help(format!("declare it with `socket = bond:{bare} {{\"udp:ADDRESS:PORT\"}}`")))
}

/// Options that a socket does not heed: a start goes on without them.
pub fn options(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let values = || script.ast.globals().map(|g| &g.value);
    let profile = |name: &str| values().any(|v| matches!(v, GlobalValue::AutoScaling(p) if p.name.text == name));
    for value in values() {
        let GlobalValue::Socket(socket) = value else { continue };
        for option in &socket.options {
            let ignored = |message: String| Diagnostic::new(codes::SOCKET_OPTION, option.span, message);
            match &option.kind {
                SocketOptionKind::As { ports, .. } => found.extend(unpaired(socket, ports).map(ignored)),
                SocketOptionKind::UseWorkers(_) | SocketOptionKind::UseAutoScalingProfile(_)
                    if !has_own_workers(&socket.proto.text) =>
                {
                    found.push(ignored(format!("a socket of `{}` has no workers of its own", socket.proto.text)));
                }
                SocketOptionKind::UseAutoScalingProfile(name) if !profile(&name.text) => {
                    found.push(ignored(format!("no `auto_scaling_profile` is called `{}`", name.text)));
                }
                _ => {}
            }
        }
    }
}

/// Members of bonds that no socket of the script can be. Of names and `*` only a start knows the addresses.
pub fn bond_members(script: &Script<'_>, found: &mut Vec<Diagnostic>) {
    let values = script.ast.globals().map(|g| &g.value);
    let sockets: Vec<&Socket> =
        values.filter_map(|v| if let GlobalValue::Socket(socket) = v { Some(socket) } else { None }).collect();
    if sockets.iter().any(|socket| !matches!(socket.host.kind, HostKind::Ip(_)) || socket.ports.is_empty()) {
        return;
    }
    let listed: Vec<String> = sockets.iter().flat_map(|socket| texts(socket)).collect();
    for bond in bonds(script) {
        let unknown = bond.members.iter().filter(|member| {
            let text = member.value.to_string();
            let has_port = text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            has_port && !listed.iter().any(|known| known.eq_ignore_ascii_case(&text.replace(['[', ']'], "")))
        });
        found.extend(unknown.map(|member| {
            let message = format!("`{}` is no socket of this script", member.value);
            Diagnostic::new(codes::SOCKET_OPTION, member.span, message).help("the bond goes on without it")
        }));
    }
}

/// `proto:address:port` of each port.
fn texts(socket: &Socket) -> Vec<String> {
    let HostKind::Ip(ip) = &socket.host.kind else { return Vec::new() };
    let ports = socket.ports.iter().flat_map(|range| range.low..=range.high);
    ports.map(|port| format!("{}:{ip}:{port}", socket.proto.text)).collect()
}

/// Advertised ports go with the ports of the socket, one by one.
fn unpaired(socket: &Socket, advertised: &[PortRange]) -> Option<String> {
    let count = |ranges: &[PortRange]| ranges.iter().map(|r| usize::from(r.high - r.low) + 1).sum::<usize>();
    let (own, shown) = (count(&socket.ports).max(1), count(advertised));
    (shown != 0 && shown != own).then(|| format!("the socket has {} and advertises {}", ports(own), ports(shown)))
}

fn ports(n: usize) -> String {
    if n == 1 { "1 port".to_owned() } else { format!("{n} ports") }
}

/// Protocols whose sockets are read by workers of their own.
fn has_own_workers(proto: &str) -> bool {
    ["udp", "sctp", "hep_udp"].iter().any(|p| p.eq_ignore_ascii_case(proto))
}

fn protocol(script: &Script<'_>, socket: &Socket) -> Option<Diagnostic> {
    let proto = socket.proto.text.to_ascii_lowercase();
    if carriers(script).any(|carried| carried == proto) {
        return None;
    }
    let ours = script.catalog.modules().find(|(_, m)| m.transport == Some(proto.as_str()));
    if let Some((_, module)) = ours {
        let message = format!("no loaded module carries `{proto}`");
        let found = Diagnostic::new(codes::SOCKET_PROTOCOL, socket.proto.span, message);
        return Some(found.help(format!("add `loadmodule \"{}.so\"`", module.name)));
    }
    if let Some(module) = known_carrier(script, &proto) {
        let message = format!("sockets of `{proto}` (module `{module}`) are not implemented here");
        return Some(Diagnostic::new(codes::SOCKET_NOT_IMPLEMENTED, socket.proto.span, message));
    }
    Some(Diagnostic::new(codes::SOCKET_PROTOCOL, socket.proto.span, format!("unknown protocol `{proto}`")))
}

/// Protocols of the loaded modules.
fn carriers<'s>(script: &'s Script<'_>) -> impl Iterator<Item = &'static str> + 's {
    let loaded = 0..script.modules.loaded.len();
    loaded.filter_map(|at| script.modules.signature(at, script.catalog)?.transport)
}

/// A transport of OpenSIPS that is not built in.
fn is_transport(script: &Script<'_>, module: &str) -> bool {
    module.starts_with(TRANSPORT) && script.known.module(module).is_some()
}

/// The module of OpenSIPS that carries a protocol: `proto_tls` for `tls`, `proto_hep` for `hep_udp`.
pub fn known_carrier(script: &Script<'_>, proto: &str) -> Option<&'static str> {
    let short = proto.split('_').next().unwrap_or(proto);
    let named = |p: &str| script.known.module(&format!("{TRANSPORT}{p}")).map(|m| m.name);
    named(proto).or_else(|| named(short))
}

/// How OpenSIPS names its transports.
const TRANSPORT: &str = "proto_";

fn bonds<'a>(script: &Script<'a>) -> impl Iterator<Item = &'a Bond> + use<'a> {
    script.ast.globals().filter_map(|global| match &global.value {
        GlobalValue::Bond(bond) => Some(bond),
        _ => None,
    })
}

/// The place of what is missing: the first statement.
fn start(script: &Script<'_>) -> Span {
    let at = script.ast.items.first().map_or(0, |i| i.span().start);
    Span::new(at, at + 1)
}
