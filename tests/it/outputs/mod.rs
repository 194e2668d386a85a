//! The renderings beside HTML and PDF, and the verbs that look into a run or a pack.

#![allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod case;
mod formats;
