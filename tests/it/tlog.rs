//! Transparency logs of others: folders of tiles, and proofs about one record, as processes.

use std::fs;

use countersign::digest::Digest;
use countersign::integrity::checkpoint::{Checkpoint, encode_hash};
use countersign::integrity::merkle::{inclusion_proof, leaf_hash, root_of};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;

use crate::support::{Ran, Workspace, countersign};

const ORIGIN: &str = "acme.example/approvals";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn entry(index: usize) -> Vec<u8> {
    format!("{{\"id\":{index}}}").into_bytes()
}

fn leaves(size: usize) -> Vec<Digest> {
    (0..size).map(|index| leaf_hash(&entry(index))).collect()
}

fn checkpoint(leaves: &[Digest]) -> String {
    Checkpoint::sign(ORIGIN, leaves.len() as u64, root_of(leaves), &key()).unwrap().to_text()
}

/// A log of 300 entries as tiles, and a trust file that names its key.
fn bench() -> Workspace {
    let workspace = Workspace::empty();
    let leaves = leaves(300);
    let bytes = |hashes: &[Digest]| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect::<Vec<u8>>();
    let bundle = |from: usize, to: usize| {
        let prefixed =
            |index| [&u16::try_from(entry(index).len()).unwrap().to_be_bytes()[..], &entry(index)].concat();
        (from..to).flat_map(prefixed).collect::<Vec<u8>>()
    };
    workspace.write("log/tile/0/000", bytes(&leaves[..256]));
    workspace.write("log/tile/0/001.p/44", bytes(&leaves[256..]));
    workspace.write("log/tile/1/000.p/1", bytes(&[root_of(&leaves[..256])]));
    workspace.write("log/tile/entries/000", bundle(0, 256));
    workspace.write("log/tile/entries/001.p/44", bundle(256, 300));
    workspace.write("log/checkpoint", checkpoint(&leaves));
    let pem = key().verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let entry = format!("[[key]]\npem = \"\"\"{pem}\"\"\"\nowner = \"the log\"\npurpose = \"checkpoint\"\n");
    workspace.write("trust.toml", entry.clone());
    workspace.write("other.toml", entry.replace("\"checkpoint\"", "\"statement\""));
    workspace
}

fn verify(workspace: &Workspace, path: &str, more: &[&str]) -> Ran {
    let path = workspace.at(path);
    countersign(&[&["verify", path.to_str().unwrap()], more].concat())
}

#[test]
fn log_of_tiles_is_verified_under_its_key() {
    let workspace = bench();
    let trust = workspace.at("trust.toml");
    let trust = trust.to_str().unwrap();
    verify(&workspace, "log", &["--trust", trust])
        .says(0, &["verified", ORIGIN, "300 of 300", "pinned-signed", "contiguous", "signed by the log"]);
    verify(&workspace, "log", &["--trust", trust, "--require-complete"]).says(4, &[]);
    let other = workspace.at("other.toml");
    for more in [&[][..], &["--trust", other.to_str().unwrap()]] {
        let ran = verify(&workspace, "log", &[more, &["--json"]].concat());
        let json = ran.says(4, &["no key that you trust signed it"]).json();
        assert_eq!(
            (json["verdict"].as_str(), json["logs"][0]["covered"].as_u64()),
            (Some("not-verifiable"), Some(0))
        );
    }
    // Checkpoints that were brought: the same tree, an earlier one, a later one, and another of the same size.
    let head = |leaves: &[Digest]| {
        workspace.write("head", checkpoint(leaves));
        workspace.at("head").to_str().unwrap().to_owned()
    };
    let all = leaves(301);
    let ran = verify(&workspace, "log", &["--head", &head(&all[..300])]);
    ran.says(0, &["head-anchored", "pinned-head"]);
    verify(&workspace, "log", &["--trust", trust, "--head", &head(&all[..300])])
        .says(0, &["pinned-anchored"]);
    verify(&workspace, "log", &["--trust", trust, "--head", &head(&all[..99])])
        .says(0, &["pinned-signed", "contiguous"]);
    let kinds = |head: String| {
        let ran = verify(&workspace, "log", &["--trust", trust, "--head", &head, "--json"]);
        (ran.exit, ran.kinds())
    };
    assert_eq!(kinds(head(&all)), (3, vec!["truncated-tail".to_owned()]));
    assert_eq!(kinds(head(&all[1..])), (3, vec!["fork".to_owned()]));
    assert_eq!(kinds(head(&all[1..100])), (3, vec!["altered".to_owned()]));
}

