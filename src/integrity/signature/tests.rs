use std::collections::BTreeMap;
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

/// A case of a suite on which we and the suite differ on purpose.
#[derive(serde::Deserialize)]
struct Divergence {
    suite: String,
    case: u64,
    suite_says: String,
    we_say: String,
    reason: String,
}

fn divergences(suite: &str) -> BTreeMap<u64, (String, String)> {
    #[derive(serde::Deserialize)]
    struct File {
        divergence: Vec<Divergence>,
    }
    let file: File = toml::from_str(include_str!("divergences.toml")).unwrap();
    let mut listed = BTreeMap::new();
    for entry in file.divergence {
        assert!(entry.reason.len() > 20, "{} {} has no reason", entry.suite, entry.case);
        assert_ne!(entry.suite_says, entry.we_say);
        if entry.suite == suite {
            assert_eq!(listed.insert(entry.case, (entry.suite_says, entry.we_say)), None);
        }
    }
    listed
}

/// Runs a Wycheproof suite whole; returns how many cases it has, and how many we accept.
fn wycheproof(suite: &str, algorithm: Algorithm) -> (usize, usize) {
    let file = vectors(&format!("wycheproof/{suite}.json"));
    let mut listed = divergences(suite);
    let (mut cases, mut accepted) = (0, 0);
    for group in file["testGroups"].as_array().unwrap() {
        // A key that is refused at load accepts nothing.
        let key = PublicKey::from_pem(text(&group["publicKeyPem"])).ok();
        if let Some(key) = &key {
            assert_eq!(key.spki(), hex::decode(text(&group["publicKeyDer"])).unwrap());
        }
        let check = |algorithm, message: &[u8], signature: &[u8]| {
            key.as_ref().is_some_and(|key| key.check(algorithm, message, signature))
        };
        for case in group["tests"].as_array().unwrap() {
            let message = hex::decode(text(&case["msg"])).unwrap();
            let signature = hex::decode(text(&case["sig"])).unwrap();
            let accepts = check(algorithm, &message, &signature);
            let (says, ours) = (text(&case["result"]), if accepts { "valid" } else { "invalid" });
            let number = case["tcId"].as_u64().unwrap();
            match listed.remove(&number) {
                Some((suite_says, we_say)) => {
                    assert_eq!((says, ours), (&*suite_says, &*we_say), "{suite} {number}, listed");
                }
                None => assert_eq!(ours, says, "{suite} {number}: {}", case["comment"]),
            }
            cases += 1;
            accepted += usize::from(accepts);
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                let both_p256 = other.kind() == algorithm.kind();
                assert!(both_p256 || !check(other, &message, &signature), "{other:?} took {suite} {number}");
            }
        }
    }
    assert!(listed.is_empty(), "listed and not in {suite}: {listed:?}");
    (cases, accepted)
}

#[test]
fn wycheproof_ecdsa_der_agrees_on_every_case() {
    assert_eq!(wycheproof("ecdsa_secp256r1_sha256_test", Algorithm::Es256Der), (484, 174));
}

#[test]
fn wycheproof_ecdsa_p1363_agrees_on_every_case() {
    assert_eq!(wycheproof("ecdsa_secp256r1_sha256_p1363_test", Algorithm::Es256P1363), (262, 173));
}

#[test]
fn wycheproof_rsa_agrees_on_every_case() {
    assert_eq!(wycheproof("rsa_signature_2048_sha256_test", Algorithm::Rs256), (259, 7));
}

