//! Whether header fields have the form their RFC gives them. Unknown fields have any form.
use crate::sip::header::{Auth, ContentType, NameAddr, name_addr, via};
use crate::sip::scan::{commas, is_token, number};
use crate::sip::{Header, HeaderId, Message, Range, Scheme};

/// What a value must look like.
type Form = fn(&Message, Range) -> bool;

static FORMS: &[(HeaderId, Form)] = &[
    (HeaderId::ContentType, is_content_type),
    (HeaderId::ContentDisposition, starts_with_token),
    (HeaderId::Via, are_vias),
    (HeaderId::From, is_address),
    (HeaderId::RemotePartyId, is_address),
    (HeaderId::ReferTo, is_address),
    (HeaderId::PPreferredIdentity, are_identities),
    (HeaderId::PAssertedIdentity, are_identities),
    (HeaderId::Diversion, are_addresses),
    (HeaderId::Contact, are_contacts),
    (HeaderId::Path, are_addresses),
    (HeaderId::Route, are_addresses),
    (HeaderId::RecordRoute, are_addresses),
    (HeaderId::Authorization, is_auth),
    (HeaderId::ProxyAuthorization, is_auth),
    (HeaderId::ProxyAuthenticate, is_auth),
    (HeaderId::WwwAuthenticate, is_auth),
    (HeaderId::MaxForwards, is_number),
    (HeaderId::Expires, is_number),
    (HeaderId::SessionExpires, is_delta),
    (HeaderId::MinSe, is_delta),
    (HeaderId::MinExpires, is_delta),
    (HeaderId::Event, starts_with_token),
    (HeaderId::Allow, are_tokens),
    (HeaderId::Supported, are_tokens_if_any),
    (HeaderId::Privacy, is_something),
    (HeaderId::CallInfo, is_something),
    (HeaderId::CallId, is_something),
    (HeaderId::ProxyRequire, is_something),
    (HeaderId::Unsupported, is_something),
    (HeaderId::AcceptLanguage, is_something),
    (HeaderId::Organization, is_something),
    (HeaderId::Priority, is_something),
    (HeaderId::Subject, is_something),
    (HeaderId::UserAgent, is_something),
    (HeaderId::RetryAfter, is_something),
];

pub fn is_sound(message: &Message, field: &Header) -> bool {
    let form = FORMS.iter().find(|(id, _)| *id == field.id);
    form.is_none_or(|(_, is_formed)| is_formed(message, field.value))
}

fn is_something(_: &Message, value: Range) -> bool {
    !value.is_empty()
}

fn is_number(m: &Message, value: Range) -> bool {
    number(m.bytes(value)).is_some()
}

/// Seconds, perhaps with parameters.
fn is_delta(m: &Message, value: Range) -> bool {
    let seconds = m.bytes(value).split(|&b| b == b';').next().unwrap_or_default();
    number(seconds.trim_ascii()).is_some()
}

fn starts_with_token(m: &Message, value: Range) -> bool {
    is_token(m.bytes(value).split(|&b| b == b';').next().unwrap_or_default().trim_ascii())
}

fn are_tokens(m: &Message, value: Range) -> bool {
    commas(m.raw(), value).all(|v| is_token(m.bytes(v)))
}

fn are_tokens_if_any(m: &Message, value: Range) -> bool {
    value.is_empty() || are_tokens(m, value)
}

fn is_content_type(m: &Message, value: Range) -> bool {
    let found = ContentType::parse(m.raw(), value);
    found.is_some_and(|t| m.bytes(t.kind) != b"*" && m.bytes(t.subtype) != b"*")
}

fn are_vias(m: &Message, value: Range) -> bool {
    via::values(m.raw(), value).all(|v| v.is_some())
}

fn is_address(m: &Message, value: Range) -> bool {
    NameAddr::parse(m.raw(), value).is_some()
}

fn are_addresses(m: &Message, value: Range) -> bool {
    name_addr::values(m.raw(), value).all(|v| v.is_some())
}

fn are_contacts(m: &Message, value: Range) -> bool {
    m.bytes(value) == b"*" || are_addresses(m, value)
}

fn is_auth(m: &Message, value: Range) -> bool {
    Auth::parse(m.raw(), value).is_some_and(|a| !a.rest.is_empty())
}

/// RFC 3325 9.1: at most two values in all fields, one of them `sip` or `sips`, the other `tel`.
fn are_identities(m: &Message, value: Range) -> bool {
    let own = m.headers().iter().find(|h| h.value == value).map_or(HeaderId::Other, |h| h.id);
    let kinds: Option<Vec<bool>> = m
        .list(own)
        .map(|(_, v)| {
            let kind = NameAddr::parse(m.raw(), v)?.uri_view(m.raw())?.kind();
            Some(matches!(kind, Scheme::Tel | Scheme::Tels))
        })
        .collect();
    matches!(kinds.as_deref(), Some([_] | [true, false] | [false, true]))
}
