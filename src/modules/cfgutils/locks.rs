//! Locks of scripts. Whoever meets a taken one waits its turn, by suspending its own run alone.
//!
//! A run gives back what it forgot when it ends, however it ends (`Held`). A wait that could never end, because a circle
//! of runs would wait for one another, is refused; no wait lasts longer than the engine's patience.
use super::State;
use crate::base::Str;
use crate::context::{Effect, Level, Parking, Ticket};
use crate::vm::{Cx, Hook, Ret};
use ahash::AHashMap;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Locks that all runs together may hold or wait for: names may come from messages.
const LIMIT: usize = 1 << 20;

pub fn get_static_lock(cx: &mut Cx<'_>, key: Str) -> Ret {
    get(cx, "get_static_lock", Key::Static(key))
}

pub fn release_static_lock(cx: &mut Cx<'_>, key: Str) -> i32 {
    release(cx, "release_static_lock", &Key::Static(key))
}

pub fn get_dynamic_lock(cx: &mut Cx<'_>, key: Str) -> Ret {
    let key = locks(cx).dynamic(&key);
    get(cx, "get_dynamic_lock", key)
}

pub fn release_dynamic_lock(cx: &mut Cx<'_>, key: Str) -> i32 {
    let key = locks(cx).dynamic(&key);
    release(cx, "release_dynamic_lock", &key)
}

pub fn strings_share_lock(cx: &mut Cx<'_>, key1: Str, key2: Option<Str>) -> bool {
    let Some(key2) = key2 else {
        cx.log(Level::Error, "cfgutils", "strings_share_lock", format_args!("there is no second text"));
        return false;
    };
    locks(cx).dynamic(&key1) == locks(cx).dynamic(&key2)
}

/// Gives back what a run holds at its end.
pub fn follow(cx: &mut Cx<'_>, hook: &Hook<'_>) {
    if let Hook::RunEnd = hook
        && let Some(held) = cx.run.slots.take::<Held>()
    {
        let forgotten: Vec<String> = held.keys().iter().map(Key::to_string).collect();
        if !forgotten.is_empty() {
            let text = format_args!("the run ends with {} held: released", forgotten.join(", "));
            cx.log(Level::Warning, "cfgutils", "release", text);
        }
    }
}

/// Every lock that is taken.
pub struct Locks {
    pool: u32,
    hasher: ahash::RandomState,
    table: Mutex<Table>,
}

/// Who holds a lock or waits for one: a run, as long as it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Owner(u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Static(Str),
    /// Its place in the pool.
    Dynamic(u32),
}

#[derive(Default)]
struct Table {
    owners: u64,
    taken: AHashMap<Key, Lock>,
    /// What each waiting owner waits for.
    waits: AHashMap<Owner, Key>,
}

struct Lock {
    owner: Owner,
    /// How often its owner took it.
    depth: u32,
    queue: VecDeque<(Owner, Ticket)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Mine,
    Wait(Ticket),
    /// The owner of the lock waits, directly or through others, for one of ours.
    Deadlock,
    Full,
}

impl Locks {
    pub fn new(pool: u32, seed: u64) -> Locks {
        let hasher = ahash::RandomState::with_seeds(seed, !seed, seed.rotate_left(17), 0x6c6f_636b);
        Locks { pool, hasher, table: Mutex::default() }
    }

    /// How many are taken.
    pub fn held(&self) -> usize {
        self.table.lock().taken.len()
    }

    fn dynamic(&self, text: &[u8]) -> Key {
        let place = self.hasher.hash_one(text) % u64::from(self.pool);
        Key::Dynamic(u32::try_from(place).unwrap_or_default())
    }
}

impl Table {
    fn owner(&mut self) -> Owner {
        self.owners += 1;
        Owner(self.owners)
    }

    fn take(&mut self, owner: Owner, key: &Key, ticket: impl FnOnce() -> Ticket) -> Taken {
        if self.leads_back(owner, key) {
            return Taken::Deadlock;
        }
        if self.taken.len() + self.waits.len() >= LIMIT {
            return Taken::Full;
        }
        let Some(lock) = self.taken.get_mut(key) else {
            self.taken.insert(key.clone(), Lock { owner, depth: 1, queue: VecDeque::new() });
            return Taken::Mine;
        };
        if lock.owner == owner {
            lock.depth = lock.depth.saturating_add(1);
            return Taken::Mine;
        }
        let ticket = ticket();
        lock.queue.push_back((owner, ticket));
        self.waits.insert(owner, key.clone());
        Taken::Wait(ticket)
    }

