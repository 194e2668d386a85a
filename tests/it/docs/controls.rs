//! `docs/controls/`: one page for each control test, and an index.

use std::collections::{BTreeMap, BTreeSet};

use countersign::control::definition::{Kind, Test};
use countersign::control::mapping::Link;
use countersign::control::{Library, case};
use countersign::profile::library::Library as Profiles;
use countersign::table::schemas;

use super::{MARK, cell, listed, same_folder, wrapped};

/// What the index says at its end of tests that are not there.
const TAIL: &str = include_str!("controls-tail.txt");

#[test]
fn the_pages_of_control_tests_are_current() {
    let library = Library::load(None).unwrap();
    let mut pages: BTreeMap<String, String> =
        library.tests.values().map(|test| (file(&test.id), page(&library, test))).collect();
    assert!(!pages.is_empty());
    pages.insert("README.md".to_owned(), index(&library));
    same_folder("docs/controls", &pages);
}

fn file(id: &str) -> String {
    format!("{}.md", id.to_lowercase())
}

fn index(library: &Library) -> String {
    let mut page = format!("# Control tests\n\n{MARK}");
    page += "Each test is a folder of `controls/tests/`. Its two queries read the [published tables](../formats/tables.md);\n\
             `countersign controls show ID` prints them.\n\n\
             | test | holds where | kind | severity | controls |\n|---|---|---|---|---|\n";
    for test in library.tests.values() {
        page += &format!(
            "| [{}]({}) | {} | {} | {} | {} |\n",
            test.id,
            file(&test.id),
            cell(&test.title),
            test.kind.word(),
            test.severity.word(),
            links(library, &test.id).len()
        );
    }
    page += "\nThe frameworks, whose every id stands in the report:\n\n\
             | framework | controls | links |\n|---|---|---|\n";
    for catalog in &library.catalogs {
        let prefix = format!("{}:", catalog.id);
        let links = library.links.iter().filter(|link| link.control.starts_with(&prefix)).count();
        page += &format!("| {} (`{}`) | {} | {links} |\n", catalog.name, catalog.id, catalog.controls.len());
    }
    page + TAIL
}

/// A test is on the list of those that are not built, or in the library; the columns that the list names are there, and no profile
/// fills one that no log is said to carry.
#[test]
fn tests_that_are_not_built_are_not_there() {
    let library = Library::load(None).unwrap();
    let rows: Vec<&str> = TAIL.lines().filter(|line| line.starts_with("| ") && line.contains('-')).collect();
    assert!(rows.len() > 5);
    let profiles = Profiles::shipped().unwrap();
    let filled: BTreeSet<String> =
        profiles.entries().flat_map(|entry| entry.profile().columns_filled()).collect();
    for row in rows {
        let id = row[2..].split(',').next().unwrap();
        assert!(library.tests.values().all(|test| test.id != id), "{id} is built");
        for column in row.split('`').filter(|word| word.contains('.') && word.contains('_')) {
            let (table, name) = column.split_once('.').unwrap();
            let known = schemas().into_iter().any(|schema| {
                schema.table == table && schema.columns.iter().any(|column| column.name == name)
            });
            assert!(known, "{id}: no column `{column}`");
            assert!(!filled.contains(column), "{id}: a profile fills `{column}`");
        }
    }
}

fn links<'a>(library: &'a Library, test: &str) -> Vec<&'a Link> {
    library.links.iter().filter(|link| link.test == test).collect()
}

fn page(library: &Library, test: &Test) -> String {
    let mut page = format!("# {}: {}\n\n{MARK}", test.id, test.title);
    page += &format!(
        "`{}` · version {} · {} · {} · {}\n",
        test.slug,
        test.version,
        test.kind.word(),
        test.severity.word(),
        format!("{:?}", test.tier).to_lowercase()
    );
    section(&mut page, "Tests what", &wrapped(&format!("{}. {}", test.title, test.predicate)));
    section(&mut page, "Why", &wrapped(&test.objective));
    section(&mut page, "Population", &population(library, test));
    section(&mut page, "Procedure", &procedure(library, test));
    section(&mut page, "Exceptions look like", &exceptions(library, test));
    section(&mut page, "Mapping", &mapping(library, test));
    let limits = format!(
        "It cannot show: {} Links to controls are our own judgement.",
        lower_first(&test.cannot_show)
    );
    section(&mut page, "Limits", &wrapped(&limits));
    page
}

