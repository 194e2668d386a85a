//! Logs of real and of made formats, cut, forged, and judged.

mod attacks;
mod bench;
mod logs;
mod properties;
