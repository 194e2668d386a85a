//! One line of `countersign-log/1`, exactly as `docs/formats/countersign-log.md` has it.
//!
//! The line is read by position, never searched: its members stand in a fixed order, and the signature is found by its
//! length from the end. Nothing is re-serialised; the signed bytes are a slice of the line.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest::{Digest, bytes_of_hex};
use crate::integrity::json::{JsonFault, JsonFaultKind, scan_object};
use crate::integrity::verdict::BreakKind;

/// Name of the format, the value of `v`.
pub const FORMAT: &str = "countersign-log/1";
/// Longest line, without its LF: a record is a decision, not a payload, and a verifier holds one in memory.
pub const MAX_LINE: usize = 1 << 20;
/// Deepest nesting in `event`, itself being 1: far above any real event, far below any reader's stack.
pub const MAX_DEPTH: usize = 64;
/// Greatest sequence number, so that every table and database can hold it.
pub const MAX_SEQ: u64 = i64::MAX as u64;

/// Length of `,"sig":"` + 128 hex digits + `"}`.
const SIG_LEN: usize = 138;
const SIG_OPEN: &str = ",\"sig\":\"";
/// What is signed begins with the name of the format on a line of its own, so that a signature serves no other purpose.
const CONTEXT: &[u8] = b"countersign-log/1\n";

/// What a record's `event.kind` means to the log itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// An event of the gateway.
    Event,
    /// The writer lives.
    Heartbeat,
    /// The last record; nothing follows.
    Close,
    /// The writer went on after a torn tail.
    Recovered,
}

/// A line that is shaped as the format demands. Its signature and its place in the chain are not yet looked at.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// The line, without its LF.
    pub text: &'a str,
    /// Log name.
    pub log: &'a str,
    /// Sequence number.
    pub seq: u64,
    /// When it was written.
    pub time: Moment,
    /// Key id.
    pub key: Digest,
    /// Digest of the previous line, as this one states it.
    pub prev: Digest,
    /// What it means to the log.
    pub role: Role,
    /// Signature.
    pub signature: [u8; 64],
    /// Byte position of the key id in the line.
    key_at: usize,
}

/// Why a line is no record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineFault {
    /// Kind of break.
    pub kind: BreakKind,
    /// The facts, as a fragment.
    pub detail: String,
    /// True where the line ends too early, and more bytes could make it right.
    pub incomplete: bool,
}

impl LineFault {
    fn new(kind: BreakKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), incomplete: false }
    }

    fn malformed(detail: impl Into<String>) -> Self {
        Self::new(BreakKind::Malformed, detail)
    }

    fn incomplete(detail: impl Into<String>) -> Self {
        Self { incomplete: true, ..Self::malformed(detail) }
    }
}

impl From<JsonFault> for LineFault {
    fn from(fault: JsonFault) -> Self {
        let detail = format!("{} at byte {}", fault.what, fault.at);
        Self { kind: fault.kind.break_kind(), detail, incomplete: fault.kind == JsonFaultKind::Incomplete }
    }
}

impl<'a> LogLine<'a> {
    /// Reads one line, given without its LF.
    ///
    /// # Errors
    ///
    /// Returns the first thing that is not as the format demands.
    pub fn parse(line: &'a [u8]) -> Result<Self, LineFault> {
        refuse_framing(line)?;
        let text = std::str::from_utf8(line)
            .map_err(|error| LineFault::malformed(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
        let mut reader = Reader { text, at: 0 };
        let header = reader.header()?;
        let Some(body) = text.len().checked_sub(SIG_LEN).filter(|&body| body > reader.at) else {
            return Err(LineFault::malformed(format!("expected `{SIG_OPEN}…\"}}` at the end of the line")));
        };
        let event = scan_object(text, reader.at, MAX_DEPTH)?;
        if event.end != body {
            return Err(LineFault::malformed(format!(
                "expected `event` to end {SIG_LEN} bytes before the end of the line, at byte {body}, found its end at byte {}",
                event.end
            )));
        }
        reader.at = body;
        let signature = reader.signature()?;
        Ok(header.with(text, role_of(event.kind.as_deref()), signature))
    }

    /// Returns the bytes that the signature is over (§6 of the format).
    pub fn signed_bytes(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        self.add_signed_bytes(buffer);
    }

    /// Adds the bytes that the signature is over to those of other lines.
    pub fn add_signed_bytes(&self, buffer: &mut Vec<u8>) {
        add_signed_bytes(&self.text[..self.text.len() - SIG_LEN], buffer);
    }

    /// Returns the bytes that the signature would be over if the line named `key`.
    pub fn signed_bytes_naming(&self, key: Digest, buffer: &mut Vec<u8>) {
        self.signed_bytes(buffer);
        let at = CONTEXT.len() + self.key_at;
        buffer[at..at + 64].copy_from_slice(key.to_string().as_bytes());
    }
}

/// Tells whether bytes without an LF can be the beginning of a record whose write was cut.
///
/// Zero bytes at the end are disregarded: some file systems leave them after a power cut.
///
/// # Errors
///
/// Returns what shows that they cannot.
pub fn check_torn(bytes: &[u8]) -> Result<(), LineFault> {
    let written = bytes.len() - bytes.iter().rev().take_while(|&&byte| byte == 0).count();
    let bytes = &bytes[..written];
    if bytes.is_empty() {
        return Ok(());
    }
    refuse_framing(bytes)?;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(error) => {
            return Err(LineFault::malformed(format!("not UTF-8 at byte {}", error.valid_up_to())));
        }
    };
    match torn_parts(text) {
        Err(fault) if !fault.incomplete => Err(fault),
        _ => Ok(()),
    }
}

fn torn_parts(text: &str) -> Result<(), LineFault> {
    let mut reader = Reader { text, at: 0 };
    reader.header()?;
    reader.at = scan_object(text, reader.at, MAX_DEPTH)?.end;
    reader.signature().map(drop)
}

/// A record to be written: everything but the signature.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Log name.
    pub log: &'a str,
    /// Sequence number.
    pub seq: u64,
    /// When it is written.
    pub time: Moment,
    /// Key id.
    pub key: Digest,
    /// Digest of the previous line.
    pub prev: Digest,
    /// The event, as JSON text.
    pub event: &'a str,
}

