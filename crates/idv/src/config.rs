//! An application's configuration: the accounts at vendors, from a file, from the environment, or from both.

mod environment;
#[cfg(feature = "file")]
mod file;
mod loader;
mod schema;
mod transport;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
#[cfg(feature = "file")]
use std::path::Path;
use std::sync::Arc;

use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{Places, Section, Table, near_miss};
use idv_core::call::CallPolicy;
use idv_core::{Client, Environment, Error, Result};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Map, Value};

pub use environment::Override;
use environment::{Keys, Variables};
pub use loader::ConfigLoader;
use transport::TransportSettings;

/// An application's configuration: its accounts at vendors, and how calls behave.
///
/// [`Config::load`] reads a file and the environment over it; [`Config::from_env`] reads the environment alone.
///
/// ```toml
/// provider = "idnow"                      # the account that is used by default
///
/// [idnow]                                 # an account, called after its vendor
/// company = "ihrebank"
/// host = "test"
/// api_key = { env = "IDNOW_API_KEY" }
///
/// [accounts.idnow-branch]                 # another account at a vendor
/// provider = "idnow"
/// company = "ihrebankfiliale"
/// host = "test"
/// api_key = { file = "/run/secrets/branch" }
/// calls.deadline_ms = 60000               # for this account only
///
/// [calls]
/// deadline_ms = 30000
/// ```
///
/// | table | keys |
/// |---|---|
/// | a provider's id | the settings of the vendor, and `calls` and `transport` for this account |
/// | `accounts.NAME` | the same, and `provider`; the name is of lower-case letters, digits and `-` |
/// | `calls` | `attempt_timeout_ms`, `deadline_ms`, `max_attempts`, `backoff_ms`, `backoff_cap_ms`, `retry_after_cap_ms`, `retry_budget`, `max_in_flight`, `max_answer_bytes`, `poll_interval_ms`: the fields of [`CallPolicy`] |
/// | `transport` | `connect_timeout_ms`, `read_timeout_ms`, `total_timeout_ms`, `root_certificates` (a file in PEM), `environment_proxies`: used by [`connect`](crate::connect) and [`Config::clients`] |
/// | `flow` | the settings of flows, for [`Config::section`] |
///
/// The environment gives each key as `IDV_`, the table and the key in capitals: `IDV_PROVIDER`, `IDV_IDNOW_COMPANY`,
/// `IDV_ACCOUNTS_IDNOW_BRANCH_COMPANY`, `IDV_CALLS_DEADLINE_MS`. A variable with a secret is not copied: it becomes the reference
/// `{ env = "…" }` that would stand in a file; with `_FILE` after its name it holds the path of a file with the secret.
///
/// A secret is only read when a client of its account is built, so that those of other accounts need not be there. `Debug` prints the
/// names of the accounts, not their settings.
#[derive(Clone)]
pub struct Config {
    provider: Option<String>,
    accounts: BTreeMap<String, Account>,
    vendors: Vec<VendorEntry>,
    root: Map<String, Value>,
    places: Arc<Places>,
    variables: Variables,
    overrides: Vec<Override>,
}

/// An account at a vendor.
#[derive(Clone)]
struct Account {
    vendor: VendorEntry,
    settings: Table,
    calls: CallPolicy,
    #[cfg_attr(
        not(feature = "reqwest"),
        allow(dead_code, reason = "read for its errors")
    )]
    transport: TransportSettings,
}

