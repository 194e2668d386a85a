//! Lengths of time as text: exact, for limits and facts, and rounded, for people.

const UNITS: [(i64, &str); 4] = [(DAY_MS, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
const DAY_MS: i64 = 86_400_000;

/// Returns milliseconds exactly, in the largest unit that divides them: `72 h`, `90 s`, `1500 ms`.
pub fn exact(ms: i64) -> String {
    // Up to three days in hours, as policies say them.
    let fits = |size: i64| ms != 0 && ms % size == 0 && !(size == DAY_MS && ms.abs() <= 3 * size);
    match UNITS.iter().find(|(size, _)| fits(*size)) {
        Some((size, unit)) => format!("{} {unit}", ms / size),
        None => format!("{ms} ms"),
    }
}

/// Returns milliseconds in their two largest units, the rest cut off: `3 min`, `2 d 3 h`, `400 ms`.
pub fn elapsed(ms: i64) -> String {
    let Some(at) = UNITS.iter().position(|(size, _)| ms >= *size) else { return format!("{ms} ms") };
    let (size, unit) = UNITS[at];
    let rest = UNITS.get(at + 1).map(|(next, name)| (ms % size / next, name)).filter(|(n, _)| *n > 0);
    match rest {
        Some((n, name)) => format!("{} {unit} {n} {name}", ms / size),
        None => format!("{} {unit}", ms / size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_lengths_take_the_unit_that_divides_them() {
        let texts =
            [2_000, 259_200_000, 86_400_000, 43_200_000, 90_000, 604_800_000, 0, 1, 1_500, -7_200_000]
                .map(exact);
        assert_eq!(texts, ["2 s", "72 h", "24 h", "12 h", "90 s", "7 d", "0 ms", "1 ms", "1500 ms", "-2 h"]);
    }

    #[test]
    fn elapsed_time_reads_in_its_two_largest_units() {
        let texts = [0, 400, 1_999, 60_000, 150_000, 3_600_000, 183_600_000, 86_400_000].map(elapsed);
        assert_eq!(texts, ["0 ms", "400 ms", "1 s", "1 min", "2 min 30 s", "1 h", "2 d 3 h", "1 d"]);
    }
}
