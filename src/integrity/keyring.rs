//! The keys that whoever verifies trusts, read from `trust.toml`, and what each is worth for a record.
//!
//! Trust comes from here and from nowhere else: what lies inside a log or a pack is a claim. Every refusal below errs
//! towards less trust, and removing a key from the file never raises what another key is worth.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::signature::{KeyError, KeyKind, PublicKey};
use crate::integrity::verdict::BreakKind;

/// What a key may sign.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// Records of the logs it is bound to.
    Log,
    /// Checkpoints of a log.
    Checkpoint,
    /// Statements about a pack.
    Statement,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Log, Self::Checkpoint, Self::Statement];

    /// Returns the word used in `trust.toml`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Checkpoint => "checkpoint",
            Self::Statement => "statement",
        }
    }

    /// Parses the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.word() == word)
    }
}

/// One `[[key]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedKey {
    /// The key.
    pub public: PublicKey,
    /// Who answers for it.
    pub owner: String,
    /// What it may sign.
    pub purpose: Purpose,
    /// Logs whose records it may sign; empty unless the purpose is `log`.
    pub logs: Vec<String>,
    /// First moment at which it counts.
    pub valid_from: Option<Moment>,
    /// First moment at which it no longer counts.
    pub valid_until: Option<Moment>,
    /// Moment from which it was withdrawn.
    pub revoked_at: Option<Moment>,
    /// Moment from which somebody else may hold it. Since that person can write any time into a record, nothing the key
    /// ever signed counts.
    pub compromised_at: Option<Moment>,
}

/// What a key is worth for one record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// Its signature counts.
    Trusted,
    /// It is not in the trust file.
    Unknown,
    /// It was withdrawn, or is compromised.
    Revoked,
    /// The record lies outside its validity.
    Expired,
    /// It is trusted for something else.
    WrongPurpose,
}

impl Standing {
    /// Returns the kind of break, where the key does not count.
    pub fn kind(self) -> Option<BreakKind> {
        match self {
            Self::Trusted => None,
            Self::Unknown => Some(BreakKind::UnknownKey),
            Self::Revoked => Some(BreakKind::RevokedKey),
            Self::Expired => Some(BreakKind::ExpiredKey),
            Self::WrongPurpose => Some(BreakKind::WrongPurposeKey),
        }
    }
}

/// All trusted keys, by id.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Keyring {
    keys: BTreeMap<Digest, TrustedKey>,
}

