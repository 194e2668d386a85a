//! A period that goes on from the pack of the one before.

use std::fs;
use std::path::Path;

use countersign::report::json;
use countersign::report::model::{Log, Report};

use super::support::{Ran, Workspace, countersign};

/// `samples/acme` with the gate's log alone, from one of its months to another.
fn months(keep: &[&str], from: &str, to: &str) -> Workspace {
    let workspace = Workspace::copy_of("acme");
    for month in ["07.jsonl.gz", "08.jsonl", "09.jsonl.zst"] {
        if !keep.iter().any(|kept| month.starts_with(kept)) {
            fs::remove_file(workspace.at(&format!("logs/gate-eu/gate-eu-2026-{month}"))).unwrap();
        }
    }
    workspace.edit("countersign.toml", |text| {
        let text = text.replacen("2026-07-01T00:00:00Z, to = 2026-10-01", &format!("{from}, to = {to}"), 1);
        text.replacen("head        = \"heads/gate-eu.head\"\n", "", 1).replace(", records = 4301", "")
    });
    workspace
}

fn july() -> Workspace {
    months(&["07"], "2026-07-01T00:00:00Z", "2026-08-01")
}

fn rest() -> Workspace {
    let workspace = months(&["08", "09"], "2026-08-01T00:00:00Z", "2026-10-01");
    workspace
        .edit("countersign.toml", |text| text.replacen("after       = \"heads/q2/gate-eu.head\"\n", "", 1));
    workspace
}

fn report(workspace: &Workspace, extra: &[&str]) -> (Ran, Option<Report>) {
    let out = workspace.at("out");
    let mut args = vec!["--formats", "json", "--out", out.to_str().unwrap()];
    args.extend(extra);
    let ran = workspace.run("report", &args);
    let report = fs::read(out.join("data/01_report.json")).ok().map(|bytes| json::parse(&bytes).unwrap());
    (ran, report)
}

fn gate(report: &Report) -> &Log {
    report.logs.iter().find(|log| log.log == "gate-eu").unwrap()
}

/// Makes the pack of July.
fn july_pack() -> Workspace {
    let workspace = july();
    let (ran, made) = report(&workspace, &["--as-of", "2026-08-01"]);
    assert!(gate(&made.unwrap()).head.is_some(), "{ran:#?}");
    workspace
}

#[test]
fn numbers_of_a_period_go_on_where_those_of_the_one_before_end() {
    let numbers = |workspace: Workspace, extra: &[&str]| {
        gate(&report(&workspace, extra).1.unwrap()).in_period.expect("records of a gate are numbered")
    };
    let before = numbers(july(), &["--as-of", "2026-08-01"]);
    let after = numbers(rest(), &[]);
    assert_eq!(before.last + 1, after.first);
    assert_eq!((before.absent(), after.absent()), (0, 0));

    // The log is the same; the period ends in the middle of it.
    let shorter = months(&["07"], "2026-07-01T00:00:00Z", "2026-07-15");
    let shorter = numbers(shorter, &["--as-of", "2026-07-15"]);
    assert_eq!(shorter.first, before.first);
    assert!(shorter.last < before.last && shorter.records == shorter.last - shorter.first + 1, "{shorter:?}");
}

#[test]
fn logs_go_on_where_the_previous_pack_ended() {
    let before = july_pack();
    let after = rest();
    let (_, alone) = report(&after, &[]);
    let alone = alone.unwrap();
    let late = gate(&alone).breaks.iter().any(|found| found.kind.word() == "late-start");
    assert!(late, "without the pack, nothing shows what came before: {:#?}", gate(&alone));

    let previous = before.at("out");
    let (ran, found) = report(&after, &["--previous", previous.to_str().unwrap()]);
    let found = found.unwrap();
    assert!(gate(&found).breaks.is_empty(), "{:#?}", gate(&found));
    let said = found.settings.iter().find(|setting| setting.name == "Goes on from").unwrap();
    assert!(
        said.value.contains("signed by") || said.value.contains("not signed by a trusted key"),
        "{said:?}"
    );
    assert!(ran.err.is_empty() || !ran.err.contains("previous pack"), "{ran:#?}");

    let pack = after.at("out");
    let trust = after.at("trust.toml");
    let verified = countersign(&[Path::new("verify"), &pack, Path::new("--trust"), &trust]);
    assert!(verified.out.contains("derived again, byte for byte the same"), "{verified:#?}");
}

