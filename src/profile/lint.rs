//! What compiles and cannot be meant: rules that never apply, rules that overlap, words that nothing closes.

use std::collections::BTreeSet;
use std::fmt;

use super::Profile;
use super::column::Holds;
use super::condition::{Condition, Test};
use super::expr::{Constant, Expr};
use super::rule::{Assign, Rule, Verdict};

/// Something that a profile says and that cannot be meant, or that its author should have meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Remark {
    /// Whether the profile should not be used as it is.
    pub weight: Weight,
    /// Id of the rule.
    pub rule: String,
    /// What is wrong.
    pub what: String,
}

/// How much a remark weighs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Weight {
    /// The profile does not do what it says.
    Error,
    /// The profile may be right; whoever reads it should know.
    Note,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.weight == Weight::Error { "error" } else { "note" };
        write!(f, "{word}: rule `{}` {}", self.rule, self.what)
    }
}

impl Profile {
    /// Returns what can be said against the profile without a record at hand, sorted.
    pub fn lint(&self) -> Vec<Remark> {
        let mut remarks = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let mut error = |what: String| {
                remarks.insert(Remark { weight: Weight::Error, rule: rule.id.clone(), what });
            };
            let own = Atoms::of(&rule.when);
            if let Some(path) = own.contradiction() {
                error(format!("never applies: its condition asks two different things of `{path}`"));
            }
            if let Some(verdict) = self.settled_before(&own) {
                error(format!("is never reached: a record that fits it is settled as `{}`", verdict.reason));
            }
            for earlier in &self.rules[..index] {
                let before = Atoms::of(&earlier.when);
                if self.match_first && before.implied_by(&own) && earlier.each.is_empty() {
                    error(format!("is never reached: `{}` comes first and fits as well", earlier.id));
                } else if !self.match_first && ambiguous(earlier, rule, &before, &own) {
                    error(format!("makes a second {} of the records of `{}`", rule.kind, earlier.id));
                }
            }
            remarks.extend(self.open_words(rule));
            remarks.extend(self.shared_requests(rule));
        }
        remarks.into_iter().collect()
    }

    fn settled_before(&self, own: &Atoms) -> Option<&Verdict> {
        let mut verdicts = self.housekeeping.iter().chain(&self.ignores).chain(&self.rejects);
        verdicts.find(|verdict| Atoms::of(&verdict.when).implied_by(own))
    }

    /// Returns a note for every closed column of evidence that takes the record's own words, unmapped.
    fn open_words<'r>(&'r self, rule: &'r Rule) -> impl Iterator<Item = Remark> + 'r {
        let open = rule.assigns.iter().filter_map(|assign| match assign {
            Assign::Column { column, expr } if matches!(column.holds, Holds::Words(_)) => {
                self.is_open(expr).then_some(column.name)
            }
            _ => None,
        });
        open.filter(|_| rule.is_evidence()).map(|name| Remark {
            weight: Weight::Note,
            rule: rule.id.clone(),
            what: format!("takes `{name}` from the record without a map: any other word rejects the record"),
        })
    }

    /// Returns a note for every join by nearness that may take one request for several executions.
    fn shared_requests<'r>(&'r self, rule: &'r Rule) -> impl Iterator<Item = Remark> + 'r {
        let joins = rule.takes.iter().filter_map(|(index, _)| self.joins.get(*index));
        let shared =
            joins.filter(|join| join.takes_request() && join.nearest().is_some_and(|near| !near.once));
        shared.map(|join| Remark {
            weight: Weight::Note,
            rule: rule.id.clone(),
            what: format!(
                "takes a request by nearness, join `{}`: without `once` several executions may take the same",
                join.name()
            ),
        })
    }

    fn is_open(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Constant(_) | Expr::Map { .. } => false,
            Expr::Let(index) => self.plan.lets.get(*index).is_some_and(|named| self.is_open(&named.expr)),
            Expr::First(options) => options.iter().any(|option| self.is_open(option)),
            Expr::If { then, otherwise, .. } => {
                self.is_open(then) || otherwise.as_ref().is_some_and(|otherwise| self.is_open(otherwise))
            }
            _ => true,
        }
    }
}

/// Tells whether two rules make the same kind of evidence of one record, for certain.
fn ambiguous(earlier: &Rule, later: &Rule, before: &Atoms, own: &Atoms) -> bool {
    let whole = |rule: &Rule| rule.each.is_empty() && rule.fits.is_none();
    earlier.kind == later.kind
        && earlier.is_evidence()
        && whole(earlier)
        && whole(later)
        && (before.implied_by(own) || own.implied_by(before))
}

/// The part of a condition that says: this value is one of these words.
struct Atoms {
    parts: Vec<(String, BTreeSet<String>)>,
    /// Whether the condition says nothing else.
    whole: bool,
}

impl Atoms {
    fn of(condition: &Condition) -> Self {
        let mut atoms = Self { parts: Vec::new(), whole: true };
        atoms.add(condition);
        atoms
    }

