//! The lines of one segment to verified records, rejected lines, and one summary.
//!
//! A segment is an object or a range of its lines, so the scanner knows nothing of what lies before or behind it. It looks
//! at each line alone (shape, signature) and joins lines that link perfectly into *stretches*; everything that takes
//! more than one stretch to see is left to [`stitch`](crate::integrity::stitch). That is why the place of a cut cannot
//! change a result.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::countersign_log::{LineFault, LogLine, MAX_LINE, Role, check_torn};
use crate::integrity::keyring::{Keyring, Standing};
use crate::integrity::record::VerifiedRecord;
use crate::integrity::signature::Signed;
use crate::integrity::verdict::{BreakKind, Grade};
use crate::source::framing::Record;

/// Most stretches in one segment. An intact segment has one; beyond this many breaks a list helps nobody.
pub const MAX_STRETCHES: usize = 4096;
/// Most damaged lines listed of one segment, and of one log.
pub const MAX_DAMAGED: usize = 4096;
/// Most key ids in one stretch. A log is written by few keys; key ids of lines that nobody vouches for cost nothing to invent.
pub const MAX_SIGNERS: usize = 4096;
/// Most silences listed of one stretch; from then on the last one grows, which errs towards a longer hole.
pub const MAX_SILENCES: usize = 1024;

/// What a scanner must know before the first line.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions<'a> {
    /// Source id.
    pub source: &'a str,
    /// Object name as declared.
    pub object: &'a str,
    /// Byte offset of the segment in the decompressed object.
    pub start: u64,
    /// Log names expected in the source; empty where any may stand.
    pub logs: &'a [String],
    /// Trusted keys.
    pub keyring: &'a Keyring,
    /// Longest time between two records, in milliseconds, that is no silence.
    pub max_silence: Option<i64>,
}

/// A record that was admitted, and what the chain knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Admitted<'a> {
    /// The record, at the grade that this segment alone can show; [`stitch`](crate::integrity::stitch) has the final one.
    pub record: VerifiedRecord<'a>,
    /// When it was written.
    pub time: Moment,
    /// Key id that it names.
    pub key: Digest,
    /// What it means to the log itself.
    pub role: Role,
}

/// A line that was set aside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    /// Kind, as far as this line alone can show.
    pub kind: BreakKind,
    /// The facts, as a fragment.
    pub detail: String,
    /// Line number from 1, counted from the start of the segment.
    pub line: u64,
    /// Byte offset in the decompressed object.
    pub offset: u64,
    /// SHA-256 of the line, where it was read whole.
    pub digest: Option<Digest>,
}

/// What became of one line.
#[derive(Clone, Debug)]
pub enum Scanned<'a> {
    /// Its shape and its signature, where its key is known, are good.
    Admitted(Admitted<'a>),
    /// It is no record, its signature does not fit, or it belongs to another log.
    Rejected(Rejected),
}

/// Everything that `stitch` must know of one segment. Its line numbers count from the segment's start.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct RunSummary {
    /// Source id.
    pub source: String,
    /// Object name as declared.
    pub object: String,
    /// Byte offset of the segment.
    pub start: u64,
    /// Bytes in it.
    pub length: u64,
    /// Complete lines in it.
    pub lines: u64,
    /// Runs of lines that link perfectly, in file order.
    pub stretches: Vec<Stretch>,
    /// Damaged lines, in file order.
    pub damaged: Vec<DamagedLine>,
    /// Bytes after the last LF that can be the beginning of a record.
    pub torn: Option<TornTail>,
    /// Lines beyond a limit on the lists above; where there are any, the whole segment is damaged.
    pub unlisted: u64,
}

/// Consecutive lines of one log, each with the sequence number and the `prev` that follow from the line before.
///
/// Within a stretch every key has one standing: a stretch ends where the greatest time in it passes a moment at
/// which some key's standing changes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Stretch {
    /// Log name.
    pub log: String,
    /// First line.
    pub line: u64,
    /// Byte offset of the first line.
    pub offset: u64,
    /// Byte offset of the last line.
    pub last_offset: u64,
    /// Byte offset just after the LF of the last line.
    pub end: u64,
    /// First sequence number.
    pub first: u64,
    /// Last sequence number.
    pub last: u64,
    /// `prev` of the first line.
    pub prev: Digest,
    /// Digest of the last line.
    pub head: Digest,
    /// Time of the first record.
    pub first_time: Moment,
    /// Time of the last record.
    pub last_time: Moment,
    /// Least time.
    pub earliest: Moment,
    /// Greatest time.
    pub latest: Moment,
    /// Records per key id.
    pub signers: BTreeMap<Digest, Signer>,
    /// Key id of the first record.
    pub first_key: Digest,
    /// Key id of the last record.
    pub last_key: Digest,
    /// How often a time is before the time of the record before it.
    pub falls: u64,
    /// First such record.
    pub first_fall: Option<Place>,
    /// Silences between two of its records.
    pub silences: Vec<Silence>,
    /// True where the last record says that it is the last of the log.
    pub closes: bool,
}

