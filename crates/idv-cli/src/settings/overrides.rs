//! Puts the environment over a file: a variable replaces the key that it stands for.

use std::ops::Range;

use idv::adapter::settings::Variable;
use serde_json::{Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::failure::Failure;
use crate::flow_table::FlowTable;

/// The place of every value that the environment gives, so that an error can tell it from the file's.
const PLACE: Range<usize> = usize::MAX..usize::MAX;

/// The variables that stand for keys of a file. Others that begin with `IDV_` are left alone: a file may refer to them by `{ env = "…" }`.
pub(super) struct Overrides(Vec<Override>);

struct Override {
    variable: String,
    path: Vec<String>,
    value: Value,
}

impl Overrides {
    /// Selects the variables that stand for keys.
    pub(super) fn of(variables: &[(String, String)]) -> Result<Self, Failure> {
        let mut overrides: Vec<Override> = Vec::new();
        for (name, value) in variables {
            let Some((path, value)) = meaning(name, value) else { continue };
            if overrides.iter().any(|other| other.path == path) {
                return Err(Failure::usage(format!("{name} is given twice: as a value and as a file")));
            }
            overrides.push(Override { variable: name.clone(), path, value });
        }
        Ok(Self(overrides))
    }

    /// Replaces keys of the file. Returns the variables that changed something.
    pub(super) fn apply(&self, root: &mut DeTable<'_>) -> Vec<&str> {
        let changed = self.0.iter().filter(|one| put(root, &one.path, &one.value));
        changed.map(|one| one.variable.as_str()).collect()
    }

    /// Returns whether the environment gives this key.
    pub(super) fn gives(&self, path: &[&str]) -> bool {
        self.0.iter().any(|one| one.path == path)
    }
}

/// Returns whether an error is about a value of the environment.
pub(super) fn is_override(place: &Range<usize>) -> bool {
    *place == PLACE
}

/// The key that a variable stands for, and its value there.
fn meaning(name: &str, value: &str) -> Option<(Vec<String>, Value)> {
    let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    if name == "IDV_PROVIDER" {
        return Some((path(&["provider"]), json!(value)));
    }
    for table in ["calls", "transport"] {
        if let Some(key) = name.strip_prefix(&format!("IDV_{table}_").to_ascii_uppercase()) {
            return Some((path(&[table, &key.to_ascii_lowercase()]), json!(value)));
        }
    }
    for (provider, settings) in vendors() {
        for setting in settings {
            if setting.name == name {
                let value = if setting.secret { json!({ "env": name }) } else { json!(value) };
                return Some((path(&[provider, setting.key]), value));
            }
            if setting.secret && name.strip_suffix("_FILE") == Some(setting.name) {
                return Some((path(&[provider, setting.key]), json!({ "file": value })));
            }
        }
    }
    let (keys, value) = FlowTable::meaning(name, value)?;
    Some((path(&[&[super::FLOW], keys].concat()), value))
}

/// The settings of every vendor, by the name of its table.
fn vendors() -> [(&'static str, &'static [Variable]); 5] {
    [
        ("cm-id-scan", idv::cm_id_scan::ENVIRONMENT),
        ("identify24", idv::identify24::ENVIRONMENT),
        ("identity-tm", idv::identity_tm::ENVIRONMENT),
        ("idnow", idv::idnow::ENVIRONMENT),
        ("verificar-identidad", idv::verificar_identidad::ENVIRONMENT),
    ]
}

/// Puts a value at a path. Returns whether that changed something.
fn put(table: &mut DeTable<'_>, path: &[String], value: &Value) -> bool {
    let Some((key, rest)) = path.split_first() else { return false };
    if rest.is_empty() {
        let value = spanned(value);
        if table.get(key.as_str()).is_some_and(|old| same(old.get_ref(), value.get_ref())) {
            return false;
        }
        table.insert(Spanned::new(PLACE, key.clone().into()), value);
        return true;
    }
    if !table.contains_key(key.as_str()) {
        table.insert(Spanned::new(PLACE, key.clone().into()), Spanned::new(PLACE, DeValue::Table(DeTable::new())));
    }
    match table.get_mut(key.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(inner)) => put(inner, rest, value),
        // The file has something else in the place of a table: its own error says so.
        _ => false,
    }
}

