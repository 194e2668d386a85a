//! Every shipped chain profile against real bytes: what each layer sees in each record, and that the records link.
//!
//! The number of files and records is asserted everywhere, so that a suite that shrinks is noticed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use countersign::integrity::foreign::seen::{Prev, SignatureSeen, Signed};
use countersign::integrity::foreign::{ChainFormat, ChainLibrary, Keys, Seen};
use countersign::integrity::keyring::{Keyring, Purpose, TrustedKey};
use countersign::integrity::signature::PublicKey;
use countersign::integrity::verdict::BreakKind;
use countersign::source::framing::{Framing, Record, document_records};
use serde_json::Value;

/// The folder of vectors that other projects publish.
fn foreign(path: &str) -> PathBuf {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    PathBuf::from(folder).join(path)
}

/// The folder of logs that the products wrote for this project.
fn emitted(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/chains").join(path)
}

#[track_caller]
fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shipped() -> ChainLibrary {
    ChainLibrary::shipped().unwrap()
}

/// A keyring that binds one Ed25519 key to the log `log`.
fn keyring(raw: &[u8]) -> Keyring {
    Keyring::of([TrustedKey {
        public: PublicKey::from_bytes(raw.try_into().unwrap()).unwrap(),
        owner: "a test".to_owned(),
        purpose: Purpose::Log,
        logs: vec!["log".to_owned()],
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }])
}

fn hex_key(text: &str) -> Keyring {
    keyring(&hex::decode(text.trim()).unwrap())
}

/// The records of a text as the format frames it.
fn records<'t>(format: &ChainFormat, text: &'t str, is_document: bool) -> Vec<Record<'t>> {
    match format.framing() {
        Framing::Document { records } => document_records(text, &records).unwrap(),
        Framing::ByName { records } if is_document => document_records(text, &records).unwrap(),
        _ => text.lines().enumerate().map(|(n, line)| Record::new(line, 0, n as u64 + 1, 0)).collect(),
    }
}

/// Everything the layers of a format see in some records, and what does not fit together.
#[derive(Default)]
struct Looked {
    seen: Vec<Seen>,
    /// Layer, sequence number or place among the layer's records, and kind.
    breaks: Vec<(String, u64, BreakKind)>,
    refused: Vec<BreakKind>,
}

impl Looked {
    fn layer<'a>(&'a self, format: &ChainFormat, name: &str) -> Vec<&'a Seen> {
        let index = format.layers().iter().position(|layer| layer.name == name).unwrap();
        self.seen.iter().filter(|seen| seen.layer == index).collect()
    }
}

/// The sequence number and the hash of a chain's last record.
type Head = (Option<u64>, Option<Vec<u8>>);

