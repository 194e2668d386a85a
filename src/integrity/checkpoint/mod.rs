//! Checkpoints (c2sp.org/tlog-checkpoint): how many leaves a log had, and the root over them, signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use thiserror::Error;

use super::keyring::{Keyring, Standing};
use super::merkle;
use super::note::{NoteError, SignedNote, Vouched, counts, is_key_name};
use super::signature::PublicKey;
use crate::clock::Moment;
use crate::digest::Digest;

/// A checkpoint that is shaped as the specification demands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The log.
    pub origin: String,
    /// Leaves of its tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Digest,
    /// Further lines, which nobody interprets.
    pub extensions: Vec<String>,
    note: SignedNote,
    vouched: Vec<Vouched>,
}

/// Why a text is no checkpoint, or none to be believed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum CheckpointError {
    /// It is no note, or a trusted key did not sign it. The user can fix this.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Its text is no tree head. The user can fix this.
    #[error("expected a checkpoint, found {0}")]
    Malformed(String),
}

impl CheckpointError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Note(error) => error.help(),
            Self::Malformed(_) => Some("give the file as `countersign seal` or the log wrote it".to_owned()),
        }
    }
}

impl Checkpoint {
    /// Tells whether a file looks like a checkpoint rather than like a list of heads: its second line is a number.
    pub fn looks_like(text: &str) -> bool {
        let second = text.split('\n').nth(1);
        second.is_some_and(|line| !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Parses a checkpoint, and verifies the signatures of the trusted keys that it names.
    ///
    /// # Errors
    ///
    /// Refuses another shape, and a note that names a trusted key whose signature does not fit. That no trusted key
    /// signed is no error: see [`Checkpoint::vouched`].
    pub fn parse(bytes: &[u8], keyring: &Keyring) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(bytes)?;
        let malformed = |what: &str| CheckpointError::Malformed(what.to_owned());
        let text = note.text().strip_suffix('\n').expect("the text of a note ends in a line end");
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, extensions @ ..] = lines.as_slice() else {
            return Err(malformed("fewer than three lines"));
        };
        if lines.iter().any(|line| line.is_empty()) {
            return Err(malformed("an empty line"));
        }
        let canonical =
            size.bytes().all(|byte| byte.is_ascii_digit()) && (*size == "0" || !size.starts_with('0'));
        let size: u64 = Some(size)
            .filter(|_| canonical)
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| malformed("a tree size that is none"))?;
        let root = decode_hash(root).ok_or_else(|| malformed("a root that is not 32 bytes in base64"))?;
        if size == 0 && root != merkle::empty_root() {
            return Err(malformed("a root of leaves beside the tree size 0"));
        }
        let vouched = note.vouched(origin, keyring)?;
        Ok(Self {
            origin: (*origin).to_owned(),
            size,
            root,
            extensions: extensions.iter().map(|line| (*line).to_owned()).collect(),
            note,
            vouched,
        })
    }

    /// Makes and signs a checkpoint of `origin`; `None` where no key can have that name.
    pub fn sign(origin: &str, size: u64, root: Digest, key: &SigningKey) -> Option<Self> {
        if !is_key_name(origin) {
            return None;
        }
        let text = format!("{origin}\n{size}\n{}\n", encode_hash(&root));
        let note = SignedNote::sign(&text, origin, key);
        Some(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
            note,
            vouched: Vec::new(),
        })
    }

    /// Returns the bytes of the checkpoint, signatures included.
    pub fn to_text(&self) -> String {
        self.note.to_text()
    }

    /// Returns the part that is signed.
    pub fn text(&self) -> &str {
        self.note.text()
    }

    /// Returns the name of the log: what follows the last `/` of the origin.
    ///
    /// Origins should be URLs without a scheme, such as `acme.example/gate-eu`; names of logs hold no `/`.
    pub fn log(&self) -> &str {
        self.origin.rsplit('/').next().unwrap_or(&self.origin)
    }

    /// Tells whether `key` signed it as the log; `None` where the note does not name the key.
    pub fn signed_by(&self, key: &PublicKey) -> Option<bool> {
        self.note.signed_by(&self.origin, key)
    }

    /// Returns the signatures by trusted keys, which all fit. Whether a key counts at the time is for [`Checkpoint::standing`].
    pub fn vouched(&self) -> &[Vouched] {
        &self.vouched
    }

    /// Returns the standing of the checkpoint: the best among the keys that signed it, each judged at the time of its own
    /// signature, or else at `latest`, the greatest time among the records that it covers.
    pub fn standing(&self, keyring: &Keyring, latest: Option<Moment>) -> Standing {
        self.vouched.iter().map(|vouched| counts(vouched, keyring, latest)).min().unwrap_or(Standing::Unknown)
    }

    /// Returns the earliest time at which a trusted cosigner says to have seen this tree, where one counts at that time.
    ///
    /// Everything that the checkpoint covers existed then, whatever times the records claim.
    pub fn anchored_at(&self, keyring: &Keyring) -> Option<Moment> {
        self.vouched
            .iter()
            .filter(|vouched| counts(vouched, keyring, None) == Standing::Trusted)
            .filter_map(|vouched| vouched.at)
            .min()
    }

    /// Tells whether two checkpoints of one log contradict each other by themselves: one size, two roots.
    pub fn forks_from(&self, other: &Self) -> bool {
        self.origin == other.origin && self.size == other.size && self.root != other.root
    }

    /// Verifies that `later` goes on from this checkpoint of the same log.
    ///
    /// # Errors
    ///
    /// Returns why the proof does not show it.
    pub fn verify_consistency(&self, later: &Self, proof: &[Digest]) -> Result<(), merkle::ProofError> {
        merkle::verify_consistency(self.size, later.size, self.root, later.root, proof)
    }
}

/// Decodes 32 bytes of canonical base64.
pub fn decode_hash(text: &str) -> Option<Digest> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(Digest::from(bytes))
}

/// Encodes a hash as base64.
pub fn encode_hash(hash: &Digest) -> String {
    STANDARD.encode(hash.as_bytes())
}

#[cfg(test)]
mod tests;
