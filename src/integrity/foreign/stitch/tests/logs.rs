//! Logs as their products write them, and the whole way from their lines to a verdict.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::foreign::scan::{
    Back, ForeignOptions, ForeignScanned, ForeignScanner, ForeignSummary, Mapped, chain_name,
};
use crate::integrity::foreign::stitch::{ForeignIndex, ForeignInput, Walked, stitch_foreign};
use crate::integrity::foreign::{ChainFormat, Keys};
use crate::integrity::head::LogHead;
use crate::integrity::keyring::{Keyring, Purpose, TrustedKey};
use crate::integrity::signature::PublicKey;
use crate::integrity::stitch::{Fate, LogVerdict, ObjectFact};
use crate::integrity::verdict::{BreakKind, Completeness, Grade, Verdict};
use crate::source::framing::Record;

pub(super) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(super) fn trusted(key: &SigningKey) -> TrustedKey {
    TrustedKey {
        public: PublicKey::of_signing_key(key).unwrap(),
        owner: "a test".to_owned(),
        purpose: Purpose::Log,
        logs: vec!["log".to_owned()],
        valid_from: None,
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
    }
}

pub(super) fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

/// The `n`-th second of the period.
pub(super) fn second(n: u64) -> String {
    format!("2026-07-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60)
}

/// RFC 8785 for the plain texts and small integers of these tests.
pub(super) fn jcs(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str());
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}:{}", json!(name), jcs(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(jcs).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

pub(super) fn sha(bytes: impl AsRef<[u8]>) -> String {
    Digest::of(bytes.as_ref()).to_string()
}

/// Objects with lines, and what a verifier brings.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) chain: &'static str,
    pub(super) objects: Vec<(String, Vec<String>)>,
    pub(super) keys: Vec<TrustedKey>,
    pub(super) mac: Vec<Vec<u8>>,
    pub(super) heads: Vec<LogHead>,
    pub(super) after: Vec<LogHead>,
    pub(super) columns: Vec<String>,
    pub(super) mapped: Mapped,
    pub(super) max_ids: usize,
    /// Bytes behind the last line of the last object that are no record.
    pub(super) torn: bool,
}

/// Records of one segment with the groups that they were counted in.
pub(super) struct Scanned {
    pub(super) summary: ForeignSummary,
    pub(super) groups: Vec<(u64, usize)>,
}

/// A verdict, and the fate of every admitted record by object and offset.
#[derive(PartialEq, Debug)]
pub(super) struct Judged {
    pub(super) verdict: LogVerdict,
    pub(super) fates: Vec<(String, u64, Option<Fate>)>,
}

impl Log {
    pub(super) fn new(chain: &'static str, lines: Vec<String>) -> Self {
        Self {
            chain,
            objects: vec![("a.jsonl".to_owned(), lines)],
            keys: vec![trusted(&key(1))],
            mac: Vec::new(),
            heads: Vec::new(),
            after: Vec::new(),
            columns: Vec::new(),
            mapped: Mapped::new(),
            max_ids: usize::MAX,
            torn: false,
        }
    }

    pub(super) fn format(&self) -> ChainFormat {
        let path = format!("chains/{}.toml", self.chain);
        match std::fs::read_to_string(&path) {
            Ok(text) => ChainFormat::parse(self.chain, &text).unwrap(),
            Err(_) => made(self.chain),
        }
    }

    pub(super) fn lines(&mut self) -> &mut Vec<String> {
        &mut self.objects[0].1
    }

    /// The head that somebody wrote down at a line.
    pub(super) fn head(&self, object: usize, line: usize, seq: u64) -> LogHead {
        LogHead { log: "log".to_owned(), seq, digest: Digest::of(self.objects[object].1[line].as_bytes()) }
    }

    pub(super) fn keyring(&self) -> Keyring {
        Keyring::of(self.keys.clone())
    }

