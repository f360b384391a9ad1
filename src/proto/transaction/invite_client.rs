//! INVITE client transaction: RFC 3261 figure 5 with the changes of RFC 6026 figure 4, and the CANCEL of section 9.1.
use super::timers::{Backoff, after, due, earlier};
use super::{ClientAction, ClientActions, ClientEvent, Expiry, FrRestart, Reliability, Timers};
use crate::base::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Calling,
    Proceeding,
    Completed,
    Accepted,
    Terminated,
}

/// How far the wish to cancel has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cancel {
    Unwanted,
    /// RFC 3261 9.1: no CANCEL before a provisional reply.
    AwaitsProvisional,
    Sent,
}

/// One branch of a forwarded INVITE.
#[derive(Clone, Copy, Debug)]
pub struct InviteClient {
    timers: Timers,
    reliability: Reliability,
    state: State,
    cancel: Cancel,
    /// `fr_inv` ran out and the owner knows; what comes now only ends the exchange with the peer.
    gave_up: bool,
    /// Timer A.
    retransmit: Backoff,
    /// Timer B, C, D or M, or the guard after a CANCEL: whichever ends the present state.
    end: Option<Instant>,
}

impl InviteClient {
    /// Sends the INVITE.
    pub fn start(now: Instant, timers: Timers, reliability: Reliability, out: &mut ClientActions) -> InviteClient {
        out.push(ClientAction::SendRequest);
        InviteClient {
            timers,
            reliability,
            state: State::Calling,
            cancel: Cancel::Unwanted,
            gave_up: false,
            retransmit: Backoff::start(now, &timers, reliability),
            end: after(now, timers.fr),
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        earlier(self.retransmit.deadline(), self.end)
    }

    pub fn on(&mut self, now: Instant, event: ClientEvent, out: &mut ClientActions) {
        use ClientEvent::{Reply, Timer, TransportError};
        match (self.state, event) {
            (State::Calling, Reply(status @ 100..=199)) => self.first_provisional(now, status, out),
            (State::Proceeding, Reply(status @ 100..=199)) => {
                out.push(ClientAction::Pass(status));
                if self.timers.fr_restart == FrRestart::OnEachReply && self.cancel != Cancel::Sent && !self.gave_up {
                    self.end = after(now, self.timers.fr_inv);
                }
            }
            // RFC 6026 7.2
            (State::Calling | State::Proceeding, Reply(status @ 200..=299)) => {
                out.push(ClientAction::Pass(status));
                self.enter(State::Accepted, after(now, self.timers.linger));
            }
            // RFC 3261 17.1.1.2
            (State::Calling | State::Proceeding, Reply(status @ 300..=699)) => self.refused(now, status, out),
            (State::Calling, ClientEvent::Cancel) => self.cancel = Cancel::AwaitsProvisional,
            (State::Proceeding, ClientEvent::Cancel) => self.send_cancel(now, out),
            (State::Calling, Timer) if due(self.end, now) => {
                out.push(ClientAction::Timeout(Expiry::NoReply));
                self.terminate(out);
            }
            (State::Calling, Timer) => {
                if self.retransmit.fires(now) {
                    out.push(ClientAction::RetransmitRequest);
                }
            }
            (State::Proceeding, Timer) if due(self.end, now) => self.no_final(now, out),
            (State::Calling | State::Proceeding | State::Completed, TransportError) => {
                out.push(ClientAction::TransportError);
                self.terminate(out);
            }
            // The peer has not seen our ACK.
            (State::Completed, Reply(300..=699)) => out.push(ClientAction::SendAck),
            // RFC 6026 7.2: every 2xx goes up, repeated or of another fork.
            (State::Accepted, Reply(status @ 200..=299)) => out.push(ClientAction::Pass(status)),
            // Timers D and M
            (State::Completed | State::Accepted, Timer) if due(self.end, now) => self.terminate(out),
            (State::Proceeding | State::Completed | State::Accepted, Timer)
            | (State::Calling | State::Proceeding | State::Completed | State::Accepted, Reply(_))
            | (State::Completed | State::Accepted, ClientEvent::Cancel)
            | (State::Accepted, TransportError)
            | (State::Terminated, _) => {}
        }
    }

    fn first_provisional(&mut self, now: Instant, status: u16, out: &mut ClientActions) {
        out.push(ClientAction::Pass(status));
        self.enter(State::Proceeding, after(now, self.timers.fr_inv));
        if self.cancel == Cancel::AwaitsProvisional {
            self.send_cancel(now, out);
        }
    }

    fn refused(&mut self, now: Instant, status: u16, out: &mut ClientActions) {
        out.push(ClientAction::SendAck);
        out.push(ClientAction::Pass(status));
        match self.reliability {
            Reliability::Unreliable => self.enter(State::Completed, after(now, self.timers.linger)),
            Reliability::Reliable => self.terminate(out),
        }
    }

    fn send_cancel(&mut self, now: Instant, out: &mut ClientActions) {
        if self.cancel == Cancel::Sent {
            return;
        }
        self.cancel = Cancel::Sent;
        out.push(ClientAction::SendCancel);
        self.end = after(now, self.timers.linger);
    }

    /// RFC 3261 16.8: the branch is to be cancelled and its final reply still acknowledged, so the machine stays.
    fn no_final(&mut self, now: Instant, out: &mut ClientActions) {
        if self.gave_up {
            return self.terminate(out);
        }
        if self.cancel == Cancel::Sent {
            out.push(ClientAction::Timeout(Expiry::AfterCancel));
            return self.terminate(out);
        }
        self.gave_up = true;
        out.push(ClientAction::Timeout(Expiry::NoFinal));
        self.end = after(now, self.timers.linger);
    }

    fn enter(&mut self, state: State, end: Option<Instant>) {
        self.state = state;
        self.retransmit.stop();
        self.end = end;
    }

    fn terminate(&mut self, out: &mut ClientActions) {
        self.enter(State::Terminated, None);
        out.push(ClientAction::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::ClientAction::*;
    use super::ClientEvent::{Cancel, Reply, Timer};
    use super::*;

    /// Feeds events at milliseconds and returns what each brought.
    struct Line {
        machine: InviteClient,
    }

    impl Line {
        fn new(reliability: Reliability) -> Line {
            Line::with(Timers::default(), reliability)
        }

        fn with(timers: Timers, reliability: Reliability) -> Line {
            let mut out = ClientActions::new();
            let machine = InviteClient::start(Instant::ZERO, timers, reliability, &mut out);
            assert_eq!(out[..], [SendRequest]);
            Line { machine }
        }

        fn udp() -> Line {
            Line::new(Reliability::Unreliable)
        }

        fn at(&mut self, ms: u64, event: ClientEvent) -> Vec<ClientAction> {
            let mut out = ClientActions::new();
            self.machine.on(Instant::from_millis(ms), event, &mut out);
            assert!(!out.spilled(), "a machine does not allocate");
            out.to_vec()
        }

        fn next(&self) -> Option<u64> {
            self.machine.poll_timeout().map(Instant::as_millis)
        }
    }

    #[test]
    fn calling_retransmits_until_fr() {
        let mut line = Line::udp();
        let mut sent = Vec::new();
        let gave_up = loop {
            let at = line.next().expect("calling always waits for something");
            match line.at(at, Timer)[..] {
                [RetransmitRequest] => sent.push(at),
                ref other => break (at, other.to_vec()),
            }
        };
        assert_eq!(sent, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500]);
        assert_eq!(gave_up, (30_000, vec![Timeout(Expiry::NoReply), Terminated]));
        assert_eq!(line.next(), None);
    }

    #[test]
    fn calling_does_not_retransmit_over_a_reliable_transport() {
        let mut line = Line::new(Reliability::Reliable);
        assert_eq!(line.next(), Some(30_000));
        assert_eq!(line.at(10_000, Timer), []);
    }

    #[test]
    fn calling_ends_on_transport_error() {
        assert_eq!(Line::udp().at(3, ClientEvent::TransportError), [TransportError, Terminated]);
    }

    #[test]
    fn provisional_stops_retransmission_and_starts_fr_inv() {
        let mut line = Line::udp();
        assert_eq!(line.at(20, Reply(100)), [Pass(100)]);
        assert_eq!(line.machine.state(), State::Proceeding);
        assert_eq!(line.next(), Some(120_020));
    }

    #[test]
    fn each_provisional_restarts_fr_inv_unless_told_otherwise() {
        let mut line = Line::udp();
        line.at(20, Reply(100));
        assert_eq!(line.at(5_000, Reply(180)), [Pass(180)]);
        assert_eq!(line.next(), Some(125_000));

        let once = Timers { fr_restart: FrRestart::OnFirstReply, ..Timers::default() };
        let mut line = Line::with(once, Reliability::Unreliable);
        line.at(20, Reply(100));
        line.at(5_000, Reply(180));
        assert_eq!(line.next(), Some(120_020));
    }

    #[test]
    fn calling_accepts_2xx() {
        let mut line = Line::udp();
        assert_eq!(line.at(20, Reply(200)), [Pass(200)]);
        assert_eq!((line.machine.state(), line.next()), (State::Accepted, Some(32_020)));
    }

    #[test]
    fn proceeding_accepts_2xx() {
        let mut line = Line::udp();
        line.at(10, Reply(180));
        assert_eq!(line.at(20, Reply(202)), [Pass(202)]);
        assert_eq!(line.machine.state(), State::Accepted);
    }

    #[test]
    fn accepted_passes_every_2xx_and_nothing_else_until_timer_m() {
        let mut line = Line::udp();
        line.at(20, Reply(200));
        assert_eq!(line.at(600, Reply(200)), [Pass(200)]);
        assert_eq!(line.at(700, Reply(180)), []);
        assert_eq!(line.at(700, Reply(486)), []);
        assert_eq!(line.at(700, ClientEvent::TransportError), []);
        assert_eq!(line.at(32_019, Timer), []);
        assert_eq!(line.at(32_020, Timer), [Terminated]);
        assert_eq!(line.at(32_021, Reply(200)), []);
    }

    #[test]
    fn calling_acknowledges_a_refusal() {
        let mut line = Line::udp();
        assert_eq!(line.at(20, Reply(486)), [SendAck, Pass(486)]);
        assert_eq!((line.machine.state(), line.next()), (State::Completed, Some(32_020)));
    }

    #[test]
    fn proceeding_acknowledges_a_refusal() {
        let mut line = Line::udp();
        line.at(10, Reply(180));
        assert_eq!(line.at(20, Reply(603)), [SendAck, Pass(603)]);
    }

    #[test]
    fn completed_acknowledges_again_without_passing_until_timer_d() {
        let mut line = Line::udp();
        line.at(20, Reply(486));
        assert_eq!(line.at(520, Reply(486)), [SendAck]);
        assert_eq!(line.at(530, Reply(180)), []);
        assert_eq!(line.at(32_020, Timer), [Terminated]);
    }

    #[test]
    fn completed_ends_when_the_ack_cannot_be_sent() {
        let mut line = Line::udp();
        line.at(20, Reply(486));
        assert_eq!(line.at(21, ClientEvent::TransportError), [TransportError, Terminated]);
    }

    #[test]
    fn refusal_over_a_reliable_transport_does_not_linger() {
        let mut line = Line::new(Reliability::Reliable);
        assert_eq!(line.at(20, Reply(404)), [SendAck, Pass(404), Terminated]);
    }

    #[test]
    fn cancel_waits_for_a_provisional() {
        let mut line = Line::udp();
        assert_eq!(line.at(10, Cancel), []);
        assert_eq!(line.at(500, Timer), [RetransmitRequest]);
        assert_eq!(line.at(600, Reply(180)), [Pass(180), SendCancel]);
        assert_eq!(line.next(), Some(32_600));
        assert_eq!(line.at(700, Reply(487)), [SendAck, Pass(487)]);
    }

    #[test]
    fn cancel_of_a_ringing_branch_leaves_at_once_and_only_once() {
        let mut line = Line::udp();
        line.at(10, Reply(180));
        assert_eq!(line.at(1_000, Cancel), [SendCancel]);
        assert_eq!(line.at(1_001, Cancel), []);
        assert_eq!(line.at(1_002, Reply(180)), [Pass(180)]);
        assert_eq!(line.next(), Some(33_000), "a provisional does not extend the guard");
        assert_eq!(line.at(33_000, Timer), [Timeout(Expiry::AfterCancel), Terminated]);
    }

    #[test]
    fn cancel_crossing_a_2xx_still_passes_the_2xx() {
        let mut line = Line::udp();
        line.at(10, Reply(180));
        line.at(1_000, Cancel);
        assert_eq!(line.at(1_001, Reply(200)), [Pass(200)]);
        assert_eq!(line.at(1_002, Cancel), []);
    }

    #[test]
    fn fr_inv_leaves_room_to_cancel_and_acknowledge() {
        let mut line = Line::udp();
        line.at(0, Reply(180));
        assert_eq!(line.at(120_000, Timer), [Timeout(Expiry::NoFinal)]);
        assert_eq!(line.at(120_000, Cancel), [SendCancel]);
        assert_eq!(line.at(120_100, Reply(487)), [SendAck, Pass(487)]);
    }

    #[test]
    fn silence_after_fr_inv_ends_without_a_second_timeout() {
        let mut line = Line::udp();
        line.at(0, Reply(180));
        line.at(120_000, Timer);
        line.at(120_000, Cancel);
        assert_eq!(line.at(152_000, Timer), [Terminated]);
    }
}
