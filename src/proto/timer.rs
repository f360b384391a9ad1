//! A worker's timers: a hierarchical wheel with a granularity of one millisecond.
//!
//! There is no cancel: what is armed carries the id and generation of its owner, who ignores what has gone stale. Arming is
//! O(1); a timer moves down at most `LEVELS` times before it fires. Ten levels of 64 slots cover every `Instant`.
use crate::base::Instant;

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = 10;

/// Level `n` has slots of `64^n` milliseconds. An entry lies on the level of the highest digit (base 64) in which its
/// tick differs from `tick`, in the slot of that digit; so it moves down exactly when the wheel reaches its slot.
#[derive(Debug)]
pub struct Wheel<T> {
    levels: Vec<Level<T>>,
    /// The last millisecond that was expired.
    tick: u64,
    len: usize,
}

#[derive(Debug)]
struct Level<T> {
    slots: Vec<Vec<Entry<T>>>,
    /// A bit for each slot that is not empty.
    occupied: u64,
}

#[derive(Debug)]
struct Entry<T> {
    tick: u64,
    value: T,
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Wheel::new(Instant::ZERO)
    }
}

impl<T> Wheel<T> {
    pub fn new(now: Instant) -> Wheel<T> {
        let level = || Level { slots: (0..SLOTS).map(|_| Vec::new()).collect(), occupied: 0 };
        Wheel { levels: (0..LEVELS).map(|_| level()).collect(), tick: now.as_millis(), len: 0 }
    }

    /// Entries armed and not yet expired, stale ones included.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Hands `value` out by the first `expire` at or after `at`, rounded up to a millisecond. What is overdue comes with the next.
    pub fn arm(&mut self, at: Instant, value: T) {
        let tick = at.0.div_ceil(1_000).max(self.tick);
        self.len += 1;
        self.place(Entry { tick, value });
    }

    /// When to call `expire` next: never later than the earliest entry, earlier when entries have to move down first.
    pub fn next(&self) -> Option<Instant> {
        let (_, _, tick) = self.next_slot()?;
        Some(Instant(tick.saturating_mul(1_000)))
    }

    /// Hands out everything due, by millisecond, within one in the order of arming.
    pub fn expire(&mut self, now: Instant, fire: &mut impl FnMut(T)) {
        let until = now.as_millis();
        while let Some((level, slot, tick)) = self.next_slot().filter(|&(_, _, tick)| tick <= until) {
            self.tick = tick;
            self.empty_slot(level, slot, fire);
        }
        self.tick = self.tick.max(until);
    }

    /// The first occupied slot and the tick at which it begins. Slots behind the wheel are empty, and a lower level comes first.
    fn next_slot(&self) -> Option<(usize, usize, u64)> {
        let (level, occupied) =
            self.levels.iter().map(|level| level.occupied).enumerate().find(|&(_, occupied)| occupied != 0)?;
        let slot = occupied.trailing_zeros();
        let shift = BITS * level as u32;
        let above = self.tick >> shift >> BITS << BITS << shift;
        let start = above | (u64::from(slot) << shift);
        Some((level, slot as usize, start.max(self.tick)))
    }

    fn empty_slot(&mut self, level: usize, slot: usize, fire: &mut impl FnMut(T)) {
        let Some(from) = self.levels.get_mut(level) else { return };
        from.occupied &= !(1 << slot);
        let Some(place) = from.slots.get_mut(slot) else { return };
        let mut entries = std::mem::take(place);
        for entry in entries.drain(..) {
            if entry.tick <= self.tick {
                self.len -= 1;
                fire(entry.value);
            } else {
                self.place(entry);
            }
        }
        self.keep_room(level, slot, entries);
    }

    /// Gives the emptied slot its allocation back.
    fn keep_room(&mut self, level: usize, slot: usize, room: Vec<Entry<T>>) {
        if let Some(place) = self.levels.get_mut(level).and_then(|level| level.slots.get_mut(slot))
            && place.is_empty()
        {
            *place = room;
        }
    }

