//! Parameters: the numbers that tests compare with, as the one-row table `param`.
//!
//! A profile of `controls/parameters/` gives each a value, the direction that is tighter, and the reason for it;
//! another profile may extend it. Queries read them as columns, so a query's digest never depends on a value.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::definition::is_test_id;
use super::error::{ControlError, line_at};
use crate::clock::{Moment, Period};
use crate::report::model;

/// The value of `schema` in a profile.
pub const SCHEMA: &str = "countersign/parameters/1";

/// Columns of `param` that a run fills, not a profile.
pub const RUN_COLUMNS: &[&str] = &["period_start_ms", "period_end_ms", "as_of_ms"];

/// Parameters of every test, which belong to none.
const GENERAL: &[&str] = &["clock_tolerance_ms"];

/// Tells whether `column` of `param` belongs to no test.
pub fn is_general(column: &str) -> bool {
    RUN_COLUMNS.contains(&column) || GENERAL.contains(&column)
}

/// Which direction makes a test stricter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tighter {
    /// A smaller value.
    Lower,
    /// A greater value.
    Higher,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    schema: String,
    id: String,
    extends: Option<String>,
    #[serde(default)]
    parameter: Vec<ParameterFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterFile {
    test: Option<String>,
    name: String,
    value: Spanned<i64>,
    tighter: Option<Tighter>,
    why: String,
    approved_by: Option<String>,
}

/// One parameter with its value in a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parameter {
    /// Column of `param`, such as `bg_01_max_review_ms`.
    pub column: String,
    /// Test it belongs to; none where it belongs to every test.
    pub test: Option<String>,
    /// Value in this profile.
    pub value: i64,
    /// Value in the profile that introduced it.
    pub base: i64,
    /// Which direction is tighter.
    pub tighter: Tighter,
    /// Why this value.
    pub why: String,
    /// Who approved a value looser than that of the profile it extends.
    pub approved_by: Option<String>,
}

impl Parameter {
    /// Tells whether `value` is looser than this one.
    pub fn loosened_by(&self, value: i64) -> bool {
        match self.tighter {
            Tighter::Lower => value > self.value,
            Tighter::Higher => value < self.value,
        }
    }

    /// Returns its name as its file has it.
    pub(super) fn name(&self) -> &str {
        let test = self.test.as_ref().map_or(0, |test| test.len() + 1);
        self.column.get(test..).unwrap_or(&self.column)
    }
}

/// A parameter profile as written, before the one it extends is applied.
#[derive(Clone, Debug)]
pub struct Profile {
    path: String,
    extends: Option<String>,
    parameters: BTreeMap<String, ParameterFile>,
    text: String,
}

/// The parameter profiles, by id.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, Profile>);

impl Parameters {
    /// Adds the profile written in `text`; `path` is its path below `controls/`.
    ///
    /// # Errors
    ///
    /// Says what is wrong with its form, or that its id is taken.
    pub fn add(&mut self, path: &str, text: &str) -> Result<(), ControlError> {
        let file: ProfileFile =
            toml::from_str(text).map_err(|error| ControlError::invalid(path, error.to_string()))?;
        if file.schema != SCHEMA {
            let detail = format!("expected schema `{SCHEMA}`, found `{}`", file.schema);
            return Err(ControlError::invalid(path, detail));
        }
        let mut parameters = BTreeMap::new();
        for parameter in file.parameter {
            let column = column(path, &parameter)?;
            if parameters.insert(column.clone(), parameter).is_some() {
                return Err(ControlError::invalid(path, format!("`{column}` is set twice")));
            }
        }
        let profile =
            Profile { path: path.to_owned(), extends: file.extends, parameters, text: text.to_owned() };
        match self.0.insert(file.id.clone(), profile) {
            None => Ok(()),
            Some(other) => {
                let detail = format!("the profile `{}` is also defined in `{}`", file.id, other.path);
                Err(ControlError::invalid(path, detail))
            }
        }
    }

    /// Returns the ids of the profiles.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Returns the parameters of a profile, those it extends included, sorted by column.
    ///
    /// # Errors
    ///
    /// Names a profile that does not exist or that extends itself, and a parameter without a direction.
    pub fn resolve(&self, profile: &str) -> Result<Vec<Parameter>, ControlError> {
        let mut lineage = Vec::new();
        let mut next = Some(profile);
        let mut path = "parameters";
        while let Some(id) = next {
            let Some(found) = self.0.get(id) else {
                let error = ControlError::unknown(path, "parameter profile", id, self.profiles());
                let below = lineage.last().map_or("", |profile: &&Profile| profile.text.as_str());
                return Err(error.located(below));
            };
            if lineage.len() > self.0.len() {
                return Err(ControlError::invalid(&found.path, format!("`{id}` extends itself")));
            }
            lineage.push(found);
            path = &found.path;
            next = found.extends.as_deref();
        }
        let mut resolved: BTreeMap<&str, Parameter> = BTreeMap::new();
        for profile in lineage.into_iter().rev() {
            for (column, file) in &profile.parameters {
                let parameter = laid_over(profile, column, file, resolved.get(column.as_str()))?;
                resolved.insert(column, parameter);
            }
        }
        Ok(resolved.into_values().collect())
    }

