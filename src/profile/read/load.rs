//! The `[read]` table of a profile.

use regex::Regex;

use super::Reader;
use super::explode::Explode;
use super::wrap::{RECORD, SYSLOG, Wrap};
use crate::profile::compile::{regex, time_formats};
use crate::profile::error::ProfileError;
use crate::profile::json::Pointer;
use crate::profile::stamp::TimeFormat;
use crate::profile::syntax::{Node, Shape, Table};
use crate::profile::zone::Zone;
use crate::redact::shown;
use crate::source::framing::{Framing, MAX_RECORD};

/// The most bytes that a profile may raise the record limit to: what a reader must hold in memory at once.
const MAX_RAISED_RECORD: i64 = 256 * 1024 * 1024;

/// The most arrays that are opened inside each other: OTLP has three.
const MAX_EXPLODE: usize = 4;

/// The keys of `[read]`.
pub(in crate::profile) const KEYS: [&str; 14] = [
    "framing",
    "records",
    "delimiter",
    "header",
    "pattern",
    "form",
    "explode",
    "carry",
    "unwrap",
    "max_record",
    "nulls",
    "time",
    "zone",
    "record_time",
];

type Compiled<T> = Result<T, ProfileError>;

/// The `[read]` table.
pub(in crate::profile) struct Reading<'t> {
    pub framing: Framing,
    pub reader: Reader,
    pub unwrap: Vec<Pointer>,
    pub max_record: usize,
    pub nulls: Vec<String>,
    pub times: Vec<TimeFormat>,
    pub zone: Option<Zone>,
    pub record_time: Option<Node<'t>>,
}

impl<'t> Reading<'t> {
    pub(in crate::profile) fn of(top: Table<'t>) -> Compiled<Self> {
        let read = top.need("read")?.table()?;
        read.only(&KEYS)?;
        let zone = read.opt("zone").map(Zone::of).transpose()?;
        let nulls = read.opt("nulls").map(|node| node.texts()).transpose()?.unwrap_or_default();
        let framing = framing(read)?;
        Ok(Self {
            reader: reader(read, &framing)?,
            framing,
            unwrap: pointers(read, "unwrap")?
                .iter()
                .map(|(node, text)| Pointer::compile(text).map_err(|what| node.error(what, None)))
                .collect::<Compiled<_>>()?,
            max_record: max_record(read)?,
            nulls: nulls.into_iter().map(str::to_owned).collect(),
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
    let word = node.word(&["lines", "document", "by-name", "stream", "members", "csv", "auditd"])?;
    let records: Vec<String> =
        pointers(read, "records")?.into_iter().map(|(_, text)| text.to_owned()).collect();
    let documents = matches!(word, "document" | "by-name");
    if let Some(node) = read.opt("records").filter(|_| !documents) {
        let what = format!("`records` has no meaning for {word}");
        return Err(node.error(what, Some("remove `records`".to_owned())));
    }
    for key in ["delimiter", "header"] {
        if let Some(node) = read.opt(key).filter(|_| word != "csv") {
            return Err(node.error(format!("`{key}` has a meaning for csv only"), None));
        }
    }
    Ok(match word {
        "lines" => Framing::Lines,
        "stream" => Framing::Stream,
        "members" => Framing::Members,
        "auditd" => Framing::Auditd,
        "csv" => Framing::Csv { delimiter: delimiter(read)?, header: header(read)? },
        _ if records.is_empty() => {
            return Err(node.error("a document without `records`", Some("add `records = [\"\"]`".to_owned())));
        }
        "document" => Framing::Document { records },
        _ => Framing::ByName { records },
    })
}

fn delimiter(read: Table<'_>) -> Compiled<u8> {
    let Some(node) = read.opt("delimiter") else { return Ok(b',') };
    match node.text()?.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(node.error("expected one ASCII character, which is neither a quote nor a line end", None)),
    }
}

fn header(read: Table<'_>) -> Compiled<Option<Vec<String>>> {
    let Some(node) = read.opt("header") else { return Ok(None) };
    let names: Vec<String> = node.texts()?.into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        return Err(node.error("a header without a name", None));
    }
    Ok(Some(names))
}

fn reader(read: Table<'_>, framing: &Framing) -> Compiled<Reader> {
    let wrap = match (read.opt("pattern"), read.opt("form")) {
        (None, None) => None,
        (Some(node), None) => Some(Wrap::Pattern(pattern(node)?)),
        (None, Some(node)) => Some(Wrap::Form(node.text()?.to_owned())),
        (Some(_), Some(node)) => return Err(node.error("`pattern` and `form` in one profile", None)),
    };
    if let (Some(node), false) = (read.opt("pattern").or(read.opt("form")), *framing == Framing::Lines) {
        return Err(
            node.error("lines only can wrap a record", Some("write `framing = \"lines\"`".to_owned()))
        );
    }
    let explode = explode(read)?;
    if let Some(node) = read.opt("explode") {
        let in_place = match &wrap {
            None => !matches!(framing, Framing::Csv { .. } | Framing::Members | Framing::Auditd),
            Some(Wrap::Pattern(pattern)) => pattern.capture_names().flatten().any(|name| name == RECORD),
            Some(Wrap::Form(_)) => false,
        };
        if !in_place {
            let help = "its items would have no place of their own in the object".to_owned();
            return Err(node.error("`explode` of records that a reader assembles", Some(help)));
        }
    }
    Ok(Reader { wrap, explode })
}

fn pattern(node: Node<'_>) -> Compiled<Regex> {
    if node.text()? == "syslog" {
        return Ok(Regex::new(SYSLOG).expect("the pattern of syslog headers compiles, as a test shows"));
    }
    let pattern = regex(node)?;
    if pattern.capture_names().flatten().next().is_none() {
        let help = "name groups as `(?<time>…)`, or one `(?<record>…)` that holds the record".to_owned();
        return Err(node.error("a pattern without a named group", Some(help)));
    }
    Ok(pattern)
}

fn explode(read: Table<'_>) -> Compiled<Explode> {
    let mut explode = Explode::default();
    if let Some(node) = read.opt("explode") {
        let steps = node.list()?;
        if steps.is_empty() || steps.len() > MAX_EXPLODE {
            let what = format!("expected one to {MAX_EXPLODE} arrays, found {}", steps.len());
            return Err(node.error(what, None));
        }
        for step in steps {
            let alternatives = match step.shape()? {
                Shape::List(items) => items,
                _ => vec![step],
            };
            explode.steps.push(
                alternatives.into_iter().map(|node| names(node, node.text()?)).collect::<Compiled<_>>()?,
            );
        }
    }
    if let Some(node) = read.opt("carry") {
        for (key, value) in node.table()?.entries() {
            let text = value.text()?;
            let (level, pointer) = text.split_at(text.find('/').unwrap_or(text.len()));
            let level: usize = level.parse().map_err(|_| {
                let help =
                    "write the number of arrays opened before it and a pointer, `0/resource`".to_owned();
                value.error(format!("`{}` names no value around the item", shown(text)), Some(help))
            })?;
            if level >= explode.steps.len() || key.text == "item" {
                return Err(key.error(format!("nothing to carry as `{}`", shown(key.text)), None));
            }
            explode.carry.push((key.text.to_owned(), level, names(value, pointer)?));
        }
    }
    Ok(explode)
}

/// Returns the names that a pointer goes down.
fn names(node: Node<'_>, text: &str) -> Compiled<Vec<String>> {
    Pointer::compile(text).map(|pointer| pointer.names()).map_err(|what| node.error(what, None))
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
