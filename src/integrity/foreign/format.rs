//! A compiled chain profile, and its parts.

use std::collections::BTreeSet;

use super::condition::{Condition, Pattern};
use super::encoding::Encoding;
use super::expr::Expr;
use super::hash::HashAlgorithm;
use super::lint::{self, ChainLint, ChainLintKind};
use super::mechanism::Mechanism;
use super::pointer::{Pointer, written};
use super::seen::{LayerFacts, Signed};
use super::stamp::TimeFormat;
use super::{coverage, load};
use crate::digest::Digest;
use crate::integrity::foreign::ChainError;
use crate::integrity::signature::Algorithm;
use crate::source::framing::Framing;

/// A compiled chain profile: one format with one or more layers.
///
/// Only [`ChainFormat::parse`] builds one, so whatever holds one has a profile that says something coherent.
#[derive(Debug)]
pub struct ChainFormat {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) product: String,
    pub(super) product_versions: Option<String>,
    pub(super) digest: Digest,
    pub(super) framing: Framing,
    /// What separates the fields of a line, where the records are no JSON.
    pub(super) separator: Option<String>,
    pub(super) max_record: usize,
    pub(super) recognise: Vec<Recognise>,
    pub(super) layers: Vec<Layer>,
    pub(super) facts: Vec<LayerFacts>,
    pub(super) lints: Vec<ChainLint>,
    /// Members that the product is known to write.
    pub(super) fields: Vec<Vec<String>>,
}

/// One shape of record by which a format is known.
#[derive(Debug)]
pub(super) struct Recognise {
    pub conditions: Vec<Condition>,
}

/// One chain construction.
#[derive(Debug)]
pub(super) struct Layer {
    pub name: String,
    /// Records it is for; pointers from the record on.
    pub conditions: Vec<Condition>,
    /// The value it selects.
    pub at: crate::integrity::tree::Pointer,
    /// True where the selected value may be a string that holds JSON.
    pub embedded: bool,
    /// The envelope that the selected value is; what it holds is what the rest of the layer sees.
    pub mechanism: Option<Mechanism>,
    pub chain_key: Vec<Pointer>,
    pub seq: Option<Sequence>,
    pub time: Option<Time>,
    pub ids: Vec<Pointer>,
    pub require: Vec<Condition>,
    pub link: Option<Link>,
    /// At least one; the first whose conditions hold is taken.
    pub cases: Vec<Case>,
    pub terminals: Vec<TerminalRule>,
}

/// Sequence numbers.
#[derive(Debug)]
pub(super) struct Sequence {
    pub field: Pointer,
    pub start: u64,
    pub step: u64,
}

/// The time of a record.
#[derive(Debug)]
pub(super) struct Time {
    pub field: Pointer,
    pub format: TimeFormat,
    pub monotonic: bool,
}

/// How records link.
#[derive(Debug)]
pub(super) struct Link {
    pub prev: Pointer,
    pub encodings: Vec<Encoding>,
    pub value: LinkValue,
    pub genesis: Vec<Genesis>,
    pub spans_files: bool,
}

/// The value by which the next record names this one.
#[derive(Debug)]
pub(super) enum LinkValue {
    /// The hash that is computed.
    Computed,
    /// The stored copy of the hash.
    Stored,
    /// An identifier: it says which record, not what was in it.
    Id(Pointer),
    /// A keyed code, checked as the record's signature.
    Code,
}

/// A form of the link that only a first record has.
#[derive(Debug)]
pub(super) struct Genesis {
    pub conditions: Vec<Condition>,
    pub form: GenesisForm,
}

#[derive(Debug)]
pub(super) enum GenesisForm {
    /// This text.
    Text(String),
    /// A text that the pattern fits.
    Matches(Pattern),
    /// JSON null.
    Null,
    /// No member.
    Absent,
    /// The text of what an expression gives.
    Computed(Expr, Encoding),
}

/// What is hashed and signed in some of a layer's records.
#[derive(Debug)]
pub(super) struct Case {
    pub conditions: Vec<Condition>,
    pub require: Vec<Condition>,
    pub hash: Option<Hash>,
    pub signature: Option<Signature>,
}

/// A hash of the record.
#[derive(Debug)]
pub(super) struct Hash {
    pub algorithm: HashAlgorithm,
    pub over: Expr,
    pub field: Option<Pointer>,
    pub encodings: Vec<Encoding>,
}

