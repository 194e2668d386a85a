//! Records of a log with a chain profile: the scanner judges, and only what it admits is mapped.

use std::io;

use super::plan::{ChainPlan, SEGMENT_BYTES};
use super::scan::{Keep, Scan};
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::chain::Rejected;
use crate::integrity::foreign::scan::{
    ForeignOptions, ForeignScanned, ForeignScanner, MAX_IDS, MAX_IDS_OF_LOG,
};
use crate::integrity::foreign::{Keys, Known};
use crate::integrity::verdict::BreakKind;
use crate::source::framing::{Line, Lines, Record};
use crate::source::location::ObjectRef;

/// Reads one segment for a scan.
pub(super) struct Foreign<'s, 'a> {
    scan: &'s mut Scan<'a>,
    chain: &'a ChainPlan<'a>,
    keys: Keys<'a>,
    start: u64,
    known: Known,
}

impl<'s, 'a> Foreign<'s, 'a> {
    pub(super) fn new(scan: &'s mut Scan<'a>, chain: &'a ChainPlan<'a>, start: u64) -> Self {
        let keys = Keys { log: &scan.source.settings.id, keyring: scan.keyring, mac: &chain.mac };
        Self { scan, chain, keys, start, known: Known::default() }
    }

    pub(super) fn lines<R: io::BufRead>(mut self, mut lines: Lines<R>) -> io::Result<()> {
        let boundaries = self.scan.keyring.boundaries();
        let mut scanner = ForeignScanner::new(self.scanner_options(&boundaries));
        let result = loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    self.scan.summary.lines = line.number;
                    self.line(&mut scanner, &line);
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        scanner.lines(self.scan.summary.lines);
        self.scan.summary.foreign = Some(scanner.finish());
        result
    }

    pub(super) fn document(mut self, records: Vec<Record<'_>>) {
        let boundaries = self.scan.keyring.boundaries();
        let mut scanner = ForeignScanner::new(self.scanner_options(&boundaries));
        for record in records {
            self.scan.summary.tally.read += 1;
            self.record(&mut scanner, record);
        }
        scanner.lines(self.scan.summary.lines);
        self.scan.summary.foreign = Some(scanner.finish());
    }

    fn scanner_options<'b>(&self, boundaries: &'b [Moment]) -> ForeignOptions<'b>
    where
        'a: 'b,
    {
        ForeignOptions {
            source: &self.scan.source.settings.id,
            object: self.scan.object,
            start: self.start,
            layers: self.chain.format.layers(),
            boundaries,
            heads: &self.chain.heads,
            mapped: &self.chain.mapped,
            max_ids: match self.scan.keep {
                Keep::Rows => usize::MAX,
                Keep::Summary => self.fair_share_of_ids(),
            },
        }
    }

    /// Returns how many ids a segment keeps in `verify`, so that its memory does not grow with the log.
    fn fair_share_of_ids(&self) -> usize {
        let segments = |object: &ObjectRef| object.size.div_ceil(SEGMENT_BYTES).max(1);
        let segments: u64 = self.scan.source.objects.iter().map(segments).sum();
        usize::try_from(MAX_IDS_OF_LOG / segments.max(1)).unwrap_or(MAX_IDS).clamp(1, MAX_IDS)
    }

    fn line(&mut self, scanner: &mut ForeignScanner<'_>, line: &Line<'_>) {
        self.scan.summary.tally.read += 1;
        if let Some((length, digest)) = line.oversize {
            let detail =
                format!("a record of {length} bytes, the limit is {}", self.chain.format.max_record());
            return self.unreadable(scanner, line, Some(digest), BreakKind::Oversize, detail);
        }
        let Ok(text) = std::str::from_utf8(line.bytes) else {
            let digest = Some(Digest::of(line.bytes));
            return self.unreadable(scanner, line, digest, BreakKind::Malformed, "not UTF-8 text".to_owned());
        };
        let record = Record::new(text, line.offset, line.number, 0);
        if !line.ended && !self.is_whole(&record) {
            *self.scan.summary.tally.rejected.entry(BreakKind::TornTail).or_default() += 1;
            return scanner.torn(line.number, line.offset, line.bytes.len() as u64);
        }
        self.record(scanner, record);
    }

    /// Tells whether bytes without a line end are a record all the same.
    fn is_whole(&self, record: &Record<'_>) -> bool {
        let seen = self.chain.format.examine(record, &self.keys);
        seen.is_ok_and(|seen| !seen.is_empty() && seen.iter().all(|seen| seen.faults.is_empty()))
    }

    fn unreadable(
        &mut self,
        scanner: &mut ForeignScanner<'_>,
        line: &Line<'_>,
        digest: Option<Digest>,
        kind: BreakKind,
        detail: String,
    ) {
        let rejected = scanner.unreadable(line.number, line.offset, digest, kind, detail);
        self.reject(&rejected);
    }

    fn reject(&mut self, rejected: &Rejected) {
        *self.scan.summary.tally.rejected.entry(rejected.kind).or_default() += 1;
    }

    fn record(&mut self, scanner: &mut ForeignScanner<'_>, record: Record<'_>) {
        // A blank line is no record; like any line that no layer selects, nothing covers it.
        let blank = record.text.trim().is_empty();
        let (examined, payload) = match self.chain.format.examination(&record, &self.keys) {
            _ if blank => (Ok(Vec::new()), None),
            Ok(examination) => (Ok(examination.seen), examination.payload),
            Err(fault) => (Err(fault), None),
        };
        let selected = examined.as_ref().is_ok_and(|seen| !seen.is_empty());
        match scanner.record(record, examined) {
            ForeignScanned::Rejected(rejected) => self.reject(&rejected),
            ForeignScanned::Admitted(admitted) => {
                if selected {
                    scanner.uncovered(self.chain.format.uncovered_with(&record, &mut self.known));
                }
                match self.scan.keep {
                    Keep::Rows => {
                        self.scan.groups.push((record.offset, admitted.group));
                        if blank {
                            let ignored = &mut self.scan.summary.tally.ignored;
                            *ignored.entry("blank line".to_owned()).or_default() += 1;
                        } else {
                            let opened = payload.as_ref().map(|payload| admitted.record.opened(payload));
                            let record = opened.as_ref().unwrap_or(&admitted.record);
                            self.scan.record(record, admitted.time, selected);
                        }
                    }
                    Keep::Summary => {
                        if let Some(time) = admitted.time {
                            self.scan.seen(admitted.record.log(), time);
                        }
                    }
                }
            }
        }
    }
}
