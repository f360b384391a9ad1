//! Names and their addresses: a cache that asks for nothing itself.
//!
//! `lookup` answers from memory, or remembers who waits and says whether a question must be asked; the owner asks it and
//! brings the answer to `answered`, which gives back everyone who waited. "No such name" is remembered too. Failures of
//! the resolver are not: the next lookup asks again.
//!
//! Size is bounded; when full, what is expired goes first, then what expires soonest.
use crate::base::{Instant, Str};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Limits on what servers say about how long to remember.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub min_ttl: Duration,
    pub max_ttl: Duration,
    /// How long "no such name" is believed when the answer does not say.
    pub negative_ttl: Duration,
    pub max_names: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            min_ttl: Duration::from_secs(1),
            max_ttl: Duration::from_secs(3_600),
            negative_ttl: Duration::from_secs(30),
            max_names: 10_000,
        }
    }
}

/// The effect: ask for the A and AAAA records of `name`, then call `Resolver::answered`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    pub name: Str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// At least one, in the order of the answer.
    Known(Arc<[IpAddr]>),
    NoSuchName,
    /// The waiter is kept. The first to wait for a name carries the question out.
    Pending(Option<Resolve>),
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Without addresses it counts as `NoSuchName`.
    Addresses { addresses: Vec<IpAddr>, ttl: Duration },
    /// With the TTL of the SOA record, where there was one (RFC 2308).
    NoSuchName { ttl: Option<Duration> },
    /// Time-out or a broken server.
    Failed,
}

#[derive(Debug)]
struct Entry {
    /// None: no such name.
    addresses: Option<Arc<[IpAddr]>>,
    until: Instant,
}

/// `W` is what the owner needs to go on with a waiting request.
#[derive(Debug)]
pub struct Resolver<W> {
    limits: Limits,
    known: HashMap<Str, Entry, ahash::RandomState>,
    waiting: HashMap<Str, Vec<W>, ahash::RandomState>,
}

impl<W> Resolver<W> {
    pub fn new(limits: Limits, seed: u64) -> Resolver<W> {
        let state = ahash::RandomState::with_seeds(seed, !seed, seed.rotate_left(32), 1);
        Resolver { limits, known: HashMap::with_hasher(state.clone()), waiting: HashMap::with_hasher(state) }
    }

    /// The addresses of `name`, or a place in the queue for them.
    pub fn lookup(&mut self, now: Instant, name: &[u8], waiter: W) -> Lookup {
        let name = canonical(name);
        match self.known.get(&name) {
            Some(Entry { until, addresses }) if *until > now => match addresses {
                Some(addresses) => Lookup::Known(addresses.clone()),
                None => Lookup::NoSuchName,
            },
            Some(_) | None => self.wait(name, waiter),
        }
    }

    /// Remembers an answer and gives back everyone who waited for it, in the order they came.
    pub fn answered(&mut self, now: Instant, name: &[u8], answer: Answer) -> Vec<W> {
        let name = canonical(name);
        let waiters = self.waiting.remove(&name).unwrap_or_default();
        if let Some(entry) = self.entry(now, answer) {
            self.make_room(now);
            self.known.insert(name, entry);
        }
        waiters
    }

    /// What is remembered of a name, without asking: for a waiter that comes back.
    pub fn known(&self, now: Instant, name: &[u8]) -> Option<Arc<[IpAddr]>> {
        let entry = self.known.get(&canonical(name)).filter(|entry| entry.until > now)?;
        entry.addresses.clone()
    }

    /// Drops everything remembered; questions under way stay.
    pub fn forget_all(&mut self) {
        self.known.clear();
    }

    fn wait(&mut self, name: Str, waiter: W) -> Lookup {
        let waiters = self.waiting.entry(name.clone()).or_default();
        waiters.push(waiter);
        let first = waiters.len() == 1;
        Lookup::Pending(first.then_some(Resolve { name }))
    }

    fn entry(&self, now: Instant, answer: Answer) -> Option<Entry> {
        let Limits { min_ttl, max_ttl, negative_ttl, .. } = self.limits;
        let (addresses, ttl) = match answer {
            Answer::Addresses { addresses, ttl } if !addresses.is_empty() => (Some(addresses.into()), ttl),
            Answer::Addresses { .. } => (None, negative_ttl),
            Answer::NoSuchName { ttl } => (None, ttl.unwrap_or(negative_ttl).min(negative_ttl)),
            Answer::Failed => return None,
        };
        Some(Entry { addresses, until: now + ttl.max(min_ttl).min(max_ttl) })
    }

