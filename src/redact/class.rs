//! What a masked value is.

use std::fmt;

/// A class of secret or of personal data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// A private key, in PEM, PuTTY's or age's form.
    PrivateKey,
    /// A key of a cloud account, or a signature that grants access there.
    CloudKey,
    /// A token of a product, known by its form.
    Token,
    /// A JSON Web Token.
    Jwt,
    /// The password in a URL.
    ConnectionString,
    /// A value under the name of a password.
    Password,
    /// A random value under the name of a key or token.
    HighEntropy,
    /// The number of a payment card.
    Card,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
}

impl Class {
    /// Every class, in the order in which one wins where two overlap.
    pub const ALL: [Self; 10] = [
        Self::PrivateKey,
        Self::CloudKey,
        Self::Token,
        Self::Jwt,
        Self::ConnectionString,
        Self::Password,
        Self::HighEntropy,
        Self::Card,
        Self::Email,
        Self::Phone,
    ];

    /// Returns the word used in reports, tables, and the workspace file.
    pub fn word(self) -> &'static str {
        match self {
            Self::PrivateKey => "private-key",
            Self::CloudKey => "cloud-key",
            Self::Token => "token",
            Self::Jwt => "jwt",
            Self::ConnectionString => "connection-string",
            Self::Password => "password",
            Self::HighEntropy => "high-entropy",
            Self::Card => "card",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// Returns the class of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word)
    }

    /// Tells whether whoever reads such a value can use it. Such a value is always masked, and always an exception.
    pub fn is_secret(self) -> bool {
        !matches!(self, Self::Card | Self::Email | Self::Phone)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
