//! CloudTrail folders as AWS would deliver them, signed with a test key, and the judge of the library over them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::clock::{Moment, Period};
use countersign::digest::Digest;
use countersign::integrity::cloudtrail::key::fingerprint;
use countersign::integrity::cloudtrail::object::{TrailObject, read};
use countersign::integrity::cloudtrail::{Expected, Item, TrailInput, stitch};
use countersign::integrity::keyring::{Keyring, Purpose, TrustedKey};
use countersign::integrity::signature::PublicKey;
use countersign::integrity::stitch::LogVerdict;
use countersign::integrity::verdict::BreakKind;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

pub(super) const ACCOUNT: &str = "111122223333";
/// Name of the log; it names the account.
pub(super) const LOG: &str = "aws-111122223333";
const HOUR_MS: i64 = 3_600_000;

/// An RSA key pair.
pub(super) struct Key {
    pair: RsaKeyPair,
    pub(super) public: PublicKey,
}

impl Key {
    pub(super) fn load(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/cloudtrail/{name}.pem"));
        let text = std::fs::read_to_string(path).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap();
        let value = STANDARD.encode(pair.public_key().as_ref());
        let listed: TrailObject = read(&list(&[("f", &value)])).unwrap();
        let TrailObject::Keys(keys) = listed else { panic!("a list of keys") };
        Self { public: keys[0].public().unwrap(), pair }
    }

    pub(super) fn fingerprint(&self) -> String {
        fingerprint(&self.public)
    }

    pub(super) fn listed(&self) -> String {
        list(&[(&self.fingerprint(), &STANDARD.encode(self.pair.public_key().as_ref()))])
    }

    pub(super) fn trusted(&self) -> TrustedKey {
        TrustedKey {
            public: self.public.clone(),
            owner: "AWS".into(),
            purpose: Purpose::Log,
            logs: vec![LOG.into()],
            valid_from: None,
            valid_until: None,
            revoked_at: None,
            compromised_at: None,
        }
    }

    fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        hex::encode(signature)
    }
}

fn list(keys: &[(&str, &str)]) -> String {
    let keys: Vec<Value> = keys
        .iter()
        .map(|(name, value)| json!({"Fingerprint": name, "Value": value, "ValidityStartTime": 1.5}))
        .collect();
    json!({ "PublicKeyList": keys }).to_string()
}

/// Objects by name, unpacked.
#[derive(Clone)]
pub(super) struct Folder {
    pub(super) objects: BTreeMap<String, String>,
    /// Names of the digests, in order.
    pub(super) digests: Vec<String>,
    /// Names of the log files, in order.
    pub(super) logs: Vec<String>,
    pub(super) region: &'static str,
    pub(super) account: &'static str,
    pub(super) bucket: &'static str,
    pub(super) end: Moment,
    pub(super) last: Option<Value>,
}

/// Returns a time as digests write it.
fn stamp(at: Moment) -> String {
    format!("{}Z", &at.to_string()[..19])
}

/// Returns a time as names have it.
fn compact(at: Moment) -> String {
    stamp(at).replace(['-', ':'], "")
}

fn day(at: Moment) -> String {
    at.day().replace('-', "/")
}

