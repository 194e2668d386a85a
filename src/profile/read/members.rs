//! Objects whose members are the records, as `sudo` writes them.
//!
//! `sudo_logsrvd` keeps one object per file and repeats the names `accept`, `reject`, `alert`, and `exit`; its compact
//! form writes one object with one member per line; and the `audit_json` plugin writes many objects whose arrays repeat
//! their own name before each item, which is no JSON (`add_array` in `plugins/audit_json/audit_json.c`). A map would
//! keep the last of equal names and lose the other events.

use std::borrow::Cow;

use super::{Found, Unusable, newlines};
use crate::integrity::verdict::BreakKind;
use crate::source::framing::{MAX_DEPTH, Record};

/// Gives every member of every object of `text` as a record `{"name":value}`. Behind damage, nothing is sure.
pub(super) fn read(text: &str, each: &mut dyn FnMut(Found<'_>)) {
    let mut scan = Scan { text, at: 0, line: 1, counted: 0, index: 0 };
    if let Err(what) = scan.objects(each) {
        let kind = if scan.at >= text.len() { BreakKind::TornTail } else { BreakKind::Malformed };
        let rest = Record::new(&text[scan.counted..], scan.counted as u64, scan.line, scan.index);
        each(Err(Unusable::new(&rest, kind, what)));
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Line of `counted`, where the last member began.
    line: u64,
    counted: usize,
    index: u64,
}

type Scanned<T> = Result<T, &'static str>;

impl<'a> Scan<'a> {
    fn objects(&mut self, each: &mut dyn FnMut(Found<'_>)) -> Scanned<()> {
        loop {
            self.space();
            match self.peek() {
                None => return Ok(()),
                // A comma stands between objects where a file was put together.
                Some(b',') => self.at += 1,
                Some(b'{') => {
                    self.at += 1;
                    self.members(each)?;
                }
                Some(_) => return Err("expected `{`, the start of an object"),
            }
        }
    }

    fn members(&mut self, each: &mut dyn FnMut(Found<'_>)) -> Scanned<()> {
        loop {
            self.space();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(b'"') => {}
                Some(_) => return Err("expected the name of a member"),
                None => return Err("an object without its end"),
            }
            let start = self.at;
            self.line += newlines(&self.text[self.counted..start]);
            self.counted = start;
            let name = self.string()?;
            self.expect(b':')?;
            let value = self.value(0)?;
            let place = Record::new(&self.text[start..self.at], start as u64, self.line, self.index);
            each(Ok(place.shown_as(&format!("{{{name}:{value}}}"))));
            self.index += 1;
        }
    }

    /// Reads a value and returns it as JSON, without names before the items of arrays.
    fn value(&mut self, depth: usize) -> Scanned<Cow<'a, str>> {
        if depth > MAX_DEPTH {
            return Err("nested deeper than the limit");
        }
        self.space();
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.string().map(Cow::Borrowed),
            Some(b'{') => self.collection(b'}', depth),
            Some(b'[') => self.collection(b']', depth),
            Some(_) => {
                let rest = &self.text[start..];
                let length = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                self.at += length;
                if length == 0 { Err("expected a value") } else { Ok(Cow::Borrowed(&rest[..length])) }
            }
            None => Err("a member without its value"),
        }
    }

    fn collection(&mut self, end: u8, depth: usize) -> Scanned<Cow<'a, str>> {
        let mut out = String::from(if end == b'}' { "{" } else { "[" });
        self.at += 1;
        let mut first = true;
        loop {
            self.space();
            match self.peek() {
                None => return Err("a value without its end"),
                Some(byte) if byte == end => {
                    self.at += 1;
                    out.push(char::from(end));
                    return Ok(Cow::Owned(out));
                }
                Some(b',') if !first => {
                    self.at += 1;
                    self.space();
                }
                Some(_) if !first => return Err("expected `,` between two values"),
                Some(_) => {}
            }
            if !first {
                out.push(',');
            }
            first = false;
            if end == b'}' {
                out.push_str(self.string()?);
                self.expect(b':')?;
                out.push(':');
            } else if self.peek() == Some(b'"') {
                let text = self.string()?;
                self.space();
                if self.peek() != Some(b':') {
                    out.push_str(text);
                    continue;
                }
                self.at += 1;
            }
            out.push_str(&self.value(depth + 1)?);
        }
    }

    /// Reads a string and returns it with its quotes, as it stands.
    fn string(&mut self) -> Scanned<&'a str> {
        if self.peek() != Some(b'"') {
            return Err("expected a string");
        }
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Ok(&self.text[start..self.at]);
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = bytes.len();
        Err("a string without its end")
    }

    fn expect(&mut self, byte: u8) -> Scanned<()> {
        self.space();
        if self.peek() != Some(byte) {
            return Err("expected `:` after a name");
        }
        self.at += 1;
        Ok(())
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}
