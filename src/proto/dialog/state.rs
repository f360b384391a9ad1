//! The dialog's states and what each change brings about.
//!
//! A reply is an event when it is about to be sent upstream, not when it is received. The owner carries out the actions in
//! their order; an action says what, the owner knows with which route, timer, row or counter.
use super::event::{EndReason, Event, LegRole, OnTimeout, Party};
use smallvec::SmallVec;

/// The numbers are those of `$DLG_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    Unconfirmed = 1,
    Early = 2,
    /// Answered, no ACK seen.
    ConfirmedNoAck = 3,
    Confirmed = 4,
    Deleted = 5,
}

impl State {
    /// The value of `$DLG_status` and of the `state` column.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Counted by `active_dialogs`.
    pub fn is_active(self) -> bool {
        matches!(self, State::ConfirmedNoAck | State::Confirmed)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// `$DLG_timeout`, else `default_timeout`.
    Configured,
    /// `race_condition_timeout`; from here on `$DLG_timeout` cannot be changed.
    Race,
}

/// What the owner does, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Raise E_DLG_STATE_CHANGED. First whenever the state changes; counters of early and active dialogs follow from it.
    StateChanged {
        from: State,
        to: State,
    },
    /// Put the dialog back among the living: a 2xx overtook the failure of another branch.
    Revive,
    /// The start of the call is now, and the answering leg is the primary one.
    Answered,
    ArmLifetime(Lifetime),
    DisarmLifetime,
    /// INSERT when the database is written in real time.
    Save,
    /// UPDATE when the database is written in real time.
    Update,
    DeleteSaved,
    Confirmed,
    RunOnAnswer,
    RunOnHangup,
    RunOnTimeout,
    StartPings,
    ReleaseProfiles,
    /// Becomes `$DLG_end_reason` unless there already is one.
    SetEndReason(EndReason),
    /// Never answered; count it in `failed_dialogs`.
    Failed,
    /// The call ended.
    Terminated,
    /// Dropped without a message; there is no end reason.
    Expired,
    /// Count it in `expired_dialogs`.
    CountExpired,
    /// BYE to both legs; each reports `LocalByeDone`.
    SendByes,
    /// Cancel the initial INVITE, so that the caller gets 487.
    CancelInvite,
    /// Drop the table's reference; `delete_delay` may keep the dialog readable.
    Unhash,
    /// The event does not fit the state: a line of warning.
    Bogus,
}

pub type Actions = SmallVec<[Action; 8]>;

/// `end-on-race-condition` of `create_dialog`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRace {
    KeepCall,
    EndCall,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    state: State,
    on_race: OnRace,
    /// A BYE was seen, or the call ended: a later 2xx does not revive it.
    bye_seen: bool,
    cancelled: bool,
    raced: bool,
    /// Local BYEs without an answer.
    byes_pending: u8,
}

impl Default for Machine {
    fn default() -> Self {
        Machine::new(OnRace::KeepCall)
    }
}

impl Machine {
    pub fn new(on_race: OnRace) -> Machine {
        Machine { state: State::Unconfirmed, on_race, bye_seen: false, cancelled: false, raced: false, byes_pending: 0 }
    }

