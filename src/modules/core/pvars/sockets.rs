//! The sockets a message came in on and leaves from.
use super::message::ip_text;
use crate::base::Str;
use crate::context::{Bond, Level, Run, Socket, SocketId, Sockets, Value};
use crate::registry::SubName;
use crate::sip::Transport;
use crate::vm::{Cx, NameKind, Pvar, Store, Var, WriteError};
use std::sync::Arc;

const FIELD: NameKind = NameKind::Custom(|name| Some(Arc::new(Field::named(name)?)));

const OUT: Pvar = Pvar::new(
    "socket_out",
    |cx, var| shown(cx, var, Which::Out),
    "The forced socket, else the inbound one; NULL resets.",
)
.writable(force)
.needs_text();
const PROTO: Pvar = Pvar::new("proto", |cx, _| inbound(cx, Field::Proto), "3.1's name of `$socket_in(proto)`.");

pub const PVARS: &[Pvar] = &[
    Pvar::new("socket_in", |cx, var| shown(cx, var, Which::In), "The socket the message came in on."),
    Pvar::new("socket_in", |cx, var| shown(cx, var, Which::In), "A part of the socket the message came in on.")
        .named(SubName::Required, FIELD)
        .checked(check_field),
    OUT,
    Pvar::new("socket_out", |cx, var| shown(cx, var, Which::Out), "A part of the sending socket.")
        .named(SubName::Required, FIELD)
        .checked(check_out_field),
    Pvar::new("proxy_protocol", |_, _| Value::Null, "What a PROXY header said; NULL without one.")
        .named(SubName::Required, NameKind::Text)
        .checked(check_proxy_field),
    OUT.alias("fs"),
    Pvar::new("Ri", |cx, _| inbound(cx, Field::Ip), "3.1's name of `$socket_in(ip)`."),
    Pvar::new("Rp", |cx, _| inbound(cx, Field::Port), "3.1's name of `$socket_in(port)`."),
    Pvar::new("af", |cx, _| inbound(cx, Field::Family), "3.1's name of `$socket_in(af)`."),
    PROTO,
    PROTO.alias("pr"),
];

#[derive(Clone, Copy)]
enum Which {
    In,
    Out,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Ip,
    Port,
    Proto,
    AdvertisedIp,
    AdvertisedPort,
    Tag,
    Anycast,
    Family,
    Forced,
}

impl Field {
    const NAMED: &[(&str, Field)] = &[
        ("ip", Field::Ip),
        ("port", Field::Port),
        ("proto", Field::Proto),
        ("advertised_ip", Field::AdvertisedIp),
        ("advertised_port", Field::AdvertisedPort),
        ("tag", Field::Tag),
        ("anycast", Field::Anycast),
        ("af", Field::Family),
        ("forced", Field::Forced),
    ];

    fn named(name: &[u8]) -> Option<Field> {
        Field::NAMED.iter().find(|(n, _)| n.as_bytes() == name).map(|(_, field)| *field)
    }
}

fn check_field(name: &[u8]) -> Result<(), String> {
    match Field::named(name) {
        None | Some(Field::Forced) => Err(vocabulary("a socket has the fields", Field::NAMED.len() - 1)),
        Some(_) => Ok(()),
    }
}

fn check_out_field(name: &[u8]) -> Result<(), String> {
    Field::named(name).map(drop).ok_or_else(|| vocabulary("the sending socket has the fields", Field::NAMED.len()))
}

fn vocabulary(what: &str, count: usize) -> String {
    let names: Vec<&str> = Field::NAMED.iter().take(count).map(|(n, _)| *n).collect();
    format!("{what} {}", names.join(", "))
}

fn check_proxy_field(name: &[u8]) -> Result<(), String> {
    const FIELDS: [&str; 5] = ["src_ip", "src_port", "dst_ip", "dst_port", "af"];
    let known = FIELDS.iter().any(|f| f.as_bytes() == name);
    if known { Ok(()) } else { Err(format!("a PROXY header has the fields {}", FIELDS.join(", "))) }
}

fn shown(cx: &mut Cx<'_>, var: &Var, which: Which) -> Value {
    let field = var.custom::<Field>().copied();
    let forced = forced(cx.run);
    if field == Some(Field::Forced) && forced.is_none() {
        return Value::Null;
    }
    let id = match which {
        Which::In => cx.run.received.socket,
        Which::Out => forced.unwrap_or(cx.run.received.socket),
    };
    chosen(&cx.core.sockets, id, field)
}

