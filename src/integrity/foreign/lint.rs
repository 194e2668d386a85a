//! What the profile of a format says about its weaknesses, before any data is read.

use std::fmt;

use super::condition::Test;
use super::coverage::{areas, of_case};
use super::expr::{Expr, Glue, Odd};
use super::format::{By, ChainFormat, Hash, KeySource, Layer, LinkValue, SignatureAlgorithm};
use super::mechanism::Mechanism;
use super::pointer::{Pointer, written};
use super::value::Kind;
use crate::integrity::verdict::words;

words! {
    /// A weakness of a format.
    pub enum ChainLintKind {
        /// A member that no hash and no signature covers.
        UncoveredField = "uncovered-field",
        /// Two different records can give the same bytes.
        AmbiguousConcat = "ambiguous-concat",
        /// Whoever can check the code can make one.
        SymmetricKey = "symmetric-key",
        /// The record itself says which key made its signature, and nothing else does.
        EmbeddedKey = "embedded-key",
        /// Nothing signs the layer, so whoever holds the file can make the chain anew.
        Unsigned = "unsigned",
        /// Records carry no number by which a gap shows.
        NoSequence = "no-sequence",
        /// The hash of a record does not cover the link to the one before.
        PrevOutsideHash = "prev-outside-hash",
        /// The signature does not cover the link to the record before.
        SignatureWithoutLink = "signature-without-link",
        /// The next record names this one by its id, which says nothing about its content.
        LinkById = "link-by-id",
        /// Only the next record holds the hash, so that nothing shows a change of the last one.
        TailUncovered = "tail-uncovered",
        /// A new file starts a new chain, so that a missing file leaves no trace.
        RestartsPerFile = "restarts-per-file",
        /// A tree in which a node can pass for a leaf, or two lists share a root.
        WeakMerkle = "weak-merkle",
        /// A number with a fraction is hashed as its emitter's language happens to print it.
        FloatInSigned = "float-in-signed",
        /// A time is hashed in another spelling than it is stored in.
        TimeRespelled = "time-respelled",
    }
}

/// One weakness of one layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainLint {
    /// Which weakness.
    pub kind: ChainLintKind,
    /// Name of the layer; `None` for the whole format.
    pub layer: Option<String>,
    /// The member concerned, as a JSON Pointer.
    pub field: Option<String>,
    /// What it means for whoever relies on the log.
    pub explanation: String,
}

impl fmt::Display for ChainLint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(layer) = &self.layer {
            write!(f, " in `{layer}`")?;
        }
        if let Some(field) = &self.field {
            write!(f, " at `{field}`")?;
        }
        write!(f, ": {}", self.explanation)
    }
}

const ONE_BY_ONE: &str =
    "records are signed one by one and not linked, so that one can be dropped or moved without a trace";

/// Returns the weaknesses of a format, in the order of its layers.
pub(super) fn lints(format: &ChainFormat) -> Vec<ChainLint> {
    let mut lints = Vec::new();
    for (index, layer) in format.layers.iter().enumerate() {
        let mut of_layer = Lints { layer, lints: &mut lints };
        if let Some(mechanism) = &layer.mechanism {
            of_layer.envelopes(mechanism, format.separator.is_none());
            continue;
        }
        of_layer.keys();
        of_layer.chain(format.facts[index].signs_link);
        of_layer.bytes();
    }
    for field in &format.fields {
        if !is_covered(format, field) {
            lints.push(uncovered(field));
        }
    }
    let mut distinct: Vec<ChainLint> = Vec::with_capacity(lints.len());
    for lint in lints {
        if !distinct.contains(&lint) {
            distinct.push(lint);
        }
    }
    distinct
}

fn uncovered(field: &[String]) -> ChainLint {
    ChainLint {
        kind: ChainLintKind::UncoveredField,
        layer: None,
        field: Some(written(field)),
        explanation: "no hash and no signature covers it in every record, so a change of it leaves no trace"
            .to_owned(),
    }
}

/// Tells whether a member of the record is covered. In an envelope, that is not the same as a member of its payload.
fn is_covered(format: &ChainFormat, field: &[String]) -> bool {
    let envelopes = || format.layers.iter().filter_map(|layer| Some((&layer.at, layer.mechanism.as_ref()?)));
    if envelopes().next().is_none() {
        return !format.coverings(field).is_empty();
    }
    envelopes()
        .all(|(at, mechanism)| field.strip_prefix(at.tokens()).is_some_and(|below| mechanism.covers(below)))
}

struct Lints<'a> {
    layer: &'a Layer,
    lints: &'a mut Vec<ChainLint>,
}

