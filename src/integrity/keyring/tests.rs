use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePublicKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;

use std::collections::BTreeMap;
use std::io;

use proptest::prelude::*;

use super::*;
use crate::integrity::signature::KeyError;

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
        ("owner = \"x\"\npurpose = \"log\"\nfile = \"k\"", "cannot read `k`"),
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

fn signing(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn key(seed: u8, more: &str) -> String {
    format!("[[key]]\npem = \"\"\"{}\"\"\"\nowner = \"team {seed}\"\n{more}\n", pem(seed))
}

fn of_log(seed: u8, more: &str) -> String {
    key(seed, &format!("purpose = \"log\"\nlogs = [\"gate-eu\"]\n{more}"))
}

fn by(seed: u8) -> String {
    format!("endorsed_by = \"{}\"\nendorsement = \"{seed}\"", id(seed))
}

/// Returns the text of the endorsement of key `new` by key `old`.
fn endorsement(old: u8, new: u8, logs: &[&str], from: &str) -> String {
    let logs: Vec<String> = logs.iter().map(|log| (*log).to_owned()).collect();
    Endorsement::sign(&signing(old), id(new), &logs, at(from)).unwrap().to_text()
}

/// Reads a trust file whose endorsements are named by the seed of the key that made them.
fn with_files(text: &str, files: &[(u8, String)]) -> Result<Keyring, TrustError> {
    let files: BTreeMap<String, &String> =
        files.iter().map(|(name, text)| (name.to_string(), text)).collect();
    let read = |name: &str| files.get(name).map(|text| (*text).clone()).ok_or(io::ErrorKind::NotFound.into());
    Keyring::parse(text, &read)
}

#[test]
fn an_endorsed_key_counts_from_the_moment_it_was_endorsed_for() {
    let text = of_log(1, "valid_until = 2026-08-01") + &of_log(2, &by(1));
    let files = [(1, endorsement(1, 2, &["gate-eu"], "2026-07-15"))];
    let keyring = with_files(&text, &files).unwrap();
    let judge = |time: &str| keyring.judge_log(id(2), "gate-eu", at(time));
    assert_eq!(judge("2026-07-14T23:59:59.999Z"), Standing::Expired);
    assert_eq!(judge("2026-07-15"), Standing::Trusted);
    // The end of the old key's time is not the end of the new one's.
    assert_eq!(judge("2026-09-01"), Standing::Trusted);
    assert_eq!(keyring.judge_log(id(2), "gate-us", at("2026-09-01")), Standing::WrongPurpose);
    assert_eq!(keyring.boundaries(), [at("2026-07-15"), at("2026-08-01")]);
}

#[test]
fn an_endorsement_is_worth_what_its_maker_was_worth_then() {
    let standing = |old: &str| {
        let files = [(1, endorsement(1, 2, &["gate-eu"], "2026-07-15"))];
        let keyring = with_files(&(of_log(1, old) + &of_log(2, &by(1))), &files).unwrap();
        keyring.judge_log(id(2), "gate-eu", at("2026-09-01"))
    };
    assert_eq!(standing(""), Standing::Trusted);
    assert_eq!(standing("revoked_at = 2026-07-16"), Standing::Trusted);
    assert_eq!(standing("revoked_at = 2026-07-15"), Standing::Revoked);
    assert_eq!(standing("valid_until = 2026-07-15"), Standing::Expired);
    assert_eq!(standing("valid_from = 2026-07-16"), Standing::Expired);
    // A thief can write any time into an endorsement.
    assert_eq!(standing("compromised_at = 2027-01-01"), Standing::Revoked);
}

#[test]
fn every_key_of_a_line_of_endorsements_must_have_counted() {
    let files = [
        (1, endorsement(1, 2, &["gate-eu"], "2026-07-01")),
        (2, endorsement(2, 3, &["gate-eu"], "2026-08-01")),
    ];
    let standing = |first: &str, second: &str| {
        let text = of_log(3, &by(2)) + &of_log(1, first) + &of_log(2, &format!("{}\n{second}", by(1)));
        with_files(&text, &files).unwrap().judge_log(id(3), "gate-eu", at("2026-09-01"))
    };
    assert_eq!(standing("", ""), Standing::Trusted);
    assert_eq!(standing("compromised_at = 2026-12-01", ""), Standing::Revoked);
    assert_eq!(standing("", "revoked_at = 2026-07-20"), Standing::Revoked);
    assert_eq!(standing("revoked_at = 2026-06-01", ""), Standing::Revoked);
    assert_eq!(standing("", "revoked_at = 2026-08-20"), Standing::Trusted);
}

#[test]
fn keys_that_endorse_each_other_are_worth_nothing() {
    let files = [
        (1, endorsement(1, 2, &["gate-eu"], "2026-07-01")),
        (2, endorsement(2, 1, &["gate-eu"], "2026-07-01")),
    ];
    let keyring = with_files(&(of_log(1, &by(2)) + &of_log(2, &by(1))), &files).unwrap();
    for seed in [1, 2] {
        assert_eq!(keyring.judge_log(id(seed), "gate-eu", at("2026-08-01")), Standing::Unknown);
    }
}

#[test]
fn endorsements_that_do_not_fit_are_refused() {
    let good = endorsement(1, 2, &["gate-eu"], "2026-07-01");
    let refused = |text: String, file: &str| {
        let error = with_files(&text, &[(1, file.to_owned())]).unwrap_err();
        match std::error::Error::source(&error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }
    };
    let two = |more: &str| of_log(1, "") + &of_log(2, more);
    assert!(with_files(&two(&by(1)), &[(1, good.clone())]).is_ok());
    let signature = good.rsplit_once("sig ").unwrap().1;
    for (text, file, what) in [
        (two(&format!("endorsed_by = \"{}\"", id(1))), good.as_str(), "expected both `endorsed_by` and"),
        (two("endorsement = \"1\""), &good, "expected both `endorsed_by` and"),
        (two("endorsed_by = \"x\"\nendorsement = \"1\""), &good, "expected `endorsed_by` to be a key id"),
        (two(&by(1).replace("\"1\"", "\"absent\"")), &good, "cannot read `absent`"),
        (two(&by(3).replace("\"3\"", "\"1\"")), &good, "the endorsement is of key"),
        (of_log(2, &by(1)), &good, "which this file does not list"),
        (of_log(1, "") + &of_log(3, &by(1)), &good, "the endorsement is for key"),
        (two(&by(1)), &endorsement(1, 2, &["gate-us"], "2026-07-01"), "log `gate-eu` is not among those"),
        (
            key(1, "purpose = \"log\"\nlogs = [\"gate-us\"]") + &of_log(2, &by(1)),
            &good,
            "log `gate-eu` is not among those",
        ),
        (
            of_log(1, "") + &key(2, &format!("purpose = \"statement\"\n{}", by(1))),
            &good,
            "has no meaning with",
        ),
        (two(&by(1)), &good.replace(&format!("new {}", id(2)), &format!("new {}", id(3))), "is for key"),
        (two(&by(1)), &good.replace("2026-07-01", "2025-07-01"), "did not make this endorsement"),
        (two(&by(1)), &good.replace(signature, &format!("{}\n", "0".repeat(128))), "did not make this"),
        (two("accept_rotation = 1"), &good, "expected `accept_rotation` to be true or false"),
        (key(1, "purpose = \"statement\"\naccept_rotation = true"), &good, "has no meaning with purpose"),
    ] {
        let found = refused(text, file);
        assert!(found.contains(what), "{found}");
    }
}

#[test]
fn an_endorsement_has_one_text() {
    let good = endorsement(1, 2, &["gate-us", "gate-eu", "gate-us"], "2026-07-01");
    let parsed = Endorsement::parse(&good).unwrap();
    assert_eq!(
        (parsed.to_text(), parsed.logs()),
        (good.clone(), &["gate-eu".to_owned(), "gate-us".to_owned()][..])
    );
    for bad in [
        String::new(),
        good.replace('\n', "\r\n"),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}{good}"),
        good.replace("endorsement/1", "endorsement/2"),
        good.replace("log gate-eu\nlog gate-us\n", "log gate-us\nlog gate-eu\n"),
        good.replace("log gate-eu\n", "log gate-eu\nlog gate-eu\n"),
        good.replace("log gate-eu\nlog gate-us\n", ""),
        good.replace("gate-eu", "Gate EU"),
        good.replace("00.000Z", "00Z"),
        good.replace("from ", "since "),
        good.replace(&id(2).to_string(), &id(1).to_string()),
        good.to_uppercase(),
    ] {
        assert!(Endorsement::parse(&bad).is_err(), "{bad}");
    }
    let logs = ["gate-eu".to_owned()];
    assert!(Endorsement::sign(&signing(1), id(1), &logs, at("2026-07-01")).is_err());
    assert!(Endorsement::sign(&signing(1), id(2), &[], at("2026-07-01")).is_err());
    assert!(Endorsement::sign(&signing(1), id(2), &["A".to_owned()], at("2026-07-01")).is_err());
}