    /// Scans every object, cut into segments before the lines `cuts` of each.
    pub(super) fn scan(&self, format: &ChainFormat, cuts: &[usize]) -> Vec<Scanned> {
        let keyring = self.keyring();
        let boundaries = keyring.boundaries();
        let digests: Vec<Digest> = self.heads.iter().chain(&self.after).map(|head| head.digest).collect();
        let mut all = Vec::new();
        for (name, lines) in &self.objects {
            let begin = |start| {
                ForeignScanner::new(ForeignOptions {
                    source: "log",
                    object: name,
                    start,
                    layers: format.layers(),
                    boundaries: &boundaries,
                    heads: &digests,
                    mapped: &self.mapped,
                    max_ids: self.max_ids,
                })
            };
            let (mut offset, mut number, mut groups) = (0, 0, Vec::new());
            let mut scanner = begin(0);
            for (index, line) in lines.iter().enumerate() {
                if index > 0 && cuts.contains(&index) {
                    scanner.lines(number);
                    let done = std::mem::replace(&mut scanner, begin(offset));
                    all.push(Scanned { summary: done.finish(), groups: std::mem::take(&mut groups) });
                    number = 0;
                }
                number += 1;
                let record = Record::new(line, offset, number, 0);
                let keys = Keys { log: "log", keyring: &keyring, mac: &self.mac };
                let blank = line.trim().is_empty();
                let examined = if blank { Ok(Vec::new()) } else { format.examine(&record, &keys) };
                let selected = examined.as_ref().is_ok_and(|seen| !seen.is_empty());
                if let ForeignScanned::Admitted(admitted) = scanner.record(record, examined) {
                    groups.push((offset, admitted.group));
                    if selected {
                        scanner.uncovered(format.uncovered_of(&record));
                    }
                }
                offset += line.len() as u64 + 1;
            }
            if self.torn && self.objects.last().is_some_and(|last| last.0 == *name) {
                number += 1;
                scanner.torn(number, offset, 7);
            }
            scanner.lines(number);
            all.push(Scanned { summary: scanner.finish(), groups });
        }
        all
    }

    pub(super) fn fold(&self, format: &ChainFormat, summaries: &[ForeignSummary]) -> LogVerdict {
        let objects: Vec<ObjectFact> =
            self.objects.iter().map(|(name, _)| ObjectFact { name: name.clone(), fault: None }).collect();
        let mut stitched = stitch_foreign(&ForeignInput {
            source: "log",
            layers: format.layers(),
            objects: &objects,
            summaries,
            heads: &self.heads,
            after: &self.after,
            keyring: &self.keyring(),
            index: &Memory { log: self, format },
            period: Period { from: at("2026-07-01T00:00:00Z"), to: at("2026-08-01T00:00:00Z") },
            as_of: at("2026-08-01T00:00:00Z"),
            uncovered_columns: &self.columns,
            mapped: &self.mapped,
            fates: true,
        });
        stitched.logs.remove(0)
    }

    pub(super) fn judge_cut(&self, cuts: &[usize]) -> Judged {
        let format = self.format();
        let scanned = self.scan(&format, cuts);
        let summaries: Vec<ForeignSummary> = scanned.iter().map(|one| one.summary.clone()).collect();
        let mut verdict = self.fold(&format, &summaries);
        let mut fates = Vec::new();
        for one in &scanned {
            for (offset, group) in &one.groups {
                let fate = verdict.fate_of(&one.summary.object, one.summary.start, *group, *offset);
                fates.push((one.summary.object.clone(), *offset, fate));
            }
        }
        verdict.groups.clear();
        Judged { verdict, fates }
    }

    pub(super) fn judge(&self) -> LogVerdict {
        self.judge_cut(&[]).verdict
    }

    #[track_caller]
    pub(super) fn expect(&self, verdict: Verdict, grade: Grade, completeness: Completeness) -> LogVerdict {
        let found = self.judge();
        let log = &found.log;
        let said = (log.verdict, log.integrity, log.completeness);
        assert_eq!(said, (verdict, grade, completeness), "{:?} {:?}", log.reasons, log.breaks);
        found
    }

