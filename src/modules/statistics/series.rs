//! Series: values of the last so many seconds, in slots of time, added up, averaged or as a share.
use crate::base::Str;
use std::time::Duration;

/// How values become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Accumulate,
    Average,
    /// The share of positive values in the sum of all, without their signs.
    Percentage,
}

impl Algorithm {
    const NAMED: [(&str, Algorithm); 3] =
        [("accumulate", Algorithm::Accumulate), ("average", Algorithm::Average), ("percentage", Algorithm::Percentage)];
}

/// `name: [attribute=value]...`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub group: String,
    pub algorithm: Algorithm,
    pub window: Duration,
    pub slots: usize,
    /// What all is, of a percentage.
    pub factor: i64,
}

/// More slots are of no use to anybody.
const MOST_SLOTS: u32 = 100_000;

/// A week.
const LONGEST_WINDOW: u32 = 7 * 24 * 3600;

impl Profile {
    pub fn parse(text: &[u8]) -> Result<Profile, String> {
        let text = std::str::from_utf8(text).map_err(|_| "a profile is text")?;
        let (name, attributes) = text.split_once(':').unwrap_or((text, ""));
        let name = name.trim();
        if name.is_empty() {
            return Err("a profile needs a name: `name: attribute=value ...`".to_owned());
        }
        let mut profile = Profile {
            name: name.to_owned(),
            group: name.to_owned(),
            algorithm: Algorithm::Accumulate,
            window: Duration::from_secs(60),
            slots: 0,
            factor: 100,
        };
        for attribute in attributes.split_ascii_whitespace() {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            profile.set(key, value);
        }
        if profile.window.is_zero() {
            return Err("a window is a second or more".to_owned());
        }
        if profile.slots == 0 {
            profile.slots = profile.window.as_secs() as usize;
        }
        Ok(profile)
    }

    /// What cannot be read, or is no attribute, leaves the profile as it is: a start goes on. `hash_size` is one too; the
    /// table grows as it has to.
    fn set(&mut self, key: &str, value: &str) {
        let number = |most: u32| value.parse::<u32>().ok().map(|n| n.min(most));
        match key.to_ascii_lowercase().as_str() {
            "group" if !value.is_empty() => value.clone_into(&mut self.group),
            "algorithm" => {
                let found = Algorithm::NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
                self.algorithm = found.map_or(self.algorithm, |(_, algorithm)| *algorithm);
            }
            "window" => {
                self.window = number(LONGEST_WINDOW).map_or(self.window, |seconds| Duration::from_secs(seconds.into()));
            }
            "slots" => self.slots = number(MOST_SLOTS).map_or(self.slots, |slots| slots as usize),
            "percentage_factor" => {
                let power = number(1_000_000_000).filter(|n| n.to_string().trim_end_matches('0') == "1");
                self.factor = power.map_or(self.factor, i64::from);
            }
            _ => {}
        }
    }
}

/// The values of one statistic. Times are microseconds since 1970.
#[derive(Debug)]
pub struct Series {
    pub name: Str,
    slots: Box<[Sums]>,
    all: Sums,
    /// Number of the slot written last, counted from 1970.
    last: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// Of positive values, and of all where signs count.
    sum: i64,
    /// Of negative values without their sign, where they stand apart.
    against: i64,
    count: i64,
}

impl Series {
    pub fn new(profile: &Profile, name: Str) -> Series {
        Series { name, slots: vec![Sums::default(); profile.slots.max(1)].into(), all: Sums::default(), last: 0 }
    }

    pub fn add(&mut self, profile: &Profile, now_us: u64, value: i32) {
        self.advance(profile, now_us);
        let value = i64::from(value);
        let added = match profile.algorithm {
            Algorithm::Percentage if value <= 0 => Sums { sum: 0, against: -value, count: 1 },
            _ => Sums { sum: value, against: 0, count: 1 },
        };
        let at = (self.last % self.slots.len() as u64) as usize;
        if let Some(slot) = self.slots.get_mut(at) {
            slot.add(added);
            self.all.add(added);
        }
    }

