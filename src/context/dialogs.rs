//! The dialog table: by id, by Call-ID (oldest first), by value and by profile.
//!
//! The indexes hold ids. Values, profiles and states are changed here alone, under the dialog's lock, so that an index
//! never tells another story than the dialog. Order of locks: a dialog, then one map entry; a map guard is never held
//! across anything else.
use super::dialog::{Alive, Dialog, DialogState, Membership, ProfileId};
use super::members::Members;
use super::value::Value;
use crate::base::Str;
use crate::proto::dialog::{Actions, Did, Event, State};
use dashmap::DashMap;
use smallvec::SmallVec;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

type Map<K, V> = DashMap<K, V, ahash::RandomState>;

/// A value as an index key: strings and integers of the same text differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ValueKey {
    Int(i32),
    Str(Str),
}

impl ValueKey {
    /// NULL is no value.
    pub fn of(value: &Value) -> Option<ValueKey> {
        match value {
            Value::Null => None,
            Value::Int(i) | Value::Named(i, _) => Some(ValueKey::Int(*i)),
            Value::Str(s) | Value::Both(s, _) => Some(ValueKey::Str(s.clone())),
        }
    }
}

pub struct Dialogs {
    /// The next id of each bucket.
    buckets: Vec<AtomicU32>,
    by_did: Map<Did, Arc<Dialog>>,
    by_call_id: Map<Str, SmallVec<[Did; 1]>>,
    by_value: Map<(Str, ValueKey), Members>,
    /// A profile's members by value, and under `None` all of them.
    by_profile: Map<(ProfileId, Option<Str>), Members>,
    /// Listed dialogs by state; each is counted in exactly one.
    in_state: [AtomicUsize; 6],
    alive: Arc<AtomicUsize>,
}

impl Dialogs {
    const SHARDS: usize = 128;

    /// `size` is a power of two; each bucket's ids start where `start` says.
    pub fn new(size: u32, hasher: ahash::RandomState, mut start: impl FnMut() -> u32) -> Dialogs {
        Dialogs {
            buckets: (0..size).map(|_| AtomicU32::new(start())).collect(),
            by_did: DashMap::with_hasher_and_shard_amount(hasher.clone(), Self::SHARDS),
            by_call_id: DashMap::with_hasher_and_shard_amount(hasher.clone(), Self::SHARDS),
            by_value: DashMap::with_hasher_and_shard_amount(hasher.clone(), Self::SHARDS),
            by_profile: DashMap::with_hasher_and_shard_amount(hasher, Self::SHARDS),
            in_state: Default::default(),
            alive: Arc::default(),
        }
    }

    pub fn size(&self) -> u32 {
        self.buckets.len() as u32
    }

    /// The id of the next dialog with this Call-ID.
    pub fn next_did(&self, call_id: &[u8]) -> Did {
        let entry = crate::proto::dialog::hash::bucket(call_id, self.size());
        let id = self.buckets.get(entry as usize).map_or(0, |b| b.fetch_add(1, Ordering::Relaxed));
        Did { entry, id }
    }

    /// What a new dialog needs to be counted.
    pub fn alive(&self) -> Alive {
        Alive::new(&self.alive)
    }

    /// Dialogs that exist, in the table or held by a frame, a run or a transaction.
    pub fn count_alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    pub fn insert(&self, dialog: &Arc<Dialog>) {
        let mut state = dialog.state.lock();
        if std::mem::replace(&mut state.listed, true) {
            return;
        }
        self.counter(state.state()).fetch_add(1, Ordering::Relaxed);
        for (name, value) in &state.values {
            self.index_value(dialog.did, name, value);
        }
        drop(state);
        self.by_did.insert(dialog.did, dialog.clone());
        self.by_call_id.entry(dialog.call_id.clone()).or_default().push(dialog.did);
    }

    /// Takes a dialog and the index entries of its values out; whoever holds it keeps it. Its profiles it left when it
    /// ended (`leave_all`), and it could join none since.
    pub fn remove(&self, dialog: &Dialog) {
        let mut state = dialog.state.lock();
        if !std::mem::replace(&mut state.listed, false) {
            return;
        }
        self.counter(state.state()).fetch_sub(1, Ordering::Relaxed);
        for (name, value) in &state.values {
            self.unindex_value(dialog.did, name, value);
        }
        drop(state);
        self.by_call_id.remove_if_mut(&dialog.call_id, |_, dids| {
            dids.retain(|d| *d != dialog.did);
            dids.is_empty()
        });
        self.by_did.remove(&dialog.did);
    }