/// A signature of the record.
#[derive(Debug)]
pub(super) struct Signature {
    pub algorithm: SignatureAlgorithm,
    pub over: Expr,
    pub field: Pointer,
    pub encodings: Vec<Encoding>,
    pub key: KeySource,
    /// Records that are signed.
    pub when: Vec<Condition>,
    /// Any of these marks one of them that the product leaves unsigned.
    pub unsigned: Vec<Condition>,
}

/// What makes a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SignatureAlgorithm {
    /// A key pair.
    Asymmetric(Algorithm),
    /// HMAC-SHA256 with a shared key.
    Hmac,
}

/// How a record names the key that signed it.
#[derive(Debug)]
pub(super) enum KeySource {
    /// It holds the key.
    Embedded(Pointer, Vec<Encoding>),
    /// It holds a name for it.
    Name(Pointer),
    /// It holds the SHA-256 of the raw key.
    Fingerprint(Pointer, Vec<Encoding>),
    /// Not at all.
    Unnamed,
}

/// What a record says of the end of a chain.
#[derive(Debug)]
pub(super) struct TerminalRule {
    pub conditions: Vec<Condition>,
    pub last: bool,
    pub count: Option<(Pointer, u64)>,
    pub seq: Option<Pointer>,
    pub head: Option<(Pointer, Vec<Encoding>)>,
    /// Index of a layer, and what its chain is called here.
    pub of: Option<(usize, Vec<Pointer>)>,
}

/// How a layer covers a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum By {
    /// A signature is made over it, directly or through a hash that stands in the record.
    Signature,
    /// As a signature, with a shared key.
    Mac,
    /// A hash that stands in the record is made over it.
    Hash,
    /// A hash is made over it that only the next record holds, so that nothing covers it in a last record.
    NextRecord,
    /// The profile allows one value only, or compares it with what it computes.
    Fixed,
}

/// One layer that covers a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Covering {
    /// Index of the layer.
    pub layer: usize,
    /// How.
    pub by: By,
}

impl Layer {
    /// Returns what is known of a layer of envelopes: each is signed by itself, all that it holds is covered, and nothing links.
    fn facts_of_envelopes(&self) -> LayerFacts {
        LayerFacts {
            name: self.name.clone(),
            linked: false,
            binds: false,
            links_lines: false,
            sequenced: self.seq.is_some(),
            start: self.seq.as_ref().map_or(0, |seq| seq.start),
            step: self.seq.as_ref().map_or(1, |seq| seq.step),
            // Numbers are of the log, wherever its records lie.
            spans_files: self.seq.is_some(),
            signed: Signed::Each,
            signs_link: false,
            signs_place: self.seq.as_ref().is_some_and(|seq| !seq.field.record),
            signs_record: true,
            symmetric: false,
            time_covered: self.time.is_some(),
            within: Vec::new(),
        }
    }
}

impl Signature {
    /// Tells whether every record of the case is signed.
    pub(super) fn is_unconditional(&self) -> bool {
        self.when.is_empty() && self.unsigned.is_empty()
    }
}

impl ChainFormat {
    /// Compiles the text of a chain profile; `id` is the name of its file without `.toml`.
    ///
    /// # Errors
    ///
    /// [`ChainError::Invalid`] with line and column for whatever the language does not know, and for a profile that says
    /// nothing coherent.
    pub fn parse(id: &str, text: &str) -> Result<Self, ChainError> {
        Self::parse_file(&format!("chains/{id}.toml"), id, text)
    }

    /// Compiles the text of a chain profile that lies at `file`, which messages name.
    ///
    /// # Errors
    ///
    /// As [`ChainFormat::parse`].
    pub fn parse_file(file: &str, id: &str, text: &str) -> Result<Self, ChainError> {
        let mut format = load::format(file, id, text)?;
        format.facts = (0..format.layers.len()).map(|index| format.facts_of(index)).collect();
        format.lints = lint::lints(&format);
        Ok(format)
    }

    /// Returns the id, which is the file's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the version of the profile.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the product whose logs it describes.
    pub fn product(&self) -> &str {
        &self.product
    }

    /// Returns the versions of the product that were looked at.
    pub fn product_versions(&self) -> Option<&str> {
        self.product_versions.as_deref()
    }

    /// Returns the SHA-256 of the profile's text.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Returns how records lie in an object.
    pub fn framing(&self) -> Framing {
        self.framing.clone()
    }

    /// Tells whether records are lines of text fields, and not JSON.
    pub fn is_text(&self) -> bool {
        self.separator.is_some()
    }

    /// Returns the longest record in bytes.
    pub fn max_record(&self) -> usize {
        self.max_record
    }

