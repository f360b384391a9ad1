//! The fields of a recurrence:
//! `zone|dtstart|dtend|duration|freq|until|interval|byday|bymday|byyday|byweekno|bymonth`.
use super::zone::Zone;
use crate::modules::core::calendar::{Civil, days_of};

pub const DAY: i64 = 86_400;
pub const WEEK: i64 = 7 * DAY;
pub const LONGEST_MONTH: i64 = 31 * DAY;
pub const LONGEST_YEAR: i64 = 366 * DAY;
/// What has no end ends here.
const FOREVER: i64 = u32::MAX as i64;

/// How often it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    Yearly,
    Monthly,
    Weekly,
    Daily,
}

/// A weekday, and which of its kind in the month or year: 2 is the second, -1 the last, 0 is not said.
pub type NthDay = (u32, i64);

#[derive(Clone, Debug)]
pub struct Recurrence {
    pub zone: Zone,
    pub start: i64,
    /// `start` on the clock of the zone; `None` when it is not said.
    pub start_civil: Option<Civil>,
    pub end: i64,
    pub repeat: Option<Repeat>,
}

/// What comes back, beside its first time.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// `None`: OpenSIPS takes any word and knows four.
    pub frequency: Option<Frequency>,
    pub until: Option<i64>,
    pub interval: i64,
    pub by: By,
}

/// The `BY...` rules; an empty list is no rule.
#[derive(Clone, Debug, Default)]
pub struct By {
    pub day: Vec<NthDay>,
    pub month_day: Vec<i64>,
    pub year_day: Vec<i64>,
    pub week: Vec<i64>,
    pub month: Vec<i64>,
}

impl Recurrence {
    pub fn parse(text: &str, local: &Zone) -> Result<Recurrence, String> {
        let mut fields = text.split('|').peekable();
        let named = |field: &&str| field.starts_with(|c: char| c.is_ascii_uppercase());
        let zone = match fields.next_if(|field| field.is_empty() || named(field)) {
            None | Some("") => local.clone(),
            Some(name) => Zone::named(name).ok_or_else(|| format!("unknown time zone `{name}`"))?,
        };
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let start = next().map(|f| date_time(f, &zone)).transpose()?;
        let given_end = next().map(|f| date_time(f, &zone)).transpose()?;
        let duration = next().map(duration).transpose()?;
        let frequency = next().map(frequency);
        let until = next().map(|f| date_time(f, &zone)).transpose()?;
        let interval = next().map(interval).transpose()?;
        let by = By {
            day: next().map(days).transpose()?.unwrap_or_default(),
            month_day: next().map(numbers).transpose()?.unwrap_or_default(),
            year_day: next().map(numbers).transpose()?.unwrap_or_default(),
            week: next().map(numbers).transpose()?.unwrap_or_default(),
            month: next().map(numbers).transpose()?.unwrap_or_default(),
        };
        let repeat = match frequency {
            None if until.is_some() || interval.is_some() || !by.is_empty() => {
                return Err("there is no frequency".to_owned());
            }
            None => None,
            Some(frequency) => Some(Repeat { frequency, until, interval: interval.unwrap_or(1), by }),
        };
        let start_civil = start.map(|start| zone.civil(start));
        let start = start.unwrap_or(0);
        let unit = repeat.as_ref().and_then(Repeat::unit);
        let end = match (duration, given_end) {
            (Some(duration), _) => start.saturating_add(duration),
            (None, Some(end)) => end,
            (None, None) => end_of_unit(start, start_civil.as_ref(), unit),
        };
        Ok(Recurrence { zone, start, start_civil, end, repeat })
    }

    pub fn duration(&self) -> i64 {
        self.end - self.start
    }
}

impl Repeat {
    /// The shortest time that it is about.
    pub fn unit(&self) -> Option<Frequency> {
        let by = &self.by;
        if !by.day.is_empty() || !by.month_day.is_empty() || !by.year_day.is_empty() {
            return Some(Frequency::Daily);
        }
        let ruled = match (by.week.is_empty(), by.month.is_empty()) {
            (false, _) => Some(Frequency::Weekly),
            (true, false) => Some(Frequency::Monthly),
            (true, true) => None,
        };
        self.frequency.max(ruled)
    }
}

impl By {
    fn is_empty(&self) -> bool {
        let numbers = [&self.month_day, &self.year_day, &self.week, &self.month];
        self.day.is_empty() && numbers.iter().all(|list| list.is_empty())
    }
}

/// Without an end, to that of the day, week, month or year it starts in.
fn end_of_unit(start: i64, civil: Option<&Civil>, unit: Option<Frequency>) -> i64 {
    let Some(unit) = unit else { return FOREVER };
    let since_midnight = civil.map_or(0, seconds_of_day);
    let days = |get: fn(&Civil) -> u32| civil.map_or(0, |c| i64::from(get(c)));
    let (length, days_gone) = match unit {
        Frequency::Daily => (DAY, 0),
        Frequency::Weekly => (WEEK, days(|c| c.weekday)),
        Frequency::Monthly => (LONGEST_MONTH, days(|c| c.day)),
        Frequency::Yearly => (LONGEST_YEAR, days(|c| c.yearday)),
    };
    start + length - days_gone * DAY - since_midnight
}

pub fn seconds_of_day(civil: &Civil) -> i64 {
    i64::from(civil.hour) * 3600 + i64::from(civil.minute) * 60 + i64::from(civil.second)
}

