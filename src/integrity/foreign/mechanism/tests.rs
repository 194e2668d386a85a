use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::integrity::dsse::pre_authentication;
use crate::integrity::foreign::seen::{SignatureSeen, Signed};
use crate::integrity::foreign::{ChainFormat, ChainLibrary, Examination, Keys};
use crate::integrity::keyring::{Keyring, Purpose, TrustedKey};
use crate::integrity::signature::PublicKey;
use crate::integrity::verdict::BreakKind;
use crate::source::framing::Record;

const HEAD: &str = "schema = \"countersign/chain-profile/1\"\nid = \"x\"\nversion = \"1\"\nproduct = \"X\"\n\
     recognise = [{ where = [{ field = \"\", present = true }] }]\n";
const LINES: &str = "read = { container = \"lines\" }\n";
const TEXT: &str = "read = { container = \"text-lines\", separator = \".\" }\n";

fn format(read: &str, layer: &str) -> ChainFormat {
    let text = format!("{HEAD}{read}[[layer]]\nname = \"l\"\n{layer}\n");
    ChainFormat::parse("x", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn trusting() -> Keyring {
    Keyring::of([TrustedKey {
        public: PublicKey::of_signing_key(&key()).unwrap(),
        owner: "gateway team".to_owned(),
        purpose: Purpose::Log,
        logs: vec!["log".to_owned()],
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }])
}

fn examined(format: &ChainFormat, text: &str) -> Result<Examination, (BreakKind, String)> {
    let keyring = trusting();
    format.examination(&Record::new(text, 0, 1, 0), &Keys { log: "log", keyring: &keyring, mac: &[] })
}

fn token(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).to_bytes()))
}

fn envelope(payload_type: &str, payload: &str) -> String {
    let signature = key().sign(&pre_authentication(payload_type, payload.as_bytes()));
    format!(
        r#"{{"payloadType":"{payload_type}","payload":"{}","signatures":[{{"keyid":"k","sig":"{}"}}]}}"#,
        STANDARD.encode(payload),
        STANDARD.encode(signature.to_bytes())
    )
}

const LAYER: &str = "chain_key = [\"/gate\"]\nseq = { field = \"/n\", start = 1 }\ntime = { field = \"/at\" }\n\
     ids = [\"/id\"]\nrequire = [{ field = \"/kind\", eq = \"decision\" }]\n\
     terminal = [{ when = [{ field = \"/last\", eq = true }], last = true, count = \"/n\" }]\n";
const PAYLOAD: &str =
    r#"{"kind":"decision","gate":"eu","n":3,"at":"2026-07-01T08:00:00Z","id":"d-3","last":true}"#;

