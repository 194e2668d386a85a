//! Rules: which records become which events.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{EventColumn, Holds, KINDS, PRINCIPAL_KINDS, ROLES, Role, column, is_evidence, settable};
use super::compile::Compiler;
use super::condition::Condition;
use super::error::{ProfileError, did_you_mean};
use super::expr::{Expr, MAX_EACH, Path};
use super::syntax::{Key, Node, Shape, Table};
use crate::redact::shown;

/// A rule that emits events.
#[derive(Debug)]
pub(super) struct Rule {
    pub id: String,
    pub kind: &'static str,
    pub when: Condition,
    /// Arrays and objects to walk, the outermost first.
    pub each: Vec<Walk>,
    /// The array whose items stand beside the innermost ones.
    pub zip: Option<Path>,
    /// Which items count.
    pub fits: Option<Condition>,
    pub assigns: Vec<Assign>,
    /// Under which key other records may take values of its events, by number of the join.
    pub offers: Keys,
    /// By which key its events take values of other records, by number of the join.
    pub takes: Keys,
    pub quality: Vec<String>,
}

impl Rule {
    /// Tells whether a value that the profile does not allow for makes the record a hole.
    pub(super) fn is_evidence(&self) -> bool {
        is_evidence(self.kind)
    }
}

/// An array or an object that a rule walks.
#[derive(Debug)]
pub(super) struct Walk {
    pub path: Path,
    /// Whether it is an object, the names of whose members are `@key`.
    pub members: bool,
    /// Which of its items, or members, are looked at further.
    pub fits: Option<Condition>,
}

/// One column, or the columns of one principal, and where they come from.
#[derive(Debug)]
pub(super) enum Assign {
    Time(Expr),
    /// The id of the request, of which there may be several.
    Request(Expr),
    Column {
        column: &'static EventColumn,
        expr: Expr,
    },
    /// The first that has an id.
    Principal {
        role: &'static Role,
        options: Vec<Principal>,
    },
}

/// Where the members of a principal come from.
#[derive(Debug)]
pub(super) struct Principal {
    pub id: Expr,
    pub ns: Option<Expr>,
    pub kind: Option<Expr>,
    pub name: Option<Expr>,
    pub email: Option<Expr>,
}

impl std::fmt::Debug for EventColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl std::fmt::Debug for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Keys by number of the join.
pub(super) type Keys = Vec<(usize, Expr)>;

/// A rule about a whole record that emits nothing.
#[derive(Debug)]
pub(super) struct Verdict {
    pub when: Condition,
    pub reason: String,
    /// A value to name, for a reject.
    pub value: Option<Expr>,
}

/// The columns that rules share, by name, with a mark for those in use.
pub(super) type Groups<'t> = BTreeMap<&'t str, (Key<'t>, Table<'t>, bool)>;

type Compiled<T> = Result<T, ProfileError>;

/// Compiles one `[[ignore]]`, `[[reject]]` or `[[housekeeping]]`.
pub(super) fn verdict<'t>(
    node: Node<'t>,
    compiler: &mut Compiler<'t>,
    names_value: bool,
) -> Compiled<Verdict> {
    let table = node.table()?;
    table.only(if names_value { &["when", "reason", "value"] } else { &["when", "reason"] })?;
    Ok(Verdict {
        when: compiler.condition(table.need("when")?)?,
        reason: table.need("reason")?.text()?.to_owned(),
        value: table.opt("value").map(|node| compiler.expr(node)).transpose()?,
    })
}