impl Draft<'_> {
    /// Returns the whole line without its LF, signed by `sign`, which is given the signed bytes.
    pub fn sign(&self, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> String {
        let Self { log, seq, time, key, prev, event } = self;
        let body = format!(
            "{{\"v\":\"{FORMAT}\",\"log\":\"{log}\",\"seq\":{seq},\"time\":\"{time}\",\"key\":\"{key}\",\"prev\":\"{prev}\",\"event\":{event}"
        );
        let mut bytes = Vec::new();
        add_signed_bytes(&body, &mut bytes);
        let signature = hex::encode(sign(&bytes));
        format!("{body}{SIG_OPEN}{signature}\"}}")
    }
}

/// Checks a text that is to become an `event`, and returns what it means to the log.
///
/// # Errors
///
/// Returns what a verifier would refuse.
pub fn check_event(text: &str) -> Result<Role, LineFault> {
    if text.contains(['\r', '\n']) {
        return Err(LineFault::malformed("line break between tokens"));
    }
    let event = scan_object(text, 0, MAX_DEPTH)?;
    if event.end != text.len() {
        return Err(LineFault::malformed(format!(
            "expected nothing after the object, at byte {}",
            event.end
        )));
    }
    Ok(role_of(event.kind.as_deref()))
}

/// Tells whether `name` can name a log or a source: `[a-z0-9._-]{1,64}`.
pub fn is_log_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

fn role_of(kind: Option<&str>) -> Role {
    match kind {
        Some("heartbeat") => Role::Heartbeat,
        Some("close") => Role::Close,
        Some("recovered") => Role::Recovered,
        _ => Role::Event,
    }
}

fn add_signed_bytes(body: &str, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(CONTEXT);
    buffer.extend_from_slice(body.as_bytes());
}

/// Refuses what §3 of the format forbids for any line.
fn refuse_framing(line: &[u8]) -> Result<(), LineFault> {
    if line.len() > MAX_LINE {
        let detail = format!("line of {} bytes, the limit is {MAX_LINE}", line.len());
        return Err(LineFault::new(BreakKind::Oversize, detail));
    }
    if line.is_empty() {
        return Err(LineFault::malformed("blank line"));
    }
    if line.starts_with(b"\xef\xbb\xbf") {
        return Err(LineFault::malformed("byte order mark"));
    }
    if line.ends_with(b"\r") {
        return Err(LineFault::malformed("line ends in CR LF, expected LF"));
    }
    Ok(())
}

/// The members before `event`.
struct Header<'a> {
    log: &'a str,
    seq: u64,
    time: Moment,
    key: Digest,
    key_at: usize,
    prev: Digest,
}

