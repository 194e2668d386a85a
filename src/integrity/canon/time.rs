//! Times in the spelling in which a product hashed them, where that is not the spelling in which it stored them.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::integrity::verdict::words;

use super::number;

words! {
    /// How a time is spelled again.
    pub enum TimeForm {
        /// Python `datetime.isoformat()`: no fraction or six digits, `+00:00` for UTC.
        Isoformat = "ts:isoformat",
        /// Go `t.UTC().Format(time.RFC3339Nano)`: up to nine digits without trailing zeros, `Z`.
        Rfc3339Nano = "ts:rfc3339nano",
        /// .NET format `O`: always seven digits; `Z` stays `Z`, and an offset stays an offset.
        DotnetO = "ts:dotnet-O",
        /// Python `repr(datetime.timestamp())`: seconds since 1970 as a double.
        UnixFloat = "ts:unix-float",
    }
}

/// Why a time cannot be spelled again. The user can fix this by another profile; else the producer of the log must.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum TimeError {
    /// It is no time.
    #[error("expected a time as RFC 3339 writes it")]
    NotATime,
    /// It is finer than the form can say.
    #[error("expected a time of at most {0} digits after the second")]
    TooFine(usize),
    /// It has no offset, which the form needs.
    #[error("expected a time with `Z` or an offset")]
    NoOffset,
    /// It lies outside what the form can say exactly.
    #[error("expected a time that the form can say")]
    OutOfRange,
}

impl TimeForm {
    /// Spells `time` in this form. Nothing is rounded: a time that is finer than the form is refused.
    ///
    /// # Errors
    ///
    /// When it is no time, or the form cannot say it exactly.
    pub fn rewrite(self, time: &str) -> Result<String, TimeError> {
        let time = Spelled::parse(time).ok_or(TimeError::NotATime)?;
        match self {
            Self::Isoformat => {
                let micros = time.fraction(6)?;
                let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
                let zone = match time.zone {
                    Zone::None => String::new(),
                    Zone::Z => "+00:00".to_owned(),
                    Zone::Offset(_) => time.zone_text(),
                };
                Ok(format!("{}{fraction}{zone}", time.seconds_text()))
            }
            Self::Rfc3339Nano => {
                time.fraction(9)?;
                let stamp = time.timestamp()?;
                let text = format!("{stamp:.9}");
                let text = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
                Ok(format!("{text}Z"))
            }
            Self::DotnetO => {
                Ok(format!("{}.{:07}{}", time.seconds_text(), time.fraction(7)?, time.zone_text()))
            }
            Self::UnixFloat => {
                time.fraction(6)?;
                let micros = time.timestamp()?.as_microsecond();
                // Up to 2⁵³ the division below is the correctly rounded one that Python makes.
                let exact = micros.unsigned_abs() <= 1 << 53;
                if !exact {
                    return Err(TimeError::OutOfRange);
                }
                #[expect(clippy::cast_precision_loss, reason = "at most 2⁵³ in size")]
                let seconds = micros as f64 / 1e6;
                Ok(number::python(seconds))
            }
        }
    }
}

/// A time as it is spelled: `2026-07-01T09:30:00.5+02:00`, the `T` possibly a space, the fraction and the zone optional.
struct Spelled<'a> {
    text: &'a str,
    date: Date,
    clock: [i8; 3],
    /// Digits after the second, without trailing zeros.
    digits: &'a str,
    zone: Zone,
}

enum Zone {
    None,
    Z,
    Offset(Offset),
}

impl<'a> Spelled<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let seconds = text.get(..19)?;
        let shape = seconds.bytes().enumerate().all(|(n, byte)| match n {
            4 | 7 => byte == b'-',
            10 => byte == b'T' || byte == b' ',
            13 | 16 => byte == b':',
            _ => byte.is_ascii_digit(),
        });
        if !shape {
            return None;
        }
        let two = |at: usize| text[at..at + 2].parse::<i8>().ok();
        let clock = [two(11)?, two(14)?, two(17)?];
        if clock[0] > 23 || clock[1] > 59 || clock[2] > 59 {
            return None;
        }
        let date = Date::new(text[..4].parse().ok()?, two(5)?, two(8)?).ok()?;
        let rest = &text[19..];
        let (digits, zone) = match rest.strip_prefix('.') {
            None => ("", rest),
            Some(rest) => {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                rest.split_at(end)
            }
        };
        let zone = match zone {
            "" => Zone::None,
            "Z" => Zone::Z,
            zone => Zone::Offset(offset(zone)?),
        };
        Some(Self { text, date, clock, digits: digits.trim_end_matches('0'), zone })
    }

    /// Returns the digits after the second as a number of `places` digits.
    fn fraction(&self, places: usize) -> Result<u32, TimeError> {
        if self.digits.len() > places {
            return Err(TimeError::TooFine(places));
        }
        Ok(format!("{:0<places$}", self.digits).parse().expect("at most nine digits"))
    }

    /// Returns everything before the fraction, with a `T`.
    fn seconds_text(&self) -> String {
        format!("{}T{}", &self.text[..10], &self.text[11..19])
    }

    fn zone_text(&self) -> String {
        match self.zone {
            Zone::None => String::new(),
            Zone::Z => "Z".to_owned(),
            Zone::Offset(_) => self.text[self.text.len() - 6..].to_owned(),
        }
    }

    fn timestamp(&self) -> Result<Timestamp, TimeError> {
        let offset = match self.zone {
            Zone::None => return Err(TimeError::NoOffset),
            Zone::Z => Offset::UTC,
            Zone::Offset(offset) => offset,
        };
        let [hour, minute, second] = self.clock;
        let nanos = i64::from(self.fraction(9)?);
        offset
            .to_timestamp(self.date.at(hour, minute, second, 0))
            .and_then(|stamp| stamp.checked_add(SignedDuration::from_nanos(nanos)))
            .map_err(|_| TimeError::OutOfRange)
    }
}

/// Reads `±HH:MM`.
fn offset(text: &str) -> Option<Offset> {
    let bytes = text.as_bytes();
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if bytes.len() != 6 || bytes[3] != b':' {
        return None;
    }
    let number = |text: &str| {
        if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<i32>().ok() } else { None }
    };
    let (hours, minutes) = (number(text.get(1..3)?)?, number(text.get(4..6)?)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}
