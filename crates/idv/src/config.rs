//! The configuration of an application: its accounts at vendors, from a file, from the environment,
//! or from both.

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

/// The configuration of an application: its accounts at vendors, and the policy for calls.
///
/// [`Config::load`] reads a file, overridden by the environment. [`Config::from_env`] reads the
/// environment alone.
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
/// | `accounts.NAME` | the same, and `provider`; the name consists of lower-case letters, digits and `-` |
/// | `calls` | `attempt_timeout_ms`, `deadline_ms`, `max_attempts`, `backoff_ms`, `backoff_cap_ms`, `retry_after_cap_ms`, `retry_budget`, `max_in_flight`, `max_answer_bytes`, `max_raw_bytes`, `poll_interval_ms`: the fields of [`CallPolicy`] |
/// | `transport` | `connect_timeout_ms`, `read_timeout_ms`, `total_timeout_ms`, `root_certificates` (a PEM file), `environment_proxies`: used by [`connect`](crate::connect) and [`Config::clients`] |
/// | `flow` | the settings of flows, for [`Config::section`] |
///
/// The environment variable of a key is `IDV_`, the table and the key in upper case:
/// `IDV_PROVIDER`, `IDV_IDNOW_COMPANY`, `IDV_ACCOUNTS_IDNOW_BRANCH_COMPANY`,
/// `IDV_CALLS_DEADLINE_MS`. A variable with a secret is not copied: it becomes the reference
/// `{ env = "…" }` that a file would contain. With the suffix `_FILE`, it contains the path of a
/// file with the secret.
///
/// A secret is read only when the client of its account is built, so the secrets of other accounts
/// may be missing. `Debug` prints the names of the accounts, but not their settings.
///
/// ```
/// # #[cfg(feature = "idnow")] {
/// use idv::Config;
///
/// let config: Config = toml::from_str(
///     r#"
///     provider = "idnow"
///
///     [idnow]
///     company = "ihrebank"
///     host = "test"
///     api_key = { env = "IDNOW_API_KEY" }
///
///     [accounts.idnow-branch]
///     provider = "idnow"
///     company = "ihrebankfiliale"
///     host = "test"
///     api_key = { env = "IDNOW_BRANCH_API_KEY" }
///     "#,
/// )?;
/// assert_eq!(config.default_account()?, "idnow");
/// assert_eq!(config.accounts().collect::<Vec<_>>(), ["idnow", "idnow-branch"]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// Reads a TOML file, overridden by the environment of the process.
    ///
    /// The file may be missing if the environment contains all settings; [`ConfigLoader::file`]
    /// requires it.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("idv.toml");
    /// # std::fs::write(&path, "provider = 'idnow'\nidnow.company = 'ihrebank'")?;
    /// let config = idv::Config::load(&path)?;
    /// println!("accounts: {:?}", config.accounts().collect::<Vec<_>>());
    /// # assert_eq!(config.accounts().count(), 1);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the file, the line and the key, or the
    /// environment variable, and the expected format. The error never repeats a value.
    #[cfg(feature = "file")]
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::loader().optional_file(path).environment().load()
    }

    /// Reads a configuration from environment variables.
    ///
    /// Variables without the prefix `IDV_` are ignored.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if a variable looks misspelled, or names an unknown
    /// key of a known table; other unknown variables are ignored. The error suggests the intended
    /// name and lists the known ones.
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

    /// Returns a loader, for other sources and for adapters of other crates.
    ///
    /// ```
    /// # #[cfg(all(feature = "idnow", feature = "file"))] {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("idv.toml");
    /// # std::fs::write(&path, "idnow.company = 'ihrebank'")?;
    /// let config = idv::Config::loader()
    ///     .file(&path)
    ///     .variables([("IDV_PROVIDER", "idnow"), ("IDV_IDNOW_HOST", "test")])
    ///     .load()?;
    /// assert_eq!(config.default_account()?, "idnow");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn loader() -> ConfigLoader {
        ConfigLoader::new()
    }

    /// Returns the name of the default account: a provider's id, or a name in `accounts`.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// assert_eq!(config.provider(), Some("idnow"));
    /// # let config: idv::Config = toml::from_str("idnow.company = 'ihrebank'")?;
    ///
    /// // A configuration with accounts can leave out the default one.
    /// assert_eq!(config.provider(), None);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// Iterates over the names of the configured accounts.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// assert_eq!(config.accounts().collect::<Vec<_>>(), ["idnow", "idnow-branch"]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().map(String::as_str)
    }

    /// Returns the vendor of an account.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// let vendor = config.vendor("idnow-branch").expect("the account is configured");
    /// assert_eq!((vendor.id, vendor.name), ("idnow", "IDnow"));
    /// assert!(config.vendor("idnow-head-office").is_none());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn vendor(&self, account: &str) -> Option<&VendorEntry> {
        self.accounts.get(account).map(|account| &account.vendor)
    }

    /// Returns the unchecked settings of an account, with their places.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// let settings = config.settings("idnow-branch").expect("the account is configured");
    /// assert_eq!(settings.optional::<String>("company")?.as_deref(), Some("ihrebankfiliale"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn settings(&self, account: &str) -> Option<&Table> {
        self.accounts.get(account).map(|account| &account.settings)
    }

    /// Returns the environment variables that overrode a different value in the file.
    ///
    /// ```
    /// # #[cfg(all(feature = "idnow", feature = "file"))] {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("idv.toml");
    /// # std::fs::write(&path, "provider = 'idnow'\nidnow.host = 'test'")?;
    /// // The file has `idnow.host = "test"`.
    /// let config = idv::Config::loader()
    ///     .file(&path)
    ///     .variables([("IDV_IDNOW_HOST", "de")])
    ///     .load()?;
    /// let [changed] = config.overrides() else { panic!("one variable overrides the file") };
    /// assert_eq!(changed.variable, "IDV_IDNOW_HOST");
    /// assert_eq!(changed.key, "idnow.host");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Reads a table that belongs to no vendor, such as `[flow]`, overridden by the environment.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// use idv::adapter::settings::{Section, Setting, Table};
    /// # let config = bank::config();
    ///
    /// idv::settings! {
    ///     /// The part of the table `flow` that this program reads.
    ///     pub struct FlowSection {
    ///         optional {
    ///             /// The file of the store.
    ///             store: Option<String>,
    ///         }
    ///     }
    /// }
    ///
    /// impl Section for FlowSection {
    ///     const NAME: &'static str = "flow";
    ///
    ///     fn settings() -> &'static [Setting] {
    ///         Self::SETTINGS
    ///     }
    ///
    ///     fn from_table(table: &Table) -> idv::Result<Self> {
    ///         Self::from_table(table)
    ///     }
    /// }
    ///
    /// let flow: FlowSection = config.section()?;
    /// assert_eq!(flow.store.as_deref(), Some("flows.db"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn section<T: Section>(&self) -> Result<T> {
        let (table, _) = self.section_table::<T>()?;
        self.variables.reading(|| T::from_table(&table))
    }

    /// Returns the unchecked table of a section, and the variables that overrode a value in it.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// use idv::adapter::settings::{Section, Setting, Table};
    /// # let config = bank::config();
    /// # idv::settings! {
    /// #     /// The part of the table `flow` that this program reads.
    /// #     pub struct FlowSection {
    /// #         optional {
    /// #             /// The file of the store.
    /// #             store: Option<String>,
    /// #         }
    /// #     }
    /// # }
    /// # impl Section for FlowSection {
    /// #     const NAME: &'static str = "flow";
    /// #     fn settings() -> &'static [Setting] {
    /// #         Self::SETTINGS
    /// #     }
    /// #     fn from_table(table: &Table) -> idv::Result<Self> {
    /// #         Self::from_table(table)
    /// #     }
    /// # }
    ///
    /// // `FlowSection` is the `Section` of the table `flow`.
    /// let (table, overrides) = config.section_table::<FlowSection>()?;
    /// assert_eq!(table.optional::<String>("store")?.as_deref(), Some("flows.db"));
    /// assert!(overrides.is_empty());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Builds the client of an account in the caller's own environment.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// use idv::ErrorKind;
    /// # let config = bank::config();
    /// # let environment = bank::environment();
    ///
    /// let client = config.client_in("idnow-branch", environment.clone())?;
    /// assert_eq!(client.info().name, "IDnow");
    ///
    /// let error = config.client_in("idnwo", environment).unwrap_err();
    /// assert_eq!(error.kind(), &ErrorKind::Config);
    /// assert!(error.to_string().contains("did you mean `idnow`?"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the account does not exist, or its settings are
    /// not valid; [`Unsupported`](idv_core::ErrorKind::Unsupported) if its vendor is not compiled
    /// in. Nothing is sent.
    pub fn client_in(&self, account: &str, environment: Environment) -> Result<Client> {
        self.account(account)?.client(&self.variables, environment)
    }

    /// Builds the clients of all accounts in the caller's own environment, by the names of the
    /// accounts.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// # let environment = bank::environment();
    /// let clients = config.clients_in(&environment)?;
    /// assert_eq!(clients.keys().collect::<Vec<_>>(), ["idnow", "idnow-branch"]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Builds the client of an account, with the reqwest transport and the system's clock.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// let config: idv::Config = toml::from_str(
    ///     r#"
    ///     [idnow]
    ///     company = "ihrebank"
    ///     host = "test"
    ///     api_key = { file = "tests/secret.txt" }
    ///     "#,
    /// )?;
    /// let client = config.client("idnow")?;
    /// assert_eq!(client.info().name, "IDnow");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Config::client_in`].
    #[cfg(feature = "reqwest")]
    pub fn client(&self, account: &str) -> Result<Client> {
        let account = self.account(account)?;
        account.client(&self.variables, account.transport.environment()?)
    }

    /// Builds the clients of all accounts, with the reqwest transport and the system's clock, by
    /// the names of the accounts.
    ///
    /// Accounts with the same transport settings share connections.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// let clients = config.clients()?;
    /// let client = &clients[config.default_account()?];
    /// assert_eq!(client.info().name, "IDnow");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # let config = bank::config();
    /// assert_eq!(config.default_account()?, "idnow");
    /// # let config: idv::Config = toml::from_str("idnow.company = 'ihrebank'")?;
    ///
    /// let error = config.default_account().unwrap_err();
    /// assert!(error.to_string().contains("expected one of idnow (IDV_PROVIDER"), "{error}");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if no default is configured; the error names the
    /// accounts.
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
        // A vendor without a table has no settings; its error names the missing ones.
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
            "{place}unknown provider `{name}`; compiled in: {}{named}{near}",
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

/// Returns the tables `calls` and `transport` that apply to all accounts.
fn common(root: &Table) -> Result<(Table, Table)> {
    let mut root = root.clone();
    Ok((root.take("calls")?, root.take("transport")?))
}

/// Returns the error for a vendor of the family whose feature is disabled.
fn not_compiled_in(id: &str, vendors: &[VendorEntry]) -> Error {
    Error::new(idv_core::ErrorKind::Unsupported).detail(format!(
        "the provider `{id}` is not compiled in: enable the feature `{id}` of the crate idv; compiled in: {}",
        list(vendors)
    ))
}

/// Lists the ids of vendors.
fn list(vendors: &[VendorEntry]) -> String {
    if vendors.is_empty() {
        return "none (each vendor is a feature of the crate idv)".to_owned();
    }
    vendors
        .iter()
        .map(|vendor| vendor.id)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Returns the variables that a configuration refers to.
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
