//! Seals a log: a Merkle tree over its raw lines, and a signed checkpoint of it.
//!
//! Sealing goes on from where the last one ended (`docs/formats/checkpoint.md`). `LOG.seal` holds the hashes of the tree so far
//! and where its last line lies; nobody signs it, so that it is believed only as far as the signed checkpoint agrees. In steps:
//!
//! 1. a lock on `LOG.lock` keeps writers out, `append` too;
//! 2. the checkpoint before must be signed by this key, or by one that the trust file names for checkpoints;
//! 3. the hashes of `LOG.seal` must have its root, and the last sealed line must stand where it stood, byte for byte;
//! 4. only what follows is read: it must be whole lines, and where the log is a `countersign-log/1`, records that
//!    go on from the sealed ones;
//! 5. the checkpoint is written, then `LOG.seal`, each under another name first. A kill between the two leaves a checkpoint that
//!    is ahead, and the next sealing reads up to it again.

mod error;
mod state;

use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

pub use self::error::SealError;
use self::state::{Last, State};
use super::chain::{LogScanner, RunSummary, ScanOptions, Scanned};
use super::checkpoint::Checkpoint;
use super::countersign_log::{FORMAT, LogLine, MAX_LINE, Role, is_log_name};
use super::keyring::{Keyring, Standing};
use super::line_leaves::LineLeaves;
use super::merkle::{CompactRange, leaf_hash};
use super::signature::PublicKey;
use super::writer::{lock, with_suffix, write_whole};
use crate::digest::Digest;
use crate::source::framing::Lines;

/// What to seal, and with what.
#[derive(Debug)]
pub struct Seal<'a> {
    /// The log file.
    pub path: &'a Path,
    /// The key that signs.
    pub key: &'a SigningKey,
    /// Name of the log, for one whose records do not carry it.
    pub log: Option<&'a str>,
    /// Where the checkpoint lies; `LOG.checkpoint` where left out.
    pub checkpoint: Option<&'a Path>,
    /// Trusted keys: those that signed earlier checkpoints, and those that sign the records.
    pub keyring: &'a Keyring,
    /// Whether to read everything again.
    pub full: bool,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// The checkpoint as it now stands.
    pub checkpoint: Checkpoint,
    /// Where it lies.
    pub path: PathBuf,
    /// Lines that were sealed before.
    pub before: u64,
    /// Bytes that were read.
    pub read: u64,
    /// Bytes of the log.
    pub bytes: u64,
    /// True where nothing had to be written.
    pub unchanged: bool,
    /// True where the key that signs the records signs the checkpoint too.
    pub same_key: bool,
}

