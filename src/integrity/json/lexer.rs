//! The tokens of strict JSON (RFC 8259), shared by the scan of a line and by the tree.

use std::borrow::Cow;

use super::{JsonFault, JsonFaultKind};

/// What readers make of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NumberClass {
    /// An integer that every reader holds exactly: at most 2⁵³ in size.
    Safe,
    /// An integer that a double rounds and 64 bits hold.
    Wide,
    /// An integer beyond 64 bits.
    Huge,
    /// `-0`, which is an integer to some readers and a negative zero to others.
    NegativeZero,
    /// A number with a fraction or an exponent that a double can hold.
    Double,
    /// A number with a fraction or an exponent that a double cannot hold.
    Infinite,
}

/// The greatest integer up to which doubles hold all integers, 2⁵³.
const GREATEST_SAFE: u64 = 1 << 53;

impl NumberClass {
    /// Classes the number `text`, which is an integer if it has neither fraction nor exponent.
    pub(in crate::integrity) fn of(text: &str, integer: bool) -> Self {
        if !integer {
            return if text.parse::<f64>().is_ok_and(f64::is_finite) { Self::Double } else { Self::Infinite };
        }
        if text == "-0" {
            return Self::NegativeZero;
        }
        let size = text.parse::<i64>().map(i64::unsigned_abs).or_else(|_| text.parse::<u64>());
        match size {
            Ok(size) if size <= GREATEST_SAFE => Self::Safe,
            Ok(_) => Self::Wide,
            Err(_) => Self::Huge,
        }
    }

    /// Refuses the numbers that readers with 64-bit integers and doubles would not agree on.
    ///
    /// # Errors
    ///
    /// What was expected, as a fragment.
    pub fn refuse_unsafe(self) -> Result<(), &'static str> {
        match self {
            Self::Safe | Self::Wide | Self::Double => Ok(()),
            Self::Huge | Self::NegativeZero => Err("expected an integer of at most 64 bits that is not `-0`"),
            Self::Infinite => Err("expected a number that a double can hold"),
        }
    }
}

/// A position in a text, and how deep it is nested there.
pub(in crate::integrity) struct Lexer<'a> {
    pub(in crate::integrity) text: &'a str,
    bytes: &'a [u8],
    pub(in crate::integrity) at: usize,
    pub(in crate::integrity) depth: usize,
    max_depth: usize,
    /// True where LF and CR are white space.
    line_ends: bool,
}

impl<'a> Lexer<'a> {
    /// Reads from byte `start` of a text in which no line ends.
    pub(in crate::integrity) fn of_line(text: &'a str, start: usize, max_depth: usize) -> Self {
        Self { text, bytes: text.as_bytes(), at: start, depth: 0, max_depth, line_ends: false }
    }

    /// Reads a text in which values may stand on several lines.
    pub(in crate::integrity) fn of_text(text: &'a str, max_depth: usize) -> Self {
        Self { line_ends: true, ..Self::of_line(text, 0, max_depth) }
    }

    pub(in crate::integrity) fn word(&mut self, word: &str) -> Result<(), JsonFault> {
        for &byte in word.as_bytes() {
            self.expect(byte)?;
        }
        Ok(())
    }

