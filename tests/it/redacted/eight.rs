//! A redacted pack of eight products: the first records of each in `samples/globex`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

use super::redact_pack;
use super::standing::{ALWAYS, PEOPLE, RESOURCES, held, named, report, standing, telling};
use crate::support::{Workspace, outcomes, sample};

/// The pack of the first records of each product of `samples/globex`.
static EIGHT: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let workspace = Workspace::copy_of("globex");
    for source in fs::read_dir(workspace.at("exports")).unwrap() {
        for object in fs::read_dir(source.unwrap().path()).unwrap() {
            let path = object.unwrap().path();
            if !path.to_str().unwrap().contains("-2026-07.") {
                fs::remove_file(path).unwrap();
                continue;
            }
            let text = String::from_utf8(zstd::decode_all(File::open(&path).unwrap()).unwrap()).unwrap();
            let cut = match serde_json::from_str::<Value>(&text) {
                Ok(document) => {
                    let records = document["Records"].as_array().unwrap();
                    serde_json::json!({ "Records": records[..CUT.min(records.len())] }).to_string()
                }
                Err(_) => text.split_inclusive('\n').take(CUT).collect(),
            };
            fs::write(&path, cut).unwrap();
        }
    }
    let folder = TempDir::new().unwrap();
    let pack = folder.path().join("pack");
    let made = workspace.run("report", &["--out", pack.to_str().unwrap(), "--as-of", "2026-10-01T00:00:00Z"]);
    made.says(4, &["8 · 1,", "exceptions noted"]);
    (folder, pack)
});

/// Records of each product in it.
const CUT: usize = 150;

#[test]
fn of_eight_products_no_class_that_was_asked_for_stands_and_the_conclusions_are_the_same() {
    let (_, original) = &*EIGHT;
    let before = report(original);
    let mut people = named(&sample("globex/reference/people.csv"));
    people.extend(held(original, &PEOPLE));
    let (people, resources) = (telling(original, people), telling(original, held(original, &RESOURCES)));
    let always = telling(original, held(original, &ALWAYS));
    assert!(people.len() > 100 && resources.len() > 100 && always.len() > 3_000);
    // A text that is part of a resource's name stands in it where resources may be read.
    let named: Vec<String> =
        always.iter().filter(|text| !resources.iter().any(|id| id.contains(*text))).cloned().collect();
    for (withhold, gone) in [
        (&["people", "resources"][..], &[&people, &resources, &always][..]),
        (&["people"], &[&people, &named]),
        (&["resources"], &[&resources, &always]),
    ] {
        let made = redact_pack(original, withhold, &[]);
        made.ran.says(0, &["not signed: no `--key`"]);
        let after = made.report();
        assert_eq!(outcomes(&after), outcomes(&before), "{withhold:?}");
        assert_eq!(after.verdicts, before.verdicts, "{withhold:?}");
        assert_eq!(after.exceptions.len(), before.exceptions.len(), "{withhold:?}");
        for values in gone {
            assert!(standing(original, values).len() > 5, "the first pack has them in several files");
            assert_eq!(standing(&made.pack(), values), vec![], "{withhold:?}");
        }
    }
}