fn section(page: &mut String, title: &str, text: &str) {
    *page += &format!("\n## {title}\n\n{text}\n");
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    // A word of capitals, such as an id, stays as it is.
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// Returns the `--` lines with which a query begins.
fn comment(sql: &str) -> String {
    let lines: Vec<&str> = sql.lines().map_while(|line| line.strip_prefix("-- ")).collect();
    assert!(!lines.is_empty(), "a query begins with a comment that says what it gives");
    lines.join(" ")
}

fn population(library: &Library, test: &Test) -> String {
    let mut text = wrapped(&comment(&test.population_sql));
    text += &format!("\n\nOne item is one row of `{}`, named by `{}`.", test.subject, test.subject_key);
    let untestable = behaviours(library, test, "untestable_");
    text +=
        &format!("\n\nAn item is untestable, never ok, in cases such as these:\n\n{}", untestable.join("\n"));
    text
}

fn procedure(library: &Library, test: &Test) -> String {
    let folder = format!("../../controls/{}", test.folder());
    let mut text = wrapped(&format!(
        "Two queries, which any of several engines answers alike: [population.sql]({folder}/population.sql) gives \
         every item, [exceptions.sql]({folder}/exceptions.sql) those where it did not hold. {}",
        comment(&test.exceptions_sql)
    ));
    text += &format!("\n\n- reads {}", listed(test.reads.iter()));
    text += &format!("\n- cannot be evidenced without {}", listed(test.requires.iter()));
    let relies = match test.relies_on.len() {
        0 => "relies on no other test".to_owned(),
        _ => format!("relies on {}", test.relies_on.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    text += &format!("\n- {relies}");
    let parameters = library.profile("base").unwrap();
    for parameter in parameters.iter().filter(|parameter| test.parameters.contains(&parameter.column)) {
        text += &format!("\n- `{}` is {} by default. {}", parameter.column, parameter.value, parameter.why);
    }
    text
}

fn exceptions(library: &Library, test: &Test) -> String {
    let mut text = match test.kind {
        Kind::Deviation => "Each row is an item where the control did not operate.".to_owned(),
        Kind::Indicator => "Each row is for review: a person must judge it.".to_owned(),
        Kind::EvidenceQuality => {
            "Its rows are no exceptions of a control: they limit how far other results can be relied on."
                .to_owned()
        }
    };
    let facts = listed(test.facts.iter());
    text = wrapped(&format!("{text} Each comes with a reason and these facts: {facts}."));
    text += &format!("\n\nFrom the test's own cases:\n\n{}", behaviours(library, test, "fail_").join("\n"));
    text += &format!("\n\nWhat to do: {}", wrapped(&lower_first(&test.remedy)));
    text
}

/// Returns what the cases of one kind show, each with the state it expects.
fn behaviours(library: &Library, test: &Test, prefix: &str) -> Vec<String> {
    let cases = case::cases(library, test).unwrap();
    let wanted = prefix.trim_end_matches('_');
    let state = if wanted == "fail" { "exception" } else { wanted };
    let found: Vec<String> = cases
        .iter()
        .filter(|case| case.name.starts_with(prefix))
        .map(|case| {
            let mut states: Vec<&str> =
                case.expect.values().map(String::as_str).filter(|found| found.starts_with(state)).collect();
            states.sort_unstable();
            states.dedup();
            format!("- {} ({})", case.why.split_whitespace().collect::<Vec<_>>().join(" "), listed(states))
        })
        .collect();
    assert!(!found.is_empty(), "{} has no case `{prefix}…`", test.id);
    found
}

fn mapping(library: &Library, test: &Test) -> String {
    let links = links(library, &test.id);
    if links.is_empty() {
        return "No control is linked.".to_owned();
    }
    let mut text =
        "| control | relation | why | not shown | confidence | reviewed |\n|---|---|---|---|---|---|"
            .to_owned();
    for link in links {
        text += &format!(
            "\n| `{}` | {} | {} | {} | {} | {} |",
            link.control,
            link.relation.word(),
            cell(&link.why),
            cell(&link.not_shown),
            link.confidence.word(),
            link.reviewed_by.as_deref().map_or("no".to_owned(), cell)
        );
    }
    text
}
