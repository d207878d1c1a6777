//! Reads a configuration from a TOML file, with the line of each key.

use std::path::Path;
use std::sync::Arc;

use idv_core::adapter::settings::{Place, Places};
use idv_core::{Error, Result};
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// Reads a file; `None` if it does not exist.
pub(super) fn read(path: &Path) -> Result<Option<(Map<String, Value>, Places)>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&path.display().to_string(), &text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::config(format!(
            "{} cannot be read: {}",
            path.display(),
            error.kind()
        ))),
    }
}

/// Parses the text of a file. Errors do not quote it, because it could contain a misplaced secret.
fn parse(name: &str, text: &str) -> Result<(Map<String, Value>, Places)> {
    let file = File {
        name: name.into(),
        text,
    };
    let root = DeTable::parse(text).map_err(|error| {
        let line = file.line(error.span().map_or(0, |span| span.start));
        Error::config(format!("{name}, line {line}: {}", error.message()))
    })?;
    let mut places = Places::new();
    let values = file.table(root.get_ref(), "", &mut places);
    Ok((values, places))
}

struct File<'a> {
    name: Arc<str>,
    text: &'a str,
}

impl File<'_> {
    fn table(&self, table: &DeTable<'_>, path: &str, places: &mut Places) -> Map<String, Value> {
        let mut values = Map::new();
        for (key, value) in table {
            let inner = if path.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{path}.{}", key.get_ref())
            };
            let line = self.line(key.span().start);
            values.insert(
                key.get_ref().to_string(),
                self.value(value.get_ref(), &inner, places),
            );
            places.insert(
                inner,
                Place::File {
                    name: Arc::clone(&self.name),
                    line,
                },
            );
        }
        values
    }

    fn value(&self, value: &DeValue<'_>, path: &str, places: &mut Places) -> Value {
        match value {
            DeValue::String(text) => Value::from(text.as_ref()),
            // No setting accepts a number that is too large.
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Null, Value::from),
            DeValue::Float(number) => number
                .as_str()
                .parse::<f64>()
                .map_or(Value::Null, Value::from),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Array(values) => values
                .iter()
                .map(|value| self.value(value.get_ref(), path, places))
                .collect(),
            DeValue::Table(table) => Value::Object(self.table(table, path, places)),
        }
    }

    fn line(&self, position: usize) -> usize {
        1 + self
            .text
            .bytes()
            .take(position)
            .filter(|byte| *byte == b'\n')
            .count()
    }
}
