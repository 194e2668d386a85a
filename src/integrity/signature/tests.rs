use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// Returns the folder of foreign vectors. Without it the suites below would prove nothing, so they fail.
fn vectors(name: &str) -> Value {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    let path = PathBuf::from(folder).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn accepts(key: &str, message: &[u8], signature: &str) -> bool {
    let (Ok(key), Ok(signature)) = (hex::decode(key), hex::decode(signature)) else { return false };
    let (Ok(key), Ok(signature)) = (<[u8; 32]>::try_from(key), <[u8; 64]>::try_from(signature)) else {
        return false;
    };
    PublicKey::from_bytes(&key).is_ok_and(|key| key.verifies(message, &signature))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn wycheproof_agrees_on_every_case() {
    let suite = vectors("wycheproof/ed25519_test.json");
    let (mut cases, mut wrong) = (0, Vec::new());
    for group in suite["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            let message = hex::decode(text(&case["msg"])).unwrap();
            let valid = text(&case["result"]) == "valid";
            cases += 1;
            if accepts(text(&group["publicKey"]["pk"]), &message, text(&case["sig"])) != valid {
                wrong.push(case["tcId"].clone());
            }
        }
    }
    assert_eq!((cases, wrong), (151, vec![]));
}

#[test]
fn cctv_accepts_exactly_the_strict_43() {
    let suite = vectors("cctv/ed25519vectors.json");
    let cases = suite.as_array().unwrap();
    let accepted = cases
        .iter()
        .filter(|case| accepts(text(&case["key"]), text(&case["msg"]).as_bytes(), text(&case["sig"])))
        .count();
    assert_eq!((cases.len(), accepted), (914, 43));
}

#[test]
fn speccheck_accepts_only_number_three() {
    let suite = vectors("ed25519-speccheck/cases.json");
    let accepted: Vec<usize> = suite
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .filter(|(_, case)| {
            accepts(
                text(&case["pub_key"]),
                &hex::decode(text(&case["message"])).unwrap(),
                text(&case["signature"]),
            )
        })
        .map(|(number, _)| number)
        .collect();
    assert_eq!(accepted, [3]);
}

#[test]
fn weak_keys_are_refused_at_load() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(PublicKey::from_bytes(&neutral), Err(KeyError::Weak));
    assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError::Weak));
}

#[test]
fn non_canonical_encodings_are_refused_at_load() {
    // y = p + k for every k that fits: either no point, weak, or refused for its encoding; never accepted.
    let mut refused_for_encoding = 0;
    for low in 0xed..=0xff_u8 {
        for sign in [0x7f, 0xff] {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (low, sign);
            match PublicKey::from_bytes(&bytes) {
                Err(KeyError::NonCanonical) => refused_for_encoding += 1,
                Err(_) => {}
                Ok(key) => panic!("{key:?} is not canonical"),
            }
        }
    }
    assert!(refused_for_encoding > 0);
}

#[test]
fn a_signature_with_the_group_order_added_is_refused() {
    use ed25519_dalek::Signer as _;
    let signing = SigningKey::from_bytes(&[7; 32]);
    let key = PublicKey::of_signing_key(&signing).unwrap();
    let good = signing.sign(b"message").to_bytes();
    assert!(key.verifies(b"message", &good));
    assert!(!key.verifies(b"message", &plus_group_order(good)));
}

/// Returns the signature with `S + L`, which plain RFC 8032 arithmetic cannot tell from `S`.
fn plus_group_order(mut signature: [u8; 64]) -> [u8; 64] {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        [*byte, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
    signature
}

#[test]
fn a_private_key_is_named_without_being_repeated() {
    let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
    assert!(signing_key_from_pem(text).is_ok());
    let error = PublicKey::from_pem(text).unwrap_err();
    assert!(error.to_string().ends_with("found a private key"), "{error}");
    assert!(error.help().unwrap().contains("k.pub"));
    assert!(!format!("{error} {:?}", error.help()).contains("MC4C"));
}
