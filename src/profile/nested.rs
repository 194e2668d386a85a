//! Values inside values: JSON in a string, and lists of names and values, read as if they were objects.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::error::ProfileError;
use super::expr::{Base, Path, Scope};
use super::json::{Fault, Json, Pointer};
use super::places::Places;
use super::syntax::{Key, Node, Shape};
use crate::integrity::verdict::BreakKind;
use crate::redact::shown;

/// A value of the record that paths may begin at, once it is decoded.
#[derive(Debug)]
pub(super) struct Nested {
    pub path: Path,
    decode: Vec<Decode>,
    shape: Shaped,
}

/// What is made of the value.
#[derive(Debug)]
enum Shaped {
    /// JSON inside a string only.
    Text,
    /// JSON inside a string, or a value that is an object or an array already.
    Either,
    /// A list of names and values at these places of an item.
    Pairs { name: Pointer, value: Pointer },
    /// A list of OpenTelemetry attributes (`opentelemetry/proto/common/v1/common.proto`, `KeyValue` and `AnyValue`).
    Otlp,
}

/// How a text is written in another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decode {
    /// Base64 of either alphabet, padded or not.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Percent-encoding; a plus is a plus.
    Percent,
    /// A JSON string, number, or truth value.
    Json,
}

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, ANY_PADDING);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, ANY_PADDING);

impl Decode {
    /// Words of the encodings.
    pub(super) const WORDS: [&str; 4] = ["base64", "hex", "percent", "json"];

    /// Returns the encodings that a profile names, one or several.
    pub(super) fn of(node: Node<'_>) -> Result<Vec<Self>, ProfileError> {
        let nodes = match node.shape()? {
            Shape::List(items) => items,
            _ => vec![node],
        };
        nodes
            .into_iter()
            .map(|node| {
                Ok(match node.word(&Self::WORDS)? {
                    "base64" => Self::Base64,
                    "hex" => Self::Hex,
                    "percent" => Self::Percent,
                    _ => Self::Json,
                })
            })
            .collect()
    }

    /// Returns the text that `text` encodes; `None` where it encodes none.
    pub(super) fn read(self, text: &str) -> Option<String> {
        let bytes = match self {
            Self::Base64 => {
                let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
                alphabet.decode(text.trim()).ok()?
            }
            Self::Hex => hex::decode(text).ok()?,
            Self::Percent => percent(text)?,
            Self::Json => {
                return match serde_json::from_str(text).ok()? {
                    serde_json::Value::String(text) => Some(text),
                    serde_json::Value::Number(number) => Some(number.to_string()),
                    serde_json::Value::Bool(flag) => Some(flag.to_string()),
                    _ => None,
                };
            }
        };
        String::from_utf8(bytes).ok()
    }
}

/// Decodes RFC 3986 §2.1; a `%` that two digits do not follow is none.
fn percent(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            out.extend(hex::decode(after.get(..2)?).ok()?);
            rest = &after[2..];
        } else {
            out.push(*first);
            rest = after;
        }
    }
    Some(out)
}