#[test]
fn records_cut_between_two_packs_are_a_truncated_head() {
    let before = july_pack();
    let after = rest();
    after.edit("logs/gate-eu/gate-eu-2026-08.jsonl", |text| {
        let (_, rest) = text.split_once('\n').unwrap();
        rest.to_owned()
    });
    let previous = before.at("out");
    let (ran, found) = report(&after, &["--previous", previous.to_str().unwrap()]);
    let found = found.unwrap();
    assert_eq!(ran.exit, 3, "{ran:#?}");
    assert!(
        gate(&found).breaks.iter().any(|found| found.kind.word() == "truncated-head"),
        "{:#?}",
        gate(&found)
    );
}

#[test]
fn exceptions_of_the_previous_pack_are_followed_and_follow_from_it_again() {
    let before = july_pack();
    let earlier = fs::read(before.at("out/data/01_report.json")).unwrap();
    let earlier = json::parse(&earlier).unwrap();
    assert!(!earlier.exceptions.is_empty() && earlier.since.is_none());
    let after = rest();
    let (_, found) = report(&after, &["--previous", before.at("out").to_str().unwrap()]);
    let found = found.unwrap();
    let since = found.since.as_ref().unwrap();
    let ids = |list: &mut dyn Iterator<Item = &String>| list.cloned().collect::<Vec<_>>();
    assert_eq!(
        ids(&mut since.exceptions.iter().map(|one| &one.id)),
        ids(&mut earlier.exceptions.iter().map(|one| &one.id))
    );
    for one in &since.exceptions {
        let here = found.exceptions.iter().any(|exception| exception.id == one.id);
        assert_eq!(one.state == "carried", here, "{one:?}");
        // July is not tested again, so nothing of it may count as closed.
        assert!(here || one.state == "out-of-window" || one.time.is_none(), "{one:?}");
    }
    // Both derivations of `verify` come to the same bytes: the pack holds what they rest on.
    let trust = after.at("trust.toml");
    let out = after.at("out");
    let ran = countersign(&["verify", out.to_str().unwrap(), "--trust", trust.to_str().unwrap()]);
    assert_ne!(ran.exit, 3, "{ran:#?}");
    assert!(!ran.out.contains("altered"), "{ran:#?}");
}

#[test]
fn source_that_the_previous_pack_had_may_not_vanish() {
    let before = july_pack();
    let after = rest();
    after.edit("countersign.toml", |text| {
        text.replacen("id        = \"slack-approvals\"", "id        = \"slack-new\"", 1)
            .replace("source = \"slack-approvals\"", "source = \"slack-new\"")
    });
    let previous = before.at("out");
    let (ran, found) = report(&after, &["--previous", previous.to_str().unwrap()]);
    assert!(
        ran.err.contains("source `slack-approvals` of the previous pack is not in this workspace"),
        "{ran:#?}"
    );
    let found = found.unwrap();
    assert!(found.settings.iter().any(|setting| setting.value.contains("this one lacks: slack-approvals")));
}

#[test]
fn previous_pack_that_cannot_be_gone_on_from_is_refused() {
    let before = july_pack();
    let previous = before.at("out");
    let previous = previous.to_str().unwrap();

    let contradicts = rest();
    contradicts.edit("countersign.toml", |text| {
        text.replacen("max_silence = \"4h\"", "after = \"heads/q2/gate-eu.head\"\nmax_silence = \"4h\"", 1)
    });
    report(&contradicts, &["--previous", previous])
        .0
        .refuses(&["`after` of source `gate-eu`", "the previous pack ends at"]);

    report(&july(), &["--previous", previous]).0.refuses(&["after this period's start"]);

    let nothing = rest();
    report(&nothing, &["--previous", nothing.at("logs").to_str().unwrap()]).0.refuses(&["previous pack"]);
    assert!(!nothing.at("out").exists(), "nothing is written");

    let file = before.at("out/data/01_report.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("Acme", "Bcme", 1)).unwrap();
    report(&rest(), &["--previous", previous]).0.refuses(&["is altered"]);
}
