//! Loads a configuration from its sources.

use std::collections::BTreeMap;
#[cfg(feature = "file")]
use std::path::{Path, PathBuf};
use std::sync::Arc;

use idv_core::adapter::VendorEntry;
use idv_core::adapter::settings::{Places, Table, near_miss, variable};
use idv_core::call::CallPolicy;
use idv_core::{Error, Result};
use serde_json::{Map, Value};

use super::environment::{Keys, Variables};
use super::transport::TransportSettings;
use super::{Account, Config, common, list, not_compiled_in, referenced};

/// The key that names the vendor of an account or, in the root, the default account.
const PROVIDER: &str = "provider";

/// The table of named accounts.
const ACCOUNTS: &str = "accounts";

/// The tables that belong to no vendor, for [`Config::section`].
const SECTIONS: &[&str] = &["flow"];

/// Loads a configuration from a file and from variables, with adapters of this crate and of others.
///
/// ```
/// # #[cfg(feature = "idnow")] {
/// let config = idv::Config::loader()
///     .variables([("IDV_PROVIDER", "idnow"), ("IDV_IDNOW_COMPANY", "ihrebank"), ("IDV_LOG", "debug")])
///     .load()?;
/// assert_eq!(config.provider(), Some("idnow"));
/// # }
/// # Ok::<(), idv::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ConfigLoader {
    vendors: Vec<VendorEntry>,
    values: Map<String, Value>,
    #[cfg(feature = "file")]
    file: Option<(PathBuf, bool)>,
    variables: Variables,
    not_text: Option<String>,
}

impl ConfigLoader {
    pub(super) fn new() -> Self {
        Self {
            vendors: crate::vendors().to_vec(),
            values: Map::new(),
            #[cfg(feature = "file")]
            file: None,
            variables: Variables::default(),
            not_text: None,
        }
    }

    /// Adds an adapter of another crate: its table, its variables and its provider id.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// use idv::adapter::VendorEntry;
    /// use idv::{Config, idnow};
    ///
    /// /// The entry of an adapter that is not part of the family.
    /// const ACME: VendorEntry = VendorEntry { id: "acme", name: "Acme", ..idnow::ENTRY };
    ///
    /// let config = Config::loader()
    ///     .vendor(ACME)
    ///     .variables([("IDV_PROVIDER", "acme"), ("IDV_ACME_COMPANY", "ihrebank")])
    ///     .load()?;
    /// assert_eq!(config.vendor("acme").map(|vendor| vendor.name), Some("Acme"));
    /// # }
    /// # Ok::<(), idv::Error>(())
    /// ```
    pub fn vendor(mut self, vendor: VendorEntry) -> Self {
        self.vendors.push(vendor);
        self
    }

    /// Reads a TOML file, which must exist.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("idv.toml");
    /// let error = idv::Config::loader().file(&path).load().unwrap_err();
    /// assert!(error.to_string().ends_with("idv.toml does not exist"));
    ///
    /// std::fs::write(&path, "provider = 'idnow'\nidnow.company = 'ihrebank'")?;
    /// let config = idv::Config::loader().file(&path).load()?;
    /// assert_eq!(config.provider(), Some("idnow"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "file")]
    pub fn file(mut self, path: impl AsRef<Path>) -> Self {
        self.file = Some((path.as_ref().to_owned(), true));
        self
    }

    /// Reads a TOML file if it exists.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// // Without the file, the variables contain everything.
    /// let config = idv::Config::loader()
    ///     .optional_file("/etc/bank/no-such-file.toml")
    ///     .variables([("IDV_PROVIDER", "idnow"), ("IDV_IDNOW_COMPANY", "ihrebank")])
    ///     .load()?;
    /// assert_eq!(config.accounts().collect::<Vec<_>>(), ["idnow"]);
    /// # }
    /// # Ok::<(), idv::Error>(())
    /// ```
    #[cfg(feature = "file")]
    pub fn optional_file(mut self, path: impl AsRef<Path>) -> Self {
        self.file = Some((path.as_ref().to_owned(), false));
        self
    }

