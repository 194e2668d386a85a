//! TOML to byte expressions, conditions, and encodings.

use regex::Regex;

use super::condition::{Condition, Pattern, Scalar, Test};
use super::encoding::{Encoding, Form};
use super::error::ChainError;
use super::expr::{Absent, Assembled, Expr, Field, From, Glue, Json, Merkle, Odd, Part, Width};
use super::hash::HashAlgorithm;
use super::pointer::Pointer;
use super::value::Kind;
use crate::integrity::canon::Canon;
use crate::integrity::canon::time::TimeForm;
use crate::integrity::tree::Pointer as Path;
use crate::profile::did_you_mean;
use crate::profile::syntax::{Node, Shape, Table};
use crate::redact::shown;

pub(super) type Loaded<T> = Result<T, ChainError>;

/// The deepest nesting of an expression. The formats seen here need five.
const MAX_NESTING: usize = 16;

/// The longest pattern in bytes.
const MAX_PATTERN: usize = 512;

/// What an expression can be; each name is its one operator.
pub(super) const OPERATORS: [&str; 17] = [
    "line", "raw", "before", "field", "lit", "bytes", "decode", "number", "hash", "encode", "take", "concat",
    "json", "object", "array", "each", "merkle",
];

/// Members of each operator beside the operator itself.
pub(super) fn arguments(operator: &str) -> &'static [&'static str] {
    match operator {
        "field" => &["is", "absent", "null", "format"],
        "decode" => &["as", "prefix", "length"],
        "encode" => &["as", "prefix"],
        "number" => &["width"],
        "hash" => &["alg"],
        "take" => &["first"],
        "concat" => &["sep", "end", "frame"],
        "json" => &["canon", "drop", "set"],
        "object" | "array" => &["canon"],
        "each" => &["of", "sep", "end", "frame"],
        "merkle" => &["of", "leaf", "node", "as", "odd", "alg"],
        _ => &[],
    }
}

/// What a condition can ask; each name is its one test.
pub(super) const TESTS: [&str; 8] = ["eq", "in", "present", "is", "matches", "same", "without", "computed"];

/// Members of a part of an assembled object or array.
pub(super) const PART: [&str; 5] = ["name", "field", "value", "absent", "format"];

/// Reads an expression.
pub(super) fn expr(node: Node<'_>, depth: usize) -> Loaded<Expr> {
    if depth > MAX_NESTING {
        return Err(node.error(format!("an expression nested deeper than {MAX_NESTING}"), None).into());
    }
    let table = node.table()?;
    let operators: Vec<_> = table.entries().filter(|(key, _)| OPERATORS.contains(&key.text)).collect();
    let [(operator, value)] = operators.as_slice() else {
        return Err(no_single_operator(&table, operators.len()));
    };
    let mut known = vec![operator.text];
    known.extend_from_slice(arguments(operator.text));
    table.only(&known)?;
    let value = *value;
    let nested = |node| expr(node, depth + 1).map(Box::new);
    Ok(match operator.text {
        "line" => {
            if !value.flag()? {
                return Err(value.error("`line` is true or not there", None).into());
            }
            Expr::Line
        }
        "raw" => Expr::Raw(pointer(value)?),
        "before" => Expr::Before(member(value)?),
        "field" => Expr::Field(field(&table, value)?),
        "lit" => Expr::Literal(value.text()?.as_bytes().to_vec()),
        "bytes" => Expr::Literal(hex_bytes(value)?),
        "decode" => {
            let length = table.opt("length").map(|node| size(node, 1 << 16)).transpose()?;
            Expr::Decode(pointer(value)?, encoding_of(&table)?, length)
        }
        "number" => Expr::Number(pointer(value)?, width(table.need("width")?)?),
        "hash" => Expr::Hash(algorithm(&table)?, nested(value)?),
        "encode" => Expr::Encode(nested(value)?, encoding_of(&table)?),
        "take" => Expr::Take(nested(value)?, size(table.need("first")?, 1 << 16)?),
        "concat" => {
            let parts =
                value.list()?.into_iter().map(|part| expr(part, depth + 1)).collect::<Loaded<Vec<_>>>()?;
            if parts.is_empty() {
                return Err(value.error("an empty concatenation", None).into());
            }
            Expr::Concat(parts, glue(&table)?)
        }
        "json" => Expr::Json(json(&table, value)?),
        "object" => Expr::Assembled(assembled(&table, value, true)?),
        "array" => Expr::Assembled(assembled(&table, value, false)?),
        "each" => Expr::Each(pointer(value)?, nested(table.need("of")?)?, glue(&table)?),
        _ => Expr::Merkle(Merkle {
            items: pointer(value)?,
            of: nested(table.need("of")?)?,
            leaf: table.opt("leaf").map(hex_bytes).transpose()?,
            node: table.opt("node").map(hex_bytes).transpose()?.unwrap_or_default(),
            as_text: table.opt("as").map(|node| node.word(&["bytes", "hex"])).transpose()? == Some("hex"),
            odd: match table.need("odd")?.word(&["promote", "duplicate", "pad-zero"])? {
                "promote" => Odd::Promote,
                "duplicate" => Odd::Duplicate,
                _ => Odd::PadZero,
            },
            algorithm: algorithm(&table)?,
        }),
    })
}

