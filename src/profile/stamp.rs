//! Times and durations as products write them.
//!
//! Real logs hold RFC 3339 with one to nine fractional digits, with `+0700`, without a zone; epoch numbers in
//! four units, as integers, floats and strings; and Go's zero time for "not set". All end as one UTC moment.

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use super::json::Fault;
use super::zone::{Resolved, Zone};
use crate::redact::shown;

/// A moment in UTC, with the number of fractional digits of seconds that its source wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    at: Timestamp,
    digits: u8,
    zone_assumed: bool,
    chosen: bool,
    as_read: bool,
}

impl Stamp {
    /// Returns UTC epoch milliseconds, rounded down.
    pub(super) fn ms(self) -> i64 {
        let below = self.at.subsec_nanosecond().div_euclid(1_000_000);
        self.at.as_second() * 1_000 + i64::from(below)
    }

    /// Returns RFC 3339 in UTC with the source's own precision.
    pub(super) fn text(self) -> String {
        DateTimePrinter::new().precision(Some(self.digits)).timestamp_to_string(&self.at)
    }

    /// Tells whether the text from which it was read, without spaces around it, is what [`Stamp::text`] writes.
    pub(super) fn is_as_read(self) -> bool {
        self.as_read
    }

    /// Tells whether the source wrote no zone and the profile's was taken.
    pub(super) fn zone_assumed(self) -> bool {
        self.zone_assumed
    }

    /// Tells whether the local time was twice or never, and the profile says which moment it takes.
    pub(super) fn chosen(self) -> bool {
        self.chosen
    }

    /// Returns the moment `nanos` nanoseconds later.
    pub(super) fn plus(self, nanos: i64) -> Result<Self, Fault> {
        let at = self
            .at
            .checked_add(SignedDuration::from_nanos(nanos))
            .map_err(|_| Fault::rejected("a time beyond the calendar"))?;
        Ok(Self { at, as_read: false, ..self })
    }
}

/// How a product writes a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum TimeFormat {
    /// RFC 3339, leniently: a space for `T`, no seconds, `+0700`, one to nine fractional digits.
    Rfc3339,
    /// Seconds or a fraction of them since 1970-01-01 UTC; the number of decimal places of the unit.
    Epoch(u8),
    /// An object with `seconds` since the Unix epoch and `nanoseconds` or `nanos`.
    Parts,
    /// ISO 8601 without separators, `20260302T100640Z` or `20260302100640Z`.
    IsoBasic,
    /// RFC 2822, `Mon, 02 Mar 2026 10:06:40 +0000`.
    Rfc2822,
    /// A `strptime` pattern.
    Pattern(String),
}

impl TimeFormat {
    /// Words of the formats that are no pattern.
    pub(super) const WORDS: [&str; 8] = [
        "rfc3339",
        "epoch-s",
        "epoch-ms",
        "epoch-us",
        "epoch-ns",
        "seconds-nanoseconds",
        "iso-basic",
        "rfc2822",
    ];

    /// Returns the format a profile names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "rfc3339" => Self::Rfc3339,
            "epoch-s" => Self::Epoch(0),
            "epoch-ms" => Self::Epoch(3),
            "epoch-us" => Self::Epoch(6),
            "epoch-ns" => Self::Epoch(9),
            "seconds-nanoseconds" => Self::Parts,
            "iso-basic" => Self::IsoBasic,
            "rfc2822" => Self::Rfc2822,
            pattern if pattern.contains('%') => Self::Pattern(pattern.to_owned()),
            _ => return None,
        })
    }

    /// Tells whether values of this format can lack a zone for certain.
    pub(super) fn lacks_zone(&self) -> bool {
        matches!(self, Self::Pattern(pattern) if !pattern.contains("%z") && !pattern.contains("%:z"))
    }

    fn read(&self, text: &str, zone: Option<&Zone>) -> Option<Read> {
        match self {
            Self::Rfc3339 => rfc3339(text, zone),
            Self::Epoch(places) => epoch(text, *places).map(Read::At),
            Self::Parts => None,
            Self::IsoBasic => iso_basic(text, zone),
            Self::Rfc2822 => {
                let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
                Some(Read::At(Stamp { at, digits: 0, zone_assumed: false, chosen: false, as_read: false }))
            }
            Self::Pattern(pattern) => strptime(pattern, text, zone),
        }
    }
}

