//! The vendor's id of an ident.

use std::fmt;

use idv_core::{Error, Result, VendorId, VerificationId};

/// The vendor's id of an ident: a UUID in every sample. It opens the person's session, so `Debug` does not print it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentId(String);

impl IdentId {
    /// An ident's id: 1 to 100 ASCII letters, digits, hyphens and underscores. The document does not hold ids to the form of its
    /// samples; this is what goes into an address as it is.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `vendor_id` if it cannot be one.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=100).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(Error::invalid(
                "vendor_id",
                "an ident's id is 1 to 100 ASCII letters, digits, hyphens and underscores",
            ));
        }
        Ok(Self(text))
    }

    /// The id in clear.
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
