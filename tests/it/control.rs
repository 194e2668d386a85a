//! The control library as it ships: every test gives, on each of its cases, the states that the case expects.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

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
    assert_eq!(library.tests.len(), 49);
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

/// Each query stands alone, so what tests share is copied, and a correction of one copy is one of all.
#[test]
fn what_tests_have_in_common_reads_the_same() {
    let library = Library::load(None).unwrap();
    let shared: [(&str, &[&str]); 5] = [
        ("vote", &["AUTHZ-01", "AUTHZ-02", "DAT-01", "DAT-03", "SOD-04"]),
        ("pair", &["AUTHZ-01", "AUTHZ-02", "DAT-01", "DAT-03", "SOD-04"]),
        ("superseded", &["AUTHZ-01", "AUTHZ-02", "DAT-01", "DAT-03", "SOD-04"]),
        ("approval", &["AUTHZ-01", "AUTHZ-02", "DAT-01", "DAT-03", "SOD-04"]),
        ("person", &["AUTHZ-01", "DAT-01", "DAT-03", "SOD-04"]),
    ];
    for (name, tests) in shared {
        let texts = |query: fn(&Test) -> &str| -> Vec<String> {
            tests.iter().map(|id| common_table(query(library.test(id).unwrap()), name)).collect()
        };
        for texts in [texts(|test| &test.population_sql), texts(|test| &test.exceptions_sql)] {
            assert!(texts.iter().all(|text| *text == texts[0]), "`{name}` differs among {tests:?}");
        }
    }
}

/// Returns the common table expression `name` of a query, white space made even, and the name of the executions it is about left out.
fn common_table(sql: &str, name: &str) -> String {
    let start = sql.find(&format!("{name} AS (")).unwrap_or_else(|| panic!("no `{name}` in {sql}"));
    let mut depth = 0;
    let end = sql[start..].char_indices().find(|(_, letter)| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        *letter == ')' && depth == 0
    });
    let text = &sql[start..start + end.unwrap().0];
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("FROM export g", "FROM gated g")
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
        (
            "e1",
            "exception: other",
            "e1: expected `exception: other`, found `exception: executed without approval`",
        ),
        ("e2", "ok", "e2: expected `ok`, found no item"),
    ] {
        case.expect = [(subject.to_owned(), state.to_owned())].into();
        assert_eq!(case::differences(test, &case).unwrap()[0], expected);
    }
    case.expect.clear();
    let found = case::differences(test, &case).unwrap();
    assert_eq!(found, ["e1: expected no item, found `exception: executed without approval`"]);
}

mod overrides {
    use std::fs;
    use std::path::Path;

    use countersign::control::{ControlError, Library};
    use countersign::digest::Digest;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn shipped(path: &str) -> String {
        let library = Library::load(None).unwrap();
        String::from_utf8(library.files()[path].clone()).unwrap()
    }

    /// A workspace file of a shipped path replaces it, another adds to the library, and each is reported.
    #[test]
    fn are_laid_over_by_path_and_reported_with_digests() {
        let folder = tempfile::tempdir().unwrap();
        let path = "tests/sod-03/exceptions.sql";
        let query = format!("-- ours\n{}", shipped(path));
        write(folder.path(), path, &query);
        write(folder.path(), "tests/sod-03/population.sql", &shipped("tests/sod-03/population.sql"));
        let strict = "schema = \"countersign/parameters/1\"\nid = \"strict\"\nextends = \"base\"\n\n[[parameter]]\n\
            test = \"BG-01\"\nname = \"max_review_ms\"\nvalue = 86400000\nwhy = \"24 h\"\n";
        write(folder.path(), "parameters/strict.toml", strict);
        write(folder.path(), "README.md", "Why we changed these.");

        let library = Library::load(Some(folder.path())).unwrap();
        assert_eq!(library.tests["SOD-03"].exceptions_sql, query);
        let changed: Vec<_> =
            library.overrides().iter().map(|one| (one.path.as_str(), one.shipped)).collect();
        let before = Digest::of(shipped(path).as_bytes());
        let expected = [
            ("controls/parameters/strict.toml", None),
            ("controls/tests/sod-03/exceptions.sql", Some(before)),
        ];
        assert_eq!(changed, expected, "a file equal to the shipped one changes nothing");
        let of = |profile: &str| {
            let parameters = library.profile(profile).unwrap();
            let limit = parameters.into_iter().find(|one| one.column == "bg_01_max_review_ms").unwrap();
            (limit.value, limit.base)
        };
        assert_eq!((of("base"), of("strict")), ((259_200_000, 259_200_000), (86_400_000, 259_200_000)));
    }

