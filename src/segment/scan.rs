//! One segment, verified and normalised: the only stage that sees raw bytes.

use std::io::{self, BufReader, Read as _};

use super::Part;
use super::foreign::Foreign;
use super::hole::{DAY_MS, Surroundings};
use super::plan::{Segment, SourcePlan};
use super::summary::{Failure, MAX_REJECTS, Reject, Summary, Times};
use crate::clock::Moment;
use crate::column::FrameBuilder;
use crate::digest::Digest;
use crate::event::Event;
use crate::integrity::chain::{LogScanner, ScanOptions, Scanned};
use crate::integrity::cloudtrail;
use crate::integrity::countersign_log::MAX_LINE;
use crate::integrity::keyring::Keyring;
use crate::integrity::record::VerifiedRecord;
use crate::integrity::verdict::{BreakKind, Grade};
use crate::profile::{Context, Found, Mapped, Unusable};
use crate::source::container::Unpacked;
use crate::source::framing::{self, Line, Lines, MAX_DOCUMENT, MAX_RECORD, Record};
use crate::source::object;
use crate::table::IntegrityRow;

/// Whether rows are kept, or only the summary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Events and records, for a report.
    Rows,
    /// Neither: `verify` runs in constant memory.
    Summary,
}

/// Verifies and normalises `segment` of `source`.
///
/// Whatever is wrong with the data is data in the summary; this never fails.
pub fn segment(source: &SourcePlan<'_>, segment: &Segment, keyring: &Keyring, keep: Keep) -> (Part, Summary) {
    let (part, mut summary) = lines(source, segment, keyring, keep);
    if segment.needs_digest() {
        summary.digested(object::digest(&source.objects[segment.object]));
    }
    (part, summary)
}

/// As [`segment`](fn@segment), without the digest of an object that is cut into ranges.
pub(super) fn lines(
    source: &SourcePlan<'_>,
    segment: &Segment,
    keyring: &Keyring,
    keep: Keep,
) -> (Part, Summary) {
    let mut scan = Scan::new(source, segment, keyring, keep);
    let stored = scan.read(segment);
    scan.finish(stored)
}

pub(super) struct Scan<'a> {
    pub(super) source: &'a SourcePlan<'a>,
    pub(super) object: &'a str,
    pub(super) keyring: &'a Keyring,
    pub(super) keep: Keep,
    context: Context,
    span_ms: i64,
    events: FrameBuilder<Event>,
    records: FrameBuilder<IntegrityRow>,
    pub(super) summary: Summary,
    surroundings: Surroundings,
    /// Events of the record at hand.
    scratch: Vec<Event>,
    signers: Vec<(u64, Digest)>,
    pub(super) groups: Vec<(u64, usize)>,
}

impl<'a> Scan<'a> {
    fn new(source: &'a SourcePlan<'a>, segment: &Segment, keyring: &'a Keyring, keep: Keep) -> Self {
        let object = source.objects[segment.object].name.as_str();
        Self {
            source,
            object,
            keyring,
            keep,
            context: source.context.with_object(object),
            span_ms: source.settings.max_silence_ms.unwrap_or(DAY_MS).min(DAY_MS),
            events: FrameBuilder::default(),
            records: FrameBuilder::default(),
            summary: Summary::new(
                &source.settings.id,
                object,
                segment.range.as_ref().map_or(0, |range| range.start),
            ),
            surroundings: Surroundings::default(),
            scratch: Vec::new(),
            signers: Vec::new(),
            groups: Vec::new(),
        }
    }

    /// Reads the segment; returns the digest and length of the object, if that is what the segment is.
    fn read(&mut self, segment: &Segment) -> io::Result<Option<(Digest, u64)>> {
        let object = &self.source.objects[segment.object];
        if let Some(range) = &segment.range {
            // One byte more in front: it tells whether a line begins exactly at the start.
            let from = range.start.saturating_sub(1);
            let reader = object::open(object, Some(from..object.size))?;
            let mut lines =
                Lines::new(BufReader::with_capacity(1 << 18, reader), from, range.end, self.limit());
            if range.start > 0 {
                lines.skip_partial()?;
            }
            self.lines(lines)?;
            return Ok(None);
        }
        let stored = object::open(object, None)?;
        let mut unpacked = match self.source.is_trail() {
            true => Unpacked::one_member(stored)?,
            false => Unpacked::new(stored)?,
        };
        if self.source.framing().is_lines(self.object) {
            self.lines(Lines::new(
                BufReader::with_capacity(1 << 18, &mut unpacked),
                0,
                u64::MAX,
                self.limit(),
            ))?;
        } else {
            self.document(&mut unpacked)?;
        }
        unpacked.finish().map(Some)
    }

