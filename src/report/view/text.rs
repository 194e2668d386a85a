//! How numbers, moments, and places read: the same in every section and figure.

use crate::clock::{Moment, Period};

/// What stands where there is nothing to say.
pub(crate) const NOTHING: &str = "–";

/// Separates the pieces of one cell.
pub(crate) const DOT: &str = " · ";

/// Returns `n` with commas between groups of three digits.
pub(crate) fn count(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns `n of total`.
pub(crate) fn of(n: impl TryInto<u64>, total: impl TryInto<u64>) -> String {
    format!("{} of {}", count(n), count(total))
}

/// Returns `n` with `one` or `many`.
pub(crate) fn plural(n: impl TryInto<u64>, one: &str, many: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// Returns the moment to the second, or to the millisecond where it has any: `2026-07-01 09:30:00`.
pub(crate) fn second(at: Moment) -> String {
    let text = at.to_string().replace('T', " ");
    let text = text.trim_end_matches('Z');
    text.strip_suffix(".000").unwrap_or(text).to_owned()
}

/// Returns the moment to the second, or a dash.
pub(crate) fn second_or_dash(at: Option<Moment>) -> String {
    at.map_or_else(|| NOTHING.to_owned(), second)
}

/// Returns the moment to the minute, or a dash.
pub(crate) fn minute_or_dash(at: Option<Moment>) -> String {
    at.map_or_else(|| NOTHING.to_owned(), Moment::minute)
}

/// Returns the span with its end named as exclusive: `2026-07-01 to before 2026-10-01`.
pub(crate) fn span(period: Period) -> String {
    let whole_days = [period.from, period.to].iter().all(|at| second(*at).ends_with(" 00:00:00"));
    if whole_days {
        format!("{} to before {}", period.from.day(), period.to.day())
    } else {
        format!("{} to before {}", second(period.from), second(period.to))
    }
}

/// Returns `object:line`, the object alone, or a dash.
pub(crate) fn place(object: &str, line: u64) -> String {
    match (object, line) {
        ("", _) => NOTHING.to_owned(),
        (object, 0) => object.to_owned(),
        (object, line) => format!("{object}:{line}"),
    }
}

/// Returns the first twelve characters, by which people call a digest.
pub(crate) fn short(hex: &str) -> String {
    hex.chars().take(12).collect()
}

/// Returns the digest in groups of eight digits.
pub(crate) fn grouped(hex: &str) -> String {
    let digits: Vec<char> = hex.chars().collect();
    digits.chunks(8).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Returns the items with commas, or a dash.
pub(crate) fn listed<S: AsRef<str>>(items: &[S]) -> String {
    if items.is_empty() {
        return NOTHING.to_owned();
    }
    items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// Returns the text, or a dash for an empty one.
pub(crate) fn or_dash(text: &str) -> String {
    if text.is_empty() { NOTHING.to_owned() } else { text.to_owned() }
}

/// Returns the part of a qualified control id after the framework.
pub(crate) fn local_id(control: &str) -> &str {
    control.split_once(':').map_or(control, |(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Moment {
        text.parse().unwrap()
    }

    #[test]
    fn counts_are_grouped_by_three() {
        let texts = [0_u64, 7, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(texts, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn spans_of_whole_days_drop_the_clock() {
        let days = Period { from: at("2026-07-01"), to: at("2026-10-01") };
        assert_eq!(span(days), "2026-07-01 to before 2026-10-01");
        let hours = Period { from: at("2026-08-14T02:10:00Z"), to: at("2026-08-14T02:44:00.5Z") };
        assert_eq!(span(hours), "2026-08-14 02:10:00 to before 2026-08-14 02:44:00.500");
    }

    #[test]
    fn places_name_the_line_only_where_there_is_one() {
        assert_eq!(place("a.jsonl", 8), "a.jsonl:8");
        assert_eq!(place("a.jsonl", 0), "a.jsonl");
        assert_eq!(place("", 0), "–");
    }

    #[test]
    fn digests_are_grouped_by_eight() {
        assert_eq!(grouped("0123456789abcdef"), "01234567 89abcdef");
    }
}
