//! An assessment to files: one document, printed as HTML and PDF, and the canonical `report.json`.

pub mod document;
pub mod model;
pub mod pdf;
