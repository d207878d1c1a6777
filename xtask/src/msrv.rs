//! Compares the Rust version that each crate states with those that its dependencies state.

use std::process::Command;

use crate::Result;
use crate::workspace::{Member, RustVersion, Workspace, cargo, output, run};

/// Fails if a dependency of a crate needs a newer compiler than the crate states, under any feature
/// and on any system.
///
/// Also builds the libraries with each stated version that rustup has.
pub(crate) fn check() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut problems = Vec::new();
    let mut stated = std::collections::BTreeSet::new();
    for member in &workspace.members {
        let Some(own) = member.rust_version else {
            problems.push(format!("{} states no rust-version", member.name));
            continue;
        };
        let needed = needed(&workspace, member)?;
        match needed.first() {
            Some((newest, _)) if *newest > own => {
                let names: Vec<String> = needed
                    .iter()
                    .filter(|(version, _)| *version > own)
                    .map(|(v, name)| format!("{name} ({v})"))
                    .collect();
                problems.push(format!(
                    "{} states {own}, but needs {newest}: {}",
                    member.name,
                    names.join(", ")
                ));
            }
            Some((newest, name)) => println!(
                "{}: {own}; the dependencies need {newest} ({name})",
                member.name
            ),
            None => println!("{}: {own}; no dependency states a version", member.name),
        }
        if member.is_published {
            stated.insert(own);
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    for version in stated {
        build(&workspace, version)?;
    }
    Ok(())
}

/// Lists the versions that a crate's dependencies need, newest first.
fn needed(workspace: &Workspace, member: &Member) -> Result<Vec<(RustVersion, String)>> {
    let tree = output(
        cargo()
            .args([
                "tree",
                "--package",
                &member.name,
                "--all-features",
                "--edges",
                "normal,build",
            ])
            .args([
                "--target", "all", "--prefix", "none", "--format", "{p}", "--locked",
            ]),
    )?;
    let mut needed = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let key = (name.to_owned(), version.trim_start_matches('v').to_owned());
        if let Some(stated) = workspace
            .rust_versions
            .get(&key)
            .filter(|_| name != member.name)
        {
            needed.push((*stated, name.to_owned()));
        }
    }
    // Among equal versions, dependencies of other projects come first, since they are the cause.
    needed.sort_by_key(|(version, name)| {
        (
            std::cmp::Reverse(*version),
            name.starts_with("idv"),
            name.clone(),
        )
    });
    needed.dedup();
    Ok(needed)
}

/// Checks the crates that state a version with exactly that compiler, if rustup has it.
fn build(workspace: &Workspace, version: RustVersion) -> Result<()> {
    let toolchains = Command::new("rustup")
        .args(["toolchain", "list"])
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let toolchains = String::from_utf8_lossy(&toolchains);
    let wanted = [format!("{version}-"), format!("{version}.")];
    let Some(toolchain) = toolchains
        .split_whitespace()
        .find(|name| wanted.iter().any(|begin| name.starts_with(begin)))
    else {
        println!(
            "NOT BUILT with Rust {version}: install it by `rustup toolchain install {version}`"
        );
        return Ok(());
    };
    let names = workspace
        .published()
        .filter(|member| member.rust_version <= Some(version))
        .map(|member| &member.name);
    let packages = names.flat_map(|name| ["--package", name]);
    let mut command = Command::new("rustup");
    command
        .args([
            "run",
            toolchain,
            "cargo",
            "check",
            "--all-features",
            "--locked",
        ])
        .args(packages);
    run(command
        .arg("--target-dir")
        .arg(workspace.target.join(format!("rust-{version}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(RustVersion::parse("1.100") > RustVersion::parse("1.89.0"));
        assert_eq!(RustVersion::parse("1.89.1"), RustVersion::parse("1.89"));
        assert_eq!(RustVersion::parse("one"), None);
    }
}
