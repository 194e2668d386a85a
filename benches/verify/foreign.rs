//! Logs of other products, which chain profiles describe.
//!
//! Values are plain ASCII and members stand in the order of their names, so that what is hashed is what is written here,
//! with or without blanks.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::clock::Moment;
use countersign::digest::Digest;
use ed25519_dalek::Signer as _;

use super::input::{Input, LOG, START_MS, trusted};

/// Writes a log of hashes alone: the Python `AuditLog` of the Agent Governance Toolkit, over whose members a hash is made in
/// another spelling than theirs.
pub(crate) fn chained(folder: &Path, bytes: u64) -> Input {
    let arguments = ["--chain", "agt-python-log", "--log", LOG].map(Into::into).into();
    let mut previous = String::new();
    let entry = |number: u64| {
        let time = time(number).trim_end_matches('Z').to_owned() + "000+00:00";
        // Python writes no fraction where there is none.
        let time = time.replace(".000000", "");
        let hashed = [
            ("action", "\"db.write\"".to_owned()),
            ("agent_did", format!("\"did:mesh:{:032x}\"", number % 60)),
            (
                "data",
                format!(
                    "{{\"region\": \"eu-central\", \"request\": \"r-{number}\", \"rows\": {}}}",
                    number % 100
                ),
            ),
            ("entry_id", format!("\"audit_{number:016x}\"")),
            ("event_type", "\"tool_invocation\"".to_owned()),
            ("outcome", "\"success\"".to_owned()),
            ("previous_hash", format!("\"{previous}\"")),
            ("resource", format!("\"db-{}\"", number % 40)),
            ("timestamp", format!("\"{time}\"")),
        ]
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .join(", ");
        previous = Digest::of(format!("{{{hashed}}}").as_bytes()).to_string();
        format!(
            "{{{hashed}, \"entry_hash\": \"{previous}\", \"matched_rule\": \"rule-7\", \"policy_decision\": \"allow\", \
             \"target_did\": null, \"trace_id\": \"{number:032x}\"}}"
        )
    };
    let file = folder.join(format!("foreign-{bytes}.jsonl"));
    let (bytes, lines) = write(&file, |written, _| written < bytes, entry);
    Input { file, bytes, lines, arguments, pinned: 0 }
}

/// Writes a log of receipts that are each signed, in a chain of hashes: Signet.
pub(crate) fn signed(folder: &Path, lines: u64) -> Input {
    let mut arguments = trusted(folder);
    arguments.extend(["--chain", "signet"].map(Into::into));
    let key = Input::key();
    let public = STANDARD.encode(key.verifying_key().as_bytes());
    let mut previous = format!("sha256:{}", Digest::ZERO);
    let record = |number: u64| {
        let parameters =
            format!("{{\"db\":\"db-{}\",\"region\":\"eu-central\",\"request\":\"r-{number}\"}}", number % 40);
        let action = format!(
            "{{\"params\":{parameters},\"params_hash\":\"sha256:{}\",\"target\":\"mcp://db\",\"tool\":\"db.write\",\"transport\":\"stdio\"}}",
            Digest::of(parameters.as_bytes()),
        );
        let signer =
            format!("{{\"name\":\"a{}\",\"owner\":\"ops\",\"pubkey\":\"ed25519:{public}\"}}", number % 60);
        let nonce = format!("\"rnd_{number:032x}\"");
        let time = time(number);
        let body = format!(
            "{{\"action\":{action},\"nonce\":{nonce},\"signer\":{signer},\"ts\":\"{time}\",\"v\":1}}"
        );
        let signature = key.sign(body.as_bytes()).to_bytes();
        let id = &Digest::of(&signature).to_string()[..32];
        let receipt = format!(
            "{{\"action\":{action},\"id\":\"rec_{id}\",\"nonce\":{nonce},\"sig\":\"ed25519:{}\",\"signer\":{signer},\"ts\":\"{time}\",\"v\":1}}",
            STANDARD.encode(signature),
        );
        let hashed = format!("{{\"prev_hash\":\"{previous}\",\"receipt\":{receipt}}}");
        previous = format!("sha256:{}", Digest::of(hashed.as_bytes()));
        format!("{},\"record_hash\":\"{previous}\"}}", &hashed[..hashed.len() - 1])
    };
    let file = folder.join(format!("foreign-signed-{lines}.jsonl"));
    let (bytes, lines) = write(&file, |_, written| written < lines, record);
    Input { file, bytes, lines, arguments, pinned: lines }
}

fn time(number: u64) -> String {
    Moment::from_ms(START_MS).plus_ms(i64::try_from(number).unwrap()).to_string()
}

/// Writes lines while `more`, given the bytes and lines so far, says so; returns both.
fn write(file: &Path, more: impl Fn(u64, u64) -> bool, mut line: impl FnMut(u64) -> String) -> (u64, u64) {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file).unwrap());
    let (mut bytes, mut lines) = (0, 0);
    while more(bytes, lines) {
        let line = line(lines);
        out.write_all(line.as_bytes()).unwrap();
        out.write_all(b"\n").unwrap();
        bytes += line.len() as u64 + 1;
        lines += 1;
    }
    out.flush().unwrap();
    (bytes, lines)
}