    /// Asserts that the log is altered, and the kinds of break that make it so.
    #[track_caller]
    pub(super) fn altered(&self, kinds: &[BreakKind]) -> LogVerdict {
        let found = self.judge();
        assert_eq!(found.log.verdict, Verdict::Altered, "{:?}", found.log.breaks);
        assert_eq!(kinds_of(&found), kinds, "{:?}", found.log.breaks);
        // Where nothing is missing and nothing was changed, there is no hole.
        let moved = |kind: &BreakKind| matches!(kind, BreakKind::Duplicate | BreakKind::Reordered);
        assert_eq!(found.holes.is_empty(), kinds.iter().all(moved), "{:?}", found.log.breaks);
        found
    }
}

/// The kinds of break, sorted, each once, without notes.
pub(super) fn kinds_of(found: &LogVerdict) -> Vec<BreakKind> {
    let mut kinds: Vec<BreakKind> = found.log.breaks.iter().map(|found| found.kind).collect();
    kinds.retain(|kind| *kind != BreakKind::LateStart && *kind != BreakKind::ClockRollback);
    kinds.sort();
    kinds.dedup();
    kinds
}

/// Reads the lines of a log again.
struct Memory<'a> {
    log: &'a Log,
    format: &'a ChainFormat,
}

impl ForeignIndex for Memory<'_> {
    fn walk(
        &self,
        object: &str,
        start: u64,
        chain: (usize, &str),
        each: &mut dyn FnMut(Walked) -> bool,
    ) -> bool {
        let Some((_, lines)) = self.log.objects.iter().find(|(name, _)| name == object) else { return false };
        let keys = Keys { log: "log", keyring: &Keyring::empty(), mac: &[] };
        let mut offset = 0;
        for line in lines {
            let record = Record::new(line, offset, 0, 0);
            offset += line.len() as u64 + 1;
            let Ok(seen) = self.format.examine(&record, &keys) else { continue };
            let seen = seen.iter().find(|one| one.layer == chain.0 && chain_name(&one.chain) == chain.1);
            let Some(seen) = seen.filter(|_| record.offset >= start) else { continue };
            let walked = Walked {
                offset: record.offset,
                digest: record.digest,
                link: seen.link.as_deref().map(Digest::of),
                prev: Back::of(seen.prev.as_ref()),
            };
            if !each(walked) {
                break;
            }
        }
        true
    }
}

/// Receipts of `chains` interleaved chains, each record signed by the key of `signers`, which repeat.
pub(super) fn agent_receipts(chains: usize, records: usize, signers: &[u8]) -> Vec<String> {
    let mut prevs: Vec<Option<String>> = vec![None; chains];
    let mut lines = Vec::new();
    for index in 0..records {
        let (chain, seq) = (index % chains, index / chains + 1);
        let seed = signers[index % signers.len()];
        let mut receipt = json!({
            "id": format!("urn:receipt:{index}"),
            "issuanceDate": second(index as u64),
            "credentialSubject": {
                "action": { "id": format!("act-{index}"), "type": "db.write" },
                "chain": { "chain_id": format!("chain-{chain}"), "sequence": seq, "previous_receipt_hash": prevs[chain] },
            },
        });
        let bytes = jcs(&receipt);
        let signature = key(seed).sign(bytes.as_bytes());
        receipt["proof"] = json!({
            "type": "Ed25519Signature2020",
            "proofPurpose": "assertionMethod",
            "verificationMethod": format!("did:x:{seed}"),
            "proofValue": format!("u{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())),
        });
        prevs[chain] = Some(format!("sha256:{}", sha(&bytes)));
        lines.push(receipt.to_string());
    }
    lines
}

/// Signed receipts in a chain of hashes that no signature covers.
pub(super) fn signet(records: usize) -> Vec<String> {
    let mut prev = format!("sha256:{}", "0".repeat(64));
    let mut lines = Vec::new();
    for index in 0..records {
        let params = json!({ "n": index });
        let mut receipt = json!({
            "v": 1,
            "action": { "tool": "x", "params": params, "params_hash": format!("sha256:{}", sha(jcs(&params))) },
            "signer": { "pubkey": format!("ed25519:{}", STANDARD.encode(key(1).verifying_key().as_bytes())) },
            "ts": second(index as u64),
            "nonce": format!("n-{index}"),
        });
        let signature = key(1).sign(jcs(&receipt).as_bytes()).to_bytes();
        receipt["sig"] = json!(format!("ed25519:{}", STANDARD.encode(signature)));
        receipt["id"] = json!(format!("rec_{}", &sha(signature)[..32]));
        let hash = format!("sha256:{}", sha(jcs(&json!({ "prev_hash": prev, "receipt": receipt }))));
        lines.push(json!({ "receipt": receipt, "prev_hash": prev, "record_hash": hash }).to_string());
        prev = hash;
    }
    lines
}

/// A Pipelock recorder while it writes.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) lines: Vec<String>,
    sessions: std::collections::BTreeMap<String, (u64, String)>,
    receipts: std::collections::BTreeMap<String, (u64, String)>,
}

