//! `profile.toml` to a compiled profile.

use std::collections::{BTreeMap, BTreeSet};

use super::compile::{Compiler, REFERENCES, constant};
use super::error::{ProfileError, did_you_mean};
use super::expr::{Constant, Plan, WordMap};
use super::join::Join;
use super::nested::Nested;
use super::read::Reading;
use super::rule::{Groups, Keys, Rule, distinct, rule, verdict};
use super::syntax::{Key, Node, Shape, Source, Table};
use super::{Basis, Integrity, Profile};
use crate::digest::Digest;
use crate::redact::shown;

/// The version of the language, as a profile states it.
const SCHEMA: &str = "countersign/source-profile/1";

/// The tables and keys of a profile.
pub(super) const TOP: [&str; 20] = [
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
    "joins",
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
        let match_first = top.need("match")?.word(&["all", "first"])? == "first";
        let (mut compiler, mut groups) = declarations(top, &read, &settings, !match_first)?;
        let record_time = read.record_time.map(|node| compiler.expr(node)).transpose()?;
        let mut verdicts = |name: &str, names_value: bool| {
            tables(top, name)?
                .into_iter()
                .map(|node| verdict(node, &mut compiler, names_value))
                .collect::<Compiled<Vec<_>>>()
        };
        let (housekeeping, ignores, rejects) =
            (verdicts("housekeeping", false)?, verdicts("ignore", false)?, verdicts("reject", true)?);
        let declared = entries(top, "joins")?;
        let joins = declared.iter().map(|(key, node)| Join::of(*key, *node)).collect::<Compiled<Vec<_>>>()?;
        let names: Vec<&str> = declared.iter().map(|(key, _)| key.text).collect();
        let weak: Vec<bool> = joins.iter().map(|join| join.nearest().is_some()).collect();
        let nodes = tables(top, "rule")?;
        let rules = nodes
            .iter()
            .map(|node| rule(*node, &mut compiler, &mut groups, &names, &weak))
            .collect::<Compiled<Vec<_>>>()?;
        for (index, (key, _)) in declared.iter().enumerate() {
            let used = |side: fn(&Rule) -> &Keys| {
                rules.iter().any(|rule| side(rule).iter().any(|(of, _)| *of == index))
            };
            for (name, side) in
                [("offers", (|rule| &rule.offers) as fn(&Rule) -> &Keys), ("takes", |rule| &rule.takes)]
            {
                if !used(side) {
                    let help = format!("add `{name} = {{ {} = … }}` to a rule, or remove the join", key.text);
                    return Err(
                        key.error(format!("no rule {name} anything by join `{}`", key.text), Some(help))
                    );
                }
            }
        }
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
            reader: read.reader,
            unwrap: read.unwrap,
            max_record: read.max_record,
            match_first,
            settings: settings
                .into_iter()
                .map(|(key, text)| (key.text.to_owned(), text.to_owned()))
                .collect(),
            record_time,
            joins,
            housekeeping,
            ignores,
            rejects,
            rules,
            plan: compiler.finish()?,
        })
    }
}

/// Returns a compiler that knows what the profile declares, and its groups of columns.
fn declarations<'t>(
    top: Table<'t>,
    read: &Reading<'t>,
    settings: &[(Key<'t>, &'t str)],
    shares: bool,
) -> Compiled<(Compiler<'t>, Groups<'t>)> {
    let mut plan = Plan {
        nulls: read.nulls.clone(),
        times: read.times.clone(),
        zone: read.zone.clone(),
        ..Plan::default()
    };
    let nested_names = nested(top, &mut plan)?;

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
    Ok((Compiler::new(plan, nested_names, settings, lets, maps, shares), groups))
}

/// Reads `[nested]` into the plan, what begins in the record before what begins in that, and returns the names.
fn nested<'t>(top: Table<'t>, plan: &mut Plan) -> Compiled<Vec<&'t str>> {
    let mut names: Vec<&str> = Vec::new();
    for inner in [false, true] {
        let known = names.clone();
        for (key, node) in entries(top, "nested")? {
            if Nested::is_inner(node)? != inner {
                continue;
            }
            if REFERENCES.contains(&key.text) || key.text.contains('/') {
                return Err(key.error(format!("`@{}` has a meaning of its own", shown(key.text)), None));
            }
            plan.nested.push(Nested::of(key, node, &known, &mut plan.places)?);
            names.push(key.text);
        }
        if !inner {
            plan.direct = names.len();
        }
    }
    Ok(names)
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
    pub(super) const WORDS: [&'static str; 6] =
        ["real sample", "vendor schema", "documentation", "specification", "source", "fixture"];

    fn from_word(word: &str) -> Self {
        match word {
            "specification" => Self::Specification,
            "source" => Self::Source,
            "fixture" => Self::Fixture,
            "real sample" => Self::RealSample,
            "vendor schema" => Self::VendorSchema,
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
