//! What shows that records are all there: a census of objects, counts, an earlier pack's checkpoint, and records in two logs.

use std::fs;

use countersign::digest::Digest;
use countersign::report::check::Check;
use countersign::report::json;
use countersign::report::model::TestOutcome;

use crate::support::{Workspace, copy_folder, countersign, result};

/// Returns what `sha256sum` prints over files of a workspace.
fn census_of(workspace: &Workspace, names: &[&str]) -> String {
    let line = |name: &&str| format!("{}  {name}\n", Digest::of(&fs::read(workspace.at(name)).unwrap()));
    names.iter().map(line).collect()
}

/// Returns the id and the objects of the source of the clean sample that has no chain.
fn plain(workspace: &Workspace) -> (String, Vec<String>) {
    let (_, check) = workspace.check();
    let source = check.sources.iter().find(|source| source.id != "gate-eu").unwrap();
    (source.id.clone(), source.objects.clone())
}

/// Declares a census for the source `id`.
fn declare(workspace: &Workspace, id: &str, line: &str) {
    workspace.edit("countersign.toml", |text| {
        let at = text.find(&format!("\"{id}\"\n")).unwrap() + id.len() + 3;
        format!("{}{line}\n{}", &text[..at], &text[at..])
    });
}

#[track_caller]
fn hole_kinds(check: &Check, id: &str) -> Vec<String> {
    let mut kinds: Vec<String> =
        check.holes.iter().filter(|hole| hole.source == id).map(|hole| hole.kind.word().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn census_shows_an_object_that_is_gone_changed_or_new() {
    let workspace = Workspace::copy_of("clean");
    let (id, objects) = plain(&workspace);
    let names: Vec<&str> = objects.iter().map(String::as_str).collect();
    let (before, whole) = workspace.check();
    workspace.write("reference/census.sha256", census_of(&workspace, &names));
    declare(&workspace, &id, "census = \"reference/census.sha256\"");
    let (exit, same) = workspace.check();
    assert_eq!(
        (exit, hole_kinds(&same, &id)),
        (before, hole_kinds(&whole, &id)),
        "a census that fits changes nothing"
    );

    // One more line in the census than there are objects.
    let good = workspace.read("reference/census.sha256");
    let absent = format!("{good}{}  exports/hoop/gone.json\n", Digest::of(b"gone"));
    workspace.write("reference/census.sha256", absent);
    let (exit, gone) = workspace.check();
    assert_eq!(exit, 4, "{:#?}", gone.holes);
    assert!(hole_kinds(&gone, &id).contains(&"missing-object".to_owned()), "{:#?}", gone.holes);

    // Another digest than that of the object.
    let first = Digest::of(&fs::read(workspace.at(names[0])).unwrap()).to_string();
    workspace.write("reference/census.sha256", good.replace(&first, &Digest::of(b"other").to_string()));
    let (exit, changed) = workspace.check();
    assert_eq!(exit, 3, "{:#?}", changed.logs);
    let log = changed.logs.iter().find(|log| log.source == id).unwrap();
    assert_eq!(log.verdict.word(), "altered");
    assert!(log.breaks.iter().any(|found| found.kind.word() == "digest-mismatch"), "{log:#?}");
    assert!(hole_kinds(&changed, &id).contains(&"digest-mismatch".to_owned()));

    // An object that it does not list.
    let text: String = format!("{}  exports/hoop/other.json\n", Digest::of(b"x"));
    workspace.write("reference/census.sha256", text);
    let (exit, extra) = workspace.check();
    assert_eq!(exit, 3, "{:#?}", extra.logs);
    let log = extra.logs.iter().find(|log| log.source == id).unwrap();
    assert!(log.breaks.iter().any(|found| found.kind.word() == "extra-object"), "{log:#?}");

    // A pack holds the census, and gives the same results again.
    workspace.write("reference/census.sha256", good);
    let out = workspace.at("out");
    workspace.run("report", &["--formats", "json", "--out", out.to_str().unwrap()]);
    assert!(out.join(format!("data/07_policy/census/{id}.sha256")).is_file());
    let verified = countersign(&["verify", out.to_str().unwrap()]);
    assert!(verified.out.contains("derived again, byte for byte the same"), "{verified:#?}");
}

#[test]
fn census_that_is_none_is_refused() {
    let workspace = Workspace::copy_of("clean");
    let (id, _) = plain(&workspace);
    declare(&workspace, &id, "census = \"reference/census.sha256\"");
    workspace.run("check", &[]).refuses(&["cannot read `reference/census.sha256`"]);
    for (text, says) in
        [("", "found an empty file"), ("nothing of the kind\n", "line 1: expected `<sha256>  <object>`")]
    {
        workspace.write("reference/census.sha256", text);
        workspace.run("check", &[]).refuses(&["census `reference/census.sha256`", says, "sha256sum"]);
    }
}

#[test]
fn number_of_objects_is_part_of_what_an_extraction_declares() {
    let workspace = Workspace::copy_of("clean");
    let (id, objects) = plain(&workspace);
    let (before, _) = workspace.check();
    let declare_count = |count: usize| {
        workspace.edit("countersign.toml", |text| {
            let mut after = false;
            let lines = text.lines().map(|line| {
                after |= line.contains(&format!("\"{id}\""));
                if after && line.starts_with("extracted") {
                    let bare = line.split(", objects = ").next().unwrap().trim_end_matches(" }");
                    return format!("{bare}, objects = {count} }}\n");
                }
                format!("{line}\n")
            });
            lines.collect()
        });
        workspace.check()
    };
    let (exit, check) = declare_count(objects.len());
    assert_eq!(exit, before, "{:#?}", check.holes);
    for (count, kind) in [(objects.len() + 1, "missing-object"), (objects.len() - 1, "extra-object")] {
        let (exit, check) = declare_count(count);
        assert_eq!(exit, 4, "{:#?}", check.holes);
        assert_eq!(hole_kinds(&check, &id), [kind]);
    }
}

#[test]
fn records_that_two_sources_hold_are_a_hole_of_both() {
    let workspace = Workspace::copy_of("clean");
    let (id, _) = plain(&workspace);
    // The log of one system, handed over again as that of another.
    let text = workspace.read("countersign.toml");
    let start = text.find(&format!("= \"{id}\"")).unwrap();
    let begins = text[..start].rfind("[[source]]").unwrap();
    let ends = text[start..].find("\n[[").map_or(text.len(), |end| start + end + 1);
    let copy = text[begins..ends].replace(&format!("\"{id}\""), "\"second\"").replace("exports/", "copies/");
    copy_folder(&workspace.at("exports"), &workspace.at("copies"));
    workspace.write("countersign.toml", format!("{}\n{copy}\n{}", &text[..begins], &text[begins..]));
    let (exit, check) = workspace.check();
    assert_eq!(exit, 4, "{:#?}", check.holes);
    for source in [id.as_str(), "second"] {
        assert!(hole_kinds(&check, source).contains(&"duplicate".to_owned()), "{source}: {:#?}", check.holes);
    }
    let hole =
        check.holes.iter().find(|hole| hole.source == "second" && hole.kind.word() == "duplicate").unwrap();
    assert!(hole.from < hole.to);
    assert_ne!(result(&check, "SOD-01").result, TestOutcome::NoException);
}

#[test]
fn checkpoint_of_the_previous_pack_holds_the_lines_of_a_log_that_grew() {
    let workspace = Workspace::empty();
    let line = |at: usize| {
        format!("{{\"id\":\"e-{at}\",\"at\":\"2026-0{}-{:02}T10:00:00Z\"}}\n", 6 + at / 20, 1 + at % 20)
    };
    let write = |records: std::ops::Range<usize>| {
        workspace.write("logs/a.jsonl", records.map(line).collect::<String>());
    };
    workspace.write(
        "sources/lines/profile.toml",
        "schema = \"countersign/source-profile/1\"\nname = \"lines\"\nversion = \"1\"\nproduct = \"Lines\"\n\
         basis = \"fixture\"\nintegrity = \"none\"\nmatch = \"all\"\nabsent = []\n\n[read]\nframing = \"lines\"\n\n\
         [[rule]]\nid = \"run\"\nemit = \"execution\"\nwhen = { \"/id\" = { present = true } }\n[rule.set]\n\
         time = \"/at\"\nnative_id = \"/id\"\ncorr_request = \"/id\"\nrequest_link = \"=none\"\n\
         executor = { id = \"=x\" }\n",
    );
    let settings = |from: &str, to: &str, more: &str| {
        workspace.write(
            "countersign.toml",
            format!(
                "entity = \"Acme\"\nperiod = {{ from = {from}, to = {to} }}\n\n[[source]]\nid = \"a\"\nprofile = \"lines\"\n\
                 objects = [\"logs/*.jsonl\"]\n{more}"
            ),
        );
    };
    let at = |name: &str| workspace.at(name).to_str().unwrap().to_owned();
    countersign(&["keys", "generate", "--out", &at("seal.pem")]).says(0, &[]);
    write(0..20);
    countersign(&["seal", &at("logs/a.jsonl"), "--key", &at("seal.pem"), "--log", "a"]).says(0, &[]);
    fs::rename(workspace.at("logs/a.jsonl.checkpoint"), workspace.at("a.checkpoint")).unwrap();
    settings("2026-06-01", "2026-07-01", "head = \"a.checkpoint\"\n");
    let june = at("june");
    workspace.run("report", &["--formats", "json", "--as-of", "2026-07-01", "--out", &june]).says(0, &[]);

    // In July the file has grown; the workspace itself brings no head.
    settings("2026-07-01", "2026-08-01", "");
    let july = || {
        let out = at("july");
        let _ = fs::remove_dir_all(&out);
        let ran = workspace.run("report", &["--formats", "json", "--previous", &june, "--out", &out]);
        let report = json::parse(&fs::read(workspace.at("july/data/01_report.json")).unwrap()).unwrap();
        (ran.exit, report.logs[0].clone())
    };
    write(0..40);
    let (_, log) = july();
    assert_eq!((log.covered, log.verdict.word()), (20, "not-verifiable"), "{log:#?}");
    let verified = countersign(&["verify", &at("july")]);
    assert!(verified.out.contains("derived again, byte for byte the same"), "{verified:#?}");
    // A line of June that is gone.
    write(1..40);
    let (exit, log) = july();
    assert_eq!((exit, log.verdict.word()), (3, "altered"), "{log:#?}");
    assert_eq!(log.breaks[0].kind.word(), "altered");
    // Fewer lines than June had.
    write(0..15);
    let (exit, log) = july();
    assert_eq!((exit, log.breaks[0].kind.word()), (3, "truncated-tail"), "{log:#?}");
    // A log that begins in another object is not the one that was sealed.
    fs::rename(workspace.at("logs/a.jsonl"), workspace.at("logs/b.jsonl")).unwrap();
    let (_, log) = july();
    assert!(log.breaks.is_empty() && log.covered == 0, "{log:#?}");
}