/// What one key signed in a stretch.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Signer {
    /// Records.
    pub records: u64,
    /// True where the key is known and each signature fits; false where nobody could check.
    pub checked: bool,
    /// First of the records.
    pub first: Place,
}

/// Where a record lies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Byte offset in the object.
    pub offset: u64,
    /// Sequence number.
    pub seq: u64,
}

/// Two neighbouring records with more time between them than allowed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Silence {
    /// Line of the later record.
    pub line: u64,
    /// Time of the earlier record.
    pub from: Moment,
    /// Time of the later record.
    pub to: Moment,
}

/// A line that is no intact record. What it says of itself is a claim.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct DamagedLine {
    /// Line.
    pub line: u64,
    /// Byte offset of the line.
    pub offset: u64,
    /// Byte offset just after it.
    pub end: u64,
    /// Kind.
    pub kind: BreakKind,
    /// The facts, as a fragment.
    pub detail: String,
    /// Digest of the line, where it was read whole.
    pub digest: Option<Digest>,
    /// Log that it names.
    pub log: Option<String>,
    /// Sequence number that it states.
    pub seq: Option<u64>,
    /// Digest of the line before, as it states it.
    pub prev: Option<Digest>,
}

/// Bytes after the last LF.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct TornTail {
    /// Line that they would begin.
    pub line: u64,
    /// Byte offset.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// Verifies the lines of one segment in file order. It counts lines and bytes itself.
pub struct LogScanner<'k> {
    keyring: &'k Keyring,
    logs: &'k [String],
    max_silence: Option<i64>,
    boundaries: Vec<Moment>,
    summary: RunSummary,
    open: Option<Stretch>,
    at: u64,
    buffer: Vec<u8>,
}

impl<'k> LogScanner<'k> {
    /// Returns a scanner that has seen no line.
    pub fn new(options: ScanOptions<'k>) -> Self {
        Self {
            keyring: options.keyring,
            logs: options.logs,
            max_silence: options.max_silence,
            boundaries: options.keyring.boundaries(),
            summary: RunSummary {
                source: options.source.to_owned(),
                object: options.object.to_owned(),
                start: options.start,
                length: 0,
                lines: 0,
                stretches: Vec::new(),
                damaged: Vec::new(),
                torn: None,
                unlisted: 0,
            },
            open: None,
            at: options.start,
            buffer: Vec::new(),
        }
    }

