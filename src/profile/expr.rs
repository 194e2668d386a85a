//! Expressions: how a value of an event is found in a record.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex::Regex;

use super::condition::Condition;
use super::context::Context;
use super::json::{Fault, Json, Pointer, float_text};
use super::memo::{Memo, Named};
use super::nested::{Decode, Nested};
use super::places::{Found, Places};
use super::stamp::{DurationUnit, Stamp, TimeFormat, epoch_parts, read_time};
use super::zone::Zone;
use crate::digest::Digest;
use crate::integrity::canon::Canon;
use crate::integrity::tree::{self, Limits};
use crate::redact::shown;

/// The most arrays that one rule may walk inside each other.
pub(super) const MAX_EACH: usize = 3;

/// What every rule of a profile shares, compiled once.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Strings that mean "nothing", besides null.
    pub nulls: Vec<String>,
    /// Formats of times that name none.
    pub times: Vec<TimeFormat>,
    /// Zone of times that state none.
    pub zone: Option<Zone>,
    /// Named expressions.
    pub lets: Vec<Named>,
    /// How many values of a record are kept for whoever asks again.
    pub kept: usize,
    /// Closed maps.
    pub maps: Vec<WordMap>,
    /// Every path that begins at the unwrapped record.
    pub places: Places,
    /// Values inside values, in the order of their numbers in [`Base::Nested`].
    pub nested: Vec<Nested>,
    /// How many of them begin in the record itself; the others begin in one of these.
    pub direct: usize,
}

/// A closed map from a product's words to canonical ones.
#[derive(Debug)]
pub(super) struct WordMap {
    pub words: BTreeMap<String, Constant>,
}

/// A value written in the profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Constant {
    Text(String),
    Int(i64),
    Flag(bool),
}

impl Constant {
    fn value(&self) -> Val<'_> {
        match self {
            Self::Text(text) => Val::Text(Cow::Borrowed(text)),
            Self::Int(int) => Val::Int(*int),
            Self::Flag(flag) => Val::Flag(*flag),
        }
    }
}

/// Where a path begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base {
    /// The unwrapped record, and which of the plan's places it is.
    Root(usize),
    /// The record as it lies in the log.
    Record,
    /// The item that the innermost `each` or `find` looks at.
    Item,
    /// The item around it; the root where there is none.
    Parent,
    /// The item of the array that a rule zips with its own.
    Zip,
    /// A value inside a value of the record.
    Nested(usize),
}

/// A place in a record.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub base: Base,
    pub pointer: Pointer,
    /// As the profile writes it, for messages.
    pub text: String,
}

impl Path {
    /// Compiles the path that `text` writes: `pointer` below `base`, and without one below the unwrapped record, as one of
    /// `places`.
    pub(super) fn compile(
        base: Option<Base>,
        pointer: &str,
        text: &str,
        places: &mut Places,
    ) -> Result<Self, String> {
        let pointer = Pointer::compile(pointer)?;
        let base = base.unwrap_or_else(|| Base::Root(places.add(&pointer)));
        Ok(Self { base, pointer, text: text.to_owned() })
    }

    /// Returns what lies there, null included.
    pub(super) fn find<'f>(&self, scope: &Scope<'f>) -> Option<&'f Json<'f>> {
        let base = match self.base {
            Base::Root(place) => return scope.found.get(place).copied().flatten(),
            Base::Record => scope.record,
            Base::Item => scope.item(0)?,
            Base::Parent => scope.item(1).unwrap_or(scope.root),
            Base::Zip => scope.zip?,
            Base::Nested(index) => scope.nested(index)?,
        };
        base.at(&self.pointer)
    }
}

/// A piece of a template.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Value(Expr),
}

