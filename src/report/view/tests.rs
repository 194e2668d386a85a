use std::collections::BTreeSet;

use super::results::Caps;
use super::*;
use crate::report::document::{Style, Table, Text};
use crate::report::fixture;
use crate::report::model::{Earlier, Report, Since};

fn of(report: Report) -> Document {
    document(&Assessment::for_tests(report))
}

fn tables(document: &Document) -> Vec<&Table> {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    blocks
        .filter_map(|block| match block {
            Block::Table(table) => Some(table),
            Block::Figure(figure) => Some(&figure.data),
            _ => None,
        })
        .collect()
}

fn table<'a>(document: &'a Document, id: &str) -> &'a Table {
    tables(document).into_iter().find(|table| table.id == id).unwrap_or_else(|| panic!("no table {id}"))
}

/// Every text of the document that can link or be linked to.
fn texts(document: &Document) -> Vec<&Text> {
    let mut texts: Vec<&Text> = document.cover.iter().map(|fact| &fact.value).collect();
    for block in document.sections.iter().flat_map(|section| &section.blocks) {
        match block {
            Block::Paragraph { text } => texts.push(text),
            Block::Note { paragraphs, .. } => texts.extend(paragraphs),
            Block::List { items } => texts.extend(items),
            Block::Facts { facts, .. } => texts.extend(facts.iter().map(|fact| &fact.value)),
            Block::Chips { .. } => {}
            Block::Table(table) => texts.extend(table.rows.iter().flatten()),
            Block::Figure(figure) => texts.extend(figure.data.rows.iter().flatten()),
        }
    }
    texts
}

/// Every string of the document, as one text.
fn all_words(document: &Document) -> String {
    fn walk(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::String(text) => {
                out.push_str(text);
                out.push('\n');
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, out)),
            serde_json::Value::Object(members) => members.values().for_each(|member| walk(member, out)),
            _ => {}
        }
    }
    let mut out = String::new();
    walk(&serde_json::to_value(document).unwrap(), &mut out);
    out
}

#[test]
fn the_cover_states_the_three_verdicts() {
    let document = of(fixture::report());
    let values: Vec<_> =
        document.verdicts.iter().map(|chip| (chip.label.as_str(), chip.value.as_str())).collect();
    assert_eq!(
        values,
        [
            ("Integrity", "verified 1 of 4 logs"),
            ("Population", "gaps found"),
            ("Control tests", "11 exceptions noted, 1 accepted"),
        ]
    );
    assert_eq!(document.verdicts[0].note, "1 altered, 2 not verifiable");
    assert!(document.statement.contains("No opinion or assurance is expressed"));
    assert_eq!(document.title, "Approval control evidence report");
}

#[test]
fn sections_stand_in_order_with_their_numbers() {
    let document = of(fixture::report());
    let top: Vec<_> = document
        .sections
        .iter()
        .filter(|s| s.level == 1)
        .map(|s| (s.number.as_str(), s.id.as_str()))
        .collect();
    assert_eq!(
        top,
        [
            ("1", "at-a-glance"),
            ("2", "basis"),
            ("3", "sources"),
            ("4", "population"),
            ("5", "integrity"),
            ("6", "results"),
            ("7", "exceptions"),
            ("8", "procedures"),
            ("9", "cases"),
            ("10", "changes"),
            ("11", "people"),
            ("12", "identities"),
            ("13", "limits"),
            ("14", "re-performance"),
            ("15", "evidence"),
            ("16", "seal"),
            ("A", "glossary"),
        ]
    );
    assert!(document.sections.iter().all(|s| s.level == 1 || s.number.contains('.')));
}

