//! Appends events to a `countersign-log/1` file, safe under two writers and under a kill at any moment.
//!
//! The order of steps is the guarantee (`docs/formats/countersign-log.md` §10):
//!
//! 1. every event is checked before the log is touched, so a batch is refused whole or not at all;
//! 2. a lock on `LOG.lock` keeps other writers out; the system releases it when the process dies;
//! 3. the whole chain is read, and the signature of its last line checked: that line vouches for all lines before it;
//! 4. the lines are written at the end in one go, and are on stable storage before anything is reported.
//!
//! A kill during step 4 leaves whole lines and at most one torn one. Whole lines of a batch that was not reported are part
//! of the log: the caller knows from the exit code that it must look before it repeats them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use thiserror::Error;

use crate::clock::Moment;
use crate::digest::Digest;
use crate::exit::Exit;
use crate::integrity::chain::{LogScanner, RunSummary, ScanOptions, Scanned};
use crate::integrity::countersign_log::{Draft, LogLine, MAX_LINE, Role, check_event, is_log_name};
use crate::integrity::head::LogHead;
use crate::integrity::keyring::Keyring;
use crate::integrity::signature::{KeyError, PublicKey};
use crate::source::framing::Lines;

/// What to append, and where.
#[derive(Debug)]
pub struct Append<'a> {
    /// The log file.
    pub path: &'a Path,
    /// The key that signs.
    pub key: &'a SigningKey,
    /// Name of the log; needed where the file is new.
    pub log: Option<&'a str>,
    /// Head of the file that a new one continues.
    pub after: Option<&'a LogHead>,
    /// Whether to set a torn tail aside.
    pub recover: bool,
    /// The time of the records, unless the last record is later.
    pub now: Moment,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Appended {
    /// The last record of the log.
    pub head: LogHead,
    /// Where torn bytes were moved to.
    pub recovered: Option<PathBuf>,
    /// Key id of the last record before, where it is another key, whose signature could not be checked here.
    pub unchecked_key: Option<Digest>,
}

/// Why nothing, or not everything, was appended.
#[derive(Debug, Error)]
pub enum AppendError {
    /// An event that a verifier would refuse. The user can fix this.
    #[error("event {number}: {detail}")]
    Event {
        /// Number of the event on the input, from 1.
        number: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// There is nothing to append. The user can fix this.
    #[error("expected events on standard input, one JSON object a line, found none")]
    NoEvents,
    /// A new file without a name for its log. The user can fix this.
    #[error("`{}` is new, and the log has no name", path.display())]
    NoName {
        /// The log file.
        path: PathBuf,
    },
    /// A name that no log has. The user can fix this.
    #[error("log name `{0}` is not `[a-z0-9._-]{{1,64}}`")]
    BadName(String),
    /// Another name than the file's. The user can fix this.
    #[error("expected log `{expected}`, the file holds `{found}`")]
    OtherLog {
        /// Name asked for.
        expected: String,
        /// Name in the file.
        found: String,
    },
    /// A head to continue from, though the file has records. The user can fix this.
    #[error("`{}` has records already, and goes on from its own last one", path.display())]
    NotNew {
        /// The log file.
        path: PathBuf,
    },
    /// The key cannot sign. The user can fix this.
    #[error("unusable key")]
    Key(#[from] KeyError),
    /// The log ends in a torn line. The user can fix this.
    #[error("log `{}` ends in {length} torn bytes at line {line}", path.display())]
    Torn {
        /// The log file.
        path: PathBuf,
        /// Line that they would begin.
        line: u64,
        /// Number of bytes.
        length: u64,
    },
    /// Torn bytes were set aside, and no record says so yet. The user can fix this.
    #[error("torn bytes lie in `{}`, and the log does not say so yet", file.display())]
    Pending {
        /// Where they lie.
        file: PathBuf,
    },
    /// Other bytes lie where torn bytes belong. The user can fix this.
    #[error("`{}` exists, and does not hold the torn bytes", file.display())]
    Occupied {
        /// The file in the way.
        file: PathBuf,
    },
    /// The log ended with a closing record. The user can fix this.
    #[error("log `{}` is closed: its last record says that nothing follows", path.display())]
    Closed {
        /// The log file.
        path: PathBuf,
    },
    /// The log does not verify. The user can look into it.
    #[error("log `{}` does not verify: {detail}", path.display())]
    Broken {
        /// The log file.
        path: PathBuf,
        /// The first fault.
        detail: String,
    },
    /// Reading or writing failed. The user can fix this.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

impl AppendError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Event { .. } => {
                "correct the event; no event of this input was appended (`docs/formats/countersign-log.md` §5)".to_owned()
            }
            Self::NoEvents => "pipe them in, such as `echo '{\"kind\":\"heartbeat\"}' | countersign append …`".to_owned(),
            Self::NoName { .. } => "give `--log NAME`, the name that trust files bind the key to".to_owned(),
            Self::BadName(_) | Self::OtherLog { .. } => "correct `--log`".to_owned(),
            Self::NotNew { .. } => "leave out `--after`, or name a new file".to_owned(),
            Self::Key(error) => return error.help(),
            Self::Torn { .. } | Self::Pending { .. } => {
                "run the same command with `--recover`: it moves the torn bytes aside and appends a record that says so"
                    .to_owned()
            }
            Self::Occupied { .. } => "move that file away, and run the command again".to_owned(),
            Self::Closed { .. } => "begin another log under another name".to_owned(),
            Self::Broken { path, .. } => {
                format!("run `countersign verify {}`, and go on in another log; appending would hide the break", path.display())
            }
            Self::Io { .. } => "check that the folder exists, is writable, and has room".to_owned(),
        })
    }

    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Torn { .. } | Self::Pending { .. } | Self::Closed { .. } | Self::Broken { .. } => {
                Exit::Altered
            }
            Self::Io { .. } => Exit::Incomplete,
            _ => Exit::Usage,
        }
    }
}

