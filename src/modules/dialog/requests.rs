//! Requests that this server makes within a call, towards one leg in the name of the other: numbers, route set and target
//! are the dialog's (RFC 3261 12.2.1.1).
use crate::base::Str;
use crate::context::{Dialog, DialogState};
use crate::modules::tm::EndFn;
use crate::modules::tm::local::{self, LocalRequest};
use crate::proto::dialog::LegId;
use crate::sip::{Message, Method};
use crate::vm::Cx;
use std::sync::Arc;

/// The leg a request goes to, and the callee of that part of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub to: LegId,
    pub callee: LegId,
}

impl Way {
    fn from(self) -> LegId {
        if self.to == LegId::CALLER { self.callee } else { LegId::CALLER }
    }
}

/// What a request says beside what the dialog knows.
pub struct Made {
    pub method: Method,
    /// Content type and bytes.
    pub body: Option<(Str, Str)>,
    /// Whole header lines.
    pub headers: Str,
    pub end: Option<EndFn>,
}

impl Made {
    pub fn new(method: Method) -> Made {
        Made { method, body: None, headers: Str::EMPTY, end: None }
    }
}

/// An in-dialog request: everything but Via and what `Made` says.
#[derive(Clone)]
struct LegRequest {
    request_uri: Str,
    from: Party,
    to: Party,
    cseq: u32,
    /// Route values, `<uri>` each.
    routes: Vec<Str>,
    /// Where the sender can be reached: the Contact of a request that sets up or moves the call.
    contact: Str,
    /// The listener that faces the leg, `proto:ip:port`.
    socket: Str,
}

/// An end of the call as From and To name it.
#[derive(Clone)]
struct Party {
    uri: Str,
    tag: Str,
}

impl Party {
    fn value(&self) -> Str {
        Str::from([b"<", self.uri.as_bytes(), b">;tag=", self.tag.as_bytes()].concat())
    }
}

/// False when it cannot be sent; otherwise `end` learns of its final reply, or of the lack of one.
pub fn send(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, way: Way, mut made: Made) -> bool {
    let towards = towards(dialog, &mut dialog.state.lock(), way);
    let Some(leg) = towards else { return false };
    if made.method == Method::Invite {
        let (answered, acked, then) = (dialog.clone(), leg.clone(), made.end.take());
        made.end = Some(Box::new(move |cx, code, reply| {
            if let Some(reply) = reply.filter(|_| (200..300).contains(&code)) {
                acknowledge(cx, &answered, &acked, reply);
            }
            if let Some(then) = then {
                then(cx, code, reply);
            }
        }));
    }
    let mut request = local_request(cx, dialog, &leg, made.method);
    if request.method == Method::Invite || request.method == Method::Update {
        request.contact = Some(leg.contact).filter(|c| !c.is_empty()).map(|c| bracketed(&c));
    }
    request.body = made.body;
    request.headers = made.headers;
    request.end = made.end;
    local::send(cx, request)
}

fn local_request(cx: &Cx<'_>, dialog: &Arc<Dialog>, leg: &LegRequest, method: Method) -> LocalRequest {
    let (from, to) = (leg.from.value(), leg.to.value());
    let mut request = LocalRequest::new(method, leg.request_uri.clone(), from, to, dialog.call_id.clone(), leg.cseq);
    request.routes.clone_from(&leg.routes);
    request.socket = cx.core.sockets.all().iter().find(|s| *s.text().as_bytes() == *leg.socket).map(|s| s.id);
    request.dialog = Some(dialog.clone());
    request
}

/// RFC 3261 13.2.2.4: the 2xx to an INVITE of ours gets its ACK, at the target that the 2xx named.
fn acknowledge(cx: &mut Cx<'_>, dialog: &Arc<Dialog>, invite: &LegRequest, reply: &Message) {
    let target = super::sequential::contact(reply).unwrap_or_else(|| invite.request_uri.clone());
    let leg = LegRequest { request_uri: target, ..invite.clone() };
    let ack = local_request(cx, dialog, &leg, Method::Ack);
    local::send_ack(cx, ack);
}

fn bracketed(uri: &Str) -> Str {
    Str::from([b"<", uri.as_bytes(), b">"].concat())
}

/// The next request towards a leg. `None` when it never said where it can be reached.
fn towards(dialog: &Dialog, state: &mut DialogState, way: Way) -> Option<LegRequest> {
    let (to, from) = (way.to, way.from());
    if state.legs.get(to)?.contact.is_empty() {
        return None;
    }
    let cseq = state.legs.get_mut(from)?.cseqs.generate();
    let (target, sender) = (state.legs.get(to)?, state.legs.get(from)?);
    let uri_of = |leg: LegId| if leg == LegId::CALLER { &dialog.from_uri } else { &dialog.to_uri };
    Some(LegRequest {
        request_uri: target.contact.clone(),
        from: Party { uri: uri_of(from).clone(), tag: sender.tag.clone() },
        to: Party { uri: uri_of(to).clone(), tag: target.tag.clone() },
        cseq,
        routes: routes(&target.route_set),
        contact: sender.contact.clone(),
        socket: target.socket.clone(),
    })
}

/// `<uri>,<uri>` into its values.
pub fn routes(set: &[u8]) -> Vec<Str> {
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
