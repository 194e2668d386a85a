//! Records to verified records: signatures, hash chains, trust, and what they show.

pub mod canon;
pub mod chain;
pub mod checkpoint;
pub mod countersign_log;
pub mod dsse;
pub mod foreign;
pub mod head;
pub mod json;
pub mod jwk;
pub mod keyring;
pub mod line_leaves;
pub mod merkle;
pub mod note;
pub mod record;
pub mod seal;
pub mod signature;
pub mod stitch;
pub mod tree;
pub mod verdict;
pub mod writer;
