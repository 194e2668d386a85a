//! The keys that whoever verifies trusts, read from `trust.toml`, and what each is worth for a record.
//!
//! Trust comes from here and from nowhere else: what lies inside a log or a pack is a claim. Every refusal below errs
//! towards less trust, and removing a key from the file never raises what another key is worth. `file` reads the file,
//! [`endorsement`] has our own way for a key to name its successor, [`rotation`] that of a foreign product.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::signature::PublicKey;
use crate::integrity::verdict::BreakKind;

pub mod endorsement;
mod file;
pub mod rotation;

use endorsement::Endorsement;
pub use file::TrustError;
use rotation::Rotation;

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
    /// Keys that are worth something only as far as another one of `keys` endorsed them.
    successors: BTreeMap<Digest, Endorsed>,
    /// Keys whose successors count though this file does not name them.
    accepts_rotation: BTreeSet<Digest>,
}

/// By whom a key was endorsed.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Endorsed {
    by: Digest,
    logs: Vec<String>,
    /// When the endorsing key must count itself.
    made_at: Moment,
    /// First moment of a chain at which the new key counts.
    from: Option<Moment>,
}

impl Endorsed {
    fn by(endorsement: &Endorsement) -> Self {
        Self {
            by: endorsement.old_key(),
            logs: endorsement.logs().to_owned(),
            made_at: endorsement.from(),
            from: Some(endorsement.from()),
        }
    }
}

impl Keyring {
    /// Returns a keyring that trusts nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns a keyring of the given keys; a later one replaces an earlier one of the same id.
    pub fn of(keys: impl IntoIterator<Item = TrustedKey>) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.public.id(), key)).collect(), ..Self::default() }
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
        self.judge_log_anchored(id, log, latest, None)
    }

    /// Judges as [`Keyring::judge_log`] does, for a record of which somebody else showed at `anchored_before` that it existed.
    ///
    /// Only such a time, which neither the writer of the log nor a thief of the key could choose, saves a record from a later
    /// compromise. A time in the record itself, or a head without a time of its own, is none.
    pub fn judge_log_anchored(
        &self,
        id: Digest,
        log: &str,
        latest: Moment,
        anchored_before: Option<Moment>,
    ) -> Standing {
        let Some(key) = self.find(id) else { return Standing::Unknown };
        if key.compromised_at.is_some_and(|at| anchored_before.is_none_or(|anchor| at <= anchor)) {
            return Standing::Revoked;
        }
        if key.purpose != Purpose::Log || !key.logs.iter().any(|name| name == log) {
            return Standing::WrongPurpose;
        }
        match in_window(key, latest) {
            Standing::Trusted => self.judge_endorsement(id, log, latest),
            refused => refused,
        }
    }

    /// Judges what the keys before `id` say of it: every one of them must have counted when it endorsed the next.
    fn judge_endorsement(&self, id: Digest, log: &str, latest: Moment) -> Standing {
        if self.successors.get(&id).is_some_and(|endorsed| endorsed.from.is_some_and(|from| latest < from)) {
            return Standing::Expired;
        }
        let mut at = id;
        // A line of keys is no longer than there are keys; one that is runs in a circle, and nobody vouches for it.
        for _ in 0..=self.successors.len() {
            let Some(endorsed) = self.successors.get(&at) else { return Standing::Trusted };
            let Some(by) = self.find(endorsed.by) else { return Standing::Unknown };
            if by.compromised_at.is_some() {
                return Standing::Revoked;
            }
            if !endorsed.logs.iter().any(|name| name == log) || !by.logs.iter().any(|name| name == log) {
                return Standing::WrongPurpose;
            }
            match in_window(by, endorsed.made_at) {
                Standing::Trusted => at = endorsed.by,
                refused => return refused,
            }
        }
        Standing::Unknown
    }

    /// Judges key `id` for a checkpoint or a statement made at `at`.
    pub fn judge(&self, id: Digest, purpose: Purpose, at: Moment) -> Standing {
        let Some(key) = self.find(id) else { return Standing::Unknown };
        if key.compromised_at.is_some() {
            return Standing::Revoked;
        }
        if key.purpose != purpose { Standing::WrongPurpose } else { in_window(key, at) }
    }

    /// Adds the keys that a key of this keyring named as its successor, where the trust file accepts that; says of each
    /// rotation what became of it.
    ///
    /// A key that the trust file names keeps what the file says of it.
    pub fn with_rotations(&self, rotations: &[Rotation]) -> (Self, Vec<String>) {
        let mut keyring = self.clone();
        let mut added = true;
        while added {
            added = false;
            for rotation in rotations {
                added |= keyring.rotate(rotation);
            }
        }
        let mut notes: Vec<String> = rotations.iter().map(|rotation| keyring.remark(rotation)).collect();
        notes.sort();
        notes.dedup();
        (keyring, notes)
    }

    /// Adds the successor of an accepted rotation; true where there is a new one.
    fn rotate(&mut self, rotation: &Rotation) -> bool {
        let (prior, new) = (rotation.prior().id(), rotation.new_key().id());
        if self.keys.contains_key(&new) || !self.accepts_rotation.contains(&prior) {
            return false;
        }
        let Some(by) = self.keys.get(&prior) else { return false };
        let key = TrustedKey {
            public: rotation.new_key().clone(),
            valid_until: None,
            revoked_at: None,
            compromised_at: None,
            ..by.clone()
        };
        // The product bounds the two keys by the last record of the first one, not by time.
        let endorsed =
            Endorsed { by: prior, logs: by.logs.clone(), made_at: rotation.rotated_at(), from: None };
        self.keys.insert(new, key);
        self.successors.insert(new, endorsed);
        self.accepts_rotation.insert(new);
        true
    }

    /// Says what a rotation is worth, once all of them are known.
    fn remark(&self, rotation: &Rotation) -> String {
        let (prior, new) = (rotation.prior().id(), rotation.new_key().id());
        let Some(by) = self.find(prior) else {
            return format!("key `{prior}`, which the trust file does not name, endorsed key `{new}`");
        };
        let owner = &by.owner;
        match self.successors.get(&new) {
            Some(endorsed) if endorsed.by == prior => format!(
                "key `{new}` stands for key `{prior}` ({owner}), which endorsed it: the trust file says `accept_rotation`"
            ),
            _ if self.keys.contains_key(&new) => {
                format!("key `{new}`, which key `{prior}` ({owner}) endorsed, counts as the trust file says")
            }
            _ => format!(
                "key `{prior}` ({owner}) endorsed key `{new}`, which counts for nothing: the trust file does not say \
                 `accept_rotation = true` for the first"
            ),
        }
    }

    /// Returns every moment at which the standing of some key changes, sorted.
    pub fn boundaries(&self) -> Vec<Moment> {
        let mut moments: Vec<Moment> = self
            .keys
            .values()
            .flat_map(|key| [key.valid_from, key.valid_until, key.revoked_at])
            .chain(self.successors.values().map(|endorsed| endorsed.from))
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

#[cfg(test)]
mod tests;