    fn make_room(&mut self, now: Instant) {
        if self.known.len() < self.limits.max_names {
            return;
        }
        self.known.retain(|_, entry| entry.until > now);
        if self.known.len() < self.limits.max_names {
            return;
        }
        // A full sweep removes an eighth, so that it is rare.
        let mut ends: Vec<Instant> = self.known.values().map(|entry| entry.until).collect();
        let nth = ends.len() / 8;
        let (_, limit, _) = ends.select_nth_unstable(nth);
        let limit = *limit;
        self.known.retain(|_, entry| entry.until > limit);
    }
}

/// Names compare without case, and a final dot says nothing more.
fn canonical(name: &[u8]) -> Str {
    let name = name.strip_suffix(b".").unwrap_or(name);
    Str::from(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &[u8] = b"sip.example.com";

    fn resolver() -> Resolver<u32> {
        Resolver::new(Limits::default(), 1)
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_secs(seconds)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn addresses(texts: &[&str], ttl: u64) -> Answer {
        Answer::Addresses { addresses: texts.iter().map(|text| ip(text)).collect(), ttl: Duration::from_secs(ttl) }
    }

    fn asks() -> Lookup {
        Lookup::Pending(Some(Resolve { name: Str::new(HOST) }))
    }

    #[test]
    fn first_waiter_asks_and_all_come_back() {
        let mut resolver = resolver();
        assert_eq!(resolver.lookup(at(0), HOST, 1), asks());
        assert_eq!(resolver.lookup(at(0), b"SIP.Example.com.", 2), Lookup::Pending(None));
        assert_eq!(resolver.answered(at(1), HOST, addresses(&["10.0.0.1", "::1"], 60)), [1, 2]);
        let both: Arc<[IpAddr]> = [ip("10.0.0.1"), ip("::1")].into();
        assert_eq!(resolver.known(at(1), HOST), Some(both.clone()));
        assert_eq!(resolver.lookup(at(2), HOST, 3), Lookup::Known(both));
    }

    #[test]
    fn answer_is_forgotten_after_its_ttl() {
        let mut resolver = resolver();
        resolver.answered(at(0), HOST, addresses(&["10.0.0.1"], 60));
        assert!(matches!(resolver.lookup(at(59), HOST, 1), Lookup::Known(_)));
        assert_eq!(resolver.lookup(at(60), HOST, 1), asks());
    }

    #[test]
    fn ttl_is_held_within_limits() {
        let mut resolver = resolver();
        resolver.answered(at(0), HOST, addresses(&["10.0.0.1"], 0));
        assert!(resolver.known(Instant::from_millis(999), HOST).is_some());
        resolver.answered(at(10), HOST, addresses(&["10.0.0.1"], 1_000_000));
        assert!(resolver.known(at(3_609), HOST).is_some());
        assert!(resolver.known(at(3_610), HOST).is_none());
    }

    #[test]
    fn missing_names_are_remembered_for_a_while() {
        for answer in [Answer::NoSuchName { ttl: None }, addresses(&[], 3_600)] {
            let mut resolver = resolver();
            resolver.answered(at(0), HOST, answer);
            assert_eq!(resolver.lookup(at(29), HOST, 1), Lookup::NoSuchName);
            assert_eq!(resolver.lookup(at(30), HOST, 1), asks());
        }
    }

    #[test]
    fn failures_are_not_remembered() {
        let mut resolver = resolver();
        resolver.lookup(at(0), HOST, 1);
        assert_eq!(resolver.answered(at(5), HOST, Answer::Failed), [1]);
        assert_eq!(resolver.lookup(at(5), HOST, 2), asks());
    }

    #[test]
    fn forgetting_keeps_those_who_wait() {
        let mut resolver = resolver();
        resolver.lookup(at(0), HOST, 1);
        resolver.forget_all();
        assert_eq!(resolver.answered(at(1), HOST, addresses(&["10.0.0.1"], 60)), [1]);
    }

    #[test]
    fn number_of_names_is_bounded() {
        let limits = Limits { max_names: 16, ..Limits::default() };
        let mut resolver: Resolver<u32> = Resolver::new(limits, 1);
        for n in 0..1_000u64 {
            resolver.answered(at(n / 100), format!("h{n}").as_bytes(), addresses(&["10.0.0.1"], 60 + n % 7));
            assert!(resolver.known.len() <= 16);
        }
        assert!(resolver.known(at(10), b"h999").is_some(), "the newest stays");
    }
}
