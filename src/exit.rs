//! Exit codes, and which of several wins. `docs/usage.md` has the same table for people.

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Done, nothing gated.
    Done,
    /// Exceptions gated by `--fail-on`.
    Exceptions,
    /// Usage, configuration, or a file that is not what it should be.
    Usage,
    /// A log or pack is altered.
    Altered,
    /// Not evidenced: a hole, a count, a grade, or coverage falls short.
    NotEvidenced,
    /// Input or output failed; the run is incomplete.
    Incomplete,
}

impl Exit {
    /// Every exit, the one that wins first.
    pub const PRECEDENCE: [Self; 6] =
        [Self::Usage, Self::Altered, Self::Incomplete, Self::NotEvidenced, Self::Exceptions, Self::Done];

    /// Returns the code given to the caller.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Exceptions => 1,
            Self::Usage => 2,
            Self::Altered => 3,
            Self::NotEvidenced => 4,
            Self::Incomplete => 5,
        }
    }

    /// Returns the exit that wins among `exits`; none is [`Exit::Done`].
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Self {
        let rank = |exit: &Self| Self::PRECEDENCE.iter().position(|other| other == exit);
        exits.into_iter().min_by_key(rank).unwrap_or(Self::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{self, *};

    #[test]
    fn precedence_is_2_3_5_4_1() {
        let mut exits = vec![Done, Exceptions, NotEvidenced, Incomplete, Altered, Usage];
        let mut won = Vec::new();
        while !exits.is_empty() {
            let worst = Exit::worst(exits.iter().copied());
            won.push(worst.code());
            exits.retain(|exit| *exit != worst);
        }
        assert_eq!(won, [2, 3, 5, 4, 1, 0]);
    }
}
