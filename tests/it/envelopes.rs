//! Logs of signed envelopes, as two other libraries write them, and line logs of keyed codes: `verify` and `report`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::chains::{Answer, Brings, verify};
use countersign::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};

fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/chains").join(name)
}
