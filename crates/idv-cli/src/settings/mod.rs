//! Chooses the configuration: a file or the environment.

mod found;
mod overrides;

use std::path::{Path, PathBuf};

use idv::{Client, Config};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, Deserializer, ValueDeserializer};

use crate::failure::Failure;
use crate::flow_table::{FlowTable, PREFIX};
use crate::output::note;
use overrides::Overrides;

/// The file in the working directory.
const FILE: &str = "idv.toml";

/// The variables of this program itself, which are no part of the configuration.
const OWN_VARIABLES: &[&str] = &["IDV_LOG"];

/// The table of a file that only this program reads: the crate `idv` knows vendors, not flows.
const FLOW: &str = "flow";

/// The place of the configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    file: Option<PathBuf>,
}

impl Settings {
    /// Reads this file; without one `idv.toml` in the working directory, and if there is none the environment.
    pub(crate) const fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// Returns a client of the configured vendor.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        let source = self.source()?;
        let client = idv::connect(&source.config(None)?)?;
        source.announce(&[client.info().provider.as_str()])?;
        Ok(client)
    }

    /// Returns the configuration of flows, a client of the configured vendor, and after it those of the vendors whose flows go on.
    pub(crate) fn flows(&self) -> Result<(FlowTable, Vec<Client>), Failure> {
        let source = self.source()?;
        let table = source.flow_table()?;
        let mut clients = vec![idv::connect(&source.config(None)?)?];
        for provider in &table.also {
            // The environment may choose a provider that the file has among the others.
            let is_there = clients.iter().any(|client| client.info().provider.as_str() == provider);
            if !(is_there && source.is_overridden()) {
                clients.push(idv::connect(&source.config(Some(provider))?)?);
            }
        }
        let providers: Vec<&str> = clients.iter().map(|client| client.info().provider.as_str()).collect();
        source.announce(&[&providers[..], &[FLOW]].concat())?;
        Ok((table, clients))
    }

    fn source(&self) -> Result<Source, Failure> {
        match &self.file {
            Some(path) => Source::file(path, false),
            None if Path::new(FILE).exists() => Source::file(Path::new(FILE), true),
            None => Source::environment(),
        }
    }
}

/// A configuration before it is parsed.
enum Source {
    File {
        name: String,
        text: String,
        /// Whether the file was found in the working directory instead of being named.
        found: bool,
        overrides: Overrides,
    },
    Environment(Vec<(String, String)>),
}

impl Source {
    fn file(path: &Path, found: bool) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
        let overrides = Overrides::of(&variables()?)?;
        Ok(Self::File { name, text, found, overrides })
    }

    fn environment() -> Result<Self, Failure> {
        let variables = variables()?;
        if variables.is_empty() {
            return Err(Failure::usage(
                "there is no configuration: write idv.toml, name a file with --config, or set IDV_PROVIDER and its settings; \
                 `idv sandbox` prints one to try, `idv demo` needs none",
            ));
        }
        Ok(Self::Environment(variables))
    }

    /// Returns the configuration of vendors. `provider` replaces the chosen one if it is given.
    fn config(&self, provider: Option<&str>) -> Result<Config, Failure> {
        match self {
            Self::File { name, text, overrides, .. } => {
                let at = |error: &toml::de::Error| at_line(name, text, error);
                let mut table = DeTable::parse(text).map_err(|error| at(&error))?;
                overrides.apply(table.get_mut());
                table.get_mut().remove(FLOW);
                if let (Some(provider), Some(chosen)) = (provider, table.get_mut().get_mut("provider")) {
                    *chosen.get_mut() = DeValue::String(provider.into());
                }
                Config::deserialize(Deserializer::from(table)).map_err(|error| at(&error))
            }
            Self::Environment(variables) => {
                let variables = variables.iter().filter(|(name, _)| !name.starts_with(PREFIX)).map(|(name, value)| {
                    let value = provider.filter(|_| name == "IDV_PROVIDER").unwrap_or(value);
                    (name.as_str(), value)
                });
                Ok(Config::from_env(variables)?)
            }
        }
    }

    /// Returns the configuration of flows.
    fn flow_table(&self) -> Result<FlowTable, Failure> {
        match self {
            Self::File { name, text, overrides, .. } => table(name, text, overrides, FLOW),
            Self::Environment(variables) => FlowTable::from_variables(variables),
        }
    }

    /// Returns whether the environment chooses another provider than the file.
    fn is_overridden(&self) -> bool {
        matches!(self, Self::File { overrides, .. } if overrides.gives(&["provider"]))
    }

    /// Says which file is used if the user did not name it, and what the environment overrides. Refuses a file that was found and would
    /// send credentials to a stranger. `tables` are the tables that are used.
    fn announce(&self, tables: &[&str]) -> Result<(), Failure> {
        let Self::File { name, text, found, overrides } = self else { return Ok(()) };
        let mut whole = DeTable::parse(text).map_err(|error| at_line(name, text, &error))?;
        let overridden = overrides.apply(whole.get_mut());
        let mut parts = Vec::new();
        if *found {
            found::check_hosts(name, whole.get_ref(), tables, overrides)?;
            parts.push(format!("using {} of the working directory", name));
            let foreign = found::foreign_variables(whole.get_ref(), tables);
            if !foreign.is_empty() {
                parts.push(format!("it takes credentials from {}", foreign.join(", ")));
            }
        }
        if !overridden.is_empty() {
            parts.push(format!("{} overrides {name}", overridden.join(", ")));
        }
        if !parts.is_empty() {
            note(&format!("idv: {}", parts.join("; ")));
        }
        Ok(())
    }
}

/// Returns the environment variables that belong to the project, ordered by name so that of several faults the same one is reported.
fn variables() -> Result<Vec<(String, String)>, Failure> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("IDV_") && !OWN_VARIABLES.contains(name)) else {
            continue;
        };
        let value = value.into_string().map_err(|_| Failure::usage(format!("the environment variable {name} is not UTF-8")))?;
        variables.push((name.to_owned(), value));
    }
    variables.sort_unstable();
    Ok(variables)
}

/// Parses one table of a file, with the environment over it; empty if there is none.
fn table<T: DeserializeOwned + Default>(name: &str, text: &str, overrides: &Overrides, key: &str) -> Result<T, Failure> {
    let at = |error: &toml::de::Error| at_line(name, text, error);
    let mut whole = DeTable::parse(text).map_err(|error| at(&error))?;
    overrides.apply(whole.get_mut());
    let Some(value) = whole.get_mut().remove(key) else { return Ok(T::default()) };
    T::deserialize(ValueDeserializer::from(value)).map_err(|error| at(&error))
}

/// Formats an error as one line with its place. The error's own text would quote the file over several lines.
fn at_line(name: &str, text: &str, error: &toml::de::Error) -> Failure {
    let place = match error.span() {
        Some(span) if overrides::is_override(&span) => "in the environment".to_owned(),
        span => {
            let start = span.map_or(0, |span| span.start);
            format!("line {}", 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count())
        }
    };
    // The list of keys lacks the one table that the crate `idv` does not know.
    let flow = if error.message().contains("there are: provider, calls,") { ", and `flow` for this program" } else { "" };
    Failure::usage(format!("{name}, {place}: {}{flow}", error.message()))
}
