//! Which actions say of themselves that they destroy something: by their name, or by the first words of a command.

use crate::redact::MAX_CHARS;

/// Words of an action's name, and words at the beginning of a command.
const VERBS: [&str; 9] =
    ["delete", "deletecollection", "destroy", "drop", "erase", "purge", "shred", "truncate", "wipe"];

/// Programs that delete.
const PROGRAMS: [&str; 7] = ["dropdb", "ldapdelete", "mkfs", "rm", "rmdir", "srm", "unlink"];

/// Words of one statement that are looked at: enough for `gcloud compute instances delete` and `alter table x drop`,
/// too few to reach what a statement only speaks of.
const WORDS: usize = 4;

/// What is known of an action.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    /// Action class.
    pub(super) class: Option<&'a str>,
    /// Name of the action.
    pub(super) name: Option<&'a str>,
    /// Its command, as far as it is logged.
    pub(super) command: Option<&'a str>,
    /// State of the command in the log.
    pub(super) state: Option<&'a str>,
}

/// Tells whether an action says that it destroys something; `None` where only a command could say so, and it is not logged
/// in full.
pub(super) fn is(facts: &Facts<'_>) -> Option<bool> {
    if facts.name.is_some_and(by_name) || facts.command.is_some_and(by_command) {
        return Some(true);
    }
    let whole = facts.command.is_some_and(|command| command.chars().count() < MAX_CHARS)
        && matches!(facts.state, None | Some("full"));
    match (facts.class, facts.name) {
        (Some("read" | "access"), _) => Some(false),
        // The name of a shell or of a query tool says nothing of what it is told to do.
        (Some("exec"), _) | (_, None) => whole.then_some(false),
        (_, Some(_)) => Some(false),
    }
}

/// Looks at the words of a name such as `s3:DeleteObject`, `drop_table`, or `ScheduleKeyDeletion`.
fn by_name(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| VERBS.contains(&word.as_str()))
        || (words.iter().any(|word| word == "deletion") && words.iter().any(|word| word == "schedule"))
}

/// Cuts a name at whatever is no letter or digit, and where a small letter meets a capital one; lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (small && letter.is_uppercase()) {
            words.push(String::new());
        }
        small = letter.is_lowercase() || letter.is_numeric();
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words
}

/// Looks at the first words of each statement of a command, without options.
fn by_command(command: &str) -> bool {
    command.split([';', '|', '&']).any(|statement| {
        // Rows that are deleted by a condition are a change of a table, which stays.
        let by_condition = || {
            let mut words = statement.split_whitespace().map(bare);
            words.any(|word| word == "from") && words.any(|word| word == "where")
        };
        statement.lines().any(|line| {
            let mut words =
                line.split_whitespace().filter(|word| !word.starts_with('-')).take(WORDS).map(bare);
            words.any(|word| match word.as_str() {
                "delete" => !by_condition(),
                word => VERBS.contains(&word) || PROGRAMS.contains(&word),
            })
        })
    })
}

/// Returns a word of a command without its quotes, brackets, and folder, in lower case.
fn bare(word: &str) -> String {
    let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    word.rsplit('/').next().unwrap_or(word).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(class: &str, name: Option<&str>, command: Option<&str>) -> Option<bool> {
        is(&Facts { class: Some(class), name, command, state: None })
    }

    #[test]
    fn names_that_destroy() {
        for name in [
            "delete pods",
            "s3.amazonaws.com:DeleteObject",
            "kms.amazonaws.com:ScheduleKeyDeletion",
            "drop_table",
            "iam/purge-users",
            "DELETE Objects",
        ] {
            assert_eq!(of("write", Some(name), None), Some(true), "{name}");
        }
        for name in
            ["dropbox.upload", "undelete", "EnableDeletionProtection", "CancelKeyDeletion", "deploy.release"]
        {
            assert_eq!(of("write", Some(name), None), Some(false), "{name}");
        }
    }

    #[test]
    fn commands_that_destroy() {
        for command in [
            "DELETE FROM mart.staging",
            "BEGIN; TRUNCATE entries; COMMIT",
            "/bin/rm -rf /var/lib/x",
            "sudo rm x",
            "kubectl -n payouts delete pod worker-1",
            "gcloud compute instances delete vm-1",
            "psql -c \"DROP TABLE x\"",
            "ALTER TABLE x DROP COLUMN y",
            "WITH gone AS (DELETE FROM x RETURNING *) SELECT * FROM gone",
            "DELETE FROM x WHERE id = 1; DELETE FROM x",
            "set -e\nrm -r x",
            "ls /tmp | xargs rm",
        ] {
            assert_eq!(of("exec", Some("exec"), Some(command)), Some(true), "{command}");
        }
        for command in [
            "SELECT * FROM deleted_items WHERE state = 'delete'",
            "DELETE FROM mart.staging\nWHERE load_id = 1",
            "UPDATE entries SET state = 'drop' WHERE id = 1",
            "deployctl roll payments-api --build 1",
        ] {
            assert_eq!(of("exec", Some("exec"), Some(command)), Some(false), "{command}");
        }
    }

    #[test]
    fn a_command_that_is_not_there_in_full_leaves_it_open() {
        assert_eq!(of("exec", Some("exec"), None), None);
        assert_eq!(of("access", Some("connect"), None), Some(false), "a session is no action of its own");
        assert_eq!(of("write", None, None), None);
        let cut =
            Facts { class: Some("exec"), name: Some("exec"), command: Some("ls"), state: Some("truncated") };
        assert_eq!(is(&cut), None);
        assert_eq!(is(&Facts { command: Some("rm x"), ..cut }), Some(true));
        let long = "x ".repeat(MAX_CHARS);
        assert_eq!(of("exec", Some("exec"), Some(&long)), None);
    }
}