#[test]
fn ids_are_unique_and_every_link_has_its_target() {
    for report in [fixture::report(), fixture::empty(), fixture::report_with_exceptions(2_050)] {
        let document = of(report);
        let mut ids: Vec<&str> = document.sections.iter().map(|section| section.id.as_str()).collect();
        ids.extend(tables(&document).iter().map(|table| table.id.as_str()));
        for block in document.sections.iter().flat_map(|section| &section.blocks) {
            if let Block::Figure(figure) = block {
                ids.push(&figure.id);
            }
        }
        ids.extend(texts(&document).iter().filter_map(|text| text.anchor.as_deref()));
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "an id stands twice");
        for text in texts(&document) {
            if let Some(target) = &text.target {
                assert!(unique.contains(target.as_str()), "no target {target} for `{}`", text.text);
            }
        }
    }
}

#[test]
fn every_row_has_a_cell_for_each_column() {
    for report in [fixture::report(), fixture::empty()] {
        for table in tables(&of(report)) {
            assert!(!table.columns.is_empty() && !table.caption.is_empty(), "{}", table.id);
            for row in &table.rows {
                assert_eq!(row.len(), table.columns.len(), "{}", table.id);
            }
        }
    }
}

#[test]
fn every_exception_leads_to_its_line() {
    let report = fixture::report();
    let document = of(report.clone());
    let register = table(&document, "exception-register");
    assert_eq!(register.rows.len(), report.exceptions.len());
    for (exception, row) in report.exceptions.iter().zip(&register.rows) {
        let place = format!("{}:{}", exception.object, exception.line);
        assert!(row[5].text.contains(&place), "{} lacks {place}", row[5].text);
        assert_eq!(row[0].anchor.as_deref(), Some(format!("exception-{}", exception.id).as_str()));
    }
}

#[test]
fn a_long_register_is_cut_and_says_where_the_rest_lies() {
    let document = of(fixture::report_with_exceptions(2_050));
    let register = table(&document, "exception-register");
    assert_eq!((register.rows.len(), register.total), (MAX_EXCEPTIONS, 2_050));
    assert_eq!(register.rest.as_deref(), Some("report.json/exceptions"));
    assert!(all_words(&document).contains("2,000 of 2,050 shown"));
    let short = of(fixture::report());
    assert_eq!(table(&short, "exception-register").rest, None);
}

#[test]
fn rows_of_each_indicator_have_a_table_of_their_own_and_are_no_exceptions() {
    let mut report = fixture::report();
    let limited = report.tests.iter_mut().find(|test| test.id == "LOG-01").unwrap();
    assert_eq!(limited.exceptions, 4);
    let document = of(report.clone());
    let rows = &table(&document, "limited-LOG-01").rows;
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0][4].text, "teleport-2026-08.jsonl:412");
    assert!(rows[0][3].text.starts_with("record does not verify · log: teleport"), "{}", rows[0][3].text);
    assert_eq!(table(&document, "exception-register").rows.len(), report.exceptions.len());
    // One that stands for several records has no line, and its facts.
    let mut test = report.tests[0].clone();
    test.id = "REV-07".to_owned();
    test.kind = "indicator".to_owned();
    test.exceptions = 30_001;
    report.tests.push(test);
    let row = report.review.iter().find(|row| row.test == "REV-07").unwrap().clone();
    report.review = vec![row; 10_000];
    let document = of(report);
    let review = table(&document, "review-REV-07");
    assert_eq!((review.rows.len(), review.total), (noted::MAX_NOTED, 30_001));
    assert_eq!(review.rest.as_deref(), Some("02_machine/items.csv"));
    assert_eq!(review.rows[0][4].text, "tables/reviewer_grant.parquet");
    assert!(review.caption.contains("for review: 30,001 rows"), "{}", review.caption);
}

#[test]
fn every_control_of_both_frameworks_is_listed() {
    let document = of(fixture::report());
    assert_eq!(table(&document, "controls-iso27001-2022").rows.len(), 93);
    assert_eq!(table(&document, "controls-soc2-tsc-2017").rows.len(), 61);
}

