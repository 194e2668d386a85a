//! `redact`: nothing withheld is left in any byte, equalities hold, commitments open, and nobody is misled.

mod eight;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::digest::Digest;
use countersign::report::model::Report;
use hmac::{Hmac, KeyInit as _, Mac as _};
use polars::prelude::*;
use serde_json::Value;
use sha2::Sha256;
use tempfile::TempDir;

use self::standing::{
    ALWAYS, PEOPLE, RESOURCES, files, held, named, readings, report, standing, table, telling, texts,
};
use crate::support::{ACME_PACK, AS_OF, Ran, Workspace, countersign, outcomes, sample};

/// A key with bytes that stand in no text.
const KEY: [u8; 32] = [0xa7; 32];

/// A redacted pack and what was written beside it.
struct Made {
    folder: TempDir,
    ran: Ran,
}

impl Made {
    fn pack(&self) -> PathBuf {
        self.folder.path().join("pack")
    }

    fn list(&self) -> Value {
        serde_json::from_slice(&fs::read(self.pack().join("data/02_machine/redactions.json")).unwrap())
            .unwrap()
    }

    fn report(&self) -> Report {
        report(&self.pack())
    }
}

/// Redacts the pack of `samples/acme`.
fn redact(withhold: &[&str], more: &[&str]) -> Made {
    let (pack, _) = &*ACME_PACK;
    redact_pack(pack, withhold, more)
}

fn redact_pack(pack: &Path, withhold: &[&str], more: &[&str]) -> Made {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(at("key"), KEY).unwrap();
    let (out, key, disclosures) = (at("pack"), at("key"), at("disclosures"));
    let fixed = ["redact", pack.to_str().unwrap(), "--out", &out, "--redaction-key", &key];
    let args: Vec<&str> =
        [&fixed[..], &["--disclosures", &disclosures, "--withhold"], withhold, more].concat();
    let ran = countersign(&args);
    Made { folder, ran }
}

/// Everything withheld, signed with the key of the sample.
static ALL: LazyLock<Made> = LazyLock::new(|| {
    let key = sample("acme/keys/acme-report-TEST-KEY.pem");
    let made = redact(&["people,text", "resources"], &["--key", key.to_str().unwrap()]);
    made.ran
        .says(0, &["Withheld     people, resources, text", "Made from    results sha256 ", " · signed · "]);
    made
});

/// Every value of the pack of `samples/acme` that must be gone, from its own files and from the sample's roster.
fn planted() -> Vec<String> {
    let (pack, _) = &*ACME_PACK;
    let mut found = named(&sample("acme/reference/people.csv"));
    found.extend(held(pack, &[&PEOPLE[..], &RESOURCES, &ALWAYS].concat()));
    let report = report(pack);
    found.extend(report.objects.iter().filter_map(|object| Some(object.sha256?.to_string())));
    found.extend(report.logs.iter().filter_map(|log| Some(log.head.as_ref()?.digest.to_string())));
    found.extend(report.exceptions.iter().map(|exception| exception.id.clone()));
    for path in
        ["data/07_policy/people.csv", "data/07_policy/countersign.toml", "data/06_keys/trust/trust.toml"]
    {
        found.insert(Digest::of(&fs::read(pack.join(path)).unwrap()).to_string());
    }
    found.extend(report.cases.iter().flat_map(|case| &case.moments).map(|moment| moment.what.clone()));
    telling(pack, found)
}

#[test]
fn nothing_withheld_stands_in_any_byte_of_the_pack() {
    let planted = planted();
    for value in ["Dana Reyes", "dana.reyes@acme.example", "Олександр Коваленко", "U075WSRNS9"]
    {
        assert!(planted.iter().any(|found| found == value), "{value} is planted");
    }
    assert!(planted.len() > 5_000, "{}", planted.len());
    let (original, _) = &*ACME_PACK;
    let unread = |path: &PathBuf| path.extension().is_some_and(|end| end == "xlsx" || end == "gz");
    assert!(!files(&ALL.pack()).keys().any(unread), "a file that nobody looks into");
    assert!(standing(original, &planted).len() > 20, "the first pack has them in many files");
    assert_eq!(standing(&ALL.pack(), &planted), vec![]);
}