impl Nested {
    /// Compiles what `[nested]` says of one name. `known` are the names that begin in the record itself; a path from there is
    /// added to `places`.
    pub(super) fn of(
        key: Key<'_>,
        node: Node<'_>,
        known: &[&str],
        places: &mut Places,
    ) -> Result<Self, ProfileError> {
        let Shape::Table(table) = node.shape()? else {
            return Ok(Self { path: path(node, known, places)?, decode: Vec::new(), shape: Shaped::Text });
        };
        table.only(&["at", "decode", "pairs"])?;
        let shape = match table.opt("pairs") {
            None => Shaped::Either,
            Some(node) => match node.shape()? {
                Shape::Text("otlp") => Shaped::Otlp,
                Shape::List(items) if items.len() == 2 => {
                    let pointer = |node: Node<'_>| {
                        Pointer::compile(node.text()?).map_err(|what| node.error(what, None))
                    };
                    Shaped::Pairs { name: pointer(items[0])?, value: pointer(items[1])? }
                }
                _ => {
                    let help = "write `\"otlp\"`, or the pointers of name and value in an item".to_owned();
                    return Err(key.error("unknown form of names and values", Some(help)));
                }
            },
        };
        let decode = table.opt("decode").map(Decode::of).transpose()?.unwrap_or_default();
        Ok(Self { path: path(table.need("at")?, known, places)?, decode, shape })
    }

    /// Tells whether `node` names a value that begins in another nested one.
    pub(super) fn is_inner(node: Node<'_>) -> Result<bool, ProfileError> {
        let text = match node.shape()? {
            Shape::Table(table) => table.need("at")?.text()?,
            _ => node.text()?,
        };
        Ok(text.starts_with('@') && !text.starts_with("@record/"))
    }

    /// Returns the value, decoded; a string that holds none is as if it were absent.
    pub(super) fn read<'f>(&self, scope: &Scope<'f>, max: usize) -> Result<Option<Json<'f>>, Fault> {
        let named = |fault: Fault| fault.worded(|what| format!("`{}`: {what}", self.path.text));
        let Some(found) = self.path.find(scope) else { return Ok(None) };
        let value = match (found, &self.shape) {
            (Json::Text(text), _) => match self.parse(text, max).map_err(named)? {
                Some(json) => json,
                None => return Ok(None),
            },
            (Json::Null, _) | (_, Shaped::Text) => return Ok(None),
            (other, _) => other.clone(),
        };
        Ok(match &self.shape {
            Shaped::Text | Shaped::Either => Some(value),
            Shaped::Pairs { name, value: at } => {
                pairs(&value, |item| Some((item.at(name)?, item.at(at).cloned().unwrap_or(Json::Null))))
            }
            Shaped::Otlp => pairs(&value, |item| Some((item.member("key")?, any(item.member("value")?)))),
        })
    }

    fn parse<'f>(&self, text: &'f str, max: usize) -> Result<Option<Json<'f>>, Fault> {
        let parsed = |text: &'f str| match Json::parse(text, max) {
            Ok(json) => Ok(Some(json)),
            Err(fault) if fault.kind() == BreakKind::Malformed => Ok(None),
            Err(fault) => Err(fault),
        };
        if self.decode.is_empty() {
            return parsed(text);
        }
        let mut decoded = Cow::Borrowed(text);
        for decode in &self.decode {
            match decode.read(&decoded) {
                Some(text) => decoded = Cow::Owned(text),
                None => return Ok(None),
            }
        }
        match Json::parse(&decoded, max) {
            Ok(json) => Ok(Some(json.into_owned())),
            Err(fault) if fault.kind() == BreakKind::Malformed => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

fn path(node: Node<'_>, known: &[&str], places: &mut Places) -> Result<Path, ProfileError> {
    let text = node.text()?;
    let (base, pointer) =
        match text.strip_prefix('@').map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len()))) {
            None => (None, text),
            Some(("record", pointer)) => (Some(Base::Record), pointer),
            Some((name, pointer)) => match known.iter().position(|known| *known == name) {
                Some(index) => (Some(Base::Nested(index)), pointer),
                None => {
                    let help =
                        "name a value that begins in the record itself, or write `@record/…`".to_owned();
                    return Err(node.error(format!("`@{}` holds no such value", shown(name)), Some(help)));
                }
            },
        };
    Path::compile(base, pointer, text, places).map_err(|what| node.error(what, None))
}

/// Returns the object that a list of names and values says. Several values of one name become an array, so that whoever
/// asks for one of them is told.
fn pairs<'f>(
    list: &Json<'f>,
    read: impl for<'i> Fn(&'i Json<'f>) -> Option<(&'i Json<'f>, Json<'f>)>,
) -> Option<Json<'f>> {
    let Json::List(items) = list else { return None };
    let mut members: Vec<(Cow<'f, str>, Json<'f>)> = Vec::new();
    for item in items {
        let Some((Json::Text(name), value)) = read(item) else { continue };
        match members.iter_mut().find(|(known, _)| known == name) {
            None => members.push((name.clone(), value)),
            Some((_, known)) if *known == value => {}
            Some((_, Json::List(several))) => several.push(value),
            Some((_, known)) => *known = Json::List(vec![std::mem::replace(known, Json::Null), value]),
        }
    }
    Some(Json::Object(members))
}

/// Returns what an OpenTelemetry `AnyValue` holds. Its 64-bit integers are strings in JSON (protobuf's JSON mapping).
fn any<'f>(value: &Json<'f>) -> Json<'f> {
    let Json::Object(members) = value else { return value.clone() };
    let [(kind, inner)] = members.as_slice() else { return Json::Null };
    match (kind.as_ref(), inner) {
        ("intValue", Json::Text(text)) => text.parse().map_or_else(|_| inner.clone(), Json::Int),
        ("stringValue" | "boolValue" | "intValue" | "doubleValue" | "bytesValue", _) => inner.clone(),
        ("arrayValue", _) => match inner.member("values") {
            Some(Json::List(items)) => Json::List(items.iter().map(any).collect()),
            _ => Json::List(Vec::new()),
        },
        ("kvlistValue", _) => inner
            .member("values")
            .and_then(|list| pairs(list, |item| Some((item.member("key")?, any(item.member("value")?)))))
            .unwrap_or(Json::Null),
        _ => Json::Null,
    }
}
