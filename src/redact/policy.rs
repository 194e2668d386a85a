//! What a workspace decides about masking: personal data by class, and values that are known to be harmless.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::class::Class;
use crate::digest::Digest;

/// What happens to a value of a class.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    /// It is shown.
    Keep,
    /// It is masked and counted.
    Mask,
    /// It is masked and counted, and its event is an exception of DAT-02.
    Exception,
}

impl Action {
    /// Returns the word used in the workspace file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Mask => "mask",
            Self::Exception => "exception",
        }
    }
}

/// A value that looks like a secret and is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// SHA-256 of the value.
    pub sha256: Digest,
    /// Why it is harmless.
    pub reason: String,
    /// Who decided.
    pub decided_by: String,
}

/// What is masked, and what that means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    personal: BTreeMap<Class, Action>,
    allowed: BTreeSet<Digest>,
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(&[], &[])
    }
}

impl Policy {
    /// Returns the policy with these decisions on personal data. A decision on a secret has no effect: secrets are
    /// always masked and always an exception.
    pub fn new(decisions: &[(Class, Action)], allowed: &[Allowed]) -> Self {
        let defaults =
            [(Class::Card, Action::Exception), (Class::Email, Action::Mask), (Class::Phone, Action::Mask)];
        let personal = defaults.into_iter().chain(decisions.iter().copied()).collect();
        Self { personal, allowed: allowed.iter().map(|value| value.sha256).collect() }
    }

    /// Returns the policy of messages: secrets and card numbers are masked, addresses and telephone numbers stay.
    pub(super) fn secrets() -> &'static Self {
        static SECRETS: LazyLock<Policy> =
            LazyLock::new(|| Policy::new(&[(Class::Email, Action::Keep), (Class::Phone, Action::Keep)], &[]));
        &SECRETS
    }

    /// Returns what happens to a value of `class`.
    pub fn action(&self, class: Class) -> Action {
        match class.is_secret() {
            true => Action::Exception,
            false => self.personal.get(&class).copied().unwrap_or(Action::Exception),
        }
    }

    /// Tells whether `value` is known to be harmless.
    pub(super) fn allows(&self, value: &str) -> bool {
        !self.allowed.is_empty() && self.allowed.contains(&Digest::of(value.as_bytes()))
    }
}
