//! The sealed pack: what is written, where, and that no change to it goes unseen.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod change;
mod content;
mod fixture;
mod place;
mod program;