#[test]
fn each_file_of_tiles_is_needed_and_compared() {
    let workspace = bench();
    let trust = workspace.at("trust.toml");
    let run = || verify(&workspace, "log", &["--trust", trust.to_str().unwrap(), "--json"]);
    for file in
        ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]
    {
        let path = workspace.at(&format!("log/{file}"));
        let good = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let ran = run();
        assert_eq!((ran.exit, ran.kinds()), (4, vec!["missing-object".to_owned()]), "{file}");
        assert_eq!(ran.json()["logs"][0]["breaks"][0]["object"], file);
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&path, &changed).unwrap();
        let ran = run();
        assert!(ran.exit == 3 && ran.kinds().contains(&"digest-mismatch".to_owned()), "{file}: {ran:#?}");
        fs::write(&path, &good).unwrap();
    }
    // Entries, tiles, and an honest-looking checkpoint that nobody trusted signed.
    let all = leaves(299);
    let forged = Checkpoint::sign(ORIGIN, 299, root_of(&all), &SigningKey::from_bytes(&[8; 32])).unwrap();
    workspace.write("log/checkpoint", forged.to_text());
    assert_ne!(run().exit, 0);
    workspace.write("log/checkpoint", checkpoint(&leaves(300)).replacen("300", "301", 1));
    run().refuses(&["checkpoint `", "does not fit the trusted key"]);
    run().says(2, &[]);
}

#[test]
fn proof_shows_that_a_record_is_in_a_log() {
    let workspace = bench();
    let leaves = leaves(300);
    let path: String =
        inclusion_proof(&leaves, 41).unwrap().iter().map(|hash| encode_hash(hash) + "\n").collect();
    let proof =
        |extra: &str| format!("c2sp.org/tlog-proof@v1\n{extra}index 41\n{path}\n{}", checkpoint(&leaves));
    workspace.write("r.json.tlog-proof", proof(""));
    workspace.write("r.json", [entry(41), b"\n".to_vec()].concat());
    workspace.write("alone.tlog-proof", proof("extra eyJpZCI6NDF9\n"));
    workspace.write("other.json", entry(42));
    let (trust, other) = (workspace.at("trust.toml"), workspace.at("other.json"));
    let trusted = ["--trust", trust.to_str().unwrap()];
    let other = other.to_str().unwrap();
    for file in ["r.json.tlog-proof", "alone.tlog-proof"] {
        verify(&workspace, file, &trusted).says(0, &["verified", ORIGIN, "1 of 1", "pinned-signed"]);
        verify(&workspace, file, &[]).says(4, &["not-verifiable", "no trusted key signed its checkpoint"]);
        let ran = verify(&workspace, file, &[&[other], &trusted[..], &["--json"]].concat());
        assert_eq!((ran.exit, ran.kinds()), (3, vec!["digest-mismatch".to_owned()]));
    }
    fs::remove_file(workspace.at("r.json")).unwrap();
    verify(&workspace, "r.json.tlog-proof", &trusted).refuses(&["does not hold the record", "second path"]);
    workspace.write("bad.tlog-proof", proof("").replace("index 41", "index 041"));
    verify(&workspace, "bad.tlog-proof", &trusted).refuses(&["expected a proof", "no index"]);
    workspace.write("bad.tlog-proof", proof("extra eyJpZCI6NDF9\n").replace("index 41", "index 40"));
    verify(&workspace, "bad.tlog-proof", &trusted).says(3, &["altered", "digest-mismatch"]);
}