impl Keyring {
    /// Returns a keyring that trusts nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads `trust.toml` at `path`; key files are relative to it.
    ///
    /// # Errors
    ///
    /// Refuses a file that cannot be read, and everything that [`Keyring::parse`] refuses.
    pub fn load(path: &Path) -> Result<Self, TrustError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TrustError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&text, &|name| std::fs::read_to_string(folder.join(name)))
    }

    /// Parses the text of a trust file; `read` gives the text of a key file it names.
    ///
    /// # Errors
    ///
    /// Refuses unknown members, missing ones, weak or foreign keys, and a key that is listed twice.
    pub fn parse(text: &str, read: &dyn Fn(&str) -> io::Result<String>) -> Result<Self, TrustError> {
        let table: Table =
            text.parse().map_err(|error: toml::de::Error| TrustError::Syntax(error.message().to_owned()))?;
        refuse_unknown(&table, &["key"], "at the top")?;
        let entries = match table.get("key") {
            None => &Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(TrustError::Syntax("expected `[[key]]`, found another `key`".to_owned())),
        };
        let mut keys = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let entry = Entry { number: index + 1, table: entry.as_table() };
            let key = entry.read(read)?;
            if let Some(known) = keys.insert(key.public.id(), key) {
                return Err(entry.wrong(format!("this key is listed above already, for `{}`", known.owner)));
            }
        }
        Ok(Self { keys })
    }

    /// Returns a keyring of the given keys; a later one replaces an earlier one of the same id.
    pub fn of(keys: impl IntoIterator<Item = TrustedKey>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.public.id(), key)).collect() }
    }

    /// Returns the keys, by id.
    pub fn keys(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.values()
    }

    /// Returns the key with this id.
    pub fn find(&self, id: Digest) -> Option<&TrustedKey> {
        self.keys.get(&id)
    }

    /// Tells whether some key, whatever its standing, is bound to the records of `log`.
    pub fn binds(&self, log: &str) -> bool {
        self.bound_to(log).next().is_some()
    }

    /// Returns the keys bound to the records of `log`, whatever their standing.
    pub fn bound_to<'a>(&'a self, log: &'a str) -> impl Iterator<Item = &'a TrustedKey> {
        self.keys
            .values()
            .filter(move |key| key.purpose == Purpose::Log && key.logs.iter().any(|name| name == log))
    }

    /// Judges key `id` for a record of `log` at `latest`, the greatest time in the chain up to and including the record.
    pub fn judge_log(&self, id: Digest, log: &str, latest: Moment) -> Standing {
        let Some(key) = self.find(id) else { return Standing::Unknown };
        if key.compromised_at.is_some() {
            return Standing::Revoked;
        }
        if key.purpose != Purpose::Log || !key.logs.iter().any(|name| name == log) {
            return Standing::WrongPurpose;
        }
        in_window(key, latest)
    }

    /// Judges key `id` for a checkpoint or a statement made at `at`.
    pub fn judge(&self, id: Digest, purpose: Purpose, at: Moment) -> Standing {
        let Some(key) = self.find(id) else { return Standing::Unknown };
        if key.compromised_at.is_some() {
            return Standing::Revoked;
        }
        if key.purpose != purpose { Standing::WrongPurpose } else { in_window(key, at) }
    }

    /// Returns every moment at which the standing of some key changes, sorted.
    pub fn boundaries(&self) -> Vec<Moment> {
        let mut moments: Vec<Moment> = self
            .keys
            .values()
            .flat_map(|key| [key.valid_from, key.valid_until, key.revoked_at])
            .flatten()
            .collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

fn in_window(key: &TrustedKey, at: Moment) -> Standing {
    if key.revoked_at.is_some_and(|revoked| revoked <= at) {
        Standing::Revoked
    } else if key.valid_from.is_some_and(|from| at < from) || key.valid_until.is_some_and(|until| until <= at)
    {
        Standing::Expired
    } else {
        Standing::Trusted
    }
}

/// Why a trust file cannot be used.
#[derive(Debug, Error)]
pub enum TrustError {
    /// It cannot be read. The user can fix this.
    #[error("cannot read trust file `{}`", path.display())]
    Read {
        /// Path as given.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
    /// It is not TOML. The user can fix this.
    #[error("trust file is not as expected: {0}")]
    Syntax(String),
    /// A member that no trust file has. The user can fix this.
    #[error("unknown member `{name}` {place}")]
    UnknownMember {
        /// Its name.
        name: String,
        /// Where it stands.
        place: String,
        /// A near match.
        near: Option<String>,
    },
    /// An entry that is not as it must be. The user can fix this.
    #[error("key {number}: {what}")]
    Entry {
        /// Number of the `[[key]]`, from 1.
        number: usize,
        /// What is wrong.
        what: String,
    },
    /// A key file that cannot be read. The user can fix this.
    #[error("key {number}: cannot read key file `{file}`")]
    KeyFile {
        /// Number of the `[[key]]`, from 1.
        number: usize,
        /// File as named.
        file: String,
        /// Cause.
        source: io::Error,
    },
    /// A key that cannot be used. The user can fix this.
    #[error("key {number}: unusable key")]
    Key {
        /// Number of the `[[key]]`, from 1.
        number: usize,
        /// Cause.
        source: KeyError,
    },
}

impl TrustError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some("check that the file exists and is readable".to_owned()),
            Self::Syntax(_) => {
                Some("`countersign keys trust` writes this file; `docs/usage.md` describes it".to_owned())
            }
            Self::UnknownMember { near, .. } => near.as_ref().map(|near| format!("did you mean `{near}`?")),
            Self::Entry { .. } => None,
            Self::KeyFile { .. } => Some("key files are named relative to the trust file".to_owned()),
            Self::Key { source, .. } => source.help(),
        }
    }
}

const MEMBERS: [&str; 9] =
    ["file", "pem", "owner", "purpose", "logs", "valid_from", "valid_until", "revoked_at", "compromised_at"];

/// One `[[key]]` while it is read.
struct Entry<'a> {
    number: usize,
    table: Option<&'a Table>,
}

