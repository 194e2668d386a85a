//! Okta: users as `GET /api/v1/users` gives them, a list or its pages one after the other.

use serde_json::Value;

use super::{Export, Span, User, each, text, time, unknown};
use crate::identity::error::RosterError;

pub(super) fn fits(page: &Value) -> bool {
    match page {
        Value::Array(users) => users.first().is_some_and(is_user),
        user => is_user(user),
    }
}

fn is_user(user: &Value) -> bool {
    user.pointer("/profile/login").is_some() && user.get("status").is_some()
}

pub(super) fn users(export: Export<'_>, pages: &[Value]) -> Result<Vec<(String, User)>, RosterError> {
    let mut users = Vec::new();
    for (page, at) in pages.iter().zip(0..) {
        let before = if pages.len() > 1 { format!("page {at}") } else { String::new() };
        match page {
            Value::Array(list) => users.extend(each(export, &before, list, user)?),
            // One user a line.
            Value::Object(_) => {
                let found = user(page).map_err(|message| RosterError::User {
                    path: export.path.to_owned(),
                    place: before.clone(),
                    message,
                })?;
                users.push((format!("/{at}"), found));
            }
            _ => return Err(unknown(export, "a page is no list of Okta users".to_owned())),
        }
    }
    Ok(users)
}

fn user(user: &Value) -> Result<User, String> {
    let from = time(user, "/created")?;
    let changed = time(user, "/statusChanged")?;
    let span = match text(user, "/status") {
        "ACTIVE" | "PROVISIONED" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT" => {
            Span { from, ..Span::default() }
        }
        // Nobody has signed in with it yet, so nothing in a log can be its.
        "STAGED" => {
            Span { from, certain_until: None, until: from.or(Some(crate::clock::Moment::from_ms(0))) }
        }
        "SUSPENDED" | "DEPROVISIONED" => match changed {
            Some(changed) => Span { from, certain_until: None, until: Some(changed) },
            None => Span::closed_somewhen(from, time(user, "/lastUpdated")?),
        },
        other => return Err(format!("unknown status `{}`", crate::redact::shown(other))),
    };
    let login = text(user, "/profile/login");
    let name = match text(user, "/profile/displayName") {
        "" => format!("{} {}", text(user, "/profile/firstName"), text(user, "/profile/lastName")),
        name => name.to_owned(),
    };
    let emails = [text(user, "/profile/email")].into_iter().chain(login.contains('@').then_some(login));
    Ok(User {
        name: name.trim().to_owned(),
        stated: text(user, "/profile/userType").to_owned(),
        ids: [login, text(user, "/id")].map(str::to_owned).to_vec(),
        emails: emails.map(str::to_owned).collect(),
        span,
    })
}
