//! The cover, the contents, and what stands at the head and foot of every page.

use super::{
    PdfError, block,
    canvas::Canvas,
    flow::{Flow, Link, Side},
    style::{
        BODY, BOTTOM, FOOT, HAIRLINE, HEAD, LEFT, MEASURE, PAGE_HEIGHT, SECTION, SMALL, SUBTITLE, TITLE, TOP,
        WIDTH, ink,
    },
};
use crate::report::document::{Document, Ink, Section};

/// Digits of the results digest in the footer.
const FOOTER_DIGITS: usize = 16;

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
    flow.paragraph(&subtitle, LEFT, MEASURE)?;
    flow.y += 30.0;
    block::chips(flow, &document.verdicts)?;
    flow.y += 26.0;
    block::facts(flow, &document.cover, WIDTH)?;
    flow.y += 24.0;
    let statement = flow.plain(&document.statement, BODY, ink(Ink::Text))?;
    flow.paragraph(&statement, LEFT, MEASURE)
}

/// A page of contents: the sections on it, by their index.
pub(super) struct ContentsPage {
    entries: Vec<usize>,
}

/// Shares the entries out over pages, before their page numbers are known.
pub(super) fn contents(document: &Document) -> Vec<ContentsPage> {
    let mut pages = vec![ContentsPage { entries: Vec::new() }];
    let mut y = TOP + SECTION.leading + 16.0;
    for (index, section) in document.sections.iter().enumerate() {
        let height = entry_height(section);
        if y + height > BOTTOM {
            pages.push(ContentsPage { entries: Vec::new() });
            y = TOP;
        }
        y += height;
        pages.last_mut().expect("there is a first page").entries.push(index);
    }
    pages
}

fn entry_height(section: &Section) -> f32 {
    if section.level <= 1 { BODY.leading + 6.0 } else { BODY.leading }
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
        flow.y += 16.0;
    }
    for index in &contents.entries {
        let section = &document.sections[*index];
        let top = section.level <= 1;
        let above = entry_height(section) - BODY.leading;
        let style = if top { BODY.with(super::fonts::Face::Bold) } else { BODY };
        let indent = if top { 0.0 } else { STEP };
        flow.y += above;
        let y = flow.y;
        let number = flow.plain(&section.number, style, ink(Ink::Muted))?;
        flow.one_line(&number, [LEFT + indent, y, 60.0], Side::Left)?;
        let from = LEFT + indent + number.width().max(STEP - 8.0) + 8.0;
        let page = flow.places.get(&section.id).map_or(0, |place| place.page + 1);
        let page = flow.plain(&page.to_string(), style, ink(Ink::Text))?;
        flow.one_line(&page, [LEFT, y, WIDTH], Side::Right)?;
        let room = LEFT + WIDTH - from - 40.0;
        let title = flow.plain(&section.title, style, ink(Ink::Text))?;
        let lines = flow.lines(&title, room)?;
        if let Some(line) = lines.first() {
            flow.draw(&title, line, 0, [from, y, room], Side::Left);
            let end = from + title.style().points(line.width) + 6.0;
            let stop = LEFT + WIDTH - page.width() - 6.0;
            leader(flow.canvas(), end, stop, y + BODY.baseline());
        }
        let area = [LEFT + indent, y, WIDTH - indent, BODY.leading];
        let page = flow.page();
        flow.links.push(Link { page, area, target: section.id.clone() });
        flow.y += BODY.leading;
    }
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
    let count = flow.pages.len();
    for page in 0..count {
        let number = format!("page {} of {count}", page + 1);
        let digest = format!("results sha256 {digest}");
        let section = flow.heads[page].clone();
        let mut edge = |text: &str, baseline: f32, side: Side, width: f32| -> Result<(), PdfError> {
            let set = flow.plain(text, SMALL, ink(Ink::Muted))?;
            let lines = flow.lines(&set, width)?;
            let Some(line) = lines.first() else { return Ok(()) };
            let x = if side == Side::Left { LEFT } else { LEFT + WIDTH - SMALL.points(line.width) };
            flow.pages[page].text(x, baseline, line, SMALL, ink(Ink::Muted));
            Ok(())
        };
        if page > 0 {
            edge(&document.running_head, HEAD, Side::Left, WIDTH * 0.52)?;
            edge(&section, HEAD, Side::Right, WIDTH * 0.45)?;
        }
        edge(&digest, FOOT, Side::Left, WIDTH * 0.6)?;
        edge(&number, FOOT, Side::Right, WIDTH * 0.4)?;
        if page > 0 {
            flow.pages[page].rule(LEFT, HEAD + 7.0, WIDTH, HAIRLINE, ink(Ink::Faint));
        }
    }
    Ok(())
}
