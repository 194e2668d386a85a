//! One page: text, rules, and shapes as drawing operations. Lengths in points, from the upper left corner.

use std::collections::BTreeMap;

use printpdf::{
    Color, DictItem, Line as PdfLine, LinePoint, Op, PaintMode, PdfFontHandle, Point, Polygon, PolygonRing,
    Pt, Rect, Rgb, TextItem, TextMatrix, WindingOrder,
};

use super::{
    fonts::{FaceId, code_char, font_id},
    style::{Colour, PAGE_HEIGHT, Type, ink},
    text::{Line, Piece},
};
use crate::report::document::{Ink, Tone};

/// Control point distance for a quarter circle of radius 1.
const QUARTER: f32 = 0.5523;

/// Operations of a page, in order.
#[derive(Default)]
pub(super) struct Canvas {
    ops: Vec<Op>,
    fill: Option<Colour>,
    stroke: Option<(Colour, f32)>,
}

impl Canvas {
    /// Returns the operations.
    pub(super) fn into_ops(self) -> Vec<Op> {
        self.ops
    }

    /// Sets a line of text with its left end at `x`.
    pub(super) fn text(&mut self, x: f32, baseline: f32, line: &Line, style: Type, colour: Colour) {
        if line.pieces.is_empty() {
            return;
        }
        self.fill(colour);
        self.ops.push(Op::StartTextSection);
        self.ops.push(Op::SetTextMatrix { matrix: TextMatrix::Translate(pt(x), pt(PAGE_HEIGHT - baseline)) });
        let mut run = Run { size: style.size, ..Run::default() };
        for piece in &line.pieces {
            let wanted = if piece.stand_in.is_some() { ink(Ink::Muted) } else { colour };
            if self.fill != Some(wanted) {
                run.flush(&mut self.ops);
                self.fill(wanted);
            }
            run.set_face(&mut self.ops, piece.face);
            if let Some(Some(original)) = piece.stand_in {
                run.flush(&mut self.ops);
                self.ops.push(actual_text(original));
                run.piece(&mut self.ops, piece);
                run.flush(&mut self.ops);
                self.ops.push(Op::EndMarkedContent);
            } else {
                run.piece(&mut self.ops, piece);
            }
        }
        run.flush(&mut self.ops);
        self.ops.push(Op::EndTextSection);
    }

    /// Draws a horizontal rule.
    pub(super) fn rule(&mut self, x: f32, y: f32, width: f32, thickness: f32, colour: Colour) {
        self.line([x, y], [x + width, y], thickness, colour);
    }

    /// Draws a straight line.
    pub(super) fn line(&mut self, from: [f32; 2], to: [f32; 2], thickness: f32, colour: Colour) {
        self.stroke(colour, thickness);
        let points = vec![corner(from), corner(to)];
        self.ops.push(Op::DrawLine { line: PdfLine { points, is_closed: false } });
    }

    /// Fills a rectangle.
    pub(super) fn fill_rect(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Colour) {
        self.fill(colour);
        self.rect(x, y, width, height, PaintMode::Fill);
    }

    /// Draws the outline of a rectangle.
    pub(super) fn stroke_rect(&mut self, [x, y, width, height]: [f32; 4], thickness: f32, colour: Colour) {
        self.stroke(colour, thickness);
        self.rect(x, y, width, height, PaintMode::Stroke);
    }

    /// Draws the shape of a tone in a square of `size`; nothing for a plain one.
    pub(super) fn tone(&mut self, x: f32, y: f32, size: f32, tone: Tone) {
        let colour = ink(super::style::tone(tone));
        let middle = [x + size / 2.0, y + size / 2.0];
        let half = size / 2.0;
        match tone {
            Tone::Good => {
                self.fill(colour);
                self.polygon(circle(middle, half * 0.92), PaintMode::Fill);
            }
            Tone::Caution => {
                self.fill(colour);
                let points =
                    [[x, y + size * 0.95], [x + size, y + size * 0.95], [middle[0], y + size * 0.05]];
                self.polygon(points.map(corner).to_vec(), PaintMode::Fill);
            }
            Tone::Bad => {
                self.fill(colour);
                let points = [[middle[0], y], [x + size, middle[1]], [middle[0], y + size], [x, middle[1]]];
                self.polygon(points.map(corner).to_vec(), PaintMode::Fill);
            }
            Tone::Unknown => {
                self.stroke(colour, size * 0.16);
                self.polygon(circle(middle, half * 0.82), PaintMode::Stroke);
            }
            Tone::Plain => {}
        }
    }

