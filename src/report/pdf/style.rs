//! The look of the page: its grid, its type, and its colours. Lengths in points, from the upper left corner.

use super::fonts::{Face, UNITS};
use crate::report::document::{Ink, Tone};

/// A4.
pub(super) const PAGE_WIDTH: f32 = 595.28;
/// A4.
pub(super) const PAGE_HEIGHT: f32 = 841.89;
/// Left edge of everything.
pub(super) const LEFT: f32 = 60.0;
/// Width of tables, figures, and rules.
pub(super) const WIDTH: f32 = PAGE_WIDTH - 2.0 * LEFT;
/// Width of running text: about 85 characters.
pub(super) const MEASURE: f32 = 412.0;
/// Top of the text.
pub(super) const TOP: f32 = 82.0;
/// End of the text.
pub(super) const BOTTOM: f32 = PAGE_HEIGHT - 72.0;
/// Baseline of the running head.
pub(super) const HEAD: f32 = 50.0;
/// Baseline of the footer.
pub(super) const FOOT: f32 = PAGE_HEIGHT - 40.0;
/// Space between blocks.
pub(super) const GAP: f32 = 11.0;
/// Space between columns.
pub(super) const GUTTER: f32 = 11.0;
/// A thin rule.
pub(super) const HAIRLINE: f32 = 0.4;

/// A face, its size, and its line height.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Type {
    /// Face.
    pub(super) face: Face,
    /// Size.
    pub(super) size: f32,
    /// Distance between baselines.
    pub(super) leading: f32,
}

impl Type {
    const fn new(face: Face, size: f32, leading: f32) -> Self {
        Self { face, size, leading }
    }

    /// Returns the same place in another face; the mono face is set smaller, as it looks larger.
    pub(super) fn with(self, face: Face) -> Self {
        let size = if face == Face::Mono && self.face != Face::Mono { self.size * 0.92 } else { self.size };
        Self { face, size, ..self }
    }

    /// Returns how many units of text fit in `points`.
    #[expect(clippy::cast_possible_truncation, reason = "a page is some hundred thousand units wide")]
    pub(super) fn units(self, points: f32) -> i32 {
        (points * f32::from(UNITS) / self.size) as i32
    }

    /// Returns the length of `units` of text.
    pub(super) fn points(self, units: i32) -> f32 {
        units as f32 * self.size / f32::from(UNITS)
    }

    /// Returns the distance from the top of a line to its baseline.
    pub(super) fn baseline(self) -> f32 {
        self.leading / 2.0 + self.size * 0.35
    }
}

/// Running text.
pub(super) const BODY: Type = Type::new(Face::Regular, 9.2, 14.0);
/// Captions, heads, and footers.
pub(super) const SMALL: Type = Type::new(Face::Regular, 7.6, 11.0);
/// Table cells.
pub(super) const CELL: Type = Type::new(Face::Regular, 7.8, 10.8);
/// Column headings.
pub(super) const COLUMN: Type = Type::new(Face::Bold, 7.2, 9.6);
/// Captions.
pub(super) const CAPTION: Type = Type::new(Face::Bold, 8.6, 12.4);
/// Section headings.
pub(super) const SECTION: Type = Type::new(Face::Bold, 17.0, 22.0);
/// Subsection headings.
pub(super) const SUBSECTION: Type = Type::new(Face::Bold, 11.4, 15.5);
/// Title of the report.
pub(super) const TITLE: Type = Type::new(Face::Bold, 27.0, 34.0);
/// Subtitle.
pub(super) const SUBTITLE: Type = Type::new(Face::Regular, 12.4, 18.0);
/// Verdicts and figures at a glance.
pub(super) const VERDICT: Type = Type::new(Face::Bold, 12.6, 16.2);

/// A colour, red, green, and blue from 0 to 255.
pub(super) type Colour = [u8; 3];

/// Links.
pub(super) const LINK: Colour = [0x1d, 0x4f, 0x91];

/// Returns the colour of text and thin lines; each is dark enough to read on white.
pub(super) fn ink(ink: Ink) -> Colour {
    match ink {
        Ink::Text => [0x1a, 0x20, 0x27],
        Ink::Muted => [0x5a, 0x64, 0x70],
        Ink::Faint => [0xd4, 0xd9, 0xdf],
        Ink::Paper => [0xff, 0xff, 0xff],
        Ink::Good => [0x0b, 0x6b, 0x53],
        Ink::Caution => [0x8a, 0x57, 0x00],
        Ink::Bad => [0xb3, 0x3a, 0x0e],
        Ink::Unknown => [0x5f, 0x66, 0x70],
        Ink::Accent => [0x00, 0x5f, 0x9e],
        Ink::Black => [0x00, 0x00, 0x00],
        Ink::White => [0xff, 0xff, 0xff],
    }
}

/// Returns the colour of areas in figures: the palette of Okabe and Ito, which the colour-blind can tell apart.
pub(super) fn area(area: Ink) -> Colour {
    match area {
        Ink::Good => [0x2a, 0x9d, 0x7c],
        Ink::Caution => [0xe6, 0x9f, 0x00],
        Ink::Bad => [0xd5, 0x5e, 0x00],
        Ink::Unknown => [0x9a, 0xa3, 0xad],
        Ink::Accent => [0x00, 0x72, 0xb2],
        other => ink(other),
    }
}

/// Returns the ink of a tone.
pub(super) fn tone(tone: Tone) -> Ink {
    match tone {
        Tone::Good => Ink::Good,
        Tone::Caution => Ink::Caution,
        Tone::Bad => Ink::Bad,
        Tone::Unknown => Ink::Unknown,
        Tone::Plain => Ink::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast with white after WCAG 2.2.
    fn contrast(colour: Colour) -> f64 {
        let [r, g, b] = colour.map(|channel| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05)
    }

    #[test]
    fn text_is_readable_on_white() {
        for each in [Ink::Text, Ink::Muted, Ink::Good, Ink::Caution, Ink::Bad, Ink::Unknown, Ink::Accent] {
            assert!(contrast(ink(each)) >= 4.5, "{each:?}: {}", contrast(ink(each)));
        }
        assert!(contrast(LINK) >= 4.5);
    }
}
