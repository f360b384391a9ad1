//! Functions over the message at hand: Via handling, sockets, who it is for, what the script prints.
use super::super::pvars::sockets;
use super::outcome;
use crate::base::Str;
use crate::context::{Level, SocketId, Value};
use crate::script_fns;
use crate::vm::{AvpOut, Cx, Function, Store, VarInto, Vocabulary, Words};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether a host, and a port when one is given, names this server.
    fn is_myself(host: Str, port: Option<i32>) in ALL => is_myself;
    /// Answers to the port the request came from, whatever its Via says (RFC 3581).
    fn force_rport() in ALL => force_rport;
    /// Puts `rport` into the Via added to this request.
    fn add_local_rport() in ALL => add_local_rport;
    /// How Via header fields are handled for this message: a list of flags.
    fn set_via_handling(flags: Words<ViaFlags>) in ALL => set_via_handling;
    /// The address that Via and Record-Route of this message show.
    fn set_advertised_address(adv_addr: Str) in ALL => set_advertised_address;
    /// The port that Via and Record-Route of this message show.
    fn set_advertised_port(adv_port: Str) in ALL => set_advertised_port;
    /// The socket to send from.
    fn force_send_socket(proto_address_port: Str) in ALL => force_send_socket;
    /// Whether a socket is a member of a bond.
    fn socket_belongs_to_bond(socket: Str, bond: Str) in ALL, roles [UsesBond(1)] => socket_belongs_to_bond;
    /// Stores an expanded format string into a variable.
    fn pv_printf(pv: VarInto, string: Str) in ALL, roles [MayFail] => pv_printf;
    /// Logs every AVP.
    fn avp_print() in ALL => avp_print;
    /// Pushes seconds and microseconds of now on two AVPs.
    fn get_timestamp(sec_avp: AvpOut, usec_avp: AvpOut) in ALL => get_timestamp;
};

fn is_myself(cx: &mut Cx<'_>, host: Str, port: Option<i32>) -> bool {
    let port = u16::try_from(port.unwrap_or(0));
    port.is_ok_and(|port| cx.core.sockets.is_me(&host, port, None))
}

fn force_rport(cx: &mut Cx<'_>) -> i32 {
    cx.run.via.force_rport = true;
    1
}

fn add_local_rport(cx: &mut Cx<'_>) -> i32 {
    cx.run.via.add_local_rport = true;
    1
}

#[derive(Clone, Copy, Default)]
pub struct ViaFlags {
    force_rport: bool,
    add_local_rport: bool,
    reply_to_via: bool,
}

impl Vocabulary for ViaFlags {
    fn parse(text: &[u8]) -> Result<ViaFlags, String> {
        let mut flags = ViaFlags::default();
        for word in text.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty()) {
            match word {
                b"force-rport" => flags.force_rport = true,
                b"add-local-rport" => flags.add_local_rport = true,
                b"reply-to-via" => flags.reply_to_via = true,
                // Concerns TCP connections, of which there are none yet.
                b"force-tcp-alias" => {}
                _ => {
                    let word = String::from_utf8_lossy(word);
                    let known = "`force-rport`, `add-local-rport`, `reply-to-via`, `force-tcp-alias`";
                    return Err(format!("`{word}` is none of {known}"));
                }
            }
        }
        Ok(flags)
    }
}

fn set_via_handling(cx: &mut Cx<'_>, Words(flags): Words<ViaFlags>) -> i32 {
    let via = &mut cx.run.via;
    via.force_rport |= flags.force_rport;
    via.add_local_rport |= flags.add_local_rport;
    via.reply_to_via |= flags.reply_to_via;
    1
}

fn set_advertised_address(cx: &mut Cx<'_>, address: Str) -> i32 {
    cx.run.via.advertised_host = Some(address);
    1
}

fn set_advertised_port(cx: &mut Cx<'_>, port: Str) -> bool {
    let number = std::str::from_utf8(&port).ok().and_then(|p| p.parse::<u16>().ok());
    if number.is_none() {
        return outcome(cx, "set_advertised_port", Err("a port is a number up to 65535"));
    }
    cx.run.via.advertised_port = Some(port);
    true
}

fn force_send_socket(cx: &mut Cx<'_>, text: Str) -> bool {
    let id: Option<SocketId> = sockets::named(&cx.core.sockets, &text);
    if id.is_none() {
        cx.log(
            Level::Warning,
            "core",
            "force_send_socket",
            format_args!("`{text}` is none of this server's sockets; the sending socket stays as it is"),
        );
    }
    cx.run.targets.main.socket = id.or(cx.run.targets.main.socket);
    id.is_some()
}

fn socket_belongs_to_bond(cx: &mut Cx<'_>, socket: Str, bond: Str) -> bool {
    let own = &cx.core.sockets;
    match (sockets::named(own, &socket), sockets::bond(own, &bond)) {
        (Some(id), Some(bond)) => bond.members.contains(&id),
        _ => outcome(cx, "socket_belongs_to_bond", Err("there is no such socket, or no such bond")),
    }
}

