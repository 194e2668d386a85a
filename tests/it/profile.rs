//! Source profiles against whole inputs: their own samples, the sample workspaces, and hostile records.
#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use countersign::column::Row as _;
use countersign::event::Event;
use countersign::integrity::record::VerifiedRecord;
use countersign::integrity::verdict::BreakKind;
use countersign::profile::library::{Library, Origin};
use countersign::profile::{Context, Mapped, Profile, sample};
use countersign::source::container::Unpacked;
use countersign::source::framing::{Record, document_records};
use proptest::prelude::*;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn library() -> Library {
    Library::open(&root()).unwrap()
}

fn set(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn context(profile: &Profile) -> Context {
    profile.context("src", "object.jsonl", &BTreeMap::new()).unwrap()
}

fn map_one<'p>(profile: &'p Profile, text: &str, context: &Context) -> (Mapped<'p>, Vec<Event>) {
    let mut events = Vec::new();
    let record = VerifiedRecord::unprotected(Record::new(text, 0, 1, 0), "log");
    let mapped = profile.map(&record, context, &mut events);
    (mapped, events)
}

#[test]
fn samples_become_what_is_expected() {
    for entry in library().entries() {
        let outcome = sample::check(entry).unwrap();
        let name = entry.profile().name();
        assert!(outcome.records >= 20, "{name}: only {} records", outcome.records);
        assert!(outcome.differences.is_empty(), "{name}:\n{}", outcome.differences.join("\n"));
    }
}

#[test]
fn samples_use_every_rule_and_every_verdict() {
    for entry in library().entries() {
        let profile = entry.profile();
        let mut outcome = sample::Outcome::default();
        let lines = sample::lines(entry, &mut outcome).unwrap();
        let value = |name: &str| -> BTreeSet<String> {
            let values = lines.iter().filter_map(|line| line.get(name)?.as_str().map(str::to_owned));
            values.collect()
        };
        let rules = value("rule");
        let known: Vec<&str> = profile.rules().map(|(id, _)| id).filter(|id| *id != "observation").collect();
        let unused: Vec<&&str> = known.iter().filter(|id| !rules.contains(**id)).collect();
        assert!(unused.is_empty(), "{}: {unused:?}", profile.name());
        let reasons = value("reason");
        let missing: Vec<&str> =
            profile.ignore_reasons().filter(|reason| !reasons.contains(*reason)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", profile.name());
    }
}

#[test]
fn the_embedded_profiles_are_those_of_the_tree() {
    let shipped = Library::shipped().unwrap();
    let tree = library();
    let digests = |library: &Library| -> BTreeMap<String, String> {
        let entries = library.entries();
        entries.map(|entry| (entry.profile().name().to_owned(), entry.digest().to_string())).collect()
    };
    assert_eq!(digests(&shipped), digests(&tree), "rebuild: touch src/profile/library.rs");
}

#[test]
fn a_workspace_adds_and_replaces_profiles_by_name() {
    let workspace = tempfile::tempdir().unwrap();
    let shipped = Library::shipped().unwrap();
    for (name, new_name) in [("teleport", "teleport"), ("teleport", "our-teleport")] {
        let folder = workspace.path().join("sources").join(new_name);
        std::fs::create_dir_all(&folder).unwrap();
        let text = shipped.find(name).unwrap().files().get("profile.toml").unwrap().clone();
        let text = String::from_utf8(text)
            .unwrap()
            .replace("name = \"teleport\"", &format!("name = \"{new_name}\""));
        std::fs::write(folder.join("profile.toml"), text).unwrap();
    }
    let library = Library::open(workspace.path()).unwrap();
    let overrides: Vec<(&str, &Origin, bool)> = library
        .overrides()
        .map(|entry| (entry.profile().name(), entry.origin(), entry.replaces().is_some()))
        .collect();
    let at = |path: &str| Origin::Workspace(path.to_owned());
    assert_eq!(
        overrides,
        [("our-teleport", &at("sources/our-teleport"), false), ("teleport", &at("sources/teleport"), true)]
    );
    let error = library.find("telport").unwrap_err();
    assert_eq!(error.to_string(), "no source profile is named `telport`");
    assert_eq!(error.help().unwrap(), "did you mean `teleport`?");
}

/// Maps every export of a sample workspace and counts what became of the records.
fn tally(
    workspace: &str,
    profile: &str,
    globs: &[&str],
    set: &BTreeMap<String, String>,
) -> BTreeMap<String, usize> {
    let library = library();
    let profile = library.find(profile).unwrap().profile();
    let mut counts = BTreeMap::new();
    for folder in globs {
        let folder = root().join("samples").join(workspace).join(folder);
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            tally_object(profile, &path, set, &mut counts);
        }
    }
    counts
}

