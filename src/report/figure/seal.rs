//! The seal as a picture: the results digest for a camera, and beside it for the eye.

use qrcode::{Color, EcLevel, QrCode};

use super::{Area, WIDTH, label, rect};
use crate::clock::Period;
use crate::digest::Digest;
use crate::report::document::{Align, Figure, Ink, Shape, Text};
use crate::report::view::build::table;
use crate::report::view::text::grouped;

/// Side of a module.
const MODULE: f32 = 4.0;
/// Light modules that must stand around the code (ISO/IEC 18004, 6.3.8).
const QUIET: f32 = 4.0;
/// Overlap of rows, so that no renderer leaves a hair of light between them.
const OVERLAP: f32 = 0.1;

/// Returns what the code says: kind and version, the period, and the digest. It holds no text from a log.
pub(crate) fn payload(period: Period, results: Digest) -> String {
    format!("countersign:1;{}/{};sha256:{results}", period.from, period.to)
}

/// Returns the figure; none where the code could not hold the payload, which has a fixed length and fits.
pub(crate) fn figure(period: Period, results: Digest) -> Option<Figure> {
    let payload = payload(period, results);
    let code = QrCode::with_error_correction_level(&payload, EcLevel::M).ok()?;
    let side = (code.width() as f32 + 2.0 * QUIET) * MODULE;
    let mut shapes = vec![rect(Area { x: 0.0, y: 0.0, w: side, h: side }, Ink::White, "")];
    shapes.extend(modules(&code));
    let mut y = 40.0;
    for line in beside(results) {
        shapes.push(label(side + 20.0, y, 12.0, Ink::Text, Align::Start, line));
        y += 22.0;
    }
    Some(Figure {
        id: "seal-code".to_owned(),
        title: "Results digest as a QR code".to_owned(),
        description: format!("A QR code that says {payload}."),
        width: WIDTH,
        height: side,
        shapes,
        data: table("seal-code-data", "What the code says")
            .column("Payload", 100)
            .rows([vec![Text::mono(payload)]]),
        open: false,
    })
}

/// Returns the lines beside the code, the digest in groups as an eye compares them.
fn beside(results: Digest) -> Vec<String> {
    let digest = grouped(&results.to_string());
    let groups: Vec<&str> = digest.split(' ').collect();
    let mut lines = vec!["Results digest (SHA-256 of report.json)".to_owned()];
    lines.extend(groups.chunks(4).map(|line| line.join("  ")));
    lines.extend([
        "The code holds the same digest, and the period. It proves nothing by itself:".to_owned(),
        "compare it with the SHA-256 of report.json, and verify the pack.".to_owned(),
    ]);
    lines
}

/// Returns the dark modules, neighbours in a row as one rectangle.
fn modules(code: &QrCode) -> Vec<Shape> {
    let width = code.width();
    let colors = code.to_colors();
    let mut shapes = Vec::new();
    for (row, cells) in colors.chunks(width).enumerate() {
        let mut at = 0;
        while at < width {
            let run = cells[at..].iter().take_while(|cell| **cell == Color::Dark).count();
            if run > 0 {
                let area = Area {
                    x: (at as f32 + QUIET) * MODULE,
                    y: (row as f32 + QUIET) * MODULE,
                    w: run as f32 * MODULE,
                    h: MODULE + OVERLAP,
                };
                shapes.push(rect(area, Ink::Black, ""));
            }
            at += run.max(1);
        }
    }
    shapes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another program reads from the drawing what was put in.
    #[test]
    fn the_drawn_code_says_period_and_digest() {
        let period = Period {
            from: "2026-07-01T00:00:00Z".parse().unwrap(),
            to: "2026-10-01T00:00:00Z".parse().unwrap(),
        };
        let results = Digest::of(b"results");
        let figure = figure(period, results).unwrap();
        let high = |modules: &u16| (f32::from(*modules) + 2.0 * QUIET) * MODULE >= figure.height - 0.5;
        let modules = usize::from((1..200_u16).find(high).unwrap());
        let dark = |x: usize, y: usize| {
            let middle = |at: usize| (at as f32 + QUIET + 0.5) * MODULE;
            figure.shapes.iter().any(|shape| {
                matches!(shape, Shape::Rect { x: left, y: top, w, h, ink: Ink::Black, .. }
                    if (*left..left + w).contains(&middle(x)) && (*top..top + h).contains(&middle(y)))
            })
        };
        let grid = rqrr::Grid::new(rqrr::SimpleGrid::from_func(modules, dark));
        let (_, said) = grid.decode().unwrap();
        assert_eq!(
            said,
            format!("countersign:1;2026-07-01T00:00:00.000Z/2026-10-01T00:00:00.000Z;sha256:{results}")
        );
        assert_eq!(figure.data.rows[0][0].text, said);
    }
}
