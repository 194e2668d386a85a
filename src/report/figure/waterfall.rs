//! The population waterfall: horizontal bars from records read to items tested, and what was set aside between.

use super::{Area, TYPE, WIDTH, entry, fit, hatched, label, legend, line, rect, rows_in_room};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text};
use crate::report::model::{Report, WaterfallStep};
use crate::report::view::build::table;
use crate::report::view::text::{count, of};

const LEFT: f32 = 210.0;
const RIGHT: f32 = 120.0;
const ROW: f32 = 20.0;
/// Share of a row that its bar fills.
const BAR: f32 = 0.6;
/// Reasons drawn for one step; the table beside the figure has all.
const MAX_REASONS: usize = 10;
/// So that one item among a million is still seen.
const THINNEST: f32 = 1.5;

/// Returns the bars over every step, all to one scale from zero.
pub fn figure(report: &Report) -> Figure {
    let entries = [entry(Ink::Accent, false, "went on"), entry(Ink::Unknown, true, "set aside, by reason")];
    let (mut shapes, top) = legend(&entries, 0.0, 2.0);
    let mut y = top + 6.0;
    let start = y;
    let max = report.waterfall.iter().map(|step| step.items).max().unwrap_or(0).max(1);
    let scale = (WIDTH - LEFT - RIGHT) / max as f32;
    let steps: Vec<_> = report.waterfall.iter().map(|step| (step, reasons(step))).collect();
    let (row, _) = rows_in_room(steps.iter().map(|(_, reasons)| reasons.len() + 1).sum(), ROW);
    for (i, (step, reasons)) in steps.iter().enumerate() {
        if i > 0 && report.waterfall[i - 1].unit != step.unit {
            y += 6.0;
        }
        shapes.extend(step_row(step, (y, row), scale));
        y += row;
        let mut left = step.items;
        for (reason, n) in reasons {
            left = left.saturating_sub(*n);
            shapes.extend(aside_row(step, (reason, *n), left, (y, row), scale));
            y += row;
        }
    }
    shapes.push(line(LEFT, start - 4.0, LEFT, y - 2.0, Ink::Muted));
    Figure {
        id: "population-waterfall".to_owned(),
        title: "Population: from records read to items tested".to_owned(),
        description: "Horizontal bars to one scale, from zero. Solid bars are what each step has; hatched bars are what was \
            set aside on the way to the next step, at the place where it leaves."
            .to_owned(),
        width: WIDTH,
        height: y + 4.0,
        shapes,
        data: data(report),
        open: false,
    }
}

/// Returns what was set aside from `step`; the smallest reasons together where there are many.
fn reasons(step: &WaterfallStep) -> Vec<(String, u64)> {
    if step.set_aside.len() <= MAX_REASONS {
        return step.set_aside.clone();
    }
    let mut by_size: Vec<u64> = step.set_aside.iter().map(|(_, n)| *n).collect();
    by_size.sort_unstable_by(|a, b| b.cmp(a));
    let least = by_size[MAX_REASONS - 2];
    let mut kept: Vec<(String, u64)> =
        step.set_aside.iter().filter(|(_, n)| *n >= least).take(MAX_REASONS - 1).cloned().collect();
    let rest = step.set_aside.iter().map(|(_, n)| n).sum::<u64>() - kept.iter().map(|(_, n)| n).sum::<u64>();
    kept.push((format!("{} further reasons", count(step.set_aside.len() - kept.len())), rest));
    kept
}

/// Returns the base line of type in a row at `y`.
fn base_line(y: f32, row: f32) -> f32 {
    y + row * BAR / 2.0 + 4.0
}

fn step_row(step: &WaterfallStep, (y, row): (f32, f32), scale: f32) -> Vec<Shape> {
    let base = base_line(y, row);
    let width = (step.items as f32 * scale).max(THINNEST);
    let text = format!("{} {}", count(step.items), step.unit);
    vec![
        label(LEFT - 8.0, base, TYPE, Ink::Text, Align::End, fit(&step.label, TYPE, LEFT - 12.0)),
        rect(Area { x: LEFT, y, w: width, h: row * BAR }, Ink::Accent, format!("{}: {text}", step.label)),
        label(LEFT + width + 6.0, base, TYPE, Ink::Text, Align::Start, text),
    ]
}

/// Draws what was set aside from `remaining` on, where it leaves the bar above.
fn aside_row(
    step: &WaterfallStep,
    (reason, n): (&str, u64),
    remaining: u64,
    (y, row): (f32, f32),
    scale: f32,
) -> Vec<Shape> {
    let base = base_line(y, row);
    let x = LEFT + remaining as f32 * scale;
    let width = (n as f32 * scale).max(THINNEST);
    vec![
        label(
            LEFT - 8.0,
            base,
            TYPE,
            Ink::Muted,
            Align::End,
            fit(&format!("less: {reason}"), TYPE, LEFT - 12.0),
        ),
        hatched(
            Area { x, y, w: width, h: row * BAR },
            Ink::Unknown,
            format!("{reason}: {} {}", of(n, step.items), step.unit),
        ),
        label(x + width + 6.0, base, TYPE, Ink::Muted, Align::Start, format!("−{}", count(n))),
    ]
}

fn data(report: &Report) -> Table {
    table("waterfall-data", "Bars of the waterfall").column("Bar", 60).number("Items", 40).rows(
        report.waterfall.iter().flat_map(|step| {
            let head =
                vec![Text::strong(&step.label), Text::body(format!("{} {}", count(step.items), step.unit))];
            let aside = step.set_aside.iter().map(|(reason, n)| {
                vec![Text::body(format!("less: {reason}")), Text::body(format!("−{}", of(*n, step.items)))]
            });
            std::iter::once(head).chain(aside).collect::<Vec<_>>()
        }),
    )
}
