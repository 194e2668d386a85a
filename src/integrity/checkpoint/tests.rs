use super::*;
use crate::integrity::keyring::{Purpose, TrustedKey};
use crate::integrity::merkle::{consistency_proof, leaf_hash, root_of};

/// The example of c2sp.org/tlog-cosignature; its keys are not given.
const SPEC: &str = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn trusted(seed: u8) -> TrustedKey {
    TrustedKey {
        public: PublicKey::of_signing_key(&key(seed)).unwrap(),
        owner: "audit".to_owned(),
        purpose: Purpose::Checkpoint,
        logs: Vec::new(),
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }
}

fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::parse(text.as_bytes(), &Keyring::empty())
}

fn cosign(checkpoint: &Checkpoint, name: &str, seed: u8, seconds: u64) -> String {
    use crate::integrity::note::{SignatureType, key_hash};
    use ed25519_dalek::Signer as _;
    let signed = format!("cosignature/v1\ntime {seconds}\n{}", checkpoint.text());
    let hash = key_hash(name, SignatureType::Cosignature, key(seed).verifying_key().as_bytes());
    let signature = key(seed).sign(signed.as_bytes()).to_bytes();
    let blob = STANDARD.encode([hash.as_slice(), &seconds.to_be_bytes(), &signature].concat());
    format!("{}— {name} {blob}\n", checkpoint.to_text())
}

#[test]
fn example_of_the_specification_is_read_and_written_back() {
    let checkpoint = parse(SPEC).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.log(), "behind-the-sofa");
    assert_eq!(encode_hash(&checkpoint.root), "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=");
    assert_eq!((checkpoint.to_text().as_str(), checkpoint.vouched()), (SPEC, &[][..]));
    assert_eq!(checkpoint.standing(&Keyring::empty(), None), Standing::Unknown);
    assert!(Checkpoint::looks_like(SPEC));
    assert!(!Checkpoint::looks_like("gate-eu 41 5f0c\ngate-us 1 5f0c\n"));
}

