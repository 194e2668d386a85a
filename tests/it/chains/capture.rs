//! Logs of other projects, in the folder that `COUNTERSIGN_VECTORS` names.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign::digest::Digest;
use serde_json::Value;

use super::format::{Container, Cut, Format, Resigned, pem_trust};
use super::resign::{self, Resign, by_stranger};

fn read(name: &str) -> String {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    let path = PathBuf::from(folder).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A live capture of pipelock: recorder entries around receipts of two kinds, a transcript root, and a checkpoint.
pub(crate) fn pipelock() -> Format {
    let key = hex::decode(read("pipelock/fixtures/v3_2_0_live_chain.pub").trim()).unwrap();
    let text = read("pipelock/fixtures/v3_2_0_live_chain.jsonl");
    Format {
        signature: Some("detail.signature"),
        verifies: false,
        ..captured("pipelock", Container::Lines, text, &[pem(&key)], resign::pipelock)
    }
}

/// The chain of three receipts that the project publishes, one per line.
pub(crate) fn agent_receipts() -> Format {
    let vectors: Value = serde_json::from_str(&read("agent-receipts/v020_vectors.json")).unwrap();
    let receipts = vectors["terminalChain"]["receipts"].as_array().unwrap();
    let text = receipts.iter().map(|receipt| format!("{receipt}\n")).collect();
    let key = vectors["keys"]["publicKey"].as_str().unwrap().to_owned();
    Format {
        signature: Some("proof.proofValue"),
        ..captured("agent-receipts", Container::Lines, text, &[key], resign::agent_receipts)
    }
}

/// A review chain of two years by three authors. Who reviewed signs the lines before; the last ones have no reviewer.
pub(crate) fn codechain() -> Format {
    let text = read("codechain/hashchain");
    let key_of = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[2] {
            "cstart" => Some(words[3].to_owned()),
            "sigctl" => None,
            _ => Some(words[4].to_owned()),
        }
    };
    let keys: BTreeSet<String> = text.lines().filter_map(key_of).collect();
    assert_eq!(keys.len(), 3);
    let keys: Vec<String> = keys.iter().map(|key| pem(&URL_SAFE_NO_PAD.decode(key).unwrap())).collect();
    Format {
        signature: None,
        verifies: false,
        ..captured("codechain", Container::Words, text, &keys, resign::codechain)
    }
}

fn captured(
    chain: &'static str,
    container: Container,
    text: String,
    keys: &[String],
    resign: Resign,
) -> Format {
    let name = format!("{chain}.log");
    let cut = Cut::of(&text, container);
    let again: String =
        by_stranger(&cut.records, resign).iter().map(|record| format!("{record}\n")).collect();
    Format {
        chain,
        container,
        files: vec![(name.clone(), text)],
        trust: keys.iter().map(|key| pem_trust(key, chain)).collect(),
        mac: None,
        log: chain,
        resigned: Some(Resigned {
            files: vec![(name, again)],
            trust: pem_trust(&resign::stranger_pem(), chain),
            mac: None,
        }),
        signature: None,
        verifies: true,
        resign: Some(resign),
        joined: None,
    }
}

/// Returns a public key as PEM.
pub(crate) fn pem(raw: &[u8]) -> String {
    let der = [&hex::decode("302a300506032b6570032100").unwrap()[..], raw].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

/// Chains recorder entries of version 2 again from the first on, as whoever holds the file can: that takes no key.
///
/// The hash is SHA-256 over the members, joined by zero bytes, with the bytes of `detail` as they stand (pipelock,
/// `internal/recorder/entry.go`).
pub(crate) fn rechained(records: &[String]) -> Vec<String> {
    let mut prev = "genesis".to_owned();
    let chain = |record: &String| {
        let entry: Value = serde_json::from_str(record).unwrap();
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let begins = record.find("\"detail\":").unwrap() + 9;
        let ends = record.rfind(",\"prev_hash\"").unwrap();
        let number = |name: &str| entry[name].as_u64().unwrap().to_string();
        let parts = [
            number("v"),
            number("seq"),
            text("ts"),
            text("session_id"),
            text("trace_id"),
            text("type"),
            text("event_kind"),
            text("transport"),
            text("summary"),
            record[begins..ends].to_owned(),
            text("raw_ref"),
            prev.clone(),
        ];
        let hash = Digest::of(parts.join("\0").as_bytes()).to_string();
        let chained = format!("{},\"prev_hash\":\"{prev}\",\"hash\":\"{hash}\"}}", &record[..ends]);
        prev = hash;
        chained
    };
    records.iter().map(chain).collect()
}
