//! The vendor's identifier of an ident.

use std::fmt;

use idv_core::{Error, Result, VendorId, VerificationId};

/// The vendor's identifier of an ident, a UUID in every sample.
///
/// Knowing the id is enough to open the person's session, so `Debug` redacts it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentId(String);

impl IdentId {
    /// Parses an ident id: 1 to 100 ASCII letters, digits, hyphens and underscores.
    ///
    /// The document does not promise UUIDs. These characters need no escaping in a URL.
    ///
    /// ```
    /// use idv_identify24::api::IdentId;
    ///
    /// let id = IdentId::parse("3d1b2c4e-0000-4000-8000-00000000a001")?;
    /// assert_eq!(format!("{id:?}"), "IdentId(…)"); // it opens the person's session
    /// assert!(IdentId::parse("../project").is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `vendor_id` if `text` has
    /// another form.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=100).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                "vendor_id",
                "expected an ident id: 1 to 100 ASCII letters, digits, hyphens and underscores",
            ));
        }
        Ok(Self(text))
    }

    /// Returns the id in clear text.
    ///
    /// ```
    /// use idv_identify24::api::IdentId;
    ///
    /// let id = IdentId::parse("3d1b2c4e-0000-4000-8000-00000000a001")?;
    /// assert_eq!(id.as_str(), "3d1b2c4e-0000-4000-8000-00000000a001");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentId(…)")
    }
}

impl TryFrom<&VerificationId> for IdentId {
    type Error = Error;

    fn try_from(id: &VerificationId) -> Result<Self> {
        Self::parse(id.require_vendor_id()?.as_str())
    }
}

impl From<IdentId> for VendorId {
    fn from(id: IdentId) -> Self {
        Self::new(id.0)
    }
}
