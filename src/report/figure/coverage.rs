//! The coverage strip: one row for each source, days from left to right, and what was verified on each.

use super::{
    Area, DayAxis, SMALL, TYPE, WIDTH, entry, fit, hatched, label, legend, line, rect, rows_in_room,
};
use crate::report::document::{Align, Figure, Ink, Shape, Text};
use crate::report::model::{Day, Report};
use crate::report::view::build::table;
use crate::report::view::text::{count, of};

const LEFT: f32 = 150.0;
const RIGHT: f32 = 78.0;
const ROW: f32 = 26.0;
/// Share of a row that its bar fills.
const BAR: f32 = 0.58;
/// A break is seen even where a day is narrower than this.
const TICK: f32 = 3.0;

/// Returns the strip over every day of the period.
pub fn figure(report: &Report) -> Figure {
    let entries = [
        entry(Ink::Good, false, "verified"),
        entry(Ink::Unknown, true, "records, not verified"),
        entry(Ink::Bad, false, "break (tall tick)"),
        entry(Ink::Faint, false, "no record (empty)"),
    ];
    let (mut shapes, top) = legend(&entries, 0.0, 2.0);
    let top = top + 6.0;
    let axis = DayAxis { left: LEFT, width: WIDTH - LEFT - RIGHT, days: report.days.len() };
    let (height, shown) = rows_in_room(report.sources.len(), ROW);
    let bar = height * BAR;
    for (i, source) in report.sources.iter().take(shown).enumerate() {
        let y = top + height * i as f32;
        let base = y + bar / 2.0 + 4.0;
        let covered = report.days.iter().filter(|day| state(day, i) != "none").count();
        shapes.push(label(0.0, base, TYPE, Ink::Text, Align::Start, fit(&source.id, TYPE, LEFT - 10.0)));
        shapes.push(line(LEFT, y + bar, WIDTH - RIGHT, y + bar, Ink::Faint));
        shapes.extend(row(&report.days, i, &source.id, axis, (y, bar)));
        let text = format!("{} days", of(covered, report.days.len()));
        shapes.push(label(WIDTH, base, SMALL, Ink::Muted, Align::End, text));
    }
    let bottom = top + height * shown as f32;
    let mut title = "Coverage: days with records, and whether they were verified".to_owned();
    if shown < report.sources.len() {
        title.push_str(&format!(" ({} sources drawn; the data have all)", of(shown, report.sources.len())));
    }
    shapes.extend(axis.labels(report.days.iter().map(|day| day.day.as_str()), bottom + 12.0));
    Figure {
        id: "coverage-strip".to_owned(),
        title,
        description: "One row for each source, one step to the right for each day. Solid: all records of the day are \
            verified. Hatched: there are records, but they are not verified. Empty: no record. A tall tick: a break on that day."
            .to_owned(),
        width: WIDTH,
        height: bottom + 20.0,
        shapes,
        data: data(report),
        open: false,
    }
}

/// Returns the state of source `index` on `day`; a source that the day does not list has none.
fn state(day: &Day, index: usize) -> &str {
    day.coverage.get(index).map_or("none", |(_, state)| state.as_str())
}

/// Draws each run of days in the same state as one shape.
fn row(days: &[Day], index: usize, source: &str, axis: DayAxis, (y, bar): (f32, f32)) -> Vec<Shape> {
    let mut shapes = Vec::new();
    let mut ticks = Vec::new();
    let mut start = 0;
    while start < days.len() {
        let state_here = state(&days[start], index);
        let len = days[start..].iter().take_while(|day| state(day, index) == state_here).count();
        let (x, end) = (axis.x(start), axis.x(start + len));
        let area = Area { x, y, w: end - x, h: bar };
        let title = format!("{source}, {} to {}: {state_here}", days[start].day, days[start + len - 1].day);
        match state_here {
            "verified" => shapes.push(rect(area, Ink::Good, title)),
            "none" => {}
            "broken" => {
                shapes.push(hatched(area, Ink::Unknown, ""));
                ticks.push(rect(
                    Area { y: y - 3.5, h: bar + 7.0, w: area.w.max(TICK), ..area },
                    Ink::Bad,
                    title,
                ));
            }
            _ => shapes.push(hatched(area, Ink::Unknown, title)),
        }
        start += len;
    }
    shapes.extend(ticks);
    shapes
}

fn data(report: &Report) -> crate::report::document::Table {
    let days = report.days.len();
    table("coverage-data", "Days of the period in each state")
        .column("Source", 28)
        .number("Verified", 18)
        .number("Not verified", 18)
        .number("With a break", 18)
        .number("No record", 18)
        .rows(report.sources.iter().enumerate().map(|(i, source)| {
            let days_in =
                |wanted: &[&str]| report.days.iter().filter(|day| wanted.contains(&state(day, i))).count();
            let [verified, broken, none] =
                [&["verified"], &["broken"], &["none"]].map(|wanted| days_in(wanted));
            let rest = days - verified - broken - none;
            [verified, rest, broken, none].into_iter().fold(vec![Text::mono(&source.id)], |mut cells, n| {
                cells.push(Text::body(if n == 0 { count(0_u8) } else { of(n, days) }));
                cells
            })
        }))
}
