//! Loads the configuration: a file, the environment, or both.

mod found;

use std::path::{Path, PathBuf};

use idv::{Client, Config, Override};
use idv_flow::FlowConfig;

use crate::failure::Failure;
use crate::output::note;
use found::Used;

/// The file in the working directory.
const FILE: &str = "idv.toml";

/// The source of the configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    file: Option<PathBuf>,
}

impl Settings {
    /// Uses this file; without one, `idv.toml` in the working directory, and without that the
    /// environment.
    pub(crate) const fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// Returns a client of the default account.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        let config = self.load()?;
        let client = idv::connect(&config)?;
        let used = config
            .provider()
            .and_then(|account| Used::account(&config, account));
        self.announce(used.as_slice(), config.overrides())?;
        Ok(client)
    }

    /// Returns the configuration of flows, and the clients of the default account and of the
    /// accounts whose flows continue, in this order.
    pub(crate) fn flows(&self) -> Result<(FlowConfig, Vec<(String, Client)>), Failure> {
        let config = self.load()?;
        let (table, overrides) = config.section_table::<FlowConfig>()?;
        let flow = FlowConfig::from_table(&table)?;
        let mut clients = vec![(config.default_account()?.to_owned(), idv::connect(&config)?)];
        let mut accounts: Vec<&str> = config.provider().into_iter().collect();
        let is_overridden = config.overrides().iter().any(|one| one.key == "provider");
        for account in &flow.also {
            // The environment may select an account that the file lists among the others.
            if !(is_overridden && accounts.contains(&account.as_str())) {
                accounts.push(account);
                clients.push((account.clone(), config.client(account)?));
            }
        }
        let mut used: Vec<Used<'_>> = accounts
            .iter()
            .filter_map(|account| Used::account(&config, account))
            .collect();
        used.push(Used::flow(&table, &flow));
        self.announce(&used, &[config.overrides(), &overrides].concat())?;
        Ok((flow, clients))
    }

    fn load(&self) -> Result<Config, Failure> {
        let loader = Config::loader().environment();
        let config = match &self.file {
            Some(path) => loader.file(path).load(),
            None if self.is_found() => loader.file(FILE).load(),
            None if std::env::vars_os().all(|(name, _)| !is_setting(&name)) => {
                return Err(Failure::usage(
                    "no configuration: write idv.toml, name a file with --config, or set IDV_PROVIDER and its settings; \
                     `idv sandbox` prints a configuration to try, `idv demo` needs none",
                ));
            }
            None => loader.load(),
        };
        Ok(config?)
    }

    /// Returns whether the file is in the working directory and was not named by the user.
    fn is_found(&self) -> bool {
        self.file.is_none() && Path::new(FILE).exists()
    }

    /// Prints which file is used if the user did not name it, and which variables override it.
    /// Refuses a found file that would send credentials to a foreign host.
    fn announce(&self, used: &[Used<'_>], overrides: &[Override]) -> Result<(), Failure> {
        let name = self.file.as_deref().unwrap_or(Path::new(FILE)).display();
        let mut parts = Vec::new();
        if self.is_found() {
            used.iter().try_for_each(|used| used.check_hosts(FILE))?;
            parts.push(format!("using {FILE} in the working directory"));
            let foreign: Vec<String> = used.iter().flat_map(Used::foreign_variables).collect();
            if !foreign.is_empty() {
                parts.push(format!("it takes credentials from {}", foreign.join(", ")));
            }
        }
        if !overrides.is_empty() {
            let variables: Vec<&str> = overrides.iter().map(|one| one.variable.as_str()).collect();
            parts.push(format!("{} overrides {name}", variables.join(", ")));
        }
        if !parts.is_empty() {
            note(&format!("idv: {}", parts.join("; ")));
        }
        Ok(())
    }
}

/// Returns whether a variable belongs to the configuration rather than to this program alone.
fn is_setting(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("IDV_") && name != "IDV_LOG")
}
