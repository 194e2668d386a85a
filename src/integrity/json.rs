//! Strict JSON, for text under a hash or a signature.
//!
//! Readers of JSON differ on repeated names, on numbers beyond their own types, and on half surrogate pairs. Two readers of
//! one signed text must not see two different events, so those texts are refused (`docs/formats/countersign-log.md` §5).
//! Nothing is built here: the scan says where the object ends, what its `kind` is, and what is wrong.

use std::borrow::Cow;

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
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: start,
        depth: 0,
        max_depth,
        keys: Vec::with_capacity(2 * FEW_MEMBERS),
        kind: None,
    };
    scanner.object().map_err(|fault| *fault)?;
    Ok(ScannedObject { end: scanner.at, kind: scanner.kind })
}

/// Bytes that stand for themselves in a text: all but its end, an escape, and control characters.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut control = 0;
    while control < 0x20 {
        plain[control] = false;
        control += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

/// Up to this many members, comparing each with each is cheaper than sorting.
const FEW_MEMBERS: usize = 12;

/// Marks of the names of one object. A name whose mark is new stands for the first time, which is the usual case and
/// needs no comparison.
#[derive(Default)]
struct Seen {
    marks: u64,
    may_repeat: bool,
}

impl Seen {
    /// Notes `name`, which follows `earlier` in the same object.
    fn add(&mut self, name: &str, earlier: &[Cow<'_, str>]) {
        let edge = |byte: Option<&u8>| byte.copied().map_or(0, usize::from);
        let (first, last) = (edge(name.as_bytes().first()), edge(name.as_bytes().last()));
        let mark = 1 << ((name.len() + 5 * first + 11 * last) % 64);
        if self.marks & mark != 0 {
            // Of many names, each against each would take time without bound; they are sorted at the end.
            self.may_repeat |= earlier.len() > FEW_MEMBERS || earlier.iter().any(|other| other == name);
        }
        self.marks |= mark;
    }
}

/// What a step gives. The fault is boxed, so that the usual answer fits two registers.
type Scan<T> = Result<T, Box<JsonFault>>;

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    max_depth: usize,
    /// Names of all open objects, innermost last.
    keys: Vec<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn object(&mut self) -> Scan<()> {
        self.open(b'{')?;
        let own_keys = self.keys.len();
        let mut seen = Seen::default();
        self.skip_space();
        if self.peek()? == b'}' {
            return self.close();
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            let is_kind = self.depth == 1 && name == "kind";
            seen.add(&name, &self.keys[own_keys..]);
            self.keys.push(name);
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            if is_kind && self.peek()? == b'"' {
                self.kind = Some(self.string()?);
            } else {
                self.value()?;
            }
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return Err(self.fault(JsonFaultKind::Malformed, "expected `,` or `}`")),
            }
        }
        if seen.may_repeat {
            self.refuse_repeated(own_keys)?;
        }
        self.keys.truncate(own_keys);
        self.close()
    }

    fn refuse_repeated(&mut self, own_keys: usize) -> Scan<()> {
        let own = &mut self.keys[own_keys..];
        let repeated = if own.len() <= FEW_MEMBERS {
            (1..own.len()).find(|&n| own[..n].contains(&own[n]))
        } else {
            own.sort_unstable();
            (1..own.len()).find(|&n| own[n - 1] == own[n])
        };
        let Some(n) = repeated else { return Ok(()) };
        // A name is shown only where it is plain: it comes from the log, and may hold anything.
        let plain =
            own[n].len() <= 40 && own[n].bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        let what = if plain {
            format!("member `{}` stands twice", own[n])
        } else {
            "a member stands twice".to_owned()
        };
        Err(self.fault(JsonFaultKind::DuplicateKey, what))
    }

    fn array(&mut self) -> Scan<()> {
        self.open(b'[')?;
        self.skip_space();
        if self.peek()? == b']' {
            return self.close();
        }
        loop {
            self.skip_space();
            self.value()?;
            self.skip_space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => return self.close(),
                _ => return Err(self.fault(JsonFaultKind::Malformed, "expected `,` or `]`")),
            }
        }
    }

    fn value(&mut self) -> Scan<()> {
        match self.peek()? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.string().map(drop),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.fault(JsonFaultKind::Malformed, "expected a value")),
        }
    }

    fn word(&mut self, word: &str) -> Scan<()> {
        for &byte in word.as_bytes() {
            self.expect(byte)?;
        }
        Ok(())
    }

    fn number(&mut self) -> Scan<()> {
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
        if self.peek()? == b'.' {
            integer = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek()?, b'e' | b'E') {
            integer = false;
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        // Whatever follows, `peek` has seen that the number does not run into the end of the text.
        let number = &self.text[start..self.at];
        let safe = if integer {
            // An integer of 18 characters fits; only longer ones need to be read.
            number != "-0"
                && (number.len() <= 18 || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok())
        } else {
            number.parse::<f64>().is_ok_and(f64::is_finite)
        };
        if safe {
            return Ok(());
        }
        let what = if integer {
            "expected an integer of at most 64 bits that is not `-0`"
        } else {
            "expected a number that a double can hold"
        };
        Err(Box::new(JsonFault { kind: JsonFaultKind::UnsafeNumber, at: start, what: what.to_owned() }))
    }

    fn digits(&mut self) -> Scan<()> {
        if !self.peek()?.is_ascii_digit() {
            return Err(self.fault(JsonFaultKind::Malformed, "expected a digit"));
        }
        while self.peek()?.is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn string(&mut self) -> Scan<Cow<'a, str>> {
        self.expect(b'"')?;
        let mut from = self.at;
        let mut decoded: Option<String> = None;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            self.at += rest.iter().position(|byte| !PLAIN[usize::from(*byte)]).unwrap_or(rest.len());
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
                _ => return Err(self.fault(JsonFaultKind::Malformed, "control character in a text")),
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
    fn escape(&mut self) -> Scan<char> {
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

    fn four_hex(&mut self) -> Scan<u32> {
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

    fn open(&mut self, bracket: u8) -> Scan<()> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(self.fault(JsonFaultKind::TooDeep, format!("nested deeper than {}", self.max_depth)));
        }
        Ok(())
    }

    /// Steps over the closing bracket that the caller has seen.
    fn close(&mut self) -> Scan<()> {
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.peek()? != byte {
            return Err(self.fault(JsonFaultKind::Malformed, format!("expected `{}`", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn peek(&self) -> Scan<u8> {
        match self.bytes.get(self.at) {
            Some(byte) => Ok(*byte),
            None => Err(self.fault(JsonFaultKind::Incomplete, "ends too early")),
        }
    }

    /// Steps over the white space that may stand between tokens on one line.
    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    #[cold]
    fn fault(&self, kind: JsonFaultKind, what: impl Into<String>) -> Box<JsonFault> {
        Box::new(JsonFault { kind, at: self.at, what: what.into() })
    }
}

#[cfg(test)]
mod tests;