/// Events that a verifier would accept, in order.
#[derive(Debug)]
pub struct Batch {
    events: Vec<String>,
}

impl Batch {
    /// Checks events, one JSON object a line; white space around each is dropped, and empty lines are passed over.
    ///
    /// # Errors
    ///
    /// Refuses the whole batch at the first event that a verifier would refuse, and a closing event that is not the last.
    pub fn parse(input: &[u8]) -> Result<Self, AppendError> {
        let text = std::str::from_utf8(input).map_err(|error| AppendError::Event {
            number: 1 + input[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count(),
            detail: "not UTF-8".to_owned(),
        })?;
        let mut events: Vec<String> = Vec::new();
        let mut closed = false;
        for (index, event) in
            text.split('\n').map(str::trim).enumerate().filter(|(_, event)| !event.is_empty())
        {
            let refuse = |detail: String| AppendError::Event { number: index + 1, detail };
            if closed {
                return Err(refuse("it follows a `close` event, which is the last of its log".to_owned()));
            }
            let role = check_event(event).map_err(|fault| refuse(fault.detail))?;
            closed = role == Role::Close;
            events.push(event.to_owned());
        }
        Ok(Self { events })
    }
}

impl Append<'_> {
    /// Appends `batch`, and returns once it is on stable storage.
    ///
    /// # Errors
    ///
    /// Nothing was appended, except after [`AppendError::Io`] while writing, when whole lines of the batch may stand.
    pub fn run(&self, batch: &Batch) -> Result<Appended, AppendError> {
        if let Some(name) = self.log.filter(|name| !is_log_name(name)) {
            return Err(AppendError::BadName(name.to_owned()));
        }
        let public = PublicKey::of_signing_key(self.key)?;
        let _lock = self.lock()?;
        let end = self.read_end(&public)?;
        let set_aside = self.set_aside(&end)?;
        let mut events: Vec<String> = Vec::new();
        if let Some((_, event)) = &set_aside {
            events.push(event.clone());
        }
        events.extend(batch.events.iter().cloned());
        if events.is_empty() && end.next == 0 {
            return Err(AppendError::NoEvents);
        }
        let recovered = set_aside.as_ref().map(|(file, _)| file.clone());
        let (lines, head) = self.compose(&events, &end, &public, events.len() - batch.events.len())?;
        // Only now, with everything checked, may the log change.
        if end.torn > 0 {
            self.cut_to(end.length)?;
        }
        self.write(&lines, end.length)?;
        Ok(Appended { head, recovered, unchecked_key: end.unchecked_key })
    }

    fn lock(&self) -> Result<File, AppendError> {
        lock(self.path).map_err(|(path, source)| AppendError::Io { action: "lock", path, source })
    }

