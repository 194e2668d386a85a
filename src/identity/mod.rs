//! Who is who: ids as logged, resolved to accountable people through the roster.
//!
//! The roster is `people.csv`, one row per alias (`docs/formats/people.md`), or is gathered from it and from exports of
//! directories. An id is resolved as of the event's time. With a roster, an id that no row in force names is
//! unresolved. Without one, an id stands for itself in its own namespace, and nothing can be said across namespaces.

mod error;
mod export;
mod gather;
mod lookalike;
mod people;
mod person;
mod reviewers;

use std::collections::{BTreeMap, BTreeSet};

use self::person::{Force, KINDS, Person, key};
use crate::clock::Moment;
use crate::table::{Identity, ReviewerGrant};

pub use self::error::RosterError;
pub use self::gather::{Gathered, PeopleFile, gather};
pub use self::lookalike::lookalikes;
pub use self::people::COLUMNS;

/// Namespace of principals that a roster named.
pub const PEOPLE: &str = "people";

/// Owners followed upward before the roster is taken to be circular.
const MAX_OWNERS: usize = 8;

/// The roster of people, agents and services; or none.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    rows: Vec<Person>,
    aliases: BTreeMap<(String, String), Vec<usize>>,
    persons: BTreeMap<String, Vec<usize>>,
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
    /// resolved, unresolved, ambiguous, uncertain, no_roster, absent.
    pub state: &'static str,
    /// Rows of the roster that name the id at that time.
    pub rows: Vec<usize>,
    /// Rows over which an agent or a service leads to its person.
    pub owners: Vec<usize>,
    /// When the last row of whoever the id stood for ended, where that person has none in force any more.
    pub ended: Option<Moment>,
}

impl Roster {
    /// Parses `people.csv`; `path` names it in errors and in origins.
    ///
    /// # Errors
    ///
    /// When a row is not what the format says.
    pub fn parse(text: &str, path: &str) -> Result<Self, RosterError> {
        let mut roster = Self { present: true, ..Self::default() };
        for row in people::parse(text, path)? {
            roster.add(row);
        }
        Ok(roster)
    }

    /// Adds the authority that a `reviewers.csv` states; `path` names it in errors.
    ///
    /// # Errors
    ///
    /// When a row is not what the format says, or names a person whom the roster does not have.
    pub fn with_reviewers(mut self, text: &str, path: &str) -> Result<Self, RosterError> {
        for (grant, line) in reviewers::parse(text, path)?.into_iter().zip(2..) {
            let person = grant.principal_id.as_deref().unwrap_or_default();
            if !self.persons.contains_key(person) {
                let message = format!("no row of the roster is `{person}`'s");
                return Err(RosterError::Malformed { path: path.to_owned(), line, message });
            }
            self.grants.push(grant);
        }
        Ok(self)
    }

    fn add(&mut self, row: Person) {
        for group in &row.reviews {
            self.grants.push(ReviewerGrant {
                principal_id: Some(row.person.clone()),
                resource_group: Some(group.clone()),
                action_class: Some("*".to_owned()),
                valid_from_ms: row.from.map(Moment::ms),
                valid_to_ms: row.until.map(Moment::ms),
            });
        }
        if !row.name.is_empty() {
            self.names.insert(row.person.clone(), row.name.clone());
        }
        let at = self.rows.len();
        self.persons.entry(row.person.clone()).or_default().push(at);
        self.aliases.entry(key(&row.ns, &row.id)).or_default().push(at);
        self.rows.push(row);
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
        let stated = stated_kind.filter(|kind| KINDS.contains(kind)).map(str::to_owned);
        if !self.present {
            return Resolution {
                principal: Some(key(ns, id).1),
                principal_ns: Some(ns.to_owned()),
                kind: stated,
                state: "no_roster",
                ..Resolution::default()
            };
        }
        let rows = self.aliases.get(&key(ns, id)).into_iter().flatten().copied();
        let named: Vec<(usize, Force)> = rows
            .map(|at_row| (at_row, self.rows[at_row].force(at)))
            .filter(|row| row.1 != Force::Out)
            .collect();
        let persons: BTreeSet<&str> = named.iter().map(|(row, _)| self.rows[*row].person.as_str()).collect();
        let evidence = named.iter().map(|(row, _)| *row).collect();
        // A row that is surely in force comes before one that may be.
        match (persons.len(), named.iter().max_by_key(|(row, force)| (*force, std::cmp::Reverse(*row)))) {
            (1, Some((row, Force::In))) => {
                let (principal, owners) = self.accountable(*row, at);
                Resolution {
                    principal_ns: principal.is_some().then(|| PEOPLE.to_owned()),
                    principal,
                    kind: self.rows[*row].kind.clone().or(stated),
                    state: "resolved",
                    rows: vec![*row],
                    owners,
                    ended: None,
                }
            }
            (1, _) => {
                Resolution { kind: stated, state: "uncertain", rows: evidence, ..Resolution::default() }
            }
            (0, _) => {
                let ended = self.ended(ns, id, at);
                Resolution { kind: stated, state: "unresolved", ended, ..Resolution::default() }
            }
            _ => Resolution { kind: stated, state: "ambiguous", rows: evidence, ..Resolution::default() },
        }
    }

