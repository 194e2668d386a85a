//! Writes and verifies logs with the Rust SDK of the Agent Governance Toolkit, crate `agentmesh`.
//!
//! `emit [MAX]` reads `[[agent, action, decision], …]` on stdin and prints what `AuditLogger::export_json` gives, of a logger that
//! keeps at most MAX entries. `verify` reads one export per line (a JSON array) and prints one line for each: `ok`, or why not.

use std::io::{BufRead, Read};
use std::process::ExitCode;

use agentmesh::{AuditEntry, AuditLogger, HashChainVerifier};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("emit") => emit(),
        Some("verify") => verify(),
        _ => {
            eprintln!("usage: agt-rust-emitter emit|verify");
            ExitCode::from(2)
        }
    }
}

fn emit() -> ExitCode {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("stdin is text");
    let wanted: Vec<(String, String, String)> = serde_json::from_str(&text).expect("stdin holds triples");
    let log = match std::env::args().nth(2) {
        Some(most) => AuditLogger::with_max_entries(most.parse().expect("MAX is a number")),
        None => AuditLogger::new(),
    };
    for (agent, action, decision) in &wanted {
        log.log(agent, action, decision);
    }
    assert!(log.verify(), "the product verifies its own log");
    print!("{}", log.export_json());
    ExitCode::SUCCESS
}

fn verify() -> ExitCode {
    for line in std::io::stdin().lock().lines() {
        println!("{}", verdict(&line.expect("stdin is text")));
    }
    ExitCode::SUCCESS
}

fn verdict(text: &str) -> String {
    match serde_json::from_str::<Vec<AuditEntry>>(text) {
        Ok(entries) if HashChainVerifier::verify(&entries) => "ok".to_owned(),
        Ok(_) => "chain broken".to_owned(),
        Err(error) => format!("unreadable: {error}"),
    }
}
