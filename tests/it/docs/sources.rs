//! `docs/sources/`: one page for each source profile, and an index.

use std::collections::{BTreeMap, BTreeSet};

use countersign::control::Library as Controls;
use countersign::profile::library::Library;
use countersign::profile::{Basis, Integrity, Profile};
use countersign::table::schemas;

use super::{MARK, cell, listed, same_folder, wrapped};

#[test]
fn the_pages_of_source_profiles_are_current() {
    let library = Library::shipped().unwrap();
    let controls = Controls::load(None).unwrap();
    let mut pages: BTreeMap<String, String> = library
        .entries()
        .map(|entry| (format!("{}.md", entry.profile().name()), page(entry.profile(), &controls)))
        .collect();
    assert!(!pages.is_empty());
    pages.insert("README.md".to_owned(), index(&library, &controls));
    same_folder("docs/sources", &pages);
}

fn index(library: &Library, controls: &Controls) -> String {
    let mut page = format!("# Source profiles\n\n{MARK}");
    page += "Each profile is a folder of `sources/`: a mapping from the records of one product to events, with no code.\n\
             `countersign sources show ID` prints what one reads and fills.\n\n\
             | profile | product | basis | integrity | tests it can evidence alone |\n|---|---|---|---|---|\n";
    for entry in library.entries() {
        let profile = entry.profile();
        let evidenced =
            controls.tests.values().filter(|test| lacking(profile, &test.requires).is_empty()).count();
        page += &format!(
            "| [{0}]({0}.md) | {1} | {2} | {3} | {evidenced} of {4} |\n",
            profile.name(),
            cell(profile.product()),
            profile.basis(),
            profile.integrity(),
            controls.tests.len()
        );
    }
    page
}

fn page(profile: &Profile, controls: &Controls) -> String {
    let mut page = format!("# {}: {}\n\n{MARK}", profile.name(), profile.product());
    if let Some(versions) = profile.product_versions() {
        page += &format!("Written for: {versions}. ");
    }
    page += &format!("Version {} of the profile.\n", profile.version());
    section(&mut page, "Basis", &wrapped(&format!("`{}`: {}", profile.basis(), basis(profile.basis()))));
    section(&mut page, "Integrity", &wrapped(&integrity(profile.integrity())));
    section(&mut page, "Records", &records(profile));
    section(&mut page, "Fields filled", &filled(profile));
    section(&mut page, "Fields absent", &absent(profile));
    section(&mut page, "Tests", &tests(profile, controls));
    page
}

fn section(page: &mut String, title: &str, text: &str) {
    *page += &format!("\n## {title}\n\n{text}\n");
}

fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Source => "the product's source code was read.",
        Basis::RealSample => "records that the product or its vendor published.",
        Basis::VendorSchema => "the vendor's own schema or type definitions.",
        Basis::Fixture => "real records were at hand.",
        Basis::Specification => "the format is specified, and the product follows it by definition.",
        Basis::Documentation => {
            "only the vendor's documentation, or an agreement with whoever writes the log."
        }
    }
}

fn integrity(integrity: &Integrity) -> String {
    let text = match integrity {
        Integrity::None => {
            "Nothing in the log protects its records: a log read by this profile is `not-verifiable`, and results that \
             rest on it have limited reliance."
        }
        Integrity::CloudTrail => {
            "`cloudtrail`: digest files, one an hour, list the log files with their SHA-256; each is signed with RSA and \
             names the one before it. A log file that a digest lists has the grade of the digest's signature, any other \
             `parsed`."
        }
        Integrity::CountersignLog => {
            "A hash chain and a signature on every record, as [`countersign-log/1`](../formats/countersign-log.md) says."
        }
        Integrity::Chain(id) => {
            return format!(
                "`chain:{id}`: as the chain profile `{id}` says; `countersign chains show {id}` prints it."
            );
        }
    };
    text.to_owned()
}

fn records(profile: &Profile) -> String {
    let mut text = "| rule | makes |\n|---|---|".to_owned();
    for (id, kind) in profile.rules() {
        text += &format!("\n| `{id}` | {kind} |");
    }
    let ignored: Vec<String> = profile.ignore_reasons().map(|reason| format!("- {reason}")).collect();
    if !ignored.is_empty() {
        text += &format!("\n\nIgnored, with the reason counted:\n\n{}", ignored.join("\n"));
    }
    let settings: Vec<String> =
        profile.settings().iter().map(|(name, meaning)| format!("- `{name}`: {meaning}")).collect();
    if !settings.is_empty() {
        text += &format!("\n\nWhat `set` of a workspace may give:\n\n{}", settings.join("\n"));
    }
    for (join, nearest) in profile.joins().iter().filter_map(|join| Some((join, join.nearest()?))) {
        let columns: Vec<String> = join.names().map(|name| format!("`{name}`")).collect();
        text += &format!(
            "\n\nWhere no id says it, an execution takes {} from the record nearest in time, at most {} seconds apart (join `{}`). Such a link is weak: \
             results that read executions have limited reliance then.",
            columns.join(", "),
            nearest.within_ms / 1000,
            join.name(),
        );
    }
    let repeats = match (profile.deduplicates(), profile.is_snapshot()) {
        (false, _) => "A re-export of the same fact is not recognised: one fact, one record.",
        (true, false) => "A re-export of the same fact is recognised by a key, and counted once.",
        (true, true) => {
            "A re-export of the same fact is recognised by a key, and the newest snapshot counts."
        }
    };
    format!("{text}\n\n{repeats}")
}

