//! Ids that a reader takes for another: Unicode Technical Standard 39, sections 4 (confusables) and 5 (mixed scripts).
//!
//! A flag changes no result. Two ids that look alike are two ids; that they are not taken for one is why they are shown.

use std::collections::{BTreeMap, BTreeSet};

use unicode_security::MixedScript as _;
use unicode_security::confusable_detection::skeleton;

use crate::report::model::Lookalike;

/// Returns what is odd about `ids`, which are namespaces and ids as logged, sorted by namespace and id.
pub fn lookalikes<'a>(ids: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Lookalike> {
    let ids: BTreeSet<(&str, &str)> = ids.into_iter().collect();
    let mut shapes: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for (ns, id) in &ids {
        shapes.entry((ns, shape(id))).or_default().push(id);
    }
    let mut found = Vec::new();
    for (ns, id) in &ids {
        let mut why = Vec::new();
        if !id.is_single_script() {
            why.push("mixed scripts");
        }
        if crate::report::visible::visible(id) != *id {
            why.push("invisible or reordering characters");
        }
        let alike = shapes.get(&(*ns, shape(id))).into_iter().flatten();
        let like: Vec<String> = alike.filter(|other| *other != id).map(|other| (*other).to_owned()).collect();
        if !like.is_empty() {
            why.push("looks like another id");
        }
        if !why.is_empty() {
            found.push(Lookalike {
                ns: (*ns).to_owned(),
                id: (*id).to_owned(),
                why: why.join(", "),
                like,
                code_points: code_points(id),
            });
        }
    }
    found
}

/// Returns what an id looks like. Case is folded first, because many fonts and most products do not tell it apart.
fn shape(id: &str) -> String {
    skeleton(&id.to_lowercase()).collect()
}

/// Returns the characters outside ASCII with their code points, so that a reader can tell them apart.
fn code_points(id: &str) -> String {
    let odd: Vec<String> =
        id.chars().filter(|c| !c.is_ascii()).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    odd.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(ids: &[(&str, &str)]) -> Vec<(String, String, Vec<String>)> {
        lookalikes(ids.iter().copied()).into_iter().map(|found| (found.id, found.why, found.like)).collect()
    }

    #[test]
    fn a_cyrillic_letter_in_a_latin_name_is_flagged_and_so_is_its_twin() {
        let found = why(&[("email", "dana@corp.example"), ("email", "d\u{430}na@corp.example")]);
        assert_eq!(
            found,
            [
                (
                    "dana@corp.example".to_owned(),
                    "looks like another id".to_owned(),
                    vec!["d\u{430}na@corp.example".to_owned()]
                ),
                (
                    "d\u{430}na@corp.example".to_owned(),
                    "mixed scripts, looks like another id".to_owned(),
                    vec!["dana@corp.example".to_owned()]
                ),
            ]
        );
        let found = lookalikes([("email", "d\u{430}na@corp.example")]);
        assert_eq!(found[0].code_points, "U+0430");
    }

    #[test]
    fn whole_words_of_another_script_that_look_latin_are_found_by_their_twin() {
        // Cyrillic а, с, е: one script, so only the comparison finds it.
        let found = why(&[("gate", "ace"), ("gate", "\u{430}\u{441}\u{435}")]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].1, "looks like another id");
    }

    #[test]
    fn plain_ascii_can_look_alike_too() {
        assert_eq!(why(&[("gate", "modem"), ("gate", "modern")]).len(), 2);
        assert_eq!(why(&[("gate", "Dana"), ("gate", "dana")]).len(), 2);
    }

    #[test]
    fn names_of_one_script_are_names() {
        for name in ["lee.ōta", "mülller", "дана", "李娜", "サトウ", "dana.reyes", "system:serviceaccount:x"]
        {
            assert_eq!(why(&[("ns", name)]), [], "{name}");
        }
    }

    #[test]
    fn one_id_in_two_namespaces_is_no_twin() {
        assert_eq!(why(&[("github", "dana"), ("slack", "dana")]), []);
    }

    #[test]
    fn a_zero_width_character_hides_in_no_name() {
        let found = why(&[("email", "dana@corp.example"), ("email", "dana\u{200b}@corp.example")]);
        assert_eq!(found[1].1, "invisible or reordering characters, looks like another id");
    }
}
