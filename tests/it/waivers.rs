//! Waivers: what they accept and what not, on `samples/acme` and its exceptions; and files that are refused.

use std::path::Path;

use countersign::digest::Digest;
use countersign::report::model::{Report, Waiver};

use crate::support::{ACME_PACK, AS_OF, Ran, Workspace, copy_folder, countersign, files, outcomes};

/// A waiver of `samples/acme` in force for most of the period, before `lines` are laid over it.
fn waiver(id: &str, test: &str, scope: &str, lines: &[(&str, &str)]) -> String {
    let mut keys = vec![
        ("schema", "\"countersign/waiver/1\"".to_owned()),
        ("id", format!("\"{id}\"")),
        ("test", format!("\"{test}\"")),
        ("match", format!("{{ {scope} }}")),
        ("max_rows", "5".to_owned()),
        ("reason", "\"Quarter-end freeze: reviewers confirm on the first working day after.\"".to_owned()),
        ("owner", "\"tomas.dvorak\"".to_owned()),
        ("approved_by", "\"marta.nunez\"".to_owned()),
        ("approved_on", "2026-07-05T12:00:00Z".to_owned()),
        ("expires", "2026-10-01".to_owned()),
    ];
    for (key, value) in lines {
        keys.retain(|(known, _)| known != key);
        if !value.is_empty() {
            keys.push((key, (*value).to_owned()));
        }
    }
    keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
}

/// Returns state, accepted and matched items, and reasons.
fn summary(waiver: &Waiver) -> (&str, u64, u64, Vec<&str>) {
    let reasons = waiver.reasons.iter().map(String::as_str).collect();
    (&waiver.state, waiver.accepted, waiver.matched, reasons)
}