fn no_single_operator(table: &Table<'_>, found: usize) -> ChainError {
    let help = match table.entries().next() {
        Some((key, _)) if found == 0 => did_you_mean(key.text, OPERATORS),
        _ => "write exactly one operator in an expression".to_owned(),
    };
    table.error(format!("expected an expression with one operator, found {found}"), Some(help)).into()
}

/// Reads a pointer.
pub(super) fn pointer(node: Node<'_>) -> Loaded<Pointer> {
    let text = node.text()?;
    Pointer::parse(text).map_err(|what| {
        node.error(what, Some("write a JSON Pointer such as `/detail/signature`".to_owned())).into()
    })
}

/// Reads the name of a member that needs no escape in JSON.
fn member(node: Node<'_>) -> Loaded<String> {
    let name = node.text()?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if plain {
        return Ok(name.to_owned());
    }
    let help = "use letters, digits, `_`, `-`, and `.`";
    Err(node.error("expected the name of a member", Some(help.to_owned())).into())
}

/// Reads a pointer that starts at a value named elsewhere.
pub(super) fn path(node: Node<'_>) -> Loaded<Path> {
    let pointer = pointer(node)?;
    if pointer.record {
        return Err(node.error("`record:` has no meaning here", Some("remove it".to_owned())).into());
    }
    Ok(pointer.path)
}

/// Reads a list of pointers.
pub(super) fn pointers(node: Node<'_>) -> Loaded<Vec<Pointer>> {
    node.list()?.into_iter().map(pointer).collect()
}

fn field(table: &Table<'_>, value: Node<'_>) -> Loaded<Field> {
    let text = |name: &str| table.opt(name).map(|node| node.text().map(str::to_owned)).transpose();
    let kind = match table.opt("is") {
        None => Kind::String,
        Some(node) => {
            let word = node.word(&["string", "integer", "number", "boolean"])?;
            Kind::from_word(word).expect("the words of the line above are types")
        }
    };
    Ok(Field { at: pointer(value)?, kind, absent: text("absent")?, null: text("null")?, form: form(table)? })
}

fn form(table: &Table<'_>) -> Loaded<Option<TimeForm>> {
    let Some(node) = table.opt("format") else { return Ok(None) };
    let word = node.text()?;
    let known = || TimeForm::ALL.iter().map(|form| form.word());
    TimeForm::from_word(word).map(Some).ok_or_else(|| {
        node.error(
            format!("unknown time format `{}`", shown(word)),
            Some(did_you_mean(word, known().collect::<Vec<_>>())),
        )
        .into()
    })
}

fn canon(table: &Table<'_>) -> Loaded<Canon> {
    let node = table.need("canon")?;
    let word = node.text()?;
    let known: Vec<&str> = Canon::ALL.iter().map(|canon| canon.word()).collect();
    Canon::from_word(word).ok_or_else(|| {
        node.error(format!("unknown canonicaliser `{}`", shown(word)), Some(did_you_mean(word, known))).into()
    })
}

fn json(table: &Table<'_>, value: Node<'_>) -> Loaded<Json> {
    let canon = canon(table)?;
    let drop = match table.opt("drop") {
        None => Vec::new(),
        Some(node) => node.list()?.into_iter().map(path).collect::<Loaded<_>>()?,
    };
    let mut set = Vec::new();
    if let Some(node) = table.opt("set") {
        for (key, value) in node.table()?.entries() {
            let at = Path::parse(key.text).map_err(|what| key.error(what, None))?;
            set.push((at, scalar(value)?));
        }
    }
    if canon == Canon::Raw && !(drop.is_empty() && set.is_empty()) {
        let help = "name another canonicaliser, or remove `drop` and `set`";
        return Err(value.error("a changed value has no source bytes", Some(help.to_owned())).into());
    }
    if drop.iter().any(|path: &Path| path.tokens().is_empty()) {
        return Err(value.error("the whole value cannot be dropped", None).into());
    }
    Ok(Json { at: pointer(value)?, canon, drop, set })
}

