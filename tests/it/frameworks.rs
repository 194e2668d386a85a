//! Frameworks, parameter profiles, coverage, and the words that no artefact may use.

use std::collections::BTreeSet;

use countersign::control::Library;
use countersign::report::model::{Control, Report};

use crate::support::{AS_OF, Workspace, countersign};

/// Returns a copy of the sample without exceptions that selects `frameworks`.
fn selecting(frameworks: &str) -> Workspace {
    let workspace = Workspace::copy_of("clean");
    workspace.edit("countersign.toml", |text| format!("frameworks = [{frameworks}]\n{text}"));
    workspace
}

fn all() -> String {
    let library = Library::load(None).unwrap();
    let ids: Vec<String> = library.catalogs.iter().map(|catalog| format!("\"{}\"", catalog.id)).collect();
    ids.join(", ")
}

fn control<'r>(report: &'r Report, id: &str) -> &'r Control {
    report.controls.iter().find(|control| control.id == id).unwrap()
}

#[test]
fn every_id_of_every_framework_stands_in_the_report() {
    let library = Library::load(None).unwrap();
    let workspace = selecting(&all());
    let run = workspace.library(None);
    let report = run.assessment.report();
    let found: Vec<&str> = report.controls.iter().map(|control| control.id.as_str()).collect();
    let expected: Vec<&str> = library
        .catalogs
        .iter()
        .flat_map(|catalog| &catalog.controls)
        .map(|control| control.id.as_str())
        .collect();
    assert_eq!(found, expected);
    let counts: Vec<(&str, usize)> =
        report.frameworks.iter().map(|framework| (framework.id.as_str(), framework.count)).collect();
    assert_eq!(
        counts,
        [
            ("iso27001-2022", 93),
            ("soc2-tsc-2017", 61),
            ("nist-800-53-r5", 117),
            ("iso42001-2023", 38),
            ("eu-ai-act", 15),
            ("pci-dss-4.0.1", 33),
            ("hipaa", 12),
            ("dora-rts-2024-1774", 10),
            ("nis2-ir-2024-2690", 14),
            ("csf-2.0", 6),
            ("fedramp-20x", 16),
            ("nist-ai-rmf-1.0", 9),
        ]
    );
    // Ids that two frameworks share are two controls.
    assert!(found.contains(&"iso27001-2022:A.5.3") && found.contains(&"iso42001-2023:A.5.3"));
    for control in report.controls.iter().filter(|control| control.reach == "none") {
        assert!(control.tests.is_empty() && control.status == "not_tested", "{control:?}");
    }
    assert!(report.mappings.iter().all(|link| !link.reviewed && !link.not_shown.is_empty()));
    let linked: BTreeSet<&str> =
        report.mappings.iter().filter_map(|link| link.control.split(':').next()).collect();
    assert_eq!(linked.len(), report.frameworks.len(), "each has a link");
    for control in &report.controls {
        assert!(control.evidenced.iter().all(|test| control.tests.contains(test)), "{control:?}");
    }
}

/// A baseline leaves the other controls listed, and out of scope.
#[test]
fn a_baseline_puts_the_rest_out_of_scope() {
    let workspace = selecting("\"nist-800-53-r5/fedramp-low\"");
    let run = workspace.library(None);
    let report = run.assessment.report();
    assert_eq!(report.controls.len(), 117);
    let separation = control(report, "nist-800-53-r5:AC-5");
    assert_eq!(
        (separation.status.as_str(), separation.reasons.as_slice()),
        ("out_of_scope", &["not in the baseline fedramp-low".to_owned()][..])
    );
    assert_ne!(control(report, "nist-800-53-r5:AC-3").status, "out_of_scope");
    let inside = report.controls.iter().filter(|control| control.status != "out_of_scope").count();
    let run = selecting("\"nist-800-53-r5/fedramp-high\"").library(None);
    let high = run.assessment.report().controls.iter().filter(|one| one.status != "out_of_scope").count();
    assert!(0 < inside && inside < high && high < 117, "{inside} of low, {high} of high");
    assert!(run.assessment.report().frameworks[0].name.ends_with("baseline fedramp-high"));

    selecting("\"nist-800-53-r5/fedramp-hihg\"")
        .run("check", &[])
        .refuses(&["unknown baseline `fedramp-hihg`", "did you mean `fedramp-high`?"]);
    selecting("\"hipaa\", \"iso27001-2022\", \"hipaa\"")
        .run("check", &[])
        .refuses(&["`hipaa` is selected twice"]);
}

