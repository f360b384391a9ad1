//! The transaction table and its entries: protocol machines, bytes to retransmit, and what its scripts share.
//!
//! An entry is an `Arc` with one short lock. No lock is held across a route, a hook or a wait; while a script of the
//! transaction runs, `busy` is set and events that a script must see wait in `mailbox`.
use super::accounting::AccCtx;
use super::avp::Avps;
use super::dialog::Dialog;
use super::run::{ArmedRoutes, Received};
use super::slots::Slots;
use super::target::Targets;
use crate::sip::{Edits, Message};
use dashmap::DashMap;
use parking_lot::Mutex;
use std::sync::Arc;

/// Names a transaction; also stands in the branch parameter of what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TxId(pub u64);

pub struct Transaction {
    pub id: TxId,
    /// As received, or as made here for a local transaction.
    pub request: Arc<Message>,
    pub received: Received,
    /// Made by this server (`t_new_request`, a dialog's BYE): no server side.
    pub local: bool,
    pub state: Mutex<TxState>,
}

/// What the transaction keeps for its scripts between runs.
#[derive(Clone, Default)]
pub struct Shared {
    pub edits: Edits,
    pub targets: Targets,
    pub avps: Avps,
    pub flags: u32,
}

#[derive(Default)]
pub struct TxState {
    pub dialog: Option<Arc<Dialog>>,
    pub acc: Option<Arc<AccCtx>>,
    pub armed: ArmedRoutes,
    pub shared: Shared,
    pub slots: Slots,
}

pub struct Transactions {
    by_id: DashMap<TxId, Arc<Transaction>, ahash::RandomState>,
}

impl Transactions {
    pub const SHARDS: usize = 128;

    pub fn new(hasher: ahash::RandomState) -> Transactions {
        Transactions { by_id: DashMap::with_hasher_and_shard_amount(hasher, Self::SHARDS) }
    }

    pub fn get(&self, id: TxId) -> Option<Arc<Transaction>> {
        self.by_id.get(&id).map(|t| t.value().clone())
    }

    /// Inserts unless the id is taken, and then hands out the one that is there.
    pub fn insert(&self, tx: Arc<Transaction>) -> Result<(), Arc<Transaction>> {
        use dashmap::Entry;
        match self.by_id.entry(tx.id) {
            Entry::Occupied(there) => Err(there.get().clone()),
            Entry::Vacant(room) => {
                room.insert(tx);
                Ok(())
            }
        }
    }

    pub fn remove(&self, id: TxId) -> Option<Arc<Transaction>> {
        self.by_id.remove(&id).map(|(_, t)| t)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
