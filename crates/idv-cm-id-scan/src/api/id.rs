//! The vendor's identifiers of transactions and results.

use std::fmt;

use idv_core::{Error, ResultHandle, VendorId, VerificationId};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $field:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Parses an id: 1 to 100 characters of `a-z`, `A-Z`, `0-9`, `-` and `_`, with at least
            /// one letter or digit.
            ///
            /// The vendor's ids are UUIDs in every sample. These characters need no escaping in a
            /// URL.
            ///
            /// ```
            /// use idv_cm_id_scan::api::{ResultId, TransactionId};
            ///
            /// // As in the sample of "Create a transaction".
            /// let id = TransactionId::parse("c3b92333-0000-4000-8000-000000000000")?;
            /// assert_eq!(format!("{id:?}"), "TransactionId(…)");
            /// assert!(ResultId::parse("../webhooks").is_err());
            /// # Ok::<(), idv_core::Error>(())
            /// ```
            ///
            /// # Errors
            ///
            /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) if `text` has another form.
            pub fn parse(text: &str) -> Result<Self, Error> {
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let is_word = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
                if !(1..=100).contains(&text.len()) || !text.bytes().all(allowed) || !is_word {
                    return Err(Error::invalid($field, "expected 1 to 100 characters of a-z, A-Z, 0-9, - and _, with at least \
                         one letter or digit"));
                }
                Ok(Self(text.into()))
            }

            /// Returns the id in clear text.
            ///
            /// ```
            /// use idv_cm_id_scan::api::ResultId;
            ///
            /// let id = ResultId::parse("e6b7ce66-0000-4000-8000-000000000000")?;
            /// assert_eq!(id.as_str(), "e6b7ce66-0000-4000-8000-000000000000");
            /// # Ok::<(), idv_core::Error>(())
            /// ```
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

ids! {
    /// The vendor's identifier of a transaction.
    TransactionId, "vendor_id";
    /// The vendor's identifier of a transaction's result, which an event or the person's browser
    /// brings.
    ResultId, "handle";
}

impl ResultId {
    /// Returns whether the id has the form of the ids in the vendor's samples.
    pub(crate) fn is_uuid(&self) -> bool {
        let lengths = self.0.split('-').map(str::len);
        lengths.eq([8, 4, 4, 4, 12])
            && self
                .0
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    }
}

impl TryFrom<&VerificationId> for TransactionId {
    type Error = Error;

    fn try_from(id: &VerificationId) -> Result<Self, Error> {
        Self::parse(id.require_vendor_id()?.as_str())
    }
}

impl From<TransactionId> for VendorId {
    fn from(id: TransactionId) -> Self {
        Self::new(id.0)
    }
}

impl TryFrom<&ResultHandle> for ResultId {
    type Error = Error;

    fn try_from(handle: &ResultHandle) -> Result<Self, Error> {
        Self::parse(handle.as_str())
    }
}

impl From<ResultId> for ResultHandle {
    fn from(id: ResultId) -> Self {
        Self::new(id.0)
    }
}