    /// Whether who holds `key` waits, perhaps through others, for `owner`. Every owner waits for one lock at most, and
    /// no circle was let in before, so that the way ends.
    fn leads_back(&self, owner: Owner, key: &Key) -> bool {
        let mut next = self.taken.get(key).map(|lock| lock.owner).filter(|holder| *holder != owner);
        while let Some(holder) = next {
            if holder == owner {
                return true;
            }
            next = self.waits.get(&holder).and_then(|key| self.taken.get(key)).map(|lock| lock.owner);
        }
        false
    }

    fn holds(&self, owner: Owner, key: &Key) -> bool {
        self.taken.get(key).is_some_and(|lock| lock.owner == owner)
    }

    /// Gives a lock back once. `None`: it is not the owner's; else the ticket of who has it now, if anybody waited.
    fn give_back(&mut self, owner: Owner, key: &Key) -> Option<Option<Ticket>> {
        let lock = self.taken.get_mut(key).filter(|lock| lock.owner == owner)?;
        lock.depth -= 1;
        if lock.depth > 0 {
            return Some(None);
        }
        match lock.queue.pop_front() {
            Some((next, ticket)) => {
                (lock.owner, lock.depth) = (next, 1);
                self.waits.remove(&next);
                Some(Some(ticket))
            }
            None => {
                self.taken.remove(key);
                Some(None)
            }
        }
    }

    /// Stands in no queue any more.
    fn leave(&mut self, owner: Owner) -> Option<Ticket> {
        let key = self.waits.remove(&owner)?;
        let lock = self.taken.get_mut(&key)?;
        let at = lock.queue.iter().position(|(waiting, _)| *waiting == owner)?;
        lock.queue.remove(at).map(|(_, ticket)| ticket)
    }
}

/// What a run holds. Dropped with the run, so that nothing stays taken whatever becomes of it.
struct Held {
    locks: Arc<Locks>,
    parking: Arc<Parking>,
    owner: Owner,
    /// Each lock once, whether it is still held or not.
    keys: Vec<Key>,
}

impl Held {
    fn keys(&self) -> Vec<Key> {
        let table = self.locks.table.lock();
        self.keys.iter().filter(|key| table.holds(self.owner, key)).cloned().collect()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut table = self.locks.table.lock();
        if let Some(ticket) = table.leave(self.owner) {
            self.parking.leave(ticket);
        }
        for key in &self.keys {
            while let Some(next) = table.give_back(self.owner, key) {
                next.into_iter().for_each(|ticket| self.parking.call(ticket));
            }
        }
    }
}

fn locks<'a>(cx: &Cx<'a>) -> &'a Arc<Locks> {
    &cx.core.state::<State>().locks
}

fn get(cx: &mut Cx<'_>, function: &'static str, key: Key) -> Ret {
    let locks = locks(cx).clone();
    let owner = owner(cx, &locks);
    if let Some(held) = cx.run.slots.get_mut::<Held>()
        && !held.keys.contains(&key)
    {
        held.keys.push(key.clone());
    }
    let taken = locks.table.lock().take(owner, &key, || cx.core.parking.ticket());
    match taken {
        Taken::Mine => Ret::TRUE,
        Taken::Wait(ticket) => wait(function, locks, owner, key, ticket),
        Taken::Deadlock => refused(cx, function, &key, "the run that holds it waits for this one"),
        Taken::Full => refused(cx, function, &key, "there are too many locks"),
    }
}

fn wait(function: &'static str, locks: Arc<Locks>, owner: Owner, key: Key, ticket: Ticket) -> Ret {
    let then = move |cx: &mut Cx<'_>, _| {
        let mut table = locks.table.lock();
        // Who waited too long may have got it in the same moment.
        if table.holds(owner, &key) {
            return Ret::TRUE;
        }
        table.leave(owner);
        drop(table);
        cx.core.parking.leave(ticket);
        refused(cx, function, &key, "nobody released it in time")
    };
    Ret::Wait(Effect::Park { ticket }, Box::new(then))
}

fn refused(cx: &Cx<'_>, function: &'static str, key: &Key, why: &str) -> Ret {
    cx.log(Level::Error, "cfgutils", function, format_args!("no {key}: {why}"));
    Ret::FALSE
}

