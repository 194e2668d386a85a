//! The verified record: the only kind of record from which events are made.

use crate::integrity::foreign::Payload;
use crate::integrity::verdict::Grade;
use crate::source::framing::Record;

/// A record that has been through verification, with the grade it earned.
///
/// Only this module's parent builds one, so holding one is the proof: a damaged record never becomes a
/// `VerifiedRecord`, and a record of a format without any mechanism has grade `parsed`, never more.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedRecord<'a> {
    record: Record<'a>,
    log: &'a str,
    seq: Option<u64>,
    grade: Grade,
}

impl<'a> VerifiedRecord<'a> {
    /// Admits a record of a format that has no hash and no signature, at grade `parsed`.
    pub fn unprotected(record: Record<'a>, log: &'a str) -> Self {
        Self { record, log, seq: None, grade: Grade::Parsed }
    }

    /// Admits a record whose checks have passed, at the grade they earned.
    pub(in crate::integrity) fn graded(
        record: Record<'a>,
        log: &'a str,
        seq: Option<u64>,
        grade: Grade,
    ) -> Self {
        Self { record, log, seq, grade }
    }

    /// Returns it with the payload of its envelope as text: what is mapped is what was signed. Its place and its digest stay those
    /// of the record.
    pub fn opened<'b>(&self, payload: &'b Payload) -> VerifiedRecord<'b>
    where
        'a: 'b,
    {
        VerifiedRecord { record: Record { text: payload.text(), ..self.record }, ..*self }
    }

    /// Returns the record as it lies in its object.
    pub fn record(&self) -> &Record<'a> {
        &self.record
    }

    /// Returns the name of the log it belongs to.
    pub fn log(&self) -> &'a str {
        self.log
    }

    /// Returns its sequence number, where the format has one.
    pub fn seq(&self) -> Option<u64> {
        self.seq
    }

    /// Returns the grade it earned.
    pub fn grade(&self) -> Grade {
        self.grade
    }
}