    /// A pack's library stands alone: what it lacks is not taken from the shipped one.
    #[test]
    fn a_library_that_lies_whole_is_loaded_alone() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::load(None).unwrap();
        for (path, bytes) in library.files() {
            write(folder.path(), path, std::str::from_utf8(bytes).unwrap());
        }
        let alone = Library::load_only(folder.path()).unwrap();
        assert!(alone.overrides().is_empty());
        assert_eq!(alone.policy(), library.policy());
        fs::remove_file(folder.path().join("mappings/soc2-tsc-2017.toml")).unwrap();
        assert!(Library::load_only(folder.path()).unwrap().links.len() < library.links.len());
    }

    #[test]
    fn that_are_wrong_say_what_is_wrong() {
        let query = "tests/sod-03/exceptions.sql";
        let toml = "tests/sod-03/test.toml";
        let mapping = "mappings/soc2-tsc-2017.toml";
        let catalog = "catalogs/soc2-tsc-2017.csv";
        let parameters = "parameters/base.toml";
        let replaced = |path: &str, from: &str, to: &str| {
            let text = shipped(path);
            assert!(text.contains(from), "{path} holds {from}");
            text.replacen(from, to, 1)
        };
        let not_portable = replaced(
            query,
            "CROSS JOIN param p",
            "CROSS JOIN param p LEFT JOIN request r ON r.request_id = d.request_id AND r.ts_ms < d.ts_ms",
        );
        for (path, text, message) in [
            (query, not_portable, "LEFT JOIN with a condition other than equality"),
            (
                query,
                replaced(query, " AS reason", " AS why"),
                "expected subject_id, reason first; found subject_id, why",
            ),
            (
                "tests/sod-03/population.sql",
                replaced("tests/sod-03/population.sql", " AS testability", " AS state"),
                "expected the columns subject_id, testability",
            ),
            (toml, replaced(toml, "title ", "titel "), "unknown field `titel`"),
            (
                toml,
                replaced(toml, "\"SOD-03\"", "\"SOD-04\""),
                "expected an id that fits the folder `tests/sod-03`, found `SOD-04`",
            ),
            (
                toml,
                replaced(toml, "reads       = [\"decision\"]", "reads       = [\"decision\", \"request\"]"),
                "`reads` says [decision, request], but the queries read [decision]",
            ),
            (
                toml,
                replaced(toml, "decision.reviewer_kind", "decision.reviewer_knd"),
                "unknown column `decision.reviewer_knd`",
            ),
            (toml, replaced(toml, "\"AGT-01\"", "\"AGT-09\""), "unknown test `AGT-09`"),
            (
                toml,
                replaced(toml, "title    = \"", "title    = \"Ensure "),
                "expected a title that states a state",
            ),
            (mapping, replaced(mapping, "\"AUTHZ-01\"", "\"AUTHZ-99\""), "unknown test `AUTHZ-99`"),
            (
                mapping,
                replaced(mapping, ":CC6.1\"", ":CC6.4\""),
                "names a control that approval logs do not reach",
            ),
            (mapping, replaced(mapping, ":CC6.1\"", ":CC6.6\""), "claims more than context"),
            (mapping, replaced(mapping, "\"supports\"", "\"satisfies\""), "unknown variant `satisfies`"),
            (
                mapping,
                replaced(mapping, "\"unreviewed\"", "\"reviewed\""),
                "is not reviewed, but the file says `reviewed`",
            ),
            (catalog, replaced(catalog, "\"CC1.1\"", "\"CC1.9\""), "found `CC1.9`"),
            (catalog, replaced(catalog, "\"CC1.1\"", "\"CC1.2\""), "`CC1.2` stands twice"),
            (catalog, replaced(catalog, "\"none\"", "\"context\""), "expected 10 controls of reach context"),
            (
                parameters,
                replaced(parameters, "value   = 2000", "value   = -1"),
                "expected `clock_tolerance_ms` to be 0 or more, found -1",
            ),
            (
                parameters,
                replaced(parameters, "\"max_review_ms\"", "\"max_reviev_ms\""),
                "unknown column `bg_01_max_review_ms`",
            ),
            (
                "parameters/own.toml",
                "schema = \"countersign/parameters/1\"\nid = \"own\"\nextends = \"bse\"\n".to_owned(),
                "unknown parameter profile `bse`",
            ),
            (
                "parameters/own.toml",
                "schema = \"countersign/parameters/1\"\nid = \"own\"\nextends = \"own\"\n".to_owned(),
                "`own` extends itself",
            ),
            ("test/sod-03/test.toml", String::new(), "expected it in one of the folders"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), path, &text);
            let error = Library::load(Some(folder.path())).map(drop).unwrap_err();
            assert!(error.to_string().contains(message), "{path}: expected {message}\nfound {error}");
            assert!(error.help().is_some());
        }
    }

    #[test]
    fn of_any_size_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "tests/sod-03/cases/big.toml", &" ".repeat((1 << 20) + 1));
        let error = Library::load(Some(folder.path())).map(drop).unwrap_err();
        assert!(matches!(error, ControlError::Oversize { .. }), "{error}");
    }
}

