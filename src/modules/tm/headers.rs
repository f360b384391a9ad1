//! Functions that shape what a transaction sends, and requests out of nothing.
use super::cancel::CancelReason;
use super::create::{self, Created};
use super::local::{self, LocalRequest};
use crate::base::Str;
use crate::context::Level;
use crate::sip::{Method, UriView};
use crate::vm::{Cx, Ret};

pub fn t_flush_flags(cx: &mut Cx<'_>) -> Ret {
    let Some(tx) = &cx.run.tx else { return Ret::FALSE };
    tx.state.lock().shared.flags = cx.run.flags;
    Ret::TRUE
}

pub fn t_add_hdrs(cx: &mut Cx<'_>, headers: Str) -> Ret {
    match create::transaction(cx) {
        Created::New(tx) | Created::Exists(tx) => {
            tx.state.lock().added_headers = Some(headers);
            Ret::TRUE
        }
        Created::Retransmission => Ret::STOP,
        Created::Impossible => Ret::FALSE,
    }
}

pub fn t_add_cancel_reason(cx: &mut Cx<'_>, line: Str) -> Ret {
    if cx.run.msg.method_bytes() != b"CANCEL" || !line.ends_with(b"\r\n") {
        cx.log(Level::Error, "tm", "t_add_cancel_reason", format_args!("takes a whole header line, on a CANCEL"));
        return Ret::FALSE;
    }
    cx.run.slots.set(CancelReason(line));
    Ret::TRUE
}

pub fn t_new_request(
    cx: &mut Cx<'_>,
    method: Str,
    uri: Str,
    from: Str,
    to: Str,
    body: Option<Str>,
    ctx: Option<Str>,
) -> Ret {
    let (Some(from), Some(to)) = (address(&from), address(&to)) else {
        cx.log(Level::Error, "tm", "t_new_request", format_args!("from and to are `[display ]URI`"));
        return Ret::FALSE;
    };
    if UriView::parse(&uri).is_none() {
        cx.log(Level::Error, "tm", "t_new_request", format_args!("`{uri}` is no URI"));
        return Ret::FALSE;
    }
    let body = match body.map(|b| typed_body(&b)) {
        None => None,
        Some(Some(body)) => Some(body),
        Some(None) => return Ret::FALSE,
    };
    let from = Str::from(format!("{from};tag={}", local::fresh_id(cx.shard)));
    let call_id = Str::from(local::fresh_id(cx.shard));
    let request =
        LocalRequest { body, ctx, ..LocalRequest::new(Method::parse(&method), uri, from, Str::from(to), call_id, 1) };
    Ret::bool(local::send(cx, request))
}

/// `[display ]URI` as a name-addr.
fn address(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (display, uri) = text.rsplit_once(' ').map_or(("", text), |(d, u)| (d.trim(), u));
    let uri = uri.trim_start_matches('<').trim_end_matches('>');
    UriView::parse(uri.as_bytes())?;
    Some(match display {
        "" => format!("<{uri}>"),
        display => format!("{display} <{uri}>"),
    })
}

/// `type/subtype bytes`
fn typed_body(text: &[u8]) -> Option<(Str, Str)> {
    let at = text.iter().position(|b| *b == b' ')?;
    Some((Str::new(text.get(..at)?), Str::new(text.get(at + 1..)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_display_name() {
        assert_eq!(address(b"BOB sip:b@h").as_deref(), Some("BOB <sip:b@h>"));
        assert_eq!(address(b"sip:b@h").as_deref(), Some("<sip:b@h>"));
        assert_eq!(address(b"nothing"), None);
    }

    #[test]
    fn a_body_begins_with_its_type() {
        assert_eq!(typed_body(b"text/plain Hello you"), Some(("text/plain".into(), "Hello you".into())));
        assert_eq!(typed_body(b"text/plain"), None);
    }
}
