//! Dates without a clock: civil time of a count of seconds, `strftime` in the C locale, and the dates SIP writes.

/// A moment in a time zone, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    /// 0 is Sunday.
    pub weekday: u32,
    /// 0 is 1 January.
    pub yearday: u32,
    /// Seconds east of UTC.
    pub offset: i32,
    /// Seconds since 1970 UTC.
    pub unix: u64,
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Civil {
    pub fn new(unix: u64, offset: i32) -> Civil {
        let local = i64::try_from(unix).unwrap_or(i64::MAX / 2) + i64::from(offset);
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let within = |seconds: i64| u32::try_from(seconds).unwrap_or(0);
        Civil {
            year,
            month,
            day,
            hour: within(rest / 3600),
            minute: within(rest / 60 % 60),
            second: within(rest % 60),
            weekday: within((days + 4).rem_euclid(7)),
            yearday: within(days - days_of(year, 1, 1)),
            offset,
            unix,
        }
    }

    /// `Thu Jan  1 00:00:00 1970`
    pub fn ctime(&self) -> String {
        self.format(b"%a %b %e %H:%M:%S %Y")
    }

    /// `strftime` in the C locale. An unknown conversion stands as it is.
    pub fn format(&self, format: &[u8]) -> String {
        let mut out = String::new();
        let text = String::from_utf8_lossy(format);
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => match chars.next() {
                    Some(conversion) => self.convert(conversion, &mut out),
                    None => out.push('%'),
                },
                c => out.push(c),
            }
        }
        out
    }

    fn convert(&self, conversion: char, out: &mut String) {
        let hour12 = (self.hour + 11) % 12 + 1;
        let (iso_year, iso_week) = self.iso_week();
        let text = match conversion {
            'a' => name(&DAYS, self.weekday).get(..3).unwrap_or_default().to_owned(),
            'A' => name(&DAYS, self.weekday).to_owned(),
            'b' | 'h' => name(&MONTHS, self.month - 1).get(..3).unwrap_or_default().to_owned(),
            'B' => name(&MONTHS, self.month - 1).to_owned(),
            'c' => self.ctime(),
            'C' => format!("{:02}", self.year / 100),
            'd' => format!("{:02}", self.day),
            'D' | 'x' => self.format(b"%m/%d/%y"),
            'e' => format!("{:2}", self.day),
            'F' => self.format(b"%Y-%m-%d"),
            'g' => format!("{:02}", iso_year.rem_euclid(100)),
            'G' => iso_year.to_string(),
            'H' => format!("{:02}", self.hour),
            'I' => format!("{hour12:02}"),
            'j' => format!("{:03}", self.yearday + 1),
            'k' => format!("{:2}", self.hour),
            'l' => format!("{hour12:2}"),
            'm' => format!("{:02}", self.month),
            'M' => format!("{:02}", self.minute),
            'n' => "\n".to_owned(),
            'p' => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            'P' => if self.hour < 12 { "am" } else { "pm" }.to_owned(),
            'r' => self.format(b"%I:%M:%S %p"),
            'R' => self.format(b"%H:%M"),
            's' => self.unix.to_string(),
            'S' => format!("{:02}", self.second),
            't' => "\t".to_owned(),
            'T' | 'X' => self.format(b"%H:%M:%S"),
            'u' => ((self.weekday + 6) % 7 + 1).to_string(),
            'U' => format!("{:02}", (self.yearday + 7 - self.weekday) / 7),
            'V' => format!("{iso_week:02}"),
            'w' => self.weekday.to_string(),
            'W' => format!("{:02}", (self.yearday + 7 - (self.weekday + 6) % 7) / 7),
            'y' => format!("{:02}", self.year.rem_euclid(100)),
            'Y' => self.year.to_string(),
            'z' => self.zone(),
            // The name of the zone is not known here, its distance from UTC is.
            'Z' if self.offset == 0 => "UTC".to_owned(),
            'Z' => self.zone(),
            '%' => "%".to_owned(),
            other => format!("%{other}"),
        };
        out.push_str(&text);
    }

    fn zone(&self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
    }

    /// Year and week by ISO 8601: weeks begin on Monday, the first has the year's first Thursday.
    fn iso_week(&self) -> (i64, u32) {
        let thursday = i64::from(self.yearday) - i64::from((self.weekday + 6) % 7) + 3;
        let week_of = |day: i64| u32::try_from(day / 7 + 1).unwrap_or(1);
        if thursday < 0 {
            return (self.year - 1, week_of(thursday + year_length(self.year - 1)));
        }
        let length = year_length(self.year);
        if thursday >= length { (self.year + 1, 1) } else { (self.year, week_of(thursday)) }
    }
}

