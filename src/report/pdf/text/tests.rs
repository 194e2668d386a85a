use super::*;
use crate::report::pdf::fonts::Fonts;

/// Breaks `text` and returns its lines as text, each part where the eye meets it from left to right.
fn lines(text: &str, face: Face, max: i32) -> Vec<String> {
    let fonts = Fonts::load().unwrap();
    let mut shaper = Shaper::new(&fonts);
    let prepared = Prepared::new(&mut shaper, face, text).unwrap();
    let lines = prepared.lines(&mut shaper, max, usize::MAX).unwrap();
    for line in &lines {
        assert!(line.width <= max, "a line is {} wide, more than {max}", line.width);
    }
    let text_of = |line: &Line| line.pieces.iter().map(|piece| &prepared.text[piece.range.clone()]).collect();
    lines.iter().map(text_of).collect()
}

/// Width in the mono face.
fn mono(characters: i32) -> i32 {
    characters * 600
}

#[test]
fn breaks_between_words() {
    assert_eq!(lines("one two three", Face::Mono, mono(8)), ["one two", "three"]);
    assert_eq!(lines("one two three", Face::Mono, mono(7)), ["one two", "three"]);
    assert_eq!(lines("one two three", Face::Mono, mono(6)), ["one", "two", "three"]);
    assert_eq!(lines("", Face::Mono, mono(6)), [""]);
}

#[test]
fn identifiers_and_times_stay_whole_where_they_fit() {
    assert_eq!(
        lines("at 2026-07-01T00:04:11Z by AUTHZ-01", Face::Mono, mono(20)),
        ["at", "2026-07-01T00:04:11Z", "by AUTHZ-01"]
    );
}

#[test]
fn digests_break_in_groups_of_eight() {
    let digest = "0123456789abcdef".repeat(4);
    let lines = lines(&digest, Face::Mono, mono(27));
    assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [24, 24, 16]);
    assert_eq!(lines.concat(), digest);
}

#[test]
fn paths_break_after_slashes() {
    assert_eq!(
        lines("logs/gateway/2026-07.jsonl:118", Face::Mono, mono(20)),
        ["logs/gateway/", "2026-07.jsonl:118"]
    );
}

#[test]
fn identifiers_do_not_break_at_hyphens() {
    assert_eq!(lines("see slack-approvals", Face::Mono, mono(15)), ["see", "slack-approvals"]);
    assert_eq!(lines("see four-eyes", Face::Regular, 5_200), ["see four-", "eyes"]);
}

#[test]
fn a_word_too_long_for_a_line_is_broken_and_nothing_is_lost() {
    for word in ["x".repeat(1000), "é\u{301}".repeat(300), "a.b_c".repeat(200), "א".repeat(400)] {
        let lines = lines(&word, Face::Regular, 20_000);
        let held: usize = lines.iter().map(|line| line.chars().count()).sum();
        assert_eq!(held, word.chars().count());
        assert!(lines.iter().all(|line| !line.starts_with('\u{301}')));
    }
}

#[test]
fn a_line_narrower_than_a_letter_still_ends() {
    let fonts = Fonts::load().unwrap();
    let mut shaper = Shaper::new(&fonts);
    let prepared = Prepared::new(&mut shaper, Face::Mono, "abc 中").unwrap();
    let lines = prepared.lines(&mut shaper, 1, usize::MAX).unwrap();
    assert_eq!(lines.len(), 4);
}

#[test]
fn spaces_at_the_end_of_a_line_take_no_room() {
    assert_eq!(lines("one   two", Face::Mono, mono(3)), ["one", "two"]);
}

#[test]
fn right_to_left_words_run_from_right_to_left() {
    // The words of a Hebrew phrase are met in reverse, and the English around it keeps its order.
    assert_eq!(lines("by דוד לוי today", Face::Regular, 100_000), ["by לוי דוד today"]);
    // Digits inside it keep their own direction.
    assert_eq!(lines("דוד 12 לוי", Face::Regular, 100_000), ["לוי 12 דוד"]);
}

#[test]
fn a_name_alone_does_not_turn_what_follows() {
    assert_eq!(lines("דוד approved own request", Face::Regular, 100_000), ["דוד approved own request"]);
}

#[test]
fn a_bidi_override_has_no_effect_and_is_seen() {
    assert_eq!(lines("a\u{202e}bc", Face::Regular, 100_000), ["a‹U+202E›bc"]);
}

#[test]
fn other_faces_fill_in() {
    let fonts = Fonts::load().unwrap();
    let mut shaper = Shaper::new(&fonts);
    let prepared = Prepared::new(&mut shaper, Face::Bold, "a→ב中").unwrap();
    let faces: Vec<FaceId> =
        prepared.segments.iter().flat_map(|s| &s.pieces).map(|piece| piece.face).collect();
    // Bold, mono for the arrow, bold Hebrew, and the mono stand-in.
    assert_eq!(faces, [1, 2, 4, 2]);
    let last = prepared.segments.last().unwrap().pieces.last().unwrap();
    assert_eq!(last.stand_in, Some(Some('中')));
}
