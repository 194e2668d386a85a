//! `countersign-endorsement/1`: how the holder of one key names the next one (`docs/formats/trust.md`).

use std::fmt::Write as _;

use ed25519_dalek::{Signer as _, SigningKey};
use thiserror::Error;

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::signature::{KeyError, PublicKey};

/// First line. It is signed too, and nothing else that a key signs begins like it.
const VERSION: &str = "countersign-endorsement/1";

/// The word of one key for another, and for which logs and from when. Whether the first key made it, [`Endorsement::holds`] says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endorsement {
    old: Digest,
    new: Digest,
    logs: Vec<String>,
    from: Moment,
    signature: [u8; 64],
}

/// Why an endorsement cannot be read or made.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EndorsementError {
    /// It is not written as the format says. The user can fix this.
    #[error("expected a `countersign-endorsement/1`, found {0}")]
    Malformed(String),
    /// A log name that no log has. The user can fix this.
    #[error("log name `{0}` is not `[a-z0-9._-]{{1,64}}`")]
    BadName(String),
    /// No log is named, so that the new key would count for none. The user can fix this.
    #[error("an endorsement names one log or more")]
    NoLogs,
    /// A key endorses itself. The user can fix this.
    #[error("key `{0}` cannot endorse itself")]
    Itself(Digest),
    /// The old key cannot be used. The user can fix this.
    #[error("unusable key")]
    Key(#[from] KeyError),
}

impl EndorsementError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Malformed(_) => {
                Some("`countersign keys endorse` writes this file; change nothing in it".to_owned())
            }
            Self::BadName(_) | Self::NoLogs => Some("name each log with `--log NAME`".to_owned()),
            Self::Itself(_) => Some("give the new public key with `--new`".to_owned()),
            Self::Key(error) => error.help(),
        }
    }
}

impl Endorsement {
    /// Signs that the key `new` may sign records of `logs` from `from` on, in the place of `key`.
    ///
    /// # Errors
    ///
    /// Refuses bad log names, no log at all, a key that endorses itself, and an unusable key.
    pub fn sign(
        key: &SigningKey,
        new: Digest,
        logs: &[String],
        from: Moment,
    ) -> Result<Self, EndorsementError> {
        let old = PublicKey::of_signing_key(key)?.id();
        let mut logs = logs.to_owned();
        logs.sort();
        logs.dedup();
        let mut endorsement = Self { old, new, logs, from, signature: [0; 64] };
        endorsement.refuse_void()?;
        endorsement.signature = key.sign(endorsement.signed_text().as_bytes()).to_bytes();
        Ok(endorsement)
    }

    /// Parses the text of an endorsement, and refuses every byte that [`Endorsement::to_text`] would not have written.
    ///
    /// # Errors
    ///
    /// Says what was found instead.
    pub fn parse(text: &str) -> Result<Self, EndorsementError> {
        let malformed = |found: &str| EndorsementError::Malformed(found.to_owned());
        let body = text.strip_prefix(VERSION).and_then(|rest| rest.strip_prefix('\n'));
        let mut lines = body.ok_or_else(|| malformed("another first line"))?.lines();
        let (mut old, mut new, mut from, mut signature) = (None, None, None, None);
        let mut logs = Vec::new();
        for line in &mut lines {
            let (word, value) = line.split_once(' ').ok_or_else(|| malformed("a line without a value"))?;
            match word {
                "old" => old = Digest::from_hex(value),
                "new" => new = Digest::from_hex(value),
                "log" => logs.push(value.to_owned()),
                "from" => from = value.parse().ok(),
                "sig" => signature = hex::decode(value).ok().and_then(|bytes| bytes.try_into().ok()),
                _ => return Err(malformed("a line that no endorsement has")),
            }
        }
        let (Some(old), Some(new), Some(from), Some(signature)) = (old, new, from, signature) else {
            return Err(malformed("one that lacks a line, or has a value of another form"));
        };
        let endorsement = Self { old, new, logs, from, signature };
        endorsement.refuse_void()?;
        if endorsement.to_text() != text {
            return Err(malformed("one that is not written in the one permitted way"));
        }
        Ok(endorsement)
    }

    /// Returns the text of the endorsement.
    pub fn to_text(&self) -> String {
        format!("{}sig {}\n", self.signed_text(), hex::encode(self.signature))
    }

    /// Tells whether `key` is the one that the endorsement names as its maker, and made it.
    pub fn holds(&self, key: &PublicKey) -> bool {
        key.id() == self.old && key.verifies(self.signed_text().as_bytes(), &self.signature)
    }

    /// Returns the id of the key that endorses.
    pub fn old_key(&self) -> Digest {
        self.old
    }

    /// Returns the id of the key that is endorsed.
    pub fn new_key(&self) -> Digest {
        self.new
    }

    /// Returns the logs that it is endorsed for, sorted.
    pub fn logs(&self) -> &[String] {
        &self.logs
    }

    /// Returns the first moment at which the new key counts.
    pub fn from(&self) -> Moment {
        self.from
    }

    fn signed_text(&self) -> String {
        let mut text = format!("{VERSION}\nold {}\nnew {}\n", self.old, self.new);
        for log in &self.logs {
            writeln!(text, "log {log}").expect("a string takes everything");
        }
        writeln!(text, "from {}", self.from).expect("a string takes everything");
        text
    }

    fn refuse_void(&self) -> Result<(), EndorsementError> {
        if self.old == self.new {
            return Err(EndorsementError::Itself(self.old));
        }
        if self.logs.is_empty() {
            return Err(EndorsementError::NoLogs);
        }
        if let Some(name) = self.logs.iter().find(|name| !is_log_name(name)) {
            return Err(EndorsementError::BadName(name.clone()));
        }
        // The order of writing is the order of sorting, so that one endorsement has one text.
        if self.logs.is_sorted_by(|before, after| before < after) {
            Ok(())
        } else {
            Err(EndorsementError::Malformed("logs that are not in order, or one twice".to_owned()))
        }
    }
}
