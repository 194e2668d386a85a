//! Who is who: ids as logged, resolved to accountable people through the roster.
//!
//! The roster is `people.csv`, one row per alias (`docs/formats/people.md`). An id is resolved as of the event's
//! time. With a roster, an id that no row in force names is unresolved. Without one, an id stands for itself in
//! its own namespace, and nothing can be said across namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use thiserror::Error;

use crate::clock::Moment;
use crate::table::{Identity, ReviewerGrant};

/// Namespace of principals that a roster named.
pub const PEOPLE: &str = "people";

/// Owners followed upward before the roster is taken to be circular.
const MAX_OWNERS: usize = 8;

/// Why a roster cannot be used. The user can fix these.
#[derive(Debug, Error)]
pub enum RosterError {
    /// A row is not what the format says.
    #[error("roster `{path}`, line {line}: {message}")]
    Malformed {
        /// File, relative to the workspace.
        path: String,
        /// Line, from 1.
        line: u64,
        /// What was expected and what was found.
        message: String,
    },
}

impl RosterError {
    /// Says what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(
            "the columns are `person,name,kind,owner,ns,id,from,until,reviews`; see `docs/formats/people.md`"
                .to_owned(),
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    person: String,
    #[serde(default)]
    name: String,
    kind: String,
    #[serde(default)]
    owner: String,
    ns: String,
    id: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
    #[serde(default)]
    reviews: String,
}

#[derive(Clone, Debug)]
struct Alias {
    person: String,
    kind: String,
    owner: Option<String>,
    from: Option<Moment>,
    until: Option<Moment>,
}

impl Alias {
    fn in_force(&self, at: Option<Moment>) -> bool {
        at.is_none_or(|at| {
            self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
        })
    }
}

/// The roster of people, agents and services; or none.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    aliases: BTreeMap<(String, String), Vec<Alias>>,
    persons: BTreeMap<String, Vec<Alias>>,
    names: BTreeMap<String, String>,
    grants: Vec<ReviewerGrant>,
    present: bool,
}

/// What is known of an id at a moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resolution {
    /// Accountable person.
    pub principal: Option<String>,
    /// Namespace of `principal`.
    pub principal_ns: Option<String>,
    /// human, agent, service.
    pub kind: Option<String>,
    /// resolved, unresolved, ambiguous, no_roster, absent.
    pub state: &'static str,
}

impl Roster {
    /// Parses `people.csv`; `path` names it in errors.
    ///
    /// # Errors
    ///
    /// When a row is not what the format says.
    pub fn parse(text: &str, path: &str) -> Result<Self, RosterError> {
        let mut roster = Self { present: true, ..Self::default() };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        for (entry, row) in reader.deserialize::<Entry>().zip(2..) {
            let malformed =
                |message: String| RosterError::Malformed { path: path.to_owned(), line: row, message };
            let entry = entry.map_err(|error| malformed(error.to_string()))?;
            roster.add(entry).map_err(malformed)?;
        }
        Ok(roster)
    }

    fn add(&mut self, entry: Entry) -> Result<(), String> {
        if !["human", "agent", "service"].contains(&entry.kind.as_str()) {
            return Err(format!("unknown kind `{}`, expected human, agent, or service", entry.kind));
        }
        if entry.person.is_empty() || entry.ns.is_empty() || entry.id.is_empty() {
            return Err("`person`, `ns` and `id` must not be empty".to_owned());
        }
        let moment = |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some) };
        let alias = Alias {
            person: entry.person.clone(),
            kind: entry.kind,
            owner: Some(entry.owner).filter(|owner| !owner.is_empty()),
            from: moment(&entry.from)?,
            until: moment(&entry.until)?,
        };
        for group in entry.reviews.split(';').map(str::trim).filter(|group| !group.is_empty()) {
            self.grants.push(ReviewerGrant {
                principal_id: Some(entry.person.clone()),
                resource_group: Some(group.to_owned()),
                action_class: Some("*".to_owned()),
                valid_from_ms: alias.from.map(Moment::ms),
                valid_to_ms: alias.until.map(Moment::ms),
            });
        }
        if !entry.name.is_empty() {
            self.names.insert(entry.person.clone(), entry.name);
        }
        self.persons.entry(entry.person).or_default().push(alias.clone());
        self.aliases.entry(key(&entry.ns, &entry.id)).or_default().push(alias);
        Ok(())
    }

    /// Tells whether the workspace has a roster.
    pub fn is_present(&self) -> bool {
        self.present
    }

    /// Returns the display name of a person.
    pub fn name(&self, person: &str) -> Option<&str> {
        self.names.get(person).map(String::as_str)
    }

    /// Resolves an id as logged at `at`. `stated_kind` is what the product says, for want of a roster.
    pub fn resolve(
        &self,
        ns: Option<&str>,
        id: Option<&str>,
        stated_kind: Option<&str>,
        at: Option<Moment>,
    ) -> Resolution {
        let (Some(ns), Some(id)) = (ns, id) else {
            return Resolution { state: "absent", ..Resolution::default() };
        };
        let stated =
            stated_kind.filter(|kind| ["human", "agent", "service"].contains(kind)).map(str::to_owned);
        if !self.present {
            return Resolution {
                principal: Some(key(ns, id).1),
                principal_ns: Some(ns.to_owned()),
                kind: stated,
                state: "no_roster",
            };
        }
        let named: Vec<&Alias> =
            self.aliases.get(&key(ns, id)).into_iter().flatten().filter(|alias| alias.in_force(at)).collect();
        let persons: BTreeSet<&str> = named.iter().map(|alias| alias.person.as_str()).collect();
        match (persons.len(), named.first()) {
            (1, Some(alias)) => {
                let principal = self.accountable(alias, at);
                Resolution {
                    principal_ns: principal.is_some().then(|| PEOPLE.to_owned()),
                    principal,
                    kind: Some(alias.kind.clone()),
                    state: "resolved",
                }
            }
            (0, _) => Resolution { kind: stated, state: "unresolved", ..Resolution::default() },
            _ => Resolution { kind: stated, state: "ambiguous", ..Resolution::default() },
        }
    }

    /// Follows owners upward to a person; none where an agent has no owner in force.
    fn accountable(&self, alias: &Alias, at: Option<Moment>) -> Option<String> {
        let mut alias = alias;
        for _ in 0..MAX_OWNERS {
            if alias.kind == "human" {
                return Some(alias.person.clone());
            }
            let owner = alias.owner.as_deref()?;
            alias = self.persons.get(owner)?.iter().find(|alias| alias.in_force(at))?;
        }
        None
    }

    /// Returns the `identity` table: one row per alias, sorted.
    pub fn identities(&self) -> Vec<Identity> {
        self.aliases
            .iter()
            .flat_map(|((ns, id), aliases)| aliases.iter().map(move |alias| (ns, id, alias)))
            .map(|(ns, id, alias)| Identity {
                actor_id: Some(id.clone()),
                actor_ns: Some(ns.clone()),
                principal_id: Some(alias.person.clone()),
                kind: Some(alias.kind.clone()),
                owner_principal_id: self.accountable(alias, None),
                status: Some(if alias.until.is_some() { "ended" } else { "active" }.to_owned()),
                ended_ms: alias.until.map(Moment::ms),
                valid_from_ms: alias.from.map(Moment::ms),
                valid_to_ms: alias.until.map(Moment::ms),
            })
            .collect()
    }

    /// Returns the `reviewer_grant` table, in the roster's order without repeats.
    pub fn reviewer_grants(&self) -> Vec<ReviewerGrant> {
        let mut grants: Vec<ReviewerGrant> = Vec::new();
        for grant in &self.grants {
            if !grants.contains(grant) {
                grants.push(grant.clone());
            }
        }
        grants
    }
}

