//! Sections and their blocks, except tables and figures.

use super::{
    PdfError,
    figure::figure,
    flow::{Flow, Set, Side},
    fonts::Face,
    style::{
        BODY, BOTTOM, GAP, GUTTER, HAIRLINE, LEFT, MEASURE, SECTION, SMALL, SUBSECTION, TOP, VERDICT, WIDTH,
        ink, tone,
    },
    table::table,
    text::Line,
};
use crate::report::document::{Block, Chip, Fact, Ink, Section, Style, Text, Tone};

/// Width of the labels of a facts list.
const LABEL: f32 = 128.0;

/// Space above and below a pair of a facts list.
const FACT_PAD: f32 = 2.2;

/// Indent of list items and notes.
const INDENT: f32 = 13.0;

/// Space between list items.
const ITEM_GAP: f32 = 3.0;

/// Most items of a list that stays with the figure or table after it.
const LEAD_IN: usize = 6;

/// Sets a section.
pub(super) fn section(flow: &mut Flow<'_>, section: &Section) -> Result<(), PdfError> {
    heading(flow, section)?;
    for (index, each) in section.blocks.iter().enumerate() {
        if let Some(before) = index.checked_sub(1).and_then(|before| section.blocks.get(before)) {
            flow.space(gap(before, each));
        }
        if let Block::Paragraph { .. } = each {
            let least = start(flow, &section.blocks[index..])?;
            flow.need(least);
        }
        block(flow, each)?;
    }
    Ok(())
}

/// Returns the space between two blocks: a strong paragraph is a small heading, and belongs to what follows.
fn gap(before: &Block, after: &Block) -> f32 {
    let small_heading =
        |block: &Block| matches!(block, Block::Paragraph { text } if text.style == Style::Strong);
    if small_heading(after) {
        GAP * 1.8
    } else if small_heading(before) {
        GAP * 0.45
    } else if matches!(before, Block::Chips { .. }) {
        GAP * 1.8
    } else {
        GAP
    }
}

/// Returns the height that the start of the blocks needs to stand on one page; short paragraphs that lead in to a block
/// stay with it.
fn start(flow: &mut Flow<'_>, blocks: &[Block]) -> Result<f32, PdfError> {
    let mut height = 0.0;
    for (index, each) in blocks.iter().enumerate() {
        let text = match each {
            Block::Paragraph { text } => text,
            Block::Facts { facts, .. } => {
                for fact in facts.iter().take(2) {
                    height += set_fact(flow, fact, WIDTH)?.height;
                }
                break;
            }
            Block::List { items } if leads_in_to(items, blocks.get(index + 1)) => {
                height += list_height(flow, items)? + GAP;
                continue;
            }
            _ => {
                height += least_height(each);
                break;
            }
        };
        let set = flow.set(text, BODY)?;
        let lines = flow.lines(&set, MEASURE)?.len().min(3);
        let leads_in = lines <= 2
            && match blocks.get(index + 1) {
                None | Some(Block::Note { .. }) => false,
                Some(Block::Paragraph { .. }) => matches!(text.style, Style::Strong | Style::Mark),
                Some(_) => true,
            };
        height += lines.min(2) as f32 * BODY.leading;
        if !leads_in {
            break;
        }
        height += GAP;
    }
    Ok(height.min((BOTTOM - TOP) * 0.7))
}

fn heading(flow: &mut Flow<'_>, section: &Section) -> Result<(), PdfError> {
    let top = section.level <= 1;
    let (style, above, below) = if top { (SECTION, 34.0, 12.0) } else { (SUBSECTION, 22.0, 7.0) };
    let title = flow.plain(&section.title, style, ink(Ink::Text))?;
    let number = flow.plain(&section.number, style, ink(Ink::Muted))?;
    let indent = if section.number.is_empty() { 0.0 } else { number.width() + style.size * 0.75 };
    let lines = flow.lines(&title, WIDTH - indent)?;
    let height = lines.len() as f32 * style.leading;
    let with_next = start(flow, &section.blocks)?;
    if top {
        flow.section = format!("{}  {}", section.number, section.title);
    }
    // A section that starts near the foot of a page is read better from the top of the next.
    let least = if top { ((BOTTOM - TOP) * 0.15).max(with_next) } else { with_next };
    flow.need(above + height + below + least);
    flow.space(above);
    let y = flow.y;
    flow.anchor(&section.id, y);
    flow.one_line(&number, [LEFT, y, WIDTH], Side::Left)?;
    for (index, line) in lines.iter().enumerate() {
        let y = flow.y;
        flow.draw(&title, line, index, [LEFT + indent, y, WIDTH - indent], Side::Left);
        flow.y += style.leading;
    }
    flow.y += below;
    Ok(())
}