/// Looks at records one by one, then compares neighbours of each chain as a verifier of the format would.
fn look(format: &ChainFormat, records: &[Record<'_>], keyring: &Keyring, mac: &[Vec<u8>]) -> Looked {
    let keys = Keys { log: "log", keyring, mac };
    let mut looked = Looked::default();
    let mut last: BTreeMap<(usize, String), Head> = BTreeMap::new();
    let mut places: BTreeMap<usize, u64> = BTreeMap::new();
    for record in records {
        let all = match format.examine(record, &keys) {
            Ok(all) => all,
            Err((kind, _)) => {
                looked.refused.push(kind);
                continue;
            }
        };
        for seen in all {
            let facts = &format.layers()[seen.layer];
            let place = places.entry(seen.layer).or_default();
            let at = seen.seq.unwrap_or(*place);
            *place += 1;
            let mut note = |kind| looked.breaks.push((facts.name.clone(), at, kind));
            seen.faults.iter().for_each(|(kind, _)| note(*kind));
            match &seen.signature {
                SignatureSeen::Wrong { kind, .. } => note(*kind),
                SignatureSeen::Missing => note(BreakKind::MissingSignature),
                _ => {}
            }
            let before = last.insert((seen.layer, seen.chain.clone()), (seen.seq, seen.link.clone()));
            if facts.linked {
                match (&before, &seen.prev) {
                    (None, Some(Prev::Genesis | Prev::GenesisOr(_))) => {}
                    (Some((_, Some(link))), Some(Prev::Value(prev) | Prev::GenesisOr(prev)))
                        if link == prev => {}
                    _ => note(BreakKind::Altered),
                }
            }
            if facts.sequenced {
                let expected = before.map_or(Some(facts.start), |(seq, _)| Some(seq? + facts.step));
                if seen.seq != expected {
                    note(BreakKind::Gap);
                }
            }
            looked.seen.push(seen);
        }
    }
    looked
}

fn fits(seen: &Seen) -> bool {
    matches!(seen.signature, SignatureSeen::Fits { .. })
}

fn self_signed(seen: &Seen) -> bool {
    matches!(seen.signature, SignatureSeen::SelfSigned { .. })
}

#[test]
fn every_shipped_profile_compiles_and_says_what_it_cannot_show() {
    let library = shipped();
    let ids: Vec<&str> = library.iter().map(ChainFormat::id).collect();
    assert_eq!(
        ids,
        [
            "agent-receipts",
            "agt-python-log",
            "agt-python-sink",
            "agt-rust",
            "agt-typescript",
            "codechain",
            "countersign-log",
            "dsse-lines",
            "jws-lines",
            "pipelock",
            "signet"
        ]
    );
    let uncovered = |id: &str| -> Vec<String> {
        let lints = library.find(id).unwrap().lints();
        lints
            .iter()
            .filter(|lint| lint.kind.word() == "uncovered-field")
            .map(|lint| lint.field.clone().unwrap())
            .collect()
    };
    assert_eq!(
        uncovered("agt-python-log"),
        [
            "/target_did",
            "/policy_decision",
            "/matched_rule",
            "/trace_id",
            "/session_id",
            "/sandbox_id",
            "/environment",
            "/container_runtime",
            "/compute_driver"
        ]
    );
    assert_eq!(uncovered("agt-python-sink"), ["/sandbox_id", "/environment", "/container_runtime"]);
    assert_eq!(uncovered("agent-receipts"), ["/proof/created", "/proof/verificationMethod"]);
    assert_eq!(uncovered("dsse-lines"), ["/signatures/*/keyid"]);
    for id in
        ["agt-rust", "agt-typescript", "codechain", "jws-lines", "pipelock", "signet", "countersign-log"]
    {
        assert_eq!(uncovered(id), Vec::<String>::new(), "{id}");
    }
    let kinds = |id: &str| -> Vec<&str> {
        let mut kinds: Vec<&str> =
            library.find(id).unwrap().lints().iter().map(|lint| lint.kind.word()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds("agt-rust"), ["ambiguous-concat", "no-sequence", "unsigned"]);
    assert_eq!(
        kinds("agt-python-sink"),
        ["no-sequence", "restarts-per-file", "symmetric-key", "uncovered-field"]
    );
    assert_eq!(kinds("countersign-log"), Vec::<&str>::new());
    assert!(kinds("signet").contains(&"signature-without-link"));
}

#[test]
fn pipelock_s_live_log_holds_nineteen_entries_in_three_chains() {
    let library = shipped();
    let format = library.find("pipelock").unwrap();
    let log = text(&foreign("pipelock/fixtures/v3_2_0_live_chain.jsonl"));
    let records = records(format, &log, false);
    assert_eq!(records.len(), 19);
    let keyring = hex_key(&text(&foreign("pipelock/fixtures/v3_2_0_live_chain.pub")));
    let looked = look(format, &records, &keyring, &[]);
    assert_eq!(looked.breaks, []);
    let of = |name: &str| looked.layer(format, name);
    assert_eq!([of("recorder").len(), of("receipt").len(), of("evidence").len()], [19, 11, 6]);
    assert_eq!([of("receipt-alone").len(), of("evidence-alone").len()], [0, 0]);
    assert!(of("receipt").iter().chain(&of("evidence")).all(|seen| fits(seen)));
    let signed: Vec<u64> =
        of("recorder").iter().filter(|seen| fits(seen)).filter_map(|seen| seen.seq).collect();
    assert_eq!(signed, [18], "the checkpoint alone");
    assert_eq!(of("recorder").iter().filter(|seen| seen.signature == SignatureSeen::NotSigned).count(), 18);

    let close = of("receipt").last().unwrap().terminal.clone().unwrap();
    assert_eq!((close.last, close.count, close.seq), (true, Some(11), Some(10)));
    let root: Value = serde_json::from_str(records[17].text).unwrap();
    let root = root["detail"]["root_hash"].as_str().unwrap();
    assert_eq!(of("receipt").last().unwrap().link, Some(hex::decode(root).unwrap()));

    // Without the trust file the key in each receipt is only a claim, and those that name none cannot be checked.
    let looked = look(format, &records, &Keyring::empty(), &[]);
    assert!(looked.layer(format, "receipt").iter().all(|seen| self_signed(seen)));
    let unchecked = |seen: &&Seen| matches!(seen.signature, SignatureSeen::Unchecked { .. });
    assert!(looked.layer(format, "evidence").iter().all(unchecked));
    assert_eq!(looked.layer(format, "recorder").iter().filter(|seen| unchecked(seen)).count(), 1);
    for record in &records {
        assert_eq!(format.uncovered_of(record), Vec::<String>::new());
    }
    assert!(format.recognises(&records).is_some());
}

#[test]
fn pipelock_s_conformance_suite_gives_what_it_expects() {
    let library = shipped();
    let format = library.find("pipelock").unwrap();
    let folder = foreign("pipelock/conformance");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 13);
    let key: Value = serde_json::from_str(&text(&folder.join("test-key.json"))).unwrap();
    let first = hex_key(key["public_key_hex"].as_str().unwrap());

    type Break = (String, u64, BreakKind);
    let chains: [(&str, usize, Vec<Break>); 4] = [
        ("valid-chain.jsonl", 5, Vec::new()),
        (
            "broken-chain.jsonl",
            5,
            vec![
                ("receipt".to_owned(), 3, BreakKind::Malformed),
                ("receipt".to_owned(), 3, BreakKind::Altered),
                ("receipt".to_owned(), 4, BreakKind::Altered),
            ],
        ),
        ("g1-rotated-close-count-valid.jsonl", 6, Vec::new()),
        ("g1-rotated-twice-valid.jsonl", 9, Vec::new()),
    ];
    for (name, count, breaks) in chains {
        let log = text(&folder.join(name));
        let records = records(format, &log, false);
        assert_eq!(records.len(), count, "{name}");
        let looked = look(format, &records, &first, &[]);
        assert_eq!(looked.breaks, breaks, "{name}");
        let receipts = looked.layer(format, "receipt");
        assert_eq!(receipts.len(), count, "{name}");
        assert_eq!(
            receipts.iter().filter(|seen| fits(seen)).count(),
            count.min(if count > 5 { 3 } else { 5 }),
            "{name}"
        );
        assert!(receipts.iter().all(|seen| fits(seen) || self_signed(seen)), "{name}");
    }

    let evidence: Value = serde_json::from_str(&text(&folder.join("v2-test-keys.json"))).unwrap();
    let second = hex_key(evidence["public_key_hex"].as_str().unwrap());
    let single: [(&str, &str, &Keyring, &[BreakKind]); 5] = [
        ("valid-single.json", "receipt-alone", &first, &[]),
        ("invalid-signature.json", "receipt-alone", &first, &[BreakKind::BadSignature]),
        ("valid-evidence-promote-committed.json", "evidence-alone", &second, &[]),
        ("valid-evidence-proxy-decision.json", "evidence-alone", &second, &[]),
        ("valid-evidence-shadow-delta.json", "evidence-alone", &second, &[]),
    ];
    for (name, layer, keyring, breaks) in single {
        let document = text(&folder.join(name));
        let records = records(format, &document, true);
        assert_eq!(records.len(), 1, "{name}");
        let looked = look(format, &records, keyring, &[]);
        let kinds: Vec<BreakKind> = looked.breaks.iter().map(|(.., kind)| *kind).collect();
        assert_eq!(kinds, breaks, "{name}");
        let seen = looked.layer(format, layer);
        assert_eq!(seen.len(), 1, "{name}");
        assert_eq!(fits(seen[0]), breaks.is_empty(), "{name}");
        assert!(format.recognises(&records).is_some(), "{name}");
    }
}

/// The hash that Pipelock's own test suite freezes for version 3, which no release writes yet.
#[test]
fn pipelock_s_frozen_hash_of_version_three_is_ours() {
    let library = shipped();
    let format = library.find("pipelock").unwrap();
    let record = |hash: &str, writer: &str| {
        format!(
            r#"{{"v":3,"seq":7,"ts":"2026-08-07T12:34:56.000000789Z","session_id":"proxy","chain_kind":"recorder","writer_instance_id":"{writer}","trace_id":"trace-7","type":"request","event_kind":"write","transport":"fetch","summary":"v3 reader fixture","detail":{{"a":"b"}},"raw_ref":"evidence.raw.enc","prev_hash":"genesis","hash":"{hash}"}}"#
        )
    };
    let faults = |text: &str| -> Vec<BreakKind> {
        let keyring = Keyring::empty();
        let keys = Keys { log: "log", keyring: &keyring, mac: &[] };
        let seen = format.examine(&Record::new(text, 0, 1, 0), &keys).unwrap();
        assert_eq!(seen.len(), 1);
        seen[0].faults.iter().map(|(kind, _)| *kind).collect()
    };
    let frozen = "86cf558b8504031e857711860383f0b2badd0cff5c06761a3f29ae507c1d4292";
    assert_eq!(faults(&record(frozen, "writer-0123456789abcdef")), []);
    assert_eq!(faults(&record(frozen, "writer-0123456789abcdee")), [BreakKind::Altered]);
    assert_eq!(faults(&record(frozen, "a\\u0000b")), [BreakKind::Malformed, BreakKind::Altered]);
}

#[test]
fn codechain_s_ninety_two_lines_link_and_ninety_one_are_signed() {
    let library = shipped();
    let format = library.find("codechain").unwrap();
    for (name, lines, signed) in
        [("hashchain", 92, 91), ("hashchain_a", 3, 3), ("hashchain_b", 5, 5), ("hashchain_fork", 5, 5)]
    {
        let log = text(&foreign(&format!("codechain/{name}")));
        let records = records(format, &log, false);
        assert_eq!(records.len(), lines, "{name}");
        assert!(format.recognises(&records).is_some(), "{name}");
        let looked = look(format, &records, &Keyring::empty(), &[]);
        assert_eq!(looked.breaks, [], "{name}");
        let chain = looked.layer(format, "chain");
        let authors = looked.layer(format, "authors");
        assert_eq!([chain.len(), authors.len()], [lines, signed], "{name}");
        assert!(authors.iter().all(|seen| self_signed(seen)), "{name}");
        let reviews = log.lines().filter(|line| line.contains(" signtr ")).count();
        assert_eq!(chain.iter().filter(|seen| self_signed(seen)).count(), reviews, "{name}");
    }
    let file = |name: &str| text(&foreign(&format!("codechain/{name}")));
    let (all, a, b) = (file("hashchain"), file("hashchain_a"), file("hashchain_b"));
    assert!(all.starts_with(&b) && b.starts_with(&a));
    assert_ne!(file("hashchain_fork").lines().next(), b.lines().next(), "another chain from the same start");
}

#[test]
fn agent_receipts_good_and_malformed_are_told_apart() {
    let library = shipped();
    let format = library.find("agent-receipts").unwrap();
    let document = |name: &str| -> Value {
        serde_json::from_str(&text(&foreign(&format!("agent-receipts/{name}")))).unwrap()
    };
    let go = document("go_vectors.json");
    let public = PublicKey::from_pem(go["keys"]["publicKey"].as_str().unwrap()).unwrap();
    let keyring = keyring(public.ed25519_bytes().unwrap());
    let look_at = |receipts: &[&Value]| {
        let texts: Vec<String> = receipts.iter().map(|receipt| receipt.to_string()).collect();
        let records: Vec<Record<'_>> = texts.iter().map(|text| Record::new(text, 0, 1, 0)).collect();
        assert!(format.recognises(&records).is_some());
        look(format, &records, &keyring, &[])
    };

    let mut good: Vec<Vec<Value>> = Vec::new();
    for name in ["go_vectors.json", "py_vectors.json"] {
        good.push(vec![document(name)["signing"]["signed"].clone()]);
    }
    let v020 = document("v020_vectors.json");
    good.push(v020["terminalChain"]["receipts"].as_array().unwrap().clone());
    good.push(vec![v020["parametersDisclosureReceipt"]["receipt"].clone()]);
    for (name, members) in [
        (
            "v030_vectors.json",
            [
                "parametersDisclosureEnvelopeReceipt",
                "peerCredentialEmitterMetadataReceipt",
                "peerCredentialRootReceipt",
            ]
            .as_slice(),
        ),
        ("v040_vectors.json", &["idempotencyKeyReceipt"]),
        ("v050_vectors.json", &["runtimeReceipt", "extendedRuntimeReceipt", "rootAgentReceipt"]),
    ] {
        for member in members {
            good.push(vec![document(name)[member]["receipt"].clone()]);
        }
    }
    good.push(
        document("v040_vectors.json")["duplicateIdempotencyChain"]["receipts"].as_array().unwrap().clone(),
    );
    let mut receipts = 0;
    for chain in &good {
        let looked = look_at(&chain.iter().collect::<Vec<_>>());
        assert_eq!(looked.breaks, []);
        assert!(looked.seen.iter().all(fits));
        receipts += looked.seen.len();
    }
    assert_eq!((good.len(), receipts), (12, 15));
    let terminal = look_at(&good[2].iter().collect::<Vec<_>>());
    assert_eq!(terminal.seen[2].terminal.as_ref().map(|terminal| terminal.last), Some(true));

    // The published hashes of whole receipts are those by which the next one must name them.
    let hashes =
        document("canonicalization_vectors.json")["receipt_hash_vectors"].as_array().unwrap().clone();
    assert_eq!(hashes.len(), 11);
    let mut compared = 0;
    for vector in &hashes {
        let (Some(receipt), Some(expected)) = (vector.get("receipt"), vector["expectedHash"].as_str()) else {
            continue;
        };
        let looked = look(format, &[Record::new(&receipt.to_string(), 0, 1, 0)], &keyring, &[]);
        let expected = expected.strip_prefix("sha256:").unwrap_or_else(|| {
            assert_eq!(expected, "SAME_AS_receipt_all_optional_absent");
            hashes[0]["expectedHash"].as_str().unwrap().strip_prefix("sha256:").unwrap()
        });
        let same = looked.seen[0].link.as_deref().map(hex::encode).as_deref() == Some(expected);
        // Two vectors hold nulls that an emitter must leave out. A receipt that holds them was not signed as it stands.
        assert_eq!(same, vector["preNormalizationInput"] != true, "{}", vector["name"]);
        compared += 1;
    }
    assert_eq!(compared, 10);

    let malformed = document("malformed_vectors.json");
    let single = malformed["receipts"].as_array().unwrap();
    let mut found: Vec<(&str, Vec<BreakKind>, bool)> = Vec::new();
    for case in single {
        let looked = look_at(&[&case["receipt"]]);
        let kinds = looked.breaks.iter().map(|(.., kind)| *kind).collect();
        let unchecked = matches!(looked.seen[0].signature, SignatureSeen::Unchecked { .. });
        found.push((case["name"].as_str().unwrap(), kinds, unchecked));
    }
    // A proof that names its key and fits none of this log's keys may be by another key; it never counts as signed.
    assert_eq!(
        found,
        [
            ("wrong_proof_type", vec![BreakKind::Malformed], false),
            ("mutated_action_type", vec![], true),
            ("mutated_principal_id", vec![], true),
            ("truncated_proof_value", vec![], true),
            ("wrong_multibase_prefix", vec![BreakKind::BadSignature], false),
            ("flipped_proof_byte", vec![], true),
        ]
    );
    let chain = &malformed["chains"].as_array().unwrap()[0]["receipts"];
    let looked = look_at(&chain.as_array().unwrap().iter().collect::<Vec<_>>());
    assert_eq!(looked.breaks, [("receipts".to_owned(), 2, BreakKind::Altered)]);

    let rotation = document("spec/rotation-event/example.json");
    let outgoing = hex_key("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    let looked = look(format, &[Record::new(&rotation.to_string(), 0, 1, 0)], &outgoing, &[]);
    assert!(looked.breaks.is_empty() && fits(&looked.seen[0]));
    let expected = "6983c9bd6fb24e844b90f7616315a914fdedc5fef8126e11d46149ba2f320457";
    assert_eq!(looked.seen[0].link.as_deref().map(hex::encode).as_deref(), Some(expected));
}

#[test]
fn signet_s_receipts_are_signed_and_its_records_chained_across_days() {
    let library = shipped();
    let format = library.find("signet").unwrap();
    let signer = PublicKey::from_pem(&text(&emitted("signet/signer.pub"))).unwrap();
    let keyring = keyring(signer.ed25519_bytes().unwrap());
    for (folder, count, trusted) in [("days", 20, true), ("resigned", 20, false), ("live", 12, true)] {
        let files = files(&emitted("signet").join(folder));
        let log: String = files.iter().map(|(_, text)| text.as_str()).collect();
        let records = records(format, &log, false);
        assert_eq!(records.len(), count, "{folder}");
        let looked = look(format, &records, &keyring, &[]);
        assert_eq!(looked.breaks, [], "{folder}");
        let receipts = looked.layer(format, "receipts");
        assert_eq!(receipts.len(), count, "{folder}");
        assert!(receipts.iter().all(|seen| if trusted { fits(seen) } else { self_signed(seen) }), "{folder}");
        for record in &records {
            assert_eq!(format.uncovered_of(record), Vec::<String>::new());
        }
    }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths.iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), text(path))).collect()
}