    fn place(&mut self, entry: Entry<T>) {
        let differs = (entry.tick ^ self.tick) | 1;
        let level = ((63 - differs.leading_zeros()) / BITS) as usize;
        let slot = (entry.tick >> (BITS * level as u32)) as usize & (SLOTS - 1);
        let Some(level) = self.levels.get_mut(level) else { return };
        level.occupied |= 1 << slot;
        if let Some(place) = level.slots.get_mut(slot) {
            place.push(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    fn due<T>(wheel: &mut Wheel<T>, now: Instant) -> Vec<T> {
        let mut fired = Vec::new();
        wheel.expire(now, &mut |value| fired.push(value));
        fired
    }

    #[test]
    fn fires_in_order_and_never_early() {
        let mut wheel = Wheel::default();
        wheel.arm(Instant(2_500), 'b');
        wheel.arm(Instant(1_000), 'a');
        assert!(due(&mut wheel, Instant(999)).is_empty());
        assert_eq!(due(&mut wheel, Instant(2_999)), ['a']);
        assert_eq!(due(&mut wheel, Instant(3_000)), ['b']);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn keeps_the_order_of_arming_within_a_millisecond() {
        let mut wheel = Wheel::default();
        for n in 0..5 {
            wheel.arm(Instant::from_millis(700), n);
        }
        due(&mut wheel, Instant::from_millis(690));
        wheel.arm(Instant::from_millis(700), 5);
        assert_eq!(due(&mut wheel, Instant::from_millis(700)), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn overdue_comes_with_the_next_expire() {
        let mut wheel = Wheel::new(Instant::from_secs(100));
        wheel.arm(Instant::from_secs(1), ());
        assert_eq!(wheel.next(), Some(Instant::from_secs(100)));
        assert_eq!(due(&mut wheel, Instant::from_secs(100)), [()]);
    }

    #[test]
    fn far_timer_survives_small_steps_and_one_big_jump() {
        let twelve_hours = Instant::from_secs(12 * 3_600);
        let mut wheel = Wheel::default();
        wheel.arm(twelve_hours, "lifetime");
        let mut woken = 0;
        while let Some(at) = wheel.next().filter(|at| *at < twelve_hours) {
            assert_eq!(due(&mut wheel, at), [""; 0]);
            woken += 1;
        }
        assert!(woken < LEVELS, "moves down, not around");
        assert_eq!(due(&mut wheel, twelve_hours), ["lifetime"]);

        wheel.arm(Instant::from_secs(13 * 3_600), "jump");
        assert_eq!(due(&mut wheel, Instant::from_secs(1_000_000)), ["jump"]);
        assert!(wheel.is_empty());
    }

    #[test]
    fn holds_the_end_of_time() {
        let mut wheel = Wheel::default();
        wheel.arm(Instant(u64::MAX), ());
        assert_eq!(due(&mut wheel, Instant::from_secs(1)), []);
        assert_eq!(wheel.len(), 1);
        assert!(wheel.next().is_some());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Arm(u64),
        Advance(u64),
        AdvanceToNext,
    }

    fn span() -> impl Strategy<Value = u64> {
        prop_oneof![0..5_000u64, 0..5_000_000u64, 0..100_000_000_000u64]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![4 => span().prop_map(Step::Arm), 2 => span().prop_map(Step::Advance), 1 => Just(Step::AdvanceToNext)]
    }

    proptest! {
        #[test]
        fn agrees_with_a_heap(start in 0..10_000_000_000u64, steps in prop::collection::vec(step(), 1..200)) {
            let mut now = Instant(start);
            let mut wheel = Wheel::new(now);
            let mut heap = BinaryHeap::new();
            for (id, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Arm(after) => {
                        let at = Instant(now.0 + after);
                        wheel.arm(at, id);
                        heap.push(Reverse((at.0.div_ceil(1_000), id)));
                        continue;
                    }
                    Step::Advance(by) => now = Instant(now.0 + by),
                    Step::AdvanceToNext => now = wheel.next().unwrap_or(now).max(now),
                }
                let mut expected = Vec::new();
                while heap.peek().is_some_and(|Reverse((tick, _))| *tick <= now.as_millis()) {
                    expected.extend(heap.pop().map(|Reverse((_, id))| id));
                }
                prop_assert_eq!(due(&mut wheel, now), expected);
                prop_assert_eq!(wheel.len(), heap.len());
                let earliest = heap.peek().map(|Reverse((tick, _))| *tick);
                prop_assert_eq!(wheel.next().is_some(), earliest.is_some());
                if let (Some(next), Some(earliest)) = (wheel.next(), earliest) {
                    prop_assert!(next.as_millis() <= earliest && next.as_millis() >= now.as_millis());
                }
            }
        }
    }
}