/// E-mail addresses compare without case (RFC 5321 leaves that to the host, and no host in use minds); other ids exactly.
fn key(ns: &str, id: &str) -> (String, String) {
    let id = if ns == "email" { id.to_lowercase() } else { id.to_owned() };
    (ns.to_owned(), id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEOPLE_CSV: &str = "\
person,name,kind,owner,ns,id,from,until,reviews
dana,Dana Reyes,human,,email,dana@corp.example,,,ledger;iam
dana,Dana Reyes,human,,slack:T1,U0DANA,,,
lee,Lee Ōta,human,,email,lee@corp.example,2026-01-01,2026-08-01,*
bot,Deploy bot,agent,dana,agents,deploy-bot,,,
orphan,,agent,,agents,orphan-bot,,,
twin,,human,,email,dana@corp.example,2026-09-01,,
";

    fn resolve(ns: &str, id: &str, at: &str) -> Resolution {
        let roster = Roster::parse(PEOPLE_CSV, "people.csv").unwrap();
        roster.resolve(Some(ns), Some(id), None, Some(at.parse().unwrap()))
    }

    #[test]
    fn aliases_resolve_to_one_person() {
        for (ns, id) in [("email", "Dana@corp.example"), ("slack:T1", "U0DANA")] {
            let found = resolve(ns, id, "2026-07-02");
            assert_eq!((found.principal.as_deref(), found.state), (Some("dana"), "resolved"));
        }
    }

    #[test]
    fn agent_resolves_to_its_owner_and_stays_an_agent() {
        let found = resolve("agents", "deploy-bot", "2026-07-02");
        assert_eq!((found.principal.as_deref(), found.kind.as_deref()), (Some("dana"), Some("agent")));
    }

    #[test]
    fn agent_without_owner_has_no_principal() {
        let found = resolve("agents", "orphan-bot", "2026-07-02");
        assert_eq!((found.principal, found.state), (None, "resolved"));
    }

    #[test]
    fn rows_count_only_while_in_force() {
        assert_eq!(resolve("email", "lee@corp.example", "2026-07-31T23:59:59Z").state, "resolved");
        assert_eq!(resolve("email", "lee@corp.example", "2026-08-01").state, "unresolved");
    }

    #[test]
    fn two_persons_for_one_id_are_ambiguous() {
        assert_eq!(resolve("email", "dana@corp.example", "2026-09-02").state, "ambiguous");
    }

    #[test]
    fn without_a_roster_an_id_stands_for_itself_in_its_namespace() {
        let found = Roster::default().resolve(Some("github"), Some("dana"), Some("human"), None);
        assert_eq!(
            (found.principal.as_deref(), found.principal_ns.as_deref()),
            (Some("dana"), Some("github"))
        );
        assert_eq!(found.state, "no_roster");
    }

    #[test]
    fn unknown_kind_names_the_line() {
        let error = Roster::parse("person,kind,ns,id\nx,robot,email,y\n", "people.csv").unwrap_err();
        assert!(error.to_string().contains("line 2: unknown kind `robot`"), "{error}");
    }
}
