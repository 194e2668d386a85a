//! A record as the expressions of a profile see it: JSON, or a line of text fields.

use crate::integrity::foreign::pointer::Pointer;
use crate::integrity::tree::{Node, Pointer as Path, Value};
use crate::integrity::verdict::BreakKind;

/// What is wrong with a record, with the facts as a fragment.
pub(super) type Fault = (BreakKind, String);

/// Ends the index of a field of a line that stands for it and all after it, as in `/6..`.
pub(super) const REST: &str = "..";

/// A value in a record.
#[derive(Clone, Copy)]
pub(super) enum Place<'v> {
    /// A JSON value.
    Node(&'v Node<'v>),
    /// A line and its fields.
    Fields(&'v str, &'v [&'v str]),
    /// One field of a line.
    Field(&'v str),
}

/// The types that a profile can ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// A string, or a field of a line.
    String,
    /// A number without fraction and exponent.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// Words of the types.
    pub(super) const WORDS: [&str; 7] = ["string", "integer", "number", "boolean", "null", "array", "object"];

    /// Returns the type of a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "null" => Self::Null,
            "array" => Self::Array,
            "object" => Self::Object,
            _ => return None,
        })
    }

    /// Returns the word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Null => "null",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl<'v> Place<'v> {
    /// Returns the value at `path` below this one.
    pub(super) fn find(self, path: &Path) -> Option<Self> {
        match (self, path.tokens()) {
            (_, []) => Some(self),
            (Self::Node(node), _) => node.find(path).map(Self::Node),
            (Self::Fields(line, fields), [index]) => match index.strip_suffix(REST) {
                None => fields.get(decimal(index)?).copied().map(Self::Field),
                Some(first) => rest(line, fields, decimal(first)?).map(Self::Field),
            },
            (Self::Fields(..) | Self::Field(_), _) => None,
        }
    }

    /// Returns its exact source text.
    pub(super) fn raw(self) -> Option<&'v str> {
        match self {
            Self::Node(node) => node.raw(),
            Self::Fields(text, _) | Self::Field(text) => Some(text),
        }
    }

    /// Returns its text, where it is a string or a field.
    pub(super) fn text(self) -> Option<&'v str> {
        match self {
            Self::Node(node) => node.text(),
            Self::Fields(..) => None,
            Self::Field(text) => Some(text),
        }
    }

    /// Returns the unsigned integer that it is, in its only spelling.
    pub(super) fn integer(self) -> Option<u64> {
        let text = match self {
            Self::Node(node) => node.number()?.text(),
            Self::Fields(..) => return None,
            Self::Field(text) => text,
        };
        let number: u64 = text.parse().ok()?;
        (number.to_string() == text).then_some(number)
    }

    /// Returns its type.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Fields(..) => Kind::Array,
            Self::Field(_) => Kind::String,
            Self::Node(node) => match node.value() {
                Value::Null => Kind::Null,
                Value::Bool(_) => Kind::Boolean,
                Value::Number(number) if number.text().contains(['.', 'e', 'E']) => Kind::Number,
                Value::Number(_) => Kind::Integer,
                Value::Text(_) => Kind::String,
                Value::Array(_) => Kind::Array,
                Value::Object(_) | Value::Verbatim(_) => Kind::Object,
            },
        }
    }

    /// Tells whether it is of a type; an integer is a number too.
    pub(super) fn is(self, kind: Kind) -> bool {
        self.kind() == kind || (kind == Kind::Number && self.kind() == Kind::Integer)
    }
}

/// Returns the line from one field on.
fn rest<'v>(line: &'v str, fields: &[&'v str], first: usize) -> Option<&'v str> {
    let field = fields.get(first)?;
    line.get(field.as_ptr().addr() - line.as_ptr().addr()..)
}

fn decimal(token: &str) -> Option<usize> {
    let index: usize = token.parse().ok()?;
    (index.to_string() == token).then_some(index)
}

/// A record and the value in it that a layer selects.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    /// The record's own text.
    pub line: &'v str,
    /// The whole record.
    pub record: Place<'v>,
    /// What pointers start from.
    pub selected: Place<'v>,
}

impl<'v> View<'v> {
    /// Returns the value at a pointer.
    pub(super) fn at(&self, pointer: &Pointer) -> Option<Place<'v>> {
        let start = if pointer.record { self.record } else { self.selected };
        start.find(&pointer.path)
    }

    /// Returns the string at a pointer.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(super) fn text(&self, pointer: &Pointer) -> Result<&'v str, Fault> {
        let place = self.need(pointer)?;
        place.text().ok_or_else(|| wrong_kind(pointer, "a string", place))
    }

    /// Returns the value at a pointer, which must be there.
    ///
    /// # Errors
    ///
    /// When it is absent.
    pub(super) fn need(&self, pointer: &Pointer) -> Result<Place<'v>, Fault> {
        self.at(pointer).ok_or_else(|| (BreakKind::Malformed, format!("`{pointer}` is absent")))
    }
}

/// Returns the fault that something else was expected at a pointer.
pub(super) fn wrong_kind(pointer: &Pointer, expected: &str, found: Place<'_>) -> Fault {
    (BreakKind::Malformed, format!("expected {expected} at `{pointer}`, found {}", article(found.kind())))
}

fn article(kind: Kind) -> String {
    match kind {
        Kind::Null => "null".to_owned(),
        Kind::Integer | Kind::Array | Kind::Object => format!("an {}", kind.word()),
        _ => format!("a {}", kind.word()),
    }
}
