//! The legs of a dialog: who takes part, how to reach them, and who is speaking.
//!
//! Leg 0 is the caller. Each outgoing branch makes a callee leg, without a tag until its first reply; a further To tag on the
//! same branch (a fork downstream) makes a copy of that leg. The first leg to answer 2xx is the primary one.
use super::cseq::CSeqs;
use super::event::{LegRole, Party};
use crate::base::Str;

/// More forks than this are not remembered; they are relayed all the same.
pub const MAX_LEGS: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(u16);

impl LegId {
    pub const CALLER: LegId = LegId(0);

    pub fn party(self) -> Party {
        if self == LegId::CALLER { Party::Caller } else { Party::Callee }
    }

    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Where a request goes: `$DLG_dir`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the callee.
    Downstream,
    /// Towards the caller.
    Upstream,
}

/// What is known of one participant. Texts are as they stood in the message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    /// Empty as long as no reply came.
    pub tag: Str,
    /// The outgoing branch a callee leg belongs to.
    pub branch: Option<u16>,
    /// Where its in-dialog requests go (RFC 3261 12.1: remote target).
    pub contact: Str,
    /// The contact that was advertised to the other side, when topology hiding changed it.
    pub advertised_contact: Str,
    /// In the order in which requests towards this leg visit them, ours excluded, as `<uri>,<uri>`.
    pub route_set: Str,
    pub cseqs: CSeqs,
    /// The listener that faces this leg, `proto:ip:port`.
    pub socket: Str,
    /// The last body this leg sent, and the last one it was sent.
    pub sdp: Str,
    pub sent_sdp: Str,
    /// An offer of a request not yet answered; it becomes `sdp` with the 2xx.
    pub offered_sdp: Option<Str>,
}

/// The participants of one dialog.
#[derive(Clone, Debug)]
pub struct Legs {
    caller: Leg,
    callees: Vec<Leg>,
    primary: Option<LegId>,
}

/// Who speaks to whom in a message, found by tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    pub from: LegId,
    pub to: LegId,
}

impl Matched {
    pub fn direction(self) -> Direction {
        match self.from.party() {
            Party::Caller => Direction::Downstream,
            Party::Callee => Direction::Upstream,
        }
    }

    /// The callee's end, whichever way the message goes.
    pub fn callee(self) -> LegId {
        self.from.max(self.to)
    }
}

impl Legs {
    pub fn new(caller: Leg) -> Legs {
        Legs { caller, callees: Vec::new(), primary: None }
    }

    pub fn caller(&self) -> &Leg {
        &self.caller
    }

    pub fn get(&self, id: LegId) -> Option<&Leg> {
        match id.index().checked_sub(1) {
            None => Some(&self.caller),
            Some(n) => self.callees.get(n),
        }
    }

    pub fn get_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        match id.index().checked_sub(1) {
            None => Some(&mut self.caller),
            Some(n) => self.callees.get_mut(n),
        }
    }

    /// Every known callee, unanswered ones included, oldest first.
    pub fn callees(&self) -> impl Iterator<Item = (LegId, &Leg)> {
        self.callees.iter().zip(1..).map(|(leg, n)| (LegId(n), leg))
    }

    /// The leg that made the call; before the answer, the newest callee. None as long as there is no callee.
    pub fn primary(&self) -> Option<LegId> {
        self.primary.or_else(|| self.callees().last().map(|(id, _)| id))
    }

    /// A request leaves on `branch`. None when there are too many legs.
    pub fn add_branch(&mut self, branch: u16, leg: Leg) -> Option<LegId> {
        self.add(Leg { branch: Some(branch), ..leg })
    }

    /// A reply with a To tag came back on `branch`: the leg it speaks for, copied from the branch's first leg when this tag is
    /// a further fork. None for an unknown branch or too many legs.
    pub fn replied(&mut self, branch: u16, tag: &Str) -> Option<LegId> {
        let of_branch = || self.callees().filter(|(_, leg)| leg.branch == Some(branch));
        if let Some((id, _)) = of_branch().find(|(_, leg)| leg.tag == *tag) {
            return Some(id);
        }
        let (first, model) = of_branch().next()?;
        if !model.tag.is_empty() {
            return self.add(fork_of(model, tag));
        }
        self.get_mut(first)?.tag = tag.clone();
        Some(first)
    }

    /// A 2xx of this leg is relayed. Only the first one counts.
    pub fn answered(&mut self, id: LegId) {
        if id != LegId::CALLER && self.get(id).is_some() {
            self.primary.get_or_insert(id);
        }
    }

    /// Restores the primary callee of a stored dialog.
    pub fn restore_callee(&mut self, leg: Leg) -> Option<LegId> {
        let id = self.add(leg)?;
        self.primary = Some(id);
        Some(id)
    }

    pub fn role(&self, id: LegId) -> LegRole {
        match self.primary {
            Some(primary) if id.party() == Party::Callee && primary != id => LegRole::Forked,
            Some(_) | None => LegRole::Primary,
        }
    }

    /// Who sends a message with these tags to whom. `to_tag` may be empty in a request of an early dialog; then it goes to
    /// the primary callee. None when the tags are not this dialog's.
    pub fn matching(&self, from_tag: &[u8], to_tag: &[u8]) -> Option<Matched> {
        if from_tag == self.caller.tag.as_bytes()
            && let Some(to) = self.addressed_callee(to_tag)
        {
            return Some(Matched { from: LegId::CALLER, to });
        }
        if to_tag != self.caller.tag.as_bytes() {
            return None;
        }
        let from = self.callee_by_tag(from_tag)?;
        Some(Matched { from, to: LegId::CALLER })
    }

    /// Whose tag is this? For a reply, whose From tag is the sender's of the request.
    pub fn by_tag(&self, tag: &[u8]) -> Option<LegId> {
        if tag == self.caller.tag.as_bytes() {
            return Some(LegId::CALLER);
        }
        self.callee_by_tag(tag)
    }

    fn addressed_callee(&self, to_tag: &[u8]) -> Option<LegId> {
        if to_tag.is_empty() { self.primary() } else { self.callee_by_tag(to_tag) }
    }

    fn callee_by_tag(&self, tag: &[u8]) -> Option<LegId> {
        self.callees().find(|(_, leg)| !leg.tag.is_empty() && *leg.tag == *tag).map(|(id, _)| id)
    }

    fn add(&mut self, leg: Leg) -> Option<LegId> {
        if self.callees.len() + 1 >= MAX_LEGS {
            return None;
        }
        self.callees.push(leg);
        u16::try_from(self.callees.len()).ok().map(LegId)
    }
}

