//! A scripted user agent: places and answers calls with real transaction machines, and remembers what it saw.
//!
//! A test tells it what to do (`invite`, `bye`...); what it does with requests is its `Policy`. Messages come in by
//! `receive`, time by `timeout`, and what it sends waits in `sent` for the network. `client` and `server` are its two
//! sides, `call` what it knows of a call, `request` how it writes requests.
mod call;
mod client;
mod policy;
mod request;
mod server;

pub use call::{Call, CallState, Leg, Role};
pub use policy::Policy;
pub use request::InviteOptions;

use crate::base::{IdGen, Instant, Str};
use crate::proto::transaction::{ClientEvent, ServerEvent, Timers};
use crate::sip::{Framing, Message, Method};
use ahash::AHashMap;
use bytes::Bytes;
use client::Outgoing;
use indexmap::IndexMap;
use server::{Incoming, ServerKey};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

/// The session description of every offer and answer.
pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// What a phone wants sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub to: SocketAddr,
    pub bytes: Bytes,
}

pub struct Phone {
    pub user: String,
    pub addr: SocketAddr,
    /// Where requests outside calls go.
    pub proxy: SocketAddr,
    pub policy: Policy,
    /// Policies for INVITEs to certain users, before `policy`.
    pub policies: IndexMap<String, Policy>,
    pub timers: Timers,
    /// Replies to requests outside calls.
    pub replies: Vec<Arc<Message>>,
    /// Every request received but ACK, retransmissions left out.
    pub requests: Vec<Arc<Message>>,
    pub sent: Vec<Sent>,
    calls: IndexMap<Str, Call, ahash::RandomState>,
    clients: AHashMap<Str, Outgoing>,
    servers: AHashMap<ServerKey, Incoming>,
    /// By time, then in the order they were set. A stale one finds nothing due.
    alarms: BTreeMap<(Instant, u64), Alarm>,
    alarms_set: u64,
    ids: IdGen,
}

enum Alarm {
    Client(Str),
    Server(ServerKey),
    Reply(ServerKey, u16),
}

impl Phone {
    pub fn new(user: &str, addr: SocketAddr, proxy: SocketAddr, seed: u64) -> Phone {
        let mut ids = IdGen::new(seed);
        let mut hasher =
            || ahash::RandomState::with_seeds(ids.next_u64(), ids.next_u64(), ids.next_u64(), ids.next_u64());
        let (calls, clients, servers) = (hasher(), hasher(), hasher());
        Phone {
            user: user.to_owned(),
            addr,
            proxy,
            policy: Policy::answering(),
            policies: IndexMap::new(),
            timers: Timers::default(),
            replies: Vec::new(),
            requests: Vec::new(),
            sent: Vec::new(),
            calls: IndexMap::with_hasher(calls),
            clients: HashMap::with_hasher(clients).into(),
            servers: HashMap::with_hasher(servers).into(),
            alarms: BTreeMap::new(),
            alarms_set: 0,
            ids,
        }
    }

    pub fn call(&self, id: &str) -> Option<&Call> {
        self.calls.get(id.as_bytes())
    }

    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// Forgets a call.
    pub fn forget(&mut self, id: &str) {
        self.calls.swap_remove(id.as_bytes());
    }

    /// Nothing happens at this phone any more unless somebody does something. A request it keeps silent about waits
    /// for ever, which is rest too.
    pub fn is_idle(&self) -> bool {
        self.alarms.is_empty()
    }

    /// Calls `uri` through the proxy; returns the Call-ID.
    pub fn invite(&mut self, now: Instant, uri: &str, options: &InviteOptions) -> String {
        let invite = self.initial_invite(uri, options);
        let call = Call::outgoing(invite.clone(), self.proxy);
        let id = call.id.clone();
        self.calls.insert(id.clone(), call);
        self.start(now, &invite, self.proxy, Some(id.clone()));
        id.to_string()
    }

    /// A request outside any call; its replies are in `replies`.
    pub fn send_outside(&mut self, now: Instant, method: &Method, uri: &str, headers: &str) {
        let request = self.single_request(method, uri, headers);
        self.start(now, &request, self.proxy, None);
    }

    /// A request to the peer of a call. Without a call or before the peer has a tag, nothing is sent.
    pub fn send_within(&mut self, now: Instant, id: &str, method: &Method, headers: &str, body: &str) {
        let Some(call) = self.calls.get_mut(id.as_bytes()) else { return };
        let Some(leg) = call.leg.clone() else { return };
        call.cseq += 1;
        if *method == Method::Bye {
            call.state = CallState::Ended;
        }
        let call = call.clone();
        let (request, hop) = self.request_within(&call, &leg, method, call.cseq, (headers, body));
        self.start(now, &request, hop, Some(call.id));
    }

    pub fn bye(&mut self, now: Instant, id: &str) {
        self.send_within(now, id, &Method::Bye, "", "");
    }

    pub fn reinvite(&mut self, now: Instant, id: &str) {
        self.send_within(now, id, &Method::Invite, "", SDP);
    }

    /// Gives up a call that is not answered yet; an answer that crosses the CANCEL is hung up.
    pub fn cancel(&mut self, now: Instant, id: &str) {
        let Some(call) = self.calls.get_mut(id.as_bytes()) else { return };
        call.cancelled = true;
        let branch = request::branch_of(&call.invite);
        self.client_event(now, &branch, ClientEvent::Cancel, None);
    }

    /// Replies to the INVITE of a call that is not answered yet.
    pub fn answer(&mut self, now: Instant, id: &str, code: u16) {
        let Some(call) = self.calls.get(id.as_bytes()) else { return };
        let key = (request::branch_of(&call.invite), Str::from("INVITE"));
        self.reply(now, &key, code);
    }

    pub fn receive(&mut self, now: Instant, from: SocketAddr, bytes: Bytes) {
        let Ok(message) = Message::parse(bytes, Framing::Datagram) else { return };
        let message = Arc::new(message);
        match message.is_request() {
            true => self.on_request(now, from, message),
            false => self.on_reply(now, &message),
        }
    }

    pub fn next_timeout(&self) -> Option<Instant> {
        self.alarms.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn timeout(&mut self, now: Instant) {
        while let Some(entry) = self.alarms.first_entry().filter(|e| e.key().0 <= now) {
            match entry.remove() {
                Alarm::Client(branch) if self.is_client_due(now, &branch) => {
                    self.client_event(now, &branch, ClientEvent::Timer, None);
                }
                Alarm::Server(key) if self.is_server_due(now, &key) => {
                    self.server_event(now, &key, ServerEvent::Timer);
                }
                Alarm::Client(_) | Alarm::Server(_) => (),
                Alarm::Reply(key, code) => self.reply(now, &key, code),
            }
        }
    }

    fn set_alarm(&mut self, at: Instant, alarm: Alarm) {
        self.alarms_set += 1;
        self.alarms.insert((at, self.alarms_set), alarm);
    }
}
