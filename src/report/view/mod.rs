//! An assessment to a document: in an [`Assessment`], out the [`Document`] that HTML and PDF print.
//!
//! One file per group of sections. Text from logs is passed on as it stands in the report; each renderer escapes
//! it for its own sink. Long lists are capped here, by the limits below, so that every format shows the same rows
//! and says where the rest lies.

mod basis;
pub(crate) mod build;
mod cases;
mod changes;
mod cover;
mod evidence;
mod exceptions;
mod glance;
mod glossary;
mod identities;
mod integrity;
mod limits;
mod links;
mod noted;
mod people;
mod population;
mod procedures;
mod redo;
mod results;
mod seal;
mod sources;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod tone;

use self::links::Links;
pub(crate) use self::links::anchor;
use crate::assess::Assessment;
use crate::digest::Digest;
use crate::report::document::{Block, Document, Section};
use crate::report::model::Report;

/// Rows of the exceptions register; a person reads no more, and `report.json` has them all.
pub const MAX_EXCEPTIONS: usize = 2_000;
/// Rows of every other list that grows with the logs.
pub const MAX_ROWS: usize = 500;
/// Cases laid out moment by moment; each takes a table of its own.
pub const MAX_CASES: usize = 100;

/// Returns the document of `assessment`: the same for every format.
pub fn document(assessment: &Assessment) -> Document {
    let report = assessment.report();
    let view = View { report, digest: assessment.results_digest(), links: Links::of(report) };
    let mut sections = Vec::new();
    glance::write(&view, &mut sections);
    basis::write(&view, &mut sections);
    sources::write(&view, &mut sections);
    population::write(&view, &mut sections);
    integrity::write(&view, &mut sections);
    results::write(&view, &mut sections);
    exceptions::write(&view, &mut sections);
    procedures::write(&view, &mut sections);
    cases::write(&view, &mut sections);
    changes::write(&view, &mut sections);
    people::write(&view, &mut sections);
    identities::write(&view, &mut sections);
    limits::write(&view, &mut sections);
    redo::write(&view, &mut sections);
    evidence::write(&view, &mut sections);
    seal::write(&view, &mut sections);
    glossary::write(&mut sections);
    cover::write(&view, sections)
}

/// What every section reads.
struct View<'a> {
    report: &'a Report,
    digest: Digest,
    links: Links,
}

/// Returns a section of the first level.
fn section(number: &str, id: &str, title: &str, blocks: Vec<Block>) -> Section {
    Section { id: id.to_owned(), number: number.to_owned(), title: title.to_owned(), level: 1, blocks }
}

/// Returns a subsection.
fn subsection(number: &str, id: &str, title: &str, blocks: Vec<Block>) -> Section {
    Section { level: 2, ..section(number, id, title, blocks) }
}
