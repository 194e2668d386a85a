//! SCIM 2.0 (RFC 7643 section 4.1, RFC 7644 section 3.4.2): a `ListResponse`, its pages one after the other, or a list of users.

use serde_json::Value;

use super::{Export, Span, User, each, text, time, unknown};
use crate::identity::error::RosterError;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(super) fn fits(page: &Value) -> bool {
    says(page, LIST) || page.as_array().and_then(|users| users.first()).is_some_and(|user| says(user, USER))
}

fn says(value: &Value, schema: &str) -> bool {
    let schemas = value.get("schemas").and_then(Value::as_array);
    schemas.is_some_and(|schemas| schemas.iter().any(|found| found.as_str() == Some(schema)))
}

pub(super) fn users(export: Export<'_>, pages: &[Value]) -> Result<Vec<(String, User)>, RosterError> {
    let mut users = Vec::new();
    let mut total = 0;
    for (page, at) in pages.iter().zip(0..) {
        let before = if pages.len() > 1 { format!("page {at}") } else { String::new() };
        match page.as_array() {
            Some(list) => users.extend(each(export, &before, list, user)?),
            None if says(page, LIST) => {
                // RFC 7644 lets a response without results leave `Resources` out.
                let list = page.get("Resources").and_then(Value::as_array).cloned().unwrap_or_default();
                users.extend(each(export, &format!("{before}/Resources"), &list, user)?);
                total = total.max(page.get("totalResults").and_then(Value::as_u64).unwrap_or(0));
            }
            None => return Err(unknown(export, "a page is no SCIM list of users".to_owned())),
        }
    }
    if total > u64::try_from(users.len()).unwrap_or(u64::MAX) {
        let message = format!("it holds {} of {total} users", users.len());
        return Err(RosterError::Incomplete { path: export.path.to_owned(), message });
    }
    Ok(users)
}

fn user(user: &Value) -> Result<User, String> {
    if !says(user, USER) {
        return Err(format!("expected the schema `{USER}`"));
    }
    let created = time(user, "/meta/created")?;
    let changed = time(user, "/meta/lastModified")?;
    // `active` is optional, and an account that a directory lists without it is in force.
    let span = match user.get("active").map(|active| (active, active.as_str())) {
        None | Some((Value::Bool(true), _) | (Value::Null, _) | (_, Some("true" | "True"))) => {
            Span { from: created, ..Span::default() }
        }
        Some((Value::Bool(false), _) | (_, Some("false" | "False"))) => {
            Span::closed_somewhen(created, changed)
        }
        Some((other, _)) => return Err(format!("`/active` is `{other}`, expected true or false")),
    };
    let name = match text(user, "/displayName") {
        "" => text(user, "/name/formatted"),
        name => name,
    };
    let login = text(user, "/userName");
    let listed = user.get("emails").and_then(Value::as_array).into_iter().flatten();
    let emails = listed.map(|email| text(email, "/value")).chain(login.contains('@').then_some(login));
    Ok(User {
        name: name.to_owned(),
        stated: text(user, "/userType").to_owned(),
        ids: [login, text(user, "/id"), text(user, "/externalId")].map(str::to_owned).to_vec(),
        emails: emails.map(str::to_owned).collect(),
        span,
    })
}