mod param {
    use countersign::clock::{Moment, Period};
    use countersign::control::Library;

    fn period(from: &str, to: &str) -> Period {
        Period { from: from.parse().unwrap(), to: to.parse().unwrap() }
    }

    /// The period that is tested ends at as-of where that is earlier; one that holds no time is an error.
    #[test]
    fn ends_the_period_at_as_of() {
        let library = Library::load(None).unwrap();
        let quarter = period("2026-07-01", "2026-10-01");
        let value = |as_of: &str, name: &str| {
            let frame = library.param_frame("base", quarter, as_of.parse().unwrap()).unwrap();
            assert_eq!(frame.height(), 1);
            frame.column(name).unwrap().i64().unwrap().get(0).unwrap()
        };
        let ms = |text: &str| text.parse::<Moment>().unwrap().ms();
        assert_eq!(value("2026-12-01", "period_end_ms"), ms("2026-10-01"));
        assert_eq!(value("2026-08-01", "period_end_ms"), ms("2026-08-01"));
        assert_eq!(value("2026-08-01", "as_of_ms"), ms("2026-08-01"));
        assert_eq!(value("2026-08-01", "clock_tolerance_ms"), 2_000);
        assert_eq!(value("2026-08-01", "sod_02_owner_may_approve_own_agent"), 0);
        let early = library.param_frame("base", quarter, "2026-07-01".parse().unwrap()).unwrap_err();
        assert!(early.to_string().contains("holds no time"), "{early}");
        let unknown = library.param_frame("bsae", quarter, quarter.to).unwrap_err();
        assert_eq!(unknown.help().unwrap(), "did you mean `base`?");
    }
}

mod engine {
    use countersign::column::to_frame;
    use countersign::control::definition::Test;
    use countersign::control::item::{Item, State, evaluate};
    use countersign::control::query::Tables;
    use countersign::control::{ControlError, Library};
    use countersign::table::Decision;

    fn decision(id: &str, kind: Option<&str>) -> Decision {
        Decision {
            decision_id: Some(id.to_owned()),
            ts_ms: Some(1_784_000_000_000),
            outcome: Some("approve".to_owned()),
            phase: Some("pre".to_owned()),
            reviewer_kind: kind.map(str::to_owned),
            ..Decision::default()
        }
    }

