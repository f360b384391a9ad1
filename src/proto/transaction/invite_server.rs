//! INVITE server transaction: RFC 3261 figure 7 with the changes of RFC 6026 figure 5.
use super::timers::{Backoff, after, due, earlier};
use super::{Challenges, Reliability, ServerAction, ServerActions, ServerEvent, Timers};
use crate::base::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
    Terminated,
}

/// Is there a reply to repeat when the INVITE comes again?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Replied {
    Nothing,
    Something,
}

/// The side of an INVITE that faces the caller. The owner sends the 100 by `Reply(100)`, at once when `auto_100trying` is on.
#[derive(Clone, Copy, Debug)]
pub struct InviteServer {
    timers: Timers,
    reliability: Reliability,
    state: State,
    replied: Replied,
    /// Timer G; in Accepted, the repetition of a 2xx of our own.
    retransmit: Backoff,
    /// Timer H, I or L.
    end: Option<Instant>,
}

impl InviteServer {
    /// The owner passes the INVITE itself to the script.
    pub fn new(timers: Timers, reliability: Reliability) -> InviteServer {
        InviteServer {
            timers,
            reliability,
            state: State::Proceeding,
            replied: Replied::Nothing,
            retransmit: Backoff::STOPPED,
            end: None,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        earlier(self.retransmit.deadline(), self.end)
    }

    pub fn on(&mut self, now: Instant, event: ServerEvent, out: &mut ServerActions) {
        use ServerEvent::{Ack, LocalReply, Reply, Request, Timer, TransportError};
        match (self.state, event) {
            (State::Proceeding, Request) => {
                if self.replied == Replied::Something {
                    out.push(ServerAction::RetransmitReply);
                }
            }
            (State::Proceeding, Reply(status @ 100..=199) | LocalReply(status @ 100..=199)) => {
                self.replied = Replied::Something;
                out.push(ServerAction::SendReply(status));
            }
            // RFC 6026 7.1: whoever made a relayed 2xx repeats it.
            (State::Proceeding, Reply(status @ 200..=299)) => {
                out.push(ServerAction::SendReply(status));
                self.accept(now, Backoff::STOPPED);
            }
            (State::Proceeding, LocalReply(status @ 200..=299)) => {
                out.push(ServerAction::SendReply(status));
                self.accept(now, Backoff::start_always(now, &self.timers));
            }
            (State::Proceeding, Reply(status @ 300..=699) | LocalReply(status @ 300..=699)) => {
                out.push(ServerAction::SendReply(status));
                self.refuse(now, status);
            }
            (State::Completed, Request) => out.push(ServerAction::RetransmitReply),
            (State::Completed, Ack) => self.confirm(now, out),
            (State::Completed | State::Accepted, Timer) if due(self.end, now) => self.unacknowledged(out),
            (State::Completed | State::Accepted, Timer) => {
                if self.retransmit.fires(now) {
                    out.push(ServerAction::RetransmitReply);
                }
            }
            // Timer I
            (State::Confirmed, Timer) if due(self.end, now) => self.terminate(out),
            // RFC 6026 7.1: further 2xx, of forks or repeated, pass; the INVITE's repetitions do not.
            (State::Accepted, Reply(status @ 200..=299) | LocalReply(status @ 200..=299)) => {
                out.push(ServerAction::SendReply(status));
            }
            (State::Accepted, Ack) => {
                self.retransmit.stop();
                out.push(ServerAction::PassAck);
            }
            // RFC 6026 7.1: the peer may come back by another path, so the state stays.
            (State::Proceeding | State::Completed | State::Accepted, TransportError) => {
                out.push(ServerAction::TransportError);
            }
            (State::Proceeding, Timer | Ack)
            | (State::Confirmed, Request | Ack | Timer | TransportError)
            | (State::Accepted, Request)
            | (State::Proceeding | State::Completed | State::Confirmed | State::Accepted, Reply(_) | LocalReply(_))
            | (State::Terminated, _) => {}
        }
    }

    fn accept(&mut self, now: Instant, retransmit: Backoff) {
        self.state = State::Accepted;
        self.retransmit = retransmit;
        self.end = after(now, self.timers.linger);
    }

    fn refuse(&mut self, now: Instant, status: u16) {
        self.state = State::Completed;
        if matches!(status, 401 | 407) && self.timers.challenges == Challenges::SendOnce {
            self.end = after(now, self.timers.wt);
            return;
        }
        self.retransmit = Backoff::start(now, &self.timers, self.reliability);
        self.end = after(now, self.timers.linger);
    }

    fn confirm(&mut self, now: Instant, out: &mut ServerActions) {
        self.state = State::Confirmed;
        self.retransmit.stop();
        match self.reliability {
            Reliability::Unreliable => self.end = after(now, self.timers.wt),
            Reliability::Reliable => self.terminate(out),
        }
    }

    /// Timers H and L. A relayed 2xx is acknowledged end to end, so its silence means nothing.
    fn unacknowledged(&mut self, out: &mut ServerActions) {
        if self.state == State::Completed || self.retransmit.deadline().is_some() {
            out.push(ServerAction::NoAck);
        }
        self.terminate(out);
    }

    fn terminate(&mut self, out: &mut ServerActions) {
        self.state = State::Terminated;
        self.retransmit.stop();
        self.end = None;
        out.push(ServerAction::Terminated);
    }
}

#[cfg(test)]
mod tests {
    use super::ServerAction::*;
    use super::ServerEvent::{Ack, LocalReply, Reply, Request, Timer};
    use super::*;