    /// Returns the columns that `param` has in every profile: those of `base` and of the run.
    ///
    /// # Errors
    ///
    /// As [`Parameters::resolve`].
    pub fn columns(&self) -> Result<BTreeSet<String>, ControlError> {
        let own = self.resolve("base")?.into_iter().map(|parameter| parameter.column);
        Ok(own.chain(RUN_COLUMNS.iter().map(|&column| column.to_owned())).collect())
    }
}

/// Builds the one-row frame `param`. The end of the period is `as_of` where that is earlier.
///
/// # Errors
///
/// [`ControlError::EmptyPeriod`] where no time is left to test.
pub fn frame(parameters: &[Parameter], period: Period, as_of: Moment) -> Result<DataFrame, ControlError> {
    let end = period.to.min(as_of);
    if end <= period.from {
        return Err(ControlError::EmptyPeriod { from: period.from.to_string(), to: end.to_string() });
    }
    let run = [period.from.ms(), end.ms(), as_of.ms()];
    let columns = RUN_COLUMNS
        .iter()
        .zip(run)
        .map(|(&name, value)| (name, value))
        .chain(parameters.iter().map(|parameter| (parameter.column.as_str(), parameter.value)))
        .map(|(name, value)| Column::new(name.into(), [value]))
        .collect();
    Ok(DataFrame::new(1, columns).expect("parameter columns have distinct names and one row"))
}

impl From<&Parameter> for model::Parameter {
    fn from(parameter: &Parameter) -> Self {
        Self {
            name: parameter.column.clone(),
            test: parameter.test.clone().unwrap_or_default(),
            value: parameter.value,
            base: parameter.base,
            tighter: match parameter.tighter {
                Tighter::Lower => "lower".to_owned(),
                Tighter::Higher => "higher".to_owned(),
            },
            why: parameter.why.clone(),
            approved_by: parameter.approved_by.clone(),
        }
    }
}

/// Returns the column of `param` that a parameter fills.
fn column(path: &str, parameter: &ParameterFile) -> Result<String, ControlError> {
    let plain = parameter.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !plain || parameter.name.is_empty() {
        let detail = format!("expected a parameter name such as `max_review_ms`, found `{}`", parameter.name);
        return Err(ControlError::invalid(path, detail));
    }
    match &parameter.test {
        None if GENERAL.contains(&parameter.name.as_str()) => Ok(parameter.name.clone()),
        None => {
            Err(ControlError::unknown(path, "general parameter", &parameter.name, GENERAL.iter().copied()))
        }
        Some(test) if is_test_id(test) => {
            Ok(format!("{}_{}", test.to_ascii_lowercase().replace('-', "_"), parameter.name))
        }
        Some(test) => {
            Err(ControlError::invalid(path, format!("expected a test id such as `BG-01`, found `{test}`")))
        }
    }
}

/// Returns the greatest value of a parameter, by what its name says it is.
fn limit(column: &str) -> i64 {
    const LIMITS: &[(&str, i64)] = &[
        // A hundred years, so that no sum with a time overflows.
        ("_ms", 3_155_760_000_000),
        ("_days", 36_525),
        ("_percent", 100),
        ("_permille", 1_000),
    ];
    let flag = ["_may_", "_is_", "_allowed"].iter().any(|part| column.contains(part));
    let named = LIMITS.iter().find(|(end, _)| column.ends_with(end)).map(|(_, limit)| *limit);
    named.unwrap_or(if flag { 1 } else { i64::from(u32::MAX) })
}

/// Gives a parameter its value in `profile`, over the value that the extended profile gives it.
fn laid_over(
    profile: &Profile,
    column: &str,
    file: &ParameterFile,
    under: Option<&Parameter>,
) -> Result<Parameter, ControlError> {
    let line = line_at(&profile.text, file.value.span().start);
    let invalid = |detail: String| ControlError::invalid(&profile.path, detail).at_line(line);
    let value = *file.value.get_ref();
    if value < 0 {
        return Err(invalid(format!("expected `{column}` to be 0 or more, found {value}")));
    }
    let limit = limit(column);
    if value > limit {
        return Err(invalid(format!("expected `{column}` to be {limit} or less, found {value}")));
    }
    if file.why.trim().is_empty() {
        return Err(invalid(format!("expected a reason in `why` of `{column}`")));
    }
    let tighter = match (file.tighter, under) {
        (Some(tighter), Some(under)) if tighter != under.tighter => {
            return Err(invalid(format!("`{column}` turns the direction that is tighter")));
        }
        (Some(tighter), _) => tighter,
        (None, Some(under)) => under.tighter,
        (None, None) => {
            return Err(invalid(format!("expected `tighter` for `{column}`, which no profile below sets")));
        }
    };
    let approved_by = file.approved_by.clone().filter(|by| !by.trim().is_empty());
    if under.is_some_and(|under| under.loosened_by(value)) && approved_by.is_none() {
        let from = under.map_or(value, |under| under.value);
        return Err(invalid(format!(
            "`{column}` is looser than the {from} that it extends, and no `approved_by` says who allowed it"
        )));
    }
    Ok(Parameter {
        column: column.to_owned(),
        test: file.test.clone(),
        value,
        base: under.map_or(value, |under| under.base),
        tighter,
        why: file.why.clone(),
        // A value between a loosened one and the base stays loosened, by whoever loosened it.
        approved_by: approved_by.or_else(|| under.and_then(|under| under.approved_by.clone())),
    })
}
