//! `redo.sql`: every test of a pack as one script for stock DuckDB, so that an auditor runs them all with one command.
//!
//! The queries are those of `07_policy/controls/`, whole. Around them stands what Countersign does with their rows: which
//! of several rows of one item counts, and which state follows. It shares nothing else with the program.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::column::ColumnType;
use crate::control::definition::Test;
use crate::control::portable::PARAM;
use crate::pack::layout::TABLES;
use crate::table::schemas;

/// Its name below `data/04_population/`.
pub const REDO: &str = "redo.sql";

const HEAD: &str = "\
-- Runs every test of this pack again, on its own tables, with stock DuckDB. In the folder of VERIFY.md:
--
--     duckdb < data/04_population/redo.sql
--
-- The table `redo` then holds each item of each test with its state. An item is untestable or pending where the
-- population says so; else it is an exception if the exceptions name it, else ok. data/02_machine/items.json
-- holds the same items; what it calls `accepted` is an exception here: a waiver covers it, and the queries know none.

";

const TAIL: &str = "\
-- An exception that is no item of its population would be one that nobody counted.
SELECT CASE WHEN COUNT(*) > 0 THEN error('an exception lies outside its population') END AS strangers FROM redo WHERE state = 'stranger';
SELECT test, state, COUNT(*) AS items FROM redo GROUP BY test, state ORDER BY test, state;
SELECT test, subject_id, reason FROM redo WHERE state = 'exception' ORDER BY test, subject_id;
";

/// Returns the script for `tests` on the tables named in `tables`; a table that the pack leaves out is an empty one.
pub fn script<'a>(tests: impl IntoIterator<Item = &'a Test>, tables: &BTreeSet<&str>) -> String {
    let mut text = HEAD.to_owned();
    for schema in schemas() {
        if tables.contains(schema.table) {
            add_view(&mut text, schema.table);
            continue;
        }
        let columns: Vec<String> = schema
            .columns
            .iter()
            .map(|column| {
                let ty = match column.ty {
                    ColumnType::Text => "VARCHAR",
                    ColumnType::Int => "BIGINT",
                    ColumnType::Flag => "BOOLEAN",
                };
                format!("\"{}\" {ty}", column.name)
            })
            .collect();
        let _ = writeln!(text, "CREATE TABLE \"{}\" ({});", schema.table, columns.join(", "));
    }
    add_view(&mut text, PARAM);
    text.push_str("CREATE TABLE redo (test VARCHAR, subject_id VARCHAR, state VARCHAR, reason VARCHAR);\n");
    for test in tests {
        add_test(&mut text, test);
    }
    text.push('\n');
    text.push_str(TAIL);
    text
}

fn add_view(text: &mut String, table: &str) {
    let _ =
        writeln!(text, "CREATE VIEW \"{table}\" AS SELECT * FROM read_parquet('{TABLES}{table}.parquet');");
}

fn add_test(text: &mut String, test: &Test) {
    let _ = write!(
        text,
        "
-- {id} {slug}
-- population.sql sha256:{population_digest}
-- exceptions.sql sha256:{exceptions_digest}
INSERT INTO redo
SELECT
  '{id}',
  COALESCE(items.subject_id, hits.subject_id),
  CASE
    WHEN items.subject_id IS NULL THEN 'stranger'
    WHEN items.aside IS NOT NULL THEN split_part(items.aside, ':', 1)
    WHEN hits.subject_id IS NOT NULL THEN 'exception'
    ELSE 'ok'
  END,
  COALESCE(substr(items.aside, strpos(items.aside, ':') + 1), hits.reason)
FROM (
  SELECT
    subject_id,
    COALESCE(
      MIN(CASE WHEN testability LIKE 'untestable:%' THEN testability END),
      MIN(CASE WHEN testability <> 'testable' THEN testability END)
    ) AS aside
  FROM (
{population}
  ) AS population
  GROUP BY subject_id
) AS items
FULL OUTER JOIN (
  SELECT subject_id, MIN(reason) AS reason
  FROM (
{exceptions}
  ) AS exceptions
  GROUP BY subject_id
) AS hits ON hits.subject_id = items.subject_id;
",
        id = test.id,
        slug = test.slug,
        population_digest = test.population_digest(),
        exceptions_digest = test.exceptions_digest(),
        population = test.population_sql.trim_end(),
        exceptions = test.exceptions_sql.trim_end(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::library::Library;

    /// Every query stands in it whole, and every table that a test reads is there, filled or empty.
    #[test]
    fn holds_every_query_and_every_table() {
        let library = Library::load(None).unwrap();
        let text = script(library.tests.values(), &BTreeSet::from(["execution"]));
        assert!(!library.tests.is_empty());
        for test in library.tests.values() {
            assert!(text.contains(test.population_sql.trim_end()), "{}", test.id);
            assert!(text.contains(test.exceptions_sql.trim_end()), "{}", test.id);
            for table in &test.reads {
                let created =
                    ["VIEW", "TABLE"].map(|kind| text.contains(&format!("CREATE {kind} \"{table}\"")));
                assert_eq!(created, [table == "execution", table != "execution"], "{table}");
            }
        }
    }
}
