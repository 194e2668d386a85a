//! Signed notes (c2sp.org/signed-note): a text, and signatures over it by named keys.
//!
//! A note is read strictly, since two readers that split a text from its signatures differently would disagree on what was
//! signed. Signatures by keys that nobody pinned are carried along and say nothing.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use thiserror::Error;

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::keyring::{Keyring, Purpose, Standing};
use crate::integrity::signature::PublicKey;

/// Longest note: 1 MiB, far above a checkpoint with every signature it may carry, some of them post-quantum.
pub const MAX_NOTE: usize = 1 << 20;
/// Most signatures of a note. The specification asks for at least 16; public logs carry a handful.
pub const MAX_SIGNATURES: usize = 128;

/// What begins a signature line: em dash, space.
const DASH: &str = "\u{2014} ";
/// First line of what a cosigner signs (c2sp.org/tlog-cosignature).
const COSIGNATURE: &str = "cosignature/v1";

/// What a key signs in a note; the byte that its key id is computed with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SignatureType {
    /// The text of the note (`0x01`).
    Ed25519,
    /// The text and the time at which the cosigner saw it (`0x04`).
    Cosignature,
}

impl SignatureType {
    /// Every type that is verified here.
    pub const ALL: [Self; 2] = [Self::Ed25519, Self::Cosignature];

    /// Returns the byte that stands for the type.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosignature => 4,
        }
    }
}

/// The first four bytes of the digest that names a key together with its name.
pub type KeyHash = [u8; 4];

/// Returns the key id of `key` under `name` (c2sp.org/signed-note, "Signatures").
pub fn key_hash(name: &str, kind: SignatureType, key: &[u8]) -> KeyHash {
    let bytes = [name.as_bytes(), b"\n", &[kind.byte()], key].concat();
    let [a, b, c, d, ..] = *Digest::of(&bytes).as_bytes();
    [a, b, c, d]
}

/// A signature line, as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Key id.
    pub hash: KeyHash,
    /// What follows the key id.
    pub bytes: Vec<u8>,
}

/// A note that is shaped as the specification demands. Nothing is verified yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A signature that a trusted key made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Vouched {
    /// Name under which the key signed.
    pub name: String,
    /// Key id of the trust file.
    pub key: Digest,
    /// Who answers for the key.
    pub owner: String,
    /// When it was made, by the cosigner's own statement; `None` for a signature without a time.
    pub at: Option<Moment>,
}

/// Why a text is no note, or no note to be believed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NoteError {
    /// It is not shaped as a note. The user can fix this.
    #[error("expected a signed note, found {0}")]
    Malformed(String),
    /// A trusted key is named, and its signature does not fit. Somebody changed the note.
    #[error("the signature of `{name}` does not fit the trusted key `{key}`")]
    BadSignature {
        /// Name of the key.
        name: String,
        /// Key id of the trust file.
        key: Digest,
    },
}

impl NoteError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Malformed(_) => "give the file as `countersign seal` or the log wrote it".to_owned(),
            Self::BadSignature { .. } => {
                "the note was changed, or another key signed it: get it again from where it is kept"
                    .to_owned()
            }
        })
    }
}

