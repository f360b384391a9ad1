//! Time: to the next thing that happens, for a while, or until something is so.
use super::{Arrival, Net, Place};
use crate::base::{Instant, Now};
use crate::testing::phone::Phone;
use crate::testing::server::{SimServer, Sizes};
use std::time::Duration;

/// Whose turn it is.
#[derive(Clone, Copy)]
enum Clocked {
    UnderWay,
    Server(usize, usize),
    Phone(usize),
}

impl Net {
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
}
