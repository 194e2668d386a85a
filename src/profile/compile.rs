//! TOML to expressions and conditions.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::column::check_word;
use super::condition::{Condition, JsonType, Test};
use super::error::{ProfileError, did_you_mean};
use super::expr::{Base, Constant, Expr, Path, Piece, Plan};
use super::json::Pointer;
use super::memo::{Named, is_shareable};
use super::nested::Decode;
use super::stamp::{DurationUnit, TimeFormat};
use super::syntax::{Key, Node, Shape, Table};
use super::zone::Zone;
use crate::redact::shown;

/// The names that may follow `@`, beside those that `[nested]` declares.
pub(super) const REFERENCES: [&str; 10] =
    ["record", "item", "parent", "zip", "index", "key", "id", "source", "log", "set"];

/// The keys of which an expression table has exactly one.
pub(super) const OPERATORS: [&str; 13] = [
    "map", "match", "time", "duration", "digest", "decode", "member", "nth", "find", "join", "if", "add",
    "greatest",
];

/// SHA-256 of the UTF-8 bytes of a string.
const UTF8_SHA256: &str = "utf8-sha256";
/// SHA-256 of the bytes of a value after RFC 8785.
const JCS_SHA256: &str = "jcs-sha256";

/// Compiles the expressions of one profile.
pub(super) struct Compiler<'t> {
    pub plan: Plan,
    nested: Vec<&'t str>,
    settings: BTreeSet<&'t str>,
    lets: BTreeMap<&'t str, (Key<'t>, Node<'t>)>,
    numbers: BTreeMap<&'t str, usize>,
    /// Numbers of shared expressions, by the place of each in the profile.
    places: BTreeMap<usize, usize>,
    /// Whether several rules may fit one record.
    shares: bool,
    open: Vec<&'t str>,
    maps: BTreeMap<&'t str, (Key<'t>, usize, bool)>,
    /// The first use of `@key`, and whether some object's members are walked at all.
    key: Option<Node<'t>>,
    walks_members: bool,
}

type Compiled<T> = Result<T, ProfileError>;