#[test]
fn the_governance_toolkit_s_four_chains_are_each_its_own() {
    let library = shipped();
    let key = fs::read(emitted("agt-python-sink/hmac.key")).unwrap();
    let chained = |id: &str, path: &str, count: usize| {
        let format = library.find(id).unwrap();
        let log = text(&emitted(path));
        let records = records(format, &log, path.ends_with(".json"));
        assert_eq!(records.len(), count, "{path}");
        assert!(format.recognises(&records).is_some(), "{path}");
        let looked = look(format, &records, &Keyring::empty(), std::slice::from_ref(&key));
        let uncovered: usize = records.iter().map(|record| format.uncovered_of(record).len()).sum();
        (looked, uncovered)
    };
    for (id, path, count, uncovered) in [
        ("agt-python-log", "agt-python-log/export.json", 16, 16 * 9),
        ("agt-python-log", "agt-python-log/entries.jsonl", 16, 16 * 9),
        // Two exports spell times otherwise; the moment is what was hashed.
        ("agt-python-log", "agt-python-log/lossy/export-default-str.json", 16, 16 * 9),
        ("agt-python-log", "agt-python-log/lossy/entries-pydantic.jsonl", 16, 16 * 9),
        ("agt-python-sink", "agt-python-sink/audit.jsonl", 16, 16 * 3),
        ("agt-typescript", "agt-typescript/export.json", 18, 0),
    ] {
        let (looked, left) = chained(id, path, count);
        assert_eq!(looked.breaks, [], "{path}");
        assert_eq!(left, uncovered, "{path}");
        assert!(looked.seen.iter().all(|seen| fits(seen) == (id == "agt-python-sink")), "{path}");
    }
    // Text may have moved between two members of these records of the Rust log: one of them holds the separator.
    let (looked, left) = chained("agt-rust", "agt-rust/export.json", 18);
    assert_eq!(looked.breaks, []);
    let piped = records(library.find("agt-rust").unwrap(), &text(&emitted("agt-rust/export.json")), true)
        .iter()
        .filter(|record| record.text.contains('|'))
        .count();
    assert!(piped > 0);
    assert_eq!(left, piped * 3);
    // Integer keys became texts in the export, and sort otherwise.
    let (looked, _) = chained("agt-python-log", "agt-python-log/lossy/entries-integer-keys.jsonl", 3);
    assert!(looked.breaks.iter().any(|(.., kind)| *kind == BreakKind::Altered));

    // An evicted start is not the chain's start.
    for (id, path) in
        [("agt-typescript", "agt-typescript/evicted.json"), ("agt-rust", "agt-rust/evicted.json")]
    {
        let (looked, _) = chained(id, path, 10);
        assert_eq!(looked.breaks, [("chain".to_owned(), 0, BreakKind::Altered)], "{path}");
    }

    // Each file of the sink is a chain of its own.
    let rotated = files(&emitted("agt-python-sink/rotated"));
    assert_eq!(rotated.len(), 3);
    let mut entries = 0;
    for (name, _) in &rotated {
        let path = format!("agt-python-sink/rotated/{name}");
        let count = text(&emitted(&path)).lines().count();
        let (looked, _) = chained("agt-python-sink", &path, count);
        assert_eq!(looked.breaks, [], "{path}");
        entries += count;
    }
    assert_eq!(entries, 12);
    let format = library.find("agt-python-sink").unwrap();
    assert!(!format.layers()[0].spans_files && format.layers()[0].symmetric);
    assert_eq!(format.layers()[0].signed, Signed::Each);
    let log = text(&emitted("agt-python-sink/audit.jsonl"));
    let records = records(format, &log, false);
    let wrong = look(format, &records, &Keyring::empty(), &[b"another".to_vec()]);
    assert_eq!(wrong.breaks.len(), 16);
    let none = look(format, &records, &Keyring::empty(), &[]);
    assert!(none.seen.iter().all(|seen| matches!(seen.signature, SignatureSeen::Unchecked { .. })));
}

