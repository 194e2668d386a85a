//! What the results rest on: records, sources, keys, changes, and files.

use super::WorkpaperError;
use super::sheet::{Book, Cell, Head, auditor, column, iso, text};
use crate::report::model::{Report, Source};
use crate::report::view::text::span;

pub(super) fn reconciliation(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Reconciliation",
        purpose: "Where every record went, from lines read to items tested.",
        source: "report.json, waterfall".to_owned(),
        procedure: "Items of a step = what was set aside + items of the next step of the same unit."
            .to_owned(),
        result: format!(
            "Population: {}. {} holes.",
            report.verdicts.population.replace('-', " "),
            report.holes.len()
        ),
    };
    let columns = [
        column("Step", 40),
        column("Unit", 14),
        column("Items", 12),
        column("Set aside for", 44),
        column("Set aside", 12),
        column("Left for the next step", 14),
        auditor("Agreed to", 24, &[]),
    ];
    let mut rows = Vec::new();
    for step in &report.waterfall {
        let aside: u64 = step.set_aside.iter().map(|(_, items)| items).sum();
        rows.push(vec![
            text(&step.label),
            text(&step.unit),
            Cell::Count(step.items),
            text("in all"),
            Cell::Count(aside),
            Cell::Count(step.items.saturating_sub(aside)),
        ]);
        rows.extend(step.set_aside.iter().map(|(reason, items)| {
            vec![text(&step.label), text(&step.unit), text(""), text(reason), Cell::Count(*items), text("")]
        }));
    }
    rows.extend(report.holes.iter().map(|hole| {
        vec![
            text(format!("Hole in {}", hole.source)),
            text("time"),
            text(""),
            text(format!("{}: {}", hole.kind, hole.detail)),
            text(""),
            text(span(hole.span)),
        ]
    }));
    book.tab(head, &columns, rows.into_iter())
}

pub(super) fn ipe(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "IPE",
        purpose: "Information produced by the entity: what each source is, and how it came to be.",
        source: "countersign.toml and the profiles of 07_policy in the pack; the logs themselves".to_owned(),
        procedure: "Counts are the program’s own; who extracted what, and how, is as the team declares it."
            .to_owned(),
        result: format!("{} sources, {} objects", report.sources.len(), report.objects.len()),
    };
    let columns = [
        column("Source", 20),
        column("Attribute", 34),
        column("Value", 90),
        auditor("Compared with", 30, &[]),
        auditor("Checked", 10, &["yes", "no", "n/a"]),
    ];
    let rows = report.sources.iter().flat_map(|source| {
        attributes(report, source)
            .into_iter()
            .map(|(label, value)| vec![text(&source.id), text(label), text(value)])
    });
    book.tab(head, &columns, rows)
}

fn attributes(report: &Report, source: &Source) -> Vec<(&'static str, String)> {
    let tally = &source.tally;
    let ignored: u64 = tally.ignored.values().sum();
    let rejected: u64 = tally.rejected.values().sum();
    let moment = |at: Option<crate::clock::Moment>| at.map_or_else(|| "none".to_owned(), |at| at.to_string());
    let declared = |of: fn(&crate::report::model::Extracted) -> String| {
        source.extracted.as_ref().map_or_else(|| "not declared".to_owned(), of)
    };
    vec![
        ("System of record", source.product.clone()),
        ("Source profile, made from", format!("{} ({})", source.profile, source.basis)),
        ("Role", source.role.clone()),
        ("Integrity mechanism", source.mechanism.clone()),
        ("Grade found, grade demanded", format!("{}, {}", source.grade, source.require)),
        ("Extracted by", declared(|extracted| extracted.by.clone())),
        ("Extracted at", declared(|extracted| extracted.at.to_string())),
        ("Query or command", declared(|extracted| extracted.how.clone())),
        (
            "Records at the source, as declared",
            declared(|extracted| {
                extracted.records.map_or_else(|| "not declared".to_owned(), |n| n.to_string())
            }),
        ),
        ("Objects read", source.objects.to_string()),
        ("Bytes read", source.bytes.to_string()),
        ("Records read", tally.read.to_string()),
        ("Records that gave events", tally.mapped.to_string()),
        ("Records set aside by a rule", ignored.to_string()),
        ("Records that no rule matches", tally.observations.to_string()),
        ("Records of the log itself", tally.housekeeping.to_string()),
        ("Records rejected", rejected.to_string()),
        ("Records counted once of two", tally.duplicates.to_string()),
        ("First record", moment(source.first)),
        ("Last record", moment(source.last)),
        ("Days with a record", format!("{} of {}", source.days_covered, report.days.len())),
        ("What the product does not log", source.absent.join("; ")),
    ]
}

