//! Who: From, To, and the identity headers.
use super::super::uri_text::{Part, UriText};
use crate::base::Str;
use crate::context::{ScriptError, Value};
use crate::sip::header::NameAddr;
use crate::sip::header::name_addr::values;
use crate::sip::scan::unquoted;
use crate::sip::{HeaderId, Message};
use crate::vm::{Cx, Pvar};

const FROM_URI: Pvar = Pvar::new("fu", |cx, _| from(cx, Show::Uri), "URI of the From header field.");
const FROM_USER: Pvar = Pvar::new("fU", |cx, _| from(cx, Show::User), "User of the From URI.");
const FROM_HOST: Pvar = Pvar::new("fd", |cx, _| from(cx, Show::Host), "Host of the From URI.");
const TO_URI: Pvar = Pvar::new("tu", |cx, _| to(cx, Show::Uri), "URI of the To header field.");
const TO_USER: Pvar = Pvar::new("tU", |cx, _| to(cx, Show::User), "User of the To URI.");
const TO_HOST: Pvar = Pvar::new("td", |cx, _| to(cx, Show::Host), "Host of the To URI.");

pub const PVARS: &[Pvar] = &[
    FROM_URI,
    FROM_URI.alias("from"),
    FROM_USER,
    FROM_USER.alias("from.user"),
    FROM_HOST,
    FROM_HOST.alias("from.domain"),
    Pvar::new("fn", |cx, _| from(cx, Show::Display), "Display name of the From header field, with its quotes."),
    Pvar::new("ft", |cx, _| from(cx, Show::Tag), "Tag of the From header field."),
    TO_URI,
    TO_URI.alias("to"),
    TO_USER,
    TO_USER.alias("to.user"),
    TO_HOST,
    TO_HOST.alias("to.domain"),
    Pvar::new("tn", |cx, _| to(cx, Show::Display), "Display name of the To header field, with its quotes."),
    Pvar::new("tt", |cx, _| to(cx, Show::Tag), "Tag of the To header field."),
    Pvar::new("ai", |cx, _| identity(cx, HeaderId::PAssertedIdentity, Show::Uri), "URI of P-Asserted-Identity."),
    Pvar::new("pu", |cx, _| identity(cx, HeaderId::PPreferredIdentity, Show::Uri), "URI of P-Preferred-Identity."),
    Pvar::new("pU", |cx, _| identity(cx, HeaderId::PPreferredIdentity, Show::User), "User of P-Preferred-Identity."),
    Pvar::new("pd", |cx, _| identity(cx, HeaderId::PPreferredIdentity, Show::Host), "Host of P-Preferred-Identity."),
    Pvar::new(
        "pn",
        |cx, _| identity(cx, HeaderId::PPreferredIdentity, Show::Display),
        "Display name of P-Preferred-Identity.",
    ),
    Pvar::new("re", |cx, _| identity(cx, HeaderId::RemotePartyId, Show::Uri), "URI of Remote-Party-ID."),
    Pvar::new("rt", |cx, _| identity(cx, HeaderId::ReferTo, Show::Uri), "URI of Refer-To."),
    Pvar::new("di", |cx, _| identity(cx, HeaderId::Diversion, Show::Uri), "URI of the first Diversion."),
    Pvar::new("dir", |cx, _| diversion_param(cx, b"reason"), "Reason of the first Diversion."),
    Pvar::new("dip", |cx, _| diversion_param(cx, b"privacy"), "Privacy of the first Diversion."),
];

#[derive(Clone, Copy)]
enum Show {
    Uri,
    User,
    Host,
    Display,
    Tag,
}

fn from(cx: &mut Cx<'_>, show: Show) -> Value {
    let msg = &cx.run.msg;
    let text = match show {
        Show::User => msg.from_uri().map(|uri| part(msg, uri.user())),
        Show::Host => msg.from_uri().map(|uri| part(msg, uri.host())),
        Show::Uri | Show::Display | Show::Tag => msg.from().map(|from| shown(msg, from, show)),
    };
    text.unwrap_or_else(|| unreadable(cx, "From uri"))
}

