//! Time zones: that of the server, or one by name.
use crate::modules::core::calendar::Civil;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

#[derive(Clone, Debug)]
pub enum Zone {
    /// The server's: seconds east of UTC at a time.
    Local(fn(u64) -> i32),
    Named(TimeZone),
}

impl Zone {
    /// A name of the tz database (`Europe/Bucharest`) or what POSIX takes for one (`EST5EDT,M3.2.0,M11.1.0`).
    pub fn named(name: &str) -> Option<Zone> {
        let known = TimeZoneDatabase::bundled().get(name).ok();
        known.or_else(|| TimeZone::posix(name).ok()).map(Zone::Named)
    }

    /// Seconds east of UTC at a time.
    pub fn offset(&self, unix: i64) -> i32 {
        match self {
            Zone::Local(offset) => offset(u64::try_from(unix).unwrap_or_default()),
            Zone::Named(zone) => Timestamp::from_second(unix).map_or(0, |at| zone.to_offset(at).seconds()),
        }
    }

    pub fn civil(&self, unix: i64) -> Civil {
        Civil::new(u64::try_from(unix).unwrap_or_default(), self.offset(unix))
    }

    /// The time whose local clock shows `local` seconds since 1970.
    pub fn unix(&self, local: i64) -> i64 {
        let guess = local - i64::from(self.offset(local));
        local - i64::from(self.offset(guess))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_names_and_summers() {
        let paris = Zone::named("Europe/Paris").expect("a known zone");
        assert_eq!((paris.offset(1_700_000_000), paris.offset(1_690_000_000)), (3600, 7200));
        assert_eq!(paris.unix(1_690_000_000 + 7200), 1_690_000_000);
        let posix = Zone::named("EST5EDT,M3.2.0,M11.1.0").expect("a zone in POSIX's notation");
        assert_eq!(posix.offset(1_700_000_000), -5 * 3600);
        assert!(Zone::named("Europe/Atlantis").is_none());
    }
}
