use std::fs;
use std::path::Path;

use super::*;
use crate::cli::run_with;

/// Runs `chains` as the program does: exit code, result, and messages.
fn chains(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run_with(&[&["chains"], arguments].concat(), &mut out, &mut err);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// A workspace whose `chains/` holds these files.
fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
    let workspace = tempfile::tempdir().unwrap();
    fs::create_dir(workspace.path().join("chains")).unwrap();
    for (name, text) in files {
        fs::write(workspace.path().join("chains").join(name), text).unwrap();
    }
    workspace
}

fn at(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

fn signet() -> String {
    ChainLibrary::shipped().unwrap().entry("signet").unwrap().text().to_owned()
}

#[test]
fn chains_lists_shows_and_lints() {
    let elsewhere = tempfile::tempdir().unwrap();
    let workspace = elsewhere.path().to_str().unwrap();
    let (exit, out, err) = chains(&["list", workspace]);
    assert_eq!((exit, err.as_str()), (0, ""));
    assert_eq!(out.lines().count(), 11, "{out}");
    assert!(out.lines().all(|line| line.contains("  shipped  ")), "{out}");
    let of = |id: &str| out.lines().find(|line| line.starts_with(id)).unwrap();
    assert!(of("agt-python-sink").contains("  mac  "), "{out}");
    assert!(of("agt-rust").contains("  unsigned  "), "{out}");
    assert!(of("pipelock").contains("recorder, receipt, "), "{out}");
    assert!(of("jws-lines").contains("  signed     2 lints  shipped  tokens"), "{out}");

    let (exit, out, _) = chains(&["show", "agt-python-sink", "--workspace", workspace]);
    assert_eq!(exit, 0);
    for expected in [
        "  origin    shipped",
        "layer ",
        "  linked    within a file",
        "each record, with a shared key, the link included",
        "what the format cannot show",
        "  symmetric-key in ",
        "  restarts-per-file in ",
        "  uncovered-field at `/environment`",
    ] {
        assert!(out.contains(expected), "{expected}: {out}");
    }
    let (_, out, _) = chains(&["show", "dsse-lines", "--workspace", workspace]);
    assert!(out.contains("layer envelopes\n  envelope  dsse\n  linked    no\n"), "{out}");
    assert!(out.contains("uncovered-field at `/signatures/*/keyid`"), "{out}");

    let (exit, out, _) = chains(&["lint", "--workspace", workspace]);
    assert_eq!(exit, 0, "a lint is no error");
    assert_eq!(out.matches(": compiles; ").count(), 11, "{out}");
    let lints: std::collections::BTreeSet<&str> =
        out.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let asked = ["uncovered-field", "ambiguous-concat", "symmetric-key", "embedded-key:", "no-sequence"];
    for lint in asked.map(|lint| lint.trim_end_matches(':')) {
        assert!(lints.contains(lint), "{lint}: {lints:?}");
    }
}

/// The two that no shipped format shows: a link that the hash leaves out, and one by id.
#[test]
fn lints_of_a_file_are_printed_before_any_data() {
    let text = "schema = \"countersign/chain-profile/1\"\nid = \"x\"\nversion = \"1\"\nproduct = \"X\"\nread = { container = \"lines\" }\n\
        recognise = [{ where = [{ field = \"/h\", present = true }] }]\n[[layer]]\nname = \"l\"\n";
    let hash = "hash = { over = { field = \"/a\" }, field = \"/h\" }\n";
    let link =
        |value: &str| format!("link = {{ prev = \"/p\", genesis = [\"\"], spans_files = true{value} }}\n");
    let folder = tempfile::tempdir().unwrap();
    let file = at(folder.path(), "x.toml");
    fs::write(&file, format!("{text}{hash}{}", link(", enc = { as = \"hex\" }"))).unwrap();
    let (exit, out, err) = chains(&["lint", &file]);
    assert_eq!((exit, err.as_str()), (0, ""));
    assert!(out.starts_with("x: compiles; 3 lints\n  unsigned in `l`: "), "{out}");
    assert!(out.contains("  prev-outside-hash in `l` at `/p`: "), "{out}");
    fs::write(&file, format!("{text}{hash}{}", link(", value = { id = \"/i\" }"))).unwrap();
    let (_, out, _) = chains(&["lint", &file]);
    assert!(out.contains("  link-by-id in `l` at `/i`: "), "{out}");
}

#[test]
fn a_workspace_s_profile_replaces_the_shipped_one_and_is_named() {
    let changed = signet().replace("version = \"1\"", "version = \"2\"");
    let added = signet().replace("id = \"signet\"", "id = \"signet-eu\"");
    let folder =
        workspace(&[("signet.toml", &changed), ("signet-eu.toml", &added), ("notes.txt", "no profile")]);
    let path = folder.path().to_str().unwrap();
    let (exit, out, _) = chains(&["list", path]);
    assert_eq!((exit, out.lines().count()), (0, 12));
    assert!(out.contains("  replaced by chains/signet.toml  "), "{out}");
    assert!(out.contains("  added by chains/signet-eu.toml  "), "{out}");
    let (_, out, _) = chains(&["show", "signet", "--workspace", path]);
    assert!(out.starts_with("signet 2\n") && out.contains("\n  replaces  sha256 "), "{out}");
    let (_, out, _) = chains(&["show", "signet-eu", "--workspace", path]);
    assert!(!out.contains("replaces"), "{out}");
}

#[test]
fn what_is_no_profile_ends_with_2_and_says_where_and_what_to_do() {
    let wrong = signet().replace("canon = \"jcs\"", "canon = \"jsc\"");
    let folder = workspace(&[("signet.toml", &wrong)]);
    let path = folder.path().to_str().unwrap();
    let file = at(folder.path(), "chains/signet.toml");
    let line = wrong.lines().position(|line| line.contains("jsc")).unwrap() + 1;

    let (exit, out, err) = chains(&["lint", &file]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(err.starts_with(&format!("error: chain profile {file}:{line}:")), "{err}");
    assert!(err.ends_with("unknown canonicaliser `jsc`\n  help: did you mean `jcs`?\n"), "{err}");
    for command in
        [&["list", path][..], &["lint", "--workspace", path], &["show", "signet", "--workspace", path]]
    {
        let (exit, out, err) = chains(command);
        assert_eq!((exit, out.as_str()), (2, ""), "{command:?}");
        assert!(err.starts_with(&format!("error: chain profile chains/signet.toml:{line}:")), "{err}");
    }

    // One that cannot be used hides none of the others.
    let good = at(folder.path(), "countersign-log.toml");
    let text = ChainLibrary::shipped().unwrap().entry("countersign-log").unwrap().text().to_owned();
    fs::write(&good, text).unwrap();
    let (exit, out, err) = chains(&["lint", &file, &at(folder.path(), "none.toml"), &good]);
    assert_eq!(exit, 2);
    assert!(err.starts_with("error: 2 of 3 chain profiles cannot be used\n  help: "), "{err}");
    assert!(out.starts_with("error: chain profile ") && out.contains("\nerror: cannot read `"), "{out}");
    assert!(out.contains("\ncountersign-log: compiles; "), "{out}");

    for (name, bytes) in [("latin.toml", &b"id = \"\xe9\""[..]), ("empty.toml", b""), ("no.toml", b"id = ")] {
        let file = at(folder.path(), name);
        fs::write(&file, bytes).unwrap();
        let (exit, out, err) = chains(&["lint", &file]);
        assert_eq!((exit, out.as_str()), (2, ""), "{name}");
        assert!(err.contains(name) && err.contains("\n  help: "), "{name}: {err}");
    }
    let (exit, _, err) = chains(&["lint", path]);
    assert!(exit == 2 && err.contains("cannot read"), "{err}");
    let (exit, _, err) = chains(&["show", "signett", "--workspace", at(folder.path(), "elsewhere").as_str()]);
    let expected = "error: no chain profile is named `signett`\n  help: did you mean `signet`?\n";
    assert_eq!((exit, err.as_str()), (2, expected));
}

/// Text of a profile reaches a terminal without its control characters.
#[test]
fn control_characters_of_a_profile_are_not_printed() {
    let text = signet().replace("product = \"Signet\"", "product = \"Sig\\u001b[2Jnet\"");
    let folder = workspace(&[("signet.toml", &text)]);
    let path = folder.path().to_str().unwrap();
    for command in [&["list", path][..], &["show", "signet", "--workspace", path]] {
        let (exit, out, _) = chains(command);
        assert!(exit == 0 && out.contains("net") && !out.contains('\u{1b}'), "{out}");
    }
}