fn tally_object(
    profile: &Profile,
    path: &Path,
    set: &BTreeMap<String, String>,
    counts: &mut BTreeMap<String, usize>,
) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let context = profile.context("src", name, set).unwrap();
    let mut text = String::new();
    let stored = Box::new(std::fs::File::open(path).unwrap());
    Unpacked::new(stored).unwrap().read_to_string(&mut text).unwrap();
    let records = if name.contains(".json") && !name.contains(".jsonl") {
        document_records(&text, &["/data".to_owned()]).unwrap()
    } else {
        (1..).zip(text.lines()).map(|(line, text)| Record::new(text, 0, line, 0)).collect()
    };
    for record in records {
        let mut events = Vec::new();
        let verified = VerifiedRecord::unprotected(record, "log");
        let word = match profile.map(&verified, &context, &mut events) {
            Mapped::Events(_) => "events".to_owned(),
            Mapped::Ignored { .. } => "ignored".to_owned(),
            Mapped::Observation { .. } => "observation".to_owned(),
            Mapped::Housekeeping { .. } => "housekeeping".to_owned(),
            Mapped::Rejected { detail, .. } => panic!("{name}:{}: {detail}", record.line),
        };
        *counts.entry("records".to_owned()).or_default() += 1;
        *counts.entry(word).or_default() += 1;
        for event in events {
            *counts.entry(format!("kind {}", event.kind.unwrap_or_default())).or_default() += 1;
        }
    }
}

/// The exports of `samples/acme` were written by a generator that knows the products and not the profiles.
#[test]
fn every_record_of_the_acme_exports_is_understood() {
    let none = BTreeMap::new();
    let declared = |workspace: &str| -> BTreeMap<String, usize> {
        let text =
            std::fs::read_to_string(root().join("samples").join(workspace).join("countersign.toml")).unwrap();
        let file: toml::Table = text.parse().unwrap();
        let sources = file["source"].as_array().unwrap().iter();
        sources
            .filter_map(|source| {
                let records = source.get("extracted")?.get("records")?.as_integer()?;
                Some((source["id"].as_str()?.to_owned(), usize::try_from(records).unwrap()))
            })
            .collect()
    };
    let declared = declared("acme");
    let count = |counts: &BTreeMap<String, usize>, word: &str| counts.get(word).copied().unwrap_or(0);

    let gate = tally("acme", "countersign", &["logs/gate-eu"], &none);
    assert_eq!(count(&gate, "records"), declared["gate-eu"]);
    assert_eq!(count(&gate, "events") + count(&gate, "housekeeping"), declared["gate-eu"]);

    let hoop = tally("acme", "hoop-sessions", &["exports/hoop"], &none);
    assert_eq!(count(&hoop, "records"), declared["hoop"]);
    assert_eq!(count(&hoop, "observation"), 0, "{hoop:?}");

    let teleport = tally("acme", "teleport", &["exports/teleport"], &set(&[("env", "prod")]));
    assert_eq!(count(&teleport, "records"), declared["teleport"]);

    let slack =
        tally("acme", "slack-approvals", &["exports/slack"], &set(&[("request_instance", "gate-eu")]));
    assert_eq!(count(&slack, "records"), declared["slack-approvals"]);
    assert_eq!(count(&slack, "kind decision"), declared["slack-approvals"], "{slack:?}");
}

#[test]
fn a_click_joins_the_request_of_another_source() {
    let library = library();
    let slack = library.find("slack-approvals").unwrap().profile();
    let context = slack.context("slack-approvals", "o", &set(&[("request_instance", "gate-eu")])).unwrap();
    let text = r#"{"type":"block_actions","user":{"id":"U1"},"team":{"id":"T1"},"message":{"metadata":{"event_payload":{"request_id":"R-1"}}},"actions":[{"action_id":"approve","action_ts":"1785924000.5"}]}"#;
    let (mapped, events) = map_one(slack, text, &context);
    assert_eq!(mapped, Mapped::Events(1));
    assert_eq!(events[0].corr_request.as_deref(), Some("gate-eu:request:R-1"));
    assert_eq!(events[0].decider_ns.as_deref(), Some("slack:T1"));
    assert_eq!(events[0].source.as_deref(), Some("slack-approvals"));
}