    /// Returns the person whom `name` means at `at`: a `person` of the roster, or one of their ids as `namespace:id`.
    ///
    /// None where the roster names nobody so, or no human, or not at that time.
    pub fn human(&self, name: &str, at: Moment) -> Option<String> {
        if let Some(rows) = self.persons.get(name) {
            let human = |row: &usize| {
                let row = &self.rows[*row];
                row.kind.as_deref() == Some("human") && row.force(Some(at)) == Force::In
            };
            return rows.iter().any(human).then(|| name.to_owned());
        }
        let (ns, id) = name.rsplit_once(':')?;
        let found = self.resolve(Some(ns), Some(id), None, Some(at));
        let human = found.state == "resolved" && found.kind.as_deref() == Some("human");
        found.principal.filter(|_| human && self.present)
    }

    /// Tells whether `person` is a human of the roster, at whatever time.
    pub fn is_human(&self, person: &str) -> bool {
        let rows = self.persons.get(person).into_iter().flatten();
        rows.into_iter().any(|row| self.rows[*row].kind.as_deref() == Some("human"))
    }

    /// Returns when everybody whom the id stood for had left; none where it never stood for anybody, or where one of
    /// them may still be there under another id.
    fn ended(&self, ns: &str, id: &str, at: Option<Moment>) -> Option<Moment> {
        let at = at?;
        let gone = |row: &usize| self.rows[*row].until.is_some_and(|until| until <= at);
        let rows = self.aliases.get(&key(ns, id)).into_iter().flatten().filter(|row| gone(row));
        let persons: BTreeSet<&str> = rows.map(|row| self.rows[*row].person.as_str()).collect();
        let all = persons.iter().filter_map(|person| self.persons.get(*person)).flatten();
        let mut last = None;
        for row in all {
            if self.rows[*row].force(Some(at)) != Force::Out {
                return None;
            }
            last = last.max(self.rows[*row].until.filter(|until| *until <= at));
        }
        last
    }

    /// Follows owners upward to a person, and says over which rows; none where an agent has no owner in force, or where
    /// nobody says what it is.
    fn accountable(&self, row: usize, at: Option<Moment>) -> (Option<String>, Vec<usize>) {
        let mut row = row;
        let mut over = Vec::new();
        for _ in 0..MAX_OWNERS {
            let found = &self.rows[row];
            if found.kind.as_deref() == Some("human") {
                return (Some(found.person.clone()), over);
            }
            let owner = found.owner.as_deref().and_then(|owner| self.persons.get(owner));
            let next = owner.and_then(|rows| rows.iter().find(|row| self.rows[**row].force(at) == Force::In));
            let Some(next) = next else { break };
            row = *next;
            over.push(row);
        }
        (None, over)
    }

    /// Returns the file and place that state a row.
    pub fn origin(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", |row| row.origin.as_str())
    }

    /// Returns the namespace and id of every alias.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|row| (row.ns.as_str(), row.id.as_str()))
    }

    /// Returns the `identity` table: one row per alias, sorted.
    pub fn identities(&self) -> Vec<Identity> {
        self.aliases
            .iter()
            .flat_map(|((ns, id), rows)| rows.iter().map(move |row| (ns, id, *row)))
            .map(|(ns, id, at)| (ns, id, at, &self.rows[at]))
            .map(|(ns, id, at, row)| Identity {
                actor_id: Some(id.clone()),
                actor_ns: Some(ns.clone()),
                principal_id: Some(row.person.clone()),
                kind: row.kind.clone(),
                owner_principal_id: self.accountable(at, None).0,
                status: Some(if row.until.is_some() { "ended" } else { "active" }.to_owned()),
                ended_ms: row.until.map(Moment::ms),
                valid_from_ms: row.from.map(Moment::ms),
                valid_to_ms: row.until.map(Moment::ms),
                certain_to_ms: row.certain_until.or(row.until).map(Moment::ms),
                origin: Some(row.origin.clone()),
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
