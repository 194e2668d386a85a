//! Which values of a record the hashes and signatures of a profile cover, worked out from the profile alone.
//!
//! A value that nothing covers can be changed without a trace, and products leave out the very fields that an audit rests
//! on. So coverage errs towards less: of cases that differ, a value is covered only where all cover it.

use super::condition::{Condition, Test};
use super::expr::{Expr, From};
use super::format::{By, Case, KeySource, Layer, LinkValue, SignatureAlgorithm};
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
    let covered = |expr: &Expr| areas(expr, at).iter().any(|area| area.holds(path));
    let is = |pointer: &Pointer| begins(&pointer.whole(at), path);

    let hashed = case.hash.as_ref().is_some_and(|hash| covered(&hash.over));
    let stored = case.hash.as_ref().and_then(|hash| hash.field.as_ref());
    let by_hash = match (hashed, stored) {
        (true, Some(_)) => Some(By::Hash),
        (true, None) => Some(By::NextRecord),
        (false, _) => stored.filter(|stored| is(stored)).map(|_| By::Hash),
    };

    // Where only some records are signed, a signature covers nothing in the others.
    let unconditional = case.signature.as_ref().is_some_and(super::format::Signature::is_unconditional);
    let by_signature = if unconditional { signed(layer, case, path) } else { None };

    // A link is compared with the record before, a code that is a link with the record after.
    let linked = layer
        .link
        .as_ref()
        .is_some_and(|link| is(&link.prev) || matches!(&link.value, LinkValue::Id(pointer) if is(pointer)));
    let fixed = linked
        || layer.seq.as_ref().is_some_and(|seq| is(&seq.field))
        || layer.require.iter().chain(&case.require).any(|condition| fixes(condition, at, path));
    [by_signature, by_hash, fixed.then_some(By::Fixed)].into_iter().flatten()
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
    let key = match &signature.key {
        KeySource::Embedded(pointer, _) => is(pointer),
        KeySource::Name(_) | KeySource::Fingerprint(..) | KeySource::Unnamed => false,
    };
    let by = match signature.algorithm {
        SignatureAlgorithm::Asymmetric(_) => By::Signature,
        SignatureAlgorithm::Hmac => By::Mac,
    };
    // The signature itself and the key in the record cannot change without failing.
    (covers(path) || through_hash || is(&signature.field) || key).then_some(by)
}

/// Tells whether a condition leaves `path` no second value.
fn fixes(condition: &Condition, at: &[String], path: &[String]) -> bool {
    matches!(condition.test, Test::Equals(_) | Test::Present(false) | Test::Same(_) | Test::Computed(..))
        && begins(&condition.field.whole(at), path)
}

/// Returns the layers whose hashes cover all that the layer at `index` selects, in every record that it selects.
pub(super) fn within(layers: &[Layer], index: usize) -> Vec<usize> {
    let inner = &layers[index];
    let selected = inner.at.tokens();
    let contains = |outer: &Layer| {
        let narrower = outer.conditions.iter().all(|condition| inner.conditions.contains(condition));
        narrower
            && matches!(of_layer(outer, selected), Some(By::Signature | By::Mac | By::Hash | By::NextRecord))
    };
    (0..layers.len()).filter(|&other| other != index && contains(&layers[other])).collect()
}
