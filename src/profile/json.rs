//! JSON as the mapping reads it: parsed once per record, borrowed from its text, within named limits.
//!
//! A general JSON map would keep only the last of two equal member names, and would read an integer beyond
//! 64 bits as a rounded one. Both would change what an audit concludes, so both are refused by name.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::integrity::verdict::BreakKind;
use crate::redact::shown;
use crate::source::framing::MAX_DEPTH;

/// Above this a float no longer holds every integer, so an integer read as a float may be another one.
const MAX_EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

/// Below this many members a pairwise search for equal names beats sorting.
const SMALL_OBJECT: usize = 32;

/// Why a record, or a value in it, cannot be used. Boxed, because every value that is found could have been one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault(Box<(BreakKind, String)>);

impl Fault {
    /// Returns a fault of the record's content.
    pub(super) fn rejected(what: impl Into<String>) -> Self {
        Self::new(BreakKind::Rejected, what)
    }

    /// Returns a fault that is counted as `kind`, and what was expected and found.
    pub(super) fn new(kind: BreakKind, what: impl Into<String>) -> Self {
        Self(Box::new((kind, what.into())))
    }

    /// Returns the kind that is counted.
    pub(super) fn kind(&self) -> BreakKind {
        self.0.0
    }

    /// Returns the kind, and what was expected and found.
    pub(super) fn into_parts(self) -> (BreakKind, String) {
        *self.0
    }

    /// Returns the same fault in other words.
    pub(super) fn worded(mut self, words: impl FnOnce(&str) -> String) -> Self {
        self.0.1 = words(&self.0.1);
        self
    }
}

/// One JSON value. Members keep their order and have distinct names.
///
/// The tag is as wide as what follows it. Beside a narrow one a value moves in pieces that overlap, and whoever reads it next
/// waits until the last has arrived.
#[derive(Clone, PartialEq, Debug)]
#[repr(u64)]
pub(super) enum Json<'a> {
    Null,
    Flag(bool),
    Int(i64),
    /// An integer above `i64::MAX`.
    Big(u64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Parses one JSON value that fills `text`.
    pub(super) fn parse(text: &'a str, max_bytes: usize) -> Result<Self, Fault> {
        if text.len() > max_bytes {
            return Err(Fault::new(
                BreakKind::Oversize,
                format!("a record of {} bytes, above the limit of {max_bytes}", text.len()),
            ));
        }
        let fault = RefCell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed = Seed { depth: 0, fault: &fault }
            .deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value));
        parsed.map_err(|error| {
            fault
                .into_inner()
                .unwrap_or_else(|| Fault::new(BreakKind::Malformed, format!("not JSON: {error}")))
        })
    }

    /// Returns the value at a pointer below this one.
    pub(super) fn at(&self, pointer: &Pointer) -> Option<&Self> {
        pointer.0.iter().try_fold(self, |value, token| match value {
            Self::Object(members) => {
                members.iter().find(|(name, _)| *name == token.name.as_ref()).map(|(_, value)| value)
            }
            Self::List(items) => items.get(token.index?),
            _ => None,
        })
    }

    /// Returns the member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the value without its source text.
    pub(super) fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Flag(flag) => Json::Flag(flag),
            Self::Int(int) => Json::Int(int),
            Self::Big(int) => Json::Big(int),
            Self::Float(float) => Json::Float(float),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// Appends the value as JSON text, members in their order.
    ///
    /// # Errors
    ///
    /// A number that was beyond 64 bits, whose digits are lost.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let quoted = |text: &str, out: &mut Vec<u8>| {
            serde_json::to_writer(out, text).map_err(|error| Fault::rejected(error.to_string()))
        };
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Flag(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
            Self::Int(int) => out.extend_from_slice(int.to_string().as_bytes()),
            Self::Big(int) => out.extend_from_slice(int.to_string().as_bytes()),
            Self::Float(float) => out.extend_from_slice(float_text(*float)?.as_bytes()),
            Self::Text(text) => quoted(text, out)?,
            Self::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    out.extend_from_slice(if index > 0 { b"," } else { b"" });
                    item.write(out)?;
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.extend_from_slice(if index > 0 { b"," } else { b"" });
                    quoted(name, out)?;
                    out.push(b':');
                    value.write(out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }

    /// Names the type of the value, with its article.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "a boolean",
            Self::Int(_) | Self::Big(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Returns the text of a number that a 64-bit float holds exactly.
pub(super) fn float_text(value: f64) -> Result<String, Fault> {
    if value.fract() == 0.0 && value.abs() >= MAX_EXACT_FLOAT {
        return Err(Fault::new(
            BreakKind::UnsafeNumber,
            format!("the number {value:e} is beyond what 64 bits hold exactly"),
        ));
    }
    Ok(value.to_string())
}

/// A compiled JSON Pointer (RFC 6901).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Pointer(Vec<Token>);

/// One step of a pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub name: Box<str>,
    /// The array index that the token can mean.
    pub index: Option<usize>,
}

impl Pointer {
    /// Compiles `text`: empty, or beginning with `/`.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("expected a JSON Pointer such as `/user/id`, found `{text}`"));
        };
        rest.split('/')
            .map(|token| {
                let name = unescape(token)
                    .ok_or_else(|| format!("`~` in `{text}` is neither `~0` (a tilde) nor `~1` (a slash)"))?;
                // RFC 6901 §4: digits without a leading zero.
                let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
                let index = if digits && (name.len() == 1 || !name.starts_with('0')) {
                    name.parse().ok()
                } else {
                    None
                };
                Ok(Token { name: name.into_boxed_str(), index })
            })
            .collect::<Result<Vec<_>, String>>()
            .map(Self)
    }
}

