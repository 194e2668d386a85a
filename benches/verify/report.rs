//! The peak memory of `report`, on cases of a request, a decision, and an execution.

use std::path::Path;
use std::process::Command;

use super::input::Input;
use super::program;
use super::table::{Table, bytes};

/// Most memory of `report` on a million events, and in the same measure on fewer.
const MEMORY: u64 = 3 << 29;
/// What a report takes whatever the log: the program, the templates, and the fonts.
const BASE: u64 = 128 << 20;

/// Writes a workspace of `events` signed events, and measures its report.
pub(crate) fn memory(events: u64, folder: &Path, table: &mut Table) {
    let log = Input::cases(folder, events);
    let name = log.file.file_name().unwrap().to_string_lossy().into_owned();
    let workspace = format!(
        "schema = \"countersign/workspace/1\"\nentity = \"Bench\"\nsystem = \"measurement\"\n\
         period = {{ from = 2026-07-01, to = 2026-10-01 }}\ntrust = \"trust.toml\"\n\
         [[source]]\nid = \"{}\"\nprofile = \"countersign\"\nobjects = [\"{name}\"]\n",
        super::input::LOG,
    );
    std::fs::write(folder.join("countersign.toml"), workspace).unwrap();
    let out = folder.join("pack");
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("report").arg(folder).arg("--out").arg(&out).args(["--formats", "html,json"]);
    let (cost, peak, said) = program::run(command);
    assert!(said.contains(&format!("{} mapped", grouped(log.lines))), "{said}");
    std::fs::remove_dir_all(out).unwrap();
    let most = BASE + (MEMORY - BASE) / 1000 * events / 1000;
    let what = format!("`report`, {} events, {}, {:.1} s", log.lines, bytes(log.bytes), cost.wall);
    table.memory(&what, peak, most);
    log.remove();
}

/// Prints a number with a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}
