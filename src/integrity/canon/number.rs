//! Doubles as text, as three languages write them.
//!
//! All take the shortest digits that give the same double again, the nearest of them where several are as short, which is
//! what Rust's `{:e}` prints; they differ in where the point and the exponent go.

/// The digits of a finite double and the position of its decimal point: 0.`digits` × 10^`point`.
struct Digits {
    negative: bool,
    digits: String,
    point: i32,
}

fn shortest(number: f64) -> Digits {
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e').expect("`{:e}` writes an exponent for a finite double");
    let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().expect("an exponent of a double is small");
    Digits { negative: number.is_sign_negative(), digits, point: exponent + 1 }
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
