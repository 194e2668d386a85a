//! `profile.toml` to a compiled profile.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{Compiler, REFERENCES, constant, time_formats, zone};
use super::error::{ProfileError, did_you_mean};
use super::expr::{Base, Constant, Path, Plan, WordMap};
use super::json::Pointer;
use super::rule::{Groups, distinct, rule, verdict};
use super::stamp::TimeFormat;
use super::syntax::{Key, Node, Shape, Source, Table};
use super::{Basis, Integrity, Profile};
use crate::digest::Digest;
use crate::redact::shown;
use crate::source::framing::{Framing, MAX_RECORD};

/// The version of the language, as a profile states it.
const SCHEMA: &str = "countersign/source-profile/1";

/// The most bytes that a profile may raise the record limit to: what a reader must hold in memory at once.
const MAX_RAISED_RECORD: i64 = 256 * 1024 * 1024;

const TOP: [&str; 19] = [
    "schema",
    "name",
    "version",
    "product",
    "product_versions",
    "basis",
    "integrity",
    "match",
    "absent",
    "read",
    "nested",
    "settings",
    "maps",
    "let",
    "columns",
    "housekeeping",
    "ignore",
    "reject",
    "rule",
];

type Compiled<T> = Result<T, ProfileError>;

impl Profile {
    /// Compiles the text of a `profile.toml`; `file` names it in messages.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Invalid`] with line and column for anything that the language does not know, for a name
    /// that is not declared or never used, and for a rule whose events would say nothing.
    pub fn parse(file: &str, text: &str) -> Result<Self, ProfileError> {
        let source = Source { file, text };
        let parsed = source.parse()?;
        let top = Table::root(source, &parsed);
        top.only(&TOP)?;
        let schema = top.need("schema")?;
        if schema.text()? != SCHEMA {
            return Err(schema.error(format!("expected `{SCHEMA}`, found `{}`", shown(schema.text()?)), None));
        }

        let read = Reading::of(top)?;
        let settings = texts(top, "settings")?;
        let (mut compiler, mut groups) = declarations(top, &read, &settings)?;
        let record_time = read.record_time.map(|node| compiler.expr(node)).transpose()?;
        let mut verdicts = |name: &str, names_value: bool| {
            tables(top, name)?
                .into_iter()
                .map(|node| verdict(node, &mut compiler, names_value))
                .collect::<Compiled<Vec<_>>>()
        };
        let (housekeeping, ignores, rejects) =
            (verdicts("housekeeping", false)?, verdicts("ignore", false)?, verdicts("reject", true)?);
        let nodes = tables(top, "rule")?;
        let rules =
            nodes.iter().map(|node| rule(*node, &mut compiler, &mut groups)).collect::<Compiled<Vec<_>>>()?;
        distinct(&rules, &nodes)?;
        if rules.is_empty() {
            return Err(top.error("a profile without a rule", Some("add `[[rule]]`".to_owned())));
        }
        if let Some((name, (key, ..))) = groups.iter().find(|(_, (_, _, used))| !used) {
            return Err(key.error(format!("columns `{name}` are never used"), Some("remove them".to_owned())));
        }

        Ok(Self {
            name: name(top)?,
            version: top.need("version")?.text()?.to_owned(),
            product: top.need("product")?.text()?.to_owned(),
            product_versions: top
                .opt("product_versions")
                .map(|node| node.text())
                .transpose()?
                .map(str::to_owned),
            basis: Basis::from_word(top.need("basis")?.word(&Basis::WORDS)?),
            integrity: integrity(top.need("integrity")?)?,
            absent: top.need("absent")?.texts()?.into_iter().map(str::to_owned).collect(),
            digest: Digest::of(text.as_bytes()),
            framing: read.framing,
            unwrap: read.unwrap,
            max_record: read.max_record,
            match_first: top.need("match")?.word(&["all", "first"])? == "first",
            settings: settings
                .into_iter()
                .map(|(key, text)| (key.text.to_owned(), text.to_owned()))
                .collect(),
            record_time,
            housekeeping,
            ignores,
            rejects,
            rules,
            plan: compiler.finish()?,
        })
    }
}

/// The `[read]` table.
struct Reading<'t> {
    framing: Framing,
    unwrap: Vec<Pointer>,
    max_record: usize,
    nulls: Vec<String>,
    times: Vec<TimeFormat>,
    zone: Option<jiff::tz::Offset>,
    record_time: Option<Node<'t>>,
}

impl<'t> Reading<'t> {
    fn of(top: Table<'t>) -> Compiled<Self> {
        let read = top.need("read")?.table()?;
        read.only(&["framing", "records", "unwrap", "max_record", "nulls", "time", "zone", "record_time"])?;
        let zone = read.opt("zone").map(zone).transpose()?;
        Ok(Self {
            framing: framing(read)?,
            unwrap: pointers(read, "unwrap")?
                .iter()
                .map(|(node, text)| Pointer::compile(text).map_err(|what| node.error(what, None)))
                .collect::<Compiled<_>>()?,
            max_record: max_record(read)?,
            nulls: read
                .opt("nulls")
                .map(|node| node.texts())
                .transpose()?
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            times: match read.opt("time") {
                Some(node) => time_formats(node, zone.is_some())?,
                None => vec![TimeFormat::Rfc3339],
            },
            zone,
            record_time: read.opt("record_time"),
        })
    }
}

