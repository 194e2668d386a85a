//! What a pack holds.

use std::fs;

use countersign::digest::Digest;
use countersign::integrity::verdict::Verdict;
use countersign::pack::layout::{BAG_INFO, STATEMENT, STATEMENT_KEY, VERIFY};
use countersign::pack::{PackError, PackFolder, Signature, SourceContent, SourceObject, seal};
use countersign::report::model::Report;

use super::fixture::{
    check, contents, july, key, pack, pin, recompute_manifests, replace_in, report, table, tree,
};

#[test]
fn a_pack_holds_what_its_format_says() {
    let (_folder, out) = pack(true);
    let files: Vec<String> = tree(&out).into_keys().collect();
    assert_eq!(
        files,
        [
            "VERIFY.md",
            "attestation/statement.dsse.json",
            "bag-info.txt",
            "bagit.txt",
            "data/00_README.txt",
            "data/01_report.html",
            "data/01_report.json",
            "data/01_report.pdf",
            "data/01_workpaper.xlsx",
            "data/02_machine/items.json",
            "data/04_population/rejected.jsonl",
            "data/04_population/tables/request.parquet",
            "data/04_population/unresolved-identities.csv",
            "data/05_sources/0001/july.jsonl",
            "data/05_sources/objects.json",
            "data/06_keys/statement.pub",
            "data/06_keys/trust/gate-eu.pub",
            "data/06_keys/trust/trust.toml",
            "data/07_policy/controls/tests/sod-01/exceptions.sql",
            "data/07_policy/controls/tests/sod-01/population.sql",
            "data/07_policy/countersign.toml",
            "data/07_policy/run.json",
            "data/08_ci/junit.xml",
            "manifest-sha256.txt",
            "tagmanifest-sha256.txt",
        ]
    );
    let info = fs::read_to_string(out.join(BAG_INFO)).unwrap();
    assert!(info.contains("\nBagging-Date: 2026-10-02\n"), "{info}");
    assert!(info.contains("\nCountersign-Statement: signed\n"), "{info}");
}

#[test]
fn two_runs_write_the_same_bytes() {
    for signed in [true, false] {
        let (_one, first) = pack(signed);
        let (_two, second) = pack(signed);
        assert!(tree(&first) == tree(&second));
    }
}

#[test]
fn an_unsigned_pack_says_so() {
    let (_folder, out) = pack(false);
    assert!(!out.join(STATEMENT).exists() && !out.join(STATEMENT_KEY).exists());
    assert!(fs::read_to_string(out.join(VERIFY)).unwrap().contains("## 3. This pack is not signed"));
    let found = check(&out, &[pin(1)]);
    assert_eq!((found.verdict, found.signature), (Verdict::NotVerifiable, Signature::Unsigned));
    assert!(found.reasons[0].starts_with("the pack is unsigned"), "{:?}", found.reasons);
    assert!(found.breaks.is_empty());
}

#[test]
fn a_second_derivation_finds_its_inputs() {
    let (_folder, out) = pack(true);
    let folder = PackFolder::open(&out).unwrap();
    let run = folder.run().unwrap();
    assert_eq!((run.as_of, run.period(), run.derivation), (report().as_of, report().period, 1));
    let objects = folder.objects().unwrap();
    assert_eq!((objects[0].source.as_str(), objects[0].name.as_str()), ("gate-eu", "logs/july.jsonl"));
    assert_eq!(folder.read(objects[0].path.as_deref().unwrap()).unwrap(), b"one line\n");
    let json = folder.report_json().unwrap();
    assert_eq!(serde_json::from_slice::<Report>(&json).unwrap(), report());
    assert!(folder.policy_dir().join("countersign.toml").is_file());
    assert!(folder.trust_dir().join("trust.toml").is_file());
    let statement = folder.check(&[pin(1)]).unwrap().statement.unwrap();
    assert!(statement.agrees_with(&report()));
    assert!(!statement.agrees_with(&Report { entity: "Other".to_owned(), ..report() }));
}

