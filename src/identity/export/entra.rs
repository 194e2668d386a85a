//! Microsoft Entra: users as Microsoft Graph lists them, or as the admin centre's download has them.

use serde_json::Value;

use super::{Export, Span, User, each, moment, text, time, unknown};
use crate::identity::error::RosterError;

const MISSING: &str = "it does not say `accountEnabled`; ask Graph for it with `$select`";

pub(super) fn fits(page: &Value) -> bool {
    let users = page.get("value").unwrap_or(page).as_array();
    users.and_then(|users| users.first()).is_some_and(|user| user.get("userPrincipalName").is_some())
}

pub(super) fn users(export: Export<'_>, pages: &[Value]) -> Result<Vec<(String, User)>, RosterError> {
    let mut users = Vec::new();
    for (page, at) in pages.iter().zip(0..) {
        let before = if pages.len() > 1 { format!("page {at}") } else { String::new() };
        let (before, list) = match page.get("value") {
            Some(list) => (format!("{before}/value"), list),
            None => (before, page),
        };
        let list = list.as_array().ok_or_else(|| unknown(export, "a page is no list of users".to_owned()))?;
        users.extend(each(export, &before, list, user)?);
    }
    if let Some(next) = pages.last().and_then(|page| page.get("@odata.nextLink"))
        && !next.is_null()
    {
        let message = "its last page names a next one in `@odata.nextLink`".to_owned();
        return Err(RosterError::Incomplete { path: export.path.to_owned(), message });
    }
    Ok(users)
}

fn user(user: &Value) -> Result<User, String> {
    let from = time(user, "/createdDateTime")?;
    let ended = [time(user, "/employeeLeaveDateTime")?, time(user, "/deletedDateTime")?];
    let enabled = match user.get("accountEnabled") {
        Some(Value::Bool(enabled)) => *enabled,
        // Graph leaves it out unless it is asked for, and a list without it has leavers among its people.
        None | Some(Value::Null) => return Err(MISSING.to_owned()),
        Some(other) => return Err(format!("`/accountEnabled` is `{other}`, expected true or false")),
    };
    let login = text(user, "/userPrincipalName");
    let listed = user.get("proxyAddresses").and_then(Value::as_array).into_iter().flatten();
    let addresses = listed.filter_map(Value::as_str).filter_map(|address| {
        let (scheme, rest) = address.split_once(':')?;
        scheme.eq_ignore_ascii_case("smtp").then_some(rest)
    });
    let emails =
        [text(user, "/mail")].into_iter().chain(login.contains('@').then_some(login)).chain(addresses);
    Ok(User {
        name: text(user, "/displayName").to_owned(),
        stated: text(user, "/employeeType").to_owned(),
        ids: [login, text(user, "/id")].map(str::to_owned).to_vec(),
        emails: emails.map(str::to_owned).collect(),
        span: span(from, ended.into_iter().flatten().min(), enabled),
    })
}

/// An account may be disabled long before its person leaves, and Graph does not say since when.
fn span(from: Option<crate::clock::Moment>, until: Option<crate::clock::Moment>, enabled: bool) -> Span {
    match (enabled, until) {
        (true, until) | (false, until @ Some(_)) => Span { from, certain_until: None, until },
        (false, None) => Span::closed_somewhen(from, None),
    }
}

/// Reads the download of the admin centre, a CSV whose header has `userPrincipalName`.
pub(super) fn of_csv(export: Export<'_>) -> Result<Vec<(String, User)>, RosterError> {
    let text = export.text.strip_prefix('\u{feff}').unwrap_or(export.text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let refused = |error: csv::Error| unknown(export, error.to_string());
    let header = reader.headers().map_err(refused)?.clone();
    let at = |names: &[&str]| {
        header.iter().position(|column| names.iter().any(|name| column.eq_ignore_ascii_case(name)))
    };
    let Some(login) = at(&["userPrincipalName"]) else {
        return Err(unknown(
            export,
            "it has no column `person` and no column `userPrincipalName`".to_owned(),
        ));
    };
    let columns = [
        at(&["mail", "email"]),
        at(&["objectId", "id"]),
        at(&["displayName"]),
        at(&["employeeType"]),
        at(&["accountEnabled"]),
        at(&["createdDateTime"]),
    ];
    let mut users = Vec::new();
    for (row, line) in reader.records().zip(2..) {
        let row = row.map_err(refused)?;
        let place = format!("line {line}");
        let cell = |column: Option<usize>| column.and_then(|column| row.get(column)).unwrap_or_default();
        let [mail, id, name, stated, enabled, created] = columns.map(cell);
        let wrong = |message: String| RosterError::User {
            path: export.path.to_owned(),
            place: place.clone(),
            message,
        };
        let enabled = match enabled.to_lowercase().as_str() {
            "true" => true,
            "false" => false,
            "" => return Err(wrong(MISSING.to_owned())),
            other => return Err(wrong(format!("`accountEnabled` is `{other}`, expected true or false"))),
        };
        let from = moment(created).map_err(wrong)?;
        let login = cell(Some(login));
        let emails = [mail].into_iter().chain(login.contains('@').then_some(login));
        let user = User {
            name: name.to_owned(),
            stated: stated.to_owned(),
            ids: [login, id].map(str::to_owned).to_vec(),
            emails: emails.map(str::to_owned).collect(),
            span: span(from, None, enabled),
        };
        users.push((place, user));
    }
    Ok(users)
}
