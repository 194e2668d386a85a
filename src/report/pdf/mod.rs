//! The document as a PDF: A4, bookmarks, repeated table heads, embedded subsets of committed fonts.
//!
//! Text is set by this module: bidi order, fallback faces, shaping, line and page breaks. printpdf writes the pages;
//! what it has no notion of (nested bookmarks, language, the reading of glyphs) is added to the finished object tree.
//! The same document gives the same bytes: there is no clock and no counter in them, and the file id is the results digest.

mod block;
mod canvas;
mod cover;
mod figure;
mod finish;
mod flow;
mod fonts;
mod shape;
mod shown;
mod style;
mod table;
mod text;

use std::collections::BTreeSet;

use crate::report::document::{Block, Document, Table};

/// Why a PDF could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// An embedded font file cannot be read. This is a bug in the tool.
    #[error("embedded font `{name}` cannot be read")]
    Font {
        /// Name of the font.
        name: &'static str,
    },
    /// The part of a font that the document uses could not be cut out. This is a bug in the tool.
    #[error("no subset of embedded font `{name}`: {reason}")]
    Subset {
        /// Name of the font.
        name: &'static str,
        /// What the subsetter says.
        reason: String,
    },
    /// Text could not be turned into glyphs. This is a bug in the tool.
    #[error("text cannot be shaped: {reason}")]
    Shape {
        /// What the shaper says.
        reason: String,
    },
    /// The object tree could not be written. This is a bug in the tool.
    #[error("PDF objects cannot be written: {reason}")]
    Write {
        /// What went wrong.
        reason: String,
    },
}

impl PdfError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some("report this as a bug; the other formats of the report do not depend on it".to_owned())
    }
}

/// Prints a document as a PDF file.
///
/// # Errors
///
/// Only for faults of this program: every document can be printed.
pub fn render(document: &Document) -> Result<Vec<u8>, PdfError> {
    let fonts = fonts::Fonts::load()?;
    let mut flow = flow::Flow::new(shape::Shaper::new(&fonts), targets(document));
    cover::cover(&mut flow, document)?;
    flow.section = "Contents".to_owned();
    let contents = cover::contents(&mut flow, document)?;
    let contents_at = flow.pages.len();
    for _ in &contents {
        flow.new_page();
    }
    flow.y = style::BOTTOM;
    for section in &document.sections {
        block::section(&mut flow, section)?;
    }
    for (index, page) in contents.iter().enumerate() {
        flow.fill_in(contents_at + index);
        cover::draw_contents(&mut flow, document, page, index == 0)?;
    }
    cover::furniture(&mut flow, document)?;
    finish::finish(flow, document)
}

/// Returns the ids that text can link to.
fn targets(document: &Document) -> BTreeSet<String> {
    let mut targets = BTreeSet::new();
    for section in &document.sections {
        targets.insert(section.id.clone());
        for block in &section.blocks {
            match block {
                Block::Paragraph { text } => targets.extend(text.anchor.clone()),
                Block::List { items } => targets.extend(items.iter().filter_map(|text| text.anchor.clone())),
                Block::Note { paragraphs, .. } => {
                    targets.extend(paragraphs.iter().filter_map(|text| text.anchor.clone()));
                }
                Block::Facts { facts, .. } => {
                    targets.extend(facts.iter().filter_map(|fact| fact.value.anchor.clone()));
                }
                Block::Chips { .. } => {}
                Block::Table(table) => add_table(&mut targets, table),
                Block::Figure(figure) => {
                    targets.insert(figure.id.clone());
                    if figure.data.rows.len() <= figure::MAX_DATA_ROWS {
                        add_table(&mut targets, &figure.data);
                    }
                }
            }
        }
    }
    targets
}

fn add_table(targets: &mut BTreeSet<String>, table: &Table) {
    targets.insert(table.id.clone());
    targets.extend(table.rows.iter().take(table::MAX_ROWS).flatten().filter_map(|cell| cell.anchor.clone()));
}

#[cfg(test)]
mod tests;
