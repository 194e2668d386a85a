//! What is shown of a text: every character, or a visible stand-in for it.
//!
//! Text may come from a log, so from an attacker. Characters that would act instead of being seen (controls, bidi
//! overrides, zero-width characters) are replaced by their code point in angle marks, `‹U+202E›`, and so are copied out
//! as that; a line end becomes `¶`. A character that no embedded face holds is shown the same way, and is copied out as
//! itself.

use std::ops::Range;

use unicode_bidi::{BidiClass, bidi_class};

/// Marks that may follow one letter; more would climb over the lines above.
const MAX_MARKS: usize = 3;

/// A text as shown.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// The characters to set.
    pub(super) text: String,
    /// The parts of it that stand for something else, in order.
    pub(super) stand_ins: Vec<StandIn>,
}

/// A part of a shown text that stands for one character.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StandIn {
    /// Bytes of the shown text.
    pub(super) range: Range<usize>,
    /// The character that copying gives back; none for one that acts.
    pub(super) original: Option<char>,
}

/// Returns `text` as shown with faces that hold the characters for which `holds` is true.
pub(super) fn show(text: &str, holds: impl Fn(char) -> bool) -> Shown {
    let mut shown = Shown { text: String::with_capacity(text.len()), stand_ins: Vec::new() };
    let mut marks = 0;
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joined = joins(before) && joins(chars.peek().copied());
        before = Some(c);
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if (' '..='~').contains(&c) {
            shown.text.push(c);
            continue;
        }
        let acts = is_acting(c) && !(matches!(c, '\u{200c}' | '\u{200d}') && joined);
        if !acts && marks <= MAX_MARKS && holds(c) {
            shown.text.push(c);
            continue;
        }
        let start = shown.text.len();
        if c == '\n' {
            shown.text.push('¶');
        } else {
            shown.text.push_str(&format!("‹U+{:04X}›", u32::from(c)));
        }
        let original = (!acts && marks <= MAX_MARKS).then_some(c);
        shown.stand_ins.push(StandIn { range: start..shown.text.len(), original });
        if c == '\n' {
            shown.text.push(' ');
        }
    }
    shown
}

/// True for a mark that is set on the letter before it.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && bidi_class(c) == BidiClass::NSM
}

/// True where a joiner beside `c` is spelling: Arabic letters need it.
fn joins(c: Option<char>) -> bool {
    c.is_some_and(|c| bidi_class(c) == BidiClass::AL)
}

/// True for a character that has an effect and no look: controls, format characters, and invisible fillers.
fn is_acting(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{e000}'..='\u{f8ff}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{ffff}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{10ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latin(c: char) -> bool {
        u32::from(c) < 0x250 || is_mark(c)
    }

    #[test]
    fn plain_text_is_shown_as_it_is() {
        let shown = show("Zoë approved (ok)", latin);
        assert_eq!(shown.text, "Zoë approved (ok)");
        assert!(shown.stand_ins.is_empty());
    }

    #[test]
    fn a_missing_glyph_has_a_stand_in_that_copies_as_the_character() {
        let shown = show("a中b", latin);
        assert_eq!(shown.text, "a‹U+4E2D›b");
        assert_eq!(shown.stand_ins, [StandIn { range: 1..13, original: Some('中') }]);
    }

    #[test]
    fn acting_characters_are_visible_and_do_not_come_back_by_copying() {
        for c in
            ['\t', '\u{0}', '\u{1b}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{e0041}']
        {
            let shown = show(&format!("a{c}b"), |_| true);
            assert_eq!(shown.text, format!("a‹U+{:04X}›b", u32::from(c)));
            assert_eq!(shown.stand_ins[0].original, None, "{:04X}", u32::from(c));
        }
    }

    #[test]
    fn a_line_end_is_seen_and_the_text_goes_on() {
        let shown = show("a\nb", |_| true);
        assert_eq!(shown.text, "a¶ b");
        assert_eq!(shown.stand_ins, [StandIn { range: 1..3, original: None }]);
    }

    #[test]
    fn a_joiner_is_spelling_between_arabic_letters_only() {
        assert!(show("علی\u{200c}رضا", |_| true).stand_ins.is_empty());
        assert_eq!(show("a\u{200c}b", |_| true).text, "a‹U+200C›b");
    }

    #[test]
    fn piles_of_marks_are_cut() {
        let shown = show(&format!("e{}", "\u{301}".repeat(5)), latin);
        assert_eq!(shown.text, "e\u{301}\u{301}\u{301}‹U+0301›‹U+0301›");
    }
}
