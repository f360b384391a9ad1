//! The dialog table: by id, by Call-ID (oldest first), by value and by profile.
//!
//! The indexes hold ids and are kept in step by the methods here alone. A map guard is never held across a second map.
use super::dialog::{Dialog, ProfileId};
use super::value::Value;
use crate::base::Str;
use crate::proto::dialog::Did;
use dashmap::DashMap;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ids in the order of OpenSIPS's enumeration is by bucket, then by age; `Did` sorts that way.
type Dids = SmallVec<[Did; 1]>;

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
    /// Power of two.
    buckets: Vec<AtomicU32>,
    by_did: DashMap<Did, Arc<Dialog>, ahash::RandomState>,
    by_call_id: DashMap<Str, Dids, ahash::RandomState>,
    by_value: DashMap<(Str, ValueKey), Dids, ahash::RandomState>,
    by_profile: DashMap<(ProfileId, Option<Str>), Dids, ahash::RandomState>,
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

    pub fn insert(&self, dialog: Arc<Dialog>) {
        let did = dialog.did;
        let call_id = dialog.call_id.clone();
        self.by_did.insert(did, dialog);
        self.by_call_id.entry(call_id).or_default().push(did);
    }

    /// Takes a dialog and all its index entries out; whoever holds it keeps it.
    pub fn remove(&self, dialog: &Dialog) {
        self.by_did.remove(&dialog.did);
        drop_id(&self.by_call_id, &dialog.call_id, dialog.did);
        let (values, profiles) = {
            let state = dialog.state.lock();
            (state.values.clone(), state.profiles.clone())
        };
        for (name, value) in &values {
            self.unindex_value(dialog.did, name, value);
        }
        for m in profiles {
            self.leave(dialog.did, m.profile, m.value);
        }
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
        self.resolve(self.by_value.get(&(name.clone(), value.clone())).map(|d| d.value().clone()))
    }

    /// Members of a profile with that value, in order of id, each once.
    pub fn in_profile(&self, profile: ProfileId, value: Option<&Str>) -> Vec<Arc<Dialog>> {
        self.resolve(self.by_profile.get(&(profile, value.cloned())).map(|d| d.value().clone()))
    }

    /// Members of a profile with any value, in order of id, each once.
    pub fn in_any_of_profile(&self, profile: ProfileId) -> Vec<Arc<Dialog>> {
        let mut dids = Dids::new();
        for entry in self.by_profile.iter().filter(|e| e.key().0 == profile) {
            dids.extend(entry.value().iter().copied());
        }
        self.resolve(Some(dids))
    }

    /// Entries in a profile, counting repeated ones.
    pub fn profile_count(&self, profile: ProfileId, value: Option<&Str>) -> usize {
        self.by_profile.get(&(profile, value.cloned())).map_or(0, |d| d.value().len())
    }

    /// Entries in a profile over all its values.
    pub fn profile_total(&self, profile: ProfileId) -> usize {
        self.by_profile.iter().filter(|e| e.key().0 == profile).map(|e| e.value().len()).sum()
    }

    /// The values of a profile and how many entries each has.
    pub fn profile_values(&self, profile: ProfileId) -> Vec<(Option<Str>, usize)> {
        let of = self.by_profile.iter().filter(|e| e.key().0 == profile);
        of.map(|e| (e.key().1.clone(), e.value().len())).collect()
    }

    pub fn join(&self, did: Did, profile: ProfileId, value: Option<Str>) {
        self.by_profile.entry((profile, value)).or_default().push(did);
    }

    /// Takes one entry out.
    pub fn leave(&self, did: Did, profile: ProfileId, value: Option<Str>) {
        drop_id(&self.by_profile, &(profile, value), did);
    }

    pub fn index_value(&self, did: Did, name: &Str, value: &Value) {
        if let Some(key) = ValueKey::of(value) {
            self.by_value.entry((name.clone(), key)).or_default().push(did);
        }
    }

    pub fn unindex_value(&self, did: Did, name: &Str, value: &Value) {
        if let Some(key) = ValueKey::of(value) {
            drop_id(&self.by_value, &(name.clone(), key), did);
        }
    }

    pub fn all(&self) -> Vec<Arc<Dialog>> {
        let mut all: Vec<_> = self.by_did.iter().map(|d| d.value().clone()).collect();
        all.sort_by_key(|d| (d.did.entry, d.did.id));
        all
    }

    pub fn len(&self) -> usize {
        self.by_did.len()
    }

    /// No dialog and no index entry is left.
    pub fn is_empty(&self) -> bool {
        self.by_did.is_empty() && self.by_call_id.is_empty() && self.by_value.is_empty() && self.by_profile.is_empty()
    }

    fn resolve(&self, dids: Option<Dids>) -> Vec<Arc<Dialog>> {
        let mut dids = dids.unwrap_or_default();
        dids.sort_by_key(|d| (d.entry, d.id));
        dids.dedup();
        dids.into_iter().filter_map(|d| self.get(d)).collect()
    }
}

/// Removes one occurrence of an id, and the entry when nothing is left.
fn drop_id<K: std::hash::Hash + Eq>(map: &DashMap<K, Dids, ahash::RandomState>, key: &K, did: Did) {
    map.remove_if_mut(key, |_, dids| {
        if let Some(at) = dids.iter().position(|d| *d == did) {
            dids.remove(at);
        }
        dids.is_empty()
    });
}
