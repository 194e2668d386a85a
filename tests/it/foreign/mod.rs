//! Logs of other products from end to end: recognised and verified, in a workspace, in a pack, and what shows that they are whole.

mod complete;
mod verify;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Ran, Workspace, countersign};

/// Returns a file or folder of `tests/vectors/chains`.
fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/chains").join(name)
}

/// Returns a file of `tests/vectors/chains`.
fn read(name: &str) -> String {
    fs::read_to_string(vector(name)).unwrap()
}

/// Runs `verify` on files of a workspace.
fn verify(workspace: &Workspace, paths: &[&str], more: &[&str]) -> Ran {
    let paths: Vec<String> =
        paths.iter().map(|path| workspace.at(path).to_str().unwrap().to_owned()).collect();
    let mut args = vec!["verify"];
    args.extend(paths.iter().map(String::as_str));
    args.extend(more);
    countersign(&args)
}

/// Returns the head of the one log of `verify --json`, as a head file.
fn head_of(ran: &Ran) -> String {
    let json = ran.json();
    let log = &json["logs"][0];
    let (name, head) = (log["log"].as_str().unwrap(), &log["head"]);
    format!("{name} {} {}\n", head["seq"], head["digest"].as_str().unwrap())
}
