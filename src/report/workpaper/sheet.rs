//! One tab: its head, one table, and the way into a cell.
//!
//! Text is always written as text, never as whatever it looks like: no formula, no link, no number. What a spreadsheet would take
//! for a formula once somebody edits it is marked as quoted. Invisible characters are spelt out, and a text longer than a cell
//! is cut with its length and digest.

use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook,
    Worksheet,
};

use super::WorkpaperError;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::report::model::Report;
use crate::report::visible::visible;

/// UTF-16 units kept of a text; a cell holds 32,767.
const MAX_TEXT: usize = 32_000;
/// The largest whole number that a cell holds exactly.
const MAX_NUMBER: u64 = 1 << 53;
/// Row of the column titles: after the head and a blank line.
const TITLES: u32 = 9;
/// Paper size 9 is A4.
const A4: u8 = 9;

/// A workbook under construction.
pub(super) struct Book {
    workbook: Workbook,
    styles: Styles,
    prepared: [(&'static str, String); 4],
    results: Digest,
}

/// The formats of cells.
struct Styles {
    name: Format,
    label: Format,
    title: Format,
    text: Format,
    quoted: Format,
    number: Format,
    time: Format,
    auditor: Format,
}

/// What stands above a table.
pub(super) struct Head {
    /// Name of the tab.
    pub(super) tab: &'static str,
    /// What the tab is for.
    pub(super) purpose: &'static str,
    /// Where its rows come from.
    pub(super) source: String,
    /// What was done.
    pub(super) procedure: String,
    /// What came of it.
    pub(super) result: String,
}

/// A column.
pub(super) struct Column {
    title: String,
    width: f64,
    auditor: Option<&'static [&'static str]>,
}

/// Returns a column of results.
pub(super) fn column(title: impl Into<String>, width: u16) -> Column {
    Column { title: title.into(), width: f64::from(width), auditor: None }
}

/// Returns a column that the auditor fills in: with one of `words`, or with any text where there are none.
pub(super) fn auditor(title: &str, width: u16, words: &'static [&'static str]) -> Column {
    Column { title: title.to_owned(), width: f64::from(width), auditor: Some(words) }
}

/// A value.
pub(super) enum Cell {
    /// Text.
    Text(String),
    /// A count.
    Count(u64),
    /// A moment, to the second.
    Time(Option<Moment>),
}

/// Returns a cell of text.
pub(super) fn text(value: impl Into<String>) -> Cell {
    Cell::Text(value.into())
}

/// Returns a cell with the exact moment as text.
pub(super) fn iso(at: Option<Moment>) -> Cell {
    Cell::Text(at.map(|at| at.to_string()).unwrap_or_default())
}

impl Book {
    /// Returns an empty workbook; its only time is the as-of of `report`.
    pub(super) fn new(report: &Report, results: Digest) -> Self {
        let mut workbook = Workbook::new();
        let mut properties = DocProperties::new()
            .set_title("Approval control evidence workpaper")
            .set_author(concat!("countersign ", env!("CARGO_PKG_VERSION")))
            .set_comment(format!("Results digest (SHA-256 of report.json): {results}"));
        // A moment that the format cannot hold leaves the earliest one, which is the same in every run.
        let created = date(report.as_of).or_else(|| ExcelDateTime::from_ymd(1900, 1, 1).ok());
        if let Some(created) = created {
            properties = properties.set_creation_datetime(&created);
        }
        workbook.set_properties(&properties);
        let prepared = [
            ("Prepared by", concat!("countersign ", env!("CARGO_PKG_VERSION"), ", automatically").to_owned()),
            ("Prepared as of", report.as_of.to_string()),
            ("Reviewed by", String::new()),
            ("Date", String::new()),
        ];
        Self { workbook, styles: Styles::new(), prepared, results }
    }

    /// Returns the results digest.
    pub(super) fn results(&self) -> Digest {
        self.results
    }

    /// Adds a tab with `rows`, which have a value for each column that is not the auditor's.
    pub(super) fn tab(
        &mut self,
        head: Head,
        columns: &[Column],
        rows: impl Iterator<Item = Vec<Cell>>,
    ) -> Result<(), WorkpaperError> {
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        let writer = Writer { sheet, styles: &self.styles };
        writer.write(&head, &self.prepared, self.results, columns, rows)
    }

    /// Returns the bytes.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, WorkpaperError> {
        Ok(self.workbook.save_to_buffer()?)
    }
}

impl Styles {
    fn new() -> Self {
        let body = Format::new().set_align(FormatAlign::Top).set_text_wrap().set_font_size(10);
        let bordered = body.clone().set_border(FormatBorder::Hair);
        Self {
            name: Format::new().set_bold().set_font_size(14),
            label: Format::new().set_bold().set_align(FormatAlign::Top).set_font_size(10),
            title: bordered.clone().set_bold().set_background_color(Color::RGB(0x00E3_E8EF)),
            quoted: bordered.clone().set_quote_prefix(),
            number: bordered.clone().set_num_format("#,##0"),
            time: bordered.clone().set_num_format("yyyy-mm-dd hh:mm:ss"),
            auditor: bordered.clone().set_background_color(Color::RGB(0x00FF_F8DC)).set_unlocked(),
            text: bordered,
        }
    }
}

