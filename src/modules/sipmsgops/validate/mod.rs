//! `sipmsg_validate`: whether a message is what RFC 3261 demands. Each check has a code of its own; the first that fails
//! decides. Checks run in the order of `CHECKS`.
mod addresses;
mod fields;

use crate::base::Str;
use crate::context::Value;
use crate::script_fns;
use crate::sip::scan::number;
use crate::sip::sdp::Sdp;
use crate::sip::{HeaderId, Message, Method, Transport};
use crate::vm::{Cx, Function, Store, VarInto};

pub const FUNCTIONS: &[Function] = script_fns! {
    /// Whether the message is well-formed. Flags: `s` SDP, `h` every header field, `m` without Max-Forwards, `r` R-URI, `f`
    /// From, `t` To, `c` Contact. A negative code says what is wrong, the variable gets the words for it.
    fn sipmsg_validate(flags: Option<Str>, result_pvar: Option<VarInto>) in REQUEST | FAILURE | ONREPLY | BRANCH, roles [MayFail] => sipmsg_validate;
};

/// What is wrong: OpenSIPS's code and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: i32,
    pub reason: String,
}

fn fail<T>(code: i32, reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { code, reason: reason.into() })
}

/// What is checked beyond what always is.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    sdp: bool,
    fields: bool,
    no_max_forwards: bool,
    request_uri: bool,
    from: bool,
    to: bool,
    contact: bool,
}

impl Flags {
    /// Letters without a meaning are passed over, as OpenSIPS does.
    fn parse(text: &[u8]) -> Flags {
        let has = |letter: u8| text.iter().any(|b| b.eq_ignore_ascii_case(&letter));
        Flags {
            sdp: has(b's'),
            fields: has(b'h'),
            no_max_forwards: has(b'm'),
            request_uri: has(b'r'),
            from: has(b'f'),
            to: has(b't'),
            contact: has(b'c'),
        }
    }
}

struct Subject<'a> {
    message: &'a Message,
    method: Method,
    flags: Flags,
    /// Content-Length must be there (RFC 3261 18.3).
    is_stream: bool,
}

