//! Credentials that cannot be printed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::adapter::settings::SettingValue as _;

/// A credential, such as an API key, a password or a token.
///
/// It has no `Display` and no `Serialize`, its `Debug` prints a placeholder, and its memory is
/// overwritten on drop.
///
/// A configuration file never contains a secret, only a reference to it, which is resolved when the
/// configuration is read: `{ env = "NAME" }` for an environment variable, or `{ file = "path" }`
/// for a file (one line break at its end is dropped).
///
/// ```
/// use idv_core::Secret;
///
/// let secret = Secret::from("hunter2");
/// assert_eq!(format!("{secret:?}"), "[secret]");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a credential.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// Returns the credential in clear.
    ///
    /// Search for calls of this method to find every place that handles a credential in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Calls `read` with `variables` visible to references `{ env = "NAME" }`, in preference to the
    /// variables of the process.
    pub fn with_variables<T>(variables: &BTreeMap<String, String>, read: impl FnOnce() -> T) -> T {
        let given = variables
            .iter()
            .map(|(name, value)| (name.clone(), Self::from(value.as_str())))
            .collect();
        let outer = GIVEN.replace(given);
        let result = read();
        GIVEN.set(outer);
        result
    }

    /// Returns whether the credential is empty.
    ///
    /// Callback authentication refuses an empty secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

thread_local! {
    /// The variables set by [`Secret::with_variables`].
    static GIVEN: RefCell<BTreeMap<String, Secret>> = const { RefCell::new(BTreeMap::new()) };
}

/// Returns an environment variable, from [`Secret::with_variables`] or from the process.
pub(crate) fn variable(name: &str) -> Option<String> {
    let given = GIVEN.with_borrow(|given| given.get(name).map(|secret| secret.expose().to_owned()));
    given.or_else(|| std::env::var(name).ok())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read the whole value first: the deserializer's own errors would repeat it.
        let value = serde_json::Value::deserialize(deserializer)?;
        Self::read(&value).map_err(|fault| D::Error::custom(fault.text::<Self>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_secret_is_a_placeholder() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "[secret]");
        assert_eq!(
            format!("{:#?}", Some(Secret::from("hunter2"))),
            "Some(\n    [secret],\n)"
        );
    }

    #[test]
    fn secret_in_clear_is_refused_without_repeating_it() {
        let error = serde_json::from_str::<Secret>("\"hunter2\"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("refer to it by"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn given_variables_take_precedence_over_the_process() {
        let read = || serde_json::from_str::<Secret>(r#"{"env":"PATH"}"#).unwrap();
        let given = BTreeMap::from([("PATH".to_owned(), "given".to_owned())]);
        assert_eq!(Secret::with_variables(&given, read).expose(), "given");
        assert_eq!(read().expose(), std::env::var("PATH").unwrap());
    }

    #[test]
    fn secret_is_read_from_the_place_it_refers_to() {
        let path = std::env::var("CARGO_MANIFEST_DIR").unwrap() + "/Cargo.toml";
        let secret: Secret = serde_json::from_value(serde_json::json!({ "file": path })).unwrap();
        assert!(secret.expose().starts_with("[package]"));
        let error = serde_json::from_str::<Secret>(r#"{"env":"IDV_NO_SUCH_VARIABLE"}"#)
            .unwrap_err()
            .to_string();
        assert!(error.contains("IDV_NO_SUCH_VARIABLE"), "{error}");
        assert!(serde_json::from_str::<Secret>(r#"{"env":"A","file":"B"}"#).is_err());
        assert!(serde_json::from_str::<Secret>("{}").is_err());
    }
}