impl Folder {
    pub(super) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            digests: Vec::new(),
            logs: Vec::new(),
            region: "eu-west-1",
            account: ACCOUNT,
            bucket: "acme-trail",
            end: "2026-08-04T09:01:31Z".parse().unwrap(),
            last: None,
        }
    }

    /// Returns four hours with six log files, one of the hours empty.
    pub(super) fn quarter(key: &Key) -> Self {
        let mut folder = Self::new();
        for files in [&[2, 1][..], &[], &[3], &[1, 1, 1]] {
            folder.hour(key, files, "");
        }
        folder.objects.insert("public-keys.json".into(), key.listed());
        folder
    }

    /// Delivers the log files of an hour, each with so many records, and the digest that lists them.
    pub(super) fn hour(&mut self, key: &Key, files: &[usize], suffix: &str) {
        let entries: Vec<Value> =
            files.iter().zip(0..).map(|(records, number)| self.deliver(5 + 7 * number, *records)).collect();
        self.digest(key, entries, suffix);
    }

    /// Lets hours pass in which logging is off.
    pub(super) fn stop(&mut self, hours: i64) {
        self.end = self.end.plus_ms(hours * HOUR_MS);
        self.last = None;
    }

    pub(super) fn deliver(&mut self, minute: i64, records: usize) -> Value {
        let at = self.end.plus_ms(minute * 60_000);
        let (account, region) = (self.account, self.region);
        let unique = &Digest::of(format!("{account}{region}{at}").as_bytes()).to_string()[..16];
        let minute = &compact(at)[..13];
        let name = format!(
            "AWSLogs/{account}/CloudTrail/{region}/{}/{account}_CloudTrail_{region}_{minute}Z_{unique}.json.gz",
            day(at)
        );
        let times: Vec<Moment> = (0..records)
            .zip(0..)
            .map(|(_, at_ms): (usize, i64)| at.plus_ms(-240_000 - 1_000 * at_ms))
            .collect();
        let body: Vec<Value> = times.iter().map(|time| record(account, region, *time)).collect();
        let text = json!({ "Records": body }).to_string();
        let entry = json!({
            "s3Bucket": self.bucket, "s3Object": name, "hashValue": Digest::of(text.as_bytes()), "hashAlgorithm": "SHA-256",
            "newestEventTime": stamp(times[0]), "oldestEventTime": stamp(*times.last().unwrap()),
        });
        self.logs.push(name.clone());
        self.objects.insert(name, text);
        entry
    }

    fn digest(&mut self, key: &Key, entries: Vec<Value>, suffix: &str) {
        let (start, end) = (self.end, self.end.plus_ms(HOUR_MS));
        let (account, region) = (self.account, self.region);
        let name = format!(
            "AWSLogs/{account}/CloudTrail-Digest/{region}/{}/{account}_CloudTrail-Digest_{region}_main_eu-west-1_{}{suffix}.json.gz",
            day(end),
            compact(end)
        );
        let last = self.last.clone().unwrap_or_else(|| json!({}));
        let document = json!({
            "awsAccountId": account, "digestStartTime": stamp(start), "digestEndTime": stamp(end),
            "digestS3Bucket": self.bucket, "digestS3Object": name, "digestPublicKeyFingerprint": key.fingerprint(),
            "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": null, "oldestEventTime": null,
            "previousDigestS3Bucket": last["bucket"], "previousDigestS3Object": last["object"],
            "previousDigestHashValue": last["hash"],
            "previousDigestHashAlgorithm": last["hash"].as_str().map(|_| "SHA-256"),
            "previousDigestSignature": last["signature"], "logFiles": entries,
        });
        self.end = end;
        self.digests.push(name);
        self.store(key, &document);
    }

    /// Signs and stores a digest document at the key that it names, and makes it the one before the next.
    pub(super) fn store(&mut self, key: &Key, document: &Value) {
        let text = document.to_string();
        let name = document["digestS3Object"].as_str().unwrap().to_owned();
        let message = format!(
            "{}\n{}/{name}\n{}\n{}",
            document["digestEndTime"].as_str().unwrap(),
            document["digestS3Bucket"].as_str().unwrap(),
            Digest::of(text.as_bytes()),
            document["previousDigestSignature"].as_str().unwrap_or("null")
        );
        let signature = key.sign(message.as_bytes());
        self.last = Some(json!({
            "bucket": document["digestS3Bucket"], "object": name, "hash": Digest::of(text.as_bytes()), "signature": signature,
        }));
        let mut metadata = json!({"signature": signature, "signature-algorithm": "SHA256withRSA"});
        if name.contains("_backfill") {
            metadata["backfill-generation-timestamp"] = json!("2026-08-06T09:00:00Z");
        }
        self.objects.insert(format!("{name}.metadata.json"), json!({ "Metadata": metadata }).to_string());
        self.objects.insert(name, text);
    }

    /// Adds another folder's objects.
    pub(super) fn join(&mut self, other: &Self) {
        self.objects.extend(other.objects.clone());
    }

    pub(super) fn document(&self, digest: usize) -> Value {
        serde_json::from_str(&self.objects[&self.digests[digest]]).unwrap()
    }

    /// Removes a digest, and its metadata.
    pub(super) fn drop_digest(&mut self, digest: usize) {
        let name = &self.digests[digest];
        self.objects.remove(name).unwrap();
        self.objects.remove(&sidecar(name)).unwrap();
    }

    /// Judges the folder with the library, as the log [`LOG`].
    pub(super) fn judge(&self, keys: &[TrustedKey]) -> LogVerdict {
        self.judge_as(keys, &Expected::of(LOG, |_| None))
    }

    pub(super) fn judge_as(&self, keys: &[TrustedKey], expected: &Expected) -> LogVerdict {
        let read: Vec<(&str, Result<TrailObject, _>, u64)> = self
            .objects
            .iter()
            .map(|(name, text)| {
                let records = serde_json::from_str::<Value>(text).ok();
                let records =
                    records.and_then(|body| body["Records"].as_array().map(Vec::len)).unwrap_or_default();
                (name.as_str(), read(text), records as u64)
            })
            .collect();
        let items: Vec<Item<'_>> = read
            .iter()
            .map(|(name, found, records)| Item {
                name,
                object: found.as_ref().ok(),
                fault: found.as_ref().err().map(|fault| (fault.kind, fault.detail.as_str())),
                records: *records,
                lines: 1,
                times: None,
            })
            .collect();
        let stitched = stitch(&TrailInput {
            source: LOG,
            items: &items,
            missing: &[],
            expected,
            heads: &[],
            keyring: &Keyring::of(keys.iter().cloned()),
            period: Period { from: "2026-08-04".parse().unwrap(), to: "2026-08-05".parse().unwrap() },
        });
        stitched.logs.into_iter().next().unwrap()
    }

    /// Writes the folder, packed where the name says so.
    pub(super) fn write(&self, root: &Path) {
        for (name, text) in &self.objects {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(
                path,
                if name.ends_with(".gz") { pack(text.as_bytes()) } else { text.clone().into_bytes() },
            )
            .unwrap();
        }
    }
}

/// Returns one event.
fn record(account: &str, region: &str, at: Moment) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{account}:user/dana"), "accountId": account},
        "eventTime": stamp(at), "eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy", "awsRegion": region,
        "requestParameters": {"bucketName": "pay"}, "responseElements": null, "eventID": format!("{region}-{}", at.ms()),
        "readOnly": false, "eventType": "AwsApiCall", "recipientAccountId": account, "eventCategory": "Management",
    })
}

/// Returns the name of the metadata of an object.
pub(super) fn sidecar(name: &str) -> String {
    format!("{name}.metadata.json")
}

/// Returns one gzip member.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// Returns the kinds of breaks of a log.
pub(super) fn kinds(verdict: &LogVerdict) -> Vec<BreakKind> {
    let mut kinds: Vec<BreakKind> = verdict.log.breaks.iter().map(|found| found.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}
