//! Summaries to pieces: line numbers of whole objects, one group per log, and no trace of where the segments were cut.

use std::collections::{BTreeMap, BTreeSet};

use super::StitchInput;
use crate::clock::Moment;
use crate::digest::Digest;
use crate::integrity::chain::{DamagedLine, MAX_DAMAGED, Place, RunSummary, Stretch, TornTail, window};
use crate::integrity::verdict::BreakKind;

/// Everything found, by log.
pub(super) struct Layout<'a> {
    /// The set of summaries, by object and start.
    pub(super) runs: Vec<&'a RunSummary>,
    /// Logs, by name.
    pub(super) logs: Vec<LogGroup>,
    pub(super) line_bases: BTreeMap<(String, u64), u64>,
}

/// One log: its objects, and its pieces in file order, object by object.
pub(super) struct LogGroup {
    pub(super) name: String,
    pub(super) objects: Vec<LogObject>,
    pub(super) pieces: Vec<Piece>,
}

/// One object of a log.
pub(super) struct LogObject {
    pub(super) name: String,
    pub(super) lines: u64,
    /// Damaged lines, in file order.
    pub(super) damage: Vec<Damage>,
    pub(super) torn: Option<TornTail>,
    pub(super) fault: Option<(BreakKind, String)>,
    /// Line ranges in which more is broken than is listed.
    pub(super) unlisted: Vec<Unlisted>,
}

impl LogObject {
    /// Tells whether the store did not give the whole of it.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(&self.fault, Some((BreakKind::UnreadableObject, _)))
    }
}

/// Lines of a run that hit a limit.
pub(super) struct Unlisted {
    pub(super) line: u64,
    pub(super) lines: u64,
    /// How many of them are neither in a piece nor listed as damaged.
    pub(super) count: u64,
}

/// Consecutive lines that link perfectly, as far as they reach.
#[derive(Clone)]
pub(super) struct Piece {
    /// Index into the objects of the log.
    pub(super) object: usize,
    /// Line numbers are those of the object.
    pub(super) stretch: Stretch,
    /// The runs that hold it.
    pub(super) parts: Vec<Part>,
    /// Standing of keys: the number of boundaries that the chain's time has passed.
    window: usize,
    /// A moment of that window, at which keys are judged for every record of the piece.
    pub(super) judged_at: Moment,
}

/// The part of a piece that one run holds.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) run: usize,
    pub(super) first: u64,
    /// Line of the first record, counted from the start of the run.
    pub(super) line: u64,
    pub(super) offset: u64,
    pub(super) prev: Digest,
}

/// Damaged lines; more than one only where they are another log's.
#[derive(Clone)]
pub(super) struct Damage {
    pub(super) line: u64,
    pub(super) lines: u64,
    pub(super) offset: u64,
    pub(super) kind: BreakKind,
    pub(super) detail: String,
    pub(super) digest: Option<Digest>,
    pub(super) log: Option<String>,
    pub(super) seq: Option<u64>,
    pub(super) prev: Option<Digest>,
}

impl Piece {
    pub(super) fn first(&self) -> u64 {
        self.stretch.first
    }

    pub(super) fn last(&self) -> u64 {
        self.stretch.last
    }

    pub(super) fn line_of(&self, seq: u64) -> u64 {
        self.stretch.line + (seq - self.stretch.first)
    }

    /// Returns the line just after the last.
    pub(super) fn next_line(&self) -> u64 {
        self.line_of(self.last()) + 1
    }
}

pub(super) fn lay_out<'a>(input: &StitchInput<'a>) -> Layout<'a> {
    let set: BTreeSet<&RunSummary> = input.runs.iter().filter(|run| run.source == input.source).collect();
    let mut runs: Vec<&RunSummary> = set.into_iter().collect();
    runs.sort_by_key(|run| (&run.object, run.start));
    let mut line_bases = BTreeMap::new();
    let mut whole = Vec::new();
    for (name, fault) in object_facts(input, &runs) {
        let first = runs.partition_point(|run| run.object < *name);
        let own = runs[first..].iter().take_while(|run| run.object == *name).enumerate();
        let own = own.map(|(index, run)| (first + index, *run));
        whole.push(whole_object(name, fault, own, &mut line_bases));
    }
    let logs = group(input, whole);
    Layout { runs, logs, line_bases }
}

type Fault = Option<(BreakKind, String)>;

/// Returns the names of all objects, listed ones first and in their order.
fn object_facts<'a>(input: &StitchInput<'a>, runs: &[&'a RunSummary]) -> Vec<(&'a String, Fault)> {
    let mut names = BTreeSet::new();
    let listed = input.objects.iter().map(|object| (&object.name, object.fault.clone()));
    let found = runs.iter().map(|run| (&run.object, None));
    listed.chain(found).filter(|(name, _)| names.insert(*name)).collect()
}

/// One object with all its pieces, of whatever log.
struct WholeObject {
    base: LogObject,
    pieces: Vec<Piece>,
}