/// Notes every digest in `value` under its path, with `*` for positions.
fn digests(value: &Value, path: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| digests(member, &format!("{path}/{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| digests(item, &format!("{path}/*"), found)),
        Value::String(text) => {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            let hex = words.filter(|word| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()));
            hex.for_each(|hex| {
                found.entry(path.to_owned()).or_default().insert(hex.to_owned());
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn no_digest_that_a_guess_could_be_compared_with_is_left() {
    let (original, _) = &*ACME_PACK;
    let of = |report: &Report| {
        let mut found = BTreeMap::new();
        digests(&serde_json::to_value(report).unwrap(), "", &mut found);
        found
    };
    let (before, after) = (of(&report(original)), of(&ALL.report()));
    for path in ["/objects/*/sha256", "/logs/*/head/digest", "/exceptions/*/id", "/policy/*/sha256"] {
        assert!(before.contains_key(path), "{path}");
    }
    // Queries are public; the digest of the first results is over all of them at once; files of the policy have zeros.
    let paths: Vec<&str> = after.keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "/keys/*/id",
            "/logs/*/keys/*",
            "/policy/*/sha256",
            "/settings/*/value",
            "/tests/*/exceptions_sql",
            "/tests/*/population_sql"
        ]
    );
    assert_eq!(after["/policy/*/sha256"], BTreeSet::from(["0".repeat(64)]));
    assert_eq!(
        after["/settings/*/value"],
        BTreeSet::from([ALL.list()["original"].as_str().unwrap().to_owned()])
    );
}

#[test]
fn the_redaction_key_is_in_no_file() {
    for (path, bytes) in files(&ALL.pack()) {
        for reading in readings(&path, bytes, "Acme Payments") {
            let hex = "a7".repeat(32);
            assert!(!reading.windows(32).any(|window| window == KEY), "{}", path.display());
            assert!(!reading.windows(64).any(|window| window == hex.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn who_decided_for_whom_can_still_be_counted() {
    let (original, _) = &*ACME_PACK;
    let classes = |pack: &Path, tables: &[(&str, &str)]| {
        let mut counts: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, (name, column)) in tables.iter().enumerate() {
            for text in texts(&table(pack, name), column).into_iter().flatten() {
                counts.entry(text).or_insert_with(|| vec![0; tables.len()])[index] += 1;
            }
        }
        let mut sizes: Vec<Vec<usize>> = counts.into_values().collect();
        sizes.sort();
        sizes
    };
    for tables in [
        &[("request", "actor_id"), ("decision", "reviewer_id"), ("execution", "actor_id")][..],
        &[("request", "principal_id"), ("decision", "reviewer_principal_id"), ("identity", "principal_id")],
        &[("request", "request_id"), ("decision", "request_id"), ("execution", "request_id")],
        &[("request", "resource_id"), ("execution", "resource_id")],
        &[("request", "command_digest"), ("decision", "command_digest"), ("execution", "command_digest")],
        &[("event", "event_id"), ("request", "event_id"), ("decision", "event_id")],
    ] {
        let before = classes(original, tables);
        assert!(before.len() > 3, "{tables:?}");
        assert_eq!(classes(&ALL.pack(), tables), before, "{tables:?}");
    }
    let pairs = |report: &Report| {
        let mut pairs: Vec<_> = report.people.pairs.iter().map(|pair| (pair.approvals, pair.same)).collect();
        pairs.sort();
        pairs
    };
    let (before, after) = (report(original), ALL.report());
    assert_eq!(pairs(&after), pairs(&before));
    assert!(after.people.pairs.iter().all(|pair| (pair.requester == pair.approver) <= pair.same));
}

#[test]
fn the_conclusions_are_those_of_the_first_pack() {
    let (original, _) = &*ACME_PACK;
    let (before, after) = (report(original), ALL.report());
    assert_eq!(outcomes(&after), outcomes(&before));
    assert_eq!(after.verdicts, before.verdicts);
    assert_eq!(after.exceptions.len(), before.exceptions.len());
    let setting = after.settings.last().unwrap();
    let first = Digest::of(&fs::read(original.join("data/01_report.json")).unwrap()).to_string();
    assert!(setting.name == "Redacted" && setting.value.contains(&first), "{setting:?}");
    assert_eq!(ALL.list()["original"], first);
    let html = fs::read_to_string(ALL.pack().join("data/01_report.html")).unwrap();
    assert!(html.contains(&first));
}

#[test]
fn what_no_class_covers_can_still_be_read() {
    let after = ALL.report();
    let told = after.exceptions.iter().filter(|exception| exception.summary != "[withheld]").count();
    assert_eq!(told, after.exceptions.len(), "every summary of a shipped test is a phrase of its query");
    let missing = after.untestable.iter().filter(|item| item.reason == "[withheld]").count();
    assert_eq!(missing, 0, "the missing column is no secret");
    for (name, column, words) in
        [("decision", "outcome", ["approve", "deny"]), ("execution", "action_class", ["write", "read"])]
    {
        let found: BTreeSet<String> =
            texts(&table(&ALL.pack(), name), column).into_iter().flatten().collect();
        assert!(words.iter().all(|word| found.contains(*word)), "{found:?}");
    }
    let (original, _) = &*ACME_PACK;
    for name in ["event", "request", "decision", "execution", "integrity", "approval_case", "resolution"] {
        let (before, after) = (table(original, name), table(&ALL.pack(), name));
        for column in
            ["kind", "grade", "status", "identity", "basis", "phase", "request_link", "state", "gaps"]
        {
            if before.column(column).is_ok() {
                let sorted = |frame: &DataFrame| {
                    let mut held = texts(frame, column);
                    held.sort();
                    held
                };
                assert_eq!(sorted(&after), sorted(&before), "{name}.{column}");
            }
        }
    }
}

fn committed<'v>(list: &'v Value, line: &Value) -> Option<&'v str> {
    let values = list["values"].as_array().unwrap();
    let found = values.iter().find(|value| (0..3).all(|index| value[index + 1] == line[index]))?;
    found[4].as_str()
}

fn hash(disclosure: &str) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(disclosure.as_bytes()).as_bytes())
}

