//! Proofs that one record is in a log (c2sp.org/tlog-proof).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use super::checkpoint::{Checkpoint, CheckpointError, decode_hash};
use super::keyring::Keyring;
use super::merkle::{ProofError, leaf_hash, verify_inclusion};
use crate::digest::Digest;

/// First line of every proof.
pub const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes of a proof: a tree of 2^64 leaves has no longer path.
const MAX_PATH: usize = 64;

/// A proof that is shaped as the specification demands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlogProof {
    /// What the application added; nobody vouches for it until the record is shown to be in the log.
    pub extra: Option<Vec<u8>>,
    /// Index of the record.
    pub index: u64,
    /// Hashes from the leaf's sibling up.
    pub path: Vec<Digest>,
    /// The checkpoint that it leads to.
    pub checkpoint: Checkpoint,
}

/// Why a text is no proof.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TlogProofError {
    /// It is not shaped as one. The user can fix this.
    #[error("expected a proof of `{HEADER}`, found {0}")]
    Malformed(&'static str),
    /// The checkpoint in it. The user can fix this.
    #[error("the checkpoint of the proof")]
    Checkpoint(#[from] CheckpointError),
}

impl TlogProofError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Malformed(_) => Some("give the file as the log made it".to_owned()),
            Self::Checkpoint(error) => error.help(),
        }
    }
}

impl TlogProof {
    /// Tells whether `bytes` begin as a proof does.
    pub fn looks_like(bytes: &[u8]) -> bool {
        bytes.strip_prefix(HEADER.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'\n'))
    }

    /// Parses a proof, and verifies the signatures of trusted keys on its checkpoint.
    ///
    /// # Errors
    ///
    /// Refuses another shape, and what [`Checkpoint::parse`] refuses.
    pub fn parse(bytes: &[u8], keyring: &Keyring) -> Result<Self, TlogProofError> {
        use TlogProofError::Malformed;
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed("bytes that are not UTF-8"))?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(Malformed("no empty line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(Malformed("another first line"));
        }
        let extra = lines
            .next_if(|line| line.starts_with("extra "))
            .map(|line| {
                STANDARD
                    .decode(&line["extra ".len()..])
                    .map_err(|_| Malformed("extra data that is not base64"))
            })
            .transpose()?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .filter(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|index| *index == "0" || !index.starts_with('0'))
            .and_then(|index| index.parse().ok())
            .ok_or(Malformed("no index where it belongs"))?;
        let path: Vec<Digest> = lines
            .map(|line| decode_hash(line).ok_or(Malformed("a line that is no hash")))
            .collect::<Result<_, _>>()?;
        if path.len() > MAX_PATH {
            return Err(Malformed("more hashes than any tree has levels"));
        }
        let checkpoint = Checkpoint::parse(checkpoint.as_bytes(), keyring)?;
        Ok(Self { extra, index, path, checkpoint })
    }

    /// Verifies that `record` is the record of the log at the index. What gives the root its weight is the checkpoint's standing.
    ///
    /// # Errors
    ///
    /// Returns why it is not.
    pub fn verify(&self, record: &[u8]) -> Result<(), ProofError> {
        let Checkpoint { size, root, .. } = &self.checkpoint;
        verify_inclusion(self.index, *size, leaf_hash(record), &self.path, *root)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::integrity::checkpoint::encode_hash;
    use crate::integrity::merkle::{inclusion_proof, root_of};

    fn text(records: &[&str], index: usize, extra: &str) -> String {
        let leaves: Vec<Digest> = records.iter().map(|record| leaf_hash(record.as_bytes())).collect();
        let key = SigningKey::from_bytes(&[1; 32]);
        let checkpoint =
            Checkpoint::sign("acme.example/log", leaves.len() as u64, root_of(&leaves), &key).unwrap();
        let path: String =
            inclusion_proof(&leaves, index).unwrap().iter().map(|hash| encode_hash(hash) + "\n").collect();
        format!("{HEADER}\n{extra}index {index}\n{path}\n{}", checkpoint.to_text())
    }

    fn parse(text: &str) -> Result<TlogProof, TlogProofError> {
        TlogProof::parse(text.as_bytes(), &Keyring::empty())
    }

    #[test]
    fn proof_shows_its_record_and_no_other() {
        let records = ["a", "b", "c", "d", "e"];
        for (index, record) in records.iter().enumerate() {
            let proof = parse(&text(&records, index, "extra YQ==\n")).unwrap();
            assert_eq!((proof.index, proof.extra.as_deref()), (index as u64, Some(&b"a"[..])));
            proof.verify(record.as_bytes()).unwrap();
            proof.verify(b"x").unwrap_err();
        }
        // The only record of a log needs no hash.
        parse(&text(&["a"], 0, "")).unwrap().verify(b"a").unwrap();
    }

    #[test]
    fn grammar_is_strict() {
        let good = text(&["a", "b", "c"], 1, "");
        assert!(
            TlogProof::looks_like(good.as_bytes()) && !TlogProof::looks_like(b"c2sp.org/tlog-proof@v10\n")
        );
        for (old, new) in [
            ("@v1\n", "@v2\n"),
            ("index 1", "index 01"),
            ("index 1", "index +1"),
            ("index 1", "index "),
            ("index 1", "Index 1"),
            ("index 1\n", ""),
            ("index 1\n", "index 1\nAAAA\n"),
            ("index 1\n", "extra !\nindex 1\n"),
            ("index 1\n", "index 1\nextra YQ==\n"),
            ("index 1\n", "\nindex 1\n"),
            ("\n\nacme", "\nacme"),
            ("example/log\n3", "example/log\n03"),
        ] {
            let bad = good.replacen(old, new, 1);
            assert!(bad != good && parse(&bad).is_err(), "{new:?}");
        }
    }
}
