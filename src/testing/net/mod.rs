//! The network: who is there, what is under way, and the clock.
//!
//! `wire` carries datagrams and answers, `clock` goes from one moment to the next; here stand the things a test sets up
//! and says.
mod clock;
#[cfg(test)]
mod tests;
mod wire;

use super::phone::{Call, InviteOptions, Phone};
use super::server::SimServer;
use super::{Ears, LogBook, Names, Programs, Weather};
use crate::base::{IdGen, Instant, Now};
use crate::context::{EffectAnswer, WaitId};
use crate::sip::Method;
use ahash::AHashMap;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId(usize);

impl ServerId {
    /// The server that was started first.
    pub const FIRST: ServerId = ServerId(0);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhoneId(usize);

/// When simulations begin: 2023-11-14 22:13:20 UTC.
pub const START: Now = Now { mono: Instant(1_000_000), unix_us: 1_700_000_000_000_000 };

/// A network, everybody in it, and the time. All of it is drawn from one seed.
pub struct Net {
    pub weather: Weather,
    pub names: Names,
    pub programs: Programs,
    pub listeners: Ears,
    now: Now,
    lot: IdGen,
    servers: Vec<SimServer>,
    phones: Vec<Phone>,
    ears: Vec<Vec<Bytes>>,
    places: AHashMap<SocketAddr, Place>,
    /// By time, then in the order of sending.
    under_way: BTreeMap<(Instant, u64), Arrival>,
    sent: u64,
    delivered: u64,
    history: VecDeque<(Now, SocketAddr, SocketAddr, Bytes)>,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Server(ServerId),
    Phone(PhoneId),
    /// Somebody who only listens.
    Ear(usize),
}

enum Arrival {
    Datagram { from: SocketAddr, to: SocketAddr, bytes: Bytes },
    Answer { server: ServerId, shard: usize, id: WaitId, answer: EffectAnswer },
}

impl Net {
    pub fn new(seed: u64) -> Net {
        let hasher = ahash::RandomState::with_seeds(seed, 1, 2, 3);
        Net {
            weather: Weather::FAIR,
            names: Names::default(),
            programs: Programs::default(),
            listeners: Ears::default(),
            now: START,
            lot: IdGen::new(seed),
            servers: Vec::new(),
            phones: Vec::new(),
            ears: Vec::new(),
            places: std::collections::HashMap::with_hasher(hasher).into(),
            under_way: BTreeMap::new(),
            sent: 0,
            delivered: 0,
            history: VecDeque::new(),
        }
    }

    /// Starts a server with two workers over the sockets of its script. Panics with the findings when it is refused.
    pub fn server(&mut self, script: &str) -> ServerId {
        self.server_with(script, 2)
    }

    pub fn server_with(&mut self, script: &str, workers: usize) -> ServerId {
        let id = ServerId(self.servers.len());
        let server = SimServer::start(script, workers, self.lot.next_u64(), self.now);
        for socket in server.engine.core.sockets.all() {
            self.places.insert(socket.addr, Place::Server(id));
        }
        self.servers.push(server);
        self.collect();
        id
    }

    /// A phone whose requests go to the first socket of `proxy`.
    pub fn phone(&mut self, user: &str, addr: &str, proxy: ServerId) -> PhoneId {
        let proxy = self.servers[proxy.0].addr();
        self.phone_behind(user, addr, proxy)
    }

    /// A phone whose requests go to `proxy`.
    pub fn phone_behind(&mut self, user: &str, addr: &str, proxy: SocketAddr) -> PhoneId {
        let id = PhoneId(self.phones.len());
        let addr = addr.parse().expect("an address and a port");
        self.phones.push(Phone::new(user, addr, proxy, self.lot.next_u64()));
        self.places.insert(addr, Place::Phone(id));
        id
    }

    /// An address that keeps what it gets and answers nothing: for datagrams that no phone would send.
    pub fn ear(&mut self, addr: &str) -> SocketAddr {
        let addr = addr.parse().expect("an address and a port");
        self.places.insert(addr, Place::Ear(self.ears.len()));
        self.ears.push(Vec::new());
        addr
    }

    /// Unplugs a phone: nothing reaches it any more.
    pub fn unplug(&mut self, phone: PhoneId) {
        self.places.remove(&self.phones[phone.0].addr);
    }

    /// What an ear got since the last call.
    pub fn heard(&mut self, ear: SocketAddr) -> Vec<Bytes> {
        match self.places.get(&ear) {
            Some(Place::Ear(at)) => std::mem::take(&mut self.ears[*at]),
            _ => Vec::new(),
        }
    }

    pub fn now(&self) -> Now {
        self.now
    }

    /// Datagrams that arrived somewhere so far.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    pub fn at(&self, server: ServerId) -> &SimServer {
        &self.servers[server.0]
    }

    pub fn log(&self, server: ServerId) -> &LogBook {
        &self.servers[server.0].log
    }

    pub fn of(&self, phone: PhoneId) -> &Phone {
        &self.phones[phone.0]
    }

    /// For settings; what a phone is to send goes through `tell`.
    pub fn of_mut(&mut self, phone: PhoneId) -> &mut Phone {
        &mut self.phones[phone.0]
    }

    /// The call with this Call-ID as the phone sees it.
    pub fn call(&self, phone: PhoneId, id: &str) -> &Call {
        let seen = || format!("{} knows no call {id}\n{}", self.phones[phone.0].user, self.history());
        self.phones[phone.0].call(id).unwrap_or_else(|| panic!("{}", seen()))
    }

    /// Has a phone do something now, and sends what it wants sent.
    pub fn tell<T>(&mut self, phone: PhoneId, what: impl FnOnce(&mut Phone, Instant) -> T) -> T {
        let result = what(&mut self.phones[phone.0], self.now.mono);
        self.collect();
        result
    }

    pub fn invite(&mut self, phone: PhoneId, uri: &str) -> String {
        self.invite_with(phone, uri, &InviteOptions::default())
    }

    pub fn invite_with(&mut self, phone: PhoneId, uri: &str, options: &InviteOptions) -> String {
        self.tell(phone, |p, now| p.invite(now, uri, options))
    }

    pub fn bye(&mut self, phone: PhoneId, call: &str) {
        self.tell(phone, |p, now| p.bye(now, call));
    }

    pub fn cancel(&mut self, phone: PhoneId, call: &str) {
        self.tell(phone, |p, now| p.cancel(now, call));
    }

    pub fn answer(&mut self, phone: PhoneId, call: &str, code: u16) {
        self.tell(phone, |p, now| p.answer(now, call, code));
    }

    pub fn request(&mut self, phone: PhoneId, call: &str, method: &Method, headers: &str) {
        self.tell(phone, |p, now| p.send_within(now, call, method, headers, ""));
    }

    /// Has a phone do something now, and keeps what it wants sent off the wire: for `race`.
    pub fn withhold(&mut self, phone: PhoneId, what: impl FnOnce(&mut Phone, Instant)) -> Vec<(SocketAddr, Bytes)> {
        let phone = &mut self.phones[phone.0];
        what(phone, self.now.mono);
        let from = phone.addr;
        phone.sent.drain(..).map(|sent| (from, sent.bytes)).collect()
    }
}