#[test]
fn hostile_records_are_refused_by_name() {
    let library = library();
    for entry in library.entries() {
        let profile = entry.profile();
        let context = context(profile);
        let kind = |text: &str| match map_one(profile, text, &context) {
            (Mapped::Rejected { kind, .. }, events) => {
                assert!(events.is_empty());
                kind
            }
            (other, _) => panic!("{}: {other:?} for {}", profile.name(), &text[..text.len().min(60)]),
        };
        assert_eq!(kind("{\"a\":1,\"a\":2}"), BreakKind::DuplicateKey);
        assert_eq!(kind(&"{\"a\":".repeat(100_000)), BreakKind::Oversize);
        assert_eq!(kind(&format!("{{\"a\":\"{}\"}}", "x".repeat(17 << 20))), BreakKind::Oversize);
        assert_eq!(kind("42"), BreakKind::Malformed);
        assert_eq!(kind("\u{0}\u{1}"), BreakKind::Malformed);
    }
}

#[test]
fn a_bit_of_text_too_long_to_show_is_cut_with_its_digest() {
    let library = library();
    let native = library.find("countersign").unwrap().profile();
    let long = "x".repeat(50_000);
    let text = format!(
        r#"{{"time":"2026-07-06T08:00:00Z","event":{{"kind":"request","id":"R-1","action":{{"command":"{long}"}}}}}}"#
    );
    let (mapped, events) = map_one(native, &text, &context(native));
    assert_eq!(mapped, Mapped::Events(1));
    assert!(events[0].command.as_ref().unwrap().len() < 5_000);
    let whole = countersign::digest::Digest::of(long.as_bytes()).to_string();
    assert_eq!(
        events[0].command_digest.as_deref(),
        Some(whole.as_str()),
        "the digest is of the whole command"
    );
}

#[test]
fn an_event_names_its_record() {
    let library = library();
    let native = library.find("countersign").unwrap().profile();
    let text = r#"{"time":"2026-07-06T08:00:00Z","event":{"kind":"request","id":"R-1"}}"#;
    let mut events = Vec::new();
    let record = Record::new(text, 7, 3, 2);
    native.map(&VerifiedRecord::unprotected(record, "gate-eu"), &context(native), &mut events);
    let event = &events[0];
    assert_eq!((event.offset, event.line, event.index), (Some(7), Some(3), Some(2)));
    assert_eq!(event.length, i64::try_from(text.len()).ok());
    assert_eq!((event.log.as_deref(), event.source.as_deref()), (Some("gate-eu"), Some("src")));
    assert_eq!((event.object.as_deref(), event.grade.as_deref()), (Some("object.jsonl"), Some("parsed")));
    let digest = countersign::digest::Digest::of(text.as_bytes());
    assert_eq!(event.line_digest.as_deref(), Some(digest.to_string().as_str()));
    // The parts by hand: 64-bit big-endian lengths before each.
    let mut bytes = Vec::new();
    for part in [
        b"src".as_slice(),
        b"object.jsonl",
        &7_u64.to_be_bytes(),
        digest.as_bytes(),
        b"request",
        &0_u64.to_be_bytes(),
    ] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part);
    }
    assert_eq!(event.id.as_deref(), Some(countersign::digest::Digest::of(&bytes).to_string().as_str()));
}

fn doc(name: &str) -> String {
    std::fs::read_to_string(root().join("docs/formats").join(name)).unwrap()
}

fn block<'d>(doc: &'d str, language: &str) -> &'d str {
    let start = doc.find(&format!("```{language}\n")).unwrap() + language.len() + 4;
    &doc[start..start + doc[start..].find("```").unwrap()]
}

#[test]
fn the_example_of_the_language_page_works() {
    let page = doc("source-profile.md");
    let profile = Profile::parse("example", block(&page, "toml")).unwrap();
    let text = r#"{"type":"review","at":"2026-07-06T08:00:00Z","ticket":"T-1","org":"o","votes":[{"by":"kim","verdict":"OK"},{"by":"lee@x.example","verdict":"NO"},{"by":"max"}]}"#;
    let (mapped, events) = map_one(&profile, text, &context(&profile));
    assert_eq!(mapped, Mapped::Events(2));
    assert_eq!(events[0].native_id.as_deref(), Some("T-1/kim"));
    assert_eq!(events[0].decider_ns.as_deref(), Some("shop:o"));
    assert_eq!(events[1].outcome.as_deref(), Some("denied"));
    assert_eq!(events[1].decider_ns.as_deref(), Some("email"));
}

