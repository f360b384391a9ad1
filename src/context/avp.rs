//! AVPs: multi-valued stacks that travel with a message and its transaction (language reference 11.3).
use super::value::Value;
use crate::base::Str;
use dashmap::DashMap;
use smallvec::SmallVec;
use std::sync::atomic::{AtomicU32, Ordering};

/// An interned AVP name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AvpName(pub u32);

/// Names that scripts make up at run time share the table with those they spell out.
pub struct AvpNames {
    ids: DashMap<Str, AvpName, ahash::RandomState>,
    texts: DashMap<AvpName, Str, ahash::RandomState>,
    next: AtomicU32,
}

impl AvpNames {
    /// More names than this are refused: a script that makes names out of messages cannot fill the memory.
    pub const LIMIT: u32 = 1 << 20;

    pub fn new(hasher: ahash::RandomState) -> AvpNames {
        AvpNames {
            ids: DashMap::with_hasher(hasher.clone()),
            texts: DashMap::with_hasher(hasher),
            next: AtomicU32::new(0),
        }
    }

    /// The name's number; `None` when the table is full.
    pub fn intern(&self, name: &[u8]) -> Option<AvpName> {
        if let Some(id) = self.ids.get(name) {
            return Some(*id);
        }
        if self.next.load(Ordering::Relaxed) >= Self::LIMIT {
            return None;
        }
        let id = *self
            .ids
            .entry(Str::new(name))
            .or_insert_with(|| AvpName(self.next.fetch_add(1, Ordering::Relaxed)))
            .value();
        self.texts.entry(id).or_insert_with(|| Str::new(name));
        Some(id)
    }

    pub fn text(&self, name: AvpName) -> Option<Str> {
        self.texts.get(&name).map(|t| t.value().clone())
    }
}

#[derive(Clone, Debug)]
struct Stack {
    name: AvpName,
    /// Newest last.
    values: SmallVec<[Value; 1]>,
}

/// The AVPs of one message or transaction. Index 0 is the newest value; negative indexes count from the oldest.
#[derive(Clone, Debug, Default)]
pub struct Avps {
    stacks: SmallVec<[Stack; 4]>,
}

impl Avps {
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    pub fn clear(&mut self) {
        self.stacks.clear();
    }

    #[inline]
    fn stack(&self, name: AvpName) -> Option<&Stack> {
        self.stacks.iter().find(|s| s.name == name)
    }

    fn stack_mut(&mut self, name: AvpName) -> &mut Stack {
        let at = self.stacks.iter().position(|s| s.name == name).unwrap_or_else(|| {
            self.stacks.push(Stack { name, values: SmallVec::new() });
            self.stacks.len() - 1
        });
        &mut self.stacks[at]
    }

    pub fn count(&self, name: AvpName) -> usize {
        self.stack(name).map_or(0, |s| s.values.len())
    }

    #[inline]
    pub fn first(&self, name: AvpName) -> Option<&Value> {
        self.stack(name)?.values.last()
    }

    pub fn get(&self, name: AvpName, index: i32) -> Option<&Value> {
        let stack = self.stack(name)?;
        stack.values.get(place(stack.values.len(), index)?)
    }

    /// Newest first.
    pub fn all(&self, name: AvpName) -> impl Iterator<Item = &Value> {
        self.stack(name).into_iter().flat_map(|s| s.values.iter().rev())
    }

    /// Adds on top, as plain assignment does.
    pub fn push(&mut self, name: AvpName, value: Value) {
        self.stack_mut(name).values.push(value);
    }

    /// Adds at the bottom, as index `append` does.
    pub fn push_bottom(&mut self, name: AvpName, value: Value) {
        self.stack_mut(name).values.insert(0, value);
    }

    /// Replaces a value; false when there is none at that index.
    pub fn replace(&mut self, name: AvpName, index: i32, value: Value) -> bool {
        let stack = self.stack_mut(name);
        let slot = place(stack.values.len(), index).and_then(|at| stack.values.get_mut(at));
        let Some(slot) = slot else { return false };
        *slot = value;
        true
    }

    /// Deletes one value; a missing one is no error.
    pub fn remove(&mut self, name: AvpName, index: i32) {
        let Some(at) = self.stacks.iter().position(|s| s.name == name) else { return };
        let stack = &mut self.stacks[at];
        if let Some(i) = place(stack.values.len(), index) {
            stack.values.remove(i);
        }
        if stack.values.is_empty() {
            self.stacks.remove(at);
        }
    }

    pub fn remove_all(&mut self, name: AvpName) {
        self.stacks.retain(|s| s.name != name);
    }

    /// What a budget of values counts: room of the values and bytes of their texts.
    pub fn heap_len(&self) -> usize {
        let of = |s: &Stack| s.values.iter().map(|v| size_of::<Value>() + v.heap_len()).sum::<usize>();
        self.stacks.iter().map(of).sum()
    }

    /// Names in order of their first value.
    pub fn names(&self) -> impl Iterator<Item = AvpName> + '_ {
        self.stacks.iter().filter(|s| !s.values.is_empty()).map(|s| s.name)
    }
}

/// Position in a newest-last list of the value that scripts call `index`.
fn place(len: usize, index: i32) -> Option<usize> {
    let back = if index >= 0 { index as usize } else { len.checked_sub(index.unsigned_abs() as usize)? };
    len.checked_sub(back + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AvpName = AvpName(0);

    fn three() -> Avps {
        let mut avps = Avps::default();
        for v in ["1", "2", "3"] {
            avps.push(A, Value::text(v.as_bytes()));
        }
        avps
    }

    #[test]
    fn index_zero_is_the_newest() {
        let avps = three();
        assert_eq!(avps.get(A, 0), Some(&Value::text(b"3")));
        assert_eq!(avps.get(A, -1), Some(&Value::text(b"1")));
        assert_eq!(avps.get(A, 3), None);
        assert_eq!(avps.get(A, -4), None);
        let all: Vec<_> = avps.all(A).cloned().collect();
        assert_eq!(all, [Value::text(b"3"), Value::text(b"2"), Value::text(b"1")]);
    }

    #[test]
    fn append_goes_to_the_bottom_and_a_missing_index_changes_nothing() {
        let mut avps = three();
        avps.push_bottom(A, Value::Int(9));
        assert_eq!(avps.get(A, -1), Some(&Value::Int(9)));
        assert!(!avps.replace(A, 9, Value::Int(1)));
        avps.remove(A, 0);
        assert_eq!(avps.first(A), Some(&Value::text(b"2")));
        assert_eq!(avps.count(A), 3);
    }
}