fn pv_printf(cx: &mut Cx<'_>, target: VarInto, text: Str) -> bool {
    cx.write(&target.0, Store::Set, text.into()).is_ok()
}

pub fn avp_print(cx: &mut Cx<'_>) -> i32 {
    for name in cx.run.avps.names() {
        let text = cx.core.avp_names.text(name).unwrap_or_default();
        for value in cx.run.avps.all(name) {
            let shown = value.str_face().unwrap_or_default();
            cx.log(Level::Info, "core", "avp_print", format_args!("$avp({text}) = `{shown}`"));
        }
    }
    1
}

fn get_timestamp(cx: &mut Cx<'_>, seconds: AvpOut, micros: AvpOut) -> bool {
    let now = cx.now;
    let parts = [(seconds, now.unix_secs()), (micros, now.subsec_us())];
    parts.into_iter().all(|(avp, n)| cx.write(&avp.0, Store::Set, Value::Int(n as i32)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::core::MODULE;
    use crate::modules::fixture::{Fixture, NOW, text};
    use crate::vm::Arg;

    fn fixture() -> Fixture {
        Fixture::new("INVITE sip:h SIP/2.0\ni: 1")
    }

    #[test]
    fn a_listening_address_is_me() {
        let mut f = fixture();
        let mut is_me = |host: &str, port: Option<i32>| {
            f.call(&MODULE, "is_myself", &[text(host), port.map_or(Arg::Omitted, Arg::Int)])
        };
        assert_eq!((is_me("192.0.2.1", None), is_me("192.0.2.1", Some(5060)), is_me("192.0.2.1", Some(0))), (1, 1, 1));
        assert_eq!(
            (is_me("192.0.2.1", Some(5061)), is_me("192.0.2.9", None), is_me("192.0.2.1", Some(-1))),
            (-1, -1, -1)
        );
    }

    #[test]
    fn via_handling_adds_up() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "set_via_handling", &[text("reply-to-via, add-local-rport")]), 1);
        assert_eq!(f.call(&MODULE, "force_rport", &[]), 1);
        let via = &f.run.via;
        assert!(via.reply_to_via && via.add_local_rport && via.force_rport);
        assert_eq!(f.call(&MODULE, "set_via_handling", &[text("rport")]), -1);
    }

    #[test]
    fn the_advertised_place_is_the_messages_own() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "set_advertised_address", &[text("pbx.example.com")]), 1);
        assert_eq!(f.call(&MODULE, "set_advertised_port", &[text("5090")]), 1);
        assert_eq!(f.call(&MODULE, "set_advertised_port", &[text("x")]), -1);
        assert_eq!(f.run.via.advertised_host, Some(Str::from("pbx.example.com")));
        assert_eq!(f.run.via.advertised_port, Some(Str::from("5090")));
    }

    #[test]
    fn a_sending_socket_must_be_ours() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "force_send_socket", &[text("udp:198.51.100.1:5060")]), 1);
        assert_eq!(f.call(&MODULE, "force_send_socket", &[text("udp:9.9.9.9:1")]), -1);
        assert_eq!(f.expanded("$socket_out"), "udp:198.51.100.1:5060");
    }

    #[test]
    fn a_bond_has_members() {
        let mut f = fixture();
        f.core.sockets.add_bond("b".into(), vec![SocketId(1)]);
        let mut check = |socket, bond| f.call(&MODULE, "socket_belongs_to_bond", &[text(socket), text(bond)]);
        assert_eq!((check("udp:198.51.100.1:5060", "b"), check("udp:192.0.2.1:5060", "bond:b")), (1, -1));
        assert_eq!((check("udp:198.51.100.1:5060", "x"), check("udp:9.9.9.9:1", "b")), (-1, -1));
    }

    #[test]
    fn printing_goes_into_a_variable() {
        let mut f = fixture();
        let (target, format) = (f.by_ref("$var(x)"), f.format("<$rm>"));
        assert_eq!(f.call(&MODULE, "pv_printf", &[target, format]), 1);
        assert_eq!(f.expanded("$var(x)"), "<INVITE>");
        let target = f.by_ref("$rm");
        assert_eq!(f.call(&MODULE, "pv_printf", &[target, text("x")]), -1);
    }

    #[test]
    fn a_timestamp_is_two_integers() {
        let mut f = fixture();
        let args = [f.avp_out("s"), f.avp_out("u")];
        assert_eq!(f.call(&MODULE, "get_timestamp", &args), 1);
        assert_eq!(f.avps("s"), [Value::Int(NOW.unix_secs() as i32)]);
        assert_eq!(f.avps("u"), [Value::Int(NOW.subsec_us() as i32)]);
        assert_eq!(f.call(&MODULE, "avp_print", &[]), 1);
    }
}
