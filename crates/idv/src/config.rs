//! Which vendor, with what: from a file or from the environment, by one validation.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use idv_core::call::CallPolicy;
use idv_core::{Error, Provider, Result, Secret};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::calls::Calls;
use crate::transport_table::TransportTable;
use crate::vendors::{self, Vendor};

/// Which vendor is used, and with what.
///
/// It is read from any serde format, or [from the environment](Config::from_env):
///
/// ```toml
/// provider = "idnow"
///
/// [idnow]
/// company = "ihrebank"
/// host = "test"
/// api_key = { env = "IDNOW_API_KEY" }
///
/// [calls]
/// deadline_ms = 30000
/// ```
///
/// There may be a table for each vendor that is compiled in; only that of the chosen one is read, so that its secrets are the only
/// ones that have to be there. Unknown keys, and vendors that are not compiled in, are errors that list what there is.
///
/// | table | keys |
/// |---|---|
/// | `calls` | `attempt_timeout_ms`, `deadline_ms`, `max_attempts`, `backoff_ms`, `backoff_cap_ms`, `retry_after_cap_ms`, `retry_budget`, `max_in_flight`, `max_answer_bytes`, `poll_interval_ms`: the fields of [`CallPolicy`] |
/// | `transport` | `connect_timeout_ms`, `read_timeout_ms`, `total_timeout_ms`, `root_certificates` (a file in PEM), `environment_proxies`: used by [`connect`](crate::connect) only |
///
/// `Debug` prints the names of the tables, not what stands in them.
#[derive(Clone)]
pub struct Config {
    provider: String,
    tables: BTreeMap<&'static str, Value>,
    /// The secrets that [`Config::from_env`] was given, by their variables.
    secrets: BTreeMap<String, Secret>,
    calls: CallPolicy,
    #[cfg_attr(not(feature = "reqwest"), allow(dead_code, reason = "read for its errors, and shown by Debug"))]
    pub(crate) transport: TransportTable,
}

impl Config {
    /// Reads a configuration from environment variables: those of its names that begin with `IDV_`.
    ///
    /// `IDV_PROVIDER` is the vendor; a vendor's variables are `IDV_`, its id and the key (`IDV_IDNOW_COMPANY`); those of the other
    /// tables are `IDV_CALLS_DEADLINE_MS` and the like. A variable that carries a secret is kept as a [`Secret`]; with `_FILE` after its
    /// name it is a file's path.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) where a name is not known, or `IDV_PROVIDER` is missing; it lists what there is.
    ///
    /// ```
    /// let variables = [("PATH", "/bin"), ("IDV_PROVIDR", "idnow")];
    /// let error = idv::Config::from_env(variables).unwrap_err();
    /// assert!(error.to_string().contains("IDV_PROVIDER"), "{error}");
    /// ```
    pub fn from_env<N, V>(variables: impl IntoIterator<Item = (N, V)>) -> Result<Self>
    where
        N: AsRef<str>,
        V: Into<String>,
    {
        let known = environment_names();
        let mut root = serde_json::Map::new();
        let mut secrets = BTreeMap::new();
        for (name, value) in variables {
            let name = name.as_ref();
            if !name.starts_with("IDV_") {
                continue;
            }
            let Some(variable) = known.iter().find(|variable| variable.name == name) else {
                let names: Vec<&str> = known.iter().map(|variable| variable.name.as_str()).collect();
                return Err(Error::config(format!("there is no environment variable {name}; there are: {}", names.join(", "))));
            };
            let value = match variable.kind {
                VariableKind::Text => Value::String(value.into()),
                VariableKind::Secret => {
                    secrets.insert(name.to_owned(), Secret::new(value.into()));
                    serde_json::json!({ "env": name })
                }
                VariableKind::SecretFile => serde_json::json!({ "file": value.into() }),
            };
            let table = match variable.table {
                None => &mut root,
                Some(table) => {
                    let table = root.entry(table).or_insert_with(|| Value::Object(serde_json::Map::new()));
                    // Only objects are put under the names of tables, in the line above.
                    let Some(table) = table.as_object_mut() else { continue };
                    table
                }
            };
            if table.insert(variable.key.to_owned(), value).is_some() {
                return Err(Error::config(format!("{name} is given twice: as a value and as a file")));
            }
        }
        if !root.contains_key("provider") {
            return Err(Error::config(format!("IDV_PROVIDER is not set: it is one of {}", vendors::list())));
        }
        let config = Self::deserialize(Value::Object(root)).map_err(|error| Error::config(error.to_string()))?;
        Ok(Self { secrets, ..config })
    }

