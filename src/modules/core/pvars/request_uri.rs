//! `$ru`, `$ou`, `$du` and their parts.
use super::super::uri_text::{
    Part, UriText, edit_destination, edit_request_uri, set_destination, set_request_uri, with_host,
};
use crate::context::{Level, Value};
use crate::vm::{Cx, Pvar, Store, Var, WriteError};

const RU: Pvar = Pvar::new("ru", |cx, _| request(cx, Part::Whole), "The Request-URI; NULL for replies.")
    .writable(set_ru)
    .needs_text();
const USER: Pvar = Pvar::new("rU", |cx, _| request(cx, Part::User), "User of the Request-URI; NULL removes it.")
    .writable(set_user)
    .needs_text();
const HOST: Pvar =
    Pvar::new("rd", |cx, _| request(cx, Part::Host), "Host of the Request-URI; setting it drops `maddr`.")
        .writable(set_host)
        .needs_text();
const DU: Pvar = Pvar::new(
    "du",
    |cx, _| destination(cx, Part::Whole),
    "Where the request is sent, when that is not the Request-URI; NULL resets it.",
)
.writable(set_du)
.needs_text();
const OU: Pvar = Pvar::new("ou", |cx, _| original(cx, Part::Whole), "The Request-URI as received.");

pub const PVARS: &[Pvar] = &[
    RU,
    RU.alias("ruri"),
    USER,
    USER.alias("ruri.user"),
    HOST,
    HOST.alias("ruri.domain"),
    Pvar::new("rp", |cx, _| request(cx, Part::Port), "Port of the Request-URI, else the default of its transport.")
        .writable(set_port),
    Pvar::new("rP", |cx, _| request(cx, Part::Transport), "Transport of the Request-URI, written or implied."),
    Pvar::new("ru_q", |cx, _| read_q(cx), "q value of the Request-URI's branch times 1000; -1: none.").writable(set_q),
    OU,
    OU.alias("ouri"),
    Pvar::new("oU", |cx, _| original(cx, Part::User), "User of the received Request-URI."),
    Pvar::new("od", |cx, _| original(cx, Part::Host), "Host of the received Request-URI."),
    Pvar::new("op", |cx, _| original(cx, Part::Port), "Port of the received Request-URI or the default."),
    Pvar::new("oP", |cx, _| original(cx, Part::Transport), "Transport of the received Request-URI."),
    DU,
    DU.alias("duri"),
    Pvar::new("dd", |cx, _| destination(cx, Part::Host), "Host of the destination URI.").writable(set_dd).needs_text(),
    Pvar::new("dp", |cx, _| destination(cx, Part::Port), "Port of the destination URI or the default.")
        .writable(set_dp),
    Pvar::new("dP", |cx, _| destination(cx, Part::Transport), "Transport of the destination URI."),
];

fn request(cx: &mut Cx<'_>, part: Part) -> Value {
    UriText::request(cx.run).map_or(Value::Null, |uri| uri.part(part))
}

fn original(cx: &mut Cx<'_>, part: Part) -> Value {
    UriText::original(cx.run).map_or(Value::Null, |uri| uri.part(part))
}

fn destination(cx: &mut Cx<'_>, part: Part) -> Value {
    UriText::destination(cx.run).map_or(Value::Null, |uri| match part {
        Part::Whole => Value::Str(uri.share(uri.bytes())),
        part => uri.part(part),
    })
}

fn set_ru(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let uri = value.str_face().ok_or_else(|| WriteError::new("the Request-URI cannot be NULL"))?;
    set_request_uri(cx.run, uri).map_err(WriteError::new)
}

fn set_user(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let user = value.str_face().filter(|u| !u.is_empty());
    edit_request_uri(cx.run, |uri| Some(uri.with_user(user.as_deref()))).map_err(WriteError::new)
}

fn set_host(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let host = host_text(value)?;
    edit_request_uri(cx.run, |uri| with_host(uri, &host)).map_err(WriteError::new)
}

fn set_port(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let port = value.str_face();
    edit_request_uri(cx.run, |uri| uri.with_port(port.as_deref().filter(|p| !p.is_empty()))).map_err(WriteError::new)
}

fn read_q(cx: &mut Cx<'_>) -> Value {
    Value::Int(cx.run.targets.main.q.map_or(-1, i32::from))
}

fn set_q(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let q = value.int_face().ok_or_else(|| WriteError::new("the q value is an integer from 0 to 1000, or -1"))?;
    if q > 1000 {
        cx.log(Level::Warning, "core", "ru_q", format_args!("q value {q} is set to 1000, its greatest"));
    }
    cx.run.targets.main.q = u16::try_from(q).ok().map(|q| q.min(1000)).or((q > 1000).then_some(1000));
    Ok(())
}

fn set_du(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    set_destination(cx.run, value.str_face()).map_err(WriteError::new)
}

fn set_dd(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let host = host_text(value)?;
    edit_destination(cx.run, |uri| with_host(uri, &host)).map_err(WriteError::new)
}

fn set_dp(cx: &mut Cx<'_>, _: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let port = value.str_face();
    edit_destination(cx.run, |uri| uri.with_port(port.as_deref().filter(|p| !p.is_empty()))).map_err(WriteError::new)
}

