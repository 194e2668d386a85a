//! The sealed evidence pack: a BagIt bag with a signed statement.
//!
//! In: an assessment's report, its renderings, tables, policy, keys and source objects ([`PackContents`]).
//! Out: a folder that anybody can check ([`seal`]). Back in: [`PackFolder`], whose [`PackFolder::check`] tells what
//! was changed since, and which needs no derivation. `docs/formats/pack.md` is the specification.

pub mod bag;
pub mod check;
pub mod dsse;
mod error;
mod folder;
pub mod layout;
mod manifest;
mod out;
pub mod parquet;
pub mod redacted;
pub mod redo;
pub mod statement;
mod text;
mod walk;
mod write;

pub use self::check::{PackCheck, Signature, StatementKey};
pub use self::error::PackError;
pub use self::folder::{PackFolder, PackedObject, RunSettings};
pub use self::out::OutFolder;
pub use self::write::{Fill, NamedBytes, PackContents, Sealed, SourceContent, SourceObject, seal};
