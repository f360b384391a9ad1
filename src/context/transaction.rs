//! The transaction table and its entries: protocol machines, bytes to retransmit, and what its scripts share.
//!
//! An entry is an `Arc` with one short lock. No lock is held across a route, a hook or a wait; while a script of the
//! transaction runs, `busy` is set and events that a script must see wait in `mailbox`. An INVITE that was accepted
//! shrinks to an `Accepted`: its key, and the 2xx to repeat.
use super::accounting::AccCtx;
use super::avp::Avps;
use super::dialog::Dialog;
use super::run::{ArmedRoutes, Received, ReplyExtras, ViaHandling};
use super::slots::Slots;
use super::sockets::SocketId;
use super::target::{Target, Targets};
use crate::base::{Instant, Str};
use crate::proto::response_choice::{BranchKind, Fork, Method, SixHundred};
use crate::proto::transaction::{Client, Key, KeyHasher, Server, Timers};
use crate::sip::{Edits, Message};
use bytes::Bytes;
use dashmap::DashMap;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Names a transaction; also stands in the branch parameter of what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TxId(pub u64);

impl From<Key> for TxId {
    fn from(key: Key) -> TxId {
        TxId(key.id())
    }
}

pub struct Transaction {
    pub id: TxId,
    /// All that RFC 3261 17.2.3 compares; `id` is a part of it.
    pub key: Key,
    /// As received, or as made here for a local transaction.
    pub request: Arc<Message>,
    pub received: Received,
    /// Made by this server (`t_new_request`, a dialog's BYE): no server side.
    pub local: bool,
    pub state: Mutex<TxState>,
}

impl Transaction {
    pub fn is_invite(&self) -> bool {
        self.request.method_bytes() == b"INVITE"
    }
}

/// What the transaction keeps for its scripts between runs.
#[derive(Clone, Default)]
pub struct Shared {
    pub edits: Edits,
    pub targets: Targets,
    pub avps: Avps,
    pub flags: u32,
    pub via: ViaHandling,
    pub reply_extras: ReplyExtras,
}

pub struct TxState {
    pub dialog: Option<Arc<Dialog>>,
    pub acc: Option<Arc<AccCtx>>,
    pub armed: ArmedRoutes,
    pub shared: Shared,
    pub slots: Slots,

    /// `None` for a local transaction.
    pub server: Option<Server>,
    pub timers: Timers,
    pub fork: Fork,
    pub branches: SmallVec<[Branch; 1]>,
    /// The first branch of the last `t_relay`.
    pub first_branch: usize,
    pub relay: RelayFlags,
    /// Header lines that `t_add_hdrs` gave to all requests of this transaction.
    pub added_headers: Option<Str>,
    /// The Reason header line of CANCELs still to be made.
    pub cancel_reason: Option<Str>,
    /// Where replies go.
    pub reply_to: SocketAddr,
    /// The last reply sent upstream.
    pub answer: Option<SentReply>,
    /// Answers of other forks, relayed before `answer`.
    pub forks: Vec<SentReply>,
    /// The code that `$T_reply_code` shows while a failure route runs.
    pub failed_with: Option<u16>,

    /// A script of this transaction runs or waits.
    pub busy: bool,
    /// A fault of ours ended the run that was to send it.
    pub abandoned: bool,
    pub mailbox: Mailbox,
    /// The earliest wheel entry under way.
    pub wheel: Option<Instant>,
    /// When the record goes, once the machines have ended.
    pub gone_at: Option<Instant>,
}

impl TxState {
    pub fn new(
        method: Method,
        six_hundred: SixHundred,
        server: Option<Server>,
        timers: Timers,
        reply_to: SocketAddr,
    ) -> TxState {
        TxState {
            dialog: None,
            acc: None,
            armed: ArmedRoutes::default(),
            shared: Shared::default(),
            slots: Slots::default(),
            server,
            timers,
            fork: Fork::new(method, six_hundred),
            branches: SmallVec::new(),
            first_branch: 0,
            relay: RelayFlags::default(),
            added_headers: None,
            cancel_reason: None,
            reply_to,
            answer: None,
            forks: Vec::new(),
            failed_with: None,
            busy: false,
            abandoned: false,
            mailbox: Mailbox::default(),
            wheel: None,
            gone_at: None,
        }
    }

    /// Gives out what scripts changed in the request, or in the final reply of a branch, to be put back by
    /// `return_changes`. The destinations stay: whoever looks at the request sees that as received.
    pub fn lend_changes(&mut self, of: Lent) -> Edits {
        self.changes(of).map(std::mem::take).unwrap_or_default()
    }

