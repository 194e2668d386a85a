//! The order of members, and their names as they are written.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::integrity::tree::{Member, Node};

use super::{Canon, CanonError, text};

/// Returns the members of an object in the order in which `canon` writes them.
pub(super) fn members<'n, 'a>(
    canon: Canon,
    members: &'n [Member<'a>],
) -> Result<Vec<(Cow<'n, str>, &'n Node<'a>)>, CanonError> {
    let normalise = matches!(canon, Canon::JcsNfc | Canon::JcsNfcHtml);
    let mut own: Vec<(Cow<'n, str>, &'n Node<'a>)> = members
        .iter()
        .map(|member| {
            let name =
                if normalise { text::normalised(&member.name) } else { Cow::Borrowed(member.name.as_ref()) };
            (name, &member.node)
        })
        .collect();
    match canon {
        Canon::Jcs | Canon::JcsNfc => own.sort_by(|(a, _), (b, _)| utf16_order(a, b)),
        Canon::JcsNfcHtml | Canon::PyJson | Canon::PyJsonCompact | Canon::PyJsonCompactUtf8 => {
            own.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Canon::JsOrdered => own.sort_by_key(|(name, _)| property_order(name)),
        Canon::JsSorted => {
            if own.iter().any(|(name, _)| name == "__proto__") {
                return Err(CanonError::LeftOut);
            }
            own.sort_by(|(a, _), (b, _)| {
                property_order(a).cmp(&property_order(b)).then_with(|| utf16_order(a, b))
            });
        }
        Canon::GoJson | Canon::Raw => {}
    }
    if normalise && own.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(CanonError::DuplicateKey);
    }
    Ok(own)
}

/// Returns the place of a property among those of a JavaScript object (ECMA-262, OrdinaryOwnPropertyKeys): array indices
/// come first, by value, and all others after them in the order in which they were set.
fn property_order(name: &str) -> u32 {
    let canonical = name.len() <= 10
        && name.bytes().all(|b| b.is_ascii_digit())
        && !name.is_empty()
        && (name == "0" || !name.starts_with('0'));
    // 2³² − 1 is no array index: it is the greatest length.
    if canonical { name.parse().unwrap_or(u32::MAX) } else { u32::MAX }
}

/// Compares two texts by their UTF-16 code units (RFC 8785 §3.2.3), without converting them.
///
/// It is the order of the UTF-8 bytes but for one case: characters above U+FFFF, whose surrogates begin at U+D800, come before
/// those from U+E000 to U+FFFF.
fn utf16_order(a: &str, b: &str) -> Ordering {
    let differs = a.bytes().zip(b.bytes()).find(|(x, y)| x != y);
    match differs {
        None => a.len().cmp(&b.len()),
        // Lead bytes: 0xee and 0xef begin U+E000 to U+FFFF, 0xf0 and above what needs surrogates.
        Some((x @ 0xee..=0xef, y @ 0xf0..)) | Some((x @ 0xf0.., y @ 0xee..=0xef)) => y.cmp(&x),
        Some((x, y)) => x.cmp(&y),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_utf_16_code_units(a in "[a\u{7f}\u{80}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,4}", b in "[a\u{7f}\u{80}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,4}") {
            prop_assert_eq!(utf16_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }

    #[test]
    fn only_array_indices_come_first() {
        for (name, place) in [("0", 0), ("10", 10), ("4294967294", 4_294_967_294)] {
            assert_eq!(property_order(name), place, "{name}");
        }
        for name in ["", "00", "01", "-1", "+1", "1.0", "4294967295", "4294967296", "99999999999", "a"] {
            assert_eq!(property_order(name), u32::MAX, "{name}");
        }
    }
}
