use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value as Json;

use super::time::{TimeError, TimeForm};
use super::*;
use crate::digest::Digest;
use crate::integrity::tree::{Limits, Pointer, parse};

/// Returns the folder of foreign vectors, or `None` where there is none and CI does not ask for it.
fn vectors() -> Option<PathBuf> {
    match std::env::var_os("COUNTERSIGN_VECTORS") {
        Some(folder) => Some(folder.into()),
        None if std::env::var_os("CI").is_some() => {
            panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors")
        }
        None => None,
    }
}

fn written(canon: Canon, text: &str) -> Result<String, CanonError> {
    let node = parse(text, &Limits::RECORD).unwrap();
    canon.to_bytes(&node).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn text(canon: Canon, source: &str) -> String {
    written(canon, source).unwrap_or_else(|error| panic!("{canon} of {source}: {error}"))
}

#[test]
fn the_vectors_of_rfc_8785_are_met_byte_for_byte() {
    let Some(folder) = vectors() else { return };
    let mut seen = 0;
    for entry in fs::read_dir(folder.join("jcs/input")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let source = fs::read_to_string(folder.join("jcs/input").join(&name)).unwrap();
        let expected = fs::read(folder.join("jcs/output").join(&name)).unwrap();
        let hex = fs::read_to_string(folder.join("jcs/outhex").join(name.replace(".json", ".txt"))).unwrap();
        let hex: String = hex.split_whitespace().collect();
        let bytes = Canon::Jcs.to_bytes(&parse(&source, &Limits::RECORD).unwrap()).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&expected), "{name}");
        assert_eq!(hex::encode(&bytes), hex, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 6, "the suite has another size");
}

#[test]
fn the_vectors_of_agent_receipts_are_met_byte_for_byte() {
    let Some(folder) = vectors() else { return };
    let file = fs::read_to_string(folder.join("agent-receipts/canonicalization_vectors.json")).unwrap();
    let root = parse(&file, &Limits::RECORD).unwrap();
    let cases = root.at("/canonicalization_vectors").and_then(Node::items).unwrap();
    for case in cases {
        let name = case.member("name").and_then(Node::text).unwrap();
        let bytes = Canon::Jcs.to_bytes(case.member("input").unwrap()).unwrap();
        let expected = case.member("canonical").and_then(Node::text).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), expected, "{name}");
        if let Some(hash) = case.member("expectedHash").and_then(Node::text) {
            assert_eq!(format!("sha256:{}", Digest::of(&bytes)), hash, "{name}");
        }
    }
    assert_eq!(cases.len(), 32, "the suite has another size");
}

#[test]
fn the_receipt_hashes_of_agent_receipts_are_met() {
    let Some(folder) = vectors() else { return };
    let file = fs::read_to_string(folder.join("agent-receipts/canonicalization_vectors.json")).unwrap();
    let root = parse(&file, &Limits::RECORD).unwrap();
    let cases = root.at("/receipt_hash_vectors").and_then(Node::items).unwrap();
    let baseline = cases[0].member("expectedHash").and_then(Node::text).unwrap();
    let mut hashed = 0;
    for case in cases {
        let name = case.member("name").and_then(Node::text).unwrap();
        // One case has no receipt of its own: it speaks of the whole chain of another file.
        let Some(receipt) = case.member("receipt") else { continue };
        let mut receipt = receipt.clone();
        let required = Pointer::parse("/credentialSubject/chain/previous_receipt_hash").unwrap();
        let previous = receipt.find(&required).unwrap().clone();
        receipt.omit_nulls();
        assert!(receipt.set_at(&required, previous), "{name}");
        receipt.drop_at(&Pointer::parse("/proof").unwrap());
        let bytes = Canon::Jcs.to_bytes(&receipt).unwrap();
        let expected = match case.member("expectedHash").and_then(Node::text).unwrap() {
            "SAME_AS_receipt_all_optional_absent" => baseline,
            hash => hash,
        };
        assert_eq!(format!("sha256:{}", Digest::of(&bytes)), expected, "{name}");
        if let Some(part) = case.member("mustContainSubstring").and_then(Node::text) {
            assert!(String::from_utf8_lossy(&bytes).contains(part), "{name}");
        }
        hashed += 1;
    }
    assert_eq!((cases.len(), hashed), (11, 10), "the suite has another size");
}

