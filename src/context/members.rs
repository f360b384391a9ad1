//! The dialogs under one key of an index, each with how often it was entered.
use crate::proto::dialog::Did;
use ahash::AHashMap;
use smallvec::SmallVec;

/// Beyond this many a map takes over: a value that every call shares must not cost a walk over all calls.
const FEW: usize = 16;

#[derive(Debug)]
pub struct Members {
    entries: Entries,
    total: usize,
}

#[derive(Debug)]
enum Entries {
    Few(SmallVec<[(Did, u32); 1]>),
    Many(AHashMap<Did, u32>),
}

impl Default for Members {
    fn default() -> Self {
        Members { entries: Entries::Few(SmallVec::new()), total: 0 }
    }
}

impl Members {
    pub fn add(&mut self, did: Did) {
        self.total += 1;
        match &mut self.entries {
            Entries::Few(few) => {
                if let Some((_, times)) = few.iter_mut().find(|(d, _)| *d == did) {
                    *times += 1;
                } else if few.len() < FEW {
                    few.push((did, 1));
                } else {
                    let mut many: AHashMap<Did, u32> = few.drain(..).collect();
                    many.insert(did, 1);
                    self.entries = Entries::Many(many);
                }
            }
            Entries::Many(many) => *many.entry(did).or_default() += 1,
        }
    }

    /// Takes one entry of the dialog out; one that is not there is no error.
    pub fn take(&mut self, did: Did) {
        let there = match &mut self.entries {
            Entries::Few(few) => take_few(few, did),
            Entries::Many(many) => take_many(many, did),
        };
        self.total -= usize::from(there);
    }

    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Entries, counting repeated ones.
    pub fn total(&self) -> usize {
        self.total
    }

    /// In order of bucket and age, each once.
    pub fn dids(&self) -> Vec<Did> {
        let mut dids: Vec<Did> = match &self.entries {
            Entries::Few(few) => few.iter().map(|(d, _)| *d).collect(),
            Entries::Many(many) => many.keys().copied().collect(),
        };
        dids.sort_unstable();
        dids
    }
}

fn take_few(few: &mut SmallVec<[(Did, u32); 1]>, did: Did) -> bool {
    let Some(at) = few.iter().position(|(d, _)| *d == did) else { return false };
    if let Some((_, times)) = few.get_mut(at).filter(|(_, times)| *times > 1) {
        *times -= 1;
    } else {
        few.remove(at);
    }
    true
}

fn take_many(many: &mut AHashMap<Did, u32>, did: Did) -> bool {
    let Some(times) = many.get_mut(&did) else { return false };
    *times -= 1;
    if *times == 0 {
        many.remove(&did);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(id: u32) -> Did {
        Did { entry: id % 7, id }
    }

    #[test]
    fn repeated_entries_count_and_list_once() {
        let mut members = Members::default();
        for d in [did(3), did(1), did(3)] {
            members.add(d);
        }
        assert_eq!((members.total(), members.dids()), (3, vec![did(1), did(3)]));
        members.take(did(3));
        members.take(did(9));
        assert_eq!((members.total(), members.dids()), (2, vec![did(1), did(3)]));
    }

    #[test]
    fn many_behave_as_few() {
        let mut members = Members::default();
        (0..1000).chain(0..500).for_each(|n| members.add(did(n)));
        assert_eq!((members.total(), members.dids().len()), (1500, 1000));
        (0..1000).chain(0..500).for_each(|n| members.take(did(n)));
        assert!(members.is_empty() && members.dids().is_empty());
        members.take(did(1));
        assert_eq!(members.total(), 0);
    }
}
