//! Figures on a large log.
