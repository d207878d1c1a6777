//! Installs packages with the system's package manager.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// The packages of one program in each package manager; empty if the manager does not have it.
pub(crate) struct Packages {
    pub(crate) apt: &'static [&'static str],
    pub(crate) dnf: &'static [&'static str],
    pub(crate) apk: &'static [&'static str],
    pub(crate) brew: &'static [&'static str],
}

/// Finds a program in the search path.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Installs packages with the first available package manager, and prints each command before it
/// runs.
pub(crate) fn install(what: &str, packages: &Packages) -> Result<()> {
    let managers: [(&str, &[&str], &[&str]); 4] = [
        (
            "apt-get",
            &["install", "-y", "--no-install-recommends"],
            packages.apt,
        ),
        ("dnf", &["install", "-y"], packages.dnf),
        ("apk", &["add"], packages.apk),
        ("brew", &["install"], packages.brew),
    ];
    let found = managers
        .into_iter()
        .find(|(manager, _, names)| !names.is_empty() && find_program(manager).is_some());
    let Some((manager, verb, names)) = found else {
        return Err(format!(
            "{what} is missing, and there is no package manager (apt-get, dnf, apk, brew): install it and try again"
        ));
    };
    println!("xtask: {what} is missing; installing it with {manager}");
    if manager == "apt-get" {
        // Prevents Debian's package from creating and starting a server, which the tests do not
        // need.
        let folder = Path::new("/etc/postgresql-common/createcluster.d");
        let file = folder.join("idv-tests.conf");
        as_root(&["mkdir", "-p", &folder.display().to_string()])?;
        let line = format!("echo create_main_cluster = false > {}", file.display());
        as_root(&["sh", "-c", &line])?;
        let installed = as_root(&["apt-get", "update", "-q"])
            .and_then(|()| as_root(&[&["apt-get"], verb, names].concat()));
        as_root(&["rm", "-f", &file.display().to_string()])?;
        return installed;
    }
    let command = [&[manager], verb, names].concat();
    // Homebrew refuses to run as root.
    if manager == "brew" {
        run(&command)
    } else {
        as_root(&command)
    }
}

/// Runs a command as root: directly, or with sudo.
fn as_root(command: &[&str]) -> Result<()> {
    if is_root() {
        return run(&[&["env", "DEBIAN_FRONTEND=noninteractive"], command].concat());
    }
    if find_program("sudo").is_none() {
        return Err(format!(
            "root privileges are needed, and there is no sudo: run `{}` as root and try again",
            command.join(" ")
        ));
    }
    run(&[&["sudo", "env", "DEBIAN_FRONTEND=noninteractive"], command].concat())
}

/// Returns whether this program runs as root.
fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn run(command: &[&str]) -> Result<()> {
    let line = command.join(" ");
    println!("xtask: {line}");
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let status = Command::new(program)
        .args(arguments)
        .status()
        .map_err(|error| format!("`{line}` did not start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` failed: {status}"))
    }
}
