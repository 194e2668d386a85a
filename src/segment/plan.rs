//! What there is to read, cut into segments.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;

use crate::digest::Digest;
use crate::integrity::foreign::ChainFormat;
use crate::integrity::foreign::scan::Mapped;
use crate::integrity::head::LogHead;
use crate::integrity::verdict::BreakKind;
use crate::profile::{Context, Integrity, Profile};
use crate::settings::Source;
use crate::source::container::Container;
use crate::source::framing::Framing;
use crate::source::location::{self, LocationError, ObjectRef};
use crate::source::object;

/// Bytes of a segment, unless a test asks for another size.
///
/// Large enough that a segment's overhead vanishes, small enough that two cores share one file of a few hundred MiB.
pub const SEGMENT_BYTES: u64 = 32 << 20;

/// A source with its objects, sorted by name.
#[derive(Debug)]
pub struct SourcePlan<'p> {
    /// What the workspace declares.
    pub settings: Source,
    /// How its records are read.
    pub profile: &'p Profile,
    /// How its records are hashed and signed, where a chain profile says it.
    pub chain: Option<ChainPlan<'p>>,
    /// What the mapping knows of the source.
    pub context: Context,
    /// Its objects.
    pub objects: Vec<ObjectRef>,
    /// Objects that should be there and are not, with the reason.
    pub missing: Vec<Missing>,
}

impl SourcePlan<'_> {
    /// Tells whether a chain or signatures protect its records.
    pub fn is_protected(&self) -> bool {
        self.chain.is_some() || *self.profile.integrity() != Integrity::None
    }

    /// Tells whether its records are lines of `countersign-log/1`.
    pub fn is_native(&self) -> bool {
        self.chain.is_none() && *self.profile.integrity() == Integrity::CountersignLog
    }

    /// Tells whether it is a folder of AWS CloudTrail, which signed digest files protect.
    pub fn is_trail(&self) -> bool {
        self.chain.is_none() && *self.profile.integrity() == Integrity::CloudTrail
    }

    /// Tells whether its records carry numbers or links that show a missing one.
    pub fn is_sequenced(&self) -> bool {
        let shows =
            |chain: &ChainPlan<'_>| chain.format.layers().iter().any(|layer| layer.linked || layer.sequenced);
        self.chain.as_ref().map_or_else(|| self.is_native(), shows)
    }

    /// Returns how its records lie in an object.
    pub fn framing(&self) -> Framing {
        self.chain.as_ref().map_or_else(|| self.profile.framing(), |chain| chain.format.framing())
    }
}

/// What a source with a chain profile is verified with.
#[derive(Debug)]
pub struct ChainPlan<'p> {
    /// The chain profile.
    pub format: &'p ChainFormat,
    /// Digests of the heads that were brought for it.
    pub heads: Vec<Digest>,
    /// Shared keys that the verifier brought.
    pub mac: Vec<Vec<u8>>,
    /// Columns that the source profile fills from values that no layer covers, sorted.
    pub uncovered_columns: Vec<String>,
    /// Columns by the pointer that fills them.
    pub mapped: Mapped,
}

impl<'p> ChainPlan<'p> {
    /// Returns the plan of a source that `profile` reads and `format` protects, with the `heads` that were brought for it.
    pub fn new<'h>(
        format: &'p ChainFormat,
        profile: &Profile,
        heads: impl IntoIterator<Item = &'h LogHead>,
    ) -> Self {
        Self {
            format,
            heads: heads.into_iter().map(|head| head.digest).collect(),
            mac: Vec::new(),
            uncovered_columns: profile.uncovered_columns(format).into_iter().collect(),
            mapped: profile.mapped_pointers(),
        }
    }
}

/// An object that should be there and is not.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Pattern as declared.
    pub pattern: String,
    /// `missing-object` or `unreadable-object`.
    pub kind: BreakKind,
    /// Why.
    pub detail: String,
}

/// One piece of work: an object, or a range of the lines of a plain one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Index of the source in the plan.
    pub source: usize,
    /// Index of the object in the source.
    pub object: usize,
    /// Lines that begin in this range of bytes; `None` for the whole object.
    pub range: Option<Range<u64>>,
}

impl Segment {
    /// Tells whether the digest of the whole object is noted with this segment, and its own bytes do not give it.
    pub(super) fn needs_digest(&self) -> bool {
        self.range.as_ref().is_some_and(|range| range.start == 0)
    }
}

/// Everything a run reads.
#[derive(Debug)]
pub struct Plan<'p> {
    /// Sources, in the order declared.
    pub sources: Vec<SourcePlan<'p>>,
    /// Segments, by source, object name and offset.
    pub segments: Vec<Segment>,
}

/// Resolves the objects of a source. What is missing is listed, not an error.
pub fn objects(settings: &Source, base: &Path) -> (Vec<ObjectRef>, Vec<Missing>) {
    let mut objects: Vec<ObjectRef> = Vec::new();
    let mut missing = Vec::new();
    for pattern in &settings.objects {
        match location::resolve_members(pattern, base) {
            Ok((found, faults)) => {
                objects.extend(found);
                missing.extend(faults.into_iter().map(|fault| Missing {
                    pattern: fault.name,
                    kind: match fault.absent {
                        true => BreakKind::MissingObject,
                        false => BreakKind::UnreadableObject,
                    },
                    detail: fault.detail,
                }));
            }
            Err(error) => missing.push(Missing {
                pattern: pattern.clone(),
                kind: match error {
                    LocationError::NothingThere { .. } | LocationError::BadPattern { .. } => {
                        BreakKind::MissingObject
                    }
                    LocationError::Archive { .. } | LocationError::Unreachable { .. } => {
                        BreakKind::UnreadableObject
                    }
                },
                detail: match std::error::Error::source(&error) {
                    Some(cause) => format!("{error}: {cause}"),
                    None => error.to_string(),
                },
            }),
        }
    }
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    objects.dedup_by(|a, b| a.name == b.name);
    (objects, missing)
}

/// Cuts the objects of `sources` into segments of about `segment_bytes`.
pub fn plan(sources: Vec<SourcePlan<'_>>, segment_bytes: u64) -> Plan<'_> {
    let mut segments = Vec::new();
    for (source, at) in sources.iter().zip(0..) {
        for (object, index) in source.objects.iter().zip(0..) {
            let cuts = match source.framing().is_lines(&object.name) {
                true => cuts(object, segment_bytes),
                false => vec![0],
            };
            if cuts.len() == 1 {
                segments.push(Segment { source: at, object: index, range: None });
                continue;
            }
            let ends = cuts.iter().skip(1).copied().chain([object.size]);
            segments.extend(cuts.iter().zip(ends).map(|(start, end)| Segment {
                source: at,
                object: index,
                range: Some(*start..end),
            }));
        }
    }
    Plan { sources, segments }
}

/// Returns where the pieces of an object of lines begin: one, unless the object is plain and longer than `segment_bytes`.
pub fn cuts(object: &ObjectRef, segment_bytes: u64) -> Vec<u64> {
    if object.is_member() || object.size <= segment_bytes || !is_plain(object) {
        return vec![0];
    }
    (0..object.size.div_ceil(segment_bytes)).map(|piece| piece * segment_bytes).collect()
}

fn is_plain(object: &ObjectRef) -> bool {
    let mut start = Vec::new();
    let read = object::open(object, Some(0..object.size.min(4)))
        .and_then(|reader| reader.take(4).read_to_end(&mut start));
    read.is_ok() && Container::sniff(&start) == Container::Plain
}
