//! The pages as they fill: where the next line goes, and what links to what.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    PdfError,
    canvas::Canvas,
    fonts::Face,
    shape::Shaper,
    style::{BOTTOM, Colour, LINK, TOP, Type, ink, tone},
    text::{Line, Prepared},
};
use crate::report::document::{Style, Text, Tone};

/// Pages, and the place where the next block goes.
pub(super) struct Flow<'f> {
    /// Shapes text.
    pub(super) shaper: Shaper<'f>,
    /// Pages so far.
    pub(super) pages: Vec<Canvas>,
    /// Heading of the section that each page starts with, for the running head.
    pub(super) heads: Vec<String>,
    /// Where the next block goes on the last page.
    pub(super) y: f32,
    /// Where each id lies.
    pub(super) places: BTreeMap<String, Place>,
    /// Links.
    pub(super) links: Vec<Link>,
    /// Section that is being set.
    pub(super) section: String,
    targets: BTreeSet<String>,
    current: usize,
}

/// A place in the document.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Place {
    /// Page, from 0.
    pub(super) page: usize,
    /// Distance from the top.
    pub(super) y: f32,
}

/// An area that leads to an id.
#[derive(PartialEq, Debug)]
pub(super) struct Link {
    /// Page, from 0.
    pub(super) page: usize,
    /// Left, top, width, and height.
    pub(super) area: [f32; 4],
    /// Id.
    pub(super) target: String,
}

/// A text with its look, ready to be broken into lines.
pub(super) struct Set {
    prepared: Prepared,
    style: Type,
    colour: Colour,
    mark: Tone,
    target: Option<String>,
    anchor: Option<String>,
}

/// How lines lie in their column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    /// At its left edge.
    Left,
    /// At its right edge.
    Right,
}

impl<'f> Flow<'f> {
    /// Starts without a page; `targets` are the ids that links may name.
    pub(super) fn new(shaper: Shaper<'f>, targets: BTreeSet<String>) -> Self {
        Self {
            shaper,
            pages: Vec::new(),
            heads: Vec::new(),
            y: BOTTOM,
            places: BTreeMap::new(),
            links: Vec::new(),
            section: String::new(),
            targets,
            current: 0,
        }
    }

    /// Starts a page.
    pub(super) fn new_page(&mut self) {
        self.current = self.pages.len();
        self.pages.push(Canvas::default());
        self.heads.push(self.section.clone());
        self.y = TOP;
    }

    /// Starts a page unless `height` is left on this one.
    pub(super) fn need(&mut self, height: f32) {
        if self.pages.is_empty() || (self.left() < height && self.y > TOP) {
            self.new_page();
        }
    }

    /// Returns the height that is left on the page.
    pub(super) fn left(&self) -> f32 {
        BOTTOM - self.y
    }

    /// Goes back to a page that was left empty.
    pub(super) fn fill_in(&mut self, page: usize) {
        self.current = page;
        self.y = TOP;
    }

    /// Leaves space, but not at the top of a page.
    pub(super) fn space(&mut self, height: f32) {
        if self.y > TOP {
            self.y += height;
        }
    }

    /// Returns the page that is being filled.
    pub(super) fn canvas(&mut self) -> &mut Canvas {
        if self.pages.is_empty() {
            self.new_page();
        }
        &mut self.pages[self.current]
    }

    /// Returns the index of the page that is being filled.
    pub(super) fn page(&self) -> usize {
        self.current
    }

    /// Makes the current height of the page the place of `id`; the first place of an id holds.
    pub(super) fn anchor(&mut self, id: &str, y: f32) {
        let place = Place { page: self.page(), y };
        self.places.entry(id.to_owned()).or_insert(place);
    }

    /// Prepares a text of the document.
    pub(super) fn set(&mut self, text: &Text, base: Type) -> Result<Set, PdfError> {
        let face = match text.style {
            Style::Body => base.face,
            Style::Mark if text.tone == Tone::Plain => base.face,
            Style::Strong | Style::Mark => Face::Bold,
            Style::Mono => Face::Mono,
        };
        let target = text.target.clone().filter(|target| self.targets.contains(target));
        let mark = if text.style == Style::Mark { text.tone } else { Tone::Plain };
        let colour = if target.is_some() { LINK } else { ink(tone(text.tone)) };
        let style = base.with(face);
        let prepared = Prepared::new(&mut self.shaper, face, &text.text)?;
        Ok(Set { prepared, style, colour, mark, target, anchor: text.anchor.clone() })
    }

    /// Prepares a text of our own.
    pub(super) fn plain(&mut self, text: &str, style: Type, colour: Colour) -> Result<Set, PdfError> {
        let prepared = Prepared::new(&mut self.shaper, style.face, text)?;
        Ok(Set { prepared, style, colour, mark: Tone::Plain, target: None, anchor: None })
    }