/// How a value is found.
#[derive(Debug)]
pub(super) enum Expr {
    Constant(Constant),
    Path(Path),
    /// A named expression of the profile.
    Let(usize),
    /// A constant of the workspace, or one that the profile lets it set.
    Setting(String),
    /// The source id.
    Source,
    /// The log name.
    Log,
    /// The position in the innermost array, from 0.
    Index,
    /// The name of the innermost member of an object that is walked.
    Key,
    /// The id of the principal under construction.
    Id,
    Template(Vec<Piece>),
    /// The first that is not null.
    First(Vec<Expr>),
    Map {
        of: Box<Expr>,
        map: usize,
    },
    Capture {
        of: Box<Expr>,
        regex: Regex,
        group: usize,
    },
    Time {
        of: Box<Expr>,
        formats: Vec<TimeFormat>,
        zone: Option<Zone>,
    },
    Duration {
        of: Box<Expr>,
        unit: DurationUnit,
    },
    /// SHA-256 of the UTF-8 bytes of a string, or of the RFC 8785 bytes of any value.
    Digest {
        of: Box<Expr>,
        jcs: bool,
    },
    /// The text that a text encodes.
    Decode {
        of: Box<Expr>,
        steps: Vec<Decode>,
    },
    /// A value below the member that another value names.
    Member {
        of: Path,
        name: Box<Expr>,
        at: Pointer,
    },
    /// A value below the item of an array at a position.
    Nth {
        of: Path,
        index: Box<Expr>,
        at: Pointer,
    },
    /// A member of the first item of an array that fits.
    Find {
        of: Path,
        fits: Box<Condition>,
        at: Pointer,
    },
    Join {
        of: Path,
        separator: String,
        at: Pointer,
        shell: bool,
    },
    If {
        condition: Box<Condition>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    Add(Box<Expr>, Box<Expr>),
    Greatest {
        of: Vec<Expr>,
        over: Option<Path>,
    },
}

/// A value found. Its tag is wide for the reason that [`Json`]'s is.
#[derive(Clone, Debug)]
#[repr(u64)]
pub(super) enum Val<'f> {
    Null,
    Json(&'f Json<'f>),
    Text(Cow<'f, str>),
    Int(i64),
    Flag(bool),
    Time(Stamp),
    /// A length of time in nanoseconds.
    Length(i64),
}

/// A value that lies in the record or in the profile.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look<'f> {
    Null,
    /// What is not null, nor read as null.
    Json(&'f Json<'f>),
    Text(&'f str),
    /// A value of another kind, or one that has yet to be made: [`Expr::eval`] finds it.
    Other,
}

/// What an expression can see.
#[derive(Clone)]
pub(super) struct Scope<'f> {
    pub plan: &'f Plan,
    pub context: &'f Context,
    pub log: &'f str,
    pub record: &'f Json<'f>,
    pub root: &'f Json<'f>,
    found: &'f Found<'f>,
    nested: &'f [Option<Json<'f>>],
    inner: &'f [Option<Json<'f>>],
    pub memo: &'f Memo<'f>,
    zip: Option<&'f Json<'f>>,
    items: [Option<&'f Json<'f>>; MAX_EACH + 1],
    index: usize,
    key: Option<&'f str>,
    id: Option<Cow<'f, str>>,
}

impl<'f> Scope<'f> {
    /// Returns the scope of a whole record. `found` is what the plan's places hold in `root`.
    pub(super) fn new(
        plan: &'f Plan,
        context: &'f Context,
        log: &'f str,
        record: &'f Json<'f>,
        root: &'f Json<'f>,
        found: &'f Found<'f>,
    ) -> Self {
        Self {
            plan,
            context,
            log,
            record,
            root,
            found,
            nested: &[],
            inner: &[],
            memo: &[],
            zip: None,
            items: [None; MAX_EACH + 1],
            index: 0,
            key: None,
            id: None,
        }
    }

    /// Returns the scope with the values inside values of the record.
    pub(super) fn with_nested(self, nested: &'f [Option<Json<'f>>]) -> Self {
        Self { nested, ..self }
    }

    /// Returns the scope with the values that lie in those, and with what will be asked for again. Nothing is kept before all
    /// values are there.
    pub(super) fn with_inner(self, inner: &'f [Option<Json<'f>>], memo: &'f Memo<'f>) -> Self {
        Self { inner, memo, ..self }
    }

    /// Returns the scope with the item that stands beside the innermost one.
    pub(super) fn beside(self, zip: &'f Json<'f>) -> Self {
        Self { zip: Some(zip), ..self }
    }

    fn nested(&self, index: usize) -> Option<&'f Json<'f>> {
        match index.checked_sub(self.nested.len()) {
            None => self.nested.get(index)?.as_ref(),
            Some(inner) => self.inner.get(inner)?.as_ref(),
        }
    }

    /// Returns the scope of an item of an array in this one.
    pub(super) fn within(&self, item: &'f Json<'f>, index: usize) -> Self {
        let mut inner = self.clone();
        inner.items.rotate_right(1);
        inner.items[0] = Some(item);
        inner.index = index;
        inner
    }

    /// Returns the scope in which the innermost item is the member of this name.
    pub(super) fn named(self, name: &'f str) -> Self {
        Self { key: Some(name), ..self }
    }

    /// Returns the scope in which a principal with this id is described.
    pub(super) fn of_principal(&self, id: Cow<'f, str>) -> Self {
        Self { id: Some(id), ..self.clone() }
    }

    fn item(&self, level: usize) -> Option<&'f Json<'f>> {
        self.items.get(level).copied().flatten()
    }
}