    pub fn return_changes(&mut self, of: Lent, changed: Edits) {
        if let Some(edits) = self.changes(of) {
            *edits = changed;
        }
    }

    fn changes(&mut self, of: Lent) -> Option<&mut Edits> {
        match of {
            Lent::Request => Some(&mut self.shared.edits),
            Lent::Reply(branch) => match self.branches.get_mut(branch)?.reply.as_mut()? {
                BranchReply::Received { edits, .. } => Some(&mut **edits),
                BranchReply::Local { .. } => None,
            },
        }
    }

    /// Where the final reply of a branch came from.
    pub fn reply_received(&self, branch: usize) -> Option<Received> {
        match self.branches.get(branch)?.reply.as_ref()? {
            BranchReply::Received { received, .. } => Some(*received),
            BranchReply::Local { .. } => None,
        }
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let server = self.server.as_ref().and_then(Server::poll_timeout);
        let branches = self.branches.iter().filter_map(Branch::poll_timeout);
        server.into_iter().chain(branches).chain(self.gone_at).min()
    }

    /// Keeps a reply that goes upstream. Of the answers of several forks none makes another forgotten, within reason.
    pub fn keep_answer(&mut self, reply: SentReply) {
        let old = self.answer.replace(reply);
        let is_fork = |old: &SentReply| old.is_relayed_success() && self.forks.len() < MAX_FORKS;
        let kept = old.filter(is_fork);
        self.forks.extend(kept);
    }

    /// Status of the last reply sent upstream, 0 without one.
    pub fn answered(&self) -> u16 {
        self.answer.as_ref().map_or(0, |a| a.code)
    }
}

/// Answers of forks that are kept for repetition.
const MAX_FORKS: usize = 16;

/// The flags of `t_relay`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayFlags {
    pub no_auto_477: bool,
    pub no_dns_failover: bool,
    pub pass_reason: bool,
    pub allow_no_cancel: bool,
    /// `t_replicate`: replies go nowhere.
    pub replicate: bool,
}

/// Where a branch was sent, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    pub to: SocketAddr,
    pub socket: SocketId,
}

/// One branch of a request.
pub struct Branch {
    pub kind: BranchKind,
    /// `None` for a phony branch and for one that could not be sent.
    pub client: Option<Client>,
    pub target: Target,
    pub hop: Option<Hop>,
    /// The request as it left.
    pub sent: Bytes,
    /// The hop-by-hop ACK, once there is a negative final.
    pub ack: Option<Bytes>,
    pub cancel: Option<Box<Cancelling>>,
    /// Addresses of the same name not tried yet, the next one last.
    pub failover: Vec<SocketAddr>,
    /// How many addresses were tried before this one.
    pub attempt: u8,
    /// How often the request was repeated.
    pub repeated: u8,
    /// When a phony branch gives up.
    pub until: Option<Instant>,
    /// Status of the last reply, received or made here; 0 without one.
    pub code: u16,
    /// The peer sent something on this address.
    pub heard: bool,
    pub reply: Option<BranchReply>,
    pub on_reply: Option<Str>,
    /// `$bavp`
    pub avps: Avps,
}

impl Branch {
    pub fn new(kind: BranchKind, target: Target) -> Branch {
        Branch {
            kind,
            client: None,
            target,
            hop: None,
            sent: Bytes::new(),
            ack: None,
            cancel: None,
            failover: Vec::new(),
            attempt: 0,
            repeated: 0,
            until: None,
            code: 0,
            heard: false,
            reply: None,
            on_reply: None,
            avps: Avps::default(),
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let client = self.client.as_ref().and_then(Client::poll_timeout);
        let cancel = self.cancel.as_ref().and_then(|c| c.client.poll_timeout());
        client.into_iter().chain(cancel).chain(self.until).min()
    }
}

/// The CANCEL of a branch, a transaction of its own (RFC 3261 9.1).
pub struct Cancelling {
    pub client: Client,
    pub sent: Bytes,
}

/// The final reply of a branch.
#[derive(Clone)]
pub enum BranchReply {
    /// With what its onreply routes changed.
    Received { reply: Arc<Message>, edits: Box<Edits>, received: Received },
    /// Made here: a time-out, a failure to send.
    Local { reason: Str },
}

/// A reply that went upstream, kept for repetition.
#[derive(Clone)]
pub struct SentReply {
    pub code: u16,
    pub bytes: Bytes,
    pub local: bool,
    pub to_tag: Option<Str>,
}

impl SentReply {
    pub fn is_relayed_success(&self) -> bool {
        !self.local && (200..300).contains(&self.code)
    }

