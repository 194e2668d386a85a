//! `countersign.toml` as typed, and how it becomes a [`Workspace`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer};
use toml::Value;

use super::link::{LinkEntry, links};
use super::{
    ExpectedUnable, FILE, Gated, KnownBreak, OutOfScope, Pack, Role, SettingsError, Source, Workspace, near,
};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::identity::PeopleFile;
use crate::integrity::verdict::{BreakKind, Grade};
use crate::redact::{Action, Allowed, Class, Policy};
use crate::report::model::Extracted;

/// The version of the format that this program reads.
const SCHEMA: &str = "countersign/workspace/1";

/// Frameworks of a workspace that names none.
const DEFAULT_FRAMEWORKS: [&str; 2] = ["iso27001-2022", "soc2-tsc-2017"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Option<String>,
    entity: String,
    system: Option<String>,
    period: PeriodEntry,
    frameworks: Option<Vec<String>>,
    parameters: Option<String>,
    trust: Option<String>,
    #[serde(default, deserialize_with = "people")]
    people: Vec<PeopleFile>,
    #[serde(default)]
    source: Vec<SourceEntry>,
    #[serde(default)]
    link: Vec<LinkEntry>,
    #[serde(default)]
    gated: Vec<GatedEntry>,
    #[serde(default)]
    expected_unable: Vec<ExpectedUnableEntry>,
    #[serde(default)]
    known_break: Vec<KnownBreakEntry>,
    #[serde(default)]
    out_of_scope: Vec<OutOfScopeEntry>,
    pack: Option<PackEntry>,
    #[serde(default)]
    redaction: RedactionEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodEntry {
    #[serde(deserialize_with = "moment")]
    from: Moment,
    #[serde(default, deserialize_with = "optional_moment")]
    to: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEntry {
    id: String,
    profile: String,
    chain: Option<String>,
    objects: Vec<String>,
    role: Option<String>,
    logs: Option<Vec<String>>,
    require: Option<String>,
    head: Option<String>,
    after: Option<String>,
    census: Option<String>,
    mac_key: Option<Value>,
    max_silence: Option<String>,
    #[serde(default, deserialize_with = "optional_moment")]
    from: Option<Moment>,
    #[serde(default, deserialize_with = "optional_moment")]
    until: Option<Moment>,
    #[serde(default)]
    set: BTreeMap<String, String>,
    extracted: Option<ExtractedEntry>,
    may_be_empty: Option<MayBeEmptyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtractedEntry {
    by: String,
    #[serde(deserialize_with = "moment")]
    at: Moment,
    how: String,
    records: Option<u64>,
    objects: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MayBeEmptyEntry {
    reason: String,
    #[serde(deserialize_with = "moment")]
    until: Moment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatedEntry {
    action_class: Option<Vec<String>>,
    env: Option<Vec<String>>,
    source: Option<Vec<String>>,
    actor_kind: Option<Vec<String>>,
    resource: Option<Vec<String>>,
    approval: Option<bool>,
    quorum: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedUnableEntry {
    test: String,
    source: String,
    column: String,
    max_items: u64,
    reason: String,
    #[serde(deserialize_with = "moment")]
    until: Moment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownBreakEntry {
    log: String,
    kind: String,
    line: String,
    digest: String,
    reason: String,
    decided_by: String,
    #[serde(deserialize_with = "moment")]
    until: Moment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutOfScopeEntry {
    control: String,
    reason: String,
    decided_by: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RedactionEntry {
    card: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    #[serde(default)]
    allow: Vec<AllowEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowEntry {
    sha256: String,
    reason: String,
    decided_by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackEntry {
    key: Option<String>,
    sources: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeopleEntry {
    file: String,
    ns: Option<String>,
    kind: Option<String>,
}

/// Reads the path of the roster, or a list of files: each a path, or a table that says more of it.
fn people<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PeopleFile>, D::Error> {
    let wrong = |message: String| serde::de::Error::custom(message);
    let file = |value: Value| match value {
        Value::String(path) => Ok(PeopleFile { path, ns: None, kind: None }),
        Value::Table(table) => {
            let PeopleEntry { file, ns, kind } = table
                .try_into()
                .map_err(|error: toml::de::Error| wrong(format!("`people`: {}", error.message())))?;
            Ok(PeopleFile { path: file, ns, kind })
        }
        other => Err(wrong(format!("expected a file of `people`, found {}", other.type_str()))),
    };
    let files: Vec<PeopleFile> = match Value::deserialize(deserializer)? {
        Value::Array(files) => files.into_iter().map(file).collect::<Result<_, _>>()?,
        one => vec![file(one)?],
    };
    for PeopleFile { path, ns, kind } in &files {
        if let Some(kind) = kind.as_deref().filter(|kind| !["human", "agent", "service"].contains(kind)) {
            return Err(wrong(format!(
                "unknown kind `{kind}` of `{path}`, expected human, agent, or service"
            )));
        }
        if ns.as_deref().is_some_and(str::is_empty) {
            return Err(wrong(format!("the namespace of `{path}` is empty")));
        }
    }
    Ok(files)
}

/// Reads a TOML date, date-time or string. A bare date is 00:00 UTC; a time without an offset is refused.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::Datetime(time) => time.to_string(),
        Value::String(text) => text,
        other => {
            return Err(serde::de::Error::custom(format!("expected a time, found {}", other.type_str())));
        }
    };
    text.parse().map_err(serde::de::Error::custom)
}

fn optional_moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Moment>, D::Error> {
    moment(deserializer).map(Some)
}

/// Parses and validates the text of a workspace file in `root`.
pub(super) fn parse(text: &str, root: &Path) -> Result<Workspace, SettingsError> {
    let file: File = toml::from_str(text).map_err(|error| malformed(text, &error))?;
    validate(file, text, root)
}

fn malformed(text: &str, error: &toml::de::Error) -> SettingsError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
    let message = error.message().to_owned();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let suggestion = match (message.starts_with("unknown "), quoted.next()) {
        (true, Some(word)) => near(word, quoted),
        _ => None,
    };
    SettingsError::Malformed { path: FILE.to_owned(), line, message, suggestion }
}

pub(super) fn invalid(
    place: impl Into<String>,
    message: impl Into<String>,
    help: Option<String>,
) -> SettingsError {
    SettingsError::Invalid { place: place.into(), message: message.into(), help }
}

/// Picks `word` among `known`, or says which were expected.
fn choose<T: Copy>(place: &str, key: &str, word: &str, known: &[(&str, T)]) -> Result<T, SettingsError> {
    known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        invalid(
            place,
            format!("unknown value `{word}` of `{key}`, expected one of {}", names.join(", ")),
            near(word, names).map(|word| format!("did you mean `{word}`?")),
        )
    })
}

pub(super) fn check_name(place: &str, name: &str) -> Result<(), SettingsError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(invalid(
        place,
        format!("`{name}` is not a name"),
        Some("use 1 to 64 of the characters a-z, 0-9, `.`, `_` and `-`".to_owned()),
    ))
}

fn validate(file: File, text: &str, root: &Path) -> Result<Workspace, SettingsError> {
    if let Some(schema) = file.schema.as_deref().filter(|schema| *schema != SCHEMA) {
        return Err(invalid(
            "`schema`",
            format!("expected `{SCHEMA}`, found `{schema}`"),
            Some("use the version of the program that reads this schema".to_owned()),
        ));
    }
    if let Some(to) = file.period.to.filter(|to| *to <= file.period.from) {
        return Err(invalid(
            "`period`",
            format!("ends at {to}, which is not after its start {}", file.period.from),
            Some("`to` is exclusive: for one quarter write the first day of the next".to_owned()),
        ));
    }
    if file.source.is_empty() {
        return Err(invalid("`source`", "there is none", Some("add a `[[source]]`".to_owned())));
    }
    let sources: Vec<Source> = file.source.into_iter().map(source).collect::<Result<_, _>>()?;
    let mut seen = BTreeSet::new();
    for source in &sources {
        if !seen.insert(source.id.as_str()) {
            return Err(invalid(
                format!("source `{}`", source.id),
                "is declared twice",
                Some("give each source its own `id`".to_owned()),
            ));
        }
    }
    let mut owners: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for source in &sources {
        for log in &source.logs {
            if let Some(first) = owners.insert((log, source.role.word()), &source.id) {
                return Err(invalid(
                    format!("source `{}`", source.id),
                    format!(
                        "log `{log}` is declared by source `{first}` already: its records would count twice"
                    ),
                    Some("list all objects of a log in one source".to_owned()),
                ));
            }
        }
    }
    for entry in &file.expected_unable {
        known_source(&sources, &format!("expected_unable for `{}`", entry.test), &entry.source)?;
    }
    let (redaction, allowed) = redaction(file.redaction)?;
    let pack = file.pack.unwrap_or(PackEntry { key: None, sources: None });
    Ok(Workspace {
        root: root.to_path_buf(),
        text: text.to_owned(),
        entity: file.entity,
        system: file.system.unwrap_or_default(),
        from: file.period.from,
        to: file.period.to,
        frameworks: file
            .frameworks
            .unwrap_or_else(|| DEFAULT_FRAMEWORKS.iter().map(|id| (*id).to_owned()).collect()),
        parameters: file.parameters.unwrap_or_else(|| "base".to_owned()),
        trust: file.trust,
        people: file.people,
        links: links(file.link, &sources)?,
        gated: file.gated.into_iter().map(|entry| gated(entry, &sources)).collect::<Result<_, _>>()?,
        expected_unable: file.expected_unable.into_iter().map(expected_unable).collect(),
        known_breaks: file.known_break.into_iter().map(known_break).collect::<Result<_, _>>()?,
        out_of_scope: file
            .out_of_scope
            .into_iter()
            .map(|e| OutOfScope { control: e.control, reason: e.reason, decided_by: e.decided_by })
            .collect(),
        pack: Pack {
            key: pack.key,
            include_sources: choose(
                "`pack`",
                "sources",
                pack.sources.as_deref().unwrap_or("include"),
                &[("include", true), ("digest", false)],
            )?,
        },
        sources,
        redaction: Arc::new(redaction),
        allowed,
    })
}

/// Reads what is masked. Secrets are not in it: they always are.
fn redaction(entry: RedactionEntry) -> Result<(Policy, Vec<Allowed>), SettingsError> {
    let words = [Action::Keep, Action::Mask, Action::Exception].map(|action| (action.word(), action));
    let mut decisions = Vec::new();
    // A card number that everybody may read is no choice that a team has (PCI DSS 3.4.1).
    for (class, word, known) in [
        (Class::Card, entry.card, &words[1..]),
        (Class::Email, entry.email, &words[..]),
        (Class::Phone, entry.phone, &words[..]),
    ] {
        if let Some(word) = word {
            decisions.push((class, choose("`redaction`", class.word(), &word, known)?));
        }
    }
    let mut allowed = Vec::new();
    for AllowEntry { sha256, reason, decided_by } in entry.allow {
        let Some(sha256) = Digest::from_hex(&sha256) else {
            let message = format!("`sha256` is `{sha256}`, expected 64 lower-case hex digits");
            let help = "print it with `printf %s VALUE | sha256sum`".to_owned();
            return Err(invalid("`redaction.allow`", message, Some(help)));
        };
        allowed.push(Allowed { sha256, reason, decided_by });
    }
    Ok((Policy::new(&decisions, &allowed), allowed))
}

pub(super) fn known_source(sources: &[Source], place: &str, id: &str) -> Result<(), SettingsError> {
    if sources.iter().any(|source| source.id == id) {
        return Ok(());
    }
    Err(invalid(
        place,
        format!("no source has the id `{id}`"),
        near(id, sources.iter().map(|source| source.id.as_str()))
            .map(|word| format!("did you mean `{word}`?")),
    ))
}

fn source(entry: SourceEntry) -> Result<Source, SettingsError> {
    let place = format!("source `{}`", entry.id);
    check_name(&place, &entry.id)?;
    let logs = entry.logs.unwrap_or_else(|| vec![entry.id.clone()]);
    for log in &logs {
        check_name(&place, log)?;
    }
    if entry.objects.is_empty() {
        return Err(invalid(
            place,
            "names no objects",
            Some("list paths, folders, globs or URLs".to_owned()),
        ));
    }
    if entry.mac_key.is_some() {
        return Err(invalid(
            place,
            "a shared key has no place in a workspace: who can verify with it can also forge, and a pack cannot hold it",
            Some("remove `mac_key`; bring the key to `countersign verify --mac-key` instead".to_owned()),
        ));
    }
    let grades: Vec<(&str, Grade)> = Grade::ALL.iter().map(|grade| (grade.word(), *grade)).collect();
    let require = entry.require.map(|word| choose(&place, "require", &word, &grades)).transpose()?;
    let roles = [
        ("approvals", Role::Approvals),
        ("executions", Role::Executions),
        ("independent", Role::Independent),
    ];
    Ok(Source {
        role: choose(&place, "role", entry.role.as_deref().unwrap_or("approvals"), &roles)?,
        max_silence_ms: entry
            .max_silence
            .map(|text| duration_ms(&place, "max_silence", &text))
            .transpose()?,
        id: entry.id,
        profile: entry.profile,
        chain: entry.chain,
        objects: entry.objects,
        logs,
        require,
        head: entry.head,
        after: entry.after,
        census: entry.census,
        from: entry.from,
        until: entry.until,
        set: entry.set,
        extracted: entry.extracted.map(|e| Extracted {
            by: e.by,
            at: e.at,
            how: e.how,
            records: e.records,
            objects: e.objects,
        }),
        may_be_empty: entry.may_be_empty.map(|entry| (entry.reason, entry.until)),
    })
}

/// Parses `90s`, `15m`, `4h` or `2d` into milliseconds.
pub(super) fn duration_ms(place: &str, key: &str, text: &str) -> Result<i64, SettingsError> {
    let number = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse::<i64>().ok());
    let unit = match text.chars().last() {
        Some('s') => Some(1_000),
        Some('m') => Some(60_000),
        Some('h') => Some(3_600_000),
        Some('d') => Some(86_400_000),
        _ => None,
    };
    match (number, unit) {
        (Some(number), Some(unit)) if number > 0 => Ok(number.saturating_mul(unit)),
        _ => Err(invalid(
            place,
            format!("`{text}` of `{key}` is not a duration"),
            Some("write a whole number and a unit: `90s`, `15m`, `4h`, `2d`".to_owned()),
        )),
    }
}

fn words(
    place: &str,
    key: &str,
    words: Option<Vec<String>>,
    known: &[&str],
) -> Result<Option<BTreeSet<String>>, SettingsError> {
    let pairs: Vec<(&str, ())> = known.iter().map(|word| (*word, ())).collect();
    for word in words.iter().flatten() {
        choose(place, key, word, &pairs)?;
    }
    Ok(words.map(BTreeSet::from_iter))
}

fn gated(entry: GatedEntry, sources: &[Source]) -> Result<Gated, SettingsError> {
    let place = "`gated`";
    for id in entry.source.iter().flatten() {
        known_source(sources, place, id)?;
    }
    let quorum = entry.quorum.unwrap_or(1);
    if quorum < 1 {
        return Err(invalid(
            place,
            format!("`quorum` is {quorum}"),
            Some("use at least 1, or `approval = false`".to_owned()),
        ));
    }
    let resource = entry
        .resource
        .map(|globs| globs.iter().map(|glob| matcher(place, glob)).collect::<Result<Vec<_>, _>>())
        .transpose()?;
    Ok(Gated {
        action_class: words(
            place,
            "action_class",
            entry.action_class,
            &["read", "write", "admin", "access", "deploy", "exec", "tool"],
        )?,
        env: entry.env.map(BTreeSet::from_iter),
        source: entry.source.map(BTreeSet::from_iter),
        actor_kind: words(place, "actor_kind", entry.actor_kind, &["human", "agent", "service"])?,
        resource,
        approval: entry.approval.unwrap_or(true),
        quorum,
    })
}

fn matcher(place: &str, glob: &str) -> Result<GlobMatcher, SettingsError> {
    Glob::new(glob).map(|glob| glob.compile_matcher()).map_err(|error| {
        invalid(
            place,
            format!("`{glob}` is not a glob: {}", error.kind()),
            Some("`*` and `?` are wildcards".to_owned()),
        )
    })
}

fn expected_unable(entry: ExpectedUnableEntry) -> ExpectedUnable {
    ExpectedUnable {
        test: entry.test,
        source: entry.source,
        column: entry.column,
        max_items: entry.max_items,
        reason: entry.reason,
        until: entry.until,
    }
}

fn known_break(entry: KnownBreakEntry) -> Result<KnownBreak, SettingsError> {
    let place = format!("known_break of `{}`", entry.log);
    let kinds: Vec<(&str, BreakKind)> = BreakKind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    Ok(KnownBreak {
        kind: choose(&place, "kind", &entry.kind, &kinds)?,
        digest: Digest::from_hex(&entry.digest).ok_or_else(|| {
            invalid(
                &place,
                format!("`digest` is `{}`, not 64 lower-case hex digits", entry.digest),
                Some("use the SHA-256 of the line without its line end".to_owned()),
            )
        })?,
        log: entry.log,
        line: entry.line,
        reason: entry.reason,
        decided_by: entry.decided_by,
        until: entry.until,
    })
}