impl Expr {
    /// Finds the value in `scope`. A value that the profile does not allow for is a fault, never a guess.
    pub(super) fn eval<'f>(&'f self, scope: &Scope<'f>) -> Result<Val<'f>, Fault> {
        // What most expressions are, and what needs no room for the others.
        match self {
            Self::Constant(constant) => Ok(constant.value()),
            Self::Path(path) => Ok(scope.plan.value(path.find(scope))),
            Self::Let(index) => match scope.plan.lets.get(*index) {
                Some(named) => named.eval(scope),
                None => Ok(Val::Null),
            },
            // What another expression gives is handed on as it is: to unpack and pack it again would cost more than to find it.
            Self::First(options) => {
                for option in options {
                    match option.eval(scope) {
                        Ok(Val::Null) => {}
                        found => return found,
                    }
                }
                Ok(Val::Null)
            }
            Self::If { condition, then, otherwise } => match (condition.holds(scope)?, otherwise) {
                (true, _) => then.eval(scope),
                (false, Some(otherwise)) => otherwise.eval(scope),
                (false, None) => Ok(Val::Null),
            },
            computed => computed.compute(scope),
        }
    }

    #[inline(never)]
    fn compute<'f>(&'f self, scope: &Scope<'f>) -> Result<Val<'f>, Fault> {
        Ok(match self {
            Self::Constant(_) | Self::Path(_) | Self::Let(_) | Self::First(_) | Self::If { .. } => {
                return self.eval(scope);
            }
            Self::Setting(name) => text_or_null(scope.context.setting(name)),
            Self::Source => Val::Text(Cow::Borrowed(scope.context.source())),
            Self::Log => Val::Text(Cow::Borrowed(scope.log)),
            Self::Index => i64::try_from(scope.index).map_or(Val::Null, Val::Int),
            Self::Key => text_or_null(scope.key),
            Self::Id => scope.id.clone().map_or(Val::Null, Val::Text),
            Self::Template(pieces) => template(pieces, scope)?,
            Self::Map { of, map } => {
                let value = of.eval(scope)?;
                match (value.into_text()?, scope.plan.maps.get(*map)) {
                    (Some(word), Some(map)) => map.lookup(&word, || of.label(scope.plan))?,
                    _ => Val::Null,
                }
            }
            Self::Capture { of, regex, group } => match of.eval(scope)?.into_text()? {
                Some(text) => {
                    capture(regex, *group, &text).map_or(Val::Null, |found| Val::Text(found.into()))
                }
                None => Val::Null,
            },
            Self::Time { of, formats, zone } => {
                of.eval(scope)?.time(formats, zone.as_ref())?.map_or(Val::Null, Val::Time)
            }
            Self::Duration { of, unit } => match of.eval(scope)?.into_text()? {
                Some(text) => Val::Length(unit.read(&text)?),
                None => Val::Null,
            },
            Self::Digest { of, jcs } => {
                let value = of.eval(scope)?;
                let bytes = match jcs {
                    true => value.jcs()?,
                    false => value.string()?.map(|text| text.as_bytes().to_vec()),
                };
                bytes.map_or(Val::Null, |bytes| Val::Text(Digest::of(&bytes).to_string().into()))
            }
            Self::Decode { of, steps } => match of.eval(scope)?.into_text()? {
                Some(text) => {
                    let decoded = steps.iter().try_fold(text.into_owned(), |text, decode| decode.read(&text));
                    decoded.map_or(Val::Null, |text| Val::Text(text.into()))
                }
                None => Val::Null,
            },
            Self::Member { of, name, at } => match (of.find(scope), name.eval(scope)?.into_text()?) {
                (Some(object), Some(name)) => {
                    scope.plan.value(object.member(&name).and_then(|member| member.at(at)))
                }
                _ => Val::Null,
            },
            Self::Nth { of, index, at } => {
                let index = index.eval(scope)?.int()?.and_then(|index| usize::try_from(index).ok());
                let item = match index {
                    Some(index) => items(of, scope)?.get(index),
                    None => None,
                };
                scope.plan.value(item.and_then(|item| item.at(at)))
            }
            Self::Find { of, fits, at } => find(of, fits, at, scope)?,
            Self::Join { of, separator, at, shell } => join(of, separator, at, *shell, scope)?,
            Self::Add(left, right) => add(left.eval(scope)?, right.eval(scope)?)?,
            Self::Greatest { of, over } => greatest(of, over.as_ref(), scope)?,
        })
    }

