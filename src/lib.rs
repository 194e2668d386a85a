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

// Sources to records.
pub mod clock;
pub mod digest;
pub mod settings;
pub mod source;
// Records to verified records.
pub mod integrity;
// Verified records to events.
pub mod column;
pub mod event;
pub mod identity;
pub mod profile;
pub mod redact;
// Events to cases to tables.
pub mod case;
pub mod run;
pub mod segment;
pub mod table;
// Tables to results.
pub mod control;
// Results to an assessment, and its renderings.
pub mod assess;
pub mod cli;
pub mod error;
pub mod exit;
pub mod report;
// The pack.
pub mod pack;