    pub fn value(&mut self, profile: &Profile, now_us: u64) -> i64 {
        self.advance(profile, now_us);
        let Sums { sum, against, count } = self.all;
        match profile.algorithm {
            Algorithm::Accumulate => sum,
            Algorithm::Average => sum.checked_div(count).unwrap_or(0),
            Algorithm::Percentage => sum.saturating_mul(profile.factor).checked_div(sum + against).unwrap_or(0),
        }
    }

    /// Forgets the slots whose time came round again.
    fn advance(&mut self, profile: &Profile, now_us: u64) {
        let length = (profile.window.as_micros() as u64 / self.slots.len() as u64).max(1);
        let now = now_us / length;
        let passed = now.saturating_sub(self.last).min(self.slots.len() as u64);
        for n in 0..passed {
            let at = ((now - n) % self.slots.len() as u64) as usize;
            if let Some(slot) = self.slots.get_mut(at) {
                self.all.take(std::mem::take(slot));
            }
        }
        self.last = self.last.max(now);
    }
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.sum = self.sum.saturating_add(other.sum);
        self.against = self.against.saturating_add(other.against);
        self.count += other.count;
    }

    fn take(&mut self, other: Sums) {
        self.sum = self.sum.saturating_sub(other.sum);
        self.against = self.against.saturating_sub(other.against);
        self.count -= other.count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000;

    /// Values at seconds after the start, and what the series is worth at the last second.
    fn check(profile: &str, values: &[(u64, i32)], at: u64, expected: i64) {
        let profile = Profile::parse(profile.as_bytes()).expect("a profile");
        let mut series = Series::new(&profile, "s".into());
        for (second, value) in values {
            series.add(&profile, (START + second) * 1_000_000, *value);
        }
        assert_eq!(series.value(&profile, (START + at) * 1_000_000), expected, "{profile:?}");
    }

    #[test]
    fn values_leave_after_the_window() {
        let values = [(0, 5), (1, -2), (9, 10)];
        check("p: window=10", &values, 9, 13);
        check("p: window=10", &values, 10, 8);
        check("p: window=10", &values, 11, 10);
        check("p: window=10", &values, 19, 0);
        check("p: window=10", &values, 100_000, 0);
    }

    #[test]
    fn values_are_averaged_or_counted_against_each_other() {
        let values = [(0, 10), (1, 20), (2, -3)];
        check("p: algorithm=average", &values, 2, 9);
        check("p: algorithm=average", &[], 2, 0);
        check("p: algorithm=percentage", &[(0, 1), (0, 1), (1, -1), (2, -1)], 2, 50);
        check("p: algorithm=Percentage percentage_factor=1000", &[(0, 1), (1, -2)], 2, 333);
    }

    #[test]
    fn slots_are_coarser_than_seconds() {
        let values = [(0, 1), (299, 1)];
        check("p: window=600 slots=2", &values, 300, 2);
        check("p: window=600 slots=2", &values, 1200, 0);
    }

    #[test]
    fn a_profile_is_read_or_says_what_is_wrong() {
        let profile = Profile::parse(b" asr : group=g window=3600  slots=6 hash_size=3").expect("a profile");
        assert_eq!((profile.name.as_str(), profile.group.as_str(), profile.slots), ("asr", "g", 6));
        for bad in ["", ": window=1", "p: window=0"] {
            assert!(Profile::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_a_profile_as_it_is() {
        let plain = Profile::parse(b"p").expect("a profile");
        for attribute in ["window", "window=x", "algorithm=max", "colour=red", "percentage_factor=20", "slots=0"] {
            assert_eq!(Profile::parse(format!("p: {attribute}").as_bytes()), Ok(plain.clone()), "{attribute}");
        }
    }
}