fn whole_object<'a>(
    name: &str,
    fault: Fault,
    runs: impl Iterator<Item = (usize, &'a RunSummary)>,
    line_bases: &mut BTreeMap<(String, u64), u64>,
) -> WholeObject {
    let base = LogObject {
        name: name.to_owned(),
        lines: 0,
        damage: Vec::new(),
        torn: None,
        fault,
        unlisted: Vec::new(),
    };
    let mut object = WholeObject { base, pieces: Vec::new() };
    let mut at = 0;
    for (index, run) in runs {
        if run.start != at && object.base.fault.is_none() {
            let detail = format!("segments do not join: expected byte {at}, found byte {}", run.start);
            object.base.fault = Some((BreakKind::UnreadableObject, detail));
        }
        at = run.start + run.length;
        line_bases.insert((run.object.clone(), run.start), object.base.lines);
        object.take(index, run);
    }
    object
}

impl WholeObject {
    /// Adds a run, moving its line numbers behind the lines taken so far.
    fn take(&mut self, index: usize, run: &RunSummary) {
        let base = self.base.lines;
        for stretch in &run.stretches {
            let part = Part {
                run: index,
                first: stretch.first,
                line: stretch.line,
                offset: stretch.offset,
                prev: stretch.prev,
            };
            let stretch = moved(stretch.clone(), base);
            let judged_at = stretch.latest;
            self.pieces.push(Piece { object: 0, stretch, parts: vec![part], window: 0, judged_at });
        }
        self.base.damage.extend(run.damaged.iter().map(|line| Damage::of(line, base)));
        self.base.torn = run.torn.clone().map(|torn| TornTail { line: torn.line + base, ..torn });
        if run.unlisted > 0 {
            self.base.unlisted.push(Unlisted { line: base + 1, lines: run.lines, count: run.unlisted });
        }
        self.base.lines += run.lines;
    }

    /// Returns the log whose object this is: the one that most of its records name, declared logs first.
    fn log(&self, declared: &[String]) -> Option<String> {
        let mut votes: BTreeMap<&str, (bool, u64)> = BTreeMap::new();
        for Piece { stretch, .. } in &self.pieces {
            let is_declared = declared.contains(&stretch.log);
            votes.entry(&stretch.log).or_insert((is_declared, 0)).1 += stretch.records();
        }
        let first = self.pieces.first().map(|piece| piece.stretch.log.as_str());
        let winner = votes
            .iter()
            .max_by_key(|(name, votes)| (**votes, Some(**name) == first, std::cmp::Reverse(**name)));
        winner.map(|(name, _)| (*name).to_owned())
    }

    /// Sets aside the records that name another log than `log`, or one that is not declared.
    fn set_aside_others(&mut self, log: &str, declared: &[String]) {
        let (own, others): (Vec<Piece>, Vec<Piece>) =
            std::mem::take(&mut self.pieces).into_iter().partition(|piece| piece.stretch.log == log);
        self.pieces = own;
        self.base
            .damage
            .extend(join_neighbours(others).iter().map(|other| Damage::of_other_log(other, log, declared)));
        self.base.damage.sort_by_key(|damage| damage.line);
        let other_version = self.pieces.is_empty()
            && self.base.damage.iter().all(|damage| damage.kind == BreakKind::UnrecognisedFormat);
        for damage in &mut self.base.damage {
            if damage.kind == BreakKind::UnrecognisedFormat && !other_version {
                damage.kind = BreakKind::Malformed;
            }
        }
    }
}

/// Joins lines of other logs as far as one follows the other, whatever their keys and times.
fn join_neighbours(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if follows(last, &piece) => append(last, piece, None),
            _ => joined.push(piece),
        }
    }
    joined
}

impl Damage {
    fn of(line: &DamagedLine, base: u64) -> Self {
        Self {
            line: line.line + base,
            lines: 1,
            offset: line.offset,
            kind: line.kind,
            detail: line.detail.clone(),
            digest: line.digest,
            log: line.log.clone(),
            seq: line.seq,
            prev: line.prev,
        }
    }

    fn of_other_log(piece: &Piece, log: &str, declared: &[String]) -> Self {
        let Stretch { log: named, first, last, head, prev, .. } = &piece.stretch;
        let expected = if declared.is_empty() { log.to_owned() } else { declared.join("`, `") };
        let what = if first == last { "record".to_owned() } else { format!("{} records", last - first + 1) };
        Self {
            line: piece.stretch.line,
            lines: piece.stretch.records(),
            offset: piece.stretch.offset,
            kind: BreakKind::Spliced,
            detail: format!("{what} of log `{named}`, expected `{expected}`"),
            digest: Some(*head),
            log: None,
            seq: Some(*first),
            prev: Some(*prev),
        }
    }
}

fn moved(mut stretch: Stretch, lines: u64) -> Stretch {
    stretch.line += lines;
    for signer in stretch.signers.values_mut() {
        signer.first.line += lines;
    }
    if let Some(place) = &mut stretch.first_fall {
        place.line += lines;
    }
    for silence in &mut stretch.silences {
        silence.line += lines;
    }
    stretch
}