    /// Reads a number; it may be the last thing in the text.
    pub(in crate::integrity) fn number(&mut self) -> Result<(&'a str, NumberClass), JsonFault> {
        let start = self.at;
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        let mut integer = true;
        if self.next_is(b'.') {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b'e') || self.next_is(b'E') {
            integer = false;
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        Ok((text, NumberClass::of(text, integer)))
    }

    fn digits(&mut self) -> Result<(), JsonFault> {
        if !self.peek()?.is_ascii_digit() {
            return Err(self.fault(JsonFaultKind::Malformed, "expected a digit"));
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    pub(in crate::integrity) fn string(&mut self) -> Result<Cow<'a, str>, JsonFault> {
        self.expect(b'"')?;
        let mut from = self.at;
        let mut decoded: Option<String> = None;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    let before = &self.text[from..self.at];
                    let escaped = self.escape()?;
                    let text = decoded.get_or_insert_default();
                    text.push_str(before);
                    text.push(escaped);
                    from = self.at;
                }
                0..=0x1f => return Err(self.fault(JsonFaultKind::Malformed, "control character in a text")),
                _ => self.at += 1,
            }
        }
        let rest = &self.text[from..self.at];
        self.at += 1;
        Ok(match decoded {
            None => Cow::Borrowed(rest),
            Some(text) => Cow::Owned(text + rest),
        })
    }

    /// Reads one escape, or two where they are the halves of a surrogate pair.
    fn escape(&mut self) -> Result<char, JsonFault> {
        self.at += 1;
        let letter = self.peek()?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.four_hex()?;
                let code = match first {
                    0xd800..=0xdbff => {
                        self.expect(b'\\')?;
                        self.expect(b'u')?;
                        let second = self.four_hex()?;
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return Err(self.fault(JsonFaultKind::Malformed, "half of a surrogate pair"));
                        }
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    code => code,
                };
                char::from_u32(code)
                    .ok_or_else(|| self.fault(JsonFaultKind::Malformed, "half of a surrogate pair"))?
            }
            _ => return Err(self.fault(JsonFaultKind::Malformed, "unknown escape in a text")),
        })
    }

    fn four_hex(&mut self) -> Result<u32, JsonFault> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()?).to_digit(16) else {
                return Err(self.fault(JsonFaultKind::Malformed, "expected four hex digits"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    pub(in crate::integrity) fn open(&mut self, bracket: u8) -> Result<(), JsonFault> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(self.fault(JsonFaultKind::TooDeep, format!("nested deeper than {}", self.max_depth)));
        }
        Ok(())
    }

    /// Steps over the closing bracket that the caller has seen.
    pub(in crate::integrity) fn close(&mut self) -> Result<(), JsonFault> {
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    pub(in crate::integrity) fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.peek()? != byte {
            return Err(self.fault(JsonFaultKind::Malformed, format!("expected `{}`", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    pub(in crate::integrity) fn peek(&self) -> Result<u8, JsonFault> {
        self.bytes
            .get(self.at)
            .copied()
            .ok_or_else(|| self.fault(JsonFaultKind::Incomplete, "ends too early"))
    }

    fn next_is(&self, byte: u8) -> bool {
        self.bytes.get(self.at) == Some(&byte)
    }

    /// Steps over the white space that may stand between tokens.
    pub(in crate::integrity) fn skip_space(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at)
            && (matches!(byte, b' ' | b'\t') || (self.line_ends && matches!(byte, b'\n' | b'\r')))
        {
            self.at += 1;
        }
    }

    pub(in crate::integrity) fn fault(&self, kind: JsonFaultKind, what: impl Into<String>) -> JsonFault {
        JsonFault { kind, at: self.at, what: what.into() }
    }

    /// Returns the fault of an object in which `name` stands twice.
    ///
    /// A name is shown only where it is plain: it comes from the log, and may hold anything.
    pub(in crate::integrity) fn repeated(&self, name: &str) -> JsonFault {
        let plain =
            name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let what =
            if plain { format!("member `{name}` stands twice") } else { "a member stands twice".to_owned() };
        self.fault(JsonFaultKind::DuplicateKey, what)
    }
}

/// Below this many members, comparing each with each is cheaper than sorting.
const FEW_MEMBERS: usize = 12;

/// Returns a name that stands twice among `count` of them.
pub(in crate::integrity) fn repeated_name<'k>(
    count: usize,
    name: impl Fn(usize) -> &'k str,
) -> Option<&'k str> {
    if count <= FEW_MEMBERS {
        return (1..count)
            .map(&name)
            .zip(1..)
            .find_map(|(own, n)| (0..n).any(|m| name(m) == own).then_some(own));
    }
    let mut names: Vec<&str> = (0..count).map(name).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}