/// Returns the columns of one table in `columns`, in the table's order.
fn of_table<'a>(
    table: &str,
    columns: &BTreeSet<String>,
    all: &'a [countersign::column::Column],
) -> Vec<&'a str> {
    all.iter().map(|column| column.name).filter(|name| columns.contains(&format!("{table}.{name}"))).collect()
}

fn filled(profile: &Profile) -> String {
    let columns = profile.columns_filled();
    let mut text = "| table | columns |\n|---|---|".to_owned();
    let mut shown = 0;
    for schema in schemas() {
        let names = of_table(schema.table, &columns, schema.columns);
        shown += names.len();
        if !names.is_empty() {
            text += &format!("\n| `{}` | {} |", schema.table, listed(names));
        }
    }
    assert_eq!(shown, columns.len(), "every column that a profile fills is a published one");
    text
}

fn absent(profile: &Profile) -> String {
    let columns = profile.columns_filled();
    let lines: Vec<String> = profile.absent().iter().map(|line| format!("- {line}")).collect();
    let mut text = if lines.is_empty() {
        "The product logs everything that the profile asks for.".to_owned()
    } else {
        format!("The product does not log:\n\n{}", lines.join("\n"))
    };
    text += "\n\nNo rule of the profile fills these columns. The workspace, or the request of the same case, may supply some \
             of them.\n\n| table | columns |\n|---|---|";
    let cases = ["request", "decision", "execution"];
    for schema in schemas().iter().filter(|schema| cases.contains(&schema.table)) {
        let all: BTreeSet<String> =
            schema.columns.iter().map(|column| format!("{}.{}", schema.table, column.name)).collect();
        let names = of_table(schema.table, &all.difference(&columns).cloned().collect(), schema.columns);
        let names = if names.len() == all.len() { "all of them".to_owned() } else { listed(names) };
        text += &format!("\n| `{}` | {names} |", schema.table);
    }
    text
}

/// Returns what a run with this profile, a roster, and reference files can fill: what the source gives, and what the run adds.
fn supplied(profile: &Profile) -> BTreeSet<String> {
    let mut columns = profile.columns_filled();
    let tables: BTreeSet<String> =
        columns.iter().filter_map(|column| column.split('.').next()).map(str::to_owned).collect();
    for schema in schemas() {
        for column in schema.columns {
            let of_the_run = matches!(
                schema.table,
                "integrity"
                    | "expected_source"
                    | "identity"
                    | "resolution"
                    | "reviewer_grant"
                    | "agent_manifest"
                    | "policy_version"
                    | "role_assignment"
                    | "sod_rule"
            );
            let of_the_workspace = tables.contains(schema.table)
                && matches!(column.name, "requires_approval" | "identity" | "reviewer_identity" | "quorum");
            if of_the_run || of_the_workspace {
                columns.insert(format!("{}.{}", schema.table, column.name));
            }
        }
    }
    columns
}

fn lacking<'a>(profile: &Profile, requires: &'a BTreeSet<String>) -> Vec<&'a str> {
    let supplied = supplied(profile);
    requires.iter().filter(|column| !supplied.contains(*column)).map(String::as_str).collect()
}

fn tests(profile: &Profile, controls: &Controls) -> String {
    let mut text = wrapped(
        "What this source can evidence alone, in the role `approvals` with a roster and reference files. A test that lacks a column is \
         *not evidenced here* until another source fills it. A column that is filled can still be null in a record; \
         then the item is untestable.",
    );
    text += "\n\n| test | evidenced | lacks |\n|---|---|---|";
    for test in controls.tests.values() {
        let lacking = lacking(profile, &test.requires);
        let (word, columns) =
            if lacking.is_empty() { ("yes", String::new()) } else { ("no", listed(lacking)) };
        text +=
            &format!("\n| [{}](../controls/{}.md) | {word} | {columns} |", test.id, test.id.to_lowercase());
    }
    text
}
