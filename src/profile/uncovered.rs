//! Which columns rest on values that no hash and no signature covers.

use std::collections::{BTreeMap, BTreeSet};

use super::Profile;
use super::condition::Condition;
use super::coverage::{columns, table_of};
use super::expr::{Base, Expr, Path, Piece};
use super::json::Pointer;
use super::rule::{Assign, Rule, Walk};
use crate::integrity::foreign::ChainFormat;

impl Profile {
    /// Returns `table.column` for every column that some rule fills, even in part, from a value of the record that no layer of
    /// `format` covers. Whatever the grade of the record, such a value has grade `parsed`.
    ///
    /// A condition that reads such a value decides whether there is an event at all, so it stands for every column of its rule.
    pub fn uncovered_columns(&self, format: &ChainFormat) -> BTreeSet<String> {
        let open = self.mapped_pointers().into_iter().filter(|(pointer, _)| !format.protects(pointer));
        open.flat_map(|(_, columns)| columns).collect()
    }

    /// Returns, by the pointer of every value of a record that some rule reads, each `table.column` that rests on it.
    pub fn mapped_pointers(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut mapped: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut gate = Reader::new(self, &[]);
        let before = self.housekeeping.iter().chain(&self.ignores).chain(&self.rejects);
        before.for_each(|verdict| gate.condition(&verdict.when));
        for rule in &self.rules {
            let Some(table) = table_of(rule.kind) else { continue };
            let mut whole = Reader::new(self, &rule.each);
            whole.rule(rule);
            for assign in &rule.assigns {
                let mut reader = Reader::new(self, &rule.each);
                reader.assign(assign);
                let name = super::coverage::assigned(assign);
                for pointer in gate.read.iter().chain(&whole.read).chain(&reader.read) {
                    let named = columns(table, &name).iter().map(|column| format!("{table}.{column}"));
                    mapped.entry(pointer.clone()).or_default().extend(named);
                }
            }
        }
        for rule in self.rules.iter().filter(|rule| !rule.takes.is_empty()) {
            let Some(table) = table_of(rule.kind) else { continue };
            for (join, key) in &rule.takes {
                let Some(names) = self.joins().get(*join).map(|join| join.names().collect::<Vec<_>>()) else {
                    continue;
                };
                let mut asks = Reader::new(self, &rule.each);
                asks.rule(rule);
                asks.expr(key);
                self.rules.iter().for_each(|giver| asks.given(giver, *join));
                let taken = names.iter().flat_map(|name| taken_columns(table, name));
                let taken: BTreeSet<String> = taken.map(|column| format!("{table}.{column}")).collect();
                for pointer in gate.read.iter().chain(&asks.read) {
                    mapped.entry(pointer.clone()).or_default().extend(taken.iter().cloned());
                }
            }
        }
        mapped
    }
}

/// Returns the columns of `table` that what a join takes under a name fills.
fn taken_columns(table: &str, name: &str) -> Vec<&'static str> {
    let names: &[&str] =
        if name == "command" { &["command", "command_digest", "canonicalisation"] } else { &[name] };
    names.iter().flat_map(|name| columns(table, name)).copied().collect()
}

/// Follows what an expression reads.
struct Reader<'p> {
    profile: &'p Profile,
    /// Arrays and objects that are walked, the outermost first.
    items: Vec<&'p Path>,
    /// Pointers from the record on.
    read: BTreeSet<String>,
}

impl<'p> Reader<'p> {
    fn new(profile: &'p Profile, each: &'p [Walk]) -> Self {
        Self { profile, items: each.iter().map(|walk| &walk.path).collect(), read: BTreeSet::new() }
    }

    fn rule(&mut self, rule: &'p Rule) {
        for (depth, step) in rule.each.iter().enumerate() {
            let mut outer = Self::new(self.profile, &rule.each[..depth]);
            outer.path(&step.path);
            if let Some(fits) = &step.fits {
                outer.of_items(&step.path, |inner| inner.condition(fits));
            }
            self.read.append(&mut outer.read);
        }
        if let Some(zip) = &rule.zip {
            let mut outer = Self::new(self.profile, &rule.each[..rule.each.len() - 1]);
            outer.path(zip);
            self.read.append(&mut outer.read);
        }
        let mut outside = Self::new(self.profile, &[]);
        outside.condition(&rule.when);
        self.read.append(&mut outside.read);
        if let Some(fits) = &rule.fits {
            self.condition(fits);
        }
    }