#[test]
fn every_flipped_bit_of_an_endorsement_shows() {
    let good = endorsement(1, 2, &["gate-eu"], "2026-07-01").into_bytes();
    let old = PublicKey::of_signing_key(&signing(1)).unwrap();
    assert!(Endorsement::parse(std::str::from_utf8(&good).unwrap()).unwrap().holds(&old));
    for position in 0..good.len() {
        for bit in 0..8 {
            let mut changed = good.clone();
            changed[position] ^= 1 << bit;
            let held = std::str::from_utf8(&changed)
                .ok()
                .and_then(|text| Endorsement::parse(text).ok())
                .is_some_and(|endorsement| endorsement.holds(&old));
            assert!(!held, "byte {position} bit {bit}");
        }
    }
}

#[test]
fn a_compromise_yields_only_to_an_anchor_before_it() {
    let keyring = parse("compromised_at = 2026-09-01\nvalid_until = 2026-08-01").unwrap();
    let judge = |latest: &str, anchor: Option<&str>| {
        keyring.judge_log_anchored(id(1), "gate-eu", at(latest), anchor.map(at))
    };
    assert_eq!(judge("2026-07-01", None), Standing::Revoked);
    assert_eq!(judge("2026-07-01", Some("2026-09-01")), Standing::Revoked);
    assert_eq!(judge("2026-07-01", Some("2026-08-31T23:59:59.999Z")), Standing::Trusted);
    // An anchor heals nothing else.
    assert_eq!(judge("2026-08-01", Some("2026-08-02")), Standing::Expired);
    assert_eq!(
        keyring.judge_log_anchored(id(1), "gate-us", at("2026-07-01"), Some(at("2026-07-02"))),
        Standing::WrongPurpose
    );
}

