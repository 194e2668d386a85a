//! Which time is tested: the period, and as-of.

use super::Common;
use crate::clock::{Moment, Period};
use crate::error::Failure;
use crate::exit::Exit;
use crate::run::Options;
use crate::settings::Workspace;

/// Returns the options of `report`: as-of is `--as-of`, else `SOURCE_DATE_EPOCH`, else the end of the period.
pub(super) fn of_report(workspace: &Workspace, common: &Common) -> Result<Options, Failure> {
    let to = common.to.or(workspace.to);
    let as_of = match (common.as_of, source_date_epoch()?, to) {
        (Some(as_of), ..) | (None, Some(as_of), _) => as_of,
        (None, None, Some(to)) => to,
        (None, None, None) => {
            return Err(Failure::message(
                Exit::Usage,
                "the period has no end, and there is no as-of",
                "write `to` into `period`, or give `--to` or `--as-of`",
            ));
        }
    };
    options(workspace, common, as_of)
}

/// Returns the options of `check`: as-of is `--as-of`, else now.
pub(super) fn of_check(workspace: &Workspace, common: &Common) -> Result<Options, Failure> {
    options(workspace, common, common.as_of.unwrap_or_else(Moment::now))
}

fn options(workspace: &Workspace, common: &Common, as_of: Moment) -> Result<Options, Failure> {
    let from = common.from.unwrap_or(workspace.from);
    let period = Period { from, to: common.to.or(workspace.to).unwrap_or(as_of) };
    if period.to <= period.from {
        return Err(Failure::message(
            Exit::Usage,
            format!("the period ends at {}, which is not after its start {}", period.to, period.from),
            "`to` is exclusive, and a period without `to` ends at as-of",
        ));
    }
    Ok(Options::new(period, as_of))
}

/// Reads `SOURCE_DATE_EPOCH` (reproducible-builds.org): seconds since the epoch.
pub(super) fn source_date_epoch() -> Result<Option<Moment>, Failure> {
    let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
    text.parse::<i64>()
        .ok()
        .and_then(|seconds| seconds.checked_mul(1_000))
        .map(Moment::from_ms)
        .map(Some)
        .ok_or_else(|| {
            Failure::message(
                Exit::Usage,
                format!("`SOURCE_DATE_EPOCH` is `{text}`, expected whole seconds since 1970"),
                "unset it, or give `--as-of`",
            )
        })
}
