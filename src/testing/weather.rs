//! What the network does to datagrams: loss, repetition, delay. Drawn from a seed, so that a run repeats itself.
use crate::base::IdGen;
use smallvec::SmallVec;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Of a thousand datagrams, so many are lost.
    pub loss: u64,
    /// Of a thousand datagrams, so many come twice.
    pub duplicate: u64,
    pub delay: Duration,
    /// Up to so much is added to `delay`, for each datagram apart: they overtake each other.
    pub jitter: Duration,
}

impl Weather {
    /// Everything arrives, once, in order, after a millisecond.
    pub const FAIR: Weather =
        Weather { loss: 0, duplicate: 0, delay: Duration::from_millis(1), jitter: Duration::ZERO };

    /// A fifth is lost, a tenth comes twice, and the order is anybody's guess.
    pub const STORM: Weather =
        Weather { loss: 200, duplicate: 100, delay: Duration::from_millis(5), jitter: Duration::from_millis(60) };

    /// When the copies of one datagram arrive, counted from now; none when it is lost.
    pub fn copies(&self, lot: &mut IdGen) -> SmallVec<[Duration; 2]> {
        let mut copies = SmallVec::new();
        if lot.below(1000) >= self.loss {
            copies.push(self.travel(lot));
            if lot.below(1000) < self.duplicate {
                copies.push(self.travel(lot));
            }
        }
        copies
    }

    fn travel(&self, lot: &mut IdGen) -> Duration {
        let jitter = u64::try_from(self.jitter.as_micros()).unwrap_or(u64::MAX);
        self.delay + Duration::from_micros(lot.below(jitter.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_loses_and_repeats_about_what_it_says() {
        let mut lot = IdGen::new(1);
        let fates: Vec<usize> = (0..10_000).map(|_| Weather::STORM.copies(&mut lot).len()).collect();
        let share = |n| fates.iter().filter(|f| **f == n).count();
        assert!((1_800..2_200).contains(&share(0)), "{}", share(0));
        assert!((650..950).contains(&share(2)), "{}", share(2));
    }

    #[test]
    fn fair_weather_keeps_the_order() {
        let mut lot = IdGen::new(2);
        assert!((0..100).all(|_| Weather::FAIR.copies(&mut lot)[..] == [Duration::from_millis(1)]));
    }
}