/// What a text says in one format.
enum Read {
    At(Stamp),
    /// Go's zero time, which means "not set".
    Unset,
    /// A moment without a zone, where the profile declares none.
    NoZone,
    /// A local time that is no single moment, in words.
    Unclear(String),
}

impl Read {
    fn map(self, of: impl FnOnce(Stamp) -> Stamp) -> Self {
        match self {
            Self::At(stamp) => Self::At(of(stamp)),
            other => other,
        }
    }
}

/// Reads `text` in the first of `formats` that it fits; Go's zero time is `None`.
pub(super) fn read_time(
    text: &str,
    formats: &[TimeFormat],
    zone: Option<&Zone>,
) -> Result<Option<Stamp>, Fault> {
    let mut no_zone = false;
    for format in formats {
        match format.read(text.trim(), zone) {
            Some(Read::At(stamp)) => return Ok(Some(stamp)),
            Some(Read::Unset) => return Ok(None),
            Some(Read::NoZone) => no_zone = true,
            Some(Read::Unclear(what)) => {
                return Err(Fault::rejected(format!("the local time `{}` {what}", shown(text))));
            }
            None => {}
        }
    }
    Err(Fault::rejected(if no_zone {
        format!("the time `{}` names no zone, and the profile declares none", shown(text))
    } else {
        format!("`{}` is no time in a format that the profile declares", shown(text))
    }))
}

/// Reads an offset such as `+01:00` or `Z`.
pub(super) fn read_offset(text: &str) -> Option<Offset> {
    match zone_suffix(text) {
        Some((offset, "")) => Some(offset),
        _ => None,
    }
}

fn rfc3339(text: &str, zone: Option<&Zone>) -> Option<Read> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i16> {
        let part = text.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let small = |from: usize, to: usize| -> Option<i8> { i8::try_from(number(from, to)?).ok() };
    let is = |at: usize, of: &[u8]| bytes.get(at).is_some_and(|b| of.contains(b));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, small(5, 7)?, small(8, 10)?);
    let (hour, minute) = (small(11, 13)?, small(14, 16)?);
    let (second, mut rest) =
        if is(16, b":") { (small(17, 19)?, text.get(19..)?) } else { (0, text.get(16..)?) };
    let (mut nanos, mut digits) = (0_i32, 0_u8);
    if let Some(after) = rest.strip_prefix(['.', ',']) {
        let length = after.bytes().take_while(u8::is_ascii_digit).count();
        let kept = &after[..length.min(9)];
        if kept.is_empty() {
            return None;
        }
        digits = u8::try_from(kept.len()).ok()?;
        nanos = kept.parse::<i32>().ok()? * 10_i32.pow(9 - u32::from(digits));
        rest = &after[length..];
    }
    let stated = match zone_suffix(rest) {
        Some((offset, "")) => Some(offset),
        Some(_) => return None,
        None if rest.is_empty() => None,
        None => return None,
    };
    // RFC 3339 §5.7: a leap second is written `60`; it counts as the second before it.
    let leap = second == 60;
    let second = if leap { 59 } else { second };
    let at = DateTime::new(year, month, day, hour, minute, second, nanos);
    let read = resolve(at.ok()?, stated, zone, digits)?;
    // Of the many ways to write a moment, the one that needs no other writing.
    let fraction = if digits == 0 { 0 } else { usize::from(digits) + 1 };
    let as_read = !leap
        && rest == "Z"
        && bytes.len() == "2026-03-02T10:06:40Z".len() + fraction
        && is(10, b"T")
        && (digits == 0 || is(19, b"."));
    Some(read.map(|stamp| Stamp { as_read, ..stamp }))
}

