//! Tables to results: the control library, its queries, the result algebra, and coverage.
//!
//! In: the published tables ([`crate::table`]) and the one-row `param`. Out: items with a state per test
//! ([`item`]), an outcome per test ([`outcome`]), and a status per control ([`coverage`]). The library is data:
//! `controls/` of the source tree, embedded, with a workspace's own `controls/` laid over it by path.

pub mod case;
pub mod catalog;
pub mod coverage;
pub mod definition;
pub mod error;
pub mod item;
pub mod library;
pub mod mapping;
pub mod outcome;
pub mod parameter;
pub mod portable;
pub mod query;

pub use error::ControlError;
pub use library::Library;