impl SignedNote {
    /// Parses a note.
    ///
    /// # Errors
    ///
    /// Returns the first thing that is not as the specification demands.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let malformed = |what: &str| NoteError::Malformed(what.to_owned());
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::Malformed(format!("{} bytes, the limit is {MAX_NOTE}", bytes.len())));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| malformed("bytes that are not UTF-8"))?;
        if whole.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(malformed("a control character"));
        }
        // The last empty line parts the text, which may hold empty lines itself, from the signatures.
        let at = whole.rfind("\n\n").ok_or_else(|| malformed("no empty line before the signatures"))?;
        let (text, lines) = (&whole[..=at], &whole[at + 2..]);
        let lines = lines.strip_suffix('\n').ok_or_else(|| malformed("no line end at the end"))?;
        let signatures = lines
            .split('\n')
            .map(|line| NoteSignature::parse(line).ok_or_else(|| malformed("a line that is no signature")))
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Malformed(format!(
                "{} signatures, the limit is {MAX_SIGNATURES}",
                signatures.len()
            )));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Signs `text`, which must end in a line end and hold no control character, under `name`.
    pub fn sign(text: &str, name: &str, key: &SigningKey) -> Self {
        let hash = key_hash(name, SignatureType::Ed25519, key.verifying_key().as_bytes());
        let bytes = key.sign(text.as_bytes()).to_bytes().to_vec();
        Self { text: text.to_owned(), signatures: vec![NoteSignature { name: name.to_owned(), hash, bytes }] }
    }

    /// Returns the text, its last line end included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the signatures, as they stand.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Returns the bytes of the note.
    pub fn to_text(&self) -> String {
        let mut note = format!("{}\n", self.text);
        for NoteSignature { name, hash, bytes } in &self.signatures {
            let blob = STANDARD.encode([hash.as_slice(), bytes].concat());
            writeln!(note, "{DASH}{name} {blob}").expect("a string takes every line");
        }
        note
    }

    /// Tells whether a signature of type Ed25519 under `name` is by `key`; `None` where the note has no such line.
    ///
    /// A line that names the key and does not fit it makes the answer `false`, whatever other lines there are.
    pub fn signed_by(&self, name: &str, key: &PublicKey) -> Option<bool> {
        self.of_key(name, SignatureType::Ed25519, key)
            .map(|signature| fits(&self.text, SignatureType::Ed25519, signature, key).is_some())
            .reduce(|all, fits| all && fits)
    }

    /// Returns the signatures by trusted keys of purpose `checkpoint`: those over the text under the name `origin`, and
    /// cosignatures under whatever name. Keys of the trust file carry no name of their own; the key id binds key and name.
    ///
    /// # Errors
    ///
    /// Refuses the whole note where a trusted key is named and its signature does not fit.
    pub fn vouched(&self, origin: &str, keyring: &Keyring) -> Result<Vec<Vouched>, NoteError> {
        let mut found = Vec::new();
        for trusted in keyring.keys().filter(|key| key.purpose == Purpose::Checkpoint) {
            for (kind, signature) in self.named(origin, &trusted.public) {
                let at = fits(&self.text, kind, signature, &trusted.public).ok_or_else(|| {
                    NoteError::BadSignature { name: signature.name.clone(), key: trusted.public.id() }
                })?;
                found.push(Vouched {
                    name: signature.name.clone(),
                    key: trusted.public.id(),
                    owner: trusted.owner.clone(),
                    at,
                });
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Returns the lines that name `key`, by the type of signature that their key id stands for.
    fn named<'a>(
        &'a self,
        origin: &'a str,
        key: &'a PublicKey,
    ) -> impl Iterator<Item = (SignatureType, &'a NoteSignature)> {
        SignatureType::ALL.into_iter().flat_map(move |kind| {
            self.signatures
                .iter()
                .filter(move |line| kind == SignatureType::Cosignature || line.name == origin)
                .filter(move |line| line.hash == key_hash(&line.name, kind, raw(key)))
                .map(move |line| (kind, line))
        })
    }

    fn of_key<'a>(
        &'a self,
        name: &'a str,
        kind: SignatureType,
        key: &'a PublicKey,
    ) -> impl Iterator<Item = &'a NoteSignature> {
        self.signatures
            .iter()
            .filter(move |line| line.name == name && line.hash == key_hash(name, kind, raw(key)))
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_prefix(DASH)?.split_once(' ')?;
        // The engine takes the canonical encoding only: padding in full, and no bits set beyond the last byte.
        let blob = STANDARD.decode(blob).ok()?;
        let (hash, bytes) = blob.split_first_chunk::<4>()?;
        (is_key_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            hash: *hash,
            bytes: bytes.to_vec(),
        })
    }
}

/// Tells whether `name` can be the name of a key.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

