//! The network: the clock, what is under way, and who gets it.
use super::phone::{Call, InviteOptions, Phone};
use super::server::{SimServer, Sizes};
use super::{LogBook, Names, Weather};
use crate::base::{IdGen, Instant, Now};
use crate::context::{Datagram, Effect, EffectAnswer, Output, WaitId};
use crate::sip::Method;
use ahash::AHashMap;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

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

/// How many datagrams `history` shows.
const HISTORY: usize = 200;

pub struct Net {
    pub weather: Weather,
    pub names: Names,
    now: Now,
    lot: IdGen,
    seed: u64,
    servers: Vec<SimServer>,
    phones: Vec<Phone>,
    ears: Vec<Vec<Bytes>>,
    places: AHashMap<SocketAddr, Place>,
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

/// Who has the next timer.
#[derive(Clone, Copy)]
enum Clocked {
    UnderWay,
    Server(usize, usize),
    Phone(usize),
}

impl Net {
    pub fn new(seed: u64) -> Net {
        let hasher = ahash::RandomState::with_seeds(seed, 1, 2, 3);
        Net {
            weather: Weather::FAIR,
            names: Names::default(),
            now: START,
            lot: IdGen::new(seed),
            seed,
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

    pub fn seed(&self) -> u64 {
        self.seed
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

    /// Hands each datagram to a worker of its own, all at the same time on threads of their own.
    pub fn race(&mut self, server: ServerId, datagrams: Vec<(SocketAddr, Bytes)>) {
        self.servers[server.0].race(self.now, datagrams);
        self.collect();
    }

    /// Puts a datagram on the wire, whoever `from` is.
    pub fn inject(&mut self, from: SocketAddr, to: SocketAddr, bytes: impl Into<Bytes>) {
        self.dispatch(from, to, bytes.into());
    }

    /// Goes to the next moment at which something happens, but not beyond `until`. False when nothing happens by then;
    /// the clock stands at `until` in that case.
    pub fn step(&mut self, until: Instant) -> bool {
        let Some((at, whose)) = self.next().filter(|(at, _)| *at <= until) else {
            self.advance(until);
            return false;
        };
        self.advance(at);
        match whose {
            Clocked::UnderWay => {
                if let Some(((_, _), arrival)) = self.under_way.pop_first() {
                    self.arrive(arrival);
                }
            }
            Clocked::Server(server, shard) => self.servers[server].timeout(shard, self.now),
            Clocked::Phone(phone) => self.phones[phone].timeout(self.now.mono),
        }
        self.collect();
        true
    }

    pub fn run_for(&mut self, time: Duration) {
        let until = self.now.mono + time;
        while self.step(until) {}
    }

    /// As `run_for`, with the workers of each server on threads of their own: what reaches a server in one moment is
    /// handled in parallel. Results of such a run depend on the threads.
    pub fn run_in_parallel(&mut self, time: Duration) {
        let until = self.now.mono + time;
        while let Some((at, _)) = self.next().filter(|(at, _)| *at <= until) {
            self.advance(at);
            self.moment(at);
        }
        self.advance(until);
    }

    /// Runs until the condition holds; false when it does not within `limit`.
    pub fn run_until(&mut self, limit: Duration, mut condition: impl FnMut(&Net) -> bool) -> bool {
        let until = self.now.mono + limit;
        loop {
            if condition(self) {
                return true;
            }
            if !self.step(until) {
                return condition(self);
            }
        }
    }

    /// As `run_until`; panics with the last messages when the condition does not come true within a minute.
    pub fn wait(&mut self, what: &str, condition: impl FnMut(&Net) -> bool) {
        if !self.run_until(Duration::from_secs(60), condition) {
            panic!("{what}: not within a minute\n{}", self.history());
        }
    }

    /// Runs until nothing is under way and every transaction is over. What may be left are dialogs and their timers.
    pub fn settle(&mut self) {
        if !self.comes_to_rest() {
            let sizes: Vec<Sizes> = self.servers.iter().map(SimServer::sizes).collect();
            let busy: Vec<&str> = self.phones.iter().filter(|p| !p.is_idle()).map(|p| p.user.as_str()).collect();
            panic!("does not settle: {sizes:?}, phones {busy:?}\n{}", self.history());
        }
    }

    /// As `settle`; false when that takes longer than half an hour.
    pub fn comes_to_rest(&mut self) -> bool {
        self.run_until(Duration::from_secs(1800), |net| {
            net.under_way.is_empty()
                && net.phones.iter().all(Phone::is_idle)
                && net.servers.iter().all(SimServer::is_idle)
        })
    }

    /// Settles, then panics unless every table of every server is empty.
    pub fn assert_empty(&mut self) {
        self.settle();
        for server in &self.servers {
            assert_eq!(server.sizes(), Sizes::default(), "left over\n{}", self.history());
        }
    }

    /// The last messages on the wire, for people.
    pub fn history(&self) -> String {
        let mut out = String::new();
        for (at, from, to, bytes) in &self.history {
            let ms = at.mono.since(START.mono).as_millis();
            let text = String::from_utf8_lossy(bytes);
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{ms:>8} ms {from} -> {to}  {}", text.lines().next().unwrap_or_default());
        }
        out
    }

    /// The last whole messages between two addresses, oldest first.
    pub fn messages(&self, from: SocketAddr, to: SocketAddr) -> Vec<Bytes> {
        self.history.iter().filter(|(_, f, t, _)| (*f, *t) == (from, to)).map(|(.., b)| b.clone()).collect()
    }

    fn advance(&mut self, to: Instant) {
        let to = to.max(self.now.mono);
        self.now = Now { unix_us: self.now.unix_us_at(to), mono: to };
    }

    fn next(&self) -> Option<(Instant, Clocked)> {
        let under_way = self.under_way.first_key_value().map(|((at, _), _)| (*at, Clocked::UnderWay));
        let servers = self.servers.iter().enumerate().flat_map(|(s, server)| {
            let shards = server.shards.iter().enumerate();
            shards.filter_map(move |(w, shard)| shard.next_timeout().map(|at| (at, Clocked::Server(s, w))))
        });
        let phones = self.phones.iter().enumerate();
        let phones = phones.filter_map(|(p, phone)| phone.next_timeout().map(|at| (at, Clocked::Phone(p))));
        under_way.into_iter().chain(servers).chain(phones).min_by_key(|(at, _)| *at)
    }

    /// Everything that happens at `at`, servers in parallel.
    fn moment(&mut self, at: Instant) {
        let later = self.under_way.split_off(&(Instant(at.0 + 1), 0));
        let mut to_servers: Vec<Vec<_>> = self.servers.iter().map(|_| Vec::new()).collect();
        for arrival in std::mem::replace(&mut self.under_way, later).into_values() {
            match arrival {
                Arrival::Datagram { from, to, bytes } => match self.places.get(&to).copied() {
                    Some(Place::Server(s)) => {
                        self.delivered += 1;
                        self.remember(from, to, &bytes);
                        to_servers[s.0].push((from, to, bytes));
                    }
                    Some(Place::Phone(_) | Place::Ear(_)) | None => {
                        self.arrive(Arrival::Datagram { from, to, bytes });
                    }
                },
                answer @ Arrival::Answer { .. } => self.arrive(answer),
            }
        }
        for (server, datagrams) in self.servers.iter_mut().zip(to_servers) {
            server.receive_together(self.now, datagrams);
        }
        for phone in &mut self.phones {
            phone.timeout(self.now.mono);
        }
        self.collect();
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Datagram { from, to, bytes } => {
                self.delivered += 1;
                self.remember(from, to, &bytes);
                match self.places.get(&to) {
                    Some(Place::Server(s)) => self.servers[s.0].receive(self.now, from, to, bytes),
                    Some(Place::Phone(p)) => self.phones[p.0].receive(self.now.mono, from, bytes),
                    Some(Place::Ear(at)) => self.ears[*at].push(bytes),
                    None => (),
                }
            }
            Arrival::Answer { server, shard, id, answer } => {
                self.servers[server.0].answer(self.now, shard, id, answer);
            }
        }
    }

    fn remember(&mut self, from: SocketAddr, to: SocketAddr, bytes: &Bytes) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((self.now, from, to, bytes.clone()));
    }

    /// Puts on the wire what phones and servers want sent.
    fn collect(&mut self) {
        for phone in 0..self.phones.len() {
            let from = self.phones[phone].addr;
            for sent in std::mem::take(&mut self.phones[phone].sent) {
                self.dispatch(from, sent.to, sent.bytes);
            }
        }
        for server in 0..self.servers.len() {
            for shard in 0..self.servers[server].shards.len() {
                for output in std::mem::take(&mut self.servers[server].shards[shard].out) {
                    match output {
                        Output::Send(datagram) => self.send(server, datagram),
                        Output::Wait { id, effect } => self.begin(ServerId(server), shard, id, effect),
                    }
                }
            }
        }
    }

    fn send(&mut self, server: usize, datagram: Datagram) {
        let socket = self.servers[server].engine.core.sockets.get(datagram.socket);
        if let Some(from) = socket.map(|s| s.addr) {
            self.dispatch(from, datagram.to, datagram.bytes);
        }
    }

    fn dispatch(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
        for travel in self.weather.copies(&mut self.lot) {
            let at = self.now.mono + travel;
            self.put(at, Arrival::Datagram { from, to, bytes: bytes.clone() });
        }
    }

    fn begin(&mut self, server: ServerId, shard: usize, id: WaitId, effect: Effect) {
        let (answer, after) = match effect {
            Effect::Resolve { host } => match self.names.ask(&host) {
                Some((addresses, after)) => (EffectAnswer::Resolved(addresses), after),
                None => return,
            },
            Effect::Yield => (EffectAnswer::Done, Duration::ZERO),
            Effect::Sleep { micros } => (EffectAnswer::Done, Duration::from_micros(micros)),
        };
        self.put(self.now.mono + after, Arrival::Answer { server, shard, id, answer });
    }

    fn put(&mut self, at: Instant, arrival: Arrival) {
        self.sent += 1;
        self.under_way.insert((at, self.sent), arrival);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CallState, Policy, Weather};

    const ALICE: &str = "10.0.0.1:5060";
    const BOB: &str = "10.0.0.2:5060";

    /// Two phones that talk to each other directly.
    fn pair(seed: u64) -> (Net, PhoneId, PhoneId) {
        let mut net = Net::new(seed);
        let bob = net.phone_behind("bob", BOB, ALICE.parse().unwrap());
        let alice = net.phone_behind("alice", ALICE, BOB.parse().unwrap());
        (net, alice, bob)
    }

    #[test]
    fn a_call_is_answered_and_hung_up() {
        let (mut net, alice, bob) = pair(1);
        let call = net.invite(alice, "sip:bob@10.0.0.2");
        net.wait("answer", |n| n.call(alice, &call).state == CallState::Answered);
        net.settle();
        assert_eq!(net.call(bob, &call).state, CallState::Answered);
        net.bye(bob, &call);
        net.settle();
        assert_eq!(net.call(alice, &call).state, CallState::Ended);
    }

    #[test]
    fn a_cancelled_call_ends_with_487() {
        let (mut net, alice, bob) = pair(1);
        net.of_mut(bob).policy = Policy::ringing();
        let call = net.invite(alice, "sip:bob@10.0.0.2");
        net.wait("ringing", |n| n.call(alice, &call).state == CallState::Ringing);
        net.cancel(alice, &call);
        net.settle();
        assert_eq!(net.call(alice, &call).status, Some(487));
        assert_eq!(net.call(bob, &call).state, CallState::Ended);
    }

    #[test]
    fn calls_survive_a_storm() {
        for seed in 0..20 {
            let (mut net, alice, bob) = pair(seed);
            net.weather = Weather::STORM;
            let call = net.invite(alice, "sip:bob@10.0.0.2");
            net.wait("answer", |n| n.call(alice, &call).state == CallState::Answered);
            net.settle();
            net.bye(alice, &call);
            net.settle();
            assert_eq!(net.call(bob, &call).state, CallState::Ended, "seed {seed}\n{}", net.history());
        }
    }

    #[test]
    fn one_seed_gives_one_history() {
        let history = |seed| {
            let (mut net, alice, _) = pair(seed);
            net.weather = Weather::STORM;
            net.invite(alice, "sip:bob@10.0.0.2");
            net.settle();
            net.history()
        };
        assert_eq!(history(3), history(3));
        assert_ne!(history(3), history(4));
    }

    #[test]
    fn an_unanswered_2xx_is_hung_up() {
        let (mut net, alice, bob) = pair(1);
        let call = net.invite(alice, "sip:bob@10.0.0.2");
        net.wait("ringing", |n| n.call(alice, &call).state == CallState::Ringing);
        // From here on nothing reaches anybody.
        net.weather.loss = 1000;
        net.run_for(Duration::from_secs(40));
        net.weather.loss = 0;
        net.settle();
        assert_eq!(net.call(bob, &call).state, CallState::Ended);
        assert_eq!(net.call(alice, &call).status, Some(408));
    }
}
