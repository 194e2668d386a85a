//! What was changed in a pack since it was sealed, and who sealed it.
//!
//! The check trusts nothing in the pack. Its steps, each on what the one before has established:
//!
//! 1. walk the folder, without following a link;
//! 2. read both manifests, and hash every file that they name;
//! 3. compare: absent files, differing files, files that no manifest names;
//! 4. read `bag-info.txt`: format, oxum, whether there must be a statement;
//! 5. open the statement with a key that the verifier brought, else with the pack's own, which is a claim;
//! 6. compare its subjects and its results digest with the files as hashed in step 2.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ed25519_dalek::VerifyingKey;
use rayon::prelude::*;
use serde::Serialize;

use crate::clock::Moment;
use crate::digest::{Digest, Hasher};
use crate::integrity::keyring::{Purpose, TrustedKey};
use crate::integrity::verdict::{Break, BreakKind, Effect, Verdict};
use crate::pack::bag::BUFFER;
use crate::pack::dsse::{self, Envelope};
use crate::pack::error::PackError;
use crate::pack::folder::{PackFolder, read_plain};
use crate::pack::layout::{
    BAG_INFO, BAGIT, BAGIT_TEXT, FORMAT, MANIFEST, PAYLOAD, PackPath, REPORT_HTML, REPORT_JSON, REPORT_PDF,
    STATEMENT, STATEMENT_KEY, TAG_MANIFEST, VERIFY,
};
use crate::pack::manifest::{self, Manifest};
use crate::pack::statement::Statement;
use crate::pack::text::BagInfo;
use crate::pack::walk::{Found, walk};

/// A public key that the verifier brought, as its trust file describes it.
#[derive(Clone, Debug)]
pub struct StatementKey {
    /// The key.
    pub key: VerifyingKey,
    /// Whose it is.
    pub owner: String,
    /// What it is trusted for, where that is not statements.
    pub other_purpose: Option<String>,
    /// End of validity, exclusive.
    pub valid_until: Option<Moment>,
    /// Revocation.
    pub revoked_at: Option<Moment>,
    /// Compromise: from then on, and before, the key says nothing.
    pub compromised_at: Option<Moment>,
}

impl StatementKey {
    /// Returns a key that is trusted for statements without an end.
    pub fn new(key: VerifyingKey, owner: impl Into<String>) -> Self {
        Self {
            key,
            owner: owner.into(),
            other_purpose: None,
            valid_until: None,
            revoked_at: None,
            compromised_at: None,
        }
    }

    /// Returns the key as a trust file describes it; `None` where it is no key that can sign statements.
    pub fn of_trusted(trusted: &TrustedKey) -> Option<Self> {
        let word = trusted.purpose.word();
        Some(Self {
            key: VerifyingKey::from_bytes(trusted.public.ed25519_bytes()?).ok()?,
            owner: trusted.owner.clone(),
            other_purpose: (trusted.purpose != Purpose::Statement).then(|| word.to_owned()),
            valid_until: trusted.valid_until,
            revoked_at: trusted.revoked_at,
            compromised_at: trusted.compromised_at,
        })
    }

    /// Returns why a statement as of `as_of` does not count, if so.
    ///
    /// The moment of signing is not known, but it does not lie before as-of: evidence is sealed after the fact. So an
    /// end at or before as-of rules the signature out, and the start of validity rules out nothing.
    fn refuses(&self, as_of: Moment) -> Option<(BreakKind, String)> {
        let ended = |end: Option<Moment>| end.filter(|end| *end <= as_of);
        if let Some(purpose) = &self.other_purpose {
            let detail = format!("the key is trusted for `{purpose}`, not for statements");
            return Some((BreakKind::WrongPurposeKey, detail));
        }
        if let Some(at) = self.compromised_at {
            return Some((BreakKind::RevokedKey, format!("the key is marked as compromised at {at}")));
        }
        if let Some(at) = ended(self.revoked_at) {
            return Some((
                BreakKind::RevokedKey,
                format!("the key was revoked at {at}, the pack is as of {as_of}"),
            ));
        }
        ended(self.valid_until).map(|at| {
            (BreakKind::ExpiredKey, format!("the key was valid until {at}, the pack is as of {as_of}"))
        })
    }
}