#[test]
fn breaks_and_holes_name_object_and_line() {
    let document = of(fixture::report());
    let breaks: Vec<_> = table(&document, "break-list")
        .rows
        .iter()
        .map(|row| (row[1].text.as_str(), row[2].text.as_str()))
        .collect();
    assert_eq!(breaks, [("teleport-2026-08.jsonl:412", "altered"), ("teleport-2026-08.jsonl:413", "gap")]);
    assert_eq!(table(&document, "hole-list").rows.len(), 2);
    assert!(all_words(&document).contains("first at teleport-2026-08.jsonl:412 (altered)"));
}

#[test]
fn nothing_read_is_never_a_clean_report() {
    let document = of(fixture::empty());
    let words = all_words(&document);
    assert!(words.contains("No record was read."));
    assert!(!words.contains("No exceptions were noted") && !words.contains("No exceptions noted."));
    assert_eq!(document.verdicts[2].value, "not tested");
    assert_eq!(document.verdicts[2].note, "no test ran");
    assert!(document.verdicts.iter().all(|chip| chip.tone != crate::report::document::Tone::Good));
}

#[test]
fn reasons_stand_once_and_controls_name_their_numbers() {
    let listed = |numbers: &[usize]| Caps::listed(numbers.iter().copied().collect());
    assert_eq!(listed(&[3, 1, 2, 5, 7, 8]), "R1–R3, R5, R7, R8");
    assert_eq!(listed(&[]), "");

    let mut report = fixture::report();
    let shared = "log `hoop-prod` is not-verifiable";
    let tests: Vec<String> = report.tests.iter().take(2).map(|test| test.id.clone()).collect();
    let capped: Vec<String> = report
        .controls
        .iter()
        .filter(|control| !control.tests.is_empty())
        .take(2)
        .map(|c| c.id.clone())
        .collect();
    for control in &mut report.controls {
        control.reasons = if control.id == capped[0] {
            vec![format!("{shared} ({})", tests[0]), "POL-01: not evidenced here (not a test)".to_owned()]
        } else if control.id == capped[1] {
            vec![format!("{shared} ({})", tests[1])]
        } else {
            Vec::new()
        };
    }
    report.tests[0].reasons = vec!["one of its own".to_owned(), format!("limited reliance: {shared}")];
    let words = all_words(&of(report));
    assert_eq!(words.matches(shared).count(), 1, "{words}");
    assert!(words.contains(&tests.join(", ")));
    assert!(words.contains("POL-01: not evidenced here (not a test)"));
    assert!(words.contains("Capped by R1, R2.") && words.contains("Capped by R1."));
    assert!(words.contains("one of its own · limited reliance: R1 of “Why controls are capped”"), "{words}");
}

#[test]
fn unreviewed_links_are_counted() {
    let words = all_words(&of(fixture::report()));
    let mappings = fixture::report().mappings;
    let open = mappings.iter().filter(|mapping| !mapping.reviewed).count();
    assert!(open > 0 && open < mappings.len());
    assert!(
        words.contains(&format!("Not yet reviewed by a named person: {open} of {} links.", mappings.len()))
    );
}

#[test]
fn changes_say_what_became_of_every_earlier_exception() {
    let mut report = fixture::report();
    let alone = of(report.clone());
    assert!(all_words(&alone).contains("goes on from no earlier pack"));
    let earlier = |exception: &crate::report::model::Exception, id: &str, state: &str| Earlier {
        id: id.to_owned(),
        state: state.to_owned(),
        test: exception.test.clone(),
        severity: exception.severity.clone(),
        source: exception.source.clone(),
        native_id: exception.native_id.clone(),
        time: exception.time,
        summary: exception.summary.clone(),
    };
    let first = report.exceptions[0].clone();
    report.since = Some(Since {
        results: Digest::of(b"before"),
        period: report.period,
        as_of: report.as_of,
        signed_by: None,
        exceptions: vec![
            earlier(&first, &first.id, "carried"),
            earlier(&first, &"a".repeat(64), "out-of-window"),
            earlier(&first, &"b".repeat(64), "closed"),
        ],
    });
    let here = report.exceptions.len();
    let of_test = report.exceptions.iter().filter(|found| found.test == first.test).count();
    let document = of(report);
    let words = all_words(&document);
    assert!(words.contains(&format!("{} exceptions here that it lacks. Of its 3 exceptions: 1 carried, 1 closed, 1 out of window, 0 source missing.", here - 1)), "{words}");
    assert!(words.contains("no trusted key"));
    let rows = &table(&document, "earlier-exceptions").rows;
    assert_eq!(
        rows.iter().map(|row| row[1].text.as_str()).collect::<Vec<_>>(),
        ["carried", "out of window", "closed"]
    );
    assert_eq!(rows[0][0].target.as_deref(), Some(format!("exception-{}", first.id).as_str()));
    assert_eq!(rows[1][0].target, None);
    let row = table(&document, "change-tests").rows.iter().find(|row| row[0].text == first.test).unwrap();
    let counts: Vec<&str> = row[1..].iter().map(|cell| cell.text.as_str()).collect();
    assert_eq!(counts, ["3", &of_test.to_string(), &(of_test - 1).to_string(), "1", "1", "1", "0"]);
}

