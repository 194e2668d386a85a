//! Words of results, and the tone each is marked with.

use crate::integrity::verdict::Verdict;
use crate::report::document::Tone;
use crate::report::model::{Test, TestOutcome};

use super::text::of;

/// Returns the tone of a test's outcome.
pub(crate) fn outcome(outcome: TestOutcome) -> Tone {
    match outcome {
        TestOutcome::Exception => Tone::Bad,
        TestOutcome::UnableToTest | TestOutcome::NotEvidencedHere => Tone::Unknown,
        TestOutcome::Limited | TestOutcome::Review => Tone::Caution,
        TestOutcome::NoException => Tone::Good,
        TestOutcome::NoOccurrence => Tone::Plain,
    }
}

/// Returns the outcome of `test` as printed, with its numbers: `exceptions noted (4 of 1,448)`.
pub(crate) fn result(test: &Test) -> String {
    let phrase = test.result.phrase();
    match test.result {
        TestOutcome::Exception | TestOutcome::Review | TestOutcome::Limited | TestOutcome::NoException => {
            format!("{phrase} ({})", of(test.exceptions, test.population))
        }
        TestOutcome::UnableToTest if test.untestable > 0 => {
            format!("{phrase} ({})", of(test.untestable, test.population))
        }
        TestOutcome::UnableToTest | TestOutcome::NoOccurrence | TestOutcome::NotEvidencedHere => {
            phrase.to_owned()
        }
    }
}

/// Returns the tone of a log's verdict.
pub(crate) fn verdict(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Altered => Tone::Bad,
        Verdict::NotVerifiable => Tone::Unknown,
        Verdict::Verified => Tone::Good,
    }
}

/// Returns a verdict in words.
pub(crate) fn verdict_phrase(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Altered => "altered",
        Verdict::NotVerifiable => "not verifiable",
        Verdict::Verified => "verified",
    }
}

/// Returns the tone of a severity.
pub(crate) fn severity(word: &str) -> Tone {
    match word {
        "critical" | "high" => Tone::Bad,
        "medium" => Tone::Caution,
        _ => Tone::Plain,
    }
}

/// The statuses of a control, weakest first: word, letter in the matrix, phrase, and tone.
pub(crate) const STATUSES: [(&str, &str, &str, Tone); 7] = [
    ("exception", "E", "exceptions noted", Tone::Bad),
    ("unable_to_test", "U", "unable to test", Tone::Unknown),
    ("review", "R", "for review", Tone::Caution),
    ("no_exception", "N", "no exceptions noted", Tone::Good),
    ("no_occurrence", "O", "no occurrences", Tone::Plain),
    ("not_tested", "–", "not tested", Tone::Plain),
    ("out_of_scope", "X", "out of scope", Tone::Plain),
];

/// Returns letter, phrase, and tone of a control's status; a word not in the list stands for itself.
pub(crate) fn status(word: &str) -> (&str, &str, Tone) {
    STATUSES
        .iter()
        .find(|(known, ..)| *known == word)
        .map_or(("?", word, Tone::Unknown), |(_, letter, phrase, tone)| (*letter, *phrase, *tone))
}

/// Returns the population verdict in words.
pub(crate) fn population(word: &str) -> (&str, Tone) {
    match word {
        "reconciled" => ("reconciled", Tone::Good),
        "gaps-found" => ("gaps found", Tone::Bad),
        "not-evidenced" => ("not evidenced", Tone::Unknown),
        other => (other, Tone::Unknown),
    }
}
