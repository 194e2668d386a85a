use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;

use super::*;

fn pem(seed: u8) -> String {
    SigningKey::from_bytes(&[seed; 32]).verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
}

fn id(seed: u8) -> Digest {
    Digest::of(SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
}

fn parse(more: &str) -> Result<Keyring, TrustError> {
    let text = format!(
        "[[key]]\npem = \"\"\"{}\"\"\"\nowner = \"platform team\"\npurpose = \"log\"\nlogs = [\"gate-eu\"]\n{more}",
        pem(1)
    );
    Keyring::parse(&text, &|_| Err(io::ErrorKind::NotFound.into()))
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

#[test]
fn windows_are_half_open() {
    let keyring = parse("valid_from = 2026-07-01T00:00:00Z\nvalid_until = 2026-08-01\nrevoked_at = \"2026-07-15T02:00:00+02:00\"").unwrap();
    let judge = |time: &str| keyring.judge_log(id(1), "gate-eu", at(time));
    assert_eq!(judge("2026-06-30T23:59:59.999Z"), Standing::Expired);
    assert_eq!(judge("2026-07-01"), Standing::Trusted);
    assert_eq!(judge("2026-07-14T23:59:59.999Z"), Standing::Trusted);
    assert_eq!(judge("2026-07-15"), Standing::Revoked);
    let keyring = parse("valid_until = 2026-08-01").unwrap();
    assert_eq!(keyring.judge_log(id(1), "gate-eu", at("2026-07-31T23:59:59.999Z")), Standing::Trusted);
    assert_eq!(keyring.judge_log(id(1), "gate-eu", at("2026-08-01")), Standing::Expired);
}

#[test]
fn a_compromise_is_terminal_and_retroactive() {
    let keyring = parse("compromised_at = 2026-09-01").unwrap();
    assert_eq!(keyring.judge_log(id(1), "gate-eu", at("2020-01-01")), Standing::Revoked);
}

#[test]
fn a_key_is_worth_nothing_elsewhere() {
    let keyring = parse("").unwrap();
    let now = at("2026-07-01");
    assert_eq!(keyring.judge_log(id(1), "gate-eu", now), Standing::Trusted);
    assert_eq!(keyring.judge_log(id(1), "gate-us", now), Standing::WrongPurpose);
    assert_eq!(keyring.judge(id(1), Purpose::Statement, now), Standing::WrongPurpose);
    assert_eq!(keyring.judge_log(id(2), "gate-eu", now), Standing::Unknown);
    assert!(keyring.binds("gate-eu") && !keyring.binds("gate-us"));
    assert_eq!(Keyring::empty().judge_log(id(1), "gate-eu", now), Standing::Unknown);
}

#[test]
fn unknown_members_are_errors_with_a_near_match() {
    let error = parse("valid_form = 2026-07-01").unwrap_err();
    assert_eq!(error.to_string(), "unknown member `valid_form` in key 1");
    assert_eq!(error.help().unwrap(), "did you mean `valid_from`?");
    let error = Keyring::parse("[[keys]]\n", &|_| unreachable!()).unwrap_err();
    assert_eq!(error.help().unwrap(), "did you mean `key`?");
}

#[test]
fn entries_that_cannot_be_meant_are_refused() {
    let refused = |more: &str| parse(more).unwrap_err().to_string();
    assert!(refused("file = \"x.pub\"").contains("exactly one of"));
    assert!(refused("valid_from = 2026-07-01T00:00:00").contains("expected an RFC 3339 time"));
    assert!(refused("valid_from = 2026-07-02\nvalid_until = 2026-07-01").contains("is not after"));
    let twice = format!("[[key]]\npem = \"\"\"{}\"\"\"\nowner = \"x\"\npurpose = \"statement\"", pem(1));
    assert!(refused(&twice).contains("listed above already, for `platform team`"));
    for (text, what) in [
        ("owner = \"x\"\npurpose = \"log\"\nfile = \"k\"", "cannot read key file `k`"),
        ("purpose = \"log\"", "`owner` is missing"),
        ("owner = \"x\"", "`purpose` is missing"),
        ("owner = \"x\"\npurpose = \"logs\"", "expected purpose"),
    ] {
        let error = Keyring::parse(&format!("[[key]]\n{text}"), &|_| Err(io::ErrorKind::NotFound.into()))
            .unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let without_logs = format!("[[key]]\npem = \"\"\"{}\"\"\"\nowner = \"x\"\npurpose = \"log\"", pem(1));
    let error = Keyring::parse(&without_logs, &|_| unreachable!()).unwrap_err();
    assert!(error.to_string().contains("`logs` is missing"), "{error}");
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    let weak = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----";
    let text =
        |pem: &str| format!("[[key]]\npem = \"\"\"{pem}\"\"\"\nowner = \"x\"\npurpose = \"statement\"");
    let refused = |pem: &str| match Keyring::parse(&text(pem), &|_| unreachable!()) {
        Err(TrustError::Key { source, .. }) => source,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(weak), KeyError::Weak);
    assert!(matches!(refused("ssh-ed25519 AAAA"), KeyError::NotPem { found: "an OpenSSH public key", .. }));
}

#[test]
fn boundaries_are_every_moment_at_which_a_standing_changes() {
    let keyring =
        parse("valid_from = 2026-07-01\nvalid_until = 2026-08-01\nrevoked_at = 2026-07-01").unwrap();
    assert_eq!(keyring.boundaries(), [at("2026-07-01"), at("2026-08-01")]);
}

#[test]
fn only_logs_may_be_signed_with_other_kinds_of_key() {
    // The base point of P-256, whose secret everybody knows; here it only has to be a point.
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----";
    let entry = |rest: &str| {
        let text = format!("[[key]]\npem = \"\"\"{pem}\"\"\"\nowner = \"x\"\n{rest}");
        Keyring::parse(&text, &|_| Err(io::ErrorKind::NotFound.into()))
    };
    let keyring = entry("purpose = \"log\"\nlogs = [\"gate-eu\"]").unwrap();
    assert_eq!(keyring.bound_to("gate-eu").count(), 1);
    for purpose in ["checkpoint", "statement"] {
        let error = entry(&format!("purpose = \"{purpose}\"")).unwrap_err().to_string();
        assert!(error.contains("takes an Ed25519 key, found one of kind P-256"), "{error}");
    }
}
