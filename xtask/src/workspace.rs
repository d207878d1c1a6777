//! Reads the workspace with `cargo metadata`, and runs cargo.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;

/// The workspace and every package in its lock file.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
    /// The `rust-version` of each package that states one, by name and version.
    pub(crate) rust_versions: BTreeMap<(String, String), RustVersion>,
}

/// A package of the workspace.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) is_published: bool,
    pub(crate) has_library: bool,
    pub(crate) rust_version: Option<RustVersion>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    metadata: Value,
}

/// The first two numbers of a Rust version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RustVersion(pub(crate) u32, pub(crate) u32);

impl RustVersion {
    /// Parses `1.89` and `1.89.0`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(str::parse);
        Some(Self(
            numbers.next()?.ok()?,
            numbers.next().unwrap_or(Ok(0)).ok()?,
        ))
    }
}

impl std::fmt::Display for RustVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Workspace {
    /// Reads the workspace of this program.
    pub(crate) fn read() -> Result<Self> {
        let text = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
        let metadata: Value =
            serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
        let root = PathBuf::from(string(&metadata, "workspace_root"));
        let target = PathBuf::from(string(&metadata, "target_directory"));
        let (mut members, mut rust_versions) = (Vec::new(), BTreeMap::new());
        for package in array(&metadata, "packages") {
            let rust_version = package
                .get("rust_version")
                .and_then(Value::as_str)
                .and_then(RustVersion::parse);
            if let Some(rust_version) = rust_version {
                rust_versions.insert(
                    (
                        string(package, "name").to_owned(),
                        string(package, "version").to_owned(),
                    ),
                    rust_version,
                );
            }
            if array(&metadata, "workspace_members").any(|id| Some(id) == package.get("id")) {
                members.push(Member::read(package, rust_version));
            }
        }
        if members.is_empty() {
            return Err("cargo metadata names no package of the workspace".to_owned());
        }
        Ok(Self {
            root,
            target,
            members,
            rust_versions,
        })
    }

    /// Returns the published packages.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_published)
    }
}

impl Member {
    fn read(package: &Value, rust_version: Option<RustVersion>) -> Self {
        let manifest = PathBuf::from(string(package, "manifest_path"));
        let features = package.get("features").and_then(Value::as_object);
        Self {
            name: string(package, "name").to_owned(),
            folder: manifest.parent().unwrap_or(Path::new("")).to_path_buf(),
            is_published: package.get("publish").is_none_or(Value::is_null),
            has_library: array(package, "targets")
                .any(|target| array(target, "kind").any(|kind| kind == "lib")),
            rust_version,
            features: features
                .into_iter()
                .flatten()
                .map(|(name, parts)| (name.clone(), strings(parts)))
                .collect(),
            metadata: package.clone(),
        }
    }

    /// Returns a value of the manifest's `[package]`; empty if it is absent.
    pub(crate) fn text(&self, key: &str) -> &str {
        string(&self.metadata, key)
    }

    /// Returns a list of the manifest's `[package]`.
    pub(crate) fn list(&self, key: &str) -> Vec<&str> {
        array(&self.metadata, key)
            .filter_map(Value::as_str)
            .collect()
    }

    /// Returns `[package.metadata]`.
    pub(crate) fn custom(&self, pointer: &str) -> Option<&Value> {
        self.metadata
            .get("metadata")
            .and_then(|metadata| metadata.pointer(pointer))
    }
}

/// Returns the cargo that runs this program.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command and returns its output. If it fails, the error contains its messages.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{}` did not start: {error}", line(command)))?;
    if !output.status.success() {
        return Err(format!(
            "`{}` failed:\n{}",
            line(command),
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{}`: {error}", line(command)))
}

/// Prints a command and runs it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("xtask: {}", line(command));
    let status = command
        .status()
        .map_err(|error| format!("`{}` did not start: {error}", line(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed: {status}", line(command)))
    }
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(crate) fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
