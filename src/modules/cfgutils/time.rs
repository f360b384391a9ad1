//! Waiting, clocks and calendars.
use super::recurrence::{self, Zone};
use crate::base::Str;
use crate::context::{Effect, Level, Value};
use crate::modules::core::calendar::{Civil, days_of};
use crate::vm::{Cx, Ret, Store, Var, VarInto, VarOut};
use std::any::Any;
use std::sync::Arc;

pub fn sleep(cx: &mut Cx<'_>, seconds: i32) -> Ret {
    wait(cx, "sleep", seconds, 1_000_000)
}

pub fn usleep(cx: &mut Cx<'_>, micros: i32) -> Ret {
    wait(cx, "usleep", micros, 1)
}

fn wait(cx: &mut Cx<'_>, function: &'static str, time: i32, micros_each: u64) -> Ret {
    let Ok(time) = u64::try_from(time) else {
        cx.log(Level::Error, "cfgutils", function, format_args!("{time} is no time to wait"));
        return Ret::FALSE;
    };
    Ret::Wait(Effect::Sleep { micros: time * micros_each }, Box::new(|_, _| Ret::TRUE))
}

pub fn get_accurate_time(cx: &mut Cx<'_>, sec: VarInto, usec: VarInto, both: Option<VarInto>) -> bool {
    let (seconds, micros) = (cx.now.unix_secs(), cx.now.subsec_us());
    let number = |n: u64| i32::try_from(n).map_or_else(|_| Value::Str(Str::from(n.to_string())), Value::Int);
    let text = Value::Str(Str::from(format!("{seconds}.{micros:06}")));
    let values = [(Some(sec), number(seconds)), (Some(usec), number(micros)), (both, text)];
    values.into_iter().all(|(var, value)| var.is_none_or(|var| cx.write(&var.0, Store::Set, value).is_ok()))
}

pub fn ts_usec_delta(
    cx: &mut Cx<'_>,
    t1_sec: i32,
    t1_usec: i32,
    t2_sec: i32,
    t2_usec: i32,
    text: Option<VarOut>,
    number: Option<VarOut>,
) -> bool {
    let micros = |sec: i32, usec: i32| i64::from(sec) * 1_000_000 + i64::from(usec);
    let delta = micros(t1_sec, t1_usec).abs_diff(micros(t2_sec, t2_usec));
    if let Some(text) = text
        && cx.write(&text.0, Store::Set, Value::Str(Str::from(delta.to_string()))).is_err()
    {
        return false;
    }
    let Some(number) = number else { return true };
    match i32::try_from(delta) {
        Ok(delta) => cx.write(&number.0, Store::Set, Value::Int(delta)).is_ok(),
        Err(_) => {
            let text = format_args!("{delta} microseconds are too many for an integer: take `delta_str`");
            cx.log(Level::Error, "cfgutils", "ts_usec_delta", text);
            false
        }
    }
}

pub fn check_time_rec(cx: &mut Cx<'_>, recurrence: Str, timestamp: Option<i32>) -> i32 {
    // An integer of a script has 32 bits, a time more: from 2038 on it comes back negative.
    let time = timestamp.map_or_else(|| i64::try_from(cx.now.unix_secs()).unwrap_or(i64::MAX), |t| i64::from(t as u32));
    match recurrence::holds(&recurrence, time, &Zone::Local(cx.core.settings.utc_offset)) {
        Ok(true) => 1,
        Ok(false) => -1,
        Err(why) => {
            cx.log(Level::Error, "cfgutils", "check_time_rec", format_args!("`{recurrence}`: {why}"));
            -2
        }
    }
}

/// A part of `$ctime`.
type Part = fn(&Clock) -> i64;

/// The local time, taken apart.
struct Clock {
    civil: Civil,
    utc_offset: fn(u64) -> i32,
}

static PARTS: &[(&str, Part)] = &[
    ("sec", |c| c.civil.second.into()),
    ("min", |c| c.civil.minute.into()),
    ("hour", |c| c.civil.hour.into()),
    ("mday", |c| c.civil.day.into()),
    ("mon", |c| c.civil.month.into()),
    ("year", |c| c.civil.year),
    ("wday", |c| i64::from(c.civil.weekday) + 1),
    ("yday", |c| i64::from(c.civil.yearday) + 1),
    ("isdst", |c| i64::from(c.is_summer())),
];

impl Clock {
    /// Whether the clock stands ahead of the year's other half.
    fn is_summer(&self) -> bool {
        let offset_in = |month: u32| {
            let noon = days_of(self.civil.year, month, 1) * 86_400 + 43_200;
            (self.utc_offset)(u64::try_from(noon).unwrap_or_default())
        };
        self.civil.offset > offset_in(1).min(offset_in(7))
    }
}