pub(super) fn keys(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let trusted = report.keys.iter().filter(|key| key.standing == "trusted").count();
    let head = Head {
        tab: "Keys",
        purpose: "Keys that signed records, and keys that the trust file names.",
        source: "06_keys/trust/trust.toml of the pack; the logs".to_owned(),
        procedure: "A key that only a log names is a claim. Compare a trusted one with what its owner says."
            .to_owned(),
        result: format!("{trusted} of {} keys are trusted", report.keys.len()),
    };
    let columns = [
        column("Key id (SHA-256)", 68),
        column("Owner", 24),
        column("Purpose", 12),
        column("Logs", 24),
        column("Standing", 12),
        column("Valid from", 26),
        column("Valid until", 26),
        column("Revoked at", 26),
        column("Compromised at", 26),
        column("Records signed", 12),
        auditor("Compared with the owner", 20, &["yes", "no"]),
        auditor("How", 30, &[]),
    ];
    let rows = report.keys.iter().map(|key| {
        vec![
            text(&key.id),
            text(&key.owner),
            text(&key.purpose),
            text(key.logs.join(", ")),
            text(&key.standing),
            iso(key.valid_from),
            iso(key.valid_until),
            iso(key.revoked_at),
            iso(key.compromised_at),
            Cell::Count(key.records),
        ]
    });
    book.tab(head, &columns, rows)
}

pub(super) fn changes(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Changes",
        purpose: "What this team decided, and what it changed of what the program ships.",
        source: "countersign.toml and 07_policy of the pack".to_owned(),
        procedure: "Compared with the shipped files. Two packs are compared by: countersign diff PACK PACK"
            .to_owned(),
        result: format!("{} shipped files replaced or added to", report.overrides.len()),
    };
    let columns = [
        column("Kind", 14),
        column("What", 50),
        column("Here", 68),
        column("Shipped", 68),
        auditor("Approved by, ref", 30, &[]),
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    rows.extend(
        report
            .settings
            .iter()
            .map(|setting| vec![text("setting"), text(&setting.name), text(&setting.value), text("")]),
    );
    let changed = report.parameters.iter().filter(|parameter| parameter.value != parameter.base);
    rows.extend(changed.map(|parameter| {
        vec![
            text("parameter"),
            text(&parameter.name),
            text(parameter.value.to_string()),
            text(parameter.base.to_string()),
        ]
    }));
    rows.extend(report.overrides.iter().map(|file| {
        let shipped = file.shipped.map_or_else(|| "not shipped".to_owned(), |digest| digest.to_string());
        vec![text("file"), text(&file.path), text(file.sha256.to_string()), text(shipped)]
    }));
    book.tab(head, &columns, rows.into_iter())
}

pub(super) fn index(book: &mut Book, report: &Report) -> Result<(), WorkpaperError> {
    let head = Head {
        tab: "Evidence_Index",
        purpose: "The files behind the results.",
        source: "report.json, objects and policy; the manifest of the pack lists every file".to_owned(),
        procedure: "Digests are SHA-256 of the files as read. 05_sources/objects.json says where an object lies in the pack."
            .to_owned(),
        result: format!("{} source objects, {} files of policy", report.objects.len(), report.policy.len()),
    };
    let columns = [
        column("Evidence", 12),
        column("Description", 30),
        column("File", 60),
        column("Bytes", 14),
        column("SHA-256", 68),
        column("Records", 12),
        column("Period", 30),
        auditor("Request ref (PBC)", 16, &[]),
        auditor("W/P ref", 12, &[]),
    ];
    let period = span(report.period);
    let report_file =
        ("the results".to_owned(), "01_report.json".to_owned(), None, Some(book.results()), None);
    let objects = report.objects.iter().map(|object| {
        let what = format!("object of {}", object.source);
        (what, object.name.clone(), Some(object.bytes), object.sha256, Some(object.records))
    });
    let policy = report.policy.iter().map(|file| {
        let folder = if file.path.starts_with("trust/") { "06_keys" } else { "07_policy" };
        (
            "what shaped the results".to_owned(),
            format!("{folder}/{}", file.path),
            None,
            Some(file.sha256),
            None,
        )
    });
    let files = std::iter::once(report_file).chain(objects).chain(policy);
    let count = |value: Option<u64>| value.map_or_else(|| text(""), Cell::Count);
    let rows = files.zip(1..).map(|((what, file, bytes, sha256, records), at)| {
        let digest = sha256.map_or_else(|| "not read to the end".to_owned(), |digest| digest.to_string());
        vec![
            text(format!("EV-{at:05}")),
            text(what),
            text(file),
            count(bytes),
            text(digest),
            count(records),
            text(&period),
        ]
    });
    book.tab(head, &columns, rows)
}
