//! Time as an argument: engines are told what time it is and never ask.
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// Microseconds on a monotonic clock whose zero is the start of the process or of a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    pub const ZERO: Instant = Instant(0);

    pub const fn from_millis(ms: u64) -> Self {
        Instant(ms * 1_000)
    }

    pub const fn from_secs(s: u64) -> Self {
        Instant(s * 1_000_000)
    }

    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Zero when `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, d: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(d.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, d: Duration) {
        *self = *self + d;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.since(earlier)
    }
}

/// One reading of both clocks, taken when an event enters the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    pub mono: Instant,
    /// Microseconds since 1970-01-01 UTC.
    pub unix_us: u64,
}

impl Now {
    pub const fn unix_secs(self) -> u64 {
        self.unix_us / 1_000_000
    }

    /// Microseconds within the second.
    pub const fn subsec_us(self) -> u64 {
        self.unix_us % 1_000_000
    }

    /// The wall-clock time of another reading of the monotonic clock.
    pub fn unix_us_at(self, at: Instant) -> u64 {
        if at >= self.mono {
            self.unix_us.saturating_add(at.0 - self.mono.0)
        } else {
            self.unix_us.saturating_sub(self.mono.0 - at.0)
        }
    }
}
