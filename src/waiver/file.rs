//! One file of `waivers/` as written, and the rules that make it a [`Waiver`].

use std::collections::BTreeSet;
use std::ops::Range;

use globset::Glob;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::{Compensating, MAX_DAYS, Scope, Waiver, WaiverError};
use crate::clock::Moment;
use crate::control::definition::{Kind, is_test_id};
use crate::control::library::Library;
use crate::identity::Roster;
use crate::settings::near;

/// The value of `schema` in a waiver.
const SCHEMA: &str = "countersign/waiver/1";

const DAY_MS: i64 = 86_400_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Spanned<String>,
    id: Spanned<String>,
    test: Spanned<String>,
    #[serde(rename = "match")]
    scope: Spanned<ScopeFile>,
    max_rows: Spanned<i64>,
    reason: Spanned<String>,
    risk: Option<String>,
    compensating: Option<CompensatingFile>,
    owner: Spanned<String>,
    requested_by: Option<Spanned<String>>,
    approved_by: Spanned<String>,
    approved_on: Spanned<Datetime>,
    expires: Spanned<Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompensatingFile {
    test: Spanned<String>,
    why: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeFile {
    exception: Option<BTreeSet<String>>,
    native_id: Option<BTreeSet<String>>,
    case: Option<BTreeSet<String>>,
    source: Option<BTreeSet<String>>,
    env: Option<BTreeSet<String>>,
    resource_group: Option<BTreeSet<String>>,
    action_class: Option<BTreeSet<String>>,
    resource: Option<Vec<Spanned<String>>>,
    from: Option<Spanned<Datetime>>,
    to: Option<Spanned<Datetime>>,
}

/// A file while it is read: where it lies, and its text for line numbers.
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn invalid(&self, span: Range<usize>, message: String, help: impl Into<String>) -> WaiverError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        WaiverError::Invalid {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            message,
            help: help.into(),
        }
    }

    /// Refuses words that say nothing.
    fn words(&self, name: &str, text: &Spanned<String>) -> Result<String, WaiverError> {
        if text.get_ref().trim().is_empty() {
            let message = format!("expected words in `{name}`, found none");
            return Err(self.invalid(text.span(), message, "say it so that an auditor can judge it"));
        }
        Ok(text.get_ref().trim().to_owned())
    }

    fn moment(&self, name: &str, at: &Spanned<Datetime>) -> Result<Moment, WaiverError> {
        at.get_ref().to_string().parse().map_err(|why: String| {
            let message = format!("`{name}` is no moment: {why}");
            self.invalid(at.span(), message, "write a date, or a time with its offset from UTC")
        })
    }
}

/// Reads the waiver in `bytes`; `path` names it in errors.
pub(super) fn parse(
    path: &str,
    bytes: &[u8],
    roster: &Roster,
    library: &Library,
) -> Result<Waiver, WaiverError> {
    let text = std::str::from_utf8(bytes).map_err(|error| WaiverError::Invalid {
        path: path.to_owned(),
        line: 1,
        message: error.to_string(),
        help: "write the file as UTF-8".to_owned(),
    })?;
    let source = Source { path, text };
    let file: File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let help = if error.message().starts_with("missing field `expires`") {
            "every waiver ends: write `expires`, at most 90 days after `approved_on`"
        } else {
            "`docs/formats/waivers.md` lists every key"
        };
        source.invalid(span, error.message().to_owned(), help)
    })?;
    if file.schema.get_ref() != SCHEMA {
        let message = format!("expected schema `{SCHEMA}`, found `{}`", file.schema.get_ref());
        return Err(source.invalid(file.schema.span(), message, "write the schema that this version reads"));
    }
    let (from, expires) = life(&source, &file)?;
    let people = people(&source, &file, roster, from)?;
    Ok(Waiver {
        id: id(&source, &file.id)?,
        file: path.to_owned(),
        test: waivable(&source, &file.test, library)?,
        scope: scope(&source, &file.scope)?,
        max_rows: max_rows(&source, &file.max_rows)?,
        reason: source.words("reason", &file.reason)?,
        risk: file.risk.filter(|risk| !risk.trim().is_empty()),
        compensating: file
            .compensating
            .as_ref()
            .map(|stands_in| compensating(&source, stands_in, file.test.get_ref(), library))
            .transpose()?,
        owner: people.owner,
        requested_by: people.requested_by,
        approved_by: people.approved_by,
        from,
        expires,
    })
}

fn id(source: &Source<'_>, id: &Spanned<String>) -> Result<String, WaiverError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let text = id.get_ref();
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.clone());
    }
    let help = "use 1 to 64 letters, digits, `.`, `_` and `-`, such as `W-2026-014`";
    Err(source.invalid(id.span(), format!("`{text}` is no id"), help))
}

/// Admits a test whose rows are items that did not hold.
fn waivable(source: &Source<'_>, test: &Spanned<String>, library: &Library) -> Result<String, WaiverError> {
    let id = test.get_ref();
    let found = known_test(source, test, library)?;
    match found.kind {
        Kind::Deviation => Ok(id.clone()),
        Kind::EvidenceQuality => {
            let message = format!("{id} says how far the evidence goes, which nobody can waive");
            let help =
                "say under `[[known_break]]` or `[[expected_unable]]` of the workspace what was looked into";
            Err(source.invalid(test.span(), message, help))
        }
        Kind::Indicator => {
            let message = format!("{id} is an indicator: it has no exceptions to accept");
            Err(source.invalid(test.span(), message, "write down what the review found where it belongs"))
        }
    }
}

