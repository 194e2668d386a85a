//! Records to verified records: signatures, hash chains, trust, and what they show.

pub mod canon;
pub mod chain;
pub mod countersign_log;
pub mod foreign;
pub mod head;
pub mod json;
pub mod keyring;
pub mod record;
pub mod signature;
pub mod stitch;
pub mod tree;
pub mod verdict;
pub mod writer;