#[test]
fn wycheproof_ed25519_agrees_by_pem_and_algorithm_too() {
    assert_eq!(wycheproof("ed25519_test", Algorithm::Ed25519), (151, 88));
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
                Err(KeyError::NonCanonical(KeyKind::Ed25519)) => refused_for_encoding += 1,
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

/// Returns an SPKI of an RSA key with these numbers, written by hand.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let tagged = |tag: u8, content: Vec<u8>| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let mut bytes = match content.len() {
            0..=127 => vec![tag, length[1]],
            128..=255 => vec![tag, 0x81, length[1]],
            _ => vec![tag, 0x82, length[0], length[1]],
        };
        bytes.extend(content);
        bytes
    };
    let integer = |number: &[u8]| {
        let sign = if number[0] & 0x80 == 0 { [].as_slice() } else { &[0] };
        tagged(2, [sign, number].concat())
    };
    let key = tagged(0x30, [integer(modulus), integer(exponent)].concat());
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    tagged(0x30, [algorithm, tagged(3, [vec![0], key].concat())].concat())
}

#[test]
fn rsa_keys_outside_the_limits_are_refused_at_load() {
    let modulus = |bytes: usize, first: u8, last: u8| {
        let mut modulus = vec![0x5a; bytes];
        modulus[0] = first;
        modulus[bytes - 1] = last;
        modulus
    };
    let load = |modulus: &[u8], exponent: &[u8]| PublicKey::from_spki(&rsa_spki(modulus, exponent));
    let sound = modulus(256, 0x80, 1);
    let e = [1, 0, 1];
    for good in
        [load(&sound, &e), load(&modulus(1024, 0xff, 1), &e), load(&sound, &[1, 0xff, 0xff, 0xff, 0xff])]
    {
        let good = good.unwrap();
        assert_eq!(good.kind(), KeyKind::Rsa);
        assert_eq!(PublicKey::from_pem(&good.to_pem()).unwrap().id(), Digest::of(good.spki()));
    }
    assert_eq!(load(&modulus(256, 0x7f, 1), &e).unwrap_err(), KeyError::RsaSize { bits: 2047 });
    assert_eq!(load(&modulus(1025, 1, 1), &e).unwrap_err(), KeyError::RsaSize { bits: 8193 });
    assert_eq!(load(&modulus(256, 0x80, 2), &e).unwrap_err(), KeyError::RsaNumbers);
    for exponent in
        [&[3][..], &[1], &[1, 0, 0], &[0xff, 0xff], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1]]
    {
        assert_eq!(load(&sound, exponent).unwrap_err(), KeyError::RsaNumbers, "{exponent:?}");
    }
    let mut longer = rsa_spki(&sound, &e);
    longer.push(0);
    assert!(PublicKey::from_spki(&longer).is_err());
}

#[test]
fn a_point_has_one_id_however_it_is_written() {
    // The base point of P-256 (FIPS 186-5), uncompressed and compressed.
    let x = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    let y = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let long = hex::decode(format!("3059301306072a8648ce3d020106082a8648ce3d03010703420004{x}{y}")).unwrap();
    let short = hex::decode(format!("3039301306072a8648ce3d020106082a8648ce3d03010703220003{x}")).unwrap();
    let (long, short) = (PublicKey::from_spki(&long).unwrap(), PublicKey::from_spki(&short).unwrap());
    assert_eq!(long, short);
    assert_eq!(long.id(), short.id());
    assert_eq!((long.kind(), long.ed25519_bytes()), (KeyKind::P256, None));
    assert!(!long.verifies(b"", &[0; 64]));
}

#[test]
fn keys_of_other_kinds_are_refused_by_name() {
    let off_curve = format!("3059301306072a8648ce3d020106082a8648ce3d03010703420004{}", "11".repeat(64));
    let refused = PublicKey::from_spki(&hex::decode(off_curve).unwrap());
    assert_eq!(refused, Err(KeyError::NotAPoint(KeyKind::P256)));
    // The object identifier of secp384r1, and that of Ed448.
    for other in ["3010300b06072a8648ce3d02010601000301", "300d300506032b65710304000102"] {
        assert!(matches!(PublicKey::from_spki(&hex::decode(other).unwrap()), Err(KeyError::NotPem { .. })));
    }
}

#[test]
fn the_words_of_algorithms_are_read_back() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_word(algorithm.word()), Some(algorithm));
    }
}
