//! `reviewers.csv`: who may review what, and when, where that is kept apart from the aliases.

use serde::Deserialize;

use super::error::RosterError;
use super::people::moment;
use crate::clock::Moment;
use crate::table::ReviewerGrant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    person: String,
    group: String,
    #[serde(default)]
    action_class: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

/// Parses the text of a `reviewers.csv`; `path` names it in errors.
pub(super) fn parse(text: &str, path: &str) -> Result<Vec<ReviewerGrant>, RosterError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut grants = Vec::new();
    for (entry, line) in reader.deserialize::<Entry>().zip(2..) {
        let malformed = |message: String| RosterError::Malformed { path: path.to_owned(), line, message };
        let entry = entry.map_err(|error| malformed(error.to_string()))?;
        grants.push(grant(entry).map_err(malformed)?);
    }
    Ok(grants)
}

fn grant(entry: Entry) -> Result<ReviewerGrant, String> {
    if entry.person.is_empty() || entry.group.is_empty() {
        return Err("`person` and `group` must not be empty; `*` is any group".to_owned());
    }
    let (from, until) = (moment(&entry.from)?, moment(&entry.until)?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        return Err(format!("`until` {until} is not after `from` {from}"));
    }
    Ok(ReviewerGrant {
        principal_id: Some(entry.person),
        resource_group: Some(entry.group),
        action_class: Some(if entry.action_class.is_empty() { "*".to_owned() } else { entry.action_class }),
        valid_from_ms: from.map(Moment::ms),
        valid_to_ms: until.map(Moment::ms),
    })
}