impl Recorder {
    /// Writes an entry whose `detail` is this text.
    pub(super) fn entry(&mut self, session: &str, kind: &str, detail: &str) {
        let (seq, prev) = self.sessions.get(session).cloned().unwrap_or_else(|| (0, "genesis".to_owned()));
        let ts = second(self.lines.len() as u64);
        let parts = ["1", &seq.to_string(), &ts, session, "", kind, "mcp", "s", detail, "", &prev];
        let hash = sha(parts.join("\0"));
        self.lines.push(format!(
            r#"{{"v":1,"seq":{seq},"ts":"{ts}","session_id":"{session}","type":"{kind}","transport":"mcp","summary":"s","detail":{detail},"prev_hash":"{prev}","hash":"{hash}"}}"#
        ));
        self.sessions.insert(session.to_owned(), (seq + 1, hash));
    }

    /// Writes a receipt signed by the key of `seed`.
    pub(super) fn receipt(&mut self, session: &str, seed: u8) {
        let (seq, prev) = self.receipts.get(session).cloned().unwrap_or_else(|| (0, "genesis".to_owned()));
        let ts = second(self.lines.len() as u64);
        let id = format!("{session}-{seq}");
        let action = format!(
            r#"{{"version":1,"action_id":"{id}","timestamp":"{ts}","chain_seq":{seq},"chain_prev_hash":"{prev}","run_nonce":"r"}}"#
        );
        let signature = key(seed).sign(Digest::of(action.as_bytes()).as_bytes());
        let detail = format!(
            r#"{{"version":1,"action_record":{action},"signature":"ed25519:{}","signer_key":"{}"}}"#,
            hex::encode(signature.to_bytes()),
            hex::encode(key(seed).verifying_key().as_bytes())
        );
        self.receipts.insert(session.to_owned(), (seq + 1, sha(&detail)));
        self.entry(session, "action_receipt", &detail);
    }

