//! Byte expressions: the closed set of ways in which a profile says what is hashed or signed.
//!
//! An expression reads the record and nothing else. It has no variables, no loops beyond the items of an array, and no way to
//! ask for a clock or a file, so evaluation ends, in time that the record's length bounds.

use super::encoding::Encoding;
use super::hash::HashAlgorithm;
use super::pointer::Pointer;
use super::value::{Fault, Kind, Place, View, wrong_kind};
use crate::integrity::canon::Canon;
use crate::integrity::canon::time::TimeForm;
use crate::integrity::tree::{Node, Pointer as Path};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;

/// A byte expression.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Expr {
    /// The record's own bytes, without a line end.
    Line,
    /// The exact source slice of a value.
    Raw(Pointer),
    /// The text of a string, or the spelling of a number or a truth value.
    Field(Field),
    /// Fixed bytes.
    Literal(Vec<u8>),
    /// The bytes that a string encodes; where a length is given, so many.
    Decode(Pointer, Encoding, Option<usize>),
    /// An integer as big-endian bytes.
    Number(Pointer, Width),
    /// A hash.
    Hash(HashAlgorithm, Box<Expr>),
    /// The text of bytes.
    Encode(Box<Expr>, Encoding),
    /// The first bytes only.
    Take(Box<Expr>, usize),
    /// Several, one after the other.
    Concat(Vec<Expr>, Glue),
    /// A value as a canonicaliser writes it, some of it left out or replaced.
    Json(Json),
    /// An object or an array that is assembled from values.
    Assembled(Assembled),
    /// One expression for each item of an array, which it sees as its selected value.
    Each(Pointer, Box<Expr>, Glue),
    /// The root of a Merkle tree over the items of an array.
    Merkle(Merkle),
}

/// The text of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    /// The value.
    pub at: Pointer,
    /// Its type; another one is a fault, since `5` and `"5"` would give the same bytes.
    pub kind: Kind,
    /// What stands for an absent value; `None` makes it a fault.
    pub absent: Option<String>,
    /// What stands for null; `None` makes it a fault.
    pub null: Option<String>,
    /// How a time is spelled where it is hashed.
    pub form: Option<TimeForm>,
}

/// How an integer is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    /// Four bytes, big-endian.
    U32,
    /// Eight bytes, big-endian.
    U64,
}

/// What keeps parts apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Glue {
    /// A text between two parts, and one after each.
    Text {
        /// Between.
        between: String,
        /// After each, the last included.
        after: String,
    },
    /// The length of a part, before it.
    Frame(Width),
}

/// A value of the record as a canonicaliser writes it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Json {
    /// The value.
    pub at: Pointer,
    /// The canonicaliser.
    pub canon: Canon,
    /// Values below it that are left out.
    pub drop: Vec<Path>,
    /// Values below it that are replaced, and by what.
    pub set: Vec<(Path, super::condition::Scalar)>,
}

/// An object or an array made of values of the record.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Assembled {
    /// True for an object, false for an array.
    pub object: bool,
    /// Members in their order; the names of an array's items mean nothing.
    pub members: Vec<Part>,
    /// The canonicaliser.
    pub canon: Canon,
}

/// A member of an assembled object, or an item of an assembled array.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Part {
    /// Its name.
    pub name: String,
    /// Its value.
    pub from: From,
    /// What becomes of an absent one.
    pub absent: Absent,
    /// How a time is spelled where it is hashed.
    pub form: Option<TimeForm>,
}

/// Where a part comes from.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum From {
    /// A value of the record.
    Field(Pointer),
    /// A constant.
    Constant(super::condition::Scalar),
}

/// What becomes of an absent part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Absent {
    /// The record is at fault.
    Fault,
    /// The member is left out.
    Omit,
    /// Its value is null.
    Null,
}

/// A Merkle tree.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Merkle {
    /// The array.
    pub items: Pointer,
    /// The leaf's bytes, from the item as selected value.
    pub of: Box<Expr>,
    /// Before the bytes of a leaf that is hashed; `None` where the bytes are the leaf.
    pub leaf: Option<Vec<u8>>,
    /// Before the bytes of a node.
    pub node: Vec<u8>,
    /// True where the hex texts of two nodes are hashed, and not their bytes.
    pub as_text: bool,
    /// What becomes of a last node without a neighbour.
    pub odd: Odd,
    /// The hash function.
    pub algorithm: HashAlgorithm,
}

/// What becomes of a last node without a neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Odd {
    /// It moves up as it is.
    Promote,
    /// It is its own neighbour.
    Duplicate,
    /// The leaves are filled up with zeros to a power of two.
    PadZero,
}

impl Expr {
    /// Returns the bytes for a record.
    ///
    /// # Errors
    ///
    /// When the record lacks a value, or holds another than the profile says.
    pub(super) fn bytes(&self, view: &View<'_>) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.write(view, &mut out)?;
        Ok(out)
    }