    /// Takes the next line, given without its LF.
    pub fn line<'a>(&mut self, bytes: &'a [u8]) -> Scanned<'a> {
        self.lines(&[bytes]).pop().expect("one line has one fate")
    }

    /// Takes the next lines, each given without its LF, and says of each what became of it.
    ///
    /// The outcome is that of one line after the other; the check of their signatures is cheaper.
    pub fn lines<'a>(&mut self, lines: &[&'a [u8]]) -> Vec<Scanned<'a>> {
        let parsed: Vec<Option<Result<LogLine<'a>, LineFault>>> =
            lines.iter().map(|line| (line.len() <= MAX_LINE).then(|| LogLine::parse(line))).collect();
        let fits = self.fits(&parsed);
        let each = lines.iter().zip(parsed).zip(fits);
        each.map(|((bytes, parsed), fits)| {
            let offset = self.advance(bytes.len() as u64 + 1);
            let digest = || Some(Digest::of(bytes));
            match parsed {
                None => Scanned::Rejected(self.too_long(offset, bytes.len() as u64, digest())),
                Some(Ok(line)) => self.record(line, fits, offset),
                Some(Err(fault)) => {
                    Scanned::Rejected(self.damage(offset, fault.kind, fault.detail, digest(), None))
                }
            }
        })
        .collect()
    }

    /// Tells of each line that names a known key whether its signature fits that key.
    fn fits(&mut self, lines: &[Option<Result<LogLine<'_>, LineFault>>]) -> Vec<Option<bool>> {
        let mut by_key: BTreeMap<Digest, Vec<(usize, &[u8; 64])>> = BTreeMap::new();
        let mut places: Vec<Range<usize>> = Vec::with_capacity(lines.len());
        self.buffer.clear();
        for (index, line) in lines.iter().enumerate() {
            let start = self.buffer.len();
            if let Some(Ok(line)) = line {
                line.add_signed_bytes(&mut self.buffer);
                by_key.entry(line.key).or_default().push((index, &line.signature));
            }
            places.push(start..self.buffer.len());
        }
        let mut fits = vec![None; lines.len()];
        for (key, signed) in by_key {
            let Some(known) = self.keyring.find(key) else { continue };
            let item = |(index, signature): &(usize, _)| -> Signed<'_> {
                (&self.buffer[places[*index].clone()], *signature)
            };
            let items: Vec<Signed<'_>> = signed.iter().map(item).collect();
            for ((index, _), verdict) in signed.iter().zip(known.public.verify_each(&items)) {
                fits[*index] = Some(verdict);
            }
        }
        fits
    }

    /// Takes a line of `length` bytes, without its LF, that was too long to hand over whole.
    pub fn overlong(&mut self, length: u64, digest: Option<Digest>) -> Rejected {
        let offset = self.advance(length.saturating_add(1));
        self.too_long(offset, length, digest)
    }

    /// Takes the bytes after the last LF of the object, and returns why they are no cut record, if they are none.
    pub fn tail(&mut self, bytes: &[u8]) -> Option<Rejected> {
        let offset = self.at;
        let length = bytes.len() as u64;
        self.at += length;
        let line = self.summary.lines + 1;
        match check_torn(bytes) {
            Ok(()) => {
                self.summary.torn = Some(TornTail { line, offset, length });
                None
            }
            Err(fault) => {
                self.summary.lines += 1;
                let detail = format!("bytes after the last line end are no cut record: {}", fault.detail);
                Some(self.damage(offset, fault.kind, detail, Some(Digest::of(bytes)), None))
            }
        }
    }

    /// Returns the summary.
    pub fn finish(mut self) -> RunSummary {
        self.close_stretch();
        self.summary.length = self.at - self.summary.start;
        self.summary
    }

    /// Counts a line of `length` bytes with its LF, and returns its offset.
    fn advance(&mut self, length: u64) -> u64 {
        let offset = self.at;
        self.at = self.at.saturating_add(length);
        self.summary.lines += 1;
        offset
    }

    /// Takes a line that is shaped as it must be; `fits` tells whether its signature fits, where its key is known.
    fn record<'a>(&mut self, line: LogLine<'a>, fits: Option<bool>, offset: u64) -> Scanned<'a> {
        let record = Record::new(line.text, offset, self.summary.lines, 0);
        if let Some((kind, detail)) = self.signature_fault(&line, fits) {
            return Scanned::Rejected(self.damage(offset, kind, detail, Some(record.digest), Some(&line)));
        }
        if !self.extend(&line, &record, fits.is_some()) {
            let detail = "this segment has more breaks than are listed".to_owned();
            return Scanned::Rejected(self.rejected(
                offset,
                BreakKind::Rejected,
                detail,
                Some(record.digest),
            ));
        }
        if !self.logs.is_empty() && !self.logs.iter().any(|log| log == line.log) {
            let detail = format!("record of log `{}`, expected `{}`", line.log, self.logs.join("`, `"));
            return Scanned::Rejected(self.rejected(offset, BreakKind::Spliced, detail, Some(record.digest)));
        }
        let latest = self.open.as_ref().map_or(line.time, |stretch| stretch.latest);
        let grade = match self.keyring.judge_log(line.key, line.log, latest) {
            Standing::Trusted => Grade::PinnedSigned,
            Standing::Expired | Standing::WrongPurpose => Grade::SelfSigned,
            Standing::Unknown | Standing::Revoked => Grade::Consistent,
        };
        Scanned::Admitted(Admitted {
            record: VerifiedRecord::graded(record, line.log, Some(line.seq), grade),
            time: line.time,
            key: line.key,
            role: line.role,
        })
    }

    /// Returns what the signature shows to be wrong.
    ///
    /// A line that names an unknown key cannot be checked, with one exception: where its signature fits as soon as the line
    /// names a key that is bound to the log, that key signed it and the name was changed afterwards.
    fn signature_fault(&mut self, line: &LogLine<'_>, fits: Option<bool>) -> Option<(BreakKind, String)> {
        let keyring = self.keyring;
        if let Some(fits) = fits {
            return (!fits).then(|| {
                (BreakKind::BadSignature, format!("the signature does not fit key `{}`", line.key))
            });
        }
        let signer = keyring.bound_to(line.log).map(|key| &key.public).find(|key| {
            line.signed_bytes_naming(key.id(), &mut self.buffer);
            key.verifies(&self.buffer, &line.signature)
        })?;
        let detail = format!("key `{}` signed it, and the line names key `{}`", signer.id(), line.key);
        Some((BreakKind::Altered, detail))
    }

    /// Adds a record to the open stretch, or begins another; false where a limit is hit.
    fn extend(&mut self, line: &LogLine<'_>, record: &Record<'_>, checked: bool) -> bool {
        if !self.open.as_ref().is_some_and(|stretch| self.continues(stretch, line, record)) {
            self.close_stretch();
            if self.summary.stretches.len() >= MAX_STRETCHES {
                self.summary.unlisted += 1;
                return false;
            }
        }
        let place = Place { line: record.line, offset: record.offset, seq: line.seq };
        let stretch = self.open.get_or_insert_with(|| Stretch::begin(line, place));
        if stretch.signers.len() >= MAX_SIGNERS && !stretch.signers.contains_key(&line.key) {
            self.summary.unlisted += 1;
            return false;
        }
        stretch.push(line, place, self.max_silence);
        stretch.head = record.digest;
        stretch.end = self.at;
        stretch.signers.entry(line.key).or_insert(Signer { records: 0, checked, first: place }).records += 1;
        true
    }

    fn continues(&self, stretch: &Stretch, line: &LogLine<'_>, record: &Record<'_>) -> bool {
        let latest = stretch.latest.max(line.time);
        stretch.end == record.offset
            && stretch.log == line.log
            && stretch.last + 1 == line.seq
            && stretch.head == line.prev
            && !stretch.closes
            && window(&self.boundaries, latest) == window(&self.boundaries, stretch.latest)
    }

    fn close_stretch(&mut self) {
        self.summary.stretches.extend(self.open.take());
    }

    fn too_long(&mut self, offset: u64, length: u64, digest: Option<Digest>) -> Rejected {
        let detail = format!("line of {length} bytes, the limit is {MAX_LINE}");
        self.damage(offset, BreakKind::Oversize, detail, digest, None)
    }

    /// Lists a damaged line. `line` is what it claims, where it could be read.
    fn damage(
        &mut self,
        offset: u64,
        kind: BreakKind,
        detail: String,
        digest: Option<Digest>,
        line: Option<&LogLine<'_>>,
    ) -> Rejected {
        self.close_stretch();
        if self.summary.damaged.len() >= MAX_DAMAGED {
            self.summary.unlisted += 1;
        } else {
            self.summary.damaged.push(DamagedLine {
                line: self.summary.lines,
                offset,
                end: self.at,
                kind,
                detail: detail.clone(),
                digest,
                log: line.map(|line| line.log.to_owned()),
                seq: line.map(|line| line.seq),
                prev: line.map(|line| line.prev),
            });
        }
        self.rejected(offset, kind, detail, digest)
    }

    fn rejected(&self, offset: u64, kind: BreakKind, detail: String, digest: Option<Digest>) -> Rejected {
        Rejected { kind, detail, line: self.summary.lines, offset, digest }
    }
}