/// Returns whether two values are the same, apart from their place and from how numbers are written.
fn same(old: &DeValue<'_>, new: &DeValue<'_>) -> bool {
    match (old, new) {
        (DeValue::String(old), DeValue::String(new)) => old == new,
        (DeValue::Integer(old), DeValue::String(new)) => old.as_str() == new,
        (DeValue::Boolean(old), DeValue::String(new)) => old.to_string() == *new,
        (DeValue::Array(old), DeValue::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new.iter()).all(|(old, new)| same(old.get_ref(), new.get_ref()))
        }
        (DeValue::Table(old), DeValue::Table(new)) => {
            let one = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
                let key: &std::borrow::Cow<'_, str> = key.get_ref();
                new.get(key.as_ref()).is_some_and(|other| same(value.get_ref(), other.get_ref()))
            };
            old.len() == new.len() && old.iter().all(one)
        }
        _ => false,
    }
}

fn spanned<'a>(value: &Value) -> Spanned<DeValue<'a>> {
    let value = match value {
        Value::String(text) => DeValue::String(text.clone().into()),
        Value::Array(values) => DeValue::Array(values.iter().map(spanned).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (Spanned::new(PLACE, key.clone().into()), spanned(value)));
            DeValue::Table(members.collect())
        }
        // Variables are texts, references to secrets, or lists of them.
        other => DeValue::String(other.to_string().into()),
    };
    Spanned::new(PLACE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(file: &str, variables: &[(&str, &str)]) -> (Vec<String>, String) {
        let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let overrides = Overrides::of(&variables).unwrap();
        let mut table = DeTable::parse(file).unwrap();
        let changed = overrides.apply(table.get_mut()).into_iter().map(str::to_owned).collect();
        let value: toml::Table = serde::Deserialize::deserialize(toml::de::Deserializer::from(table)).unwrap();
        (changed, value.to_string().replace('\n', ";"))
    }

    #[test]
    fn variables_replace_keys_and_are_reported() {
        let file = "provider = 'idnow'\n[idnow]\ncompany = 'a'\napi_key = { env = 'X' }\n[calls]\nmax_attempts = 3\n";
        let variables = [
            ("IDV_CALLS_MAX_ATTEMPTS", "3"),
            ("IDV_FLOW_STORE", "x.db"),
            ("IDV_IDNOW_API_KEY", "k"),
            ("IDV_IDNOW_COMPANY", "a"),
            ("IDV_IDNOW_HOST", "test"),
            ("IDV_PROVIDER", "identity-tm"),
            ("IDV_STORE_KEY", "left alone"),
        ];
        let (changed, value) = over(file, &variables);
        assert_eq!(changed, ["IDV_FLOW_STORE", "IDV_IDNOW_API_KEY", "IDV_IDNOW_HOST", "IDV_PROVIDER"]);
        for part in ["provider = \"identity-tm\"", "env = \"IDV_IDNOW_API_KEY\"", "host = \"test\"", "company = \"a\""] {
            assert!(value.contains(part), "{part}: {value}");
        }
        assert!(!value.contains("left alone") && !value.contains("\"X\""), "{value}");
    }

    #[test]
    fn same_reference_is_no_override() {
        let file = "[flow]\nkey = { env = 'IDV_FLOW_KEY' }\nolder_keys = [{ env = 'IDV_FLOW_OLDER_KEY' }]\n";
        assert_eq!(over(file, &[("IDV_FLOW_KEY", "k"), ("IDV_FLOW_OLDER_KEY", "o")]).0, [""; 0]);
    }

    #[test]
    fn secret_given_twice_is_refused() {
        let variables = ["IDV_IDNOW_API_KEY", "IDV_IDNOW_API_KEY_FILE"].map(|name| (name.to_owned(), "x".to_owned()));
        assert!(Overrides::of(&variables).is_err_and(|error| error.text().contains("IDV_IDNOW_API_KEY_FILE")));
    }
}
