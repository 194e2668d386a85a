//! The heads of what came before the objects, against the first records of the chains.

use std::collections::BTreeSet;

use super::ForeignInput;
use super::chain::Chain;
use super::layout::Layout;
use crate::digest::Digest;
use crate::integrity::head::LogHead;
use crate::integrity::verdict::{Break, BreakKind};

/// What the brought heads of what came before show.
#[derive(Default)]
pub(super) struct After {
    /// Chains whose first record names a head's record by its digest.
    pub(super) joined: BTreeSet<usize>,
    pub(super) breaks: Vec<Break>,
    pub(super) remarks: Vec<String>,
}

impl After {
    pub(super) fn compare(input: &ForeignInput<'_>, layout: &Layout<'_>, chains: &[Chain<'_>]) -> Self {
        let mut after = Self::default();
        for head in input.after.iter().filter(|head| head.log == input.source) {
            if !layout.runs.iter().any(|run| run.summary.heads.contains_key(&head.digest)) {
                after.one(layout, chains, head);
            }
        }
        after
    }

    fn one(&mut self, layout: &Layout<'_>, chains: &[Chain<'_>], head: &LogHead) {
        let linked = |chain: &Chain<'_>| chain.layer.linked || chain.layer.sequenced;
        let late: Vec<usize> =
            (0..chains.len()).filter(|index| linked(&chains[*index]) && !chains[*index].begins).collect();
        if let Some(index) = late.iter().find(|index| goes_on(&chains[**index], head)) {
            if chains[*index].layer.links_lines {
                self.joined.insert(*index);
            }
            return;
        }
        let comparable = |chain: &Chain<'_>| chain.layer.links_lines || chain.layer.sequenced;
        // A chain that begins anew where others may have ended says nothing of them.
        let open = |chain: &Chain<'_>| !chain.id.chain.is_empty() || chain.id.object.is_some();
        let anew = || chains.iter().find(|chain| linked(chain) && !open(chain)).filter(|_| late.is_empty());
        let found = late.iter().map(|index| &chains[*index]).find(|chain| comparable(chain)).or_else(anew);
        let Some((chain, piece)) = found.and_then(|chain| Some((chain, chain.first_piece()?))) else {
            self.remarks.push(format!("the head before, at sequence {}, could not be compared", head.seq));
            return;
        };
        let detail = match piece.first.seq.filter(|_| chain.layer.sequenced) {
            _ if chain.begins => {
                format!("the log begins here, and the head before, at sequence {}, is not in it", head.seq)
            }
            Some(seq) if Some(seq) != head.seq.checked_add(chain.layer.step) => {
                format!("expected sequence {}, found {seq}", head.seq.saturating_add(chain.layer.step))
            }
            _ => {
                format!("it names another record as the one before it than the head at sequence {}", head.seq)
            }
        };
        self.breaks.push(layout.break_at(piece.object, piece.first, BreakKind::TruncatedHead, detail));
    }
}

/// Tells whether the first record of a chain follows from a head, as far as the two can be compared.
fn goes_on(chain: &Chain<'_>, head: &LogHead) -> bool {
    chain.first_piece().is_some_and(|piece| {
        let in_number = !chain.layer.sequenced
            || piece.first.seq.is_some() && piece.first.seq == head.seq.checked_add(chain.layer.step);
        let names = piece.prev.link() == Some(Digest::of(head.digest.as_bytes()));
        in_number && if chain.layer.links_lines { names } else { chain.layer.sequenced }
    })
}
