//! Verified records to events, by mapping files and no code.

mod error;
mod json;
mod stamp;

pub use error::{Place, ProfileError};
