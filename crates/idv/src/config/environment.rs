//! Overrides a configuration with environment variables.

use std::collections::{BTreeMap, BTreeSet};

use idv_core::adapter::settings::{Place, Places, Setting, SettingKind, near_miss, variable};
use idv_core::{Error, Result, Secret};
use serde_json::{Map, Value, json};

/// An environment variable that overrode a value in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Override {
    /// The name of the variable.
    pub variable: String,
    /// The path of the key, such as `idnow.host`.
    pub key: String,
}

/// The keys of one table.
pub(super) struct Keys {
    /// The path of the table; empty for the root.
    pub(super) table: String,
    pub(super) keys: Vec<(String, SettingKind)>,
}

impl Keys {
    /// Creates the keys of a table, each with the prefix `inner`.
    pub(super) fn new(table: &str, settings: &[(&str, &[Setting])]) -> Self {
        let keys = settings.iter().flat_map(|(inner, settings)| {
            settings
                .iter()
                .map(move |setting| (format!("{inner}{}", setting.key), setting.kind))
        });
        Self {
            table: table.to_owned(),
            keys: keys.collect(),
        }
    }

    /// Adds a key whose value is a string.
    pub(super) fn with(mut self, key: &str) -> Self {
        self.keys.push((key.to_owned(), SettingKind::Plain));
        self
    }

    fn variables(&self) -> impl Iterator<Item = (String, &'static str, &str)> {
        let suffixes = |kind: SettingKind| -> &'static [&'static str] {
            match kind {
                SettingKind::Secret => &["", "_FILE"],
                SettingKind::Secrets => &["", "_FILE", "_2", "_2_FILE"],
                _ => &[""],
            }
        };
        self.keys.iter().flat_map(move |(key, kind)| {
            suffixes(*kind).iter().map(move |suffix| {
                (
                    format!("{}{suffix}", self.variable(key)),
                    *suffix,
                    key.as_str(),
                )
            })
        })
    }

    fn variable(&self, key: &str) -> String {
        if self.table.is_empty() {
            variable(&[key])
        } else {
            variable(&[&self.table, key])
        }
    }

    /// Returns the prefix of the variables that belong to the table alone.
    pub(super) fn prefix(&self) -> Option<String> {
        (!self.table.is_empty()).then(|| format!("{}_", variable(&[&self.table])))
    }
}

/// The variables of the project, in the order of their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(super) fn new<N: AsRef<str>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let ours = variables
            .into_iter()
            .filter(|(name, _)| name.as_ref().starts_with("IDV_"));
        Self(
            ours.map(|(name, value)| (name.as_ref().to_owned(), value.into()))
                .collect(),
        )
    }

    /// Calls `read` with the variables visible to references to secrets, in preference to those of
    /// the process.
    pub(super) fn reading<T>(&self, read: impl FnOnce() -> T) -> T {
        Secret::with_variables(&self.0, read)
    }

    /// Returns the variables whose names begin with `prefix`.
    pub(super) fn beginning(&self, prefix: &str) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(name, _)| name.starts_with(prefix))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Overrides the values of a table with its variables, and returns those that changed a value.
    pub(super) fn apply(
        &self,
        keys: &Keys,
        root: &mut Map<String, Value>,
        places: &mut Places,
    ) -> Result<Vec<Override>> {
        let mut overrides = Vec::new();
        for (key, kind) in &keys.keys {
            let name = keys.variable(key);
            let Some((source, value)) = self.value(&name, *kind)? else {
                continue;
            };
            let path = if keys.table.is_empty() {
                key.clone()
            } else {
                format!("{}.{key}", keys.table)
            };
            if put(root, &path, value).is_some() {
                overrides.push(Override {
                    variable: source.clone(),
                    key: path.clone(),
                });
            }
            places.insert(path, Place::Variable(source));
        }
        Ok(overrides)
    }

    /// Returns the value that the variables give to a key, and the name of the first of these
    /// variables.
    fn value(&self, name: &str, kind: SettingKind) -> Result<Option<(String, Value)>> {
        if !matches!(kind, SettingKind::Secret | SettingKind::Secrets) {
            return Ok(self
                .0
                .get(name)
                .map(|value| (name.to_owned(), json!(value))));
        }
        let mut secrets = Vec::new();
        let names = [name.to_owned(), format!("{name}_2")];
        for name in names
            .iter()
            .take(if kind == SettingKind::Secrets { 2 } else { 1 })
        {
            let file = format!("{name}_FILE");
            match (self.0.contains_key(name), self.0.get(&file)) {
                (true, Some(_)) => {
                    return Err(Error::config(format!(
                        "{name} is set twice: as a value and as {file}"
                    )));
                }
                // The value is not copied: the reference names the variable, as in a file.
                (true, None) => secrets.push((name.clone(), json!({ "env": name }))),
                (false, Some(path)) => secrets.push((file, json!({ "file": path }))),
                (false, None) => {}
            }
        }
        if secrets.len() < 2 {
            return Ok(secrets.pop());
        }
        let source = secrets
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(" and ");
        Ok(Some((
            source,
            secrets.into_iter().map(|(_, value)| value).collect(),
        )))
    }

    /// Refuses variables of a table that has no such key, and misspelled ones.
    ///
    /// `referenced` contains the names that the file refers to. Other variables belong to programs,
    /// to tests, or to vendors that are not compiled in, and are ignored.
    pub(super) fn check(&self, tables: &[Keys], referenced: &BTreeSet<String>) -> Result<()> {
        let known: Vec<String> = tables
            .iter()
            .flat_map(|keys| keys.variables().map(|(name, ..)| name))
            .collect();
        for (name, _) in self.iter().filter(|(name, _)| {
            !known.iter().any(|known| known == name) && !referenced.contains(*name)
        }) {
            let owner = tables.iter().find(|keys| {
                keys.prefix()
                    .is_some_and(|prefix| name.starts_with(&prefix))
            });
            let near = near_miss(name, known.iter().map(String::as_str));
            if owner.is_none() && near.is_none() {
                continue;
            }
            let near = near
                .map(|near| format!(": did you mean {near}?"))
                .unwrap_or_default();
            let names: Vec<String> = owner
                .into_iter()
                .flat_map(|keys| keys.variables().map(|(name, ..)| name))
                .collect();
            let listed = if names.is_empty() {
                String::new()
            } else {
                format!("; expected one of {}", names.join(", "))
            };
            return Err(Error::config(format!(
                "unknown environment variable {name}{near}{listed}"
            )));
        }
        Ok(())
    }
}

/// Sets the value at a path, and returns the previous value if it was different.
fn put(table: &mut Map<String, Value>, path: &str, value: Value) -> Option<Value> {
    match path.split_once('.') {
        None => table
            .insert(path.to_owned(), value.clone())
            .filter(|old| !is_same(old, &value)),
        Some((first, rest)) => match table.entry(first).or_insert_with(|| json!({})) {
            Value::Object(inner) => put(inner, rest, value),
            // The parser of the table reports that a table is expected.
            _ => None,
        },
    }
}

/// Returns whether two values are the same, apart from the notation of numbers and from lists with
/// one entry.
fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Array(old), new) if old.len() == 1 && !new.is_array() => {
            old.iter().all(|old| is_same(old, new))
        }
        (Value::Number(_) | Value::Bool(_), Value::String(new)) => old.to_string().as_str() == new,
        _ => old == new,
    }
}
