//! The first and the last record, against the genesis rule, brought heads, and the closing record.

use super::seam::Findings;
use super::sweep::{Chain, Seg};
use crate::digest::Digest;
use crate::integrity::head::LogHead;
use crate::integrity::verdict::{Break, BreakKind};

/// What the ends of a log show.
#[derive(Default)]
pub(super) struct Ends {
    /// Sequence number of the greatest brought head that the chain contains, last record or not.
    pub(super) contained: Option<u64>,
    /// A brought head that is the last record.
    pub(super) head_is_last: bool,
    /// The first record is the log's first, or goes on from a brought `after` head.
    pub(super) begins: bool,
    /// The last record says that it is the last, and nothing follows.
    pub(super) closed: bool,
    /// What a brought head could not show, in words.
    pub(super) remarks: Vec<String>,
    pub(super) breaks: Vec<Break>,
}

pub(super) fn examine(chain: &Chain<'_>, findings: &Findings, heads: &[LogHead], after: &[LogHead]) -> Ends {
    let mut ends = Ends::default();
    for (index, piece) in chain.group.pieces.iter().enumerate() {
        if (piece.first() == 0) != (piece.stretch.prev == Digest::ZERO) {
            let detail = format!("sequence {} with `prev` `{}`", piece.first(), piece.stretch.prev);
            ends.breaks.push(chain.break_at(index, piece.first(), BreakKind::WrongGenesis, detail));
        }
    }
    let own = |list: &[LogHead]| -> Vec<LogHead> {
        list.iter().filter(|head| head.log == chain.group.name).cloned().collect()
    };
    let (heads, after) = (own(heads), own(after));
    let (Some(&first), Some(&last)) = (findings.kept.first(), findings.kept.last()) else {
        ends.nothing_left(chain, &heads);
        return ends;
    };
    for head in &heads {
        ends.against_head(chain, &findings.kept, head);
    }
    ends.begins = first.from == 0;
    for head in &after {
        ends.against_after(chain, &findings.kept, head);
    }
    if first.from > chain.damaged_before(first) && after.is_empty() {
        let detail =
            format!("the first record has sequence {}, and no head says what came before", first.from);
        ends.breaks.push(chain.break_at(first.piece, first.from, BreakKind::LateStart, detail));
    }
    ends.against_close(chain, &findings.kept, last);
    ends
}

impl Ends {
    /// A head of a log of which no record is left.
    fn nothing_left(&mut self, chain: &Chain<'_>, heads: &[LogHead]) {
        let Some(object) = chain.group.objects.iter().find(|object| object.fault.is_none()) else { return };
        for head in heads {
            self.breaks.push(Break {
                object: object.name.clone(),
                line: 0,
                offset: 0,
                seq: None,
                kind: BreakKind::TruncatedTail,
                detail: format!("no record, expected the head at sequence {}", head.seq),
            });
        }
    }

    fn against_head(&mut self, chain: &Chain<'_>, kept: &[Seg], head: &LogHead) {
        let (first, last) = (kept[0], kept[kept.len() - 1]);
        if head.seq > last.to {
            if head.seq - last.to <= chain.damaged_after(last) {
                return; // A damaged line stands where the head was, and is a break of its own.
            }
            if chain.group.objects.iter().any(|object| object.is_unreadable()) {
                self.remarks.push(format!("the head at sequence {} is not in what could be read", head.seq));
                return;
            }
            let detail = format!("the last record has sequence {}, the head is at {}", last.to, head.seq);
            self.breaks.push(chain.break_at(last.piece, last.to, BreakKind::TruncatedTail, detail));
            return;
        }
        let Some(seg) = holding(kept, head.seq) else {
            if head.seq < first.from {
                self.before_first(chain, first, head);
            }
            return;
        };
        match chain.digest(seg.piece, head.seq) {
            Some(digest) if digest == head.digest => {
                self.contained = self.contained.max(Some(head.seq));
                self.head_is_last |= head.seq == last.to;
            }
            Some(digest) => {
                let detail = format!("its digest is `{digest}`, the head says `{}`", head.digest);
                self.breaks.push(chain.break_at(seg.piece, head.seq, BreakKind::Fork, detail));
            }
            None => self.remarks.push(format!("the head at sequence {} could not be compared", head.seq)),
        }
    }

    /// A head that lies before the first record: not contained, and all between is missing.
    fn before_first(&mut self, chain: &Chain<'_>, first: Seg, head: &LogHead) {
        let detail = format!("the first record has sequence {}, the head is at {}", first.from, head.seq);
        let joins = head.seq + 1 == first.from && chain.prev(first.piece, first.from) == Some(head.digest);
        if joins {
            self.remarks.push(format!("{detail}: it is the end of what came before; bring it as `--after`"));
        } else {
            self.breaks.push(chain.break_at(first.piece, first.from, BreakKind::TruncatedHead, detail));
        }
    }

    fn against_after(&mut self, chain: &Chain<'_>, kept: &[Seg], head: &LogHead) {
        let (first, last) = (kept[0], kept[kept.len() - 1]);
        let mut broken = |at: Seg, seq: u64, kind: BreakKind, detail: String| {
            self.breaks.push(chain.break_at(at.piece, seq, kind, detail));
        };
        if head.seq > last.to {
            let detail =
                format!("the last record has sequence {}, the records before end at {}", last.to, head.seq);
            broken(last, last.to, BreakKind::TruncatedTail, detail);
        } else if head.seq + 1 < first.from {
            if first.from - head.seq - 1 <= chain.damaged_before(first) {
                return;
            }
            let detail = format!("expected sequence {}, found {}", head.seq + 1, first.from);
            broken(first, first.from, BreakKind::TruncatedHead, detail);
        } else if head.seq + 1 == first.from {
            let named = chain.prev(first.piece, first.from);
            if named == Some(head.digest) {
                self.begins = true;
            } else {
                let named = named.map(|digest| digest.to_string()).unwrap_or_default();
                let detail = format!("it names `{named}` as the line before, expected `{}`", head.digest);
                broken(first, first.from, BreakKind::TruncatedHead, detail);
            }
        } else if let Some(seg) = holding(kept, head.seq) {
            match chain.digest(seg.piece, head.seq) {
                Some(digest) if digest == head.digest => self.begins = true,
                Some(digest) => {
                    let detail =
                        format!("its digest is `{digest}`, the records before end with `{}`", head.digest);
                    broken(seg, head.seq, BreakKind::Fork, detail);
                }
                None => {
                    self.remarks.push(format!("the record at sequence {} could not be compared", head.seq))
                }
            }
        }
    }

    fn against_close(&mut self, chain: &Chain<'_>, kept: &[Seg], last: Seg) {
        let closes = |seg: &&Seg| chain.piece(**seg).stretch.closes && seg.to == chain.piece(**seg).last();
        let Some(close) = kept.iter().find(closes) else { return };
        if close.to == last.to {
            let object = &chain.group.objects[chain.piece(*close).object];
            self.closed = object.torn.is_none();
            return;
        }
        let next = kept.iter().find(|seg| seg.from > close.to).copied().unwrap_or(last);
        let detail = format!("the record at sequence {} said that it is the last", close.to);
        self.breaks.push(chain.break_at(next.piece, next.from, BreakKind::TruncatedTail, detail));
    }
}

fn holding(kept: &[Seg], seq: u64) -> Option<Seg> {
    kept.iter().find(|seg| (seg.from..=seg.to).contains(&seq)).copied()
}