pub fn part(name: &[u8]) -> Option<Arc<dyn Any + Send + Sync>> {
    let (_, part) = PARTS.iter().find(|(known, _)| known.as_bytes() == name)?;
    Some(Arc::new(*part))
}

pub fn check_part(name: &[u8]) -> Result<(), String> {
    if part(name).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    Err(format!("`{}` is no part of a time: {}", String::from_utf8_lossy(name), known.join(", ")))
}

pub fn read(cx: &mut Cx<'_>, var: &Var) -> Value {
    let Some(part) = var.custom::<Part>() else { return Value::Null };
    let (now, utc_offset) = (cx.now.unix_secs(), cx.core.settings.utc_offset);
    let clock = Clock { civil: Civil::new(now, utc_offset(now)), utc_offset };
    i32::try_from(part(&clock)).map_or(Value::Null, Value::Int)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::cfgutils::MODULE;
    use crate::modules::fixture::{Fixture, text};
    use crate::vm::Arg;

    fn fixture() -> Fixture {
        Fixture::with("OPTIONS sip:h SIP/2.0\ni: 1", &[(&MODULE, &[])])
    }

    #[test]
    fn the_time_is_told_in_three_ways() {
        let mut f = fixture();
        f.now.unix_us += 42;
        let args = [f.by_ref("$var(s)"), f.by_ref("$var(u)"), f.by_ref("$var(t)")];
        assert_eq!(f.call(&MODULE, "get_accurate_time", &args), 1);
        assert_eq!(f.expanded("$var(s) $var(u) $var(t)"), "1700000000 42 1700000000.000042");
    }

    #[test]
    fn distances_are_absolute_and_may_be_too_large() {
        let mut f = fixture();
        let (t, n) = (f.by_ref("$var(t)"), f.by_ref("$var(n)"));
        let times = |a, b, c, d| [a, b, c, d].map(Arg::Int);
        let mut call = |times: [Arg; 4], outs: [Arg; 2]| {
            let args: Vec<Arg> = times.into_iter().chain(outs).collect();
            f.call(&MODULE, "ts_usec_delta", &args)
        };
        assert_eq!(call(times(10, 5, 12, 3), [t, n]), 1);
        assert_eq!(call(times(0, 0, i32::MAX, 0), [Arg::Omitted, Arg::Omitted]), 1);
        assert_eq!(f.expanded("$var(t) $var(n)"), "1999998 1999998");
        let far: Vec<Arg> =
            times(0, 0, 3000, 0).into_iter().chain([f.by_ref("$var(t)"), f.by_ref("$var(n)")]).collect();
        assert_eq!(f.call(&MODULE, "ts_usec_delta", &far), -1);
        assert_eq!(f.expanded("$var(t) $var(n)"), "3000000000 1999998");
    }

    #[test]
    fn parts_of_the_local_time_are_read() {
        let mut f = fixture();
        let shown =
            "$ctime(year)-$ctime(mon)-$ctime(mday) $ctime(hour):$ctime(min):$ctime(sec) $ctime(wday) $ctime(yday)";
        assert_eq!(f.expanded(shown), "2023-11-14 22:13:20 3 318");
        f.core.settings.utc_offset = |unix| if (1_679_792_400..1_698_541_200).contains(&unix) { 7200 } else { 3600 };
        assert_eq!(f.expanded("$ctime(hour) $ctime(isdst)"), "23 0");
        f.now.unix_us = 1_690_000_000_000_000;
        assert_eq!(f.expanded("$ctime(isdst)"), "1");
        assert!(check_part(b"second").is_err());
    }

    #[test]
    fn a_recurrence_is_checked_now_or_at_a_time() {
        let mut f = fixture();
        let check = |f: &mut Fixture, rec: &str, at: Arg| f.call(&MODULE, "check_time_rec", &[text(rec), at]);
        assert_eq!(check(&mut f, "20231101T000000|20231201T000000", Arg::Omitted), 1);
        assert_eq!(check(&mut f, "20231101T000000|20231201T000000", Arg::Int(1_600_000_000)), -1);
        assert_eq!(check(&mut f, "2023", Arg::Omitted), -2);
    }

    #[test]
    fn nobody_waits_for_the_past() {
        let mut f = fixture();
        assert_eq!(f.call(&MODULE, "sleep", &[Arg::Int(-1)]), -1);
        assert_eq!(f.call(&MODULE, "usleep", &[Arg::Int(-1)]), -1);
    }
}