#[test]
fn the_payload_is_what_the_layer_sees_and_what_may_be_mapped() {
    for (read, mechanism, record) in [
        (TEXT, "jws", token(r#"{"alg":"EdDSA"}"#, PAYLOAD)),
        (LINES, "jws", format!("\"{}\"", token(r#"{"alg":"EdDSA"}"#, PAYLOAD))),
        (LINES, "dsse", envelope("application/json", PAYLOAD)),
    ] {
        let format = format(read, &format!("mechanism = \"{mechanism}\"\n{LAYER}"));
        let examined = examined(&format, &record).unwrap();
        let [seen] = examined.seen.as_slice() else { panic!("{mechanism}") };
        assert!(matches!(seen.signature, SignatureSeen::Fits { .. }), "{mechanism}: {:?}", seen.signature);
        assert_eq!(seen.faults, [], "{mechanism}");
        assert_eq!((seen.chain.as_str(), seen.seq, seen.ids.len()), ("eu", Some(3), 1), "{mechanism}");
        assert_eq!(seen.time, Some("2026-07-01T08:00:00Z".parse().unwrap()), "{mechanism}");
        let end = seen.terminal.as_ref().unwrap();
        assert_eq!((end.last, end.count), (true, Some(3)), "{mechanism}");
        assert_eq!((&seen.prev, &seen.link), (&None, &None), "{mechanism}");
        assert_eq!(examined.payload.unwrap().text(), PAYLOAD, "{mechanism}");
        let facts = &format.layers()[0];
        assert_eq!((facts.signed, facts.linked, facts.sequenced), (Signed::Each, false, true));
        assert!(facts.time_covered && facts.signs_record && !facts.signs_link && !facts.symmetric);
        assert!(format.covers("/anything").is_some() && format.protects("/anything"), "all of it is signed");
    }
}

#[test]
fn what_the_payload_lacks_is_a_fault_of_the_record() {
    let format = format(TEXT, &format!("mechanism = \"jws\"\n{LAYER}"));
    for (from, to, kind) in [
        ("\"n\":3", "\"n\":\"3\"", BreakKind::Malformed),
        ("\"at\":\"", "\"at\":\"about ", BreakKind::Malformed),
        ("\"id\":\"d-3\"", "\"id\":null", BreakKind::Malformed),
        ("decision", "heartbeat", BreakKind::Malformed),
        ("\"n\":3", "\"n\":3,\"n\":3", BreakKind::DuplicateKey),
        ("\"n\":3", "\"n\":3,\"m\":-0", BreakKind::UnsafeNumber),
    ] {
        let record = token(r#"{"alg":"EdDSA"}"#, &PAYLOAD.replace(from, to));
        let seen = examined(&format, &record).unwrap().seen.remove(0);
        assert_eq!(seen.faults[0].0, kind, "{to}: {:?}", seen.faults);
        assert!(matches!(seen.signature, SignatureSeen::Fits { .. }), "{to}");
    }
    let text = examined(&format, &token(r#"{"alg":"EdDSA"}"#, "no json")).unwrap();
    assert_eq!((text.payload, text.seen[0].faults[0].0), (None, BreakKind::Malformed));
}

/// Neither `none` nor a code made with the public key as its secret is a signature, whatever key is trusted.
#[test]
fn no_other_algorithm_signs_a_record() {
    let format = format(TEXT, "mechanism = \"jws\"");
    let signed =
        |header: &str| format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(PAYLOAD));
    let confused = signed(r#"{"alg":"HS256"}"#);
    let public = key().verifying_key();
    let pem = "-----BEGIN PUBLIC KEY-----\n";
    for (header, code) in [
        (signed(r#"{"alg":"none"}"#), String::new()),
        (
            confused.clone(),
            URL_SAFE_NO_PAD
                .encode(crate::integrity::foreign::hash::mac_of(public.as_bytes(), confused.as_bytes())),
        ),
        (
            confused.clone(),
            URL_SAFE_NO_PAD
                .encode(crate::integrity::foreign::hash::mac_of(pem.as_bytes(), confused.as_bytes())),
        ),
    ] {
        let seen = examined(&format, &format!("{header}.{code}")).unwrap().seen.remove(0);
        assert!(
            matches!(seen.signature, SignatureSeen::Wrong { kind: BreakKind::BadSignature, .. }),
            "{:?}",
            seen.signature
        );
    }
    let critical = token(r#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#, PAYLOAD);
    assert_eq!(examined(&format, &critical).unwrap_err().0, BreakKind::Malformed);
}

#[test]
fn types_are_those_of_the_format() {
    let tokens = format(TEXT, "mechanism = \"jws\"\ntypes = [\"decision+jwt\"]");
    assert!(examined(&tokens, &token(r#"{"alg":"EdDSA","typ":"decision+jwt"}"#, "{}")).is_ok());
    for header in [r#"{"alg":"EdDSA"}"#, r#"{"alg":"EdDSA","typ":"jwt"}"#] {
        assert_eq!(examined(&tokens, &token(header, "{}")).unwrap_err().0, BreakKind::Malformed);
    }
    let envelopes = format(LINES, "mechanism = \"dsse\"\ntypes = [\"application/json\"]");
    assert!(examined(&envelopes, &envelope("application/json", "{}")).is_ok());
    let (kind, what) = examined(&envelopes, &envelope("text/json", "{}")).unwrap_err();
    assert_eq!(kind, BreakKind::Malformed);
    assert_eq!(what, "expected payload type `application/json`, found `text/json`");
}

#[test]
fn what_lies_outside_the_signed_bytes_is_uncovered() {
    let uncovered = |format: &ChainFormat, text: &str| format.uncovered_of(&Record::new(text, 0, 1, 0));
    let jws = token(r#"{"alg":"EdDSA"}"#, "{}");
    assert_eq!(uncovered(&format(TEXT, "mechanism = \"jws\""), &jws), Vec::<String>::new());
    assert_eq!(uncovered(&format(LINES, "mechanism = \"jws\""), &format!("\"{jws}\"")), Vec::<String>::new());
    let parts: Vec<&str> = jws.split('.').collect();
    let object = format!(
        r#"{{"payload":"{}","protected":"{}","header":{{"kid":"k"}},"signature":"{}"}}"#,
        parts[1], parts[0], parts[2]
    );
    assert_eq!(uncovered(&format(LINES, "mechanism = \"jws\""), &object), ["/header/kid"]);
    let inner = format(LINES, "mechanism = \"jws\"\nat = \"/token\"");
    assert_eq!(uncovered(&inner, &format!(r#"{{"token":"{jws}","by":"lee"}}"#)), ["/by"]);
    let dsse = envelope("application/json", "{}");
    let whole = format(LINES, "mechanism = \"dsse\"");
    assert_eq!(uncovered(&whole, &dsse), ["/signatures/*/keyid"]);
    let inner = format(LINES, "mechanism = \"dsse\"\nat = \"/e\"");
    assert_eq!(uncovered(&inner, &format!(r#"{{"e":{dsse},"n":[1]}}"#)), ["/e/signatures/*/keyid", "/n/*"]);

    // A record that the layer is not for is covered by nothing, and nothing of it is opened.
    let some = format(LINES, "mechanism = \"dsse\"\nwhere = [{ field = \"/payloadType\", eq = \"text/x\" }]");
    let examined = examined(&some, &dsse).unwrap();
    assert_eq!((examined.seen.len(), examined.payload), (0, None));
    assert_eq!(uncovered(&some, &dsse).len(), 4);
}

#[test]
fn lints_say_what_envelopes_cannot_show() {
    let lints = |format: &ChainFormat| -> Vec<String> {
        let lint = |lint: &crate::integrity::foreign::ChainLint| {
            format!("{}{}", lint.kind, lint.field.as_deref().unwrap_or_default())
        };
        format.lints().iter().map(lint).collect()
    };
    let library = ChainLibrary::shipped().unwrap();
    let of = |id: &str| lints(library.find(id).unwrap());
    assert_eq!(of("jws-lines"), ["no-sequence", "signature-without-link"]);
    assert_eq!(
        of("dsse-lines"),
        ["no-sequence", "signature-without-link", "uncovered-field/signatures/*/keyid"]
    );
    let numbered = format(LINES, "mechanism = \"jws\"\nat = \"/t\"\nseq = { field = \"/n\" }");
    assert_eq!(
        lints(&numbered),
        ["signature-without-link", "uncovered-field/t/header", "uncovered-field/t/signatures/*/header"]
    );
}

/// A format of envelopes takes no record of another format, and no other format takes an envelope.
#[test]
fn recognition_takes_envelopes_only() {
    let library = ChainLibrary::shipped().unwrap();
    let of = |text: &str| -> Vec<String> {
        let record = [Record::new(text, 0, 1, 0)];
        let fitting = library.iter().filter(|format| format.recognises(&record).is_some());
        fitting.map(|format| format.id().to_owned()).collect()
    };
    assert_eq!(of(&token(r#"{"alg":"EdDSA"}"#, "{}")), ["jws-lines"]);
    assert_eq!(of(&envelope("application/json", "{}")), ["dsse-lines"]);
    for text in [
        "a.b.c",
        "eyJ.eyJ",
        "eyJhbGciOiJFZERTQSJ9..AAAA",
        "eyJhbGciOiJFZERTQSJ9.e30.AAAA.AAAA",
        r#"{"payload":"e30","protected":"e30","signature":"AA"}"#,
        r#"{"payloadType":"x","payload":{},"signatures":[{"sig":"AA"}]}"#,
        r#"{"payloadType":"x","payload":"","signatures":[]}"#,
        r#"{"payload":"","signatures":[{"sig":"AA"}]}"#,
    ] {
        assert_eq!(of(text), Vec::<String>::new(), "{text}");
    }
}
