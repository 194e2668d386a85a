//! Bytes to records: where objects lie, how they are packed, and how they are cut into records.

pub mod framing;
