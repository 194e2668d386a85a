//! Countersign turns approval logs into audit evidence.
//!
//! The pipeline is the architecture. Each module below is one stage; data never flows back:
//!
//! ```text
//! ObjectRef ▶ Object ▶ Line ▶ Record ▶ VerifiedRecord ▶ Event ▶ Case ▶ tables ▶ TestResult ▶ Assessment ▶ View ▶ files, pack
//! source      source   framing  chain     verify ⤷Rejected  event   case   table       control      assess       report   pack
//! ```
//!
//! `docs/ARCHITECTURE.md` walks through it, one section per stage.

// What enters a run.
pub mod clock;
pub mod digest;
pub mod duration;
pub mod sample;
pub mod settings;
// Objects to records.
pub mod source;
// Records to verified records.
pub mod integrity;
// Verified records to events.
pub mod column;
pub mod event;
pub mod profile;
pub mod redact;
// The three functions on which every run stands.
pub mod segment;
// Events to cases to tables.
pub mod case;
pub mod identity;
pub mod reference;
pub mod table;
// Tables to results.
pub mod control;
pub mod waiver;
// Results to an assessment, and its renderings.
pub mod assess;
pub mod report;
// The pack.
pub mod pack;
// All of it in order.
pub mod run;
// What a person or a job types.
pub mod cli;
pub mod error;
pub mod exit;
pub mod progress;
