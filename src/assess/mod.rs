//! Results to one assessment: the only value that renderers see.

use crate::digest::Digest;
use crate::report::model::Report;

/// A finished assessment. Only this module builds one.
#[derive(Clone, PartialEq, Debug)]
pub struct Assessment {
    report: Report,
    results_digest: Digest,
}

impl Assessment {
    /// Returns the content.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the SHA-256 of the canonical `report.json`.
    pub fn results_digest(&self) -> Digest {
        self.results_digest
    }

    /// Wraps a report made by hand.
    #[cfg(test)]
    pub(crate) fn for_tests(report: Report) -> Self {
        let results_digest = crate::report::json::digest(&report);
        Self { report, results_digest }
    }
}
