use std::io::{Cursor, Read as _};

use super::*;
use crate::report::fixture;

const TABS: [&str; 15] = [
    "README",
    "Summary",
    "Controls",
    "Population",
    "Sample",
    "Attributes",
    "Exceptions",
    "For_Review",
    "Reconciliation",
    "IPE",
    "Keys",
    "Mapping_SoA",
    "Changes",
    "Evidence_Index",
    "Tickmarks",
];

fn tested(item: &str, text: &str) -> Tested {
    let text = || text.to_owned();
    Tested {
        item: item.to_owned(),
        case: text(),
        source: text(),
        native_id: text(),
        time: Some(Moment::from_ms(1_783_000_000_123)),
        requester: text(),
        approver: text(),
        executor: text(),
        action: text(),
        resource: text(),
        environment: text(),
        object: text(),
        line: 7,
        grade: text(),
        states: vec![Some("ok"), Some("exception"), Some("untestable"), None],
    }
}

fn population(text: &str) -> Population {
    let named = ["AUTHZ-01", "AUTHZ-02", "AUTHZ-03", "SOD-01"];
    Population {
        attributes: named.map(|test| Attribute { test: test.to_owned(), title: text.to_owned() }).into(),
        executions: 2,
        digest: "d".repeat(64),
        first: vec![tested("e1", text), tested("e2", text)],
        seed: "s".repeat(64),
        sample: vec![tested("e2", text)],
    }
}

/// Returns the parts of the workbook, by name.
fn parts(report: crate::report::model::Report, population: &Population) -> Vec<(String, String)> {
    let bytes = render(&Assessment::for_tests(report), population).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            (part.name().unwrap().into_owned(), text)
        })
        .collect()
}

fn sheet(parts: &[(String, String)], tab: &str) -> String {
    let at = TABS.iter().position(|name| *name == tab).unwrap() + 1;
    let name = format!("xl/worksheets/sheet{at}.xml");
    parts.iter().find(|(part, _)| *part == name).unwrap().1.clone()
}

#[test]
fn the_tabs_stand_in_their_order_with_frozen_filtered_and_repeated_titles() {
    let parts = parts(fixture::report(), &population("x"));
    let workbook = &parts.iter().find(|(name, _)| name == "xl/workbook.xml").unwrap().1;
    let mut from = 0;
    for tab in TABS {
        from += workbook[from..].find(&format!("<sheet name=\"{tab}\"")).unwrap_or_else(|| panic!("{tab}"));
        assert!(workbook.contains(&format!("{tab}!$10:$10")), "{tab} repeats no titles");
        let sheet = sheet(&parts, tab);
        for part in [
            "<pane ",
            "<autoFilter ",
            "orientation=\"landscape\"",
            "fitToHeight=\"0\"",
            "Page &amp;P of &amp;N",
        ] {
            assert!(sheet.contains(part), "{tab} lacks {part}");
        }
    }
}

#[test]
fn every_exception_has_its_row_and_the_auditor_chooses_from_words() {
    let report = fixture::report_with_exceptions(3_000);
    let ids: Vec<String> = report.exceptions.iter().map(|exception| exception.id.clone()).collect();
    let sheet = sheet(&parts(report, &population("x")), "Exceptions");
    assert_eq!(sheet.matches("<row ").count(), 9 + ids.len(), "head, titles, and a row each");
    assert!(ids.iter().all(|id| sheet.contains(id.as_str())));
    assert!(sheet.contains("open,in progress,closed,accepted"), "no words to choose from");
    assert!(sheet.contains("sqref=\"T11:T3010\""), "{}", &sheet[sheet.find("<dataValidations").unwrap()..]);
}

#[test]
fn marks_say_what_each_test_said_and_no_tested_cell_is_empty() {
    let parts = parts(fixture::report(), &population("x"));
    for tab in ["Population", "Attributes"] {
        let sheet = sheet(&parts, tab);
        for mark in ["<t>✓</t>", "<t>X</t>", "<t>U</t>", "<t>n/a</t>"] {
            assert!(sheet.contains(mark), "{tab} lacks {mark}");
        }
        assert!(sheet.contains("A AUTHZ-01") && sheet.contains("D SOD-01"));
    }
}

