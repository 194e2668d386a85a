//! The trust file from outside: keys that other keys endorse, and what `keys` and `verify` say of them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::digest::Digest;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};

use crate::support::{Ran, SignedLog, countersign};

/// A folder with keys `old` and `new`, and a log that `new` signed in July, on four days at midnight.
struct Rotated {
    folder: tempfile::TempDir,
    old: String,
    new: String,
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
        let (old, new) = (generate("old"), generate("new"));
        let rotated = Self { folder, old, new };
        rotated.log_of("new", &[2, 3, 4, 5]);
        rotated
    }

    /// Writes the log anew: `key` signs a record on each of these days of July.
    fn log_of(&self, key: &str, days: &[u8]) {
        let mut log = SignedLog::new("gate", &fs::read_to_string(self.path(key)).unwrap());
        for day in days {
            log.records
                .push((format!("2026-07-{day:02}T00:00:00.000Z"), r#"{"kind":"heartbeat"}"#.to_owned()));
        }
        fs::write(self.path("gate.jsonl"), log.text()).unwrap();
    }

    /// Writes a trust file that names the new key alone, with these members beside file and owner.
    fn pinned(&self, more: &str) {
        let entry = format!("[[key]]\nfile = \"new.pub\"\nowner = \"team\"\n{more}\n");
        fs::write(self.path("trust.toml"), entry).unwrap();
    }

    /// Verifies, and returns the exit code, the records that are covered, and the kinds of breaks.
    #[track_caller]
    fn found(&self, more: &[&str]) -> (i32, u64, Vec<String>) {
        let ran = self.run(&[&["verify", "gate.jsonl", "--trust", "trust.toml", "--json"], more].concat());
        (ran.exit, ran.json()["logs"][0]["covered"].as_u64().unwrap(), ran.kinds())
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

/// What a trust file says of a key that may sign the log.
const OF_THE_LOG: &str = "purpose = \"log\"\nlogs = [\"gate\"]";

fn not_covered(covered: u64, kind: &str) -> (i32, u64, Vec<String>) {
    (4, covered, vec![kind.to_owned()])
}

#[test]
fn a_key_is_worth_something_for_its_purpose_its_logs_and_its_time() {
    let rotated = Rotated::new();
    let judged = |more: &str| {
        rotated.pinned(more);
        rotated.found(&[])
    };
    let within = |more: &str| judged(&format!("{OF_THE_LOG}\n{more}"));
    assert_eq!(within(""), (0, 4, vec![]));
    assert_eq!(judged("purpose = \"statement\""), not_covered(0, "wrong-purpose-key"));
    assert_eq!(judged("purpose = \"checkpoint\""), not_covered(0, "wrong-purpose-key"));
    assert_eq!(judged("purpose = \"log\"\nlogs = [\"gate-2\"]"), not_covered(0, "wrong-purpose-key"));
    assert_eq!(judged("purpose = \"log\"\nlogs = [\"gate-2\", \"gate\"]"), (0, 4, vec![]));

    // Half-open: at the first moment it counts, at the last it does not.
    assert_eq!(within("valid_from = 2026-07-02\nvalid_until = 2026-07-05T00:00:00.001Z"), (0, 4, vec![]));
    assert_eq!(within("valid_until = 2026-07-05"), not_covered(3, "expired-key"));
    assert_eq!(within("valid_from = 2026-07-02T00:00:00.001Z"), not_covered(3, "expired-key"));
    assert_eq!(within("revoked_at = 2026-07-05T00:00:00.001Z"), (0, 4, vec![]));
    assert_eq!(within("revoked_at = 2026-07-05"), not_covered(3, "revoked-key"));
    assert_eq!(within("revoked_at = \"2026-07-04T02:00:00+02:00\""), not_covered(2, "revoked-key"));
    // Whoever holds the key can write any time into a record.
    assert_eq!(within("compromised_at = 2030-01-01"), not_covered(0, "revoked-key"));
    fs::write(rotated.path("trust.toml"), "").unwrap();
    assert_eq!(rotated.found(&[]), not_covered(0, "unknown-key"));
}

#[test]
fn a_record_is_as_late_as_any_record_before_it() {
    let rotated = Rotated::new();
    rotated.pinned(&format!("{OF_THE_LOG}\nrevoked_at = 2026-07-04"));
    rotated.log_of("new", &[2, 3, 4, 2, 3]);
    let late = |kind: &str| vec!["clock-rollback".to_owned(), kind.to_owned()];
    let (exit, covered, mut kinds) = rotated.found(&[]);
    kinds.sort();
    assert_eq!((exit, covered, kinds), (4, 2, late("revoked-key")));
    rotated.pinned(&format!("{OF_THE_LOG}\nvalid_until = 2026-07-04"));
    let (exit, covered, mut kinds) = rotated.found(&[]);
    kinds.sort();
    assert_eq!((exit, covered, kinds), (4, 2, late("expired-key")));

    // A log that is dated back as a whole has no later record. Only its owner can say that the key was lost.
    rotated.log_of("new", &[1, 1, 2]);
    rotated.pinned(&format!("{OF_THE_LOG}\nrevoked_at = 2026-07-04"));
    assert_eq!(rotated.found(&[]), (0, 3, vec![]));
    rotated.pinned(&format!("{OF_THE_LOG}\ncompromised_at = 2026-07-04"));
    assert_eq!(rotated.found(&[]), not_covered(0, "revoked-key"));
}

/// Returns the checkpoint with a line in which the key in PEM says that it saw it then (c2sp.org/tlog-cosignature). It
/// shares no code with the program.
fn cosigned(checkpoint: &str, key_pem: &str, time: &str) -> String {
    let key = SigningKey::from_pkcs8_pem(key_pem).unwrap();
    let seconds = u64::try_from(time.parse::<countersign::clock::Moment>().unwrap().ms() / 1000).unwrap();
    let text = checkpoint.split_once("\n\n").unwrap().0;
    let signature = key.sign(format!("cosignature/v1\ntime {seconds}\n{text}\n").as_bytes());
    let named = [b"witness\n\x04".as_slice(), key.verifying_key().as_bytes()].concat();
    let hash = hex::decode(&Digest::of(&named).to_string()[..8]).unwrap();
    let line = [hash.as_slice(), &seconds.to_be_bytes(), &signature.to_bytes()].concat();
    format!("{checkpoint}\u{2014} witness {}\n", STANDARD.encode(line))
}

#[test]
fn a_compromised_key_keeps_what_a_trusted_witness_saw_before() {
    let rotated = Rotated::new();
    rotated.run(&["seal", "gate.jsonl", "--key", "old"]).says(0, &[]);
    let plain = fs::read_to_string(rotated.path("gate.jsonl.checkpoint")).unwrap();
    let witness = fs::read_to_string(rotated.path("old")).unwrap();
    let judged = |checkpoint: &str, log_key: &str, witness: &str| {
        fs::write(rotated.path("head"), checkpoint).unwrap();
        rotated.pinned(&format!(
            "{OF_THE_LOG}\n{log_key}\n[[key]]\nfile = \"old.pub\"\nowner = \"witness\"\n{witness}"
        ));
        rotated.found(&["--head", "head"])
    };
    let seen = |time: &str| cosigned(&plain, &witness, time);
    let (stolen, counts) = ("compromised_at = 2026-08-01", "purpose = \"checkpoint\"");
    let revoked = || not_covered(0, "revoked-key");
    assert_eq!(judged(&seen("2026-07-31T23:59:59Z"), stolen, counts), (0, 4, vec![]));
    assert_eq!(judged(&seen("2026-08-01"), stolen, counts), revoked());
    // Without a time, under a witness that is not one, and under one whose own key is lost.
    assert_eq!(judged(&plain, stolen, counts), revoked());
    assert_eq!(judged(&seen("2026-07-10"), stolen, "purpose = \"statement\""), revoked());
    for lost in ["compromised_at = 2026-12-01", "revoked_at = 2026-07-10", "valid_from = 2026-07-11"] {
        assert_eq!(judged(&seen("2026-07-10"), stolen, &format!("{counts}\n{lost}")), revoked(), "{lost}");
    }
    // It heals a compromise, and nothing else.
    let late = format!("{stolen}\nvalid_until = 2026-07-04");
    assert_eq!(judged(&seen("2026-07-10"), &late, counts), not_covered(2, "expired-key"));
    let early = format!("{stolen}\nrevoked_at = 2026-07-04");
    assert_eq!(judged(&seen("2026-07-10"), &early, counts), not_covered(2, "revoked-key"));

    // What was written after the witness came may be the thief's.
    rotated.log_of("new", &[2, 3, 4, 5, 5, 6]);
    assert_eq!(judged(&seen("2026-07-10"), stolen, counts), not_covered(4, "revoked-key"));
    // And a log that the witness did not see is another log.
    rotated.log_of("new", &[2, 3, 4, 4]);
    let (exit, covered, kinds) = judged(&seen("2026-07-10"), stolen, counts);
    assert_eq!((exit, covered), (3, 0));
    assert!(kinds.contains(&"altered".to_owned()), "{kinds:?}");
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

#[test]
fn what_cannot_be_trusted_leaves_the_file_as_it_was() {
    let rotated = Rotated::new();
    let weak = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
    fs::write(rotated.path("weak.pub"), weak).unwrap();
    let kept = "# From the gateway team, by telephone.\r\n[[key]] # the first one\nfile='old.pub'\nowner = \"team\"\npurpose = \"statement\"";
    fs::write(rotated.path("trust.toml"), kept).unwrap();
    let trust = |file: &str, id: &str, more: &[&str]| {
        let args = [
            "keys",
            "trust",
            file,
            "--owner",
            "A \"team\"\n[[key]]",
            "--trust",
            "trust.toml",
            "--fingerprint",
            id,
        ];
        rotated.run(&[&args[..], more].concat())
    };
    let of_gate = ["--purpose", "log", "--log", "gate"];
    for (file, id, more, what) in [
        ("weak.pub", rotated.new.as_str(), &of_gate[..], "small order"),
        ("old.pub", &rotated.old, &of_gate, "listed above already, for `team`"),
        ("new.pub", &rotated.old, &of_gate, "the file holds key"),
        ("new.pub", &rotated.new[..63], &of_gate, "expected key id"),
        ("new.pub", "", &of_gate, "expected key id"),
        ("new", &rotated.new, &of_gate, "found a private key"),
        ("new.pub", &rotated.new, &["--purpose", "log"], "needs the logs"),
        ("new.pub", &rotated.new, &["--purpose", "log", "--log", "Gate"], "log name `Gate`"),
        (
            "new.pub",
            &rotated.new,
            &["--purpose", "statement", "--log", "gate"],
            "has no meaning with purpose",
        ),
    ] {
        trust(file, id, more).refuses(&[what, "was left as it was"]);
        assert_eq!(fs::read_to_string(rotated.path("trust.toml")).unwrap(), kept, "{what}");
    }
    trust("new.pub", &rotated.new, &["--purpose", "root"])
        .says(2, &["expected `log`, `checkpoint` or `statement`"]);
    trust("new.pub", &rotated.new, &of_gate).says(0, &["trusted for records of `gate`"]);
    let after = fs::read_to_string(rotated.path("trust.toml")).unwrap();
    assert!(after.starts_with(&format!("{kept}\n[[key]]\n")), "{after}");
    assert_eq!(rotated.found(&[]), (0, 4, vec![]));
    // A file that was broken before is not made worse.
    fs::write(rotated.path("trust.toml"), format!("{kept}\nvalid_form = 2026-01-01")).unwrap();
    trust("new.pub", &rotated.new, &of_gate)
        .refuses(&["unknown member `valid_form`", "did you mean `valid_from`?"]);
}

/// Runs `keys trust` on a terminal of its own, at which somebody types `typed`; returns exit code and what stood there.
#[cfg(target_os = "linux")]
fn at_a_terminal(rotated: &Rotated, typed: &str) -> (i32, String) {
    use std::io::Write as _;
    let path = |name: &str| rotated.path(name).to_str().unwrap().to_owned();
    let command = format!(
        "'{}' keys trust '{}' --owner 'the team' --purpose log --log gate --trust '{}'",
        env!("CARGO_BIN_EXE_countersign"),
        path("new.pub"),
        path("trust.toml")
    );
    let mut script = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`script` of util-linux makes the terminal: {error}"));
    let mut stdin = script.stdin.take().unwrap();
    stdin.write_all(typed.as_bytes()).unwrap();
    // Kept open until the program has ended: the end of input would close the terminal under it.
    let mut shown = String::new();
    std::io::Read::read_to_string(&mut script.stdout.take().unwrap(), &mut shown).unwrap();
    drop(stdin);
    (script.wait().unwrap().code().unwrap(), shown)
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_the_key_id_is_typed_and_not_shown_before() {
    let rotated = Rotated::new();
    let (exit, shown) = at_a_terminal(&rotated, &format!("{}\n", rotated.old));
    assert_eq!(exit, 2, "{shown}");
    assert!(shown.contains("Ask the team for the key id") && shown.contains("the file holds key"), "{shown}");
    assert!(!rotated.path("trust.toml").exists());
    let (exit, shown) = at_a_terminal(&rotated, "\n");
    assert_eq!(exit, 2, "{shown}");
    let (before, _) = shown.split_once("expected key id").unwrap();
    assert!(before.contains("Key id: ") && !before.contains(&rotated.new), "{shown}");
    let (exit, shown) = at_a_terminal(&rotated, &format!(" {} \n", rotated.new));
    assert_eq!(exit, 0, "{shown}");
    assert_eq!(rotated.found(&[]), (0, 4, vec![]));
}
