//! An assessment to files: one document, printed as HTML and PDF, and the canonical `report.json`.

pub mod check;
pub mod console;
pub mod csv;
pub mod document;
pub mod figure;
#[cfg(test)]
pub(crate) mod fixture;
pub mod html;
pub mod json;
pub mod junit;
pub mod model;
pub mod oscal;
pub mod pdf;
pub mod sarif;
pub mod view;
pub mod visible;
pub mod workpaper;
