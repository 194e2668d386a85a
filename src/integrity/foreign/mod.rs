//! Logs that other products hash and sign, by chain profile.
//!
//! A chain profile (`chains/<id>.toml`, `docs/formats/chain-profile.md`) says in closed byte expressions how the records of a
//! product are hashed, linked and signed. In: records. Out: what each layer of the format sees in each record ([`Seen`]), and per
//! log a verdict in the same words as for our own format.
//!
//! `load` compiles a profile to a [`ChainFormat`], `examine` applies it to one record, `coverage` and `lint` say what it cannot
//! show before any data is read.

mod condition;
mod coverage;
pub mod dsse_line;
mod encoding;
pub mod envelope;
mod error;
mod examine;
mod expr;
mod format;
mod hash;
pub mod jws;
mod key;
mod known;
mod library;
mod lint;
mod load;
mod load_envelope;
mod load_expr;
mod mechanism;
mod pointer;
pub mod scan;
pub mod seen;
mod stamp;
pub mod stitch;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub use error::ChainError;
pub use examine::Examination;
pub use format::{By, ChainFormat, Covering};
pub use key::{Keys, mac_key_id};
pub use known::Known;
pub use library::{ChainEntry, ChainLibrary, ChainOrigin};
pub use lint::{ChainLint, ChainLintKind};
pub use mechanism::Payload;
pub use seen::Seen;
