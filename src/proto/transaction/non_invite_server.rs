//! Non-INVITE server transaction: RFC 3261 figure 8.
use super::timers::{after, due};
use super::{Reliability, ServerAction, ServerActions, ServerEvent, Timers};
use crate::base::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Trying,
    Proceeding,
    Completed,
    Terminated,
}

/// The side of any request but INVITE and ACK that faces its sender.
#[derive(Clone, Copy, Debug)]
pub struct NonInviteServer {
    timers: Timers,
    reliability: Reliability,
    state: State,
    /// Timer J.
    end: Option<Instant>,
}

impl NonInviteServer {
    /// The owner passes the request itself to the script.
    pub fn new(timers: Timers, reliability: Reliability) -> NonInviteServer {
        NonInviteServer { timers, reliability, state: State::Trying, end: None }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.end
    }

    pub fn on(&mut self, now: Instant, event: ServerEvent, out: &mut ServerActions) {
        use ServerEvent::{Ack, LocalReply, Reply, Request, Timer, TransportError};
        match (self.state, event) {
            (State::Trying | State::Proceeding, Reply(status @ 100..=199) | LocalReply(status @ 100..=199)) => {
                self.state = State::Proceeding;
                out.push(ServerAction::SendReply(status));
            }
            (State::Trying | State::Proceeding, Reply(status @ 200..=699) | LocalReply(status @ 200..=699)) => {
                out.push(ServerAction::SendReply(status));
                self.complete(now, out);
            }
            (State::Proceeding | State::Completed, Request) => out.push(ServerAction::RetransmitReply),
            (State::Proceeding | State::Completed, TransportError) => {
                out.push(ServerAction::TransportError);
                self.terminate(out);
            }
            // Timer J
            (State::Completed, Timer) if due(self.end, now) => self.terminate(out),
            // RFC 3261 17.2.2: in Trying a repeated request is dropped; in Completed further replies are.
            (State::Trying, Request | TransportError)
            | (State::Trying | State::Proceeding | State::Completed, Timer | Ack | Reply(_) | LocalReply(_))
            | (State::Terminated, _) => {}
        }
    }

    fn complete(&mut self, now: Instant, out: &mut ServerActions) {
        match self.reliability {
            Reliability::Unreliable => {
                self.state = State::Completed;
                self.end = after(now, self.timers.wt);
            }
            Reliability::Reliable => self.terminate(out),
        }
    }

    fn terminate(&mut self, out: &mut ServerActions) {
        self.state = State::Terminated;
        self.end = None;
        out.push(ServerAction::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::ServerAction::*;
    use super::ServerEvent::{Ack, Reply, Request, Timer};
    use super::*;

    fn udp() -> NonInviteServer {
        NonInviteServer::new(Timers::default(), Reliability::Unreliable)
    }

    fn at(machine: &mut NonInviteServer, ms: u64, event: ServerEvent) -> Vec<ServerAction> {
        let mut out = ServerActions::new();
        machine.on(Instant::from_millis(ms), event, &mut out);
        assert!(!out.spilled(), "a machine does not allocate");
        out.to_vec()
    }

    #[test]
    fn trying_absorbs_repetitions() {
        let mut machine = udp();
        assert_eq!(at(&mut machine, 500, Request), []);
        assert_eq!(at(&mut machine, 600, Ack), []);
        assert_eq!(machine.poll_timeout(), None);
    }

    #[test]
    fn proceeding_repeats_its_provisional() {
        let mut machine = udp();
        assert_eq!(at(&mut machine, 100, Reply(100)), [SendReply(100)]);
        assert_eq!(at(&mut machine, 500, Request), [RetransmitReply]);
        assert_eq!(at(&mut machine, 600, Reply(183)), [SendReply(183)]);
    }

    #[test]
    fn trying_and_proceeding_complete_on_any_final() {
        for status in [200, 302, 404, 500, 603] {
            let mut machine = udp();
            assert_eq!(at(&mut machine, 0, Reply(status)), [SendReply(status)]);
            assert_eq!(machine.state(), State::Completed);
        }
        let mut machine = udp();
        at(&mut machine, 0, Reply(100));
        assert_eq!(at(&mut machine, 1, Reply(200)), [SendReply(200)]);
        assert_eq!(machine.state(), State::Completed);
    }

    #[test]
    fn completed_repeats_its_final_until_timer_j() {
        let mut machine = udp();
        at(&mut machine, 0, Reply(200));
        assert_eq!(at(&mut machine, 500, Request), [RetransmitReply]);
        assert_eq!(at(&mut machine, 600, Reply(404)), []);
        assert_eq!(at(&mut machine, 4_999, Timer), []);
        assert_eq!(at(&mut machine, 5_000, Timer), [Terminated]);
        assert_eq!(at(&mut machine, 5_001, Request), []);
    }

    #[test]
    fn reliable_transport_does_not_linger() {
        let mut machine = NonInviteServer::new(Timers::default(), Reliability::Reliable);
        assert_eq!(at(&mut machine, 0, Reply(200)), [SendReply(200), Terminated]);
    }

    #[test]
    fn transport_error_ends_what_has_been_answered() {
        let mut machine = udp();
        at(&mut machine, 0, Reply(100));
        assert_eq!(at(&mut machine, 1, ServerEvent::TransportError), [TransportError, Terminated]);
        let mut machine = udp();
        at(&mut machine, 0, Reply(200));
        assert_eq!(at(&mut machine, 1, ServerEvent::TransportError), [TransportError, Terminated]);
    }
}
