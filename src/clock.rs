//! Moments, periods, and the one place where time enters a run.
//!
//! Results never read the wall clock: `report` takes its as-of from `--as-of`, `SOURCE_DATE_EPOCH`, or the
//! period's end. Only `check` and `append` may ask for now, and they print what they took.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC with millisecond resolution; printed as RFC 3339 (`2026-07-01T00:00:00.000Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment(i64);

impl Moment {
    /// Returns the moment `ms` milliseconds after the Unix epoch.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms)
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