    fn tables(decisions: &[Decision]) -> Tables {
        let library = Library::load(None).unwrap();
        let quarter = countersign::clock::Period {
            from: "2026-07-01".parse().unwrap(),
            to: "2026-10-01".parse().unwrap(),
        };
        let param = library.param_frame("base", quarter, quarter.to).unwrap();
        [("decision", to_frame(decisions.iter())), ("param", param)].into()
    }

    fn sod_03() -> Test {
        Library::load(None).unwrap().test("sod-03").unwrap().clone()
    }

    fn message(test: &Test, decisions: &[Decision]) -> String {
        let error = evaluate(test, &tables(decisions)).unwrap_err();
        assert!(matches!(error, ControlError::Contract { .. }) && error.is_internal());
        error.to_string()
    }

    /// One item per subject, whatever the order of rows; of two rows the weaker state stands.
    #[test]
    fn a_subject_is_one_item_in_any_order_of_rows() {
        let mut decisions = vec![
            decision("d3", Some("agent")),
            decision("d1", Some("human")),
            decision("d2", Some("human")),
            decision("d2", None),
            decision("d4", Some("agent")),
            decision("d4", Some("service")),
        ];
        let found = evaluate(&sod_03(), &tables(&decisions)).unwrap();
        let ids: Vec<&str> = found.subjects.iter().flatten().collect();
        assert_eq!(ids, ["d1", "d2", "d3", "d4"]);
        let states: Vec<_> = found.items.iter().map(|item| (item.subject_id.as_str(), item.state)).collect();
        let expected = [("d2", State::Untestable), ("d3", State::Exception), ("d4", State::Exception)];
        assert_eq!(states, expected);
        let counts = found.counts();
        assert_eq!((counts.population(), counts.ok, counts.exceptions()), (4, 1, 2));
        assert_eq!(found.with(State::Untestable).count(), 1);

        decisions.reverse();
        let reversed = evaluate(&sod_03(), &tables(&decisions)).unwrap();
        assert_eq!(reversed.items, found.items, "rows in another order give the same items");
    }

    #[test]
    fn facts_are_printed_for_people() {
        let mut agent = decision("d1", Some("agent"));
        agent.reviewer_id = Some("bot-7".to_owned());
        let found = evaluate(&sod_03(), &tables(&[agent])).unwrap();
        let facts = [
            ("decided_at", "2026-07-14T03:33:20.000Z"),
            ("reviewer", "bot-7"),
            ("reviewer_kind", "agent"),
            ("request", "not logged"),
        ];
        let expected = Item {
            subject_id: "d1".to_owned(),
            state: State::Exception,
            reason: "approved by a reviewer that is not a person".to_owned(),
            facts: facts.map(|(label, value)| (label.to_owned(), value.to_owned())).into(),
        };
        assert_eq!(found.item("d1"), Some(&expected));
        assert_eq!(found.item("d0"), None);
    }

    #[test]
    fn a_table_that_is_not_given_counts_as_empty() {
        let mut tables = tables(&[]);
        tables.remove("decision");
        let found = evaluate(&sod_03(), &tables).unwrap();
        assert_eq!((found.subjects.len(), found.items.len()), (0, 0));
    }

    /// What a query must not give is an internal error, never a result.
    #[test]
    fn a_query_that_breaks_its_contract_is_an_error() {
        let shipped = sod_03();
        let with = |population: &str| Test { population_sql: population.to_owned(), ..shipped.clone() };
        let agent = [decision("d1", Some("agent"))];
        let blind = shipped.population_sql.replace("'approve') = 'approve'", "'approve') = 'none'");
        assert!(message(&with(&blind), &agent).contains("`d1` is an exception outside the population"));
        let unnamed = [Decision { decision_id: None, ..decision("", Some("human")) }];
        assert!(message(&shipped, &unnamed).contains("1 rows without a subject_id"));
        let odd = "SELECT d.decision_id AS subject_id, 'fine' AS testability FROM decision d";
        assert!(message(&with(odd), &agent).contains("found `fine`"));
        let silent = "SELECT d.decision_id AS subject_id, d.reason AS testability FROM decision d";
        assert!(message(&with(silent), &agent).contains("a row without testability"));
    }

