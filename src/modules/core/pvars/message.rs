//! The message as such: method, status, ids, source, flags.
use crate::base::Str;
use crate::context::Value;
use crate::registry::{FlagFamily, SubName};
use crate::sip::{HeaderId, StartLine};
use crate::vm::{Cx, NameKind, Pvar, Store, Var, WriteError};
use std::io::Write;
use std::net::IpAddr;

const SOURCE: Pvar = Pvar::new("si", |cx, _| Value::Str(ip_text(cx.run.received.from.ip())), "Source address.");

pub const PVARS: &[Pvar] = &[
    Pvar::new("rm", |cx, _| method(cx), "Method, of CSeq for a reply; as a number OpenSIPS's id of it."),
    Pvar::new("rs", |cx, _| status(cx), "Status code; NULL for requests."),
    Pvar::new("rr", |cx, _| reason(cx), "Reason phrase; NULL for requests."),
    Pvar::new("ci", |cx, _| header(cx, HeaderId::CallId), "Call-ID."),
    Pvar::new("cs", |cx, _| cseq(cx), "Number of CSeq, as text.").text_only(),
    Pvar::new("ua", |cx, _| header(cx, HeaderId::UserAgent), "User-Agent."),
    Pvar::new("cl", |cx, _| content_length(cx), "Content-Length."),
    Pvar::new("mb", |cx, _| Value::Str(Str::from(cx.run.msg.raw().clone())), "The message as received."),
    Pvar::new("ml", |cx, _| length(cx), "Length of the message."),
    Pvar::new("mi", |cx, _| Value::Int(cx.run.received.number as i32), "Number of the message in this process."),
    SOURCE,
    SOURCE.alias("src_ip"),
    Pvar::new("sp", |cx, _| Value::Int(i32::from(cx.run.received.from.port())), "Source port."),
    Pvar::new("mf", |cx, _| message_flags(cx), "Names of the message flags that are set."),
    Pvar::new("msg.flag", read_flag, "A message flag, `true` or `false`; any integer but 0 sets it.")
        .named(SubName::Required, NameKind::MessageFlag)
        .writable(write_flag),
    Pvar::new("msg.is_request", |cx, _| boolean(cx.run.msg.is_request()), "`true` for a request."),
    Pvar::new("msg.type", |cx, _| kind(cx), "`request` or `reply`."),
];

/// 1 that prints `true`, or 0 that prints `false`.
pub fn boolean(on: bool) -> Value {
    Value::Named(i32::from(on), Str::from_static(if on { "true" } else { "false" }))
}

/// The address as text, IPv6 without brackets.
pub fn ip_text(ip: IpAddr) -> Str {
    let mut room = [0u8; 64];
    let mut rest = &mut room[..];
    // The longest IPv6 text has 45 bytes: the room never ends.
    let _ = write!(rest, "{ip}");
    let unused = rest.len();
    Str::new(room.get(..room.len() - unused).unwrap_or_default())
}

fn method(cx: &Cx<'_>) -> Value {
    let method = cx.run.msg.method();
    Value::Both(Str::new(method.as_bytes()), method.id().cast_signed())
}

fn status(cx: &Cx<'_>) -> Value {
    match cx.run.msg.start_line() {
        StartLine::Request { .. } => Value::Null,
        StartLine::Reply { code, .. } => Value::Int(i32::from(*code)),
    }
}

fn reason(cx: &Cx<'_>) -> Value {
    match cx.run.msg.start_line() {
        StartLine::Request { .. } => Value::Null,
        StartLine::Reply { reason, .. } => Value::Str(cx.run.msg.text(*reason)),
    }
}

fn header(cx: &Cx<'_>, id: HeaderId) -> Value {
    cx.run.msg.first(id).map_or(Value::Null, |h| Value::Str(cx.run.msg.text(h.value)))
}

fn cseq(cx: &Cx<'_>) -> Value {
    cx.run.msg.cseq().map_or(Value::Null, |c| Value::Str(cx.run.msg.text(c.number_text)))
}

