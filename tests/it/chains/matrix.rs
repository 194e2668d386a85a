//! The mutation matrix: every value of the first, a middle, and the last record of every format changed, and the records
//! cut, dropped, moved, doubled, stripped, and signed again.
//!
//! `COUNTERSIGN_BLESS=1 cargo test --test it chains::` writes the page.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use countersign::integrity::verdict::{BreakKind, Completeness, Verdict};
use rayon::prelude::*;

use super::edit::{self, Files};
use super::format::{Container, Format, foreign, formats, profiles};
use super::{Answer, Brings, verify};
use crate::docs::{listed, same};

const HEAD: &str = "<!-- Generated: COUNTERSIGN_BLESS=1 cargo test --test it chains:: writes this page. Do not edit it. -->

# Mutation matrix

Each format below has a real log in the tests. Of its first, a middle, and its last record every value is changed, made another type that
prints alike, and left out, one at a time; then records are cut, dropped, moved, doubled, given one more member, stripped of their signature,
and all signed again by a key that is not trusted. After each change `verify` runs as a verifier would run it who brings the
keys where the format has any, and no head unless the row says so.

A change counts as detected where the verdict or the grade is worse than that of the untouched log, or a kind of break is listed that it did not
have. What is not detected must be what the format itself leaves open, and `uncovered_fields` of `verify --json` names it. Whoever
computes an unsigned chain again from the first changed record on is never detected in it: such a log is `not-verifiable` to begin with, also
where each record is signed and the link is not.
";

/// What became of a format.
struct Row {
    chain: String,
    /// Verdict and grade of the untouched log.
    intact: String,
    tried: usize,
    missed: BTreeSet<String>,
    uncovered: Vec<String>,
    structure: Vec<(&'static str, String)>,
}

/// Formats in which nothing links or counts the records, so that most rows would say nothing: `tests/it/envelopes.rs` changes them.
const ENVELOPES: [&str; 2] = ["dsse-lines", "jws-lines"];

#[test]
fn every_shipped_chain_profile_is_in_the_matrix() {
    let known: Vec<&str> = foreign().iter().map(|format| format.chain).collect();
    for profile in profiles() {
        assert!(
            profile == "countersign-log"
                || ENVELOPES.contains(&profile.as_str())
                || known.contains(&profile.as_str()),
            "`chains/{profile}.toml` has no real log in tests/it/chains/format.rs"
        );
    }
}

#[test]
fn the_mutation_matrix_is_current() {
    let mut rows: Vec<Row> = formats().par_iter().map(row).collect();
    rows.push(trail());
    let mut page = HEAD.to_owned();
    page.push_str("\n## Values\n\n| format | untouched | changes tried | detected | not detected | `uncovered_fields` |\n|---|---|---|---|---|---|\n");
    for row in &rows {
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} |",
            row.chain,
            row.intact,
            row.tried,
            row.tried - row.missed.len(),
            listed(fields(&row.missed)),
            listed(row.uncovered.iter()),
        );
    }
    page.push_str("\n## Records\n\n| format | change | what `verify` says |\n|---|---|---|\n");
    for row in &rows {
        for (change, says) in &row.structure {
            let _ = writeln!(page, "| {} | {change} | {says} |", row.chain);
        }
    }
    same(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats/mutation-matrix.md"), &page);
}

/// Returns the fields of missed changes, each once.
fn fields(missed: &BTreeSet<String>) -> BTreeSet<&str> {
    missed.iter().map(|change| change.split(' ').next().unwrap()).collect()
}