/// The socket or bond as text.
pub fn whole(sockets: &Sockets, id: SocketId) -> Value {
    chosen(sockets, id, None)
}

fn chosen(sockets: &Sockets, id: SocketId, field: Option<Field>) -> Value {
    match (sockets.get(id), sockets.bond_of(id)) {
        (Some(socket), _) => part(socket, field),
        (None, Some(bond)) => bond_part(bond, field),
        (None, None) => Value::Null,
    }
}

fn bond_part(bond: &Bond, field: Option<Field>) -> Value {
    match field {
        None | Some(Field::Forced) => Value::Str([BOND, b":", &bond.name].concat().into()),
        Some(Field::Proto) => Value::text(BOND),
        // Which member sends is not known before the destination is.
        Some(_) => Value::Null,
    }
}

fn inbound(cx: &Cx<'_>, field: Field) -> Value {
    cx.core.sockets.get(cx.run.received.socket).map_or(Value::Null, |socket| part(socket, Some(field)))
}

fn forced(run: &Run) -> Option<SocketId> {
    run.targets.main.socket
}

fn part(socket: &Socket, field: Option<Field>) -> Value {
    match field {
        None | Some(Field::Forced) => Value::Str(socket.text().into()),
        Some(Field::Ip) => Value::Str(ip_text(socket.addr.ip())),
        Some(Field::Port) => Value::Int(i32::from(socket.addr.port())),
        Some(Field::Proto) => Value::Str(Str::from_static(socket.transport.name())),
        Some(Field::AdvertisedIp) => socket.advertised.as_ref().map(|(host, _)| host.clone()).into(),
        Some(Field::AdvertisedPort) => match socket.advertised {
            Some((_, Some(port))) => Value::Int(i32::from(port)),
            _ => Value::Null,
        },
        Some(Field::Tag) => socket.tag.clone().into(),
        Some(Field::Anycast) => Value::Int(i32::from(socket.anycast)),
        Some(Field::Family) => Value::Str(Str::from_static(if socket.addr.is_ipv4() { "INET" } else { "INET6" })),
    }
}

fn force(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let Some(text) = value.str_face() else {
        cx.run.targets.main.socket = None;
        return Ok(());
    };
    match named(&cx.core.sockets, &text) {
        Some(id) => cx.run.targets.main.socket = Some(id),
        None => cx.log(
            Level::Warning,
            "core",
            "socket_out",
            format_args!("`{text}` is none of this server's sockets; the sending socket stays as it is"),
        ),
    }
    Ok(())
}

/// What stands where other sockets have their protocol.
const BOND: &[u8] = b"bond";

/// The bond that `bond:NAME`, or the bare name, means.
pub fn bond<'a>(sockets: &'a Sockets, text: &[u8]) -> Option<&'a Bond> {
    let (proto, name) = text.split_at_checked(BOND.len() + 1).unwrap_or_default();
    let name = if proto.eq_ignore_ascii_case(b"bond:") { name } else { text };
    sockets.bond(name)
}

/// The socket that `proto:ip[:port]` names; an advertised host names its socket too. `bond:NAME` is a bond.
pub fn named(sockets: &Sockets, text: &[u8]) -> Option<SocketId> {
    if text.get(..BOND.len() + 1).is_some_and(|proto| proto.eq_ignore_ascii_case(b"bond:")) {
        return bond(sockets, text).map(|bond| bond.id);
    }
    let text = std::str::from_utf8(text).ok()?;
    let (proto, place) = text.split_once(':')?;
    let transport = Transport::parse(proto.as_bytes())?;
    let (host, port) = host_and_port(place, transport)?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let fits = |s: &&Socket| {
        let by_address = bare.parse() == Ok(s.addr.ip()) && s.addr.port() == port;
        let by_advertised = s
            .advertised
            .as_ref()
            .is_some_and(|(h, p)| h.eq_ignore_ascii_case(bare.as_bytes()) && p.unwrap_or(s.addr.port()) == port);
        s.transport == transport && (by_address || by_advertised)
    };
    sockets.all().iter().find(fits).map(|s| s.id)
}