    /// Finds the value where nothing has to be made for it. Most are such, and to make a [`Val`] of what is only copied would
    /// cost more than to find it.
    pub(super) fn look<'f>(&'f self, scope: &Scope<'f>) -> Look<'f> {
        match self {
            Self::Path(path) => scope.plan.seen(path.find(scope)).map_or(Look::Null, Look::Json),
            Self::Constant(Constant::Text(text)) => Look::Text(text),
            Self::Let(index) => scope.plan.lets.get(*index).map_or(Look::Null, |named| named.look(scope)),
            Self::First(options) => {
                let mut looks = options.iter().map(|option| option.look(scope));
                looks.find(|look| !matches!(look, Look::Null)).unwrap_or(Look::Null)
            }
            _ => Look::Other,
        }
    }

    /// Returns the place that the value comes from, for messages.
    pub(super) fn label(&self, plan: &Plan) -> String {
        match self {
            Self::Path(path) => path.text.clone(),
            Self::Let(index) => {
                plan.lets.get(*index).map_or_else(String::new, |named| named.expr.label(plan))
            }
            Self::First(options) => options.first().map_or_else(String::new, |option| option.label(plan)),
            Self::Map { of, .. }
            | Self::Capture { of, .. }
            | Self::Time { of, .. }
            | Self::Duration { of, .. }
            | Self::Decode { of, .. }
            | Self::Digest { of, .. } => of.label(plan),
            Self::Find { of, .. }
            | Self::Join { of, .. }
            | Self::Member { of, .. }
            | Self::Nth { of, .. } => of.text.clone(),
            Self::If { then, .. } => then.label(plan),
            Self::Add(left, _) => left.label(plan),
            Self::Setting(name) => format!("@set/{name}"),
            Self::Key => "@key".to_owned(),
            _ => "a constant".to_owned(),
        }
    }
}

impl Plan {
    /// Returns what was found as a value; what the profile reads as null is null.
    fn value<'f>(&self, found: Option<&'f Json<'f>>) -> Val<'f> {
        self.seen(found).map_or(Val::Null, Val::Json)
    }

    /// Returns what was found, without what the profile reads as null.
    pub(super) fn seen<'f>(&self, found: Option<&'f Json<'f>>) -> Option<&'f Json<'f>> {
        match found? {
            Json::Null => None,
            Json::Text(text) if self.nulls.iter().any(|null| *null == *text) => None,
            json => Some(json),
        }
    }
}

impl WordMap {
    fn lookup(&self, word: &str, label: impl FnOnce() -> String) -> Result<Val<'_>, Fault> {
        match self.words.get(word) {
            // A word that is known and says nothing.
            Some(Constant::Text(text)) if text.is_empty() => Ok(Val::Null),
            Some(constant) => Ok(constant.value()),
            None => Err(Fault::rejected(format!("unknown value `{}` at `{}`", shown(word), label()))),
        }
    }
}