    fn udp() -> InviteServer {
        InviteServer::new(Timers::default(), Reliability::Unreliable)
    }

    fn at(machine: &mut InviteServer, ms: u64, event: ServerEvent) -> Vec<ServerAction> {
        let mut out = ServerActions::new();
        machine.on(Instant::from_millis(ms), event, &mut out);
        assert!(!out.spilled(), "a machine does not allocate");
        out.to_vec()
    }

    fn let_run(machine: &mut InviteServer) -> (Vec<u64>, Vec<ServerAction>) {
        let mut sent = Vec::new();
        while let Some(next) = machine.poll_timeout().map(Instant::as_millis) {
            match at(machine, next, Timer)[..] {
                [RetransmitReply] => sent.push(next),
                ref other => return (sent, other.to_vec()),
            }
        }
        (sent, Vec::new())
    }

    #[test]
    fn repeated_invite_gets_the_latest_provisional() {
        let mut machine = udp();
        assert_eq!(at(&mut machine, 1, Request), []);
        assert_eq!(at(&mut machine, 2, Reply(100)), [SendReply(100)]);
        assert_eq!(at(&mut machine, 500, Request), [RetransmitReply]);
        assert_eq!(at(&mut machine, 600, Reply(180)), [SendReply(180)]);
        assert_eq!(machine.poll_timeout(), None);
    }

    #[test]
    fn proceeding_survives_a_transport_error() {
        let mut machine = udp();
        assert_eq!(at(&mut machine, 1, ServerEvent::TransportError), [TransportError]);
        assert_eq!(machine.state(), State::Proceeding);
    }

    #[test]
    fn refusal_is_retransmitted_until_ack() {
        let mut machine = udp();
        assert_eq!(at(&mut machine, 0, Reply(486)), [SendReply(486)]);
        assert_eq!(at(&mut machine, 500, Timer), [RetransmitReply]);
        assert_eq!(at(&mut machine, 1_500, Timer), [RetransmitReply]);
        assert_eq!(at(&mut machine, 1_600, Request), [RetransmitReply]);
        assert_eq!(at(&mut machine, 1_700, Ack), []);
        assert_eq!(machine.state(), State::Confirmed);
        assert_eq!(machine.poll_timeout(), Some(Instant::from_millis(6_700)));
    }

