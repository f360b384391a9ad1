//! `forward` and `send`: a message leaves without a transaction.
use super::super::outbound::{self, HopError, NextHop};
use super::super::proxy_text::ProxyText;
use super::super::stateless;
use crate::base::Str;
use crate::context::{Datagram, Effect, EffectAnswer, Level};
use crate::script_fns;
use crate::vm::{Answer, Cx, Function, Ret, Ruled};
use bytes::Bytes;
use std::net::SocketAddr;

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Forwards the request statelessly, to `[proto:]host[:port]`, else to its destination URI or Request-URI.
    fn forward(destination: Option<Ruled<ProxyText>>) in ALL, roles [Relays, Waits, MayFail, Stateless] => forward;
    /// Sends a copy of the message as it was received; `headers` go behind its first line.
    fn send(destination: Ruled<ProxyText>, headers: Option<Str>) in ALL, roles [Waits, MayFail] => send;
};

fn forward(cx: &mut Cx<'_>, destination: Option<Ruled<ProxyText>>) -> Ret {
    stateless::send(cx, destination.map(|Ruled(hop)| hop))
}

fn send(cx: &mut Cx<'_>, Ruled(destination): Ruled<ProxyText>, headers: Option<Str>) -> Ret {
    match outbound::hop_of_proxy(&destination) {
        Ok(NextHop::Address(to)) => leave(cx, to, headers.as_ref()),
        Ok(NextHop::Name { host, port }) => resolve(host, port, headers),
        Err(error) => failed(cx, &error),
    }
}

fn resolve(host: Str, port: u16, headers: Option<Str>) -> Ret {
    let effect = Effect::Resolve { host: host.clone() };
    let then = move |cx: &mut Cx<'_>, answer: Answer| match answer {
        Answer::Effect(EffectAnswer::Resolved(ips)) if !ips.is_empty() => {
            let address = ips.first().map(|ip| SocketAddr::new(*ip, port));
            address.map_or(Ret::FALSE, |to| leave(cx, to, headers.as_ref()))
        }
        _ => failed(cx, &HopError::Unresolved(host)),
    };
    Ret::Wait(effect, Box::new(then))
}

fn leave(cx: &mut Cx<'_>, to: SocketAddr, headers: Option<&Str>) -> Ret {
    let forced = cx.run.targets.main.socket;
    let socket = match outbound::socket_for(cx.core, forced, cx.run.received.socket, to.ip()) {
        Ok(socket) => socket,
        Err(error) => return failed(cx, &error),
    };
    let bytes = match headers {
        None => cx.run.msg.raw().clone(),
        Some(headers) => with_headers(cx.run.msg.raw(), headers),
    };
    cx.shard.send(Datagram { socket, to, bytes });
    Ret::TRUE
}

fn with_headers(raw: &Bytes, headers: &[u8]) -> Bytes {
    let first_line = memchr::memchr(b'\n', raw).map_or(raw.len(), |n| n + 1);
    let (head, tail) = raw.split_at(first_line);
    let end: &[u8] = if headers.is_empty() || headers.ends_with(b"\n") { b"" } else { b"\r\n" };
    Bytes::from([head, headers, end, tail].concat())
}

fn failed(cx: &Cx<'_>, error: &HopError) -> Ret {
    cx.log(Level::Error, "core", "send", format_args!("{error}"));
    Ret::FALSE
}

#[cfg(test)]
mod tests {
    use crate::context::{Effect, EffectAnswer, Output};
    use crate::modules::core::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::{Answer, Arg, Ret};

    const OPTIONS: &str = "OPTIONS sip:bob@192.0.2.7 SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nMax-Forwards: 9\nFrom: <sip:a>;tag=1\nTo: <sip:b>\nCall-ID: 1\nCSeq: 1 OPTIONS";

    fn fixture() -> Fixture {
        Fixture::with(OPTIONS, &[])
    }

    fn destinations(f: &Fixture) -> Vec<String> {
        let to = |o: &Output| match o {
            Output::Send(d) => Some(d.to.to_string()),
            Output::Wait { .. } => None,
        };
        f.shard.out.iter().filter_map(to).collect()
    }

    #[test]
    fn forwarding_goes_where_it_is_told_else_to_the_uris() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "forward", &[]), 1);
        assert_eq!(f.call(&MODULE, "forward", &[text("udp:192.0.2.8:5090")]), 1);
        f.set("$du", crate::context::Value::text(b"sip:192.0.2.9:7")).expect("a destination is set");
        assert_eq!(f.call(&MODULE, "forward", &[]), 1);
        assert_eq!(destinations(&f), ["192.0.2.7:5060", "192.0.2.8:5090", "192.0.2.9:7"]);
        let sent = f.sent();
        assert!(sent.iter().all(|m| m.matches("\r\nVia: ").count() == 2), "{sent:?}");
    }

    #[test]
    fn sending_copies_the_message_as_it_came() {
        let mut f = fixture();
        f.set("$ru", crate::context::Value::text(b"sip:changed@h")).expect("the URI changes");
        assert_eq!(f.call(&MODULE, "send", &[text("192.0.2.8")]), 1);
        assert_eq!(f.call(&MODULE, "send", &[text("udp:192.0.2.8:7"), text("X-A: 1\r\nX-B: 2")]), 1);
        assert_eq!(destinations(&f), ["192.0.2.8:5060", "192.0.2.8:7"]);
        let sent = f.sent();
        let raw = String::from_utf8_lossy(f.run.msg.raw()).into_owned();
        assert_eq!(sent[0], raw);
        assert_eq!(sent[1], raw.replacen("\r\n", "\r\nX-A: 1\r\nX-B: 2\r\n", 1));
    }

    #[test]
    fn a_name_is_asked_for_and_may_not_exist() {
        let mut f = fixture();
        for (ips, code) in [(vec!["192.0.2.5".parse().expect("an address")], 1), (Vec::new(), -1)] {
            let function = MODULE.functions.iter().find(|r| r.sig.name == "send").expect("the core sends");
            let ret = (function.body)(&mut f.cx(), &[text("udp:h.example:7"), Arg::Omitted]);
            let Ok(Ret::Wait(effect, then)) = ret else { panic!("a name needs an answer") };
            assert_eq!(effect, Effect::Resolve { host: "h.example".into() });
            let Ret::Code(got) = then(&mut f.cx(), Answer::Effect(EffectAnswer::Resolved(ips))) else { panic!("done") };
            assert_eq!(got, code);
        }
        assert_eq!(destinations(&f), ["192.0.2.5:7"]);
    }

    #[test]
    fn a_transport_without_socket_fails() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "send", &[text("tcp:192.0.2.8:7")]), -1);
        assert_eq!(f.call(&MODULE, "forward", &[text("tls:192.0.2.8:7")]), -1);
        assert!(f.shard.out.is_empty());
    }
}