impl Config {
    /// Reads a file of TOML, and the environment of the process over it. The file may be missing if the environment has everything:
    /// [`Config::loader`] has a way to insist on it.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the file, the line and the key, or the environment variable, and the
    /// expected form. It never repeats a value.
    #[cfg(feature = "file")]
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::loader().optional_file(path).environment().load()
    }

    /// Reads a configuration from environment variables: those of its names that begin with `IDV_`.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if a variable looks like a misspelled one, or names no key of its table; other unknown
    /// variables are left alone. It suggests the probable name and lists those that there are.
    ///
    /// ```
    /// let variables = [("PATH", "/bin"), ("IDV_PROVIDR", "idnow")];
    /// let error = idv::Config::from_env(variables).unwrap_err();
    /// assert!(error.to_string().contains("did you mean IDV_PROVIDER?"), "{error}");
    /// ```
    pub fn from_env<N: AsRef<str>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        Self::loader().variables(variables).load()
    }

    /// Returns a loader, for other sources and for adapters from outside of the family.
    pub fn loader() -> ConfigLoader {
        ConfigLoader::new()
    }

    /// Returns the name of the account that is used by default: a provider's id, or a name of one of `accounts`.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Iterates over the names of the configured accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// Returns the vendor of an account.
    #[must_use]
    pub fn vendor(&self, account: &str) -> Option<&VendorEntry> {
        self.accounts.get(account).map(|account| &account.vendor)
    }

    /// Returns the settings of an account, unchecked, with their places.
    #[must_use]
    pub fn settings(&self, account: &str) -> Option<&Table> {
        self.accounts.get(account).map(|account| &account.settings)
    }

    /// Lists the environment variables that replaced another value of the file.
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Reads a table that is no vendor's, such as `[flow]`, with the environment over it.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn section<T: Section>(&self) -> Result<T> {
        let (table, _) = self.section_table::<T>()?;
        self.variables.reading(|| T::from_table(&table))
    }

    /// Returns a table that is no vendor's, unchecked, and the variables that replaced a value of it.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn section_table<T: Section>(&self) -> Result<(Table, Vec<Override>)> {
        let keys = [Keys::new(T::NAME, &[("", T::settings())])];
        let (mut root, mut places) = (self.root.clone(), Places::clone(&self.places));
        let overrides = self.variables.apply(&keys[0], &mut root, &mut places)?;
        let ours = keys[0].prefix().unwrap_or_default();
        self.variables
            .beginning(&ours)
            .check(&keys, &referenced(&self.root))?;
        Ok((
            Table::new("", root, Arc::new(places)).take(T::NAME)?,
            overrides,
        ))
    }

    /// Builds a client of an account in an environment of the caller's own.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if there is no such account, or it cannot work;
    /// [`Unsupported`](idv_core::ErrorKind::Unsupported) if its vendor is not compiled in. Nothing is sent.
    pub fn client_in(&self, account: &str, environment: Environment) -> Result<Client> {
        self.account(account)?.client(&self.variables, environment)
    }

    /// Builds the clients of all accounts in an environment of the caller's own, by the names of the accounts.
    ///
    /// # Errors
    ///
    /// As [`Config::client_in`].
    pub fn clients_in(&self, environment: &Environment) -> Result<BTreeMap<String, Client>> {
        let client = |(name, account): (&String, &Account)| {
            Ok((
                name.clone(),
                account.client(&self.variables, environment.clone())?,
            ))
        };
        self.accounts.iter().map(client).collect()
    }

    /// Builds a client of an account, over reqwest and by the system's clock.
    ///
    /// # Errors
    ///
    /// As [`Config::client_in`].
    #[cfg(feature = "reqwest")]
    pub fn client(&self, account: &str) -> Result<Client> {
        let account = self.account(account)?;
        account.client(&self.variables, account.transport.environment()?)
    }

    /// Builds the clients of all accounts, over reqwest and by the system's clock, by the names of the accounts. Accounts with the same
    /// transport share its connections.
    ///
    /// # Errors
    ///
    /// As [`Config::client_in`].
    #[cfg(feature = "reqwest")]
    pub fn clients(&self) -> Result<BTreeMap<String, Client>> {
        let mut environments: Vec<(&TransportSettings, Environment)> = Vec::new();
        let mut clients = BTreeMap::new();
        for (name, account) in &self.accounts {
            let same = environments
                .iter()
                .find(|(transport, _)| *transport == &account.transport);
            let environment = match same {
                Some((_, environment)) => environment.clone(),
                None => account.transport.environment()?,
            };
            environments.push((&account.transport, environment.clone()));
            clients.insert(name.clone(), account.client(&self.variables, environment)?);
        }
        Ok(clients)
    }

    /// Returns the name of the default account.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if no default is configured; it names the accounts.
    pub fn default_account(&self) -> Result<&str> {
        self.provider().ok_or_else(|| {
            let names: Vec<&str> = self.accounts().collect();
            Error::config(format!(
                "`provider` is missing: expected one of {} (IDV_PROVIDER in the environment)",
                if names.is_empty() {
                    list(&self.vendors)
                } else {
                    names.join(", ")
                }
            ))
        })
    }

    fn account(&self, name: &str) -> Result<std::borrow::Cow<'_, Account>> {
        if let Some(account) = self.accounts.get(name) {
            return Ok(std::borrow::Cow::Borrowed(account));
        }
        // A vendor without a table has no settings: its error says what is missing.
        let vendor = self
            .vendors
            .iter()
            .find(|vendor| vendor.id == name)
            .ok_or_else(|| self.unknown(name))?;
        let root = self.root();
        let (calls, transport) = common(&root)?;
        let settings = root.clone().take(name)?;
        Ok(std::borrow::Cow::Owned(Account {
            vendor: *vendor,
            settings,
            calls: CallPolicy::from_table(&calls)?,
            transport: TransportSettings::from_table(&transport)?,
        }))
    }

    fn root(&self) -> Table {
        Table::new("", self.root.clone(), Arc::clone(&self.places))
    }

    fn unknown(&self, name: &str) -> Error {
        if crate::FAMILY.contains(&name) {
            return not_compiled_in(name, &self.vendors);
        }
        let known = self
            .accounts()
            .chain(self.vendors.iter().map(|vendor| vendor.id));
        let near = near_miss(name, known)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        let named: Vec<&str> = self
            .accounts()
            .filter(|account| !self.vendors.iter().any(|vendor| vendor.id == *account))
            .collect();
        let named = if named.is_empty() {
            String::new()
        } else {
            format!("; accounts: {}", named.join(", "))
        };
        let place = self
            .places
            .get("provider")
            .filter(|_| self.provider() == Some(name));
        let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
        Error::config(format!(
            "{place}there is no provider `{name}`; compiled in: {}{named}{near}",
            list(&self.vendors)
        ))
    }
}

