//! Object keys as CloudTrail builds them.
//!
//! ```text
//! [prefix/]AWSLogs/[o-ID/]ACCOUNT/CloudTrail-Digest/REGION/YYYY/MM/DD/
//!     ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHMMSSZ[_backfill].json.gz
//! [prefix/]AWSLogs/[o-ID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHMMZ_UNIQUE.json.gz
//! ```

use crate::clock::Moment;

/// The folder at which every key of CloudTrail begins, after the prefix that the owner of the bucket chose.
const ROOT: &str = "AWSLogs";
/// Suffix of the sidecar that holds the metadata of a digest file.
pub const METADATA_SUFFIX: &str = ".metadata.json";

/// What the key of a digest file says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DigestName<'a> {
    /// Everything before `AWSLogs`, and the organisation, if any.
    pub prefix: &'a str,
    /// Organisation id, if any.
    pub organisation: &'a str,
    /// Account id.
    pub account: &'a str,
    /// Region whose events it digests.
    pub region: &'a str,
    /// Name of the trail.
    pub trail: &'a str,
    /// Region in which the trail was created.
    pub home: &'a str,
    /// Whether it was made later, for an hour that had none.
    pub backfill: bool,
    /// Its end.
    pub end: Moment,
}

/// What the name of a log file says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogName<'a> {
    /// Account id.
    pub account: &'a str,
    /// Region.
    pub region: &'a str,
    /// When it was delivered, to the minute.
    pub delivered: Moment,
}

/// Parses the key of a digest file.
pub fn digest(key: &str) -> Option<DigestName<'_>> {
    let (folder, file) = key.rsplit_once('/')?;
    let (prefix, below) = split_root(folder)?;
    let parts: Vec<&str> = below.split('/').collect();
    let (organisation, parts) = match parts.as_slice() {
        [organisation, rest @ ..] if organisation.starts_with("o-") => (*organisation, rest),
        rest => ("", rest),
    };
    let &[account, "CloudTrail-Digest", region, year, month, day] = parts else { return None };
    let stem = file.strip_suffix(".json.gz")?;
    let (stem, backfill) = match stem.strip_suffix("_backfill") {
        Some(stem) => (stem, true),
        None => (stem, false),
    };
    let rest = stem.strip_prefix(account)?.strip_prefix("_CloudTrail-Digest_")?;
    let rest = rest.strip_prefix(region)?.strip_prefix('_')?;
    let (rest, stamp) = rest.rsplit_once('_')?;
    // The name of a trail may hold underscores, a region never does.
    let (trail, home) = rest.rsplit_once('_')?;
    let end = moment(stamp, 16)?;
    let dated = stamp.starts_with(&format!("{year}{month}{day}T"));
    (is_account(account) && dated && !trail.is_empty() && !home.is_empty()).then_some(DigestName {
        prefix,
        organisation,
        account,
        region,
        trail,
        home,
        backfill,
        end,
    })
}

/// Parses the name of a log file, with or without the folders before it, packed or unpacked.
pub fn log(name: &str) -> Option<LogName<'_>> {
    let stem = unpacked(file(name)).strip_suffix(".json")?;
    let mut parts = stem.split('_');
    let (account, what, region, stamp, unique) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let known = what == "CloudTrail" && is_account(account) && !unique.is_empty() && parts.next().is_none();
    let delivered = moment(stamp, 14)?;
    known.then_some(LogName { account, region, delivered })
}

/// Tells whether a local object named `name` can be what lies at `key` in the bucket.
///
/// The file names must be equal, apart from packing; and where the local name goes back to `AWSLogs`, so must the folders.
pub fn fits(name: &str, key: &str) -> bool {
    if unpacked(file(name)) != unpacked(file(key)) {
        return false;
    }
    match (from_root(name), from_root(key)) {
        (Some(local), Some(stored)) => unpacked(local) == unpacked(stored),
        _ => true,
    }
}

/// Returns the bucket that a name such as `s3://bucket/key` states.
pub fn bucket(name: &str) -> Option<&str> {
    name.strip_prefix("s3://")?.split('/').next()
}

/// Returns the last part of a name.
pub fn file(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, file)| file)
}

