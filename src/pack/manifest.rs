//! Manifest files of a bag (RFC 8493, §2.1.3): one digest, two spaces and one path per line, sorted.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::pack::layout::{Names, PackPath};

/// Paths and digests, sorted by path.
pub(super) type Manifest = BTreeMap<PackPath, Digest>;

/// A manifest line that is not what the format says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Line number, from 1.
    pub(super) line: u64,
    /// Byte offset of the line.
    pub(super) offset: u64,
    /// What was expected and found.
    pub(super) why: String,
}

/// Returns the bytes of the manifest of `entries`.
pub(super) fn print<'a>(entries: impl Iterator<Item = (&'a PackPath, Digest)>) -> Vec<u8> {
    let mut text = String::new();
    for (path, digest) in entries {
        text.push_str(&format!("{digest}  {path}\n"));
    }
    text.into_bytes()
}

/// Parses a manifest, and refuses every byte that [`print`] would not have written.
pub(super) fn parse(bytes: &[u8]) -> Result<Manifest, Malformed> {
    let mut entries = Manifest::new();
    let mut names = Names::default();
    let mut offset = 0;
    for (index, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
        let fail = |why: String| Malformed { line: index as u64 + 1, offset, why };
        let (path, digest) = parse_line(line).map_err(fail)?;
        if entries.last_key_value().is_some_and(|(last, _)| *last >= path) {
            return Err(fail(format!("`{path}` is not in sorted order")));
        }
        names.take(&path).map_err(|error| fail(error.to_string()))?;
        entries.insert(path, digest);
        offset += line.len() as u64;
    }
    Ok(entries)
}

fn parse_line(line: &[u8]) -> Result<(PackPath, Digest), String> {
    let text = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())?;
    let text = text.strip_suffix('\n').ok_or("the line does not end in LF")?;
    let (digest, path) = text.split_once("  ").ok_or("the line has no two spaces between digest and path")?;
    let digest = Digest::from_hex(digest).ok_or("the digest is not 64 lower-case hex digits")?;
    let path = PackPath::new(path).map_err(|error| error.to_string())?;
    Ok((path, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> String {
        format!("{}  {path}\n", Digest::of(path.as_bytes()))
    }

    #[test]
    fn what_is_printed_is_what_is_parsed() {
        let bytes = [entry("data/a"), entry("data/b/c"), entry("data/b-c")];
        let mut sorted = bytes.to_vec();
        sorted.sort_by_key(|line| line[66..].to_owned());
        let text = sorted.concat();
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.len(), 3);
        assert_eq!(print(parsed.iter().map(|(p, d)| (p, *d))), text.as_bytes());
    }

    #[test]
    fn a_line_that_we_would_not_write_is_refused_with_its_place() {
        let good = entry("data/a");
        for bad in [
            good.trim_end().to_owned(),
            format!("{good}\n"),
            good.replace("  ", " "),
            good.replace("  ", " *"),
            good.replace("  ", "   "),
            good.to_uppercase(),
            good.replace('\n', "\r\n"),
            format!("{good}{good}"),
            format!("{}{good}", entry("data/A")),
            format!("{}{good}", entry("data/b")),
            entry("data/../x"),
            format!("\u{feff}{good}"),
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let second = format!("{good}x");
        let error = parse(second.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.offset), (2, good.len() as u64));
    }

    #[test]
    fn every_flipped_bit_of_a_manifest_shows() {
        let text = [entry("data/a"), entry("data/b")].concat().into_bytes();
        let before = parse(&text).unwrap();
        for position in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.clone();
                changed[position] ^= 1 << bit;
                assert_ne!(parse(&changed).ok(), Some(before.clone()), "byte {position} bit {bit}");
            }
        }
    }
}
