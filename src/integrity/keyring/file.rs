//! `trust.toml` as its owner writes it: `docs/formats/trust.md`.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use super::endorsement::{Endorsement, EndorsementError};
use super::{Endorsed, Keyring, Purpose, TrustedKey};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::countersign_log::is_log_name;
use crate::integrity::signature::{KeyError, KeyKind, PublicKey};

impl Keyring {
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
    /// Refuses unknown members, missing ones, weak or foreign keys, a key that is listed twice, and an endorsement that does not
    /// fit.
    pub fn parse(text: &str, read: &dyn Fn(&str) -> io::Result<String>) -> Result<Self, TrustError> {
        let table: Table =
            text.parse().map_err(|error: toml::de::Error| TrustError::Syntax(error.message().to_owned()))?;
        refuse_unknown(&table, &["key"], "at the top")?;
        let entries = match table.get("key") {
            None => &Vec::new(),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(TrustError::Syntax("expected `[[key]]`, found another `key`".to_owned())),
        };
        let mut keyring = Self::empty();
        let mut successors = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let entry = Entry { number: index + 1, table: entry.as_table() };
            let key = entry.read(read)?;
            let id = key.public.id();
            if entry.accepts_rotation(key.purpose)? {
                keyring.accepts_rotation.insert(id);
            }
            if let Some(endorsement) = entry.endorsement(key.purpose, read)? {
                successors.push((entry, id, endorsement));
            }
            if let Some(known) = keyring.keys.insert(id, key) {
                return Err(entry.wrong(format!("this key is listed above already, for `{}`", known.owner)));
            }
        }
        for (entry, id, endorsement) in successors {
            entry.refuse_foreign(&keyring.keys[&id], &endorsement, &keyring)?;
            keyring.successors.insert(id, Endorsed::by(&endorsement));
        }
        Ok(keyring)
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
    /// A key file or an endorsement that cannot be read. The user can fix this.
    #[error("key {number}: cannot read `{file}`")]
    KeyFile {
        /// Number of the `[[key]]`, from 1.
        number: usize,
        /// File as named.
        file: String,
        /// Cause.
        source: io::Error,
    },
    /// An endorsement that cannot be used. The user can fix this.
    #[error("key {number}: unusable endorsement `{file}`")]
    Endorsement {
        /// Number of the `[[key]]`, from 1.
        number: usize,
        /// File as named.
        file: String,
        /// Cause.
        source: EndorsementError,
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
            Self::Syntax(_) => Some(
                "`countersign keys trust` writes this file; `docs/formats/trust.md` describes it".to_owned(),
            ),
            Self::UnknownMember { near, .. } => near.as_ref().map(|near| format!("did you mean `{near}`?")),
            Self::Entry { .. } => None,
            Self::Endorsement { source, .. } => source.help(),
            Self::KeyFile { .. } => {
                Some("key files and endorsements are named relative to the trust file".to_owned())
            }
            Self::Key { source, .. } => source.help(),
        }
    }
}

pub(super) const MEMBERS: [&str; 12] = [
    "file",
    "pem",
    "owner",
    "purpose",
    "logs",
    "valid_from",
    "valid_until",
    "revoked_at",
    "compromised_at",
    "endorsed_by",
    "endorsement",
    "accept_rotation",
];

/// One `[[key]]` while it is read.
#[derive(Clone, Copy)]
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

    /// Tells whether the key may name its own successor in the way of a foreign product.
    fn accepts_rotation(&self, purpose: Purpose) -> Result<bool, TrustError> {
        match self.value("accept_rotation") {
            None => Ok(false),
            Some(Value::Boolean(accepts)) if purpose == Purpose::Log => Ok(*accepts),
            Some(Value::Boolean(_)) => Err(self.only_for_logs("accept_rotation", purpose)),
            Some(_) => Err(self.wrong("expected `accept_rotation` to be true or false")),
        }
    }

    /// Reads the endorsement that the entry names; what it says is checked once all keys are known.
    fn endorsement(
        &self,
        purpose: Purpose,
        read: &dyn Fn(&str) -> io::Result<String>,
    ) -> Result<Option<Endorsement>, TrustError> {
        let (by, file) = match (self.text("endorsed_by")?, self.text("endorsement")?) {
            (None, None) => return Ok(None),
            (Some(by), Some(file)) => (by, file),
            _ => return Err(self.wrong("expected both `endorsed_by` and `endorsement`, or neither")),
        };
        if purpose != Purpose::Log {
            return Err(self.only_for_logs("endorsed_by", purpose));
        }
        let number = self.number;
        let by = Digest::from_hex(by)
            .ok_or_else(|| self.wrong("expected `endorsed_by` to be a key id, 64 lower-case hex digits"))?;
        let text =
            read(file).map_err(|source| TrustError::KeyFile { number, file: file.to_owned(), source })?;
        let endorsement = Endorsement::parse(&text).map_err(|source| TrustError::Endorsement {
            number,
            file: file.to_owned(),
            source,
        })?;
        if endorsement.old_key() != by {
            let old = endorsement.old_key();
            return Err(
                self.wrong(format!("`endorsed_by` names key `{by}`, the endorsement is of key `{old}`"))
            );
        }
        Ok(Some(endorsement))
    }

    /// Refuses an endorsement that is for another key, for fewer logs, or not made by the key that it names.
    fn refuse_foreign(
        &self,
        key: &TrustedKey,
        endorsement: &Endorsement,
        keyring: &Keyring,
    ) -> Result<(), TrustError> {
        let (old, new, id) = (endorsement.old_key(), endorsement.new_key(), key.public.id());
        if new != id {
            return Err(self.wrong(format!("the endorsement is for key `{new}`, this is key `{id}`")));
        }
        let by = keyring.find(old).ok_or_else(|| {
            self.wrong(format!("`endorsed_by` names key `{old}`, which this file does not list"))
        })?;
        if !endorsement.holds(&by.public) {
            return Err(self.wrong(format!("key `{old}` did not make this endorsement")));
        }
        match key.logs.iter().find(|log| !endorsement.logs().contains(log) || !by.logs.contains(log)) {
            Some(log) => Err(self.wrong(format!(
                "log `{log}` is not among those that key `{old}` may sign and endorsed this key for"
            ))),
            None => Ok(()),
        }
    }

    fn only_for_logs(&self, member: &str, purpose: Purpose) -> TrustError {
        self.wrong(format!("`{member}` has no meaning with purpose `{}`", purpose.word()))
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