impl Lints<'_> {
    fn add(&mut self, kind: ChainLintKind, field: Option<String>, explanation: &str) {
        let layer = Some(self.layer.name.clone());
        self.lints.push(ChainLint { kind, layer, field, explanation: explanation.to_owned() });
    }

    fn at(&self, pointer: &Pointer) -> Option<String> {
        Some(written(&pointer.whole(self.layer.at.tokens())))
    }

    fn envelopes(&mut self, mechanism: &Mechanism, is_json: bool) {
        let layer = self.layer;
        if layer.seq.is_none() {
            self.no_sequence();
        }
        self.add(ChainLintKind::SignatureWithoutLink, None, ONE_BY_ONE);
        // A text has no members beside those of the token.
        for below in mechanism.open_members().iter().filter(|_| is_json) {
            let below = below.iter().map(|token| (*token).to_owned());
            let field: Vec<String> = layer.at.tokens().iter().cloned().chain(below).collect();
            self.lints.push(uncovered(&field));
        }
    }

    fn no_sequence(&mut self) {
        self.add(
            ChainLintKind::NoSequence,
            None,
            "records carry no number, so that only a broken link shows a gap, and nothing shows a missing end",
        );
    }

    fn keys(&mut self) {
        let signatures = || self.layer.cases.iter().filter_map(|case| case.signature.as_ref());
        let symmetric = signatures().any(|signature| signature.algorithm == SignatureAlgorithm::Hmac);
        let embedded = signatures().find_map(|signature| match &signature.key {
            KeySource::Embedded(pointer, _) => self.at(pointer),
            _ => None,
        });
        if signatures().next().is_none() && self.layer.link.is_some() {
            self.add(
                ChainLintKind::Unsigned,
                None,
                "whoever holds the file can make the chain anew after any change; only a head from elsewhere shows it",
            );
        }
        if symmetric {
            self.add(
                ChainLintKind::SymmetricKey,
                None,
                "whoever can check the code can make one; the grade is `mac` at most",
            );
        }
        if embedded.is_some() {
            self.add(
                ChainLintKind::EmbeddedKey,
                embedded,
                "the key stands in the record, where a forger puts another one; only a key of the trust file counts",
            );
        }
    }

    fn chain(&mut self, signs_link: bool) {
        let layer = self.layer;
        let signed = layer.cases.iter().any(|case| case.signature.is_some());
        if layer.seq.is_none() {
            self.no_sequence();
        }
        let Some(link) = &layer.link else {
            if signed {
                self.add(ChainLintKind::SignatureWithoutLink, None, ONE_BY_ONE);
            }
            return;
        };
        let prev = link.prev.whole(layer.at.tokens());
        let hashed = |by: By| by != By::Fixed;
        if !layer.cases.iter().all(|case| of_case(layer, case, &prev).any(hashed)) {
            self.add(
                ChainLintKind::PrevOutsideHash,
                self.at(&link.prev),
                "the hash of a record does not cover the link, so that records can be exchanged along the chain",
            );
        }
        if signed && !signs_link {
            self.add(
                ChainLintKind::SignatureWithoutLink,
                self.at(&link.prev),
                "a signature does not cover the link, so that a signed record does not stand for those before it",
            );
        }
        if let LinkValue::Id(pointer) = &link.value {
            self.add(
                ChainLintKind::LinkById,
                self.at(pointer),
                "the link is an id and not a hash, so that it does not show a change of the record it names",
            );
        }
        if !link.spans_files {
            self.add(
                ChainLintKind::RestartsPerFile,
                None,
                "each file starts a new chain, so that a missing file leaves no trace",
            );
        }
        let unstored = |hash: &Hash| hash.field.is_none();
        let tail = layer
            .cases
            .iter()
            .any(|case| case.signature.is_none() && case.hash.as_ref().is_some_and(unstored));
        if tail {
            self.add(
                ChainLintKind::TailUncovered,
                None,
                "only the next record holds the hash of a record, so that nothing shows a change of the last one",
            );
        }
    }

    fn bytes(&mut self) {
        let layer = self.layer;
        for case in &layer.cases {
            let exprs = case.hash.iter().map(|hash| &hash.over);
            for expr in exprs.chain(case.signature.iter().map(|signature| &signature.over)) {
                self.expr(expr, &case.require);
            }
        }
    }

    fn expr(&mut self, expr: &Expr, require: &[super::condition::Condition]) {
        match expr {
            Expr::Concat(parts, glue) => {
                let open = open_parts(self.layer, require, parts, glue);
                if open.len() > 1 {
                    let names: Vec<String> = open.iter().map(|path| format!("`{}`", written(path))).collect();
                    self.add(
                        ChainLintKind::AmbiguousConcat,
                        Some(written(&open[0])),
                        &format!(
                            "text can move between {} without a change of the bytes, since nothing keeps the separator out of them",
                            names.join(", ")
                        ),
                    );
                }
                parts.iter().for_each(|part| self.expr(part, require));
            }
            Expr::Hash(_, of) | Expr::Encode(of, _) | Expr::Take(of, _) => self.expr(of, require),
            Expr::Each(_, of, _) => self.expr(of, require),
            Expr::Field(field) => {
                if field.form.is_some() {
                    self.respelled(&field.at);
                }
                if field.kind == Kind::Number {
                    self.float(&field.at);
                }
            }
            Expr::Assembled(assembled) => {
                for part in &assembled.members {
                    if let (Some(_), super::expr::From::Field(pointer)) = (part.form, &part.from) {
                        self.respelled(pointer);
                    }
                }
            }
            Expr::Merkle(merkle) => {
                if merkle.leaf.as_ref() == Some(&merkle.node)
                    || merkle.leaf.is_none()
                    || merkle.odd != Odd::Promote
                {
                    let at = self.at(&merkle.items);
                    self.add(
                        ChainLintKind::WeakMerkle,
                        at,
                        "a node can pass for a leaf, or two different lists share a root",
                    );
                }
                self.expr(&merkle.of, require);
            }
            Expr::Line
            | Expr::Before(_)
            | Expr::Raw(_)
            | Expr::Literal(_)
            | Expr::Decode(..)
            | Expr::Number(..)
            | Expr::Json(_) => {}
        }
    }

    fn respelled(&mut self, pointer: &Pointer) {
        let at = self.at(pointer);
        self.add(
            ChainLintKind::TimeRespelled,
            at,
            "the moment is hashed, and not the text; another spelling of the same moment leaves no trace",
        );
    }

    fn float(&mut self, pointer: &Pointer) {
        let at = self.at(pointer);
        self.add(
            ChainLintKind::FloatInSigned,
            at,
            "a number with a fraction is hashed as it is spelled; other software may spell it otherwise",
        );
    }
}

