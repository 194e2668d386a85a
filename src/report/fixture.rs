//! A report made by hand, for tests of the renderers: four sources, exceptions, holes, breaks, and hostile text.

use std::collections::BTreeMap;

use crate::clock::{Moment, Period};
use crate::digest::Digest;
use crate::integrity::verdict::{Break, BreakKind, Completeness, Grade, Verdict};
use crate::report::json;
use crate::report::model::*;

/// Text as an attacker would write it into a log: markup, template syntax, terminal escapes, and direction marks.
pub(crate) const HOSTILE: &str = "<script>alert(1)</script> {{ 7*7 }} \"onload=x' \u{202e}gpj.exe\u{200b} \u{1b}[31m]]>--></style>\u{7}\nnext";

const DAY_MS: i64 = 86_400_000;

/// Returns a quarter over four sources.
pub(crate) fn report() -> Report {
    let tests = tests();
    let controls = controls();
    let exceptions = exceptions();
    Report {
        schema: json::SCHEMA.to_owned(),
        derivation: 1,
        entity: "Acme Payments".to_owned(),
        system: "payments platform".to_owned(),
        period: Period { from: at("2026-07-01"), to: at("2026-10-01") },
        as_of: at("2026-10-01"),
        verdicts: verdicts(&tests),
        sources: sources(),
        objects: objects(),
        logs: logs(),
        holes: holes(),
        waterfall: waterfall(),
        tests,
        frameworks: frameworks(),
        controls,
        mappings: mappings(),
        cases: cases(&exceptions),
        exceptions,
        untestable: untestable(),
        pending: vec![Untestable {
            test: "BG-01".to_owned(),
            source: "gate-eu".to_owned(),
            native_id: "E-5110".to_owned(),
            object: "gate-eu-2026-09.jsonl".to_owned(),
            line: 1_702,
            reason: "review".to_owned(),
        }],
        days: days(),
        keys: keys(),
        unresolved: unresolved(),
        parameters: parameters(),
        settings: vec![
            setting("Owner may approve an own agent's request", "no"),
            setting("Clock tolerance", "2 s"),
            setting("Time zone of reports", "UTC"),
        ],
        overrides: vec![Override {
            path: "controls/parameters/acme.toml".to_owned(),
            sha256: digest("override"),
            shipped: None,
        }],
        policy: [
            "controls/catalogs/iso27001-2022.csv",
            "controls/tests/authz-01/exceptions.sql",
            "trust.toml",
        ]
        .map(|path| PolicyFile { path: path.to_owned(), sha256: digest(path) })
        .into(),
    }
}

/// Returns a report of a workspace in which nothing was found, not even a source.
pub(crate) fn empty() -> Report {
    Report {
        schema: json::SCHEMA.to_owned(),
        derivation: 1,
        entity: "Zoë / \"Co\"\u{1b}\n".to_owned(),
        system: String::new(),
        period: Period { from: at("2026-07-01"), to: at("2026-10-01") },
        as_of: at("2026-10-01"),
        verdicts: Verdicts {
            integrity: Verdict::NotVerifiable,
            logs_verified: 0,
            logs: 0,
            population: "not-evidenced".to_owned(),
            completeness: Completeness::Unknown,
            tests: TestOutcome::NoOccurrence,
            outcomes: BTreeMap::new(),
        },
        sources: Vec::new(),
        objects: Vec::new(),
        logs: Vec::new(),
        holes: Vec::new(),
        waterfall: Vec::new(),
        tests: Vec::new(),
        frameworks: Vec::new(),
        controls: Vec::new(),
        mappings: Vec::new(),
        exceptions: Vec::new(),
        untestable: Vec::new(),
        pending: Vec::new(),
        cases: Vec::new(),
        days: Vec::new(),
        keys: Vec::new(),
        unresolved: Vec::new(),
        parameters: Vec::new(),
        settings: Vec::new(),
        overrides: Vec::new(),
        policy: Vec::new(),
    }
}

