//! Which configuration is used.

use std::path::{Path, PathBuf};

use idv::{Client, Config};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer, ValueDeserializer};

use crate::failure::Failure;
use crate::flow_table::{FlowTable, PREFIX};

/// The file in the working directory.
const FILE: &str = "idv.toml";

/// The variables that are this program's own, not the configuration's.
const OWN_VARIABLES: &[&str] = &["IDV_LOG"];

/// The table of a file that only this program reads: the crate `idv` knows vendors, not flows.
const FLOW: &str = "flow";

/// Where the configuration is to be read from.
#[derive(Debug)]
pub(crate) struct Settings {
    file: Option<PathBuf>,
}

impl Settings {
    /// Reads from this file; without one, from `idv.toml` in the working directory, else from the environment.
    pub(crate) const fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// A client of the configured vendor.
    pub(crate) fn connect(&self) -> Result<Client, Failure> {
        Ok(idv::connect(&self.source()?.config(None)?)?)
    }

    /// What is configured of flows, a client of the configured vendor, and after it those of the vendors whose flows go on.
    pub(crate) fn flows(&self) -> Result<(FlowTable, Vec<Client>), Failure> {
        let source = self.source()?;
        let table = source.flow_table()?;
        let mut clients = vec![idv::connect(&source.config(None)?)?];
        for provider in &table.also {
            clients.push(idv::connect(&source.config(Some(provider))?)?);
        }
        Ok((table, clients))
    }

    fn source(&self) -> Result<Source, Failure> {
        match &self.file {
            Some(path) => Source::file(path),
            None if Path::new(FILE).exists() => Source::file(Path::new(FILE)),
            None => Source::environment(),
        }
    }
}

/// A configuration before it is understood.
enum Source {
    File { name: String, text: String },
    Environment(Vec<(String, String)>),
}

impl Source {
    fn file(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
        Ok(Self::File { name, text })
    }

    fn environment() -> Result<Self, Failure> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with("IDV_") && !OWN_VARIABLES.contains(name)) else {
                continue;
            };
            let value =
                value.into_string().map_err(|_| Failure::usage(format!("the environment variable {name} is not UTF-8")))?;
            variables.push((name.to_owned(), value));
        }
        if variables.is_empty() {
            return Err(Failure::usage(
                "there is no configuration: write idv.toml, name a file with --config, or set IDV_PROVIDER and its settings; \
                 `idv sandbox` prints one to try, `idv demo` needs none",
            ));
        }
        // In the order of their names, so that of several faults the same one is told each time.
        variables.sort_unstable();
        Ok(Self::Environment(variables))
    }

    /// What is configured of vendors; of this one in the place of the one that is chosen, where it is given.
    fn config(&self, provider: Option<&str>) -> Result<Config, Failure> {
        match self {
            Self::File { name, text } => {
                let at = |error: &toml::de::Error| at_line(name, text, error);
                let mut table = DeTable::parse(text).map_err(|error| at(&error))?;
                table.get_mut().remove(FLOW);
                if let (Some(provider), Some(chosen)) = (provider, table.get_mut().get_mut("provider")) {
                    *chosen.get_mut() = toml::de::DeValue::String(provider.into());
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

    /// What is configured of flows.
    fn flow_table(&self) -> Result<FlowTable, Failure> {
        match self {
            Self::File { name, text } => table(name, text, FLOW),
            Self::Environment(variables) => FlowTable::from_variables(variables),
        }
    }
}

/// One table of a file; empty where the file has none.
fn table<T: DeserializeOwned + Default>(name: &str, text: &str, key: &str) -> Result<T, Failure> {
    let at = |error: &toml::de::Error| at_line(name, text, error);
    let mut whole = DeTable::parse(text).map_err(|error| at(&error))?;
    let Some(value) = whole.get_mut().remove(key) else { return Ok(T::default()) };
    T::deserialize(ValueDeserializer::from(value)).map_err(|error| at(&error))
}

/// The message alone: the whole error would quote the file over several lines.
fn at_line(name: &str, text: &str, error: &toml::de::Error) -> Failure {
    let line = error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
    // The list of what there is lacks the one table that the crate `idv` does not know.
    let flow = if error.message().contains("there are: provider, calls,") { ", and `flow` for this program" } else { "" };
    Failure::usage(format!("{name}, line {line}: {}{flow}", error.message()))
}
