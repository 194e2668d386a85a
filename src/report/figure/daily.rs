//! Executions by day, stacked by how they came to run.

use super::{Area, DayAxis, SMALL, WIDTH, entry, hatched, label, legend, line, rect};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text};
use crate::report::model::{Day, Report};
use crate::report::view::build::table;
use crate::report::view::text::{count, of};

const LEFT: f32 = 44.0;
const RIGHT: f32 = 6.0;
const HEIGHT: f32 = 170.0;
/// Beyond this many bars, several days share one; thinner bars could not be told apart on paper.
const MAX_BARS: usize = 190;

/// A series, from the base line up: what matters most stands on the line, where lengths compare best.
struct Series {
    name: &'static str,
    ink: Ink,
    hatched: bool,
    of: fn(&Day) -> u64,
}

const SERIES: [Series; 5] = [
    Series { name: "exceptions", ink: Ink::Bad, hatched: false, of: |day| day.exceptions },
    Series { name: "break-glass", ink: Ink::Accent, hatched: false, of: |day| day.break_glass },
    Series { name: "automatic, by policy", ink: Ink::Caution, hatched: true, of: |day| day.automatic },
    Series { name: "approved by a person", ink: Ink::Good, hatched: false, of: |day| day.approved },
    Series { name: "other", ink: Ink::Unknown, hatched: true, of: |day| day.other },
];

/// One bar: consecutive days.
struct Bar {
    first: String,
    last: String,
    values: [u64; SERIES.len()],
}

impl Bar {
    fn total(&self) -> u64 {
        self.values.iter().sum()
    }

    fn name(&self) -> String {
        if self.first == self.last { self.first.clone() } else { format!("{} to {}", self.first, self.last) }
    }
}

/// Returns the stacked bars over every day of the period.
pub fn figure(report: &Report) -> Figure {
    let per_bar = report.days.len().div_ceil(MAX_BARS).max(1);
    let bars = bars(&report.days, per_bar);
    let totals = SERIES.each_ref().map(|series| report.days.iter().map(series.of).sum::<u64>());
    let entries: Vec<_> = SERIES
        .iter()
        .zip(totals)
        .map(|(series, total)| entry(series.ink, series.hatched, format!("{} {}", series.name, count(total))))
        .collect();
    let (mut shapes, top) = legend(&entries, 0.0, 2.0);
    let top = top + 8.0;
    let max = bars.iter().map(Bar::total).max().unwrap_or(0);
    let step = tick_step(max);
    let ceiling = max.div_ceil(step).max(1) * step;
    let bottom = top + HEIGHT;
    let scale = HEIGHT / ceiling as f32;
    shapes.extend(grid(ceiling, step, bottom, scale));
    let axis = DayAxis { left: LEFT, width: WIDTH - LEFT - RIGHT, days: bars.len() };
    for (i, bar) in bars.iter().enumerate() {
        shapes.extend(stack(bar, axis.x(i), axis.x(i + 1) - axis.x(i), bottom, scale));
    }
    shapes.push(line(LEFT, bottom, WIDTH - RIGHT, bottom, Ink::Muted));
    shapes.extend(axis.labels(bars.iter().map(|bar| bar.first.as_str()), bottom + 14.0));
    let unit = if per_bar == 1 { "day".to_owned() } else { format!("{per_bar} days") };
    Figure {
        id: "daily-executions".to_owned(),
        title: format!("Executions, by {unit}"),
        description: format!(
            "Stacked bars, one for each {unit} of the period, from zero. From the base line up: {}. The tallest bar has {}.",
            SERIES.map(|series| series.name).join("; "),
            count(max)
        ),
        width: WIDTH,
        height: bottom + 22.0,
        shapes,
        data: data(&bars, totals),
        open: false,
    }
}

fn bars(days: &[Day], per_bar: usize) -> Vec<Bar> {
    days.chunks(per_bar)
        .map(|chunk| Bar {
            first: chunk[0].day.clone(),
            last: chunk[chunk.len() - 1].day.clone(),
            values: SERIES.each_ref().map(|series| chunk.iter().map(series.of).sum()),
        })
        .collect()
}

/// Returns a step of 1, 2, or 5 times a power of ten that gives at most five grid lines.
fn tick_step(max: u64) -> u64 {
    let mut power = 1;
    loop {
        for factor in [1, 2, 5] {
            if max <= factor * power * 5 {
                return factor * power;
            }
        }
        power *= 10;
    }
}

fn grid(ceiling: u64, step: u64, bottom: f32, scale: f32) -> Vec<Shape> {
    (0..=ceiling / step)
        .flat_map(|i| {
            let y = bottom - (i * step) as f32 * scale;
            [
                line(LEFT, y, WIDTH - RIGHT, y, Ink::Faint),
                label(LEFT - 6.0, y + 3.5, SMALL, Ink::Muted, Align::End, count(i * step)),
            ]
        })
        .collect()
}

fn stack(bar: &Bar, x: f32, room: f32, bottom: f32, scale: f32) -> Vec<Shape> {
    let width = if room > 3.0 { room - 1.0 } else { room };
    let mut y = bottom;
    let mut shapes = Vec::new();
    for (series, value) in SERIES.iter().zip(bar.values).filter(|(_, value)| *value > 0) {
        let height = value as f32 * scale;
        y -= height;
        let area = Area { x, y, w: width, h: height };
        let title = format!("{}: {} {}", bar.name(), count(value), series.name);
        shapes.push(if series.hatched {
            hatched(area, series.ink, title)
        } else {
            rect(area, series.ink, title)
        });
    }
    shapes
}

fn data(bars: &[Bar], totals: [u64; SERIES.len()]) -> Table {
    let total: u64 = totals.iter().sum();
    let mut builder = table("daily-data", "Executions, in UTC days").column("Day", 20);
    for series in SERIES.iter().rev() {
        builder = builder.number(series.name, 13);
    }
    let row = |name: Text, values: [u64; SERIES.len()], sum: String| {
        let mut cells = vec![name];
        cells.extend(values.iter().rev().map(|value| Text::body(count(*value))));
        cells.push(Text::body(sum));
        cells
    };
    let all = std::iter::once(row(Text::strong("Whole period"), totals, of(total, total)));
    let each = bars.iter().map(|bar| row(Text::body(bar.name()), bar.values, of(bar.total(), total)));
    builder.number("all", 15).rows(all.chain(each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_few() {
        assert_eq!([0, 4, 5, 6, 23, 51, 999, 1_000_000].map(tick_step), [1, 1, 1, 2, 5, 20, 200, 200_000]);
    }

    #[test]
    fn long_periods_share_bars_and_lose_nothing() {
        let days: Vec<Day> =
            (0..400_u64).map(|i| Day { day: format!("day {i}"), approved: i, ..Day::default() }).collect();
        let bars = bars(&days, days.len().div_ceil(MAX_BARS));
        assert_eq!(bars.len(), 134);
        assert_eq!(bars.iter().map(Bar::total).sum::<u64>(), (0..400).sum::<u64>());
        assert_eq!(bars[133].name(), "day 399");
    }
}
