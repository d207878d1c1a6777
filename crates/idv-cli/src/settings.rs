//! Which configuration is used.

use std::path::{Path, PathBuf};

use idv::{Client, Config};

use crate::failure::Failure;

/// The file in the working directory.
const FILE: &str = "idv.toml";

/// The variables that are this program's own, not the configuration's.
const OWN_VARIABLES: &[&str] = &["IDV_LOG"];

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
        Ok(idv::connect(&self.config()?)?)
    }

    fn config(&self) -> Result<Config, Failure> {
        match &self.file {
            Some(path) => from_file(path),
            None if Path::new(FILE).exists() => from_file(Path::new(FILE)),
            None => from_environment(),
        }
    }
}

fn from_file(path: &Path) -> Result<Config, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    // The message alone: the whole error would quote the file over several lines.
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
        Failure::usage(format!("{name}, line {line}: {}", error.message()))
    })
}

fn from_environment() -> Result<Config, Failure> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("IDV_") && !OWN_VARIABLES.contains(name)) else { continue };
        let value = value.into_string().map_err(|_| Failure::usage(format!("the environment variable {name} is not UTF-8")))?;
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
    Ok(Config::from_env(variables)?)
}
