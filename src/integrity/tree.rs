//! A JSON value with the exact source text of each of its parts.
//!
//! The tree is strict where readers of one text could see two different values: a member name that stands twice and half a
//! surrogate pair are refused. Numbers stay text, in the spelling of the source, and say what readers make of them
//! (`NumberClass`); whether one is refused is for whoever writes or compares it, because `raw` bytes need no agreement.

use std::borrow::Cow;

use crate::integrity::json::lexer::{Lexer, NumberClass, repeated_name};
use crate::integrity::json::{JsonFault, JsonFaultKind};

mod edit;
mod pointer;

pub use self::pointer::Pointer;

/// How large a tree may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values, containers included. Each takes about as many bytes of memory as a short line.
    pub values: usize,
}

impl Limits {
    /// The limits of a record: the depth of [`crate::source::framing::MAX_DEPTH`], and a million values, which is some hundred
    /// times what the largest record of a known product holds and keeps a record of empty arrays below 100 MiB.
    pub const RECORD: Self = Self { depth: crate::source::framing::MAX_DEPTH, values: 1 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::RECORD
    }
}

/// A JSON value, read from a source text or assembled.
#[derive(Clone, PartialEq, Debug)]
pub struct Node<'a> {
    value: Value<'a>,
    /// The exact source text; `None` where the value was assembled or changed.
    raw: Option<&'a str>,
}

/// What a [`Node`] holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in the spelling of its source.
    Number(Number<'a>),
    /// A text, decoded.
    Text(Cow<'a, str>),
    /// An array.
    Array(Vec<Node<'a>>),
    /// An object: names and values in source order, no name twice.
    Object(Vec<Member<'a>>),
    /// A JSON text to be written compactly and otherwise as it stands, as Go writes a `json.RawMessage`.
    Verbatim(&'a str),
}

/// A member of an object.
#[derive(Clone, PartialEq, Debug)]
pub struct Member<'a> {
    /// Its name, decoded.
    pub name: Cow<'a, str>,
    /// Its value.
    pub node: Node<'a>,
}

/// A number in the spelling of its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Number<'a> {
    text: Cow<'a, str>,
    class: NumberClass,
}

impl Number<'_> {
    /// Returns its spelling.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns what readers make of it.
    pub fn class(&self) -> NumberClass {
        self.class
    }

    /// Returns the double that is nearest to it; infinite where none is.
    pub fn double(&self) -> f64 {
        self.text.parse().expect("the lexer has read a number, which Rust reads too")
    }
}

/// Which numbers that readers may disagree on a tree holds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Numbers {
    /// An integer that a double rounds: greater than 2⁵³.
    pub beyond_double: bool,
    /// An integer beyond 64 bits, or `-0`.
    pub beyond_64_bits: bool,
    /// A number that a double cannot hold, such as `1e400`.
    pub infinite: bool,
}

/// Parses a text that is one JSON value (RFC 8259) and white space around it.
///
/// # Errors
///
/// Returns the first fault: no JSON, a member name that stands twice, half a surrogate pair, a limit.
pub fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Node<'a>, JsonFault> {
    let mut builder =
        Builder { lexer: Lexer::of_text(text, limits.depth), left: limits.values, limits: *limits };
    builder.lexer.skip_space();
    let node = builder.value()?;
    builder.lexer.skip_space();
    if builder.lexer.at < text.len() {
        return Err(builder.lexer.fault(JsonFaultKind::Malformed, "expected nothing after the value"));
    }
    Ok(node)
}