impl Pointer {
    /// Returns its steps.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Returns the names that it goes down.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|token| token.name.to_string()).collect()
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|token| write!(f, "/{}", token.name.replace('~', "~0").replace('/', "~1")))
    }
}

fn unescape(token: &str) -> Option<String> {
    let mut out = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(out)
}

struct Seed<'c> {
    depth: usize,
    fault: &'c RefCell<Option<Fault>>,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(&self, fault: Fault) -> E {
        let error = E::custom(&fault.0.1);
        self.fault.replace(Some(fault));
        error
    }

    fn deeper<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(Fault::new(
                BreakKind::Oversize,
                format!("nested deeper than the limit of {MAX_DEPTH}"),
            )));
        }
        Ok(Self { depth: self.depth + 1, fault: self.fault })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Big(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        // Most objects of a record have more members than a vector begins with.
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::with_capacity(8);
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((name, map.next_value_seed(self.deeper()?)?));
        }
        match repeated(&members) {
            Some(name) => Err(self.refuse(Fault::new(
                BreakKind::DuplicateKey,
                format!("member `{}` twice in one object", shown(name)),
            ))),
            None => Ok(Json::Object(members)),
        }
    }
}

/// Returns a member name that stands twice.
fn repeated<'m>(members: &'m [(Cow<'_, str>, Json<'_>)]) -> Option<&'m str> {
    if members.len() <= SMALL_OBJECT {
        // Names of different marks differ, and few share one.
        let mut marks = [0_u64; 4];
        return members
            .iter()
            .enumerate()
            .find(|(index, (name, _))| {
                let mark = mark(name);
                let (word, bit) = (&mut marks[usize::from(mark >> 6)], 1 << (mark & 63));
                let known = *word & bit != 0;
                *word |= bit;
                known && members[..*index].iter().any(|(other, _)| other == name)
            })
            .map(|(_, (name, _))| name.as_ref());
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// Returns a number that equal names share and that most others do not: a hash for few names, made of length and three letters.
pub(super) fn mark(name: &str) -> u8 {
    let [first, middle, last] = match name.as_bytes() {
        [] => [0; 3],
        bytes => [bytes[0], bytes[bytes.len() / 2], bytes[bytes.len() - 1]],
    };
    let length = name.len().to_le_bytes()[0];
    length.wrapping_mul(31) ^ first.wrapping_mul(7) ^ middle.wrapping_mul(13) ^ last.wrapping_mul(29)
}

/// Reads a member name, borrowed where it holds no escape.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::framing::MAX_RECORD;

    fn kind(text: &str) -> BreakKind {
        Json::parse(text, MAX_RECORD).expect_err(text).kind()
    }

    fn at<'a>(value: &'a Json<'a>, pointer: &str) -> Option<&'a Json<'a>> {
        value.at(&Pointer::compile(pointer).unwrap())
    }

    #[test]
    fn pointers_reach_names_with_dots_slashes_and_tildes() {
        let value = Json::parse(r#"{"a.b":{"c/d":[10,{"~":true}]},"":1,"01":2}"#, MAX_RECORD).unwrap();
        assert_eq!(at(&value, "/a.b/c~1d/0"), Some(&Json::Int(10)));
        assert_eq!(at(&value, "/a.b/c~1d/1/~0"), Some(&Json::Flag(true)));
        assert_eq!(at(&value, "/"), Some(&Json::Int(1)));
        assert_eq!(at(&value, "/01"), Some(&Json::Int(2)));
        assert_eq!(at(&value, "/a.b/c~1d/00"), None);
        assert_eq!(at(&value, "/a.b/c~1d/2"), None);
        assert_eq!(at(&value, ""), Some(&value));
        assert!(Pointer::compile("a").is_err());
        assert!(Pointer::compile("/a~2").is_err());
    }

    #[test]
    fn a_name_twice_is_refused_in_small_and_large_objects() {
        assert_eq!(kind(r#"{"a":1,"b":2,"a":1}"#), BreakKind::DuplicateKey);
        assert_eq!(kind(r#"{"x":[{"a":1,"\u0061":2}]}"#), BreakKind::DuplicateKey);
        let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":{n}")).collect();
        assert!(Json::parse(&format!("{{{}}}", many.join(",")), MAX_RECORD).is_ok());
        assert_eq!(kind(&format!("{{{},\"k7\":0}}", many.join(","))), BreakKind::DuplicateKey);
    }

    #[test]
    fn depth_stops_at_the_limit() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::parse(&nested(MAX_DEPTH), MAX_RECORD).is_ok());
        assert_eq!(kind(&nested(MAX_DEPTH + 1)), BreakKind::Oversize);
        assert_eq!(kind(&"[".repeat(100_000)), BreakKind::Oversize);
        assert_eq!(kind(&"{\"a\":".repeat(100_000)), BreakKind::Oversize);
    }

    #[test]
    fn a_record_above_the_limit_is_refused_unparsed() {
        let text = format!("\"{}\"", "x".repeat(MAX_RECORD));
        assert_eq!(kind(&text), BreakKind::Oversize);
    }

    #[test]
    fn integers_are_exact_to_64_bits() {
        assert_eq!(Json::parse("-9223372036854775808", MAX_RECORD).unwrap(), Json::Int(i64::MIN));
        assert_eq!(Json::parse("18446744073709551615", MAX_RECORD).unwrap(), Json::Big(u64::MAX));
        let Json::Float(beyond) = Json::parse("18446744073709551616", MAX_RECORD).unwrap() else {
            panic!("a float")
        };
        assert_eq!(float_text(beyond).unwrap_err().kind(), BreakKind::UnsafeNumber);
        assert_eq!(float_text(1_581_136_311.002).unwrap(), "1581136311.002");
    }

    #[test]
    fn what_is_not_one_json_value_is_malformed() {
        for text in ["", "{", "{} {}", "nul", "\"\\ud800\"", "{\"a\":1,}", "\u{feff}{}"] {
            assert_eq!(kind(text), BreakKind::Malformed, "{text:?}");
        }
    }

    #[test]
    fn strings_without_escapes_are_borrowed() {
        let value = Json::parse(r#"["plain","with \n"]"#, MAX_RECORD).unwrap();
        let Json::List(items) = value else { panic!("a list") };
        assert!(matches!(&items[0], Json::Text(Cow::Borrowed("plain"))));
        assert!(matches!(&items[1], Json::Text(Cow::Owned(_))));
    }
}