const OWN_CATALOG: &str = "id,title,group,reach,can_show\nX-1,Changes are approved,Own,direct,Approvals before runs\n\
    X-2,Offices are locked,Own,none,Nothing\n";
const OWN_MAPPING: &str = "schema = \"countersign/mapping/1\"\ncatalog = \"acme-rules\"\nstatus = \"unreviewed\"\n\n\
    [framework]\nname = \"Rules of the house\"\ncount = 2\nid_pattern = 'X-[1-9]'\n\n[[link]]\ntest = \"AUTHZ-01\"\n\
    control = \"acme-rules:X-1\"\nrelation = \"tests\"\nwhy = \"It does.\"\nnot_shown = \"Offices.\"\nconfidence = \"low\"\n";

/// A table and a mapping are a framework.
#[test]
fn a_framework_of_the_workspace_takes_two_files() {
    let workspace = selecting("\"acme-rules\"");
    workspace.write("controls/catalogs/acme-rules.csv", OWN_CATALOG);
    workspace.write("controls/mappings/acme-rules.toml", OWN_MAPPING);
    let run = workspace.library(None);
    let report = run.assessment.report();
    assert_eq!(report.frameworks[0].name, "Rules of the house");
    let own = control(report, "acme-rules:X-1");
    assert_eq!(
        (own.tests.as_slice(), own.evidenced.as_slice()),
        (&["AUTHZ-01".to_owned()][..], &["AUTHZ-01".to_owned()][..])
    );
    assert!(own.population > 0 && own.status != "not_tested");
    assert_eq!(control(report, "acme-rules:X-2").status, "not_tested");
    let added: Vec<&str> = report.overrides.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(added, ["controls/catalogs/acme-rules.csv", "controls/mappings/acme-rules.toml"]);

    let mapping = "controls/mappings/acme-rules.toml";
    for (path, from, to, says) in [
        (mapping, "count = 2", "count = 3", "expected 3 controls"),
        (mapping, "X-[1-9]", "Y-[1-9]", "line 2 is not valid: expected an id like `Y-[1-9]`"),
        (
            mapping,
            "acme-rules:X-1",
            "acme-rules:X-9",
            "`mappings/acme-rules.toml`, line 11 names the unknown control",
        ),
        (
            mapping,
            "acme-rules:X-1",
            "acme-rules:X-2",
            "line 11 is not valid: the link AUTHZ-01 to `acme-rules:X-2` names a control",
        ),
        (mapping, "AUTHZ-01", "AUTHZ-99", "line 11 names the unknown test `AUTHZ-99`"),
        (mapping, "\"tests\"", "\"satisfies\"", "unknown variant `satisfies`"),
        (mapping, "It does.", " ", "lacks `why` or `not_shown`"),
        (mapping, "\"unreviewed\"", "\"reviewed\"", "is not reviewed"),
        (
            mapping,
            "[framework]\nname = \"Rules of the house\"\ncount = 2\nid_pattern = 'X-[1-9]'\n",
            "",
            "no file declares this framework",
        ),
        ("controls/catalogs/acme-rules.csv", "X-2", "X-1", "line 3 is not valid: `X-1` stands twice"),
        (
            "controls/catalogs/acme-rules.csv",
            ",Nothing",
            ",",
            "line 3 is not valid: `X-2` has an empty field",
        ),
        ("controls/catalogs/acme-rules.csv", "none", "some", "unknown variant `some`"),
    ] {
        let before = workspace.read(path);
        workspace.edit(path, |text| text.replacen(from, to, 1));
        lint(&workspace).refuses(&[says]);
        workspace.write(path, before);
    }
    std::fs::remove_file(workspace.at(mapping)).unwrap();
    lint(&workspace).refuses(&["no file declares this framework", "help:"]);
}

fn lint(workspace: &Workspace) -> crate::support::Ran {
    countersign(&["controls", "lint", "--workspace", workspace.at("").to_str().unwrap()])
}

