//! The same evidence under two names: an object or a log that two sources would both count.

use std::collections::BTreeMap;

use super::RunError;
use super::material::Objects;
use crate::settings::Source;
use crate::source::location::ObjectRef;

/// Refuses an object that two sources read in the same way: each of its records would be two items of the population.
///
/// Two sources may read one object by different profiles, or one for approvals and another as an independent record.
///
/// # Errors
///
/// [`RunError::ReadTwice`], naming the first such object.
pub(super) fn refuse(sources: &[Source], objects: &BTreeMap<String, Objects>) -> Result<(), RunError> {
    let mut seen: BTreeMap<(String, &str, &str), &str> = BTreeMap::new();
    for source in sources {
        for object in objects.get(&source.id).map(|(found, _)| found.as_slice()).unwrap_or_default() {
            let place = (place(object), source.profile.as_str(), source.role.word());
            if let Some(first) = seen.insert(place, &source.id) {
                return Err(RunError::ReadTwice {
                    object: object.name.clone(),
                    first: first.to_owned(),
                    second: source.id.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Returns what two names of one object share: the resolved file, or the name where it lies in a store.
fn place(object: &ObjectRef) -> String {
    let resolved = object.file.as_deref().and_then(|file| std::fs::canonicalize(file).ok());
    resolved.map_or_else(|| object.name.clone(), |path| path.display().to_string())
}
