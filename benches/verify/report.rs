//! `report`: its peak memory on cases of a request, a decision, and an execution; and what its formats cost where exceptions are many.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::input::Input;
use super::program::{self, Cost};
use super::table::{Budget, Table, bytes};

/// Most memory of `report` on a million events, and in the same measure on fewer.
const MEMORY: u64 = 3 << 29;
/// What a report takes whatever the log: the program, the templates, and the fonts.
const BASE: u64 = 128 << 20;

/// Writes a workspace of `events` signed events, and measures its report.
pub(crate) fn memory(events: u64, folder: &Path, table: &mut Table) {
    let log = Input::cases(folder, events);
    let (cost, peak, out) = report(folder, &log, "html,json");
    std::fs::remove_dir_all(out).unwrap();
    let most = BASE + (MEMORY - BASE) / 1000 * events / 1000;
    let what = format!("`report`, {} events, {}, {:.1} s", log.lines, bytes(log.bytes), cost.wall);
    table.memory(&what, peak, most);
    log.remove();
}

/// Most bytes of the HTML, however many exceptions there are.
const HTML: u64 = 3_000_000;
/// Most memory of a run that draws the PDF.
const PDF_MEMORY: u64 = 1 << 30;
/// Every format but the tables and `report.json`, which are the results themselves.
const FORMATS: &str = "html,pdf,xlsx,json,oscal,csv,sarif,junit";

/// Writes a workspace of executions that nobody approved, and measures what listing them takes.
pub(crate) fn exceptions(count: u64, turns: usize, folder: &Path, table: &mut Table) {
    let log = Input::unapproved(folder, count);
    let what = format!("{} exceptions", grouped(count));
    let (mut costs, mut html) = (Vec::new(), 0);
    for _ in 0..turns {
        let (results, _, out) = report(folder, &log, "json");
        std::fs::remove_dir_all(out).unwrap();
        let (all, _, out) = report(folder, &log, FORMATS);
        let said = std::fs::read_to_string(out.join("data/01_report.json")).unwrap();
        assert!(
            said.matches("executed without a request").count() as u64 >= count,
            "not every exception is in the results"
        );
        html = std::fs::metadata(out.join("data/01_report.html")).unwrap().len();
        std::fs::remove_dir_all(out).unwrap();
        costs.push((results, Cost { wall: all.wall - results.wall, cpu: all.cpu - results.cpu }));
    }
    table.size(&format!("HTML, {what}"), html, HTML);
    table.ratio(
        &format!("all formats, {what}"),
        "`report` of the results alone",
        &costs,
        Budget::AtMost(2.0),
    );
    let (_, peak, out) = report(folder, &log, "json,pdf");
    std::fs::remove_dir_all(out).unwrap();
    table.memory(&format!("`report` with its PDF, {what}"), peak, PDF_MEMORY);
    log.remove();
}

/// Makes the pack of a workspace that is this log; returns what it took, the peak memory, and the pack.
fn report(folder: &Path, log: &Input, formats: &str) -> (Cost, u64, PathBuf) {
    let name = log.file.file_name().unwrap().to_string_lossy().into_owned();
    let workspace = format!(
        "schema = \"countersign/workspace/1\"\nentity = \"Bench\"\nsystem = \"measurement\"\n\
         period = {{ from = 2026-07-01, to = 2026-10-01 }}\ntrust = \"trust.toml\"\n\
         [[source]]\nid = \"{}\"\nprofile = \"countersign\"\nobjects = [\"{name}\"]\n\
         [[gated]]\naction_class = [\"write\"]\n",
        super::input::LOG,
    );
    std::fs::write(folder.join("countersign.toml"), workspace).unwrap();
    let out = folder.join("pack");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("report").arg(folder).arg("--out").arg(&out).args(["--formats", formats]);
    let (cost, peak, said) = program::run(command);
    assert!(said.contains(&format!("{} mapped", grouped(log.lines))), "{said}");
    (cost, peak, out)
}

/// Prints a number with a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
