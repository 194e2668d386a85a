//! The sources of a report: what was read, and what protects it.

use std::collections::BTreeSet;

use crate::clock::Period;
use crate::integrity::foreign::seen::Signed;
use crate::integrity::keyring::Keyring;
use crate::integrity::verdict::Grade;
use crate::profile::Integrity;
use crate::report::model::{Log, Source};
use crate::segment::plan::SourcePlan;
use crate::segment::stitch::StitchedSource;

/// Returns the minimum grade demanded of a source: what the workspace says, else `pinned-signed` where the trust file
/// binds a key to one of its logs.
pub(super) fn required(plan: &SourcePlan<'_>, keyring: &Keyring) -> Grade {
    plan.settings.require.unwrap_or_else(|| {
        // The log of a source with a chain profile has the name of the source.
        let own = plan.chain.is_some() && keyring.binds(&plan.settings.id);
        if own || plan.settings.logs.iter().any(|log| keyring.binds(log)) {
            Grade::PinnedSigned
        } else {
            Grade::None
        }
    })
}

/// Says what protects the records of a source.
fn mechanism(plan: &SourcePlan<'_>) -> String {
    let Some(chain) = &plan.chain else {
        return match plan.profile.integrity() {
            Integrity::CountersignLog => "hash chain, and an Ed25519 signature on each record".to_owned(),
            Integrity::CloudTrail => {
                "hourly digest files that list and hash the log files, each signed with RSA".to_owned()
            }
            Integrity::None | Integrity::Chain(_) => "none".to_owned(),
        };
    };
    let layers = chain.format.layers();
    let linked = layers.iter().any(|layer| layer.linked);
    let signing = || layers.iter().filter(|layer| layer.signed != Signed::Never);
    let codes = signing().any(|layer| layer.symmetric);
    let parts = [
        linked.then_some("hash chain"),
        signing().any(|layer| !layer.symmetric).then_some("signatures"),
        codes.then_some("codes made with a shared key"),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    let limits: Vec<&str> = chain.format.limits().iter().map(|limit| limit.word()).collect();
    let limits = match limits.as_slice() {
        [] => String::new(),
        limits => format!("; limits of the format: {}", limits.join(", ")),
    };
    format!("{}, by chain profile `{}`{limits}", parts.join(" and "), chain.format.id())
}

/// Returns the entry of one source. `repeated` counts its events that repeat a fact.
pub(super) fn source(
    plan: &SourcePlan<'_>,
    found: &StitchedSource,
    logs: &[Log],
    keyring: &Keyring,
    period: Period,
    repeated: u64,
) -> Source {
    let id = plan.settings.id.clone();
    let mut tally = found.tally.clone();
    tally.repeated_events = repeated;
    let days: BTreeSet<i64> = found
        .times
        .values()
        .flat_map(|times| times.days.keys().copied())
        .filter(|day| (period.from.day_number()..=period.to.plus_ms(-1).day_number()).contains(day))
        .collect();
    let extracted = plan.settings.extracted.clone();
    Source {
        profile: plan.settings.profile.clone(),
        product: plan.profile.product().to_owned(),
        basis: plan.profile.basis().to_string(),
        role: plan.settings.role.word().to_owned(),
        require: required(plan, keyring),
        grade: logs
            .iter()
            .filter(|log| log.source == id)
            .map(|log| log.integrity)
            .min()
            .unwrap_or(Grade::None),
        mechanism: mechanism(plan),
        objects: found.objects.len(),
        bytes: found.objects.iter().map(|object| object.bytes).sum(),
        tally,
        first: found
            .times
            .values()
            .filter_map(|times| times.buckets.values().next())
            .map(|span| span.0)
            .min(),
        last: found.times.values().filter_map(|times| times.buckets.values().last()).map(|span| span.1).max(),
        days_covered: days.len(),
        extracted,
        absent: plan.profile.absent().to_vec(),
        id,
    }
}