fn assembled(table: &Table<'_>, value: Node<'_>, object: bool) -> Loaded<Assembled> {
    let canon = canon(table)?;
    if canon == Canon::Raw {
        return Err(value.error("an assembled value has no source bytes", None).into());
    }
    let members: Vec<Part> =
        value.list()?.into_iter().map(|node| part(node, object)).collect::<Loaded<_>>()?;
    if members.is_empty() {
        return Err(value.error("an empty list of members", None).into());
    }
    if let Some((n, twice)) = members
        .iter()
        .enumerate()
        .find(|(n, part)| object && members[..*n].iter().any(|other| other.name == part.name))
    {
        return Err(value.list()?[n]
            .error(format!("member `{}` stands twice", shown(&twice.name)), None)
            .into());
    }
    Ok(Assembled { object, members, canon })
}

fn part(node: Node<'_>, object: bool) -> Loaded<Part> {
    let last = |pointer: &Pointer| pointer.path.tokens().last().cloned();
    let Shape::Table(table) = node.shape()? else {
        let at = pointer(node)?;
        let name = last(&at).ok_or_else(|| node.error("the whole record has no name here", None))?;
        return Ok(Part { name, from: From::Field(at), absent: Absent::Fault, form: None });
    };
    table.only(&PART)?;
    let from = match (table.opt("field"), table.opt("value")) {
        (Some(field), None) => From::Field(pointer(field)?),
        (None, Some(value)) => From::Constant(scalar(value)?),
        _ => return Err(table.error("expected either `field` or `value`", None).into()),
    };
    let name = match (&from, table.opt("name")) {
        (_, Some(name)) => name.text()?.to_owned(),
        (From::Field(at), None) => last(at).unwrap_or_default(),
        (From::Constant(_), None) if object => {
            return Err(table
                .error("a constant member without `name`", Some("add `name = …`".to_owned()))
                .into());
        }
        (From::Constant(_), None) => String::new(),
    };
    let absent = match table.opt("absent").map(|node| node.word(&["omit", "null"])).transpose()? {
        None => Absent::Fault,
        Some("omit") => Absent::Omit,
        Some(_) => Absent::Null,
    };
    Ok(Part { name, from, absent, form: form(&table)? })
}

fn glue(table: &Table<'_>) -> Loaded<Glue> {
    let text = |name: &str| table.opt(name).map(|node| node.text().map(str::to_owned)).transpose();
    let (between, after) = (text("sep")?, text("end")?);
    match table.opt("frame") {
        None => Ok(Glue::Text { between: between.unwrap_or_default(), after: after.unwrap_or_default() }),
        Some(node) if between.is_none() && after.is_none() => Ok(Glue::Frame(width(node)?)),
        Some(node) => {
            Err(node.error("`frame` beside a separator", Some("keep one of them".to_owned())).into())
        }
    }
}

fn width(node: Node<'_>) -> Loaded<Width> {
    Ok(if node.word(&["u32be", "u64be"])? == "u32be" { Width::U32 } else { Width::U64 })
}

/// Reads the hash function of a table; SHA-256 where none is named.
pub(super) fn algorithm(table: &Table<'_>) -> Loaded<HashAlgorithm> {
    let Some(node) = table.opt("alg") else { return Ok(HashAlgorithm::Sha256) };
    let word = node.word(&HashAlgorithm::WORDS)?;
    Ok(HashAlgorithm::from_word(word).expect("the words are those of the functions"))
}

fn hex_bytes(node: Node<'_>) -> Loaded<Vec<u8>> {
    hex::decode(node.text()?).map_err(|_| node.error("expected hexadecimal digits in pairs", None).into())
}

/// Reads a positive integer of at most `most`.
pub(super) fn size(node: Node<'_>, most: usize) -> Loaded<usize> {
    match node.shape()? {
        Shape::Int(number) => usize::try_from(number).ok().filter(|number| (1..=most).contains(number)),
        _ => None,
    }
    .ok_or_else(|| node.error(format!("expected an integer from 1 to {most}"), None).into())
}

/// Reads an integer that is not negative.
pub(super) fn count(node: Node<'_>) -> Loaded<u64> {
    match node.shape()? {
        Shape::Int(number) => u64::try_from(number).ok(),
        _ => None,
    }
    .ok_or_else(|| node.error("expected an integer that is not negative", None).into())
}

