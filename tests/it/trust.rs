//! The trust file from outside: keys that other keys endorse, and what `keys` and `verify` say of them.

use std::fs;
use std::path::PathBuf;

use crate::support::{Ran, SignedLog, countersign};

/// A folder with keys `old` and `new`, and a log that `new` signed in July.
struct Rotated {
    folder: tempfile::TempDir,
    old: String,
}

impl Rotated {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let generate = |name: &str| {
            let ran = countersign(&["keys", "generate", "--out", &path(name)]);
            assert_eq!(ran.exit, 0, "{ran:#?}");
            ran.out.trim().to_owned()
        };
        let (old, _) = (generate("old"), generate("new"));
        let mut log = SignedLog::new("gate", &fs::read_to_string(path("new")).unwrap());
        for day in 2..6 {
            log.records
                .push((format!("2026-07-{day:02}T00:00:00.000Z"), r#"{"kind":"heartbeat"}"#.to_owned()));
        }
        fs::write(path("gate.jsonl"), log.text()).unwrap();
        Self { folder, old }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Ran {
        // A name of a file in the folder stands for its path.
        let full: Vec<String> = args
            .iter()
            .map(|arg| match self.path(arg).exists() {
                true => self.path(arg).to_str().unwrap().to_owned(),
                false => (*arg).to_owned(),
            })
            .collect();
        countersign(&full)
    }

    fn endorse(&self, more: &[&str]) -> Ran {
        self.run(&[&["keys", "endorse", "--key", "old", "--new", "new.pub"], more].concat())
    }

    /// Writes a trust file that names both keys, the new one endorsed by the old one, of which it says `more`.
    fn trust(&self, more: &str) {
        let old = format!(
            "[[key]]\nfile = \"old.pub\"\nowner = \"team\"\npurpose = \"log\"\nlogs = [\"gate\"]\n{more}"
        );
        let new = format!(
            "\n[[key]]\nfile = \"new.pub\"\nowner = \"team\"\npurpose = \"log\"\nlogs = [\"gate\"]\n\
             endorsed_by = \"{}\"\nendorsement = \"new.endorsement\"\n",
            self.old
        );
        fs::write(self.path("trust.toml"), old + &new).unwrap();
    }

    fn verify(&self) -> Ran {
        self.run(&["verify", "gate.jsonl", "--trust", "trust.toml", "--json"])
    }
}

#[test]
fn an_endorsed_key_verifies_what_it_was_endorsed_for() {
    let rotated = Rotated::new();
    let endorse = |from: &str| {
        let ran = rotated.endorse(&["--log", "gate", "--from", from]);
        assert_eq!(ran.exit, 0, "{ran:#?}");
        fs::write(rotated.path("new.endorsement"), ran.out).unwrap();
    };
    endorse("2026-07-01");
    rotated.trust("");
    let ran = rotated.verify();
    assert_eq!(
        (ran.exit, ran.json()["logs"][0]["integrity"].as_str()),
        (0, Some("pinned-signed")),
        "{ran:#?}"
    );

    rotated.trust("compromised_at = 2026-12-01");
    let ran = rotated.verify();
    assert_eq!((ran.exit, ran.kinds()), (4, vec!["revoked-key".to_owned()]), "{ran:#?}");

    endorse("2026-07-04");
    rotated.trust("");
    let ran = rotated.verify();
    assert_eq!((ran.exit, ran.kinds()), (4, vec!["expired-key".to_owned()]), "{ran:#?}");
    assert_eq!(ran.json()["logs"][0]["covered"], 2);

    let text = fs::read_to_string(rotated.path("new.endorsement")).unwrap();
    fs::write(rotated.path("new.endorsement"), text.replace("2026-07-04", "2026-07-01")).unwrap();
    rotated.verify().refuses(&["did not make this endorsement"]);
}

#[test]
fn an_endorsement_that_means_nothing_is_not_made() {
    let rotated = Rotated::new();
    rotated.endorse(&["--log", "Gate", "--from", "2026-07-01"]).refuses(&["log name `Gate`", "--log NAME"]);
    rotated.endorse(&["--log", "gate", "--from", "yesterday"]).says(2, &["yesterday"]);
    rotated.endorse(&["--from", "2026-07-01"]).says(2, &["--log"]);
    rotated.endorse(&["--log", "gate"]).says(2, &["--from"]);
    let itself =
        ["keys", "endorse", "--key", "old", "--new", "old.pub", "--log", "gate", "--from", "2026-07-01"];
    rotated.run(&itself).refuses(&["cannot endorse itself"]);
    let swapped =
        ["keys", "endorse", "--key", "old.pub", "--new", "new.pub", "--log", "gate", "--from", "2026-07-01"];
    rotated.run(&swapped).refuses(&["is no usable key", "found a public key"]);
}

#[test]
fn keys_that_cannot_sign_our_logs_are_shown_and_trusted_for_others() {
    let rotated = Rotated::new();
    // The base point of P-256: whoever signs with it has the secret 1, and here nobody does.
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
    fs::write(rotated.path("p256.pub"), pem).unwrap();
    let shown = rotated.run(&["keys", "show", "p256.pub"]);
    shown.says(0, &["public P-256 key"]);
    let id = shown.out.trim();
    fs::write(rotated.path("trust.toml"), "").unwrap();
    let trust = |purpose: &[&str]| {
        let args =
            ["keys", "trust", "p256.pub", "--owner", "x", "--trust", "trust.toml", "--fingerprint", id];
        rotated.run(&[&args[..], purpose].concat())
    };
    trust(&["--purpose", "statement"]).refuses(&["takes an Ed25519 key, found one of kind P-256"]);
    trust(&["--purpose", "log", "--log", "gate"]).says(0, &["trusted for records of `gate`"]);
    // The log names another key, so it counts for as little as before.
    assert_eq!(rotated.verify().kinds(), ["unknown-key"]);
}

#[test]
fn a_foreign_rotation_is_named_in_the_output_and_counts_only_where_accepted() {
    let folder = std::env::var_os("COUNTERSIGN_VECTORS")
        .unwrap_or_else(|| panic!("set `COUNTERSIGN_VECTORS` to the folder of foreign test vectors"));
    let file = PathBuf::from(folder).join("pipelock/conformance/g1-rotation-endorsement.json");
    let file = file.to_str().unwrap();
    let rotated = Rotated::new();
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEARlWn5gXBLrsApGA3iBwzxbyl63S0WgLo5yYaf/WiFng=\n-----END PUBLIC KEY-----";
    let verify = |more: &str| {
        let entry = format!(
            "[[key]]\npem = \"\"\"{pem}\"\"\"\nowner = \"gate team\"\npurpose = \"log\"\nlogs = [\"gate\"]\n{more}"
        );
        fs::write(rotated.path("trust.toml"), entry).unwrap();
        rotated.run(&["verify", "gate.jsonl", "--trust", "trust.toml", "--rotation", file])
    };
    verify("").says(4, &["(gate team) endorsed key", "which counts for nothing", "`accept_rotation = true`"]);
    verify("accept_rotation = true").says(4, &["(gate team), which endorsed it", "says `accept_rotation`"]);
    let missing = rotated.run(&["verify", "gate.jsonl", "--trust", "trust.toml", "--rotation", "absent"]);
    missing.refuses(&["cannot read rotation endorsement `absent`"]);
    let other = rotated.run(&["verify", "gate.jsonl", "--trust", "trust.toml", "--rotation", "old.pub"]);
    other.refuses(&["does not count: expected a rotation endorsement of pipelock"]);
}