/// Who signed the pack, as far as the verifier can know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Signature {
    /// A key that the verifier brought, and that counts.
    Pinned {
        /// Key id.
        key: Digest,
        /// Owner, as the verifier's trust file says.
        owner: String,
    },
    /// It fits a key that only the pack holds, or one that does not count.
    Claimed {
        /// Key id.
        key: Digest,
    },
    /// It names a key that neither the verifier nor the pack holds.
    Unknown {
        /// Key id.
        key: Digest,
    },
    /// There is one, and it does not hold.
    Broken,
    /// There is none.
    Unsigned,
}

/// What [`PackFolder::check`] found.
#[derive(Clone, Debug, Serialize)]
pub struct PackCheck {
    /// `altered` on any break of the seal; `verified` only under a key that the verifier brought.
    pub verdict: Verdict,
    /// Why it is not `verified`, and what would help; empty where it is.
    pub reasons: Vec<String>,
    /// Regular files found.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Who signed.
    pub signature: Signature,
    /// What is wrong, by path.
    pub breaks: Vec<Break>,
    /// The statement, where its signature fits some key; a claim unless `signature` is pinned.
    #[serde(skip)]
    pub statement: Option<Statement>,
}

impl PackFolder {
    /// Checks every byte of the pack, and the statement against `keys` from outside the pack.
    ///
    /// # Errors
    /// [`PackError::Io`] where the folder cannot be listed. A file that cannot be read is a break.
    pub fn check(&self, keys: &[StatementKey]) -> Result<PackCheck, PackError> {
        let found = walk(&self.root)?;
        let mut check = Check { root: &self.root, hashed: hash_all(&self.root, &found), breaks: Vec::new() };
        check.bag(&found);
        let signed = check.bag_info();
        let (signature, statement) = check.statement(keys, signed);
        Ok(check.conclude(&found, signature, statement))
    }
}

/// A check under way.
struct Check<'a> {
    root: &'a Path,
    /// Digest of every regular file; none where it could not be read.
    hashed: BTreeMap<PackPath, Option<Digest>>,
    breaks: Vec<Break>,
}