#[test]
fn the_example_of_the_event_page_works() {
    let page = doc("event.md");
    let event = block(&page, "json").replace('\n', "");
    let library = library();
    let native = library.find("countersign").unwrap().profile();
    let text = format!(r#"{{"time":"2026-07-06T08:05:00Z","event":{event}}}"#);
    let (mapped, events) = map_one(native, &text, &context(native));
    assert_eq!(mapped, Mapped::Events(1));
    assert_eq!(events[0].reason.as_deref(), Some("amounts checked"));
    assert_eq!(events[0].ticket.as_deref(), Some("CH-7"));
}

#[test]
fn the_event_page_names_every_column() {
    let page = doc("event.md");
    for column in Event::COLUMNS {
        let prefix = column.name.split('_').next().unwrap();
        let named = [format!("`{}`", column.name), format!("`{prefix}_*`")];
        assert!(named.iter().any(|name| page.contains(name)), "{}", column.name);
    }
}

#[test]
fn every_profile_has_a_page_on_what_is_not_logged() {
    for entry in library().entries() {
        let readme = entry.files().get("README.md").map(|bytes| String::from_utf8(bytes.clone()).unwrap());
        let readme = readme.unwrap_or_else(|| panic!("{}: no README.md", entry.profile().name()));
        let samples = entry.files().iter().filter(|(name, _)| name.starts_with("sample."));
        let lines: usize = samples.map(|(_, bytes)| bytes.split(|byte| *byte == b'\n').count() - 1).sum();
        for line in 1..=lines {
            assert!(readme.contains(&format!("\n| {line} |")), "{}: line {line}", entry.profile().name());
        }
        assert!(readme.contains("## Not logged"), "{}", entry.profile().name());
        assert!(!entry.profile().absent().is_empty());
    }
}

/// Values that a record may hold: any JSON, made often enough of the names and words that profiles look for.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let word = prop::sample::select(vec![
        "",
        "APPROVED",
        "PENDING",
        "approve",
        "block_actions",
        "view_submission",
        "access_request.create",
        "access_request.review",
        "session.start",
        "exec",
        "request",
        "decision",
        "execution",
        "done",
        "jit",
        "2026-07-06T08:00:00Z",
        "0001-01-01T00:00:00Z",
        "1785924000.5",
        "99999999999999999999",
        "{\"request_id\":1}",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        word.prop_map(Into::into),
    ];
    let name = prop::sample::select(vec![
        "event",
        "kind",
        "id",
        "corr",
        "request",
        "requester",
        "decider",
        "decision",
        "outcome",
        "time",
        "type",
        "user",
        "actions",
        "action_id",
        "action_ts",
        "message",
        "metadata",
        "event_payload",
        "request_id",
        "view",
        "private_metadata",
        "payload",
        "received_at",
        "review",
        "review_groups_data",
        "status",
        "review_date",
        "connection",
        "end_date",
        "created_at",
        "state",
        "proposed_state",
        "reviewer",
        "access_requests",
        "sid",
        "target",
        "justification",
        "code",
        "data",
        "script",
        "revoke_at",
        "forced_review",
        "connection_tags",
    ]);
    leaf.prop_recursive(6, 96, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..12)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mapping_never_panics_and_always_counts(value in json()) {
        let library = library_once();
        let text = value.to_string();
        for entry in library.entries() {
            let profile = entry.profile();
            let (mapped, events) = map_one(profile, &text, &context(profile));
            match mapped {
                Mapped::Events(count) => prop_assert_eq!(count, events.len()),
                _ => prop_assert!(events.is_empty()),
            }
            for event in events {
                let kind = event.kind.as_deref().unwrap_or_default();
                if matches!(kind, "request" | "decision" | "resolution" | "execution") {
                    prop_assert!(event.time_ms.is_some());
                }
                if matches!(kind, "request" | "decision" | "resolution") {
                    prop_assert!(event.corr_request.is_some());
                }
            }
        }
    }

    #[test]
    fn a_changed_sample_never_panics(at in any::<prop::sample::Index>(), with in any::<char>(), line in any::<prop::sample::Index>()) {
        let library = library_once();
        for entry in library.entries() {
            let sample = entry.files().iter().find(|(name, _)| name.starts_with("sample.")).unwrap();
            let text = String::from_utf8(sample.1.clone()).unwrap();
            let lines = text.lines().filter(|line| !line.is_empty());
            let lines: Vec<&str> = lines.map(|line| line.trim_end_matches(',')).collect();
            let mut chars: Vec<char> = lines[line.index(lines.len())].chars().collect();
            let position = at.index(chars.len());
            chars[position] = with;
            let changed: String = chars.into_iter().collect();
            let (mapped, events) = map_one(entry.profile(), &changed, &context(entry.profile()));
            if !matches!(mapped, Mapped::Events(_)) {
                prop_assert!(events.is_empty());
            }
            // Neither does what makes records of the line, where that is not JSON.
            let _ = entry.profile().object(sample.0, &format!("{changed}\n"), &mut |_| {});
        }
    }
}

fn library_once() -> &'static Library {
    static LIBRARY: std::sync::OnceLock<Library> = std::sync::OnceLock::new();
    LIBRARY.get_or_init(library)
}
