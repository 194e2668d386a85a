//! `people.csv` (`docs/formats/people.md`): read, and written again where a roster was gathered from several files.

use serde::Deserialize;

use super::error::RosterError;
use super::person::{KINDS, Person};
use crate::clock::Moment;

/// The columns of the roster, and of `unresolved-identities.csv`.
pub const COLUMNS: [&str; 9] = ["person", "name", "kind", "owner", "ns", "id", "from", "until", "reviews"];

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
    #[serde(default)]
    certain_until: String,
    #[serde(default)]
    origin: String,
}

/// Parses the text of a `people.csv`; `path` names it in errors and in origins.
pub(super) fn parse(text: &str, path: &str) -> Result<Vec<Person>, RosterError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut people = Vec::new();
    for (entry, line) in reader.deserialize::<Entry>().zip(2..) {
        let malformed = |message: String| RosterError::Malformed { path: path.to_owned(), line, message };
        let entry = entry.map_err(|error| malformed(error.to_string()))?;
        people.push(person(entry, &format!("{path}:{line}")).map_err(malformed)?);
    }
    Ok(people)
}

fn person(entry: Entry, place: &str) -> Result<Person, String> {
    // A directory may leave the kind open; a person who fills in a row may not.
    let open = entry.kind.is_empty() && !entry.origin.is_empty();
    if !open && !KINDS.contains(&entry.kind.as_str()) {
        return Err(format!("unknown kind `{}`, expected human, agent, or service", entry.kind));
    }
    if entry.person.is_empty() || entry.ns.is_empty() || entry.id.is_empty() {
        return Err("`person`, `ns` and `id` must not be empty".to_owned());
    }
    let groups = entry.reviews.split(';').map(str::trim).filter(|group| !group.is_empty());
    Ok(Person {
        reviews: groups.map(str::to_owned).collect(),
        kind: Some(entry.kind).filter(|kind| !kind.is_empty()),
        owner: Some(entry.owner).filter(|owner| !owner.is_empty()),
        from: moment(&entry.from)?,
        certain_until: moment(&entry.certain_until)?,
        until: moment(&entry.until)?,
        origin: if entry.origin.is_empty() { place.to_owned() } else { entry.origin },
        person: entry.person,
        name: entry.name,
        ns: entry.ns,
        id: entry.id,
    })
}

/// Reads a date or an RFC 3339 time; nothing is none.
pub(super) fn moment(text: &str) -> Result<Option<Moment>, String> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Writes rows as a `people.csv`, with the columns that only a gathered roster has.
pub(super) fn print(people: &[Person]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let expect = "a vector takes every record";
    let header = COLUMNS.iter().copied().chain(["certain_until", "origin"]);
    writer.write_record(header).expect(expect);
    for row in people {
        let time = |at: Option<Moment>| at.map(|at| at.to_string()).unwrap_or_default();
        writer
            .write_record([
                &row.person,
                &row.name,
                row.kind.as_deref().unwrap_or_default(),
                row.owner.as_deref().unwrap_or_default(),
                &row.ns,
                &row.id,
                &time(row.from),
                &time(row.until),
                &row.reviews.join(";"),
                &time(row.certain_until),
                &row.origin,
            ])
            .expect(expect);
    }
    String::from_utf8(writer.into_inner().expect(expect)).expect("CSV of texts is text")
}
