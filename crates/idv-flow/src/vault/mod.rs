//! Seals personal data before it is stored.
//!
//! A sealed value is a byte that says that it is sealed, the name of its key (4 bytes), a random
//! salt (24 bytes) and the ciphertext: AES-256-GCM under a key that is derived from the named key
//! and the salt, so that each value has a key of its own. The named key is either configured
//! ([`Vault::new`]) or a data key that a [`KeyProvider`] wraps ([`Vault::from_provider`]).

mod context;
mod index;
mod keys;
mod local;
mod provider;
mod ring;
mod sealer;

use std::fmt;
use std::sync::Arc;

use idv_core::Secret;

use self::keys::{Keys, Master};
use crate::error::{FlowError, Result};

pub(crate) use self::context::Context;
pub(crate) use self::index::StoreKeys;
pub use self::local::{FileKeys, LocalKeys};
pub use self::provider::{DataKey, KeyError, KeyProvider, WrappedKey};
pub(crate) use self::sealer::{Access, Sealer};

/// Seals the personal data in a store.
///
/// # Keys
///
/// [`Vault::new`] takes one key and seals with it. [`Vault::from_provider`] takes a
/// [`KeyProvider`], such as a key management service: the engine seals with data keys, and the
/// provider wraps these. They are stored wrapped and kept in memory, so that the provider is called
/// when a program opens the store and when a key rotates, and not for each value. Memory that holds
/// a key is overwritten when it is freed.
///
/// # Rotation
///
/// With a configured key: make the new key the vault's and add the old one with
/// [`Vault::with_older`]. With a provider: make another key current there. At the next opening of
/// an engine, or within a day, the data keys are wrapped anew by the current key, and a new data
/// key seals new values from two minutes later on, when every program has read it. In both cases
/// workers seal the other values anew within a day. [`AuditReport::older_key`] counts those that
/// are left; at 0, remove an old configured key. An old key of a provider can be removed once the
/// data keys are wrapped anew, except for backups.
///
/// A vault with a key can become one with a provider: add the key with [`Vault::with_older`].
///
/// [`AuditReport::older_key`]: crate::audit::AuditReport::older_key
#[derive(Clone)]
pub struct Vault(Source);

/// Where the keys of a vault come from.
#[derive(Clone)]
enum Source {
    Plain,
    Keys(Keys),
    Provider(Arc<dyn KeyProvider>, Vec<Master>),
}

impl Vault {
    /// Returns a vault without a key: values are stored in clear. An engine logs a warning whenever
    /// it opens such a store.
    ///
    /// ```
    /// use idv_flow::Vault;
    ///
    /// assert!(Vault::plain().is_plain());
    /// ```
    #[must_use]
    pub const fn plain() -> Self {
        Self(Source::Plain)
    }

    /// Returns a vault with a key of 256 random bits, as 64 hexadecimal digits: `openssl rand -hex
    /// 32` makes one.
    ///
    /// ```
    /// use idv_flow::Vault;
    ///
    /// let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
    /// let vault = Vault::new(&key)?;
    /// assert!(!vault.is_plain());
    /// assert_eq!(format!("{vault:?}"), "Vault(sealed)"); // never the key
    ///
    /// assert!(Vault::new(&"a password".into()).is_err());
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the key does not have this form.
    pub fn new(key: &Secret) -> Result<Self> {
        Ok(Self(Source::Keys(Keys::new(Master::parse(key)?))))
    }

    /// Returns a vault whose data keys are wrapped by a provider. The provider is called first when
    /// an engine opens a store.
    ///
    /// ```
    /// use idv_flow::{FileKeys, Vault};
    ///
    /// let vault = Vault::from_provider(FileKeys::new("/etc/idv/keys"));
    /// assert!(!vault.is_plain());
    /// ```
    #[must_use]
    pub fn from_provider(provider: impl KeyProvider) -> Self {
        Self(Source::Provider(Arc::new(provider), Vec::new()))
    }

    /// Adds a key that was the vault's before, for reading.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// # let client = bank.client();
    /// use idv_flow::{Engine, Vault};
    ///
    /// let old = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
    /// let new = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f".into();
    /// let builder = || Engine::builder(store.clone()).client(client.clone());
    /// # let first = builder().vault(Vault::new(&old)?).open().await?;
    /// # let id = bank.start(&first).await?;
    ///
    /// // The flow `id` was started when `old` was the key.
    /// let rotated = builder().vault(Vault::new(&new)?.with_older(&old)?).open().await?;
    /// assert!(rotated.status(id).await?.hand_off.is_some());
    /// assert_eq!(rotated.verify_audit(None).await?.older_key, 1); // not sealed anew yet
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Vault::new`], and if the vault has no key at all.
    pub fn with_older(mut self, key: &Secret) -> Result<Self> {
        let older = match &mut self.0 {
            Source::Plain => {
                return Err(FlowError::Invalid(
                    "a vault without a key cannot have an older one: pass the current key first"
                        .to_owned(),
                ));
            }
            Source::Keys(keys) => &mut keys.older,
            Source::Provider(_, older) => older,
        };
        older.push(Master::parse(key)?);
        Ok(self)
    }

    /// Returns whether there is no key.
    ///
    /// ```
    /// use idv_flow::{FileKeys, Vault};
    ///
    /// assert!(Vault::plain().is_plain());
    /// assert!(!Vault::from_provider(FileKeys::new("/etc/idv/keys")).is_plain());
    /// ```
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        matches!(self.0, Source::Plain)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Plain => "Vault(plain)",
            Source::Keys(_) => "Vault(sealed)",
            Source::Provider(..) => "Vault(sealed by a key provider)",
        })
    }
}
