//! What is under way between addresses, and between servers and what they wait for.
use super::{Arrival, Net, Place, START, ServerId};
use crate::base::Instant;
use crate::context::{Datagram, Effect, EffectAnswer, Output, WaitId};
use bytes::Bytes;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

/// How many datagrams `history` shows.
const HISTORY: usize = 200;

impl Net {
    /// Puts a datagram on the wire, whoever `from` is.
    pub fn inject(&mut self, from: SocketAddr, to: SocketAddr, bytes: impl Into<Bytes>) {
        self.dispatch(from, to, bytes.into());
    }

    /// Hands each datagram to a worker of its own, all at the same time on threads of their own.
    pub fn race(&mut self, server: ServerId, datagrams: Vec<(SocketAddr, Bytes)>) {
        self.servers[server.0].race(self.now, datagrams);
        self.collect();
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

    /// The last whole messages: from, to, and what; oldest first.
    pub fn carried(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr, &Bytes)> {
        self.history.iter().map(|(_, from, to, bytes)| (*from, *to, bytes))
    }

    /// The last messages that arrived from an address: where, and what.
    pub fn sent_by(&self, from: SocketAddr) -> Vec<(SocketAddr, Bytes)> {
        self.history.iter().filter(|(_, f, ..)| *f == from).map(|(_, _, to, b)| (*to, b.clone())).collect()
    }

    pub(super) fn arrive(&mut self, arrival: Arrival) {
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

    pub(super) fn remember(&mut self, from: SocketAddr, to: SocketAddr, bytes: &Bytes) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((self.now, from, to, bytes.clone()));
    }

    /// Puts on the wire what phones and servers want sent.
    pub(super) fn collect(&mut self) {
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

    pub(super) fn dispatch(&mut self, from: SocketAddr, to: SocketAddr, bytes: Bytes) {
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
            Effect::Execute(execute) => match self.programs.run(&execute) {
                Some(answered) => answered,
                None => return,
            },
            Effect::Tell(tell) => (self.listeners.tell(&tell), Duration::ZERO),
            Effect::Park { .. } => return,
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