/// Returns the number of `boundaries` at or before `latest`: the same number means the same standing of every key.
pub(in crate::integrity) fn window(boundaries: &[Moment], latest: Moment) -> usize {
    boundaries.partition_point(|boundary| *boundary <= latest)
}

impl Stretch {
    fn begin(line: &LogLine<'_>, place: Place) -> Self {
        Self {
            log: line.log.to_owned(),
            line: place.line,
            offset: place.offset,
            last_offset: place.offset,
            end: place.offset,
            first: line.seq,
            last: line.seq,
            prev: line.prev,
            head: Digest::ZERO,
            first_time: line.time,
            last_time: line.time,
            earliest: line.time,
            latest: line.time,
            signers: BTreeMap::new(),
            first_key: line.key,
            last_key: line.key,
            falls: 0,
            first_fall: None,
            silences: Vec::new(),
            closes: false,
        }
    }

    /// Takes over what the line states; the caller sets the rest.
    fn push(&mut self, line: &LogLine<'_>, place: Place, max_silence: Option<i64>) {
        self.note_step(line.time, place, max_silence);
        self.last = line.seq;
        self.last_offset = place.offset;
        self.last_time = line.time;
        self.earliest = self.earliest.min(line.time);
        self.latest = self.latest.max(line.time);
        self.last_key = line.key;
        self.closes = line.role == Role::Close;
    }

    /// Notes what the step from the last record to one at `time` shows: a falling clock, or a silence.
    pub(in crate::integrity) fn note_step(&mut self, time: Moment, place: Place, max_silence: Option<i64>) {
        if time < self.last_time {
            self.falls += 1;
            self.first_fall.get_or_insert(place);
        }
        if max_silence.is_some_and(|longest| self.last_time.plus_ms(longest) < time) {
            let full = self.silences.len() >= MAX_SILENCES;
            match self.silences.last_mut() {
                Some(last) if full => last.to = time,
                _ => self.silences.push(Silence { line: place.line, from: self.last_time, to: time }),
            }
        }
    }

    /// Returns the number of records.
    pub fn records(&self) -> u64 {
        self.last - self.first + 1
    }
}