    /// Breaks a text into lines.
    pub(super) fn lines(&mut self, set: &Set, width: f32) -> Result<Vec<Line>, PdfError> {
        self.first_lines(set, width, usize::MAX)
    }

    fn first_lines(&mut self, set: &Set, width: f32, most: usize) -> Result<Vec<Line>, PdfError> {
        set.prepared.lines(&mut self.shaper, set.style.units(width - set.indent()), most)
    }

    /// Draws line `index` of a text in a column, its top at `y`.
    pub(super) fn draw(&mut self, set: &Set, line: &Line, index: usize, [x, y, width]: [f32; 3], side: Side) {
        let length = set.style.points(line.width);
        let indent = set.indent();
        let x = match side {
            Side::Left => x,
            Side::Right => x + width - length - indent,
        };
        let baseline = y + set.style.baseline();
        if index == 0 {
            let size = set.style.size * 0.72;
            self.canvas().tone(x, baseline - size * 0.98, size, set.mark);
            if let Some(anchor) = &set.anchor {
                self.anchor(anchor, y);
            }
        }
        self.canvas().text(x + indent, baseline, line, set.style, set.colour);
        if let Some(target) = &set.target {
            let area = [x, y, length + indent, set.style.leading];
            self.links.push(Link { page: self.page(), area, target: target.clone() });
        }
    }

    /// Sets a text from the current height on, over pages where needed, never leaving a single line alone.
    pub(super) fn paragraph(&mut self, set: &Set, x: f32, width: f32) -> Result<(), PdfError> {
        let lines = self.lines(set, width)?;
        let leading = set.style.leading;
        let mut from = 0;
        while from < lines.len() {
            let rest = lines.len() - from;
            let take = lines_here(rest, self.left(), leading);
            if take == 0 && (self.y > TOP || self.pages.is_empty()) {
                self.new_page();
                continue;
            }
            let take = take.max(1);
            for (index, line) in lines.iter().enumerate().skip(from).take(take) {
                let y = self.y;
                self.draw(set, line, index, [x, y, width], Side::Left);
                self.y += leading;
            }
            from += take;
        }
        Ok(())
    }

    /// Sets a text on one line; what does not fit is cut, with three dots.
    pub(super) fn one_line(
        &mut self,
        set: &Set,
        [x, y, width]: [f32; 3],
        side: Side,
    ) -> Result<(), PdfError> {
        let mut lines = self.first_lines(set, width, 2)?;
        if lines.len() > 1 {
            let dots = self.plain("…", set.style, set.colour)?;
            lines = self.first_lines(set, width - dots.width(), 1)?;
            if let (Some(line), Some(end)) = (lines.first_mut(), self.lines(&dots, width)?.pop()) {
                line.append(end);
            }
        }
        if let Some(line) = lines.first() {
            self.draw(set, line, 0, [x, y, width], side);
        }
        Ok(())
    }
}

impl Set {
    /// Returns the width of the mark before the text.
    pub(super) fn indent(&self) -> f32 {
        if self.mark == Tone::Plain { 0.0 } else { self.style.size * 1.1 }
    }

    /// Returns the width of the widest part that is not broken for choice.
    pub(super) fn longest(&self) -> f32 {
        self.style.points(self.prepared.longest_segment()) + self.indent()
    }

    /// Returns the width on one line.
    pub(super) fn width(&self) -> f32 {
        self.style.points(self.prepared.width()) + self.indent()
    }

    /// Sets it smaller.
    pub(super) fn shrink(&mut self, factor: f32) {
        self.style.size *= factor;
    }

    /// Returns the type it is set in.
    pub(super) fn style(&self) -> Type {
        self.style
    }
}

/// Returns how many of `rest` lines go on a page with `left` points: all, or so many that two or more stay together on
/// both sides of the break.
fn lines_here(rest: usize, left: f32, leading: f32) -> usize {
    let fitting = (0..rest).take_while(|line| (*line + 1) as f32 * leading <= left).count();
    match (rest - fitting, fitting) {
        (0, fitting) => fitting,
        (_, 0 | 1) => 0,
        (1, 2) => 0,
        (1, fitting) => fitting - 1,
        (_, fitting) => fitting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_left_alone() {
        assert_eq!(lines_here(5, 70.0, 14.0), 5);
        assert_eq!(lines_here(5, 69.0, 14.0), 3, "four would leave one alone on the next page");
        assert_eq!(lines_here(5, 45.0, 14.0), 3);
        assert_eq!(lines_here(5, 20.0, 14.0), 0, "one would stand alone on this page");
        assert_eq!(lines_here(3, 30.0, 14.0), 0);
        assert_eq!(lines_here(1, 14.0, 14.0), 1);
    }
}