/// Returns the name without the suffix of a compression.
pub fn unpacked(name: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// Tells whether `text` is an account id: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits a folder into what lies before `AWSLogs/`, and what lies below.
fn split_root(folder: &str) -> Option<(&str, &str)> {
    let at = root_at(folder)?;
    Some((&folder[..at], folder.get(at + ROOT.len() + 1..)?))
}

fn from_root(name: &str) -> Option<&str> {
    root_at(name).map(|at| &name[at..])
}

/// Returns where the last folder named `AWSLogs` begins.
fn root_at(name: &str) -> Option<usize> {
    let mut end = name.len();
    let mut found = None;
    for part in name.rsplit('/') {
        let start = end - part.len();
        if part == ROOT {
            found = Some(start);
            break;
        }
        end = start.saturating_sub(1);
    }
    found
}

/// Parses `20150817T150131Z`, or `20150817T1501Z`, of exactly `length` characters.
fn moment(stamp: &str, length: usize) -> Option<Moment> {
    let bytes = stamp.as_bytes();
    let shaped = bytes.len() == length
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => *byte == b'T',
            _ if at + 1 == length => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let seconds = if length == 16 { &stamp[13..15] } else { "00" };
    format!(
        "{}-{}-{}T{}:{}:{seconds}Z",
        &stamp[..4],
        &stamp[4..6],
        &stamp[6..8],
        &stamp[9..11],
        &stamp[11..13]
    )
    .parse()
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "logs/AWSLogs/o-a1/111122223333/CloudTrail-Digest/eu-west-1/2026/08/04/\
                          111122223333_CloudTrail-Digest_eu-west-1_main_trail_us-east-1_20260804T100131Z.json.gz";

    #[test]
    fn a_digest_key_is_read_whole() {
        let name = digest(DIGEST).unwrap();
        assert_eq!((name.prefix, name.organisation, name.account), ("logs/", "o-a1", "111122223333"));
        assert_eq!((name.region, name.trail, name.home), ("eu-west-1", "main_trail", "us-east-1"));
        assert_eq!((name.end.to_string().as_str(), name.backfill), ("2026-08-04T10:01:31.000Z", false));
        assert!(digest(&DIGEST.replace("Z.json", "Z_backfill.json")).unwrap().backfill);
    }

    #[test]
    fn a_digest_key_that_contradicts_itself_is_none() {
        for (from, to) in [
            ("/111122223333_", "/999922223333_"),
            ("Digest_eu-west-1", "Digest_eu-west-2"),
            ("2026/08/04", "2026/08/05"),
            ("20260804T100131Z", "20260804T106131Z"),
            ("20260804T100131Z", "20260804T1001Z"),
            ("CloudTrail-Digest/", "CloudTrail/"),
            ("AWSLogs/", "AWSlogs/"),
            (".json.gz", ".json"),
            ("_main_trail", ""),
        ] {
            assert!(DIGEST.contains(from), "{from}");
            assert_eq!(digest(&DIGEST.replace(from, to)), None, "{from}");
        }
    }

    #[test]
    fn a_log_name_is_read_packed_and_unpacked() {
        let key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/08/04/111122223333_CloudTrail_eu-west-1_20260804T0905Z_ab12.json";
        for name in [key.to_owned(), format!("{key}.gz"), file(key).to_owned()] {
            let log = log(&name).unwrap();
            assert_eq!((log.account, log.region), ("111122223333", "eu-west-1"));
            assert_eq!(log.delivered.minute(), "2026-08-04 09:05");
        }
        assert_eq!(log(DIGEST), None);
        assert_eq!(log("a.json"), None);
    }

    #[test]
    fn a_local_name_fits_by_file_and_by_folders_from_the_root() {
        let key = "p/AWSLogs/1/x/a.json.gz";
        for name in ["a.json.gz", "a.json", "y/a.json.gz", "q/AWSLogs/1/x/a.json"] {
            assert!(fits(name, key), "{name}");
        }
        for name in ["b.json.gz", "q/AWSLogs/2/x/a.json.gz", "a.jsonl.gz"] {
            assert!(!fits(name, key), "{name}");
        }
    }
}