fn release(cx: &mut Cx<'_>, function: &'static str, key: &Key) -> i32 {
    let locks = locks(cx).clone();
    let owner = owner(cx, &locks);
    let given_back = locks.table.lock().give_back(owner, key);
    match given_back {
        Some(next) => next.into_iter().for_each(|ticket| cx.core.parking.call(ticket)),
        None => cx.log(Level::Notice, "cfgutils", function, format_args!("this run does not hold {key}")),
    }
    1
}

/// The run as an owner of locks.
fn owner(cx: &mut Cx<'_>, locks: &Arc<Locks>) -> Owner {
    if let Some(held) = cx.run.slots.get_mut::<Held>() {
        return held.owner;
    }
    let owner = locks.table.lock().owner();
    let parking = cx.core.parking.clone();
    cx.run.slots.set(Held { locks: locks.clone(), parking, owner, keys: Vec::new() });
    owner
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Static(name) => write!(f, "lock `{name}`"),
            Key::Dynamic(place) => write!(f, "dynamic lock {place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::Static(name.into())
    }

    fn take(table: &mut Table, owner: Owner, name: &str) -> Taken {
        table.take(owner, &key(name), || Ticket(owner.0))
    }

    fn owners() -> (Table, [Owner; 3]) {
        let mut table = Table::default();
        let owners = [table.owner(), table.owner(), table.owner()];
        (table, owners)
    }

    #[test]
    fn a_lock_goes_from_one_owner_to_the_next_in_order() {
        let (mut table, [a, b, c]) = owners();
        assert_eq!(take(&mut table, a, "x"), Taken::Mine);
        assert_eq!(take(&mut table, b, "x"), Taken::Wait(Ticket(b.0)));
        assert_eq!(take(&mut table, c, "x"), Taken::Wait(Ticket(c.0)));
        assert_eq!(table.give_back(c, &key("x")), None, "it is not yet theirs");
        assert_eq!(table.give_back(a, &key("x")), Some(Some(Ticket(b.0))));
        assert_eq!(table.give_back(b, &key("x")), Some(Some(Ticket(c.0))));
        assert_eq!(table.give_back(c, &key("x")), Some(None));
        assert!(table.taken.is_empty() && table.waits.is_empty());
    }

    #[test]
    fn its_owner_takes_it_again_and_gives_it_back_as_often() {
        let (mut table, [a, b, _]) = owners();
        assert_eq!((take(&mut table, a, "x"), take(&mut table, a, "x")), (Taken::Mine, Taken::Mine));
        assert_eq!(take(&mut table, b, "x"), Taken::Wait(Ticket(b.0)));
        assert_eq!(table.give_back(a, &key("x")), Some(None));
        assert_eq!(table.give_back(a, &key("x")), Some(Some(Ticket(b.0))));
    }

    #[test]
    fn a_circle_of_waits_is_refused() {
        let (mut table, [a, b, c]) = owners();
        for (owner, name) in [(a, "x"), (b, "y"), (c, "z")] {
            assert_eq!(take(&mut table, owner, name), Taken::Mine);
        }
        assert!(matches!(take(&mut table, a, "y"), Taken::Wait(_)));
        assert!(matches!(take(&mut table, b, "z"), Taken::Wait(_)));
        assert_eq!(take(&mut table, c, "x"), Taken::Deadlock);
        assert_eq!(table.leave(b), Some(Ticket(b.0)));
        assert!(matches!(take(&mut table, c, "x"), Taken::Wait(_)));
    }

    #[test]
    fn what_is_dropped_goes_to_who_waits() {
        let (locks, parking) = (Arc::new(Locks::new(8, 1)), Arc::new(Parking::default()));
        let [a, b] = [0; 2].map(|_| locks.table.lock().owner());
        take(&mut locks.table.lock(), a, "x");
        take(&mut locks.table.lock(), a, "x");
        take(&mut locks.table.lock(), b, "x");
        parking.park(Ticket(b.0), crate::context::WaitId(7));
        drop(Held { locks: locks.clone(), parking: parking.clone(), owner: a, keys: vec![key("x")] });
        assert_eq!(parking.take_ready(), [crate::context::WaitId(7)]);
        assert!(locks.table.lock().holds(b, &key("x")));
    }

    #[test]
    fn equal_texts_share_a_lock_of_the_pool() {
        let locks = Locks::new(4, 1);
        assert_eq!(locks.dynamic(b"a"), locks.dynamic(b"a"));
        let places: std::collections::HashSet<Key> = (0..100u8).map(|n| locks.dynamic(&[n])).collect();
        assert_eq!(places.len(), 4);
    }
}
