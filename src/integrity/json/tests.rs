use proptest::prelude::*;

use super::*;

fn kind_of(text: &str) -> Result<Option<String>, JsonFaultKind> {
    let scanned = scan_object(text, 0, 64).map_err(|fault| fault.kind)?;
    assert_eq!(scanned.end, text.len(), "{text}");
    Ok(scanned.kind.map(Cow::into_owned))
}

#[test]
fn objects_are_scanned_to_their_end_and_give_their_kind() {
    assert_eq!(kind_of("{}"), Ok(None));
    assert_eq!(kind_of(r#"{"kind":"close"}"#), Ok(Some("close".into())));
    assert_eq!(
        kind_of(r#"{ "a" : [ 1 , {"kind":"close"} ] ,"k\u0069nd": "cl\u006fse" }"#),
        Ok(Some("close".into()))
    );
    assert_eq!(kind_of(r#"{"kind":7,"x":[[],{},"",true,false,null,-1.5e+3,0.1]}"#), Ok(None));
    assert_eq!(scan_object("xx{\"a\":1}yy", 2, 64).unwrap().end, 9);
}

#[test]
fn repeated_names_are_refused_at_any_depth_and_in_any_disguise() {
    for text in [r#"{"a":1,"a":2}"#, r#"{"x":[{"a":1,"b":2,"\u0061":3}]}"#, r#"{"\ud83d\ude00":1,"😀":2}"#]
    {
        assert_eq!(kind_of(text), Err(JsonFaultKind::DuplicateKey), "{text}");
    }
    assert_eq!(kind_of(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#), Ok(None));
    let many: Vec<String> = (0..5000).map(|n| format!("\"k{}\":0", n % 4999)).collect();
    assert_eq!(kind_of(&format!("{{{}}}", many.join(","))), Err(JsonFaultKind::DuplicateKey));
}

#[test]
fn numbers_that_readers_disagree_on_are_refused() {
    for number in ["18446744073709551616", "-9223372036854775809", "-0", "1e400", "-1e400"] {
        assert_eq!(kind_of(&format!("{{\"n\":{number}}}")), Err(JsonFaultKind::UnsafeNumber), "{number}");
    }
    for number in ["18446744073709551615", "-9223372036854775808", "0", "1e308", "-0.0", "9007199254740993"] {
        assert_eq!(kind_of(&format!("{{\"n\":{number}}}")), Ok(None), "{number}");
    }
    for number in ["01", "+1", ".5", "1.", "1e", "NaN", "0x1", "--1"] {
        assert_eq!(kind_of(&format!("{{\"n\":{number}}}")), Err(JsonFaultKind::Malformed), "{number}");
    }
}

#[test]
fn half_surrogate_pairs_and_raw_control_characters_are_refused() {
    for text in [
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00"}"#,
        r#"{"a":"\ud800\u0041"}"#,
        "{\"a\":\"\u{1}\"}",
        r#"{"a":"\x"}"#,
        "{\"a\":\n1}",
        r#"{"a":1,}"#,
        r#"{"a"=1}"#,
        "[]",
    ] {
        assert_eq!(kind_of(text), Err(JsonFaultKind::Malformed), "{text}");
    }
}

#[test]
fn depth_is_limited_without_recursing_into_the_stack() {
    let nested = |depth: usize| format!("{}{}{}", "{\"a\":".repeat(depth - 1), "{}", "}".repeat(depth - 1));
    assert_eq!(kind_of(&nested(64)), Ok(None));
    assert_eq!(kind_of(&nested(65)), Err(JsonFaultKind::TooDeep));
    assert_eq!(kind_of(&format!("{{\"a\":{}", "[".repeat(100_000))), Err(JsonFaultKind::TooDeep));
}

proptest! {
    #[test]
    fn every_true_prefix_is_incomplete(cut in 1_usize..95) {
        let text = r#"{"kind":"request","n":[-12.5e3,0,true,null],"t":"\u00e9\ud83d\ude00 \n é","o":{"x":{}},"z":"é"}"#;
        prop_assume!(cut < text.len() && text.is_char_boundary(cut));
        let fault = scan_object(&text[..cut], 0, 64).unwrap_err();
        prop_assert_eq!(fault.kind, JsonFaultKind::Incomplete);
    }

    #[test]
    fn whatever_is_accepted_serde_json_accepts_too(text in r#"\{("[abk\\u0-9]{0,6}":(-?[0-9.e]{1,6}|"[a-z\\"]{0,4}"|\[\]|true),?){0,4}\}"#) {
        if let Ok(scanned) = scan_object(&text, 0, 64) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text[..scanned.end]).is_ok(), "{}", text);
        }
    }
}