impl<'a> Node<'a> {
    /// Returns the value.
    pub fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// Returns the exact source text, white space inside it included; `None` for a value that was assembled or changed.
    pub fn raw(&self) -> Option<&'a str> {
        self.raw
    }

    /// Returns the text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the number, if it is one.
    pub fn number(&self) -> Option<&Number<'a>> {
        match &self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Returns the number as an unsigned integer, if it is one that 64 bits hold.
    pub fn integer(&self) -> Option<u64> {
        self.number()?.text.parse().ok()
    }

    /// Returns the truth value, if it is one.
    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// Tells whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Returns the items, if it is an array.
    pub fn items(&self) -> Option<&[Node<'a>]> {
        match &self.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the members in source order, if it is an object.
    pub fn members(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns the member `name`, if it is an object that has one.
    pub fn member(&self, name: &str) -> Option<&Node<'a>> {
        self.members()?.iter().find(|member| member.name == name).map(|member| &member.node)
    }

    /// Says which numbers in it readers may disagree on.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        self.count_numbers(&mut numbers);
        numbers
    }

    fn count_numbers(&self, numbers: &mut Numbers) {
        match &self.value {
            Value::Number(number) => match number.class {
                NumberClass::Safe | NumberClass::Double => {}
                NumberClass::Wide => numbers.beyond_double = true,
                NumberClass::Huge | NumberClass::NegativeZero => {
                    numbers.beyond_double = true;
                    numbers.beyond_64_bits = true;
                }
                NumberClass::Infinite => numbers.infinite = true,
            },
            Value::Array(items) => items.iter().for_each(|item| item.count_numbers(numbers)),
            Value::Object(members) => members.iter().for_each(|member| member.node.count_numbers(numbers)),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::Verbatim(_) => {}
        }
    }
}

struct Builder<'a> {
    lexer: Lexer<'a>,
    left: usize,
    limits: Limits,
}

impl<'a> Builder<'a> {
    fn value(&mut self) -> Result<Node<'a>, JsonFault> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            let what = format!("holds more than {} values", self.limits.values);
            self.lexer.fault(JsonFaultKind::TooMany, what)
        })?;
        let start = self.lexer.at;
        let value = match self.lexer.peek()? {
            b'{' => self.object()?,
            b'[' => self.array()?,
            b'"' => Value::Text(self.lexer.string()?),
            b't' => self.lexer.word("true").map(|()| Value::Bool(true))?,
            b'f' => self.lexer.word("false").map(|()| Value::Bool(false))?,
            b'n' => self.lexer.word("null").map(|()| Value::Null)?,
            b'-' | b'0'..=b'9' => {
                let (text, class) = self.lexer.number()?;
                Value::Number(Number { text: Cow::Borrowed(text), class })
            }
            _ => return Err(self.lexer.fault(JsonFaultKind::Malformed, "expected a value")),
        };
        Ok(Node { value, raw: Some(&self.lexer.text[start..self.lexer.at]) })
    }

    fn object(&mut self) -> Result<Value<'a>, JsonFault> {
        self.lexer.open(b'{')?;
        let mut members: Vec<Member<'a>> = Vec::new();
        self.lexer.skip_space();
        if self.lexer.peek()? == b'}' {
            self.lexer.close()?;
            return Ok(Value::Object(members));
        }
        loop {
            self.lexer.skip_space();
            let name = self.lexer.string()?;
            self.lexer.skip_space();
            self.lexer.expect(b':')?;
            self.lexer.skip_space();
            let node = self.value()?;
            members.push(Member { name, node });
            self.lexer.skip_space();
            match self.lexer.peek()? {
                b',' => self.lexer.at += 1,
                b'}' => break,
                _ => return Err(self.lexer.fault(JsonFaultKind::Malformed, "expected `,` or `}`")),
            }
        }
        if let Some(name) = repeated_name(members.len(), |n| &members[n].name) {
            return Err(self.lexer.repeated(name));
        }
        self.lexer.close()?;
        Ok(Value::Object(members))
    }

    fn array(&mut self) -> Result<Value<'a>, JsonFault> {
        self.lexer.open(b'[')?;
        let mut items = Vec::new();
        self.lexer.skip_space();
        if self.lexer.peek()? == b']' {
            self.lexer.close()?;
            return Ok(Value::Array(items));
        }
        loop {
            self.lexer.skip_space();
            items.push(self.value()?);
            self.lexer.skip_space();
            match self.lexer.peek()? {
                b',' => self.lexer.at += 1,
                b']' => break,
                _ => return Err(self.lexer.fault(JsonFaultKind::Malformed, "expected `,` or `]`")),
            }
        }
        self.lexer.close()?;
        Ok(Value::Array(items))
    }
}

#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;
