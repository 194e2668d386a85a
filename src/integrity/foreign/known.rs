//! What a profile covers, remembered from record to record.

use std::collections::BTreeMap;

use super::format::{Case, Layer};

/// Most values remembered; more are worked out each time. A record names its members itself, and there may be many.
const MAX_KNOWN: usize = 4096;
/// Longest path remembered, in bytes of its names.
const MAX_PATH: usize = 512;

/// Whether the cases of a format leave a value open.
///
/// The answer rests on the profile and the path alone, so it is the same for every record of a log, and records look alike.
#[derive(Debug, Default)]
pub struct Known {
    /// By the layer's name and the place of the case in it.
    cases: Vec<(String, usize, BTreeMap<Vec<String>, bool>)>,
    count: usize,
}

impl Known {
    /// Tells whether `case` leaves the value at `path` open; `work_out` is asked where that is not remembered.
    pub(super) fn open(
        &mut self,
        layer: &Layer,
        case: &Case,
        path: &[String],
        work_out: impl FnOnce() -> bool,
    ) -> bool {
        let place = layer.cases.iter().position(|own| std::ptr::eq(own, case)).unwrap_or(usize::MAX);
        let known = self.cases.iter().position(|(name, own, _)| *own == place && *name == layer.name);
        let index = known.unwrap_or_else(|| {
            self.cases.push((layer.name.clone(), place, BTreeMap::new()));
            self.cases.len() - 1
        });
        let paths = &mut self.cases[index].2;
        if let Some(open) = paths.get(path) {
            return *open;
        }
        let open = work_out();
        if self.count < MAX_KNOWN && path.iter().map(String::len).sum::<usize>() <= MAX_PATH {
            self.count += 1;
            paths.insert(path.to_vec(), open);
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChainFormat, ChainLibrary};
    use super::*;
    use crate::source::framing::Record;

    fn asked(format: &ChainFormat, record: &str, known: &mut Known) -> Vec<String> {
        format.uncovered_with(&Record::new(record, 0, 1, 0), known)
    }

    #[test]
    fn what_is_remembered_is_what_would_be_worked_out() {
        let library = ChainLibrary::shipped().unwrap();
        let format = library.find("pipelock").unwrap();
        let mut known = Known::default();
        // Version 1 hashes no `event_kind`, version 2 does: two cases of one layer.
        for version in [1, 2, 1, 2, 9] {
            let record = format!(
                r#"{{"v":{version},"seq":0,"session_id":"s","event_kind":"k","extra":{{"a":1}},"prev_hash":"genesis","hash":"00"}}"#
            );
            let fresh = format.uncovered_of(&Record::new(&record, 0, 1, 0));
            assert_eq!(asked(format, &record, &mut known), fresh);
            assert!(fresh.contains(&"/extra/a".to_owned()), "{fresh:?}");
            assert_eq!(fresh.contains(&"/event_kind".to_owned()), version == 9, "{fresh:?}");
        }
        assert!(known.count > 0);
    }

    #[test]
    fn memory_has_a_limit_and_answers_stay() {
        let library = ChainLibrary::shipped().unwrap();
        let format = library.find("agt-python-log").unwrap();
        let members: Vec<String> = (0..MAX_KNOWN + 10).map(|n| format!("\"m{n}\":1")).collect();
        let record = format!("{{{},\"{}\":1}}", members.join(","), "n".repeat(MAX_PATH + 1));
        let mut known = Known::default();
        let first = asked(format, &record, &mut known);
        assert_eq!(first.len(), MAX_KNOWN + 11);
        assert_eq!(asked(format, &record, &mut known), first);
        assert_eq!(known.count, MAX_KNOWN);
    }
}