type Check = fn(&Subject<'_>) -> Result<(), Failure>;

const CHECKS: [Check; 9] = [parsed, call_id, body_length, sdp, identity, parties, request, reply, content_type];

fn sipmsg_validate(cx: &mut Cx<'_>, flags: Option<Str>, reason: Option<VarInto>) -> i32 {
    let transport = cx.core.sockets.get(cx.run.received.socket).map(|s| s.transport);
    let flags = Flags::parse(flags.as_deref().unwrap_or_default());
    let Err(failure) = validate(&cx.run.msg, flags, transport) else { return 1 };
    if let Some(out) = reason
        && cx.write(&out.0, Store::Set, Value::Str(Str::from(failure.reason))).is_err()
    {
        return -255;
    }
    failure.code
}

fn validate(message: &Message, flags: Flags, transport: Option<Transport>) -> Result<(), Failure> {
    let is_stream = transport.is_some_and(|t| t.is_reliable());
    let subject = Subject { message, method: message.method(), flags, is_stream };
    CHECKS.iter().try_for_each(|check| check(&subject))?;
    match flags.fields.then(|| message.headers().iter().find(|h| !fields::is_sound(message, h))).flatten() {
        Some(bad) => fail(-2, format!("failed to parse header `{}`", message.text(bad.name))),
        None => Ok(()),
    }
}

/// What the core itself reads of every message.
fn parsed(s: &Subject<'_>) -> Result<(), Failure> {
    let m = s.message;
    let broken = [
        (HeaderId::Via, m.top_via().is_none()),
        (HeaderId::To, m.to().is_none()),
        (HeaderId::CSeq, m.cseq().is_none()),
        (HeaderId::ContentLength, m.value(HeaderId::ContentLength).is_some_and(|v| number(v).is_none())),
    ];
    match broken.iter().find(|(id, is_broken)| *is_broken && m.has(*id)) {
        Some((id, _)) => fail(-2, format!("failed to parse header `{}`", id.name())),
        None => Ok(()),
    }
}

fn call_id(s: &Subject<'_>) -> Result<(), Failure> {
    if s.message.has(HeaderId::CallId) { Ok(()) } else { missing(-3, HeaderId::CallId) }
}

fn body_length(s: &Subject<'_>) -> Result<(), Failure> {
    let promised = s.message.value(HeaderId::ContentLength).and_then(number);
    if s.is_stream && promised.is_none() {
        return missing(-4, HeaderId::ContentLength);
    }
    let (promised, actual) = (promised.unwrap_or(0) as usize, s.message.body().len());
    if s.method == Method::Cancel || promised == actual {
        return Ok(());
    }
    fail(-5, format!("Content-Length is {promised}, the body has {actual} bytes"))
}

fn sdp(s: &Subject<'_>) -> Result<(), Failure> {
    let is_sdp = crate::sip::multipart::find(s.message, b"application/sdp");
    match is_sdp.filter(|_| s.flags.sdp) {
        Some(part) if !is_description(s.message, part.body) => fail(-6, "failed to parse the SDP body"),
        _ => Ok(()),
    }
}

/// The lines that RFC 8866 9 demands, and media lines with all their fields.
fn is_description(message: &Message, body: crate::sip::Range) -> bool {
    let Some(sdp) = Sdp::parse(message.raw(), body) else { return false };
    let has = |letter: u8| sdp.lines(sdp.session).any(|l| l.kind == letter);
    let is_whole = |media: &crate::sip::sdp::Media| {
        let port = sdp.bytes(media.port).split(|&b| b == b'/').next().unwrap_or_default();
        number(port).is_some_and(|p| p <= 65535) && !media.formats.is_empty()
    };
    has(b'o') && has(b's') && sdp.media.iter().all(is_whole)
}

fn identity(s: &Subject<'_>) -> Result<(), Failure> {
    let needed = [(-7, HeaderId::CSeq), (-8, HeaderId::From), (-9, HeaderId::To), (-10, HeaderId::Via)];
    match needed.into_iter().find(|(_, id)| !s.message.has(*id)) {
        Some((code, id)) => missing(code, id),
        None => Ok(()),
    }
}

fn parties(s: &Subject<'_>) -> Result<(), Failure> {
    if s.flags.to {
        addresses::check_party(s.message, s.message.to(), &addresses::TO)?;
    }
    if s.flags.from {
        addresses::check_party(s.message, s.message.from(), &addresses::FROM)?;
    }
    Ok(())
}

fn request(s: &Subject<'_>) -> Result<(), Failure> {
    let m = s.message;
    if !m.is_request() {
        return Ok(());
    }
    if s.flags.request_uri {
        addresses::check_request_uri(m)?;
    }
    if !s.flags.no_max_forwards && !m.has(HeaderId::MaxForwards) {
        return missing(-13, HeaderId::MaxForwards);
    }
    if s.flags.contact {
        addresses::check_contacts(m, &s.method)?;
    }
    if s.method != Method::Register && m.has(HeaderId::Path) {
        return fail(-15, "Path belongs into REGISTER alone");
    }
    Ok(())
}

/// Replies that must say more (RFC 3261 21.4), by code.
const NEEDED_IN_REPLIES: [(u16, i32, HeaderId); 5] = [
    (405, -16, HeaderId::Allow),
    (423, -17, HeaderId::MinExpires),
    (407, -18, HeaderId::ProxyAuthenticate),
    (420, -19, HeaderId::Unsupported),
    (401, -20, HeaderId::WwwAuthenticate),
];

fn reply(s: &Subject<'_>) -> Result<(), Failure> {
    let m = s.message;
    let Some(status) = m.status().map(|c| c.get()) else { return Ok(()) };
    let needed = NEEDED_IN_REPLIES.iter().find(|row| row.0 == status && s.method != Method::Cancel);
    match needed {
        // RFC 3261 10.3: only a registrar says how brief is too brief.
        Some(&(423, ..)) if s.method != Method::Register => {}
        Some(&(_, code, id)) if !m.has(id) => return missing(code, id),
        _ => {}
    }
    if s.flags.contact && (200..400).contains(&status) {
        addresses::check_contacts(m, &s.method)?;
    }
    Ok(())
}

fn content_type(s: &Subject<'_>) -> Result<(), Failure> {
    if s.method == Method::Cancel || s.message.body().is_empty() || s.message.has(HeaderId::ContentType) {
        return Ok(());
    }
    missing(-21, HeaderId::ContentType)
}

fn missing<T>(code: i32, id: HeaderId) -> Result<T, Failure> {
    fail(code, format!("message doesn't have header `{}`", id.name()))
}

#[cfg(test)]
mod tests {
    use super::super::MODULE;
    use super::*;
    use crate::modules::fixture::{Fixture, text};

    const GOOD: &str = "INVITE sip:bob@b.example SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:x@y.example>;tag=1\nTo: <sip:bob@b.example>\nCall-ID: id\nCSeq: 1 INVITE\nContact: <sip:x@h>\nContent-Type: application/sdp\nContent-Length: 43\n\nv=0\no=- 1 1 IN IP4 h\ns=-\nm=audio 1 RTP/AVP 0\n";
    const EVERYTHING: &str = "shrftc";

    fn codes(message: &str, flags: &str) -> (i32, Vec<Value>) {
        let mut f = Fixture::new(message);
        let out = f.avp_out("why");
        let code = f.call(&MODULE, "sipmsg_validate", &[text(flags), out]);
        (code, f.avps("why"))
    }

    fn check(from: &str, to: &str, flags: &str, code: i32) {
        let good = GOOD.replace("43", &length(GOOD));
        assert!(good.contains(from), "{from} is not in the message");
        let (found, why) = codes(&good.replacen(from, to, 1), flags);
        assert_eq!(found, code, "{from} -> {to} {why:?}");
        assert_eq!(why.is_empty(), code == 1, "{from} -> {to}");
    }

    fn length(message: &str) -> String {
        let body = message.split_once("\n\n").map_or("", |(_, body)| body);
        (body.len() + body.matches('\n').count()).to_string()
    }

    #[test]
    fn a_good_message_passes_every_check() {
        check("INVITE", "INVITE", "", 1);
        check("INVITE", "INVITE", EVERYTHING, 1);
        check("INVITE", "INVITE", "xyz", 1);
        assert_eq!(Fixture::new("OPTIONS sip:a SIP/2.0").call(&MODULE, "sipmsg_validate", &[]), -3);
    }

    #[test]
    fn each_fault_has_its_code() {
        check("To: <sip:bob@b.example>", "To: \"open <sip:x>", "", -2);
        check("CSeq: 1 INVITE", "CSeq: x", "", -2);
        check("Call-ID: id\n", "", "", -3);
        check("-Length: ", "-Length: 9", "", -5);
        check("Content-Length", "X-Length", "", -5);
        check("o=- 1 1 IN IP4 h", "O=- 1 1 IN IP4 h", "s", -6);
        check("m=audio 1 RTP/AVP 0", "m=audio x RTP/AVP 0", "s", -6);
        check("m=audio 1 RTP/AVP 0", "m=audio x RTP/AVP 0", "", 1);
        check("CSeq: 1 INVITE\n", "", "", -7);
        check("From: <sip:x@y.example>;tag=1\n", "", "", -8);
        check("To: <sip:bob@b.example>\n", "", "", -9);
        check("Via: SIP/2.0/UDP h;branch=z9hG4bK1\n", "", "", -10);
        check("Max-Forwards: 70\n", "", "", -13);
        check("Max-Forwards: 70\n", "", "m", 1);
        check("Contact: <sip:x@h>\n", "Path: <sip:p>\n", "", -15);
        check("Content-Type: application/sdp\n", "", "", -21);
    }

    #[test]
    fn addresses_are_checked_when_asked_for() {
        check("INVITE sip:bob@b.example", "INVITE bob", "r", -11);
        check("INVITE sip:bob@b.example", "INVITE sip:bob@b..example", "r", -12);
        check("INVITE sip:bob@b.example", "INVITE sip:b|b@b.example", "r", -27);
        check("INVITE sip:bob@b.example", "INVITE sip:b|b@b.example", "", 1);
        check("To: <sip:bob@", "To: <bob@", "t", -22);
        check("To: <sip:bob@b.example>", "To: <sip:bob@b-example->", "t", -23);
        check("To: <sip:bob@", "To: <sip:b{b@", "t", -29);
        check("From: <sip:x@", "From: <x@", "f", -24);
        check("From: <sip:x@y.example>", "From: <sip:x@-y>", "f", -25);
        check("From: <sip:x@", "From: <sip:b%4@", "f", -28);
        check("Contact: <sip:x@h>\n", "", "c", -14);
        check("Contact: <sip:x@h>", "Contact: <x>", "c", -26);
        check("Contact: <sip:x@h>", "Contact: *", "c", -30);
        check("Contact: <sip:x@h>", "Contact: *", "", 1);
    }

    #[test]
    fn a_star_is_for_unregistering() {
        let register = |extra: &str| {
            let text = GOOD.split_once("\nContact").map_or(GOOD, |(head, _)| head).replace("INVITE", "REGISTER");
            codes(&format!("{text}\nContact: *\n{extra}"), "c").0
        };
        assert_eq!((register("Expires: 0"), register("Expires: 60"), register("X: 1")), (1, -30, -30));
    }

    #[test]
    fn replies_must_say_what_their_code_promises() {
        let reply = |code: u16, method: &str, extra: &str| {
            let head = format!(
                "SIP/2.0 {code} x\nVia: SIP/2.0/UDP h\nFrom: <sip:a>\nTo: <sip:b>\nCall-ID: i\nCSeq: 1 {method}\n{extra}"
            );
            codes(&head, "c").0
        };
        assert_eq!((reply(405, "INVITE", ""), reply(405, "INVITE", "Allow: BYE")), (-16, 1));
        assert_eq!((reply(423, "REGISTER", ""), reply(423, "SUBSCRIBE", "")), (-17, 1));
        assert_eq!((reply(407, "INVITE", ""), reply(420, "INVITE", ""), reply(401, "INVITE", "")), (-18, -19, -20));
        assert_eq!((reply(401, "CANCEL", ""), reply(200, "INVITE", ""), reply(404, "INVITE", "")), (1, -14, 1));
    }

    #[test]
    fn every_field_is_read_when_asked_for() {
        let with = |field: &str| {
            let text = GOOD.replace("43", &length(GOOD)).replacen("\nContact", &format!("\n{field}\nContact"), 1);
            (codes(&text, "").0, codes(&text, "h").0)
        };
        for good in [
            "Subject: x",
            "X-Other:",
            "P-Asserted-Identity: <sip:a@b>, <tel:+1>",
            "Expires: 60",
            "Route: <sip:a;lr>, <sip:b>",
        ] {
            assert_eq!(with(good), (1, 1), "{good}");
        }
        for bad in [
            "Subject:",
            "Via: SIP/2.0/UDP",
            "P-Asserted-Identity: <sip:a@b>, <sip:c@d>",
            "P-Asserted-Identity: <sip:a@b>\nP-Asserted-Identity: <tel:1>, <tel:2>",
            "Expires: soon",
            "Route: <sip:a;lr>, <",
            "Refer-To: \"open",
            "Content-Disposition:",
            "Authorization: ",
            "Allow: INVITE,, BYE (x)",
        ] {
            assert_eq!(with(bad), (1, -2), "{bad}");
        }
    }
}
