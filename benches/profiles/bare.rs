//! The limit: JSON into a tree that borrows its text, and nothing else.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Its parts are never looked at: making them is the work that is measured.
#[expect(dead_code, reason = "the values are made and dropped")]
pub(crate) enum Bare<'a> {
    Null,
    Flag(bool),
    Int(i64),
    Big(u64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Bare<'a>>),
    Object(Vec<(Text<'a>, Bare<'a>)>),
}

/// A member name, borrowed where it holds no escape.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "as the values")]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Parses one value that fills `text`.
pub(crate) fn parse(text: &str) -> serde_json::Result<Bare<'_>> {
    serde_json::from_str(text)
}

impl<'de> Deserialize<'de> for Bare<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Bare<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Bare<'de>, E> {
        Ok(Bare::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Bare<'de>, E> {
        Ok(Bare::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Bare<'de>, E> {
        Ok(Bare::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Bare<'de>, E> {
        Ok(Bare::Big(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Bare<'de>, E> {
        Ok(Bare::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Bare<'de>, E> {
        Ok(Bare::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Bare<'de>, E> {
        Ok(Bare::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bare<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Bare::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bare<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Bare::Object(members))
    }
}
