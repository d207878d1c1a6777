//! Checks that the libraries compile with the oldest version of each dependency that their
//! manifests accept.

use std::path::Path;

use crate::Result;
use crate::workspace::{Workspace, cargo, output, run};

/// Copies the workspace, selects the oldest versions of its direct dependencies, and checks every
/// published crate with all features.
pub(crate) fn check() -> Result<()> {
    let workspace = Workspace::read()?;
    let copy = workspace.target.join("minimal-versions");
    // A copy of an earlier run may contain files that no longer exist.
    if copy.join("workspace").exists() {
        std::fs::remove_dir_all(copy.join("workspace"))
            .map_err(|error| format!("{}: {error}", copy.display()))?;
    }
    let files = output(std::process::Command::new("git").args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    for file in files
        .split('\0')
        .filter(|file| !file.is_empty() && *file != "Cargo.lock")
    {
        copy_file(
            &workspace.root.join(file),
            &copy.join("workspace").join(file),
        )?;
    }
    let folder = copy.join("workspace");
    run(cargo()
        .args(["generate-lockfile", "-Zdirect-minimal-versions"])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(&folder))?;
    let mut command = cargo();
    command.args(["check", "--all-features", "--locked"]);
    command.args(
        workspace
            .published()
            .flat_map(|member| ["--package", &member.name]),
    );
    run(command
        .arg("--target-dir")
        .arg(copy.join("target"))
        .current_dir(&folder))
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    // The file was deleted, and the deletion is not committed yet.
    if !from.exists() {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(Path::new(""));
    let copied = std::fs::create_dir_all(folder).and_then(|()| std::fs::copy(from, to));
    copied
        .map(drop)
        .map_err(|error| format!("{}: {error}", to.display()))
}
