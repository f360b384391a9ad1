//! `Collection`: keys and values with an end, in shards with a lock each.
//!
//! An entry that is over is nobody's any more at once, and leaves memory when somebody asks for it or when its shard is
//! swept. Memory is counted entry by entry.
use crate::base::{Instant, Str};
use ahash::RandomState;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;

/// What an entry costs beside its texts.
const OVERHEAD: usize = std::mem::size_of::<(Str, Entry)>();

pub struct Collection {
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
}

struct Shard {
    entries: HashMap<Str, Entry, RandomState>,
    bytes: usize,
}

struct Entry {
    value: Str,
    ends: Option<Instant>,
}

/// Why a counter was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterError {
    /// The value is no integer.
    NotAnInteger,
    /// The sum does not fit into 32 bits.
    Overflow,
}

impl Collection {
    pub fn new(shards: usize, hasher: RandomState) -> Collection {
        let shard = || Mutex::new(Shard { entries: HashMap::with_hasher(hasher.clone()), bytes: 0 });
        let shards = (0..shards.max(1)).map(|_| shard()).collect();
        Collection { shards, hasher }
    }

    /// Keeps a copy, for `seconds`: 0 is for good, less than nothing is over already.
    pub fn store(&self, now: Instant, key: &[u8], value: &[u8], seconds: i32) {
        let mut shard = self.shard(key).lock();
        shard.remove(key);
        if seconds >= 0 {
            shard.insert(Str::new(key), Entry { value: Str::new(value), ends: end(now, seconds) });
        }
    }

    pub fn remove(&self, key: &[u8]) {
        self.shard(key).lock().remove(key);
    }

    pub fn fetch(&self, now: Instant, key: &[u8]) -> Option<Str> {
        let mut shard = self.shard(key).lock();
        shard.drop_if_over(now, key);
        shard.entries.get(key).map(|entry| entry.value.clone())
    }

    /// `None` without the key.
    pub fn counter(&self, now: Instant, key: &[u8]) -> Option<Result<i32, CounterError>> {
        self.fetch(now, key).map(|value| integer(&value))
    }

    /// Adds to a counter and returns the sum. A counter that is there keeps its end.
    pub fn add(&self, now: Instant, key: &[u8], by: i32, seconds: i32) -> Result<i32, CounterError> {
        let mut shard = self.shard(key).lock();
        shard.drop_if_over(now, key);
        let Some(entry) = shard.entries.get(key) else {
            drop(shard);
            self.store(now, key, by.to_string().as_bytes(), seconds);
            return Ok(by);
        };
        let sum = integer(&entry.value)?.checked_add(by).ok_or(CounterError::Overflow)?;
        let ends = entry.ends;
        shard.remove(key);
        shard.insert(Str::new(key), Entry { value: Str::from(sum.to_string()), ends });
        Ok(sum)
    }

    pub fn remove_where(&self, is_meant: impl Fn(&[u8]) -> bool) {
        for shard in &self.shards {
            shard.lock().retain(|key, _| !is_meant(key));
        }
    }

    /// Takes what is over out of every shard whose number leaves `part` when divided by `parts`.
    pub fn sweep(&self, now: Instant, part: usize, parts: usize) {
        for shard in self.shards.iter().skip(part).step_by(parts) {
            shard.lock().retain(|_, entry| !entry.is_over(now));
        }
    }

    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries.len()).sum()
    }

    /// Bytes of keys and values, and what the table needs for each.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().bytes).sum()
    }

    fn shard(&self, key: &[u8]) -> &Mutex<Shard> {
        // The upper half: the table inside a shard uses the lower one.
        let at = (self.hasher.hash_one(key) >> 32) as usize % self.shards.len();
        &self.shards[at]
    }
}

impl Shard {
    fn insert(&mut self, key: Str, entry: Entry) {
        self.bytes += size(&key, &entry);
        self.entries.insert(key, entry);
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some((key, entry)) = self.entries.remove_entry(key) {
            self.bytes -= size(&key, &entry);
        }
    }

