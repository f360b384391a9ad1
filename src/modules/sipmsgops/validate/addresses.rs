//! Addresses that `sipmsg_validate` looks into on demand.
use super::{Failure, fail, missing};
use crate::sip::header::{NameAddr, name_addr};
use crate::sip::scan::number;
use crate::sip::{HeaderId, Message, Method, Scheme, UriView};

/// How From and To are judged.
pub struct Party {
    name: &'static str,
    unreadable: i32,
    bad_host: i32,
    bad_user: i32,
}

pub const TO: Party = Party { name: "To", unreadable: -22, bad_host: -23, bad_user: -29 };
pub const FROM: Party = Party { name: "From", unreadable: -24, bad_host: -25, bad_user: -28 };

pub fn check_party(message: &Message, address: Option<&NameAddr>, party: &Party) -> Result<(), Failure> {
    let Some(uri) = address.and_then(|a| a.uri_view(message.raw())) else {
        return fail(party.unreadable, format!("failed to parse header `{}`", party.name));
    };
    if has_host(&uri) && !is_hostname(uri.host()) {
        return fail(party.bad_host, format!("invalid domain in header `{}`", party.name));
    }
    if !is_user(uri.user()) {
        return fail(party.bad_user, format!("invalid user name in header `{}`", party.name));
    }
    Ok(())
}

pub fn check_request_uri(message: &Message) -> Result<(), Failure> {
    let Some(uri) = message.request_uri_view() else { return fail(-11, "failed to parse the R-URI") };
    if has_host(&uri) && !is_hostname(uri.host()) {
        return fail(-12, "invalid domain in the R-URI");
    }
    if !is_user(uri.user()) {
        return fail(-27, "invalid user name in the R-URI");
    }
    Ok(())
}

/// Contact where it must be there (RFC 3261 table 2, RFC 3311, 3515, 6665).
pub fn check_contacts(message: &Message, method: &Method) -> Result<(), Failure> {
    use Method::{Invite, Refer, Register, Subscribe, Update};
    if !matches!(method, Invite | Register | Update | Subscribe | Refer) {
        return Ok(());
    }
    if !message.has(HeaderId::Contact) {
        return missing(-14, HeaderId::Contact);
    }
    message.all(HeaderId::Contact).try_for_each(|field| {
        if message.bytes(field.value) == b"*" {
            return check_star(message, method);
        }
        let readable = |address: Option<NameAddr>| address.is_some_and(|a| a.uri_view(message.raw()).is_some());
        if name_addr::values(message.raw(), field.value).all(readable) {
            return Ok(());
        }
        fail(-26, "failed to parse header `Contact`")
    })
}

/// RFC 3261 10.2.2: `*` takes every binding away, and nothing else.
fn check_star(message: &Message, method: &Method) -> Result<(), Failure> {
    let ends_all = message.value(HeaderId::Expires).and_then(number) == Some(0);
    if *method == Method::Register && message.is_request() && ends_all {
        return Ok(());
    }
    fail(-30, "`Contact: *` is for REGISTER requests with `Expires: 0`")
}

fn has_host(uri: &UriView<'_>) -> bool {
    matches!(uri.kind(), Scheme::Sip | Scheme::Sips)
}

/// Letters, digits, inner hyphens and single dots; addresses in brackets.
fn is_hostname(host: &[u8]) -> bool {
    if host.first() == Some(&b'[') {
        return host.last() == Some(&b']');
    }
    let host = host.strip_suffix(b".").unwrap_or(host);
    host.split(|&b| b == b'.').all(|label| {
        let is_end = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        is_end(label.first()) && is_end(label.last()) && label.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

/// `user` of RFC 3261 25.1; nothing is a user too.
fn is_user(mut user: &[u8]) -> bool {
    loop {
        match user {
            [] => return true,
            [b'%', a, b, rest @ ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => user = rest,
            [b, rest @ ..] if b.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/#".contains(b) => user = rest,
            _ => return false,
        }
    }
}
