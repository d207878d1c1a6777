//! The vendor's identifier of an order.

use std::fmt;

use idv_core::{Error, Result, VendorId, VerificationId};

/// The vendor's identifier of an order: 1 to 20 ASCII letters and digits (chapter 3.1.5). `Debug`
/// redacts it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(String);

impl OrderId {
    /// Parses an order id: 1 to 20 ASCII letters and digits (chapter 3.1.5).
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::api::OrderId;
    ///
    /// let order = OrderId::parse("99920006C38842")?;
    /// assert_eq!(format!("{order:?}"), "OrderId(…)");
    /// let error = OrderId::parse("99920006-C38842").expect_err("a hyphen");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "vendor_id".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
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

    /// Returns the id in clear text, as in the paths of the calls.
    ///
    /// ```
    /// use idv_core::{Reference, VendorId, VerificationId};
    /// use idv_identity_tm::api::OrderId;
    ///
    /// // The order of a verification that was created through the model.
    /// let reference = Reference::parse("6f1c2a9e1c1f4a6b")?;
    /// let id = VerificationId::new(reference, Some(VendorId::new("99921269855041")));
    /// assert_eq!(OrderId::try_from(&id)?.as_str(), "99921269855041");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
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