impl<'a> Header<'a> {
    fn with(self, text: &'a str, role: Role, signature: [u8; 64]) -> LogLine<'a> {
        let Self { log, seq, time, key, key_at, prev } = self;
        LogLine { text, log, seq, time, key, prev, role, signature, key_at }
    }
}

/// Reads a line from left to right; running out of bytes is told apart from finding others.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn header(&mut self) -> Result<Header<'a>, LineFault> {
        self.literal("{\"v\":\"")?;
        let version = self.rest();
        if let Err(fault) = self.literal(FORMAT) {
            return Err(if fault.incomplete { fault } else { other_version(version) });
        }
        self.literal("\",\"log\":\"")?;
        let log = self.span(|b| b != b'"', "log")?;
        if !is_log_name(log) {
            return Err(LineFault::malformed("`log` is not `[a-z0-9._-]{1,64}`"));
        }
        self.literal("\",\"seq\":")?;
        let seq = self.span(|b| b.is_ascii_digit(), "seq")?;
        let seq = sequence_number(seq)?;
        self.literal(",\"time\":\"")?;
        let time = moment(self.fixed(24, "time")?)?;
        self.literal("\",\"key\":\"")?;
        let key_at = self.at;
        let key = digest(self.fixed(64, "key")?, "key")?;
        self.literal("\",\"prev\":\"")?;
        let prev = digest(self.fixed(64, "prev")?, "prev")?;
        self.literal("\",\"event\":")?;
        Ok(Header { log, seq, time, key, key_at, prev })
    }

    /// Reads `,"sig":"…"}` and the end of the line.
    fn signature(&mut self) -> Result<[u8; 64], LineFault> {
        self.literal(SIG_OPEN)?;
        let hex = self.rest().as_bytes();
        let hex = &hex[..hex.len().min(128)];
        let Some(signature) = bytes_of_hex(hex) else {
            if hex.len() < 128 && hex.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(LineFault::incomplete("ends inside `sig`"));
            }
            return Err(LineFault::malformed("`sig` is not 128 lower-case hex digits"));
        };
        self.at += 128;
        self.literal("\"}")?;
        if self.rest().is_empty() { Ok(signature) } else { Err(self.misplaced("the end of the line")) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn literal(&mut self, expected: &str) -> Result<(), LineFault> {
        let rest = self.rest();
        if rest.starts_with(expected) {
            self.at += expected.len();
            return Ok(());
        }
        if expected.starts_with(rest) {
            return Err(LineFault::incomplete(format!(
                "ends at byte {}, expected `{expected}`",
                self.text.len()
            )));
        }
        Err(self.misplaced(&format!("`{expected}`")))
    }

    fn span(&mut self, inside: impl Fn(u8) -> bool, member: &str) -> Result<&'a str, LineFault> {
        let rest = self.rest();
        let Some(length) = rest.bytes().position(|b| !inside(b)) else {
            return Err(LineFault::incomplete(format!("ends inside `{member}`")));
        };
        self.at += length;
        Ok(&rest[..length])
    }

    fn fixed(&mut self, length: usize, member: &str) -> Result<&'a str, LineFault> {
        let rest = self.rest();
        if rest.len() < length {
            return Err(LineFault::incomplete(format!("ends inside `{member}`")));
        }
        let Some(value) = rest.get(..length) else {
            return Err(self.misplaced(&format!("`{member}` of {length} characters")));
        };
        self.at += length;
        Ok(value)
    }

    fn misplaced(&self, expected: &str) -> LineFault {
        LineFault::malformed(format!("expected {expected} at byte {}", self.at))
    }
}

fn other_version(found: &str) -> LineFault {
    let version: String = found.chars().take_while(|c| *c != '"').take(40).collect();
    if version.strip_prefix("countersign-log/").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) {
        let detail = format!("format `{version}`, this program reads `{FORMAT}`");
        return LineFault::new(BreakKind::UnrecognisedFormat, detail);
    }
    LineFault::malformed(format!("`v` is not `{FORMAT}`"))
}

fn sequence_number(digits: &str) -> Result<u64, LineFault> {
    if digits.is_empty() || (digits.starts_with('0') && digits != "0") {
        return Err(LineFault::malformed("`seq` is not a decimal integer without leading zeros"));
    }
    digits.parse().ok().filter(|seq| *seq <= MAX_SEQ).ok_or_else(|| {
        LineFault::new(BreakKind::UnsafeNumber, format!("`seq` is above the greatest, {MAX_SEQ}"))
    })
}

/// Parses exactly `2026-07-01T00:00:00.000Z`, so that one moment has one spelling.
fn moment(text: &str) -> Result<Moment, LineFault> {
    let shaped = text
        .bytes()
        .zip(*b"0000-00-00T00:00:00.000Z")
        .all(|(found, shape)| if shape == b'0' { found.is_ascii_digit() } else { found == shape });
    // A leap second has no place in epoch milliseconds, and readers fold it in different ways.
    if !shaped || &text[17..19] == "60" {
        return Err(LineFault::malformed("`time` is not `YYYY-MM-DDThh:mm:ss.sssZ`"));
    }
    if let Some(moment) = Moment::of_civil(text.as_bytes()) {
        return Ok(moment);
    }
    text.parse().map_err(|_| LineFault::malformed("`time` is no moment of the calendar"))
}

fn digest(text: &str, member: &str) -> Result<Digest, LineFault> {
    Digest::from_hex(text)
        .ok_or_else(|| LineFault::malformed(format!("`{member}` is not 64 lower-case hex digits")))
}

#[cfg(test)]
mod tests;
