//! The place of a store.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use idv_core::adapter::settings::{Fault, SettingKind, SettingValue, Value, is_loopback};
use idv_core::{Secret, Url};

use crate::{FlowError, Result};

/// The place of a store. `Display` and `Debug` print no user, no password and no options of an
/// address.
#[derive(Clone)]
pub enum StoreAddress {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL, at an address that may hold a password.
    Postgres(Secret),
}

/// The form of an address.
const FORM: &str = "a file, or an address that begins with postgres://";

impl StoreAddress {
    /// Parses an address that others can read, such as one on a command line: it must not hold a
    /// password.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`], which does not repeat the address.
    ///
    /// ```
    /// use idv_flow::StoreAddress;
    ///
    /// let address = StoreAddress::parse_public("postgres://me@db/flows")?;
    /// assert_eq!(address.to_string(), "postgres://db/flows");
    /// assert!(StoreAddress::parse_public("postgres://me:word@db/flows").is_err());
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    pub fn parse_public(text: &str) -> Result<Self> {
        Self::public(text).map_err(FlowError::Invalid)
    }

    pub(super) fn public(text: &str) -> Result<Self, String> {
        match Url::parse(text) {
            Ok(url) if is_postgres(&url) && has_password(&url) => Err(
                "a password is not written into a configuration or a command line: refer to the address by { env = \"NAME\" } or \
                 { file = \"path\" }, or set IDV_FLOW_STORE"
                    .to_owned(),
            ),
            _ => Self::parse(text),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match Url::parse(text) {
            Ok(url) if is_postgres(&url) => Ok(Self::Postgres(Secret::new(text))),
            // The text could be an address with a password in it, so it is not repeated.
            _ if text.is_empty() || text.contains("://") => Err(format!("expected {FORM}")),
            _ => Ok(Self::File(PathBuf::from(text))),
        }
    }

    /// Returns whether the store is a file, or on a server of this machine.
    ///
    /// ```
    /// use idv_flow::StoreAddress;
    ///
    /// assert!(StoreAddress::parse_public("flows.db")?.is_local());
    /// assert!(StoreAddress::parse_public("postgres://me@localhost/flows")?.is_local());
    /// assert!(!StoreAddress::parse_public("postgres://me@db.bank.example/flows")?.is_local());
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    #[must_use]
    pub fn is_local(&self) -> bool {
        let Self::Postgres(address) = self else {
            return true;
        };
        // An option of the address may name another server.
        Url::parse(address.expose()).is_ok_and(|url| {
            let host = url.host_str().unwrap_or_default();
            (host.is_empty() || is_loopback_host(host))
                && url.query_pairs().all(|(name, value)| {
                    !matches!(name.as_ref(), "host" | "hostaddr")
                        || value.starts_with('/')
                        || is_loopback_host(&value)
                })
        })
    }

    /// Returns the file, if it is one.
    ///
    /// ```
    /// use std::path::Path;
    /// use idv_flow::StoreAddress;
    ///
    /// let address = StoreAddress::parse_public("data/flows.db")?;
    /// assert_eq!(address.file(), Some(Path::new("data/flows.db")));
    /// assert_eq!(StoreAddress::parse_public("postgres://me@db/flows")?.file(), None);
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(address) => match Url::parse(address.expose()) {
                Ok(url) => write!(
                    f,
                    "postgres://{}{}",
                    url.host_str().unwrap_or_default(),
                    url.path()
                ),
                Err(_) => f.write_str("postgres://"),
            },
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SettingValue for StoreAddress {
    const KIND: SettingKind = SettingKind::Secret;

    fn form() -> Cow<'static, str> {
        format!("{FORM}, or {}", Secret::form()).into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::String(text) => Self::public(text).map_err(Fault::because),
            Value::Object(_) => Self::parse(Secret::read(value)?.expose()).map_err(Fault::because),
            _ => Err(Fault::FORM),
        }
    }
}

/// Returns whether a host is this machine. The addresses of PostgreSQL are not parsed as those of
/// HTTP are.
fn is_loopback_host(host: &str) -> bool {
    Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback(&url))
}

fn is_postgres(url: &Url) -> bool {
    matches!(url.scheme(), "postgres" | "postgresql")
}

/// Returns whether an address has a password: before the host, or among its options.
fn has_password(url: &Url) -> bool {
    url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password")
}