/// Returns a foreign rotation endorsement. Without the folder of vectors this would prove nothing, so it fails.
fn pipelock(name: &str) -> String {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    let path = std::path::PathBuf::from(folder).join("pipelock/conformance").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pinned(rotation: &Rotation, more: &str) -> Keyring {
    let pem = rotation.prior().to_pem();
    let text =
        format!("[[key]]\npem = \"\"\"{pem}\"\"\"\nowner = \"p\"\npurpose = \"log\"\nlogs = [\"s\"]\n{more}");
    Keyring::parse(&text, &|_| unreachable!()).unwrap()
}

#[test]
fn a_foreign_rotation_counts_only_where_the_trust_file_accepts_it() {
    let first = Rotation::parse(&pipelock("g1-rotation-endorsement.json")).unwrap();
    let second = Rotation::parse(&pipelock("g1-rotation-endorsement-2.json")).unwrap();
    assert_eq!((first.session(), first.final_seq()), ("conformance-session", 2));
    assert_eq!(first.new_key(), second.prior());
    let (one, two) = (first.new_key().id(), second.new_key().id());
    let judge = |keyring: &Keyring, key: Digest| keyring.judge_log(key, "s", at("2026-04-15T12:00:02Z"));
    let both = [second.clone(), first.clone()];

    let (keyring, notes) = pinned(&first, "accept_rotation = true").with_rotations(&both);
    assert_eq!((judge(&keyring, one), judge(&keyring, two)), (Standing::Trusted, Standing::Trusted));
    assert!(
        notes.len() == 2 && notes.iter().all(|note| note.contains("says `accept_rotation`")),
        "{notes:?}"
    );
    assert_eq!(keyring.judge_log(one, "another", at("2026-04-16")), Standing::WrongPurpose);

    let (keyring, notes) = pinned(&first, "").with_rotations(&both);
    assert_eq!((judge(&keyring, one), judge(&keyring, two)), (Standing::Unknown, Standing::Unknown));
    assert!(notes.iter().any(|note| note.contains("does not say `accept_rotation = true`")), "{notes:?}");

    // The middle of a line of rotations cannot be left out.
    let (keyring, notes) = pinned(&first, "accept_rotation = true").with_rotations(&both[..1]);
    assert_eq!(judge(&keyring, two), Standing::Unknown);
    assert!(notes[0].contains("which the trust file does not name"), "{notes:?}");

    for (more, standing) in [
        ("revoked_at = 2026-04-15T12:00:10Z", Standing::Revoked),
        ("valid_until = 2026-04-15T12:00:05Z", Standing::Expired),
        ("compromised_at = 2027-01-01", Standing::Revoked),
        ("revoked_at = 2026-04-15T12:00:11Z", Standing::Trusted),
    ] {
        let keyring = pinned(&first, &format!("accept_rotation = true\n{more}"));
        assert_eq!(judge(&keyring.with_rotations(&both).0, one), standing, "{more}");
    }
}

#[test]
fn every_change_of_a_foreign_rotation_is_refused() {
    let good = pipelock("g1-rotation-endorsement.json");
    assert!(Rotation::parse(&good).is_ok());
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("conformance-session", "another-session"),
        ("4655a7e605c12ebb", "970955695494cf0f"),
        ("970955695494cf0f", "4655a7e605c12ebb"),
        ("\"prior_final_seq\": 2", "\"prior_final_seq\": 3"),
        ("4f2e18befefd", "4f2e18befefe"),
        ("12:00:10Z", "12:00:11Z"),
        ("12:00:10Z", "12:00:10.0Z"),
        ("ed25519:bd79", "ed25519:bd78"),
        ("ed25519:bd79", "bd79"),
        ("ed25519:bd79", "ed25519:BD79"),
        ("\"version\": 1,", "\"version\": 1, \"more\": 1,"),
        ("\"version\": 1,", "\"version\": 1, \"version\": 1,"),
        ("conformance-session", "conformance\\u0026session"),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        assert!(Rotation::parse(&changed).is_err(), "{from} to {to}");
    }
}