    fn add(&mut self, condition: &Condition) {
        match condition {
            Condition::All(parts) => parts.iter().for_each(|part| self.add(part)),
            Condition::Value { of: Expr::Path(path), test: Test::In(constants) } => {
                let words = constants.iter().map(word).collect();
                self.parts.push((path.text.clone(), words));
            }
            _ => self.whole = false,
        }
    }

    /// Tells whether every record that fits `other` fits this, as far as words show it.
    fn implied_by(&self, other: &Self) -> bool {
        self.whole
            && self.parts.iter().all(|(path, words)| {
                other.parts.iter().any(|(known, narrower)| known == path && narrower.is_subset(words))
            })
    }

    fn contradiction(&self) -> Option<&str> {
        self.parts.iter().enumerate().find_map(|(index, (path, words))| {
            let earlier = self.parts[..index].iter();
            earlier
                .filter(|(known, _)| known == path)
                .any(|(_, others)| others.is_disjoint(words))
                .then_some(path.as_str())
        })
    }
}

fn word(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => format!("\"{text}\""),
        Constant::Int(int) => int.to_string(),
        Constant::Flag(flag) => flag.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lint(body: &str) -> Vec<String> {
        let matching = if body.contains("match = \"first\"") { "" } else { "match = \"all\"\n" };
        let (top, tables) = body.split_at(body.find("\n[").unwrap_or(0));
        let text = format!(
            "schema = \"countersign/source-profile/1\"\nname = \"test\"\nversion = \"1\"\nproduct = \"T\"\n\
             basis = \"documentation\"\nintegrity = \"none\"\nabsent = []\n{matching}{top}\n[read]\nframing = \"lines\"\n{tables}"
        );
        Profile::parse("profile.toml", &text).unwrap().lint().iter().map(ToString::to_string).collect()
    }

    fn rule(id: &str, emit: &str, when: &str) -> String {
        let columns =
            "time = \"/t\"\ncorr_request = \"/r\"\noutcome = \"=approved\"\nrequest_link = \"=none\"\n";
        format!("\n[[rule]]\nid = \"{id}\"\nemit = \"{emit}\"\nwhen = {when}\n[rule.set]\n{columns}")
    }

    #[test]
    fn rules_that_nothing_reaches_are_errors() {
        let ignore = "\n[[ignore]]\nwhen = { \"/type\" = [\"a\", \"b\"] }\nreason = \"noise\"\n";
        let found = lint(&format!("{ignore}{}", rule("r", "decision", "{ \"/type\" = \"a\", \"/x\" = 1 }")));
        assert_eq!(found, ["error: rule `r` is never reached: a record that fits it is settled as `noise`"]);
        let open = lint(&format!("{ignore}{}", rule("r", "decision", "{ \"/type\" = [\"a\", \"c\"] }")));
        assert_eq!(open, [] as [&str; 0], "`c` still reaches it");
        let both = "[{ \"/type\" = \"a\" }, { \"/type\" = \"b\" }]";
        let found = lint(&rule("r", "decision", both));
        assert_eq!(
            found,
            ["error: rule `r` never applies: its condition asks two different things of `/type`"]
        );
        let first = format!(
            "match = \"first\"\n{}{}",
            rule("r", "decision", "{ \"/type\" = \"a\" }"),
            rule("s", "execution", "{ \"/type\" = \"a\", \"/y\" = true }")
        );
        assert_eq!(lint(&first), ["error: rule `s` is never reached: `r` comes first and fits as well"]);
    }

    #[test]
    fn a_record_never_votes_twice() {
        let pair = |second: &str, when: &str| {
            lint(&format!("{}{}", rule("r", "decision", "{ \"/type\" = \"a\" }"), rule("s", second, when)))
        };
        assert_eq!(
            pair("decision", "{ \"/type\" = \"a\", \"/x\" = 1 }"),
            ["error: rule `s` makes a second decision of the records of `r`"]
        );
        assert_eq!(pair("decision", "{ \"/type\" = \"b\" }"), [] as [&str; 0]);
        assert_eq!(pair("execution", "{ \"/type\" = \"a\" }"), [] as [&str; 0], "another kind of evidence");
    }

    #[test]
    fn a_verdict_in_the_records_own_words_is_noted() {
        let body =
            rule("r", "decision", "{ \"/x\" = 1 }").replace("\"=approved\"", "[\"/verdict\", \"=denied\"]");
        let found = lint(&body);
        assert_eq!(
            found,
            [
                "note: rule `r` takes `outcome` from the record without a map: any other word rejects the record"
            ]
        );
        let mapped = body.replace("\"/verdict\"", "{ of = \"/verdict\", map = \"m\" }");
        assert_eq!(lint(&format!("{mapped}\n[maps.m]\nOK = \"approved\"\n")), [] as [&str; 0]);
    }
}