    /// Returns what is known of each layer before any data is read.
    pub fn layers(&self) -> &[LayerFacts] {
        &self.facts
    }

    /// Returns the word of the envelope that the records of a layer are, where they are one.
    pub fn envelope(&self, layer: usize) -> Option<&'static str> {
        self.layers[layer].mechanism.as_ref().map(|mechanism| mechanism.kind.word())
    }

    /// Tells whether the times of a layer never fall within a chain.
    pub fn monotonic(&self, layer: usize) -> bool {
        self.layers[layer].time.as_ref().is_some_and(|time| time.monotonic)
    }

    /// Returns what a reader of its logs should know, found in the profile alone.
    pub fn lints(&self) -> &[ChainLint] {
        &self.lints
    }

    /// Returns what the format cannot show, apart from the fields that it leaves uncovered, which each log lists.
    pub fn limits(&self) -> Vec<ChainLintKind> {
        let kinds = self.lints.iter().map(|lint| lint.kind);
        let kinds: BTreeSet<ChainLintKind> =
            kinds.filter(|kind| *kind != ChainLintKind::UncoveredField).collect();
        kinds.into_iter().collect()
    }

    /// Returns the members that the product is known to write, as JSON Pointers.
    pub fn fields(&self) -> Vec<String> {
        self.fields.iter().map(|field| written(field)).collect()
    }

    /// Returns the layers that cover the value at a JSON Pointer of a record, whatever else the record says; `None` where
    /// none does. `*` stands for any array index. Of a format of envelopes, pointers start at the payload.
    pub fn covers(&self, pointer: &str) -> Option<Vec<Covering>> {
        let path = crate::integrity::tree::Pointer::parse(pointer).ok()?;
        let coverings = self.coverings(path.tokens());
        (!coverings.is_empty()).then_some(coverings)
    }

    /// Tells whether a change of the value at a JSON Pointer of a record shows, whatever else the record says: some layer
    /// covers it, and not only by a hash that can be made anew beside the signature that the record stands by.
    pub fn protects(&self, pointer: &str) -> bool {
        let Ok(path) = crate::integrity::tree::Pointer::parse(pointer) else { return false };
        self.layers.iter().any(|layer| coverage::protects(layer, path.tokens()))
    }

    pub(super) fn coverings(&self, path: &[String]) -> Vec<Covering> {
        let mut coverings: Vec<Covering> = self
            .layers
            .iter()
            .enumerate()
            .filter_map(|(index, layer)| {
                Some(Covering { layer: index, by: coverage::of_layer(layer, path)? })
            })
            .collect();
        coverings.sort();
        coverings
    }

    fn facts_of(&self, index: usize) -> LayerFacts {
        let layer = &self.layers[index];
        if layer.mechanism.is_some() {
            return layer.facts_of_envelopes();
        }
        let signing = layer.cases.iter().filter_map(|case| case.signature.as_ref());
        let signed = if signing.clone().next().is_none() {
            Signed::Never
        } else if layer
            .cases
            .iter()
            .all(|case| case.signature.as_ref().is_some_and(Signature::is_unconditional))
        {
            Signed::Each
        } else {
            Signed::Some
        };
        let at = layer.at.tokens();
        let prev = layer.link.as_ref().map(|link| link.prev.whole(at));
        let signs = |path: &[String]| {
            let mut signing = layer.cases.iter().filter(|case| case.signature.is_some());
            signing.all(|case| coverage::signed(layer, case, path).is_some())
        };
        let seq = layer.seq.as_ref().map(|seq| seq.field.whole(at));
        let time = layer.time.as_ref().map(|time| time.field.whole(at));
        LayerFacts {
            name: layer.name.clone(),
            linked: layer.link.is_some(),
            binds: coverage::binds(layer),
            links_lines: coverage::links_lines(layer),
            sequenced: layer.seq.is_some(),
            start: layer.seq.as_ref().map_or(0, |seq| seq.start),
            step: layer.seq.as_ref().map_or(1, |seq| seq.step),
            spans_files: layer.link.as_ref().is_some_and(|link| link.spans_files),
            signed,
            signs_link: signed != Signed::Never && prev.as_ref().is_some_and(|prev| signs(prev)),
            signs_place: signed != Signed::Never && prev.or(seq).is_some_and(|place| signs(&place)),
            signs_record: coverage::signs_record(layer),
            symmetric: signing.clone().any(|signature| signature.algorithm == SignatureAlgorithm::Hmac),
            time_covered: time.is_some_and(|time| coverage::of_layer(layer, &time).is_some()),
            within: coverage::within(&self.layers, index),
        }
    }
}