/// Returns the rank of the grade that a record gets by the standing of its key.
fn worth(standing: Standing) -> u8 {
    match standing {
        Standing::Trusted => 2,
        Standing::Expired | Standing::WrongPurpose => 1,
        Standing::Unknown | Standing::Revoked => 0,
    }
}

/// What is said of a key besides whose it is.
fn terms() -> impl Strategy<Value = (Option<u8>, Option<u8>, Option<u8>, bool)> {
    let day = || proptest::option::weighted(0.3, 1_u8..28);
    (day(), day(), day(), proptest::bool::weighted(0.1))
}

proptest! {
    /// Four keys, each under terms, each perhaps endorsed by another: taking any of them away raises nothing.
    #[test]
    fn removing_a_key_never_raises_a_standing(
        terms in proptest::collection::vec(terms(), 4),
        makers in proptest::collection::vec(proptest::option::weighted(0.6, (1_u8..5, 1_u8..28)), 4),
        removed in 1_u8..5,
        day in 1_u8..28,
        anchor in proptest::option::of(1_u8..28),
    ) {
        let moment = |day: u8| at(&format!("2026-07-{day:02}"));
        let keys = (1_u8..5).zip(&terms).map(|(seed, (from, length, revoked, compromised))| TrustedKey {
            public: PublicKey::of_signing_key(&signing(seed)).unwrap(),
            owner: String::new(),
            purpose: Purpose::Log,
            logs: vec!["gate".to_owned()],
            valid_from: from.map(moment),
            valid_until: length.map(|length| moment(from.unwrap_or(1)).plus_ms(i64::from(length) * 86_400_000)),
            revoked_at: revoked.map(moment),
            compromised_at: compromised.then(|| moment(20)),
        });
        let mut whole = Keyring::of(keys);
        for (seed, maker) in (1_u8..5).zip(&makers) {
            if let Some((maker, from)) = maker.filter(|(maker, _)| *maker != seed) {
                let logs = ["gate".to_owned()];
                let made = Endorsement::sign(&signing(maker), id(seed), &logs, moment(from)).unwrap();
                whole.successors.insert(id(seed), Endorsed::by(&made));
            }
        }
        let mut less = whole.clone();
        less.keys.remove(&id(removed));
        let anchor = anchor.map(moment);
        for seed in 1_u8..5 {
            let judge = |keyring: &Keyring| keyring.judge_log_anchored(id(seed), "gate", moment(day), anchor);
            prop_assert!(worth(judge(&less)) <= worth(judge(&whole)));
        }
    }
}

