//! Credentials that cannot be printed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::adapter::settings::SettingValue as _;

/// A credential: an API key, a password, a token.
///
/// It has no `Display` and no `Serialize`, its `Debug` prints a placeholder, and its memory is overwritten when it is dropped.
///
/// In a configuration file a secret is never written out; it is a reference to where it is kept, and is read when the
/// configuration is: `{ env = "NAME" }` for an environment variable or `{ file = "path" }` for a file (one line break at its end
/// is dropped).
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a credential.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The credential in clear. Search for this word to find every place where one leaves its wrapper.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Calls `read`, in which a reference `{ env = "NAME" }` finds these variables before those of the process.
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

    /// Whether nothing was given. Verifiers refuse an empty secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

thread_local! {
    /// The variables of [`Secret::with_variables`].
    static GIVEN: RefCell<BTreeMap<String, Secret>> = const { RefCell::new(BTreeMap::new()) };
}

/// The value of an environment variable: of those that were given, or of the process.
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
        // The value is read whole first: the deserializer's own errors would repeat it.
        let value = serde_json::Value::deserialize(deserializer)?;
        Self::read(&value).map_err(|fault| D::Error::custom(fault.text::<Self>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_a_placeholder() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "[secret]");
        assert_eq!(
            format!("{:#?}", Some(Secret::from("hunter2"))),
            "Some(\n    [secret],\n)"
        );
    }

    #[test]
    fn a_secret_written_into_a_configuration_is_refused_without_repeating_it() {
        let error = serde_json::from_str::<Secret>("\"hunter2\"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("refer to it by"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn given_variables_come_before_those_of_the_process() {
        let read = || serde_json::from_str::<Secret>(r#"{"env":"PATH"}"#).unwrap();
        let given = BTreeMap::from([("PATH".to_owned(), "given".to_owned())]);
        assert_eq!(Secret::with_variables(&given, read).expose(), "given");
        assert_eq!(read().expose(), std::env::var("PATH").unwrap());
    }

    #[test]
    fn a_secret_is_read_from_the_place_that_is_named() {
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
