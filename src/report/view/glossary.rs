//! The glossary: each word of the report that means something exact.

use super::build::fact;
use super::section;
use crate::report::document::{Block, Section, Text};

const TERMS: [(&str, &str); 20] = [
    (
        "Accepted",
        "An exception under a waiver that is dated, owned, reasoned, and in force. It is still listed and counted.",
    ),
    ("Altered", "Verdict on a log: something in it was changed, removed, added, or reordered."),
    ("As-of", "The moment up to which time is looked at."),
    ("Case", "A request with the decisions and executions that belong to it."),
    (
        "Completeness",
        "How far the records are shown to be all there are: unknown, contiguous, terminated, or pinned-head.",
    ),
    (
        "Covered",
        "Said of a record that a pinned key signed, or that a brought head fixes. Nothing inside a log covers itself.",
    ),
    ("Derivation", "A number that rises with any change of the program that can turn a result."),
    ("Exception", "One item where a control did not operate."),
    ("Gated", "Said of an execution that a rule of the workspace says must be approved."),
    (
        "Grade",
        "How strongly a record is protected, from none through parsed, consistent, and signed to pinned-anchored.",
    ),
    ("Hole", "A span in which records of a source may be missing."),
    ("Item", "One row of a test’s population."),
    (
        "Observation",
        "A record that no rule of its source’s profile matches. It is counted, and gives no event.",
    ),
    ("Pending", "An item whose limit ends after the as-of moment."),
    ("Pinned key", "A public key named in the trust file that the verifier brought."),
    ("Population", "All items to which a test applies in the period."),
    ("Reach", "How far approval logs can say anything about a control: direct, partial, context, or none."),
    ("Reliance", "Full, or limited where the evidence under a result is weaker than it should be."),
    ("Results digest", "The SHA-256 of report.json, which every rendering prints."),
    ("Waterfall", "The reconciliation from records read to items tested."),
];

pub(super) fn write(sections: &mut Vec<Section>) {
    let facts = TERMS.iter().map(|(term, meaning)| fact(*term, Text::body(*meaning))).collect();
    sections.push(section(
        "A",
        "glossary",
        "Glossary",
        vec![Block::Facts { title: "Glossary".to_owned(), facts }],
    ));
}