/// Seconds since 1970 of a SIP Date: `Sat, 13 Nov 2010 23:29:00 GMT`.
pub fn sip_date(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (day_name, rest) = text.split_once(',')?;
    if !DAYS.iter().any(|d| d.get(..3) == Some(day_name)) {
        return None;
    }
    let mut words = rest.split_ascii_whitespace();
    let day: u32 = words.next()?.parse().ok()?;
    let month_name = words.next()?;
    let month = MONTHS.iter().position(|m| m.get(..3) == Some(month_name))? as u32 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.splitn(3, ':').map(|n| n.parse::<i64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60 && (1970..=9999).contains(&year);
    if words.next() != Some("GMT") || !in_range {
        return None;
    }
    Some(days_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn name<const N: usize>(names: &[&'static str; N], at: u32) -> &'static str {
    names.get(at as usize).copied().unwrap_or_default()
}

fn year_length(year: i64) -> i64 {
    days_of(year + 1, 1, 1) - days_of(year, 1, 1)
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March, so that the leap day is their last.
pub fn days_of(year: i64, month: u32, day: u32) -> i64 {
    let month = i64::from(month);
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(unix: u64, offset: i32, format: &str, expected: &str) {
        assert_eq!(Civil::new(unix, offset).format(format.as_bytes()), expected, "{format}");
    }

    #[test]
    fn formats_as_strftime_does() {
        let format =
            "%a %A %b %B %C %d %D %e %F %g %G %H %I %j %k %l %m %M %p %r %R %s %S %T %u %U %V %w %W %y %Y %z %%";
        // 2010-11-13 23:31:01 UTC; the expectation is that of date(1).
        check(
            1289691061,
            0,
            format,
            "Sat Saturday Nov November 20 13 11/13/10 13 2010-11-13 10 2010 23 11 317 23 11 11 31 PM 11:31:01 PM 23:31 1289691061 01 23:31:01 6 45 45 6 45 10 2010 +0000 %",
        );
        check(1289691061, 7200, "%a %F %T %z", "Sun 2010-11-14 01:31:01 +0200");
        check(1289691061, -12600, "%T %z %Q", "20:01:01 -0330 %Q");
        assert_eq!(Civil::new(0, 0).ctime(), "Thu Jan  1 00:00:00 1970");
    }

    #[test]
    fn leap_days_and_iso_weeks_at_the_ends_of_years() {
        check(951_782_400, 0, "%F %j %V %G", "2000-02-29 060 09 2000");
        check(1_104_537_600, 0, "%F %V %G", "2005-01-01 53 2004");
        check(1_230_681_600, 0, "%F %V %G", "2008-12-31 01 2009");
        check(4_107_456_000, 0, "%F", "2100-02-28");
        check(4_107_542_400, 0, "%F", "2100-03-01");
    }

    #[test]
    fn reads_what_sip_writes() {
        assert_eq!(sip_date(b"Sat, 13 Nov 2010 23:31:01 GMT"), Some(1289691061));
        for bad in ["", "Sat, 13 Nov 2010 23:29:00 EST", "13 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 25:29:00 GMT"] {
            assert_eq!(sip_date(bad.as_bytes()), None, "{bad}");
        }
    }
}
