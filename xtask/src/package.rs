//! Checks that the crates can be published.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::workspace::{Member, Workspace, cargo, output, run};

/// The maximum size of a package, in bytes. The registry's limit is ten times as high.
const LARGEST_PACKAGE: u64 = 1_000_000;

/// The files that each package must contain.
const FILES: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Checks each published crate's manifest, README and files, then packages and compiles all of
/// them.
pub(crate) fn check() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut problems = Vec::new();
    for member in workspace.published() {
        problems.extend(
            manifest(member)
                .into_iter()
                .chain(files(&workspace, member)?),
        );
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let packages = || {
        workspace
            .published()
            .flat_map(|member| ["--package", &member.name])
    };
    println!(
        "xtask: cargo package --no-verify, of {} crates",
        workspace.published().count()
    );
    output(
        cargo()
            .args(["package", "--no-verify", "--locked"])
            .args(packages()),
    )?;
    for member in workspace.published() {
        let file = workspace.target.join("package").join(format!(
            "{}-{}.crate",
            member.name,
            member.text("version")
        ));
        let bytes = file
            .metadata()
            .map_err(|error| format!("{}: {error}", file.display()))?
            .len();
        println!("{}: {bytes} bytes", member.name);
        if bytes > LARGEST_PACKAGE {
            return Err(format!(
                "the package of {} has {bytes} bytes; the limit is {LARGEST_PACKAGE}",
                member.name
            ));
        }
    }
    build(&workspace)?;
    if std::env::var("CARGO_NET_OFFLINE").is_ok_and(|value| value == "true") {
        println!("NOT REHEARSED: the publication needs the registry, and CARGO_NET_OFFLINE is set");
        return Ok(());
    }
    println!("xtask: cargo publish --dry-run --no-verify");
    output(
        cargo()
            .args(["publish", "--dry-run", "--no-verify", "--locked"])
            .args(packages()),
    )?;
    Ok(())
}

/// Checks that the crates compile from their packages alone.
///
/// `cargo package` verifies one package after the other. One workspace with the profiles and
/// versions of this one reuses compiled dependencies.
fn build(workspace: &Workspace) -> Result<()> {
    let packages = workspace.target.join("package");
    let folder = packages.join("unpacked");
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(failed)?;
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let (mut members, mut patches) = (Vec::new(), String::new());
    for member in workspace.published() {
        let name = format!("{}-{}", member.name, member.text("version"));
        output(
            Command::new("tar")
                .arg("-xzf")
                .arg(packages.join(format!("{name}.crate")))
                .arg("-C")
                .arg(&folder),
        )?;
        patches.push_str(&format!("{} = {{ path = {name:?} }}\n", member.name));
        members.push(name);
    }
    let root = read(&workspace.root.join("Cargo.toml"));
    let profiles = root
        .find("[profile.")
        .and_then(|start| root.get(start..))
        .unwrap_or_default();
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[patch.crates-io]\n{patches}\n{profiles}"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).map_err(failed)?;
    std::fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock")).map_err(failed)?;
    let mut command = cargo();
    command
        .args(["check", "--workspace", "--all-features", "--offline"])
        .current_dir(&folder);
    run(command.arg("--target-dir").arg(&workspace.target))
}

/// Checks the metadata that the registry and docs.rs show.
fn manifest(member: &Member) -> Vec<String> {
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: &str| {
        if !holds {
            problems.push(format!("{}: {problem}", member.name));
        }
    };
    expect(!member.text("description").is_empty(), "no description");
    expect(
        member.text("license") == "MIT OR Apache-2.0",
        "the license is not `MIT OR Apache-2.0`",
    );
    expect(!member.list("categories").is_empty(), "no categories");
    let keywords = member.list("keywords");
    expect(
        (1..=5).contains(&keywords.len()),
        "expected one to five keywords",
    );
    expect(
        keywords.iter().all(|word| is_keyword(word)),
        "invalid keyword: expected at most 20 characters of a-z, 0-9 and -",
    );
    if member.has_library {
        let all_features = member
            .custom("/docs/rs/all-features")
            .and_then(serde_json::Value::as_bool);
        expect(
            all_features == Some(true),
            "the documentation is not built with all features",
        );
        let library = read(&member.folder.join("src/lib.rs"));
        expect(
            library.contains("#![cfg_attr(docsrs, feature(doc_cfg))]"),
            "the documentation does not mark items that need a feature",
        );
    }
    let readme = read(&member.folder.join("README.md"));
    for feature in member
        .features
        .keys()
        .filter(|feature| *feature != "default")
    {
        expect(
            readme.contains(&format!("| `{feature}` |")),
            &format!("the README does not list the feature `{feature}`"),
        );
    }
    problems
}

fn is_keyword(word: &str) -> bool {
    (1..=20).contains(&word.len())
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Checks the files of a package, and that its licences equal those of the project.
fn files(workspace: &Workspace, member: &Member) -> Result<Vec<String>> {
    let listed = output(cargo().args([
        "package",
        "--list",
        "--allow-dirty",
        "--locked",
        "--package",
        &member.name,
    ]))?;
    let missing = FILES
        .iter()
        .filter(|file| !listed.lines().any(|line| line == **file));
    let mut problems: Vec<String> = missing
        .map(|file| format!("{}: the package lacks {file}", member.name))
        .collect();
    for licence in FILES.iter().filter(|file| file.starts_with("LICENSE")) {
        if read(&member.folder.join(licence)) != read(&workspace.root.join(licence)) {
            problems.push(format!(
                "{}: {licence} differs from the project's",
                member.name
            ));
        }
    }
    Ok(problems)
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyword_rules_are_those_of_the_registry() {
        assert!(["kyc", "identity-tm", "cm-com"].into_iter().all(is_keyword));
        assert!(
            !["", "Kyc", "two words", "a-keyword-of-21-chars"]
                .into_iter()
                .any(is_keyword)
        );
    }
}