impl<'f> Val<'f> {
    /// Returns the value as text; numbers and booleans as JSON writes them.
    pub(super) fn text(&self) -> Result<Option<Cow<'f, str>>, Fault> {
        Ok(match self {
            Self::Null | Self::Json(Json::Null) => None,
            Self::Text(text) => Some(text.clone()),
            Self::Int(int) => Some(int.to_string().into()),
            Self::Flag(flag) => Some(if *flag { "true" } else { "false" }.into()),
            Self::Time(stamp) => Some(stamp.text().into()),
            Self::Length(nanos) => Some(nanos.to_string().into()),
            Self::Json(json) => match json {
                Json::Text(text) => Some(Cow::Borrowed(text.as_ref())),
                Json::Int(int) => Some(int.to_string().into()),
                Json::Big(int) => Some(int.to_string().into()),
                Json::Float(float) => Some(float_text(*float)?.into()),
                Json::Flag(flag) => Some(if *flag { "true" } else { "false" }.into()),
                other => return Err(expected("text", other)),
            },
        })
    }

    /// Returns the value as [`Val::text`] does, without a copy of what it owns.
    pub(super) fn into_text(self) -> Result<Option<Cow<'f, str>>, Fault> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            other => other.text(),
        }
    }

    /// Returns the value as text, where only a string will do: the digest of a number has no defined bytes.
    fn string(&self) -> Result<Option<Cow<'f, str>>, Fault> {
        match self {
            Self::Null | Self::Text(_) | Self::Json(Json::Text(_) | Json::Null) => self.text(),
            Self::Json(other) => Err(expected("a string", other)),
            _ => Err(Fault::rejected("expected a string to digest")),
        }
    }

    /// Returns the RFC 8785 bytes of the value.
    fn jcs(&self) -> Result<Option<Vec<u8>>, Fault> {
        let mut text = Vec::new();
        match self {
            Self::Null => return Ok(None),
            Self::Json(json) => json.write(&mut text)?,
            other => match other.text()? {
                Some(value) => Json::Text(value).write(&mut text)?,
                None => return Ok(None),
            },
        }
        let text = std::str::from_utf8(&text).map_err(|error| Fault::rejected(error.to_string()))?;
        let node = tree::parse(text, &Limits::RECORD).map_err(|fault| Fault::rejected(fault.what))?;
        let bytes = Canon::Jcs.to_bytes(&node);
        bytes.map(Some).map_err(|error| Fault::new(error.break_kind(), error.to_string()))
    }

    /// Returns the value as an integer; a time as its epoch milliseconds.
    pub(super) fn int(&self) -> Result<Option<i64>, Fault> {
        match self {
            Self::Null | Self::Json(Json::Null) => Ok(None),
            Self::Int(int) | Self::Json(Json::Int(int)) => Ok(Some(*int)),
            Self::Time(stamp) => Ok(Some(stamp.ms())),
            other => {
                let text = other.text()?.unwrap_or_default();
                text.parse()
                    .map(Some)
                    .map_err(|_| Fault::rejected(format!("expected an integer, found `{}`", shown(&text))))
            }
        }
    }

    /// Returns the value as a truth value.
    pub(super) fn flag(&self) -> Result<Option<bool>, Fault> {
        match self {
            Self::Null | Self::Json(Json::Null) => Ok(None),
            Self::Flag(flag) | Self::Json(Json::Flag(flag)) => Ok(Some(*flag)),
            other => match other.text()?.as_deref() {
                Some("true") => Ok(Some(true)),
                Some("false") => Ok(Some(false)),
                text => Err(Fault::rejected(format!(
                    "expected true or false, found `{}`",
                    shown(text.unwrap_or_default())
                ))),
            },
        }
    }

    /// Returns the value as a time in one of `formats`.
    pub(super) fn time(&self, formats: &[TimeFormat], zone: Option<&Zone>) -> Result<Option<Stamp>, Fault> {
        match self {
            Self::Time(stamp) => Ok(Some(*stamp)),
            Self::Json(json @ Json::Object(_)) if formats.contains(&TimeFormat::Parts) => {
                match (json.member("seconds"), json.member("nanoseconds").or(json.member("nanos"))) {
                    (Some(Json::Int(seconds)), None) => epoch_parts(*seconds, 0).map(Some),
                    (Some(Json::Int(seconds)), Some(Json::Int(nanos))) => {
                        epoch_parts(*seconds, *nanos).map(Some)
                    }
                    _ => Err(Fault::rejected("an object without `seconds` where a time is expected")),
                }
            }
            other => match other.text()? {
                Some(text) => read_time(&text, formats, zone),
                None => Ok(None),
            },
        }
    }
}

fn expected(what: &str, found: &Json<'_>) -> Fault {
    Fault::rejected(format!("expected {what}, found {}", found.type_name()))
}

fn text_or_null(text: Option<&str>) -> Val<'_> {
    text.map_or(Val::Null, |text| Val::Text(Cow::Borrowed(text)))
}

