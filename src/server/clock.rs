//! The two clocks, read once for every event.
use crate::base::{Instant, Now};
use std::time::{SystemTime, UNIX_EPOCH};

/// Zero of the monotonic clock is the start of the process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    pub fn start() -> Clock {
        Clock { start: std::time::Instant::now() }
    }

    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { mono: Instant(self.start.elapsed().as_micros() as u64), unix_us: unix.as_micros() as u64 }
    }
}