fn known_test<'l>(
    source: &Source<'_>,
    test: &Spanned<String>,
    library: &'l Library,
) -> Result<&'l crate::control::definition::Test, WaiverError> {
    library.tests.get(test.get_ref()).ok_or_else(|| {
        let known = library.tests.keys().map(String::as_str);
        let help = near(test.get_ref(), known).map_or_else(
            || "`countersign controls list` lists the tests".to_owned(),
            |word| format!("did you mean `{word}`?"),
        );
        source.invalid(test.span(), format!("unknown test `{}`", test.get_ref()), help)
    })
}

fn compensating(
    source: &Source<'_>,
    file: &CompensatingFile,
    waived: &str,
    library: &Library,
) -> Result<Compensating, WaiverError> {
    // A test that this library lacks is admitted: it did not run, and the report says so.
    if !is_test_id(file.test.get_ref()) {
        known_test(source, &file.test, library)?;
    }
    if file.test.get_ref() == waived {
        let message = format!("{waived} cannot stand in for itself");
        return Err(source.invalid(file.test.span(), message, "name the test of another control"));
    }
    Ok(Compensating { test: file.test.get_ref().clone(), why: source.words("why", &file.why)? })
}

fn max_rows(source: &Source<'_>, rows: &Spanned<i64>) -> Result<u64, WaiverError> {
    u64::try_from(*rows.get_ref()).ok().filter(|rows| *rows > 0).ok_or_else(|| {
        let message = format!("expected `max_rows` to be 1 or more, found {}", rows.get_ref());
        source.invalid(rows.span(), message, "say how many items it may cover at most")
    })
}

fn scope(source: &Source<'_>, file: &Spanned<ScopeFile>) -> Result<Scope, WaiverError> {
    let found = file.get_ref();
    let lists = [
        &found.exception,
        &found.native_id,
        &found.case,
        &found.source,
        &found.env,
        &found.resource_group,
        &found.action_class,
    ];
    let empty = lists.iter().any(|list| list.as_ref().is_some_and(BTreeSet::is_empty))
        || found.resource.as_ref().is_some_and(Vec::is_empty);
    let nothing = lists.iter().all(|list| list.is_none()) && found.resource.is_none();
    if empty || nothing {
        let message = "`match` names no exception".to_owned();
        let help = "name what is accepted: `exception`, `native_id`, `case`, `source`, `env`, `resource`, …";
        return Err(source.invalid(file.span(), message, help));
    }
    let resource = found.resource.as_ref().map(|globs| {
        globs
            .iter()
            .map(|glob| match Glob::new(glob.get_ref()) {
                Ok(compiled) => Ok((glob.get_ref().clone(), compiled.compile_matcher())),
                Err(error) => Err(source.invalid(glob.span(), error.to_string(), "correct the glob")),
            })
            .collect::<Result<Vec<_>, WaiverError>>()
    });
    let moment = |name: &str, at: &Option<Spanned<Datetime>>| {
        at.as_ref().map(|at| source.moment(name, at)).transpose()
    };
    Ok(Scope {
        exception: found.exception.clone(),
        native_id: found.native_id.clone(),
        case: found.case.clone(),
        source: found.source.clone(),
        env: found.env.clone(),
        resource_group: found.resource_group.clone(),
        action_class: found.action_class.clone(),
        resource: resource.transpose()?,
        from: moment("from", &found.from)?,
        to: moment("to", &found.to)?,
    })
}

/// Returns from when to when items are accepted.
///
/// A bare date of approval counts from the end of that day: nobody can tell what came first on it.
fn life(source: &Source<'_>, file: &File) -> Result<(Moment, Moment), WaiverError> {
    let approved = source.moment("approved_on", &file.approved_on)?;
    let expires = source.moment("expires", &file.expires)?;
    let bare = file.approved_on.get_ref().time.is_none();
    let from = if bare { approved.plus_ms(DAY_MS) } else { approved };
    if expires <= from {
        let message = format!("expires at {expires}, before it is in force at {from}");
        return Err(source.invalid(
            file.expires.span(),
            message,
            "a bare date of approval counts from the next day on",
        ));
    }
    if expires > approved.plus_ms(MAX_DAYS * DAY_MS) {
        let message = format!("expires more than {MAX_DAYS} days after it was approved");
        return Err(source.invalid(
            file.expires.span(),
            message,
            "let it end earlier, and approve it again then",
        ));
    }
    Ok((from, expires))
}

struct People {
    owner: String,
    requested_by: Option<String>,
    approved_by: String,
}

/// Resolves the people of a waiver, and refuses an approver who is one of the others.
fn people(source: &Source<'_>, file: &File, roster: &Roster, at: Moment) -> Result<People, WaiverError> {
    let person = |role: &str, name: &Spanned<String>| {
        roster.human(name.get_ref(), at).ok_or_else(|| {
            let message =
                format!("the {role} `{}` is no person in force at {at} by the roster", name.get_ref());
            let help = "name a `person` of the roster, or one of their ids as `namespace:id`";
            source.invalid(name.span(), message, help)
        })
    };
    let owner = person("owner", &file.owner)?;
    let requested_by = file.requested_by.as_ref().map(|name| person("requester", name)).transpose()?;
    let approved_by = person("approver", &file.approved_by)?;
    if approved_by == owner || requested_by.as_ref() == Some(&approved_by) {
        let message = format!("the approver `{approved_by}` is also its owner or requester");
        let help = "let somebody approve it who gains nothing from it";
        return Err(source.invalid(file.approved_by.span(), message, help));
    }
    Ok(People { owner, requested_by, approved_by })
}
