//! The one integration-test binary. A further file here is a module, not a target.

mod control;
mod integrity;
mod docs;
mod pack;
mod pdf;
mod profile;