/// Returns a height without which the start of a block should not stand under a heading.
fn least_height(block: &Block) -> f32 {
    match block {
        Block::Paragraph { .. } | Block::List { .. } => 2.0 * BODY.leading,
        Block::Note { .. } => 4.0 * BODY.leading,
        Block::Facts { .. } => 4.0 * BODY.leading,
        Block::Chips { .. } => 60.0,
        Block::Table(_) => 110.0,
        Block::Figure(figure) => {
            (figure.height * WIDTH / figure.width.max(1.0)).min((BOTTOM - TOP) * 0.55) + 40.0
        }
    }
}

fn block(flow: &mut Flow<'_>, block: &Block) -> Result<(), PdfError> {
    match block {
        Block::Paragraph { text } => {
            let set = flow.set(text, BODY)?;
            flow.paragraph(&set, LEFT, MEASURE)
        }
        Block::Note { tone, title, paragraphs } => note(flow, *tone, title, paragraphs),
        Block::List { items } => list(flow, items),
        // The title of a list is its name for those who cannot see it; the heading above says the same.
        Block::Facts { facts, .. } => self::facts(flow, facts, WIDTH),
        Block::Chips { chips } => self::chips(flow, chips),
        Block::Table(each) => table(flow, each),
        Block::Figure(each) => figure(flow, each),
    }
}

/// Tells whether a list is a few words about what comes next, and not a matter of its own.
fn leads_in_to(items: &[Text], next: Option<&Block>) -> bool {
    items.len() <= LEAD_IN && matches!(next, Some(Block::Figure(_) | Block::Table(_)))
}

fn list_height(flow: &mut Flow<'_>, items: &[Text]) -> Result<f32, PdfError> {
    let mut height = 0.0;
    for item in items {
        let set = flow.set(item, BODY)?;
        height += flow.lines(&set, MEASURE - INDENT)?.len() as f32 * BODY.leading + ITEM_GAP;
    }
    Ok(height)
}

fn list(flow: &mut Flow<'_>, items: &[Text]) -> Result<(), PdfError> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            flow.space(ITEM_GAP);
        }
        let set = flow.set(item, BODY)?;
        let lines = flow.lines(&set, MEASURE - INDENT)?.len();
        flow.need(BODY.leading * lines.min(2) as f32);
        let bullet = flow.plain("•", BODY, ink(Ink::Muted))?;
        let y = flow.y;
        flow.one_line(&bullet, [LEFT + 3.0, y, INDENT], Side::Left)?;
        flow.paragraph(&set, LEFT + INDENT, MEASURE - INDENT)?;
    }
    Ok(())
}

/// Sets a note with a rule down its left side, on each page that it touches.
fn note(flow: &mut Flow<'_>, kind: Tone, title: &str, paragraphs: &[Text]) -> Result<(), PdfError> {
    let colour = if kind == Tone::Plain { ink(Ink::Muted) } else { ink(tone(kind)) };
    let width = MEASURE - INDENT;
    let mut sets: Vec<Set> = Vec::new();
    if !title.is_empty() {
        sets.push(flow.set(&Text::mark(title, kind), BODY)?);
    }
    for paragraph in paragraphs {
        sets.push(flow.set(paragraph, BODY)?);
    }
    flow.need(3.0 * BODY.leading);
    let (mut page, mut from) = (flow.page(), flow.y);
    for (index, set) in sets.iter().enumerate() {
        if index > 0 {
            flow.space(3.0);
        }
        let before = flow.y;
        flow.paragraph(set, LEFT + INDENT, width)?;
        if flow.page() != page {
            // The paragraph went over the page: the rule goes down to where the text stopped.
            let end = if before > from { BOTTOM.min(before + BODY.leading * 2.0) } else { BOTTOM };
            flow.pages[page].line([LEFT + 0.8, from], [LEFT + 0.8, end], 1.6, colour);
            (page, from) = (flow.page(), TOP);
        }
    }
    let end = flow.y;
    flow.canvas().line([LEFT + 0.8, from], [LEFT + 0.8, end], 1.6, colour);
    flow.y += 2.0;
    Ok(())
}

