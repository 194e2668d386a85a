//! CSV, SARIF, and JUnit in the pack.

use std::collections::BTreeMap;
use std::fs;

use countersign::report::json;
use countersign::report::model::Report;

use crate::support::{ACME_PACK, AS_OF, Workspace, files};

pub(super) fn report() -> Report {
    json::parse(&fs::read(ACME_PACK.0.join("data/01_report.json")).unwrap()).unwrap()
}

/// Returns the rows of a CSV file of the pack, by column.
pub(super) fn table(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn exceptions_csv_has_every_exception_of_the_report() {
    let rows = table(&fs::read(ACME_PACK.0.join("data/02_machine/exceptions.csv")).unwrap());
    let report = report();
    assert!(report.exceptions.len() > 50);
    let of_rows: Vec<(&str, &str, String)> =
        rows.iter().map(|row| (&*row["exception"], &*row["object"], row["line"].clone())).collect();
    let of_report: Vec<(&str, &str, String)> =
        report.exceptions.iter().map(|e| (e.id.as_str(), e.object.as_str(), e.line.to_string())).collect();
    assert_eq!(of_rows, of_report);
}

#[test]
fn items_csv_has_as_many_rows_of_each_state_as_the_report_counts() {
    let rows = table(&fs::read(ACME_PACK.0.join("data/02_machine/items.csv")).unwrap());
    let mut counted: BTreeMap<(String, String), u64> = BTreeMap::new();
    for row in &rows {
        *counted.entry((row["test"].clone(), row["state"].clone())).or_default() += 1;
        let event = row["item"].len() == 64;
        assert_eq!(row["line"] != "0" && !row["object"].is_empty(), event, "{row:?}");
    }
    let mut expected = BTreeMap::new();
    for test in report().tests {
        // Only a row of a deviation is an exception.
        let row = match test.kind.as_str() {
            "indicator" => "review",
            "evidence-quality" => "limited",
            _ => "exception",
        };
        for (state, count) in [
            (row, test.exceptions - test.accepted),
            ("accepted", test.accepted),
            ("untestable", test.untestable),
            ("pending", test.pending),
        ] {
            if count > 0 {
                expected.insert((test.id.clone(), state.to_owned()), count);
            }
        }
    }
    assert!(expected.len() > 8, "{expected:?}");
    assert_eq!(counted, expected);
}

/// Indicators have rows in globex: nobody decided for whom eight people may approve. They are listed in every format, and by no
/// name that would make exceptions of them.
#[test]
fn rows_of_indicators_and_of_evidence_quality_are_listed_and_are_no_exceptions() {
    let workspace = Workspace::copy_of("globex");
    let out = workspace.at("out");
    let args = ["--out", out.to_str().unwrap(), "--formats", "csv,html", "--as-of", AS_OF];
    workspace.run("report", &args).says(4, &[]);
    let report = json::parse(&fs::read(out.join("data/01_report.json")).unwrap()).unwrap();
    let items = table(&fs::read(out.join("data/02_machine/items.csv")).unwrap());
    let html = fs::read_to_string(out.join("data/01_report.html")).unwrap();
    let mut seen = 0;
    for test in report.tests.iter().filter(|test| test.kind != "deviation") {
        let (rows, word) = match test.kind.as_str() {
            "indicator" => (&report.review, "review"),
            _ => (&report.limited, "limited"),
        };
        let rows: Vec<_> = rows.iter().filter(|row| row.test == test.id).collect();
        assert_eq!(rows.len() as u64, test.exceptions, "{}", test.id);
        assert!(
            report.exceptions.iter().all(|found| found.test != test.id && !found.also.contains(&test.id))
        );
        for row in &rows {
            let item =
                items.iter().find(|item| item["test"] == row.test && item["item"] == row.item).unwrap();
            assert_eq!((item["state"].as_str(), &item["reason"]), (word, &row.reason));
            assert!(!row.facts.is_empty() && !item["facts"].is_empty(), "{row:#?}");
            // What is a record leads to its line; what stands for several names them in its facts.
            let placed = !row.object.is_empty() && row.line > 0;
            let of_record = matches!(row.subject.as_str(), "event" | "decision");
            assert_eq!(
                placed,
                of_record && row.item.len() == 64 || row.subject == "integrity" && placed,
                "{row:#?}"
            );
            seen += 1;
        }
        if !rows.is_empty() {
            assert!(html.contains(&format!("id=\"{word}-{}\"", test.id)), "{}", test.id);
        }
    }
    assert!(seen > 10, "{seen}");
    assert!(report.review.iter().any(|row| row.test == "REV-07" && row.facts[1].0 == "person"));
}

#[test]
fn the_ci_files_of_the_pack_are_those_of_check() {
    let workspace = Workspace::copy_of("acme");
    let (sarif, junit) = (workspace.at("r.sarif"), workspace.at("r.xml"));
    let args = ["--sarif", sarif.to_str().unwrap(), "--junit", junit.to_str().unwrap(), "--fail-on", "none"];
    workspace.run("check", &args);
    let packed = |name: &str| fs::read_to_string(ACME_PACK.0.join("data/08_ci").join(name)).unwrap();
    assert_eq!(fs::read_to_string(junit).unwrap(), packed("junit.xml"));
    // The workspace lies elsewhere, and nothing of the machine may be in a pack.
    let place = workspace.at("countersign.toml");
    let of_check = fs::read_to_string(sarif).unwrap().replace(place.to_str().unwrap(), "countersign.toml");
    assert_eq!(of_check, packed("results.sarif"));
}

#[test]
fn a_format_that_is_left_out_is_not_written() {
    let workspace = Workspace::copy_of("clean");
    let out = workspace.at("out");
    let args = ["--out", out.to_str().unwrap(), "--formats", "csv,junit", "--as-of", AS_OF];
    workspace.run("report", &args).says(0, &[]);
    let renderings: Vec<String> = files(&out)
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| ["data/01", "data/02", "data/08"].iter().any(|start| name.starts_with(start)))
        .collect();
    assert_eq!(
        renderings,
        [
            "data/01_report.json",
            "data/02_machine/exceptions.csv",
            "data/02_machine/items.csv",
            "data/02_machine/items.json",
            "data/08_ci/junit.xml"
        ]
    );
}