    /// Reads what a rule offers by a join: all of what it sets, since a value of it may be taken.
    fn given(&mut self, giver: &'p Rule, join: usize) {
        let offered = giver.offers.iter().filter(|(of, _)| *of == join);
        for (_, key) in offered {
            let mut inner = Self::new(self.profile, &giver.each);
            inner.rule(giver);
            inner.expr(key);
            giver.assigns.iter().for_each(|assign| inner.assign(assign));
            self.read.append(&mut inner.read);
        }
    }

    fn assign(&mut self, assign: &'p Assign) {
        match assign {
            Assign::Time(expr) | Assign::Request(expr) | Assign::Column { expr, .. } => self.expr(expr),
            Assign::Principal { options, .. } => {
                for option in options {
                    self.expr(&option.id);
                    let others = [&option.ns, &option.kind, &option.name, &option.email];
                    others.into_iter().flatten().for_each(|expr| self.expr(expr));
                }
            }
        }
    }

    fn expr(&mut self, expr: &'p Expr) {
        match expr {
            // The names of members are covered with the object that holds them, which `rule` has looked at.
            Expr::Constant(_)
            | Expr::Setting(_)
            | Expr::Source
            | Expr::Log
            | Expr::Index
            | Expr::Key
            | Expr::Id => {}
            Expr::Path(path) | Expr::Join { of: path, .. } => self.path(path),
            Expr::Let(index) => {
                if let Some(named) = self.profile.plan.lets.get(*index) {
                    self.expr(&named.expr);
                }
            }
            Expr::Template(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value) = piece {
                        self.expr(value);
                    }
                }
            }
            Expr::First(options) => options.iter().for_each(|option| self.expr(option)),
            Expr::Map { of, .. }
            | Expr::Capture { of, .. }
            | Expr::Time { of, .. }
            | Expr::Duration { of, .. }
            | Expr::Decode { of, .. }
            | Expr::Digest { of, .. } => self.expr(of),
            Expr::Member { of, name, .. } | Expr::Nth { of, index: name, .. } => {
                self.path(of);
                self.expr(name);
            }
            Expr::Find { of, fits, .. } => {
                self.path(of);
                self.of_items(of, |inner| inner.condition(fits));
            }
            Expr::If { condition, then, otherwise } => {
                self.condition(condition);
                self.expr(then);
                if let Some(otherwise) = otherwise {
                    self.expr(otherwise);
                }
            }
            Expr::Add(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            Expr::Greatest { of, over } => match over {
                Some(over) => {
                    self.path(over);
                    self.of_items(over, |inner| of.iter().for_each(|expr| inner.expr(expr)));
                }
                None => of.iter().for_each(|expr| self.expr(expr)),
            },
        }
    }

    fn condition(&mut self, condition: &'p Condition) {
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Not(part) => self.condition(part),
            Condition::Value { of, .. } => self.expr(of),
            Condition::Exists { of, .. } | Condition::Type { of, .. } => self.path(of),
            Condition::Has { of, fits } | Condition::HasMember { of, fits } => {
                self.path(of);
                self.of_items(of, |inner| inner.condition(fits));
            }
        }
    }

    fn of_items(&mut self, path: &'p Path, read: impl FnOnce(&mut Self)) {
        self.items.push(path);
        read(self);
        self.items.pop();
    }

    fn path(&mut self, path: &Path) {
        let all = self.absolute(path, self.items.len());
        self.read.extend(all);
    }

    /// Returns the pointers from the record on that a path may mean, where `depth` of the arrays are walked.
    fn absolute(&self, path: &Path, depth: usize) -> Vec<String> {
        let below = |bases: Vec<String>| -> Vec<String> {
            bases.into_iter().map(|base| format!("{base}{}", path.pointer)).collect()
        };
        let roots = || -> Vec<String> {
            let mut roots: Vec<String> = self.profile.unwrap.iter().map(Pointer::to_string).collect();
            // Where nothing is there to unwrap, paths begin at the record itself.
            if roots.is_empty() {
                roots.push(String::new());
            }
            roots
        };
        let item = |level: usize| -> Option<Vec<String>> {
            let at = depth.checked_sub(level + 1)?;
            let arrays = self.absolute(self.items[at], at);
            Some(arrays.into_iter().map(|array| format!("{array}/*")).collect())
        };
        match path.base {
            Base::Record => below(vec![String::new()]),
            Base::Root(_) => below(roots()),
            Base::Item => below(item(0).unwrap_or_else(roots)),
            Base::Parent => below(item(1).unwrap_or_else(roots)),
            // A value that holds others is covered as a whole, or not.
            Base::Nested(index) => match self.profile.plan.nested.get(index) {
                Some(nested) => self.absolute(&nested.path, 0),
                None => Vec::new(),
            },
            // The array that a rule zips is covered as a whole, or not: `rule` has looked at it.
            Base::Zip => Vec::new(),
        }
    }
}
