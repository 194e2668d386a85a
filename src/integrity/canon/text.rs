//! Texts as JSON texts.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// What is escaped beyond what JSON asks for.
#[derive(Clone, Copy)]
pub(super) struct Escapes {
    /// Everything that is not printable ASCII, as Python's `ensure_ascii`.
    pub(super) ascii: bool,
    /// `<`, `>`, `&`, U+2028, and U+2029, as Go's `encoding/json`.
    pub(super) html: bool,
}

/// Appends `text` in quotation marks.
///
/// All products agree on the rest: two-character escapes for `"`, `\`, backspace, form feed, line feed, carriage return and tab
/// (Go since 1.22), and four lower-case hex digits for other control characters (RFC 8785 §3.2.2.2).
pub(super) fn write(text: &str, escapes: Escapes, out: &mut Vec<u8>) {
    out.push(b'"');
    // Most texts are plain throughout, and bytes tell so faster than characters.
    if text.bytes().all(|byte| byte.is_ascii() && is_plain(char::from(byte), escapes)) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    let mut from = 0;
    for (at, letter) in text.char_indices() {
        if is_plain(letter, escapes) {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[from..at]);
        from = at + letter.len_utf8();
        match letter {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            letter => write_hex(letter, out),
        }
    }
    out.extend_from_slice(&text.as_bytes()[from..]);
    out.push(b'"');
}

fn is_plain(letter: char, escapes: Escapes) -> bool {
    match letter {
        '"' | '\\' | '\0'..='\u{1f}' => false,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escapes.html => false,
        '\u{7f}'.. => !escapes.ascii,
        _ => true,
    }
}

fn write_hex(letter: char, out: &mut Vec<u8>) {
    let mut units = [0; 2];
    for unit in letter.encode_utf16(&mut units) {
        out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
    }
}

/// Returns `text` in Unicode normalisation form C.
pub(super) fn normalised(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Appends a JSON text without the white space between its tokens, as Go's `json.Compact`; with `html`, as `json.Marshal`
/// writes a `json.RawMessage`.
pub(super) fn compact(json: &str, html: bool, out: &mut Vec<u8>) {
    let mut in_text = false;
    let mut escaped = false;
    for letter in json.chars() {
        if !in_text && matches!(letter, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        if escaped {
            escaped = false;
        } else if in_text && letter == '\\' {
            escaped = true;
        } else if letter == '"' {
            in_text = !in_text;
        }
        if html && matches!(letter, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
            write_hex(letter, out);
        } else {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}