/// Reads `Z`, `+hh`, `+hhmm` or `+hh:mm` at the start of `text`, and returns what follows.
fn zone_suffix(text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix(['Z', 'z']) {
        return Some((Offset::UTC, rest));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let two = |from: usize| -> Option<i32> {
        let part = text.get(from..from + 2)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let hours = two(1)?;
    let colon = usize::from(text.as_bytes().get(3) == Some(&b':'));
    let (minutes, end) = match two(3 + colon) {
        Some(minutes) => (minutes, 5 + colon),
        None if colon == 0 => (0, 3),
        None => return None,
    };
    if minutes > 59 {
        return None;
    }
    let offset = Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()?;
    Some((offset, &text[end..]))
}

fn strptime(pattern: &str, text: &str, zone: Option<&Zone>) -> Option<Read> {
    let parsed = BrokenDownTime::parse(pattern, text).ok()?;
    let at = parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?;
    let digits = if at.subsec_nanosecond() == 0 { 0 } else { 9 };
    resolve(at, parsed.offset(), zone, digits)
}

/// Returns the moment of a local time, by the offset that its source states, else in the declared zone.
fn resolve(at: DateTime, stated: Option<Offset>, zone: Option<&Zone>, digits: u8) -> Option<Read> {
    if at.year() <= 1 {
        return Some(Read::Unset);
    }
    let (offset, chosen) = match (stated, zone.map(|zone| zone.resolve(at))) {
        (Some(offset), _) | (None, Some(Resolved::At(offset))) => (offset, false),
        (None, Some(Resolved::Chosen(offset))) => (offset, true),
        (None, Some(Resolved::Unclear(what))) => return Some(Read::Unclear(what)),
        (None, None) => return Some(Read::NoZone),
    };
    let at = offset.to_timestamp(at).ok()?;
    Some(Read::At(Stamp { at, digits, zone_assumed: stated.is_none(), chosen, as_read: false }))
}

/// Reads a decimal number of units of 10^-`places` seconds since the Unix epoch.
fn epoch(text: &str, places: u8) -> Option<Stamp> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let digits = |part: &str| part.len() <= 20 && part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || (magnitude.ends_with('.')) {
        return None;
    }
    let unit = 9 - usize::from(places);
    let kept = &fraction[..fraction.len().min(unit)];
    let scaled = |digits: &str, places: usize| {
        let number: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(number * 10_i128.pow(u32::try_from(places).ok()?))
    };
    let nanos = scaled(whole, unit)? + scaled(kept, unit - kept.len())?;
    let at = Timestamp::from_nanosecond(sign * nanos).ok()?;
    let digits = places + u8::try_from(kept.len()).ok()?;
    Some(Stamp { at, digits: digits.min(9), zone_assumed: false, chosen: false, as_read: false })
}

/// Spells a text such as `20260302T100640Z` with its separators, and reads that.
fn iso_basic(text: &str, zone: Option<&Zone>) -> Option<Read> {
    let (date, rest) = text.split_at_checked(8)?;
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest);
    let (time, rest) = rest.split_at_checked(6)?;
    if !date.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&time[..2], &time[2..4], &time[4..]);
    let read = rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}{rest}"), zone)?;
    Some(read.map(|stamp| Stamp { as_read: false, ..stamp }))
}

/// Returns the moment `nanos` nanoseconds after `seconds` since the Unix epoch.
pub(super) fn epoch_parts(seconds: i64, nanos: i64) -> Result<Stamp, Fault> {
    let wrong = || Fault::rejected(format!("`{seconds}` seconds and `{nanos}` nanoseconds are no time"));
    let nanos = i32::try_from(nanos).ok().filter(|nanos| (0..1_000_000_000).contains(nanos));
    let at = Timestamp::new(seconds, nanos.ok_or_else(wrong)?).map_err(|_| wrong())?;
    Ok(Stamp { at, digits: 9, zone_assumed: false, chosen: false, as_read: false })
}

/// How a product writes a length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DurationUnit {
    /// An integer, and how many nanoseconds one of it is.
    Nanos(i64),
    /// Go's `8h0m0s`.
    Go,
    /// ISO 8601, `PT1H`; a day is 24 hours, and months and years are refused.
    Iso8601,
}

impl DurationUnit {
    /// Words of the units.
    pub(super) const WORDS: [&str; 6] = ["ns", "us", "ms", "s", "go", "iso8601"];

