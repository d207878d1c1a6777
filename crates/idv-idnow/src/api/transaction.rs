//! Transaction numbers.

use std::fmt;

use idv_core::{Error, Reference, Result};

/// The number that we give an identification: 1 to 255 characters of `a-z`, `A-Z`, `0-9`, `_` and `-` (chapter 3.2.6).
///
/// IDnow does not tell upper from lower case in it. It must not be guessable, since the long link with it opens the person's
/// identification; `Debug` prints its first eight characters only. Every [`Reference`] is one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TransactionNumber(Box<str>);

impl TransactionNumber {
    /// Takes a transaction number.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `reference`, if a character or the length is not allowed.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=255).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                "reference",
                "a transaction number is 1 to 255 characters of a-z, A-Z, 0-9, _ and -",
            ));
        }
        Ok(Self(text.into()))
    }

    /// The transaction number in clear.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&Reference> for TransactionNumber {
    type Error = Error;

    // New references always are transaction numbers too; what exists under another name may be none.
    fn try_from(reference: &Reference) -> Result<Self> {
        Self::parse(reference.as_str())
    }
}

impl fmt::Debug for TransactionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.0.get(..8).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_number_has_the_documents_alphabet_and_length() {
        for text in ["1", "287492_23552", "XYZ-123", &"a".repeat(255)] {
            assert!(TransactionNumber::parse(text).is_ok(), "{text}");
        }
        for text in ["", "a b", "a/b", "..", "é", "a.zip", &"a".repeat(256)] {
            assert!(TransactionNumber::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_reference_is_a_transaction_number() {
        let reference = Reference::parse("0123456789abcdef-").unwrap();
        let number = TransactionNumber::try_from(&reference).unwrap();
        assert_eq!(
            TransactionNumber::parse(reference.as_str()).unwrap(),
            number
        );
        assert_eq!(format!("{number:?}"), "01234567…");
    }
}