/// Reads `as` and `prefix` of a table.
pub(super) fn encoding_of(table: &Table<'_>) -> Loaded<Encoding> {
    let word = table.need("as")?.word(&Form::WORDS)?;
    let prefix = table.opt("prefix").map(|node| node.text()).transpose()?.unwrap_or_default();
    let form = Form::from_word(word).expect("the words are those of the forms");
    Ok(Encoding { form, prefix: prefix.to_owned() })
}

/// Reads one encoding, or a list of those that are accepted.
pub(super) fn encodings(node: Node<'_>) -> Loaded<Vec<Encoding>> {
    let one = |node: Node<'_>| -> Loaded<Encoding> {
        let table = node.table()?;
        table.only(&["as", "prefix"])?;
        encoding_of(&table)
    };
    match node.shape()? {
        Shape::List(items) if items.is_empty() => Err(node.error("an empty list of encodings", None).into()),
        Shape::List(items) => items.into_iter().map(one).collect(),
        _ => Ok(vec![one(node)?]),
    }
}

/// Reads a list of conditions.
pub(super) fn conditions(node: Node<'_>) -> Loaded<Vec<Condition>> {
    node.list()?.into_iter().map(condition).collect()
}

/// Reads the conditions under `key`; none where it is absent.
pub(super) fn conditions_at(table: &Table<'_>, key: &str) -> Loaded<Vec<Condition>> {
    table.opt(key).map_or(Ok(Vec::new()), conditions)
}

fn condition(node: Node<'_>) -> Loaded<Condition> {
    let table = node.table()?;
    let mut known = vec!["field"];
    known.extend_from_slice(&TESTS);
    if table.opt("computed").is_some() {
        known.extend_from_slice(&["as", "prefix"]);
    }
    table.only(&known)?;
    let tests: Vec<_> = table.entries().filter(|(key, _)| TESTS.contains(&key.text)).collect();
    let [(name, value)] = tests.as_slice() else {
        let help = format!("write one of `{}`", TESTS.join("`, `"));
        return Err(table.error(format!("expected one test, found {}", tests.len()), Some(help)).into());
    };
    let test = match name.text {
        "eq" => Test::Equals(scalar(*value)?),
        "in" => {
            let scalars = value.list()?.into_iter().map(scalar).collect::<Loaded<Vec<_>>>()?;
            if scalars.is_empty() {
                return Err(value.error("an empty list of values", None).into());
            }
            Test::OneOf(scalars)
        }
        "present" => Test::Present(value.flag()?),
        "is" => {
            Test::Is(Kind::from_word(value.word(&Kind::WORDS)?).expect("the words are those of the types"))
        }
        "matches" => Test::Matches(pattern(*value)?),
        "same" => Test::Same(pointer(*value)?),
        "without" => match value.text()? {
            "" => return Err(value.error("every text holds the empty one", None).into()),
            text => Test::Without(text.to_owned()),
        },
        _ => Test::Computed(Box::new(expr(*value, 0)?), encoding_of(&table)?),
    };
    Ok(Condition { field: pointer(table.need("field")?)?, test })
}

/// Reads a pattern, which must say itself where it begins and ends.
pub(super) fn pattern(node: Node<'_>) -> Loaded<Pattern> {
    let text = node.text()?;
    if text.len() > MAX_PATTERN {
        return Err(node.error(format!("a pattern longer than {MAX_PATTERN} bytes"), None).into());
    }
    if !(text.starts_with('^') && text.ends_with('$')) {
        let help = "begin it with `^`, and end it with `$`";
        return Err(node.error("a pattern that fits parts of a text", Some(help.to_owned())).into());
    }
    let regex = Regex::new(text).map_err(|error| {
        let cause = error.to_string();
        let last = cause.lines().last().unwrap_or("not a pattern").trim();
        node.error(last.strip_prefix("error: ").unwrap_or(last).to_owned(), None)
    })?;
    Ok(Pattern(regex))
}

fn scalar(node: Node<'_>) -> Loaded<Scalar> {
    Ok(match node.shape()? {
        Shape::Text(text) => Scalar::Text(text.to_owned()),
        Shape::Int(number) => Scalar::Int(number),
        Shape::Flag(flag) => Scalar::Flag(flag),
        Shape::List(_) | Shape::Table(_) => {
            return Err(node.expected("a string, an integer, or a boolean").into());
        }
    })
}