fn framing(read: Table<'_>) -> Compiled<Framing> {
    let node = read.need("framing")?;
    let word = node.word(&["lines", "document", "by-name"])?;
    let records: Vec<String> =
        pointers(read, "records")?.into_iter().map(|(_, text)| text.to_owned()).collect();
    match word {
        "lines" if records.is_empty() => Ok(Framing::Lines),
        "lines" => Err(node.error("`records` has no meaning for lines", Some("remove `records`".to_owned()))),
        _ if records.is_empty() => {
            Err(node.error("a document without `records`", Some("add `records = [\"\"]`".to_owned())))
        }
        "document" => Ok(Framing::Document { records }),
        _ => Ok(Framing::ByName { records }),
    }
}

fn pointers<'t>(table: Table<'t>, key: &str) -> Compiled<Vec<(Node<'t>, &'t str)>> {
    let Some(node) = table.opt(key) else { return Ok(Vec::new()) };
    node.list()?
        .into_iter()
        .map(|node| {
            let text = node.text()?;
            Pointer::compile(text).map_err(|what| node.error(what, None))?;
            Ok((node, text))
        })
        .collect()
}

fn max_record(read: Table<'_>) -> Compiled<usize> {
    let Some(node) = read.opt("max_record") else { return Ok(MAX_RECORD) };
    match node.shape()? {
        Shape::Int(bytes) if (1..=MAX_RAISED_RECORD).contains(&bytes) => {
            usize::try_from(bytes).map_err(|_| node.error("a limit beyond this machine", None))
        }
        _ => Err(node.error(format!("expected a number of bytes from 1 to {MAX_RAISED_RECORD}"), None)),
    }
}

/// Returns a compiler that knows what the profile declares, and its groups of columns.
fn declarations<'t>(
    top: Table<'t>,
    read: &Reading<'t>,
    settings: &[(Key<'t>, &'t str)],
) -> Compiled<(Compiler<'t>, Groups<'t>)> {
    let mut nested_names = Vec::new();
    let mut plan =
        Plan { nulls: read.nulls.clone(), times: read.times.clone(), zone: read.zone, ..Plan::default() };
    for (key, text) in texts(top, "nested")? {
        if REFERENCES.contains(&key.text) || key.text.contains('/') {
            return Err(key.error(format!("`@{}` has a meaning of its own", shown(key.text)), None));
        }
        let pointer = Pointer::compile(text).map_err(|what| key.error(what, None))?;
        nested_names.push(key.text);
        plan.nested.push(Path { base: Base::Root, pointer, text: text.to_owned() });
    }

    let mut maps = BTreeMap::new();
    for (key, node) in entries(top, "maps")? {
        let words = node
            .table()?
            .entries()
            .map(|(word, value)| Ok((word.text.to_owned(), constant(value)?)))
            .collect::<Compiled<BTreeMap<String, Constant>>>()?;
        maps.insert(key.text, (key, plan.maps.len(), false));
        plan.maps.push(WordMap { words });
    }

    let mut groups = Groups::new();
    for (key, node) in entries(top, "columns")? {
        groups.insert(key.text, (key, node.table()?, false));
    }
    let lets = entries(top, "let")?.into_iter().map(|(key, node)| (key.text, (key, node))).collect();
    let settings: BTreeSet<&str> = settings.iter().map(|(key, _)| key.text).collect();
    Ok((Compiler::new(plan, nested_names, settings, lets, maps), groups))
}

fn name(top: Table<'_>) -> Compiled<String> {
    let node = top.need("name")?;
    let name = node.text()?;
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if !fits {
        let help = "use lower-case letters, digits, `.`, `_` and `-`".to_owned();
        return Err(node.error(format!("`{}` cannot be a profile's name", shown(name)), Some(help)));
    }
    Ok(name.to_owned())
}

fn entries<'t>(top: Table<'t>, key: &str) -> Compiled<Vec<(Key<'t>, Node<'t>)>> {
    top.opt(key).map(|node| Ok(node.table()?.entries().collect())).unwrap_or_else(|| Ok(Vec::new()))
}

fn texts<'t>(top: Table<'t>, key: &str) -> Compiled<Vec<(Key<'t>, &'t str)>> {
    entries(top, key)?.into_iter().map(|(key, node)| Ok((key, node.text()?))).collect()
}

fn tables<'t>(top: Table<'t>, key: &str) -> Compiled<Vec<Node<'t>>> {
    top.opt(key).map_or_else(|| Ok(Vec::new()), |node| node.list())
}

impl Basis {
    /// Words of the bases.
    pub(super) const WORDS: [&'static str; 4] = ["specification", "source", "fixture", "documentation"];

    fn from_word(word: &str) -> Self {
        match word {
            "specification" => Self::Specification,
            "source" => Self::Source,
            "fixture" => Self::Fixture,
            _ => Self::Documentation,
        }
    }
}

/// Reads how records are protected: a word, `chain:` and the id of a chain profile, or `{ chain = "id" }`.
fn integrity(node: Node<'_>) -> Compiled<Integrity> {
    let id = match node.shape()? {
        Shape::Table(table) => {
            table.only(&["chain"])?;
            Some(table.need("chain")?.text()?)
        }
        _ => node.text()?.strip_prefix(Integrity::CHAIN),
    };
    match id {
        Some("") => Err(node.error("`chain:` without the id of a chain profile", None)),
        Some(id) => Ok(Integrity::Chain(id.to_owned())),
        None => Ok(match node.word(&Integrity::WORDS)? {
            "countersign-log" => Integrity::CountersignLog,
            "cloudtrail" => Integrity::CloudTrail,
            _ => Integrity::None,
        }),
    }
}

/// Says which profile a misspelt `name` may have meant.
pub(super) fn unknown<'k>(name: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> ProfileError {
    ProfileError::Unknown { name: name.to_owned(), help: did_you_mean(name, known) }
}
