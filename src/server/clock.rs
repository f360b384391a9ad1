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

/// Seconds east of UTC at a time, in the time zone of the process.
pub fn utc_offset(unix: u64) -> i32 {
    let Ok(time) = libc::time_t::try_from(unix) else { return 0 };
    // SAFETY: `localtime_r` fills the given struct, or fails and leaves it as it is.
    let parts = unsafe {
        let mut parts: libc::tm = std::mem::zeroed();
        libc::localtime_r(&time, &mut parts);
        parts
    };
    i32::try_from(parts.tm_gmtoff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_less_than_a_day() {
        for unix in [0, 1_700_000_000, 1_720_000_000] {
            assert!(utc_offset(unix).abs() < 86_400);
        }
        assert_eq!(utc_offset(u64::MAX), 0);
    }
}
