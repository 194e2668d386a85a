//! Conditions: when a rule applies.

use regex::Regex;

use super::expr::{Constant, Expr, Look, Path, Scope, Val, items, members};
use super::json::{Fault, Json};

/// A condition on a record or an item.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// The value fits the test.
    Value {
        of: Expr,
        test: Test,
    },
    /// The place exists, even if null lies there.
    Exists {
        of: Path,
        expected: bool,
    },
    /// The JSON type at the place.
    Type {
        of: Path,
        expected: JsonType,
    },
    /// Some item of the array fits.
    Has {
        of: Path,
        fits: Box<Condition>,
    },
    /// Some member of the object fits.
    HasMember {
        of: Path,
        fits: Box<Condition>,
    },
}

/// A test of one value.
#[derive(Debug)]
pub(super) enum Test {
    /// Equal to one of these, in value and type.
    In(Vec<Constant>),
    /// Not null, nor anything the profile reads as null.
    Present(bool),
    Matches(Regex),
    Less(i64),
    AtMost(i64),
    Greater(i64),
    AtLeast(i64),
}

/// A type of JSON value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum JsonType {
    Null,
    Flag,
    Number,
    Text,
    List,
    Object,
}

impl JsonType {
    /// Words of the types.
    pub(super) const WORDS: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];

    /// Returns the type a profile names.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "null" => Self::Null,
            "boolean" => Self::Flag,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::List,
            "object" => Self::Object,
            _ => return None,
        })
    }

    fn of(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Flag(_) => Self::Flag,
            Json::Int(_) | Json::Big(_) | Json::Float(_) => Self::Number,
            Json::Text(_) => Self::Text,
            Json::List(_) => Self::List,
            Json::Object(_) => Self::Object,
        }
    }
}

impl Condition {
    /// Tells whether the condition holds in `scope`.
    pub(super) fn holds<'f>(&'f self, scope: &Scope<'f>) -> Result<bool, Fault> {
        Ok(match self {
            Self::All(parts) => {
                for part in parts {
                    if !part.holds(scope)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Any(parts) => {
                for part in parts {
                    if part.holds(scope)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(part) => !part.holds(scope)?,
            Self::Value { of: Expr::Path(path), test: test @ Test::In(constants) } => {
                match path.find(scope) {
                    // The most frequent of all conditions: a word at a place. Few are asked for, so what reads as null comes last.
                    Some(Json::Text(text)) => {
                        constants
                            .iter()
                            .any(|constant| matches!(constant, Constant::Text(word) if *word == *text))
                            && scope.plan.seen(path.find(scope)).is_some()
                    }
                    found => test.fits(&scope.plan.seen(found).map_or(Val::Null, Val::Json)),
                }
            }
            Self::Value { of, test } => match of.look(scope) {
                Look::Null => test.fits(&Val::Null),
                Look::Json(json) => test.fits(&Val::Json(json)),
                Look::Text(text) => test.fits(&Val::Text(text.into())),
                Look::Other => test.fits(&of.eval(scope)?),
            },
            Self::Exists { of, expected } => of.find(scope).is_some() == *expected,
            Self::Type { of, expected } => of.find(scope).is_some_and(|json| JsonType::of(json) == *expected),
            Self::Has { of, fits } => {
                // Something else than an array has no items; whether that is a fault is for the rule to say.
                let Ok(items) = items(of, scope) else { return Ok(false) };
                for (index, item) in items.iter().enumerate() {
                    if fits.holds(&scope.within(item, index))? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::HasMember { of, fits } => {
                let Ok(members) = members(of, scope) else { return Ok(false) };
                for (index, (name, value)) in members.iter().enumerate() {
                    if fits.holds(&scope.within(value, index).named(name))? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }
}

impl Test {
    fn fits(&self, value: &Val<'_>) -> bool {
        match self {
            Self::In(constants) => constants.iter().any(|constant| equal(value, constant)),
            Self::Present(expected) => !matches!(value, Val::Null) == *expected,
            Self::Matches(regex) => text_of(value).is_some_and(|text| regex.is_match(text)),
            Self::Less(limit) => number(value).is_some_and(|number| number < Number::Int(*limit)),
            Self::AtMost(limit) => number(value).is_some_and(|number| number <= Number::Int(*limit)),
            Self::Greater(limit) => number(value).is_some_and(|number| number > Number::Int(*limit)),
            Self::AtLeast(limit) => number(value).is_some_and(|number| number >= Number::Int(*limit)),
        }
    }
}

fn text_of<'v>(value: &'v Val<'_>) -> Option<&'v str> {
    match value {
        Val::Text(text) => Some(text),
        Val::Json(Json::Text(text)) => Some(text),
        _ => None,
    }
}

/// Tells whether value and constant are equal; a string never equals a number or a boolean.
fn equal(value: &Val<'_>, constant: &Constant) -> bool {
    match constant {
        Constant::Text(text) => text_of(value) == Some(text),
        Constant::Int(int) => number(value).is_some_and(|number| number == Number::Int(*int)),
        Constant::Flag(flag) => {
            matches!(value, Val::Flag(found) | Val::Json(Json::Flag(found)) if found == flag)
        }
    }
}

/// A number that compares exactly with an integer.
#[derive(Clone, Copy, Debug)]
enum Number {
    Int(i64),
    Big,
    Float(f64),
}

fn number(value: &Val<'_>) -> Option<Number> {
    match value {
        Val::Int(int) | Val::Json(Json::Int(int)) => Some(Number::Int(*int)),
        Val::Json(Json::Big(_)) => Some(Number::Big),
        Val::Json(Json::Float(float)) => Some(Number::Float(*float)),
        _ => None,
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(std::cmp::Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left.partial_cmp(right),
            (Self::Big, Self::Int(_)) => Some(std::cmp::Ordering::Greater),
            (Self::Float(float), Self::Int(int)) => {
                // Integers of a profile are small; one that a float cannot hold would be a mistake in it.
                let int = i32::try_from(*int).ok()?;
                float.partial_cmp(&f64::from(int))
            }
            _ => None,
        }
    }
}
