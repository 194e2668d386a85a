use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::digest::Digest;
use crate::integrity::foreign::seen::SignatureSeen;
use crate::integrity::keyring::{Keyring, Purpose, TrustedKey};

const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"00"}}],"predicateType":"https://example.com/approval/v1","predicate":{}}"#;

/// The key of the specification's vector, which is an ECDSA P-256 key given by its coordinates.
const VECTOR_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"Z805D3eqNZywjCI19lInBJOp7YMrCrzAH3CVTAOQ0jg","y":"DHgr1U4mkSWkT0Qzr_FDLOlOErynOqZ6yAzqEmCN33Q"}"#;

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn key(seed: u8) -> PublicKey {
    PublicKey::of_signing_key(&signing_key(seed)).unwrap()
}

fn trusting(keys: &[PublicKey]) -> Keyring {
    Keyring::of(keys.iter().map(|key| TrustedKey {
        public: key.clone(),
        owner: "gateway team".to_owned(),
        purpose: Purpose::Log,
        logs: vec!["gate".to_owned()],
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }))
}

fn opened(record: &str, keyring: &Keyring) -> Result<Opened, Fault> {
    open(record, &[], &Signers { log: "gate", keyring })
}

/// An envelope around `payload`, signed by the keys of `seeds`, with `keyid` in each signature.
fn envelope(payload_type: &str, payload: &str, seeds: &[u8], keyid: &str) -> String {
    let message = pre_authentication(payload_type, payload.as_bytes());
    let signatures: Vec<String> = seeds
        .iter()
        .map(|seed| {
            let signature = STANDARD.encode(signing_key(*seed).sign(&message).to_bytes());
            format!(r#"{{"keyid":"{keyid}","sig":"{signature}"}}"#)
        })
        .collect();
    let payload = STANDARD.encode(payload);
    format!(
        r#"{{"payload":"{payload}","payloadType":"{payload_type}","signatures":[{}]}}"#,
        signatures.join(",")
    )
}

fn fits(seed: u8, hint: &str) -> SignatureSeen {
    SignatureSeen::Fits { key: key(seed).id(), claim: Digest::of(hint.as_bytes()) }
}

#[test]
fn the_vector_of_the_specification_fits_its_key() {
    // secure-systems-lab/dsse, protocol.md, "Test Vectors".
    let key = crate::integrity::jwk::public_key(&parse(VECTOR_KEY, &Limits::RECORD).unwrap()).unwrap();
    let record = r#"{"payload":"aGVsbG8gd29ybGQ=","payloadType":"http://example.com/HelloWorld","signatures":[{"sig":"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;
    let opened = opened(record, &trusting(std::slice::from_ref(&key))).unwrap();
    assert_eq!(opened.signature, SignatureSeen::Fits { key: key.id(), claim: Digest::of(b"") });
    // Its payload is no JSON, so nothing can be mapped from it.
    assert_eq!((opened.payload, opened.faults[0].0), (None, BreakKind::Malformed));
    let other = record.replace("HelloWorld", "HelloWorlds");
    assert!(matches!(
        self::opened(&other, &trusting(&[key])).unwrap().signature,
        SignatureSeen::Unchecked { .. }
    ));
}

#[test]
fn every_change_of_what_is_signed_shows() {
    let keyring = trusting(&[key(1)]);
    let record = envelope(IN_TOTO, STATEMENT, &[1], "");
    let good = opened(&record, &keyring).unwrap();
    assert_eq!((&good.signature, good.faults.as_slice()), (&fits(1, ""), &[][..]));
    assert_eq!(good.payload.as_deref(), Some(STATEMENT));
    assert_eq!(good.uncovered, ["/signatures/0/keyid"]);
    let keyid = record.find("keyid").unwrap();
    for position in 0..record.len() {
        // The name of the key id is free to change: it is not authenticated.
        if (keyid..keyid + 5).contains(&position) {
            continue;
        }
        for bit in 0..7 {
            let mut changed = record.clone().into_bytes();
            changed[position] ^= 1 << bit;
            let Ok(opened) = opened(&String::from_utf8(changed.clone()).unwrap(), &keyring) else { continue };
            let fits = matches!(opened.signature, SignatureSeen::Fits { .. }) && opened.faults.is_empty();
            assert!(!fits, "byte {position} bit {bit}: {}", String::from_utf8_lossy(&changed));
        }
    }
}

#[test]
fn all_signatures_are_checked_and_keys_are_counted_once() {
    let keyring = trusting(&[key(1), key(2)]);
    let two = opened(&envelope("x", "{}", &[1, 2], ""), &keyring).unwrap();
    assert_eq!(two.signatures, [fits(1, ""), fits(2, "")]);
    assert!(two.faults.is_empty());
    let again = opened(&envelope("x", "{}", &[1, 1], ""), &keyring).unwrap();
    assert_eq!(again.faults[0].0, BreakKind::Malformed);
    let stranger = opened(&envelope("x", "{}", &[9, 1], ""), &keyring).unwrap();
    assert_eq!(stranger.signatures[0], SignatureSeen::Unchecked { claim: Digest::of(b"") });
    assert_eq!(stranger.signature, fits(1, ""));
    let none = opened(&envelope("x", "{}", &[], ""), &keyring).unwrap();
    assert_eq!(none.signature, SignatureSeen::Missing);
    let seeds: Vec<u8> = (0..65).collect();
    assert!(opened(&envelope("x", "{}", &seeds[..64], ""), &keyring).is_ok());
    assert_eq!(opened(&envelope("x", "{}", &seeds, ""), &keyring).unwrap_err().0, BreakKind::Oversize);
}

#[test]
fn the_key_id_is_a_hint_that_must_be_true_where_it_is_known() {
    let keyring = trusting(&[key(1), key(2)]);
    let hint = key(2).id().to_string();
    let record = envelope("x", "{}", &[1, 2], &hint);
    let opened = opened(&record, &keyring).unwrap();
    assert!(matches!(opened.signatures[0], SignatureSeen::Wrong { kind: BreakKind::BadSignature, .. }));
    assert!(matches!(opened.signature, SignatureSeen::Wrong { .. }));
    let unknown = self::opened(&envelope("x", "{}", &[1], "whoever"), &keyring).unwrap();
    assert_eq!(unknown.signature, fits(1, "whoever"));
}

#[test]
fn the_payload_type_must_be_one_of_the_format() {
    let keyring = trusting(&[key(1)]);
    let signers = Signers { log: "gate", keyring: &keyring };
    let record = envelope("application/json", "{}", &[1], "");
    assert!(open(&record, &["application/json"], &signers).is_ok());
    assert_eq!(open(&record, &[IN_TOTO], &signers).unwrap_err().0, BreakKind::Malformed);
}

#[test]
fn an_in_toto_payload_must_be_a_statement() {
    let keyring = trusting(&[key(1)]);
    let faults = |payload: &str| opened(&envelope(IN_TOTO, payload, &[1], ""), &keyring).unwrap().faults;
    assert_eq!(faults(STATEMENT), []);
    for payload in [
        STATEMENT.replace("Statement/v1", "Statement/v9"),
        STATEMENT.replace("predicateType", "predicate_type"),
        STATEMENT.replace(r#"[{"name":"a","digest":{"sha256":"00"}}]"#, "[]"),
        STATEMENT.replace(r#"{"sha256":"00"}"#, "{}"),
        STATEMENT.replace(r#""00""#, "0"),
        "[]".to_owned(),
    ] {
        assert_eq!(faults(&payload).len(), 1, "{payload}");
    }
    let twice = STATEMENT.replace(r#""predicate":{}"#, r#""predicate":{"a":1,"a":2}"#);
    assert_eq!(faults(&twice)[0].0, BreakKind::DuplicateKey);
}

#[test]
fn both_alphabets_are_read_and_loose_bits_are_not() {
    let keyring = trusting(&[key(1)]);
    let payload = "{\"a\":\"???>>>\"}";
    let record = envelope("x", payload, &[1], "");
    let standard = STANDARD.encode(payload);
    assert!(standard.contains('/'));
    for spelling in [URL_SAFE.encode(payload), URL_SAFE_NO_PAD.encode(payload)] {
        let opened = opened(&record.replace(&standard, &spelling), &keyring).unwrap();
        assert_eq!(opened.signature, fits(1, ""));
    }
    for bad in [
        record.replace("\"payload\":\"", "\"payload\":\" "),
        record.replace("\"sig\":\"", "\"sig\":\"*"),
        record.replace("==\"}", "==\"}x"),
        record.replace("\"signatures\":[", "\"signatures\":[7,"),
        record.replace("\"keyid\":\"\"", "\"keyid\":7"),
        record.replace("\"payloadType\"", "\"payload\""),
        "{}".to_owned(),
    ] {
        assert!(opened(&bad, &keyring).is_err(), "{bad}");
    }
}
