//! Which reply of which branch goes upstream: the response context of RFC 3261 16.7 with OpenSIPS's table of priorities.
//!
//! A `Fork` holds the latest status of every branch of one request. The owner reports replies (a time-out is a 408) and does
//! what the `Decision` says. When there is a winner it may run its failure route first: branches added there open a new
//! round, and only they are compared in it. Absent: the replies themselves, timers, sending, and the next address of a name:
//! an owner that still has one tries it instead of reporting the 503 or 408.
//!
//! One difference from OpenSIPS: a 2xx to INVITE is relayed even when its branch was already given up (RFC 3261 16.7 point 5),
//! because its callee takes the call for answered.
use smallvec::SmallVec;

/// OpenSIPS's limit.
pub const MAX_BRANCHES: usize = 256;

/// Index of a branch within its request: `$T_branch_idx`.
pub type BranchIndex = u16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchKind {
    Normal,
    /// `minor_branch_flag`: nobody waits for it.
    Minor,
    /// `t_wait_for_new_branches`: no peer behind it, it keeps the request open until `awaited` branches exist.
    Phony {
        awaited: BranchIndex,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Invite,
    Other,
}

/// What a 6xx does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SixHundred {
    /// RFC 3261 16.7: it ends the search.
    EndsSearch,
    /// `disable_6xx_block`: it competes like any other negative reply.
    Competes,
}

#[derive(Clone, Copy, Debug)]
struct Branch {
    kind: BranchKind,
    /// 0: nothing received yet.
    status: u16,
}

impl Branch {
    fn is_final(self) -> bool {
        self.status >= 200
    }
}

/// The owner's next step after a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Too late, repeated, or a 100: it goes no further.
    Discard,
    /// Send this reply upstream now.
    Relay { branch: BranchIndex, others: Others },
    /// Keep the reply; other branches are still open.
    Wait,
    /// All branches that count are final: run the failure route, then send this reply unless it opened a new round.
    Winner(Winner),
}

/// What becomes of the branches that are still open (`Fork::pending`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    Keep,
    Cancel,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    pub branch: BranchIndex,
    pub status: u16,
    pub others: Others,
    /// RFC 3261 16.7 point 7: branches whose WWW-Authenticate and Proxy-Authenticate join a 401 or 407, the winner excluded.
    pub challenges: SmallVec<[BranchIndex; 4]>,
}

/// Why no branch can be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// A 6xx ended the search.
    SearchEnded,
    Cancelled,
    /// A final reply is already upstream.
    Answered,
    TooMany,
}

/// The branches of one request.
#[derive(Clone, Debug)]
pub struct Fork {
    method: Method,
    six_hundred: SixHundred,
    branches: SmallVec<[Branch; 4]>,
    /// Branches before this one belong to rounds that are over.
    round: usize,
    cancelled: bool,
    search_ended: bool,
    /// This round has its winner.
    decided: bool,
    /// The final status sent upstream.
    sent: Option<u16>,
}

impl Fork {
    pub fn new(method: Method, six_hundred: SixHundred) -> Fork {
        Fork {
            method,
            six_hundred,
            branches: SmallVec::new(),
            round: 0,
            cancelled: false,
            search_ended: false,
            decided: false,
            sent: None,
        }
    }

    /// A branch is about to be sent. After a winner it opens a new round.
    pub fn add(&mut self, kind: BranchKind) -> Result<BranchIndex, Closed> {
        if let Some(why) = self.closed() {
            return Err(why);
        }
        let index = self.branches.len();
        if std::mem::take(&mut self.decided) {
            self.round = index;
        }
        self.branches.push(Branch { kind, status: 0 });
        Ok(index as BranchIndex)
    }

    /// Why `add` would refuse.
    pub fn closed(&self) -> Option<Closed> {
        match self {
            Fork { sent: Some(_), .. } => Some(Closed::Answered),
            Fork { cancelled: true, .. } => Some(Closed::Cancelled),
            Fork { search_ended: true, .. } => Some(Closed::SearchEnded),
            Fork { branches, .. } if branches.len() >= MAX_BRANCHES => Some(Closed::TooMany),
            Fork { .. } => None,
        }
    }

    /// The request was cancelled upstream; `pending` says which branches to cancel.
    pub fn cancel(&mut self) {
        self.cancelled = true;
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled
    }

    /// A final reply went upstream, chosen here or made by the script.
    pub fn sent(&mut self, status: u16) {
        if status >= 200 {
            self.sent.get_or_insert(status);
        }
    }

