use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::*;
use crate::digest::Digest;
use crate::integrity::keyring::{Keyring, Purpose, TrustedKey};
use crate::integrity::signature::PublicKey;

/// RFC 8037 appendix A.2.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 8037 appendix A.4.
const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// The payload of RFC 7515 appendix A.1 to A.3.
const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// RFC 7515 appendix A.1.
const HS256: (&str, &str) =
    ("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
/// RFC 7515 appendix A.2.
const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const RS256: (&str, &str) = (
    "eyJhbGciOiJSUzI1NiJ9",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
);
/// RFC 7515 appendix A.3.
const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ES256: (&str, &str) = (
    "eyJhbGciOiJFUzI1NiJ9",
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
);

fn key(jwk: &str) -> PublicKey {
    public_key(&parse(jwk, &Limits::RECORD).unwrap()).unwrap()
}

fn trusting(keys: &[&PublicKey]) -> Keyring {
    Keyring::of(keys.iter().map(|key| TrustedKey {
        public: (*key).clone(),
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

fn seen(record: &str, keyring: &Keyring) -> SignatureSeen {
    opened(record, keyring).unwrap().signature
}

fn token((protected, signature): (&str, &str)) -> String {
    format!("{protected}.{JOE}.{signature}")
}

/// A token of ours, with any header.
fn made(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = signing_key().sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn own_key() -> PublicKey {
    PublicKey::of_signing_key(&signing_key()).unwrap()
}

fn fits(key: &PublicKey, hint: &str) -> SignatureSeen {
    SignatureSeen::Fits { key: key.id(), claim: Digest::of(hint.as_bytes()) }
}

#[test]
fn the_vectors_of_rfc_7515_and_rfc_8037_fit_their_keys_and_no_other() {
    let keys = [key(ED25519), key(RSA), key(P256)];
    let tokens = [EDDSA.to_owned(), token(RS256), token(ES256)];
    for (n, token) in tokens.iter().enumerate() {
        for (m, key) in keys.iter().enumerate() {
            let expected =
                if n == m { fits(key, "") } else { SignatureSeen::Unchecked { claim: Digest::of(b"") } };
            assert_eq!(seen(token, &trusting(&[key])), expected, "{n} {m}");
        }
        assert_eq!(seen(token, &trusting(&[&keys[0], &keys[1], &keys[2]])), fits(&keys[n], ""));
    }
    let payload = opened(&tokens[1], &Keyring::empty()).unwrap().payload.unwrap();
    assert!(payload.starts_with("{\"iss\":\"joe\",\r\n"), "{payload}");
    // Its payload is text and no JSON.
    let [fault] = opened(EDDSA, &Keyring::empty()).unwrap().faults.try_into().unwrap();
    assert_eq!(fault.0, BreakKind::Malformed);
}

#[test]
fn no_algorithm_outside_the_list_is_accepted() {
    let keyring = trusting(&[&own_key()]);
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let mut tokens = vec![token(HS256), format!("{unsigned}.{JOE}.")];
    for algorithm in ["\"none\"", "\"NONE\"", "\"HS256\"", "\"ES384\"", "\"PS256\"", "\"eddsa\"", "null", "1"]
    {
        tokens.push(made(&format!("{{\"alg\":{algorithm}}}"), "{}"));
    }
    tokens.push(made("{}", "{}"));
    for token in tokens {
        let seen = seen(&token, &keyring);
        assert!(
            matches!(seen, SignatureSeen::Wrong { kind: BreakKind::BadSignature, .. }),
            "{token}: {seen:?}"
        );
    }
    // An HMAC under the public key as its secret, which confused verifiers accept.
    let confused = format!("{}.{JOE}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#));
    assert!(matches!(seen(&format!("{confused}.AAAA"), &keyring), SignatureSeen::Wrong { .. }));
}

#[test]
fn every_change_of_a_token_shows() {
    let keyring = trusting(&[&own_key()]);
    let token = made(r#"{"alg":"EdDSA","kid":"k"}"#, r#"{"id":1}"#);
    assert_eq!(seen(&token, &keyring), fits(&own_key(), "k"));
    for position in 0..token.len() {
        for bit in 0..7 {
            let mut changed = token.clone().into_bytes();
            changed[position] ^= 1 << bit;
            let changed = String::from_utf8(changed).unwrap();
            let fits = opened(&changed, &keyring).is_ok_and(|opened| {
                matches!(opened.signature, SignatureSeen::Fits { .. }) && opened.faults.is_empty()
            });
            assert!(!fits, "byte {position} bit {bit}: {changed}");
        }
    }
}

#[test]
fn what_would_change_the_reading_of_a_token_is_refused() {
    let keyring = trusting(&[&own_key()]);
    for header in [
        r#"{"alg":"EdDSA","crit":["exp"],"exp":1}"#,
        r#"{"alg":"EdDSA","crit":[]}"#,
        r#"{"alg":"EdDSA","b64":false}"#,
        r#"{"alg":"EdDSA","b64":false,"crit":["b64"]}"#,
        r#"[]"#,
        r#"{"alg":"EdDSA"} x"#,
    ] {
        assert_eq!(opened(&made(header, "{}"), &keyring).unwrap_err().0, BreakKind::Malformed, "{header}");
    }
    let twice = opened(&made(r#"{"alg":"EdDSA","alg":"none"}"#, "{}"), &keyring).unwrap_err();
    assert_eq!(twice.0, BreakKind::DuplicateKey);
    for (payload, kind) in [
        (r#"{"a":1,"a":2}"#, BreakKind::DuplicateKey),
        (r#"{"a":1e999}"#, BreakKind::UnsafeNumber),
        ("not json", BreakKind::Malformed),
    ] {
        let opened = opened(&made(r#"{"alg":"EdDSA"}"#, payload), &keyring).unwrap();
        assert_eq!((opened.payload, opened.faults[0].0), (None, kind));
    }
    let good = made(r#"{"alg":"EdDSA"}"#, "{}");
    for bad in [
        format!("{good}."),
        format!("{good}="),
        format!(" {good}"),
        good.replacen('.', "", 1),
        good.replacen("e30.", "e31.", 1),
        good.replacen("e30.", "e30=.", 1),
        "[]".to_owned(),
        String::new(),
    ] {
        assert!(opened(&bad, &keyring).is_err(), "{bad}");
    }
}

#[test]
fn a_key_inside_the_token_is_a_claim() {
    let jwk = |x: &[u8]| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(x));
    let own = own_key();
    let bytes = own.ed25519_bytes().unwrap();
    let token = made(&format!(r#"{{"alg":"EdDSA","jwk":{}}}"#, jwk(bytes)), "{}");
    assert_eq!(seen(&token, &Keyring::empty()), SignatureSeen::SelfSigned { key: own.id() });
    assert_eq!(seen(&token, &trusting(&[&own])), SignatureSeen::Fits { key: own.id(), claim: own.id() });
    let other = key(ED25519);
    let foreign = made(&format!(r#"{{"alg":"EdDSA","jwk":{ED25519}}}"#), "{}");
    for keyring in [Keyring::empty(), trusting(&[&own]), trusting(&[&other])] {
        assert!(matches!(
            seen(&foreign, &keyring),
            SignatureSeen::Wrong { kind: BreakKind::BadSignature, .. }
        ));
    }
    let mut identity = [0; 32];
    identity[0] = 1;
    let private = jwk(bytes).replace("\"x\"", "\"d\":\"AA\",\"x\"");
    for weak in [jwk(&identity), private] {
        let token = made(&format!(r#"{{"alg":"EdDSA","jwk":{weak}}}"#), "{}");
        assert!(matches!(
            seen(&token, &trusting(&[&own])),
            SignatureSeen::Wrong { kind: BreakKind::WeakKey, .. }
        ));
    }
}

#[test]
fn a_key_id_that_is_trusted_must_be_the_one_that_signed() {
    let (own, other) = (own_key(), key(ED25519));
    let token = made(&format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, other.id()), "{}");
    assert!(matches!(seen(&token, &trusting(&[&own, &other])), SignatureSeen::Wrong { .. }));
    assert_eq!(seen(&token, &trusting(&[&own])), fits(&own, &other.id().to_string()));
    // Trusted for another log is not trusted here.
    let signers = Signers { log: "other", keyring: &trusting(&[&own]) };
    let seen = open(&token, &[], &signers).unwrap().signature;
    assert_eq!(seen, SignatureSeen::Unchecked { claim: Digest::of(other.id().to_string().as_bytes()) });
}

/// RFC 7515 appendix A.6: one payload, a signature of the RSA key of A.2 and one of the P-256 key of A.3, each with its key id in an
/// unprotected header.
#[test]
fn the_general_serialisation_is_checked_signature_by_signature() {
    let item = |(protected, signature): (&str, &str), kid: &str| {
        format!(r#"{{"protected":"{protected}","header":{{"kid":"{kid}"}},"signature":"{signature}"}}"#)
    };
    let (rsa, ec) = (item(RS256, "2010-12-29"), item(ES256, "e9bc097a-ce51-4036-9562-d2ade882db0d"));
    let object = |items: &str| format!(r#"{{"payload":"{JOE}","signatures":[{items}]}}"#);
    let both = object(&format!("{rsa},{ec}"));
    let keys = [key(RSA), key(P256)];
    let trusted = opened(&both, &trusting(&[&keys[0], &keys[1]])).unwrap();
    let expected = [fits(&keys[0], "2010-12-29"), fits(&keys[1], "e9bc097a-ce51-4036-9562-d2ade882db0d")];
    assert_eq!(trusted.signatures, expected);
    assert_eq!((trusted.faults, trusted.signature), (Vec::new(), expected[0].clone()));
    assert_eq!(trusted.uncovered, ["/signatures/0/header", "/signatures/1/header"]);
    let half = opened(&both, &trusting(&[&keys[1]])).unwrap();
    assert!(matches!(half.signatures[0], SignatureSeen::Unchecked { .. }));
    assert_eq!(half.signature, expected[1]);

    let twice = opened(&object(&format!("{ec},{ec}")), &trusting(&[&keys[1]])).unwrap();
    assert_eq!(twice.faults, [(BreakKind::Malformed, "one key has signed the envelope twice".to_owned())]);
    let none = opened(&object(""), &trusting(&[&keys[1]])).unwrap();
    assert_eq!(none.signature, SignatureSeen::Missing);
    let many = opened(&object(&vec![rsa.as_str(); 65].join(",")), &Keyring::empty()).unwrap_err();
    assert_eq!(many.0, BreakKind::Oversize);
    for bad in [
        both.replacen("{\"payload\"", "{\"signature\":\"AA\",\"payload\"", 1),
        both.replacen("{\"payload\"", "{\"protected\":\"e30\",\"payload\"", 1),
        object("7"),
        format!(r#"{{"payload":"{JOE}","signatures":{{}}}}"#),
    ] {
        assert_eq!(opened(&bad, &Keyring::empty()).unwrap_err().0, BreakKind::Malformed, "{bad}");
    }
}

#[test]
fn a_token_of_another_type_is_refused_where_the_format_names_one() {
    let keyring = trusting(&[&own_key()]);
    let signers = Signers { log: "gate", keyring: &keyring };
    let typed = |typ: &str| made(&format!(r#"{{"alg":"EdDSA"{typ}}}"#), "{}");
    for good in [r#","typ":"decision+jwt""#, r#","typ":"application/Decision+JWT""#] {
        let opened = open(&typed(good), &["decision+jwt"], &signers).unwrap();
        assert_eq!(opened.signature, fits(&own_key(), ""), "{good}");
    }
    for wrong in
        ["", r#","typ":"jwt""#, r#","typ":7"#, r#","typ":"decision+jwt2""#, r#","cty":"decision+jwt""#]
    {
        let (kind, what) = open(&typed(wrong), &["decision+jwt"], &signers).unwrap_err();
        assert_eq!(kind, BreakKind::Malformed, "{wrong}");
        assert!(what.starts_with("expected type `decision+jwt`, found "), "{what}");
    }
    assert!(open(&typed(r#","typ":"anything""#), &[], &signers).is_ok());
}

#[test]
fn the_flattened_serialisation_says_what_it_does_not_cover() {
    let keyring = trusting(&[&own_key()]);
    let token = made(r#"{"alg":"EdDSA"}"#, r#"{"id":1}"#);
    let parts: Vec<&str> = token.split('.').collect();
    let object = |more: &str| {
        format!(r#"{{"payload":"{}","protected":"{}"{more},"signature":"{}"}}"#, parts[1], parts[0], parts[2])
    };
    let plain = opened(&object(""), &keyring).unwrap();
    assert_eq!((plain.signature, plain.uncovered.len()), (fits(&own_key(), ""), 0));
    assert_eq!(plain.payload.as_deref(), Some(r#"{"id":1}"#));
    let more = opened(&object(r#","header":{"kid":"k"},"a/b":1"#), &keyring).unwrap();
    assert_eq!(
        (more.signature, more.uncovered),
        (fits(&own_key(), "k"), vec!["/header".into(), "/a~1b".into()])
    );
    for header in [r#"{"alg":"none"}"#, r#"{"crit":["x"]}"#, r#"{"b64":false}"#, r#"{"jwk":{}}"#, "[]"] {
        assert!(opened(&object(&format!(",\"header\":{header}")), &keyring).is_err(), "{header}");
    }
    assert!(opened(r#"{"payload":"e30","signature":"AA"}"#, &keyring).is_err());
    assert_eq!(seen(&format!("\"{token}\""), &keyring), fits(&own_key(), ""));
    let layer = opened(&token, &keyring).unwrap().into_seen(3);
    assert_eq!((layer.layer, layer.signature, layer.faults), (3, fits(&own_key(), ""), Vec::new()));
}