impl Entry<'_> {
    fn read(&self, read: &dyn Fn(&str) -> io::Result<String>) -> Result<TrustedKey, TrustError> {
        let table = self.table.ok_or_else(|| self.wrong("expected a table"))?;
        refuse_unknown(table, &MEMBERS, &format!("in key {}", self.number))?;
        let owner = self.text("owner")?.ok_or_else(|| self.wrong("`owner` is missing"))?;
        let purpose = self.text("purpose")?.ok_or_else(|| self.wrong("`purpose` is missing"))?;
        let purpose = Purpose::from_word(purpose).ok_or_else(|| {
            self.wrong(format!("expected purpose `log`, `checkpoint` or `statement`, found `{purpose}`"))
        })?;
        let public = self.public(read)?;
        if purpose != Purpose::Log && public.kind() != KeyKind::Ed25519 {
            let (word, kind) = (purpose.word(), public.kind());
            return Err(
                self.wrong(format!("purpose `{word}` takes an Ed25519 key, found one of kind {kind}"))
            );
        }
        let key = TrustedKey {
            public,
            owner: owner.to_owned(),
            purpose,
            logs: self.logs(purpose)?,
            valid_from: self.moment("valid_from")?,
            valid_until: self.moment("valid_until")?,
            revoked_at: self.moment("revoked_at")?,
            compromised_at: self.moment("compromised_at")?,
        };
        if let (Some(from), Some(until)) = (key.valid_from, key.valid_until)
            && until <= from
        {
            return Err(self.wrong("`valid_until` is not after `valid_from`"));
        }
        Ok(key)
    }

    fn public(&self, read: &dyn Fn(&str) -> io::Result<String>) -> Result<PublicKey, TrustError> {
        let number = self.number;
        let parsed = match (self.text("file")?, self.text("pem")?) {
            (Some(file), None) => {
                let text = read(file).map_err(|source| TrustError::KeyFile {
                    number,
                    file: file.to_owned(),
                    source,
                })?;
                PublicKey::from_pem(&text)
            }
            (None, Some(pem)) => PublicKey::from_pem(pem),
            _ => return Err(self.wrong("expected exactly one of `file` and `pem`")),
        };
        parsed.map_err(|source| TrustError::Key { number, source })
    }

    fn logs(&self, purpose: Purpose) -> Result<Vec<String>, TrustError> {
        let Some(value) = self.value("logs") else {
            return if purpose == Purpose::Log {
                Err(self
                    .wrong("`logs` is missing: purpose `log` needs the logs whose records the key may sign"))
            } else {
                Ok(Vec::new())
            };
        };
        if purpose != Purpose::Log {
            return Err(self.wrong(format!("`logs` has no meaning with purpose `{}`", purpose.word())));
        }
        let names: Option<Vec<String>> = value
            .as_array()
            .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
        let names = names
            .filter(|names| !names.is_empty())
            .ok_or_else(|| self.wrong("expected `logs` to be a list of names"))?;
        match names.iter().find(|name| !is_log_name(name)) {
            Some(name) => Err(self.wrong(format!("log name `{name}` is not `[a-z0-9._-]{{1,64}}`"))),
            None => Ok(names),
        }
    }

    fn moment(&self, member: &str) -> Result<Option<Moment>, TrustError> {
        let text = match self.value(member) {
            None => return Ok(None),
            Some(Value::Datetime(moment)) => moment.to_string(),
            Some(Value::String(text)) => text.clone(),
            Some(_) => return Err(self.wrong(format!("expected `{member}` to be a time"))),
        };
        text.parse().map(Some).map_err(|what: String| self.wrong(format!("`{member}`: {what}")))
    }

    fn text(&self, member: &str) -> Result<Option<&str>, TrustError> {
        match self.value(member) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("expected `{member}` to be a text"))),
        }
    }

    fn value(&self, member: &str) -> Option<&Value> {
        self.table.and_then(|table| table.get(member))
    }

    fn wrong(&self, what: impl Into<String>) -> TrustError {
        TrustError::Entry { number: self.number, what: what.into() }
    }
}

fn refuse_unknown(table: &Table, known: &[&str], place: &str) -> Result<(), TrustError> {
    let Some(name) = table.keys().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), *known))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, known)| known.to_owned());
    Err(TrustError::UnknownMember { name: name.clone(), place: place.to_owned(), near })
}

#[cfg(test)]
mod tests;