#[test]
fn each_commitment_opens_with_its_disclosure_and_no_other() {
    let list = ALL.list();
    let text = fs::read_to_string(ALL.folder.path().join("disclosures")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), list["values"].as_array().unwrap().len());
    let salts: BTreeSet<String> = lines
        .iter()
        .zip(list["values"].as_array().unwrap())
        .map(|(line, value)| {
            assert!((0..3).all(|index| value[index + 1] == line[index]));
            assert_eq!(value[4], hash(line[3].as_str().unwrap()));
            let opened = URL_SAFE_NO_PAD.decode(line[3].as_str().unwrap()).unwrap();
            let [salt, column, _]: [String; 3] = serde_json::from_slice(&opened).unwrap();
            assert_eq!(line[2], column);
            salt
        })
        .collect();
    assert_eq!(salts.len(), lines.len(), "no two values share a salt");
    let other = hash(lines[1][3].as_str().unwrap());
    assert_ne!(committed(&list, &lines[0]), Some(other.as_str()));
}

#[test]
fn the_holder_of_key_and_first_pack_computes_a_disclosure_as_the_page_says() {
    let (original, _) = &*ACME_PACK;
    let requests = table(original, "request");
    let (events, reasons) = (texts(&requests, "event_id"), texts(&requests, "reason"));
    let (event, reason) =
        events.into_iter().zip(reasons).find_map(|(event, reason)| Some((event?, reason?))).unwrap();
    let mac = |key: &[u8], message: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(message);
        <[u8; 32]>::from(mac.finalize().into_bytes())
    };
    let salt = URL_SAFE_NO_PAD.encode(mac(&KEY, format!("{event}/request/reason").as_bytes()));
    let disclosure = URL_SAFE_NO_PAD.encode(serde_json::to_string(&[&salt, "reason", &reason]).unwrap());
    let pseudonyms = mac(&KEY, b"countersign-redacted/1 pseudonym");
    let row = format!("withheld-{}", &Digest::from(mac(&pseudonyms, event.as_bytes())).to_string()[..20]);
    let place = serde_json::json!(["request", row, "reason"]);
    assert_eq!(committed(&ALL.list(), &place), Some(hash(&disclosure).as_str()));
}

