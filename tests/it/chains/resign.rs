//! Logs of other products signed again by a key of the test, as whoever writes the log can who has no key that is trusted.
//!
//! Each is proven to be well made: under the trust of that key it is worth what the untouched log is under its own.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::digest::Digest;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::capture::{pem, rechained};

/// Whoever signs: a public key, and what it puts under a message.
pub(crate) struct Signer<'s> {
    pub(crate) public: [u8; 32],
    pub(crate) sign: &'s dyn Fn(&[u8]) -> [u8; 64],
}

/// How the records of a format are signed again.
pub(crate) type Resign = fn(&[String], &Signer<'_>) -> Vec<String>;

/// Signs with a key that nobody trusts.
pub(crate) fn by_stranger(records: &[String], resign: Resign) -> Vec<String> {
    let key = SigningKey::from_bytes(&STRANGER);
    let sign = |message: &[u8]| key.sign(message).to_bytes();
    resign(records, &Signer { public: key.verifying_key().to_bytes(), sign: &sign })
}

/// Returns the public key of the one that nobody trusts.
pub(crate) fn stranger_pem() -> String {
    pem(SigningKey::from_bytes(&STRANGER).verifying_key().as_bytes())
}

/// A key that nobody trusts.
const STRANGER: [u8; 32] = [42; 32];

/// Signs the receipts of Agent Receipts again, and links them to each other.
///
/// Their canonical form is RFC 8785; of values that are ASCII texts and small integers, that is what `serde_json` writes.
pub(crate) fn agent_receipts(records: &[String], signer: &Signer<'_>) -> Vec<String> {
    let mut prev: Option<String> = None;
    let resign = |record: &String| {
        let mut receipt: Value = serde_json::from_str(record).unwrap();
        let mut proof = receipt.as_object_mut().unwrap().remove("proof").unwrap();
        receipt["credentialSubject"]["chain"]["previous_receipt_hash"] = json!(prev);
        let body = receipt.to_string();
        prev = Some(format!("sha256:{}", Digest::of(body.as_bytes())));
        let signature = (signer.sign)(body.as_bytes());
        proof["proofValue"] = json!(format!("u{}", URL_SAFE_NO_PAD.encode(signature)));
        receipt["proof"] = proof;
        receipt.to_string()
    };
    records.iter().map(resign).collect()
}

/// Signs the receipts and the checkpoint of Pipelock again, and chains receipts and entries anew.
pub(crate) fn pipelock(entries: &[String], signer: &Signer<'_>) -> Vec<String> {
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    let mut evidence = "genesis".to_owned();
    let mut made: Vec<String> = Vec::new();
    for entry in entries {
        let mut entry = entry.clone();
        for (old, new) in &renamed {
            entry = entry.replace(old, new);
        }
        let parsed: Value = serde_json::from_str(&entry).unwrap();
        let detail = detail_of(&entry).to_owned();
        let renewed = match parsed["type"].as_str().unwrap() {
            "action_receipt" => {
                let renewed = action_receipt(&detail, signer);
                // The receipts after it name this one as it was.
                let before = detail_of(&entries[made.len()]);
                renamed.insert(hash(before), hash(&renewed));
                renewed
            }
            "evidence_receipt" => {
                let renewed = evidence_receipt(&parsed["detail"], signer, &evidence);
                evidence = hash(&serde_json::from_str::<Value>(&renewed).unwrap().to_string());
                renewed
            }
            "checkpoint" => {
                let before: Value = serde_json::from_str(rechained(&made).last().unwrap()).unwrap();
                let signature = (signer.sign)(before["hash"].as_str().unwrap().as_bytes());
                let old = parsed["detail"]["signature"].as_str().unwrap();
                detail.replace(old, &hex::encode(signature))
            }
            _ => detail.clone(),
        };
        made.push(entry.replace(&detail, &renewed));
    }
    rechained(&made)
}

/// Returns the bytes of the member `detail` of a recorder entry.
fn detail_of(entry: &str) -> &str {
    let begins = entry.find("\"detail\":").unwrap() + 9;
    &entry[begins..entry.rfind(",\"prev_hash\"").unwrap()]
}

/// What is signed is the digest of the record's bytes (pipelock, `internal/receipt/receipt.go`).
fn action_receipt(detail: &str, signer: &Signer<'_>) -> String {
    let begins = detail.find("\"action_record\":").unwrap() + 16;
    let ends = detail.find(",\"signature\":").unwrap();
    let signature = (signer.sign)(&hex::decode(hash(&detail[begins..ends])).unwrap());
    format!(
        "{},\"signature\":\"ed25519:{}\",\"signer_key\":\"{}\"}}",
        &detail[..ends],
        hex::encode(signature),
        hex::encode(signer.public)
    )
}

/// What is signed is the receipt with the members of its signature emptied.
fn evidence_receipt(detail: &Value, signer: &Signer<'_>, prev: &str) -> String {
    let mut receipt = detail.clone();
    receipt["chain_prev_hash"] = json!(prev);
    let mut stated = receipt["signature"].clone();
    receipt["signature"] = json!({"signer_key_id": "", "key_purpose": "", "algorithm": "", "signature": ""});
    let signature = (signer.sign)(receipt.to_string().as_bytes());
    stated["signer_key_id"] = json!(hex::encode(signer.public));
    stated["signature"] = json!(format!("ed25519:{}", hex::encode(signature)));
    receipt["signature"] = stated;
    receipt.to_string()
}

/// Signs every line of a Codechain file again, by one author who is also the reviewer.
pub(crate) fn codechain(lines: &[String], signer: &Signer<'_>) -> Vec<String> {
    let public = URL_SAFE_NO_PAD.encode(signer.public);
    let mut prev = hash("");
    let mut links: BTreeMap<String, String> = BTreeMap::new();
    let resign = |line: &String| {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        words[0].clone_from(&prev);
        let comment = words.get(6..).map(|rest| rest.join(" ")).unwrap_or_default();
        let digest = |word: &String| hex::decode(links.get(word).unwrap_or(word)).unwrap();
        let raw = |word: &String| URL_SAFE_NO_PAD.decode(word).unwrap();
        let signed = match words[2].as_str() {
            "cstart" => {
                words[3].clone_from(&public);
                Some([raw(&words[3]), raw(&words[4]), comment.into_bytes()].concat())
            }
            "addkey" => {
                words[4].clone_from(&public);
                Some([raw(&words[4]), comment.into_bytes()].concat())
            }
            "source" => {
                words[4].clone_from(&public);
                Some([digest(&words[3]), comment.into_bytes()].concat())
            }
            "signtr" => {
                words[4].clone_from(&public);
                let digest = digest(&words[3]);
                words[3] = hex::encode(&digest);
                Some(digest)
            }
            _ => None,
        };
        if let Some(signed) = signed {
            words[5] = URL_SAFE_NO_PAD.encode((signer.sign)(&signed));
        }
        let made = words.join(" ");
        prev = hash(&made);
        links.insert(hash(line), prev.clone());
        made
    };
    lines.iter().map(resign).collect()
}

/// Writes the codes of the governance toolkit's sink again, under another shared key.
pub(crate) fn sink(lines: &[String], key: &[u8]) -> Vec<String> {
    let resign = |line: &String| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let mut code = Hmac::<Sha256>::new_from_slice(key).unwrap();
        code.update(entry["content_hash"].as_str().unwrap().as_bytes());
        let old = entry["signature"].as_str().unwrap();
        line.replace(old, &hex::encode(code.finalize().into_bytes()))
    };
    lines.iter().map(resign).collect()
}

fn hash(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}
