//! Strict JSON, for text under a hash or a signature.
//!
//! Readers of JSON differ on repeated names, on numbers beyond their own types, and on half surrogate pairs. Two readers of
//! one signed text must not see two different events, so those texts are refused (`docs/formats/countersign-log.md` §5).
//! Nothing is built here: the scan says where the object ends, what its `kind` is, and what is wrong.

use std::borrow::Cow;

use crate::integrity::verdict::BreakKind;

use self::lexer::{Lexer, repeated_name};

pub(in crate::integrity) mod lexer;

/// What is wrong with a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JsonFaultKind {
    /// The text ends too early; more bytes could make it right.
    Incomplete,
    /// It is not JSON (RFC 8259), or holds half a surrogate pair.
    Malformed,
    /// A member name stands twice in one object.
    DuplicateKey,
    /// A number that readers would not agree on.
    UnsafeNumber,
    /// It nests deeper than allowed.
    TooDeep,
    /// It holds more values than allowed.
    TooMany,
}

impl JsonFaultKind {
    /// Returns the kind of break that a record with this fault is.
    pub fn break_kind(self) -> BreakKind {
        match self {
            Self::Incomplete | Self::Malformed => BreakKind::Malformed,
            Self::DuplicateKey => BreakKind::DuplicateKey,
            Self::UnsafeNumber => BreakKind::UnsafeNumber,
            Self::TooDeep | Self::TooMany => BreakKind::Oversize,
        }
    }
}

/// A fault, with the byte position at which it was noticed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JsonFault {
    /// What is wrong.
    pub kind: JsonFaultKind,
    /// Byte position in the text.
    pub at: usize,
    /// The facts, as a fragment.
    pub what: String,
}

/// A scanned object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScannedObject<'a> {
    /// Byte position just after its closing brace.
    pub end: usize,
    /// Value of its own member `kind`, where that is a text.
    pub kind: Option<Cow<'a, str>>,
}

/// Scans the object that starts exactly at byte `start` of `text`; what follows it is not looked at.
///
/// # Errors
///
/// Returns the first fault.
pub fn scan_object(text: &str, start: usize, max_depth: usize) -> Result<ScannedObject<'_>, JsonFault> {
    let mut scanner = Scanner { lexer: Lexer::of_line(text, start, max_depth), keys: Vec::new(), kind: None };
    scanner.object()?;
    Ok(ScannedObject { end: scanner.lexer.at, kind: scanner.kind })
}

struct Scanner<'a> {
    lexer: Lexer<'a>,
    /// Names of all open objects, innermost last.
    keys: Vec<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn object(&mut self) -> Result<(), JsonFault> {
        self.lexer.open(b'{')?;
        let own_keys = self.keys.len();
        self.lexer.skip_space();
        if self.lexer.peek()? == b'}' {
            return self.lexer.close();
        }
        loop {
            self.lexer.skip_space();
            let name = self.lexer.string()?;
            let is_kind = self.lexer.depth == 1 && name == "kind";
            self.keys.push(name);
            self.lexer.skip_space();
            self.lexer.expect(b':')?;
            self.lexer.skip_space();
            if is_kind && self.lexer.peek()? == b'"' {
                self.kind = Some(self.lexer.string()?);
            } else {
                self.value()?;
            }
            self.lexer.skip_space();
            match self.lexer.peek()? {
                b',' => self.lexer.at += 1,
                b'}' => break,
                _ => return Err(self.lexer.fault(JsonFaultKind::Malformed, "expected `,` or `}`")),
            }
        }
        self.refuse_repeated(own_keys)?;
        self.keys.truncate(own_keys);
        self.lexer.close()
    }

    fn refuse_repeated(&self, own_keys: usize) -> Result<(), JsonFault> {
        let own = &self.keys[own_keys..];
        match repeated_name(own.len(), |n| &own[n]) {
            None => Ok(()),
            Some(name) => Err(self.lexer.repeated(name)),
        }
    }

    fn array(&mut self) -> Result<(), JsonFault> {
        self.lexer.open(b'[')?;
        self.lexer.skip_space();
        if self.lexer.peek()? == b']' {
            return self.lexer.close();
        }
        loop {
            self.lexer.skip_space();
            self.value()?;
            self.lexer.skip_space();
            match self.lexer.peek()? {
                b',' => self.lexer.at += 1,
                b']' => return self.lexer.close(),
                _ => return Err(self.lexer.fault(JsonFaultKind::Malformed, "expected `,` or `]`")),
            }
        }
    }

    fn value(&mut self) -> Result<(), JsonFault> {
        match self.lexer.peek()? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.lexer.string().map(drop),
            b't' => self.lexer.word("true"),
            b'f' => self.lexer.word("false"),
            b'n' => self.lexer.word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.lexer.fault(JsonFaultKind::Malformed, "expected a value")),
        }
    }

    fn number(&mut self) -> Result<(), JsonFault> {
        let (text, class) = self.lexer.number()?;
        // A number that runs into the end of the text may go on.
        self.lexer.peek()?;
        class.refuse_unsafe().map_err(|what| JsonFault {
            kind: JsonFaultKind::UnsafeNumber,
            at: self.lexer.at - text.len(),
            what: what.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
