//! Key providers: services that wrap data keys under keys that never leave them.

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

/// Wraps and unwraps data keys: a key management service, a hardware module, or
/// [files](super::FileKeys).
///
/// The engine makes a data key, has the provider wrap it, stores it wrapped, and seals values with
/// it. It calls the provider when a store is opened, once a day to learn of a rotation, and when it
/// meets a data key that it has not unwrapped yet: never for each value.
///
/// All programs over one store have the same provider, or providers that unwrap each other's keys.
///
/// ```
/// use idv_flow::{DataKey, KeyError, KeyProvider, Vault, WrappedKey};
///
/// # struct Service;
/// # impl Service {
/// #     async fn encrypt(&self, _key: &str, text: &[u8]) -> std::io::Result<Vec<u8>> {
/// #         Ok(text.to_vec())
/// #     }
/// #     async fn decrypt(&self, _key: &str, text: &[u8]) -> std::io::Result<Vec<u8>> {
/// #         Ok(text.to_vec())
/// #     }
/// # }
/// /// Keys of a key management service.
/// struct ServiceKeys {
///     service: Service,
///     current: String,
/// }
/// # impl std::fmt::Debug for ServiceKeys {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
/// #         f.write_str("ServiceKeys")
/// #     }
/// # }
///
/// #[idv_core::async_trait]
/// impl KeyProvider for ServiceKeys {
///     async fn current_key(&self) -> Result<String, KeyError> {
///         Ok(self.current.clone())
///     }
///
///     async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, KeyError> {
///         let wrapped = self
///             .service
///             .encrypt(&self.current, key.expose())
///             .await
///             .map_err(KeyError::unavailable)?;
///         Ok(WrappedKey::new(self.current.clone(), wrapped))
///     }
///
///     async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError> {
///         let key = self
///             .service
///             .decrypt(&wrapped.key_id, &wrapped.bytes)
///             .await
///             .map_err(KeyError::unavailable)?;
///         DataKey::from_slice(&key)
///     }
/// }
/// # let _ = Vault::from_provider(ServiceKeys { service: Service, current: "key-1".to_owned() });
/// ```
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync + 'static {
    /// Returns the id of the key that wraps new data keys. Another id than before is a rotation.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    async fn current_key(&self) -> Result<String, KeyError>;

    /// Wraps a data key under the current key.
    ///
    /// # Cancellation
    ///
    /// The call changes nothing: it can be dropped and repeated.
    async fn wrap(&self, key: &DataKey) -> Result<WrappedKey, KeyError>;

    /// Unwraps a data key, under the key that it names.
    ///
    /// # Errors
    ///
    /// [`KeyError::UnknownKey`] if the provider does not have that key.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    async fn unwrap(&self, wrapped: &WrappedKey) -> Result<DataKey, KeyError>;
}

/// A key of 256 bits that seals values. `Debug` prints none of it, and its memory is overwritten
/// when it is freed.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// Returns a data key of these bytes.
    ///
    /// ```
    /// use idv_flow::DataKey;
    ///
    /// let key = DataKey::new([7; 32]);
    /// assert_eq!(format!("{key:?}"), "DataKey"); // never the bytes
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns a data key of these bytes.
    ///
    /// ```
    /// use idv_flow::{DataKey, KeyError};
    ///
    /// assert!(DataKey::from_slice(&[7; 32]).is_ok());
    /// assert!(matches!(DataKey::from_slice(&[7; 16]), Err(KeyError::Invalid(_))));
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::Invalid`] if there are not 32 of them.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(KeyError::Invalid("expected a data key of 32 bytes"));
        }
        key.copy_from_slice(bytes);
        Ok(Self(key))
    }

    /// Returns the bytes of the key, to be wrapped.
    ///
    /// ```
    /// use idv_flow::DataKey;
    ///
    /// assert_eq!(DataKey::new([7; 32]).expose(), &[7; 32]);
    /// ```
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

/// A data key that a provider has wrapped.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrappedKey {
    /// The id of the provider's key: it is stored in clear.
    pub key_id: String,
    /// The wrapped data key, in the provider's own form.
    pub bytes: Vec<u8>,
}

impl WrappedKey {
    /// Returns a data key that was wrapped under a key of the provider.
    ///
    /// ```
    /// use idv_flow::WrappedKey;
    ///
    /// // `ciphertext` is what the key management service returned.
    /// let ciphertext = vec![0xab; 60];
    /// let wrapped = WrappedKey::new("alias/idv", ciphertext);
    /// assert_eq!((wrapped.key_id.as_str(), wrapped.bytes.len()), ("alias/idv", 60));
    /// ```
    #[must_use]
    pub fn new(key_id: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            key_id: key_id.into(),
            bytes,
        }
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A failure of a key provider.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The provider could not be reached, or failed. The engine retries the operation.
    #[error("the key provider is unavailable")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// The provider does not have the key that wrapped a data key.
    #[error(
        "the key provider has no key `{0}`, which wrapped a data key of the store: restore the key, or configure the provider that has it"
    )]
    UnknownKey(String),
    /// A wrapped key, or what the provider returned, is not valid.
    #[error("{0}")]
    Invalid(&'static str),
}

impl KeyError {
    /// Returns the error of a provider that could not be reached, or failed.
    ///
    /// ```
    /// use std::error::Error as _;
    /// use std::io;
    /// use idv_flow::KeyError;
    ///
    /// let error = KeyError::unavailable(io::Error::from(io::ErrorKind::TimedOut));
    /// assert!(matches!(error, KeyError::Unavailable(_)));
    /// assert!(error.source().is_some());
    /// ```
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_key() {
        let key = DataKey::new([0xab; 32]);
        let wrapped = WrappedKey::new("2026", vec![0xab; 60]);
        let printed = format!("{key:?} {wrapped:?}");
        assert_eq!(printed, "DataKey WrappedKey { key_id: \"2026\", .. }");
        assert!(DataKey::from_slice(&[1; 31]).is_err());
        assert_eq!(DataKey::from_slice(&[1; 32]).unwrap().expose(), &[1; 32]);
    }
}
