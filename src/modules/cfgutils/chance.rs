//! What is drawn by lot.
use super::State;
use crate::context::{Level, Value};
use crate::vm::{Cx, Var};
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;

pub const PERCENT: RangeInclusive<i32> = 0..=100;

pub fn rand_event(cx: &mut Cx<'_>, probability: Option<i32>) -> bool {
    let percent = probability.unwrap_or_else(|| state(cx).probability.load(Ordering::Relaxed));
    const STEPS: u64 = 1 << 20;
    let drawn = i64::try_from(cx.shard.ids.below(100 * STEPS)).unwrap_or(i64::MAX);
    drawn < i64::from(percent).saturating_mul(STEPS as i64)
}

pub fn rand_set_prob(cx: &mut Cx<'_>, probability: i32) -> bool {
    if !PERCENT.contains(&probability) {
        let text = format_args!("{probability} is no probability in percent");
        cx.log(Level::Error, "cfgutils", "rand_set_prob", text);
        return false;
    }
    state(cx).probability.store(probability, Ordering::Relaxed);
    true
}

pub fn rand_reset_prob(cx: &mut Cx<'_>) -> bool {
    let state = state(cx);
    state.probability.store(state.initial, Ordering::Relaxed);
    true
}

pub fn rand_get_prob(cx: &mut Cx<'_>) -> i32 {
    state(cx).probability.load(Ordering::Relaxed)
}

pub fn random(cx: &mut Cx<'_>, _: &Var) -> Value {
    Value::Int(i32::try_from(cx.shard.ids.next_u32() >> 1).unwrap_or_default())
}

fn state<'a>(cx: &Cx<'a>) -> &'a State {
    cx.core.state()
}

#[cfg(test)]
mod tests {
    use crate::context::Value;
    use crate::modules::cfgutils::MODULE;
    use crate::modules::fixture::Fixture;
    use crate::registry::Setting;
    use crate::vm::Arg;

    fn fixture() -> Fixture {
        Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[("initial_probability", Setting::Int(40))])])
    }

    fn hits(f: &mut Fixture, args: &[Arg]) -> usize {
        (0..1000).filter(|_| f.call(&MODULE, "rand_event", args) == 1).count()
    }

    #[test]
    fn events_come_as_often_as_the_probability_says() {
        let mut f = fixture();
        assert!((350..450).contains(&hits(&mut f, &[])));
        assert_eq!((hits(&mut f, &[Arg::Int(0)]), hits(&mut f, &[Arg::Int(100)])), (0, 1000));
        assert!((150..250).contains(&hits(&mut f, &[Arg::Int(20)])));
    }

    #[test]
    fn the_probability_is_set_and_set_back() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "rand_get_prob", &[]), 40);
        assert_eq!(f.call(&MODULE, "rand_set_prob", &[Arg::Int(7)]), 1);
        assert_eq!(f.call(&MODULE, "rand_get_prob", &[]), 7);
        assert_eq!(f.call(&MODULE, "rand_set_prob", &[Arg::Int(101)]), -1);
        assert_eq!(f.call(&MODULE, "rand_reset_prob", &[]), 1);
        assert_eq!(f.call(&MODULE, "rand_get_prob", &[]), 40);
    }

    #[test]
    fn random_numbers_differ_and_are_not_negative() {
        let mut f = fixture();
        let (one, two) = (f.value("$RANDOM"), f.value("$RANDOM"));
        assert_ne!(one, two);
        assert!(matches!((one, two), (Value::Int(0..), Value::Int(0..))));
    }
}
