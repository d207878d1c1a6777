//! A table of a configuration with the place of each value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Fault, Setting, SettingValue, near_miss};
use crate::error::{Error, ErrorKind, Result};

/// The place of each key, by its dotted path.
pub type Places = BTreeMap<String, Place>;

/// The place of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A line of a file.
    File {
        /// The name of the file.
        name: Arc<str>,
        /// The line, starting at 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line } => write!(f, "{name}, line {line}"),
            Self::Variable(name) => write!(f, "{name} in the environment"),
        }
    }
}

/// A table of a configuration.
///
/// `Debug` prints only its keys.
#[derive(Clone, Default)]
pub struct Table {
    path: String,
    values: Map<String, Value>,
    places: Arc<Places>,
}

impl Table {
    /// Creates a table at a path, such as `accounts.branch`, with the places of all keys in the
    /// whole configuration.
    pub fn new(path: impl Into<String>, values: Map<String, Value>, places: Arc<Places>) -> Self {
        Self {
            path: path.into(),
            values,
            places,
        }
    }

    /// Returns the path of the table; empty if the whole configuration is one table.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the unchecked values, which may contain misplaced secrets in clear.
    #[must_use]
    pub const fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Returns the value of a key; a dot separates the keys of nested tables.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut parts = key.split('.');
        let first = self.values.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    /// Returns the place of a key, if it is known.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<&Place> {
        self.places.get(&self.full(key))
    }

    /// Removes a key of this table.
    pub fn remove(&mut self, key: &str) {
        self.values.remove(key);
    }

    /// Overrides the values of another table with the values of this one.
    #[must_use]
    pub fn over(mut self, other: &Self) -> Self {
        for (key, value) in &other.values {
            self.values
                .entry(key.clone())
                .or_insert_with(|| value.clone());
        }
        self
    }

    /// Removes and returns a nested table; an empty one if there is none.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the value is not a table.
    pub fn take(&mut self, key: &str) -> Result<Self> {
        let path = self.full(key);
        match self.values.remove(key) {
            Some(Value::Object(values)) => Ok(Self {
                path,
                values,
                places: Arc::clone(&self.places),
            }),
            Some(_) => Err(self.invalid(key, "expected a table")),
            None => Ok(Self {
                path,
                values: Map::new(),
                places: Arc::clone(&self.places),
            }),
        }
    }

    /// Parses the value of a key; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), which names the key, its place and the expected format, but
    /// never the value.
    pub fn optional<T: SettingValue>(&self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        T::read(value)
            .map(Some)
            .map_err(|fault: Fault| self.invalid(key, &fault.text::<T>()))
    }

    /// Parses the value of a required key.
    ///
    /// # Errors
    ///
    /// As [`Table::optional`]; also if the key is missing.
    pub fn required<T: SettingValue>(&self, key: &str) -> Result<T> {
        self.optional(key)?.ok_or_else(|| {
            let variable = super::variable(&[&self.path, key]);
            let hint = if self.path.is_empty() {
                String::new()
            } else {
                format!(", or {variable} in the environment")
            };
            let place = self
                .places
                .get(&self.path)
                .map(|place| format!("{place}: "))
                .unwrap_or_default();
            Error::config(format!(
                "{place}`{}` is missing: expected {}{hint}",
                self.full(key),
                T::form()
            ))
        })
    }

    /// Checks that every key is one of `settings`.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), which suggests the intended key and lists the known ones.
    pub fn check_keys(&self, settings: &[Setting]) -> Result<()> {
        self.check_inner("", &self.values, settings)
    }

    fn check_inner(
        &self,
        prefix: &str,
        values: &Map<String, Value>,
        settings: &[Setting],
    ) -> Result<()> {
        let known = || {
            settings
                .iter()
                .filter_map(|setting| setting.key.strip_prefix(prefix))
        };
        for (name, value) in values {
            let inner = format!("{prefix}{name}.");
            match value {
                _ if known().any(|key| key == name) => {}
                Value::Object(values)
                    if settings
                        .iter()
                        .any(|setting| setting.key.starts_with(&inner)) =>
                {
                    self.check_inner(&inner, values, settings)?;
                }
                _ => {
                    let mut names: Vec<&str> = known()
                        .map(|key| key.split('.').next().unwrap_or(key))
                        .collect();
                    names.dedup();
                    return Err(self.unknown(&format!("{prefix}{name}"), name, &names));
                }
            }
        }
        Ok(())
    }

    /// Returns the error for an unknown key, with a suggestion and the known keys.
    #[must_use]
    pub fn unknown(&self, key: &str, name: &str, known: &[&str]) -> Error {
        let near = near_miss(name, known.iter().copied());
        let near = near
            .map(|near| format!("did you mean `{near}`? "))
            .unwrap_or_default();
        self.error(
            key,
            &format!(
                "unknown key `{}`: {near}expected one of {}",
                self.full(key),
                known.join(", ")
            ),
        )
    }

    /// Returns the error for a value that is not valid for a key.
    #[must_use]
    pub fn invalid(&self, key: &str, reason: &str) -> Error {
        self.error(key, &format!("invalid `{}`: {reason}", self.full(key)))
    }

    /// Adds the place to an error about a whole table: that of the first key that the error names,
    /// or else that of the table.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        let text = error.detail_text();
        if error.kind() != &ErrorKind::Config || text.contains(&format!("`{}.", self.path)) {
            return error;
        }
        let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let place = words
            .find_map(|word| self.place(word))
            .or_else(|| self.places.get(&self.path));
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        Error::config(format!("{place}in `{}`: {text}", self.path))
    }

    fn error(&self, key: &str, text: &str) -> Error {
        let place = self
            .place(key)
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        Error::config(format!("{place}{text}"))
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("path", &self.path)
            .field("keys", &self.values.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(
            "",
            Map::deserialize(deserializer)?,
            Arc::default(),
        ))
    }
}
