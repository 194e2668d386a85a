//! The document: what every rendering of a report shows, in order, before it has a look.
//!
//! `view` writes a [`Document`] from an assessment; HTML and PDF print the same one, so they cannot differ in
//! content. All text is plain: each renderer escapes for its own sink.

use serde::Serialize;

/// A whole report.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Document {
    /// Title.
    pub title: String,
    /// Subtitle.
    pub subtitle: String,
    /// Entity and system, for the running head.
    pub running_head: String,
    /// BCP 47 language tag.
    pub language: String,
    /// Results digest, 64 hex digits.
    pub results_digest: String,
    /// Label and value pairs of the cover.
    pub cover: Vec<Fact>,
    /// The three verdicts, in order: integrity, population, control tests.
    pub verdicts: Vec<Chip>,
    /// Statement under the verdicts: what the report is and is not.
    pub statement: String,
    /// Sections, in order.
    pub sections: Vec<Section>,
}

/// A label and a value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fact {
    /// Label.
    pub label: String,
    /// Value.
    pub value: Text,
}

/// A verdict on the cover, or a figure at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Chip {
    /// What is judged.
    pub label: String,
    /// The verdict or the number.
    pub value: String,
    /// One line beneath.
    pub note: String,
    /// Tone.
    pub tone: Tone,
}

/// How something is marked; always with a word or a shape as well as a colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Nothing to report.
    Good,
    /// A person must look.
    Caution,
    /// Exception or break.
    Bad,
    /// Not tested, not known.
    Unknown,
    /// No meaning.
    Plain,
}

/// A section with a heading.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Section {
    /// Stable id, the same in every format.
    pub id: String,
    /// Number as printed, such as `4` or `4.2`.
    pub number: String,
    /// Heading.
    pub title: String,
    /// 1 for a section, 2 for a subsection.
    pub level: u8,
    /// Blocks, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "block", rename_all = "kebab-case")]
pub enum Block {
    /// A paragraph.
    Paragraph {
        /// Text.
        text: Text,
    },
    /// A paragraph set apart: limits, warnings.
    Note {
        /// Tone.
        tone: Tone,
        /// Heading of the note.
        title: String,
        /// Paragraphs.
        paragraphs: Vec<Text>,
    },
    /// A bulleted list.
    List {
        /// Items.
        items: Vec<Text>,
    },
    /// Label and value pairs.
    Facts {
        /// Accessible name of the list.
        title: String,
        /// Pairs.
        facts: Vec<Fact>,
    },
    /// Figures at a glance.
    Chips {
        /// Chips.
        chips: Vec<Chip>,
    },
    /// A table.
    Table(Table),
    /// A figure, with the table of its data.
    Figure(Figure),
}

/// A table.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Table {
    /// Stable id.
    pub id: String,
    /// Caption.
    pub caption: String,
    /// Columns.
    pub columns: Vec<TableColumn>,
    /// Rows; each has as many cells as there are columns. The first cell heads the row.
    pub rows: Vec<Vec<Text>>,
    /// Rows there are in all; greater than `rows.len()` where the list is capped.
    pub total: u64,
    /// Where the rest lies, for a capped table.
    pub rest: Option<String>,
    /// What an empty table says.
    pub empty: String,
    /// True for long tables that a reader may want to filter.
    pub filter: bool,
}

/// A column of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TableColumn {
    /// Heading.
    pub title: String,
    /// Share of the width, relative to the other columns.
    pub width: u32,
    /// True for numbers: set right, in equal digits.
    pub numeric: bool,
}

/// Plain text with a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Text {
    /// The characters.
    pub text: String,
    /// How to set them.
    pub style: Style,
    /// Tone, for cells that state a result.
    pub tone: Tone,
    /// Id of a section or row in the same document that it links to.
    pub target: Option<String>,
    /// Id by which others link to this text; on the first cell of a row it names the row.
    pub anchor: Option<String>,
}

/// How text is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Body text.
    Body,
    /// Strong.
    Strong,
    /// Identifiers, paths, digests, commands.
    Mono,
    /// Marked as a result: printed with its tone's shape.
    Mark,
}

impl Text {
    /// Returns body text.
    pub fn body(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::Body, tone: Tone::Plain, target: None, anchor: None }
    }

    /// Returns strong text.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { style: Style::Strong, ..Self::body(text) }
    }

    /// Returns an identifier, path or digest.
    pub fn mono(text: impl Into<String>) -> Self {
        Self { style: Style::Mono, ..Self::body(text) }
    }

    /// Returns a result with its tone.
    pub fn mark(text: impl Into<String>, tone: Tone) -> Self {
        Self { style: Style::Mark, tone, ..Self::body(text) }
    }

    /// Links it to the section or row with id `target`.
    #[must_use]
    pub fn to(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Makes it the target of links to `anchor`.
    #[must_use]
    pub fn at(mut self, anchor: impl Into<String>) -> Self {
        self.anchor = Some(anchor.into());
        self
    }
}

/// A drawing in abstract units, drawn alike by HTML (as SVG) and PDF.
///
/// The origin is the upper left corner, x runs right, y runs down. Text is set in the body face, `size` units high.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figure {
    /// Stable id.
    pub id: String,
    /// Title.
    pub title: String,
    /// What a reader who cannot see it should know.
    pub description: String,
    /// Width in units.
    pub width: f32,
    /// Height in units.
    pub height: f32,
    /// Shapes, back to front.
    pub shapes: Vec<Shape>,
    /// The data drawn.
    pub data: Table,
    /// True where the data is to be read with the drawing, and not only by who asks for it.
    pub open: bool,
}

/// A shape of a figure.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "shape", rename_all = "kebab-case")]
pub enum Shape {
    /// A filled rectangle.
    Rect {
        /// Left.
        x: f32,
        /// Top.
        y: f32,
        /// Width.
        w: f32,
        /// Height.
        h: f32,
        /// Ink.
        ink: Ink,
        /// True to hatch instead of filling.
        hatched: bool,
        /// Tooltip; empty for none.
        title: String,
    },
    /// A straight line.
    Line {
        /// Start.
        x1: f32,
        /// Start.
        y1: f32,
        /// End.
        x2: f32,
        /// End.
        y2: f32,
        /// Ink.
        ink: Ink,
        /// Stroke width.
        width: f32,
    },
    /// A line of text.
    Label {
        /// Anchor point.
        x: f32,
        /// Baseline.
        y: f32,
        /// Height of the type.
        size: f32,
        /// Ink.
        ink: Ink,
        /// Where the anchor point lies.
        align: Align,
        /// Text.
        text: String,
    },
}

/// Horizontal alignment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// At the left end.
    Start,
    /// In the middle.
    Middle,
    /// At the right end.
    End,
}

/// A colour by meaning; each renderer maps it for its theme.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ink {
    /// Text and axes.
    Text,
    /// Secondary text and axes.
    Muted,
    /// Grid lines and empty cells.
    Faint,
    /// Page background, for text on filled shapes.
    Paper,
    /// Verified, approved, no exceptions.
    Good,
    /// For review, automatic.
    Caution,
    /// Exception, break.
    Bad,
    /// Not known, not tested.
    Unknown,
    /// A further series: break-glass.
    Accent,
    /// Black in every theme: what a camera reads.
    Black,
    /// White in every theme: what lies under it.
    White,
}
