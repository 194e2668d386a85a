//! Source profiles through the whole pipeline: each conserves its records, and real records of other projects are understood.
#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use countersign::column::Brief;
use countersign::integrity::record::VerifiedRecord;
use countersign::profile::library::{Entry, Library};
use countersign::profile::{Mapped, Weight, sample};

use crate::support::{Workspace, conserves, countersign};

fn library() -> Library {
    Library::shipped().unwrap()
}

/// Samples of a profile, and the bytes of each.
fn samples(entry: &Entry) -> impl Iterator<Item = (&String, &Vec<u8>)> {
    entry.files().iter().filter(|(name, _)| name.starts_with("sample"))
}

/// A workspace with one source per profile, whose objects are its samples.
#[test]
fn every_profile_conserves_the_records_of_its_samples() {
    let library = library();
    let workspace = Workspace::empty();
    let mut file = "entity = \"Acme\"\nperiod = { from = 2026-07-01, to = 2026-08-01 }\n".to_owned();
    // Logs with a mechanism of their own have tests of their own: their samples are records without it.
    let plain: Vec<&Entry> =
        library.entries().filter(|entry| entry.profile().integrity().to_string() == "none").collect();
    assert!(plain.len() >= 10, "{}", plain.len());
    for entry in &plain {
        let name = entry.profile().name();
        file +=
            &format!("\n[[source]]\nid = \"{name}\"\nprofile = \"{name}\"\nobjects = [\"logs/{name}/*\"]\n");
        for (sample, bytes) in samples(entry) {
            workspace.write(&format!("logs/{name}/{sample}"), bytes);
        }
    }
    workspace.write("countersign.toml", file);
    let run = workspace.library(None);
    let report = run.assessment.report();
    conserves(report);
    for entry in plain {
        let name = entry.profile().name();
        let outcome = sample::check(entry).unwrap();
        let tally = &report.sources.iter().find(|source| source.id == name).unwrap().tally;
        let count = |result: &str| outcome.results.get(result).copied().unwrap_or(0) as u64;
        let (ignored, rejected): (u64, u64) = (tally.ignored.values().sum(), tally.rejected.values().sum());
        assert_eq!(tally.read, outcome.records as u64, "{name}");
        // A record whose events all repeat others is counted as a duplicate by the run, and as mapped by the samples.
        assert_eq!(tally.mapped + tally.duplicates, count("events"), "{name}");
        assert_eq!(
            (ignored, rejected, tally.observations, tally.housekeeping),
            (count("ignored"), count("rejected"), count("observation"), count("housekeeping")),
            "{name}"
        );
        for (reason, lines) in sample_reasons(entry, "ignored") {
            assert_eq!(tally.ignored.get(&reason), Some(&lines), "{name}: {reason}");
        }
    }
}