    /// The one of these that a 2xx with this To tag repeats.
    pub fn repeated_by<'a>(
        sent: impl IntoIterator<Item = &'a SentReply>,
        to_tag: Option<&[u8]>,
    ) -> Option<&'a SentReply> {
        sent.into_iter().find(|reply| reply.is_relayed_success() && reply.to_tag.as_deref() == to_tag)
    }
}

/// The other message of a transaction, which a run may look at and change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lent {
    Request,
    /// Of that branch.
    Reply(usize),
}

/// What must wait until the script at work is done.
pub enum Pending {
    Reply(Box<PendingReply>),
    /// A branch got a final status made here (408).
    Local {
        branch: usize,
        code: u16,
        reason: Str,
    },
    /// Choose again: the set of branches to wait for changed.
    Choose,
}

pub struct PendingReply {
    pub branch: usize,
    pub reply: Arc<Message>,
    pub received: Received,
    /// Changes of the global onreply_route.
    pub edits: Edits,
    pub flags: u32,
}

/// Events that wait for a script of the transaction, oldest first.
#[derive(Default)]
pub struct Mailbox {
    events: VecDeque<Pending>,
}

/// A mailbox without room, although no provisional waits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Mailbox {
    pub const LIMIT: usize = 64;

    /// When full, a provisional reply gives way: the newcomer itself, or the oldest one.
    pub fn push(&mut self, event: Pending) -> Result<(), Overflow> {
        if self.events.len() >= Self::LIMIT {
            if event.is_provisional() {
                return Ok(());
            }
            let oldest = self.events.iter().position(Pending::is_provisional).ok_or(Overflow)?;
            self.events.remove(oldest);
        }
        self.events.push_back(event);
        Ok(())
    }

    pub fn pop(&mut self) -> Option<Pending> {
        self.events.pop_front()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn clear(&mut self) {
        self.events = VecDeque::new();
    }
}

impl Pending {
    fn is_provisional(&self) -> bool {
        matches!(self, Pending::Reply(r) if r.reply.status().is_some_and(|s| s.is_provisional()))
    }
}

/// An INVITE answered with 2xx (RFC 6026 Accepted): retransmitted requests are absorbed, a repeated 2xx is sent again as it
/// left before, a 2xx of another fork passes.
#[derive(Clone)]
pub struct Accepted {
    pub key: Key,
    /// The 2xx relayed, one for each fork that answered.
    pub answers: Vec<SentReply>,
    pub reply_to: SocketAddr,
    pub socket: SocketId,
    pub until: Instant,
    /// ACKs of branches that refused, to be repeated with their refusals.
    pub acks: Vec<AckKept>,
}

#[derive(Clone)]
pub struct AckKept {
    pub branch: usize,
    pub hop: Hop,
    pub ack: Bytes,
}

#[derive(Clone)]
pub enum Entry {
    Live(Arc<Transaction>),
    Accepted(Arc<Accepted>),
}

impl Entry {
    pub fn key(&self) -> Key {
        match self {
            Entry::Live(tx) => tx.key,
            Entry::Accepted(accepted) => accepted.key,
        }
    }
}

pub struct Transactions {
    pub keys: KeyHasher,
    by_id: DashMap<TxId, Entry, ahash::RandomState>,
    /// INVITEs answered here with 2xx, by the To tag given: the ACK has nothing else of theirs.
    by_tag: DashMap<Str, TxId, ahash::RandomState>,
}

impl Transactions {
    pub const SHARDS: usize = 128;

    pub fn new(hasher: ahash::RandomState, seed: u64) -> Transactions {
        let by_id = DashMap::with_hasher_and_shard_amount(hasher.clone(), Self::SHARDS);
        Transactions { keys: KeyHasher::new(seed), by_id, by_tag: DashMap::with_hasher(hasher) }
    }

    /// The transaction, unless it was accepted and shrunk.
    pub fn get(&self, id: TxId) -> Option<Arc<Transaction>> {
        match self.entry(id)? {
            Entry::Live(tx) => Some(tx),
            Entry::Accepted(_) => None,
        }
    }

    pub fn entry(&self, id: TxId) -> Option<Entry> {
        self.by_id.get(&id).map(|e| e.value().clone())
    }

    /// The entry with exactly this key.
    pub fn find(&self, key: Key) -> Option<Entry> {
        self.entry(TxId::from(key)).filter(|e| e.key() == key)
    }

    /// Inserts unless the id is taken, and then hands out what is there.
    pub fn insert(&self, tx: Arc<Transaction>) -> Result<(), Entry> {
        match self.by_id.entry(tx.id) {
            dashmap::Entry::Occupied(there) => Err(there.get().clone()),
            dashmap::Entry::Vacant(room) => {
                room.insert(Entry::Live(tx));
                Ok(())
            }
        }
    }