fn profile(lines: &str) -> String {
    format!(
        "schema = \"countersign/parameters/1\"\nid = \"ours\"\nextends = \"base\"\n\n[[parameter]]\ntest = \"BG-01\"\nname = \"max_review_ms\"\n{lines}"
    )
}

#[test]
fn a_looser_value_needs_somebody_who_approved_it() {
    let workspace = Workspace::copy_of("clean");
    workspace.edit("countersign.toml", |text| format!("parameters = \"ours\"\n{text}"));
    let file = "controls/parameters/ours.toml";
    let value = |workspace: &Workspace| {
        let run = workspace.library(None);
        let report = run.assessment.report();
        let found = report.parameters.iter().find(|one| one.name == "bg_01_max_review_ms").unwrap();
        (found.value, found.base, found.approved_by.clone())
    };
    workspace.write(file, profile("value = 86400000\nwhy = \"a day\"\n"));
    assert_eq!(value(&workspace), (86_400_000, 259_200_000, None));
    workspace.write(file, profile("value = 345600000\nwhy = \"four days\"\napproved_by = \"j.doe\"\n"));
    assert_eq!(value(&workspace), (345_600_000, 259_200_000, Some("j.doe".to_owned())));
    // A third profile on top keeps who loosened it.
    let above =
        profile("value = 300000000\nwhy = \"less than four days\"\n").replace("\"base\"", "\"loose\"");
    workspace.write("controls/parameters/loose.toml", workspace.read(file).replace("\"ours\"", "\"loose\""));
    workspace.write(file, above);
    assert_eq!(value(&workspace), (300_000_000, 259_200_000, Some("j.doe".to_owned())));

    let loose = "`bg_01_max_review_ms` is looser than the 259200000 that it extends, and no `approved_by`";
    for (lines, says) in [
        ("value = 345600000\nwhy = \"x\"\n", format!("`parameters/ours.toml`, line 8 is not valid: {loose}")),
        ("value = 345600000\nwhy = \"x\"\napproved_by = \" \"\n", loose.to_owned()),
        ("value = \"4 d\"\nwhy = \"x\"\n", "at line 8".to_owned()),
        ("value = 1.5\nwhy = \"x\"\n", "at line 8".to_owned()),
        (
            "value = -1\nwhy = \"x\"\n",
            "line 8 is not valid: expected `bg_01_max_review_ms` to be 0 or more".to_owned(),
        ),
        ("value = 1\nwhy = \"\"\n", "line 8 is not valid: expected a reason".to_owned()),
        ("value = 1\nwhy = \"x\"\ntighter = \"higher\"\n", "turns the direction that is tighter".to_owned()),
        (
            "value = 1\nwhy = \"x\"\n\n[[parameter]]\ntest = \"SOD-02\"\nname = \"owner_may_approve_own_agent\"\nvalue = 2\nwhy = \"x\"\n",
            "line 14 is not valid: expected `sod_02_owner_may_approve_own_agent` to be 1 or less, found 2"
                .to_owned(),
        ),
    ] {
        workspace.write(file, profile(lines));
        lint(&workspace).refuses(&[&says, "help: "]);
    }
    // Nor by replacing the shipped profile.
    std::fs::remove_file(workspace.at(file)).unwrap();
    std::fs::remove_file(workspace.at("controls/parameters/loose.toml")).unwrap();
    let base = include_str!("../../controls/parameters/base.toml").replace("= 259200000", "= 345600000");
    workspace.write("controls/parameters/base.toml", &base);
    lint(&workspace)
        .refuses(&["`parameters/base.toml`, line", "`max_review_ms` is looser than the shipped 259200000"]);
    let high = Library::load(None).unwrap().profile("fedramp-high").unwrap();
    let differ: Vec<_> =
        high.iter().filter(|one| one.value != one.base).map(|one| one.column.as_str()).collect();
    assert!(differ.contains(&"bg_01_max_review_ms"), "{differ:?}");
}

