//! Moments, periods, and the one place where time enters a run.
//!
//! Results never read the wall clock: `report` takes its as-of from `--as-of`, `SOURCE_DATE_EPOCH`, or the
//! period's end. Only `check` and `append` may ask for now, and they print what they took.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY_MS: i64 = 86_400_000;

/// A moment in UTC with millisecond resolution; printed as RFC 3339 (`2026-07-01T00:00:00.000Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment(i64);

impl Moment {
    /// Returns the moment `ms` milliseconds after the Unix epoch.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Reads `YYYY-MM-DDThh:mm:ss.sssZ`, whose shape the caller has checked; `None` where it is no moment of the
    /// calendar, or lies outside 1970 to 9998.
    ///
    /// A log holds one per line, and the general parser takes as long for it as hashing the line.
    pub(crate) fn of_civil(text: &[u8]) -> Option<Self> {
        let number = |at: std::ops::Range<usize>| {
            text.get(at)?
                .iter()
                .try_fold(0, |number, digit| Some(number * 10 + i64::from(digit.checked_sub(b'0')?)))
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second, ms) = (number(11..13)?, number(14..16)?, number(17..19)?, number(20..23)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = (1970..=9998).contains(&year)
            && (1..=12).contains(&month)
            && (1..=length).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        valid.then(|| {
            let seconds = (days_to(year, month, day) * 24 + hour) * 3600 + minute * 60 + second;
            Self(seconds * 1000 + ms)
        })
    }

    /// Returns the number of its UTC day, counted from the Unix epoch.
    pub fn day_number(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// Returns the first moment of a UTC day, counted from the Unix epoch.
    pub fn of_day(number: i64) -> Self {
        Self(number.saturating_mul(DAY_MS))
    }

    /// Returns the milliseconds since the Unix epoch, UTC.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Returns the moment `ms` milliseconds later, saturating.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns the UTC calendar day, `2026-07-01`.
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }

    /// Returns minute precision for people: `2026-07-01 09:30`.
    pub fn minute(self) -> String {
        self.to_string().chars().take(16).collect::<String>().replace('T', " ")
    }

    /// Returns now, for the two commands whose purpose is the present.
    #[expect(clippy::disallowed_methods, reason = "the single door through which the wall clock enters")]
    pub fn now() -> Self {
        Self(Timestamp::now().as_millisecond())
    }
}

/// Returns the days from the Unix epoch to a date not before it.
///
/// A year is counted from March, so that the leap day is its last.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let (year, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // 153 days in the five months from March, and again from August; 719,468 days from 1 March 0000 to the epoch.
    365 * year + leap_days + (153 * months + 2) / 5 + day - 1 - 719_468
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    /// Parses RFC 3339 with an offset, or a bare date, which means 00:00 UTC.
    fn from_str(text: &str) -> Result<Self, String> {
        let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        full.parse::<Timestamp>()
            .map(|time| Self(time.as_millisecond()))
            .map_err(|_| format!("expected an RFC 3339 time or a date such as `2026-07-01`, found `{text}`"))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A half-open span of time, `[from, to)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Period {
    /// First moment inside.
    pub from: Moment,
    /// First moment after.
    pub to: Moment,
}

impl Period {
    /// Tells whether `at` lies inside.
    pub fn contains(&self, at: Moment) -> bool {
        self.from <= at && at < self.to
    }

    /// Tells whether the two spans share a moment. A span of no length touches where it stands.
    pub fn touches(&self, other: Period) -> bool {
        self.from < other.to.max(other.from.plus_ms(1)) && other.from < self.to.max(self.from.plus_ms(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> (Option<Moment>, Option<Moment>) {
        (Moment::of_civil(text.as_bytes()), text.parse().ok())
    }

    #[test]
    fn civil_times_are_read_as_the_general_parser_does() {
        for day in (0..2_932_000).step_by(31) {
            let text = Moment::from_ms(day * 86_400_000 + (day * 7_919_123) % 86_400_000).to_string();
            let (civil, parsed) = both(&text);
            assert_eq!(civil, parsed, "{text}");
            assert!(civil.is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_of_the_calendar_is_none() {
        for year in [1970, 2000, 2023, 2024, 2100, 9998] {
            for month in 0..=13 {
                for day in 0..=32 {
                    let (civil, parsed) = both(&format!("{year}-{month:02}-{day:02}T12:00:00.000Z"));
                    assert_eq!(civil, parsed, "{year}-{month}-{day}");
                }
            }
        }
        for time in ["24:00:00.000", "23:60:00.000", "23:59:61.000", "23:59:59.999"] {
            let (civil, parsed) = both(&format!("2024-02-29T{time}Z"));
            assert_eq!(civil, parsed, "{time}");
        }
        assert_eq!(both("1969-12-31T23:59:59.999Z").0, None);
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        for text in ["2026-07-01T00:00:00.000Z", "2026-07-01T23:59:59.999Z", "1969-12-31T23:59:59.999Z"] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(Moment::of_day(moment.day_number()).day(), moment.day());
        }
    }
}
