//! The result as a Markdown table.

use std::fmt;

use super::program::Cost;

/// What a ratio must keep.
#[derive(Clone, Copy)]
pub(crate) enum Budget {
    /// The program takes at most this many times the limit.
    AtMost(f64),
    /// The program does at least this many times the work of the limit in the same time.
    RateAtLeast(f64),
}

/// Rows measured so far.
pub(crate) struct Table {
    size: &'static str,
    rows: Vec<[String; 6]>,
    holds: bool,
}

impl Table {
    pub(crate) fn new(size: &'static str) -> Self {
        Self { size, rows: Vec::new(), holds: true }
    }

    /// Tells whether every budget was kept.
    pub(crate) fn holds(&self) -> bool {
        self.holds
    }

    /// Adds the ratio of program to limit, which ran in turns: the median of the turns' ratios.
    pub(crate) fn ratio(&mut self, what: &str, of: &str, turns: &[(Cost, Cost)], budget: Budget) {
        let wall = median(turns, |(limit, program)| program.wall / limit.wall);
        let cpu = median(turns, |(limit, program)| program.cpu / limit.cpu);
        let (kept, found, asked) = match budget {
            Budget::AtMost(most) => {
                (wall <= most, format!("{wall:.2} × (processor time {cpu:.2} ×)"), format!("≤ {most} ×"))
            }
            Budget::RateAtLeast(least) => (
                1.0 / wall >= least,
                format!("{:.2} × its rate (processor time {:.2} ×)", 1.0 / wall, 1.0 / cpu),
                format!("≥ {least} × its rate"),
            ),
        };
        let limit = format!("{of}: {:.2} s", median(turns, |(limit, _)| limit.wall));
        let program = format!("{:.2} s", median(turns, |(_, program)| program.wall));
        self.row([what.to_owned(), limit, program, found, asked], kept);
    }

    /// Adds the growth of time from an input to one ten times its size, which ran in turns.
    pub(crate) fn growth(&mut self, what: &str, turns: &[(Cost, Cost)]) {
        let found = median(turns, |(tenth, whole)| whole.wall / tenth.wall);
        let row = [
            format!("growth, {what}"),
            format!("a tenth: {:.3} s", median(turns, |(tenth, _)| tenth.wall)),
            format!("{:.2} s", median(turns, |(_, whole)| whole.wall)),
            format!("{found:.2} ×"),
            "≤ 10.5 ×".to_owned(),
        ];
        self.row(row, found <= 10.5);
    }

    /// Adds a peak of memory.
    pub(crate) fn memory(&mut self, what: &str, peak: u64, most: u64) {
        // Where the system does not tell, nothing was measured, and that is no result.
        let kept = (1..=most).contains(&peak);
        let row = [
            format!("memory, {what}"),
            "none".to_owned(),
            bytes(peak),
            bytes(peak),
            format!("≤ {}", bytes(most)),
        ];
        self.row(row, kept);
    }

    /// Adds the size of a file.
    pub(crate) fn size(&mut self, what: &str, found: u64, most: u64) {
        let mib = |bytes: u64| format!("{:.2} MB", bytes as f64 / 1e6);
        let row =
            [format!("size, {what}"), "none".to_owned(), mib(found), mib(found), format!("≤ {}", mib(most))];
        self.row(row, (1..=most).contains(&found));
    }

    fn row(&mut self, [what, limit, program, found, asked]: [String; 5], kept: bool) {
        self.holds &= kept;
        let kept = if kept { "kept" } else { "exceeded" };
        self.rows.push([what, limit, program, found, asked, kept.to_owned()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        writeln!(f, "Size {}, {cores} cores.\n", self.size)?;
        writeln!(f, "| work | limit | program | found | budget | |\n|---|---|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// Returns the median of what `figure` makes of each turn.
fn median(turns: &[(Cost, Cost)], figure: impl Fn(&(Cost, Cost)) -> f64) -> f64 {
    let mut figures: Vec<f64> = turns.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints bytes in the largest unit that is not below one.
pub(crate) fn bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are printed")]
    let bytes = bytes as f64;
    if bytes < 1e9 {
        format!("{:.0} MiB", bytes / f64::from(1 << 20))
    } else {
        format!("{:.2} GiB", bytes / f64::from(1 << 30))
    }
}
