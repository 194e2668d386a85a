//! Values that several rules ask for, found once per record.
//!
//! A named expression that looks at the record alone, and at no item of an array, says the same wherever it stands. So does a
//! column that rules share. Both are kept from the first time they are asked for.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::condition::Condition;
use super::expr::{Base, Expr, Look, Path, Piece, Scope, Val};
use super::json::Fault;

/// An expression that others refer to by its number.
#[derive(Debug)]
pub(super) struct Named {
    pub expr: Expr,
    /// Whether its value is the same for every item.
    fixed: bool,
    /// Where its value is kept, if it is worth it.
    kept: Option<usize>,
}

/// The values of one record that have been asked for.
pub(super) type Memo<'f> = [OnceCell<Val<'f>>];

impl Named {
    /// Returns `expr`, which refers to `known` alone. `kept` counts the values that are kept.
    pub(super) fn new(expr: Expr, known: &[Self], kept: &mut usize) -> Self {
        let fixed = is_fixed(&expr, known, 0);
        let worth = fixed && is_costly(&expr);
        let at = worth.then_some(*kept);
        *kept += usize::from(worth);
        Self { expr, fixed, kept: at }
    }

    /// Finds its value in `scope`, or where it was kept.
    pub(super) fn eval<'f>(&'f self, scope: &Scope<'f>) -> Result<Val<'f>, Fault> {
        let Some(cell) = self.kept.and_then(|at| scope.memo.get(at)) else { return self.expr.eval(scope) };
        match cell.get() {
            Some(value) => Ok(lent(value)),
            None => {
                let value = self.expr.eval(scope)?;
                Ok(lent(cell.get_or_init(|| value)))
            }
        }
    }

    /// Finds its value as [`Expr::look`] does, or where it was kept.
    pub(super) fn look<'f>(&'f self, scope: &Scope<'f>) -> Look<'f> {
        let Some(cell) = self.kept.and_then(|at| scope.memo.get(at)) else { return self.expr.look(scope) };
        match cell.get() {
            Some(Val::Text(text)) => Look::Text(text),
            Some(Val::Json(json)) => Look::Json(json),
            Some(Val::Null) => Look::Null,
            _ => Look::Other,
        }
    }
}

/// Tells whether rules that share `expr` would find the same, and at some cost.
pub(super) fn is_shareable(expr: &Expr, known: &[Named]) -> bool {
    is_costly(expr) && is_fixed(expr, known, 0)
}

/// Returns a value that borrows what `value` owns.
fn lent<'f>(value: &'f Val<'f>) -> Val<'f> {
    match value {
        Val::Text(text) => Val::Text(Cow::Borrowed(text)),
        other => other.clone(),
    }
}

/// Tells whether it is more than a look at places.
fn is_costly(expr: &Expr) -> bool {
    match expr {
        Expr::First(options) => options.iter().any(is_costly),
        Expr::Constant(_)
        | Expr::Path(_)
        | Expr::Let(_)
        | Expr::Setting(_)
        | Expr::Source
        | Expr::Log
        | Expr::Index
        | Expr::Key
        | Expr::Id => false,
        _ => true,
    }
}

/// Tells whether the value is the same wherever in the record it is asked for; `inner` is how many arrays it walks itself.
fn is_fixed(expr: &Expr, known: &[Named], inner: usize) -> bool {
    let fixed = |expr: &Expr| is_fixed(expr, known, inner);
    let at = |path: &Path| is_path_fixed(path, inner);
    match expr {
        Expr::Constant(_) | Expr::Setting(_) | Expr::Source | Expr::Log => true,
        Expr::Index => inner > 0,
        Expr::Key | Expr::Id => false,
        Expr::Path(path) | Expr::Join { of: path, .. } => at(path),
        Expr::Let(index) => known.get(*index).is_some_and(|named| named.fixed),
        Expr::Template(pieces) => pieces.iter().all(|piece| match piece {
            Piece::Text(_) => true,
            Piece::Value(value) => fixed(value),
        }),
        Expr::First(options) => options.iter().all(fixed),
        Expr::Map { of, .. }
        | Expr::Capture { of, .. }
        | Expr::Time { of, .. }
        | Expr::Duration { of, .. }
        | Expr::Decode { of, .. }
        | Expr::Digest { of, .. } => fixed(of),
        Expr::Member { of, name: other, .. } | Expr::Nth { of, index: other, .. } => at(of) && fixed(other),
        Expr::Find { of, fits, .. } => at(of) && is_condition_fixed(fits, known, inner + 1),
        Expr::If { condition, then, otherwise } => {
            is_condition_fixed(condition, known, inner)
                && fixed(then)
                && otherwise.as_ref().is_none_or(|otherwise| fixed(otherwise))
        }
        Expr::Add(left, right) => fixed(left) && fixed(right),
        Expr::Greatest { of, over } => {
            let within = inner + usize::from(over.is_some());
            over.as_ref().is_none_or(at) && of.iter().all(|expr| is_fixed(expr, known, within))
        }
    }
}

fn is_condition_fixed(condition: &Condition, known: &[Named], inner: usize) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().all(|part| is_condition_fixed(part, known, inner))
        }
        Condition::Not(part) => is_condition_fixed(part, known, inner),
        Condition::Value { of, .. } => is_fixed(of, known, inner),
        Condition::Exists { of, .. } | Condition::Type { of, .. } => is_path_fixed(of, inner),
        Condition::Has { of, fits } | Condition::HasMember { of, fits } => {
            is_path_fixed(of, inner) && is_condition_fixed(fits, known, inner + 1)
        }
    }
}

/// The item around the innermost is one of the rule's own, unless two arrays are walked here.
fn is_path_fixed(path: &Path, inner: usize) -> bool {
    match path.base {
        Base::Root(_) | Base::Record | Base::Nested(_) => true,
        Base::Item => inner > 0,
        Base::Parent => inner > 1,
        Base::Zip => false,
    }
}