/// Compiles one `[[rule]]`.
pub(super) fn rule<'t>(
    node: Node<'t>,
    compiler: &mut Compiler<'t>,
    groups: &mut Groups<'t>,
    joins: &[&'t str],
    weak: &[bool],
) -> Compiled<Rule> {
    let table = node.table()?;
    table
        .only(&["id", "emit", "when", "each", "zip", "where", "use", "set", "offers", "takes", "quality"])?;
    let kind = table.need("emit")?.word(KINDS)?;
    let sets = sets(table, groups)?;
    let each = each(table, compiler)?;
    let rule = Rule {
        id: table.need("id")?.text()?.to_owned(),
        kind,
        when: compiler.condition(table.need("when")?)?,
        zip: zip(table, &each, compiler)?,
        each,
        fits: table.opt("where").map(|node| compiler.condition(node)).transpose()?,
        assigns: sets.values().map(|(key, value)| assign(*key, *value, compiler)).collect::<Compiled<_>>()?,
        offers: super::join::keys(table, "offers", joins, |node| compiler.expr(node))?,
        takes: super::join::keys(table, "takes", joins, |node| compiler.expr(node))?,
        quality: quality(table)?,
    };
    if let Some((both, _)) =
        rule.offers.iter().find(|(of, _)| rule.takes.iter().any(|(other, _)| other == of))
    {
        let what =
            format!("offers and takes by join `{}`: its events would take from one another", joins[*both]);
        return Err(table.error(what, Some("give what is offered a join of its own".to_owned())));
    }
    let near = rule.takes.iter().find(|(of, _)| weak.get(*of).is_some_and(|weak| *weak));
    if let Some((of, _)) = near.filter(|_| kind != "execution") {
        let what = format!(
            "a rule that emits {kind} takes by join `{}`, which goes by nearness in time",
            joins[*of]
        );
        let help =
            "only executions are joined so: what was asked and decided is never placed by a guess".to_owned();
        return Err(table.error(what, Some(help)));
    }
    needs(kind, table, &sets)?;
    Ok(rule)
}

/// Lays the groups that a rule uses over each other, and its own `set` on top.
fn sets<'t>(table: Table<'t>, groups: &mut Groups<'t>) -> Compiled<BTreeMap<&'t str, (Key<'t>, Node<'t>)>> {
    let mut sets = BTreeMap::new();
    for node in table.opt("use").map(|node| node.list()).transpose()?.unwrap_or_default() {
        let name = node.text()?;
        let Some((_, group, used)) = groups.get_mut(name) else {
            let help = did_you_mean(name, groups.keys().copied());
            return Err(node.error(format!("`[columns]` has no `{}`", shown(name)), Some(help)));
        };
        *used = true;
        sets.extend(group.entries().map(|(key, value)| (key.text, (key, value))));
    }
    if let Some(own) = table.opt("set") {
        sets.extend(own.table()?.entries().map(|(key, value)| (key.text, (key, value))));
    }
    Ok(sets)
}

fn each<'t>(table: Table<'t>, compiler: &mut Compiler<'t>) -> Compiled<Vec<Walk>> {
    let Some(node) = table.opt("each") else { return Ok(Vec::new()) };
    let nodes = match node.shape()? {
        Shape::List(items) => items,
        _ => vec![node],
    };
    if nodes.is_empty() || nodes.len() > MAX_EACH {
        let what = format!("expected one to {MAX_EACH} arrays or objects, found {}", nodes.len());
        return Err(node.error(what, None));
    }
    nodes.into_iter().map(|node| walk(node, compiler)).collect()
}

fn walk<'t>(node: Node<'t>, compiler: &mut Compiler<'t>) -> Compiled<Walk> {
    match node.shape()? {
        Shape::Table(table) => {
            table.only(&["items", "members", "where"])?;
            let (path, members) = match (table.opt("items"), table.opt("members")) {
                (Some(node), None) => (compiler.path(node)?, false),
                (None, Some(node)) => (compiler.members(node)?, true),
                _ => {
                    let help = "write `items` for an array, or `members` for an object".to_owned();
                    return Err(table.error("expected one of `items` and `members`", Some(help)));
                }
            };
            let fits = table.opt("where").map(|node| compiler.condition(node)).transpose()?;
            Ok(Walk { path, members, fits })
        }
        _ => Ok(Walk { path: compiler.path(node)?, members: false, fits: None }),
    }
}

fn zip<'t>(table: Table<'t>, each: &[Walk], compiler: &mut Compiler<'t>) -> Compiled<Option<Path>> {
    let Some(node) = table.opt("zip") else { return Ok(None) };
    if table.opt("each").is_none() {
        return Err(node.error("`zip` without `each`", Some("name the other array in `each`".to_owned())));
    }
    if each.last().is_some_and(|walk| walk.members) {
        return Err(node.error("`zip` beside the members of an object, which have no position", None));
    }
    compiler.path(node).map(Some)
}