fn row(format: &Format) -> Row {
    let files = Files::of(format);
    let brings = Brings::key(format);
    let intact = verify(&format.files, brings);
    assert!(intact.breaks.is_empty(), "{} does not verify: {intact:?}", format.chain);
    let verified = intact.verdict == Some(Verdict::Verified);
    assert_eq!(verified, format.verifies, "{}: {intact:?}", format.chain);

    let (mut tried, mut missed) = (0, BTreeSet::new());
    let last = files.len() - 1;
    for index in [0, last / 2, last] {
        for change in edit::changes(files.record(index), format.container) {
            let answer = verify(&files.with(index, change.record.clone()).texts(), brings);
            tried += 1;
            if !answer.detects(&intact) {
                let covered = !intact.uncovered.iter().any(|field| within(&change.path, field));
                assert!(!covered, "{} record {index}: `{}` {}", format.chain, change.path, change.how);
                missed.insert(format!("{} {}, record {index}", change.path, change.how));
            }
        }
    }
    let mut structure = structure(format, &files, &intact);
    let shifted = shifted(format, &files, &intact, &mut structure);
    for field in &intact.uncovered {
        let named = fields(&missed).into_iter().any(|path| within(path, field)) || shifted.contains(field);
        assert!(named, "{}: `{field}` is said to be uncovered, and its changes are found", format.chain);
    }
    let untouched = format!("{}, {}", intact.verdict.map_or("refused", Verdict::word), intact.grade);
    let uncovered = intact.uncovered;
    Row { chain: format.chain.to_owned(), intact: untouched, tried, missed, uncovered, structure }
}

/// AWS CloudTrail, whose digest files stand for records.
fn trail() -> Row {
    let (untouched, tried, structure) = crate::cloudtrail::matrix();
    Row {
        chain: "aws-cloudtrail".to_owned(),
        intact: untouched,
        tried,
        missed: BTreeSet::new(),
        uncovered: Vec::new(),
        structure,
    }
}

