//! Conditions: which records a layer or a case is for, and what a record must say.

use regex::Regex;

use super::encoding::Encoding;
use super::expr::Expr;
use super::pointer::Pointer;
use super::value::{Fault, Kind, Place, View};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;

/// One test of one value.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Condition {
    /// The value.
    pub field: Pointer,
    /// What is asked of it.
    pub test: Test,
}

/// What can be asked of a value. An absent value fails all but `Present(false)` and `Without`.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Test {
    /// It is this value.
    Equals(Scalar),
    /// It is one of these.
    OneOf(Vec<Scalar>),
    /// It is there, or it is not.
    Present(bool),
    /// It has a type.
    Is(Kind),
    /// It is a string that a pattern fits.
    Matches(Pattern),
    /// It is the same string or number as another one.
    Same(Pointer),
    /// It does not hold this text.
    Without(String),
    /// It is the text of what an expression gives.
    Computed(Box<Expr>, Encoding),
}

/// A constant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Scalar {
    /// A string.
    Text(String),
    /// An integer.
    Int(i64),
    /// A truth value.
    Flag(bool),
}

/// A pattern that is equal to another one of the same text.
#[derive(Clone, Debug)]
pub(super) struct Pattern(pub Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Scalar {
    fn is(&self, place: Place<'_>) -> bool {
        match (self, place) {
            (Self::Text(text), _) => place.text() == Some(text),
            (Self::Int(number), Place::Node(node)) => {
                node.number().is_some_and(|found| found.text() == number.to_string())
            }
            (Self::Flag(flag), Place::Node(node)) => node.boolean() == Some(*flag),
            (Self::Int(_) | Self::Flag(_), _) => false,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("`{text}`"),
            Self::Int(number) => format!("`{number}`"),
            Self::Flag(flag) => format!("`{flag}`"),
        }
    }
}

impl Condition {
    /// Tells whether the record fulfils it. An expression that cannot be computed fulfils nothing.
    pub(super) fn holds(&self, view: &View<'_>) -> bool {
        let place = view.at(&self.field);
        match &self.test {
            Test::Equals(scalar) => place.is_some_and(|place| scalar.is(place)),
            Test::OneOf(scalars) => place.is_some_and(|place| scalars.iter().any(|scalar| scalar.is(place))),
            Test::Present(expected) => place.is_some() == *expected,
            Test::Is(kind) => place.is_some_and(|place| place.is(*kind)),
            Test::Matches(pattern) => {
                place.and_then(Place::text).is_some_and(|text| pattern.0.is_match(text))
            }
            Test::Same(other) => match (place, view.at(other)) {
                (Some(left), Some(right)) => left.kind() == right.kind() && plain(left) == plain(right),
                _ => false,
            },
            Test::Without(text) => {
                place.is_none_or(|place| place.text().is_none_or(|value| !value.contains(text.as_str())))
            }
            Test::Computed(expr, encoding) => {
                let computed = expr.bytes(view).ok().and_then(|bytes| encoding.encode(&bytes));
                computed.is_some() && place.and_then(Place::text) == computed.as_deref()
            }
        }
    }

    /// Returns the fault of a record that must fulfil it and does not.
    pub(super) fn fault(&self, view: &View<'_>) -> Option<Fault> {
        if self.holds(view) {
            return None;
        }
        let expected = match &self.test {
            Test::Equals(scalar) => scalar.shown(),
            Test::OneOf(scalars) => scalars.iter().map(Scalar::shown).collect::<Vec<_>>().join(" or "),
            Test::Present(true) => "a value".to_owned(),
            Test::Present(false) => "no value".to_owned(),
            Test::Is(kind) => format!("a value of type {}", kind.word()),
            Test::Matches(pattern) => format!("a text that `{}` fits", pattern.0.as_str()),
            Test::Same(other) => format!("the value of `{other}`"),
            Test::Without(text) => format!("a text without {}", shown(&format!("{text:?}"))),
            Test::Computed(..) => "the value that the profile computes".to_owned(),
        };
        let found = match view.at(&self.field).map(|place| (place, plain(place))) {
            None => "nothing".to_owned(),
            Some((_, Some(text))) => format!("`{}`", shown(text)),
            Some((place, None)) => format!("a value of type {}", place.kind().word()),
        };
        let kind = match self.test {
            // What is computed from the record is there to be compared, as a stored hash is.
            Test::Computed(..) => BreakKind::Altered,
            _ => BreakKind::Malformed,
        };
        Some((kind, format!("expected {expected} at `{}`, found {found}", self.field)))
    }
}

/// Returns the text of a string, or the spelling of a number or a truth value.
fn plain(place: Place<'_>) -> Option<&str> {
    match place.kind() {
        Kind::String => place.text(),
        Kind::Integer | Kind::Number | Kind::Boolean => place.raw(),
        Kind::Null | Kind::Array | Kind::Object => None,
    }
}

/// Tells whether the record fulfils all conditions.
pub(super) fn all_hold(conditions: &[Condition], view: &View<'_>) -> bool {
    conditions.iter().all(|condition| condition.holds(view))
}
