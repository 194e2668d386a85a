//! Why a log was not sealed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::exit::Exit;
use crate::integrity::checkpoint::CheckpointError;
use crate::integrity::note::NoteError;
use crate::integrity::signature::KeyError;

/// Why a log was not sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// A name that no log has. The user can fix this.
    #[error("log name `{0}` is not `[a-z0-9._-]{{1,64}}`")]
    BadName(String),
    /// The log's records do not carry a name. The user can fix this.
    #[error("the records of `{}` do not say which log they are of", path.display())]
    NoName {
        /// The log file.
        path: PathBuf,
    },
    /// Another name than before. The user can fix this.
    #[error("expected log `{expected}`, {what} is of `{found}`")]
    OtherLog {
        /// Name asked for, or in the records.
        expected: String,
        /// Name found.
        found: String,
        /// Where it was found.
        what: &'static str,
    },
    /// The key cannot sign. The user can fix this.
    #[error("unusable key")]
    Key(#[from] KeyError),
    /// The file of the checkpoint is none. The user can look into it.
    #[error("`{}` is no checkpoint that can be gone on from", path.display())]
    BadCheckpoint {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: CheckpointError,
    },
    /// Somebody unknown signed the checkpoint before. The user can look into it.
    #[error("neither this key nor a trusted one signed `{}`", path.display())]
    UnknownSigner {
        /// The file.
        path: PathBuf,
    },
    /// The log was sealed before, and its checkpoint is gone. The user can look into it.
    #[error("the log was sealed before, and its checkpoint `{}` is not there", path.display())]
    NoCheckpoint {
        /// Where it should lie.
        path: PathBuf,
        /// The seal.
        state: PathBuf,
    },
    /// The seal is not as it was written. The user can look into it.
    #[error("`{}` is no seal: {detail}", path.display())]
    BadState {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The log ends in a torn line. The user can fix this.
    #[error("log `{}` ends in {length} bytes without a line end, at line {line}", path.display())]
    Torn {
        /// The log file.
        path: PathBuf,
        /// Line that they would begin.
        line: u64,
        /// Number of bytes.
        length: u64,
    },
    /// The log is not what was sealed, or does not verify. The user can look into it.
    #[error("log `{}` is not sealed on: {detail}", path.display())]
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

impl SealError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::BadName(_) | Self::OtherLog { .. } => "correct `--log`, or name another checkpoint".to_owned(),
            Self::NoName { .. } => "give `--log NAME`, the name that whoever verifies will use".to_owned(),
            Self::Key(error) => return error.help(),
            Self::BadCheckpoint { source, .. } => return source.help(),
            Self::UnknownSigner { .. } => {
                "after a change of keys, name the earlier key in a trust file with purpose `checkpoint`, and give `--trust`"
                    .to_owned()
            }
            Self::NoCheckpoint { state, .. } => format!(
                "bring the checkpoint back from where it is kept; to begin anew, remove `{}`",
                state.display()
            ),
            Self::BadState { path, .. } => {
                format!("remove `{}`; the whole log is then compared with its checkpoint", path.display())
            }
            Self::Torn { .. } => {
                "wait until its writer is done; `countersign append --recover` sets torn bytes aside".to_owned()
            }
            Self::Broken { path, .. } => {
                format!("run `countersign verify {}` with `--head` and the checkpoint to see what is left", path.display())
            }
            Self::Io { .. } => "check that the file exists, that its folder is writable, and that there is room".to_owned(),
        })
    }

    /// Returns how the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::BadCheckpoint { source: CheckpointError::Note(NoteError::BadSignature { .. }), .. }
            | Self::Torn { .. }
            | Self::Broken { .. }
            | Self::BadState { .. } => Exit::Altered,
            Self::Io { .. } => Exit::Incomplete,
            _ => Exit::Usage,
        }
    }
}