fn content_length(cx: &Cx<'_>) -> Value {
    let number = cx.run.msg.value(HeaderId::ContentLength).and_then(|v| std::str::from_utf8(v).ok()?.parse().ok());
    number.map_or(Value::Null, Value::Int)
}

fn length(cx: &Cx<'_>) -> Value {
    Value::Int(i32::try_from(cx.run.msg.raw().len()).unwrap_or(i32::MAX))
}

fn message_flags(cx: &Cx<'_>) -> Value {
    Value::Str(cx.image.flags.text(FlagFamily::Message, cx.run.flags))
}

fn read_flag(cx: &mut Cx<'_>, var: &Var) -> Value {
    var.flag_mask().map_or(Value::Null, |mask| boolean(cx.run.flags & mask != 0))
}

fn write_flag(cx: &mut Cx<'_>, var: &Var, _: Store, value: Value) -> Result<(), WriteError> {
    let mask = var.flag_mask().ok_or_else(|| WriteError::new("names no flag"))?;
    let on = value.int_face().ok_or_else(|| WriteError::new("a flag is set by an integer"))?;
    if on == 0 {
        cx.run.flags &= !mask
    } else {
        cx.run.flags |= mask
    }
    Ok(())
}

fn kind(cx: &Cx<'_>) -> Value {
    Value::Str(Str::from_static(if cx.run.msg.is_request() { "request" } else { "reply" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::fixture::{Fixture, PEER};

    const INVITE: &str = "INVITE sip:h SIP/2.0\ni: id@h\nCSeq: 0042 INVITE\nUser-Agent: ua 1\nl: 4\n\nbody";
    const RINGING: &str = "SIP/2.0 180 Ringing now\nCSeq: 1 FOO\nCall-ID: 1";

    #[test]
    fn a_request_is_described() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.expanded("$rm|$ci|$cs|$ua|$cl|$msg.type"), "INVITE|id@h|0042|ua 1|4|request");
        assert_eq!(f.value("$rm"), Value::Both(Str::from("INVITE"), 1));
        assert_eq!(f.value("$cs"), Value::text(b"0042"));
        assert_eq!(f.expanded("$rs $rr"), "<null> <null>");
        assert_eq!(f.value("$msg.is_request"), Value::Named(1, Str::from("true")));
        assert_eq!(f.value("$mb").str_face().map(|s| s.len() as i32), f.value("$ml").int_face());
        assert_eq!(format!("{}:{}", f.expanded("$si"), f.expanded("$sp")), PEER);
        assert_eq!(f.value("$mi"), Value::Int(1));
    }

    #[test]
    fn a_reply_is_described() {
        let mut f = Fixture::new(RINGING);
        assert_eq!(f.expanded("$rr|$msg.type|$msg.is_request|$cl|$ua"), "Ringing now|reply|false|<null>|<null>");
        assert_eq!(f.value("$rs"), Value::Int(180));
        assert_eq!(f.value("$rm"), Value::Both(Str::from("FOO"), 16384));
    }

    #[test]
    fn an_ipv6_source_has_no_brackets() {
        let mut f = Fixture::new(INVITE);
        f.run.received.from = "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:5060".parse().expect("an address");
        assert_eq!(f.expanded("$si"), "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
    }

    #[test]
    fn a_flag_is_set_by_integers_only() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.expanded("$msg.flag(X) $mf"), "false ");
        f.set("$msg.flag(X)", 1).expect("an integer sets");
        f.set("$msg.flag(Y)", -3).expect("an integer sets");
        assert_eq!(f.value("$msg.flag(X)"), Value::Named(1, Str::from("true")));
        assert_eq!(f.expanded("$mf"), "Y X");
        assert!(f.set("$msg.flag(X)", Value::text(b"true")).is_err());
        assert!(f.set("$msg.flag(X)", Value::Null).is_err());
        f.set("$msg.flag(X)", 0).expect("0 clears");
        assert_eq!(f.expanded("$msg.flag(X) $mf"), "false Y");
    }
}