    /// Leaves of an accepted INVITE only what its Accepted state needs.
    pub fn shrink(&self, id: TxId, accepted: Accepted) {
        if let Some(mut entry) = self.by_id.get_mut(&id) {
            *entry = Entry::Accepted(Arc::new(accepted));
        }
    }

    pub fn remove(&self, id: TxId) -> Option<Entry> {
        self.by_id.remove(&id).map(|(_, t)| t)
    }

    /// An INVITE got a 2xx made here, with this To tag.
    pub fn note_tag(&self, tag: Str, id: TxId) {
        self.by_tag.insert(tag, id);
    }

    /// The transaction of such an INVITE is about to go. Another INVITE of the same dialog may have the tag by now.
    pub fn forget_tag(&self, tag: &[u8], id: TxId) {
        self.by_tag.remove_if(tag, |_, holder| *holder == id);
    }

    pub fn by_tag(&self, tag: &[u8]) -> Option<Arc<Transaction>> {
        let id = *self.by_tag.get(tag)?;
        self.get(id)
    }

    /// Entries that `wanted` accepts, among those not accepted yet. Looks at every one: for rare use. `wanted` may lock
    /// them: who holds a transaction's lock may be about to take it out of the table, so the table is not held meanwhile.
    pub fn search(&self, wanted: impl Fn(&Transaction) -> bool) -> Vec<Arc<Transaction>> {
        let live = |e: &Entry| match e {
            Entry::Live(tx) => Some(tx.clone()),
            Entry::Accepted(_) => None,
        };
        let mut found: Vec<_> = self.by_id.iter().filter_map(|e| live(e.value())).collect();
        found.retain(|tx| wanted(tx));
        found
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_tag.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Now;
    use crate::sip::Framing;

    fn reply(code: u16) -> Pending {
        let raw = Bytes::from(format!("SIP/2.0 {code} x\r\n\r\n"));
        let reply = Arc::new(Message::parse(raw, Framing::Datagram).unwrap());
        let from = "192.0.2.1:5060".parse().unwrap();
        let received = Received { from, socket: SocketId(0), at: Now::default(), number: 0 };
        Pending::Reply(Box::new(PendingReply { branch: 0, reply, received, edits: Edits::default(), flags: 0 }))
    }

    fn codes(mailbox: &mut Mailbox) -> Vec<u16> {
        let code = |p| match p {
            Pending::Reply(r) => r.reply.status().map_or(0, |s| s.get()),
            Pending::Local { code, .. } => code,
            Pending::Choose => 0,
        };
        std::iter::from_fn(|| mailbox.pop()).map(code).collect()
    }

    fn local_transaction(keys: &KeyHasher) -> Arc<Transaction> {
        let raw = Bytes::from_static(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n");
        let request = Arc::new(Message::parse(raw, Framing::Datagram).unwrap());
        let from = "192.0.2.1:5060".parse().unwrap();
        let received = Received { from, socket: SocketId(0), at: Now::default(), number: 0 };
        let key = keys.client(b"1", b"OPTIONS");
        let state = TxState::new(Method::Other, SixHundred::EndsSearch, None, Timers::default(), from);
        Arc::new(Transaction { id: TxId::from(key), key, request, received, local: true, state: Mutex::new(state) })
    }

    #[test]
    fn a_search_does_not_hold_the_table() {
        let table = Arc::new(Transactions::new(ahash::RandomState::with_seeds(1, 2, 3, 4), 1));
        assert!(table.insert(local_transaction(&table.keys)).is_ok());
        let (tell, told) = std::sync::mpsc::channel();
        let searched = table.clone();
        std::thread::spawn(move || tell.send(searched.search(|tx| searched.remove(tx.id).is_some()).len()));
        assert_eq!(told.recv_timeout(std::time::Duration::from_secs(10)), Ok(1));
        assert!(table.is_empty());
    }

    #[test]
    fn provisionals_give_way_in_a_full_mailbox() {
        let mut mailbox = Mailbox::default();
        mailbox.push(reply(180)).unwrap();
        for _ in 1..Mailbox::LIMIT {
            mailbox.push(reply(486)).unwrap();
        }
        mailbox.push(reply(183)).unwrap();
        mailbox.push(reply(200)).unwrap();
        assert_eq!(mailbox.push(reply(200)), Err(Overflow));
        let left = codes(&mut mailbox);
        assert_eq!((left.len(), left.first(), left.last()), (Mailbox::LIMIT, Some(&486), Some(&200)));
    }
}