/// `20121101T083000`, on the clock of the zone. What is too large for its place is carried on, as `mktime` does.
fn date_time(text: &str, zone: &Zone) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no date and time: `YYYYMMDDThhmmss`");
    if text.len() != 15 || text.as_bytes().get(8) != Some(&b'T') {
        return Err(wrong());
    }
    let part = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|d| d.parse::<i64>().ok()).ok_or_else(wrong)
    };
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    if year < 1970 || month == 0 || day == 0 {
        return Err(wrong());
    }
    let month_of_year = u32::try_from((month - 1) % 12 + 1).unwrap_or(1);
    let days = days_of(year + (month - 1) / 12, month_of_year, 1) + day - 1;
    Ok(zone.unix(days * DAY + part(9, 11)? * 3600 + part(11, 13)? * 60 + part(13, 15)?))
}

/// `P2W`, `P1DT12H`, `PT90M`; the letters `P` and `T` may be missing before hours, minutes and seconds.
fn duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no duration: `P1W`, `P3D`, `P1DT2H`, `PT90M`");
    let upper = text.to_ascii_uppercase();
    let (mut of_date, rest) = match upper.strip_prefix('P') {
        Some(rest) => (true, rest),
        None => (false, upper.as_str()),
    };
    let (mut total, mut number) = (0i64, None);
    for c in rest.chars() {
        let unit = match c {
            '0'..='9' => {
                let digit = i64::from(c.to_digit(10).unwrap_or_default());
                let grown = number.unwrap_or(0i64).checked_mul(10).and_then(|n| n.checked_add(digit));
                number = Some(grown.ok_or_else(wrong)?);
                continue;
            }
            'T' if of_date && number.is_none() => {
                of_date = false;
                continue;
            }
            'W' if of_date => WEEK,
            'D' if of_date => DAY,
            'H' if !of_date => 3600,
            'M' if !of_date => 60,
            'S' if !of_date => 1,
            _ => return Err(wrong()),
        };
        let part = number.take().and_then(|n| n.checked_mul(unit));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
    }
    if number.is_some() || text.len() < 2 {
        return Err(wrong());
    }
    Ok(total)
}

fn frequency(text: &str) -> Option<Frequency> {
    let known = [
        ("daily", Frequency::Daily),
        ("weekly", Frequency::Weekly),
        ("monthly", Frequency::Monthly),
        ("yearly", Frequency::Yearly),
    ];
    known.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, frequency)| *frequency)
}

fn interval(text: &str) -> Result<i64, String> {
    let number = text.trim().parse::<u32>().ok().filter(|n| *n > 0);
    number.map(i64::from).ok_or_else(|| format!("`{text}` is no interval"))
}

fn days(text: &str) -> Result<Vec<NthDay>, String> {
    const NAMES: [&str; 7] = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"];
    let day = |item: &str| {
        let wrong = || format!("`{item}` is no weekday: `MO`, `2TU`, `-1FR`");
        let at = item.len().checked_sub(2).ok_or_else(wrong)?;
        let (nth, name) = item.split_at_checked(at).ok_or_else(wrong)?;
        let weekday = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)).ok_or_else(wrong)?;
        let nth = if nth.is_empty() { 0 } else { signed(nth).ok_or_else(wrong)? };
        Ok((u32::try_from(weekday).unwrap_or_default(), nth))
    };
    items(text).map(day).collect()
}

fn numbers(text: &str) -> Result<Vec<i64>, String> {
    items(text).map(|item| signed(item).ok_or_else(|| format!("`{item}` is no number"))).collect()
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn signed(text: &str) -> Option<i64> {
    text.trim().parse::<i32>().ok().map(i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recurrence, String> {
        Recurrence::parse(text, &Zone::Local(|_| 0))
    }

    #[test]
    fn fields_are_read_in_their_order() {
        let all =
            parse("UTC|20231101T080000|||WEEKLY|20240101T000000|2|MO,-1FR|1,-2|3|4|5").expect("it is well formed");
        let repeat = all.repeat.expect("it repeats");
        assert_eq!((repeat.frequency, repeat.interval), (Some(Frequency::Weekly), 2));
        assert_eq!(repeat.by.day, [(1, 0), (5, -1)]);
        assert_eq!((repeat.by.month_day, repeat.by.month), (vec![1, -2], vec![5]));
        let bare = parse("20231101T080000").expect("it is well formed");
        assert_eq!((bare.start, bare.end), (1_698_825_600, FOREVER));
        assert_eq!(parse("|20231101T080000||pt90m").expect("it is well formed").duration(), 5400);
    }

    #[test]
    fn a_zone_moves_the_clock() {
        let start = |text: &str| parse(text).expect("it is well formed").start;
        assert_eq!(start("Europe/Paris|20230701T120000"), start("20230701T100000"));
        assert_eq!(start("America/New_York|20230101T120000"), start("20230101T170000"));
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in
            [("P1W", WEEK), ("p30d", 30 * DAY), ("P1DT2H3M4S", DAY + 7384), ("2h", 7200), ("PT0S", 0)]
        {
            assert_eq!(duration(text), Ok(seconds), "{text}");
        }
        for bad in ["P", "1", "P1", "P1H", "PT1D", "T1H", "Px", "P99999999999999999999D"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for bad in [
            "Europe/Atlantis|20230101T000000",
            "20230101",
            "20230101 000000",
            "19690101T000000",
            "20230001T000000",
            "2023010aT000000",
            "20230101T000000|x",
            "20230101T000000||||20240101T000000",
            "20230101T000000|||DAILY||0",
            "20230101T000000|||DAILY|||XX",
            "20230101T000000|||DAILY||||x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
