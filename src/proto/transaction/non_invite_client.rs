//! Non-INVITE client transaction: RFC 3261 figure 6.
use super::timers::{Backoff, after, due, earlier};
use super::{ClientAction, ClientActions, ClientEvent, Expiry, Reliability, Timers};
use crate::base::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// One branch of any request but INVITE and ACK.
#[derive(Clone, Copy, Debug)]
pub struct NonInviteClient {
    timers: Timers,
    reliability: Reliability,
    state: State,
    /// Timer E.
    retransmit: Backoff,
    /// Timer F or K.
    end: Option<Instant>,
}

impl NonInviteClient {
    /// Sends the request.
    pub fn start(now: Instant, timers: Timers, reliability: Reliability, out: &mut ClientActions) -> NonInviteClient {
        out.push(ClientAction::SendRequest);
        NonInviteClient {
            timers,
            reliability,
            state: State::Trying,
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
        use ClientEvent::{Cancel, Reply, Timer, TransportError};
        match (self.state, event) {
            (State::Trying | State::Proceeding, Reply(status @ 100..=199)) => {
                out.push(ClientAction::Pass(status));
                self.state = State::Proceeding;
                self.retransmit.slow_down();
            }
            (State::Trying | State::Proceeding, Reply(status @ 200..=699)) => {
                out.push(ClientAction::Pass(status));
                self.complete(now, out);
            }
            (State::Trying, Timer) if due(self.end, now) => self.give_up(Expiry::NoReply, out),
            (State::Proceeding, Timer) if due(self.end, now) => self.give_up(Expiry::NoFinal, out),
            (State::Trying | State::Proceeding, Timer) => {
                if self.retransmit.fires(now) {
                    out.push(ClientAction::RetransmitRequest);
                }
            }
            (State::Trying | State::Proceeding, TransportError) => {
                out.push(ClientAction::TransportError);
                self.terminate(out);
            }
            // Timer K
            (State::Completed, Timer) if due(self.end, now) => self.terminate(out),
            // RFC 3261 17.1.2.2: repeated finals are absorbed; 9.1: only an INVITE can be cancelled.
            (State::Completed, Timer | TransportError)
            | (State::Trying | State::Proceeding | State::Completed, Reply(_) | Cancel)
            | (State::Terminated, _) => {}
        }
    }

    fn complete(&mut self, now: Instant, out: &mut ClientActions) {
        self.retransmit.stop();
        match self.reliability {
            Reliability::Unreliable => {
                self.state = State::Completed;
                self.end = after(now, self.timers.wt);
            }
            Reliability::Reliable => self.terminate(out),
        }
    }

    fn give_up(&mut self, why: Expiry, out: &mut ClientActions) {
        out.push(ClientAction::Timeout(why));
        self.terminate(out);
    }

    fn terminate(&mut self, out: &mut ClientActions) {
        self.state = State::Terminated;
        self.retransmit.stop();
        self.end = None;
        out.push(ClientAction::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::ClientAction::*;
    use super::ClientEvent::{Cancel, Reply, Timer};
    use super::*;

    fn start(reliability: Reliability) -> NonInviteClient {
        let mut out = ClientActions::new();
        let machine = NonInviteClient::start(Instant::ZERO, Timers::default(), reliability, &mut out);
        assert_eq!(out[..], [SendRequest]);
        machine
    }

    fn at(machine: &mut NonInviteClient, ms: u64, event: ClientEvent) -> Vec<ClientAction> {
        let mut out = ClientActions::new();
        machine.on(Instant::from_millis(ms), event, &mut out);
        assert!(!out.spilled(), "a machine does not allocate");
        out.to_vec()
    }

    /// Runs its timers until it ends; when it repeated itself, and how it ended.
    fn let_run(machine: &mut NonInviteClient) -> (Vec<u64>, Vec<ClientAction>) {
        let mut sent = Vec::new();
        while let Some(next) = machine.poll_timeout().map(Instant::as_millis) {
            match at(machine, next, Timer)[..] {
                [RetransmitRequest] => sent.push(next),
                ref other => return (sent, other.to_vec()),
            }
        }
        (sent, Vec::new())
    }

    #[test]
    fn trying_retransmits_until_timer_f() {
        let (sent, end) = let_run(&mut start(Reliability::Unreliable));
        assert_eq!(sent, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500]);
        assert_eq!(end, [Timeout(Expiry::NoReply), Terminated]);
    }

    #[test]
    fn proceeding_retransmits_every_t2_until_timer_f() {
        let mut machine = start(Reliability::Unreliable);
        assert_eq!(at(&mut machine, 100, Reply(100)), [Pass(100)]);
        let (sent, end) = let_run(&mut machine);
        assert_eq!(sent, [500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500]);
        assert_eq!(end, [Timeout(Expiry::NoFinal), Terminated]);
    }

    #[test]
    fn reliable_transport_is_not_repeated() {
        let mut machine = start(Reliability::Reliable);
        assert_eq!(machine.poll_timeout(), Some(Instant::from_secs(30)));
        assert_eq!(at(&mut machine, 10, Reply(200)), [Pass(200), Terminated]);
    }

    #[test]
    fn proceeding_passes_further_provisionals() {
        let mut machine = start(Reliability::Unreliable);
        at(&mut machine, 100, Reply(100));
        assert_eq!(at(&mut machine, 200, Reply(182)), [Pass(182)]);
        assert_eq!(machine.state(), State::Proceeding);
    }

    #[test]
    fn trying_and_proceeding_complete_on_any_final() {
        for status in [200, 302, 404, 500, 603] {
            let mut machine = start(Reliability::Unreliable);
            assert_eq!(at(&mut machine, 10, Reply(status)), [Pass(status)]);
            assert_eq!(machine.state(), State::Completed);
        }
        let mut machine = start(Reliability::Unreliable);
        at(&mut machine, 5, Reply(100));
        assert_eq!(at(&mut machine, 10, Reply(200)), [Pass(200)]);
    }

    #[test]
    fn completed_absorbs_repetitions_until_timer_k() {
        let mut machine = start(Reliability::Unreliable);
        at(&mut machine, 10, Reply(200));
        assert_eq!(at(&mut machine, 500, Reply(200)), []);
        assert_eq!(at(&mut machine, 500, ClientEvent::TransportError), []);
        assert_eq!(at(&mut machine, 5_009, Timer), []);
        assert_eq!(at(&mut machine, 5_010, Timer), [Terminated]);
    }

    #[test]
    fn transport_error_ends_trying_and_proceeding() {
        assert_eq!(
            at(&mut start(Reliability::Unreliable), 1, ClientEvent::TransportError),
            [TransportError, Terminated]
        );
        let mut machine = start(Reliability::Unreliable);
        at(&mut machine, 1, Reply(100));
        assert_eq!(at(&mut machine, 2, ClientEvent::TransportError), [TransportError, Terminated]);
    }

    #[test]
    fn cannot_be_cancelled() {
        let mut machine = start(Reliability::Unreliable);
        assert_eq!(at(&mut machine, 1, Cancel), []);
        assert_eq!(machine.state(), State::Trying);
    }
}
