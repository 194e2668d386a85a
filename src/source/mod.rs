//! Bytes to records: where objects lie, how they are packed, and how they are cut into records.
//!
//! Input: patterns of a workspace or paths of a command line. Output: [`location::ObjectRef`]s, then
//! [`framing::Record`]s with the place of each. Nothing here knows what a record means.

pub mod archive;
pub mod container;
pub mod framing;
pub mod location;
pub mod object;