/// Returns the values of a concatenation between which text could move, where there are two or more of them.
pub(super) fn open_parts(
    layer: &Layer,
    require: &[super::condition::Condition],
    parts: &[Expr],
    glue: &Glue,
) -> Vec<Vec<String>> {
    if matches!(glue, Glue::Frame(_)) {
        return Vec::new();
    }
    let separator = glue.separator();
    let at = layer.at.tokens();
    let open: Vec<Vec<String>> = parts
        .iter()
        .filter(|part| !closed(layer, require, part, &separator))
        .map(|part| areas(part, at).into_iter().next().map_or_else(Vec::new, |area| area.path))
        .collect();
    if open.len() > 1 { open } else { Vec::new() }
}

/// Tells whether a part has one length, or cannot hold the separator.
fn closed(layer: &Layer, require: &[super::condition::Condition], part: &Expr, separator: &str) -> bool {
    let is_link = |pointer: &Pointer| layer.link.as_ref().is_some_and(|link| link.prev == *pointer);
    let without = |pointer: &Pointer| {
        layer.require.iter().chain(require).any(|condition| {
            condition.field == *pointer
                && !separator.is_empty()
                && match &condition.test {
                    Test::Without(text) => text == separator,
                    Test::Is(kind) => {
                        matches!(kind, Kind::Integer | Kind::Boolean) && !separator.contains(alphanumeric)
                    }
                    Test::Equals(_) => true,
                    _ => false,
                }
        })
    };
    match part {
        Expr::Literal(_) | Expr::Hash(..) | Expr::Take(..) | Expr::Number(..) | Expr::Merkle(_) => true,
        Expr::Encode(of, _) => matches!(**of, Expr::Hash(..) | Expr::Take(..)),
        Expr::Decode(pointer, _, length) => length.is_some() || is_link(pointer),
        Expr::Field(field) => {
            let number = matches!(field.kind, Kind::Integer | Kind::Boolean)
                || layer.seq.as_ref().is_some_and(|seq| seq.field == field.at);
            // A record whose time does not read as one is at fault already.
            let time = field.form.is_some() || layer.time.as_ref().is_some_and(|time| time.field == field.at);
            let plain = !separator.is_empty() && !separator.contains(alphanumeric);
            // A time is made of digits, letters, and `+-:.`; a link of what its encoding gives, or of a genesis word.
            let fixed = time || is_link(&field.at);
            // Nothing lies between the parts, and the link has the one length of its encoding.
            (separator.is_empty() && is_link(&field.at))
                || (plain && (number || (fixed && !separator.contains(['+', '-', ':', '.']))))
                || without(&field.at)
        }
        // A JSON value ends by its own grammar, whatever follows.
        Expr::Raw(_) | Expr::Json(_) | Expr::Assembled(_) => {
            !separator.is_empty() && separator.chars().all(char::is_control)
        }
        Expr::Line | Expr::Before(_) | Expr::Concat(..) | Expr::Each(..) => false,
    }
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}
