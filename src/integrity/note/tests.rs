use super::*;
use crate::integrity::keyring::TrustedKey;

/// The example at the end of c2sp.org/signed-note.
const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
";
/// The example that opens it; its text holds empty lines and its key is not given.
const POEM: &str = "Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed è subito sera.

— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
";
/// From the tests of golang.org/x/mod/sumdb/note.
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
";

fn parse(text: &str) -> Result<SignedNote, NoteError> {
    SignedNote::parse(text.as_bytes())
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn trusted(seed: u8, purpose: Purpose) -> TrustedKey {
    TrustedKey {
        public: PublicKey::of_signing_key(&key(seed)).unwrap(),
        owner: format!("owner {seed}"),
        purpose,
        logs: Vec::new(),
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }
}

/// Adds a cosignature of `seed` at `seconds`.
fn cosigned(mut note: SignedNote, name: &str, seed: u8, seconds: u64) -> SignedNote {
    let signed = format!("cosignature/v1\ntime {seconds}\n{}", note.text);
    let signature = key(seed).sign(signed.as_bytes()).to_bytes();
    note.signatures.push(NoteSignature {
        name: name.to_owned(),
        hash: key_hash(name, SignatureType::Cosignature, key(seed).verifying_key().as_bytes()),
        bytes: [seconds.to_be_bytes().as_slice(), &signature].concat(),
    });
    note
}

#[test]
fn notes_of_others_verify_and_are_written_back_byte_for_byte() {
    for (vkey, text) in [(SPEC_KEY, SPEC_NOTE), (GO_KEY, GO_NOTE)] {
        let vkey_read = VerifierKey::parse(vkey).unwrap();
        assert_eq!(vkey_read.to_text(), vkey);
        let note = parse(text).unwrap();
        assert_eq!(note.signed_by(&vkey_read.name, &vkey_read.key), Some(true));
        assert_eq!(note.signed_by("example.com/other", &vkey_read.key), None);
        assert_eq!(note.to_text(), text);
        let changed = parse(&text.replacen("is", "as", 1)).unwrap();
        assert_eq!(changed.signed_by(&vkey_read.name, &vkey_read.key), Some(false));
    }
    let poem = parse(POEM).unwrap();
    assert!(poem.text().ends_with("raggio di sole:\n\ned è subito sera.\n"));
    assert_eq!(poem.to_text(), POEM);
}

#[test]
fn grammar_is_strict() {
    let line = SPEC_NOTE.split_once("\n\n").unwrap().1;
    let blob = line.trim_end().rsplit(' ').next().unwrap();
    let bad = [
        SPEC_NOTE.replace('\n', "\r\n"),
        SPEC_NOTE.replace("is an", "is\tan"),
        SPEC_NOTE.replace("is an", "is\0an"),
        SPEC_NOTE.replace("— ", "- "),
        SPEC_NOTE.replace("— ", "—\u{a0}"),
        SPEC_NOTE.replace("— ", "—  "),
        SPEC_NOTE.replace("example.com/foo ", "example.com/foo+1 "),
        SPEC_NOTE.replace("example.com/foo ", "example.com/\u{a0}foo "),
        SPEC_NOTE.replace("example.com/foo ", ""),
        SPEC_NOTE.replace(blob, &blob.replace("yaQM=", "yaQM")),
        // Bits beyond the last byte: the same bytes to a lax reader.
        SPEC_NOTE.replace(blob, &blob.replace("yaQM=", "yaQN=")),
        SPEC_NOTE.replace(blob, &blob.replace("kn8s", "kn_s")),
        SPEC_NOTE.replace(blob, "Uw2QOg=="),
        SPEC_NOTE.replace(blob, ""),
        SPEC_NOTE.replace(line, &format!("{line}more text\n")),
        SPEC_NOTE.replace(line, ""),
        format!("{SPEC_NOTE}\n"),
        SPEC_NOTE.trim_end().to_owned(),
        String::new(),
    ];
    for text in bad {
        assert_ne!(text, SPEC_NOTE);
        assert!(matches!(parse(&text), Err(NoteError::Malformed(_))), "{text:?}");
    }
    let mut bytes = SPEC_NOTE.as_bytes().to_vec();
    bytes[3] = 0xff;
    assert!(SignedNote::parse(&bytes).is_err());
}

#[test]
fn many_signatures_are_taken_up_to_the_limit() {
    let mut note = SignedNote::sign("text\n", "a", &key(1));
    for count in 1..=MAX_SIGNATURES {
        assert_eq!(parse(&note.to_text()).unwrap().signatures().len(), count);
        note.signatures.push(NoteSignature { name: format!("w{count}"), hash: [0; 4], bytes: vec![7; 2428] });
    }
    assert!(parse(&note.to_text()).is_err());
}

#[test]
fn unknown_keys_are_ignored_and_a_known_key_that_does_not_fit_rejects_the_note() {
    let keyring = Keyring::of([
        trusted(1, Purpose::Checkpoint),
        trusted(2, Purpose::Log),
        trusted(4, Purpose::Checkpoint),
    ]);
    let note = SignedNote::sign("o\n1\n", "o", &key(1));
    let names = |note: &SignedNote| -> Vec<String> {
        note.vouched("o", &keyring).unwrap().into_iter().map(|found| found.owner).collect()
    };
    assert_eq!(names(&note), ["owner 1"]);
    // Another name, another purpose, another key, and no key at all count for nothing.
    assert_eq!(names(&SignedNote::sign("o\n1\n", "p", &key(1))), [""; 0]);
    assert_eq!(names(&SignedNote::sign("o\n1\n", "o", &key(2))), [""; 0]);
    assert_eq!(names(&SignedNote::sign("o\n1\n", "o", &key(3))), [""; 0]);
    assert_eq!(note.vouched("o", &Keyring::empty()), Ok(Vec::new()));
    // A line with the name and the key id of a trusted key must fit, however many others do.
    let mut forged = cosigned(note.clone(), "w", 4, 5);
    assert_eq!(names(&forged), ["owner 1", "owner 4"]);
    forged.signatures[0].bytes[9] ^= 1;
    assert_eq!(
        forged.vouched("o", &keyring).unwrap_err(),
        NoteError::BadSignature { name: "o".into(), key: trusted(1, Purpose::Checkpoint).public.id() }
    );
    let mut short = note.clone();
    short.signatures[0].bytes.pop();
    assert!(short.vouched("o", &keyring).is_err());
    let mut twice = note.clone();
    twice.signatures.push(forged.signatures[0].clone());
    assert!(twice.vouched("o", &keyring).is_err());
    assert_eq!(twice.signed_by("o", &trusted(1, Purpose::Checkpoint).public), Some(false));
}

#[test]
fn cosignature_covers_its_time() {
    let keyring = Keyring::of([trusted(4, Purpose::Checkpoint)]);
    let note = cosigned(SignedNote::sign("o\n1\n", "o", &key(1)), "witness.example/w1", 4, 1_679_315_147);
    let found = parse(&note.to_text()).unwrap().vouched("o", &keyring).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].at, Some("2023-03-20T12:25:47Z".parse().unwrap()));
    let mut later = note.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert!(later.vouched("o", &keyring).is_err());
    // The specification's limit on times is 2^63 - 1 seconds.
    let endless = cosigned(SignedNote::sign("o\n1\n", "o", &key(1)), "w", 4, u64::MAX);
    assert!(endless.vouched("o", &keyring).is_err());
    // The same key without a time is another key id.
    let plain = SignedNote::sign("o\n1\n", "o", &key(4));
    assert_eq!(plain.vouched("o", &keyring).unwrap()[0].at, None);
}

#[test]
fn verifier_keys_are_strict() {
    for bad in [
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY.replace("foo+", "fop+"),
        SPEC_KEY.replace("+Aeky", "+Beky"),
        SPEC_KEY.replace("U2k", "U2l"),
        "example.com/foo+530d903a".to_owned(),
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".to_owned(),
        // The neutral point: anybody could sign for it.
        {
            let mut weak = [0; 32];
            weak[0] = 1;
            let hash = hex::encode(key_hash("n", SignatureType::Ed25519, &weak));
            format!("n+{hash}+{}", STANDARD.encode([&[1], weak.as_slice()].concat()))
        },
    ] {
        assert!(VerifierKey::parse(&bad).is_err(), "{bad}");
    }
}
