//! `docs/formats/tables.md`: a written head, and every published table from `table::schemas()`.

use countersign::control::Library;
use countersign::control::portable::PARAM;
use countersign::table::schemas;

use super::{MARK, cell, root, same};

const HEAD: &str = include_str!("tables-head.txt");

#[test]
fn the_page_of_tables_is_current() {
    let page = page();
    // A page without tables would be current as well.
    assert_eq!(page.matches("\n## `").count(), schemas().len() + 1);
    same(&root().join("docs/formats/tables.md"), &page);
}

fn page() -> String {
    let mut page = format!("# The published tables\n\n{MARK}{HEAD}");
    for schema in schemas() {
        page += &format!("\n## `{}`\n\n{}\n\n", schema.table, schema.doc);
        page += "| column | type | unit | meaning |\n|---|---|---|---|\n";
        for column in schema.columns {
            let ty = column.ty.word();
            page +=
                &format!("| `{}` | {ty} | {} | {} |\n", column.name, unit(column.name, ty), cell(column.doc));
        }
    }
    page + &param()
}

/// Returns the unit of a column, which its name tells.
fn unit(name: &str, ty: &str) -> &'static str {
    match name {
        "auth_age_ms" | "max_silence_ms" => "milliseconds",
        _ if name.ends_with("_ms") => "epoch ms, UTC",
        "byte_count" | "shown_bytes" => "bytes",
        _ if ty == "integer" && !matches!(name, "seq" | "line" | "record_index") => "number",
        _ => "",
    }
}

fn param() -> String {
    let mut page = format!(
        "\n## `{PARAM}`\n\nOne row: what the run was asked for, and the values that tests compare with. A value of one test \
         begins with\nits id. The values below are those of the profile `base`.\n\n\
         | column | type | unit | value | tighter | meaning |\n|---|---|---|---|---|---|\n\
         | `period_start_ms` | integer | epoch ms, UTC | | | start of the period |\n\
         | `period_end_ms` | integer | epoch ms, UTC | | | end of the period, exclusive; as-of, where that is earlier |\n\
         | `as_of_ms` | integer | epoch ms, UTC | | | time from this moment on is not tested |\n"
    );
    for parameter in Library::load(None).unwrap().profile("base").unwrap() {
        let unit = if parameter.column.ends_with("_ms") { "milliseconds" } else { "number" };
        page += &format!(
            "| `{}` | integer | {unit} | {} | {} | {} |\n",
            parameter.column,
            parameter.value,
            format!("{:?}", parameter.tighter).to_lowercase(),
            cell(&parameter.why)
        );
    }
    page
}

/// The three columns that a run fills are described here by hand, so a fourth must be noticed.
#[test]
fn every_column_of_param_is_on_the_page() {
    let page = param();
    for column in &Library::load(None).unwrap().published().unwrap()[PARAM] {
        assert!(page.contains(&format!("| `{column}` |")), "`{column}` is missing");
    }
}
