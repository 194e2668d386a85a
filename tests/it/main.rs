//! The one integration-test binary. A further file here is a module, not a target.
#![expect(clippy::unwrap_used, reason = "a test that panics has shown what it is for")]

mod archives;
mod bad_input;
mod chains;
mod ci;
mod cloudtrail;
mod conservation;
mod control;
mod docs;
mod envelopes;
mod foreign;
mod forgeries;
mod frameworks;
mod fuzz_targets;
mod integrity;
mod monotonic;
mod outputs;
mod pack;
mod pdf;
mod previous;
mod probes;
mod profile;
mod redacted;
mod redaction;
mod reference;
mod same_bytes;
mod samples;
mod seal;
mod sources;
mod support;
mod terminal;
mod tlog;
mod trust;
mod vectors;
mod verify;
mod waivers;
