//! Exceptions by test: bars from zero, what a waiver accepts apart.

use super::{Area, SMALL, TYPE, WIDTH, entry, fit, hatched, label, legend, rect, rows_in_room};
use crate::report::document::{Align, Figure, Ink, Shape, Table, Text};
use crate::report::model::{Report, Test};
use crate::report::view::build::table;
use crate::report::view::text::{count, of};

const LEFT: f32 = 250.0;
const RIGHT: f32 = 96.0;
const ROW: f32 = 20.0;

/// Returns a bar for each test with an exception, most first; none where no test has one.
pub fn figure(report: &Report) -> Option<Figure> {
    let mut tests: Vec<&Test> = report.tests.iter().filter(|test| test.exceptions > 0).collect();
    tests.sort_by(|a, b| b.exceptions.cmp(&a.exceptions).then(a.id.cmp(&b.id)));
    let max = tests.first()?.exceptions;
    let accepted: u64 = tests.iter().map(|test| test.accepted).sum();
    let (mut shapes, top) = match accepted {
        0 => (Vec::new(), 0.0),
        _ => legend(
            &[entry(Ink::Bad, false, "exceptions"), entry(Ink::Caution, true, "accepted by a waiver")],
            0.0,
            2.0,
        ),
    };
    let (row, fitting) = rows_in_room(tests.len(), ROW);
    let mut y = top + 4.0;
    for test in tests.iter().take(fitting) {
        shapes.extend(bar(test, (y, row), (WIDTH - LEFT - RIGHT) / max as f32));
        y += row;
    }
    Some(Figure {
        id: "exceptions-by-test".to_owned(),
        title: "Exceptions by test".to_owned(),
        description: "Horizontal bars from zero, one for each test with an exception, most first. An item that several tests \
            call an exception counts in each."
            .to_owned(),
        width: WIDTH,
        height: y + 4.0,
        shapes,
        data: data(&tests),
        open: false,
    })
}

fn bar(test: &Test, (y, row): (f32, f32), scale: f32) -> Vec<Shape> {
    let name = format!("{} {}", test.id, test.slug);
    let (open, accepted) = ((test.exceptions - test.accepted) as f32 * scale, test.accepted as f32 * scale);
    let base = y + row * 0.3 + 4.0;
    let mut shapes =
        vec![label(LEFT - 8.0, base, TYPE, Ink::Text, Align::End, fit(&name, TYPE, LEFT - 12.0))];
    if open > 0.0 {
        let area = Area { x: LEFT, y, w: open.max(1.5), h: row * 0.6 };
        shapes.push(rect(area, Ink::Bad, format!("{name}: {}", count(test.exceptions - test.accepted))));
    }
    if accepted > 0.0 {
        let area = Area { x: LEFT + open, y, w: accepted.max(1.5), h: row * 0.6 };
        shapes.push(hatched(area, Ink::Caution, format!("{name}: {} accepted", count(test.accepted))));
    }
    let text = of(test.exceptions, test.population);
    shapes.push(label(LEFT + open + accepted + 6.0, base, SMALL, Ink::Text, Align::Start, text));
    shapes
}

fn data(tests: &[&Test]) -> Table {
    table("exceptions-by-test-data", "Exceptions by test, with their populations")
        .column("Test", 50)
        .number("Population", 16)
        .number("Exceptions", 16)
        .number("Accepted", 18)
        .rows(tests.iter().map(|test| {
            vec![
                Text::body(format!("{} {}", test.id, test.slug)),
                Text::body(count(test.population)),
                Text::body(count(test.exceptions)),
                Text::body(count(test.accepted)),
            ]
        }))
}