    fn write(&self, view: &View<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Line => out.extend_from_slice(view.line.as_bytes()),
            Self::Raw(at) => {
                let raw = view.need(at)?.raw().ok_or_else(|| malformed(format!("`{at}` has no bytes")))?;
                out.extend_from_slice(raw.as_bytes());
            }
            Self::Field(field) => out.extend_from_slice(field.text(view)?.as_bytes()),
            Self::Literal(bytes) => out.extend_from_slice(bytes),
            Self::Decode(at, encoding, length) => {
                let text = view.text(at)?;
                let bytes = encoding.decode(text).ok_or_else(|| undecoded(at, text))?;
                if let Some(length) = length.filter(|length| *length != bytes.len()) {
                    return Err(malformed(format!("expected {length} bytes at `{at}`, found {}", bytes.len())));
                }
                out.extend_from_slice(&bytes);
            }
            Self::Number(at, width) => {
                let place = view.need(at)?;
                let number = place.integer().ok_or_else(|| wrong_kind(at, "an unsigned integer", place))?;
                out.extend_from_slice(&width.bytes(number).ok_or_else(|| {
                    (
                        BreakKind::UnsafeNumber,
                        format!("expected an integer of 32 bits at `{at}`, found `{number}`"),
                    )
                })?);
            }
            Self::Hash(algorithm, of) => out.extend(algorithm.of(&of.bytes(view)?)),
            Self::Encode(of, encoding) => {
                let text = encoding
                    .encode(&of.bytes(view)?)
                    .ok_or_else(|| malformed("expected bytes that are UTF-8 text".to_owned()))?;
                out.extend_from_slice(text.as_bytes());
            }
            Self::Take(of, first) => {
                let bytes = of.bytes(view)?;
                let taken = bytes.get(..*first).ok_or_else(|| {
                    malformed(format!("expected at least {first} bytes, found {}", bytes.len()))
                })?;
                out.extend_from_slice(taken);
            }
            Self::Concat(parts, glue) => {
                for (n, part) in parts.iter().enumerate() {
                    glue.join(n == 0, &part.bytes(view)?, out)?;
                }
            }
            Self::Json(json) => json.write(view, out)?,
            Self::Assembled(assembled) => assembled.write(view, out)?,
            Self::Each(at, of, glue) => {
                for (n, item) in items(view, at)?.iter().enumerate() {
                    let bytes = of.bytes(&View { selected: Place::Node(item), ..*view })?;
                    glue.join(n == 0, &bytes, out)?;
                }
            }
            Self::Merkle(merkle) => out.extend(merkle.root(view)?),
        }
        Ok(())
    }
}

impl Field {
    fn text(&self, view: &View<'_>) -> Result<String, Fault> {
        let Some(place) = view.at(&self.at) else {
            let absent = || malformed(format!("`{}` is absent", self.at));
            return self.absent.clone().ok_or_else(absent);
        };
        if let (Kind::Null, Some(null)) = (place.kind(), &self.null) {
            return Ok(null.clone());
        }
        let expected = || wrong_kind(&self.at, &format!("a value of type {}", self.kind.word()), place);
        if !place.is(self.kind) {
            return Err(expected());
        }
        let text = match self.kind {
            Kind::String => place.text(),
            Kind::Integer if place.raw() == Some("-0") => {
                return Err((
                    BreakKind::UnsafeNumber,
                    format!("expected an integer at `{}`, found `-0`", self.at),
                ));
            }
            _ => place.raw(),
        }
        .ok_or_else(expected)?;
        respelled(text, self.form, &self.at)
    }
}

fn respelled(text: &str, form: Option<TimeForm>, at: &Pointer) -> Result<String, Fault> {
    match form {
        None => Ok(text.to_owned()),
        Some(form) => {
            form.rewrite(text).map_err(|error| malformed(format!("`{}` at `{at}`: {error}", shown(text))))
        }
    }
}

impl Width {
    fn bytes(self, number: u64) -> Option<Vec<u8>> {
        Some(match self {
            Self::U32 => u32::try_from(number).ok()?.to_be_bytes().to_vec(),
            Self::U64 => number.to_be_bytes().to_vec(),
        })
    }
}

impl Glue {
    /// Returns the text that stands between two parts; empty for frames too.
    pub(super) fn separator(&self) -> String {
        match self {
            Self::Text { between, after } => format!("{after}{between}"),
            Self::Frame(_) => String::new(),
        }
    }

    fn join(&self, first: bool, part: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Text { between, after } => {
                if !first {
                    out.extend_from_slice(between.as_bytes());
                }
                out.extend_from_slice(part);
                out.extend_from_slice(after.as_bytes());
            }
            Self::Frame(width) => {
                let length = u64::try_from(part.len()).ok().and_then(|length| width.bytes(length));
                let length = length.ok_or_else(|| {
                    (BreakKind::Oversize, format!("a part of {} bytes does not fit its frame", part.len()))
                })?;
                out.extend_from_slice(&length);
                out.extend_from_slice(part);
            }
        }
        Ok(())
    }
}

