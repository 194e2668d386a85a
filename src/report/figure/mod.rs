//! Figures: in the numbers of a report, out shapes in abstract units that every renderer draws alike.
//!
//! Rules that all of them keep: bars start at zero; series are labelled in words beside a sample of their mark; no
//! series is told from another by colour alone (hatching, length, letters, and order carry the same); each figure
//! brings the table of what it draws. 680 units are meant for 170 mm, so type of size 10 is 7 points high.

pub mod coverage;
pub mod daily;
pub mod exceptions;
pub mod latency;
pub mod matrix;
pub mod pairs;
pub mod seal;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod waterfall;

use crate::report::document::{Align, Ink, Shape};

/// Width of every figure.
pub const WIDTH: f32 = 680.0;
/// Height of ordinary type.
const TYPE: f32 = 11.0;
/// Height of the smallest type: 7 points at 170 mm.
const SMALL: f32 = 10.0;
/// Mean width of a character, as a share of the height of the type.
const CHARACTER: f32 = 0.56;

/// Room for the rows of a figure, so that it stays on one page.
const ROOM: f32 = 840.0;
/// The lowest row that still holds a line of type.
const LOWEST_ROW: f32 = 13.0;

/// Returns how high a row is that would best be `best` high, and how many of `rows` there is room for.
fn rows_in_room(rows: usize, best: f32) -> (f32, usize) {
    let height = (ROOM / rows.max(1) as f32).clamp(LOWEST_ROW, best);
    let fitting = (1..=rows).take_while(|n| *n as f32 * height <= ROOM + 0.5).count();
    (height, fitting)
}

/// A rectangle with an upper left corner and a size.
#[derive(Clone, Copy)]
struct Area {
    x: f32,
    y: f32,
    w: f32,
    h: f32,
}

fn rect(area: Area, ink: Ink, title: impl Into<String>) -> Shape {
    let Area { x, y, w, h } = area;
    Shape::Rect { x, y, w, h, ink, hatched: false, title: title.into() }
}

fn hatched(area: Area, ink: Ink, title: impl Into<String>) -> Shape {
    let Area { x, y, w, h } = area;
    Shape::Rect { x, y, w, h, ink, hatched: true, title: title.into() }
}

fn line(x1: f32, y1: f32, x2: f32, y2: f32, ink: Ink) -> Shape {
    Shape::Line { x1, y1, x2, y2, ink, width: 1.0 }
}

fn label(x: f32, y: f32, size: f32, ink: Ink, align: Align, text: impl Into<String>) -> Shape {
    Shape::Label { x, y, size, ink, align, text: text.into() }
}

/// Returns about how wide `text` is, set `size` high. East Asian characters take twice the room.
fn width_of(text: &str, size: f32) -> f32 {
    let units: f32 = text.chars().map(|c| if c > '\u{2e7f}' { 2.0 } else { 1.0 }).sum();
    units * size * CHARACTER
}

/// Returns `text` cut with an ellipsis where it would be wider than `room`.
fn fit(text: &str, size: f32, room: f32) -> String {
    if width_of(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width_of(&kept, size) + size * CHARACTER > room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// One entry of a legend: a sample of the mark, and what it stands for.
struct Entry {
    ink: Ink,
    hatched: bool,
    text: String,
}

fn entry(ink: Ink, hatched: bool, text: impl Into<String>) -> Entry {
    Entry { ink, hatched, text: text.into() }
}

/// Lays `entries` out in lines from `x`, `y`; returns the shapes and the y below them.
fn legend(entries: &[Entry], x: f32, y: f32) -> (Vec<Shape>, f32) {
    const SAMPLE: f32 = 14.0;
    const GAP: f32 = 18.0;
    const LINE: f32 = 18.0;
    let mut shapes = Vec::new();
    let (mut left, mut top) = (x, y);
    for entry in entries {
        let width = SAMPLE + 5.0 + width_of(&entry.text, TYPE);
        if left > x && left + width > WIDTH {
            left = x;
            top += LINE;
        }
        let area = Area { x: left, y: top + 1.0, w: SAMPLE, h: 10.0 };
        let sample = if entry.hatched { hatched(area, entry.ink, "") } else { rect(area, entry.ink, "") };
        shapes.push(sample);
        shapes.push(label(
            left + SAMPLE + 5.0,
            top + 10.0,
            TYPE,
            Ink::Text,
            Align::Start,
            entry.text.as_str(),
        ));
        left += width + GAP;
    }
    (shapes, top + LINE)
}

/// A span of the horizontal axis that stands for days.
#[derive(Clone, Copy)]
struct DayAxis {
    left: f32,
    width: f32,
    days: usize,
}

impl DayAxis {
    /// Returns where day `index` begins.
    fn x(self, index: usize) -> f32 {
        self.left + self.width * index as f32 / self.days.max(1) as f32
    }

    /// Returns the first of each month, and the first day, at `y`, as many as have room.
    fn labels<'a>(self, days: impl Iterator<Item = &'a str>, y: f32) -> Vec<Shape> {
        let mut shapes = Vec::new();
        let mut free = self.left;
        for (i, day) in days.enumerate() {
            let month = day.ends_with("-01");
            let text = if month { day.get(..7).unwrap_or(day) } else { day };
            let x = self.x(i);
            if (i == 0 || month) && x >= free && x + width_of(text, SMALL) <= WIDTH {
                shapes.push(line(x, y - 12.0, x, y - 7.0, Ink::Muted));
                shapes.push(label(x, y + 2.0, SMALL, Ink::Muted, Align::Start, text));
                free = x + width_of(text, SMALL) + 8.0;
            }
        }
        shapes
    }
}
