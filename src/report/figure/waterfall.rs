//! The population waterfall: horizontal bars from records read to items tested, and what was set aside between.

use super::{Area, TYPE, WIDTH, entry, fit, hatched, label, legend, line, rect};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text};
use crate::report::model::{Report, WaterfallStep};
use crate::report::view::build::table;
use crate::report::view::text::{count, of};

const LEFT: f32 = 210.0;
const RIGHT: f32 = 120.0;
const ROW: f32 = 20.0;
const BAR: f32 = 12.0;
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
    for (i, step) in report.waterfall.iter().enumerate() {
        if i > 0 && report.waterfall[i - 1].unit != step.unit {
            y += 6.0;
        }
        shapes.extend(step_row(step, y, scale));
        y += ROW;
        let mut left = step.items;
        for (reason, n) in &step.set_aside {
            left = left.saturating_sub(*n);
            shapes.extend(aside_row(step, reason, *n, left, y, scale));
            y += ROW;
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
    }
}

fn step_row(step: &WaterfallStep, y: f32, scale: f32) -> Vec<Shape> {
    let width = (step.items as f32 * scale).max(THINNEST);
    let text = format!("{} {}", count(step.items), step.unit);
    vec![
        label(LEFT - 8.0, y + 9.5, TYPE, Ink::Text, Align::End, fit(&step.label, TYPE, LEFT - 12.0)),
        rect(Area { x: LEFT, y, w: width, h: BAR }, Ink::Accent, format!("{}: {text}", step.label)),
        label(LEFT + width + 6.0, y + 9.5, TYPE, Ink::Text, Align::Start, text),
    ]
}

/// Draws what was set aside from `remaining` on, where it leaves the bar above.
fn aside_row(step: &WaterfallStep, reason: &str, n: u64, remaining: u64, y: f32, scale: f32) -> Vec<Shape> {
    let x = LEFT + remaining as f32 * scale;
    let width = (n as f32 * scale).max(THINNEST);
    vec![
        label(
            LEFT - 8.0,
            y + 9.5,
            TYPE,
            Ink::Muted,
            Align::End,
            fit(&format!("less: {reason}"), TYPE, LEFT - 12.0),
        ),
        hatched(
            Area { x, y, w: width, h: BAR },
            Ink::Unknown,
            format!("{reason}: {} {}", of(n, step.items), step.unit),
        ),
        label(x + width + 6.0, y + 9.5, TYPE, Ink::Muted, Align::Start, format!("−{}", count(n))),
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
