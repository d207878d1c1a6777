//! What the configurations of adapters have in common: their keys in the environment, addresses, and values that an environment
//! variable can only spell.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use url::{Host, Url};

use crate::error::{Error, Result};

/// An environment variable in place of a key of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// The variable's name: `IDV_`, the provider's id and the key, in capitals.
    pub name: &'static str,
    /// The key that it stands for.
    pub key: &'static str,
    /// Whether the key is a secret: the variable holds its value, and the key is then `{ env = name }`.
    pub secret: bool,
}

impl Variable {
    /// A variable that holds a value.
    #[must_use]
    pub const fn plain(name: &'static str, key: &'static str) -> Self {
        Self { name, key, secret: false }
    }

    /// A variable that holds a secret.
    #[must_use]
    pub const fn secret(name: &'static str, key: &'static str) -> Self {
        Self { name, key, secret: true }
    }
}

/// Checks a base address: https, or http where nothing personal can leave the machine, or where `plain` allows the host; without user,
/// query and fragment.
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config), which names the key.
///
/// ```
/// use idv_core::adapter::settings::check_address;
///
/// assert!(check_address("base_url", &"https://api.example.com/v1/".parse().unwrap(), |_| false).is_ok());
/// assert!(check_address("base_url", &"http://127.0.0.1:8080".parse().unwrap(), |_| false).is_ok());
/// assert!(check_address("base_url", &"http://api.example.com".parse().unwrap(), |_| false).is_err());
/// ```
pub fn check_address(key: &str, url: &Url, plain: impl FnOnce(&str) -> bool) -> Result<()> {
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(url) || plain(url.host_str().unwrap_or_default()) => {}
        _ => {
            return Err(Error::config(format!(
                "{key} must begin with https:// (http:// only for a test system and for this machine)"
            )));
        }
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(Error::config(format!("{key} must be an address without user, query and fragment")));
    }
    Ok(())
}

/// Whether an address is on this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A number, or the digits that an environment variable has in place of one. For `#[serde(deserialize_with)]`.
///
/// # Errors
///
/// Those of the deserializer, and where it is no number that fits.
pub fn number<'de, T: TryFrom<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Number;

    impl Visitor<'_> for Number {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<u64, E> {
            Ok(value)
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<u64, E> {
            u64::try_from(value).map_err(|_| E::custom("the number must not be negative"))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<u64, E> {
            value.parse().map_err(|_| E::custom("a number is written in digits alone"))
        }
    }

    let number = deserializer.deserialize_any(Number)?;
    T::try_from(number).map_err(|_| D::Error::custom("the number is too large"))
}

/// A truth value, or the word that an environment variable has in place of one. For `#[serde(deserialize_with)]`.
///
/// # Errors
///
/// Those of the deserializer, and where it is neither `true` nor `false`.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Flag;

    impl Visitor<'_> for Flag {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("true or false")
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<bool, E> {
            value.parse().map_err(|_| E::custom("it is true or false"))
        }
    }

    deserializer.deserialize_any(Flag)
}

/// Words in a list, or in one text that separates them by commas, as an environment variable does. For
/// `#[serde(deserialize_with)]`.
///
/// # Errors
///
/// Those of the deserializer, and where it is neither.
pub fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Words;

    impl<'de> Visitor<'de> for Words {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("words in a list, or in one text with commas between them")
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Vec<String>, E> {
            Ok(value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))
        }
    }

    deserializer.deserialize_any(Words)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize, Debug, PartialEq)]
    struct Settings {
        #[serde(deserialize_with = "number")]
        small: u8,
        #[serde(deserialize_with = "flag")]
        on: bool,
        #[serde(deserialize_with = "words")]
        names: Vec<String>,
    }

    #[test]
    fn a_value_and_its_spelling_in_the_environment_are_the_same() {
        let file: Settings = serde_json::from_value(json!({ "small": 7, "on": true, "names": ["a", "b"] })).unwrap();
        let environment: Settings = serde_json::from_value(json!({ "small": "7", "on": "true", "names": "a, b," })).unwrap();
        assert_eq!(file, environment);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for wrong in [
            json!({ "small": 256, "on": true, "names": [] }),
            json!({ "small": -1, "on": true, "names": [] }),
            json!({ "small": "seven", "on": true, "names": [] }),
            json!({ "small": 7, "on": "yes", "names": [] }),
            json!({ "small": 7, "on": 1, "names": [] }),
            json!({ "small": 7, "on": true, "names": 1 }),
            json!({ "small": 7, "on": true, "names": [1] }),
        ] {
            assert!(serde_json::from_value::<Settings>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_one_that_can_be_used_and_keeps_what_is_personal() {
        for (url, taken) in [
            ("https://api.example.com", true),
            ("http://api.example.com", false),
            ("http://test.example.com", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080/below", true),
            ("ftp://api.example.com", false),
            ("https://user@api.example.com", false),
            ("https://api.example.com?a=b", false),
            ("https://api.example.com#a", false),
        ] {
            let checked = check_address("base_url", &url.parse().unwrap(), |host| host == "test.example.com");
            assert_eq!(checked.is_ok(), taken, "{url}");
        }
    }
}
