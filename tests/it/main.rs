//! The one integration-test binary. A further file here is a module, not a target.

mod bad_input;
mod conservation;
mod control;
mod pack;
mod pdf;
mod profile;
mod same_bytes;
mod samples;
#[allow(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]
mod support;
mod verify;
