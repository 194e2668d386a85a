//! The page of `verify --json`: it names every member that is written about a pack.

use serde_json::Value;

use super::{Verified, pack};
use crate::digest::Digest;
use crate::integrity::verdict::Verdict;
use crate::pack::{PackCheck, Signature};

const PAGE: &str = include_str!("../../../docs/formats/verify-json.md");

fn unnamed(value: &Value, missing: &mut Vec<String>) {
    if let Value::Object(object) = value {
        missing.extend(object.keys().filter(|name| !PAGE.contains(&format!("`{name}`"))).cloned());
        object.values().for_each(|value| unnamed(value, missing));
    }
}

#[test]
fn every_member_about_a_pack_is_on_the_page() {
    let check = PackCheck {
        verdict: Verdict::Verified,
        reasons: Vec::new(),
        files: 0,
        bytes: 0,
        signature: Signature::Pinned { key: Digest::of(b""), owner: "somebody".to_owned() },
        breaks: Vec::new(),
        statement: None,
    };
    let found = pack::PackResult {
        verdict: Verdict::Verified,
        reasons: Vec::new(),
        check,
        derivation: "same",
        overrides: Vec::new(),
        lowered: Vec::new(),
    };
    let result = Verified {
        schema: "countersign/verify/1",
        verdict: Verdict::Verified,
        exit: 0,
        logs: &[],
        pack: Some(&found),
    };
    let mut missing = Vec::new();
    unnamed(&serde_json::to_value(&result).unwrap(), &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}