/// Groups objects by log and joins what the cuts have parted. A declared log without an object is a group as well.
fn group(input: &StitchInput<'_>, objects: Vec<WholeObject>) -> Vec<LogGroup> {
    let found: Vec<Option<String>> = objects.iter().map(|object| object.log(input.logs)).collect();
    let mut names: BTreeSet<String> = input.logs.iter().cloned().collect();
    if names.is_empty() {
        names.extend(found.iter().flatten().cloned());
    }
    let mut groups: BTreeMap<String, LogGroup> = BTreeMap::new();
    for name in &names {
        groups.insert(name.clone(), LogGroup { name: name.clone(), objects: Vec::new(), pieces: Vec::new() });
    }
    for (mut object, found) in objects.into_iter().zip(found) {
        let name = home(input, &names, found, &object.base);
        object.set_aside_others(&name, input.logs);
        let group = groups.entry(name.clone()).or_insert_with(|| LogGroup {
            name,
            objects: Vec::new(),
            pieces: Vec::new(),
        });
        let index = group.objects.len();
        group.pieces.extend(object.pieces.into_iter().map(|piece| Piece { object: index, ..piece }));
        group.objects.push(object.base);
    }
    let boundaries = input.keyring.boundaries();
    for group in groups.values_mut() {
        limit_damage(&mut group.objects);
        set_windows(&mut group.pieces, &boundaries);
        join(&mut group.pieces, input.max_silence);
    }
    groups.into_values().collect()
}

/// Keeps the damaged lines of a log to a number that can be looked at one by one, and marks the objects of the rest.
fn limit_damage(objects: &mut [LogObject]) {
    let mut room = MAX_DAMAGED;
    for object in objects {
        let beyond = object.damage.split_off(object.damage.len().min(room));
        room -= object.damage.len();
        if !beyond.is_empty() {
            let count = beyond.iter().map(|damage| damage.lines).sum();
            object.unlisted.push(Unlisted { line: 1, lines: object.lines, count });
        }
    }
}

/// Returns the log that an object is charged to, also where no record of it is intact.
fn home(
    input: &StitchInput<'_>,
    names: &BTreeSet<String>,
    found: Option<String>,
    object: &LogObject,
) -> String {
    if let Some(found) = found.filter(|found| names.contains(found)) {
        return found;
    }
    if names.len() == 1 {
        return names.iter().next().expect("one name").clone();
    }
    let claimed =
        object.damage.iter().filter_map(|damage| damage.log.as_ref()).find(|log| names.contains(*log));
    claimed.or_else(|| names.iter().next()).cloned().unwrap_or_else(|| input.source.to_owned())
}

/// Judges time along the chain: no piece lies in an earlier window than one with lower sequence numbers.
fn set_windows(pieces: &mut [Piece], boundaries: &[Moment]) {
    let mut order: Vec<(u64, usize)> =
        pieces.iter().enumerate().map(|(index, piece)| (piece.first(), index)).collect();
    order.sort_unstable();
    let mut reached = 0;
    for same_first in order.chunk_by(|a, b| a.0 == b.0) {
        let mut greatest = reached;
        for &(_, index) in same_first {
            let piece = &mut pieces[index];
            piece.window = window(boundaries, piece.stretch.latest).max(reached);
            let passed = piece.window.checked_sub(1).map(|index| boundaries[index]);
            piece.judged_at = passed.map_or(piece.stretch.latest, |passed| passed.max(piece.stretch.latest));
            greatest = greatest.max(piece.window);
        }
        reached = greatest;
    }
}

fn join(pieces: &mut Vec<Piece>, max_silence: Option<i64>) {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces.drain(..) {
        match joined.last_mut() {
            Some(last) if last.window == piece.window && follows(last, &piece) => {
                append(last, piece, max_silence)
            }
            _ => joined.push(piece),
        }
    }
    *pieces = joined;
}

fn follows(before: &Piece, after: &Piece) -> bool {
    let (a, b) = (&before.stretch, &after.stretch);
    before.object == after.object
        && a.end == b.offset
        && a.log == b.log
        && a.last + 1 == b.first
        && a.head == b.prev
        && !a.closes
}

fn append(last: &mut Piece, next: Piece, max_silence: Option<i64>) {
    let (a, b) = (&mut last.stretch, next.stretch);
    a.note_step(b.first_time, Place { line: b.line, offset: b.offset, seq: b.first }, max_silence);
    a.falls += b.falls;
    a.first_fall = a.first_fall.or(b.first_fall);
    a.silences.extend(b.silences);
    for (key, signer) in b.signers {
        a.signers.entry(key).and_modify(|own| own.records += signer.records).or_insert(signer);
    }
    a.last_offset = b.last_offset;
    a.end = b.end;
    a.last = b.last;
    a.head = b.head;
    a.last_time = b.last_time;
    a.earliest = a.earliest.min(b.earliest);
    a.latest = a.latest.max(b.latest);
    a.last_key = b.last_key;
    a.closes = b.closes;
    last.parts.extend(next.parts);
}