fn host_and_port(place: &str, transport: Transport) -> Option<(&str, u16)> {
    let default = transport.default_port();
    if let Some(end) = place.find(']') {
        let (host, rest) = place.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => rest.is_empty().then_some((host, default)),
        };
    }
    match place.rsplit_once(':') {
        // More than one colon and no brackets: an IPv6 address without port.
        Some((host, _)) if host.contains(':') => Some((place, default)),
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((place, default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, SOCKETS};

    fn fixture() -> Fixture {
        Fixture::new("OPTIONS sip:h SIP/2.0\ni: 1")
    }

    #[test]
    fn the_socket_shows_its_parts() {
        let mut f = fixture();
        assert_eq!(f.expanded("$socket_in $socket_out"), "udp:192.0.2.1:5060 udp:192.0.2.1:5060");
        assert_eq!(f.expanded("$socket_in(ip) $socket_in(proto) $socket_in(af)"), "192.0.2.1 udp INET");
        assert_eq!(f.value("$socket_in(port)"), Value::Int(5060));
        assert_eq!(f.value("$socket_in(anycast)"), Value::Int(0));
        assert_eq!(
            f.expanded("$socket_in(tag) $socket_in(advertised_ip) $socket_in(advertised_port)"),
            "<null> <null> <null>"
        );
        assert_eq!(f.expanded("$socket_out(forced) $proxy_protocol(src_ip)"), "<null> <null>");
    }

    #[test]
    fn the_names_of_3_1_are_the_inbound_socket() {
        let mut f = fixture();
        assert_eq!(f.expanded("$Ri $Rp $proto $pr $af $fs"), "192.0.2.1 5060 udp udp INET udp:192.0.2.1:5060");
    }

    #[test]
    fn forcing_takes_a_socket_of_ours() {
        let mut f = fixture();
        f.set("$socket_out", Value::from(Str::from(format!("udp:{}", SOCKETS[1])))).expect("the socket is ours");
        assert_eq!(f.expanded("$socket_out(forced) $socket_out(ip)"), "udp:198.51.100.1:5060 198.51.100.1");
        f.set("$socket_out", Value::text(b"udp:9.9.9.9:1")).expect("an unknown socket only warns");
        assert_eq!(f.expanded("$socket_out"), "udp:198.51.100.1:5060");
        f.set("$socket_out", Value::Null).expect("NULL resets");
        assert_eq!(f.expanded("$socket_out $socket_out(forced)"), "udp:192.0.2.1:5060 <null>");
    }

    #[test]
    fn a_bond_can_be_forced() {
        let mut f = fixture();
        f.core.sockets.add_bond("both".into(), vec![SocketId(1)]);
        f.set("$socket_out", Value::text(b"bond:both")).expect("the bond is ours");
        assert_eq!(
            f.expanded("$socket_out $socket_out(forced) $socket_out(proto) $socket_out(ip)"),
            "bond:both bond:both bond <null>"
        );
        f.set("$socket_out", Value::text(b"bond:nosuch")).expect("an unknown bond only warns");
        assert_eq!(f.expanded("$socket_out"), "bond:both");
    }

    #[test]
    fn sockets_are_named_with_and_without_port() {
        let mut sockets = Sockets::default();
        let four = sockets.add(Transport::Udp, "192.0.2.1:5060".parse().expect("an address"));
        let six = sockets.add(Transport::Udp, "[2001:db8::1]:5070".parse().expect("an address"));
        if let Some(socket) = sockets.get_mut(six) {
            socket.advertised = Some((Str::from("pbx.example.com"), Some(5090)));
        }
        for (text, id) in [
            ("udp:192.0.2.1:5060", Some(four)),
            ("UDP:192.0.2.1", Some(four)),
            ("udp:[2001:db8::1]:5070", Some(six)),
            ("udp:pbx.example.com:5090", Some(six)),
            ("udp:2001:db8::1", None),
            ("tcp:192.0.2.1:5060", None),
            ("192.0.2.1:5060", None),
            ("udp:", None),
            ("udp:192.0.2.1:x", None),
        ] {
            assert_eq!(named(&sockets, text.as_bytes()), id, "{text}");
        }
    }

    #[test]
    fn parts_are_a_vocabulary() {
        assert!(check_field(b"ip").is_ok() && check_field(b"forced").is_err());
        assert!(check_out_field(b"forced").is_ok() && check_out_field(b"x").is_err());
        assert!(check_proxy_field(b"af").is_ok() && check_proxy_field(b"ip").is_err());
    }
}