/// Returns the fixture with `n` exceptions, all alike but for their ids and lines.
pub(crate) fn report_with_exceptions(n: u64) -> Report {
    let mut report = report();
    let first = report.exceptions[0].clone();
    report.exceptions = (0..n)
        .map(|i| Exception {
            id: digest(&format!("many {i}")).to_string(),
            line: i + 1,
            case: None,
            ..first.clone()
        })
        .collect();
    report.cases.clear();
    report
}

fn at(text: &str) -> Moment {
    text.parse().expect("fixture times are written by hand")
}

fn digest(of: &str) -> Digest {
    Digest::of(of.as_bytes())
}

fn setting(name: &str, value: &str) -> Setting {
    Setting { name: name.to_owned(), value: value.to_owned() }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

fn verdicts(tests: &[Test]) -> Verdicts {
    let mut outcomes = BTreeMap::new();
    for test in tests {
        *outcomes.entry(test.result).or_insert(0) += 1;
    }
    Verdicts {
        integrity: Verdict::Altered,
        logs_verified: 1,
        logs: 4,
        population: "gaps-found".to_owned(),
        completeness: Completeness::Unknown,
        tests: TestOutcome::Exception,
        outcomes,
    }
}

fn sources() -> Vec<Source> {
    let source = |id: &str, product: &str, profile: &str, grade, mechanism: &str, tally| Source {
        id: id.to_owned(),
        profile: profile.to_owned(),
        product: product.to_owned(),
        basis: "vendor schema".to_owned(),
        role: "approvals".to_owned(),
        require: Grade::None,
        grade,
        mechanism: mechanism.to_owned(),
        objects: 3,
        bytes: 1_482_004,
        tally,
        first: Some(at("2026-07-01T00:03:11Z")),
        last: Some(at("2026-09-30T23:41:57Z")),
        days_covered: 92,
        extracted: None,
        absent: Vec::new(),
    };
    let tally =
        |mapped: u64, ignored: &[(&str, u64)], observations, housekeeping, rejected: u64, duplicates| {
            let ignored: BTreeMap<_, _> = ignored.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
            let read =
                mapped + ignored.values().sum::<u64>() + observations + housekeeping + rejected + duplicates;
            let kinds =
                if rejected > 0 { [(BreakKind::Malformed, rejected)].into() } else { BTreeMap::new() };
            Tally {
                read,
                mapped,
                ignored,
                observations,
                housekeeping,
                rejected: kinds,
                duplicates,
                events: mapped,
                repeated_events: 0,
            }
        };
    vec![
        Source {
            require: Grade::PinnedSigned,
            extracted: Some(Extracted {
                by: "j.doe".to_owned(),
                at: at("2026-10-01T06:00:00Z"),
                how: "gatectl export --quarter 3".to_owned(),
                records: Some(3_504),
            }),
            ..source(
                "gate-eu",
                "Countersign native",
                "countersign",
                Grade::PinnedSigned,
                "hash chain, Ed25519 per line",
                tally(3_310, &[], 0, 194, 0, 0),
            )
        },
        Source {
            days_covered: 90,
            absent: words(&["command digest", "namespace of reviewers"]),
            ..source(
                "hoop-prod",
                "hoop.dev",
                "hoop",
                Grade::Parsed,
                "none",
                tally(1_204, &[("status open", 18)], 2, 0, 1, 14),
            )
        },
        Source {
            absent: words(&["execution"]),
            ..source(
                "slack-approvals",
                "Slack approval bot",
                "slack-bot",
                Grade::Parsed,
                "none",
                tally(611, &[("not a button press", 77)], 4, 0, 0, 0),
            )
        },
        Source {
            days_covered: 81,
            ..source(
                "teleport",
                "Teleport",
                "teleport",
                Grade::Consistent,
                "hash chain",
                tally(902, &[("login", 211), ("heartbeat", 92)], 11, 0, 3, 0),
            )
        },
    ]
}

fn objects() -> Vec<Object> {
    [("gate-eu", 3_504), ("hoop-prod", 1_239), ("slack-approvals", 692), ("teleport", 1_219)]
        .into_iter()
        .flat_map(|(source, records)| {
            [("07", 3), ("08", 3), ("09", 3)].map(|(month, part)| Object {
                source: source.to_owned(),
                name: format!("{source}-2026-{month}.jsonl"),
                bytes: 494_001,
                sha256: Some(digest(&format!("{source}{month}"))),
                records: records / part,
                error: None,
            })
        })
        .chain([Object {
            source: "teleport".to_owned(),
            name: "teleport-2026-08.jsonl.gz".to_owned(),
            bytes: 20_114,
            sha256: None,
            records: 0,
            error: Some("the compressed stream ends early at byte 20,114".to_owned()),
        }])
        .collect()
}

fn logs() -> Vec<Log> {
    let log = |source: &str, verdict, integrity, completeness, records: u64, covered: u64| Log {
        source: source.to_owned(),
        log: source.to_owned(),
        verdict,
        reasons: Vec::new(),
        objects: ["07", "08", "09"].iter().map(|m| format!("{source}-2026-{m}.jsonl")).collect(),
        records,
        covered,
        rejected: 0,
        integrity,
        completeness,
        signed: covered,
        pinned: covered,
        first: Some(0),
        head: Some(Head { seq: records - 1, digest: digest(source) }),
        keys: Vec::new(),
        uncovered_fields: Vec::new(),
        breaks: Vec::new(),
    };
    let unpinned =
        "no hash or signature: let the gate write countersign-log/1, or bring a head recorded elsewhere";
    vec![
        Log {
            keys: vec![digest("key a").to_string()],
            ..log("gate-eu", Verdict::Verified, Grade::PinnedSigned, Completeness::Terminated, 3_504, 3_504)
        },
        Log {
            reasons: words(&[unpinned]),
            rejected: 1,
            first: None,
            head: None,
            ..log("hoop-prod", Verdict::NotVerifiable, Grade::Parsed, Completeness::Unknown, 1_239, 0)
        },
        Log {
            reasons: words(&[unpinned]),
            first: None,
            head: None,
            uncovered_fields: words(&["/actions/0/value", "/user/id"]),
            ..log("slack-approvals", Verdict::NotVerifiable, Grade::Parsed, Completeness::Unknown, 692, 0)
        },
        Log {
            reasons: words(&["2 breaks; keep the original files and export the range again"]),
            rejected: 3,
            breaks: vec![
                Break {
                    object: "teleport-2026-08.jsonl".to_owned(),
                    line: 412,
                    offset: 180_233,
                    seq: Some(7_401),
                    kind: BreakKind::Altered,
                    detail: "expected link 5d41402a, found 9b74c989".to_owned(),
                },
                Break {
                    object: "teleport-2026-08.jsonl".to_owned(),
                    line: 413,
                    offset: 180_690,
                    seq: Some(7_416),
                    kind: BreakKind::Gap,
                    detail: "14 records missing after 7,401".to_owned(),
                },
            ],
            ..log("teleport", Verdict::Altered, Grade::Parsed, Completeness::Unknown, 1_219, 0)
        },
    ]
}

fn holes() -> Vec<Hole> {
    let hole = |source: &str, from: &str, to: &str, kind, object: &str, line, detail: &str| Hole {
        source: source.to_owned(),
        span: Period { from: at(from), to: at(to) },
        kind,
        object: object.to_owned(),
        line,
        detail: detail.to_owned(),
    };
    vec![
        hole(
            "hoop-prod",
            "2026-08-02T00:00:00Z",
            "2026-08-03T19:12:00Z",
            BreakKind::Silence,
            "",
            0,
            "43 h without a record, limit 24 h",
        ),
        hole(
            "teleport",
            "2026-08-14T02:10:00Z",
            "2026-08-14T02:44:00Z",
            BreakKind::Gap,
            "teleport-2026-08.jsonl",
            413,
            "14 records missing after sequence 7,401",
        ),
    ]
}

fn waterfall() -> Vec<WaterfallStep> {
    let step = |id: &str, label: &str, unit: &str, items, set_aside: &[(&str, u64)]| WaterfallStep {
        id: id.to_owned(),
        label: label.to_owned(),
        unit: unit.to_owned(),
        items,
        set_aside: set_aside.iter().map(|(reason, n)| ((*reason).to_owned(), *n)).collect(),
    };
    vec![
        step(
            "records",
            "Records read",
            "records",
            6_654,
            &[
                ("re-exported", 14),
                ("rejected", 4),
                ("housekeeping", 194),
                ("ignored by a rule", 398),
                ("observations", 17),
            ],
        ),
        step("mapped", "Records that gave events", "records", 6_027, &[]),
        step("events", "Events", "events", 6_127, &[("outside the period", 121), ("repeat a fact", 31)]),
        step("in-period", "Events in the period", "events", 5_975, &[]),
        step(
            "executions",
            "Executions",
            "executions",
            1_911,
            &[("need no approval by a rule", 402), ("need not known", 61)],
        ),
        step("gated", "Executions that need approval", "executions", 1_448, &[]),
    ]
}

fn tests() -> Vec<Test> {
    let test = |id: &str, slug: &str, title: &str, severity: &str, result, [n, k, w, u, p]: [u64; 5]| Test {
        id: id.to_owned(),
        slug: slug.to_owned(),
        title: title.to_owned(),
        kind: if id.starts_with("LOG") { "evidence-quality" } else { "deviation" }.to_owned(),
        severity: severity.to_owned(),
        subject: if id.starts_with("SOD") { "decision" } else { "execution" }.to_owned(),
        objective: format!("Shows whether {}.", title.to_lowercase()),
        predicate: format!(
            "A row of the population for which the following does not hold: {}.",
            title.to_lowercase()
        ),
        cannot_show: "Actions that never reached the gate".to_owned(),
        remedy: "Ask the executor who agreed, record it, and close the path around the gate".to_owned(),
        result,
        reliance: if u > 0 { "limited" } else { "full" }.to_owned(),
        reasons: if u > 0 { words(&["hole in hoop-prod, 2026-08-02 to 2026-08-03"]) } else { Vec::new() },
        population: n,
        exceptions: k,
        accepted: w,
        untestable: u,
        pending: p,
        population_sql: digest(&format!("{id} population")),
        exceptions_sql: digest(&format!("{id} exceptions")),
        sources: words(&["gate-eu", "hoop-prod", "teleport"]),
    };
    use TestOutcome::{Exception as X, Limited, NoException, NoOccurrence, NotEvidencedHere, UnableToTest};
    vec![
        test(
            "AGT-01",
            "unresolved-identity",
            "Every actor is named by the roster",
            "medium",
            X,
            [2_410, 2, 0, 0, 0],
        ),
        test(
            "AUTHZ-01",
            "executed-without-approval",
            "Every gated execution has the approvals it needs",
            "critical",
            X,
            [1_448, 4, 1, 61, 0],
        ),
        test(
            "AUTHZ-02",
            "executed-before-approval",
            "Approval comes before execution",
            "high",
            X,
            [1_310, 2, 0, 0, 0],
        ),
        test(
            "AUTHZ-03",
            "executed-on-expired-approval",
            "Approvals are unexpired when used",
            "high",
            NoException,
            [1_310, 0, 0, 0, 0],
        ),
        test(
            "AUTHZ-04",
            "executed-after-denial",
            "Denied requests are not executed",
            "critical",
            NoException,
            [38, 0, 0, 0, 0],
        ),
        test(
            "AUTHZ-06",
            "command-differs",
            "The command executed is the command approved",
            "high",
            UnableToTest,
            [1_310, 0, 0, 402, 0],
        ),
        test(
            "BG-01",
            "break-glass-unreviewed",
            "Break-glass use is reviewed within 72 hours",
            "high",
            X,
            [7, 1, 0, 0, 1],
        ),
        test("LOG-01", "record-integrity", "Every record is intact", "high", Limited, [6_654, 4, 0, 0, 0]),
        test("LOG-02", "sequence-gap", "Sequences have no gap", "high", Limited, [4_723, 1, 0, 0, 0]),
        test(
            "LOG-04",
            "source-silent",
            "Every expected source reports",
            "medium",
            NotEvidencedHere,
            [0, 0, 0, 0, 0],
        ),
        test("SOD-01", "self-approval", "Nobody approves an own request", "critical", X, [1_502, 1, 0, 0, 0]),
        test(
            "SOD-02",
            "self-approval-accountable",
            "Nobody approves for an own agent",
            "critical",
            X,
            [1_502, 1, 0, 9, 0],
        ),
        test(
            "SOD-03",
            "approver-not-a-person",
            "Approvers are people",
            "high",
            NoOccurrence,
            [0, 0, 0, 0, 0],
        ),
    ]
}

fn frameworks() -> Vec<Framework> {
    vec![
        Framework {
            id: "iso27001-2022".to_owned(),
            name: "ISO/IEC 27001:2022 Annex A".to_owned(),
            count: 93,
        },
        Framework {
            id: "soc2-tsc-2017".to_owned(),
            name: "SOC 2 Trust Services Criteria 2017 (2022 points of focus)".to_owned(),
            count: 61,
        },
    ]
}

const ISO_GROUPS: [(&str, &str, u32); 4] = [
    ("Organisational", "A.5.", 37),
    ("People", "A.6.", 8),
    ("Physical", "A.7.", 14),
    ("Technological", "A.8.", 34),
];
const SOC_GROUPS: [(&str, &str, u32); 20] = [
    ("Common: control environment", "CC1.", 5),
    ("Common: information", "CC2.", 3),
    ("Common: risk assessment", "CC3.", 4),
    ("Common: monitoring", "CC4.", 2),
    ("Common: control activities", "CC5.", 3),
    ("Common: access", "CC6.", 8),
    ("Common: operations", "CC7.", 5),
    ("Common: change", "CC8.", 1),
    ("Common: risk mitigation", "CC9.", 2),
    ("Availability", "A1.", 3),
    ("Confidentiality", "C1.", 2),
    ("Processing integrity", "PI1.", 5),
    ("Privacy", "P1.", 1),
    ("Privacy", "P2.", 1),
    ("Privacy", "P3.", 2),
    ("Privacy", "P4.", 3),
    ("Privacy", "P5.", 2),
    ("Privacy", "P6.", 7),
    ("Privacy", "P7.", 1),
    ("Privacy", "P8.", 1),
];

fn controls() -> Vec<Control> {
    let list = |framework: &'static str, groups: &'static [(&str, &str, u32)]| {
        groups.iter().flat_map(move |(group, prefix, n)| {
            (1..=*n).map(move |i| control(framework, group, &format!("{prefix}{i}")))
        })
    };
    list("iso27001-2022", &ISO_GROUPS).chain(list("soc2-tsc-2017", &SOC_GROUPS)).collect()
}

fn control(framework: &str, group: &str, id: &str) -> Control {
    let mapped = MAPPINGS.iter().filter(|(control, ..)| *control == id);
    let tests: Vec<String> = mapped.flat_map(|(_, tests)| tests.iter().map(|t| (*t).to_owned())).collect();
    let (status, reach, population, exceptions) = match id {
        "A.5.3" => ("exception", "partial", 1_502, 2),
        "A.8.2" | "CC6.1" | "CC6.3" => ("exception", "direct", 1_448, 6),
        "A.8.32" | "CC8.1" => ("unable_to_test", "partial", 1_448, 0),
        "A.5.18" => ("no_exception", "direct", 38, 0),
        "A.5.16" => ("review", "context", 2_410, 0),
        "CC7.4" => ("no_occurrence", "partial", 0, 0),
        "P6.2" => ("out_of_scope", "none", 0, 0),
        _ => ("not_tested", "none", 0, 0),
    };
    let title = match id {
        "A.5.3" => "Duties that conflict are kept apart",
        "A.8.2" => "Privileged access is restricted and managed",
        "A.8.32" => "Changes to systems go through change control",
        "CC6.1" => "Logical access is restricted to those entitled",
        "CC8.1" => "Changes are authorised, tested, and approved",
        _ => "Own wording of this control, as the catalogue gives it",
    };
    Control {
        id: format!("{framework}:{id}"),
        title: title.to_owned(),
        group: group.to_owned(),
        reach: reach.to_owned(),
        can_show: "Whether privileged actions were approved before they ran".to_owned(),
        status: status.to_owned(),
        cap: if reach == "direct" { "partial" } else { reach }.to_owned(),
        reasons: if reach == "direct" {
            words(&["limited reliance: no roster for hoop-prod"])
        } else {
            Vec::new()
        },
        tests,
        population,
        exceptions,
    }
}

const MAPPINGS: [(&str, &[&str]); 8] = [
    ("A.5.3", &["SOD-01", "SOD-02"]),
    ("A.5.16", &["AGT-01"]),
    ("A.5.18", &["AUTHZ-04"]),
    ("A.8.2", &["AUTHZ-01", "AUTHZ-02", "BG-01"]),
    ("A.8.32", &["AUTHZ-01", "AUTHZ-06"]),
    ("CC6.1", &["AUTHZ-01", "SOD-01"]),
    ("CC6.3", &["AUTHZ-01", "SOD-02", "AUTHZ-03"]),
    ("CC8.1", &["AUTHZ-06"]),
];

fn mappings() -> Vec<Mapping> {
    MAPPINGS
        .iter()
        .flat_map(|(control, tests)| tests.iter().map(move |test| (control, test)))
        .map(|(control, test)| Mapping {
            control: format!("{}:{control}", if control.starts_with("A.") { "iso27001-2022" } else { "soc2-tsc-2017" }),
            test: (*test).to_owned(),
            relation: if *test == "AGT-01" { "context" } else { "tests" }.to_owned(),
            why: "The control asks for a decision by somebody entitled, and the test looks for each action without one".to_owned(),
            not_shown: "Whether the rule of who is entitled is itself sound".to_owned(),
            confidence: "medium".to_owned(),
            reviewed: *test == "SOD-01",
        })
        .collect()
}

fn exceptions() -> Vec<Exception> {
    let item = |n: u64,
                test: &str,
                severity: &str,
                source: &str,
                native: &str,
                time: &str,
                summary: &str,
                facts: &[(&str, &str)]| Exception {
        id: digest(&format!("exception {n}")).to_string(),
        test: test.to_owned(),
        also: Vec::new(),
        severity: severity.to_owned(),
        source: source.to_owned(),
        native_id: native.to_owned(),
        case: Some(format!("{source}:request:R-{n}")),
        object: format!("{source}-2026-{}.jsonl", &time[5..7]),
        line: 100 + n * 37,
        time: Some(at(time)),
        subject: "execution".to_owned(),
        summary: summary.to_owned(),
        facts: facts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        grade: Grade::PinnedSigned,
        controls: words(&["iso27001-2022:A.8.2", "soc2-tsc-2017:CC6.1"]),
        accepted: None,
    };
    let none = "executed without approval";
    let mut list = vec![
        item(
            1,
            "AUTHZ-01",
            "critical",
            "gate-eu",
            "E-1204",
            "2026-07-08T11:20:41Z",
            none,
            &[
                ("executor", "deploy-bot"),
                ("command", "kubectl -n payments delete deployment ledger"),
                ("approvals", "0 of 1"),
            ],
        ),
        item(
            2,
            "AUTHZ-01",
            "critical",
            "hoop-prod",
            "9d0e7f22-6c0b-4b6f-9a55-0a8f5a0c7e11",
            "2026-07-21T03:02:09Z",
            none,
            &[("executor", "נועה לוי"), ("command", "psql -c 'drop table payouts'"), ("approvals", "0 of 1")],
        ),
        item(
            3,
            "AUTHZ-01",
            "critical",
            "gate-eu",
            "E-2277",
            "2026-08-04T16:44:00Z",
            none,
            &[("executor", "李小龍"), ("command", HOSTILE), ("approvals", "1 of 2")],
        ),
        item(
            4,
            "AUTHZ-01",
            "critical",
            "teleport",
            "s-7a41",
            "2026-09-02T08:00:12Z",
            none,
            &[("executor", "Владимир Петров"), ("command", "tsh ssh root@db-1"), ("approvals", "0 of 1")],
        ),
        item(
            5,
            "SOD-01",
            "critical",
            "gate-eu",
            "D-311",
            "2026-07-15T09:31:02Z",
            "requester approved own request",
            &[("requester", "dana.reyes"), ("approver", "dana.reyes"), ("action", "export customer table")],
        ),
        item(
            6,
            "SOD-02",
            "critical",
            "gate-eu",
            "D-902",
            "2026-08-19T13:05:40Z",
            "owner approved own agent's request",
            &[
                ("requester", "billing-agent (owner Αλέξανδρος Παπαδόπουλος)"),
                ("approver", "Αλέξανδρος Παπαδόπουλος"),
                ("action", "refund batch 77"),
            ],
        ),
        item(
            7,
            "AUTHZ-02",
            "high",
            "hoop-prod",
            "b1f0c0de",
            "2026-07-30T10:11:12Z",
            "executed 42 s before approval",
            &[("executor", "ci-runner"), ("approver", "محمد علی‌رضا"), ("action", "run migration 0142")],
        ),
        item(
            8,
            "AUTHZ-02",
            "high",
            "gate-eu",
            "E-4410",
            "2026-09-11T22:59:59Z",
            "executed 3 min before approval",
            &[("executor", "deploy-bot"), ("approver", "Zoë Ångström"), ("action", "restart gateway")],
        ),
        item(
            9,
            "BG-01",
            "high",
            "gate-eu",
            "E-3003",
            "2026-08-27T01:12:00Z",
            "break-glass use was not reviewed within 72 hours",
            &[("executor", "on-call"), ("action", "grant admin to self")],
        ),
        item(
            10,
            "AGT-01",
            "medium",
            "teleport",
            "ev-55",
            "2026-07-02T12:00:00Z",
            "actor is not in the roster",
            &[("actor", "bot-legacy-7")],
        ),
        item(
            11,
            "AGT-01",
            "medium",
            "hoop-prod",
            "ev-91",
            "2026-09-28T12:00:00Z",
            "actor is not in the roster",
            &[("actor", "tmp-contractor@example.net")],
        ),
    ];
    list[0].accepted = Some("W-2026-014".to_owned());
    list[4].also = words(&["AUTHZ-01"]);
    list[10].time = None;
    list[10].case = None;
    list
}

fn cases(exceptions: &[Exception]) -> Vec<Case> {
    exceptions
        .iter()
        .filter_map(|exception| exception.case.clone().map(|case| (exception, case)))
        .map(|(exception, id)| {
            let time = exception.time.expect("exceptions with a case have a time in the fixture");
            let moment = |offset: i64, lane: &str, who: &str, what: &str| CaseMoment {
                at: Some(time.plus_ms(offset)),
                lane: lane.to_owned(),
                who: who.to_owned(),
                person: Some("dana.reyes".to_owned()),
                what: what.to_owned(),
                valid_to: (lane == "decision").then(|| time.plus_ms(DAY_MS)),
                source: exception.source.clone(),
                object: exception.object.clone(),
                line: exception.line.saturating_sub(1),
                grade: exception.grade,
            };
            Case {
                id,
                state: "approved".to_owned(),
                gaps: words(&["no decision before the execution"]),
                moments: vec![
                    moment(-120_000, "request", "billing-agent", "asked for refund batch 77"),
                    moment(-60_000, "decision", "李小龍", "approved"),
                    moment(0, "execution", "deploy-bot", "ran"),
                ],
                exceptions: vec![exception.id.clone()],
            }
        })
        .collect()
}

fn untestable() -> Vec<Untestable> {
    (0..6)
        .map(|i| Untestable {
            test: if i < 4 { "AUTHZ-06" } else { "SOD-02" }.to_owned(),
            source: "hoop-prod".to_owned(),
            native_id: format!("session-{i}"),
            object: "hoop-prod-2026-07.jsonl".to_owned(),
            line: 40 + i,
            reason: if i < 4 { "command_digest" } else { "reviewer_principal_id" }.to_owned(),
        })
        .collect()
}

fn days() -> Vec<Day> {
    let start = at("2026-07-01");
    (0..92_u64)
        .map(|i| {
            let weekend = matches!((i + 2) % 7, 5 | 6);
            let busy = if weekend { 3 } else { 12 + (i * 7) % 11 };
            let unverified =
                |gap: bool| if gap { (0, "none".to_owned()) } else { (13, "unverified".to_owned()) };
            Day {
                day: start.plus_ms(i64::try_from(i).expect("92 days") * DAY_MS).day(),
                approved: busy,
                automatic: i % 4,
                break_glass: u64::from(i % 13 == 5),
                exceptions: u64::from(matches!(i, 7 | 20 | 34 | 63 | 14 | 49 | 29 | 72 | 57)),
                other: 2 + i % 5,
                coverage: vec![
                    (38, "verified".to_owned()),
                    unverified(matches!(i, 32 | 33)),
                    unverified(false),
                    if i == 44 { (9, "broken".to_owned()) } else { unverified((75..=85).contains(&i)) },
                ],
            }
        })
        .collect()
}

fn keys() -> Vec<Key> {
    let key = |name: &str, owner: &str, standing: &str, records| Key {
        id: digest(name).to_string(),
        owner: owner.to_owned(),
        purpose: if owner.is_empty() { String::new() } else { "log".to_owned() },
        logs: words(&["gate-eu"]),
        standing: standing.to_owned(),
        valid_from: Some(at("2026-01-01")),
        valid_until: None,
        revoked_at: None,
        compromised_at: None,
        records,
    };
    vec![key("key a", "Acme gateway team", "trusted", 3_504), key("key b", "", "claimed", 0)]
}

fn unresolved() -> Vec<UnresolvedIdentity> {
    vec![
        UnresolvedIdentity {
            ns: "email".to_owned(),
            id: "tmp-contractor@example.net".to_owned(),
            events: 4,
            first: Some(at("2026-09-28T12:00:00Z")),
            why: "unresolved".to_owned(),
        },
        UnresolvedIdentity {
            ns: "teleport:prod".to_owned(),
            id: "bot-legacy-7".to_owned(),
            events: 12,
            first: Some(at("2026-07-02T12:00:00Z")),
            why: "unresolved".to_owned(),
        },
    ]
}

fn parameters() -> Vec<Parameter> {
    vec![
        Parameter {
            name: "authz_03_default_ttl_ms".to_owned(),
            test: "AUTHZ-03".to_owned(),
            value: 43_200_000,
            base: 86_400_000,
            tighter: "lower".to_owned(),
            why: "The team's policy says twelve hours".to_owned(),
        },
        Parameter {
            name: "bg_01_max_review_ms".to_owned(),
            test: "BG-01".to_owned(),
            value: 259_200_000,
            base: 259_200_000,
            tighter: "lower".to_owned(),
            why: "72 hours".to_owned(),
        },
    ]
}