/// Joins the pieces; null if one of them is null, so that no half-made id appears.
fn template<'f>(pieces: &'f [Piece], scope: &Scope<'f>) -> Result<Val<'f>, Fault> {
    // Longer than most ids, so that it grows once.
    let mut out = String::with_capacity(64);
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(expr) => match expr.eval(scope)?.into_text()? {
                Some(text) => out.push_str(&text),
                None => return Ok(Val::Null),
            },
        }
    }
    Ok(Val::Text(out.into()))
}

fn capture(regex: &Regex, group: usize, text: &str) -> Option<String> {
    regex.captures(text)?.get(group).map(|found| found.as_str().to_owned())
}

/// Returns the items of the array at `path`; none where nothing lies there.
pub(super) fn items<'f>(path: &Path, scope: &Scope<'f>) -> Result<&'f [Json<'f>], Fault> {
    match path.find(scope) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::List(items)) => Ok(items),
        Some(other) => {
            Err(Fault::rejected(format!("expected an array at `{}`, found {}", path.text, other.type_name())))
        }
    }
}

/// Returns the members of the object at `path`; none where nothing lies there.
pub(super) fn members<'f>(path: &Path, scope: &Scope<'f>) -> Result<&'f [(Cow<'f, str>, Json<'f>)], Fault> {
    match path.find(scope) {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Object(members)) => Ok(members),
        Some(other) => Err(Fault::rejected(format!(
            "expected an object at `{}`, found {}",
            path.text,
            other.type_name()
        ))),
    }
}

fn find<'f>(of: &'f Path, fits: &'f Condition, at: &Pointer, scope: &Scope<'f>) -> Result<Val<'f>, Fault> {
    for (index, item) in items(of, scope)?.iter().enumerate() {
        if fits.holds(&scope.within(item, index))? {
            return Ok(match item.at(at) {
                None | Some(Json::Null) => Val::Null,
                Some(json) => Val::Json(json),
            });
        }
    }
    Ok(Val::Null)
}

fn join<'f>(
    of: &Path,
    separator: &str,
    at: &Pointer,
    shell: bool,
    scope: &Scope<'f>,
) -> Result<Val<'f>, Fault> {
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    for item in items(of, scope)? {
        let Some(item) = item.at(at) else { continue };
        let part = Val::Json(item).text()?;
        parts.extend(part.map(|part| if shell { quoted(part) } else { part }));
    }
    Ok(if parts.is_empty() { Val::Null } else { Val::Text(parts.join(separator).into()) })
}

/// Quotes a word as a POSIX shell would need it (Shell Command Language, §2.2.2), so that two lists of words never
/// become one command.
fn quoted(word: Cow<'_, str>) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', "'\\''")).into()
}

/// Adds a length to a time, or an integer to an integer; null where a part is null.
fn add<'f>(left: Val<'f>, right: Val<'f>) -> Result<Val<'f>, Fault> {
    Ok(match (left, right) {
        (Val::Null, _) | (_, Val::Null) => Val::Null,
        (Val::Time(stamp), Val::Length(nanos)) | (Val::Length(nanos), Val::Time(stamp)) => {
            Val::Time(stamp.plus(nanos)?)
        }
        (left, right) => match (left.int()?, right.int()?) {
            (Some(left), Some(right)) => {
                Val::Int(left.checked_add(right).ok_or_else(|| Fault::rejected("a sum beyond 64 bits"))?)
            }
            _ => Val::Null,
        },
    })
}

/// Returns the greatest of the values that are not null, as times or integers.
fn greatest<'f>(of: &'f [Expr], over: Option<&Path>, scope: &Scope<'f>) -> Result<Val<'f>, Fault> {
    let scopes: Vec<Scope<'f>> = match over {
        None => vec![scope.clone()],
        Some(path) => {
            items(path, scope)?.iter().enumerate().map(|(index, item)| scope.within(item, index)).collect()
        }
    };
    let mut best: Option<(i64, Val<'f>)> = None;
    for scope in &scopes {
        for expr in of {
            let value = expr.eval(scope)?;
            if let Some(number) = value.int()?
                && best.as_ref().is_none_or(|(most, _)| number > *most)
            {
                best = Some((number, value));
            }
        }
    }
    Ok(best.map_or(Val::Null, |(_, value)| value))
}
