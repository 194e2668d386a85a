//! The rows of the mutation matrix for a folder of digest files: they stand for records.

use countersign::integrity::verdict::{BreakKind, Completeness, Verdict};

use super::folder::{Folder, sidecar};
use super::{AWS, Change, FRESH, judge, kinds, leaves, mutated, quarter};

/// Returns the verdict and grade of the untouched folder, the number of changed values, each of which was detected, and what
/// each change to whole objects ends in.
pub(crate) fn matrix() -> (String, usize, Vec<(&'static str, String)>) {
    let whole = quarter();
    let intact = judge(&whole).log;
    assert_eq!(intact.verdict, Verdict::Verified, "{intact:#?}");
    let last = whole.digests.len() - 1;
    let mut tried = 0;
    for digest in [0, last / 2, last] {
        let document = whole.document(digest);
        for pointer in leaves(&document, "") {
            for change in [Change::Alter, Change::Remove, Change::Double] {
                let name = &whole.digests[digest];
                let text = mutated(&document, &pointer, change);
                if text == whole.objects[name] {
                    continue;
                }
                let found = judge(&with(&whole, name, text));
                assert_ne!(found.log.verdict, Verdict::Verified, "digest {digest} {pointer} {change:?}");
                tried += 1;
            }
        }
    }
    let rows = structure(&whole);
    (format!("{}, {}", intact.verdict.word(), intact.integrity), tried, rows)
}

fn structure(whole: &Folder) -> Vec<(&'static str, String)> {
    let changed = |change: &dyn Fn(&mut Folder)| {
        let mut folder = whole.clone();
        change(&mut folder);
        folder
    };
    let signature = |folder: &mut Folder, digest: usize| {
        folder.objects.remove(&sidecar(&folder.digests[digest].clone())).unwrap();
    };
    let record = whole.objects[&whole.logs[0]].replacen("user/dana", "user/lee", 1);
    let swapped = |folder: &mut Folder| {
        let (one, two) = (folder.logs[0].clone(), folder.logs[1].clone());
        let text = folder.objects[&one].clone();
        let other = folder.objects.insert(two, text).unwrap();
        folder.objects.insert(one, other);
    };
    let mut rows = Vec::new();
    for (name, folder, detected) in [
        ("first digest cut", changed(&|folder| folder.drop_digest(0)), true),
        ("last digest cut", changed(&|folder| folder.drop_digest(3)), true),
        (
            "last hour cut, with its log files",
            changed(&|folder| {
                folder.drop_digest(3);
                let names = folder.logs.split_off(3);
                names.iter().for_each(|name| drop(folder.objects.remove(name).unwrap()));
            }),
            false,
        ),
        ("digest dropped from the middle", changed(&|folder| folder.drop_digest(1)), true),
        (
            "two neighbouring digests dropped",
            changed(&|folder| {
                folder.drop_digest(1);
                folder.drop_digest(2);
            }),
            true,
        ),
        ("log file removed", changed(&|folder| drop(folder.objects.remove(&folder.logs[2]).unwrap())), true),
        ("value of a log file changed", with(whole, &whole.logs[0], record), true),
        ("two log files swapped", changed(&swapped), true),
        ("signature of a middle digest stripped", changed(&|folder| signature(folder, 1)), false),
        ("signature of the last digest stripped", changed(&|folder| signature(folder, 3)), true),
        ("all signed again by another key", Folder::quarter(&FRESH), true),
    ] {
        let log = folder.judge(&[AWS.trusted()]).log;
        assert!(log.completeness <= Completeness::Contiguous, "{name}: {log:#?}");
        assert_eq!(log.verdict < Verdict::Verified, detected, "{name}: {log:#?}");
        rows.push((name, says(&log.verdict, &kinds(&folder.judge(&[AWS.trusted()])), log.completeness)));
    }
    rows
}

fn with(whole: &Folder, name: &str, text: String) -> Folder {
    let mut folder = whole.clone();
    folder.objects.insert(name.to_owned(), text);
    folder
}

fn says(verdict: &Verdict, kinds: &[BreakKind], completeness: Completeness) -> String {
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect();
    match (verdict, kinds.is_empty()) {
        (Verdict::Verified, true) => format!("**not detected**; completeness `{completeness}`"),
        (_, true) => verdict.word().to_owned(),
        _ => format!("{}: {}", verdict.word(), kinds.join(", ")),
    }
}
