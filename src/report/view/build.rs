//! Building blocks: tables, facts, and notes, written without repeating their fields.

use crate::report::document::{Block, Chip, Fact, Table, TableColumn, Text, Tone};

/// A table under construction.
pub(crate) struct Builder(Table);

/// Begins the table with `id`, whose caption says what a row is.
pub(crate) fn table(id: &str, caption: impl Into<String>) -> Builder {
    Builder(Table {
        id: id.to_owned(),
        caption: caption.into(),
        columns: Vec::new(),
        rows: Vec::new(),
        total: 0,
        rest: None,
        empty: "Nothing to list.".to_owned(),
        filter: false,
    })
}

impl Builder {
    /// Adds a column of text.
    pub(crate) fn column(self, title: &str, width: u32) -> Self {
        self.add(title, width, false)
    }

    /// Adds a column of numbers.
    pub(crate) fn number(self, title: &str, width: u32) -> Self {
        self.add(title, width, true)
    }

    fn add(mut self, title: &str, width: u32, numeric: bool) -> Self {
        self.0.columns.push(TableColumn { title: title.to_owned(), width, numeric });
        self
    }

    /// Says what stands in place of rows.
    pub(crate) fn empty(mut self, text: &str) -> Self {
        self.0.empty = text.to_owned();
        self
    }

    /// Offers a filter.
    pub(crate) fn filter(mut self) -> Self {
        self.0.filter = true;
        self
    }

    /// Ends with these rows.
    pub(crate) fn rows(mut self, rows: impl IntoIterator<Item = Vec<Text>>) -> Table {
        self.0.rows = rows.into_iter().collect();
        debug_assert!(self.0.rows.iter().all(|row| row.len() == self.0.columns.len()), "one cell a column");
        self.0.total = u64::try_from(self.0.rows.len()).unwrap_or(u64::MAX);
        self.0
    }

    /// Ends with one row for each of the first `max` items; `member` of `report.json` has them all.
    pub(crate) fn capped<T>(
        self,
        items: &[T],
        max: usize,
        member: &str,
        row: impl Fn(&T) -> Vec<Text>,
    ) -> Table {
        let mut table = self.rows(items.iter().take(max).map(row));
        table.total = u64::try_from(items.len()).unwrap_or(u64::MAX);
        if items.len() > max {
            table.rest = Some(format!("report.json/{member}"));
        }
        table
    }
}

/// Returns a paragraph of body text.
pub(crate) fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph { text: Text::body(text) }
}

/// Returns a run-in heading: a strong paragraph that others can link to.
pub(crate) fn heading(text: impl Into<String>, anchor: impl Into<String>) -> Block {
    Block::Paragraph { text: Text::strong(text).at(anchor) }
}

/// Returns a command or digest on a line of its own.
pub(crate) fn code(text: impl Into<String>) -> Block {
    Block::Paragraph { text: Text::mono(text) }
}

/// Returns a note.
pub(crate) fn note<T: Into<String>>(
    tone: Tone,
    title: &str,
    paragraphs: impl IntoIterator<Item = T>,
) -> Block {
    Block::Note {
        tone,
        title: title.to_owned(),
        paragraphs: paragraphs.into_iter().map(Text::body).collect(),
    }
}

/// Returns a list of body texts.
pub(crate) fn list<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Block {
    Block::List { items: items.into_iter().map(Text::body).collect() }
}

/// Returns a label with its value.
pub(crate) fn fact(label: impl Into<String>, value: Text) -> Fact {
    Fact { label: label.into(), value }
}

/// Returns a chip.
pub(crate) fn chip(label: &str, value: impl Into<String>, note: impl Into<String>, tone: Tone) -> Chip {
    Chip { label: label.to_owned(), value: value.into(), note: note.into(), tone }
}
