//! The suites of other projects in `COUNTERSIGN_VECTORS`: none may shrink.
//!
//! How many cases a file holds is counted by the test that reads it; here are the files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files per folder, written by hand.
const FILES: [(&str, usize); 31] = [
    (".", 1),
    ("agent-receipts", 9),
    ("agent-receipts/spec/did-key", 2),
    ("agent-receipts/spec/disclosure-envelope", 2),
    ("agent-receipts/spec/rotation-event", 2),
    ("cctv", 1),
    ("codechain", 5),
    ("ed25519-speccheck", 1),
    ("github-webhooks", 4),
    ("jcs/input", 6),
    ("jcs/outhex", 6),
    ("jcs/output", 6),
    ("merkle/consistency/0", 1),
    ("merkle/consistency/1", 21),
    ("merkle/consistency/2", 21),
    ("merkle/consistency/3", 20),
    ("merkle/consistency/4", 21),
    ("merkle/consistency/additional", 14),
    ("merkle/inclusion/0", 13),
    ("merkle/inclusion/1", 18),
    ("merkle/inclusion/2", 18),
    ("merkle/inclusion/3", 15),
    ("merkle/inclusion/4", 18),
    ("merkle/inclusion/additional/0", 3),
    ("merkle/inclusion/additional/1", 3),
    ("merkle/inclusion/additional/2", 3),
    ("merkle/inclusion/additional/3", 3),
    ("merkle/inclusion/single-entry", 4),
    ("pipelock/conformance", 13),
    ("pipelock/fixtures", 2),
    ("wycheproof", 4),
];

#[test]
fn every_file_of_every_suite_is_there() {
    let Some(folder) = std::env::var_os("COUNTERSIGN_VECTORS") else {
        assert!(std::env::var_os("CI").is_none(), "CI must set `COUNTERSIGN_VECTORS`");
        return;
    };
    let mut found = BTreeMap::new();
    count(Path::new(&folder), ".", &mut found);
    for (name, least) in FILES {
        let files = found.remove(name).unwrap_or_default();
        assert!(files >= least, "`{name}` has {files} files, and had {least}");
        assert_eq!(files, least, "`{name}` grew: raise its number here, and read the new files in a test");
    }
    assert_eq!(found, BTreeMap::new(), "folders that no list names");
}

fn count(folder: &Path, name: &str, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let own = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            let name = if name == "." { own.to_owned() } else { format!("{name}/{own}") };
            count(&path, &name, found);
        } else {
            *found.entry(name.to_owned()).or_default() += 1;
        }
    }
}