#[test]
fn hostile_text_is_neither_formula_nor_link_nor_markup() {
    for text in [
        fixture::HOSTILE.to_owned(),
        "=HYPERLINK(\"http://x\")".to_owned(),
        "@SUM(A1)\t".to_owned(),
        "https://example.org".to_owned(),
        "_x003D_1+1".to_owned(),
        "+1".repeat(40_000),
    ] {
        let mut report = fixture::report();
        report.entity.clone_from(&text);
        report.system.clone_from(&text);
        report.sources[0].id.clone_from(&text);
        report.objects[0].name.clone_from(&text);
        report.tests[0].title.clone_from(&text);
        report.controls[0].title.clone_from(&text);
        report.mappings[0].why.clone_from(&text);
        report.keys[0].owner.clone_from(&text);
        report.holes[0].detail.clone_from(&text);
        report.settings[0].value.clone_from(&text);
        report.waterfall[0].label.clone_from(&text);
        let exception = &mut report.exceptions[0];
        exception.native_id.clone_from(&text);
        exception.summary.clone_from(&text);
        exception.facts = vec![(text.clone(), text.clone())];
        for (name, part) in parts(report, &population(&text)) {
            assert!(!part.contains("<f>") && !part.contains("<hyperlink"), "{name}");
            assert!(
                !part.contains("<script") && !part.contains('\u{1b}') && !part.contains('\u{202e}'),
                "{name}"
            );
            assert!(!part.contains("TargetMode=\"External\""), "{name}");
            // A reader takes `_x003D_` for `=` unless its first sign is itself escaped.
            assert!(!part.replace("_x005F_x", "").contains("_x003D_"), "{name}");
        }
    }
}

#[test]
fn text_that_looks_like_a_formula_stays_text_when_somebody_edits_it() {
    let mut report = fixture::report();
    report.exceptions[0].native_id = "=1+1".to_owned();
    let parts = parts(report, &population("x"));
    let sheet = sheet(&parts, "Exceptions");
    let cell = &sheet[..sheet.find("<t>=1+1</t>").expect("written as inline text")];
    let style = cell.rsplit(" s=\"").next().unwrap().split('"').next().unwrap();
    let styles = &parts.iter().find(|(name, _)| name == "xl/styles.xml").unwrap().1;
    let formats: Vec<&str> = styles.split("<cellXfs").nth(1).unwrap().split("<xf ").skip(1).collect();
    assert!(
        formats[style.parse::<usize>().unwrap()].contains("quotePrefix=\"1\""),
        "style {style}: {formats:?}"
    );
}

#[test]
fn a_text_longer_than_a_cell_is_cut_with_its_length_and_digest() {
    let long = "é𝄞".repeat(20_000);
    let cut = sheet::safe(&long);
    assert!(
        cut.encode_utf16().count() < 32_767 && cut.contains("… cut: 60000 units, sha256 "),
        "{}",
        &cut[cut.len() - 200..]
    );
    assert_eq!(sheet::safe("short"), "short");
}

#[test]
fn two_workbooks_of_one_report_have_the_same_bytes_and_the_results_digest() {
    let assessment = Assessment::for_tests(fixture::report());
    let first = render(&assessment, &population("x")).unwrap();
    assert!(first == render(&assessment, &population("x")).unwrap());
    let digest = assessment.results_digest().to_string();
    let parts = parts(fixture::report(), &population("x"));
    let sheets: Vec<_> = parts.iter().filter(|(name, _)| name.starts_with("xl/worksheets/sheet")).collect();
    assert_eq!(sheets.len(), TABS.len());
    assert!(sheets.iter().all(|(_, sheet)| sheet.contains(&digest)));
    let core = &parts.iter().find(|(name, _)| name == "docProps/core.xml").unwrap().1;
    assert!(core.contains("2026-10-01T00:00:00Z"), "{core}");
}

#[test]
fn no_word_claims_more_than_the_procedures_show() {
    for (name, part) in parts(fixture::report(), &population("x")) {
        if name.starts_with("xl/worksheets") {
            let text: String = part
                .split('<')
                .filter_map(|piece| piece.split_once('>'))
                .map(|(_, text)| format!("{text} "))
                .collect();
            assert_eq!(fixture::overclaims(&text), Vec::<&str>::new(), "{name}");
        }
    }
}

#[test]
fn a_report_of_nothing_is_a_workbook_too() {
    let parts = parts(fixture::empty(), &Population::default());
    assert!(parts.len() > TABS.len());
}