impl<'t> Compiler<'t> {
    /// Returns a compiler that knows the settings, nested documents and named expressions of a profile.
    pub(super) fn new(
        plan: Plan,
        nested: Vec<&'t str>,
        settings: BTreeSet<&'t str>,
        lets: BTreeMap<&'t str, (Key<'t>, Node<'t>)>,
        maps: BTreeMap<&'t str, (Key<'t>, usize, bool)>,
        shares: bool,
    ) -> Self {
        Self {
            plan,
            nested,
            settings,
            lets,
            numbers: BTreeMap::new(),
            places: BTreeMap::new(),
            shares,
            open: Vec::new(),
            maps,
            key: None,
            walks_members: false,
        }
    }

    /// Returns the plan, after refusing what is declared and never used.
    pub(super) fn finish(self) -> Compiled<Plan> {
        let unused_let = self.lets.iter().find(|(name, _)| !self.numbers.contains_key(*name));
        if let Some((name, (key, _))) = unused_let {
            return Err(key.error(format!("`${name}` is never used"), Some("remove it".to_owned())));
        }
        if let Some((name, (key, ..))) = self.maps.iter().find(|(_, (_, _, used))| !used) {
            return Err(key.error(format!("map `{name}` is never used"), Some("remove it".to_owned())));
        }
        if let Some(node) = self.key.filter(|_| !self.walks_members) {
            let help =
                "walk an object: `each = { members = \"/path\" }`, or ask `has_member` of it".to_owned();
            return Err(node.error("`@key` without an object whose members are walked", Some(help)));
        }
        Ok(self.plan)
    }

    /// Compiles the path of an object whose members are walked.
    pub(super) fn members(&mut self, node: Node<'t>) -> Compiled<Path> {
        self.walks_members = true;
        self.path(node)
    }

    /// Compiles an expression.
    pub(super) fn expr(&mut self, node: Node<'t>) -> Compiled<Expr> {
        match node.shape()? {
            Shape::Text(text) => self.string(node, text),
            Shape::Int(int) => Ok(Expr::Constant(Constant::Int(int))),
            Shape::Flag(flag) => Ok(Expr::Constant(Constant::Flag(flag))),
            Shape::List(items) if items.is_empty() => Err(node.error("an empty list of fallbacks", None)),
            Shape::List(items) => {
                items.into_iter().map(|item| self.expr(item)).collect::<Compiled<_>>().map(Expr::First)
            }
            Shape::Table(table) => self.operator(table),
        }
    }

    /// Compiles a string: a path, a reference, a named expression, or a constant.
    fn string(&mut self, node: Node<'t>, text: &'t str) -> Compiled<Expr> {
        if let Some(constant) = text.strip_prefix('=') {
            return self.template(node, constant);
        }
        if let Some(name) = text.strip_prefix('$') {
            return self.named(node, name);
        }
        match text {
            "@index" => return Ok(Expr::Index),
            "@key" => {
                self.key.get_or_insert(node);
                return Ok(Expr::Key);
            }
            "@id" => return Ok(Expr::Id),
            "@source" => return Ok(Expr::Source),
            "@log" => return Ok(Expr::Log),
            _ => {}
        }
        if let Some(name) = text.strip_prefix("@set/") {
            if !self.settings.contains(name) {
                let help = did_you_mean(name, self.settings.iter().copied());
                return Err(node.error(format!("`[settings]` declares no `{}`", shown(name)), Some(help)));
            }
            return Ok(Expr::Setting(name.to_owned()));
        }
        self.path_text(node, text).map(Expr::Path)
    }

    /// Compiles a path.
    pub(super) fn path(&mut self, node: Node<'t>) -> Compiled<Path> {
        self.path_text(node, node.text()?)
    }

    fn path_text(&mut self, node: Node<'t>, text: &'t str) -> Compiled<Path> {
        let (base, pointer) = match text.strip_prefix('@') {
            None if text.starts_with('/') => (None, text),
            None => {
                let help = format!("write `/{0}` for a member, `={0}` for the text itself", shown(text));
                return Err(
                    node.error(format!("`{}` is neither a path nor a constant", shown(text)), Some(help))
                );
            }
            Some(reference) => {
                let (name, pointer) = match reference.find('/') {
                    Some(at) => reference.split_at(at),
                    None => (reference, ""),
                };
                (Some(self.base(node, name)?), pointer)
            }
        };
        Path::compile(base, pointer, text, &mut self.plan.places).map_err(|what| node.error(what, None))
    }

    fn base(&self, node: Node<'t>, name: &str) -> Compiled<Base> {
        if let Some(index) = self.nested.iter().position(|nested| *nested == name) {
            return Ok(Base::Nested(index));
        }
        match name {
            "record" => Ok(Base::Record),
            "item" => Ok(Base::Item),
            "parent" => Ok(Base::Parent),
            "zip" => Ok(Base::Zip),
            other => {
                let known: Vec<&str> = REFERENCES.into_iter().chain(self.nested.iter().copied()).collect();
                let help = did_you_mean(other, known.iter().copied());
                Err(node.error(format!("unknown reference `@{}`", shown(other)), Some(help)))
            }
        }
    }

    /// Compiles the text after `=`: a constant, or a template where it holds `{…}`.
    fn template(&mut self, node: Node<'t>, text: &'t str) -> Compiled<Expr> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
            } else if brace == "}" {
                return Err(node.error("`}` without `{`", Some("write `}}` for a brace".to_owned())));
            } else {
                let Some(end) = rest.find('}') else {
                    return Err(node.error("`{` without `}`", Some("write `{{` for a brace".to_owned())));
                };
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Value(self.string(node, &rest[..end])?));
                rest = &rest[end + 1..];
            }
        }
        literal.push_str(rest);
        if pieces.is_empty() {
            return Ok(Expr::Constant(Constant::Text(literal)));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Expr::Template(pieces))
    }

    /// Compiles a use of `$name`, and on first use the named expression itself.
    fn named(&mut self, node: Node<'t>, name: &'t str) -> Compiled<Expr> {
        if let Some(number) = self.numbers.get(name) {
            return Ok(Expr::Let(*number));
        }
        let Some((key, value)) = self.lets.get(name).copied() else {
            let help = did_you_mean(name, self.lets.keys().copied());
            return Err(node.error(format!("`[let]` has no `{}`", shown(name)), Some(help)));
        };
        if self.open.contains(&name) {
            return Err(key.error(format!("`${name}` is defined by itself"), None));
        }
        self.open.push(name);
        let expr = self.expr(value)?;
        self.open.pop();
        let number = self.refer(expr);
        self.numbers.insert(key.text, number);
        Ok(Expr::Let(number))
    }

    /// Compiles an expression that several rules may share by the same `node`, so that each record gives its value once.
    pub(super) fn shared(&mut self, node: Node<'t>) -> Compiled<Expr> {
        if let Some(number) = self.places.get(&node.start()) {
            return Ok(Expr::Let(*number));
        }
        let expr = self.expr(node)?;
        if !self.shares || !is_shareable(&expr, &self.plan.lets) {
            return Ok(expr);
        }
        let number = self.refer(expr);
        self.places.insert(node.start(), number);
        Ok(Expr::Let(number))
    }

    fn refer(&mut self, expr: Expr) -> usize {
        let named = Named::new(expr, &self.plan.lets, &mut self.plan.kept);
        self.plan.lets.push(named);
        self.plan.lets.len() - 1
    }

    /// Compiles a table with one operator.
    fn operator(&mut self, table: Table<'t>) -> Compiled<Expr> {
        let found: Vec<&str> = OPERATORS.into_iter().filter(|name| table.opt(name).is_some()).collect();
        let &[operator] = found.as_slice() else {
            let what = match found.as_slice() {
                [] => "an expression table without an operator".to_owned(),
                several => format!("several operators in one table: {}", several.join(", ")),
            };
            let help = format!("write exactly one of {}", OPERATORS.join(", "));
            // A misspelt operator stands among the keys.
            let key = table.entries().find(|(key, _)| !OPERATORS.contains(&key.text) && key.text != "of");
            return Err(match key {
                Some((key, _)) if found.is_empty() => {
                    key.error(what, Some(did_you_mean(key.text, OPERATORS)))
                }
                _ => table.error(what, Some(help)),
            });
        };
        let value = table.need(operator)?;
        match operator {
            "if" => {
                table.only(&["if", "then", "else"])?;
                Ok(Expr::If {
                    condition: Box::new(self.condition(value)?),
                    then: Box::new(self.expr(table.need("then")?)?),
                    otherwise: table.opt("else").map(|node| self.expr(node)).transpose()?.map(Box::new),
                })
            }
            "add" => {
                table.only(&["add"])?;
                let [left, right] = value.list()?[..] else {
                    return Err(value.error("`add` takes exactly two values", None));
                };
                Ok(Expr::Add(Box::new(self.expr(left)?), Box::new(self.expr(right)?)))
            }
            "greatest" => {
                table.only(&["greatest", "over"])?;
                let of = value.list()?.into_iter().map(|node| self.expr(node)).collect::<Compiled<_>>()?;
                let over = table.opt("over").map(|node| self.path(node)).transpose()?;
                Ok(Expr::Greatest { of, over })
            }
            "find" => {
                table.only(&["of", "find", "at"])?;
                Ok(Expr::Find {
                    of: self.path(table.need("of")?)?,
                    fits: Box::new(self.condition(value)?),
                    at: at(table)?,
                })
            }
            "join" => {
                table.only(&["of", "join", "at", "quote"])?;
                Ok(Expr::Join {
                    of: self.path(table.need("of")?)?,
                    separator: value.text()?.to_owned(),
                    at: at(table)?,
                    shell: table.opt("quote").map(|node| node.word(&["shell"])).transpose()?.is_some(),
                })
            }
            "member" => {
                table.only(&["of", "member", "at"])?;
                let of = self.path(table.need("of")?)?;
                Ok(Expr::Member { of, name: Box::new(self.expr(value)?), at: at(table)? })
            }
            "nth" => {
                table.only(&["of", "nth", "at"])?;
                let of = self.path(table.need("of")?)?;
                Ok(Expr::Nth { of, index: Box::new(self.expr(value)?), at: at(table)? })
            }
            _ => {
                let of = Box::new(self.expr(table.need("of")?)?);
                self.scalar(operator, of, value, table)
            }
        }
    }

    /// Compiles an operator on one value.
    fn scalar(&mut self, operator: &str, of: Box<Expr>, value: Node<'t>, table: Table<'t>) -> Compiled<Expr> {
        match operator {
            "map" => {
                table.only(&["of", "map"])?;
                Ok(Expr::Map { of, map: self.map_number(value)? })
            }
            "match" => {
                table.only(&["of", "match", "take"])?;
                let regex = regex(value)?;
                let group = match table.opt("take") {
                    None => usize::from(regex.captures_len() > 1),
                    Some(node) => {
                        let name = node.text()?;
                        let names = || regex.capture_names().flatten();
                        names().position(|known| known == name).ok_or_else(|| {
                            let known: Vec<&str> = names().collect();
                            let help = did_you_mean(name, known.iter().copied());
                            node.error(format!("the pattern has no group `{}`", shown(name)), Some(help))
                        })?;
                        regex.capture_names().position(|known| known == Some(name)).unwrap_or_default()
                    }
                };
                Ok(Expr::Capture { of, regex, group })
            }
            "time" => {
                table.only(&["of", "time", "zone"])?;
                let zone = table.opt("zone").map(Zone::of).transpose()?;
                let formats = time_formats(value, zone.is_some() || self.plan.zone.is_some())?;
                Ok(Expr::Time { of, formats, zone: zone.or_else(|| self.plan.zone.clone()) })
            }
            "duration" => {
                table.only(&["of", "duration"])?;
                let word = value.word(&DurationUnit::WORDS)?;
                let unit = DurationUnit::from_word(word)
                    .ok_or_else(|| value.error(format!("unknown unit `{word}`"), None))?;
                Ok(Expr::Duration { of, unit })
            }
            "decode" => {
                table.only(&["of", "decode"])?;
                Ok(Expr::Decode { of, steps: Decode::of(value)? })
            }
            _ => {
                table.only(&["of", "digest"])?;
                Ok(Expr::Digest { of, jcs: value.word(&[UTF8_SHA256, JCS_SHA256])? == JCS_SHA256 })
            }
        }
    }

    fn map_number(&mut self, node: Node<'t>) -> Compiled<usize> {
        let name = node.text()?;
        if let Some((_, number, used)) = self.maps.get_mut(name) {
            *used = true;
            return Ok(*number);
        }
        let help = did_you_mean(name, self.maps.keys().copied());
        Err(node.error(format!("`[maps]` has no `{}`", shown(name)), Some(help)))
    }

    /// Compiles a condition: a table of tests that must all hold, or an array of such tables.
    pub(super) fn condition(&mut self, node: Node<'t>) -> Compiled<Condition> {
        match node.shape()? {
            Shape::Table(table) => {
                let parts = table
                    .entries()
                    .map(|(key, value)| self.test(key, value))
                    .collect::<Compiled<Vec<_>>>()?;
                if parts.is_empty() {
                    return Err(table.error("an empty condition", None));
                }
                Ok(Condition::All(parts))
            }
            Shape::List(_) => self.conditions(node).map(Condition::All),
            _ => Err(node.expected("a condition, such as `{ \"/type\" = \"login\" }`")),
        }
    }

    fn conditions(&mut self, node: Node<'t>) -> Compiled<Vec<Condition>> {
        let items = node.list()?;
        if items.is_empty() {
            return Err(node.error("an empty list of conditions", None));
        }
        items.into_iter().map(|item| self.condition(item)).collect()
    }

    fn test(&mut self, key: Key<'t>, value: Node<'t>) -> Compiled<Condition> {
        match key.text {
            "all" => return self.conditions(value).map(Condition::All),
            "any" => return self.conditions(value).map(Condition::Any),
            "not" => return self.condition(value).map(|part| Condition::Not(Box::new(part))),
            text if !text.starts_with(['/', '@', '$']) => {
                let help = format!("write a path such as `\"/{}\"`, or `all`, `any`, `not`", shown(text));
                return Err(key.error(format!("`{}` is no subject of a condition", shown(text)), Some(help)));
            }
            _ => {}
        }
        match value.shape()? {
            Shape::Table(tests) => {
                let parts = tests
                    .entries()
                    .map(|(name, argument)| self.named_test(key, value, name, argument))
                    .collect::<Compiled<Vec<_>>>()?;
                if parts.is_empty() {
                    return Err(value.error("an empty test", None));
                }
                Ok(Condition::All(parts))
            }
            Shape::List(_) => {
                Ok(Condition::Value { of: self.string(value, key.text)?, test: Test::In(constants(value)?) })
            }
            _ => Ok(Condition::Value {
                of: self.string(value, key.text)?,
                test: Test::In(vec![constant(value)?]),
            }),
        }
    }

    fn named_test(
        &mut self,
        key: Key<'t>,
        at: Node<'t>,
        name: Key<'t>,
        argument: Node<'t>,
    ) -> Compiled<Condition> {
        const TESTS: [&str; 13] = [
            "eq",
            "in",
            "not_in",
            "exists",
            "present",
            "type",
            "matches",
            "lt",
            "le",
            "gt",
            "ge",
            "has",
            "has_member",
        ];
        let limit = || match argument.shape()? {
            Shape::Int(limit) => Ok(limit),
            _ => Err(argument.expected("an integer")),
        };
        let test = match name.text {
            "exists" => {
                return Ok(Condition::Exists {
                    of: self.path_text(at, key.text)?,
                    expected: argument.flag()?,
                });
            }
            "type" => {
                let word = argument.word(&JsonType::WORDS)?;
                let expected = JsonType::from_word(word)
                    .ok_or_else(|| argument.error(format!("unknown type `{word}`"), None))?;
                return Ok(Condition::Type { of: self.path_text(at, key.text)?, expected });
            }
            "has" => {
                return Ok(Condition::Has {
                    of: self.path_text(at, key.text)?,
                    fits: Box::new(self.condition(argument)?),
                });
            }
            "has_member" => {
                self.walks_members = true;
                return Ok(Condition::HasMember {
                    of: self.path_text(at, key.text)?,
                    fits: Box::new(self.condition(argument)?),
                });
            }
            "not_in" => {
                let of = self.string(at, key.text)?;
                let test = Test::In(constants(argument)?);
                return Ok(Condition::Not(Box::new(Condition::Value { of, test })));
            }
            "eq" => Test::In(vec![constant(argument)?]),
            "in" => Test::In(constants(argument)?),
            "present" => Test::Present(argument.flag()?),
            "matches" => Test::Matches(regex(argument)?),
            "lt" => Test::Less(limit()?),
            "le" => Test::AtMost(limit()?),
            "gt" => Test::Greater(limit()?),
            "ge" => Test::AtLeast(limit()?),
            other => {
                return Err(
                    name.error(format!("unknown test `{}`", shown(other)), Some(did_you_mean(other, TESTS)))
                );
            }
        };
        Ok(Condition::Value { of: self.string(at, key.text)?, test })
    }

    /// Refuses an expression that can yield a word outside `words`.
    pub(super) fn check_words(&self, expr: &Expr, words: &[&str]) -> Result<(), (String, String)> {
        let check = |constant: &Constant| match constant {
            Constant::Text(text) => check_word(text, words)
                .map_err(|help| (format!("`{}` is not a value of this column", shown(text)), help)),
            _ => Err(("expected a word".to_owned(), format!("write one of {}", words.join(", ")))),
        };
        match expr {
            Expr::Constant(constant) => check(constant),
            Expr::Let(number) => {
                self.plan.lets.get(*number).map_or(Ok(()), |named| self.check_words(&named.expr, words))
            }
            Expr::First(options) => options.iter().try_for_each(|option| self.check_words(option, words)),
            Expr::If { then, otherwise, .. } => {
                self.check_words(then, words)?;
                otherwise.as_ref().map_or(Ok(()), |otherwise| self.check_words(otherwise, words))
            }
            Expr::Map { map, .. } => {
                let Some(map) = self.plan.maps.get(*map) else { return Ok(()) };
                map.words.values().filter(|word| **word != Constant::Text(String::new())).try_for_each(check)
            }
            _ => Ok(()),
        }
    }
}