    /// Reads the log to its end, and refuses one that must not be continued.
    fn read_end(&self, public: &PublicKey) -> Result<End, AppendError> {
        let io = |source| AppendError::Io { action: "read", path: self.path.to_owned(), source };
        let file = match File::open(self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.new_end(0),
            Err(error) => return Err(io(error)),
        };
        let keyring = Keyring::empty();
        let mut scanner = LogScanner::new(ScanOptions {
            source: "log",
            object: "log",
            start: 0,
            logs: &[],
            keyring: &keyring,
            max_silence: None,
        });
        let mut last = Vec::new();
        let mut broken = None;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, file), 0, u64::MAX, MAX_LINE + 1);
        while let Some(line) = lines.next_line().map_err(io)? {
            let rejected = match (line.oversize, line.ended) {
                (Some((length, digest)), _) => Some(scanner.overlong(length, Some(digest))),
                (None, false) => scanner.tail(line.bytes),
                (None, true) => {
                    last.clear();
                    last.extend_from_slice(line.bytes);
                    match scanner.line(&last) {
                        Scanned::Rejected(rejected) => Some(rejected),
                        Scanned::Admitted(_) => None,
                    }
                }
            };
            if broken.is_none() {
                broken = rejected.map(|rejected| format!("line {}: {}", rejected.line, rejected.detail));
            }
        }
        if let Some(detail) = broken {
            return Err(self.broken(detail));
        }
        self.end_of(&scanner.finish(), &last, public)
    }

    fn end_of(&self, run: &RunSummary, last: &[u8], public: &PublicKey) -> Result<End, AppendError> {
        let torn = run.torn.as_ref().map_or(0, |torn| torn.length);
        let Some(chain) = run.stretches.first() else { return self.new_end(torn) };
        if self.after.is_some() {
            return Err(AppendError::NotNew { path: self.path.to_owned() });
        }
        if let Some(next) = run.stretches.get(1) {
            if chain.closes {
                return Err(self.broken(format!("line {} follows a closing record", next.line)));
            }
            return Err(self.broken(format!("line {} does not link to the line before", next.line)));
        }
        if run.unlisted > 0 {
            return Err(self.broken("it names more keys than a log can have".to_owned()));
        }
        if (chain.first == 0) != (chain.prev == Digest::ZERO) {
            return Err(self.broken("line 1 does not begin the log as it must".to_owned()));
        }
        if let Some(expected) = self.log.filter(|name| *name != chain.log) {
            return Err(AppendError::OtherLog { expected: expected.to_owned(), found: chain.log.clone() });
        }
        let line = LogLine::parse(last).map_err(|fault| self.broken(fault.detail))?;
        if line.key == public.id() {
            let mut signed = Vec::new();
            line.signed_bytes(&mut signed);
            if !public.verifies(&signed, &line.signature) {
                return Err(self.broken(format!("line {}: the signature does not fit the key", run.lines)));
            }
        }
        if chain.closes {
            return Err(AppendError::Closed { path: self.path.to_owned() });
        }
        Ok(End {
            log: chain.log.clone(),
            next: chain.last + 1,
            prev: chain.head,
            time: Some(chain.last_time),
            length: chain.end,
            lines: run.lines,
            torn,
            unchecked_key: (line.key != public.id()).then_some(line.key),
        })
    }

    /// Returns the end of a file without a record.
    fn new_end(&self, torn: u64) -> Result<End, AppendError> {
        let name = match (self.log, self.after) {
            (Some(log), Some(after)) if log != after.log => {
                return Err(AppendError::OtherLog { expected: log.to_owned(), found: after.log.clone() });
            }
            (Some(log), _) => log,
            (None, Some(after)) => &after.log,
            (None, None) => return Err(AppendError::NoName { path: self.path.to_owned() }),
        };
        Ok(End {
            log: name.to_owned(),
            next: self.after.map_or(0, |after| after.seq + 1),
            prev: self.after.map_or(Digest::ZERO, |after| after.digest),
            time: None,
            length: 0,
            lines: 0,
            torn,
            unchecked_key: None,
        })
    }

    fn broken(&self, detail: String) -> AppendError {
        AppendError::Broken { path: self.path.to_owned(), detail }
    }

    /// Moves torn bytes to a file of their own, and returns it with the event that says so.
    ///
    /// A kill between the steps leaves either the torn tail, or the file without its record; both are found and finished
    /// by the next `--recover`.
    fn set_aside(&self, end: &End) -> Result<Option<(PathBuf, String)>, AppendError> {
        let file = with_suffix(self.path, &format!(".torn-{}", end.next));
        let io = |action| {
            let path = file.clone();
            move |source| AppendError::Io { action, path, source }
        };
        let there = match fs::read(&file) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io("read")(error)),
        };
        if end.torn == 0 && there.is_none() {
            return Ok(None);
        }
        if !self.recover {
            return Err(if end.torn > 0 {
                AppendError::Torn { path: self.path.to_owned(), line: end.lines + 1, length: end.torn }
            } else {
                AppendError::Pending { file }
            });
        }
        let bytes = match there {
            Some(bytes) if end.torn == 0 => bytes,
            there => {
                let torn = self.torn_bytes(end)?;
                match there {
                    Some(there) if there != torn => return Err(AppendError::Occupied { file }),
                    Some(_) => {}
                    None => write_whole(&file, &torn).map_err(io("write"))?,
                }
                torn
            }
        };
        let event = format!(
            "{{\"kind\":\"recovered\",\"length\":{},\"digest\":\"{}\"}}",
            bytes.len(),
            Digest::of(&bytes)
        );
        Ok(Some((file, event)))
    }

    fn torn_bytes(&self, end: &End) -> Result<Vec<u8>, AppendError> {
        let read = || {
            let mut file = File::open(self.path)?;
            file.seek(SeekFrom::Start(end.length))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|source| AppendError::Io { action: "read", path: self.path.to_owned(), source })
    }

    /// Signs all lines. Each is read back as a verifier would, so nothing is written that it would refuse.
    fn compose(
        &self,
        events: &[String],
        end: &End,
        public: &PublicKey,
        own_events: usize,
    ) -> Result<(Vec<u8>, LogHead), AppendError> {
        let time = end.time.map_or(self.now, |last| last.max(self.now));
        let mut head = LogHead { log: end.log.clone(), seq: end.next.saturating_sub(1), digest: end.prev };
        let mut bytes = Vec::new();
        for ((index, event), seq) in events.iter().enumerate().zip(end.next..) {
            let draft = Draft { log: &end.log, seq, time, key: public.id(), prev: head.digest, event };
            let line = draft.sign(|signed| self.key.sign(signed).to_bytes());
            LogLine::parse(line.as_bytes()).map_err(|fault| AppendError::Event {
                number: (index + 1).saturating_sub(own_events).max(1),
                detail: fault.detail,
            })?;
            head.seq = seq;
            head.digest = Digest::of(line.as_bytes());
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        Ok((bytes, head))
    }

    fn cut_to(&self, length: u64) -> Result<(), AppendError> {
        let cut = || {
            let file = OpenOptions::new().write(true).open(self.path)?;
            file.set_len(length)?;
            file.sync_all()
        };
        cut().map_err(|source| AppendError::Io {
            action: "cut the torn bytes from",
            path: self.path.to_owned(),
            source,
        })
    }

    /// Writes at the end and syncs. On failure what was written is taken back, as far as the system lets us.
    fn write(&self, lines: &[u8], length: u64) -> Result<(), AppendError> {
        if lines.is_empty() {
            return Ok(());
        }
        let write = || {
            let mut file = OpenOptions::new().create(true).append(true).open(self.path)?;
            let written = file.write_all(lines).and_then(|()| file.sync_all());
            if written.is_err() {
                let _ = file.set_len(length).and_then(|()| file.sync_all());
            }
            written?;
            if length == 0 { sync_folder(self.path) } else { Ok(()) }
        };
        write().map_err(|source| AppendError::Io { action: "append to", path: self.path.to_owned(), source })
    }
}

/// Where a log ends, and how it goes on.
struct End {
    log: String,
    next: u64,
    prev: Digest,
    time: Option<Moment>,
    /// Bytes up to the last LF.
    length: u64,
    lines: u64,
    torn: u64,
    unchecked_key: Option<Digest>,
}

/// Keeps other writers of a log out until the file is dropped. On failure, gives the lock file too.
pub(in crate::integrity) fn lock(log: &Path) -> Result<File, (PathBuf, io::Error)> {
    let path = with_suffix(log, ".lock");
    let locked = || {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        file.lock()?;
        Ok(file)
    };
    locked().map_err(|error| (path.clone(), error))
}

pub(in crate::integrity) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Writes a file so that after a kill it is whole or absent.
pub(in crate::integrity) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = with_suffix(path, ".part");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder(path)
}

/// Makes a new name in a folder outlast a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