    /// A dialog read from the database or received from another node.
    pub fn restored(state: State, on_race: OnRace) -> Machine {
        Machine { state, ..Machine::new(on_race) }
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// `create_dialog` on an existing dialog only ever adds the flag.
    pub fn end_on_race(&mut self) {
        self.on_race = OnRace::EndCall;
    }

    /// True once a race condition shortened the lifetime: `$DLG_timeout` is then fixed.
    pub fn raced(&self) -> bool {
        self.raced
    }

    pub fn on(&mut self, event: Event, out: &mut Actions) {
        use State::{Confirmed, ConfirmedNoAck, Deleted, Early, Unconfirmed};
        match (self.state, event) {
            (Unconfirmed, Event::Provisional) => self.move_to(Early, out),
            (Early, Event::Provisional) => {}
            (Unconfirmed | Early, Event::Answer) => self.answer(out),
            (Deleted, Event::Answer) if !self.bye_seen => {
                out.push(Action::Revive);
                self.answer(out);
            }
            // Another fork answered, or the 2xx was repeated.
            (ConfirmedNoAck | Confirmed, Event::Answer) => {}
            (Unconfirmed | Early, Event::Failure | Event::TransactionGone) => self.fail(out),
            // Only the transaction's reference goes, and that is its owner's.
            (ConfirmedNoAck | Confirmed | Deleted, Event::TransactionGone) => {}
            (ConfirmedNoAck, Event::Ack) => {
                self.move_to(Confirmed, out);
                out.extend([Action::StartPings, Action::Update]);
            }
            (Confirmed | Deleted, Event::Ack) => {}
            // The hang-up of a fork that lost leaves the call alone.
            (ConfirmedNoAck | Confirmed, Event::Bye { leg: LegRole::Forked, .. }) => {}
            (ConfirmedNoAck | Confirmed, Event::Bye { from, leg: LegRole::Primary }) => self.hang_up(from, out),
            // RFC 3261 15: the caller may hang up an early dialog; the answer may still be on its way.
            (Unconfirmed | Early, Event::Bye { from: Party::Caller, .. }) => self.bye_seen = true,
            (Early | ConfirmedNoAck | Confirmed, Event::Prack | Event::Request) => {}
            (Unconfirmed | Early, Event::Cancel) => {
                self.cancelled = true;
                out.push(Action::SetEndReason(EndReason::Cancelled));
            }
            (ConfirmedNoAck | Confirmed, Event::Cancel) => self.cancel_too_late(out),
            (Deleted, Event::Cancel | Event::Bye { .. }) => {}
            (ConfirmedNoAck | Confirmed, Event::LifetimeOver) => out.push(Action::RunOnTimeout),
            (ConfirmedNoAck | Confirmed, Event::Overdue(OnTimeout::SendByes)) => self.end_overdue(out),
            (ConfirmedNoAck | Confirmed, Event::Overdue(OnTimeout::DropSilently)) => self.expire(out),
            // The timer raced with the end of the call.
            (Unconfirmed | Early | Deleted, Event::LifetimeOver | Event::Overdue(_)) => {}
            (Unconfirmed | Early, Event::EndWanted(reason)) => {
                out.extend([Action::SetEndReason(reason), Action::CancelInvite]);
            }
            (ConfirmedNoAck | Confirmed, Event::EndWanted(reason)) => self.end_locally(reason, out),
            (Deleted, Event::EndWanted(_)) => {}
            (ConfirmedNoAck | Confirmed, Event::LocalByeDone) => self.first_local_bye_done(out),
            (Deleted, Event::LocalByeDone) => self.last_local_bye_done(out),
            (ConfirmedNoAck | Confirmed | Deleted, Event::Provisional | Event::Failure)
            | (Deleted, Event::Answer)
            | (Unconfirmed | Early, Event::Ack | Event::Bye { from: Party::Callee, .. } | Event::LocalByeDone)
            | (Unconfirmed | Deleted, Event::Prack | Event::Request) => out.push(Action::Bogus),
        }
    }

    fn move_to(&mut self, to: State, out: &mut Actions) {
        out.push(Action::StateChanged { from: self.state, to });
        self.state = to;
    }

    fn answer(&mut self, out: &mut Actions) {
        self.move_to(State::ConfirmedNoAck, out);
        let lifetime = match self.on_race {
            OnRace::EndCall if self.cancelled || self.bye_seen => Lifetime::Race,
            OnRace::EndCall | OnRace::KeepCall => Lifetime::Configured,
        };
        self.raced = lifetime == Lifetime::Race;
        out.extend([
            Action::Answered,
            Action::ArmLifetime(lifetime),
            Action::Save,
            Action::Confirmed,
            Action::RunOnAnswer,
        ]);
    }

    fn fail(&mut self, out: &mut Actions) {
        self.move_to(State::Deleted, out);
        out.extend([Action::ReleaseProfiles, Action::Failed, Action::Unhash]);
    }

    fn hang_up(&mut self, from: Party, out: &mut Actions) {
        self.bye_seen = true;
        self.byes_pending = 0;
        self.move_to(State::Deleted, out);
        let reason = match from {
            Party::Caller => EndReason::DownstreamBye,
            Party::Callee => EndReason::UpstreamBye,
        };
        out.extend([
            Action::RunOnHangup,
            Action::ReleaseProfiles,
            Action::SetEndReason(reason),
            Action::DisarmLifetime,
            Action::Terminated,
            Action::DeleteSaved,
            Action::Unhash,
        ]);
    }

    /// The CANCEL crossed the 2xx.
    fn cancel_too_late(&mut self, out: &mut Actions) {
        self.cancelled = true;
        match self.on_race {
            OnRace::EndCall => {
                self.raced = true;
                out.push(Action::ArmLifetime(Lifetime::Race));
            }
            OnRace::KeepCall => out.push(Action::SetEndReason(EndReason::Cancelled)),
        }
    }

    fn end_overdue(&mut self, out: &mut Actions) {
        let reason = if self.raced { EndReason::RaceCondition } else { EndReason::LifetimeTimeout };
        out.push(Action::CountExpired);
        self.end_locally(reason, out);
    }

    fn end_locally(&mut self, reason: EndReason, out: &mut Actions) {
        if self.byes_pending > 0 {
            return;
        }
        self.byes_pending = 2;
        out.extend([Action::SetEndReason(reason), Action::SendByes]);
    }

    fn first_local_bye_done(&mut self, out: &mut Actions) {
        if self.byes_pending == 0 {
            return out.push(Action::Bogus);
        }
        self.byes_pending -= 1;
        self.bye_seen = true;
        self.move_to(State::Deleted, out);
        out.extend([Action::RunOnHangup, Action::ReleaseProfiles, Action::DisarmLifetime, Action::Terminated]);
    }

    /// A BYE of the peers that crossed ours has already done everything.
    fn last_local_bye_done(&mut self, out: &mut Actions) {
        if self.byes_pending == 0 {
            return;
        }
        self.byes_pending -= 1;
        if self.byes_pending == 0 {
            out.extend([Action::DeleteSaved, Action::Unhash]);
        }
    }

    fn expire(&mut self, out: &mut Actions) {
        self.bye_seen = true;
        self.move_to(State::Deleted, out);
        out.extend([
            Action::ReleaseProfiles,
            Action::Expired,
            Action::CountExpired,
            Action::DeleteSaved,
            Action::Unhash,
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::State::*;
    use super::*;
    use crate::base::Str;

    fn at(state: State) -> Machine {
        Machine::restored(state, OnRace::KeepCall)
    }

    fn on(machine: &mut Machine, event: Event) -> Vec<Action> {
        let mut out = Actions::new();
        machine.on(event, &mut out);
        assert!(!out.spilled(), "a machine does not allocate");
        out.into_vec()
    }

    /// The event leaves each of the states as it is and asks for just these actions.
    fn stays(states: &[State], event: &Event, actions: &[Action]) {
        for state in states {
            let mut machine = at(*state);
            assert_eq!(on(&mut machine, event.clone()), actions, "{event:?} in {state:?}");
            assert_eq!(machine.state(), *state, "{event:?} in {state:?}");
        }
    }

    fn changed(from: State, to: State) -> Action {
        Action::StateChanged { from, to }
    }

    fn answered(from: State, lifetime: Lifetime) -> Vec<Action> {
        vec![
            changed(from, ConfirmedNoAck),
            Action::Answered,
            Action::ArmLifetime(lifetime),
            Action::Save,
            Action::Confirmed,
            Action::RunOnAnswer,
        ]
    }

    fn failed(from: State) -> Vec<Action> {
        vec![changed(from, Deleted), Action::ReleaseProfiles, Action::Failed, Action::Unhash]
    }

    fn hung_up(from: State, reason: EndReason) -> Vec<Action> {
        vec![
            changed(from, Deleted),
            Action::RunOnHangup,
            Action::ReleaseProfiles,
            Action::SetEndReason(reason),
            Action::DisarmLifetime,
            Action::Terminated,
            Action::DeleteSaved,
            Action::Unhash,
        ]
    }

    fn bye(from: Party) -> Event {
        Event::Bye { from, leg: LegRole::Primary }
    }

    #[test]
    fn provisional_makes_early() {
        assert_eq!(on(&mut at(Unconfirmed), Event::Provisional), [changed(Unconfirmed, Early)]);
        stays(&[Early], &Event::Provisional, &[]);
    }

    #[test]
    fn provisional_after_a_final_is_bogus() {
        stays(&[ConfirmedNoAck, Confirmed, Deleted], &Event::Provisional, &[Action::Bogus]);
    }

    #[test]
    fn answer_confirms() {
        for state in [Unconfirmed, Early] {
            assert_eq!(on(&mut at(state), Event::Answer), answered(state, Lifetime::Configured));
        }
    }

    #[test]
    fn second_answer_changes_nothing() {
        stays(&[ConfirmedNoAck, Confirmed], &Event::Answer, &[]);
    }

    #[test]
    fn answer_revives_a_failed_dialog() {
        let mut machine = at(Early);
        on(&mut machine, Event::Failure);
        let mut expected = vec![Action::Revive];
        expected.extend(answered(Deleted, Lifetime::Configured));
        assert_eq!(on(&mut machine, Event::Answer), expected);
        assert_eq!(machine.state(), ConfirmedNoAck);
    }

    #[test]
    fn answer_does_not_revive_what_was_hung_up() {
        let mut machine = at(Confirmed);
        on(&mut machine, bye(Party::Caller));
        assert_eq!(on(&mut machine, Event::Answer), [Action::Bogus]);
        assert_eq!(machine.state(), Deleted);
    }

    #[test]
    fn failure_deletes_an_unanswered_dialog() {
        for state in [Unconfirmed, Early] {
            assert_eq!(on(&mut at(state), Event::Failure), failed(state));
        }
        stays(&[ConfirmedNoAck, Confirmed, Deleted], &Event::Failure, &[Action::Bogus]);
    }

    #[test]
    fn ack_confirms() {
        let expected = [changed(ConfirmedNoAck, Confirmed), Action::StartPings, Action::Update];
        assert_eq!(on(&mut at(ConfirmedNoAck), Event::Ack), expected);
        stays(&[Confirmed, Deleted], &Event::Ack, &[]);
        stays(&[Unconfirmed, Early], &Event::Ack, &[Action::Bogus]);
    }

    #[test]
    fn bye_of_either_side_ends_the_call() {
        for state in [ConfirmedNoAck, Confirmed] {
            let caller = on(&mut at(state), bye(Party::Caller));
            assert_eq!(caller, hung_up(state, EndReason::DownstreamBye));
            let callee = on(&mut at(state), bye(Party::Callee));
            assert_eq!(callee, hung_up(state, EndReason::UpstreamBye));
        }
    }

    #[test]
    fn bye_of_a_fork_that_lost_is_ignored() {
        for from in [Party::Caller, Party::Callee] {
            stays(&[ConfirmedNoAck, Confirmed], &Event::Bye { from, leg: LegRole::Forked }, &[]);
        }
    }

    #[test]
    fn early_bye_is_remembered() {
        for state in [Unconfirmed, Early] {
            let mut machine = Machine::restored(state, OnRace::EndCall);
            assert_eq!(on(&mut machine, bye(Party::Caller)), []);
            assert_eq!(machine.state(), state);
            assert_eq!(on(&mut machine, Event::Answer), answered(state, Lifetime::Race));
            assert!(machine.raced());
        }
    }

    #[test]
    fn early_bye_without_end_on_race_keeps_the_lifetime() {
        let mut machine = at(Early);
        on(&mut machine, bye(Party::Caller));
        assert_eq!(on(&mut machine, Event::Answer), answered(Early, Lifetime::Configured));
    }

    #[test]
    fn early_bye_of_the_callee_is_bogus() {
        stays(&[Unconfirmed, Early], &bye(Party::Callee), &[Action::Bogus]);
    }

    #[test]
    fn second_bye_does_nothing() {
        stays(&[Deleted], &bye(Party::Callee), &[]);
    }

    #[test]
    fn other_requests_do_not_change_the_state() {
        for event in [Event::Prack, Event::Request] {
            stays(&[Early, ConfirmedNoAck, Confirmed], &event, &[]);
            stays(&[Unconfirmed, Deleted], &event, &[Action::Bogus]);
        }
    }

    #[test]
    fn transaction_without_a_final_takes_the_dialog_along() {
        for state in [Unconfirmed, Early] {
            assert_eq!(on(&mut at(state), Event::TransactionGone), failed(state));
        }
        stays(&[ConfirmedNoAck, Confirmed, Deleted], &Event::TransactionGone, &[]);
    }

    #[test]
    fn cancel_gives_the_reason_and_the_reply_deletes() {
        let mut machine = at(Early);
        assert_eq!(on(&mut machine, Event::Cancel), [Action::SetEndReason(EndReason::Cancelled)]);
        assert_eq!(on(&mut machine, Event::Failure), failed(Early));
    }

    #[test]
    fn answer_after_cancel_races_only_when_told() {
        for (on_race, lifetime) in [(OnRace::EndCall, Lifetime::Race), (OnRace::KeepCall, Lifetime::Configured)] {
            let mut machine = Machine::restored(Early, on_race);
            on(&mut machine, Event::Cancel);
            assert_eq!(on(&mut machine, Event::Answer), answered(Early, lifetime));
        }
    }

    #[test]
    fn cancel_after_the_answer_shortens_the_lifetime_when_told() {
        for state in [ConfirmedNoAck, Confirmed] {
            let mut machine = Machine::restored(state, OnRace::EndCall);
            assert_eq!(on(&mut machine, Event::Cancel), [Action::ArmLifetime(Lifetime::Race)]);
            assert!(machine.raced());
        }
        stays(&[ConfirmedNoAck, Confirmed], &Event::Cancel, &[Action::SetEndReason(EndReason::Cancelled)]);
        stays(&[Deleted], &Event::Cancel, &[]);
    }

    #[test]
    fn script_may_extend_before_the_end() {
        stays(&[ConfirmedNoAck, Confirmed], &Event::LifetimeOver, &[Action::RunOnTimeout]);
        stays(&[Unconfirmed, Early, Deleted], &Event::LifetimeOver, &[]);
    }

    #[test]
    fn overdue_dialog_is_dropped_silently() {
        for state in [ConfirmedNoAck, Confirmed] {
            let mut machine = at(state);
            let expected = [
                changed(state, Deleted),
                Action::ReleaseProfiles,
                Action::Expired,
                Action::CountExpired,
                Action::DeleteSaved,
                Action::Unhash,
            ];
            assert_eq!(on(&mut machine, Event::Overdue(OnTimeout::DropSilently)), expected);
            assert_eq!(on(&mut machine, Event::Answer), [Action::Bogus], "a late 2xx does not revive it");
        }
    }

    const LOCAL_END: [Action; 4] =
        [Action::RunOnHangup, Action::ReleaseProfiles, Action::DisarmLifetime, Action::Terminated];

    #[test]
    fn overdue_dialog_is_hung_up_on_both_sides() {
        let mut machine = at(Confirmed);
        let reason = Action::SetEndReason(EndReason::LifetimeTimeout);
        let expected = [Action::CountExpired, reason, Action::SendByes];
        assert_eq!(on(&mut machine, Event::Overdue(OnTimeout::SendByes)), expected);
        assert_eq!(machine.state(), Confirmed);

        let mut first = vec![changed(Confirmed, Deleted)];
        first.extend(LOCAL_END);
        assert_eq!(on(&mut machine, Event::LocalByeDone), first);
        assert_eq!(on(&mut machine, Event::LocalByeDone), [Action::DeleteSaved, Action::Unhash]);
        assert_eq!(on(&mut machine, Event::LocalByeDone), []);
    }

    #[test]
    fn overdue_race_says_so() {
        let mut machine = Machine::restored(Confirmed, OnRace::EndCall);
        on(&mut machine, Event::Cancel);
        let out = on(&mut machine, Event::Overdue(OnTimeout::SendByes));
        assert!(out.contains(&Action::SetEndReason(EndReason::RaceCondition)), "{out:?}");
    }

    #[test]
    fn wanted_end_cancels_or_hangs_up() {
        let wanted = Event::EndWanted(EndReason::MiTermination);
        let reason = Action::SetEndReason(EndReason::MiTermination);
        stays(&[Unconfirmed, Early], &wanted, &[reason.clone(), Action::CancelInvite]);
        stays(&[ConfirmedNoAck, Confirmed], &wanted, &[reason, Action::SendByes]);
        stays(&[Deleted], &wanted, &[]);
    }

    #[test]
    fn end_is_sent_only_once() {
        let mut machine = at(Confirmed);
        on(&mut machine, Event::EndWanted(EndReason::PingTimeout));
        assert_eq!(on(&mut machine, Event::EndWanted(EndReason::MiTermination)), []);
    }

    #[test]
    fn bye_that_crosses_ours_ends_the_call_once() {
        let mut machine = at(Confirmed);
        on(&mut machine, Event::EndWanted(EndReason::MiTermination));
        assert_eq!(on(&mut machine, bye(Party::Callee)), hung_up(Confirmed, EndReason::UpstreamBye));
        assert_eq!(on(&mut machine, Event::LocalByeDone), []);
        assert_eq!(on(&mut machine, Event::LocalByeDone), []);
    }

    #[test]
    fn answered_bye_without_a_bye_is_bogus() {
        stays(&[Unconfirmed, Early, ConfirmedNoAck, Confirmed], &Event::LocalByeDone, &[Action::Bogus]);
    }

    #[test]
    fn numbers_are_those_scripts_see() {
        assert_eq!([Unconfirmed, Early, ConfirmedNoAck, Confirmed, Deleted].map(State::number), [1, 2, 3, 4, 5]);
        assert_eq!(EndReason::Other(Str::from("my own")).text(), "my own");
        assert_eq!(EndReason::UpstreamBye.text(), "Upstream BYE");
    }
}
