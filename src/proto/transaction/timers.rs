//! How long each state lasts: the script's `tm` parameters and what RFC 3261 derives from T1, T2 and T4.
use crate::base::Instant;
use crate::sip::Transport;
use std::time::Duration;

/// Does the transport repeat lost messages itself? Then the machine does not, and the lingering states last no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reliability {
    Unreliable,
    Reliable,
}

impl From<Transport> for Reliability {
    fn from(transport: Transport) -> Reliability {
        if transport.is_reliable() { Reliability::Reliable } else { Reliability::Unreliable }
    }
}

/// `restart_fr_on_each_reply`: does every provisional give an INVITE branch another `fr_inv`?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrRestart {
    OnEachReply,
    OnFirstReply,
}

/// Is a 401 or 407 to an INVITE repeated until its ACK, as RFC 3261 17.2.1 wants? OpenSIPS since 5.3 of its `tm` does not,
/// trusting the client to repeat its INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenges {
    RepeatUntilAck,
    SendOnce,
}

/// Milliseconds, but for the two choices. Small and `Copy`: every machine carries its own, so that `$T_fr_timeout` can
/// differ from transaction to transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// First retransmission interval.
    pub t1: u32,
    /// Longest retransmission interval. As in OpenSIPS it bounds those of INVITE requests too.
    pub t2: u32,
    /// `fr_timeout`: no reply at all, or no final reply outside INVITE (in place of timers B and F).
    pub fr: u32,
    /// `fr_inv_timeout`: INVITE, after the first provisional (timer C).
    pub fr_inv: u32,
    pub fr_restart: FrRestart,
    /// `wt_timer`: late messages after the end of an exchange. Timers I and K, T4 in the RFC, and, as in OpenSIPS, timer J,
    /// which the RFC gives 64*T1.
    pub wt: u32,
    /// `delete_timer`: how long the owner keeps a terminated record. The machines do not use it.
    pub delete: u32,
    /// 64*T1: timers D, H, L and M, and how long a cancelled INVITE may stay silent.
    pub linger: u32,
    pub challenges: Challenges,
}

impl Timers {
    /// With `linger` recomputed for another T1.
    pub const fn with_t1(self, t1: u32) -> Timers {
        Timers { t1, linger: t1.saturating_mul(64), ..self }
    }
}

impl Default for Timers {
    /// The defaults of OpenSIPS's `tm` and of RFC 3261.
    fn default() -> Timers {
        Timers {
            t1: 500,
            t2: 4_000,
            fr: 30_000,
            fr_inv: 120_000,
            fr_restart: FrRestart::OnEachReply,
            wt: 5_000,
            delete: 2_000,
            linger: 32_000,
            challenges: Challenges::RepeatUntilAck,
        }
    }
}

/// `ms` milliseconds after `now`.
pub(super) fn after(now: Instant, ms: u32) -> Option<Instant> {
    Some(now + Duration::from_millis(u64::from(ms)))
}

pub(super) fn due(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|at| at <= now)
}

/// The earlier of two deadlines.
pub(super) fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    a.into_iter().chain(b).min()
}

/// A retransmission clock: T1, 2*T1, 4*T1 ... up to T2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    interval: u32,
    cap: u32,
    at: Option<Instant>,
}

impl Backoff {
    pub const STOPPED: Backoff = Backoff { interval: 0, cap: 0, at: None };

    /// Does not run over a reliable transport.
    pub fn start(now: Instant, timers: &Timers, reliability: Reliability) -> Backoff {
        match reliability {
            Reliability::Unreliable => Backoff::start_always(now, timers),
            Reliability::Reliable => Backoff::STOPPED,
        }
    }

    pub fn start_always(now: Instant, timers: &Timers) -> Backoff {
        let interval = timers.t1.min(timers.t2).max(1);
        Backoff { interval, cap: timers.t2.max(1), at: after(now, interval) }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.at
    }

    pub fn stop(&mut self) {
        *self = Backoff::STOPPED;
    }

    /// From here on every `cap` (RFC 3261 17.1.2.2: after a provisional, timer E is T2).
    pub fn slow_down(&mut self) {
        self.interval = self.cap;
    }

    /// True when a retransmission is due; the next one is then already set.
    pub fn fires(&mut self, now: Instant) -> bool {
        if !due(self.at, now) {
            return false;
        }
        self.interval = self.interval.saturating_mul(2).min(self.cap);
        self.at = after(now, self.interval);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_t2() {
        let mut backoff = Backoff::start(Instant::ZERO, &Timers::default(), Reliability::Unreliable);
        let mut seen = Vec::new();
        while let Some(at) = backoff.deadline().filter(|at| *at < Instant::from_secs(20)) {
            assert!(backoff.fires(at));
            seen.push(at.as_millis());
        }
        assert_eq!(seen, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500]);
    }

    #[test]
    fn backoff_rests_on_a_reliable_transport() {
        let backoff = Backoff::start(Instant::ZERO, &Timers::default(), Reliability::Reliable);
        assert_eq!(backoff.deadline(), None);
    }

    #[test]
    fn backoff_does_not_fire_early() {
        let mut backoff = Backoff::start(Instant::ZERO, &Timers::default(), Reliability::Unreliable);
        assert!(!backoff.fires(Instant::from_millis(499)));
        assert!(backoff.fires(Instant::from_millis(500)));
    }

    #[test]
    fn linger_follows_t1() {
        assert_eq!(Timers::default().with_t1(100).linger, 6_400);
    }
}