    #[test]
    fn refusal_without_ack_ends_with_timer_h() {
        let mut machine = udp();
        at(&mut machine, 0, Reply(486));
        let (sent, end) = let_run(&mut machine);
        assert_eq!(sent, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
        assert_eq!(end, [NoAck, Terminated]);
    }

    #[test]
    fn completed_survives_a_transport_error_and_ignores_further_replies() {
        let mut machine = udp();
        at(&mut machine, 0, Reply(486));
        assert_eq!(at(&mut machine, 1, ServerEvent::TransportError), [TransportError]);
        assert_eq!(at(&mut machine, 2, Reply(200)), []);
        assert_eq!(machine.state(), State::Completed);
    }

    #[test]
    fn confirmed_absorbs_everything_until_timer_i() {
        let mut machine = udp();
        at(&mut machine, 0, Reply(486));
        at(&mut machine, 100, Ack);
        assert_eq!(at(&mut machine, 200, Ack), []);
        assert_eq!(at(&mut machine, 200, Request), []);
        assert_eq!(at(&mut machine, 5_100, Timer), [Terminated]);
        assert_eq!(at(&mut machine, 5_200, Request), []);
    }

    #[test]
    fn reliable_transport_neither_repeats_nor_lingers() {
        let mut machine = InviteServer::new(Timers::default(), Reliability::Reliable);
        at(&mut machine, 0, Reply(486));
        assert_eq!(machine.poll_timeout(), Some(Instant::from_secs(32)));
        assert_eq!(at(&mut machine, 100, Ack), [Terminated]);
    }

    #[test]
    fn relayed_2xx_is_not_repeated_here() {
        let mut machine = udp();
        assert_eq!(at(&mut machine, 0, Reply(200)), [SendReply(200)]);
        assert_eq!(machine.poll_timeout(), Some(Instant::from_secs(32)));
        assert_eq!(at(&mut machine, 500, Request), []);
        assert_eq!(at(&mut machine, 600, Reply(200)), [SendReply(200)]);
        assert_eq!(at(&mut machine, 650, Reply(486)), []);
        assert_eq!(at(&mut machine, 700, ServerEvent::TransportError), [TransportError]);
        assert_eq!(at(&mut machine, 800, Ack), [PassAck]);
        assert_eq!(at(&mut machine, 32_000, Timer), [Terminated]);
    }

    #[test]
    fn local_2xx_is_repeated_until_ack_on_any_transport() {
        let mut machine = InviteServer::new(Timers::default(), Reliability::Reliable);
        assert_eq!(at(&mut machine, 0, LocalReply(200)), [SendReply(200)]);
        assert_eq!(at(&mut machine, 500, Timer), [RetransmitReply]);
        assert_eq!(at(&mut machine, 600, Ack), [PassAck]);
        assert_eq!(machine.poll_timeout(), Some(Instant::from_secs(32)));
        assert_eq!(at(&mut machine, 32_000, Timer), [Terminated]);
    }

    #[test]
    fn local_2xx_without_ack_is_reported() {
        let mut machine = udp();
        at(&mut machine, 0, LocalReply(200));
        assert_eq!(let_run(&mut machine).1, [NoAck, Terminated]);
    }

    #[test]
    fn challenges_can_be_sent_once() {
        let once = Timers { challenges: Challenges::SendOnce, ..Timers::default() };
        let mut machine = InviteServer::new(once, Reliability::Unreliable);
        assert_eq!(at(&mut machine, 0, Reply(407)), [SendReply(407)]);
        assert_eq!(machine.poll_timeout(), Some(Instant::from_secs(5)));

        let mut machine = udp();
        at(&mut machine, 0, Reply(407));
        assert_eq!(machine.poll_timeout(), Some(Instant::from_millis(500)));
    }
}