/// Moves text between members that a hash joins by a separator which may stand in them. Returns the fields that it moved between,
/// where nothing shows it.
fn shifted(
    format: &Format,
    files: &Files,
    intact: &Answer,
    rows: &mut Vec<(&'static str, String)>,
) -> BTreeSet<String> {
    let mut moved = BTreeSet::new();
    let Some((separator, members)) = format.joined else { return moved };
    for index in 0..files.len() {
        for (record, left, right) in edit::shifted(files.record(index), separator, members) {
            let answer = verify(&files.with(index, record).texts(), Brings::key(format));
            assert!(!answer.detects(intact), "{}: the hash is another one: {answer:?}", format.chain);
            for field in [left, right] {
                assert!(intact.uncovered.contains(&field), "{}: `{field}` of record {index}", format.chain);
                moved.insert(field);
            }
        }
    }
    assert!(!moved.is_empty(), "{}: no record holds the separator", format.chain);
    rows.push(("text moved across a separator", format!("**not detected** in {}", listed(moved.iter()))));
    moved
}

fn structure(format: &Format, files: &Files, intact: &Answer) -> Vec<(&'static str, String)> {
    let brings = Brings::key(format);
    let last = files.len() - 1;
    let middle = files.with_neighbour(last / 2);
    let mut rows = Vec::new();
    let mut row = |name, changed: Vec<(String, String)>, head| {
        let answer = verify(&changed, Brings { head, ..brings });
        rows.push((name, says(&answer, intact)));
        answer
    };
    let drop = |index| files.change(index, |records, at| drop(records.remove(at))).texts();
    let late = row("head cut", drop(0), None);
    assert!(late.detects(intact) || late.notes.contains(&BreakKind::LateStart), "{}: {late:?}", format.chain);
    let cut = row("tail cut", drop(last), None);
    assert!(cut.completeness <= Completeness::Contiguous, "{}: {cut:?}", format.chain);
    if let Some(head) = &intact.head {
        let cut = row("tail cut, head brought", drop(last), Some(head.as_str()));
        assert!(cut.breaks.contains(&BreakKind::TruncatedTail), "{}: {cut:?}", format.chain);
        assert_eq!(cut.verdict, Some(Verdict::Altered), "{}: {cut:?}", format.chain);
        let whole = verify(&format.files, Brings { head: Some(head), ..brings });
        // Where a format may start another chain, the end of one does not say that it is the end of the log: the page has what each says.
        assert!(whole.completeness >= intact.completeness, "{}: {whole:?}", format.chain);
        if format.chain == "countersign-log" {
            assert_eq!(whole.completeness, Completeness::PinnedHead, "{whole:?}");
        }
        assert!(whole.breaks.is_empty() && whole.verdict >= intact.verdict, "{}: {whole:?}", format.chain);
        let verdict = whole.verdict.map_or("refused", Verdict::word);
        rows.push((
            "none, head brought",
            format!("{verdict}, {}; completeness `{}`", whole.grade, whole.completeness),
        ));
    }
    let mut row = |name, changed: Vec<(String, String)>| {
        let answer = verify(&changed, brings);
        rows.push((name, says(&answer, intact)));
        answer
    };
    for (name, changed) in [
        ("record dropped from the middle", drop(middle)),
        ("two neighbours swapped", files.change(middle, |records, at| records.swap(at, at + 1)).texts()),
        (
            "record doubled",
            files.change(middle, |records, at| records.insert(at, records[at].clone())).texts(),
        ),
    ] {
        let answer = row(name, changed);
        assert!(answer.detects(intact), "{}: {name}: {answer:?}", format.chain);
    }
    if format.container != Container::Words {
        let answer = row("member added", files.with(middle, edit::extended(files.record(middle))).texts());
        let named = |answer: &Answer| answer.uncovered.iter().any(|field| field.ends_with("injected"));
        assert!(answer.detects(intact) || named(&answer), "{}: {answer:?}", format.chain);
        let (mut found, mut listed) = (0, 0);
        for record in [files.record(0), files.record(middle), files.record(last)] {
            for extended in edit::extended_within(record) {
                let index = (0..=last).find(|index| files.record(*index) == record).unwrap();
                let answer = verify(&files.with(index, extended.clone()).texts(), brings);
                if answer.detects(intact) {
                    found += 1;
                } else {
                    assert!(named(&answer), "{}: {extended}", format.chain);
                    listed += 1;
                }
            }
        }
        if found + listed > 0 {
            let named =
                if listed == 0 { String::new() } else { format!("; `uncovered_fields` names {listed}") };
            rows.push((
                "member added in an inner object",
                format!("detected in {found} of {}{named}", found + listed),
            ));
        }
    }
    let mut row = |name, changed: Vec<(String, String)>| {
        let answer = verify(&changed, brings);
        rows.push((name, says(&answer, intact)));
        answer
    };
    if let Some(signature) = format.signature {
        let bare = edit::stripped(files.record(middle), signature).unwrap();
        let answer = row("signature stripped", files.with(middle, bare).texts());
        assert!(answer.detects(intact), "{}: {answer:?}", format.chain);
        assert!(answer.verdict < Some(Verdict::Verified), "{}: {answer:?}", format.chain);
    }
    if let Some(resigned) = &format.resigned {
        let answer = row("all signed again by another key", resigned.files.clone());
        assert!(answer.detects(intact), "{}: {answer:?}", format.chain);
        assert!(answer.verdict < Some(Verdict::Verified), "{}: {answer:?}", format.chain);
        // It is refused for its key alone: to whoever trusts that key it is worth what the untouched log is.
        let own = Brings { trust: &resigned.trust, mac: resigned.mac.as_deref(), ..brings };
        let own = verify(&resigned.files, own);
        assert_eq!(Answer { head: None, ..own }, Answer { head: None, ..intact.clone() }, "{}", format.chain);
    }
    rows
}

/// Tells whether the value at `path` lies in `field`.
fn within(path: &str, field: &str) -> bool {
    path == field || path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'))
}

fn says(answer: &Answer, intact: &Answer) -> String {
    let kinds = |kinds: &[BreakKind]| listed(kinds.iter().map(|kind| kind.word()));
    if answer.detects(intact) {
        let verdict = answer.verdict.map_or("refused", Verdict::word);
        return if answer.breaks.is_empty() {
            verdict.to_owned()
        } else {
            format!("{verdict}: {}", kinds(&answer.breaks))
        };
    }
    let noted: Vec<BreakKind> =
        answer.notes.iter().filter(|kind| !intact.notes.contains(kind)).copied().collect();
    if noted.is_empty() {
        let named: Vec<&String> =
            answer.uncovered.iter().filter(|field| !intact.uncovered.contains(field)).collect();
        let named = if named.is_empty() {
            String::new()
        } else {
            format!(" but for `uncovered_fields` {}", listed(named))
        };
        format!("**not detected**{named}; completeness `{}`", answer.completeness)
    } else {
        format!("noted: {}; completeness `{}`", kinds(&noted), answer.completeness)
    }
}