/// The file is written by `tests/interop/canon_cases.py`.
#[test]
#[ignore = "needs Python and Node; `tests/run` has a step for it"]
fn cases_of_other_programs() {
    let file = std::env::var_os("COUNTERSIGN_CANON_CASES").expect("the step sets it");
    let mut seen = std::collections::BTreeMap::<Canon, (usize, usize)>::new();
    for line in fs::read_to_string(file).unwrap().lines() {
        let case = parse(line, &Limits::RECORD).unwrap();
        let member = |name: &str| case.member(name).and_then(Node::text);
        let (source, canon) = (member("text").unwrap(), Canon::from_word(member("canon").unwrap()).unwrap());
        let expected = member("bytes");
        assert_eq!(written(canon, source).ok().as_deref(), expected, "{canon} of {source}");
        let counts = seen.entry(canon).or_default();
        counts.0 += usize::from(expected.is_some());
        counts.1 += usize::from(expected.is_none());
    }
    assert_eq!(seen.len(), Canon::ALL.len());
    for (canon, (writes, refusals)) in seen {
        assert!(writes >= 500 && (refusals >= 50 || canon == Canon::Raw), "{canon}: {writes} and {refusals}");
    }
}

#[test]
fn one_value_is_written_in_ten_ways() {
    let source = r#"{"b": "<\u00e9\u2028\u007f/\b>", "10": 1.0, "9": [1e21, -0.0], "a": {}, "\u20ac": null}"#;
    for (canon, expected) in [
        (Canon::Jcs, "{\"10\":1,\"9\":[1e+21,0],\"a\":{},\"b\":\"<é\u{2028}\u{7f}/\\b>\",\"€\":null}"),
        (Canon::JcsNfc, "{\"10\":1,\"9\":[1e+21,0],\"a\":{},\"b\":\"<é\u{2028}\u{7f}/\\b>\",\"€\":null}"),
        (
            Canon::PyJson,
            r#"{"10": 1.0, "9": [1e+21, -0.0], "a": {}, "b": "<\u00e9\u2028\u007f/\b>", "\u20ac": null}"#,
        ),
        (
            Canon::PyJsonCompact,
            r#"{"10":1.0,"9":[1e+21,-0.0],"a":{},"b":"<\u00e9\u2028\u007f/\b>","\u20ac":null}"#,
        ),
        (
            Canon::PyJsonCompactUtf8,
            "{\"10\":1.0,\"9\":[1e+21,-0.0],\"a\":{},\"b\":\"<é\u{2028}\u{7f}/\\b>\",\"€\":null}",
        ),
        (Canon::JsOrdered, "{\"9\":[1e+21,0],\"10\":1,\"b\":\"<é\u{2028}\u{7f}/\\b>\",\"a\":{},\"€\":null}"),
        (Canon::JsSorted, "{\"9\":[1e+21,0],\"10\":1,\"a\":{},\"b\":\"<é\u{2028}\u{7f}/\\b>\",\"€\":null}"),
        (
            Canon::GoJson,
            "{\"b\":\"\\u003cé\\u2028\u{7f}/\\b\\u003e\",\"10\":1,\"9\":[1e+21,-0],\"a\":{},\"€\":null}",
        ),
        (Canon::Raw, source),
    ] {
        assert_eq!(text(canon, source), expected, "{canon}");
    }
    assert_eq!(
        text(Canon::JcsNfcHtml, "{\"b\":\"<e\u{301}&\u{2029}>\",\"a\":-7}"),
        "{\"a\":-7,\"b\":\"\\u003cé\\u0026\\u2029\\u003e\"}"
    );
    assert_eq!(Canon::ALL.len(), 10);
}

#[test]
fn names_sort_by_utf_16_or_by_code_point() {
    let source = "{\"\u{ff5e}\":1,\"\u{1f389}\":2}";
    for (canon, first) in [
        (Canon::Jcs, '\u{1f389}'),
        (Canon::JcsNfc, '\u{1f389}'),
        (Canon::JsSorted, '\u{1f389}'),
        (Canon::JcsNfcHtml, '\u{ff5e}'),
        (Canon::PyJsonCompactUtf8, '\u{ff5e}'),
        (Canon::GoJson, '\u{ff5e}'),
    ] {
        assert_eq!(text(canon, source).chars().nth(2), Some(first), "{canon}");
    }
}

#[test]
fn numbers_that_readers_disagree_on_are_refused_by_whoever_depends_on_them() {
    let all = |number: &str| -> Vec<Canon> {
        Canon::ALL.iter().copied().filter(|canon| written(*canon, number).is_ok()).collect()
    };
    for number in ["-0", "1e400", "18446744073709551616", "-9223372036854775809"] {
        assert_eq!(all(number), [Canon::Raw], "{number}");
        let error = written(Canon::Jcs, number).unwrap_err();
        assert_eq!(error.break_kind(), BreakKind::UnsafeNumber);
    }
    let exact = [
        Canon::JcsNfcHtml,
        Canon::PyJson,
        Canon::PyJsonCompact,
        Canon::PyJsonCompactUtf8,
        Canon::GoJson,
        Canon::Raw,
    ];
    assert_eq!(all("9007199254740993"), exact);
    assert_eq!(all("18446744073709551615"), exact[1..]);
    assert_eq!(all("9007199254740992").len(), 10);
    let doubles: Vec<Canon> =
        Canon::ALL.iter().copied().filter(|canon| *canon != Canon::JcsNfcHtml).collect();
    assert_eq!(all("0.5"), doubles);
    assert_eq!(all("-0.0"), doubles);
}

