//! Every verdict here is compared with `verify_strict`; none comes from the first 63 signatures, which that function answers itself.

use std::collections::BTreeMap;

use curve25519_dalek::constants::EIGHT_TORSION;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use proptest::prelude::*;

use super::*;
use crate::integrity::signature::tests::{text, vectors};

/// A signature in a test: key, message, signature.
type Case = ([u8; 32], Vec<u8>, [u8; 64]);

/// Returns the verdicts of `verify_strict` and of the table, in order. Keys that no verifier loads are left out.
fn both(cases: &[Case]) -> (Vec<bool>, Vec<bool>) {
    let mut by_key: BTreeMap<[u8; 32], Vec<Signed<'_>>> = BTreeMap::new();
    for (key, message, signature) in cases {
        by_key.entry(*key).or_default().push((message, signature));
    }
    let (mut strict, mut fast) = (Vec::new(), Vec::new());
    for (key, items) in by_key {
        let Ok(key) = VerifyingKey::from_bytes(&key) else { continue };
        strict.extend(items.iter().map(|(message, signature)| {
            key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
        }));
        match FastKey::new(&key) {
            Some(table) => {
                let together = table.verify_each(&items);
                let alone: Vec<bool> = items.iter().flat_map(|item| table.verify_each(&[*item])).collect();
                assert_eq!(together, alone, "neighbours change a verdict");
                fast.extend(together);
            }
            None => fast.extend(items.iter().map(|_| false)),
        }
    }
    (strict, fast)
}

/// Returns how many cases there are, and how many the table accepts, after comparing each with `verify_strict`.
fn counted(cases: &[Case]) -> (usize, usize) {
    let (strict, fast) = both(cases);
    assert_eq!(strict, fast);
    (cases.len(), fast.into_iter().filter(|valid| *valid).count())
}

fn case(key: &str, message: &[u8], signature: &str) -> Option<Case> {
    let signature = hex::decode(signature).ok()?.try_into().ok()?;
    Some((hex::decode(key).ok()?.try_into().ok()?, message.to_owned(), signature))
}

#[test]
fn wycheproof_is_as_strict() {
    let suite = vectors("wycheproof/ed25519_test.json");
    let groups = suite["testGroups"].as_array().unwrap();
    let all: Vec<Option<Case>> = groups
        .iter()
        .flat_map(|group| {
            let key = text(&group["publicKey"]["pk"]);
            let tests = group["tests"].as_array().unwrap();
            tests
                .iter()
                .map(move |test| case(key, &hex::decode(text(&test["msg"])).unwrap(), text(&test["sig"])))
        })
        .collect();
    let whole: Vec<Case> = all.iter().flatten().cloned().collect();
    // The rest are signatures of another length than 64 bytes.
    assert_eq!((all.len(), counted(&whole)), (151, (139, 88)));
}

#[test]
fn cctv_is_as_strict() {
    let suite = vectors("cctv/ed25519vectors.json");
    let cases: Vec<Case> = suite
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|test| case(text(&test["key"]), text(&test["msg"]).as_bytes(), text(&test["sig"])))
        .collect();
    assert_eq!(counted(&cases), (914, 43));
}

#[test]
fn speccheck_is_as_strict() {
    let suite = vectors("ed25519-speccheck/cases.json");
    let cases: Vec<Case> = suite
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|test| {
            let message = hex::decode(text(&test["message"])).unwrap();
            case(text(&test["pub_key"]), &message, text(&test["signature"]))
        })
        .collect();
    assert_eq!(counted(&cases), (12, 1));
}

/// Returns a signature by secret `a` and nonce `r`, both with a point of small order added: where the parts of small
/// order cancel out, cofactored and batch verifiers accept it, and strict ones may not.
fn with_torsion(a: u64, r: u64, key_part: usize, nonce_part: usize, message: &[u8]) -> Case {
    let secret = Scalar::from(a) + Scalar::from(u64::MAX) * Scalar::from(a);
    let nonce = Scalar::from(r) * Scalar::from(u64::MAX) + Scalar::ONE;
    let key = (EdwardsPoint::mul_base(&secret) + EIGHT_TORSION[key_part]).compress().to_bytes();
    let point = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[nonce_part]).compress().to_bytes();
    let hash = Sha512::new().chain_update(point).chain_update(key).chain_update(message).finalize();
    let s = nonce + Scalar::from_bytes_mod_order_wide(&hash.into()) * secret;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&point);
    signature[32..].copy_from_slice(s.as_bytes());
    (key, message.to_owned(), signature)
}

