//! A call as one phone sees it.
use crate::base::Str;
use crate::sip::header::{name_addr, route};
use crate::sip::{HeaderId, Message};
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    Calling,
    Ringing,
    Answered,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Caller,
    Callee,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub role: Role,
    pub state: CallState,
    pub id: Str,
    pub local_tag: Str,
    /// Final status of the INVITE.
    pub status: Option<u16>,
    /// Replies to requests of this phone, in order.
    pub replies: Vec<Arc<Message>>,
    /// Requests of the peer, retransmissions left out.
    pub requests: Vec<Arc<Message>>,
    pub invite: Arc<Message>,
    /// The peer, once it has a tag.
    pub leg: Option<Leg>,
    /// Peers of other branches whose 2xx came too late; their calls were ended at once.
    pub late: Vec<Str>,
    /// From of requests that this phone sends, tag included.
    pub(super) local: Str,
    pub(super) cseq: u32,
    /// Where the INVITE went to or came from.
    pub(super) peer: SocketAddr,
    pub(super) cancelled: bool,
}

/// What is known of the peer of a dialog.
#[derive(Clone, Debug)]
pub struct Leg {
    pub tag: Str,
    /// To of requests that this phone sends, tag included.
    pub party: Str,
    /// Contact.
    pub target: Str,
    /// URIs with their brackets, nearest first.
    pub routes: Vec<Str>,
}

impl Call {
    pub(super) fn outgoing(invite: Arc<Message>, peer: SocketAddr) -> Call {
        Call {
            role: Role::Caller,
            state: CallState::Calling,
            id: text(invite.call_id()),
            local_tag: text(invite.from_tag()),
            status: None,
            replies: Vec::new(),
            requests: Vec::new(),
            leg: None,
            late: Vec::new(),
            local: text(invite.value(HeaderId::From)),
            cseq: invite.cseq().map_or(1, |c| c.number),
            peer,
            cancelled: false,
            invite,
        }
    }

    pub(super) fn incoming(invite: &Arc<Message>, from: SocketAddr, local_tag: Str) -> Call {
        let local = format!("{};tag={local_tag}", text(invite.value(HeaderId::To)));
        Call {
            role: Role::Callee,
            state: CallState::Calling,
            id: text(invite.call_id()),
            local_tag,
            status: None,
            replies: Vec::new(),
            requests: vec![invite.clone()],
            leg: Leg::of_request(invite),
            late: Vec::new(),
            local: local.into(),
            cseq: 0,
            peer: from,
            cancelled: false,
            invite: invite.clone(),
        }
    }

    pub fn remote_tag(&self) -> Option<&Str> {
        self.leg.as_ref().map(|l| &l.tag)
    }

    /// The reply that ended the INVITE or accepted it.
    pub fn final_reply(&self) -> Option<&Arc<Message>> {
        self.replies.iter().find(|r| r.method() == self.invite.method() && r.status().is_some_and(|s| s.is_final()))
    }
}

impl Leg {
    /// The caller, as the callee sees it.
    fn of_request(invite: &Message) -> Option<Leg> {
        Some(Leg {
            tag: Str::new(invite.from_tag()?),
            party: Str::new(invite.value(HeaderId::From)?),
            target: contact(invite)?,
            routes: record_route(invite),
        })
    }

    /// The callee, as its reply shows it.
    pub(super) fn of_reply(reply: &Message) -> Option<Leg> {
        let mut routes = record_route(reply);
        routes.reverse();
        Some(Leg {
            tag: Str::new(reply.to_tag()?),
            party: Str::new(reply.value(HeaderId::To)?),
            target: contact(reply)?,
            routes,
        })
    }

    /// The Contact of a request or reply within the dialog (RFC 3261 12.2): the route set stays.
    pub(super) fn refresh(&mut self, message: &Message) {
        if let Some(target) = contact(message) {
            self.target = target;
        }
    }
}

fn contact(message: &Message) -> Option<Str> {
    let header = message.first(HeaderId::Contact)?;
    let value = name_addr::values(message.raw(), header.value).flatten().next()?;
    Some(message.text(value.uri))
}

fn record_route(message: &Message) -> Vec<Str> {
    route::values(message, HeaderId::RecordRoute).flatten().map(|r| message.text(r.address.whole)).collect()
}

fn text(bytes: Option<&[u8]>) -> Str {
    bytes.map(Str::new).unwrap_or_default()
}
