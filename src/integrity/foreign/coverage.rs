//! Which values of a record the hashes and signatures of a profile cover, worked out from the profile alone.
//!
//! A value that nothing covers can be changed without a trace, and products leave out the very fields that an audit rests
//! on. So coverage errs towards less: of cases that differ, a value is covered only where all cover it.

use super::condition::{Condition, Test};
use super::expr::{Expr, From};
use super::format::{By, Case, KeySource, Layer, Link, LinkValue, SignatureAlgorithm};
use super::hash::HashAlgorithm;
use super::pointer::{ANY_INDEX, Pointer, begins};

/// A value and all below it, but for some.
#[derive(Clone, Debug)]
pub(super) struct Area {
    pub path: Vec<String>,
    pub except: Vec<Vec<String>>,
}

impl Area {
    fn whole(path: Vec<String>) -> Self {
        Self { path, except: Vec::new() }
    }

    /// Tells whether all of `path` lies in it.
    pub(super) fn holds(&self, path: &[String]) -> bool {
        begins(&self.path, path)
            && !self.except.iter().any(|except| begins(except, path) || begins(path, except))
    }
}

/// Returns what an expression covers, for a layer that selects the value at `at`.
pub(super) fn areas(expr: &Expr, at: &[String]) -> Vec<Area> {
    let one = |pointer: &Pointer| vec![Area::whole(pointer.whole(at))];
    match expr {
        Expr::Line => vec![Area::whole(Vec::new())],
        Expr::Raw(pointer) | Expr::Decode(pointer, ..) | Expr::Number(pointer, _) => one(pointer),
        Expr::Field(field) => one(&field.at),
        Expr::Before(name) => {
            vec![Area { path: at.to_vec(), except: vec![[at, std::slice::from_ref(name)].concat()] }]
        }
        Expr::Literal(_) => Vec::new(),
        Expr::Hash(_, of) | Expr::Encode(of, _) => areas(of, at),
        // Bytes that were cut off cover less than they were made from; a hash that was cut still covers all of it.
        Expr::Take(of, _) if matches!(**of, Expr::Hash(..)) => areas(of, at),
        Expr::Take(..) => Vec::new(),
        Expr::Concat(parts, _) => parts.iter().flat_map(|part| areas(part, at)).collect(),
        Expr::Json(json) => {
            let path = json.at.whole(at);
            let below = |tokens: &[String]| path.iter().chain(tokens).cloned().collect();
            let except = json
                .drop
                .iter()
                .chain(json.set.iter().map(|(path, _)| path))
                .map(|path| below(path.tokens()));
            vec![Area { except: except.collect(), path: path.clone() }]
        }
        Expr::Assembled(assembled) => assembled
            .members
            .iter()
            .filter_map(|part| match &part.from {
                From::Field(pointer) => Some(Area::whole(pointer.whole(at))),
                From::Constant(_) => None,
            })
            .collect(),
        Expr::Each(items, of, _) => areas(of, &item(items, at)),
        Expr::Merkle(merkle) => areas(&merkle.of, &item(&merkle.items, at)),
    }
}

fn item(items: &Pointer, at: &[String]) -> Vec<String> {
    let mut path = items.whole(at);
    path.push(ANY_INDEX.to_owned());
    path
}

/// Returns how a layer covers `path` in every one of its cases; the weakest of them. `None` where some case does not.
///
/// Of a layer of envelopes, `path` starts at the payload, all of which is signed.
pub(super) fn of_layer(layer: &Layer, path: &[String]) -> Option<By> {
    if layer.mechanism.is_some() {
        return Some(By::Signature);
    }
    layer
        .cases
        .iter()
        .map(|case| of_case(layer, case, path).min())
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()
}