#[test]
fn points_of_small_order_do_not_come_out_otherwise() {
    let mut cases = Vec::new();
    for key_part in 0..8 {
        for nonce_part in 0..8 {
            for number in 1..33 {
                cases.push(with_torsion(key_part as u64 + 3, number, key_part, nonce_part, b"a record"));
            }
        }
    }
    // A batch verifier takes all of them. Here k·A has to cancel the part of small order by itself, 1 time in 8 on the whole.
    let (all, accepted) = counted(&cases);
    assert_eq!(all, 2048);
    assert!((192..384).contains(&accepted), "{accepted}");
}

#[test]
fn a_weak_key_has_no_table() {
    for point in EIGHT_TORSION {
        let key = VerifyingKey::from_bytes(&point.compress().to_bytes()).unwrap();
        assert!(FastKey::new(&key).is_none());
    }
}

#[test]
fn digits_add_up_at_every_edge() {
    let unit = |exponent: u32| (0..exponent).fold(Scalar::ONE, |power, _| power * Scalar::from(256_u64));
    let scalars = (0..=255_u8)
        .map(|byte| {
            let mut bytes = [byte; 32];
            bytes[31] = byte % 16;
            Scalar::from_canonical_bytes(bytes).unwrap()
        })
        .chain([Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(128_u64), Scalar::from(0x7f80_u64)]);
    for scalar in scalars {
        let sum: Scalar = (0..).zip(digits(&scalar)).fold(Scalar::ZERO, |sum, (exponent, digit)| {
            let size = Scalar::from(digit.unsigned_abs()) * unit(exponent);
            if digit < 0 { sum - size } else { sum + size }
        });
        assert_eq!(sum, scalar);
    }
}

/// How a signature is changed after it was made.
#[derive(Clone, Copy, Debug)]
enum Change {
    None,
    Signature { byte: usize, bit: u8 },
    Message { byte: usize, bit: u8 },
    OtherKey,
    PlusOrder,
    NegatedS,
    NegatedR,
    R(usize),
    SmallS(u8),
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::None),
        3 => (0_usize..64, 0_u8..8).prop_map(|(byte, bit)| Change::Signature { byte, bit }),
        2 => (0_usize..64, 0_u8..8).prop_map(|(byte, bit)| Change::Message { byte, bit }),
        1 => Just(Change::OtherKey),
        1 => Just(Change::PlusOrder),
        1 => Just(Change::NegatedS),
        1 => Just(Change::NegatedR),
        1 => (0_usize..8).prop_map(Change::R),
        1 => (0_u8..=255).prop_map(Change::SmallS),
    ]
}

fn changed(change: Change, mut message: Vec<u8>, mut signature: [u8; 64]) -> (Vec<u8>, [u8; 64]) {
    match change {
        Change::None | Change::OtherKey => {}
        Change::Signature { byte, bit } => signature[byte] ^= 1 << bit,
        Change::Message { byte, bit } if !message.is_empty() => {
            let byte = byte % message.len();
            message[byte] ^= 1 << bit;
        }
        Change::Message { .. } => message.push(0),
        Change::PlusOrder => signature = crate::integrity::signature::tests::plus_group_order(signature),
        Change::NegatedS => {
            let s = Scalar::from_bytes_mod_order(signature[32..].try_into().unwrap());
            signature[32..].copy_from_slice((-s).as_bytes());
        }
        Change::NegatedR => signature[31] ^= 0x80,
        Change::R(part) => signature[..32].copy_from_slice(EIGHT_TORSION[part].compress().as_bytes()),
        Change::SmallS(s) => {
            signature[32..].fill(0);
            signature[32] = s;
        }
    }
    (message, signature)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 220, ..ProptestConfig::default() })]

    /// 220 keys with 100 signatures each.
    #[test]
    fn random_and_changed_signatures_are_judged_alike(
        seed in any::<[u8; 32]>(),
        items in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..80), changes()), 100),
    ) {
        let signing = SigningKey::from_bytes(&seed);
        let other = SigningKey::from_bytes(&[seed[0]; 32]);
        let mut intact = 0;
        let cases: Vec<Case> = items
            .into_iter()
            .map(|(message, change)| {
                let signer = if matches!(change, Change::OtherKey) { &other } else { &signing };
                intact += usize::from(matches!(change, Change::None));
                let signature = signer.sign(&message).to_bytes();
                let (message, signature) = changed(change, message, signature);
                (signing.verifying_key().to_bytes(), message, signature)
            })
            .collect();
        prop_assert_eq!(counted(&cases), (100, intact));
    }
}