impl Check<'_> {
    fn note(&mut self, object: &str, kind: BreakKind, detail: impl Into<String>) {
        self.breaks.push(whole(object, kind, detail));
    }

    /// Steps 2 and 3.
    fn bag(&mut self, found: &Found) {
        for (path, what) in &found.odd {
            self.note(path, BreakKind::ExtraObject, *what);
        }
        if read_plain(&self.root.join(BAGIT)).is_some_and(|bytes| bytes != BAGIT_TEXT.as_bytes()) {
            self.note(
                BAGIT,
                BreakKind::DigestMismatch,
                "it is not the bag declaration of RFC 8493, version 1.0",
            );
        }
        let payload = self.manifest(MANIFEST, true);
        let tags = self.manifest(TAG_MANIFEST, false);
        // Without both, every file would be reported as extra, and the one cause would drown.
        if let (Some(payload), Some(tags)) = (&payload, &tags) {
            self.extras(found, payload, tags);
        }
        for manifest in [&payload, &tags].into_iter().flatten() {
            self.compare(manifest);
        }
        for required in [BAGIT, BAG_INFO, VERIFY, MANIFEST] {
            if tags.as_ref().is_some_and(|tags| !tags.contains_key(required)) {
                self.note(required, BreakKind::MissingObject, format!("`{TAG_MANIFEST}` does not list it"));
            }
        }
    }

    fn manifest(&mut self, path: &str, payload: bool) -> Option<Manifest> {
        let Some(bytes) = read_plain(&self.root.join(path)) else {
            self.note(path, BreakKind::MissingObject, "the manifest is not there");
            return None;
        };
        let listed = match manifest::parse(&bytes) {
            Ok(listed) => listed,
            Err(manifest::Malformed { line, offset, why }) => {
                self.breaks.push(Break {
                    object: path.to_owned(),
                    line,
                    offset,
                    seq: None,
                    kind: BreakKind::Malformed,
                    detail: why,
                });
                return None;
            }
        };
        let misplaced =
            listed.keys().find(|entry| entry.is_payload() != payload || entry.as_str() == TAG_MANIFEST);
        if let Some(entry) = misplaced {
            self.note(path, BreakKind::Malformed, format!("`{entry}` does not belong in this manifest"));
            return None;
        }
        Some(listed)
    }

    fn extras(&mut self, found: &Found, payload: &Manifest, tags: &Manifest) {
        for path in found.files.keys() {
            if !payload.contains_key(path) && !tags.contains_key(path) && path.as_str() != TAG_MANIFEST {
                self.note(path.as_str(), BreakKind::ExtraObject, "no manifest lists it");
            }
        }
        for folder in &found.empty {
            self.note(folder, BreakKind::ExtraObject, "a folder without a file");
        }
    }

    fn compare(&mut self, manifest: &Manifest) {
        for (path, expected) in manifest {
            match self.hashed.get(path).copied() {
                None => self.note(
                    path.as_str(),
                    BreakKind::MissingObject,
                    "a manifest lists it, and it is not there",
                ),
                Some(None) => {
                    self.note(path.as_str(), BreakKind::UnreadableObject, "it cannot be read to its end")
                }
                Some(Some(found)) if found != *expected => {
                    let detail = format!("expected sha256 {expected}, found {found}");
                    self.note(path.as_str(), BreakKind::DigestMismatch, detail);
                }
                Some(Some(_)) => {}
            }
        }
    }

    /// Step 4. Returns whether the pack says that it is signed.
    fn bag_info(&mut self) -> Option<bool> {
        let bytes = read_plain(&self.root.join(BAG_INFO))?;
        let Some(info) = BagInfo::parse(&bytes) else {
            self.note(BAG_INFO, BreakKind::Malformed, "it is not what the pack format says");
            return None;
        };
        if info.format != FORMAT {
            let detail = format!("expected format `{FORMAT}`, found `{}`", info.format.escape_debug());
            self.note(BAG_INFO, BreakKind::UnrecognisedFormat, detail);
            return None;
        }
        let oxum = self.oxum();
        // A broken payload changes the oxum too; then the broken file is what to name.
        let broken = |path: &str| self.breaks.iter().any(|found| found.object.starts_with(path));
        if info.oxum != oxum && !broken(PAYLOAD) && !broken(MANIFEST) {
            let detail = format!("expected payload oxum `{}`, found `{oxum}`", info.oxum.escape_debug());
            self.note(BAG_INFO, BreakKind::DigestMismatch, detail);
        }
        let report = self.digest(REPORT_JSON);
        let broken = self.breaks.iter().any(|found| found.object == REPORT_JSON);
        if !broken && report.is_some_and(|report| report.to_string() != info.results) {
            self.note(
                BAG_INFO,
                BreakKind::DigestMismatch,
                format!("its results digest is not that of `{REPORT_JSON}`"),
            );
        }
        Some(info.signed)
    }

    fn oxum(&self) -> String {
        let payload: Vec<&PackPath> =
            self.hashed.keys().filter(|path| path.as_str().starts_with(PAYLOAD)).collect();
        let length = |path: &&PackPath| {
            std::fs::symlink_metadata(self.root.join(path.as_str())).map_or(0, |metadata| metadata.len())
        };
        format!("{}.{}", payload.iter().map(length).sum::<u64>(), payload.len())
    }

    fn digest(&self, path: &str) -> Option<Digest> {
        self.hashed.get(path).copied().flatten()
    }

    /// Steps 5 and 6.
    fn statement(&mut self, keys: &[StatementKey], signed: Option<bool>) -> (Signature, Option<Statement>) {
        let bytes = read_plain(&self.root.join(STATEMENT));
        match (&bytes, signed) {
            (None, Some(true)) => {
                self.note(
                    STATEMENT,
                    BreakKind::MissingObject,
                    format!("`{BAG_INFO}` says that the pack is signed"),
                );
            }
            (Some(_), Some(false)) => {
                self.note(
                    STATEMENT,
                    BreakKind::ExtraObject,
                    format!("`{BAG_INFO}` says that the pack is unsigned"),
                );
            }
            _ => {}
        }
        let Some(bytes) = bytes else { return (Signature::Unsigned, None) };
        match self.open(&bytes, keys) {
            Ok((signature, None)) => (signature, None),
            Ok((signature, Some(statement))) => {
                self.subjects(&statement);
                (signature, Some(statement))
            }
            Err((kind, detail)) => {
                self.note(STATEMENT, kind, detail);
                (Signature::Broken, None)
            }
        }
    }

    fn open(
        &mut self,
        bytes: &[u8],
        keys: &[StatementKey],
    ) -> Result<(Signature, Option<Statement>), (BreakKind, String)> {
        let envelope = Envelope::parse(bytes).map_err(|why| (BreakKind::Malformed, why))?;
        let id = envelope.key();
        let brought: Vec<&StatementKey> =
            keys.iter().filter(|pinned| dsse::key_id(&pinned.key) == id).collect();
        if let Some(first) = brought.first() {
            let statement = open_with(&envelope, &first.key)?;
            // One key may stand in a trust file several times; one entry that counts is enough.
            let Some(counts) = brought.iter().find(|pinned| pinned.refuses(statement.as_of).is_none()) else {
                self.breaks.extend(
                    first.refuses(statement.as_of).map(|(kind, detail)| whole(STATEMENT, kind, detail)),
                );
                return Ok((Signature::Claimed { key: id }, Some(statement)));
            };
            return Ok((Signature::Pinned { key: id, owner: counts.owner.clone() }, Some(statement)));
        }
        let own = read_plain(&self.root.join(STATEMENT_KEY))
            .and_then(|pem| dsse::public_from_pem(std::str::from_utf8(&pem).ok()?))
            .filter(|own| dsse::key_id(own) == id);
        let detail = format!("no key with id {id} was given as trusted for statements");
        let Some(own) = own else {
            self.note(STATEMENT, BreakKind::UnknownKey, detail);
            return Ok((Signature::Unknown { key: id }, None));
        };
        let statement = open_with(&envelope, &own)?;
        self.note(STATEMENT, BreakKind::UnknownKey, format!("{detail}; the key in the pack is a claim"));
        Ok((Signature::Claimed { key: id }, Some(statement)))
    }

    fn subjects(&mut self, statement: &Statement) {
        let named: BTreeSet<&str> = statement.subjects.iter().map(|subject| subject.name.as_str()).collect();
        let renderings = [REPORT_HTML, REPORT_PDF].into_iter().filter(|path| self.hashed.contains_key(*path));
        for required in [MANIFEST, BAG_INFO, VERIFY].into_iter().chain(renderings).collect::<Vec<_>>() {
            if !named.contains(required) {
                self.note(
                    required,
                    BreakKind::ExtraObject,
                    "the statement does not name it among its subjects",
                );
            }
        }
        let results = (REPORT_JSON, statement.results);
        let subjects =
            statement.subjects.iter().map(|subject| (subject.name.as_str(), subject.digest.sha256));
        for (path, expected) in subjects.chain([results]) {
            let found = self.digest(path);
            if found != Some(expected) {
                let found = found.map_or("no such file".to_owned(), |found| found.to_string());
                let kind = if self.hashed.contains_key(path) {
                    BreakKind::DigestMismatch
                } else {
                    BreakKind::MissingObject
                };
                let path = path.escape_debug().to_string();
                self.note(&path, kind, format!("the statement says sha256 {expected}, found {found}"));
            }
        }
    }

    fn conclude(mut self, found: &Found, signature: Signature, statement: Option<Statement>) -> PackCheck {
        self.breaks.sort();
        // One file may differ from its manifest and from the statement: one break says it.
        self.breaks.dedup_by(|later, first| {
            (&later.object, later.line, later.kind) == (&first.object, first.line, first.kind)
        });
        let altered = self.breaks.iter().any(|found| alters(found.kind));
        let pinned = matches!(signature, Signature::Pinned { .. });
        let verdict = match (altered, pinned && self.breaks.is_empty()) {
            (true, _) => Verdict::Altered,
            (false, true) => Verdict::Verified,
            (false, false) => Verdict::NotVerifiable,
        };
        PackCheck {
            verdict,
            reasons: reasons(verdict, &signature, &self.breaks),
            files: found.files.len(),
            bytes: found.files.values().sum(),
            signature,
            breaks: self.breaks,
            statement,
        }
    }
}