#[test]
fn redo_commands_are_those_of_this_report() {
    let report = fixture::report();
    let document = of(report.clone());
    let commands = texts(&document).into_iter().filter(|text| text.style == Style::Mono);
    let commands: Vec<&str> = commands.map(|text| text.text.as_str()).collect();
    let again = "countersign report WORKSPACE --from 2026-07-01T00:00:00.000Z --to 2026-10-01T00:00:00.000Z --as-of 2026-10-01T00:00:00.000Z --out again";
    assert!(commands.contains(&again), "{commands:?}");
    assert!(
        commands
            .contains(&format!("countersign case {} PACK", text::short(&report.exceptions[0].id)).as_str())
    );
    let rows = &table(&document, "sample-commands").rows;
    let with_items: Vec<_> = report.tests.iter().filter(|test| test.population > 0).collect();
    assert!(!with_items.is_empty() && rows.len() == with_items.len());
    for (test, row) in with_items.iter().zip(rows) {
        let size = test.population.min(25);
        assert_eq!(
            row[3].text,
            format!("countersign sample PACK --control {} --size {size} --seed SEED", test.id)
        );
    }
}

#[test]
fn the_evidence_index_numbers_results_objects_and_policy() {
    let report = fixture::report();
    let document = of(report.clone());
    let rows = &table(&document, "evidence-index").rows;
    assert_eq!(rows.len(), report.objects.len() + 1);
    assert_eq!(
        (rows[0][0].text.as_str(), rows[0][4].text.as_str()),
        ("EV-00001", document.results_digest.as_str())
    );
    assert_eq!(rows[1][2].text, report.objects[0].name);
    let last = format!("to EV-{:05},", 1 + report.objects.len() + report.policy.len());
    assert!(all_words(&document).contains(&last), "no {last}");
}

#[test]
fn the_seal_prints_the_digest_in_groups_of_eight() {
    let report = fixture::report();
    let digest = crate::report::json::digest(&report).to_string();
    let document = of(report);
    assert_eq!(document.results_digest, digest);
    let seal = texts(&document)
        .into_iter()
        .find(|text| {
            text.style == Style::Mono && text.text.replace(' ', "") == digest && text.text.contains(' ')
        })
        .expect("the seal prints the digest");
    let groups: Vec<_> = seal.text.split(' ').collect();
    assert!(groups.len() == 8 && groups.iter().all(|group| group.len() == 8));
}

#[test]
fn no_word_claims_more_than_the_procedures_show() {
    for report in [fixture::report(), fixture::empty()] {
        assert_eq!(fixture::overclaims(&all_words(&of(report))), Vec::<&str>::new());
    }
    assert_eq!(
        fixture::overclaims("We believe that it passed."),
        ["passed", "we believe"],
        "the scan can find"
    );
}

#[test]
fn the_same_report_gives_the_same_document() {
    assert_eq!(of(fixture::report()), of(fixture::report()));
}
