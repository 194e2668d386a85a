//! What the program writes where somebody looks, and where nobody does: colour, and the progress bar.

use std::path::Path;
use std::process::{Command, Stdio};

use super::support::{ACME_PACK, AS_OF, sample};

/// What a run wrote, standard output and standard error together as a terminal shows them.
struct Shown {
    exit: Option<i32>,
    text: String,
}

/// Runs the program with both outputs on pipes.
fn piped(args: &[&str], env: &[(&str, &str)]) -> Shown {
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(args)
        .env_clear()
        .envs(env.iter().copied())
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    Shown { exit: output.status.code(), text: String::from_utf8(text).unwrap() }
}

/// Runs the program with standard error on a terminal that `script` makes; its standard output is thrown away.
fn on_terminal(args: &[&str], env: &[(&str, &str)]) -> Shown {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let words: Vec<String> =
        [env!("CARGO_BIN_EXE_countersign")].iter().chain(args).map(|word| quoted(word)).collect();
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &format!("{} > /dev/null", words.join(" ")), "/dev/null"])
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("TERM", "xterm"), ("SHELL", "/bin/sh")])
        .envs(env.iter().copied())
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Shown { exit: output.status.code(), text: String::from_utf8_lossy(&output.stdout).into_owned() }
}

fn has_escape(shown: &Shown) -> bool {
    // Also the one-byte forms of the introducers that terminals know.
    shown.text.chars().any(|c| matches!(c, '\u{1b}' | '\u{80}'..='\u{9f}'))
}

#[test]
fn piped_output_holds_no_escape_sequence() {
    let acme = sample("acme");
    let acme = acme.to_str().unwrap();
    let pack = ACME_PACK.0.to_str().unwrap();
    let broken = sample("broken");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terminal-pack");
    let runs: &[(&[&str], i32)] = &[
        (&["check", acme, "--as-of", AS_OF], 1),
        (&["check", broken.to_str().unwrap(), "--as-of", AS_OF], 3),
        (&["report", broken.to_str().unwrap(), "--formats", "json", "--out", out.to_str().unwrap()], 3),
        (&["verify", pack], 4),
        (&["diff", pack, pack], 0),
        (&["controls", "list"], 0),
        (&["sources", "list"], 0),
        (&["--help"], 0),
        (&["check", "--no-such-option"], 2),
        (&["check", "no/such/folder"], 2),
    ];
    for (args, exit) in runs {
        // A terminal elsewhere is no reason: `TERM` says what it is, not that somebody looks.
        let shown = piped(args, &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
        assert_eq!(shown.exit, Some(*exit), "{args:?}: {}", shown.text);
        assert!(!shown.text.is_empty() && !has_escape(&shown), "{args:?}: {:?}", shown.text);
    }
}

#[test]
fn colour_is_asked_for_by_option_or_environment() {
    let bad = ["check", "no/such/folder"];
    let usage = ["check", "--no-such-option"];
    assert!(has_escape(&piped(&[&bad[..], &["--color", "always"]].concat(), &[])));
    assert!(has_escape(&piped(&[&usage[..], &["--color=always"]].concat(), &[])));
    assert!(has_escape(&piped(&bad, &[("CLICOLOR_FORCE", "1")])));
    assert!(!has_escape(&piped(&bad, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])));
    assert!(!has_escape(&piped(&[&usage[..], &["--color", "never"]].concat(), &[("CLICOLOR_FORCE", "1")])));
    assert!(has_escape(&on_terminal(&bad, &[])));
    assert!(!has_escape(&on_terminal(&bad, &[("NO_COLOR", "1")])));
    assert!(!has_escape(&on_terminal(&[&bad[..], &["--color", "never"]].concat(), &[])));
    // The result itself is never coloured.
    let list = ["controls", "list"];
    assert_eq!(piped(&list, &[("CLICOLOR_FORCE", "1")]).text, piped(&list, &[]).text);
}

#[test]
fn progress_is_shown_on_a_terminal_and_nowhere_else() {
    let clean = sample("clean");
    let check = ["check", clean.to_str().unwrap(), "--as-of", AS_OF];
    let shown = on_terminal(&check, &[]);
    assert_eq!(shown.exit, Some(0), "{}", shown.text);
    assert!(shown.text.contains("reading ") && shown.text.contains(" segments"), "{:?}", shown.text);
    // It is gone in the end: the last thing drawn is an erased line.
    let last = shown.text.rfind("segments").unwrap();
    assert!(shown.text[last..].contains("\u{1b}[2K"), "{:?}", shown.text);
    let quiet = [&check[..], &["--quiet"]].concat();
    for (args, env) in
        [(&quiet[..], ("A", "b")), (&check[..], ("CI", "true")), (&check[..], ("TERM", "dumb"))]
    {
        let shown = on_terminal(args, &[env]);
        assert_eq!(shown.exit, Some(0), "{}", shown.text);
        assert!(!shown.text.contains("reading "), "{env:?}: {:?}", shown.text);
    }
    assert!(!piped(&check, &[("TERM", "xterm")]).text.contains("reading "));
}