impl Seal<'_> {
    /// Seals the log, and returns once the checkpoint is on stable storage.
    ///
    /// # Errors
    ///
    /// Nothing was written, except after [`SealError::Io`] while writing, when the checkpoint may stand without its `LOG.seal`.
    pub fn run(&self) -> Result<Sealed, SealError> {
        if let Some(name) = self.log.filter(|name| !is_log_name(name)) {
            return Err(SealError::BadName(name.to_owned()));
        }
        let public = PublicKey::of_signing_key(self.key)?;
        let mut file = File::open(self.path).map_err(|source| self.io("read", self.path, source))?;
        let _lock = lock(self.path).map_err(|(path, source)| self.io("lock", &path, source))?;
        let bytes = file.metadata().map_err(|source| self.io("read", self.path, source))?.len();
        let place = self.checkpoint.map_or_else(|| with_suffix(self.path, ".checkpoint"), Path::to_owned);
        let state_place = with_suffix(self.path, ".seal");
        let state = self.state(&state_place)?;
        let previous = self.previous(&place, &public)?;
        if state.is_some() && previous.is_none() {
            return Err(SealError::NoCheckpoint { path: place, state: state_place });
        }
        let native = self.is_native(&mut file)?;
        let start = self.start(&mut file, bytes, state.as_ref(), previous.as_ref(), native)?;
        let tree = self.read_on(&mut file, &start, state.as_ref(), previous.as_ref(), native)?;
        let name = self.name(&tree, state.as_ref(), previous.as_ref())?;
        for (known, what) in [
            (state.as_ref().map(|state| state.log.as_str()), "the seal"),
            (previous.as_ref().map(Checkpoint::log), "the checkpoint"),
        ] {
            if let Some(found) = known.filter(|known| *known != name) {
                return Err(SealError::OtherLog { expected: name, found: found.to_owned(), what });
            }
        }
        self.finish(Finish { name, tree, start, bytes, place, state_place, state, previous, public })
    }

    fn state(&self, path: &Path) -> Result<Option<State>, SealError> {
        match self.read_file(path)? {
            None => Ok(None),
            Some(text) => State::parse(&text)
                .map(Some)
                .map_err(|detail| SealError::BadState { path: path.to_owned(), detail }),
        }
    }

    fn read_file(&self, path: &Path) -> Result<Option<Vec<u8>>, SealError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io("read", path, source)),
        }
    }

    /// Returns the checkpoint before, which somebody known must have signed.
    fn previous(&self, path: &Path, public: &PublicKey) -> Result<Option<Checkpoint>, SealError> {
        let Some(text) = self.read_file(path)? else { return Ok(None) };
        let checkpoint = Checkpoint::parse(&text, self.keyring)
            .map_err(|source| SealError::BadCheckpoint { path: path.to_owned(), source })?;
        match checkpoint.signed_by(public) {
            Some(true) => Ok(Some(checkpoint)),
            Some(false) => Err(self.broken(format!(
                "the signature of its checkpoint `{}` does not fit this key",
                path.display()
            ))),
            None if checkpoint.standing(self.keyring, None) == Standing::Trusted => Ok(Some(checkpoint)),
            None => Err(SealError::UnknownSigner { path: path.to_owned() }),
        }
    }

    /// Tells whether the log says that it is a `countersign-log/1`.
    fn is_native(&self, file: &mut File) -> Result<bool, SealError> {
        let marker = format!("{{\"v\":\"{FORMAT}\"");
        let mut start = Vec::new();
        let mut read = || {
            file.seek(SeekFrom::Start(0))?;
            file.by_ref().take(marker.len() as u64).read_to_end(&mut start)
        };
        read().map_err(|source| self.io("read", self.path, source))?;
        Ok(start == marker.as_bytes())
    }

    /// Decides where reading begins. What was sealed before is passed over where the last sealed line still stands.
    fn start(
        &self,
        file: &mut File,
        bytes: u64,
        state: Option<&State>,
        previous: Option<&Checkpoint>,
        native: bool,
    ) -> Result<Start, SealError> {
        let (Some(state), Some(previous)) = (state, previous) else { return Ok(Start::first()) };
        if bytes < state.offset {
            return Err(self.broken(format!("{bytes} bytes, {} were sealed", state.offset)));
        }
        // A checkpoint behind the seal says nothing of the hashes there; only the lines themselves can.
        if self.full || previous.size < state.size {
            return Ok(Start::first());
        }
        let range = state.range();
        let root = range.root().expect("the range begins at 0");
        if previous.size == state.size && root != previous.root {
            return Err(self.broken(format!(
                "the hashes in `{}` have another root than the checkpoint at {} lines",
                with_suffix(self.path, ".seal").display(),
                state.size
            )));
        }
        let Some(last) = &state.last else { return Ok(Start::first()) };
        let line = self.sealed_line(file, last, state.offset)?;
        let record = match native.then(|| LogLine::parse(&line)) {
            None => None,
            Some(Ok(record)) => Some((record.log.to_owned(), record.seq, record.role == Role::Close)),
            Some(Err(fault)) => return Err(self.broken(format!("line {}: {}", state.size, fault.detail))),
        };
        Ok(Start { offset: state.offset, range, last: Some(last.clone()), record })
    }

    /// Returns the last line that was sealed, which must be the line it was.
    fn sealed_line(&self, file: &mut File, last: &Last, end: u64) -> Result<Vec<u8>, SealError> {
        let from = last.offset.saturating_sub(1);
        let mut bytes = Vec::new();
        let mut read = || {
            file.seek(SeekFrom::Start(from))?;
            file.by_ref().take(end.saturating_sub(from)).read_to_end(&mut bytes)
        };
        read().map_err(|source| self.io("read", self.path, source))?;
        let line = if last.offset > 0 { bytes.strip_prefix(b"\n") } else { Some(bytes.as_slice()) };
        let line = line
            .and_then(|line| line.strip_suffix(b"\n"))
            .filter(|line| !line.contains(&b'\n') && Digest::of(line) == last.digest);
        line.map(<[u8]>::to_vec)
            .ok_or_else(|| self.broken(format!("the last sealed line, before byte {end}, is another line")))
    }

    /// Reads what follows the start, and compares the tree on its way with what was sealed.
    fn read_on(
        &self,
        file: &mut File,
        start: &Start,
        state: Option<&State>,
        previous: Option<&Checkpoint>,
        native: bool,
    ) -> Result<Tree, SealError> {
        let mut marks: Vec<(u64, Digest, &str)> = Vec::new();
        marks.extend(previous.map(|previous| (previous.size, previous.root, "the checkpoint")));
        marks.extend(
            state.map(|state| (state.size, state.range().root().expect("it begins at 0"), "the seal")),
        );
        file.seek(SeekFrom::Start(start.offset)).map_err(|source| self.io("read", self.path, source))?;
        let mut tree = Tree {
            range: start.range.clone(),
            end: start.offset,
            last: start.last.clone().map(|last| last.offset),
            log: None,
            keys: Vec::new(),
        };
        let mut check = |range: &CompactRange| -> Result<(), SealError> {
            for (size, root, what) in &marks {
                if *size == range.end() && range.root() != Some(*root) {
                    return Err(self.broken(format!("its first {size} lines are not those of {what}")));
                }
            }
            Ok(())
        };
        check(&tree.range)?;
        if native {
            self.read_records(file, start, &mut tree, &mut check)?;
        } else {
            self.read_lines(file, start, &mut tree, &mut check)?;
        }
        match marks.iter().find(|(size, ..)| *size > tree.range.end()) {
            Some((size, _, what)) => {
                Err(self.broken(format!("{} lines, {what} was made over {size}", tree.range.end())))
            }
            None => Ok(tree),
        }
    }

    fn read_lines(
        &self,
        file: &mut File,
        start: &Start,
        tree: &mut Tree,
        check: &mut dyn FnMut(&CompactRange) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        let mut lines = LineLeaves::new(BufReader::with_capacity(1 << 18, file), start.offset);
        while let Some(leaf) = lines.next_leaf().map_err(|source| self.io("read", self.path, source))? {
            if !leaf.ended {
                return Err(self.torn(tree, leaf.end - leaf.offset));
            }
            tree.push(leaf.hash, leaf.offset, leaf.end);
            check(&tree.range)?;
        }
        Ok(())
    }

    fn read_records(
        &self,
        file: &mut File,
        start: &Start,
        tree: &mut Tree,
        check: &mut dyn FnMut(&CompactRange) -> Result<(), SealError>,
    ) -> Result<(), SealError> {
        let mut scanner = LogScanner::new(ScanOptions {
            source: "log",
            object: "log",
            start: start.offset,
            logs: &[],
            keyring: self.keyring,
            max_silence: None,
        });
        let base = start.range.end();
        let reader = BufReader::with_capacity(1 << 18, file);
        let mut lines = Lines::new(reader, start.offset, u64::MAX, MAX_LINE + 1);
        while let Some(line) = lines.next_line().map_err(|source| self.io("read", self.path, source))? {
            let rejected = match (line.oversize, line.ended) {
                (Some((length, digest)), _) => Some(scanner.overlong(length, Some(digest))),
                (None, false) => match scanner.tail(line.bytes) {
                    None => return Err(self.torn(tree, line.bytes.len() as u64)),
                    rejected => rejected,
                },
                (None, true) => {
                    let end = line.offset + line.bytes.len() as u64 + 1;
                    tree.push(leaf_hash(line.bytes), line.offset, end);
                    match scanner.line(line.bytes) {
                        Scanned::Rejected(rejected) => Some(rejected),
                        Scanned::Admitted(_) => None,
                    }
                }
            };
            if let Some(rejected) = rejected {
                return Err(self.broken(format!("line {}: {}", base + rejected.line, rejected.detail)));
            }
            check(&tree.range)?;
        }
        let run = scanner.finish();
        self.check_records(start, &run)?;
        tree.log = run.stretches.first().map(|stretch| stretch.log.clone());
        tree.log = tree.log.take().or_else(|| start.record.as_ref().map(|(log, ..)| log.clone()));
        tree.keys = run.stretches.iter().flat_map(|stretch| stretch.signers.keys().copied()).collect();
        Ok(())
    }

    /// Looks at what no single line shows: that records go on from one another, and under which keys.
    fn check_records(&self, start: &Start, run: &RunSummary) -> Result<(), SealError> {
        let base = start.range.end();
        if run.unlisted > 0 {
            return Err(self.broken("it names more keys than a log can have".to_owned()));
        }
        let mut before = start
            .record
            .clone()
            .zip(start.last.clone())
            .map(|((log, seq, closes), last)| (log, seq, last.digest, closes));
        for stretch in &run.stretches {
            let line = base + stretch.line;
            match &before {
                None if (stretch.first == 0) != (stretch.prev == Digest::ZERO) => {
                    return Err(self.broken(format!("line {line} does not begin the log as it must")));
                }
                Some((.., true)) => {
                    return Err(self.broken(format!("line {line} follows a closing record")));
                }
                Some((log, seq, digest, _))
                    if (log, seq + 1, digest) != (&stretch.log, stretch.first, &stretch.prev) =>
                {
                    return Err(self.broken(format!("line {line} does not link to the line before")));
                }
                _ => {}
            }
            if self.keyring.binds(&stretch.log) {
                for (key, signer) in &stretch.signers {
                    let standing = self.keyring.judge_log(*key, &stretch.log, stretch.latest);
                    if let Some(kind) = standing.kind() {
                        return Err(
                            self.broken(format!("line {}: `{kind}`, key `{key}`", base + signer.first.line))
                        );
                    }
                }
            }
            before = Some((stretch.log.clone(), stretch.last, stretch.head, stretch.closes));
        }
        Ok(())
    }

    fn name(
        &self,
        tree: &Tree,
        state: Option<&State>,
        previous: Option<&Checkpoint>,
    ) -> Result<String, SealError> {
        let own = tree.log.clone();
        if let (Some(own), Some(asked)) = (&own, self.log)
            && own != asked
        {
            return Err(SealError::OtherLog {
                expected: asked.to_owned(),
                found: own.clone(),
                what: "the log",
            });
        }
        own.or_else(|| self.log.map(str::to_owned))
            .or_else(|| state.map(|state| state.log.clone()))
            .or_else(|| previous.map(|previous| previous.log().to_owned()))
            .ok_or_else(|| SealError::NoName { path: self.path.to_owned() })
    }

    fn finish(&self, finish: Finish) -> Result<Sealed, SealError> {
        let Finish { name, tree, start, bytes, place, state_place, state, previous, public } = finish;
        let size = tree.range.end();
        let root = tree.range.root().expect("the range begins at 0");
        let last = match tree.last {
            None => None,
            Some(offset) if Some(offset) == start.last.as_ref().map(|last| last.offset) => start.last.clone(),
            Some(offset) => Some(Last { offset, digest: self.digest_of(offset, tree.end)? }),
        };
        // A checkpoint that says the same already may carry cosignatures by now.
        let kept = previous.as_ref().filter(|previous| previous.size == size && previous.root == root);
        let origin = previous.as_ref().map_or(name.as_str(), |previous| &previous.origin);
        let made = match kept {
            Some(kept) => kept.clone(),
            None => Checkpoint::sign(origin, size, root, self.key)
                .ok_or_else(|| SealError::BadName(origin.to_owned()))?,
        };
        if kept.is_none() {
            write_whole(&place, made.to_text().as_bytes())
                .map_err(|source| self.io("write", &place, source))?;
        }
        let next = State { log: name, size, offset: tree.end, last, hashes: tree.range.hashes().collect() };
        let same = state.as_ref() == Some(&next);
        if !same {
            let written = write_whole(&state_place, next.to_text().as_bytes());
            written.map_err(|source| self.io("write", &state_place, source))?;
        }
        Ok(Sealed {
            before: previous.as_ref().map_or(0, |previous| previous.size),
            unchanged: kept.is_some() && same,
            checkpoint: made,
            path: place,
            read: tree.end - start.offset,
            bytes,
            same_key: tree.keys.contains(&public.id()),
        })
    }

    /// Returns the SHA-256 of the line in `[from, end)`, without its LF.
    fn digest_of(&self, from: u64, end: u64) -> Result<Digest, SealError> {
        let read = || {
            let mut file = File::open(self.path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut hasher = crate::digest::Hasher::default();
            let mut line = file.take(end - from - 1);
            let mut buffer = vec![0; 1 << 16];
            loop {
                match line.read(&mut buffer)? {
                    0 => return Ok(hasher.finish()),
                    read => hasher.update(&buffer[..read]),
                }
            }
        };
        read().map_err(|source| self.io("read", self.path, source))
    }

    fn torn(&self, tree: &Tree, length: u64) -> SealError {
        SealError::Torn { path: self.path.to_owned(), line: tree.range.end() + 1, length }
    }

    fn broken(&self, detail: String) -> SealError {
        SealError::Broken { path: self.path.to_owned(), detail }
    }

    fn io(&self, action: &'static str, path: &Path, source: io::Error) -> SealError {
        SealError::Io { action, path: path.to_owned(), source }
    }
}

/// Where reading begins, and what is known of the lines before.
struct Start {
    offset: u64,
    range: CompactRange,
    last: Option<Last>,
    /// Log, sequence number, and whether it closes the log, of the last sealed record of a `countersign-log/1`.
    record: Option<(String, u64, bool)>,
}

impl Start {
    fn first() -> Self {
        Self { offset: 0, range: CompactRange::new(0), last: None, record: None }
    }
}

/// The tree as far as it was read.
struct Tree {
    range: CompactRange,
    end: u64,
    /// Offset of the last line.
    last: Option<u64>,
    log: Option<String>,
    keys: Vec<Digest>,
}

impl Tree {
    fn push(&mut self, leaf: Digest, offset: u64, end: u64) {
        self.range.push(leaf);
        self.last = Some(offset);
        self.end = end;
    }
}

/// Everything that is known before something is written.
struct Finish {
    name: String,
    tree: Tree,
    start: Start,
    bytes: u64,
    place: PathBuf,
    state_place: PathBuf,
    state: Option<State>,
    previous: Option<Checkpoint>,
    public: PublicKey,
}

#[cfg(test)]
mod tests;