#[test]
fn a_number_never_makes_an_endless_message() {
    let long = format!("1{}", "0".repeat(5000));
    let message = written(Canon::Jcs, &long).unwrap_err().to_string();
    assert!(message.len() < 120, "{message}");
}

#[test]
fn what_a_canonicaliser_would_hide_is_refused() {
    let twins = "{\"e\u{301}\":1,\"é\":2}";
    assert_eq!(written(Canon::JcsNfc, twins), Err(CanonError::DuplicateKey));
    assert_eq!(written(Canon::JcsNfcHtml, twins), Err(CanonError::DuplicateKey));
    assert!(written(Canon::Jcs, twins).is_ok());
    let proto = r#"{"a":{"__proto__":{"x":1}}}"#;
    assert_eq!(written(Canon::JsSorted, proto), Err(CanonError::LeftOut));
    assert_eq!(text(Canon::JsOrdered, proto), proto);
    for error in [CanonError::DuplicateKey, CanonError::LeftOut, CanonError::NoSource] {
        assert!(error.help().is_some());
    }
}

#[test]
fn assembled_values_are_written_and_have_no_raw_bytes() {
    let source = parse(r#"{"b":1, "a":{"t":"<"}}"#, &Limits::RECORD).unwrap();
    let built = Node::object([
        ("prev", Some(Node::null())),
        ("a", source.member("a").cloned()),
        ("raw", Some(Node::verbatim("{ \"q\\\" <\" : 1.0 , \"x\":[ ] }", &Limits::RECORD).unwrap())),
    ]);
    let write = |canon: Canon| canon.to_bytes(&built).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(
        write(Canon::GoJson).unwrap(),
        r#"{"prev":null,"a":{"t":"\u003c"},"raw":{"q\" \u003c":1.0,"x":[]}}"#
    );
    assert_eq!(write(Canon::Jcs).unwrap(), r#"{"a":{"t":"<"},"prev":null,"raw":{"q\" <":1.0,"x":[]}}"#);
    assert_eq!(write(Canon::Raw), Err(CanonError::NoSource));
    assert_eq!(Canon::Raw.to_bytes(source.member("a").unwrap()).unwrap(), br#"{"t":"<"}"#);
}

#[test]
fn doubles_are_written_as_three_languages_do() {
    for (double, es, py) in [
        (0.0, "0", "0.0"),
        (1.0, "1", "1.0"),
        (-1.5, "-1.5", "-1.5"),
        (1e15, "1000000000000000", "1000000000000000.0"),
        (1e16, "10000000000000000", "1e+16"),
        (1.234_567_890_123_456_8e17, "123456789012345680", "1.2345678901234568e+17"),
        (1e20, "100000000000000000000", "1e+20"),
        (1e21, "1e+21", "1e+21"),
        (1.5e300, "1.5e+300", "1.5e+300"),
        (1e-4, "0.0001", "0.0001"),
        (1.25e-5, "0.0000125", "1.25e-05"),
        (1e-6, "0.000001", "1e-06"),
        (1e-7, "1e-7", "1e-07"),
        (5e-324, "5e-324", "5e-324"),
        (f64::MAX, "1.7976931348623157e+308", "1.7976931348623157e+308"),
        (9_007_199_254_740_994.0, "9007199254740994", "9007199254740994.0"),
        (333_333_333.333_333_3, "333333333.3333333", "333333333.3333333"),
        // As far from .2 as from .3, and from .8 as from .7: the even digit.
        (1_713_149_529_135_198.2, "1713149529135198.2", "1713149529135198.2"),
        (-1_713_149_529_135_198.8, "-1713149529135198.8", "-1713149529135198.8"),
        (0.012, "0.012", "0.012"),
        (120.0, "120", "120.0"),
        (100.25, "100.25", "100.25"),
    ] {
        assert_eq!((number::ecmascript(double).as_str(), number::python(double).as_str()), (es, py));
        assert_eq!(number::go(double), es);
    }
    assert_eq!(
        (number::ecmascript(-0.0), number::python(-0.0), number::go(-0.0)),
        ("0".into(), "-0.0".into(), "-0".into())
    );
}

#[test]
fn times_are_spelled_as_four_products_do() {
    let forms = |time: &str| TimeForm::ALL.iter().map(|form| form.rewrite(time)).collect::<Vec<_>>();
    let ok = |texts: [&str; 4]| texts.map(|text| Ok(text.to_owned())).to_vec();
    assert_eq!(
        forms("2026-07-01T09:30:00.120Z"),
        ok([
            "2026-07-01T09:30:00.120000+00:00",
            "2026-07-01T09:30:00.12Z",
            "2026-07-01T09:30:00.1200000Z",
            "1782898200.12"
        ])
    );
    assert_eq!(
        forms("2026-07-01 00:00:00+02:00"),
        ok([
            "2026-07-01T00:00:00+02:00",
            "2026-06-30T22:00:00Z",
            "2026-07-01T00:00:00.0000000+02:00",
            "1782856800.0"
        ])
    );
    assert_eq!(
        TimeForm::Rfc3339Nano.rewrite("2026-07-01T00:00:00.000000001Z").unwrap(),
        "2026-07-01T00:00:00.000000001Z"
    );
    assert_eq!(TimeForm::Isoformat.rewrite("2026-07-01T00:00:00.0000001Z"), Err(TimeError::TooFine(6)));
    assert_eq!(TimeForm::DotnetO.rewrite("2026-07-01T00:00:00.12345678Z"), Err(TimeError::TooFine(7)));
    assert_eq!(TimeForm::Isoformat.rewrite("2026-07-01T00:00:00").unwrap(), "2026-07-01T00:00:00");
    assert_eq!(TimeForm::Rfc3339Nano.rewrite("2026-07-01T00:00:00"), Err(TimeError::NoOffset));
    for time in [
        "",
        "2026-07-01",
        "2026-02-30T00:00:00Z",
        "2026-07-01T24:00:00Z",
        "2026-07-01T00:00:60Z",
        "2026-07-01T00:00:00.Z",
        "2026-07-01T00:00:00z",
        "2026-07-01T00:00:00+0200",
        "2026-07-01T00:00:00+24:00",
        "2026-07-01T00:00:00+\u{e9}:00",
        "2026-07-01T00:00:0\u{e9}",
        "2026-07-01T00:00:00Z ",
    ] {
        assert_eq!(TimeForm::Isoformat.rewrite(time), Err(TimeError::NotATime), "{time}");
    }
}

proptest! {
    #[test]
    fn canonical_bytes_of_canonical_bytes_are_themselves(source in json(), n in 0..10_usize) {
        let canon = Canon::ALL[n];
        if let Ok(once) = written(canon, &source) {
            // A double such as 1e20 is written as an integer that is refused when it is read again.
            match written(canon, &once) {
                Ok(twice) => prop_assert_eq!(twice, once),
                Err(error) => prop_assert_eq!(error.break_kind(), BreakKind::UnsafeNumber),
            }
        }
    }

    #[test]
    fn canonical_bytes_are_json_of_the_same_value(source in json(), n in 0..10_usize) {
        if let Ok(once) = written(Canon::ALL[n], &source) && !matches!(Canon::ALL[n], Canon::JcsNfc | Canon::JcsNfcHtml) {
            let (before, after) = (parse(&source, &Limits::RECORD).unwrap(), parse(&once, &Limits::RECORD).unwrap());
            prop_assert!(same(&before, &after), "{} became {}", source, once);
        }
    }

    #[test]
    fn doubles_survive(bits in any::<u64>()) {
        let double = f64::from_bits(bits);
        prop_assume!(double.is_finite());
        for text in [number::ecmascript(double), number::python(double), number::go(double)] {
            prop_assert_eq!(text.parse::<f64>().unwrap(), double);
        }
    }
}

/// Compares two values, numbers as doubles, members in any order.
fn same(a: &Node, b: &Node) -> bool {
    match (a.value(), b.value()) {
        (Value::Number(a), Value::Number(b)) => a.double() == b.double(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(members)) => {
            a.len() == members.len() && a.iter().all(|a| b.member(&a.name).is_some_and(|b| same(&a.node, b)))
        }
        (a, b) => a == b,
    }
}

/// JSON texts with all kinds of values, not written in any canonical way.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<i16>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[<&e\u{301}\u{2028}\u{1f389}\u{ff5e}\\PC\u{0}-\u{20}]{0,6}".prop_map(Json::from),
    ];
    let value = leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::btree_map("([0-9]{1,3}|\\PC{0,3})", inner, 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    });
    (value, any::<bool>()).prop_map(|(value, pretty)| {
        if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap()
    })
}
