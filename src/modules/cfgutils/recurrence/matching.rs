//! Whether a recurrence holds at a time.
use super::fields::{By, DAY, Frequency, LONGEST_MONTH, LONGEST_YEAR, Recurrence, Repeat, WEEK, seconds_of_day};
use crate::modules::core::calendar::{Civil, days_of};

impl Recurrence {
    /// `time` is in seconds since 1970.
    pub fn holds(&self, time: i64) -> bool {
        if time < self.start {
            return false;
        }
        let Some(repeat) = &self.repeat else { return time < self.end };
        let now = self.zone.civil(time);
        self.in_interval(repeat, &now)
            && self.in_unit(repeat, &now)
            && repeat.by.allow(&now, repeat.frequency)
            && repeat.until.is_none_or(|until| time <= until)
    }

    /// Every second, every third day, week, month or year, counted from the start.
    fn in_interval(&self, repeat: &Repeat, now: &Civil) -> bool {
        if repeat.interval == 1 {
            return true;
        }
        let first = self.start_civil.unwrap_or_else(|| Civil::new(0, 0));
        let monday = |c: &Civil| day_number(c) - i64::from((c.weekday + 6) % 7);
        let months = |c: &Civil| c.year * 12 + i64::from(c.month);
        let passed = match repeat.frequency {
            Some(Frequency::Daily) => day_number(now) - day_number(&first),
            Some(Frequency::Weekly) => (monday(now) - monday(&first)) / 7,
            Some(Frequency::Monthly) => months(now) - months(&first),
            Some(Frequency::Yearly) => now.year - first.year,
            None => return false,
        };
        passed % repeat.interval == 0
    }

    /// Whether the day, week, month or year at hand is at a place that lies between start and end in theirs.
    fn in_unit(&self, repeat: &Repeat, now: &Civil) -> bool {
        let Some(unit) = repeat.unit() else { return false };
        let (length, place): (i64, fn(&Civil) -> u32) = match unit {
            Frequency::Daily => (DAY, |_| 0),
            Frequency::Weekly => (WEEK, |c| c.weekday),
            Frequency::Monthly => (LONGEST_MONTH, |c| c.day),
            Frequency::Yearly => (LONGEST_YEAR, |c| c.yearday),
        };
        if self.duration() >= length {
            return true;
        }
        let end = self.zone.civil(self.end);
        let start = self.start_civil.as_ref();
        let from = (start.map_or(0, place), start.map_or(0, seconds_of_day));
        let to = (place(&end), seconds_of_day(&end));
        let at = (place(now), seconds_of_day(now));
        let same_day = start.is_some_and(|s| s.day == end.day);
        match unit {
            // A night: from the evening on, or up to the morning.
            Frequency::Daily if !same_day => at >= from || at < to,
            Frequency::Daily => from <= at && at < to,
            // Less than a whole turn that begins and ends on the same day.
            _ if from.0 == to.0 && at.0 != from.0 => self.duration() > DAY,
            _ if from.0 == to.0 => from <= at && at < to,
            _ if from < to => from <= at && at < to,
            _ => at >= from || at < to,
        }
    }
}

impl By {
    fn allow(&self, now: &Civil, frequency: Option<Frequency>) -> bool {
        let days_in_month = length_of_month(now);
        let days_in_year = length_of_year(now.year);
        let of_year = i64::from(now.yearday) + 1;
        let allows = |list: &[i64], at: i64, count: i64| {
            list.is_empty() || list.iter().any(|&n| at == if n < 0 { count + 1 + n } else { n })
        };
        allows(&self.month, now.month.into(), 12)
            && (frequency != Some(Frequency::Yearly) || allows(&self.week, week(now), weeks_of_year(now.year)))
            && allows(&self.year_day, of_year, days_in_year)
            && allows(&self.month_day, now.day.into(), days_in_month)
            && self.allows_day(now, frequency)
    }

    /// In a month or year, a weekday without number is the first of its kind.
    fn allows_day(&self, now: &Civil, frequency: Option<Frequency>) -> bool {
        let (at, count) = match frequency {
            Some(Frequency::Monthly) => (i64::from(now.day) - 1, length_of_month(now)),
            Some(Frequency::Yearly) => (i64::from(now.yearday), length_of_year(now.year)),
            Some(Frequency::Daily | Frequency::Weekly) | None => {
                return self.day.is_empty() || self.day.iter().any(|(weekday, _)| *weekday == now.weekday);
            }
        };
        let nth = at / 7 + 1;
        let all = nth + (count - 1 - at) / 7;
        let wanted = |n: i64| if n < 0 { all + 1 + n } else { n.max(1) };
        self.day.is_empty() || self.day.iter().any(|&(weekday, n)| weekday == now.weekday && nth == wanted(n))
    }
}

