//! The control library as it ships: every test gives, on each of its cases, the states that the case expects.

use countersign::control::Library;
use countersign::control::case;
use countersign::control::definition::Test;

#[test]
fn every_case_gives_what_it_expects() {
    let library = Library::load(None).unwrap();
    let run = move |test: &Test, case: &case::Case| -> Vec<String> {
        let lines = case::differences(test, case).unwrap_or_else(|error| vec![format!("{error}")]);
        lines.iter().map(|line| format!("{} {}: {line}", test.id, case.name)).collect()
    };
    let cases: Vec<(&Test, case::Case)> = library
        .tests
        .values()
        .flat_map(|test| case::cases(&library, test).unwrap().into_iter().map(move |case| (test, case)))
        .collect();
    let (even, odd): (Vec<_>, Vec<_>) = cases.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves = [even, odd].map(|half| {
            scope.spawn(move || -> Vec<String> {
                half.into_iter().flat_map(|(_, (test, case))| run(test, case)).collect()
            })
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Cases that were not found would pass as well.
    let files = library.files().keys().filter(|path| path.contains("/cases/")).count();
    assert_eq!(cases.len() + library.tests.len(), files, "one file of defaults per test");
    assert_eq!(library.tests.len(), 13);
}


/// Every test shows at least these behaviours.
#[test]
fn every_test_has_a_case_of_each_kind() {
    let library = Library::load(None).unwrap();
    for test in library.tests.values() {
        let names: Vec<String> =
            case::cases(&library, test).unwrap().into_iter().map(|case| case.name).collect();
        for kind in ["fail_", "pass_", "boundary_", "untestable_", "no_occurrence_"] {
            assert!(names.iter().any(|name| name.starts_with(kind)), "{} has no {kind} case", test.id);
        }
    }
}

/// A case that expects something else is noticed: in state, in reason, and in what is or is not an item.
#[test]
fn a_wrong_expectation_is_noticed() {
    let library = Library::load(None).unwrap();
    let test = library.test("AUTHZ-01").unwrap();
    let cases = case::cases(&library, test).unwrap();
    let mut case = cases.into_iter().find(|case| case.name == "fail_no_decision").unwrap();
    for (subject, state, expected) in [
        ("e1", "ok", "e1: expected `ok`, found `exception: executed without approval`"),
        ("e1", "exception: other", "e1: expected `exception: other`, found `exception: executed without approval`"),
        ("e2", "ok", "e2: expected `ok`, found no item"),
    ] {
        case.expect = [(subject.to_owned(), state.to_owned())].into();
        assert_eq!(case::differences(test, &case).unwrap()[0], expected);
    }
    case.expect.clear();
    let found = case::differences(test, &case).unwrap();
    assert_eq!(found, ["e1: expected no item, found `exception: executed without approval`"]);
}