#[test]
fn coverage_says_what_each_control_rests_on() {
    let workspace = selecting("\"iso27001-2022\", \"pci-dss-4.0.1\"");
    let folder = workspace.at("");
    let args = |more: &[&str]| {
        let mut args =
            vec!["controls", "coverage", "--workspace", folder.to_str().unwrap(), "--as-of", AS_OF];
        args.extend(more);
        countersign(&args)
    };
    let (_, check) = workspace.check();
    let json = args(&["--json"]).json();
    let controls = json["controls"].as_array().unwrap();
    let scope: Vec<_> = check.controls.iter().filter(|control| control.status != "out_of_scope").collect();
    assert_eq!(controls.len(), scope.len());
    for (found, expected) in controls.iter().zip(scope) {
        assert_eq!(found["id"], expected.id.as_str());
        assert_eq!(
            (&found["cap"], &found["reach"]),
            (&expected.cap.as_str().into(), &expected.reach.as_str().into())
        );
        assert_eq!(found["evidenced"].as_array().unwrap().len(), expected.evidenced.len());
    }
    let text = args(&[]);
    assert_eq!(text.exit, 0, "{text:#?}");
    let line = text.out.lines().find(|line| line.starts_with("iso27001-2022:A.5.3 ")).unwrap();
    assert!(line.contains("reach direct") && line.contains("tests evidenced"), "{line}");
    assert!(text.out.lines().last().unwrap().contains("within reach have a test"), "{}", text.out);

    // What the baseline covered and this run does not ends the check with 4, and is named.
    workspace.write("baseline.json", serde_json::to_string(&check).unwrap());
    let baseline = workspace.at("baseline.json");
    let against = |workspace: &Workspace| workspace.run("check", &["--baseline", baseline.to_str().unwrap()]);
    against(&workspace).says(0, &[]);
    workspace.edit("countersign.toml", |text| text.replace(", \"pci-dss-4.0.1\"", ""));
    against(&workspace).says(4, &["pci-dss-4.0.1:6.2.3 was listed at the baseline and is not now"]);
    workspace.edit("countersign.toml", |text| {
        text.replace("[\"iso27001-2022\"]", "[\"iso27001-2022\", \"pci-dss-4.0.1\"]")
            + "\n[[out_of_scope]]\ncontrol = \"pci-dss-4.0.1:6.5.1\"\nreason = \"x\"\ndecided_by = \"j.doe\"\n"
    });
    against(&workspace).says(4, &["pci-dss-4.0.1:6.5.1 was in scope at the baseline and is not now"]);
    workspace.edit("countersign.toml", |text| text.replace("pci-dss-4.0.1:6.5.1", "pci-dss-4.0.1:6.5.3"));
    let links = include_str!("../../controls/mappings/pci-dss-4.0.1.toml");
    let without: Vec<&str> =
        links.split("\n[[link]]").filter(|link| !link.contains("\"AUTHZ-06\"")).collect();
    workspace.write("controls/mappings/pci-dss-4.0.1.toml", without.join("\n[[link]]"));
    against(&workspace).says(4, &["pci-dss-4.0.1:6.5.1 has lost AUTHZ-06 since the baseline"]);
}

/// What a session of writing control files gets wrong.
#[test]
fn lint_refuses_with_file_line_and_help() {
    let shipped = |path: &str| {
        let library = Library::load(None).unwrap();
        String::from_utf8(library.files()[path].clone()).unwrap()
    };
    let toml = "tests/sod-03/test.toml";
    let sql = "tests/sod-03/exceptions.sql";
    for (path, from, to, says) in [
        (toml, "id ", "id [", "at line"),
        (toml, "severity", "severety", "unknown field `severety`"),
        (toml, "\"decision.reviewer_kind\"", "\"decision.reviewer_knid\"", "`tests/sod-03/test.toml`, line"),
        (sql, "SELECT", "SELECT DISTINCT", "is not portable"),
        (sql, "reviewer_kind", "reviewer_knid", "line"),
    ] {
        let workspace = Workspace::empty();
        let text = shipped(path);
        assert!(text.contains(from), "{path} holds {from}");
        workspace.write(&format!("controls/{path}"), text.replacen(from, to, 1));
        lint(&workspace).refuses(&[says, &format!("`{path}`"), "help: "]);
    }
    // A test without a failing case, and one whose case expects nothing.
    let workspace = Workspace::empty();
    for part in ["test.toml", "population.sql", "exceptions.sql"] {
        let text = shipped(&format!("tests/sod-03/{part}")).replace("SOD-03", "SOD-93");
        workspace.write(&format!("controls/tests/sod-93/{part}"), text);
    }
    lint(&workspace)
        .refuses(&["test SOD-93 has no case of the kinds fail_, pass_", "controls/tests/sod-93/cases/"]);
    countersign(&["controls", "test", "SOD-93", "--workspace", workspace.at("").to_str().unwrap()])
        .says(2, &["test SOD-93 has no case of the kinds fail_"]);
    // The waivers of a workspace are looked at too.
    let workspace = Workspace::copy_of("clean");
    lint(&workspace).says(0, &["portable queries", "links unreviewed", "fedramp-high"]);
    workspace.write("waivers/w.toml", "schema = \"countersign/waiver/1\"\n");
    lint(&workspace).refuses(&["`waivers/w.toml`, line 1: missing field", "help: "]);
}