    /// Adds any other operation.
    pub(super) fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    fn rect(&mut self, x: f32, y: f32, width: f32, height: f32, mode: PaintMode) {
        let mut rectangle = Rect::from_xywh(pt(x), pt(PAGE_HEIGHT - y - height), pt(width), pt(height));
        rectangle.mode = Some(mode);
        self.ops.push(Op::DrawRectangle { rectangle });
    }

    fn polygon(&mut self, points: Vec<LinePoint>, mode: PaintMode) {
        let rings = vec![PolygonRing { points }];
        self.ops
            .push(Op::DrawPolygon { polygon: Polygon { rings, mode, winding_order: WindingOrder::NonZero } });
    }

    fn fill(&mut self, colour: Colour) {
        if self.fill != Some(colour) {
            self.fill = Some(colour);
            self.ops.push(Op::SetFillColor { col: rgb(colour) });
        }
    }

    fn stroke(&mut self, colour: Colour, thickness: f32) {
        if self.stroke != Some((colour, thickness)) {
            self.stroke = Some((colour, thickness));
            self.ops.push(Op::SetOutlineColor { col: rgb(colour) });
            self.ops.push(Op::SetOutlineThickness { pt: pt(thickness) });
        }
    }
}

/// Text that is shown by one operation.
#[derive(Default)]
struct Run {
    size: f32,
    face: Option<FaceId>,
    items: Vec<TextItem>,
    text: String,
    /// Movement to the left before the next glyph.
    kern: i32,
}

impl Run {
    fn set_face(&mut self, ops: &mut Vec<Op>, face: FaceId) {
        if self.face != Some(face) {
            self.flush(ops);
            self.face = Some(face);
            ops.push(Op::SetFont { font: PdfFontHandle::External(font_id(face)), size: pt(self.size) });
        }
    }

    fn piece(&mut self, ops: &mut Vec<Op>, piece: &Piece) {
        for glyph in &piece.shaped.glyphs {
            self.kern -= glyph.dx;
            if glyph.dy != 0 {
                self.flush(ops);
                ops.push(Op::SetLineOffset { multiplier: round(glyph.dy as f32 * self.size / 1000.0) });
            }
            self.shift();
            self.text.push(code_char(glyph.code));
            self.kern = glyph.width + glyph.dx - glyph.advance;
            if glyph.dy != 0 {
                self.flush(ops);
                ops.push(Op::SetLineOffset { multiplier: 0.0 });
            }
        }
    }

    fn shift(&mut self) {
        if self.kern != 0 {
            self.show();
            self.items.push(TextItem::Offset(self.kern as f32));
            self.kern = 0;
        }
    }

    fn show(&mut self) {
        if !self.text.is_empty() {
            self.items.push(TextItem::Text(std::mem::take(&mut self.text)));
        }
    }

    fn flush(&mut self, ops: &mut Vec<Op>) {
        self.shift();
        self.show();
        if !self.items.is_empty() {
            ops.push(Op::ShowText { items: std::mem::take(&mut self.items) });
        }
    }
}

/// Opens a span that copies as `original`.
fn actual_text(original: char) -> Op {
    let mut data = vec![0xfe, 0xff];
    data.extend(original.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
    let map = BTreeMap::from([("ActualText".to_owned(), DictItem::String { data, literal: false })]);
    Op::BeginMarkedContentWithProperties { tag: "Span".to_owned(), properties: DictItem::Dict { map } }
}

fn circle([x, y]: [f32; 2], r: f32) -> Vec<LinePoint> {
    let k = r * QUARTER;
    [
        ([x + r, y], false),
        ([x + r, y + k], true),
        ([x + k, y + r], true),
        ([x, y + r], false),
        ([x - k, y + r], true),
        ([x - r, y + k], true),
        ([x - r, y], false),
        ([x - r, y - k], true),
        ([x - k, y - r], true),
        ([x, y - r], false),
        ([x + k, y - r], true),
        ([x + r, y - k], true),
        ([x + r, y], false),
    ]
    .into_iter()
    .map(|(at, bezier)| LinePoint { bezier, ..corner(at) })
    .collect()
}

fn corner([x, y]: [f32; 2]) -> LinePoint {
    LinePoint { p: Point { x: pt(x), y: pt(PAGE_HEIGHT - y) }, bezier: false }
}

fn rgb(colour: Colour) -> Color {
    let [r, g, b] = colour.map(|channel| (f32::from(channel) / 255.0 * 1000.0).round() / 1000.0);
    Color::Rgb(Rgb { r, g, b, icc_profile: None })
}

/// Returns a length with two decimals: finer steps cannot be seen and cost bytes.
pub(super) fn pt(points: f32) -> Pt {
    Pt(round(points))
}

fn round(value: f32) -> f32 {
    (value * 100.0).round() / 100.0
}