    fn limit(&self) -> usize {
        match &self.source.chain {
            Some(chain) => chain.format.max_record(),
            None if self.source.is_native() => MAX_LINE,
            None => MAX_RECORD,
        }
    }

    fn lines<R: io::BufRead>(&mut self, mut lines: Lines<R>) -> io::Result<()> {
        let source = self.source;
        if let Some(chain) = &source.chain {
            return Foreign::new(self, chain, lines.offset()).lines(lines);
        }
        if source.is_native() {
            return self.chained(lines);
        }
        while let Some(line) = lines.next_line()? {
            self.summary.lines = line.number;
            self.plain_line(&line);
        }
        Ok(())
    }

    /// Reads the lines of a `countersign-log/1` file: the scanner judges, and only what it admits is mapped.
    fn chained<R: io::BufRead>(&mut self, mut lines: Lines<R>) -> io::Result<()> {
        let source = self.source;
        let mut scanner = LogScanner::new(ScanOptions {
            source: &source.settings.id,
            object: self.object,
            start: lines.offset(),
            logs: &source.settings.logs,
            keyring: self.keyring,
            max_silence: source.settings.max_silence_ms,
        });
        let mut batch = Batch::default();
        let result = loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            self.summary.lines = line.number;
            self.summary.tally.read += 1;
            if line.ended && line.oversize.is_none() {
                batch.push(line.bytes);
                if batch.is_full() {
                    self.admit(&mut scanner, &mut batch);
                }
                continue;
            }
            self.admit(&mut scanner, &mut batch);
            let kind = match line.oversize {
                Some((length, digest)) => scanner.overlong(length, Some(digest)).kind,
                None => scanner.tail(line.bytes).map_or(BreakKind::TornTail, |rejected| rejected.kind),
            };
            *self.summary.tally.rejected.entry(kind).or_default() += 1;
        };
        self.admit(&mut scanner, &mut batch);
        self.summary.runs.push(scanner.finish());
        result
    }

    /// Hands the lines of a batch to the scanner, and maps the records that it admits.
    fn admit(&mut self, scanner: &mut LogScanner<'_>, batch: &mut Batch) {
        for scanned in scanner.lines(&batch.lines()) {
            match scanned {
                Scanned::Admitted(admitted) => {
                    self.signer(admitted.record.record().line, admitted.key);
                    match self.keep {
                        Keep::Rows => self.record(&admitted.record, Some(admitted.time), true),
                        Keep::Summary => self.seen(admitted.record.log(), admitted.time),
                    }
                }
                Scanned::Rejected(rejected) => {
                    *self.summary.tally.rejected.entry(rejected.kind).or_default() += 1;
                }
            }
        }
        batch.clear();
    }

    /// Reads one line of a log without a mechanism.
    fn plain_line(&mut self, line: &Line<'_>) {
        let source = self.source;
        let unusable =
            |kind, detail| Err(Unusable { line: line.number, offset: line.offset, kind: Some(kind), detail });
        if let Some((length, _)) = line.oversize {
            let detail = format!("a record of {length} bytes; the limit is {MAX_RECORD}");
            return self.found(unusable(BreakKind::Oversize, detail));
        }
        let mut bytes = line.bytes;
        let mut offset = line.offset;
        if let (0, Some(rest)) = (offset, bytes.strip_prefix(b"\xef\xbb\xbf")) {
            (bytes, offset) = (rest, 3);
        }
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.found(unusable(BreakKind::Malformed, "not UTF-8 text".to_owned()));
        };
        if text.trim().is_empty() {
            self.summary.tally.read += 1;
            *self.summary.tally.ignored.entry("blank line".to_owned()).or_default() += 1;
            return;
        }
        // A record that is complete without its line end is complete; one that is not was cut off.
        if !line.ended && !source.profile.is_whole(text) {
            let detail = "the last line has no line end and is not complete".to_owned();
            return self.found(unusable(BreakKind::TornTail, detail));
        }
        let record = Record::new(text, offset, line.number, 0);
        source.profile.line(record, &mut |found| self.found(found));
    }

    /// Counts a part of an object, and maps it where it is a record.
    fn found(&mut self, found: Found<'_>) {
        self.summary.tally.read += 1;
        match found {
            Ok(record) => self.plain(record),
            Err(Unusable { kind: None, detail, .. }) => {
                *self.summary.tally.ignored.entry(detail).or_default() += 1;
            }
            Err(Unusable { line, offset, kind: Some(kind), detail }) => {
                self.reject(line, offset, kind, detail);
            }
        }
    }

    fn document(&mut self, unpacked: &mut Unpacked) -> io::Result<()> {
        let mut bytes = Vec::new();
        unpacked.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes)?;
        let fail = |kind, detail: String| Some(Failure { kind, detail });
        if bytes.len() as u64 > MAX_DOCUMENT {
            self.summary.failure =
                fail(BreakKind::Oversize, format!("a document of more than {MAX_DOCUMENT} bytes"));
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            self.summary.failure = fail(BreakKind::Malformed, "not UTF-8 text".to_owned());
            return Ok(());
        };
        if self.source.is_trail() {
            match cloudtrail::object::read(text) {
                Ok(found) if cloudtrail::is_housekeeping(&found) => {
                    self.summary.tally.read += 1;
                    self.summary.tally.housekeeping += 1;
                    self.summary.trail = Some(found);
                    return Ok(());
                }
                Ok(found) => self.summary.trail = Some(found),
                Err(fault) => {
                    self.summary.failure = fail(fault.kind, fault.detail);
                    return Ok(());
                }
            }
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.summary.lines = text.lines().count() as u64;
        let source = self.source;
        let read = match &source.chain {
            Some(chain) => framing::document_records(text, source.framing().pointers())
                .map(|records| Foreign::new(self, chain, 0).document(records)),
            None => source.profile.document(self.object, text, &mut |found| self.found(found)),
        };
        if let Err(detail) = read {
            self.summary.trail = None;
            self.summary.failure = fail(BreakKind::Malformed, detail);
        }
        Ok(())
    }

    fn plain(&mut self, record: Record<'_>) {
        let log = self.source.settings.id.as_str();
        let protected = self.source.is_protected();
        if protected {
            self.signer(record.line, cloudtrail::NO_KEY);
        }
        self.record(&VerifiedRecord::unprotected(record, log), None, protected);
    }

    /// Maps an admitted record. `time` is the log's own time of the record, where it has one.
    pub(super) fn record(&mut self, record: &VerifiedRecord<'_>, time: Option<Moment>, protected: bool) {
        self.scratch.clear();
        let source = self.source;
        let mapped = source.profile.map(record, &self.context, &mut self.scratch);
        let tally = &mut self.summary.tally;
        let stated = match mapped {
            Mapped::Events(count) => {
                tally.mapped += 1;
                tally.events += count as u64;
                self.scratch.iter().find_map(|event| event.time_ms)
            }
            Mapped::Ignored { reason, time_ms } => {
                *tally.ignored.entry(reason.to_owned()).or_default() += 1;
                time_ms
            }
            Mapped::Observation { time_ms } => {
                tally.observations += 1;
                time_ms
            }
            Mapped::Housekeeping { time_ms } => {
                tally.housekeeping += 1;
                time_ms
            }
            Mapped::Rejected { kind, detail } => {
                let place = record.record();
                return self.reject(place.line, place.offset, kind, detail);
            }
        };
        let at = time.or(stated.map(Moment::from_ms));
        if let Some(at) = at {
            self.seen(record.log(), at);
        }
        if self.keep == Keep::Rows {
            for event in &self.scratch {
                self.events.push(event);
            }
            self.records.push(&self.row(record, at, protected));
        }
    }

    /// Notes the time of a good record.
    pub(super) fn seen(&mut self, log: &str, at: Moment) {
        match self.summary.times.get_mut(log) {
            Some(times) => times.add(at, self.span_ms),
            None => self.summary.times.entry(log.to_owned()).or_default().add(at, self.span_ms),
        }
        self.surroundings.good(at, &mut self.summary.rejects);
    }

    /// Notes the key that the record on `line` names.
    fn signer(&mut self, line: u64, key: Digest) {
        if self.keep == Keep::Rows && self.signers.last().is_none_or(|(_, last)| *last != key) {
            self.signers.push((line, key));
        }
    }

    fn row(&self, record: &VerifiedRecord<'_>, at: Option<Moment>, protected: bool) -> IntegrityRow {
        let place = record.record();
        IntegrityRow {
            integrity_id: Some(format!("{}/{}@{}", self.source.settings.id, self.object, place.offset)),
            source_id: Some(self.source.settings.id.clone()),
            log: Some(record.log().to_owned()),
            object: Some(self.object.to_owned()),
            line: i64::try_from(place.line).ok(),
            seq: record.seq().and_then(|seq| i64::try_from(seq).ok()),
            ts_ms: at.map(Moment::ms),
            to_ms: None,
            subject: Some("record".to_owned()),
            status: Some("ok".to_owned()),
            kind: None,
            grade: Some(record.grade().word().to_owned()),
            sequenced: Some(record.seq().is_some()),
            protected: Some(protected),
        }
    }

    fn reject(&mut self, line: u64, offset: u64, kind: BreakKind, detail: String) {
        *self.summary.tally.rejected.entry(kind).or_default() += 1;
        if self.summary.rejects.len() == MAX_REJECTS {
            self.summary.rejects_cut = true;
            return;
        }
        let before = self.surroundings.last();
        let detail = crate::redact::shown(&detail);
        self.summary.rejects.push(Reject { line, offset, kind, detail, before, after: None });
    }

    fn finish(mut self, stored: io::Result<Option<(Digest, u64)>>) -> (Part, Summary) {
        match stored {
            Ok(stored) => self.summary.stored = stored,
            Err(error) => self.summary.failure = Some(Failure::of(&error)),
        }
        let part = match self.keep {
            Keep::Rows => Part {
                events: self.events.finish(),
                records: self.records.finish(),
                signers: self.signers,
                groups: self.groups,
            },
            Keep::Summary => Part::default(),
        };
        (part, self.summary)
    }
}