    /// Signs what was written in a session.
    pub(super) fn checkpoint(&mut self, session: &str, seed: u8) {
        let prev = self.sessions.get(session).map_or("genesis", |(_, prev)| prev.as_str());
        let signature = hex::encode(key(seed).sign(prev.as_bytes()).to_bytes());
        self.entry(session, "checkpoint", &format!(r#"{{"signature":"{signature}"}}"#));
    }
}

/// Entries of `sessions` interleaved sessions, with receipts inside some; a checkpoint of each session at the end.
pub(super) fn pipelock(sessions: usize, records: usize) -> Vec<String> {
    let mut recorder = Recorder::default();
    for index in 0..records {
        let session = format!("s{}", index % sessions);
        match index / sessions % 3 {
            1 => recorder.receipt(&session, 1),
            _ => recorder.entry(&session, "decision", r#"{"verdict":"allow"}"#),
        }
    }
    (0..sessions).for_each(|session| recorder.checkpoint(&format!("s{session}"), 1));
    recorder.lines
}

/// A chain of joined texts that nothing signs.
pub(super) fn agt_rust(records: &[(&str, &str)]) -> Vec<String> {
    let mut prev = String::new();
    let mut lines = Vec::new();
    for (seq, (agent, action)) in records.iter().enumerate() {
        let ts = second(seq as u64);
        let hash = sha(format!("{seq}|{ts}|{agent}|{action}|allow|{prev}"));
        lines.push(
            json!({ "seq": seq, "timestamp": ts, "agent_id": agent, "action": action, "decision": "allow",
                "previous_hash": prev, "hash": hash })
            .to_string(),
        );
        prev = hash;
    }
    lines
}

/// The layers of formats that are made for one trait each. Records are those of [`plain`].
const MADE: [(&str, &str); 10] = [
    // What is signed depends on the record.
    (
        "split",
        r#"
where = [{ field = "/k", eq = 1 }]
signature = { alg = "ed25519", over = { json = "", canon = "jcs", drop = ["/s"] }, field = "/s", enc = { as = "hex" } }
[[layer]]
name = "m"
where = [{ field = "/k", eq = 2 }]
signature = { alg = "ed25519", over = { field = "/a" }, field = "/s", enc = { as = "hex" } }
"#,
    ),
    // A signature over the record with its link, in some records.
    (
        "signed-some",
        r#"
seq = { field = "/n", start = 0, step = 1 }
hash = { over = { json = "", canon = "jcs", drop = ["/h", "/s"] }, field = "/h", enc = { as = "hex" } }
link = { prev = "/p", value = "stored", genesis = [""], spans_files = true }
[layer.signature]
alg = "ed25519"
over = { field = "/h" }
field = "/s"
enc = { as = "hex" }
when = [{ field = "/s", present = true }]
"#,
    ),
    // A signature over the link alone, in each record.
    (
        "link-only",
        r#"
seq = { field = "/n", start = 0, step = 1 }
hash = { over = { json = "", canon = "jcs", drop = ["/h", "/s"] }, field = "/h", enc = { as = "hex" } }
link = { prev = "/p", value = "stored", genesis = [""], spans_files = true }
signature = { alg = "ed25519", over = { concat = [{ field = "/p" }] }, field = "/s", enc = { as = "hex" } }
"#,
    ),
    // Records name the one before by its id.
    (
        "by-id",
        r#"
link = { prev = "/p", value = { id = "/i" }, genesis = [""], spans_files = true }
[layer.signature]
alg = "ed25519"
over = { json = "", canon = "jcs", drop = ["/s"] }
field = "/s"
enc = { as = "hex" }
when = [{ field = "/s", present = true }]
"#,
    ),
    // The hash does not cover the link.
    (
        "prev-outside",
        r#"
hash = { over = { json = "", canon = "jcs", drop = ["/h", "/s", "/p"] }, field = "/h", enc = { as = "hex" } }
link = { prev = "/p", value = "stored", genesis = [""], spans_files = true }
[layer.signature]
alg = "ed25519"
over = { json = "", canon = "jcs", drop = ["/s"] }
field = "/s"
enc = { as = "hex" }
when = [{ field = "/s", present = true }]
"#,
    ),
    // Each record is signed, with its link, but for `/c`, which its hash covers.
    (
        "hash-beside",
        r#"
seq = { field = "/n", start = 0, step = 1 }
hash = { over = { json = "", canon = "jcs", drop = ["/h", "/s"] }, field = "/h", enc = { as = "hex" } }
link = { prev = "/p", value = "stored", genesis = [""], spans_files = true }
signature = { alg = "ed25519", over = { concat = [{ field = "/a" }, { field = "/p" }], frame = "u32be" }, field = "/s", enc = { as = "hex" } }
"#,
    ),
    // Each record is signed, its number and link are not.
    (
        "unplaced",
        r#"
seq = { field = "/n", start = 0, step = 1 }
hash = { over = { json = "", canon = "jcs", drop = ["/h", "/s"] }, field = "/h", enc = { as = "hex" } }
link = { prev = "/p", value = "stored", genesis = [""], spans_files = true }
signature = { alg = "ed25519", over = { field = "/a" }, field = "/s", enc = { as = "hex" } }
"#,
    ),
    // Each record is signed; nothing links or numbers them.
    (
        "loose",
        r#"
signature = { alg = "ed25519", over = { json = "", canon = "jcs", drop = ["/s"] }, field = "/s", enc = { as = "hex" } }
"#,
    ),
    // The SHA-256 of the line before, and each record signed.
    (
        "of-lines",
        r#"
seq = { field = "/n", start = 0, step = 1 }
time = { field = "/t" }
hash = { over = { line = true } }
link = { prev = "/p", genesis = [""], spans_files = true }
signature = { alg = "ed25519", over = { json = "", canon = "jcs", drop = ["/s"] }, field = "/s", enc = { as = "hex" } }
[[layer.terminal]]
when = [{ field = "/a", eq = "close" }]
last = true
"#,
    ),
    // A code under a shared key.
    (
        "mac",
        r#"
seq = { field = "/n", start = 0, step = 1 }
hash = { over = { json = "", canon = "jcs", drop = ["/h", "/s"] }, field = "/h", enc = { as = "hex" } }
link = { prev = "/p", value = "stored", genesis = [""], spans_files = true }
signature = { alg = "hmac-sha256", over = { field = "/h" }, field = "/s", enc = { as = "hex" } }
"#,
    ),
];

pub(super) fn made(name: &str) -> ChainFormat {
    let (_, layer) = MADE.iter().find(|(known, _)| *known == name).unwrap();
    let text = format!(
        "schema = \"countersign/chain-profile/1\"\nid = \"x\"\nversion = \"1\"\nproduct = \"X\"\n\
         read = {{ container = \"lines\" }}\nrecognise = [{{ where = [{{ field = \"/p\", present = true }}] }}]\n\
         [[layer]]\nname = \"l\"\n{layer}\n"
    );
    ChainFormat::parse("x", &text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Records of the made format `chain`; those for which `sign` says so are signed by the key of that seed.
pub(super) fn plain(chain: &str, records: u64, sign: impl Fn(u64) -> Option<u8>) -> Vec<String> {
    let mut prev = String::new();
    let mut lines = Vec::new();
    for n in 0..records {
        let record = json!({ "n": n, "i": format!("id-{n}"), "t": second(n), "a": format!("action {n}"), "c": "c", "p": prev });
        let line = finish(chain, record, sign(n));
        prev = next_link(chain, &line);
        lines.push(line);
    }
    lines
}

/// By what the record after a line of a made format names it.
pub(super) fn next_link(chain: &str, line: &str) -> String {
    let record: Value = serde_json::from_str(line).unwrap();
    match chain {
        "by-id" => record["i"].as_str().unwrap().to_owned(),
        "of-lines" => sha(line),
        "loose" | "split" => String::new(),
        _ => record["h"].as_str().unwrap().to_owned(),
    }
}

/// Gives a record of a made format its hash and its signature.
pub(super) fn finish(chain: &str, mut record: Value, sign: Option<u8>) -> String {
    let members = record.as_object_mut().unwrap();
    members.remove("s");
    members.remove("h");
    let hashed = match chain {
        "prev-outside" => {
            let mut without = members.clone();
            without.remove("p");
            Some(jcs(&Value::Object(without)))
        }
        "by-id" | "loose" | "of-lines" | "split" => None,
        _ => Some(jcs(&record)),
    };
    if let Some(hashed) = hashed {
        record["h"] = json!(sha(hashed));
    }
    if let Some(seed) = sign {
        let text = |name: &str| record[name].as_str().unwrap_or_default().as_bytes().to_vec();
        let message = match chain {
            "signed-some" | "mac" => text("h"),
            "link-only" => text("p"),
            "hash-beside" => {
                let framed = |bytes: Vec<u8>| {
                    [u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec(), bytes].concat()
                };
                [framed(text("a")), framed(text("p"))].concat()
            }
            "split" if record["k"] == 2 => text("a"),
            "unplaced" => text("a"),
            _ => jcs(&record).into_bytes(),
        };
        let signature = match chain {
            "mac" => hex::encode(crate::integrity::foreign::hash::mac_of(&[seed; 32], &message)),
            _ => hex::encode(key(seed).sign(&message).to_bytes()),
        };
        record["s"] = json!(signature);
    }
    record.to_string()
}

/// Changes a member of a record of a made format, and makes its hash anew; the signature stays as it was.
pub(super) fn forged(chain: &str, line: &str, name: &str, value: Value) -> String {
    let mut record: Value = serde_json::from_str(line).unwrap();
    let signature = record["s"].clone();
    record[name] = value;
    let mut record: Value = serde_json::from_str(&finish(chain, record, None)).unwrap();
    if !signature.is_null() {
        record["s"] = signature;
    }
    record.to_string()
}
