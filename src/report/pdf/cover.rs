//! The cover, the contents, and what stands at the head and foot of every page.

use super::{
    PdfError, block,
    canvas::Canvas,
    flow::{Flow, Link, Set, Side},
    fonts::Face,
    style::{
        BODY, BOTTOM, FOOT, HAIRLINE, HEAD, LEFT, MEASURE, PAGE_HEIGHT, SECTION, SMALL, SUBTITLE, TITLE, TOP,
        Type, WIDTH, ink,
    },
    text::Line,
};
use crate::report::document::{Document, Ink, Section};

/// Digits of the results digest in the footer.
const FOOTER_DIGITS: usize = 16;

/// Space under the heading of the contents.
const CONTENTS_GAP: f32 = 16.0;

/// Indent of subsections in the contents.
const STEP: f32 = 22.0;

/// Sets the cover.
pub(super) fn cover(flow: &mut Flow<'_>, document: &Document) -> Result<(), PdfError> {
    flow.new_page();
    flow.y = PAGE_HEIGHT * 0.145;
    let title = flow.plain(&document.title, TITLE, ink(Ink::Text))?;
    flow.paragraph(&title, LEFT, WIDTH)?;
    flow.y += 6.0;
    let subtitle = flow.plain(&document.subtitle, SUBTITLE, ink(Ink::Muted))?;
    flow.paragraph(&subtitle, LEFT, WIDTH)?;
    flow.y += 30.0;
    block::chips(flow, &document.verdicts)?;
    flow.y += 26.0;
    block::facts(flow, &document.cover, WIDTH)?;
    flow.y += 24.0;
    let statement = flow.plain(&document.statement, BODY, ink(Ink::Text))?;
    flow.paragraph(&statement, LEFT, MEASURE)
}

/// A page of contents: the sections on it, by their index.
pub(super) type ContentsPage = Vec<usize>;

/// Shares the entries out over pages, before their page numbers are known.
pub(super) fn contents(flow: &mut Flow<'_>, document: &Document) -> Result<Vec<ContentsPage>, PdfError> {
    let mut pages = vec![ContentsPage::new()];
    let mut y = TOP + SECTION.leading + CONTENTS_GAP;
    for (index, section) in document.sections.iter().enumerate() {
        let entry = Entry::new(flow, section)?;
        if y + entry.height() > BOTTOM {
            pages.push(ContentsPage::new());
            y = TOP;
        }
        y += entry.height();
        pages.last_mut().expect("there is a first page").push(index);
    }
    Ok(pages)
}

/// An entry of the contents.
struct Entry {
    above: f32,
    indent: f32,
    style: Type,
    number: Set,
    title: Set,
    lines: Vec<Line>,
    /// Left end of the title.
    from: f32,
}

impl Entry {
    fn new(flow: &mut Flow<'_>, section: &Section) -> Result<Self, PdfError> {
        let top = section.level <= 1;
        let style = if top { BODY.with(Face::Bold) } else { BODY };
        let (above, indent) = if top { (6.0, 0.0) } else { (0.0, STEP) };
        let number = flow.plain(&section.number, style, ink(Ink::Muted))?;
        let title = flow.plain(&section.title, style, ink(Ink::Text))?;
        let from = LEFT + indent + number.width().max(STEP - 8.0) + 8.0;
        let lines = flow.lines(&title, LEFT + WIDTH - from - 40.0)?;
        Ok(Self { above, indent, style, number, title, lines, from })
    }

    fn height(&self) -> f32 {
        self.above + self.lines.len() as f32 * BODY.leading
    }
}

/// Draws a page of contents, now that the sections have places.
pub(super) fn draw_contents(
    flow: &mut Flow<'_>,
    document: &Document,
    contents: &ContentsPage,
    first: bool,
) -> Result<(), PdfError> {
    if first {
        let title = flow.plain("Contents", SECTION, ink(Ink::Text))?;
        flow.paragraph(&title, LEFT, WIDTH)?;
        flow.y += CONTENTS_GAP;
    }
    for index in contents {
        let section = &document.sections[*index];
        let entry = Entry::new(flow, section)?;
        draw_entry(flow, section, &entry)?;
    }
    Ok(())
}

fn draw_entry(flow: &mut Flow<'_>, section: &Section, entry: &Entry) -> Result<(), PdfError> {
    flow.y += entry.above;
    let top = flow.y;
    flow.one_line(&entry.number, [LEFT + entry.indent, top, 60.0], Side::Left)?;
    let room = LEFT + WIDTH - entry.from;
    for (index, line) in entry.lines.iter().enumerate() {
        let y = flow.y;
        flow.draw(&entry.title, line, index, [entry.from, y, room], Side::Left);
        flow.y += BODY.leading;
    }
    let last = flow.y - BODY.leading;
    let page = flow.places.get(&section.id).map_or(0, |place| place.page + 1);
    let page = flow.plain(&page.to_string(), entry.style, ink(Ink::Text))?;
    flow.one_line(&page, [LEFT, last, WIDTH], Side::Right)?;
    let end = entry.from + entry.lines.last().map_or(0.0, |line| entry.style.points(line.width)) + 6.0;
    leader(flow.canvas(), end, LEFT + WIDTH - page.width() - 6.0, last + BODY.baseline());
    let area = [LEFT + entry.indent, top, WIDTH - entry.indent, flow.y - top];
    let page = flow.page();
    flow.links.push(Link { page, area, target: section.id.clone() });
    Ok(())
}

/// Draws dots on a grid of the page, so that they stand under each other.
fn leader(canvas: &mut Canvas, from: f32, to: f32, baseline: f32) {
    const STEP: f32 = 4.0;
    let mut x = (from / STEP).ceil() * STEP;
    while x + 1.0 <= to {
        canvas.fill_rect(x, baseline - 0.8, 0.8, 0.8, ink(Ink::Muted));
        x += STEP;
    }
}

/// Draws the running head and the footer of every page.
pub(super) fn furniture(flow: &mut Flow<'_>, document: &Document) -> Result<(), PdfError> {
    let digest: String = document.results_digest.chars().take(FOOTER_DIGITS).collect();
    let digest = flow.plain(&format!("results sha256 {digest}"), SMALL, ink(Ink::Muted))?;
    let head = flow.plain(&document.running_head, SMALL, ink(Ink::Muted))?;
    let count = flow.pages.len();
    for page in 0..count {
        flow.fill_in(page);
        let (head_y, foot_y) = (HEAD - SMALL.baseline(), FOOT - SMALL.baseline());
        if page > 0 {
            let section = flow.heads[page].clone();
            let section = flow.plain(&section, SMALL, ink(Ink::Muted))?;
            flow.one_line(&head, [LEFT, head_y, WIDTH * 0.52], Side::Left)?;
            flow.one_line(&section, [LEFT + WIDTH * 0.55, head_y, WIDTH * 0.45], Side::Right)?;
            flow.canvas().rule(LEFT, HEAD + 7.0, WIDTH, HAIRLINE, ink(Ink::Faint));
        }
        flow.one_line(&digest, [LEFT, foot_y, WIDTH * 0.6], Side::Left)?;
        let number = flow.plain(&format!("page {} of {count}", page + 1), SMALL, ink(Ink::Muted))?;
        flow.one_line(&number, [LEFT, foot_y, WIDTH], Side::Right)?;
    }
    Ok(())
}
