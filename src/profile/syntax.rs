//! The TOML of a profile, read with the place of every value, so that each message names line and column.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Place, ProfileError, did_you_mean};
use crate::redact::shown;

/// The file being read.
#[derive(Clone, Copy)]
pub(crate) struct Source<'t> {
    pub file: &'t str,
    pub text: &'t str,
}

impl<'t> Source<'t> {
    /// Parses the file into its root table.
    pub(crate) fn parse(self) -> Result<Spanned<DeTable<'t>>, ProfileError> {
        DeTable::parse(self.text).map_err(|error| ProfileError::Invalid {
            place: Place::of(self.file, self.text, error.span().map_or(0, |span| span.start)),
            what: error.message().replace('\n', ", "),
            help: None,
        })
    }
}

/// One value with its place.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    source: Source<'t>,
    start: usize,
    value: &'t DeValue<'t>,
}

/// One table with its place.
#[derive(Clone, Copy)]
pub(crate) struct Table<'t> {
    source: Source<'t>,
    start: usize,
    table: &'t DeTable<'t>,
}

impl<'t> Table<'t> {
    /// Returns the root table of a parsed file.
    pub(crate) fn root(source: Source<'t>, table: &'t Spanned<DeTable<'t>>) -> Self {
        Self { source, start: table.span().start, table: table.get_ref() }
    }

    /// Refuses a key that is not `known`.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ProfileError> {
        match self.entries().find(|(key, _)| !known.contains(&key.text)) {
            None => Ok(()),
            Some((key, _)) => Err(key.error(
                format!("unknown key `{}`", shown(key.text)),
                Some(did_you_mean(key.text, known.iter().copied())),
            )),
        }
    }

    /// Returns the value of `key`.
    pub(crate) fn opt(&self, key: &str) -> Option<Node<'t>> {
        self.entries().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// Returns the value of `key`, which must be there.
    pub(crate) fn need(&self, key: &str) -> Result<Node<'t>, ProfileError> {
        self.opt(key)
            .ok_or_else(|| self.error(format!("`{key}` is missing"), Some(format!("add `{key} = …`"))))
    }

    /// Returns keys and values, sorted by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Key<'t>, Node<'t>)> + use<'t> {
        let source = self.source;
        self.table.iter().map(move |(key, value)| {
            let text: &'t str = key.get_ref();
            (
                Key { source, start: key.span().start, text },
                Node { source, start: value.span().start, value: value.get_ref() },
            )
        })
    }

    /// Returns an error at this table.
    pub(crate) fn error(&self, what: impl Into<String>, help: Option<String>) -> ProfileError {
        invalid(self.source, self.start, what.into(), help)
    }
}

/// A key with its place.
#[derive(Clone, Copy)]
pub(crate) struct Key<'t> {
    source: Source<'t>,
    start: usize,
    pub text: &'t str,
}

impl Key<'_> {
    /// Returns an error at this key.
    pub(crate) fn error(&self, what: impl Into<String>, help: Option<String>) -> ProfileError {
        invalid(self.source, self.start, what.into(), help)
    }
}

/// What a value is, for a `match`.
pub(crate) enum Shape<'t> {
    Text(&'t str),
    Int(i64),
    Flag(bool),
    List(Vec<Node<'t>>),
    Table(Table<'t>),
}

impl<'t> Node<'t> {
    /// Returns where the value begins in the text, in bytes.
    pub(crate) fn start(self) -> usize {
        self.start
    }

    /// Returns what the value is; floats and dates are not part of the language.
    pub(crate) fn shape(&self) -> Result<Shape<'t>, ProfileError> {
        Ok(match self.value {
            DeValue::String(text) => Shape::Text(text),
            DeValue::Boolean(flag) => Shape::Flag(*flag),
            DeValue::Integer(number) => Shape::Int(
                i64::from_str_radix(number.as_str(), number.radix())
                    .map_err(|_| self.error("expected an integer of 64 bits", None))?,
            ),
            DeValue::Array(items) => Shape::List(
                items
                    .iter()
                    .map(|item| Node { source: self.source, start: item.span().start, value: item.get_ref() })
                    .collect(),
            ),
            DeValue::Table(table) => Shape::Table(Table { source: self.source, start: self.start, table }),
            DeValue::Float(_) | DeValue::Datetime(_) => {
                return Err(self.error(
                    format!("a {} has no meaning here", self.value.type_str()),
                    Some("write a string, an integer, a boolean, an array, or a table".to_owned()),
                ));
            }
        })
    }

    /// Returns the text of a string.
    pub(crate) fn text(&self) -> Result<&'t str, ProfileError> {
        match self.shape()? {
            Shape::Text(text) => Ok(text),
            _ => Err(self.expected("a string")),
        }
    }

    /// Returns a boolean.
    pub(crate) fn flag(&self) -> Result<bool, ProfileError> {
        match self.shape()? {
            Shape::Flag(flag) => Ok(flag),
            _ => Err(self.expected("a boolean")),
        }
    }

    /// Returns the items of an array.
    pub(crate) fn list(&self) -> Result<Vec<Node<'t>>, ProfileError> {
        match self.shape()? {
            Shape::List(items) => Ok(items),
            _ => Err(self.expected("an array")),
        }
    }

    /// Returns the items of an array of strings.
    pub(crate) fn texts(&self) -> Result<Vec<&'t str>, ProfileError> {
        self.list()?.iter().map(Node::text).collect()
    }

    /// Returns a table.
    pub(crate) fn table(&self) -> Result<Table<'t>, ProfileError> {
        match self.shape()? {
            Shape::Table(table) => Ok(table),
            _ => Err(self.expected("a table")),
        }
    }

    /// Returns one of `words`.
    pub(crate) fn word(&self, words: &[&'static str]) -> Result<&'static str, ProfileError> {
        let text = self.text()?;
        words.iter().find(|word| **word == text).copied().ok_or_else(|| {
            self.error(
                format!("unknown value `{}`", shown(text)),
                Some(did_you_mean(text, words.iter().copied())),
            )
        })
    }

    /// Returns the error that something else was expected here.
    pub(crate) fn expected(&self, what: &str) -> ProfileError {
        self.error(format!("expected {what}, found a value of type {}", self.value.type_str()), None)
    }

    /// Returns an error at this value.
    pub(crate) fn error(&self, what: impl Into<String>, help: Option<String>) -> ProfileError {
        invalid(self.source, self.start, what.into(), help)
    }
}

fn invalid(source: Source<'_>, start: usize, what: String, help: Option<String>) -> ProfileError {
    ProfileError::Invalid { place: Place::of(source.file, source.text, start), what, help }
}