    /// Overrides the file with variables.
    ///
    /// Those without the prefix `IDV_` are ignored.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// let variables = [("IDV_IDNOW_COMPANY", "ihrebank"), ("PATH", "/bin")];
    /// let config = idv::Config::loader().variables(variables).load()?;
    /// assert_eq!(config.accounts().collect::<Vec<_>>(), ["idnow"]);
    ///
    /// let error = idv::Config::loader().variables([("IDV_IDNOW_COMPNY", "ihrebank")]).load();
    /// assert!(error.unwrap_err().to_string().contains("did you mean IDV_IDNOW_COMPANY?"));
    /// # }
    /// # Ok::<(), idv::Error>(())
    /// ```
    pub fn variables<N: AsRef<str>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.variables = Variables::new(variables);
        self
    }

    /// Overrides the file with the environment of the process.
    ///
    /// ```
    /// # #[cfg(all(feature = "idnow", feature = "file"))] {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("idv.toml");
    /// # std::fs::write(&path, "provider = 'idnow'")?;
    /// // As `Config::load`, except that the file must exist.
    /// let config = idv::Config::loader().file(&path).environment().load()?;
    /// assert_eq!(config.provider(), Some("idnow"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn environment(mut self) -> Self {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => variables.push((name, value)),
                (Ok(name), Err(_)) if name.starts_with("IDV_") => self.not_text = Some(name),
                _ => {}
            }
        }
        self.variables(variables)
    }

    pub(super) fn values(mut self, values: Map<String, Value>) -> Self {
        self.values = values;
        self
    }

    /// Loads the configuration.
    ///
    /// ```
    /// # #[cfg(feature = "idnow")] {
    /// use idv::ErrorKind;
    ///
    /// let error = idv::Config::loader().load().unwrap_err();
    /// assert_eq!(error.kind(), &ErrorKind::Config);
    /// assert!(error.to_string().contains("`provider` is missing"));
    ///
    /// let variables = [("IDV_PROVIDER", "idnow")];
    /// assert!(idv::Config::loader().variables(variables).load().is_ok());
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn load(self) -> Result<Config> {
        if let Some(name) = self.not_text {
            return Err(Error::config(format!(
                "the environment variable {name} is not UTF-8"
            )));
        }
        #[cfg(feature = "file")]
        let (mut root, mut places) = match &self.file {
            None => (self.values, Places::new()),
            Some((path, is_required)) => match super::file::read(path)? {
                Some(read) => read,
                None if *is_required => {
                    return Err(Error::config(format!("{} does not exist", path.display())));
                }
                None => (self.values, Places::new()),
            },
        };
        #[cfg(not(feature = "file"))]
        let (mut root, mut places) = (self.values, Places::new());

        let tables = tables(&self.vendors, &root, &self.variables);
        let mut overrides = Vec::new();
        for keys in &tables {
            overrides.extend(self.variables.apply(keys, &mut root, &mut places)?);
        }
        self.variables.check(&tables, &referenced(&root))?;

        let places = Arc::new(places);
        let whole = Table::new("", root.clone(), Arc::clone(&places));
        let accounts = accounts(&whole, &self.vendors)?;
        let provider = whole.optional::<String>(PROVIDER)?;
        if provider.is_none() && accounts.is_empty() {
            return Err(Error::config(format!(
                "`provider` is missing: expected one of {} (IDV_PROVIDER in the environment)",
                list(&self.vendors)
            )));
        }
        Ok(Config {
            provider,
            accounts,
            vendors: self.vendors,
            root,
            places,
            variables: self.variables,
            overrides,
        })
    }
}