impl Json {
    fn write(&self, view: &View<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let Place::Node(node) = view.need(&self.at)? else {
            return Err(malformed("expected JSON, found a line of text".to_owned()));
        };
        if self.drop.is_empty() && self.set.is_empty() {
            return canonical(self.canon, node, out);
        }
        let mut node = node.clone();
        for path in &self.drop {
            node.drop_at(path);
        }
        for (path, value) in &self.set {
            if !node.set_at(path, constant(value)) {
                return Err(malformed(format!("`{}{}` has no place to stand", self.at, path.to_text())));
            }
        }
        canonical(self.canon, &node, out)
    }
}

impl Assembled {
    fn write(&self, view: &View<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut members: Vec<(&str, Option<Node<'_>>)> = Vec::with_capacity(self.members.len());
        for part in &self.members {
            members.push((&part.name, part.node(view)?));
        }
        let node = if self.object {
            Node::object(members)
        } else {
            Node::array(members.into_iter().filter_map(|(_, node)| node).collect())
        };
        canonical(self.canon, &node, out)
    }
}

impl Part {
    fn node<'v>(&'v self, view: &View<'v>) -> Result<Option<Node<'v>>, Fault> {
        let at = match &self.from {
            From::Constant(scalar) => return Ok(Some(constant(scalar))),
            From::Field(at) => at,
        };
        match (view.at(at), self.form) {
            (Some(Place::Node(node)), Some(form)) if !node.is_null() => {
                let text = node.text().ok_or_else(|| wrong_kind(at, "a time", Place::Node(node)))?;
                Ok(Some(Node::of_text(respelled(text, Some(form), at)?)))
            }
            (Some(Place::Node(node)), _) => Ok(Some(node.clone())),
            (Some(Place::Field(text)), form) => Ok(Some(Node::of_text(respelled(text, form, at)?))),
            (Some(place), _) => Err(wrong_kind(at, "a value", place)),
            (None, _) => match self.absent {
                Absent::Fault => Err(malformed(format!("`{at}` is absent"))),
                Absent::Omit => Ok(None),
                Absent::Null => Ok(Some(Node::null())),
            },
        }
    }
}

impl Merkle {
    fn root(&self, view: &View<'_>) -> Result<Vec<u8>, Fault> {
        let mut level = Vec::new();
        for item in items(view, &self.items)? {
            let bytes = self.of.bytes(&View { selected: Place::Node(item), ..*view })?;
            level.push(match &self.leaf {
                None => bytes,
                Some(prefix) => self.algorithm.of(&[prefix.as_slice(), &bytes].concat()),
            });
        }
        let Some(width) = level.first().map(Vec::len) else {
            return Err(malformed(format!("expected items at `{}`, found none", self.items)));
        };
        if self.odd == Odd::PadZero {
            level.resize(level.len().next_power_of_two(), vec![0; width]);
        }
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match (pair, self.odd) {
                    ([left, right], _) => self.pair(left, right),
                    ([left], Odd::Duplicate) => self.pair(left, left),
                    (rest, _) => rest.concat(),
                })
                .collect();
        }
        Ok(level.swap_remove(0))
    }

    fn pair(&self, left: &[u8], right: &[u8]) -> Vec<u8> {
        let mut bytes = self.node.clone();
        for side in [left, right] {
            if self.as_text {
                bytes.extend_from_slice(hex::encode(side).as_bytes());
            } else {
                bytes.extend_from_slice(side);
            }
        }
        self.algorithm.of(&bytes)
    }
}

fn items<'v>(view: &View<'v>, at: &Pointer) -> Result<&'v [Node<'v>], Fault> {
    let place = view.need(at)?;
    match place {
        Place::Node(node) => node.items(),
        _ => None,
    }
    .ok_or_else(|| wrong_kind(at, "an array", place))
}

fn constant(scalar: &super::condition::Scalar) -> Node<'_> {
    match scalar {
        super::condition::Scalar::Text(text) => Node::of_text(text.as_str()),
        super::condition::Scalar::Int(number) => Node::of_integer(*number),
        super::condition::Scalar::Flag(flag) => Node::truth(*flag),
    }
}

fn canonical(canon: Canon, node: &Node<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    canon.write(node, out).map_err(|error| (error.break_kind(), error.to_string()))
}

fn malformed(what: String) -> Fault {
    (BreakKind::Malformed, what)
}

fn undecoded(at: &Pointer, text: &str) -> Fault {
    malformed(format!("`{}` at `{at}` is not encoded as the profile says", shown(text)))
}
