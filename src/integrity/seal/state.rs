//! `LOG.seal`: where the last sealing ended. Nobody signs it, and nothing is believed because it stands there.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::merkle::CompactRange;

const SCHEMA: &str = "countersign/seal/1";

/// Where the last sealing ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct State {
    pub(super) log: String,
    /// Lines sealed.
    pub(super) size: u64,
    /// Offset after the LF of the last of them.
    pub(super) offset: u64,
    pub(super) last: Option<Last>,
    /// Hashes of the complete subtrees, largest first.
    pub(super) hashes: Vec<Digest>,
}

/// The last sealed line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Last {
    pub(super) offset: u64,
    /// SHA-256 of the line without its LF.
    pub(super) digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    log: String,
    size: u64,
    offset: u64,
    last: Option<Last>,
    hashes: Vec<Digest>,
}

impl State {
    /// Parses the file; what does not fit together is refused here.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let file: File = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if file.schema != SCHEMA {
            return Err(format!("expected schema `{SCHEMA}`, found `{}`", file.schema));
        }
        let File { log, size, offset, last, hashes, .. } = file;
        if CompactRange::of_hashes(size, &hashes).is_none() {
            return Err(format!("{} hashes do not make a tree of {size} lines", hashes.len()));
        }
        if !is_log_name(&log) {
            return Err(format!("log name `{log}` is not `[a-z0-9._-]{{1,64}}`"));
        }
        let fits = match &last {
            None => (size, offset) == (0, 0),
            Some(last) => size > 0 && last.offset < offset,
        };
        if !fits {
            return Err("its last line does not fit its size".to_owned());
        }
        Ok(Self { log, size, offset, last, hashes })
    }

    /// Returns the bytes of the file.
    pub(super) fn to_text(&self) -> String {
        let Self { log, size, offset, last, hashes } = self.clone();
        let file = File { schema: SCHEMA.to_owned(), log, size, offset, last, hashes };
        serde_json::to_string(&file).expect("strings and numbers are JSON") + "\n"
    }

    /// Returns the tree over the sealed lines.
    pub(super) fn range(&self) -> CompactRange {
        CompactRange::of_hashes(self.size, &self.hashes)
            .expect("the number of hashes was compared when it was made")
    }
}
