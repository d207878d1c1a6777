//! The values of settings, read from a file or from the environment.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{SettingKind, near_miss};
use crate::secret::Secret;

/// A value of a setting.
///
/// A file contains the value in its own type, the environment as a string.
pub trait SettingValue: Sized {
    /// The kind of the value.
    const KIND: SettingKind = SettingKind::Plain;

    /// Returns the expected format in words, for errors and documentation.
    fn form() -> Cow<'static, str>;

    /// Parses a value.
    ///
    /// # Errors
    ///
    /// A [`Fault`] if the value does not have the expected format. It must not repeat the value.
    fn read(value: &Value) -> Result<Self, Fault>;
}

/// The reason why a value is not accepted.
#[derive(Debug)]
pub struct Fault(Option<String>);

impl Fault {
    /// The value does not have the expected format.
    pub const FORM: Self = Self(None);

    /// Creates a fault with another reason, for a value with the expected format.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(Some(reason.into()))
    }

    /// Creates the fault of a value that is not one of `words`, with a suggestion.
    #[must_use]
    pub fn word(value: &Value, words: &[&str]) -> Self {
        let near = value
            .as_str()
            .and_then(|word| near_miss(word, words.iter().copied()));
        let near = near
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Self(Some(format!("expected {}{near}", either(words))))
    }

    pub(crate) fn text<T: SettingValue>(self) -> String {
        self.0.unwrap_or_else(|| format!("expected {}", T::form()))
    }
}

/// Lists alternatives: `a`, `b` or `c`.
#[doc(hidden)]
#[must_use]
pub fn either(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Parses a value by its `Deserialize` implementation.
///
/// # Errors
///
/// A [`Fault`] with the text of the error, which may quote the value: do not use it for secrets.
pub fn by_serde<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    serde_json::from_value(value.clone()).map_err(|error| Fault::because(error.to_string()))
}

impl SettingValue for String {
    fn form() -> Cow<'static, str> {
        "text".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        value.as_str().map(str::to_owned).ok_or(Fault::FORM)
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: SettingKind = T::KIND;

    fn form() -> Cow<'static, str> {
        T::form()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        T::read(value).map(Some)
    }
}

impl SettingValue for bool {
    fn form() -> Cow<'static, str> {
        "`true` or `false`".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::Bool(flag) => Ok(*flag),
            Value::String(text) => text.parse().map_err(|_| Fault::FORM),
            _ => Err(Fault::FORM),
        }
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl SettingValue for $number {
            fn form() -> Cow<'static, str> {
                if Self::BITS > 32 {
                    return "a non-negative whole number".into();
                }
                format!("a whole number from {} to {}", Self::MIN, Self::MAX).into()
            }

            fn read(value: &Value) -> Result<Self, Fault> {
                let number = match value {
                    Value::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
                    Value::String(text) => text.parse().ok(),
                    _ => None,
                };
                number.and_then(|number| number.try_into().ok()).ok_or(Fault::FORM)
            }
        }
    )*};
}

whole_numbers!(u8, u16, u32, u64, usize, i32);

impl SettingValue for f64 {
    fn form() -> Cow<'static, str> {
        "a number, such as 0.8".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        let number = match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        number
            .filter(|number| number.is_finite())
            .ok_or(Fault::FORM)
    }
}

impl SettingValue for Url {
    fn form() -> Cow<'static, str> {
        "a URL, such as https://bank.example".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        value
            .as_str()
            .and_then(|text| Self::parse(text).ok())
            .ok_or(Fault::FORM)
    }
}

impl SettingValue for Vec<String> {
    fn form() -> Cow<'static, str> {
        "a list of words, or a comma-separated string".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::String(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect()),
            Value::Array(words) => words.iter().map(String::read).collect(),
            _ => Err(Fault::FORM),
        }
    }
}

impl SettingValue for BTreeMap<String, String> {
    fn form() -> Cow<'static, str> {
        "a table of strings, or a string with a JSON object".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::String(text) => serde_json::from_str(text).map_err(|_| Fault::FORM),
            other => serde_json::from_value(other.clone()).map_err(|_| Fault::FORM),
        }
    }
}

/// The URL of a host to which requests are sent.
#[derive(Debug, Clone)]
pub struct Address(pub Url);

impl SettingValue for Address {
    const KIND: SettingKind = SettingKind::Address;

    fn form() -> Cow<'static, str> {
        "an https URL".into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        Url::read(value).map(Self).map_err(|_| Fault::FORM)
    }
}

impl From<Address> for Option<Url> {
    fn from(address: Address) -> Self {
        Some(address.0)
    }
}

/// A number other than 0.
#[derive(Debug, Clone, Copy)]
pub struct Positive<T>(pub T);