struct Writer<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
}

impl Writer<'_> {
    fn write(
        mut self,
        head: &Head,
        prepared: &[(&'static str, String); 4],
        results: Digest,
        columns: &[Column],
        rows: impl Iterator<Item = Vec<Cell>>,
    ) -> Result<(), WorkpaperError> {
        self.sheet.set_name(head.tab)?;
        for (at, column) in (0..).zip(columns) {
            self.sheet.set_column_width(at, column.width)?;
        }
        self.head(head, prepared, results)?;
        for (at, column) in (0..).zip(columns) {
            self.sheet.write_string_with_format(TITLES, at, safe(&column.title), &self.styles.title)?;
        }
        let mut row = TITLES;
        for cells in rows {
            row += 1;
            self.row(row, columns, cells)?;
        }
        self.finish(columns, row)
    }

    fn head(
        &mut self,
        head: &Head,
        prepared: &[(&'static str, String); 4],
        results: Digest,
    ) -> Result<(), WorkpaperError> {
        self.sheet.write_string_with_format(0, 0, head.tab, &self.styles.name)?;
        let [by, at, reviewer, date] = prepared;
        let digest = format!("{} · {} · results sha256 {results}", by.1, at.1);
        let lines = [
            ("Purpose", head.purpose),
            ("Source", head.source.as_str()),
            ("Procedure", head.procedure.as_str()),
            ("Result", head.result.as_str()),
            ("Prepared by", digest.as_str()),
            (reviewer.0, ""),
            (date.0, ""),
        ];
        for (row, (label, value)) in (1..).zip(lines) {
            self.sheet.write_string_with_format(row, 0, label, &self.styles.label)?;
            if value.is_empty() {
                self.sheet.write_blank(row, 1, &self.styles.auditor)?;
            } else {
                self.sheet.write_string(row, 1, safe(value))?;
            }
        }
        Ok(())
    }

    fn row(&mut self, row: u32, columns: &[Column], cells: Vec<Cell>) -> Result<(), WorkpaperError> {
        let mut cells = cells.into_iter();
        for (at, column) in (0..).zip(columns) {
            if column.auditor.is_some() {
                self.sheet.write_blank(row, at, &self.styles.auditor)?;
            } else if let Some(cell) = cells.next() {
                self.cell(row, at, cell)?;
            }
        }
        Ok(())
    }

    fn cell(&mut self, row: u32, at: u16, cell: Cell) -> Result<(), WorkpaperError> {
        match cell {
            Cell::Count(count) if count <= MAX_NUMBER => {
                // Exact, as whole numbers up to 2^53 are in a double.
                self.sheet.write_number_with_format(row, at, count as f64, &self.styles.number)?;
            }
            Cell::Count(count) => self.text(row, at, &count.to_string())?,
            Cell::Time(None) => self.text(row, at, "")?,
            Cell::Time(Some(moment)) => match date(moment) {
                Some(date) => {
                    self.sheet.write_datetime_with_format(row, at, &date, &self.styles.time)?;
                }
                None => self.text(row, at, &moment.to_string())?,
            },
            Cell::Text(value) => self.text(row, at, &value)?,
        }
        Ok(())
    }

    fn text(&mut self, row: u32, at: u16, value: &str) -> Result<(), WorkpaperError> {
        let value = safe(value);
        let looks_like_a_formula = value.starts_with(['=', '+', '-', '@']);
        let format = if looks_like_a_formula { &self.styles.quoted } else { &self.styles.text };
        if value.is_empty() {
            self.sheet.write_blank(row, at, format)?;
        } else {
            self.sheet.write_string_with_format(row, at, value, format)?;
        }
        Ok(())
    }

    /// Freezes the titles, and sets the filter, the words that the auditor chooses from, and the printed page.
    fn finish(self, columns: &[Column], last: u32) -> Result<(), WorkpaperError> {
        let sheet = self.sheet;
        let last_column = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        sheet.set_freeze_panes(TITLES + 1, 1)?;
        sheet.set_repeat_rows(TITLES, TITLES)?;
        sheet.autofilter(TITLES, 0, last.max(TITLES), last_column)?;
        for (at, column) in (0..).zip(columns) {
            let Some(words) = column.auditor.filter(|words| !words.is_empty() && last > TITLES) else {
                continue;
            };
            let choice = DataValidation::new()
                .allow_list_strings(words)?
                .set_error_title("Not one of the words")?
                .set_error_message(format!("Choose one of: {}.", words.join(", ")))?;
            sheet.add_data_validation(TITLES + 1, at, last, at, &choice)?;
        }
        sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        sheet.set_footer("&L&A&RPage &P of &N");
        Ok(())
    }
}

/// Returns `text` fit for a cell.
pub(super) fn safe(text: &str) -> String {
    let shown = visible(text);
    let units = shown.encode_utf16().count();
    if units <= MAX_TEXT {
        return shown.into_owned();
    }
    let mut room = MAX_TEXT;
    let kept = shown.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    });
    let kept: String = kept.collect();
    format!("{kept} … cut: {units} units, sha256 {}", Digest::of(text.as_bytes()))
}

/// Returns a moment to the second, where a spreadsheet has it.
fn date(at: Moment) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(at.ms().div_euclid(1_000)).ok()
}