/// What a further fork of the same branch shares with the first; contact, routes and bodies come with its own replies.
fn fork_of(model: &Leg, tag: &Str) -> Leg {
    Leg {
        tag: tag.clone(),
        branch: model.branch,
        advertised_contact: model.advertised_contact.clone(),
        cseqs: model.cseqs,
        socket: model.socket.clone(),
        sent_sdp: model.sent_sdp.clone(),
        ..Leg::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legs() -> Legs {
        Legs::new(Leg { tag: Str::from("a"), ..Leg::default() })
    }

    fn tag(text: &str) -> Str {
        Str::from(text)
    }

    /// Two branches, the first of which forks downstream.
    fn forked() -> (Legs, [LegId; 3]) {
        let mut legs = legs();
        legs.add_branch(0, Leg { socket: tag("udp:127.0.0.1:5060"), ..Leg::default() });
        legs.add_branch(1, Leg::default());
        let ids = [(0, "b1"), (1, "c1"), (0, "b2")].map(|(branch, t)| legs.replied(branch, &tag(t)).expect("room"));
        (legs, ids)
    }

    #[test]
    fn first_tag_of_a_branch_names_its_leg() {
        let mut legs = legs();
        let id = legs.add_branch(0, Leg::default());
        assert_eq!(legs.replied(0, &tag("b1")), id);
        assert_eq!(legs.replied(0, &tag("b1")), id, "a repeated reply is no fork");
        assert_eq!(legs.replied(7, &tag("x")), None);
    }

    #[test]
    fn downstream_fork_copies_the_leg() {
        let (legs, [first, _, fork]) = forked();
        assert_ne!(first, fork);
        let fork = legs.get(fork).expect("just made");
        assert_eq!((fork.tag.as_utf8(), fork.branch), (Some("b2"), Some(0)));
        assert_eq!(fork.socket, "udp:127.0.0.1:5060");
    }

    #[test]
    fn first_answer_makes_the_primary_leg() {
        let (mut legs, [first, second, fork]) = forked();
        assert_eq!(legs.primary(), Some(fork), "before the answer, the newest");
        legs.answered(second);
        legs.answered(first);
        assert_eq!(legs.primary(), Some(second));
        assert_eq!(legs.role(second), LegRole::Primary);
        assert_eq!(legs.role(first), LegRole::Forked);
        assert_eq!(legs.role(LegId::CALLER), LegRole::Primary);
    }

    #[test]
    fn tags_tell_the_direction() {
        let (legs, [first, second, _]) = forked();
        let down = legs.matching(b"a", b"c1").expect("tags of this dialog");
        assert_eq!((down.direction(), down.callee()), (Direction::Downstream, second));
        let up = legs.matching(b"b1", b"a").expect("tags of this dialog");
        assert_eq!((up.direction(), up.callee(), up.to), (Direction::Upstream, first, LegId::CALLER));
    }

    #[test]
    fn foreign_tags_do_not_match() {
        let (legs, _) = forked();
        for (from, to) in [("a", "x"), ("x", "a"), ("b1", "c1"), ("x", "y"), ("A", "b1"), ("", "a")] {
            assert_eq!(legs.matching(from.as_bytes(), to.as_bytes()), None, "{from} {to}");
        }
    }

    #[test]
    fn request_without_to_tag_goes_to_the_primary_callee() {
        let (mut legs, [first, ..]) = forked();
        legs.answered(first);
        assert_eq!(legs.matching(b"a", b""), Some(Matched { from: LegId::CALLER, to: first }));
    }

    #[test]
    fn callee_without_a_tag_has_no_tag_to_match() {
        let mut legs = legs();
        legs.add_branch(0, Leg::default());
        assert_eq!(legs.by_tag(b""), None);
        assert_eq!(legs.by_tag(b"a"), Some(LegId::CALLER));
    }

    #[test]
    fn number_of_legs_is_bounded() {
        let mut legs = legs();
        legs.add_branch(0, Leg::default());
        let made = (0..1_000).filter(|n| legs.replied(0, &tag(&format!("t{n}"))).is_some()).count();
        assert_eq!(made, MAX_LEGS - 1);
    }
}
