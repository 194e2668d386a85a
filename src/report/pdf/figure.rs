//! Figures: the document's shapes as vectors.

use super::{
    PdfError,
    canvas::Canvas,
    flow::{Flow, Side},
    fonts::Face,
    style::{BOTTOM, CAPTION, LEFT, SMALL, TOP, Type, WIDTH, area, ink},
    table,
};
use crate::report::document::{Align, Figure, Ink, Shape};

/// Rows up to which the data of a figure is printed under it.
pub(super) const MAX_DATA_ROWS: usize = 12;

/// Distance between the lines of a hatched area.
const HATCH: f32 = 2.6;

/// Largest magnification, so that a small drawing keeps the size of its type.
const MAX_SCALE: f32 = 1.2;

/// Sets a figure with its title, its description, and its data where that is short.
pub(super) fn figure(flow: &mut Flow<'_>, figure: &Figure) -> Result<(), PdfError> {
    let scale = scale(figure);
    let height = figure.height.max(1.0) * scale;
    let description = flow.plain(&figure.description, SMALL, ink(Ink::Muted))?;
    let below = flow.lines(&description, WIDTH)?.len() as f32 * SMALL.leading;
    let title = flow.plain(&figure.title, CAPTION, ink(Ink::Text))?;
    flow.need(CAPTION.leading + 6.0 + height + 5.0 + below);
    let y = flow.y;
    flow.anchor(&figure.id, y);
    flow.paragraph(&title, LEFT, WIDTH)?;
    flow.y += 6.0;
    let y = flow.y;
    for shape in &figure.shapes {
        draw(flow, shape, [LEFT, y], scale)?;
    }
    flow.y += height + 5.0;
    flow.paragraph(&description, LEFT, WIDTH)?;
    if !figure.data.rows.is_empty() && figure.data.rows.len() <= MAX_DATA_ROWS {
        flow.space(7.0);
        table::table(flow, &figure.data)?;
    }
    Ok(())
}

/// Returns points per unit of the drawing: as wide as the text, and no higher than half a page.
fn scale(figure: &Figure) -> f32 {
    let wide = WIDTH / figure.width.max(1.0);
    let high = (BOTTOM - TOP) * 0.55 / figure.height.max(1.0);
    wide.min(high).min(MAX_SCALE)
}

fn draw(flow: &mut Flow<'_>, shape: &Shape, [left, top]: [f32; 2], scale: f32) -> Result<(), PdfError> {
    match shape {
        Shape::Rect { x, y, w, h, ink, hatched, .. } => {
            let place = [left + x * scale, top + y * scale, w * scale, h * scale];
            rect(flow.canvas(), place, *ink, *hatched);
        }
        Shape::Line { x1, y1, x2, y2, ink: colour, width } => {
            let (from, to) = ([left + x1 * scale, top + y1 * scale], [left + x2 * scale, top + y2 * scale]);
            flow.canvas().line(from, to, (width * scale).max(0.25), area(*colour));
        }
        Shape::Label { x, y, size, ink: colour, align, text } => {
            let size = size * scale;
            let style = Type { face: Face::Regular, size, leading: size * 1.2 };
            let set = flow.plain(text, style, ink(*colour))?;
            let x = left + x * scale;
            // One line however long: the drawing decides what fits.
            let room = 4.0 * WIDTH;
            let baseline = top + y * scale - style.baseline();
            let (x, side) = match align {
                Align::Start => (x, Side::Left),
                Align::Middle => (x - set.width() / 2.0, Side::Left),
                Align::End => (x - room, Side::Right),
            };
            flow.one_line(&set, [x, baseline, room], side)?;
        }
    }
    Ok(())
}

fn rect(canvas: &mut Canvas, [x, y, w, h]: [f32; 4], ink: Ink, hatched: bool) {
    if w <= 0.0 || h <= 0.0 {
        return;
    }
    if !hatched {
        canvas.fill_rect(x, y, w, h, area(ink));
        return;
    }
    for [from, to] in hatch(w, h) {
        canvas.line([x + from[0], y + from[1]], [x + to[0], y + to[1]], 0.5, area(ink));
    }
    canvas.stroke_rect([x, y, w, h], 0.5, area(ink));
}

/// Returns the rising diagonals within a rectangle of `w` by `h`.
fn hatch(w: f32, h: f32) -> Vec<[[f32; 2]; 2]> {
    let step = HATCH * std::f32::consts::SQRT_2;
    let mut lines = Vec::new();
    let mut at = step;
    while at < w + h && lines.len() < 2000 {
        // The line x + y = at, from the left or lower edge to the upper or right edge.
        let from = if at <= h { [0.0, at] } else { [at - h, h] };
        let to = if at <= w { [at, 0.0] } else { [w, at - w] };
        lines.push([from, to]);
        at += step;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatching_stays_inside() {
        let lines = hatch(30.0, 8.0);
        assert!(lines.len() > 8);
        for [x, y] in lines.into_iter().flatten() {
            assert!((0.0..=30.0).contains(&x) && (0.0..=8.0).contains(&y), "{x}, {y}");
        }
    }
}
