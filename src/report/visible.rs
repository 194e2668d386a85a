//! Text from logs made safe to look at: nothing invisible stays invisible, and nothing turns the line around.
//!
//! Agents write the fields that a report shows. A direction mark can make `exe.gpj` read as `jpg.exe`, a zero-width
//! character can make two names look alike, an escape code can repaint a terminal. Each becomes its code point in
//! angle marks, `‹U+202E›`. Markup is not touched here: each renderer escapes for its own sink.

use std::borrow::Cow;

/// Combining marks in a row that a real script can need; further ones only paint over the neighbouring lines.
const MAX_COMBINING: usize = 4;

/// Returns `text` with its invisible, reordering, and control characters spelt out. A line end becomes `↵`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| (' '..='~').contains(&c) || (c.is_alphanumeric() && !is_hidden(c))) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        marks = if is_combining(c) { marks + 1 } else { 0 };
        match c {
            '\n' => out.push_str("↵ "),
            '\u{200c}' | '\u{200d}' if joins(before) && joins(chars.peek().copied()) => out.push(c),
            c if is_hidden(c) || marks > MAX_COMBINING => out.push_str(&format!("‹U+{:04X}›", u32::from(c))),
            c => out.push(c),
        }
        before = Some(c);
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// Tells whether `c` would leave no trace, or a misleading one.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || is_private(c)
        || is_noncharacter(c)
}

fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

fn is_combining(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Tells whether a joiner beside `c` is spelling and not a trick: Arabic, Syriac, and the scripts of India do need it.
fn joins(c: Option<char>) -> bool {
    matches!(
        c,
        Some('\u{620}'..='\u{74f}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' | '\u{900}'..='\u{dff}')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_of_any_script_stays() {
        for text in [
            "kubectl -n prod",
            "李小龍",
            "Αλέξανδρος",
            "נועה לוי",
            "محمد علی\u{200c}رضا",
            "Zoë Å",
            "க்ஷ",
            "– “a” · é",
        ] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn direction_marks_and_zero_width_characters_are_spelt_out() {
        assert_eq!(visible("a\u{202e}gpj.exe"), "a‹U+202E›gpj.exe");
        assert_eq!(visible("dana\u{200b}.reyes"), "dana‹U+200B›.reyes");
        assert_eq!(visible("da\u{200d}na"), "da‹U+200D›na");
        assert_eq!(visible("\u{feff}x\u{2066}y\u{e0041}"), "‹U+FEFF›x‹U+2066›y‹U+E0041›");
    }

    #[test]
    fn control_characters_are_spelt_out_and_line_ends_shown() {
        assert_eq!(
            visible("a\u{1b}[31mb\r\nc\td\u{7f}\u{9b}"),
            "a‹U+001B›[31mb‹U+000D›↵ c‹U+0009›d‹U+007F›‹U+009B›"
        );
    }

    #[test]
    fn private_characters_and_noncharacters_are_spelt_out() {
        assert_eq!(visible("\u{e001}\u{fdd0}\u{1fffe}"), "‹U+E001›‹U+FDD0›‹U+1FFFE›");
    }

    #[test]
    fn piled_marks_are_cut_where_no_script_needs_them() {
        let piled = format!("e{}", "\u{301}".repeat(6));
        assert_eq!(visible(&piled), format!("e{}‹U+0301›‹U+0301›", "\u{301}".repeat(4)));
    }

    #[test]
    fn no_output_holds_a_hidden_character_and_a_second_pass_changes_nothing() {
        for code in 0..=0x10_ffff_u32 {
            let Some(c) = char::from_u32(code) else { continue };
            let text = format!("a{c}b");
            let once = visible(&text).into_owned();
            assert!(!once.chars().any(is_hidden), "U+{code:04X} comes through");
            assert_eq!(visible(&once), once, "U+{code:04X}");
        }
    }
}