fn day_number(c: &Civil) -> i64 {
    days_of(c.year, c.month, c.day)
}

fn length_of_month(c: &Civil) -> i64 {
    let (year, month) = if c.month == 12 { (c.year + 1, 1) } else { (c.year, c.month + 1) };
    days_of(year, month, 1) - days_of(c.year, c.month, 1)
}

fn length_of_year(year: i64) -> i64 {
    days_of(year + 1, 1, 1) - days_of(year, 1, 1)
}

/// Weeks begin on Monday; the days before the first Monday are week 1.
fn week(c: &Civil) -> i64 {
    (i64::from(c.yearday) + 7 - i64::from((c.weekday + 6) % 7)) / 7 + 1
}

fn weeks_of_year(year: i64) -> i64 {
    let last = (days_of(year, 12, 31) + 4).rem_euclid(7);
    (length_of_year(year) - 1 + 7 - (last + 6) % 7) / 7 + 1
}

#[cfg(test)]
mod tests {
    use crate::modules::cfgutils::recurrence::{Zone, holds};

    /// `times` are `YYYYMMDDThhmmss` in UTC.
    fn check(recurrence: &str, matching: &[&str], others: &[&str]) {
        let held = |time: &str| {
            let unix = super::super::fields::Recurrence::parse(time, &Zone::Local(|_| 0)).expect("a time").start;
            holds(recurrence.as_bytes(), unix, &Zone::Local(|_| 0)).expect(recurrence)
        };
        for time in matching {
            assert!(held(time), "{recurrence} holds at {time}");
        }
        for time in others {
            assert!(!held(time), "{recurrence} does not hold at {time}");
        }
    }

    #[test]
    fn once_is_from_start_to_end() {
        check(
            "20231101T000000|20231201T000000",
            &["20231101T000000", "20231130T235959"],
            &["20231031T235959", "20231201T000000"],
        );
        check("20121101T000000||p30d", &["20121115T000000"], &["20121201T000000"]);
    }

    #[test]
    fn office_hours_come_back_on_weekdays() {
        check(
            "20231102T090000|20231102T170000||WEEKLY|||MO,TU,WE,TH,FR",
            &["20231106T090000", "20231110T165959"],
            &["20231106T085959", "20231106T170000", "20231111T120000", "20231101T120000"],
        );
    }

    #[test]
    fn a_night_crosses_midnight() {
        check(
            "20231101T220000|20231102T060000||DAILY",
            &["20231105T230000", "20231105T053000"],
            &["20231105T120000", "20231105T060000"],
        );
    }

    #[test]
    fn weeks_months_and_years_have_places() {
        check(
            "20231103T180000|20231106T060000||WEEKLY",
            &["20231110T180000", "20231111T120000", "20231113T055900"],
            &["20231110T175900", "20231113T060000", "20231115T120000"],
        );
        check(
            "20231110T000000|20231115T000000||MONTHLY",
            &["20231212T000000"],
            &["20231209T120000", "20231215T000000"],
        );
        check("20231224T000000|20231227T000000||YEARLY", &["20251225T120000"], &["20251228T120000"]);
    }

    #[test]
    fn intervals_skip() {
        check("20231101T000000||PT1H|DAILY||2", &["20231103T003000"], &["20231102T003000", "20231103T010000"]);
        check("20231101T000000|20231102T000000||WEEKLY||2", &["20231115T120000"], &["20231108T120000"]);
        check("20230101T000000||P1D|MONTHLY||3", &["20230401T120000"], &["20230501T120000"]);
    }

    #[test]
    fn rules_pick_days() {
        check("20230101T000000||P1D|MONTHLY|||2TU", &["20231114T120000"], &["20231107T120000", "20231121T120000"]);
        check("20230101T000000||P1D|MONTHLY|||-1FR", &["20231124T120000"], &["20231117T120000"]);
        check("20230101T000000||P1D|MONTHLY|||MO", &["20231106T120000"], &["20231113T120000"]);
        check("20230101T000000||P1D|MONTHLY||||31,-2", &["20231231T120000", "20231129T120000"], &["20231130T120000"]);
        check("20230101T000000||P1D|YEARLY|||||-1,1", &["20241231T120000", "20240101T120000"], &["20240102T120000"]);
        check("20230101T000000||P1D|YEARLY|||MO", &["20240101T120000"], &["20240108T120000"]);
        check("20230101T000000||P31D|YEARLY|||||||12", &["20231215T120000"], &["20231115T120000"]);
    }

    #[test]
    fn until_ends_it_and_an_unknown_word_never_begins() {
        check("20231101T000000||P1D|DAILY|20231105T000000", &["20231104T120000"], &["20231105T000001"]);
        check("20231101T000000||P1D|HOURLY", &[], &["20231101T120000", "20231102T120000"]);
    }
}
