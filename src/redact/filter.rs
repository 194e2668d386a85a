//! A look at a text that tells, for nearly every one, that none of some expressions matches anywhere in it.
//!
//! Every match begins with one of few literals, which the expressions themselves give. Their first three letters, in any case,
//! are marked in a table, and a text in which no three neighbours are marked holds no match. A search machine goes from state
//! to state and waits at every byte for the one before; this look does not, and most texts of a log are short ids.

use std::collections::BTreeSet;

use regex_syntax::hir::literal::Extractor;

/// How many letters of a literal are looked at.
const LETTERS: usize = 3;
/// Bits of a mark: 4 KiB of table, so that it stays in the nearest cache, and few texts meet one of some hundred marks by chance.
const BITS: u32 = 15;
const WORDS: usize = 1 << (BITS - 6);

/// The marked beginnings of some expressions.
#[derive(Debug)]
pub(super) struct Filter {
    marked: Box<[u64; WORDS]>,
    /// The beginnings themselves, for the texts that meet a mark by chance.
    begins: BTreeSet<u32>,
}

impl Filter {
    /// Returns the filter of expressions, or `None` where a match of one may begin with anything, or with less than three bytes.
    pub(super) fn of<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        let mut extractor = Extractor::new();
        extractor.limit_literal_len(LETTERS).limit_class(64).limit_total(4_096);
        let (mut marked, mut begins) = (Box::new([0; WORDS]), BTreeSet::new());
        for pattern in patterns {
            let literals = extractor.extract(&regex_syntax::parse(pattern).ok()?);
            for literal in literals.literals()? {
                let letters = folded(literal.as_bytes().get(..LETTERS)?);
                let (word, bit) = place(letters);
                marked[word] |= 1 << bit;
                begins.insert(letters);
            }
        }
        Some(Self { marked, begins })
    }

    /// Tells whether one of the expressions may match in `text`; where it returns false, none does.
    pub(super) fn passes(&self, text: &str) -> bool {
        let all = || text.as_bytes().windows(LETTERS).map(folded);
        let found = all().fold(0, |found, letters| {
            let (word, bit) = place(letters);
            found | (self.marked[word] >> bit)
        });
        found & 1 == 1 && all().any(|letters| self.begins.contains(&letters))
    }
}

/// Returns three bytes as one number, the same for both cases of a letter.
fn folded(letters: &[u8]) -> u32 {
    u32::from_le_bytes([letters[0] | 0x20, letters[1] | 0x20, letters[2] | 0x20, 0])
}

/// Returns where letters are marked.
fn place(letters: u32) -> (usize, u32) {
    // A multiplicative hash; the factor is 2^32 divided by the golden ratio.
    let hash = letters.wrapping_mul(0x9E37_79B1) >> (32 - BITS);
    ((hash >> 6) as usize, hash & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_expression_matches_passes_in_any_case_and_place() {
        let filter =
            Filter::of([r"gh[pousr]_", r"(?i-u)secret|-u[ =]", r"SK[0-9a-f]{32}", r"pw\s", "://"]).unwrap();
        for text in [
            "ghs_",
            "see ghp_1",
            "SeCrEt",
            "a -u=x",
            "a -u x",
            "SK0",
            "upw\u{a0}x",
            "x PW\ty",
            "a://",
            "ü://ü",
        ] {
            assert!(filter.passes(text), "{text}");
        }
        for text in ["", "g", "gh", "2f1c8a44-9e0b-4f0e-8c2e-9d0f5a1b2c3d", "ghx_", "dana@acme.example"] {
            assert!(!filter.passes(text), "{text}");
        }
    }

    #[test]
    fn an_expression_whose_matches_begin_with_anything_has_no_filter() {
        for pattern in [r"\w+@", "@", "-u", "(?:key)?=", "("] {
            assert!(Filter::of([pattern]).is_none(), "{pattern}");
        }
    }
}
