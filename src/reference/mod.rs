//! What a workspace states beside its logs: which duties must be apart, who holds which role, what each agent may do,
//! and which versions of its rules were approved (`docs/formats/reference.md`).
//!
//! In: the files of the folder `reference/` that have one of four names, and the roster. Out: rows of the published
//! tables. A file that is not there leaves its table empty, and the tests that need it are not evidenced.

mod error;
mod sheet;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

pub use self::error::ReferenceError;
use self::sheet::{Format, Line, lines};
use crate::clock::Moment;
use crate::identity::Roster;
use crate::pack::NamedBytes;
use crate::table::{AgentManifest, PolicyVersion, RoleAssignment, SodRule};

/// Duties that must be apart.
const RULES: &str = "reference/sod_rules.csv";
/// Who holds which role.
const ROLES: &str = "reference/roles.csv";
/// What each agent may do.
const AGENTS: &str = "reference/agents.csv";
/// Approved versions of the rules.
const POLICIES: &str = "reference/policies.csv";

/// The files, below a workspace and below a pack's policy.
pub const FILES: [&str; 4] = [AGENTS, POLICIES, ROLES, RULES];

/// The parts that somebody plays in a case. A rule names them as roles, and nobody is assigned them.
pub const PARTS: [&str; 3] = ["approver", "executor", "requester"];

/// The size that no file reaches: a row for each of a hundred thousand people.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// What a workspace states.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    /// Duties that must be apart.
    pub sod_rules: Vec<SodRule>,
    /// Who holds which role.
    pub roles: Vec<RoleAssignment>,
    /// What each agent may do.
    pub agents: Vec<AgentManifest>,
    /// Approved versions of the rules.
    pub policies: Vec<PolicyVersion>,
}

/// Reads the files below `root` that are there, by name.
///
/// # Errors
///
/// [`ReferenceError`] for a file that cannot be read or is too large.
pub fn files(root: &Path) -> Result<Vec<NamedBytes>, ReferenceError> {
    let mut files = Vec::new();
    for name in FILES {
        let path = root.join(name);
        let unreadable = |source| ReferenceError::Read { path: name.to_owned(), source };
        let found = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        if found > MAX_FILE_BYTES {
            return Err(ReferenceError::Oversize { path: name.to_owned(), found, limit: MAX_FILE_BYTES });
        }
        files.push((name.to_owned(), fs::read(&path).map_err(unreadable)?));
    }
    Ok(files)
}

/// Reads the rows of `files`.
///
/// # Errors
///
/// [`ReferenceError`] with file and line: its form, a row that stands twice, a person whom `roster` does not have, a
/// role that nobody is assigned.
pub fn parse(files: &[NamedBytes], roster: &Roster) -> Result<Reference, ReferenceError> {
    let mut reference = Reference::default();
    // The rules name roles, so that these are read before them: `FILES` is sorted so.
    for (path, bytes) in files {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            ReferenceError::Invalid {
                path: path.clone(),
                line: before
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .zip(2..)
                    .last()
                    .map_or(1, |(_, line)| line),
                message: "the text is not UTF-8".to_owned(),
                help: "save the file as UTF-8".to_owned(),
            }
        })?;
        match path.as_str() {
            RULES => reference.sod_rules = rules(path, text, &reference.roles)?,
            ROLES => reference.roles = roles(path, text, roster)?,
            AGENTS => reference.agents = agents(path, text)?,
            POLICIES => reference.policies = policies(path, text, roster)?,
            _ => {}
        }
    }
    Ok(reference)
}

fn rules(path: &str, text: &str, assigned: &[RoleAssignment]) -> Result<Vec<SodRule>, ReferenceError> {
    let format = Format { required: &["role_a", "role_b", "mode"], optional: &[] };
    let held: BTreeSet<&str> = assigned.iter().filter_map(|row| row.role.as_deref()).collect();
    let mut pairs: Vec<([String; 2], String, u64)> = Vec::new();
    let mut rules = Vec::new();
    for line in lines(path, text, &format)? {
        let (a, b, mode) = (line.required("role_a")?, line.required("role_b")?, line.required("mode")?);
        if !["dynamic", "static"].contains(&mode) {
            let message = format!("unknown mode `{mode}`, expected dynamic or static");
            return Err(line.wrong(message, "use `dynamic` for one request, `static` for one time"));
        }
        if a == b {
            return Err(line.wrong(format!("`{a}` conflicts with itself"), "name two roles"));
        }
        for role in [a, b] {
            known(&line, role, mode, &held)?;
        }
        let mut pair = [a.to_owned(), b.to_owned()];
        pair.sort();
        if let Some((.., first)) = pairs.iter().find(|known| known.0 == pair && known.1 == mode) {
            return Err(line.wrong(
                format!("the row says what line {first} says"),
                "remove one of the two rows; the order of the roles does not matter",
            ));
        }
        pairs.push((pair, mode.to_owned(), line.number()));
        rules.push(SodRule {
            role_a: Some(a.to_owned()),
            role_b: Some(b.to_owned()),
            mode: Some(mode.to_owned()),
        });
    }
    Ok(rules)
}