/// Lines that go to the scanner together, because their signatures are cheaper to check so.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    /// Most lines: beyond this many nothing is gained.
    const LINES: usize = 64;
    /// Bytes from which on no line is added, so that long lines do not add up in memory.
    const BYTES: usize = 1 << 18;

    fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    fn is_full(&self) -> bool {
        self.ends.len() >= Self::LINES || self.bytes.len() >= Self::BYTES
    }

    fn lines(&self) -> Vec<&[u8]> {
        let mut start = 0;
        let line = |end: &usize| &self.bytes[std::mem::replace(&mut start, *end)..*end];
        self.ends.iter().map(line).collect()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

impl Summary {
    fn new(source: &str, object: &str, start: u64) -> Self {
        Self {
            source: source.to_owned(),
            object: object.to_owned(),
            start,
            lines: 0,
            stored: None,
            failure: None,
            tally: crate::report::model::Tally::default(),
            rejects: Vec::new(),
            rejects_cut: false,
            times: std::collections::BTreeMap::<String, Times>::new(),
            runs: Vec::new(),
            trail: None,
            foreign: None,
        }
    }

    /// Notes the digest and length of the whole object, where this is its first range.
    pub(super) fn digested(&mut self, stored: io::Result<(Digest, u64)>) {
        match stored {
            Ok(stored) => self.stored = Some(stored),
            Err(error) => self.failure = Some(Failure::of(&error)),
        }
    }

    /// Returns the lowest grade that its records can have.
    pub fn floor(&self) -> Grade {
        if self.tally.read == 0 { Grade::None } else { Grade::Parsed }
    }
}