    /// Branches without a final reply that have a peer, `$T_branch_idx` of each.
    pub fn pending(&self) -> impl Iterator<Item = BranchIndex> {
        let open = |branch: &Branch| !branch.is_final() && !matches!(branch.kind, BranchKind::Phony { .. });
        self.branches.iter().zip(0..).filter(move |(branch, _)| open(branch)).map(|(_, index)| index)
    }

    /// Latest status of a branch, 0 without a reply; none for an unknown branch.
    pub fn status(&self, branch: BranchIndex) -> Option<u16> {
        self.branches.get(usize::from(branch)).map(|branch| branch.status)
    }

    /// A reply came on a branch, or was made for it locally.
    pub fn on_reply(&mut self, index: BranchIndex, status: u16) -> Decision {
        let answers = self.method == Method::Invite && (200..300).contains(&status);
        let sent = self.sent;
        let Some(branch) = self.branches.get_mut(usize::from(index)) else { return Decision::Discard };
        if branch.is_final() && !answers {
            return Decision::Discard;
        }
        branch.status = status;
        if (sent.is_some() || self.decided) && !answers {
            return Decision::Discard;
        }
        match status {
            101..=199 => Decision::Relay { branch: index, others: Others::Keep },
            200..=299 => {
                let others = if sent.is_some_and(|sent| sent < 300) { Others::Keep } else { Others::Cancel };
                self.sent(status);
                Decision::Relay { branch: index, others }
            }
            600..=699 if self.six_hundred == SixHundred::EndsSearch => self.end_search(index, status),
            300..=699 => self.choose(),
            _ => Decision::Discard,
        }
    }

    /// The best final reply of this round, once every branch that counts has one. `Discard` when no branch has any.
    pub fn choose(&mut self) -> Decision {
        let mut best: Option<(u16, BranchIndex, u16)> = None;
        let mut others = Others::Keep;
        for (index, branch) in self.round_branches() {
            if self.is_skipped(branch) {
                continue;
            }
            if !branch.is_final() {
                match branch.kind {
                    BranchKind::Minor => others = Others::Cancel,
                    BranchKind::Normal | BranchKind::Phony { .. } => return Decision::Wait,
                }
                continue;
            }
            let candidate = (priority(branch.status, self.cancelled), index, branch.status);
            best = Some(best.map_or(candidate, |known| if candidate.0 < known.0 { candidate } else { known }));
        }
        match best {
            Some((_, branch, status)) => self.decide(branch, status, others),
            None => Decision::Discard,
        }
    }

    fn end_search(&mut self, branch: BranchIndex, status: u16) -> Decision {
        self.search_ended = true;
        self.decide(branch, status, Others::Cancel)
    }

    fn decide(&mut self, branch: BranchIndex, status: u16, others: Others) -> Decision {
        self.decided = true;
        let challenges = match status {
            401 | 407 => self
                .round_branches()
                .filter(|(index, other)| *index != branch && matches!(other.status, 401 | 407))
                .map(|(index, _)| index)
                .collect(),
            _ => SmallVec::new(),
        };
        Decision::Winner(Winner { branch, status, others, challenges })
    }

    fn round_branches(&self) -> impl Iterator<Item = (BranchIndex, Branch)> {
        self.branches.iter().zip(0..).skip(self.round).map(|(branch, index)| (index, *branch))
    }

    /// A phony branch stops counting when the caller gave up or all awaited branches exist; a local final on it counts.
    fn is_skipped(&self, branch: Branch) -> bool {
        match branch.kind {
            BranchKind::Phony { awaited } => {
                let complete = awaited > 0 && usize::from(awaited) <= self.branches.len();
                complete || (self.cancelled && !branch.is_final())
            }
            BranchKind::Normal | BranchKind::Minor => false,
        }
    }
}

/// Lower wins. RFC 3261 16.7 point 6 leaves the order within a class open; this is OpenSIPS's.
pub fn priority(status: u16, cancelled: bool) -> u16 {
    match status {
        487 if cancelled => 0,
        401 => 500,
        407 => 501,
        415 => 502,
        420 => 503,
        484 => 504,
        408 => 800,
        503 => 801,
        600..=699 => status - 300,
        300..=399 => status + 100,
        _ => status.saturating_add(200),
    }
}

#[cfg(test)]
mod tests {
    use super::BranchKind::*;
    use super::*;
    use proptest::prelude::*;

    fn fork(kinds: &[BranchKind]) -> Fork {
        fork_of(Method::Invite, SixHundred::EndsSearch, kinds)
    }