/// Returns a break of a file as a whole.
fn whole(object: &str, kind: BreakKind, detail: impl Into<String>) -> Break {
    Break { object: object.to_owned(), line: 0, offset: 0, seq: None, kind, detail: detail.into() }
}

/// Opens the envelope with the key that it names.
fn open_with(envelope: &Envelope, key: &VerifyingKey) -> Result<Statement, (BreakKind, String)> {
    if key.is_weak() {
        return Err((BreakKind::WeakKey, "anybody could sign for the key".to_owned()));
    }
    let payload = envelope.open(key).ok_or_else(|| {
        (BreakKind::BadSignature, format!("the signature does not fit key {}", envelope.key()))
    })?;
    Statement::parse(payload).map_err(|why| (BreakKind::Malformed, why))
}

/// Tells whether a break means that the pack is not as it was sealed.
///
/// A missing file does, unlike a missing object of a log: the manifest says that it was there at the sealing.
fn alters(kind: BreakKind) -> bool {
    kind == BreakKind::MissingObject || kind.effect(true) == Effect::Altered
}

fn reasons(verdict: Verdict, signature: &Signature, breaks: &[Break]) -> Vec<String> {
    if verdict == Verdict::Altered {
        let altered: BTreeSet<&str> =
            breaks.iter().filter(|found| alters(found.kind)).map(|found| found.object.as_str()).collect();
        return vec![format!("{} of the pack's files differ from what was sealed", altered.len())];
    }
    let mut reasons = Vec::new();
    match signature {
        Signature::Pinned { .. } | Signature::Broken => {}
        Signature::Unsigned => reasons.push(
            "the pack is unsigned, so its manifests show accident and not intent; ask for a signed pack".to_owned(),
        ),
        Signature::Claimed { key } | Signature::Unknown { key } => reasons.push(format!(
            "the statement is signed by key {key}, which is not trusted; get the key from its owner and give it with `--trust`"
        )),
    }
    reasons.extend(
        breaks
            .iter()
            .filter(|found| found.kind != BreakKind::UnknownKey)
            .map(|found| format!("`{}`: {}", found.object, found.detail)),
    );
    reasons
}

/// Hashes every regular file, on all cores.
fn hash_all(root: &Path, found: &Found) -> BTreeMap<PackPath, Option<Digest>> {
    let paths: Vec<&PackPath> = found.files.keys().collect();
    paths.par_iter().map(|path| ((*path).clone(), hash(&root.join(path.as_str())))).collect()
}

fn hash(path: &Path) -> Option<Digest> {
    let mut file = File::open(path).ok()?;
    let mut buffer = vec![0; BUFFER];
    let mut hasher = Hasher::default();
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Some(hasher.finish()),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
