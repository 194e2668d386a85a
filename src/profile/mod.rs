//! Verified records to events, by mapping files and no code.
