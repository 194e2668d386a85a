//! Which executions must be approved, and by how many: the workspace's `[[gated]]` rules, in three values.

use std::collections::BTreeSet;

use crate::settings::Gated;

/// What is known of an execution when the rules are applied.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Source id.
    pub source: &'a str,
    /// Action class.
    pub action_class: Option<&'a str>,
    /// Environment.
    pub env: Option<&'a str>,
    /// Resource id.
    pub resource: Option<&'a str>,
    /// Kind of the executor.
    pub actor_kind: Option<&'a str>,
    /// True where the product itself held the execution.
    pub held: Option<bool>,
}

/// What the rules demand of an execution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Demand {
    /// Whether approval is demanded; null where that depends on something unknown.
    pub approval: Option<bool>,
    /// Approvals demanded; null where that depends on something unknown.
    pub quorum: Option<i64>,
}

/// Applies `rules` in order; the first match decides, then the product, then nobody.
///
/// A rule that names an unknown field may or may not match. Every answer that is then possible is kept, and the
/// result is null where they differ.
pub fn demand(rules: &[Gated], facts: &Facts<'_>) -> Demand {
    let mut possible: BTreeSet<(Option<bool>, i64)> = BTreeSet::new();
    let mut decided = false;
    for rule in rules {
        let answer = (Some(rule.approval), rule.quorum);
        match matches(rule, facts) {
            Some(true) => {
                possible.insert(answer);
                decided = true;
                break;
            }
            None => {
                possible.insert(answer);
            }
            Some(false) => {}
        }
    }
    if !decided {
        possible.insert((facts.held.filter(|held| *held), 1));
    }
    let approvals: BTreeSet<Option<bool>> = possible.iter().map(|(approval, _)| *approval).collect();
    let quorums: BTreeSet<i64> = possible.iter().map(|(_, quorum)| *quorum).collect();
    Demand {
        approval: if approvals.len() == 1 { approvals.into_iter().next().flatten() } else { None },
        quorum: if quorums.len() == 1 { quorums.into_iter().next() } else { None },
    }
}

/// Tells whether a rule matches; null where a field it names is unknown and the rest match.
fn matches(rule: &Gated, facts: &Facts<'_>) -> Option<bool> {
    let within = |set: &Option<BTreeSet<String>>, value: Option<&str>| match (set, value) {
        (None, _) => Some(true),
        (Some(set), Some(value)) => Some(set.contains(value)),
        (Some(_), None) => None,
    };
    let resource = match (&rule.resource, facts.resource) {
        (None, _) => Some(true),
        (Some(globs), Some(id)) => Some(globs.iter().any(|glob| glob.is_match(id))),
        (Some(_), None) => None,
    };
    [
        within(&rule.action_class, facts.action_class),
        within(&rule.env, facts.env),
        within(&rule.source, Some(facts.source)),
        within(&rule.actor_kind, facts.actor_kind),
        resource,
    ]
    .into_iter()
    .try_fold(true, |all, part| match part {
        Some(false) => Err(()),
        Some(true) => Ok(all),
        None => Ok(false),
    })
    .map_or(Some(false), |certain| certain.then_some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(classes: &[&str], env: Option<&str>, approval: bool, quorum: i64) -> Gated {
        Gated {
            action_class: Some(classes.iter().map(|class| (*class).to_owned()).collect()),
            env: env.map(|env| BTreeSet::from([env.to_owned()])),
            source: None,
            actor_kind: None,
            resource: None,
            approval,
            quorum,
        }
    }

    fn facts<'a>(class: Option<&'a str>, env: Option<&'a str>, held: Option<bool>) -> Facts<'a> {
        Facts { source: "gate", action_class: class, env, resource: None, actor_kind: None, held }
    }

    #[test]
    fn first_match_decides() {
        let rules = [rule(&["write"], Some("prod"), true, 2), rule(&["write"], None, false, 1)];
        let found = demand(&rules, &facts(Some("write"), Some("prod"), None));
        assert_eq!(found, Demand { approval: Some(true), quorum: Some(2) });
        let found = demand(&rules, &facts(Some("write"), Some("dev"), None));
        assert_eq!(found.approval, Some(false));
    }

    #[test]
    fn unknown_field_that_changes_the_answer_gives_null() {
        let rules = [rule(&["write"], Some("prod"), true, 1), rule(&["write"], None, false, 1)];
        assert_eq!(demand(&rules, &facts(Some("write"), None, None)).approval, None);
        assert_eq!(demand(&rules, &facts(None, Some("prod"), Some(true))).approval, None);
    }

    #[test]
    fn unknown_field_that_changes_nothing_is_harmless() {
        let rules = [rule(&["write"], Some("prod"), true, 1), rule(&["write"], None, true, 1)];
        assert_eq!(demand(&rules, &facts(Some("write"), None, None)).approval, Some(true));
    }

    #[test]
    fn without_a_rule_only_a_product_that_held_it_demands_approval() {
        assert_eq!(demand(&[], &facts(Some("write"), None, Some(true))).approval, Some(true));
        assert_eq!(demand(&[], &facts(Some("write"), None, Some(false))).approval, None);
        assert_eq!(demand(&[], &facts(Some("write"), None, None)).approval, None);
    }
}