    fn fork_of(method: Method, six_hundred: SixHundred, kinds: &[BranchKind]) -> Fork {
        let mut fork = Fork::new(method, six_hundred);
        for kind in kinds {
            fork.add(*kind).expect("an open fork takes branches");
        }
        fork
    }

    fn relay(branch: BranchIndex, others: Others) -> Decision {
        Decision::Relay { branch, others }
    }

    fn winner(branch: BranchIndex, status: u16, others: Others) -> Decision {
        Decision::Winner(Winner { branch, status, others, challenges: SmallVec::new() })
    }

    /// Replies on branches 0, 1, 2 ... in that order; the last decision.
    fn decide(fork: &mut Fork, statuses: &[u16]) -> Decision {
        let mut last = Decision::Discard;
        for (branch, status) in (0..).zip(statuses) {
            last = fork.on_reply(branch, *status);
        }
        last
    }

    #[test]
    fn provisionals_are_relayed_but_100_is_not() {
        let mut fork = fork(&[Normal]);
        assert_eq!(fork.on_reply(0, 100), Decision::Discard);
        assert_eq!(fork.on_reply(0, 180), relay(0, Others::Keep));
        assert_eq!(fork.status(0), Some(180));
    }

    #[test]
    fn first_2xx_cancels_the_others_and_later_2xx_follow() {
        let mut fork = fork(&[Normal, Normal, Normal]);
        fork.on_reply(1, 180);
        assert_eq!(fork.on_reply(0, 200), relay(0, Others::Cancel));
        assert_eq!(fork.pending().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(fork.on_reply(1, 200), relay(1, Others::Keep));
        assert_eq!(fork.on_reply(2, 487), Decision::Discard);
        assert_eq!(fork.on_reply(0, 200), relay(0, Others::Keep), "a repeated 2xx passes");
        assert_eq!(fork.on_reply(2, 180), Decision::Discard);
    }

    #[test]
    fn first_2xx_of_another_method_wins_alone() {
        let mut fork = fork_of(Method::Other, SixHundred::EndsSearch, &[Normal, Normal]);
        assert_eq!(fork.on_reply(0, 200), relay(0, Others::Cancel));
        assert_eq!(fork.on_reply(1, 200), Decision::Discard);
    }

    #[test]
    fn negative_replies_wait_for_the_last_branch() {
        let mut fork = fork(&[Normal, Normal]);
        assert_eq!(fork.on_reply(0, 486), Decision::Wait);
        assert_eq!(fork.on_reply(1, 404), winner(1, 404, Others::Keep));
    }

    #[test]
    fn best_reply_follows_the_table() {
        let rows: &[(&[u16], u16)] = &[
            (&[302, 404], 302),
            (&[404, 486], 404),
            (&[486, 401], 401),
            (&[415, 420, 484, 404], 415),
            (&[484, 404], 484),
            (&[408, 503], 408),
            (&[500, 408], 500),
            (&[503, 500], 500),
            (&[500, 480], 480),
            (&[487, 486], 486),
        ];
        for (statuses, best) in rows {
            let mut fork = fork(&vec![Normal; statuses.len()]);
            let Decision::Winner(winner) = decide(&mut fork, statuses) else { panic!("{statuses:?} has a winner") };
            assert_eq!(winner.status, *best, "{statuses:?}");
        }
    }

    #[test]
    fn first_of_equals_wins() {
        let mut fork = fork(&[Normal, Normal]);
        assert_eq!(decide(&mut fork, &[404, 404]), winner(0, 404, Others::Keep));
    }

    #[test]
    fn cancelled_request_prefers_487() {
        let mut fork = fork(&[Normal, Normal, Normal]);
        fork.cancel();
        assert_eq!(decide(&mut fork, &[302, 487, 401]), winner(1, 487, Others::Keep));
        assert_eq!(fork.add(Normal), Err(Closed::Cancelled));
    }

    #[test]
    fn six_hundred_ends_the_search() {
        let mut fork = fork(&[Normal, Normal]);
        assert_eq!(fork.on_reply(1, 603), winner(1, 603, Others::Cancel));
        assert_eq!(fork.add(Normal), Err(Closed::SearchEnded));
        assert_eq!(fork.on_reply(0, 180), Decision::Discard);
        assert_eq!(fork.on_reply(0, 487), Decision::Discard, "there is one winner");
        assert_eq!(fork.pending().count(), 0);
    }

    #[test]
    fn six_hundred_competes_when_told() {
        let mut fork = fork_of(Method::Invite, SixHundred::Competes, &[Normal, Normal]);
        assert_eq!(fork.on_reply(1, 603), Decision::Wait);
        assert_eq!(fork.on_reply(0, 404), winner(1, 603, Others::Keep));
    }

    #[test]
    fn challenges_of_all_branches_are_named() {
        let mut fork = fork(&[Normal, Normal, Normal]);
        let Decision::Winner(winner) = decide(&mut fork, &[407, 401, 486]) else { panic!("all branches are final") };
        assert_eq!((winner.branch, winner.challenges.to_vec()), (1, vec![0]));
    }

    #[test]
    fn nobody_waits_for_a_minor_branch() {
        let mut fork = fork(&[Normal, Minor]);
        assert_eq!(fork.on_reply(0, 486), winner(0, 486, Others::Cancel));
        assert_eq!(fork.on_reply(1, 487), Decision::Discard);
    }

    #[test]
    fn minor_branch_alone_has_no_winner_until_it_ends() {
        let mut fork = fork(&[Minor]);
        assert_eq!(fork.choose(), Decision::Discard);
        assert_eq!(fork.on_reply(0, 404), winner(0, 404, Others::Keep));
    }

    #[test]
    fn phony_branch_keeps_the_request_open() {
        let mut fork = fork(&[Normal, Phony { awaited: 0 }]);
        assert_eq!(fork.on_reply(0, 404), Decision::Wait);
        assert_eq!(fork.pending().count(), 0);
        assert_eq!(fork.on_reply(1, 408), winner(0, 404, Others::Keep));
    }

    #[test]
    fn phony_branch_does_not_outlast_a_cancel() {
        let mut fork = fork(&[Normal, Phony { awaited: 0 }]);
        fork.cancel();
        assert_eq!(fork.on_reply(0, 487), winner(0, 487, Others::Keep));
    }

    #[test]
    fn phony_branch_ends_with_the_last_awaited_one() {
        let mut fork = fork(&[Phony { awaited: 2 }]);
        fork.add(Normal).expect("an open fork takes branches");
        assert_eq!(fork.on_reply(1, 404), winner(1, 404, Others::Keep));
    }

    #[test]
    fn each_round_is_judged_by_itself() {
        let mut fork = fork(&[Normal]);
        assert_eq!(fork.on_reply(0, 302), winner(0, 302, Others::Keep));
        assert_eq!(fork.add(Normal), Ok(1));
        assert_eq!(fork.on_reply(1, 486), winner(1, 486, Others::Keep));
    }

    #[test]
    fn late_2xx_overtakes_a_final_that_was_sent() {
        let mut fork = fork(&[Normal]);
        fork.on_reply(0, 408);
        fork.sent(408);
        assert_eq!(fork.on_reply(0, 487), Decision::Discard);
        assert_eq!(fork.on_reply(0, 200), relay(0, Others::Cancel));
    }

    #[test]
    fn late_2xx_of_a_branch_given_up_is_relayed() {
        let mut fork = fork(&[Normal, Normal]);
        fork.on_reply(0, 408);
        assert_eq!(fork.on_reply(0, 200), relay(0, Others::Cancel));
    }

    #[test]
    fn reply_of_the_script_closes_the_fork() {
        let mut fork = fork(&[Normal]);
        fork.sent(180);
        assert_eq!(fork.closed(), None);
        fork.sent(486);
        assert_eq!(fork.on_reply(0, 404), Decision::Discard);
        assert_eq!(fork.add(Normal), Err(Closed::Answered));
    }

    proptest! {
        #[test]
        fn one_winner_at_most_and_no_better_reply(statuses in prop::collection::vec(300..600u16, 1..8)) {
            let mut fork = fork(&vec![Normal; statuses.len()]);
            let last = decide(&mut fork, &statuses);
            let Decision::Winner(winner) = last else { panic!("all branches are final") };
            let best = statuses.iter().map(|status| priority(*status, false)).min();
            prop_assert_eq!(Some(priority(winner.status, false)), best);
            prop_assert_eq!(decide(&mut fork, &statuses), Decision::Discard);
        }
    }

    #[test]
    fn number_of_branches_is_bounded() {
        let mut fork = fork(&[Normal; MAX_BRANCHES]);
        assert_eq!(fork.add(Normal), Err(Closed::TooMany));
        assert_eq!(fork.on_reply(999, 200), Decision::Discard);
    }
}