    /// A query over a column that the given frame lacks is refused by the engine, not answered.
    #[test]
    fn a_frame_without_a_column_is_an_error() {
        let mut tables = tables(&[decision("d1", Some("human"))]);
        let short = tables["decision"].drop("reviewer_kind").unwrap();
        tables.insert("decision", short);
        let error = evaluate(&sod_03(), &tables).unwrap_err();
        assert!(matches!(error, ControlError::Query { .. }), "{error}");
    }
}

mod cli {
    use clap::Parser;
    use countersign::cli::controls;
    use countersign::control::ControlError;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: controls::Args,
    }

    fn run(arguments: &[&str]) -> (Result<(), ControlError>, String) {
        let program = Program::parse_from(["controls"].iter().chain(arguments));
        let mut out = Vec::new();
        let result = controls::run(&program.args, &mut out);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn list_names_every_test_and_framework() {
        let (result, text) = run(&["list"]);
        result.unwrap();
        assert!(
            text.contains(
                "SOD-02    deviation         critical  Requests are approved by a person other than"
            ),
            "{text}"
        );
        assert!(text.contains("iso27001-2022       93 controls, 139 links"), "{text}");
        let (result, json) = run(&["list", "--json"]);
        result.unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["schema"], "countersign/controls/1");
        assert_eq!(
            (json["tests"].as_array().unwrap().len(), &json["frameworks"][1]["controls"]),
            (49, &61.into())
        );
    }

    #[test]
    fn show_prints_a_test_or_a_control() {
        let (result, text) = run(&["show", "bg-01"]);
        result.unwrap();
        assert!(text.contains("bg_01_max_review_ms = 259200000: 72 h"), "{text}");
        assert!(text.contains("exceptions.sql sha256:") && text.contains("FROM emergency g"), "{text}");
        let (result, text) = run(&["show", "iso27001-2022:A.8.18"]);
        result.unwrap();
        assert!(text.contains("tests BG-01") && text.contains("without a clean LOG-08"), "{text}");
        let (result, _) = run(&["show", "bg-1"]);
        assert_eq!(result.unwrap_err().help().unwrap(), "did you mean `BG-01`?");
    }

    #[test]
    fn lint_counts_what_it_checked() {
        let (result, text) = run(&["lint"]);
        result.unwrap();
        assert!(text.starts_with("49 tests with 98 portable queries and "), "{text}");
        assert!(text.contains("12 frameworks with 424 controls, 665 links\n665 links unreviewed"), "{text}");
    }

    #[test]
    fn test_runs_the_cases_of_a_test() {
        let (result, text) = run(&["test", "SOD-03"]);
        result.unwrap();
        assert_eq!(text, "SOD-03    9 of 9 cases as expected\n");
    }

    /// A workspace's query that finds nothing fails the shipped cases, by name.
    #[test]
    fn test_names_the_cases_that_differ() {
        let workspace = tempfile::tempdir().unwrap();
        let folder = workspace.path().join("controls/tests/sod-03");
        std::fs::create_dir_all(&folder).unwrap();
        let shipped =
            countersign::control::Library::load(None).unwrap().tests["SOD-03"].exceptions_sql.clone();
        std::fs::write(folder.join("exceptions.sql"), shipped.replace("<> 'human'", "= 'service'")).unwrap();
        let (result, text) = run(&["test", "SOD-03", "--workspace", workspace.path().to_str().unwrap()]);
        let expected = "SOD-03 fail_agent: d1: expected `exception: approved by a reviewer that is not a person`, \
            found `ok`\nSOD-03    8 of 9 cases as expected\n";
        assert_eq!(text, expected);
        assert_eq!(result.unwrap_err().to_string(), "1 of 9 cases differ from what they expect");
    }
}