/// Returns the first block of the page that begins with this fence.
fn block<'p>(page: &'p str, fence: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("{fence}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_page_on_trust_shows_a_file_that_loads_and_lists_every_member() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats/trust.md");
    let page = std::fs::read_to_string(path).unwrap();
    let made = block(&page, "```text");
    assert_eq!(made, endorsement(1, 2, &["gate-eu"], "2026-08-15"));
    let read = |name: &str| match name {
        "keys/gate-eu-2026a.pub" => Ok(pem(1)),
        "keys/gate-eu-2026b.pub" => Ok(pem(2)),
        "keys/gate-eu-2026b.endorsement" => Ok(made.to_owned()),
        "keys/report-2025.pub" => Ok(pem(4)),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let keyring = Keyring::parse(block(&page, "```toml"), &read).unwrap();
    let judge = |seed: u8, log: &str, time: &str| keyring.judge_log(id(seed), log, at(time));
    assert_eq!(judge(1, "gate-us", "2026-06-30"), Standing::Expired);
    assert_eq!(judge(1, "gate-us", "2026-08-20T09:29:59.999Z"), Standing::Trusted);
    assert_eq!(judge(1, "gate-us", "2026-08-20T09:30:00Z"), Standing::Revoked);
    assert_eq!(judge(2, "gate-eu", "2026-08-14"), Standing::Expired);
    assert_eq!(judge(2, "gate-eu", "2026-10-01"), Standing::Trusted);
    assert_eq!(judge(2, "gate-us", "2026-10-01"), Standing::WrongPurpose);
    assert_eq!(keyring.judge(id(3), Purpose::Checkpoint, at("2026-10-01")), Standing::Trusted);
    assert_eq!(keyring.judge(id(4), Purpose::Statement, at("2026-01-01")), Standing::Revoked);
    let members: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once(" | "))
        .map(|(cell, _)| cell)
        .collect();
    for member in file::MEMBERS {
        let named = |cell: &&str| cell.split(", ").any(|name| name.trim_matches('`') == member);
        assert!(members.iter().any(named), "`{member}` is not on the page");
    }
}