impl<T: SettingValue + PartialOrd + From<u8>> SettingValue for Positive<T> {
    fn form() -> Cow<'static, str> {
        format!("{}, except 0", T::form()).into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        T::read(value)
            .ok()
            .filter(|number| *number > T::from(0))
            .map(Self)
            .ok_or(Fault::FORM)
    }
}

macro_rules! positive {
    ($($number:ty),*) => {$(
        impl From<Positive<$number>> for $number {
            fn from(positive: Positive<$number>) -> Self {
                positive.0
            }
        }
    )*};
}

positive!(u32, u64, usize);

/// Declares durations that are written as a number of units.
macro_rules! durations {
    ($($(#[$doc:meta])* $name:ident: $inner:ty, $unit:literal, $seconds:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(pub Duration);

        impl SettingValue for $name {
            fn form() -> Cow<'static, str> {
                concat!("a whole number of ", $unit).into()
            }

            fn read(value: &Value) -> Result<Self, Fault> {
                let number: u64 = <$inner>::read(value).map_err(|_| Fault::FORM)?.into();
                Ok(Self($seconds(number)))
            }
        }

        impl From<$name> for Duration {
            fn from(duration: $name) -> Self {
                duration.0
            }
        }

        impl From<$name> for Option<Duration> {
            fn from(duration: $name) -> Self {
                Some(duration.0)
            }
        }
    )*};
}

durations! {
    /// A duration in milliseconds.
    Millis: u64, "milliseconds", Duration::from_millis;
    /// A duration in milliseconds, except 0.
    PositiveMillis: Positive<u64>, "milliseconds, except 0", Duration::from_millis;
    /// A duration in days.
    Days: u64, "days", |days: u64| Duration::from_secs(days.saturating_mul(24 * 60 * 60));
}

/// The format of a reference to a secret.
const REFERENCE: &str = "{ env = \"NAME\" } or { file = \"path\" }";

impl SettingValue for Secret {
    const KIND: SettingKind = SettingKind::Secret;

    fn form() -> Cow<'static, str> {
        format!("a reference to a secret, {REFERENCE}").into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        let place = match value {
            Value::Object(members) if members.len() == 1 => members.iter().next(),
            Value::String(_) => {
                return Err(Fault::because(format!(
                    "a secret must not be part of a configuration: refer to it by {REFERENCE}"
                )));
            }
            _ => None,
        };
        let Some((key, Value::String(place))) = place else {
            return Err(Fault::FORM);
        };
        let secret = match key.as_str() {
            // Text that does not look like a name may be the secret itself, so the error does not
            // repeat it.
            "env" => crate::secret::variable(place).ok_or_else(|| {
                let name = if is_variable(place) {
                    place
                } else {
                    "that it names"
                };
                Fault::because(format!(
                    "the environment variable {name} is not set, or is not UTF-8"
                ))
            })?,
            "file" => std::fs::read_to_string(place)
                .map(|text| {
                    let line = text.strip_suffix('\n').unwrap_or(&text);
                    line.strip_suffix('\r')
                        .filter(|_| text.ends_with('\n'))
                        .unwrap_or(line)
                        .to_owned()
                })
                .map_err(|error| {
                    Fault::because(format!(
                        "the file of the secret cannot be read: {}",
                        error.kind()
                    ))
                })?,
            _ => return Err(Fault::FORM),
        };
        if secret.is_empty() {
            return Err(Fault::because("the referenced secret is empty"));
        }
        Ok(Self::new(secret))
    }
}

fn is_variable(text: &str) -> bool {
    text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Secrets that are all accepted, so that they can be rotated.
///
/// `Debug` prints placeholders.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Returns whether there are no secrets.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the first secret, which is the one to send.
    #[must_use]
    pub fn first(&self) -> Option<&Secret> {
        self.0.first()
    }

    /// Iterates over the secrets, in the order of the configuration.
    pub fn iter(&self) -> std::slice::Iter<'_, Secret> {
        self.0.iter()
    }
}

impl<T: Into<Secret>> From<T> for Secrets {
    fn from(secret: T) -> Self {
        Self(vec![secret.into()])
    }
}

impl FromIterator<Secret> for Secrets {
    fn from_iter<I: IntoIterator<Item = Secret>>(secrets: I) -> Self {
        Self(secrets.into_iter().collect())
    }
}

impl IntoIterator for Secrets {
    type Item = Secret;
    type IntoIter = std::vec::IntoIter<Secret>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Secrets {
    type Item = &'a Secret;
    type IntoIter = std::slice::Iter<'a, Secret>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl SettingValue for Secrets {
    const KIND: SettingKind = SettingKind::Secrets;

    fn form() -> Cow<'static, str> {
        format!("{}, or a list of them", Secret::form()).into()
    }

    fn read(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::Array(secrets) => secrets.iter().map(Secret::read).collect(),
            other => Secret::read(other).map(|secret| Self(vec![secret])),
        }
    }
}