/// Returns every way in which a case of a layer covers `path`.
pub(super) fn of_case<'a>(
    layer: &'a Layer,
    case: &'a Case,
    path: &'a [String],
) -> impl Iterator<Item = By> + 'a {
    let at = layer.at.tokens();
    let is = |pointer: &Pointer| begins(&pointer.whole(at), path);

    // A link is compared with the record before, a code that is a link with the record after.
    let linked = layer
        .link
        .as_ref()
        .is_some_and(|link| is(&link.prev) || matches!(&link.value, LinkValue::Id(pointer) if is(pointer)));
    let fixed = linked
        || layer.seq.as_ref().is_some_and(|seq| is(&seq.field))
        || layer.require.iter().chain(&case.require).any(|condition| fixes(layer, case, condition, path));
    [by_signature(layer, case, path), by_hash(layer, case, path), fixed.then_some(By::Fixed)]
        .into_iter()
        .flatten()
}

/// Returns how the hash of a case covers `path`.
fn by_hash(layer: &Layer, case: &Case, path: &[String]) -> Option<By> {
    let at = layer.at.tokens();
    let covered = |expr: &Expr| areas(expr, at).iter().any(|area| area.holds(path));
    let is = |pointer: &Pointer| begins(&pointer.whole(at), path);
    let hashed = case.hash.as_ref().is_some_and(|hash| covered(&hash.over));
    let stored = case.hash.as_ref().and_then(|hash| hash.field.as_ref());
    match (hashed, stored) {
        (true, Some(_)) => Some(By::Hash),
        (true, None) => Some(By::NextRecord),
        (false, _) => stored.filter(|stored| is(stored)).map(|_| By::Hash),
    }
}

/// Returns how the signature of a case covers `path` in each of its records: where only some are signed, it covers nothing in
/// the others.
fn by_signature(layer: &Layer, case: &Case, path: &[String]) -> Option<By> {
    let unconditional = case.signature.as_ref().is_some_and(super::format::Signature::is_unconditional);
    if unconditional { signed(layer, case, path) } else { None }
}

/// Returns how the signature of a case covers `path`, in the records that carry one.
pub(super) fn signed(layer: &Layer, case: &Case, path: &[String]) -> Option<By> {
    let signature = case.signature.as_ref()?;
    let at = layer.at.tokens();
    let is = |pointer: &Pointer| begins(&pointer.whole(at), path);
    let over = areas(&signature.over, at);
    let covers = |path: &[String]| over.iter().any(|area| area.holds(path));
    // A signature over the stored hash covers what the hash covers: the two are compared.
    let through_hash = case.hash.as_ref().is_some_and(|hash| {
        let stored = hash.field.as_ref().is_some_and(|stored| covers(&stored.whole(at)));
        stored && areas(&hash.over, at).iter().any(|area| area.holds(path))
    });
    let through_equal = equals(layer, case)
        .into_iter()
        .any(|(one, other)| (begins(&one, path) && covers(&other)) || (begins(&other, path) && covers(&one)));
    let key = match &signature.key {
        KeySource::Embedded(pointer, _) => is(pointer),
        KeySource::Name(_) | KeySource::Fingerprint(..) | KeySource::Unnamed => false,
    };
    let by = match signature.algorithm {
        SignatureAlgorithm::Asymmetric(_) => By::Signature,
        SignatureAlgorithm::Hmac => By::Mac,
    };
    // The signature itself and the key in the record cannot change without failing.
    (covers(path) || through_hash || through_equal || is(&signature.field) || key).then_some(by)
}

/// Tells whether the signatures of a layer stand for the records that carry them, and not only for what came before.
pub(super) fn signs_record(layer: &Layer) -> bool {
    let at = layer.at.tokens();
    let prev = layer.link.as_ref().map(|link| link.prev.whole(at));
    let mut signing = layer.cases.iter().filter_map(|case| Some((case, case.signature.as_ref()?)));
    signing.all(|(case, signature)| {
        let mut links: Vec<Vec<String>> = prev.iter().cloned().collect();
        for (one, other) in equals(layer, case) {
            if prev.as_ref() == Some(&one) {
                links.push(other);
            } else if prev.as_ref() == Some(&other) {
                links.push(one);
            }
        }
        let beside = |area: &Area| !links.iter().any(|link| begins(link, &area.path));
        areas(&signature.over, at).iter().any(beside)
    })
}

