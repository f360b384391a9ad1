//! Ending a call from here: a BYE towards each leg, in the name of the other (RFC 3261 15).
use super::settings::Settings;
use super::states;
use crate::base::Str;
use crate::context::{Dialog, DialogState};
use crate::modules::tm::local::{self, LocalRequest};
use crate::proto::dialog::{Event, LegId};
use crate::sip::Method;
use crate::vm::Cx;
use std::sync::Arc;

/// An in-dialog request that this server makes: everything but Via and the header fields of the transport.
struct LegRequest {
    request_uri: Str,
    from: Party,
    to: Party,
    cseq: u32,
    /// Route values, `<uri>` each.
    routes: Vec<Str>,
    /// The listener that faces the leg, `proto:ip:port`.
    socket: Str,
}

/// An end of the call as From and To name it.
struct Party {
    uri: Str,
    tag: Str,
}

impl Party {
    fn value(&self) -> Str {
        Str::from([b"<", self.uri.as_bytes(), b">;tag=", self.tag.as_bytes()].concat())
    }
}

/// A BYE to each leg. One that cannot be sent counts as answered.
pub fn send(cx: &mut Cx<'_>, dialog: &Arc<Dialog>) {
    let requests = {
        let mut state = dialog.state.lock();
        let callee = state.legs.primary();
        [Some(LegId::CALLER), callee].map(|to| towards(dialog, &mut state, to?, callee?))
    };
    for request in requests {
        if !request.is_some_and(|r| dispatch(cx, dialog, r)) {
            states::apply(cx, dialog, Event::LocalByeDone);
        }
    }
}

/// False when it cannot be sent; otherwise its final reply, or the lack of one, is the end of it.
fn dispatch(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, request: LegRequest) -> bool {
    let settings: &Settings = cx.core.state();
    let (uri, from, to) = (request.request_uri, request.from.value(), request.to.value());
    let mut bye = LocalRequest::new(Method::Bye, uri, from, to, dialog.call_id.clone(), request.cseq);
    bye.routes = request.routes;
    bye.socket = cx.core.sockets.all().iter().find(|s| *s.text().as_bytes() == *request.socket).map(|s| s.id);
    bye.headers = settings.extra_headers.clone().unwrap_or_default();
    bye.dialog = Some(dialog.clone());
    let ended = dialog.clone();
    bye.end = Some(Box::new(move |cx, _, _| states::apply(cx, &ended, Event::LocalByeDone)));
    local::send(cx, bye)
}

/// The next request towards a leg. `None` when it never said where it can be reached.
fn towards(dialog: &Dialog, state: &mut DialogState, to: LegId, callee: LegId) -> Option<LegRequest> {
    let from = if to == LegId::CALLER { callee } else { LegId::CALLER };
    let cseq = state.legs.get_mut(from)?.cseqs.generate();
    let (target, sender) = (state.legs.get(to)?, state.legs.get(from)?);
    if target.contact.is_empty() {
        return None;
    }
    let uri_of = |leg: LegId| if leg == LegId::CALLER { &dialog.from_uri } else { &dialog.to_uri };
    Some(LegRequest {
        request_uri: target.contact.clone(),
        from: Party { uri: uri_of(from).clone(), tag: sender.tag.clone() },
        to: Party { uri: uri_of(to).clone(), tag: target.tag.clone() },
        cseq,
        routes: routes(&target.route_set),
        socket: target.socket.clone(),
    })
}

/// `<uri>,<uri>` into its values.
fn routes(set: &[u8]) -> Vec<Str> {
    let ends = memchr::memchr_iter(b'>', set).map(|at| at + 1);
    let mut start = 0;
    ends.filter_map(|end| {
        let value = set.get(start..end)?;
        start = end;
        Some(Str::new(value.strip_prefix(b",").unwrap_or(value)))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_set_is_taken_apart() {
        assert_eq!(routes(b"<sip:a;lr>,<sip:b,c>"), ["<sip:a;lr>", "<sip:b,c>"].map(Str::from));
        assert!(routes(b"").is_empty());
    }
}
