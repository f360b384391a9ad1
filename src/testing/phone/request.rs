//! Requests that phones send: the bytes, and the hop they go to.
use super::call::{Call, Leg};
use super::{Phone, SDP};
use crate::base::Str;
use crate::sip::build::LocalRequest;
use crate::sip::print::Body;
use crate::sip::{Framing, HeaderId, Message, Method, UriView};
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// What goes into an INVITE beside the defaults.
#[derive(Clone, Debug, Default)]
pub struct InviteOptions {
    pub call_id: Option<String>,
    pub from_user: Option<String>,
    /// Whole lines.
    pub headers: String,
    /// Empty: none; absent: a session description.
    pub body: Option<String>,
}

impl InviteOptions {
    pub fn with_headers(headers: &str) -> InviteOptions {
        InviteOptions { headers: headers.to_owned(), ..InviteOptions::default() }
    }

    pub fn with_call_id(call_id: &str) -> InviteOptions {
        InviteOptions { call_id: Some(call_id.to_owned()), ..InviteOptions::default() }
    }
}

/// The fields of a request; Via and Contact are the phone's.
pub(super) struct Draft<'a> {
    pub method: &'a Method,
    pub uri: &'a [u8],
    pub from: &'a [u8],
    pub to: &'a [u8],
    pub call_id: &'a [u8],
    pub cseq: u32,
    pub routes: &'a [&'a [u8]],
    /// Whole lines.
    pub headers: &'a str,
    pub body: &'a str,
}

impl Phone {
    pub(super) fn write(&mut self, draft: &Draft<'_>) -> Arc<Message> {
        let top = format!("Via: SIP/2.0/UDP {};branch=z9hG4bK{}\r\n", self.addr, self.ids.hex16());
        let contact = format!("<sip:{}@{}>", self.user, self.addr);
        let body =
            (!draft.body.is_empty()).then_some(Body { content_type: b"application/sdp", bytes: draft.body.as_bytes() });
        let mut out = Vec::new();
        LocalRequest {
            method: draft.method,
            uri: draft.uri,
            top: top.as_bytes(),
            routes: draft.routes,
            from: draft.from,
            to: draft.to,
            call_id: draft.call_id,
            cseq: draft.cseq,
            max_forwards: 70,
            contact: Some(contact.as_bytes()),
            headers: draft.headers.as_bytes(),
            body,
        }
        .write(&mut out);
        let message = Message::parse(Bytes::from(out), Framing::Datagram).expect("phones build valid requests");
        Arc::new(message)
    }

    /// An INVITE that begins a call.
    pub(super) fn initial_invite(&mut self, uri: &str, options: &InviteOptions) -> Arc<Message> {
        let call_id = options.call_id.clone().unwrap_or_else(|| format!("{}@{}", self.ids.hex16(), self.addr.ip()));
        let user = options.from_user.as_ref().unwrap_or(&self.user);
        let from = format!("<sip:{user}@example.org>;tag={}", self.ids.hex16());
        self.write(&Draft {
            method: &Method::Invite,
            uri: uri.as_bytes(),
            from: from.as_bytes(),
            to: format!("<{uri}>").as_bytes(),
            call_id: call_id.as_bytes(),
            cseq: 1,
            routes: &[],
            headers: &options.headers,
            body: options.body.as_deref().unwrap_or(SDP),
        })
    }

    /// A request outside any call.
    pub(super) fn single_request(&mut self, method: &Method, uri: &str, headers: &str) -> Arc<Message> {
        let call_id = self.ids.hex16();
        let from = format!("<sip:{}@example.org>;tag={}", self.user, self.ids.hex16());
        self.write(&Draft {
            method,
            uri: uri.as_bytes(),
            from: from.as_bytes(),
            to: format!("<{uri}>").as_bytes(),
            call_id: call_id.as_bytes(),
            cseq: 1,
            routes: &[],
            headers,
            body: "",
        })
    }

    /// A request to the peer of a dialog, and the hop it goes to (RFC 3261 12.2.1.1).
    pub(super) fn request_within(
        &mut self,
        call: &Call,
        leg: &Leg,
        method: &Method,
        cseq: u32,
        content: (&str, &str),
    ) -> (Arc<Message>, SocketAddr) {
        let mut routes = leg.routes.clone();
        let mut uri = leg.target.clone();
        let first = routes.first().cloned();
        if let Some(strict) = first.as_deref().map(bare).filter(|r| !is_loose(r)) {
            uri = Str::new(strict);
            routes.remove(0);
            routes.push(format!("<{}>", leg.target).into());
        }
        let hop = first.as_deref().map_or(leg.target.as_bytes(), bare);
        let hop = address(hop).unwrap_or(call.peer);
        let routes: Vec<&[u8]> = routes.iter().map(|r| r.as_bytes()).collect();
        let (headers, body) = content;
        let request = self.write(&Draft {
            method,
            uri: &uri,
            from: &call.local,
            to: &leg.party,
            call_id: &call.id,
            cseq,
            routes: &routes,
            headers,
            body,
        });
        (request, hop)
    }
}

pub(super) fn branch_of(message: &Message) -> Str {
    message.top_via().map(|v| Str::new(v.branch(message.raw()))).unwrap_or_default()
}

/// The Call-ID of the call that this INVITE takes over (RFC 3891).
pub(super) fn replaced_call(invite: &Message) -> Option<Str> {
    let field = invite.first(HeaderId::Replaces)?;
    let replaces = crate::sip::header::Replaces::parse(invite.raw(), field.value)?;
    Some(invite.text(replaces.call_id))
}

/// The URI of a `<URI>;params` value.
fn bare(route: &[u8]) -> &[u8] {
    let inner = route.strip_prefix(b"<").unwrap_or(route);
    inner.split(|b| *b == b'>').next().unwrap_or(inner)
}

fn is_loose(uri: &[u8]) -> bool {
    UriView::parse(uri).is_some_and(|u| u.is_loose())
}

fn address(uri: &[u8]) -> Option<SocketAddr> {
    let uri = UriView::parse(uri)?;
    Some(SocketAddr::new(uri.host_ip()?, uri.effective_port()))
}