    fn drop_if_over(&mut self, now: Instant, key: &[u8]) {
        if self.entries.get(key).is_some_and(|entry| entry.is_over(now)) {
            self.remove(key);
        }
    }

    fn retain(&mut self, keep: impl Fn(&Str, &Entry) -> bool) {
        let bytes = &mut self.bytes;
        self.entries.retain(|key, entry| {
            let kept = keep(key, entry);
            *bytes -= if kept { 0 } else { size(key, entry) };
            kept
        });
        // What a burst of keys left behind is given back.
        if self.entries.capacity() > 4 * self.entries.len().max(16) {
            self.entries.shrink_to(2 * self.entries.len());
        }
    }
}

impl Entry {
    fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
}

fn end(now: Instant, seconds: i32) -> Option<Instant> {
    let seconds = u64::try_from(seconds).ok().filter(|s| *s > 0)?;
    Some(now + Duration::from_secs(seconds))
}

fn size(key: &Str, entry: &Entry) -> usize {
    key.heap_len() + entry.value.heap_len() + OVERHEAD
}

fn integer(value: &[u8]) -> Result<i32, CounterError> {
    std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(CounterError::NotAnInteger)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collection() -> Collection {
        Collection::new(8, RandomState::with_seeds(1, 2, 3, 4))
    }

    const fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000_000)
    }

    #[test]
    fn a_value_is_there_until_its_end() {
        let c = collection();
        c.store(at(0), b"k", b"v", 5);
        c.store(at(0), b"forever", b"v", 0);
        c.store(at(0), b"gone", b"v", 0);
        c.store(at(0), b"gone", b"v", -1);
        assert_eq!(c.fetch(at(4), b"k").as_deref(), Some(&b"v"[..]));
        assert_eq!((c.fetch(at(5), b"k"), c.fetch(at(0), b"gone")), (None, None));
        assert!(c.fetch(at(1 << 40), b"forever").is_some());
        c.remove(b"forever");
        assert_eq!((c.len(), c.bytes()), (0, 0));
    }

    #[test]
    fn a_counter_keeps_its_end_and_its_range() {
        let c = collection();
        assert_eq!(c.counter(at(0), b"n"), None);
        assert_eq!((c.add(at(0), b"n", 5, 10), c.add(at(6), b"n", -7, 10)), (Ok(5), Ok(-2)));
        assert_eq!(c.counter(at(9), b"n"), Some(Ok(-2)));
        assert_eq!(c.counter(at(10), b"n"), None, "its end is that of the first call");
        assert_eq!(c.add(at(10), b"n", i32::MAX, 0), Ok(i32::MAX));
        assert_eq!(c.add(at(10), b"n", 1, 0), Err(CounterError::Overflow));
        c.store(at(0), b"n", b"text", 0);
        assert_eq!(c.add(at(0), b"n", 1, 0), Err(CounterError::NotAnInteger));
        assert_eq!(c.counter(at(0), b"n"), Some(Err(CounterError::NotAnInteger)));
    }

    #[test]
    fn memory_is_counted_and_comes_back() {
        let c = collection();
        let long = [b'x'; 1000];
        for n in 0..500u32 {
            c.store(at(0), n.to_string().as_bytes(), &long, if n % 2 == 0 { 1 } else { 0 });
        }
        assert_eq!(c.len(), 500);
        assert!(c.bytes() > 500 * 1000, "{}", c.bytes());
        (0..4).for_each(|part| c.sweep(at(2), part, 4));
        assert_eq!(c.len(), 250);
        c.remove_where(|key| key != b"1");
        assert_eq!((c.len(), c.bytes() / 1000), (1, 1));
    }

    #[test]
    fn a_sweep_looks_at_its_own_shards_only() {
        let c = collection();
        (0..400u32).for_each(|n| c.store(at(0), n.to_string().as_bytes(), b"v", 1));
        c.sweep(at(2), 0, 4);
        assert!((250..350).contains(&c.len()), "{}", c.len());
    }
}