fn host_text(value: Value) -> Result<crate::base::Str, WriteError> {
    value.str_face().filter(|h| !h.is_empty()).ok_or_else(|| WriteError::new("a host cannot be NULL or empty"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Str;
    use crate::modules::fixture::Fixture;

    const INVITE: &str = "INVITE sip:bob:pw@Example.com:5070;transport=TCP;maddr=192.0.2.9 SIP/2.0\nCall-ID: 1";

    #[test]
    fn parts_of_the_request_uri_read() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.expanded("$ru"), "sip:bob:pw@Example.com:5070;transport=TCP;maddr=192.0.2.9");
        assert_eq!(f.expanded("$rU $ruri.user $rd $ruri.domain $rP $oU"), "bob bob Example.com Example.com TCP bob");
        assert_eq!(f.value("$rp"), Value::Both(Str::from("5070"), 5070));
        assert_eq!(f.value("$rP"), Value::Both(Str::from("TCP"), 2));
    }

    #[test]
    fn an_absent_port_is_the_transports_and_an_integer() {
        for (uri, port, transport) in
            [("sip:h", 5060, "udp"), ("sips:h", 5061, "tls"), ("sip:h;transport=tls", 5061, "tls")]
        {
            let mut f = Fixture::new(&format!("OPTIONS {uri} SIP/2.0\ni: 1"));
            assert_eq!(f.value("$rp"), Value::Int(port), "{uri}");
            assert_eq!(f.expanded("$rP $rU"), format!("{transport} <null>"), "{uri}");
        }
    }

    #[test]
    fn parts_are_shared_with_the_message() {
        let mut f = Fixture::new("INVITE sip:a-user-whose-name-is-longer-than-inline-room@h SIP/2.0\ni: 1");
        let Value::Str(user) = f.value("$rU") else { panic!("the URI has a user") };
        let raw = f.run.msg.raw().as_ptr_range();
        assert!(raw.contains(&user.as_ptr()));
    }

    #[test]
    fn writing_a_part_leaves_the_others() {
        let mut f = Fixture::new(INVITE);
        f.set("$rU", Value::text(b"alice")).expect("a user is set");
        assert_eq!(f.expanded("$ru"), "sip:alice:pw@Example.com:5070;transport=TCP;maddr=192.0.2.9");
        f.set("$rp", 5080).expect("a port is set");
        f.set("$rd", Value::text(b"h")).expect("a host is set");
        assert_eq!(
            f.expanded("$ru $ou"),
            "sip:alice:pw@h:5080;transport=TCP sip:bob:pw@Example.com:5070;transport=TCP;maddr=192.0.2.9"
        );
        f.set("$rp", Value::Null).expect("the port is removed");
        f.set("$rU", Value::Null).expect("the user is removed");
        assert_eq!(f.expanded("$ru"), "sip:h;transport=TCP");
        assert!(f.set("$rd", Value::Null).is_err());
    }

    #[test]
    fn any_text_may_be_stored_and_reads_as_null_when_it_is_no_uri() {
        let mut f = Fixture::new(INVITE);
        f.set("$ru", Value::text(b"garbage")).expect("any text is stored");
        assert_eq!(f.expanded("$ru $rU $rp"), "<null> <null> <null>");
        assert!(f.set("$rU", Value::text(b"x")).is_err());
        assert!(f.set("$ru", Value::Null).is_err());
        assert!(f.set("$ru", Value::from(Str::from("sip:".to_owned() + &"a".repeat(1020)))).is_err());
    }

    #[test]
    fn the_destination_must_be_set_before_its_parts() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.expanded("$du $dd $dp $dP"), "<null> <null> <null> <null>");
        assert!(f.set("$dd", Value::text(b"h")).is_err());
        f.set("$du", Value::text(b"sip:[2001:db8::1];transport=udp")).expect("a destination is set");
        assert_eq!(f.expanded("$du $dd $dp $dP"), "sip:[2001:db8::1];transport=udp [2001:db8::1] 5060 udp");
        f.set("$dp", Value::text(b"7")).expect("a port is set");
        f.set("$dd", Value::text(b"h")).expect("a host is set");
        assert_eq!(f.expanded("$duri"), "sip:h:7;transport=udp");
        f.set("$dp", Value::Null).expect("the port is removed");
        assert_eq!(f.expanded("$du"), "sip:h;transport=udp");
        f.set("$du", Value::Null).expect("the destination is reset");
        assert_eq!(f.value("$du"), Value::Null);
    }

    #[test]
    fn q_stays_between_nothing_and_a_thousand() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.value("$ru_q"), Value::Int(-1));
        for (set, read) in [(500, 500), (1001, 1000), (70_000, 1000), (0, 0), (-1, -1)] {
            f.set("$ru_q", set).expect("an integer is set");
            assert_eq!(f.value("$ru_q"), Value::Int(read));
        }
        assert!(f.set("$ru_q", Value::text(b"0.5")).is_err());
    }

    #[test]
    fn a_reply_has_no_request_uri() {
        let mut f = Fixture::new("SIP/2.0 200 OK\nCSeq: 1 INVITE");
        assert_eq!(f.expanded("$ru $rU $ou"), "<null> <null> <null>");
        assert!(f.set("$ru", Value::text(b"sip:a@b")).is_err());
    }
}