#[test]
fn grammar_is_strict_and_extensions_are_kept() {
    let with = |old: &str, new: &str| {
        let text = SPEC.replacen(old, new, 1);
        assert_ne!(text, SPEC);
        parse(&text)
    };
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for (old, new) in [
        ("20852163", "020852163"),
        ("20852163", "+20852163"),
        ("20852163", "-1"),
        ("20852163", "0"),
        ("20852163", "0x10"),
        ("20852163", "18446744073709551616"),
        ("20852163", ""),
        ("20852163", " 20852163"),
        ("example.com/behind-the-sofa\n2", "\n2"),
        (root, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J="),
        (root, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I"),
        (root, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw=="),
        (root, &format!("{root}\n\nextension")),
        (root, &format!("\n{root}")),
        (&format!("\n{root}"), ""),
    ] {
        let error = with(old, new).expect_err(new);
        assert!(matches!(error, CheckpointError::Malformed(_)), "{new}: {error}");
    }
    let extended = with(root, &format!("{root}\nfirst\nsecond")).unwrap();
    assert_eq!(extended.extensions, ["first", "second"]);
    let empty = format!("{}\n— a AAAAAAAA\n", "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_eq!(parse(&empty).unwrap().size, 0);
}

#[test]
fn own_checkpoint_verifies_under_its_key_and_under_no_other() {
    let root = root_of(&[leaf_hash(b"a")]);
    let made = Checkpoint::sign("acme.example/gate-eu", 1, root, &key(1)).unwrap();
    let keyring = Keyring::of([trusted(1)]);
    let read = Checkpoint::parse(made.to_text().as_bytes(), &keyring).unwrap();
    assert_eq!((read.size, read.root, read.standing(&keyring, None)), (1, root, Standing::Trusted));
    assert_eq!(read.anchored_at(&keyring), None);
    let other = Keyring::of([trusted(2)]);
    let unknown = Checkpoint::parse(made.to_text().as_bytes(), &other).unwrap();
    assert_eq!(unknown.standing(&other, None), Standing::Unknown);
    for (old, new) in [("gate-eu\n1\n", "gate-eu\n2\n"), ("/gate-eu\n1", "/gate-us\n1")] {
        let changed = made.to_text().replacen(old, new, 1);
        let result = Checkpoint::parse(changed.as_bytes(), &keyring);
        match result {
            // Under another origin the line names no key that is known.
            Ok(changed) => assert_eq!((changed.log(), changed.vouched().len()), ("gate-us", 0)),
            Err(error) => assert!(error.to_string().contains("does not fit the trusted key"), "{error}"),
        }
    }
    assert_eq!(Checkpoint::sign("a b", 1, root, &key(1)), None);
}

#[test]
fn cosignature_gives_a_time_while_its_key_counts() {
    let made = Checkpoint::sign("gate-eu", 1, leaf_hash(b"a"), &key(1)).unwrap();
    let text = cosign(&made, "witness.example/w1", 2, 1_783_000_000);
    let at: Moment = "2026-07-02T13:46:40Z".parse().unwrap();
    let parse = |witness: TrustedKey| {
        let keyring = Keyring::of([trusted(1), witness]);
        let read = Checkpoint::parse(text.as_bytes(), &keyring).unwrap();
        (read.vouched().len(), read.anchored_at(&keyring))
    };
    assert_eq!(parse(trusted(2)), (2, Some(at)));
    assert_eq!(parse(trusted(3)), (1, None));
    let limit = |change: &dyn Fn(&mut TrustedKey)| {
        let mut key = trusted(2);
        change(&mut key);
        parse(key)
    };
    assert_eq!(limit(&|key| key.revoked_at = Some(at.plus_ms(1))), (2, Some(at)));
    assert_eq!(limit(&|key| key.revoked_at = Some(at)), (2, None));
    assert_eq!(limit(&|key| key.valid_until = Some(at)), (2, None));
    assert_eq!(limit(&|key| key.compromised_at = Some(at.plus_ms(1))), (2, None));
    assert_eq!(limit(&|key| key.purpose = Purpose::Statement), (1, None));
}

#[test]
fn signature_without_a_time_is_judged_by_the_records_below_it() {
    let at: Moment = "2026-07-01".parse().unwrap();
    let made = Checkpoint::sign("gate-eu", 1, leaf_hash(b"a"), &key(1)).unwrap().to_text();
    let mut revoked = trusted(1);
    revoked.revoked_at = Some(at);
    let keyring = Keyring::of([revoked]);
    let read = Checkpoint::parse(made.as_bytes(), &keyring).unwrap();
    assert_eq!(read.standing(&keyring, Some(at.plus_ms(-1))), Standing::Trusted);
    assert_eq!(read.standing(&keyring, Some(at)), Standing::Revoked);
    assert_eq!(read.standing(&keyring, None), Standing::Revoked);
}

#[test]
fn two_checkpoints_of_one_log_agree_or_not() {
    let leaves: Vec<Digest> = (0..9u8).map(|at| leaf_hash(&[at])).collect();
    let at =
        |size: usize| Checkpoint::sign("gate-eu", size as u64, root_of(&leaves[..size]), &key(1)).unwrap();
    let (old, new) = (at(5), at(9));
    old.verify_consistency(&new, &consistency_proof(&leaves, 5).unwrap()).unwrap();
    old.verify_consistency(&new, &consistency_proof(&leaves, 4).unwrap()).unwrap_err();
    let other = Checkpoint::sign("gate-eu", 5, leaf_hash(b"x"), &key(1)).unwrap();
    assert!(old.forks_from(&other) && !old.forks_from(&old.clone()) && !old.forks_from(&new));
    let elsewhere = Checkpoint::sign("gate-us", 5, leaf_hash(b"x"), &key(1)).unwrap();
    assert!(!old.forks_from(&elsewhere));
}