#[test]
fn what_was_changed_is_not_handed_out() {
    let (_folder, out) = pack(true);
    replace_in(&out.join("data/07_policy/run.json"), "\"derivation\": 1", "\"derivation\": 2");
    let error = PackFolder::open(&out).unwrap().run().unwrap_err();
    assert!(matches!(error, PackError::Unusable { .. }), "{error}");
    // Also where the manifest was changed with it: an object outside the sources is none.
    replace_in(
        &out.join("data/05_sources/objects.json"),
        "data/05_sources/0001/july.jsonl",
        "data/07_policy/run.json",
    );
    recompute_manifests(&out);
    let error = PackFolder::open(&out).unwrap().objects().unwrap_err();
    assert!(
        error.to_string().ends_with("`data/07_policy/run.json` is no source object of the pack"),
        "{error}"
    );
}

#[test]
fn a_name_in_the_workspace_cannot_add_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("pack");
    let report = Report { entity: "Acme\nPayload-Oxum: 0.0\n{{results}} <b>`".to_owned(), ..report() };
    let (json, table) = (serde_json::to_vec(&report).unwrap(), table());
    seal(contents(&report, &json, &table), Some(&key(1)), &out).unwrap();
    let info = fs::read_to_string(out.join(BAG_INFO)).unwrap();
    assert_eq!(info.lines().filter(|line| line.starts_with("Payload-Oxum")).count(), 1);
    let verify = fs::read_to_string(out.join(VERIFY)).unwrap();
    assert!(verify.contains("\\{\\{results\\}\\} \\<b\\>\\`"), "{verify}");
    assert_eq!(check(&out, &[pin(1)]).verdict, Verdict::Verified);
}

#[test]
fn an_object_that_changed_during_the_run_stops_the_pack() {
    let folder = tempfile::tempdir().unwrap();
    let (report, table) = (report(), table());
    let json = serde_json::to_vec(&report).unwrap();
    let out = folder.path().join("pack");
    let mut changed = contents(&report, &json, &table);
    changed.sources = vec![july(SourceContent::Reader(Box::new(&b"another line\n"[..])))];
    let error = seal(changed, None, &out).unwrap_err();
    assert!(matches!(error, PackError::SourceChanged { .. }) && !error.is_usage(), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_report_that_is_not_that_of_the_results_digest_stops_the_pack() {
    let folder = tempfile::tempdir().unwrap();
    let (report, table) = (report(), table());
    let json = serde_json::to_vec(&report).unwrap();
    let mut other = contents(&report, &json, &table);
    other.results = Digest::of(b"another report");
    let error = seal(other, None, &folder.path().join("pack")).unwrap_err();
    assert!(matches!(error, PackError::Io { .. }) && !error.is_usage(), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_withheld_object_is_packed_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let (report, table) = (report(), table());
    let json = serde_json::to_vec(&report).unwrap();
    let out = folder.path().join("pack");
    let mut withheld = contents(&report, &json, &table);
    withheld.sources = vec![july(SourceContent::Withheld)];
    seal(withheld, None, &out).unwrap();
    let objects = PackFolder::open(&out).unwrap().objects().unwrap();
    assert_eq!((&objects[0].path, objects[0].sha256), (&None, Some(Digest::of(b"one line\n"))));
    assert!(!out.join("data/05_sources/0001").exists());
}

#[test]
fn a_local_file_is_packed_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (report, table) = (report(), table());
    let json = serde_json::to_vec(&report).unwrap();
    let (out, big) = (folder.path().join("pack"), folder.path().join("big"));
    // Longer than one buffer, and no multiple of it.
    let bytes: Vec<u8> = (0..700_001_u32).map(|i| i.to_le_bytes()[1]).collect();
    fs::write(&big, &bytes).unwrap();
    let mut local = contents(&report, &json, &table);
    local.sources = vec![SourceObject { sha256: Some(Digest::of(&bytes)), ..july(SourceContent::File(big)) }];
    seal(local, Some(&key(1)), &out).unwrap();
    assert!(fs::read(out.join("data/05_sources/0001/july.jsonl")).unwrap() == bytes);
    assert_eq!(check(&out, &[pin(1)]).verdict, Verdict::Verified);
}

#[test]
fn two_files_for_one_place_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (report, table) = (report(), table());
    let json = serde_json::to_vec(&report).unwrap();
    for (name, expected) in
        [("Countersign.toml", "Collision"), ("run.json", "Collision"), ("../x", "UnsafePath")]
    {
        let mut doubled = contents(&report, &json, &table);
        doubled.policy.push((name.to_owned(), vec![]));
        let error = seal(doubled, None, &folder.path().join("pack")).unwrap_err();
        assert!(format!("{error:?}").starts_with(expected) && error.is_usage(), "{error:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