/// Returns the pointer of `at`, which leads to the value itself where it is left out.
fn at(table: Table<'_>) -> Compiled<Pointer> {
    let Some(node) = table.opt("at") else { return Ok(Pointer::default()) };
    Pointer::compile(node.text()?).map_err(|what| node.error(what, None))
}

/// Reads a value written in the profile. In conditions and maps a string is itself, without `=`.
pub(super) fn constant(node: Node<'_>) -> Compiled<Constant> {
    match node.shape()? {
        Shape::Text(text) => Ok(Constant::Text(text.to_owned())),
        Shape::Int(int) => Ok(Constant::Int(int)),
        Shape::Flag(flag) => Ok(Constant::Flag(flag)),
        _ => Err(node.expected("a string, an integer, or a boolean")),
    }
}

fn constants(node: Node<'_>) -> Compiled<Vec<Constant>> {
    node.list()?.into_iter().map(constant).collect()
}

/// Reads a pattern, whose automaton runs in linear time.
pub(super) fn regex(node: Node<'_>) -> Compiled<Regex> {
    Regex::new(node.text()?).map_err(|error| {
        let cause = error.to_string();
        node.error(cause.lines().last().unwrap_or("not a pattern").trim().to_owned(), None)
    })
}

/// Reads one or several time formats.
pub(super) fn time_formats(node: Node<'_>, zone_declared: bool) -> Compiled<Vec<TimeFormat>> {
    let nodes = match node.shape()? {
        Shape::List(items) => items,
        _ => vec![node],
    };
    nodes
        .into_iter()
        .map(|node| {
            let text = node.text()?;
            let format = TimeFormat::from_word(text).ok_or_else(|| {
                let help = did_you_mean(text, TimeFormat::WORDS);
                node.error(format!("unknown time format `{}`", shown(text)), Some(help))
            })?;
            if format.lacks_zone() && !zone_declared {
                let help = "add `zone = \"Z\"`, or the offset that the product writes in".to_owned();
                return Err(node.error("a pattern without a zone", Some(help)));
            }
            Ok(format)
        })
        .collect()
}
