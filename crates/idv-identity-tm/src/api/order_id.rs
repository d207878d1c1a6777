//! The vendor's identifier of an order.

use std::fmt;

use idv_core::{Error, Result, VendorId, VerificationId};

/// The vendor's identifier of an order: 1 to 20 ASCII letters and digits (chapter 3.1.5). `Debug`
/// redacts it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(String);

impl OrderId {
    /// Parses an order id.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `vendor_id` if `text` has
    /// another form.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if !(1..=20).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return Err(Error::invalid(
                "vendor_id",
                "expected an OrderID: 1 to 20 ASCII letters and digits",
            ));
        }
        Ok(Self(text))
    }

    /// Returns the id in clear text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OrderId(…)")
    }
}

impl TryFrom<&VerificationId> for OrderId {
    type Error = Error;

    fn try_from(id: &VerificationId) -> Result<Self> {
        Self::parse(id.require_vendor_id()?.as_str())
    }
}

impl From<OrderId> for VendorId {
    fn from(id: OrderId) -> Self {
        Self::new(id.0)
    }
}
