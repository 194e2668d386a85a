//! Section 15: the evidence by number, and what a usual request is answered by.

use super::build::{paragraph, table};
use super::text::{NOTHING, count, plural};
use super::{MAX_ROWS, View, section, subsection};
use crate::report::document::{Block, Section, Table, Text};

/// Usual requests of an auditor, the sections that answer them, and the files beside.
const REQUESTS: [(&str, &str, &str); 13] = [
    (
        "Listing of privileged actions in the period, with how it was made",
        "population",
        "04_population/tables/execution.parquet",
    ),
    (
        "Listing of requests and of decisions",
        "sources",
        "04_population/tables/request.parquet, decision.parquet",
    ),
    (
        "Completeness and accuracy of each listing",
        "population",
        "01_workpaper.xlsx, tabs IPE and Reconciliation",
    ),
    ("For a sampled item: request, approval, execution", "re-performance", "countersign case"),
    ("Who may approve, and who did", "people", "07_policy, roster; 04_population/tables/identity.parquet"),
    ("Agents and service accounts, with owners", "people", "04_population/tables/identity.parquet"),
    ("Requester, approver, and executor differ", "results", "02_machine/exceptions.csv"),
    ("Emergency use, and its review afterwards", "results", "02_machine/items.csv"),
    ("The logs were not changed, and whose keys say so", "integrity", "05_sources, 06_keys"),
    ("Rules in force, and who set them", "procedures", "07_policy"),
    ("Exceptions, with room for a response", "exceptions", "01_workpaper.xlsx, tab Exceptions"),
    ("Exceptions of the prior period, and what became of them", "changes", "07_policy/previous.json"),
    ("What was not examined", "limits", NOTHING),
];

pub(super) fn write(view: &View, sections: &mut Vec<Section>) {
    let report = view.report;
    let policy = report.objects.len() + 2;
    sections.push(section("15", "evidence", "Evidence index", vec![
        paragraph(
            "Numbers are those of the workpaper, and paths are below data/ of the pack. An index inside the pack cannot list what is made after it: renderings, statement, and manifest are in manifest-sha256.txt, with every other file.",
        ),
        Block::Table(index(view)),
        paragraph(match report.policy.len() {
            0 => "No file of policy shaped the results.".to_owned(),
            n => format!(
                "{} that shaped the results, EV-{policy:05} to EV-{:05}, with their digests are in section 8.3.",
                plural(n, "file", "files"),
                policy + n - 1
            ),
        }),
    ]));
    sections.push(subsection(
        "15.1",
        "requests",
        "Usual requests, and where the answer lies",
        vec![Block::Table(requests())],
    ));
}

/// An entry: what it is, its name, its bytes, its digest, and its records.
struct Entry {
    what: String,
    file: String,
    bytes: Option<u64>,
    digest: Option<String>,
    records: Option<u64>,
}

fn index(view: &View) -> Table {
    let results = Entry {
        what: "the results".to_owned(),
        file: "01_report.json".to_owned(),
        bytes: None,
        digest: Some(view.digest.to_string()),
        records: None,
    };
    let objects = view.report.objects.iter().map(|object| Entry {
        what: format!("object of {}", object.source),
        file: object.name.clone(),
        bytes: Some(object.bytes),
        digest: object.sha256.map(|digest| digest.to_string()),
        records: Some(object.records),
    });
    let entries: Vec<(usize, Entry)> = (1..).zip(std::iter::once(results).chain(objects)).collect();
    let number = |n: Option<u64>| n.map_or_else(|| Text::body(NOTHING), |n| Text::body(count(n)));
    table("evidence-index", "Results and source objects; 05_sources/objects.json says where each object lies")
        .column("Evidence", 11)
        .column("What", 17)
        .column("File or object", 26)
        .number("Bytes", 11)
        .column("SHA-256", 25)
        .number("Records", 10)
        .filter()
        .capped(&entries, MAX_ROWS, "objects", |(at, entry)| {
            vec![
                Text::mono(format!("EV-{at:05}")),
                Text::body(&entry.what),
                Text::mono(&entry.file),
                number(entry.bytes),
                entry.digest.as_ref().map_or_else(|| Text::body("not read to the end"), Text::mono),
                number(entry.records),
            ]
        })
}

fn requests() -> Table {
    table("request-list", "Requests in common words")
        .column("Request", 42)
        .column("Section", 18)
        .column("Files", 40)
        .rows(REQUESTS.map(|(request, section, files)| {
            vec![Text::body(request), Text::body(section).to(section), Text::mono(files)]
        }))
}
