//! Logs that other products hash and sign, by chain profile.
//!
//! A chain profile (`chains/<id>.toml`, `docs/formats/chain-profile.md`) says in closed byte expressions how the records of a
//! product are hashed, linked and signed. In: records. Out: what each layer of the format sees in each record ([`Seen`]), and per
//! log a verdict in the same words as for our own format.


pub mod scan;
pub mod stitch;
pub mod seen;