/// A label and its value, set.
struct SetFact {
    label: Set,
    labels: Vec<Line>,
    value: Set,
    height: f32,
}

fn set_fact(flow: &mut Flow<'_>, fact: &Fact, width: f32) -> Result<SetFact, PdfError> {
    let label = flow.plain(&fact.label, BODY, ink(Ink::Muted))?;
    let value = flow.set(&fact.value, BODY)?;
    let labels = flow.lines(&label, LABEL - GUTTER)?;
    let lines = labels.len().max(flow.lines(&value, width - LABEL)?.len());
    Ok(SetFact { label, labels, value, height: lines as f32 * BODY.leading + 2.0 * FACT_PAD })
}

/// Sets label and value pairs.
pub(super) fn facts(flow: &mut Flow<'_>, facts: &[Fact], width: f32) -> Result<(), PdfError> {
    let mut rows = Vec::with_capacity(facts.len());
    for fact in facts {
        rows.push(set_fact(flow, fact, width)?);
    }
    let page = BOTTOM - TOP;
    for (index, SetFact { label, labels, value, height }) in rows.iter().enumerate() {
        // The last pair does not go to the next page alone, nor does the first stay alone on this one.
        let with = if index == 0 || index + 2 == rows.len() {
            rows.get(index + 1).map_or(0.0, |row| row.height)
        } else {
            0.0
        };
        if height + with < page {
            flow.need(height + with);
        }
        flow.y += FACT_PAD;
        let (page, top) = (flow.page(), flow.y);
        for (index, line) in labels.iter().enumerate() {
            flow.draw(
                label,
                line,
                index,
                [LEFT, top + index as f32 * BODY.leading, LABEL - GUTTER],
                Side::Left,
            );
        }
        flow.paragraph(value, LEFT + LABEL, width - LABEL)?;
        if flow.page() == page {
            flow.y = top + height - 2.0 * FACT_PAD;
        }
        flow.y += FACT_PAD;
        let y = flow.y;
        flow.canvas().rule(LEFT, y, width, HAIRLINE, ink(Ink::Faint));
    }
    Ok(())
}

/// Sets verdicts or figures at a glance side by side.
pub(super) fn chips(flow: &mut Flow<'_>, chips: &[Chip]) -> Result<(), PdfError> {
    let across = match chips.len() {
        0 => return Ok(()),
        4 | 7 | 8 => 4,
        _ => 3,
    };
    let gutter = GUTTER * 1.6;
    let width = (WIDTH - gutter * (across - 1) as f32) / across as f32;
    for (index, row) in chips.chunks(across).enumerate() {
        if index > 0 {
            flow.space(GAP * 1.2);
        }
        let mut sets = Vec::new();
        let mut height = 0.0_f32;
        for chip in row {
            let label = flow.plain(&chip.label, SMALL.with(Face::Bold), ink(Ink::Muted))?;
            let value = flow.set(&Text::mark(chip.value.clone(), chip.tone), VERDICT)?;
            let note = flow.plain(&chip.note, SMALL, ink(Ink::Muted))?;
            let parts = [(label, 7.0), (value, 2.0), (note, 3.0)];
            let mut tall = 0.0;
            for (set, above) in &parts {
                tall += above + flow.lines(set, width)?.len() as f32 * set.style().leading;
            }
            height = height.max(tall);
            sets.push((chip.tone, parts));
        }
        flow.need(height);
        let top = flow.y;
        for (column, (kind, parts)) in sets.iter().enumerate() {
            let x = LEFT + column as f32 * (width + gutter);
            let colour = if *kind == Tone::Plain { ink(Ink::Faint) } else { ink(tone(*kind)) };
            flow.canvas().rule(x, top, width, 1.6, colour);
            let mut y = top;
            for (set, above) in parts {
                y += above;
                for (index, line) in flow.lines(set, width)?.iter().enumerate() {
                    flow.draw(set, line, index, [x, y, width], Side::Left);
                    y += set.style().leading;
                }
            }
        }
        flow.y = top + height;
    }
    Ok(())
}
