//! The control library as it ships: every test gives, on each of its cases, the states that the case expects.

use std::collections::BTreeSet;

use countersign::control::Library;
use countersign::control::case;

#[test]
fn every_case_gives_what_it_expects() {
    let library = Library::load(None).unwrap();
    let mut wrong = Vec::new();
    for test in library.tests.values() {
        for case in case::cases(&library, test).unwrap() {
            match case::differences(test, &case) {
                Ok(lines) => {
                    wrong.extend(lines.iter().map(|line| format!("{} {}: {line}", test.id, case.name)))
                }
                Err(error) => wrong.push(format!("{} {}: {error}", test.id, case.name)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
