//! Doubles as text, as three languages write them.
//!
//! All take the shortest digits that give the same double again, of several as short the nearest, and of two as near the
//! even one; they differ in where the point and the exponent go.

/// The digits of a finite double and the position of its decimal point: 0.`digits` × 10^`point`.
struct Digits {
    negative: bool,
    digits: String,
    point: i32,
}

/// Returns the digits of a finite double other than zero.
///
/// NOTE: Rust's `{:e}` will not do. Of two shortest digits as near as each other it takes the greater one, so that
/// 1713149529135198.25 ends in `.3`, where the three languages write `.2`. A third of all doubles about 2^50 are such.
fn shortest(number: f64) -> Digits {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let written = format!("{whole}{fraction}");
    let digits = written.trim_start_matches('0');
    let length = |text: &str| i32::try_from(text.len()).expect("a double has few digits");
    let exponent: i32 = exponent.parse().expect("an exponent of a double is small");
    let point = exponent + length(whole) - length(&written) + length(digits);
    Digits { negative: number.is_sign_negative(), digits: digits.trim_end_matches('0').to_owned(), point }
}

/// Writes a finite double as ECMAScript does (`Number::toString`), and so RFC 8785 §3.2.2.3.
pub(super) fn ecmascript(number: f64) -> String {
    if number == 0.0 { "0".to_owned() } else { with_point(&shortest(number)) }
}

/// Writes a finite double as Go's `encoding/json` does: as ECMAScript, but for the sign of zero.
pub(super) fn go(number: f64) -> String {
    if number == 0.0 && number.is_sign_negative() { "-0".to_owned() } else { ecmascript(number) }
}

fn with_point(number: &Digits) -> String {
    let Digits { negative, digits, point } = number;
    let sign = if *negative { "-" } else { "" };
    let count = i32::try_from(digits.len()).expect("a double has at most 17 digits");
    match *point {
        point if !(-5..=21).contains(&point) => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{dot}{rest}e{:+}", point - 1)
        }
        point if point <= 0 => format!("{sign}0.{}{digits}", zeros(-point)),
        point if point >= count => format!("{sign}{digits}{}", zeros(point - count)),
        point => {
            let (whole, fraction) = digits.split_at(usize::try_from(point).expect("it is positive here"));
            format!("{sign}{whole}.{fraction}")
        }
    }
}

/// Writes a finite double as Python's `repr` does: always a point or an exponent, which has at least two digits.
pub(super) fn python(number: f64) -> String {
    if number == 0.0 {
        return if number.is_sign_negative() { "-0.0" } else { "0.0" }.to_owned();
    }
    let Digits { negative, digits, point } = shortest(number);
    let sign = if negative { "-" } else { "" };
    let count = i32::try_from(digits.len()).expect("a double has at most 17 digits");
    if !(-3..=16).contains(&point) {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent = point - 1;
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{first}{dot}{rest}e{exponent_sign}{:02}", exponent.abs());
    }
    if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= count {
        format!("{sign}{digits}{}.0", zeros(point - count))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).expect("it is positive here"));
        format!("{sign}{whole}.{fraction}")
    }
}

fn zeros(count: i32) -> String {
    "0".repeat(usize::try_from(count).expect("callers pass no negative count"))
}
