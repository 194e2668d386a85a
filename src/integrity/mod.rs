//! Records to verified records: signatures, hash chains, trust, and what they show.

pub mod record;
pub mod verdict;
