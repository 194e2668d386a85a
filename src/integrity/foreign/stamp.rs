//! Times as the hashed formats write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::clock::Moment;

/// How a record writes a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum TimeFormat {
    /// RFC 3339 with an offset.
    Rfc3339,
    /// RFC 3339, where a text without an offset is UTC.
    Rfc3339OrUtc,
    /// Seconds since the epoch, a fraction allowed.
    EpochSeconds,
    /// Milliseconds since the epoch.
    EpochMillis,
    /// Microseconds since the epoch.
    EpochMicros,
    /// Nanoseconds since the epoch.
    EpochNanos,
}

impl TimeFormat {
    /// Words of the formats.
    pub(super) const WORDS: [&str; 6] =
        ["rfc3339", "rfc3339-or-utc", "epoch-s", "epoch-ms", "epoch-us", "epoch-ns"];

    /// Returns the format of a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "rfc3339" => Self::Rfc3339,
            "rfc3339-or-utc" => Self::Rfc3339OrUtc,
            "epoch-s" => Self::EpochSeconds,
            "epoch-ms" => Self::EpochMillis,
            "epoch-us" => Self::EpochMicros,
            "epoch-ns" => Self::EpochNanos,
            _ => return None,
        })
    }

    /// Returns the moment of a text, or of a number's own text.
    pub(super) fn read(self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::Rfc3339OrUtc => text.parse().ok().or_else(|| {
                let civil: DateTime = text.parse().ok()?;
                Offset::UTC.to_timestamp(civil).ok()
            }),
            Self::EpochSeconds => from_decimal(text, 9),
            Self::EpochMillis => from_decimal(text, 6),
            Self::EpochMicros => from_decimal(text, 3),
            Self::EpochNanos => from_decimal(text, 0),
        }
    }
}

/// Returns the moment of a decimal number of units of 10^`places` nanoseconds; digits below a nanosecond are dropped.
fn from_decimal(text: &str, places: usize) -> Option<Timestamp> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) || (fraction.is_empty() && digits.contains('.'))
    {
        return None;
    }
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
    let nanos: i128 = format!("{whole}{fraction}").parse().ok()?;
    Timestamp::from_nanosecond(if negative { -nanos } else { nanos }).ok()
}

/// Returns the moment of a timestamp, rounded down to a millisecond.
pub(super) fn moment(at: Timestamp) -> Moment {
    let millis = at.as_nanosecond().div_euclid(1_000_000);
    Moment::from_ms(i64::try_from(millis).expect("a timestamp's milliseconds fit 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_written() {
        let read = |word: &str, text: &str| TimeFormat::from_word(word).unwrap().read(text).map(moment);
        let expected = Some("2026-07-24T22:57:41.868Z".parse().unwrap());
        assert_eq!(read("rfc3339", "2026-07-24T22:57:41.868471422Z"), expected);
        assert_eq!(read("rfc3339", "2026-07-25T00:57:41.868471422+02:00"), expected);
        assert_eq!(read("rfc3339", "2026-07-24T22:57:41.868"), None);
        assert_eq!(read("rfc3339-or-utc", "2026-07-24T22:57:41.868"), expected);
        assert_eq!(read("epoch-s", "1784933861.868471"), expected);
        assert_eq!(read("epoch-ms", "1784933861868"), expected);
        assert_eq!(read("epoch-ns", "1784933861868471422"), expected);
        for wrong in ["", "-", "1.", ".5", "1e3", "+1", "1.5.5"] {
            assert_eq!(read("epoch-s", wrong), None, "{wrong}");
        }
    }
}