/// Our own format has its own reader; the profile that describes it must see the sound logs as sound, and signed.
#[test]
fn our_own_log_reads_the_same_through_a_profile() {
    let library = shipped();
    let format = library.find("countersign-log").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/countersign-log");
    let keyring = Keyring::load(&folder.join("trust.toml")).unwrap();
    let mut looked_at = 0;
    for name in ["plain", "closed", "rotated"] {
        let log: String = files(&folder.join("good").join(name)).into_iter().map(|(_, text)| text).collect();
        let records = records(format, &log, false);
        let looked = look(format, &records, &keyring, &[]);
        assert_eq!(looked.breaks, [], "{name}");
        assert!(looked.seen.iter().all(fits), "{name}");
        assert!(records.iter().all(|record| format.uncovered_of(record).is_empty()), "{name}");
        looked_at += looked.seen.len();
    }
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn no_format_is_taken_for_another() {
    let library = shipped();
    let samples = [
        ("pipelock", foreign("pipelock/fixtures/v3_2_0_live_chain.jsonl")),
        ("codechain", foreign("codechain/hashchain")),
        ("signet", emitted("signet/days/2026-07-01.jsonl")),
        ("agt-python-log", emitted("agt-python-log/entries.jsonl")),
        ("agt-python-sink", emitted("agt-python-sink/audit.jsonl")),
        ("agt-typescript", emitted("agt-typescript/export.json")),
        ("agt-rust", emitted("agt-rust/export.json")),
    ];
    for (id, path) in samples {
        let log = text(&path);
        for format in library.iter() {
            let document = path.extension().is_some_and(|extension| extension == "json");
            let Ok(records) = std::panic::catch_unwind(|| records(format, &log, document)) else { continue };
            let recognised = format.recognises(&records[..records.len().min(3)]).is_some();
            assert_eq!(recognised, format.id() == id, "{} on {}", format.id(), path.display());
        }
    }
}