/// Returns what a note names a key by: the 32 raw bytes of an Ed25519 key. Other kinds sign no notes; their encoding is longer, so
/// that it matches none.
fn raw(key: &PublicKey) -> &[u8] {
    key.ed25519_bytes().map_or(key.spki(), |bytes| bytes.as_slice())
}

/// Verifies one signature; returns its time, or `None` inside where it carries none.
fn fits(
    text: &str,
    kind: SignatureType,
    signature: &NoteSignature,
    key: &PublicKey,
) -> Option<Option<Moment>> {
    let (time, signed, bytes) = match kind {
        SignatureType::Ed25519 => (None, text.to_owned(), signature.bytes.as_slice()),
        SignatureType::Cosignature => {
            let (seconds, bytes) = signature.bytes.split_first_chunk::<8>()?;
            let seconds = i64::try_from(u64::from_be_bytes(*seconds)).ok()?;
            let time = Moment::from_ms(seconds.checked_mul(1000)?);
            (Some(time), format!("{COSIGNATURE}\ntime {seconds}\n{text}"), bytes)
        }
    };
    let bytes: &[u8; 64] = bytes.try_into().ok()?;
    key.verifies(signed.as_bytes(), bytes).then_some(time)
}

/// A key as it is handed around for notes: `<name>+<key id>+<key>` (c2sp.org/signed-note, "Verifier keys").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifierKey {
    /// Name of the key.
    pub name: String,
    /// What it signs.
    pub kind: SignatureType,
    /// The key.
    pub key: PublicKey,
}

impl VerifierKey {
    /// Parses the text form.
    ///
    /// # Errors
    ///
    /// Refuses another form, a key id that is not that of name and key, a weak key, and a type that is not verified here.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let malformed = |what: &str| NoteError::Malformed(format!("a verifier key with {what}"));
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("fewer than three parts"));
        };
        if !is_key_name(name) {
            return Err(malformed("a name that no key has"));
        }
        let key = STANDARD.decode(key).map_err(|_| malformed("a key that is not base64"))?;
        let (kind, key) = key.split_first().ok_or_else(|| malformed("an empty key"))?;
        let kind = SignatureType::ALL
            .into_iter()
            .find(|known| known.byte() == *kind)
            .ok_or_else(|| malformed("a signature type that is not verified here"))?;
        let key = <[u8; 32]>::try_from(key).map_err(|_| malformed("a key that is not 32 bytes"))?;
        if hash != hex::encode(key_hash(name, kind, &key)) {
            return Err(malformed("a key id that is not that of name and key"));
        }
        let key =
            PublicKey::from_bytes(&key).map_err(|error| malformed(&format!("an unusable key: {error}")))?;
        Ok(Self { name: name.to_owned(), kind, key })
    }

    /// Returns the text form.
    pub fn to_text(&self) -> String {
        let hash = hex::encode(key_hash(&self.name, self.kind, raw(&self.key)));
        let key = STANDARD.encode([&[self.kind.byte()], raw(&self.key)].concat());
        format!("{}+{hash}+{key}", self.name)
    }
}

/// Tells whether the key behind a signature counts, as of the signature's own time, or else as of `latest`.
///
/// A signature without a time of its own by a key that was ever revoked counts only where something shows that it is older,
/// which `latest`, the greatest time among the records below it, does as little as for the records themselves.
pub fn counts(vouched: &Vouched, keyring: &Keyring, latest: Option<Moment>) -> Standing {
    let Some(key) = keyring.find(vouched.key) else { return Standing::Unknown };
    match vouched.at.or(latest) {
        // A cosigner says when; whoever holds its key later could say anything, so that a compromise undoes it as well.
        Some(at) => keyring.judge(vouched.key, Purpose::Checkpoint, at),
        None if key.compromised_at.is_some() || key.revoked_at.is_some() => Standing::Revoked,
        None if key.purpose != Purpose::Checkpoint => Standing::WrongPurpose,
        None => Standing::Trusted,
    }
}

#[cfg(test)]
mod tests;