    /// Hands an event to the state machine.
    pub fn advance(&self, dialog: &Dialog, event: Event, out: &mut Actions) {
        let mut state = dialog.state.lock();
        let from = state.state();
        state.machine.on(event, out);
        let to = state.state();
        if state.listed && from != to {
            self.counter(from).fetch_sub(1, Ordering::Relaxed);
            self.counter(to).fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Dialogs of the table in this state.
    pub fn count(&self, state: State) -> usize {
        self.counter(state).load(Ordering::Relaxed)
    }

    pub fn get(&self, did: Did) -> Option<Arc<Dialog>> {
        self.by_did.get(&did).map(|d| d.value().clone())
    }

    /// Every dialog with this Call-ID, oldest first.
    pub fn with_call_id(&self, call_id: &[u8]) -> SmallVec<[Arc<Dialog>; 1]> {
        let dids = self.by_call_id.get(call_id).map(|d| d.value().clone()).unwrap_or_default();
        dids.into_iter().filter_map(|d| self.get(d)).collect()
    }

    /// Every dialog whose value `name` equals `value` in type and content, in order of id.
    pub fn with_value(&self, name: &Str, value: &ValueKey) -> Vec<Arc<Dialog>> {
        let dids = self.by_value.get(&(name.clone(), value.clone())).map(|m| m.dids());
        self.resolve(dids.unwrap_or_default())
    }

    /// Members of a profile with that value, or with any, in order of id, each once.
    pub fn in_profile(&self, profile: ProfileId, value: Option<&Str>) -> Vec<Arc<Dialog>> {
        let dids = self.by_profile.get(&(profile, value.cloned())).map(|m| m.dids());
        self.resolve(dids.unwrap_or_default())
    }

    /// Entries in a profile with that value, or with any, counting repeated ones.
    pub fn profile_count(&self, profile: ProfileId, value: Option<&Str>) -> usize {
        self.by_profile.get(&(profile, value.cloned())).map_or(0, |m| m.total())
    }

    /// The values of a profile and how many entries each has.
    pub fn profile_values(&self, profile: ProfileId) -> Vec<(Str, usize)> {
        let of = self.by_profile.iter().filter(|e| e.key().0 == profile);
        of.filter_map(|e| Some((e.key().1.clone()?, e.value().total()))).collect()
    }

    /// Sets a value; NULL removes it. What is kept is a copy: a value outlives the message it was cut from.
    pub fn set_value(&self, dialog: &Dialog, name: &Str, value: Value) {
        let value = match value.stored() {
            Value::Str(text) => Value::Str(Str::new(&text)),
            other => other,
        };
        let mut guard = dialog.state.lock();
        let state = &mut *guard;
        let old = match value {
            Value::Null => state.values.shift_remove(name),
            _ => state.values.insert(name.clone(), value.clone()),
        };
        if !state.listed || old.as_ref() == Some(&value) {
            return;
        }
        if let Some(old) = &old {
            self.unindex_value(dialog.did, name, old);
        }
        self.index_value(dialog.did, name, &value);
    }

    /// Enters a profile; with `clear` in place of what was entered there before. An ended dialog joins nothing: nobody
    /// would take it out again. False then.
    pub fn join(&self, dialog: &Dialog, membership: Membership, clear: bool) -> bool {
        let mut state = dialog.state.lock();
        if state.state() == State::Deleted {
            return false;
        }
        if clear {
            self.take_out(dialog.did, &mut state, |m| m.profile == membership.profile);
        }
        self.index_membership(dialog.did, &membership);
        state.profiles.push(membership);
        true
    }

    /// Leaves a profile: one entry with that value, or all entries for `None`. False when there was none.
    pub fn leave(&self, dialog: &Dialog, profile: ProfileId, value: Option<&Str>) -> bool {
        let mut state = dialog.state.lock();
        let mut found = false;
        self.take_out(dialog.did, &mut state, |m| {
            let hit = m.profile == profile && (value.is_none() || (!found && m.value.as_ref() == value));
            found |= hit;
            hit
        });
        found
    }

    pub fn leave_all(&self, dialog: &Dialog) {
        let mut state = dialog.state.lock();
        self.take_out(dialog.did, &mut state, |_| true);
    }

    /// In order of id.
    pub fn all(&self) -> Vec<Arc<Dialog>> {
        let mut all: Vec<_> = self.by_did.iter().map(|d| d.value().clone()).collect();
        all.sort_unstable_by_key(|d| d.did);
        all
    }

    pub fn len(&self) -> usize {
        self.by_did.len()
    }

    /// No dialog and no index entry is left.
    pub fn is_empty(&self) -> bool {
        self.by_did.is_empty() && self.index_len() == 0
    }

    /// Entries of the indexes by Call-ID, value and profile.
    pub fn index_len(&self) -> usize {
        self.by_call_id.len() + self.by_value.len() + self.by_profile.len()
    }

    fn resolve(&self, dids: Vec<Did>) -> Vec<Arc<Dialog>> {
        dids.into_iter().filter_map(|d| self.get(d)).collect()
    }

    fn counter(&self, state: State) -> &AtomicUsize {
        let [_, unconfirmed, early, no_ack, confirmed, deleted] = &self.in_state;
        match state {
            State::Unconfirmed => unconfirmed,
            State::Early => early,
            State::ConfirmedNoAck => no_ack,
            State::Confirmed => confirmed,
            State::Deleted => deleted,
        }
    }

    fn take_out(&self, did: Did, state: &mut DialogState, mut which: impl FnMut(&Membership) -> bool) {
        state.profiles.retain(|m| {
            let goes = which(m);
            if goes {
                self.unindex_membership(did, m);
            }
            !goes
        });
    }

    fn index_membership(&self, did: Did, m: &Membership) {
        add(&self.by_profile, (m.profile, None), did);
        if m.value.is_some() {
            add(&self.by_profile, (m.profile, m.value.clone()), did);
        }
    }

    fn unindex_membership(&self, did: Did, m: &Membership) {
        take(&self.by_profile, &(m.profile, None), did);
        if m.value.is_some() {
            take(&self.by_profile, &(m.profile, m.value.clone()), did);
        }
    }

    fn index_value(&self, did: Did, name: &Str, value: &Value) {
        if let Some(key) = ValueKey::of(value) {
            add(&self.by_value, (name.clone(), key), did);
        }
    }

    fn unindex_value(&self, did: Did, name: &Str, value: &Value) {
        if let Some(key) = ValueKey::of(value) {
            take(&self.by_value, &(name.clone(), key), did);
        }
    }
}

fn add<K: Hash + Eq>(map: &Map<K, Members>, key: K, did: Did) {
    map.entry(key).or_default().add(did);
}

/// Takes one entry out, and the key when nothing is left under it.
fn take<K: Hash + Eq>(map: &Map<K, Members>, key: &K, did: Did) {
    map.remove_if_mut(key, |_, members| {
        members.take(did);
        members.is_empty()
    });
}

#[cfg(test)]
mod tests;
