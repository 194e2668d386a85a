//! Directory exports: the users of SCIM 2.0, Okta, and Entra as rows of the roster.
//!
//! A directory says which ids belong to one account. It does not say that the account is a person: that is the word of
//! whoever lists the file, or of a type that the directory itself states.

mod entra;
mod okta;
mod scim;

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::RosterError;
use super::people::moment;
use super::person::{KINDS, Person, key};
use crate::clock::Moment;

/// A file of users, and what the workspace says about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Export<'a> {
    pub path: &'a str,
    pub text: &'a str,
    /// Namespace of the directory's own ids; without one only e-mail addresses become aliases.
    pub ns: Option<&'a str>,
    /// Kind of every user whose type the directory does not state.
    pub kind: Option<&'a str>,
}

/// One account of a directory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct User {
    name: String,
    /// The directory's own word for the kind of account.
    stated: String,
    /// Ids in the directory's namespace.
    ids: Vec<String>,
    /// Addresses.
    emails: Vec<String>,
    span: Span,
}

/// When an account was in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Span {
    from: Option<Moment>,
    certain_until: Option<Moment>,
    until: Option<Moment>,
}

impl Span {
    /// Returns the span of an account that is closed and whose directory does not say since when, `until` at the latest.
    fn closed_somewhen(from: Option<Moment>, until: Option<Moment>) -> Self {
        Self { from, certain_until: Some(from.unwrap_or(Moment::from_ms(0))), until }
    }
}

/// Adds the users of `export` to `people`. An account whose address `people` names already belongs to that person.
pub(super) fn add(export: Export<'_>, people: &mut Vec<Person>) -> Result<(), RosterError> {
    for (place, user) in users(export)? {
        let wrong = |message: String| RosterError::User {
            path: export.path.to_owned(),
            place: place.clone(),
            message,
        };
        add_user(export, &place, user, people).map_err(wrong)?;
    }
    Ok(())
}

fn users(export: Export<'_>) -> Result<Vec<(String, User)>, RosterError> {
    if !export.text.trim_start().starts_with(['{', '[']) {
        return entra::of_csv(export);
    }
    let mut pages = Vec::new();
    for page in serde_json::Deserializer::from_str(export.text).into_iter::<Value>() {
        pages.push(page.map_err(|error| unknown(export, format!("it is no JSON: {error}")))?);
    }
    let Some(first) = pages.first() else { return Err(unknown(export, "it is empty".to_owned())) };
    if scim::fits(first) {
        scim::users(export, &pages)
    } else if entra::fits(first) {
        entra::users(export, &pages)
    } else if okta::fits(first) {
        okta::users(export, &pages)
    } else {
        Err(unknown(export, "expected users of SCIM 2.0, Okta, or Entra, found other JSON".to_owned()))
    }
}

fn unknown(export: Export<'_>, message: String) -> RosterError {
    RosterError::UnknownFormat { path: export.path.to_owned(), message }
}

/// Reads every element of `list` with `read`; `before` is the pointer of the list.
fn each(
    export: Export<'_>,
    before: &str,
    list: &[Value],
    read: fn(&Value) -> Result<User, String>,
) -> Result<Vec<(String, User)>, RosterError> {
    let user = |(user, at): (&Value, usize)| {
        let place = format!("{before}/{at}");
        match read(user) {
            Ok(user) => Ok((place, user)),
            Err(message) => Err(RosterError::User { path: export.path.to_owned(), place, message }),
        }
    };
    list.iter().zip(0..).map(user).collect()
}

/// Returns the text at `pointer`; empty where there is none.
fn text<'v>(user: &'v Value, pointer: &str) -> &'v str {
    user.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the time at `pointer`.
fn time(user: &Value, pointer: &str) -> Result<Option<Moment>, String> {
    moment(text(user, pointer)).map_err(|error| format!("`{pointer}`: {error}"))
}

/// Returns the kind that a directory's word for a type of account stands for.
fn kind_of(stated: &str) -> Option<&'static str> {
    match stated.to_lowercase().replace([' ', '-', '_'], "").as_str() {
        "human" | "person" | "employee" | "contractor" | "intern" => Some("human"),
        "service" | "serviceaccount" | "system" | "machine" | "application" => Some("service"),
        "agent" | "aiagent" | "bot" | "robot" => Some("agent"),
        _ => None,
    }
}

fn add_user(export: Export<'_>, place: &str, user: User, people: &mut Vec<Person>) -> Result<(), String> {
    let mut aliases: BTreeSet<(String, String)> = BTreeSet::new();
    aliases.extend(user.emails.iter().filter(|email| !email.is_empty()).map(|email| key("email", email)));
    if let Some(ns) = export.ns {
        aliases.extend(user.ids.iter().filter(|id| !id.is_empty()).map(|id| key(ns, id)));
    }
    // An account without any name that a product could log tells nothing.
    let Some(first) = user.emails.iter().chain(&user.ids).find(|name| !name.is_empty()) else {
        return Err("it has no address, login, or id".to_owned());
    };
    let known: Vec<&Person> = people.iter().filter(|row| aliases.contains(&key(&row.ns, &row.id))).collect();
    let owners: BTreeSet<&str> = known.iter().map(|row| row.person.as_str()).collect();
    if owners.len() > 1 {
        let names: Vec<String> = owners.iter().map(|person| format!("`{person}`")).collect();
        return Err(format!("its aliases belong to different people: {}", names.join(", ")));
    }
    // The hand-written roster knows what somebody is; a directory knows only what the account is called.
    let kind = known.iter().find_map(|row| row.kind.clone());
    let stated = kind_of(&user.stated).or(export.kind).filter(|kind| KINDS.contains(kind));
    let row = Person {
        person: known.first().map_or_else(|| first.to_lowercase(), |row| row.person.clone()),
        name: known.iter().map(|row| &row.name).find(|name| !name.is_empty()).unwrap_or(&user.name).clone(),
        kind: kind.or_else(|| stated.map(str::to_owned)),
        owner: known.iter().find_map(|row| row.owner.clone()),
        ns: String::new(),
        id: String::new(),
        from: user.span.from,
        certain_until: user.span.certain_until,
        until: user.span.until,
        reviews: Vec::new(),
        origin: format!("{}:{place}", export.path),
    };
    let taken: BTreeSet<(String, String)> = known.iter().map(|row| key(&row.ns, &row.id)).collect();
    for (ns, id) in aliases.difference(&taken) {
        people.push(Person { ns: ns.clone(), id: id.clone(), ..row.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