/// Refuses a role that nobody can have: a rule about it would never find anything.
fn known(line: &Line<'_>, role: &str, mode: &str, held: &BTreeSet<&str>) -> Result<(), ReferenceError> {
    match (PARTS.contains(&role), mode) {
        (true, "static") => Err(line.wrong(
            format!("`{role}` is a part that somebody plays in a request, and no role that is held"),
            "use `dynamic`, or a role of `reference/roles.csv`",
        )),
        (false, _) if !held.contains(role) => Err(line.wrong(
            format!("nobody is assigned the role `{role}`"),
            "assign it in `reference/roles.csv`, or name one of `requester`, `approver`, `executor`",
        )),
        _ => Ok(()),
    }
}

fn roles(path: &str, text: &str, roster: &Roster) -> Result<Vec<RoleAssignment>, ReferenceError> {
    let format = Format { required: &["person", "role"], optional: &["from", "until"] };
    let assignment = |line: Line<'_>| {
        let role = line.required("role")?;
        if PARTS.contains(&role) {
            let message =
                format!("`{role}` is a part that somebody plays in a request: nobody is assigned it");
            return Err(line.wrong(message, "name the role otherwise"));
        }
        let (from, until) = line.span()?;
        Ok(RoleAssignment {
            principal_id: Some(line.person("person", roster)?),
            role: Some(role.to_owned()),
            valid_from_ms: from.map(Moment::ms),
            valid_to_ms: until.map(Moment::ms),
        })
    };
    lines(path, text, &format)?.into_iter().map(assignment).collect()
}

fn agents(path: &str, text: &str) -> Result<Vec<AgentManifest>, ReferenceError> {
    let format = Format {
        required: &["ns", "id", "action_class", "group", "env"],
        optional: &["config_digest", "from", "until"],
    };
    let entry = |line: Line<'_>| {
        let (from, until) = line.span()?;
        Ok(AgentManifest {
            actor_id: Some(line.required("id")?.to_owned()),
            actor_ns: Some(line.required("ns")?.to_owned()),
            action_class: Some(line.required("action_class")?.to_owned()),
            resource_group: Some(line.required("group")?.to_owned()),
            env: Some(line.required("env")?.to_owned()),
            config_digest: line.value("config_digest").map(str::to_owned),
            valid_from_ms: from.map(Moment::ms),
            valid_to_ms: until.map(Moment::ms),
        })
    };
    lines(path, text, &format)?.into_iter().map(entry).collect()
}

fn policies(path: &str, text: &str, roster: &Roster) -> Result<Vec<PolicyVersion>, ReferenceError> {
    let format = Format { required: &["policy", "digest", "approved_by", "from"], optional: &["until"] };
    let version = |line: Line<'_>| {
        let (from, until) = line.span()?;
        let from = match from {
            Some(from) => from,
            None => return Err(line.wrong("`from` must not be empty", "say when the version was approved")),
        };
        let name = line.required("approved_by")?;
        let Some(person) = roster.human(name, from) else {
            let message = format!("`approved_by`: the roster has no human `{name}` at {from}");
            return Err(
                line.wrong(message, "use `person` of the roster, or one of their ids as `namespace:id`")
            );
        };
        Ok(PolicyVersion {
            policy_id: Some(line.required("policy")?.to_owned()),
            policy_digest: Some(line.required("digest")?.to_owned()),
            approved_by: Some(person),
            valid_from_ms: Some(from.ms()),
            valid_to_ms: until.map(Moment::ms),
        })
    };
    lines(path, text, &format)?.into_iter().map(version).collect()
}

#[cfg(test)]
mod tests;