/// Each waiver below fails one condition, or none. Nothing else of the report may move.
#[test]
fn exceptions_are_accepted_only_where_nothing_speaks_against_it() {
    let before: Report = serde_json::from_slice(&read(&ACME_PACK.0.join("data/01_report.json"))).unwrap();
    let reviewer = before.exceptions.iter().find(|found| found.native_id == "dc-18286").unwrap();
    let party = reviewer.facts.iter().find(|(label, _)| label == "accountable person").unwrap().1.clone();
    let party = format!("\"{party}\"");

    let workspace = Workspace::copy_of("acme");
    let gate = "source = [\"gate-eu\"]";
    let stands_in = |test: &str| format!("{{ test = \"{test}\", why = \"The log is whole.\" }}");
    let (log, bg, unknown) = (stands_in("LOG-04"), stands_in("BG-01"), stands_in("CHG-09"));
    for text in [
        waiver("W-A", "BG-01", gate, &[("approved_on", "2026-08-10T08:00:00Z")]),
        waiver("W-B", "BG-01", "native_id = [\"nothing\"]", &[]),
        waiver("W-C", "AUTHZ-06", gate, &[("max_rows", "3")]),
        waiver("W-D", "SOD-02", "env = [\"prod\"]", &[("approved_by", &party), ("max_rows", "99")]),
        waiver("W-E", "AUTHZ-04", gate, &[("compensating", &bg)]),
        waiver("W-F", "AUTHZ-03", gate, &[("expires", "2026-08-20")]),
        waiver("W-G", "AUTHZ-02", "resource = [\"*\"]", &[("compensating", &log)]),
        waiver("W-H", "AGT-01", gate, &[("max_rows", "9")]),
        waiver("W-I", "AUTHZ-04", gate, &[("compensating", &unknown)]),
        waiver("W-J", "SOD-03", "case = [\"gate-eu:request:rq-20662\"]", &[]),
        waiver("W-K", "SOD-03", &format!("{gate}, from = 2026-08-01, to = 2026-08-15"), &[]),
    ] {
        let id = text.split('"').nth(3).unwrap().to_owned();
        workspace.write(&format!("waivers/{id}.toml"), text);
    }
    workspace.write("waivers/README.md", "Why we keep them here.");
    let run = workspace.library(None);
    let report = run.assessment.report();

    let found: Vec<_> = report.waivers.iter().map(summary).collect();
    let party_to = found[3].3[0];
    assert!(party_to.starts_with("its approver") && party_to.contains("is party to"), "{party_to}");
    let expected = [
        ("W-A", "applied", 3, 5, vec!["2 matching items happened before it was in force"]),
        ("W-B", "unused", 0, 0, vec![]),
        ("W-C", "void", 0, 4, vec!["4 items match, more than the 3 it may cover"]),
        ("W-D", "void", 0, found[3].2, vec![party_to]),
        ("W-E", "void", 0, 4, vec!["the test of its compensating control, BG-01, gave: exceptions noted"]),
        ("W-F", "applied", 2, 4, vec!["2 matching items happened after its end"]),
        ("W-G", "applied", 4, 4, vec![]),
        (
            "W-H",
            "unused",
            0,
            6,
            vec!["6 matching items have a party whom the roster does not name, who may be its approver"],
        ),
        ("W-I", "void", 0, 4, vec!["the test of its compensating control, CHG-09, did not run"]),
        ("W-J", "applied", 1, 1, vec![]),
        ("W-K", "applied", 1, 1, vec![]),
    ];
    for (waiver, (found, expected)) in report.waivers.iter().zip(found.into_iter().zip(expected)) {
        assert_eq!(
            (waiver.id.as_str(), found),
            (expected.0, (expected.1, expected.2, expected.3, expected.4))
        );
    }
    assert!(report.waivers.iter().all(|waiver| waiver.expired), "each has ended by as-of");

    // No outcome moves, and no item goes: exceptions are accepted, and stay.
    assert_eq!(outcomes(report), outcomes(&before));
    let accepted = |test: &str| report.tests.iter().find(|found| found.id == test).unwrap().accepted;
    let tests = ["AUTHZ-02", "AUTHZ-03", "AUTHZ-04", "AUTHZ-06", "BG-01", "SOD-02", "SOD-03", "AGT-01"];
    assert_eq!(tests.map(accepted), [4, 2, 0, 0, 3, 0, 2, 0]);
    let ids = |report: &Report| report.exceptions.iter().map(|found| found.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(report), ids(&before));
    let by = |waiver: &str| {
        let all = report.exceptions.iter().filter(|found| found.accepted.as_deref() == Some(waiver));
        all.map(|found| found.native_id.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(by("W-A"), ["ex-62377", "ex-62791", "ex-62942"]);
    assert_eq!(by("W-J"), ["dc-18360"]);
    // Their other test, AUTHZ-01, is not waived: they stay open, and say so.
    assert_eq!((by("W-G"), by("W-F")), (vec![], vec![]));
    let partly = ("accepted in part".to_owned(), "AUTHZ-02 by waiver W-G".to_owned());
    assert_eq!(report.exceptions.iter().filter(|found| found.facts.contains(&partly)).count(), 4);
    let table = &run.tables["waiver"];
    assert_eq!(table.height(), 11);
}

/// The pack carries the waivers, a run from the pack uses them, and nobody can add or change one.
#[test]
fn a_pack_derives_with_its_own_waivers_and_no_others() {
    let workspace = Workspace::copy_of("acme");
    workspace
        .edit("countersign.toml", |text| text.replace("key     = \"keys/acme-report-TEST-KEY.pem\"\n", ""));
    let out = workspace.at("pack");
    let text = waiver("W-A", "BG-01", "source = [\"gate-eu\", \"hoop\"]", &[("max_rows", "9")]);
    workspace.write("waivers/a.toml", &text);
    let args =
        ["report", workspace.at("").to_str().unwrap(), "--out", out.to_str().unwrap()].map(str::to_owned);
    let args: Vec<String> =
        args.into_iter().chain(["--as-of", AS_OF, "--formats", "json,html"].map(str::to_owned)).collect();
    countersign(&args).says(0, &[]);
    let page = String::from_utf8(read(&out.join("data/01_report.html"))).unwrap();
    assert!(page.contains("W-A") && page.contains("Quarter-end freeze") && page.contains("1 applied"));
    let items: serde_json::Value =
        serde_json::from_slice(&read(&out.join("data/02_machine/items.json"))).unwrap();
    let states = items["BG-01"].as_array().unwrap().iter();
    assert_eq!(states.filter(|item| item["state"] == "accepted").count(), 7);
    assert_eq!(read(&out.join("data/07_policy/waivers/a.toml")), text.as_bytes());

    let ran = verify(&out);
    assert_eq!((ran.exit, &ran.json()["pack"]["derivation"]), (4, &"same".into()), "unsigned: {ran:#?}");
    // Another waiver, or one with another cap, and manifests that fit.
    for (name, text) in [
        ("b.toml", waiver("W-B", "AUTHZ-06", "source = [\"gate-eu\"]", &[])),
        ("a.toml", text.replace("max_rows = 9", "max_rows = 8")),
    ] {
        let forged = Workspace::empty();
        copy_folder(&out, &forged.at("pack"));
        forged.write(&format!("pack/data/07_policy/waivers/{name}"), text);
        sealed_again(&forged.at("pack"));
        let ran = verify(&forged.at("pack"));
        assert_eq!((ran.exit, &ran.json()["pack"]["derivation"]), (3, &"differs".into()), "{ran:#?}");
    }
}

fn verify(pack: &Path) -> Ran {
    countersign(&["verify", pack.to_str().unwrap(), "--json"])
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Writes the manifests of an unsigned pack anew, as whoever changed a file would.
fn sealed_again(pack: &Path) {
    let all = files(pack);
    let payload: Vec<_> = all.iter().filter(|(name, _)| name.starts_with("data/")).collect();
    let bytes: usize = payload.iter().map(|(_, bytes)| bytes.len()).sum();
    let lines = |files: Vec<&(String, Vec<u8>)>| -> String {
        files.iter().map(|(name, bytes)| format!("{}  {name}\n", Digest::of(bytes))).collect()
    };
    let oxum = format!("Payload-Oxum: {bytes}.{}", payload.len());
    std::fs::write(pack.join("manifest-sha256.txt"), lines(payload)).unwrap();
    let info = String::from_utf8(read(&pack.join("bag-info.txt"))).unwrap();
    let info: Vec<&str> = info
        .lines()
        .map(|line| if line.starts_with("Payload-Oxum") { oxum.as_str() } else { line })
        .collect();
    std::fs::write(pack.join("bag-info.txt"), info.join("\n") + "\n").unwrap();
    let all = files(pack);
    let tags = all.iter().filter(|(name, _)| !name.starts_with("data/") && name != "tagmanifest-sha256.txt");
    std::fs::write(pack.join("tagmanifest-sha256.txt"), lines(tags.collect())).unwrap();
}

#[test]
fn what_is_wrong_is_refused_with_file_line_and_help() {
    let workspace = Workspace::copy_of("clean");
    let people = workspace.read("reference/people.csv");
    let person = |at: usize| people.lines().nth(at).unwrap().split(',').next().unwrap().to_owned();
    let (owner, approver) = (format!("\"{}\"", person(1)), format!("\"{}\"", other_person(&people)));
    let file = "waivers/w.toml";
    let good = |lines: &[(&str, &str)]| {
        let people = [("owner", owner.as_str()), ("approved_by", approver.as_str())];
        let period = [("approved_on", "2026-06-02"), ("expires", "2026-07-01")];
        let lines: Vec<_> = people.into_iter().chain(period).chain(lines.iter().copied()).collect();
        waiver("W-1", "BG-01", "source = [\"gate-eu\"]", &lines)
    };
    workspace.write(file, good(&[]));
    workspace.run("check", &[]).says(0, &["waiver `W-1` (`waivers/w.toml`), unused", "no exception fits it"]);
    for (lines, message, help) in [
        (&[("expires", "")][..], "line 1: missing field `expires`", "every waiver ends"),
        (
            &[("expires", "2026-09-15")],
            "line 10: expires more than 90 days after it was approved",
            "let it end earlier",
        ),
        (&[("expires", "2026-06-02")], "line 10: expires at", "from the next day on"),
        (&[("expires", "\"soon\"")], "line 10: invalid type", "every key"),
        (&[("approved_by", &owner)], "line 10: the approver", "gains nothing from it"),
        (
            &[("approved_by", "\"nobody\"")],
            "line 10: the approver `nobody` is no person in force",
            "of the roster",
        ),
        (&[("owner", "\"nobody\"")], "line 10: the owner `nobody`", "namespace:id"),
        (&[("requested_by", &approver)], "line 8: the approver", "gains nothing from it"),
        (&[("test", "\"LOG-01\"")], "line 10: LOG-01 says how far the evidence goes", "[[known_break]]"),
        (&[("test", "\"BG-1\"")], "line 10: unknown test `BG-1`", "did you mean `BG-01`?"),
        (&[("match", "{}")], "line 10: `match` names no exception", "name what is accepted"),
        (&[("match", "{ source = [] }")], "line 10: `match` names no exception", "name what is accepted"),
        (
            &[("match", "{ from = 2026-06-05 }")],
            "line 10: `match` names no exception",
            "name what is accepted",
        ),
        (&[("match", "{ resource = [\"a[\"] }")], "line 10: ", "correct the glob"),
        (&[("match", "{ sauce = [\"gate-eu\"] }")], "line 10: unknown field `sauce`", "every key"),
        (&[("max_rows", "0")], "line 10: expected `max_rows` to be 1 or more", "how many items"),
        (&[("max_rows", "")], "line 1: missing field `max_rows`", "every key"),
        (&[("reason", "\" \"")], "line 10: expected words in `reason`", "auditor"),
        (&[("id", "\"a b\"")], "line 10: `a b` is no id", "letters"),
        (&[("schema", "\"countersign/waiver/9\"")], "line 10: expected schema", "this version"),
        (
            &[("compensating", "{ test = \"BG-01\", why = \"x\" }")],
            "line 11: BG-01 cannot stand in for itself",
            "another",
        ),
        (
            &[("compensating", "{ test = \"log\", why = \"x\" }")],
            "line 11: unknown test `log`",
            "lists the tests",
        ),
        (&[("effect", "\"remove\"")], "line 11: unknown field `effect`", "every key"),
    ] {
        workspace.write(file, good(lines));
        workspace.run("check", &[]).refuses(&[&format!("`{file}`, {}", message.trim_start()), help]);
    }
    workspace.write(file, good(&[]));
    workspace.write("waivers/x.toml", good(&[]));
    workspace.run("check", &[]).refuses(&["`waivers/x.toml` states the waiver `W-1`", "an id of its own"]);
    std::fs::remove_file(workspace.at("waivers/x.toml")).unwrap();
    workspace.write("waivers/w.yaml", "id: W-1");
    workspace.run("check", &[]).refuses(&["`waivers/w.yaml` is no waiver", "one TOML file per waiver"]);
    std::fs::remove_file(workspace.at("waivers/w.yaml")).unwrap();
    // Without a roster nobody is known, and so nobody can approve.
    workspace.edit("countersign.toml", |text| {
        text.lines().filter(|line| !line.starts_with("people")).map(|line| format!("{line}\n")).collect()
    });
    workspace.run("check", &[]).refuses(&["is no person in force", "of the roster"]);
}

fn other_person(people: &str) -> &str {
    let mut humans = people.lines().filter(|line| line.split(',').nth(2) == Some("human"));
    let first = humans.next().unwrap().split(',').next();
    humans.map(|line| line.split(',').next()).find(|name| *name != first).unwrap().unwrap()
}
