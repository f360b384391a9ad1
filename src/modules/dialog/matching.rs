//! Which dialog a sequential request belongs to: by the id in the Route it came with, or by Call-ID and tags.
use super::sequential;
use super::settings::Settings;
use crate::base::Str;
use crate::context::{Core, Dialog, Level, Own};
use crate::proto::dialog::leg::Matched;
use crate::proto::dialog::{Did, State};
use crate::sip::{HeaderId, Message, UriView};
use crate::vm::Cx;
use std::sync::Arc;

/// `dlg_match_mode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchMode {
    IdOnly,
    /// By id; without an id, or with one that belongs to other tags, by Call-ID and tags.
    IdThenTags,
    TagsOnly,
}

/// The parts of a request that name its dialog.
struct Tags<'a> {
    call_id: &'a [u8],
    from: &'a [u8],
    to: &'a [u8],
}

impl Tags<'_> {
    /// `None` for an initial request and for one that lacks its parts.
    fn of(msg: &Message) -> Option<Tags<'_>> {
        Some(Tags { call_id: msg.call_id()?, from: msg.from_tag()?, to: msg.to_tag()? })
    }
}

/// The id a request brought along.
enum Cookie {
    Missing,
    Malformed,
    Did(Did),
}

impl Cookie {
    fn of(text: Option<&[u8]>) -> Cookie {
        let Some(text) = text else { return Cookie::Missing };
        Did::parse(text).map_or(Cookie::Malformed, Cookie::Did)
    }
}

/// `loose_route` consumed our Route: its parameters may carry the id.
pub fn route_matched(cx: &mut Cx<'_>, params: &[u8]) {
    if cx.run.own.dialog.is_some() || !cx.run.msg.is_request() {
        return;
    }
    let settings: &Settings = cx.core.state();
    let cookie = Cookie::of(param(params, &settings.rr_param));
    match_request(cx, cookie, settings.match_mode);
}

/// Finds the request's dialog without a Route: 1 when it has one now. The mode is `did_only`, `did_fallback` or `did_none`;
/// anything else means the module's.
pub fn match_dialog(cx: &mut Cx<'_>, mode: Option<Str>) -> bool {
    if cx.run.own().is_some() {
        return true;
    }
    let settings: &Settings = cx.core.state();
    let mode = match mode.as_deref() {
        Some(m) if m.eq_ignore_ascii_case(b"did_only") => MatchMode::IdOnly,
        Some(m) if m.eq_ignore_ascii_case(b"did_fallback") => MatchMode::IdThenTags,
        Some(m) if m.eq_ignore_ascii_case(b"did_none") => MatchMode::TagsOnly,
        _ => settings.match_mode,
    };
    let msg = cx.run.msg.clone();
    let cookie = Cookie::of(did_in_request_uri(cx.core, &msg, &settings.rr_param));
    match_request(cx, cookie, mode)
}

fn match_request(cx: &mut Cx<'_>, cookie: Cookie, mode: MatchMode) -> bool {
    let msg = cx.run.msg.clone();
    let Some(tags) = Tags::of(&msg) else { return false };
    let Some((dialog, matched)) = find(cx, &tags, cookie, mode) else { return false };
    sequential::within(cx, &Own(dialog), matched);
    true
}

fn find(cx: &Cx<'_>, tags: &Tags<'_>, cookie: Cookie, mode: MatchMode) -> Option<(Arc<Dialog>, Matched)> {
    let did = match (mode, cookie) {
        (MatchMode::TagsOnly, _) | (MatchMode::IdThenTags, Cookie::Missing) => return by_tags(cx.core, tags),
        (MatchMode::IdOnly, Cookie::Missing) | (_, Cookie::Malformed) => return None,
        (_, Cookie::Did(did)) => did,
    };
    by_did(cx, tags, did).or_else(|| if mode == MatchMode::IdThenTags { by_tags(cx.core, tags) } else { None })
}

/// An ended dialog is found too: its late requests are still part of the call.
fn by_did(cx: &Cx<'_>, tags: &Tags<'_>, did: Did) -> Option<(Arc<Dialog>, Matched)> {
    let dialog = cx.core.dialogs.get(did)?;
    let matched = if *dialog.call_id == *tags.call_id { speaker(&dialog, tags) } else { None };
    if matched.is_none() {
        let text = format_args!("the request names dialog {did} and has other tags or another Call-ID");
        cx.log(Level::Warning, "dialog", "match", text);
    }
    matched.map(|m| (dialog, m))
}

fn by_tags(core: &Core, tags: &Tags<'_>) -> Option<(Arc<Dialog>, Matched)> {
    let living = |d: &Arc<Dialog>| d.state.lock().state() != State::Deleted;
    let candidates = core.dialogs.with_call_id(tags.call_id);
    candidates.into_iter().filter(living).find_map(|d| speaker(&d, tags).map(|m| (d, m)))
}

fn speaker(dialog: &Dialog, tags: &Tags<'_>) -> Option<Matched> {
    dialog.state.lock().legs.matching(tags.from, tags.to)
}

/// The value of a URI parameter in `;a=b;c`.
fn param<'a>(params: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    params.split(|b| *b == b';').find_map(|param| {
        let eq = memchr::memchr(b'=', param)?;
        param.get(..eq).filter(|n| n.eq_ignore_ascii_case(name))?;
        param.get(eq + 1..)
    })
}

/// A request to this server itself, without Route, may carry the id in its Request-URI: as a parameter, or behind the user as
/// `.did.<entry>.<id>`.
fn did_in_request_uri<'m>(core: &Core, msg: &'m Message, name: &[u8]) -> Option<&'m [u8]> {
    let uri: UriView<'m> = msg.request_uri_view()?;
    if msg.has(HeaderId::Route) || !core.sockets.is_me(uri.host(), uri.port().unwrap_or(0), uri.transport()) {
        return None;
    }
    uri.param(name).or_else(|| did_in_user(uri.user(), name))
}

fn did_in_user<'a>(user: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mark = [b".", name, b"."].concat();
    let at = memchr::memmem::rfind(user, &mark)?;
    user.get(at + mark.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        assert_eq!(param(b";lr;DID=2a1.f3;x=y", b"did"), Some(&b"2a1.f3"[..]));
        assert_eq!(param(b";xdid=1;did", b"did"), None);
        assert_eq!(param(b"", b"did"), None);
    }

    #[test]
    fn the_user_part_may_end_in_the_id() {
        assert_eq!(did_in_user(b"bob.did.2a1.f3", b"did"), Some(&b"2a1.f3"[..]));
        assert_eq!(did_in_user(b"bob", b"did"), None);
    }
}
