//! Ending a call from here: a BYE towards each leg, in the name of the other (RFC 3261 15).
use super::states;
use crate::base::Str;
use crate::context::{Dialog, DialogState};
use crate::proto::dialog::{Event, LegId};
use crate::vm::Cx;
use std::sync::Arc;

/// An in-dialog request that this server makes: everything but Via and the header fields of the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRequest {
    pub request_uri: Str,
    pub from_uri: Str,
    pub from_tag: Str,
    pub to_uri: Str,
    pub to_tag: Str,
    pub call_id: Str,
    pub cseq: u32,
    /// Route values, `<uri>` each.
    pub routes: Vec<Str>,
    /// The listener that faces the leg, `proto:ip:port`.
    pub socket: Str,
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

fn dispatch(_: &mut Cx<'_>, _: &Arc<Dialog>, _: LegRequest) -> bool {
    false
}

/// The next request towards a leg. `None` when it never said where it can be reached.
fn towards(dialog: &Dialog, state: &mut DialogState, to: LegId, callee: LegId) -> Option<LegRequest> {
    let from = if to == LegId::CALLER { callee } else { LegId::CALLER };
    let cseq = state.legs.get_mut(from)?.cseqs.generate();
    let (target, sender) = (state.legs.get(to)?, state.legs.get(from)?);
    if target.contact.is_empty() {
        return None;
    }
    let (from_uri, to_uri) = match to {
        LegId::CALLER => (&dialog.to_uri, &dialog.from_uri),
        _ => (&dialog.from_uri, &dialog.to_uri),
    };
    Some(LegRequest {
        request_uri: target.contact.clone(),
        from_uri: from_uri.clone(),
        from_tag: sender.tag.clone(),
        to_uri: to_uri.clone(),
        to_tag: target.tag.clone(),
        call_id: dialog.call_id.clone(),
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
