//! Our answers to the inputs on which JSON parsers are known to differ, by their names in nst/JSONTestSuite (`test_parsing`).
//!
//! The suite leaves its 35 `i_` inputs to each parser. Ours must not change by accident: where a hash or a signature lies over a
//! text, another answer is another verdict.

use std::collections::BTreeSet;

use super::*;
use crate::integrity::canon::Canon;

/// What we make of bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    /// They are a value, and `jcs` writes it.
    Canonical,
    /// They are a value that holds a number no canonicaliser writes.
    UnsafeNumber,
    /// They are no UTF-8, so they never become a text.
    NotUtf8,
    /// They are a text that is refused.
    Refused(JsonFaultKind),
}

use Answer::{Canonical, NotUtf8, Refused, UnsafeNumber};
use JsonFaultKind::{DuplicateKey, Incomplete, Malformed, TooDeep};

fn answer(bytes: &[u8]) -> Answer {
    let Ok(text) = std::str::from_utf8(bytes) else { return NotUtf8 };
    match parse(text, &Limits::RECORD) {
        Err(fault) => Refused(fault.kind),
        Ok(node) if Canon::Jcs.to_bytes(&node).is_err() => {
            let numbers = node.numbers();
            assert!(numbers.beyond_double || numbers.infinite, "{text}");
            UnsafeNumber
        }
        Ok(_) => Canonical,
    }
}

fn check(cases: &[(&str, &[u8], Answer)]) {
    let names: BTreeSet<&str> = cases.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), cases.len(), "a name stands twice");
    for (name, bytes, expected) in cases {
        assert_eq!(answer(bytes), *expected, "{name}");
    }
}

