//! The application's identifier of an identification.

use std::fmt;

use idv_core::{Error, Reference, Result};

/// The application's number of an identification: 1 to 255 characters of `a-z`, `A-Z`, `0-9`, `_`
/// and `-` (chapter 3.2.6).
///
/// IDnow ignores case. The number must not be guessable, because the long link with it opens the
/// person's identification; `Debug` prints only its first eight characters. Every new [`Reference`]
/// is a valid transaction number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TransactionNumber(Box<str>);

impl TransactionNumber {
    /// Parses a transaction number (chapter 3.2.6).
    ///
    /// ```
    /// use idv_idnow::api::TransactionNumber;
    ///
    /// let number = TransactionNumber::parse("287492_23552")?;
    /// assert_eq!(format!("{number:?}"), "287492_2…"); // not in clear text
    /// assert!(TransactionNumber::parse("287492 23552").is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `reference` if a character or
    /// the length is not allowed.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=255).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                "reference",
                "expected a transaction number of 1 to 255 characters of a-z, A-Z, 0-9, _ and -",
            ));
        }
        Ok(Self(text.into()))
    }

    /// Returns the transaction number in clear text, in the case in which it was parsed.
    ///
    /// ```
    /// use idv_core::Reference;
    /// use idv_idnow::api::TransactionNumber;
    ///
    /// let reference = Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?;
    /// let number = TransactionNumber::try_from(&reference)?;
    /// assert_eq!(number.as_str(), "6f1c2a9e1c1f4a6b9a520c2d6a1f7e11");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&Reference> for TransactionNumber {
    type Error = Error;

    // Every new reference is a valid transaction number, but an existing one may not be.
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
    fn transaction_number_has_the_documented_form() {
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