    /// Returns the unit a profile names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "ns" => Self::Nanos(1),
            "us" => Self::Nanos(1_000),
            "ms" => Self::Nanos(1_000_000),
            "s" => Self::Nanos(1_000_000_000),
            "go" => Self::Go,
            "iso8601" => Self::Iso8601,
            _ => return None,
        })
    }

    /// Reads `text` as nanoseconds.
    pub(super) fn read(self, text: &str) -> Result<i64, Fault> {
        let iso = text.trim_start_matches(['-', '+']).starts_with('P');
        let nanos = match self {
            Self::Nanos(scale) => text.parse::<i64>().ok().and_then(|count| count.checked_mul(scale)),
            Self::Go if !iso => span_nanos(text),
            Self::Iso8601 if iso => span_nanos(text),
            _ => None,
        };
        nanos.ok_or_else(|| Fault::rejected(format!("`{}` is no duration of the declared unit", shown(text))))
    }
}

fn span_nanos(text: &str) -> Option<i64> {
    let span: Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    i64::try_from(length.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: &str) -> String {
        let formats = [TimeFormat::from_word(format).unwrap()];
        read_time(text, &formats, None).unwrap().map_or("unset".to_owned(), Stamp::text)
    }

    fn refused(text: &str, format: &str) -> String {
        read_time(text, &[TimeFormat::from_word(format).unwrap()], None).unwrap_err().into_parts().1
    }

    #[test]
    fn rfc_3339_keeps_its_precision_and_ends_in_utc() {
        for (text, expected) in [
            ("2026-03-02T10:06:40Z", "2026-03-02T10:06:40Z"),
            ("2026-03-02T10:06:40.1Z", "2026-03-02T10:06:40.1Z"),
            ("2026-03-02T10:06:40.120Z", "2026-03-02T10:06:40.120Z"),
            ("2026-03-02t10:06:40.1234567z", "2026-03-02T10:06:40.1234567Z"),
            ("2026-03-02T10:06:40.123456789123Z", "2026-03-02T10:06:40.123456789Z"),
            ("2026-03-02 10:06:40+02:00", "2026-03-02T08:06:40Z"),
            ("2026-03-02T10:06:40+0700", "2026-03-02T03:06:40Z"),
            ("2026-03-02T10:06:40-05", "2026-03-02T15:06:40Z"),
            ("2026-03-02T10:06Z", "2026-03-02T10:06:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
            ("0001-01-01T00:00:00Z", "unset"),
            ("0001-01-01T00:00:00.000Z", "unset"),
        ] {
            assert_eq!(read(text, "rfc3339"), expected, "{text}");
        }
    }

    #[test]
    fn a_moment_is_written_as_its_display_writes_it() {
        for seconds in
            [i64::from(i32::MIN) * 25, -62_135_596_800, -1, 0, 951_782_400, 1_772_359_600, 253_402_207_200]
        {
            for nanos in [0, 1, 120_000_000, 123_456_789, 999_999_999] {
                let at = Timestamp::new(seconds, nanos).unwrap();
                for digits in 0..=9 {
                    let stamp = Stamp { at, digits, zone_assumed: false, chosen: false, as_read: false };
                    assert_eq!(stamp.text(), format!("{at:.*}", usize::from(digits)));
                }
            }
        }
    }

    #[test]
    fn only_what_would_be_written_the_same_stays_as_read() {
        for (text, expected) in [
            ("2026-03-02T10:06:40Z", true),
            ("2026-03-02T10:06:40.120Z", true),
            ("2026-03-02T10:06:40.123456789Z", true),
            ("2026-03-02T10:06:40.1234567891Z", false),
            ("2026-03-02T10:06:40,120Z", false),
            ("2026-03-02t10:06:40Z", false),
            ("2026-03-02T10:06:40z", false),
            ("2026-03-02 10:06:40Z", false),
            ("2026-03-02T10:06Z", false),
            ("2026-03-02T10:06:40+00:00", false),
            ("2026-03-02T10:06:40+00", false),
            ("2016-12-31T23:59:60Z", false),
        ] {
            let stamp = read_time(text, &[TimeFormat::Rfc3339], None).unwrap().unwrap();
            assert_eq!((stamp.is_as_read(), stamp.text() == text), (expected, expected), "{text}");
            assert!(!stamp.plus(1).unwrap().is_as_read());
        }
        let basic = read_time("20260302T100640Z", &[TimeFormat::from_word("iso-basic").unwrap()], None);
        assert!(basic.unwrap().is_some_and(|stamp| !stamp.is_as_read()));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-02T10:06:40Z",
            "2026-02-30T10:06:40Z",
            "2026-03-02T25:06:40Z",
            "2026-03-02T10:06:61Z",
            "2026-03-02T10:06:40.Z",
            "2026-03-02T10:06:40+07:0",
            "2026-03-02T10:06:40Zx",
            "2026-03-02",
            "+026-03-02T10:06:40Z",
            "2026-03-02T10:06:40+01:60",
        ] {
            assert!(refused(text, "rfc3339").contains("no time"), "{text}");
        }
        assert!(refused("2026-03-02T10:06:40", "rfc3339").contains("names no zone"));
    }

    #[test]
    fn a_declared_zone_is_taken_and_marked() {
        let formats = [TimeFormat::Rfc3339];
        let zone = read_offset("+01:00").map(Zone::Fixed);
        let zone = zone.as_ref();
        let stamp = read_time("2026-03-02T10:06:40", &formats, zone).unwrap().unwrap();
        assert_eq!((stamp.text().as_str(), stamp.zone_assumed()), ("2026-03-02T09:06:40Z", true));
        let stated = read_time("2026-03-02T10:06:40Z", &formats, zone).unwrap().unwrap();
        assert_eq!((stated.text().as_str(), stated.zone_assumed()), ("2026-03-02T10:06:40Z", false));
        assert!(read_offset("Europe/Berlin").is_none());
    }

    #[test]
    fn epoch_numbers_of_every_unit() {
        assert_eq!(read("1581136311.002000", "epoch-s"), "2020-02-08T04:31:51.002000Z");
        assert_eq!(read("1581136311", "epoch-s"), "2020-02-08T04:31:51Z");
        assert_eq!(read("1581136311002", "epoch-ms"), "2020-02-08T04:31:51.002Z");
        assert_eq!(read("1581136311002003", "epoch-us"), "2020-02-08T04:31:51.002003Z");
        assert_eq!(read("1581136311002003004", "epoch-ns"), "2020-02-08T04:31:51.002003004Z");
        assert_eq!(read("-1.5", "epoch-s"), "1969-12-31T23:59:58.5Z");
        for text in ["", "1e9", "1.", ".5", "0x10", "99999999999999999999"] {
            assert!(refused(text, "epoch-s").contains("no time"), "{text}");
        }
    }

    #[test]
    fn milliseconds_round_down_on_both_sides_of_1970() {
        let ms = |text: &str| read_time(text, &[TimeFormat::Rfc3339], None).unwrap().unwrap().ms();
        assert_eq!(ms("1970-01-01T00:00:00.0019Z"), 1);
        assert_eq!(ms("1969-12-31T23:59:59.9999Z"), -1);
    }

    #[test]
    fn patterns_need_a_zone() {
        let pattern = TimeFormat::from_word("%d.%m.%Y %H:%M:%S").unwrap();
        assert!(pattern.lacks_zone());
        let at =
            read_time("24.10.2023 7:07:31", &[pattern], Some(&Zone::Fixed(Offset::UTC))).unwrap().unwrap();
        assert_eq!(at.text(), "2023-10-24T07:07:31Z");
        assert_eq!(read("24.10.2023 07:07:31 +0700", "%d.%m.%Y %H:%M:%S %z"), "2023-10-24T00:07:31Z");
    }

    #[test]
    fn durations_of_every_unit() {
        let read = |unit: &str, text: &str| DurationUnit::from_word(unit).unwrap().read(text);
        assert_eq!(read("ns", "1800000000000").unwrap(), 1_800_000_000_000);
        assert_eq!(read("s", "60").unwrap(), 60_000_000_000);
        assert_eq!(read("go", "8h0m0s").unwrap(), 8 * 3_600_000_000_000);
        assert_eq!(read("go", "1m0.5s").unwrap(), 60_500_000_000);
        assert_eq!(read("iso8601", "PT1H").unwrap(), 3_600_000_000_000);
        assert_eq!(read("iso8601", "P1DT1S").unwrap(), 86_401_000_000_000);
        for (unit, text) in [
            ("iso8601", "P1M"),
            ("iso8601", "1h"),
            ("go", "PT1H"),
            ("ns", "1.5"),
            ("s", "9999999999999999999"),
            ("go", ""),
        ] {
            assert!(read(unit, text).is_err(), "{unit} {text}");
        }
    }
}