/// Phrases that claim what only an auditor may say, or what no log can show; whole words, in any case.
const FORBIDDEN: [&str; 23] = [
    "compliant",
    "non-compliant",
    "certified",
    "passed the audit",
    "passed the control",
    "audit-proof",
    "operates effectively",
    "operating effectively",
    "reasonable assurance",
    "we believe",
    "in our opinion",
    "unqualified",
    "authentic",
    "tamper-proof",
    "guaranteed",
    "guarantees",
    "the log is complete",
    "nothing was deleted",
    "attestation report",
    "satisfied",
    "satisfies",
    "fully covered",
    "no violations",
];

/// What may stand all the same: sentences that say what is not claimed.
const ALLOWED: [&str; 1] = ["never that it satisfies it"];

#[test]
fn no_artefact_claims_what_only_an_auditor_may_say() {
    let workspace = selecting(&all());
    let out = workspace.at("pack");
    let ran = workspace.run("report", &["--out", out.to_str().unwrap(), "--formats", "html,json"]);
    assert!(out.is_dir(), "{ran:#?}");
    let mut texts = vec![("report's own output".to_owned(), ran.out + &ran.err)];
    for (name, bytes) in crate::support::files(&out) {
        // Logs, keys, and tables are the workspace's, not ours.
        if name.starts_with("data/05_sources")
            || name.starts_with("data/06_keys")
            || name.ends_with(".parquet")
        {
            continue;
        }
        texts.push((name, String::from_utf8(bytes).unwrap()));
    }
    assert!(texts.len() > 60, "{}", texts.len());
    let check = workspace.run(
        "check",
        &["--github", "--sarif", out.join("s").to_str().unwrap(), "--junit", out.join("j").to_str().unwrap()],
    );
    texts.push(("check's output".to_owned(), check.out + &check.err));
    for file in ["s", "j"] {
        texts.push((file.to_owned(), std::fs::read_to_string(out.join(file)).unwrap()));
    }
    for command in [&["--help"][..], &["report", "--help"], &["check", "--help"], &["controls", "--help"]] {
        texts.push((command.join(" "), countersign(command).out));
    }
    let hits: Vec<String> = texts
        .iter()
        .flat_map(|(name, text)| claims(text).into_iter().map(move |hit| format!("{name}: {hit}")))
        .collect();
    assert!(hits.is_empty(), "{}", hits.join("\n"));
    assert_eq!(claims("The control is Satisfied.").len(), 1);
    assert_eq!(claims("a certified copy, guaranteed").len(), 2);
    assert!(claims("dissatisfied, a link never that it satisfies it, uncertified").is_empty());
}

/// Returns each forbidden phrase of `text` with what stands around it.
fn claims(text: &str) -> Vec<String> {
    let mut text = text.to_lowercase();
    for allowed in ALLOWED {
        text = text.replace(allowed, "");
    }
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    FORBIDDEN
        .iter()
        .flat_map(|phrase| text.match_indices(phrase).map(move |(at, _)| (at, phrase.len())))
        .filter(|(at, length)| {
            !word(text[..*at].chars().next_back()) && !word(text[at + length..].chars().next())
        })
        .map(|(at, length)| text[at.saturating_sub(40)..].chars().take(80 + length).collect())
        .collect()
}
