use super::*;

fn published() -> Published {
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    [
        ("a".to_owned(), columns(&["id", "x", "t", "flag"])),
        ("b".to_owned(), columns(&["id", "x", "y", "t"])),
        (PARAM.to_owned(), columns(&["limit_ms"])),
    ]
    .into()
}

fn run(sql: &str) -> Result<Checked, ControlError> {
    check("tests/x/q.sql", sql, &published())
}

/// Returns the construct that the lint names.
fn refused(sql: &str) -> String {
    match run(sql) {
        Err(ControlError::NotPortable { construct, instead, .. }) => {
            assert!(!instead.is_empty());
            construct
        }
        other => panic!("expected a refusal of {sql}, found {other:?}"),
    }
}

#[test]
fn the_subset_passes_and_tells_what_it_reads() {
    let checked = run("-- a comment
        WITH p1 AS (
          SELECT a.id, CASE WHEN a.x > 1 AND NOT a.t = 'k' THEN 'big' END AS size
          FROM a CROSS JOIN param p WHERE a.x - p.limit_ms > -5 AND a.t IN ('u', 'v') OR a.t LIKE 'w%'
        ),
        p2 AS (
          SELECT id, COUNT(*) AS n, COUNT(DISTINCT size) AS m, MIN(size) AS s,
            SUM(CASE WHEN size IS NULL THEN 1 ELSE 0 END) AS k
          FROM p1 GROUP BY id HAVING COUNT(*) > 1 AND MIN(size) = 'big'
        ),
        p3 AS (
          SELECT id, LAG(x) OVER (PARTITION BY id ORDER BY COALESCE(x, 0)) AS before FROM b
        )
        SELECT p2.id AS subject_id, LOWER(b.t) || 'z' AS reason, LENGTH(b.t) AS l
        FROM p2
        LEFT JOIN b ON b.id = p2.id AND (b.x = p2.n)
        INNER JOIN p3 ON p3.id = p2.id
        WHERE COALESCE(b.x, 0) % 7 * 2 + 1 <> 3
        UNION ALL
        SELECT a.id AS subject_id, a.t AS reason, a.x AS l FROM a")
    .unwrap();
    assert_eq!(checked.columns, ["subject_id", "reason", "l"]);
    assert_eq!(checked.reads, ["a", "b", "param"].map(str::to_owned).into());
    assert_eq!(checked.parameters, ["limit_ms".to_owned()].into());
}

/// What the lint exists for: Polars drops the unmatched rows of this join, silently.
#[test]
fn a_left_join_with_more_than_equality_is_refused_where_it_stands() {
    let construct = "LEFT JOIN with a condition other than equality of columns in ON";
    for on in [
        "a.id = b.id AND b.x <= a.x",
        "a.id = b.id AND b.t = 'k'",
        "a.id = b.id OR a.x = b.x",
        "a.id <> b.id",
        "a.id = b.id AND a.x = a.id",
        "TRUE",
        "a.id = COALESCE(b.id, 1)",
    ] {
        assert_eq!(refused(&format!("SELECT a.id FROM a LEFT JOIN b ON {on}")), construct, "{on}");
    }
    let error = run("SELECT a.id\nFROM a\nLEFT JOIN b ON a.id = b.id AND b.x <= a.x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "query `tests/x/q.sql` is not portable: LEFT JOIN with a condition other than equality of columns in ON \
         (line 3, column 32)"
    );
    assert!(error.help().unwrap().contains("Polars drops unmatched rows"));
}

#[test]
fn every_construct_outside_the_subset_is_refused_by_name() {
    let constructs = [
        (
            "SELECT a.id FROM a INNER JOIN b ON a.id = b.id AND a.x < b.x",
            "INNER JOIN with a condition other than equality of columns in ON",
        ),
        ("SELECT id FROM a; SELECT id FROM a", "2 statements in one file"),
        ("", "0 statements in one file"),
        ("DELETE FROM a", "a statement other than SELECT"),
        ("COPY a TO 'f'", "a statement other than SELECT"),
        ("WITH RECURSIVE r AS (SELECT id FROM a) SELECT id FROM r", "WITH RECURSIVE"),
        ("WITH r (k) AS (SELECT id FROM a) SELECT k FROM r", "a column list after a WITH name"),
        ("WITH a AS (SELECT id FROM b) SELECT id FROM a", "the WITH name `a`, which is taken"),
        ("WITH r AS (WITH s AS (SELECT id FROM a) SELECT id FROM s) SELECT id FROM r", "WITH inside WITH"),
        ("SELECT id FROM a ORDER BY id", "ORDER BY"),
        ("SELECT id FROM a LIMIT 1", "LIMIT, OFFSET, or FETCH"),
        ("SELECT id FROM a FETCH FIRST 1 ROWS ONLY", "LIMIT, OFFSET, or FETCH"),
        ("SELECT id FROM a FOR UPDATE", "a clause after the query"),
        ("SELECT id FROM a UNION SELECT id FROM b", "UNION without ALL, or another set operation"),
        ("SELECT id FROM a EXCEPT SELECT id FROM b", "EXCEPT without ALL, or another set operation"),
        (
            "SELECT id FROM a INTERSECT ALL SELECT id FROM b",
            "INTERSECT without ALL, or another set operation",
        ),
        ("SELECT id FROM a UNION ALL SELECT x FROM b", "UNION ALL of columns with different names"),
        ("(SELECT id FROM a)", "a query in parentheses"),
        ("VALUES (1)", "VALUES"),
        ("SELECT DISTINCT id FROM a", "SELECT DISTINCT"),
        ("SELECT id FROM a QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1", "QUALIFY"),
        ("SELECT ROW_NUMBER() OVER w AS n FROM a WINDOW w AS (ORDER BY id)", "WINDOW"),
        ("SELECT TOP 1 id FROM a", "TOP"),
        ("SELECT id INTO c FROM a", "SELECT INTO"),
        ("SELECT 1 AS one", "SELECT without FROM"),
        ("SELECT a.id FROM a, b", "a comma between tables"),
        ("SELECT s.id FROM (SELECT id FROM a) s", "a subquery in FROM"),
        ("SELECT a.id FROM a CROSS JOIN LATERAL (SELECT id FROM b) s", "LATERAL"),
        ("SELECT a.id FROM (a INNER JOIN b ON a.id = b.id)", "a join in parentheses"),
        ("SELECT u.id FROM UNNEST(a) u", "a table function"),
        ("SELECT r.id FROM read_csv('f') r", "a table function or a table option"),
        ("SELECT id FROM a TABLESAMPLE BERNOULLI (10)", "a table function or a table option"),
        ("SELECT c.id FROM main.a c", "a table name with a schema"),
        ("SELECT c.id FROM a c INNER JOIN b c ON c.id = c.id", "the alias `c` for two tables"),
        ("SELECT c.k FROM a AS c (k)", "a column list after an alias"),
        ("SELECT a.id FROM a CROSS JOIN b", "CROSS JOIN with a table other than `param`"),
        ("SELECT a.id FROM a RIGHT JOIN b ON a.id = b.id", "RIGHT JOIN or FULL JOIN"),
        ("SELECT a.id FROM a FULL JOIN b ON a.id = b.id", "RIGHT JOIN or FULL JOIN"),
        ("SELECT a.id FROM a LEFT SEMI JOIN b ON a.id = b.id", "SEMI JOIN or ANTI JOIN"),
        ("SELECT a.id FROM a LEFT ANTI JOIN b ON a.id = b.id", "SEMI JOIN or ANTI JOIN"),
        ("SELECT a.id FROM a CROSS APPLY b", "a join of one engine"),
        ("SELECT a.id FROM a INNER JOIN b USING (id)", "USING or NATURAL JOIN"),
        ("SELECT a.id FROM a NATURAL JOIN b", "USING or NATURAL JOIN"),
        ("SELECT a.id FROM a INNER JOIN b", "INNER JOIN without ON"),
        ("SELECT id, COUNT(*) AS n FROM a GROUP BY ALL", "GROUP BY ALL"),
        ("SELECT id, COUNT(*) AS n FROM a GROUP BY 1", "GROUP BY with an expression or a number"),
        ("SELECT COUNT(*) AS n FROM a GROUP BY x + 1", "GROUP BY with an expression or a number"),
        ("SELECT id, COUNT(*) AS n FROM a GROUP BY ROLLUP (id)", "GROUP BY with an expression or a number"),
        (
            "SELECT x, COUNT(*) AS n FROM a GROUP BY id",
            "the column `x`, which is neither grouped nor inside an aggregate",
        ),
        ("SELECT id FROM a HAVING COUNT(*) > 1", "HAVING without GROUP BY"),
        (
            "SELECT id FROM a GROUP BY id HAVING COUNT(*) > MIN(x)",
            "HAVING other than an aggregate against a constant",
        ),
        ("SELECT id FROM a GROUP BY id HAVING id > 1", "HAVING other than an aggregate against a constant"),
        ("SELECT COUNT(*) AS n FROM a", "an aggregate without GROUP BY"),
        ("SELECT id FROM a WHERE COUNT(*) > 1", "an aggregate outside the columns"),
        ("SELECT * FROM a", "SELECT *"),
        ("SELECT a.* FROM a", "SELECT *"),
        ("SELECT x + 1 FROM a", "an expression without a name"),
        ("SELECT id, x AS id FROM a", "two columns named `id`"),
        ("SELECT \"id\" FROM a", "a quoted name"),
        ("SELECT id AS Id FROM a", "the name `Id`"),
        ("SELECT id FROM a WHERE id IN (SELECT id FROM b)", "IN with a subquery"),
        ("SELECT id FROM a WHERE id NOT IN (SELECT id FROM b)", "IN with a subquery"),
        ("SELECT id FROM a WHERE EXISTS (SELECT id FROM b)", "EXISTS"),
        ("SELECT id FROM a WHERE x > (SELECT MAX(x) AS m FROM b)", "a scalar subquery"),
        ("SELECT id FROM a WHERE x = ANY (SELECT x FROM b)", "ANY or ALL"),
        ("SELECT id FROM a WHERE x BETWEEN 1 AND 2", "BETWEEN"),
        ("SELECT id FROM a WHERE flag IS NOT TRUE", "IS TRUE or IS FALSE"),
        ("SELECT id FROM a WHERE flag IS FALSE", "IS TRUE or IS FALSE"),
        ("SELECT id FROM a WHERE flag IS UNKNOWN", "IS UNKNOWN"),
        ("SELECT id FROM a WHERE x IS DISTINCT FROM 1", "IS DISTINCT FROM"),
        ("SELECT id FROM a WHERE x = NULL", "a comparison with NULL"),
        ("SELECT id, NULL AS k FROM a", "NULL as a value"),
        ("SELECT id FROM a WHERE x IN (1, NULL)", "IN with something other than constants"),
        ("SELECT id FROM a WHERE x IN (id)", "IN with something other than constants"),
        ("SELECT CAST(x AS VARCHAR) AS k FROM a", "CAST"),
        ("SELECT x::text AS k FROM a", "CAST"),
        ("SELECT id FROM a WHERE t ILIKE 'k'", "a regular expression or ILIKE"),
        ("SELECT id FROM a WHERE t SIMILAR TO 'k'", "a regular expression or ILIKE"),
        ("SELECT id FROM a WHERE t ~ 'k'", "a regular expression"),
        ("SELECT id FROM a WHERE t LIKE 'k!%' ESCAPE '!'", "LIKE ANY or ESCAPE"),
        ("SELECT id FROM a WHERE t LIKE id", "LIKE with a computed pattern"),
        ("SELECT x + INTERVAL '1' DAY AS k FROM a", "INTERVAL"),
        ("SELECT id FROM a WHERE x > TIMESTAMP '2026-01-01'", "a date or time literal"),
        ("SELECT EXTRACT(YEAR FROM x) AS k FROM a", "EXTRACT"),
        ("SELECT FLOOR(x) AS k FROM a", "FLOOR or CEIL"),
        ("SELECT POSITION('k' IN t) AS k FROM a", "POSITION"),
        ("SELECT SUBSTRING(t FROM 1 FOR 2) AS k FROM a", "SUBSTRING, TRIM, or OVERLAY"),
        ("SELECT TRIM(t) AS k FROM a", "SUBSTRING, TRIM, or OVERLAY"),
        ("SELECT id FROM a WHERE (id, x) = (1, 2)", "a row of values"),
        ("SELECT ARRAY[1] AS k FROM a", "a nested value"),
        ("SELECT id FROM a WHERE t COLLATE nocase = 'k'", "COLLATE"),
        ("SELECT x / 2 AS k FROM a", "division"),
        ("SELECT x // 2 AS k FROM a", "division"),
        ("SELECT x & 1 AS k FROM a", "the operator `&`"),
        ("SELECT id FROM a WHERE x > 1.5", "the number `1.5`"),
        ("SELECT id FROM a WHERE x > 99999999999999999999", "the number `99999999999999999999`"),
        ("SELECT id FROM a WHERE t = ?", "a placeholder"),
        ("SELECT id FROM a WHERE t = $1", "a placeholder"),
        ("SELECT id FROM a WHERE t = X'00'", "a literal of one engine"),
        ("SELECT CASE x WHEN 1 THEN 'k' END AS k FROM a", "CASE with an operand"),
        ("SELECT COUNT(*) FILTER (WHERE x > 1) AS k FROM a", "FILTER"),
        ("SELECT NOW() AS k FROM a", "the function now"),
        ("SELECT RANDOM() AS k FROM a", "the function random"),
        ("SELECT ROUND(x) AS k FROM a", "the function round"),
        ("SELECT UPPER(t) AS k FROM a", "the function upper"),
        ("SELECT COUNT(DISTINCT id, x) AS n FROM a GROUP BY id", "count with other than one argument"),
        ("SELECT SUM(x) AS n FROM a GROUP BY id", "SUM of what may be null"),
        ("SELECT SUM(CASE WHEN x > 1 THEN 1 END) AS n FROM a GROUP BY id", "SUM of what may be null"),
        ("SELECT MIN(DISTINCT x) AS n FROM a GROUP BY id", "DISTINCT in min"),
        ("SELECT AVG(x) AS n FROM a GROUP BY id", "the function avg"),
        ("SELECT ROW_NUMBER() AS n FROM a", "row_number without OVER"),
        ("SELECT SUM(x) OVER (ORDER BY id) AS n FROM a", "sum OVER"),
        ("SELECT RANK() OVER (ORDER BY id) AS n FROM a", "rank OVER"),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY id) AS n FROM a", "a window without ORDER BY"),
        ("SELECT ROW_NUMBER() OVER (ORDER BY id) AS n FROM a", "a window ordered by what may be null"),
        (
            "SELECT ROW_NUMBER() OVER (ORDER BY COALESCE(x, 0) DESC) AS n FROM a",
            "DESC or NULLS FIRST in a window",
        ),
        (
            "SELECT ROW_NUMBER() OVER (ORDER BY COALESCE(x, 0) NULLS LAST) AS n FROM a",
            "DESC or NULLS FIRST in a window",
        ),
        ("SELECT LAG(x) OVER (ORDER BY COALESCE(x, 0) ROWS 1 PRECEDING) AS n FROM a", "a window frame"),
        ("SELECT LAG(x, 1, 0) OVER (ORDER BY COALESCE(x, 0)) AS n FROM a", "lag with other than 1 arguments"),
        (
            "SELECT id FROM a WHERE ROW_NUMBER() OVER (ORDER BY COALESCE(x, 0)) = 1",
            "a window outside the columns of a SELECT without GROUP BY",
        ),
        ("SELECT id FROM a INNER JOIN b ON a.id = b.id", "the column `id` without its table"),
        ("SELECT main.a.id FROM a", "a name of more than two parts"),
        ("SELECT 'untestable:a.y' AS k FROM a", "the text `a.y`, which looks like a column and is none"),
        ("SELECT 'b.z' AS k FROM a", "the text `b.z`, which looks like a column and is none"),
    ];
    let wrong: Vec<String> = constructs
        .into_iter()
        .filter_map(|(sql, construct)| match run(sql) {
            Err(ControlError::NotPortable { construct: found, .. }) if found == construct => None,
            found => Some(format!("{sql}\n  expected {construct}\n  found {found:?}")),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unknown_names_are_refused_with_a_near_match() {
    for (sql, message, near) in [
        ("SELECT id FROM aa", "`tests/x/q.sql` names the unknown table `aa`", "did you mean `a`?"),
        ("SELECT a.flab FROM a", "`tests/x/q.sql` names the unknown column `flab`", "did you mean `flag`?"),
        ("SELECT c.id FROM a", "`tests/x/q.sql` names the unknown table alias `c`", "did you mean `a`?"),
        (
            "SELECT a.id FROM a CROSS JOIN param p WHERE a.x > p.limit",
            "`tests/x/q.sql` names the unknown column `limit`",
            "",
        ),
    ] {
        let error = run(sql).unwrap_err();
        assert_eq!(error.to_string(), message, "{sql}");
        if !near.is_empty() {
            assert_eq!(error.help().unwrap(), near, "{sql}");
        }
    }
}

#[test]
fn text_that_is_no_sql_says_so() {
    let error = run("SELEC id FROM a").unwrap_err();
    assert!(
        error.to_string().starts_with("control file `tests/x/q.sql` is not valid: sql parser error"),
        "{error}"
    );
    assert!(run(&format!("SELECT {}1{} AS k FROM a", "(".repeat(5_000), ")".repeat(5_000))).is_err());
}