#[test]
fn verify_says_that_it_is_redacted_and_never_more() {
    let pack = ALL.pack();
    let trust = sample("acme/trust.toml");
    let [pack, trust] = [&pack, &trust].map(|path| path.to_str().unwrap());
    let says = "redacted, the sources are not here";
    countersign(&["verify", pack, "--trust", trust]).says(4, &["not-verifiable", says]);
    let logs = sample("acme");
    countersign(&["verify", pack, "--trust", trust, "--objects", logs.to_str().unwrap()])
        .says(4, &["not-verifiable", says]);
    countersign(&["verify", pack]).says(4, &["not-verifiable", says]);
    countersign(&["verify", pack, "--trust", trust, "--tables-only"])
        .says(0, &["the logs themselves were not verified again"]);
    for verb in [&["case", "x"][..], &["sample", "--control", "AUTHZ-01", "--size", "1", "--seed", "1"]] {
        let ran = countersign(&[verb, &[pack]].concat());
        assert_ne!(ran.exit, 5, "{ran:?}");
    }
}

#[test]
fn a_touched_list_is_altered() {
    let copy = TempDir::new().unwrap();
    let to = copy.path().join("pack");
    for (path, bytes) in files(&ALL.pack()) {
        let place = to.join(path.strip_prefix(ALL.pack()).unwrap());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
    }
    countersign(&["verify", to.to_str().unwrap()]).says(4, &["redacted"]);
    let list = to.join("data/02_machine/redactions.json");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replacen("people", "peoplf", 1)).unwrap();
    countersign(&["verify", to.to_str().unwrap()])
        .says(3, &["altered", "digest-mismatch", "redactions.json"]);
    fs::remove_file(&list).unwrap();
    countersign(&["verify", to.to_str().unwrap()]).says(3, &["altered", "missing-object"]);
}

#[test]
fn one_class_alone_leaves_the_other_but_for_what_names_it() {
    let made = redact(&["people"], &[]);
    made.ran.says(0, &["Withheld     people, text", "not signed: no `--key`"]);
    let (original, _) = &*ACME_PACK;
    let (before, after) = (table(original, "execution"), table(&made.pack(), "execution"));
    let set = |frame: &DataFrame| texts(frame, "resource_id").into_iter().flatten().collect::<BTreeSet<_>>();
    let (before, after) = (set(&before), set(&after));
    assert!(before.intersection(&after).count() > 3, "{after:?}");
    for value in &after {
        assert!(!value.contains("reyes") && !value.contains("hartmann"), "{value}");
    }
    let people: BTreeSet<String> =
        texts(&table(&made.pack(), "request"), "actor_id").into_iter().flatten().collect();
    assert!(people.len() > 3 && people.iter().all(|id| id.starts_with("withheld-")), "{people:?}");
    countersign(&["verify", made.pack().to_str().unwrap()]).says(4, &["unsigned", "redacted"]);

    let made = redact(&["resources"], &[]);
    made.ran.says(0, &["Withheld     resources, text"]);
    let people: BTreeSet<String> =
        texts(&table(&made.pack(), "request"), "actor_id").into_iter().flatten().collect();
    assert!(people.contains("dana.reyes@acme.example"), "{people:?}");
    let resources = set(&table(&made.pack(), "execution"));
    assert!(resources.iter().all(|id| id.starts_with("withheld-")), "{resources:?}");
}

