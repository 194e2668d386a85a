//! Completions and manual pages.

use std::process::{Command, Stdio};

use crate::support::{Workspace, countersign, files};

/// The verbs that `--help` lists.
fn verbs() -> Vec<String> {
    let help = countersign(&["--help"]).out;
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let verbs = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let verbs: Vec<String> = verbs
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|verb| verb != "help")
        .collect();
    assert!(verbs.len() > 10, "{help}");
    verbs
}

#[test]
fn every_shell_gets_a_script_that_knows_every_verb() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = countersign(&["completions", shell]);
        script.says(0, &[]);
        for verb in verbs() {
            assert!(script.out.contains(&verb), "{shell} does not know {verb}");
        }
        assert_eq!(countersign(&["completions", shell]).out, script.out);
    }
    countersign(&["completions", "tcsh"]).says(2, &["tcsh"]);
}

#[test]
fn bash_completes_a_verb_and_an_option() {
    if Command::new("bash").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let script = countersign(&["completions", "bash"]).out;
    for (words, expected) in [("countersign verif", "verify"), ("countersign sample --se", "--seed")] {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMP_LINE='{words}'; \
             COMP_POINT=${{#COMP_LINE}}\n_countersign countersign \"${{COMP_WORDS[COMP_CWORD]}}\" countersign\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
        let reply = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(reply.trim(), expected, "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_command_has_its_manual_page() {
    let folder = Workspace::empty();
    let out = folder.at("man");
    let ran = countersign(&["man", "--out", out.to_str().unwrap()]);
    ran.says(0, &["wrote manual pages"]);
    let pages = files(&out);
    let page = |name: &str| {
        let found =
            pages.iter().find(|(page, _)| page == name).unwrap_or_else(|| panic!("{name} is missing"));
        String::from_utf8(found.1.clone()).unwrap()
    };
    assert!(page("countersign.1").starts_with(".ie") || page("countersign.1").contains(".TH countersign"));
    for verb in verbs() {
        assert!(page(&format!("countersign-{verb}.1")).contains(".SH NAME"), "{verb}");
    }
    assert!(page("countersign-sample.1").contains("seed"));
    let again = folder.at("again");
    countersign(&["man", "--out", again.to_str().unwrap()]).says(0, &[]);
    assert!(files(&again) == pages);
    folder.write("file", "");
    let file = folder.at("file");
    countersign(&["man", "--out", file.to_str().unwrap()])
        .says(5, &["cannot write to", "help: name a folder"]);
}