fn quality(table: Table<'_>) -> Compiled<Vec<String>> {
    let Some(node) = table.opt("quality") else { return Ok(Vec::new()) };
    node.list()?
        .into_iter()
        .map(|node| {
            let mark = node.text()?;
            if mark.is_empty() || !mark.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
                return Err(node.error("a quality mark is lower-case letters and underscores", None));
            }
            Ok(mark.to_owned())
        })
        .collect()
}

fn assign<'t>(key: Key<'t>, value: Node<'t>, compiler: &mut Compiler<'t>) -> Compiled<Assign> {
    if key.text == "time" {
        return compiler.shared(value).map(Assign::Time);
    }
    if key.text == "corr_request" {
        return compiler.shared(value).map(Assign::Request);
    }
    if let Some(role) = ROLES.iter().find(|role| role.name == key.text) {
        let nodes = match value.shape()? {
            Shape::List(items) => items,
            _ => vec![value],
        };
        let options =
            nodes.into_iter().map(|node| principal(role, node, compiler)).collect::<Compiled<_>>()?;
        return Ok(Assign::Principal { role, options });
    }
    let known =
        column(key.text).filter(|column| !matches!(column.holds, Holds::Mechanical | Holds::Principal));
    let Some(column) = known else {
        let help = did_you_mean(key.text, settable());
        return Err(key.error(format!("`{}` is no column that a rule sets", shown(key.text)), Some(help)));
    };
    let expr = compiler.shared(value)?;
    if let Holds::Words(words) = column.holds {
        compiler.check_words(&expr, words).map_err(|(what, help)| value.error(what, Some(help)))?;
    }
    Ok(Assign::Column { column, expr })
}

fn principal<'t>(role: &Role, node: Node<'t>, compiler: &mut Compiler<'t>) -> Compiled<Principal> {
    let table = node.table()?;
    let members: &[&str] =
        if role.kind.is_some() { &["id", "ns", "kind", "name", "email"] } else { &["id", "ns"] };
    table.only(members)?;
    let mut member = |name: &str| table.opt(name).map(|node| compiler.shared(node)).transpose();
    let kind = member("kind")?;
    let principal = Principal {
        id: member("id")?.ok_or_else(|| table.error("`id` is missing", Some("add `id = …`".to_owned())))?,
        ns: member("ns")?,
        name: member("name")?,
        email: member("email")?,
        kind,
    };
    if let (Some(kind), Some(node)) = (&principal.kind, table.opt("kind")) {
        compiler.check_words(kind, PRINCIPAL_KINDS).map_err(|(what, help)| node.error(what, Some(help)))?;
    }
    Ok(principal)
}

/// Refuses a rule that leaves out a column without which its event says nothing.
fn needs(kind: &str, table: Table<'_>, sets: &BTreeMap<&str, (Key<'_>, Node<'_>)>) -> Compiled<()> {
    let needed: &[&str] = match kind {
        "request" => &["time", "corr_request"],
        "decision" => &["time", "corr_request", "outcome"],
        "resolution" => &["time", "corr_request", "resolution"],
        "execution" => &["time", "corr_request", "request_link"],
        _ => &[],
    };
    if let Some(missing) = needed.iter().find(|name| !sets.contains_key(**name)) {
        let help = match *missing {
            "request_link" => {
                "say what the absence of a request means: `request_link = \"=none\"` where the product always \
                 writes it, else `\"=not_logged\"`"
            }
            _ => "every event of this kind needs it",
        };
        return Err(
            table.error(format!("a rule that emits {kind} sets no `{missing}`"), Some(help.to_owned()))
        );
    }
    let digest = ["command_digest", "edited_digest"].iter().find(|name| sets.contains_key(**name));
    match digest {
        Some(digest) if !sets.contains_key("canonicalisation") => Err(table.error(
            format!("`{digest}` without `canonicalisation`"),
            Some("say how the bytes were made, for example `canonicalisation = \"=utf8-sha256\"`".to_owned()),
        )),
        _ => Ok(()),
    }
}

/// Refuses a second rule of the same id.
pub(super) fn distinct(rules: &[Rule], nodes: &[Node<'_>]) -> Compiled<()> {
    let mut seen = BTreeSet::new();
    for (rule, node) in rules.iter().zip(nodes) {
        if !seen.insert(&rule.id) {
            return Err(node.error(format!("rule `{}` twice", shown(&rule.id)), None));
        }
    }
    Ok(())
}