#[test]
fn the_same_key_gives_the_same_bytes_and_another_other_pseudonyms() {
    let again = redact(
        &["resources", "text,people"],
        &["--key", sample("acme/keys/acme-report-TEST-KEY.pem").to_str().unwrap()],
    );
    again.ran.says(0, &[]);
    let relative = |made: &Made| {
        let files = files(&made.pack()).into_iter();
        files
            .map(|(path, bytes)| (path.strip_prefix(made.pack()).unwrap().to_owned(), bytes))
            .collect::<BTreeMap<_, _>>()
    };
    assert!(relative(&again) == relative(&ALL));
}

#[test]
fn wrong_calls_are_refused_and_leave_everything_as_it_was() {
    let (pack, _) = &*ACME_PACK;
    let pack = pack.to_str().unwrap();
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, key) = (at("out"), at("key"));
    let call = |pack: &str, out: &str, key: &str, class: &str| {
        countersign(&["redact", pack, "--out", out, "--redaction-key", key, "--withhold", class])
    };
    call(pack, &out, &key, "poeple").says(2, &["invalid value 'poeple'", "similar value exists: 'people'"]);
    fs::create_dir(at("mine")).unwrap();
    fs::write(at("mine/letter.txt"), "dear").unwrap();
    call(pack, &at("mine"), &key, "people").says(2, &["no pack was written"]);
    assert_eq!(fs::read_to_string(at("mine/letter.txt")).unwrap(), "dear");
    call(pack, pack, &key, "people").says(2, &["is the pack itself"]);
    call(pack, &format!("{pack}/data/in"), &key, "people").says(2, &["is the pack itself"]);
    call(pack, &out, &format!("{out}/key"), "people").says(2, &["lies in a pack"]);
    call(pack, &out, &format!("{pack}/key"), "people").says(2, &["lies in a pack"]);
    call(ALL.pack().to_str().unwrap(), &out, &key, "people").says(2, &["is redacted already"]);
    call(&at("mine"), &out, &key, "people").says(2, &["no pack was written"]);
    fs::write(at("short"), [1; 31]).unwrap();
    call(pack, &out, &at("short"), "people").says(2, &["expected 32 bytes, found 31"]);
    assert!(!Path::new(&out).exists() && !Path::new(&key).exists());
    assert!(Path::new(pack).join("data/01_report.json").exists());
}

#[test]
fn a_key_is_made_once_and_for_its_owner_alone() {
    let workspace = Workspace::copy_of("clean");
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let made = workspace.run("report", &["--out", &at("first"), "--as-of", AS_OF]);
    assert!(Path::new(&at("first")).is_dir(), "{made:?}");
    let call = || {
        countersign(&[
            "redact",
            &at("first"),
            "--out",
            &at("out"),
            "--withhold",
            "people",
            "--redaction-key",
            &at("key"),
        ])
    };
    call().says(0, &["made the redaction key", "not signed"]);
    let key = fs::read(at("key")).unwrap();
    assert!(key.len() == 32 && key != [0; 32]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(at("key")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = files(Path::new(&at("out")));
    call().says(0, &["not signed"]);
    assert_eq!(fs::read(at("key")).unwrap(), key);
    assert!(files(Path::new(&at("out"))) == before, "an earlier pack of ours is replaced by the same bytes");

    let report = Path::new(&at("first")).join("data/01_report.json");
    fs::write(&report, fs::read_to_string(&report).unwrap().replacen("Redacted", "redacted", 1) + " ")
        .unwrap();
    call().says(3, &["altered", "no pack was written"]);
    assert!(files(Path::new(&at("out"))) == before);
}

#[test]
fn the_usage_page_lists_the_options_of_the_help() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/usage.md")).unwrap();
    let section = page.split("\n## `countersign redact").nth(1).unwrap().split("\n## ").next().unwrap();
    let named: BTreeSet<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split([' ', '`']).next()).collect();
    let help = countersign(&["redact", "--help"]).out;
    let common = ["--from", "--to", "--as-of", "--quiet", "--color", "--threads", "--help", "--version"];
    let options: BTreeSet<&str> = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("-q, ").or(Some(line.trim_start())))
        .filter(|line| line.starts_with("--"))
        .filter_map(|line| line.split([' ', '.']).next())
        .filter(|option| !common.contains(option))
        .collect();
    assert_eq!(named, options, "{help}");
}
