//! Runs test programs with the clock a year ahead, using libfaketime.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::install::{Packages, install};

const PACKAGES: Packages = Packages {
    apt: &["faketime"],
    dnf: &["libfaketime"],
    apk: &["libfaketime"],
    brew: &[],
};

/// Changes the clock of the test programs that this cargo command runs, and of their children.
///
/// Cargo and the compiler keep the system's clock.
pub(crate) fn a_year_ahead(command: &mut Command) -> Result<()> {
    let library = match find() {
        Some(library) => library,
        None => {
            install("libfaketime", &PACKAGES)?;
            find().ok_or("libfaketime was installed, but libfaketime.so.1 was not found")?
        }
    };
    let runner = format!(
        "CARGO_TARGET_{}_RUNNER",
        host()?.replace(['-', '.'], "_").to_ascii_uppercase()
    );
    // Only the time of day changes; durations stay right.
    let program = format!(
        "env LD_PRELOAD={} FAKETIME=+365d FAKETIME_DONT_FAKE_MONOTONIC=1",
        library.display()
    );
    command.env(runner, program);
    Ok(())
}

fn find() -> Option<PathBuf> {
    let mut folders = vec![
        PathBuf::from("/usr/lib"),
        PathBuf::from("/usr/lib64"),
        PathBuf::from("/usr/local/lib"),
    ];
    let further = std::fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    folders.extend(further.filter(|folder| folder.is_dir()));
    folders
        .iter()
        .map(|folder| folder.join("faketime").join("libfaketime.so.1"))
        .find(|file: &PathBuf| Path::is_file(file))
}

/// Returns the machine's target triple.
fn host() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-vV")
        .output()
        .map_err(|error| format!("the compiler did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "the compiler printed no host triple".to_owned())
}
