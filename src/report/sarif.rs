//! SARIF 2.1.0, for code hosts: one rule per test, one result per exception, and what else a job must not overlook.
//!
//! In: the report, and the same report as `check` compares it with a baseline. Out: bytes. A code host shows a result only on
//! a file of the repository, so the primary location is the workspace file, and the place in the log is a related one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::check::{Check, CheckException};
use super::model::{Report, Test, TestOutcome};
use super::visible::visible;
use crate::integrity::verdict::Verdict;

/// Results written at most: the most that the largest code host keeps of one run. The full list is in `check --json`.
pub const MAX_RESULTS: usize = 5_000;

/// Results that are not exceptions of a test.
const LOG_RULE: &str = "integrity";

/// Returns the SARIF document. `workspace_file` is where the workspace file lies in the repository; `as_alerts` also raises an alert
/// for what could not be tested, which SARIF itself calls `open` and code hosts do not show.
pub fn to_bytes(report: &Report, check: &Check, workspace_file: &str, as_alerts: bool) -> Vec<u8> {
    let writer = Writer { report, workspace_file, as_alerts };
    let mut results = writer.logs();
    results.extend(writer.unable());
    let room = MAX_RESULTS.saturating_sub(results.len());
    let shown = check.exceptions.len().min(room);
    results.extend(check.exceptions.iter().take(room).map(|exception| writer.exception(exception)));
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "countersign", "version": env!("CARGO_PKG_VERSION"), "rules": writer.rules() } },
            "automationDetails": { "id": format!("countersign/{}/", plain(&report.system)) },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "asOf": report.as_of,
                "exceptions": check.exceptions.len(),
                "exceptionsShown": shown,
            },
        }],
    });
    let mut bytes = serde_json::to_vec_pretty(&document).expect("strings, numbers and lists are JSON");
    bytes.push(b'\n');
    bytes
}

struct Writer<'a> {
    report: &'a Report,
    workspace_file: &'a str,
    as_alerts: bool,
}

impl Writer<'_> {
    fn rules(&self) -> Vec<Value> {
        let integrity = json!({
            "id": LOG_RULE,
            "name": "LogIntegrity",
            "shortDescription": { "text": "Every log is as it was written" },
            "defaultConfiguration": { "level": "error" },
        });
        let tests = self.report.tests.iter().map(|test| {
            json!({
                "id": test.id,
                "name": name(&test.slug),
                "shortDescription": { "text": message(&test.title) },
                "fullDescription": { "text": message(&test.objective) },
                "help": { "text": message(&format!("{} It cannot show: {}", test.remedy, test.cannot_show)) },
                "defaultConfiguration": { "level": level(&test.severity) },
                "properties": { "tags": [test.kind, format!("severity:{}", test.severity)] },
            })
        });
        std::iter::once(integrity).chain(tests).collect()
    }

    fn exception(&self, exception: &CheckException) -> Value {
        let what = format!(
            "{}: {} of {}",
            exception.summary,
            if exception.native_id.is_empty() { "an item" } else { &exception.native_id },
            exception.source
        );
        let mut result = json!({
            "ruleId": exception.test,
            "kind": "fail",
            "level": level(&exception.severity),
            "message": { "text": message(&what) },
            "locations": [self.primary()],
            "relatedLocations": [related(&exception.object, exception.line)],
            "partialFingerprints": { "approvalException/v1": exception.id },
            "baselineState": if exception.state == "closed" { "absent" } else { exception.state.as_str() },
            "properties": { "source": plain(&exception.source), "also": exception.also, "severity": exception.severity },
        });
        if let Some(waiver) = &exception.accepted {
            result["suppressions"] = json!([{ "kind": "external", "justification": message(&format!("accepted under waiver {waiver}")) }]);
        }
        result
    }

    /// Returns a result for every log that was altered.
    fn logs(&self) -> Vec<Value> {
        let altered = self.report.logs.iter().filter(|log| log.verdict == Verdict::Altered);
        altered
            .map(|log| {
                let first = log.breaks.first();
                let why =
                    first.map_or_else(String::new, |found| format!(": {}: {}", found.kind, found.detail));
                let place = first.map(|found| related(&found.object, found.line));
                json!({
                    "ruleId": LOG_RULE,
                    "kind": "fail",
                    "level": "error",
                    "message": { "text": message(&format!("log {} is altered{why}", log.log)) },
                    "locations": [self.primary()],
                    "relatedLocations": place.into_iter().collect::<Vec<Value>>(),
                    "partialFingerprints": { "alteredLog/v1": plain(&format!("{}/{}", log.source, log.log)) },
                })
            })
            .collect()
    }

    /// Returns a result for every test that could not say.
    fn unable(&self) -> Vec<Value> {
        let unable = |test: &&Test| test.result == TestOutcome::UnableToTest;
        let (kind, level) = if self.as_alerts { ("fail", "warning") } else { ("open", "none") };
        let tests = self.report.tests.iter().filter(unable);
        tests
            .map(|test| {
                let why: BTreeMap<&str, ()> =
                    test.reasons.iter().map(|reason| (reason.as_str(), ())).collect();
                let why: Vec<&str> = why.into_keys().take(3).collect();
                let what = format!(
                    "{}: unable to test, {} of {} items untestable. {}",
                    test.id,
                    test.untestable,
                    test.population,
                    why.join("; ")
                );
                json!({
                    "ruleId": test.id,
                    "kind": kind,
                    "level": level,
                    "message": { "text": message(&what) },
                    "locations": [self.primary()],
                    "partialFingerprints": { "unableToTest/v1": test.id },
                })
            })
            .collect()
    }

    fn primary(&self) -> Value {
        json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(self.workspace_file) },
            "region": { "startLine": 1 },
        } })
    }
}

