//! Personal data that cannot be printed.
//!
//! [`Pii`] has a redacting `Debug`, no `Display` and no `Serialize`. A value leaves its wrapper in
//! two ways, both easy to search for: [`Pii::expose`], and a field marked
//! `#[serde(serialize_with = "idv_core::pii::exposed")]`.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde::{Deserialize, Deserializer};

/// A value that is personal data.
///
/// ```
/// use idv_core::Pii;
///
/// let name = Pii::<String>::from("Erika Mustermann");
/// assert_eq!(format!("{name:?}"), "[personal]");
/// assert_eq!(name.expose(), "Erika Mustermann");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(transparent)
)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value in clear.
    ///
    /// Search for calls of this method to find every place that handles personal data in clear.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Unwraps the value in clear.
    pub fn into_exposed(self) -> T {
        self.0
    }

    /// Transforms the value inside the wrapper.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Pii<U> {
        Pii(change(self.0))
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<T> From<T> for Pii<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Pii<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<&str> for Pii<serde_json::Value> {
    fn from(value: &str) -> Self {
        Self(value.into())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pii<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// Serializes personal data in clear, into a file, a database or a response.
///
/// Use it as `#[serde(serialize_with = "idv_core::pii::exposed")]` on a field of type `Pii<T>`,
/// `Option<Pii<T>>`, `Vec<Pii<T>>` or `BTreeMap<String, Pii<T>>`.
///
/// # Errors
///
/// Returns the errors of the serializer.
pub fn exposed<E: Exposable, S: Serializer>(value: &E, serializer: S) -> Result<S::Ok, S::Error> {
    value.serialize_exposed(serializer)
}

/// A value that [`exposed`] can serialize.
pub trait Exposable {
    /// Serializes the value in clear.
    ///
    /// # Errors
    ///
    /// Returns the errors of the serializer.
    fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Serialize> Exposable for Pii<T> {
    fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Serialize> Exposable for Option<Pii<T>> {
    fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&value.0),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: Serialize> Exposable for Vec<Pii<T>> {
    fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Pii::expose))
    }
}

impl<T: Serialize> Exposable for BTreeMap<String, Pii<T>> {
    fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, value.expose())?;
        }
        map.end()
    }
}
