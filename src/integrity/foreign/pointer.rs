//! Where a value lies: JSON Pointers (RFC 6901), below the selected value of a layer or below the whole record.

use std::fmt;

use crate::integrity::foreign::value::REST;
use crate::integrity::tree::Pointer as Path;
use crate::source::framing::MAX_DEPTH;

/// Begins a pointer that starts at the whole record, whatever the layer selects.
const RECORD: &str = "record:";

/// Stands for any array index in the pointers that are shown and compared.
pub(super) const ANY_INDEX: &str = "*";

/// A compiled pointer. Member names may hold dots; nothing but `/` separates them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Pointer {
    /// True where it starts at the record, and not at the selected value.
    pub record: bool,
    /// The pointer from there.
    pub path: Path,
}

impl Pointer {
    /// Parses `/a/b`, the empty pointer, or either behind `record:`.
    ///
    /// # Errors
    ///
    /// A fragment saying what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (record, path) = match text.strip_prefix(RECORD) {
            Some(path) => (true, path),
            None => (false, text),
        };
        let path = Path::parse(path)?;
        if path.tokens().len() > MAX_DEPTH {
            return Err(format!("expected a pointer of at most {MAX_DEPTH} names, found a longer one"));
        }
        Ok(Self { record, path })
    }

    /// Returns the tokens from the record on, for a layer that selects the value at `at`.
    pub(super) fn from_record(&self, at: &[String]) -> Vec<String> {
        let start = if self.record { &[] } else { at };
        start.iter().chain(self.path.tokens()).cloned().collect()
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.record { RECORD } else { "" })?;
        f.write_str(&self.path.to_text())
    }
}

/// Returns the pointer of `tokens` as RFC 6901 writes it.
pub(super) fn written(tokens: &[String]) -> String {
    tokens.iter().map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Tells whether `pattern` begins `path`; `*` on either side stands for any index.
pub(super) fn begins(pattern: &[String], path: &[String]) -> bool {
    pattern.len() <= path.len() && pattern.iter().zip(path).all(|(left, right)| same(left, right))
}

fn same(left: &str, right: &str) -> bool {
    let index = |text: &str| text == ANY_INDEX || text.bytes().all(|b| b.is_ascii_digit());
    let from = left.strip_suffix(REST).and_then(|first| first.parse::<usize>().ok());
    let after = from.is_some_and(|first| right.parse::<usize>().is_ok_and(|index| index >= first));
    left == right || after || (left == ANY_INDEX && index(right)) || (right == ANY_INDEX && index(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_keeps_dots_and_escapes() {
        let pointer = Pointer::parse("record:/a.b/c~1d/~0").unwrap();
        assert!(pointer.record);
        assert_eq!(pointer.path.tokens(), ["a.b", "c/d", "~"]);
        assert_eq!(pointer.to_string(), "record:/a.b/c~1d/~0");
        assert_eq!(Pointer::parse("").unwrap().path.tokens(), Vec::<String>::new());
        for wrong in ["a", "/~2", "/~"] {
            assert!(Pointer::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pattern_covers_what_lies_below_it() {
        let path = |text| Path::parse(text).unwrap().tokens().to_vec();
        assert!(begins(&path(""), &path("/a")));
        assert!(begins(&path("/a"), &path("/a/b")));
        assert!(begins(&path("/a/0"), &path("/a/*")));
        assert!(!begins(&path("/a/x"), &path("/a/*")));
        assert!(!begins(&path("/a/b"), &path("/a")));
        assert!(!begins(&path("/a"), &path("/ab")));
    }
}
