//! The workpaper: an XLSX workbook that an auditor works in. In: the report, and the executions tested. Out: bytes.
//!
//! Every tab begins with what it is for and where it comes from, then comes one table. Columns that belong to the auditor are empty,
//! coloured, and checked where they take one of a few words. No cell is a formula or a link, whatever a log says: `sheet`
//! has the one way into a cell. Rows go to disk as they are written, so that a long list takes no memory.

mod evidence;
mod front;
mod results;
mod sheet;
mod work;

use rust_xlsxwriter::XlsxError;
use thiserror::Error;

use self::sheet::Book;
use super::model::Report;
use crate::assess::Assessment;
use crate::clock::Moment;

/// Executions listed in the tab `Population`; the Parquet table has all.
pub const MAX_POPULATION: usize = 100_000;
/// Executions in the sample: what a tester takes of a control that runs many times a day, at middling risk.
pub const SAMPLE: usize = 40;
/// Exceptions listed. A sheet holds 1,048,576 rows.
pub const MAX_EXCEPTIONS: usize = 1_000_000;

/// What a column of marks stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Test.
    pub test: String,
    /// What holds where there is no exception.
    pub title: String,
}

/// An execution that some test looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tested {
    /// Execution id.
    pub item: String,
    /// Case id.
    pub case: String,
    /// Source id.
    pub source: String,
    /// The product's own id.
    pub native_id: String,
    /// When it ran.
    pub time: Option<Moment>,
    /// Who asked, as logged.
    pub requester: String,
    /// Who approved, as logged.
    pub approver: String,
    /// Who ran it, as logged.
    pub executor: String,
    /// Action.
    pub action: String,
    /// Target.
    pub resource: String,
    /// Environment of the target.
    pub environment: String,
    /// Object.
    pub object: String,
    /// Line.
    pub line: u64,
    /// Integrity grade of the record.
    pub grade: String,
    /// State per attribute; nothing where the test has no occasion here.
    pub states: Vec<Option<&'static str>>,
}

/// What a workpaper shows beyond the report.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Population {
    /// Columns of marks.
    pub attributes: Vec<Attribute>,
    /// Executions that some test looked at.
    pub executions: usize,
    /// SHA-256 over their ids, as `docs/formats/sample.md` has it.
    pub digest: String,
    /// The first [`MAX_POPULATION`], by time.
    pub first: Vec<Tested>,
    /// Seed of the sample.
    pub seed: String,
    /// The sample, lowest rank first.
    pub sample: Vec<Tested>,
}

/// Returns the workbook.
///
/// # Errors
/// [`WorkpaperError`] where the rows cannot be kept on disk meanwhile, or the workbook cannot be made.
pub fn render(assessment: &Assessment, population: &Population) -> Result<Vec<u8>, WorkpaperError> {
    let report: &Report = assessment.report();
    let mut book = Book::new(report, assessment.results_digest());
    front::readme(&mut book, report)?;
    front::summary(&mut book, report)?;
    results::controls(&mut book, report)?;
    work::population(&mut book, population)?;
    work::sample(&mut book, population)?;
    work::attributes(&mut book, report, population)?;
    results::exceptions(&mut book, report)?;
    results::noted(&mut book, report)?;
    evidence::reconciliation(&mut book, report)?;
    evidence::ipe(&mut book, report)?;
    evidence::keys(&mut book, report)?;
    results::mapping(&mut book, report)?;
    evidence::changes(&mut book, report)?;
    evidence::index(&mut book, report)?;
    front::tickmarks(&mut book)?;
    book.finish()
}

/// Why a workpaper cannot be made.
#[derive(Debug, Error)]
pub enum WorkpaperError {
    /// The library refused. Mostly the folder for temporary files is full or cannot be written.
    #[error("the workpaper cannot be made")]
    Workbook(#[from] XlsxError),
}

impl WorkpaperError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some("make room in the folder for temporary files, or leave `xlsx` out of `--formats`".to_owned())
    }
}

#[cfg(test)]
mod tests;