fn related(object: &str, line: u64) -> Value {
    json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(object) }, "region": { "startLine": line.max(1) } },
        "message": { "text": message(&format!("{object}:{line}")) },
    })
}

/// Returns the level of a severity.
fn level(severity: &str) -> &'static str {
    match severity {
        "critical" | "high" => "error",
        "medium" => "warning",
        _ => "note",
    }
}

/// Returns a slug as a rule name: `self-approval` as `SelfApproval`.
fn name(slug: &str) -> String {
    slug.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// Returns `text` without invisible characters.
fn plain(text: &str) -> String {
    visible(text).into_owned()
}

/// Returns `text` so that no viewer finds a link or a placeholder in it (SARIF 2.1.0, 3.11.5 and 3.11.6).
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '[' | ']' | '\\' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            c => out.push(c),
        }
    }
    out
}

/// Returns `path` as a relative reference (RFC 3986 §4.2): every byte that is not plain is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn sarif(as_alerts: bool) -> Value {
        let report = fixture::report();
        let check = Check::new(&report, 1, None);
        serde_json::from_slice(&to_bytes(&report, &check, "audit/countersign.toml", as_alerts)).unwrap()
    }

    #[test]
    fn every_exception_is_a_result_with_its_stable_id() {
        let report = fixture::report();
        let document = sarif(false);
        let results = document["runs"][0]["results"].as_array().unwrap();
        for exception in &report.exceptions {
            let found = results
                .iter()
                .find(|result| result["partialFingerprints"]["approvalException/v1"] == exception.id.as_str())
                .unwrap();
            assert_eq!(found["kind"], "fail");
            assert_eq!(found["ruleId"], exception.test.as_str());
            assert_eq!(found.get("suppressions").is_some(), exception.accepted.is_some());
        }
        assert!(!report.exceptions.is_empty());
    }

    #[test]
    fn untestable_test_is_open_and_an_alert_only_where_asked() {
        let kinds = |as_alerts| {
            let document = sarif(as_alerts);
            let results = document["runs"][0]["results"].as_array().unwrap().clone();
            let unable = results
                .into_iter()
                .filter(|result| !result["partialFingerprints"]["unableToTest/v1"].is_null());
            unable.map(|result| (result["kind"].clone(), result["level"].clone())).collect::<Vec<_>>()
        };
        assert!(!kinds(false).is_empty());
        assert!(kinds(false).iter().all(|(kind, level)| kind == "open" && level == "none"));
        assert!(kinds(true).iter().all(|(kind, level)| kind == "fail" && level == "warning"));
    }

    #[test]
    fn text_from_a_log_makes_no_link_and_no_placeholder() {
        assert_eq!(message("[x](javascript:1) {0} \u{202e}"), "\\[x\\](javascript:1) {{0}} ‹U+202E›");
        assert_eq!(uri("logs/a b\"?.jsonl"), "logs/a%20b%22%3F.jsonl");
    }

    #[test]
    fn hostile_text_makes_no_link_no_placeholder_and_nothing_hidden() {
        let report = fixture::hostile();
        let check = Check::new(&report, 1, None);
        let bytes = to_bytes(&report, &check, "audit/countersign.toml", true);
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let (mut messages, mut uris) = (0, 0);
        let mut open = vec![("", &document)];
        while let Some((name, value)) = open.pop() {
            match value {
                Value::String(text) => {
                    assert!(fixture::is_plain(text), "{name}: {text:?}");
                    if name == "text" {
                        messages += 1;
                        let bare = text.replace("\\\\", "").replace("\\[", "").replace("\\]", "");
                        let bare = bare.replace("{{", "").replace("}}", "");
                        assert!(!bare.contains(['[', ']', '{', '}']), "{text}");
                    } else if name == "uri" {
                        uris += 1;
                        assert!(
                            text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)),
                            "{text}"
                        );
                    }
                }
                Value::Array(list) => open.extend(list.iter().map(|item| (name, item))),
                Value::Object(members) => {
                    open.extend(members.iter().map(|(name, value)| (name.as_str(), value)))
                }
                _ => {}
            }
        }
        assert!(messages > report.exceptions.len() && uris > report.exceptions.len());
        let results = document["runs"][0]["results"].as_array().unwrap();
        assert!(results.len() >= report.exceptions.len());
    }
}