fn to(cx: &mut Cx<'_>, show: Show) -> Value {
    let msg = &cx.run.msg;
    let text = match show {
        Show::User => msg.to_uri().map(|uri| part(msg, uri.user())),
        Show::Host => msg.to_uri().map(|uri| part(msg, uri.host())),
        Show::Uri | Show::Display | Show::Tag => msg.to().map(|to| shown(msg, to, show)),
    };
    text.unwrap_or_else(|| unreadable(cx, "To uri"))
}

fn part(msg: &Message, text: &[u8]) -> Value {
    if text.is_empty() { Value::Null } else { Value::Str(Str::slice_of(msg.raw(), text)) }
}

fn identity(cx: &mut Cx<'_>, id: HeaderId, show: Show) -> Value {
    let msg = &cx.run.msg;
    match first(msg, id) {
        Some(value) => shown(msg, &value, show),
        None if msg.first(id).is_none() => Value::Null,
        None => unreadable(cx, id.name()),
    }
}

/// The part is there and makes no sense: `error_route` is told.
fn unreadable(cx: &mut Cx<'_>, part: &'static str) -> Value {
    cx.run.script.error = ScriptError::unreadable(part);
    Value::Null
}

fn first(msg: &Message, id: HeaderId) -> Option<NameAddr> {
    let header = msg.first(id)?;
    values(msg.raw(), header.value).next().flatten()
}

fn diversion_param(cx: &Cx<'_>, name: &[u8]) -> Value {
    let msg = &cx.run.msg;
    let value = first(msg, HeaderId::Diversion).and_then(|d| d.params(msg.raw()).value(name));
    value.map_or(Value::Null, |v| Value::Str(Str::slice_of(msg.raw(), unquoted(v))))
}

fn shown(msg: &Message, value: &NameAddr, show: Show) -> Value {
    let uri = || UriText::Within(msg, msg.bytes(value.uri));
    let text = match show {
        Show::Uri => value.uri,
        Show::User => return uri().part(Part::User),
        Show::Host => return uri().part(Part::Host),
        Show::Display => value.display,
        Show::Tag => value.tag.unwrap_or_default(),
    };
    if text.is_empty() { Value::Null } else { Value::Str(msg.text(text)) }
}

#[cfg(test)]
mod tests {
    use crate::context::Value;
    use crate::modules::fixture::Fixture;

    const INVITE: &str = "INVITE sip:h SIP/2.0
f: \"Alice, A.\" <sip:alice@a.example:5060;x=y>;tag=t1
To: sip:bob@b.example;q=1
P-Asserted-Identity: \"A\" <tel:+123>, <sip:second@x>
P-Preferred-Identity: Carol <sip:carol@c.example>
Remote-Party-ID: <sip:rpid@r.example>;party=calling
r: <sip:dave@d.example?Replaces=1>
Diversion: <sip:eve@e.example>;reason=user-busy;privacy=\"full\"";

    #[test]
    fn names_addresses_and_tags_read() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.expanded("$fu|$fU|$fd|$fn|$ft"), "sip:alice@a.example:5060;x=y|alice|a.example|\"Alice, A.\"|t1");
        assert_eq!(f.expanded("$from|$from.user|$from.domain"), "sip:alice@a.example:5060;x=y|alice|a.example");
        assert_eq!(f.expanded("$tu|$tU|$td|$tn|$tt|$to.user"), "sip:bob@b.example|bob|b.example|<null>|<null>|bob");
    }

    #[test]
    fn identity_headers_read() {
        let mut f = Fixture::new(INVITE);
        assert_eq!(f.expanded("$ai|$pu|$pU|$pd|$pn"), "tel:+123|sip:carol@c.example|carol|c.example|Carol");
        assert_eq!(f.expanded("$re|$rt"), "sip:rpid@r.example|sip:dave@d.example?Replaces=1");
        assert_eq!(f.expanded("$di|$dir|$dip"), "sip:eve@e.example|user-busy|full");
    }

    #[test]
    fn what_is_absent_or_malformed_is_null() {
        let mut f = Fixture::new("INVITE sip:h SIP/2.0\nFrom: <sip:open@h\nDiversion: <sip:a@b>");
        for name in ["$fu", "$fU", "$ft", "$tu", "$ai", "$pu", "$re", "$rt", "$dir"] {
            assert_eq!(f.value(name), Value::Null, "{name}");
        }
    }
}