#[test]
fn the_inputs_that_are_left_to_the_parser() {
    let deep = [vec![b'['; 500], vec![b']'; 500]].concat();
    let huge = format!("[0.4e00669999999999999999999999999999999999999999{}]", "9".repeat(60));
    let cases: &[(&str, &[u8], Answer)] = &[
        ("i_number_double_huge_neg_exp", b"[123.456e-789]", Canonical),
        ("i_number_huge_exp", huge.as_bytes(), UnsafeNumber),
        ("i_number_neg_int_huge_exp", b"[-1e+9999]", UnsafeNumber),
        ("i_number_pos_double_huge_exp", b"[1.5e+9999]", UnsafeNumber),
        ("i_number_real_neg_overflow", b"[-123123e100000]", UnsafeNumber),
        ("i_number_real_pos_overflow", b"[123123e100000]", UnsafeNumber),
        ("i_number_real_underflow", b"[123e-10000000]", Canonical),
        ("i_number_too_big_neg_int", b"[-123123123123123123123123123123]", UnsafeNumber),
        ("i_number_too_big_pos_int", b"[100000000000000000000]", UnsafeNumber),
        (
            "i_number_very_big_negative_int",
            b"[-237462374673276894279832749832423479823246327846]",
            UnsafeNumber,
        ),
        ("i_object_key_lone_2nd_surrogate", br#"{"\uDFAA":0}"#, Refused(Malformed)),
        ("i_string_1st_surrogate_but_2nd_missing", br#"["\uDADA"]"#, Refused(Malformed)),
        ("i_string_1st_valid_surrogate_2nd_invalid", br#"["\uD888\u1234"]"#, Refused(Malformed)),
        ("i_string_UTF-16LE_with_BOM", b"\xff\xfe[\0\"\0\xe9\0\"\0]\0", NotUtf8),
        ("i_string_UTF-8_invalid_sequence", b"[\"\xe6\x97\xa5\xd1\x88\xfa\"]", NotUtf8),
        ("i_string_UTF8_surrogate_U+D800", b"[\"\xed\xa0\x80\"]", NotUtf8),
        ("i_string_incomplete_surrogate_and_escape_valid", br#"["\uD800\n"]"#, Refused(Malformed)),
        ("i_string_incomplete_surrogate_pair", br#"["\uDd1ea"]"#, Refused(Malformed)),
        ("i_string_incomplete_surrogates_escape_valid", br#"["\uD800\uD800\n"]"#, Refused(Malformed)),
        ("i_string_invalid_lonely_surrogate", br#"["\ud800"]"#, Refused(Malformed)),
        ("i_string_invalid_surrogate", br#"["\ud800abc"]"#, Refused(Malformed)),
        ("i_string_invalid_utf-8", b"[\"\xff\"]", NotUtf8),
        ("i_string_inverted_surrogates_U+1D11E", br#"["\uDd1e\uD834"]"#, Refused(Malformed)),
        ("i_string_iso_latin_1", b"[\"\xe9\"]", NotUtf8),
        ("i_string_lone_second_surrogate", br#"["\uDFAA"]"#, Refused(Malformed)),
        ("i_string_lone_utf8_continuation_byte", b"[\"\x81\"]", NotUtf8),
        ("i_string_not_in_unicode_range", b"[\"\xf4\xbf\xbf\xbf\"]", NotUtf8),
        ("i_string_overlong_sequence_2_bytes", b"[\"\xc0\xaf\"]", NotUtf8),
        ("i_string_overlong_sequence_6_bytes", b"[\"\xfc\x83\xbf\xbf\xbf\xbf\"]", NotUtf8),
        ("i_string_overlong_sequence_6_bytes_null", b"[\"\xfc\x80\x80\x80\x80\x80\"]", NotUtf8),
        ("i_string_truncated-utf-8", b"[\"\xe0\xff\"]", NotUtf8),
        ("i_string_utf16BE_no_BOM", b"\0[\0\"\0\xe9\0\"\0]", NotUtf8),
        ("i_string_utf16LE_no_BOM", b"[\0\"\0\xe9\0\"\0]\0", NotUtf8),
        ("i_structure_500_nested_arrays", &deep, Refused(TooDeep)),
        ("i_structure_UTF-8_BOM_empty_object", b"\xef\xbb\xbf{}", Refused(Malformed)),
    ];
    assert_eq!(cases.len(), 35);
    check(cases);
}

#[test]
fn inputs_that_every_parser_must_refuse() {
    check(&[
        ("n_array_comma_after_close", b"[\"\"],", Refused(Malformed)),
        ("n_array_extra_comma", b"[\"\",]", Refused(Malformed)),
        ("n_array_double_comma", b"[1,,2]", Refused(Malformed)),
        ("n_array_unclosed", b"[\"\"", Refused(Incomplete)),
        ("n_number_+1", b"[+1]", Refused(Malformed)),
        ("n_number_-01", b"[-01]", Refused(Malformed)),
        ("n_number_-", b"[-]", Refused(Malformed)),
        ("n_number_.2e-3", b"[.2e-3]", Refused(Malformed)),
        ("n_number_2.e3", b"[2.e3]", Refused(Malformed)),
        ("n_number_0x1", b"[0x1]", Refused(Malformed)),
        ("n_number_Inf", b"[Inf]", Refused(Malformed)),
        ("n_number_NaN", b"[NaN]", Refused(Malformed)),
        ("n_number_U+FF11_fullwidth_digit_one", "[１]".as_bytes(), Refused(Malformed)),
        ("n_object_single_quote", b"{'a':0}", Refused(Malformed)),
        ("n_object_unquoted_key", b"{a: \"b\"}", Refused(Malformed)),
        ("n_object_trailing_comment", b"{\"a\":\"b\"}/**/", Refused(Malformed)),
        ("n_string_unescaped_newline", b"[\"new\nline\"]", Refused(Malformed)),
        ("n_string_unescaped_tab", b"[\"\t\"]", Refused(Malformed)),
        ("n_string_unescaped_ctrl_char", b"[\"a\0a\"]", Refused(Malformed)),
        ("n_string_invalid_backslash_esc", br#"["\a"]"#, Refused(Malformed)),
        ("n_string_escape_x", br#"["\x00"]"#, Refused(Malformed)),
        ("n_string_invalid_unicode_escape", br#"["\uqqqq"]"#, Refused(Malformed)),
        ("n_structure_no_data", b"", Refused(Incomplete)),
        ("n_structure_single_space", b" ", Refused(Incomplete)),
        ("n_structure_null-byte-outside-string", b"[\0]", Refused(Malformed)),
        ("n_structure_whitespace_formfeed", b"[\x0c]", Refused(Malformed)),
        ("n_structure_U+2060_word_joined", "[\u{2060}]".as_bytes(), Refused(Malformed)),
        ("n_structure_object_followed_by_closing_object", b"{}}", Refused(Malformed)),
        ("n_structure_object_with_trailing_garbage", b"{\"a\": true} \"x\"", Refused(Malformed)),
        ("n_structure_capitalized_True", b"[True]", Refused(Malformed)),
        ("n_structure_100000_opening_arrays", &[b'['; 100_000], Refused(TooDeep)),
        ("n_multidigit_number_then_00", b"123\0", Refused(Malformed)),
        ("n_incomplete_null", b"[nul]", Refused(Malformed)),
        ("n_single_space_bom", b"\xef\xbb\xbf", Refused(Malformed)),
    ]);
}

#[test]
fn inputs_that_every_parser_must_take_and_three_that_we_do_not() {
    check(&[
        ("y_array_with_several_null", b"[1,null,null,null,2]", Canonical),
        ("y_number_0e+1", b"[0e+1]", Canonical),
        ("y_number_double_close_to_zero", b"[-0.0000000000000000000000000000000000000000001]", Canonical),
        ("y_number_real_capital_e_neg_exp", b"[1E-2]", Canonical),
        ("y_object_empty_key", b"{\"\":0}", Canonical),
        ("y_object_escaped_null_in_key", br#"{"foo\u0000bar": 42}"#, Canonical),
        ("y_string_accepted_surrogate_pairs", br#"["\ud83d\ude39\ud83d\udc8d"]"#, Canonical),
        ("y_string_nonCharacterInUTF-8_U+FFFF", "[\"\u{ffff}\"]".as_bytes(), Canonical),
        ("y_string_u+2028_line_sep", "[\"\u{2028}\"]".as_bytes(), Canonical),
        ("y_string_unescaped_char_delete", b"[\"\x7f\"]", Canonical),
        ("y_string_unicode_U+10FFFE_nonchar", br#"["\uDBFF\uDFFE"]"#, Canonical),
        ("y_structure_lonely_int", b"42", Canonical),
        ("y_structure_whitespace_array", b" [] ", Canonical),
        ("y_array_arraysWithSpaces", b"[[]   ]\r\n\t", Canonical),
        // Readers keep the first, the last, or both.
        ("y_object_duplicated_key", br#"{"a":"b","a":"c"}"#, Refused(DuplicateKey)),
        ("y_object_duplicated_key_and_value", br#"{"a":"b","a":"b"}"#, Refused(DuplicateKey)),
        // An integer to some readers, a negative zero to others.
        ("y_number_negative_zero", b"[-0]", UnsafeNumber),
    ]);
}
