//! The threat model names tests; each must exist, and each attack of the list must stand there once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::root;

/// The attacks that the model answers, by number.
const ATTACKS: std::ops::RangeInclusive<u32> = 1..=44;

#[test]
fn every_attack_names_tests_that_exist_or_says_why_not() {
    let page = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let known = known();
    let mut numbers = Vec::new();
    for row in rows(&page) {
        let shown = row.last().unwrap();
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row:?}");
        for name in names {
            assert!(known.contains(name), "`{name}` is no test, step, or case: {row:?}");
        }
        let detects = row[row.len() - 2].to_lowercase();
        assert!(!detects.contains("not detected") || detects.contains("because"), "why not: {row:?}");
        numbers.extend(row[0].parse::<u32>());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, ATTACKS.collect::<Vec<_>>());
}

/// Returns the cells of the rows of every table whose last column is headed "shown by".
fn rows(page: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut within = false;
    for line in page.lines() {
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        match line.strip_prefix('|') {
            None => within = false,
            Some(_) if cells.last().is_some_and(|cell| cell == "shown by") => within = true,
            Some(_) if within && !line.starts_with("|---") => rows.push(cells),
            Some(_) => {}
        }
    }
    rows
}

/// Returns the names of test functions, of steps of `tests/run`, and of cases of control tests.
fn known() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["src", "tests/it"] {
        each_file(&root().join(folder), "rs", &mut |path| {
            let text = fs::read_to_string(path).unwrap();
            let mut test = false;
            for line in text.lines().map(str::trim_start) {
                test |= line == "#[test]";
                if let Some(name) = line.strip_prefix("fn ").filter(|_| test) {
                    names.insert(name.split(['(', '<']).next().unwrap().to_owned());
                    test = false;
                }
            }
        });
    }
    for line in fs::read_to_string(root().join("tests/run")).unwrap().lines() {
        if let Some(step) = line.trim_start().strip_prefix("step ") {
            names.insert(step.split_whitespace().next().unwrap().to_owned());
        }
    }
    each_file(&root().join("controls/tests"), "toml", &mut |path| {
        if path.parent().is_some_and(|folder| folder.ends_with("cases")) {
            names.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    });
    names
}

fn each_file(folder: &Path, extension: &str, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, extension, visit);
        } else if path.extension().is_some_and(|found| found == extension) {
            visit(&path);
        }
    }
}