/// Returns the keys of every table that the environment can override.
fn tables(vendors: &[VendorEntry], root: &Map<String, Value>, variables: &Variables) -> Vec<Keys> {
    let account = |table: &str, vendor: &VendorEntry| {
        let inner = [
            ("calls.", CallPolicy::SETTINGS),
            ("transport.", TransportSettings::SETTINGS),
        ];
        Keys::new(table, &[("", vendor.settings), inner[0], inner[1]])
    };
    let mut tables = vec![
        Keys::new("", &[]).with(PROVIDER),
        Keys::new("calls", &[("", CallPolicy::SETTINGS)]),
        Keys::new("transport", &[("", TransportSettings::SETTINGS)]),
    ];
    tables.extend(vendors.iter().map(|vendor| account(vendor.id, vendor)));
    for (name, provider) in named(root, variables) {
        let path = format!("{ACCOUNTS}.{name}");
        tables.push(match vendors.iter().find(|vendor| vendor.id == provider) {
            Some(vendor) => account(&path, vendor).with(PROVIDER),
            None => Keys::new(&path, &[]).with(PROVIDER),
        });
    }
    tables
}

/// Returns the named accounts with their vendors, from the file and from the environment.
fn named(root: &Map<String, Value>, variables: &Variables) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for (name, table) in root
        .get(ACCOUNTS)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let provider = table
            .get(PROVIDER)
            .and_then(Value::as_str)
            .unwrap_or_default();
        named.insert(name.clone(), provider.to_owned());
    }
    let prefix = variable(&[ACCOUNTS, ""]);
    for (name, provider) in variables.iter() {
        let Some(name) = name
            .strip_prefix(&prefix)
            .and_then(|name| name.strip_suffix("_PROVIDER"))
        else {
            continue;
        };
        named.insert(
            name.to_ascii_lowercase().replace('_', "-"),
            provider.to_owned(),
        );
    }
    named
}

/// Reads the accounts and checks the names of their settings, but not the values.
fn accounts(root: &Table, vendors: &[VendorEntry]) -> Result<BTreeMap<String, Account>> {
    let (calls, transport) = common(root)?;
    CallPolicy::from_table(&calls)?;
    TransportSettings::from_table(&transport)?;
    let account = |mut settings: Table, vendor: &VendorEntry| {
        let own = (settings.take("calls")?, settings.take("transport")?);
        settings.check_keys(vendor.settings)?;
        Ok::<_, Error>(Account {
            vendor: *vendor,
            calls: CallPolicy::from_table(&own.0.over(&calls))?,
            transport: TransportSettings::from_table(&own.1.over(&transport))?,
            settings,
        })
    };
    let mut accounts = BTreeMap::new();
    for key in root.values().keys() {
        if let Some(vendor) = vendors.iter().find(|vendor| vendor.id == key) {
            accounts.insert(key.clone(), account(root.clone().take(key)?, vendor)?);
        } else if crate::FAMILY.contains(&key.as_str()) {
            return Err(not_compiled_in(key, vendors));
        } else if ![PROVIDER, ACCOUNTS, "calls", "transport"].contains(&key.as_str())
            && !SECTIONS.contains(&key.as_str())
        {
            let mut known = vec![PROVIDER, "calls", "transport", ACCOUNTS];
            known.extend(
                SECTIONS
                    .iter()
                    .copied()
                    .chain(vendors.iter().map(|vendor| vendor.id)),
            );
            return Err(root.unknown(key, key, &known));
        }
    }
    let named = root.clone().take(ACCOUNTS)?;
    for name in named.values().keys() {
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            || name.is_empty()
        {
            return Err(named.invalid(
                name,
                "expected a name of lower-case letters, digits and `-`",
            ));
        }
        if crate::FAMILY.contains(&name.as_str()) || vendors.iter().any(|vendor| vendor.id == name)
        {
            return Err(named.invalid(
                name,
                &format!("expected a name that is not a provider's id; [{name}] is that account"),
            ));
        }
        let mut settings = named.clone().take(name)?;
        let provider: String = settings.required(PROVIDER)?;
        settings.remove(PROVIDER);
        let Some(vendor) = vendors.iter().find(|vendor| vendor.id == provider) else {
            if crate::FAMILY.contains(&provider.as_str()) {
                return Err(not_compiled_in(&provider, vendors));
            }
            let near = near_miss(&provider, vendors.iter().map(|vendor| vendor.id));
            let near = near
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            return Err(settings.invalid(
                PROVIDER,
                &format!("expected one of {}{near}", list(vendors)),
            ));
        };
        accounts.insert(name.clone(), account(settings, vendor)?);
    }
    Ok(accounts)
}