    /// The provider's id, whether or not it is compiled in.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// How calls behave.
    #[must_use]
    pub fn calls(&self) -> &CallPolicy {
        &self.calls
    }

    /// The provider that is chosen.
    pub(crate) fn build(&self) -> Result<Arc<dyn Provider>> {
        let (vendor, table) = self.chosen()?;
        Secret::with_variables(&self.secrets, || vendor.build(table))
    }

    /// The vendor that is chosen, and its table.
    pub(crate) fn chosen(&self) -> Result<(&'static Vendor, Value)> {
        let vendor = vendors::named(&self.provider)?;
        let table = self.tables.get(vendor.id).cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        Ok((vendor, table))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("provider", &self.provider)
            .field("tables", &self.tables.keys().collect::<Vec<_>>())
            .field("calls", &self.calls)
            .field("transport", &self.transport)
            .finish()
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a configuration: a provider, and a table for it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let (mut provider, mut calls, mut transport) = (None, None, None);
        let mut tables = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.as_str() {
                "provider" => provider.replace(map.next_value::<String>()?).is_some(),
                "calls" => calls.replace(map.next_value::<Calls>()?).is_some(),
                "transport" => transport.replace(map.next_value::<TransportTable>()?).is_some(),
                _ => {
                    let vendor = vendors::named(&key).map_err(|_| unknown_key(&key))?;
                    tables.insert(vendor.id, map.next_value::<Value>()?).is_some()
                }
            };
            if twice {
                return Err(A::Error::custom(format!("`{key}` is given twice")));
            }
        }
        let Some(provider) = provider else {
            return Err(A::Error::custom(format!("`provider` is missing: it is one of {}", vendors::list())));
        };
        let calls = calls.unwrap_or_default().policy().map_err(A::Error::custom)?;
        Ok(Config { provider, tables, secrets: BTreeMap::new(), calls, transport: transport.unwrap_or_default() })
    }
}

fn unknown_key<E: serde::de::Error>(key: &str) -> E {
    if let Some(vendor) = vendors::ALL.iter().find(|vendor| vendor.id == key) {
        return E::custom(vendors::not_compiled_in(vendor));
    }
    E::custom(format!(
        "there is no key `{key}`; there are: provider, calls, transport, and a table for each of {}",
        vendors::list()
    ))
}

/// An environment variable that means something here.
struct Variable {
    name: String,
    table: Option<&'static str>,
    key: &'static str,
    kind: VariableKind,
}

#[derive(Clone, Copy)]
enum VariableKind {
    Text,
    /// The variable holds the secret.
    Secret,
    /// The variable holds the path of a file that holds the secret.
    SecretFile,
}

/// Every environment variable that means something here, in the order in which people look for them.
fn environment_names() -> Vec<Variable> {
    let mut known = vec![Variable { name: "IDV_PROVIDER".to_owned(), table: None, key: "provider", kind: VariableKind::Text }];
    for vendor in vendors::ALL {
        for setting in vendor.settings() {
            let variable = |suffix: &str, kind| Variable {
                name: format!("{}{suffix}", setting.name),
                table: Some(vendor.id),
                key: setting.key,
                kind,
            };
            if setting.secret {
                known.extend([variable("", VariableKind::Secret), variable("_FILE", VariableKind::SecretFile)]);
            } else {
                known.push(variable("", VariableKind::Text));
            }
        }
    }
    let tables = [("calls", Calls::KEYS), ("transport", TransportTable::KEYS)];
    known.extend(tables.into_iter().flat_map(|(table, keys)| {
        keys.iter().map(move |key| Variable {
            name: format!("IDV_{table}_{key}").to_ascii_uppercase(),
            table: Some(table),
            key,
            kind: VariableKind::Text,
        })
    }));
    known
}
