use proptest::prelude::*;

use super::*;
use crate::control::Library;

const CLEAR: Circumstances = Circumstances { holes: 0, fillable: true };
const HOLE: Circumstances = Circumstances { holes: 1, fillable: true };
const UNFILLED: Circumstances = Circumstances { holes: 0, fillable: false };

fn counts(ok: u64, exception: u64, accepted: u64, untestable: u64, pending: u64) -> Counts {
    Counts { ok, exception, accepted, untestable, pending }
}

/// Every row of the table of results, for each kind of test.
#[test]
fn the_first_rule_that_holds_decides() {
    use TestOutcome::*;
    let none = counts(0, 0, 0, 0, 0);
    let clean = counts(9, 0, 0, 0, 0);
    let pending = counts(0, 0, 0, 0, 2);
    let rows = counts(9, 1, 0, 0, 0);
    let accepted = counts(9, 0, 1, 0, 0);
    let untestable = counts(9, 0, 0, 1, 0);
    let both = counts(9, 1, 0, 1, 0);
    for (what, counts, circumstances, deviation, indicator, evidence) in [
        ("no item", none, CLEAR, NoOccurrence, NoOccurrence, NoOccurrence),
        ("no item, a hole", none, HOLE, UnableToTest, UnableToTest, UnableToTest),
        ("no item, unfillable", none, UNFILLED, NotEvidencedHere, NotEvidencedHere, NotEvidencedHere),
        ("pending only", pending, CLEAR, NoOccurrence, NoOccurrence, NoOccurrence),
        ("pending only, a hole", pending, HOLE, UnableToTest, UnableToTest, UnableToTest),
        ("all ok", clean, CLEAR, NoException, NoException, NoException),
        ("all ok, a hole", clean, HOLE, UnableToTest, UnableToTest, UnableToTest),
        ("all ok, unfillable", clean, UNFILLED, NotEvidencedHere, NotEvidencedHere, NotEvidencedHere),
        ("rows", rows, CLEAR, Exception, Review, Limited),
        ("rows, a hole", rows, HOLE, Exception, UnableToTest, Limited),
        ("rows, unfillable", rows, UNFILLED, Exception, NotEvidencedHere, Limited),
        ("accepted rows", accepted, CLEAR, Exception, Review, Limited),
        ("untestable", untestable, CLEAR, UnableToTest, UnableToTest, UnableToTest),
        ("rows and untestable", both, CLEAR, Exception, UnableToTest, Limited),
    ] {
        let found = [Kind::Deviation, Kind::Indicator, Kind::EvidenceQuality]
            .map(|kind| outcome(kind, &counts, circumstances));
        assert_eq!(found, [deviation, indicator, evidence], "{what}");
    }
}

#[test]
fn the_states_sum_to_the_population() {
    let counts = counts(1, 2, 3, 4, 5);
    assert_eq!((counts.population(), counts.exceptions()), (15, 5));
}

#[test]
fn reliance_names_what_limits_it() {
    let library = Library::load(None).unwrap();
    let test = library.test("SOD-01").unwrap();
    let clean: BTreeMap<String, TestOutcome> =
        test.relies_on.iter().map(|id| (id.clone(), TestOutcome::NoException)).collect();
    let full = reliance(test, &clean, []);
    assert_eq!((full.word(), full.reasons.len()), ("full", 0));

    let own = reliance(test, &clean, ["no roster".to_owned()]);
    assert_eq!((own.word(), own.reasons), ("limited", vec!["no roster".to_owned()]));

    let mut gap = clean.clone();
    gap.insert("LOG-02".to_owned(), TestOutcome::Limited);
    gap.remove("LOG-04");
    let limited = reliance(test, &gap, []);
    assert_eq!(limited.reasons, ["LOG-02: limits reliance", "LOG-04 did not run"]);
}

/// Tells whether `after` claims no more than `before`.
fn no_better(before: TestOutcome, after: TestOutcome) -> bool {
    after <= before
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Deviation), Just(Kind::Indicator), Just(Kind::EvidenceQuality)]
}

proptest! {
    /// An untestable item or a hole more never improves an outcome, nor does an ok item that turns untestable. With a
    /// row, or without the columns, no result is clean.
    #[test]
    fn more_doubt_never_improves(
        kind in kinds(),
        states in prop::array::uniform5(0u64..3),
        holes in 0usize..2,
        fillable in any::<bool>(),
    ) {
        let [ok, exception, accepted, untestable, pending] = states;
        let before = counts(ok, exception, accepted, untestable, pending);
        let circumstances = Circumstances { holes, fillable };
        let was = outcome(kind, &before, circumstances);

        let untestable = Counts { untestable: before.untestable + 1, ..before };
        prop_assert!(no_better(was, outcome(kind, &untestable, circumstances)));
        let exception = Counts { exception: before.exception + 1, ..before };
        let with_row = outcome(kind, &exception, circumstances);
        prop_assert!(!matches!(with_row, TestOutcome::NoException | TestOutcome::NoOccurrence));
        let hole = Circumstances { holes: holes + 1, fillable };
        prop_assert!(no_better(was, outcome(kind, &before, hole)));
        if ok > 0 {
            let turned = Counts { ok: ok - 1, untestable: before.untestable + 1, ..before };
            prop_assert!(no_better(was, outcome(kind, &turned, circumstances)));
        }
        let unfilled = outcome(kind, &before, Circumstances { holes, fillable: false });
        prop_assert!(!matches!(unfilled, TestOutcome::NoException | TestOutcome::NoOccurrence));
    }
}
