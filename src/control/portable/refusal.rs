//! What refused expressions are called, and the portable way to say them.

use sqlparser::ast::Expr;

/// Names a refused expression, and the portable way to say it.
pub(super) fn refused(expression: &Expr) -> (String, &'static str) {
    let (construct, instead) = match expression {
        Expr::Exists { .. } => {
            ("EXISTS", "write LEFT JOIN on a grouped WITH part, and IS NULL or IS NOT NULL in WHERE")
        }
        Expr::InSubquery { .. } => (
            "IN with a subquery",
            "write INNER JOIN, or LEFT JOIN and IS NULL: NOT IN gives nothing when the list holds a null",
        ),
        Expr::Subquery(_) => ("a scalar subquery", "join a WITH part, or CROSS JOIN param"),
        Expr::AnyOp { .. } | Expr::AllOp { .. } => ("ANY or ALL", "use IN with a list, or a join"),
        Expr::Between { .. } => ("BETWEEN", "write x >= low AND x <= high"),
        Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => {
            ("IS TRUE or IS FALSE", "write COALESCE(x, FALSE) = TRUE: Polars drops nulls here")
        }
        Expr::IsUnknown(_) | Expr::IsNotUnknown(_) => ("IS UNKNOWN", "write IS NULL"),
        Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => {
            ("IS DISTINCT FROM", "write out the null cases with IS NULL")
        }
        Expr::Cast { .. } | Expr::Convert { .. } => ("CAST", "compare values of one type; columns are typed"),
        Expr::ILike { .. } | Expr::SimilarTo { .. } | Expr::RLike { .. } => {
            ("a regular expression or ILIKE", "use LOWER(x) LIKE 'constant'")
        }
        Expr::Like { .. } => ("LIKE ANY or ESCAPE", "use LIKE with a constant pattern"),
        Expr::Interval(_) => ("INTERVAL", "add milliseconds: times are UTC epoch milliseconds"),
        Expr::TypedString(_) | Expr::AtTimeZone { .. } => {
            ("a date or time literal", "use UTC epoch milliseconds, or a column of `param`")
        }
        Expr::Extract { .. } => ("EXTRACT", "use UTC epoch milliseconds; let the loader make the column"),
        Expr::Ceil { .. } | Expr::Floor { .. } => ("FLOOR or CEIL", "bucket with `x - x % n`"),
        Expr::Position { .. } => ("POSITION", "use LIKE with a constant pattern"),
        Expr::Substring { .. } | Expr::Trim { .. } | Expr::Overlay { .. } => {
            ("SUBSTRING, TRIM, or OVERLAY", "let the loader make a column of it")
        }
        Expr::Collate { .. } => ("COLLATE", "leave it out: text compares byte by byte"),
        Expr::Tuple(_) => ("a row of values", "compare the columns one by one"),
        Expr::Array(_) | Expr::Struct { .. } | Expr::Map(_) | Expr::Dictionary(_) => {
            ("a nested value", "let the loader make plain columns")
        }
        Expr::CompoundFieldAccess { .. } | Expr::JsonAccess { .. } => {
            ("access into a nested value", "let the loader make plain columns")
        }
        Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_) => {
            ("ROLLUP, CUBE, or GROUPING SETS", "group by plain columns, and UNION ALL")
        }
        Expr::UnaryOp { .. } => ("a unary operator of one engine", "use NOT or -"),
        _ => return (format!("`{expression}`"), "use the allowed list in docs/formats/controls.md"),
    };
    (construct.to_owned(), instead)
}

/// Says what to use instead of a function outside the subset.
pub(super) fn instead_of(function: &str) -> &'static str {
    match function {
        "now" | "current_timestamp" | "current_date" | "today" => {
            "read `as_of_ms` from `param`: tests do not use the clock"
        }
        "random" | "uuid" | "rand" => "leave it out: the same input gives the same rows",
        "round" | "avg" | "median" | "percentile_cont" | "stddev" => {
            "compare sums and counts by multiplication: fractions differ between engines"
        }
        "greatest" | "least" | "nullif" | "ifnull" | "nvl" | "iif" | "if" => "write CASE WHEN",
        "upper" | "initcap" => "use LOWER",
        "char_length" | "len" => "use LENGTH",
        "concat" | "concat_ws" => "use ||",
        "date_trunc" | "to_timestamp" | "epoch_ms" | "strftime" | "date_diff" => {
            "calculate with UTC epoch milliseconds"
        }
        "read_csv" | "read_parquet" | "read_json" => "read published tables: tests open no files",
        _ => {
            "use COUNT, MIN, MAX, SUM, COALESCE, LOWER, LENGTH, ROW_NUMBER, LAG, LEAD, or a column made by the loader"
        }
    }
}
