use std::collections::BTreeSet;

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use super::seen::{Prev, SignatureSeen, Signed};
use super::{ChainError, ChainFormat, ChainLibrary, Keys, Seen, load, load_expr};
use crate::integrity::keyring::{Keyring, Purpose, TrustedKey};
use crate::integrity::signature::PublicKey;
use crate::integrity::verdict::BreakKind;
use crate::source::framing::Record;

/// A profile around the text of one layer.
fn profile(layer: &str) -> String {
    format!(
        "schema = \"countersign/chain-profile/1\"\nid = \"x\"\nversion = \"1\"\nproduct = \"X\"\n\
         read = {{ container = \"lines\" }}\nrecognise = [{{ where = [{{ field = \"/h\", present = true }}] }}]\n\
         [[layer]]\nname = \"l\"\n{layer}\n"
    )
}

#[track_caller]
fn format(layer: &str) -> ChainFormat {
    let text = profile(layer);
    ChainFormat::parse("x", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn examine(format: &ChainFormat, text: &str) -> Result<Vec<Seen>, (BreakKind, String)> {
    examine_with(format, text, &Keyring::empty(), &[])
}

fn examine_with(
    format: &ChainFormat,
    text: &str,
    keyring: &Keyring,
    mac: &[Vec<u8>],
) -> Result<Vec<Seen>, (BreakKind, String)> {
    format.examine(&Record::new(text, 0, 1, 0), &Keys { log: "log", keyring, mac })
}

#[track_caller]
fn one(format: &ChainFormat, text: &str) -> Seen {
    let mut seen = examine(format, text).unwrap();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

/// The bytes that `over` gives for a record, found by hashing candidates.
#[track_caller]
fn hashes(over: &str, record: &str, expected: &[u8]) {
    let format = format(&format!(
        "hash = {{ over = {over} }}\nlink = {{ prev = \"/p\", genesis = [{{ absent = true }}], spans_files = true }}"
    ));
    let seen = one(&format, record);
    assert_eq!(seen.faults, [], "{over}");
    assert_eq!(
        seen.link,
        Some(super::hash::HashAlgorithm::Sha256.of(expected)),
        "{over}: {}",
        String::from_utf8_lossy(expected)
    );
}

/// Each construction that was seen in a product, as integrity research lists them; the ones left out stand in
/// `docs/formats/chain-profile.md`, "What cannot be said".
#[test]
fn every_expression_gives_its_bytes() {
    let record = r#"{"a":"é","n":7,"t":"2026-07-01T08:00:00Z","o":{"z":1,"b":[true,null]},"h":"0aff","items":[{"v":"x"},{"v":"y"}]}"#;
    let cases: [(&str, &[u8]); 26] = [
        ("{ line = true }", record.as_bytes()),
        (r#"{ raw = "/o" }"#, br#"{"z":1,"b":[true,null]}"#),
        (r#"{ field = "/a" }"#, "é".as_bytes()),
        (r#"{ field = "/n", is = "integer" }"#, b"7"),
        (r#"{ field = "/none", absent = "-" }"#, b"-"),
        (r#"{ field = "/t", format = "ts:isoformat" }"#, b"2026-07-01T08:00:00+00:00"),
        (r#"{ lit = "x|" }"#, b"x|"),
        (r#"{ bytes = "00ff" }"#, b"\x00\xff"),
        (r#"{ decode = "/h", as = "hex", length = 2 }"#, b"\x0a\xff"),
        (r#"{ number = "/n", width = "u64be" }"#, b"\0\0\0\0\0\0\0\x07"),
        (
            r#"{ encode = { hash = { lit = "" } }, as = "hex", prefix = "sha256:" }"#,
            b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (r#"{ take = { hash = { lit = "" } }, first = 4 }"#, b"\xe3\xb0\xc4\x42"),
        (r#"{ concat = [{ field = "/h" }, { raw = "/o" }] }"#, br#"0aff{"z":1,"b":[true,null]}"#),
        (r#"{ concat = [{ field = "/a" }, { field = "/h" }], sep = "|" }"#, "é|0aff".as_bytes()),
        (r#"{ concat = [{ field = "/a" }, { field = "/h" }], sep = "\u0000" }"#, "é\x000aff".as_bytes()),
        (
            r#"{ concat = [{ field = "/a" }, { field = "/h" }], sep = ":", end = "\n" }"#,
            "é\n:0aff\n".as_bytes(),
        ),
        (
            r#"{ concat = [{ bytes = "01" }, { concat = [{ field = "/a" }, { field = "/h" }], frame = "u32be" }] }"#,
            "\u{1}\0\0\0\u{2}é\0\0\0\u{4}0aff".as_bytes(),
        ),
        (r#"{ json = "/o", canon = "jcs" }"#, br#"{"b":[true,null],"z":1}"#),
        (r#"{ json = "/o", canon = "js-ordered", drop = ["/b"] }"#, br#"{"z":1}"#),
        (r#"{ json = "/o", canon = "jcs", set = { "/z" = "" } }"#, br#"{"b":[true,null],"z":""}"#),
        (
            r#"{ object = ["/n", { name = "k", field = "/a" }, { field = "/none", absent = "omit" }, { name = "v", value = 1 }], canon = "py-json" }"#,
            br#"{"k": "\u00e9", "n": 7, "v": 1}"#,
        ),
        (
            r#"{ object = ["/n", { field = "/none", absent = "null" }], canon = "js-ordered" }"#,
            br#"{"n":7,"none":null}"#,
        ),
        (
            r#"{ array = ["/n", "/a", { value = true }], canon = "py-json-compact-utf8" }"#,
            r#"[7,"é",true]"#.as_bytes(),
        ),
        (
            r#"{ concat = [{ json = "/o", canon = "jcs" }, { json = "/items", canon = "jcs" }] }"#,
            br#"{"b":[true,null],"z":1}[{"v":"x"},{"v":"y"}]"#,
        ),
        (r#"{ each = "/items", of = { field = "/v" }, end = "\n" }"#, b"x\ny\n"),
        (
            r#"{ merkle = "/items", of = { field = "/v" }, odd = "promote", node = "01" }"#,
            &super::hash::HashAlgorithm::Sha256.of(b"\x01xy"),
        ),
    ];
    for (over, bytes) in cases {
        hashes(over, record, bytes);
    }
    let operators: BTreeSet<&str> =
        load_expr::OPERATORS.into_iter().filter(|operator| *operator != "before").collect();
    assert!(
        operators
            .iter()
            .all(|operator| cases.iter().any(|(over, _)| over.contains(&format!("{operator} = "))))
    );
}

#[test]
fn other_hash_functions_are_those_of_their_names() {
    for (alg, length) in [("sha384", 48), ("sha512", 64), ("sha3-256", 32), ("blake3", 32)] {
        let format = format(&format!(
            "hash = {{ alg = \"{alg}\", over = {{ line = true }} }}\nlink = {{ prev = \"/p\", genesis = [{{ absent = true }}], spans_files = true }}"
        ));
        assert_eq!(one(&format, "{}").link.unwrap().len(), length, "{alg}");
    }
}

#[test]
fn merkle_trees_differ_in_what_they_do_with_an_odd_leaf() {
    let sha = |bytes: &[u8]| super::hash::HashAlgorithm::Sha256.of(bytes);
    let record = r#"{"i":["a","b","c"]}"#;
    let leaf = |text: &str| sha(format!("\0{text}").as_bytes());
    let node = |left: &[u8], right: &[u8]| sha(&[b"\x01", left, right].concat());
    let left = node(&leaf("a"), &leaf("b"));
    let of = "of = { field = \"\" }, leaf = \"00\", node = \"01\"";
    // RFC 6962 §2.1 for three leaves.
    hashes(&format!("{{ merkle = \"/i\", {of}, odd = \"promote\" }}"), record, &node(&left, &leaf("c")));
    hashes(
        &format!("{{ merkle = \"/i\", {of}, odd = \"duplicate\" }}"),
        record,
        &node(&left, &node(&leaf("c"), &leaf("c"))),
    );
    hashes(
        &format!("{{ merkle = \"/i\", {of}, odd = \"pad-zero\" }}"),
        record,
        &node(&left, &node(&leaf("c"), &[0; 32])),
    );
}

#[test]
fn a_value_of_another_type_or_spelling_is_a_fault() {
    let fault = |over: &str, record: &str| {
        let format = format(&format!("hash = {{ over = {over}, field = \"/h\" }}"));
        one(&format, record).faults.first().map(|(kind, _)| *kind)
    };
    let zero = "00".repeat(32);
    for (over, value) in [
        (r#"{ field = "/a" }"#, "5"),
        (r#"{ field = "/a" }"#, "null"),
        (r#"{ field = "/a", is = "integer" }"#, "\"5\""),
        (r#"{ field = "/a", is = "integer" }"#, "5.0"),
        (r#"{ decode = "/a", as = "hex" }"#, "\"AB\""),
        (r#"{ decode = "/a", as = "hex", length = 2 }"#, "\"ab\""),
        (r#"{ number = "/a", width = "u32be" }"#, "-1"),
        (r#"{ each = "/a", of = { line = true } }"#, "{}"),
        (r#"{ raw = "/b" }"#, "1"),
        (r#"{ before = "a" }"#, "1"),
    ] {
        let record = format!(r#"{{"a":{value},"h":"{zero}"}}"#);
        assert_eq!(fault(over, &record), Some(BreakKind::Malformed), "{over} on {record}");
    }
}

/// Contracts §3: refused wherever a hash or a signature depends on them.
#[test]
fn texts_that_readers_see_differently_are_refused() {
    let format = format("hash = { over = { raw = \"/a\" }, field = \"/h\" }");
    for (text, kind) in [
        (r#"{"a":1,"a":2}"#, BreakKind::DuplicateKey),
        (r#"{"a":1,"\u0061":2}"#, BreakKind::DuplicateKey),
        (r#"{"a":18446744073709551616}"#, BreakKind::UnsafeNumber),
        (r#"{"a":1e400}"#, BreakKind::UnsafeNumber),
        (r#"{"a":-0}"#, BreakKind::UnsafeNumber),
        (r#"{"a":"\ud800"}"#, BreakKind::Malformed),
        ("{", BreakKind::Malformed),
        ("", BreakKind::Malformed),
    ] {
        assert_eq!(examine(&format, text).map_err(|(kind, _)| kind), Err(kind), "{text}");
    }
    let deep = format!("{}1{}", "[".repeat(80), "]".repeat(80));
    assert_eq!(examine(&format, &deep).map_err(|(kind, _)| kind), Err(BreakKind::Oversize));
    let long = format!("\"{}\"", "a".repeat(crate::source::framing::MAX_RECORD));
    assert_eq!(examine(&format, &long).map_err(|(kind, _)| kind), Err(BreakKind::Oversize));
    // A canonicaliser that holds numbers as doubles refuses what it would round.
    let format =
        self::format("hash = { over = { json = \"\", canon = \"jcs\", drop = [\"/h\"] }, field = \"/h\" }");
    let seen = one(&format, r#"{"a":9007199254740993,"h":"00"}"#);
    assert_eq!(seen.faults[0].0, BreakKind::UnsafeNumber);
}

#[test]
fn every_genesis_form_is_told_from_a_link() {
    let zeros = "0".repeat(64);
    for (genesis, prev, expected) in [
        ("\"genesis\"", "\"genesis\"", Some(Prev::Genesis)),
        ("\"\"", "\"\"", Some(Prev::GenesisOr(Vec::new()))),
        ("{ null = true }", "null", Some(Prev::Genesis)),
        ("{ matches = \"^g1:[0-9a-f]{4}$\" }", "\"g1:00ff\"", Some(Prev::Genesis)),
        (
            "{ computed = { hash = { lit = \"x\" } }, as = \"hex\", prefix = \"d:\" }",
            "\"d:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"",
            Some(Prev::Genesis),
        ),
        ("{ eq = \"a\", when = [{ field = \"/n\", eq = 1 }] }", "\"a\"", None),
        ("\"genesis\"", "\"GENESIS\"", None),
        ("\"genesis\"", "null", None),
        ("\"genesis\"", "\"00ff\"", Some(Prev::Value(vec![0, 255]))),
    ] {
        let format = format(&format!(
            "hash = {{ over = {{ line = true }} }}\nlink = {{ prev = \"/p\", genesis = [{genesis}], spans_files = true }}"
        ));
        let seen = one(&format, &format!("{{\"p\":{prev}}}"));
        assert_eq!(seen.prev, expected, "{genesis} on {prev}");
        assert_eq!(seen.faults.is_empty(), expected.is_some(), "{genesis} on {prev}");
    }
    let text = format!(
        "hash = {{ over = {{ line = true }} }}\nlink = {{ prev = \"/p\", genesis = [\"{zeros}\"], spans_files = true }}"
    );
    let seen = one(&format(&text), &format!("{{\"p\":\"{zeros}\"}}"));
    assert_eq!(seen.prev, Some(Prev::GenesisOr(vec![0; 32])), "64 zeros could be a hash");
}

#[test]
fn a_record_s_own_numbers_times_ids_and_ends_are_read() {
    let format = format(
        "chain_key = [\"/c\", \"/d\"]\nseq = { field = \"/n\", start = 1, step = 2 }\ntime = { field = \"/t\", format = \"epoch-s\", monotonic = true }\n\
         ids = [\"/i\"]\nhash = { over = { line = true } }\n\
         terminal = [{ when = [{ field = \"/k\", eq = \"end\" }], last = true, count = \"/m\", plus = 1, head = \"/x\", enc = { as = \"hex\" } }]",
    );
    let seen = one(&format, r#"{"c":"a|b","n":3,"t":1.5,"i":"one","k":"end","m":4,"x":"00"}"#);
    assert_eq!(seen.chain, "a\\|b|");
    assert_eq!((seen.seq, seen.time.map(crate::clock::Moment::ms)), (Some(3), Some(1500)));
    let terminal = seen.terminal.unwrap();
    assert_eq!((terminal.last, terminal.count, terminal.head), (true, Some(5), Some(vec![0])));
    assert_eq!(seen.faults, []);
    let other = one(&format, r#"{"c":"a","n":3,"t":1.5,"i":"two"}"#);
    assert_ne!(seen.ids, other.ids);
    assert_eq!(seen.ids, one(&format, r#"{"c":"z","n":5,"t":9,"i":"one"}"#).ids);
    let broken = one(&format, r#"{"c":"a","n":"3","t":"x","i":null,"k":"end","m":-1}"#);
    assert_eq!(broken.faults.len(), 5, "{:?}", broken.faults);
    assert!(format.monotonic(0));
    let facts = &format.layers()[0];
    assert_eq!((facts.start, facts.step, facts.sequenced, facts.linked), (1, 2, true, false));
}

fn trusted(key: &SigningKey, logs: &[&str]) -> TrustedKey {
    TrustedKey {
        public: PublicKey::of_signing_key(key).unwrap(),
        owner: "a test".to_owned(),
        purpose: Purpose::Log,
        logs: logs.iter().map(|log| (*log).to_owned()).collect(),
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }
}

const EMBEDDED: &str = "signature = { alg = \"ed25519\", over = { field = \"/a\" }, field = \"/s\", enc = { as = \"hex\" }, key = { field = \"/k\", enc = { as = \"hex\" } } }";

#[test]
fn an_embedded_key_is_a_claim_until_the_trust_file_holds_it() {
    let format = format(EMBEDDED);
    let key = SigningKey::from_bytes(&[7; 32]);
    let id = PublicKey::of_signing_key(&key).unwrap().id();
    let record = |text: &str, signed: &str| {
        let signature = hex::encode(key.sign(signed.as_bytes()).to_bytes());
        format!(r#"{{"a":"{text}","k":"{}","s":"{signature}"}}"#, hex::encode(key.verifying_key().as_bytes()))
    };
    let none = Keyring::empty();
    let bound = Keyring::of([trusted(&key, &["log"])]);
    let elsewhere = Keyring::of([trusted(&key, &["another"])]);
    let seen = |text: &str, keyring: &Keyring| {
        examine_with(&format, text, keyring, &[]).unwrap().remove(0).signature
    };
    assert_eq!(seen(&record("x", "x"), &none), SignatureSeen::SelfSigned { key: id });
    for keyring in [&bound, &elsewhere] {
        assert_eq!(seen(&record("x", "x"), keyring), SignatureSeen::Fits { key: id, claim: id });
    }
    for keyring in [&none, &bound, &elsewhere] {
        assert!(matches!(
            seen(&record("y", "x"), keyring),
            SignatureSeen::Wrong { kind: BreakKind::BadSignature, .. }
        ));
    }
    assert_eq!(seen(r#"{"a":"x"}"#, &bound), SignatureSeen::Missing);
    assert_eq!(seen(r#"{"a":"x","s":null}"#, &bound), SignatureSeen::Missing);
    assert!(matches!(seen(r#"{"a":"x","s":"zz"}"#, &bound), SignatureSeen::Wrong { .. }));
    assert_eq!(format.layers()[0].signed, Signed::Each);
}

/// A key of small order accepts one signature for any message, made without a private key.
#[test]
fn a_weak_key_signs_nothing() {
    let format = format(EMBEDDED);
    let mut weak = [0; 32];
    weak[0] = 1;
    let signature = [weak.as_slice(), &[0; 32]].concat();
    let mut above = [0xff; 32];
    above[0] = 0xee;
    above[31] = 0x7f;
    for key in [weak, above] {
        let record =
            format!(r#"{{"a":"anything","k":"{}","s":"{}"}}"#, hex::encode(key), hex::encode(&signature));
        let seen = one(&format, &record).signature;
        assert!(matches!(seen, SignatureSeen::Wrong { kind: BreakKind::WeakKey, .. }), "{seen:?}");
    }
}

#[test]
fn a_named_key_is_found_among_those_of_the_log() {
    let format = format(
        "signature = { alg = \"ed25519\", over = { field = \"/a\" }, field = \"/s\", enc = { as = \"b64\" }, key = { name = \"/kid\" }, unsigned = [{ field = \"/s\", eq = \"\" }] }",
    );
    let (key, other) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
    let signature =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.sign(b"x").to_bytes());
    let record = format!(r#"{{"a":"x","kid":"k1","s":"{signature}"}}"#);
    let claim = crate::digest::Digest::of(b"k1");
    let id = PublicKey::of_signing_key(&key).unwrap().id();
    let seen = |keys: &[TrustedKey]| {
        examine_with(&format, &record, &Keyring::of(keys.to_vec()), &[]).unwrap().remove(0).signature
    };
    assert_eq!(
        seen(&[trusted(&key, &["log"]), trusted(&other, &["log"])]),
        SignatureSeen::Fits { key: id, claim }
    );
    assert_eq!(seen(&[trusted(&other, &["log"])]), SignatureSeen::Unchecked { claim });
    assert_eq!(
        seen(&[trusted(&key, &["another"])]),
        SignatureSeen::Unchecked { claim },
        "bound to another log"
    );
    assert_eq!(one(&format, r#"{"a":"x","s":""}"#).signature, SignatureSeen::NotSigned);
    assert_eq!(format.layers()[0].signed, Signed::Some);
}

/// Variant 22: the chain is made of keyed codes, so without the key nothing but the links can be checked.
#[test]
fn a_chain_of_keyed_codes_is_checked_with_the_key_that_was_brought() {
    let format = format(
        "link = { prev = \"/p\", genesis = [\"\"], value = \"code\", enc = { as = \"hex\" }, spans_files = true }\n\
         signature = { alg = \"hmac-sha256\", over = { concat = [{ field = \"/p\" }, { field = \"/a\" }], sep = \"\\n\" }, field = \"/h\", enc = { as = \"hex\" } }",
    );
    let code = super::hash::mac_of(b"key", b"\nx");
    let record = format!(r#"{{"p":"","a":"x","h":"{}"}}"#, hex::encode(code));
    let seen = |mac: &[Vec<u8>]| examine_with(&format, &record, &Keyring::empty(), mac).unwrap().remove(0);
    let fits = seen(&[b"other".to_vec(), b"key".to_vec()]);
    assert!(matches!(fits.signature, SignatureSeen::Fits { key, .. } if key == super::mac_key_id(b"key")));
    assert_eq!(fits.link, Some(code.to_vec()));
    assert!(matches!(seen(&[]).signature, SignatureSeen::Unchecked { .. }));
    assert!(matches!(
        seen(&[b"other".to_vec()]).signature,
        SignatureSeen::Wrong { kind: BreakKind::BadSignature, .. }
    ));
    let facts = &format.layers()[0];
    assert!(facts.symmetric && facts.signs_link);
}

#[test]
fn lints_are_found_in_the_profile_alone() {
    let kinds = |layer: &str| -> Vec<&'static str> {
        let mut kinds: Vec<&str> = format(layer).lints().iter().map(|lint| lint.kind.word()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    };
    let seq = "seq = { field = \"/n\" }\n";
    let link = "link = { prev = \"/p\", genesis = [\"\"], spans_files = true }\n";
    let of = |over: &str| kinds(&format!("{seq}{link}hash = {{ over = {over}, field = \"/h\" }}"));
    assert_eq!(of("{ json = \"\", canon = \"jcs\", drop = [\"/h\"] }"), ["unsigned"]);
    assert_eq!(
        of("{ json = \"\", canon = \"jcs\", drop = [\"/h\", \"/p\"] }"),
        ["prev-outside-hash", "unsigned"]
    );
    assert_eq!(
        of("{ concat = [{ field = \"/p\" }, { field = \"/a\" }, { field = \"/b\" }], sep = \"|\" }"),
        ["ambiguous-concat", "unsigned"]
    );
    assert_eq!(
        of("{ concat = [{ field = \"/p\" }, { field = \"/a\" }, { field = \"/b\" }], frame = \"u32be\" }"),
        ["unsigned"]
    );
    assert_eq!(
        of(
            "{ concat = [{ field = \"/p\" }, { field = \"/a\" }, { field = \"/n\", is = \"integer\" }], sep = \"|\" }"
        ),
        ["unsigned"]
    );
    assert_eq!(
        of(
            "{ concat = [{ field = \"/p\" }, { field = \"/a\" }, { field = \"/x\", is = \"number\" }], frame = \"u64be\" }"
        ),
        ["float-in-signed", "unsigned"]
    );
    assert_eq!(
        of(
            "{ concat = [{ field = \"/p\" }, { merkle = \"/i\", of = { field = \"\" }, odd = \"duplicate\" }] }"
        ),
        ["unsigned", "weak-merkle"]
    );
    assert_eq!(
        of(
            "{ concat = [{ field = \"/p\" }, { merkle = \"/i\", of = { field = \"\" }, odd = \"promote\", leaf = \"00\", node = \"01\" }] }"
        ),
        ["unsigned"]
    );
    assert_eq!(
        kinds(&format!("{link}hash = {{ over = {{ line = true }} }}")),
        ["no-sequence", "tail-uncovered", "unsigned"]
    );
    assert_eq!(
        kinds(&format!(
            "{seq}link = {{ prev = \"/p\", value = {{ id = \"/i\" }}, genesis = [{{ null = true }}], spans_files = false }}\n{EMBEDDED}"
        )),
        ["embedded-key", "link-by-id", "prev-outside-hash", "restarts-per-file", "signature-without-link"]
    );
    let guarded = "require = [{ field = \"/a\", without = \"|\" }]\n";
    assert_eq!(
        kinds(&format!(
            "{guarded}{seq}{link}hash = {{ over = {{ concat = [{{ field = \"/p\" }}, {{ field = \"/a\" }}, {{ field = \"/b\" }}], sep = \"|\" }}, field = \"/h\" }}"
        )),
        ["unsigned"]
    );
}

#[test]
fn coverage_is_the_least_of_the_cases() {
    let format = format(
        "[layer.link]\nprev = \"/p\"\ngenesis = [\"\"]\nspans_files = true\n\
         [[layer.case]]\nwhen = [{ field = \"/v\", eq = 1 }]\nhash = { over = { concat = [{ field = \"/a\" }, { field = \"/p\" }], frame = \"u32be\" }, field = \"/h\" }\n\
         [[layer.case]]\nwhen = [{ field = \"/v\", eq = 2 }]\nhash = { over = { json = \"\", canon = \"jcs\", drop = [\"/h\", \"/x/y\"] }, field = \"/h\" }",
    );
    assert!(format.covers("/a").is_some());
    assert_eq!(format.covers("/b"), None);
    assert_eq!(format.covers("/x/y"), None);
    assert!(format.covers("/h").is_some() && format.covers("/p").is_some());
    let uncovered = |text: &str| format.uncovered_of(&Record::new(text, 0, 1, 0));
    assert_eq!(uncovered(r#"{"v":1,"a":"x","b":[{"c":1},{"c":2}],"p":"","h":""}"#), ["/b/*/c", "/v"]);
    assert_eq!(uncovered(r#"{"v":2,"a":"x","b":1,"x":{"y":1,"z":2},"p":"","h":""}"#), ["/x/y"]);
    assert_eq!(uncovered(r#"{"v":3,"p":"","h":""}"#), ["/h", "/p", "/v"], "no case is for it");
    assert_eq!(uncovered("{"), [""], "nothing of a text that is no JSON is covered");
    assert_eq!(one(&format, r#"{"v":3,"p":"","h":""}"#).faults.len(), 1);
}

#[derive(serde::Deserialize)]
struct Refused {
    case: Vec<RefusedCase>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedCase {
    layer: String,
    error: String,
    /// Whether the JSON Schema refuses it too, which `tests/interop/chain_profiles.py` checks.
    #[expect(dead_code, reason = "read by another program")]
    schema: bool,
    from: Option<String>,
    to: Option<String>,
}

#[test]
fn a_profile_that_says_nothing_coherent_is_refused_where_it_stands() {
    let table = include_str!("../../../tests/vectors/chain-profiles/refused.toml");
    let cases = toml::from_str::<Refused>(table).unwrap().case;
    assert_eq!(cases.len(), 89);
    for RefusedCase { layer, error: expected, from, to, .. } in cases {
        let good = profile(&layer);
        let text = match (from, to) {
            (Some(from), Some(to)) => {
                assert!(good.contains(&from), "{from}");
                good.replacen(&from, &to, 1)
            }
            (None, None) => good,
            _ => panic!("`from` and `to` go together: {expected}"),
        };
        let Err(error) = ChainFormat::parse("x", &text) else { panic!("accepted: {layer}\n{expected}") };
        let ChainError::Invalid { what, .. } = &error else { panic!("{error}") };
        assert!(what.starts_with(&expected), "{layer}\n  expected: {expected}\n  found:    {what}");
        assert!(error.to_string().starts_with("chain profile chains/x.toml:"), "{error}");
        assert!(error.help().is_some(), "{expected}");
    }
    let error = ChainFormat::parse("y", &profile("hash = { over = { line = true } }")).unwrap_err();
    assert!(
        error.to_string().starts_with("chain profile chains/y.toml:2:6: expected the name of its file"),
        "{error}"
    );
    let error = ChainLibrary::shipped().unwrap().find("signett").unwrap_err();
    assert_eq!(error.help().as_deref(), Some("did you mean `signet`?"));
}

#[test]
fn a_field_of_a_line_is_found_by_its_number() {
    let text = profile("hash = { over = { concat = [{ field = \"/0\" }, { field = \"/2..\" }], frame = \"u32be\" } }\nlink = { prev = \"/0\", enc = { as = \"text\" }, genesis = [\"\"], spans_files = true }")
        .replace("container = \"lines\"", "container = \"text-lines\", separator = \" \"");
    let format = ChainFormat::parse("x", &text).unwrap();
    let seen = one(&format, "a b c d");
    assert_eq!(seen.link, Some(super::hash::HashAlgorithm::Sha256.of(b"\0\0\0\x01a\0\0\0\x03c d")));
    assert_eq!(format.uncovered_of(&Record::new("a b c d", 0, 1, 0)), ["/1"]);
    assert!(format.is_text());
}

/// Validates `value` against the part of JSON Schema that our schema uses.
pub(crate) fn valid(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.strip_prefix('#').unwrap()).ok_or_else(|| format!("no {target}"))?;
        return valid(root, target, value);
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let fitting = options.iter().filter(|option| valid(root, option, value).is_ok()).count();
        return if fitting == 1 { Ok(()) } else { Err(format!("{fitting} options fit {value}")) };
    }
    if let Some(expected) = schema.get("const") {
        return if expected == value { Ok(()) } else { Err(format!("{value} is not {expected}")) };
    }
    if let Some(words) = schema["enum"].as_array() {
        return if words.contains(value) { Ok(()) } else { Err(format!("{value} is none of {words:?}")) };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    if !kinds.contains(&json!(kind)) {
        return Err(format!("{value} is no {kinds:?}"));
    }
    match value {
        Value::String(text) => match schema["pattern"].as_str() {
            Some(pattern) if !regex::Regex::new(pattern).unwrap().is_match(text) => {
                Err(format!("`{text}` does not fit {pattern}"))
            }
            _ => Ok(()),
        },
        Value::Number(number) => {
            let within = |bound: &str, keep: fn(i64, i64) -> bool| {
                schema[bound].as_i64().is_none_or(|bound| keep(number.as_i64().unwrap(), bound))
            };
            if within("minimum", |n, m| n >= m) && within("maximum", |n, m| n <= m) {
                Ok(())
            } else {
                Err(format!("{number} is out of range"))
            }
        }
        Value::Array(items) => {
            if (items.len() as u64) < schema["minItems"].as_u64().unwrap_or(0) {
                return Err("too few items".to_owned());
            }
            items.iter().try_for_each(|item| valid(root, &schema["items"], item))
        }
        Value::Object(members) => {
            for required in schema["required"].as_array().into_iter().flatten() {
                if !members.contains_key(required.as_str().unwrap()) {
                    return Err(format!("{required} is missing in {value}"));
                }
            }
            members.iter().try_for_each(|(name, member)| {
                match (schema["properties"].get(name), &schema["additionalProperties"]) {
                    (Some(schema), _) => {
                        valid(root, schema, member).map_err(|error| format!("{name}: {error}"))
                    }
                    (None, Value::Bool(false)) => Err(format!("unknown member {name}")),
                    (None, schema) => valid(root, schema, member),
                }
            })
        }
        _ => Ok(()),
    }
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/formats/chain-profile.schema.json")).unwrap()
}

fn names(schema: &Value) -> BTreeSet<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_schema_names_the_members_that_the_loader_knows() {
    let schema = schema();
    for (table, members) in load::TABLES {
        let of = if table == "top" { &schema } else { &schema["$defs"][table] };
        assert_eq!(names(of), members.iter().copied().collect(), "{table}");
    }
    let options = |name: &str| schema["$defs"][name]["oneOf"].as_array().unwrap();
    assert_eq!(options("expression").len(), load_expr::OPERATORS.len());
    for (operator, option) in load_expr::OPERATORS.iter().map(|operator| {
        let option = options("expression").iter().find(|option| option["required"][0] == *operator);
        (*operator, option.unwrap_or_else(|| panic!("{operator}")))
    }) {
        let known: BTreeSet<&str> =
            load_expr::arguments(operator).iter().copied().chain([operator]).collect();
        assert_eq!(names(option), known, "{operator}");
    }
    let tests: BTreeSet<&str> =
        options("condition").iter().map(|option| option["required"][1].as_str().unwrap()).collect();
    assert_eq!(tests, load_expr::TESTS.into_iter().collect());
    assert_eq!(names(&options("part")[1]), load_expr::PART.into_iter().collect());
    let words = |pointer: &str| -> Vec<String> {
        schema
            .pointer(pointer)
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(words("/$defs/encoding/properties/as/enum"), super::encoding::Form::WORDS);
    assert_eq!(words("/$defs/hash/properties/alg/enum"), super::hash::HashAlgorithm::WORDS);
    assert_eq!(words("/$defs/time/properties/format/enum"), super::stamp::TimeFormat::WORDS);
    assert_eq!(words("/$defs/layer/properties/mechanism/enum"), super::mechanism::MechanismKind::WORDS);
    let canons: Vec<&str> = crate::integrity::canon::Canon::ALL.iter().map(|canon| canon.word()).collect();
    let json = options("expression").iter().find(|option| option["required"][0] == "json").unwrap();
    assert_eq!(json["properties"]["canon"]["enum"], json!(canons));
    let page = include_str!("../../../docs/formats/chain-profile.md");
    for member in load::TABLES.iter().flat_map(|(_, members)| *members) {
        assert!(page.contains(&format!("`{member}`")), "the page does not explain `{member}`");
    }
    for word in super::mechanism::MechanismKind::WORDS {
        assert!(page.contains(&format!("`mechanism = \"{word}\"`")), "the page does not explain `{word}`");
    }
    let arguments = load_expr::OPERATORS.iter().flat_map(|operator| load_expr::arguments(operator));
    let times = crate::integrity::canon::time::TimeForm::ALL.iter().map(|form| form.word());
    let other: Vec<&str> = [super::encoding::Form::WORDS.as_slice(), &super::hash::HashAlgorithm::WORDS]
        .into_iter()
        .chain([super::stamp::TimeFormat::WORDS.as_slice(), &super::value::Kind::WORDS, &load_expr::PART])
        .flatten()
        .chain(arguments)
        .copied()
        .chain(times)
        .collect();
    for word in load_expr::OPERATORS.iter().chain(&load_expr::TESTS).chain(&canons).chain(&other) {
        assert!(page.contains(&format!("`{word}`")), "the page does not explain `{word}`");
    }
    for kind in super::ChainLintKind::ALL {
        assert!(page.contains(&format!("`{}`", kind.word())), "the page does not explain the lint `{kind}`");
    }
    for format in ChainLibrary::shipped().unwrap().iter() {
        assert!(page.contains(&format!("`{}`", format.id())), "the page does not list `{}`", format.id());
    }
}

/// Whether they and the shipped profiles fit the schema is for a JSON Schema validator: `tests/interop/chain_profiles.py`.
#[test]
fn the_page_s_examples_compile() {
    let page = include_str!("../../../docs/formats/chain-profile.md");
    let examples: Vec<&str> =
        page.split("```toml\nschema").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 2);
    for (example, id, lints) in [
        (examples[0], "acme-gate", ["embedded-key", "uncovered-field"]),
        (examples[1], "acme-bus", ["no-sequence", "signature-without-link"]),
    ] {
        let format = ChainFormat::parse(id, &format!("schema{example}")).unwrap();
        let found: BTreeSet<&str> = format.lints().iter().map(|lint| lint.kind.word()).collect();
        assert!(lints.iter().all(|lint| found.contains(lint)), "{found:?}");
    }
}