/// Returns the pairs of values that are the same text in every record of a case.
fn equals(layer: &Layer, case: &Case) -> Vec<(Vec<String>, Vec<String>)> {
    let at = layer.at.tokens();
    let conditions = case.conditions.iter().chain(&case.require).chain(&layer.require);
    let pair = |condition: &Condition| match &condition.test {
        Test::Same(other) => Some((condition.field.whole(at), other.whole(at))),
        _ => None,
    };
    conditions.filter_map(pair).collect()
}

/// Tells whether a layer covers `path` so that a change shows wherever its record counts as covered, in each of its cases.
pub(super) fn protects(layer: &Layer, path: &[String]) -> bool {
    // All of a payload is signed.
    layer.mechanism.is_some() || layer.cases.iter().all(|case| case_protects(layer, case, path))
}

/// As [`protects`], for one case.
///
/// Where records stand by their own signatures, a hash that covers more than the signature does shows nothing there: whoever
/// changes the value makes the hash anew.
pub(super) fn case_protects(layer: &Layer, case: &Case, path: &[String]) -> bool {
    let by: Vec<By> = of_case(layer, case, path).collect();
    let by_hash_alone = by.iter().all(|by| matches!(by, By::Hash | By::NextRecord));
    let stands_alone = case.signature.is_some() && signs_record(layer) && signed(layer, case, path).is_none();
    let shows_nothing = by_hash_alone && stands_alone;
    !by.is_empty() && !shows_nothing
}

/// Tells whether the link of a layer is a hash that covers the link of the record it names.
pub(super) fn binds(layer: &Layer) -> bool {
    let Some(link) = &layer.link else { return false };
    let at = layer.at.tokens();
    let prev = link.prev.whole(at);
    let covers_link = |case: &Case| {
        let hash = case.hash.as_ref();
        hash.is_some_and(|hash| areas(&hash.over, at).iter().any(|area| area.holds(&prev)))
    };
    matches!(link.value, LinkValue::Computed | LinkValue::Stored) && layer.cases.iter().all(covers_link)
}

/// Tells whether the link of a layer is the SHA-256 of the line before.
pub(super) fn links_lines(layer: &Layer) -> bool {
    let of_line = |case: &Case| {
        let hash = case.hash.as_ref();
        hash.is_some_and(|hash| hash.algorithm == HashAlgorithm::Sha256 && matches!(hash.over, Expr::Line))
    };
    let hashed = |link: &Link| matches!(link.value, LinkValue::Computed | LinkValue::Stored);
    layer.link.as_ref().is_some_and(hashed) && layer.cases.iter().all(of_line)
}

/// Tells whether a condition leaves `path` no second value. What is compared with other values is as fixed as they are.
fn fixes(layer: &Layer, case: &Case, condition: &Condition, path: &[String]) -> bool {
    let at = layer.at.tokens();
    let held =
        |path: &[String]| by_signature(layer, case, path).is_some() || by_hash(layer, case, path).is_some();
    begins(&condition.field.whole(at), path)
        && match &condition.test {
            Test::Equals(_) | Test::Present(false) => true,
            Test::Same(other) => held(&other.whole(at)),
            Test::Computed(expr, _) => areas(expr, at).iter().all(|area| held(&area.path)),
            _ => false,
        }
}

/// Returns the layers whose hashes cover all that the layer at `index` selects, in every record that it selects.
pub(super) fn within(layers: &[Layer], index: usize) -> Vec<usize> {
    let inner = &layers[index];
    let selected = inner.at.tokens();
    let contains = |outer: &Layer| {
        let narrower = outer.conditions.iter().all(|condition| inner.conditions.contains(condition));
        narrower
            && protects(outer, selected)
            && matches!(of_layer(outer, selected), Some(By::Signature | By::Mac | By::Hash | By::NextRecord))
    };
    (0..layers.len()).filter(|&other| other != index && contains(&layers[other])).collect()
}
