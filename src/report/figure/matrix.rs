//! The control matrix: every control of a framework, with the letter of its status and how far that reaches.

use super::{Area, SMALL, TYPE, WIDTH, entry, fit, label, legend, rect};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text, Tone};
use crate::report::model::{Control, Framework};
use crate::report::view::build::table;
use crate::report::view::text::{count, local_id, of};
use crate::report::view::tone::{STATUSES, status};

const LEFT: f32 = 150.0;
const COLUMNS: usize = 9;
const CELL: f32 = 58.5;
const ROW: f32 = 24.0;
const BOX: f32 = 20.0;

/// Returns the matrix of `framework` over `controls`, which stand in catalogue order.
pub fn figure(framework: &Framework, controls: &[&Control]) -> Figure {
    let (mut shapes, top) = key();
    let mut y = top + 8.0;
    let groups = groups(controls);
    for (name, members) in &groups {
        shapes.push(label(0.0, y + 13.5, SMALL, Ink::Text, Align::Start, fit(name, SMALL, LEFT - 10.0)));
        for (i, control) in members.iter().enumerate() {
            let column = i % COLUMNS;
            if i > 0 && column == 0 {
                y += ROW;
            }
            shapes.extend(cell(control, LEFT + CELL * column as f32, y));
        }
        y += ROW + 4.0;
    }
    Figure {
        id: super::super::view::anchor("matrix", &framework.id),
        title: format!("Control matrix: {}", framework.name),
        description: format!(
            "One cell for each of {} controls, by group. The letter is the status: {}. The bar at the left of a cell is \
             as high as the status reaches: full for direct, half for partial, a quarter for context.",
            count(controls.len()),
            STATUSES.map(|(_, letter, phrase, _)| format!("{letter} {phrase}")).join(", ")
        ),
        width: WIDTH,
        height: y,
        shapes,
        data: data(framework, &groups),
        open: false,
    }
}

fn ink(tone: Tone) -> Ink {
    match tone {
        Tone::Good => Ink::Good,
        Tone::Caution => Ink::Caution,
        Tone::Bad => Ink::Bad,
        Tone::Unknown => Ink::Unknown,
        Tone::Plain => Ink::Muted,
    }
}

/// Tells whether a status says that nothing was looked at; its cell is empty.
fn is_silent(word: &str) -> bool {
    matches!(word, "not_tested" | "out_of_scope")
}

fn key() -> (Vec<Shape>, f32) {
    let entries: Vec<_> = STATUSES
        .iter()
        .map(|(word, letter, phrase, tone)| {
            let ink = if is_silent(word) { Ink::Faint } else { ink(*tone) };
            entry(ink, false, format!("{letter}  {phrase}"))
        })
        .collect();
    let (mut shapes, y) = legend(&entries, 0.0, 2.0);
    let text = "Height of the bar: how far the status reaches – full: direct; half: partial; quarter: context; none: no test";
    shapes.push(label(0.0, y + 10.0, SMALL, Ink::Muted, Align::Start, text));
    (shapes, y + 16.0)
}

/// Joins neighbours of the same group.
fn groups<'a>(controls: &[&'a Control]) -> Vec<(&'a str, Vec<&'a Control>)> {
    let mut groups: Vec<(&str, Vec<&Control>)> = Vec::new();
    for control in controls {
        match groups.last_mut() {
            Some((name, members)) if *name == control.group => members.push(control),
            _ => groups.push((&control.group, vec![control])),
        }
    }
    groups
}

fn cell(control: &Control, x: f32, y: f32) -> Vec<Shape> {
    let (letter, phrase, tone) = status(&control.status);
    let tested = !control.tests.is_empty();
    let id = local_id(&control.id);
    let title = format!("{id} {}: {phrase}, as far as: {}", control.title, control.cap);
    let text_ink = if tested { Ink::Text } else { Ink::Muted };
    let mut shapes = Vec::new();
    if tested {
        shapes.push(rect(Area { x, y, w: CELL - 3.0, h: BOX }, Ink::Faint, title));
    }
    let share = match control.cap.as_str() {
        "direct" => 1.0,
        "partial" => 0.5,
        "context" => 0.25,
        _ => 0.0,
    };
    if tested && share > 0.0 {
        let height = BOX * share;
        shapes.push(rect(Area { x, y: y + BOX - height, w: 4.0, h: height }, ink(tone), ""));
    }
    shapes.push(label(x + 7.0, y + 13.5, SMALL, text_ink, Align::Start, fit(id, SMALL, CELL - 18.0)));
    shapes.push(label(x + CELL - 7.0, y + 14.0, TYPE, text_ink, Align::End, letter));
    shapes
}

fn data(framework: &Framework, groups: &[(&str, Vec<&Control>)]) -> Table {
    let mut builder = table(
        &super::super::view::anchor("matrix-data", &framework.id),
        format!("{}: controls in each status, by group", framework.name),
    )
    .column("Group", 24)
    .number("Controls", 9);
    for (_, letter, phrase, _) in STATUSES {
        builder = builder.number(&format!("{letter} {phrase}"), 10);
    }
    builder.rows(groups.iter().map(|(name, members)| {
        let mut cells = vec![Text::body(*name), Text::body(count(members.len()))];
        cells.extend(STATUSES.iter().map(|(word, ..)| {
            let n = members.iter().filter(|control| control.status == *word).count();
            Text::body(if n == 0 { "0".to_owned() } else { of(n, members.len()) })
        }));
        cells
    }))
}