fn sample_reasons(entry: &Entry, result: &str) -> BTreeMap<String, u64> {
    let mut reasons = BTreeMap::new();
    for line in sample::lines(entry, &mut sample::Outcome::default()).unwrap() {
        if line.get("result").and_then(|found| found.as_str()) == Some(result) {
            *reasons.entry(line["reason"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    reasons
}

/// The payloads are those that GitHub publishes; the profile's own samples were written apart from them.
#[test]
fn the_payloads_that_github_publishes_map_with_nothing_unmapped() {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    let library = library();
    let profile = library.find("github-webhooks").unwrap().profile();
    let mut files: Vec<PathBuf> = std::fs::read_dir(PathBuf::from(folder).join("github-webhooks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut found = BTreeMap::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let context = profile.context("hooks", &name, &BTreeMap::new()).unwrap();
        let mut records = 0;
        let done = profile.object(&name, &text, &mut |record| {
            records += 1;
            let mut events = Vec::new();
            let mapped =
                profile.map(&VerifiedRecord::unprotected(record.unwrap(), "hooks"), &context, &mut events);
            assert_eq!(mapped, Mapped::Events(1), "{name}");
            let event = &events[0];
            found.insert(
                name.clone(),
                (
                    event.kind.clone().unwrap(),
                    event.corr_request.clone().unwrap(),
                    event.time.clone().unwrap(),
                    event.outcome.clone().unwrap_or_default(),
                ),
            );
        });
        assert_eq!((done, records), (Ok(()), 1));
    }
    let expected = [
        (
            "deployment_review.requested.payload.json",
            "request",
            "terraform-test-github/sample-app:5453085689:1:TST",
            "2023-07-04T09:28:15Z",
            "",
        ),
        (
            "pull_request_review.dismissed.payload.json",
            "decision",
            "Codertocat/Hello-World#2",
            "2019-05-15T15:20:38Z",
            "dismissed",
        ),
        (
            "pull_request_review.submitted.payload.json",
            "decision",
            "Codertocat/Hello-World#2",
            "2019-05-15T15:20:38Z",
            "commented",
        ),
        (
            "pull_request_review.submitted.with-organization.payload.json",
            "decision",
            "Codertocat/Hello-World#2",
            "2019-05-15T15:20:38Z",
            "commented",
        ),
    ];
    let expected: BTreeMap<String, (Brief, Brief, Brief, Brief)> = expected
        .into_iter()
        .map(|(name, kind, request, time, outcome)| {
            let request = format!("hooks:request:{request}");
            (name.to_owned(), (kind.into(), request.into(), time.into(), outcome.into()))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn no_shipped_profile_has_a_rule_that_cannot_be_meant() {
    for entry in library().entries() {
        let errors: Vec<String> = entry
            .profile()
            .lint()
            .iter()
            .filter(|remark| remark.weight == Weight::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", entry.profile().name());
    }
}

/// No record of one product's samples becomes evidence by an unknown word: what is rejected names the word.
#[test]
fn every_profile_with_a_closed_map_shows_a_word_that_it_refuses() {
    for entry in library().entries() {
        let rejected = sample_reasons(entry, "rejected");
        assert!(
            rejected.keys().any(|reason| reason.contains("unknown")),
            "{}: no sample with an unknown word: {rejected:?}",
            entry.profile().name()
        );
    }
}

#[test]
fn try_names_the_profile_that_fits_and_a_block_to_paste() {
    let library = library();
    for name in ["teleport", "kubernetes-audit", "sudo", "csv", "claude-code-otel"] {
        let workspace = Workspace::empty();
        let entry = library.find(name).unwrap();
        let (sample, bytes) = samples(entry).last().unwrap();
        workspace.write(sample, bytes);
        let file = workspace.at(sample);
        let ran = countersign(&[
            "sources",
            "try",
            file.to_str().unwrap(),
            "--workspace",
            workspace.at("").to_str().unwrap(),
        ]);
        let block = format!("[[source]]\nid = \"{name}\"\nprofile = \"{name}\"\nobjects = [");
        ran.says(0, &[&block, "  mapped ", "examples\n  {"]);
        assert!(ran.out.starts_with(&format!("{name}: ")), "{}", ran.out);
    }
    let workspace = Workspace::empty();
    workspace.write("nothing.jsonl", "{\"hello\":1}\n");
    let file = workspace.at("nothing.jsonl");
    let ran = countersign(&["sources", "try", file.to_str().unwrap()]);
    ran.says(2, &["no profile makes an event of `nothing.jsonl`"]);
    countersign(&["sources", "try", "not-there.jsonl"]).refuses(&["cannot read `not-there.jsonl`"]);
}

/// Joins are made when all segments are there, so neither their order nor their size changes what an event takes.
#[test]
fn events_take_from_other_objects_of_their_source_and_the_report_counts_what_they_did_not_find() {
    let library = library();
    let entry = library.find("servicenow").unwrap();
    let workspace = Workspace::empty();
    let declared = "entity = \"Acme\"\nperiod = { from = 2026-07-01, to = 2026-08-01 }\n\n[[source]]\nid = \"snow\"\nprofile = \"servicenow\"\nobjects = [\"logs/*\"]\n";
    workspace.write("countersign.toml", declared);
    for (sample, bytes) in samples(entry) {
        workspace.write(&format!("logs/{sample}"), bytes);
    }
    let run = workspace.library(None);
    conserves(run.assessment.report());
    let joins = &run.assessment.report().sources[0].tally.joins;
    let mut events = BTreeMap::<String, (u64, u64, u64)>::new();
    for line in sample::lines(entry, &mut sample::Outcome::default()).unwrap() {
        let Some(takes) = line.get("takes").and_then(|takes| takes.as_str()) else { continue };
        let takes: BTreeMap<String, String> = serde_json::from_str(takes).unwrap();
        let marks = line["quality"].as_str().unwrap_or_default();
        for name in takes.into_keys() {
            let count = events.entry(name).or_default();
            if marks.contains("join_missing") {
                count.1 += 1;
            } else if marks.contains("join_ambiguous") {
                count.2 += 1;
            } else {
                count.0 += 1;
            }
        }
    }
    let found: BTreeMap<String, (u64, u64, u64)> = joins
        .iter()
        .map(|(name, tally)| (name.clone(), (tally.taken, tally.missing, tally.ambiguous)))
        .collect();
    // Three joins, each of one kind of event: what the samples show one by one is what the report counts.
    assert_eq!(found, events);
    assert!(found["change"].1 > 0 && found["assignee"].2 > 0 && found["requester"].0 > 0, "{found:?}");
    let small = workspace.library(Some(64));
    assert_eq!(small.assessment.report(), run.assessment.report(), "segments of 64 bytes");

    // Without the table of users the changes stand as before, and nobody has an address.
    std::fs::remove_file(workspace.at("logs/sample-users.csv")).unwrap();
    let without = workspace.library(None);
    let joins = &without.assessment.report().sources[0].tally.joins;
    assert_eq!((joins["requester"].taken, joins["assignee"].taken), (0, 0), "{joins:?}");
    assert_eq!(joins["change"], run.assessment.report().sources[0].tally.joins["change"]);
}

/// Adds lines to a log that no product writes, and asserts that each is one rejected record and that nothing else changes.
#[test]
fn what_no_product_writes_is_rejected_line_by_line_in_every_profile() {
    let deep = format!("{}1{}\n", "{\"a\":".repeat(100), "}".repeat(100));
    let hostile: [&[u8]; 7] = [
        b"2026-07-06 10:00:00 INFO the format changed half-way\n",
        b"\xff\xfe{\"a\":1}\n",
        b"\x00\x00\x00\n",
        b"{\"a\":\x00}\n",
        b"{\"a\":1,\"a\":2}\n",
        b"{\"torn\":\n",
        deep.as_bytes(),
    ];
    let library = library();
    let by_line = |entry: &&Entry| {
        let profile = entry.profile();
        profile.integrity().to_string() == "none" && profile.framing().is_lines("sample.jsonl")
    };
    let profiles: Vec<&Entry> = library.entries().filter(by_line).collect();
    assert!(profiles.len() >= 25, "{}", profiles.len());
    let report = |extra: &[&[u8]]| {
        let workspace = Workspace::empty();
        let mut file = "entity = \"Acme\"\nperiod = { from = 2026-07-01, to = 2026-08-01 }\n".to_owned();
        for entry in &profiles {
            let name = entry.profile().name();
            file += &format!(
                "\n[[source]]\nid = \"{name}\"\nprofile = \"{name}\"\nobjects = [\"logs/{name}/*\"]\n"
            );
            let mut log = entry.files()["sample.jsonl"].clone();
            extra.iter().for_each(|line| log.extend_from_slice(line));
            workspace.write(&format!("logs/{name}/sample.jsonl"), log);
        }
        workspace.write("countersign.toml", file);
        let report = workspace.library(None).assessment.report().clone();
        conserves(&report);
        report
    };
    let (before, after) = (report(&[]), report(&hostile));
    for (before, after) in before.sources.iter().zip(&after.sources) {
        let rejected = |tally: &countersign::report::model::Tally| tally.rejected.values().sum::<u64>();
        let added = hostile.len() as u64;
        let (was, is) = (&before.tally, &after.tally);
        assert_eq!((is.read, rejected(is)), (was.read + added, rejected(was) + added), "{}", after.id);
        assert_eq!(
            (is.events, is.mapped, &is.ignored, is.observations),
            (was.events, was.mapped, &was.ignored, was.observations),
            "{}",
            after.id
        );
    }
}

/// The verdict of every decision in every sample is replaced by a word that nobody has: none of them stays a verdict.
#[test]
fn a_word_that_nobody_has_is_no_verdict_in_any_profile() {
    const UNKNOWN: &str = "zz-no-such-word";
    let library = library();
    let mut tried = BTreeMap::new();
    for entry in library.entries() {
        let profile = entry.profile();
        for (name, bytes) in samples(entry).filter(|(name, _)| name.ends_with(".jsonl")) {
            let context = profile.context("s", name, &BTreeMap::new()).unwrap();
            for line in String::from_utf8_lossy(bytes).lines() {
                let map = |line: &str| {
                    let mut events = Vec::new();
                    let _ = profile.object(name, line, &mut |record| {
                        let Ok(record) = record else { return };
                        profile.map(&VerifiedRecord::unprotected(record, "s"), &context, &mut events);
                    });
                    events
                };
                for event in map(line).iter().filter(|event| event.outcome.is_some()) {
                    let Some(word) = &event.native_outcome else { continue };
                    let quoted = serde_json::to_string(word).unwrap();
                    // A truth value, a number, or a word of the profile itself is not the record's text.
                    if !line.contains(&quoted) {
                        continue;
                    }
                    let changed = line.replace(&quoted, &format!("\"{UNKNOWN}\""));
                    let verdicts: Vec<_> = map(&changed)
                        .into_iter()
                        .filter(|after| {
                            after.outcome.is_some() && after.native_outcome.as_deref() == Some(UNKNOWN)
                        })
                        .collect();
                    assert!(verdicts.is_empty(), "{}: {changed}: {verdicts:#?}", profile.name());
                    *tried.entry(profile.name().to_owned()).or_insert(0) += 1;
                }
            }
        }
    }
    assert!(tried.len() >= 15, "{tried:?}");
}