impl Account {
    fn client(&self, variables: &Variables, environment: Environment) -> Result<Client> {
        let provider = variables.reading(|| (self.vendor.build)(&self.settings));
        let provider = provider.map_err(|error| self.settings.locate(error))?;
        Ok(Client::from_arc(provider, environment, self.calls.clone()))
    }
}

/// Returns the tables `calls` and `transport` that hold for all accounts.
fn common(root: &Table) -> Result<(Table, Table)> {
    let mut root = root.clone();
    Ok((root.take("calls")?, root.take("transport")?))
}

/// Returns the error for a vendor of the family whose feature is off.
fn not_compiled_in(id: &str, vendors: &[VendorEntry]) -> Error {
    Error::new(idv_core::ErrorKind::Unsupported).detail(format!(
        "the provider `{id}` is not compiled in: enable the feature `{id}` of the crate idv; compiled in: {}",
        list(vendors)
    ))
}

/// Lists vendors in words.
fn list(vendors: &[VendorEntry]) -> String {
    if vendors.is_empty() {
        return "no vendor at all (each has a feature of the crate idv)".to_owned();
    }
    vendors
        .iter()
        .map(|vendor| vendor.id)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Lists the variables that a configuration refers to.
fn referenced(values: &Map<String, Value>) -> BTreeSet<String> {
    fn collect(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
            Value::Object(members) => {
                names.extend(
                    members
                        .get("env")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                members.values().for_each(|value| collect(value, names));
            }
            _ => {}
        }
    }
    let mut names = BTreeSet::new();
    values.values().for_each(|value| collect(value, &mut names));
    names
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("provider", &self.provider)
            .field("accounts", &self.accounts.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::loader()
            .values(Map::deserialize(deserializer)?)
            .load()
            .map_err(D::Error::custom)
    }
}
