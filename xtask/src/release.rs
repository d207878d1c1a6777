//! Checks for a release.

use crate::Result;
use crate::workspace::{Workspace, cargo, run};

/// Lists the open points of a release, and compares the API with that of the last release, if any.
pub(crate) fn check() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut problems = Vec::new();
    for key in ["repository", "homepage"] {
        let missing = workspace
            .published()
            .filter(|member| !member.text(key).starts_with("https://"))
            .count();
        if missing > 0 {
            problems.push(format!(
                "`{key}` is missing in [workspace.package] ({missing} crates inherit it)"
            ));
        }
    }
    if workspace
        .published()
        .map(|member| member.text("version"))
        .collect::<std::collections::BTreeSet<_>>()
        .len()
        > 1
    {
        problems.push("the crates have more than one version".to_owned());
    }
    if let Err(error) = compatibility() {
        problems.push(error);
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("not ready for a release:\n{}", problems.join("\n")))
    }
}

/// Runs cargo-semver-checks against the newest tagged release.
fn compatibility() -> Result<()> {
    let tags = crate::workspace::output(std::process::Command::new("git").args([
        "tag",
        "--list",
        "v*",
        "--sort=-version:refname",
    ]))?;
    let Some(baseline) = tags.lines().next() else {
        println!("xtask: no release has a tag `v…`, so there is no API to compare with");
        return Ok(());
    };
    run(cargo().args([
        "semver-checks",
        "check-release",
        "--workspace",
        "--all-features",
        "--baseline-rev",
        baseline,
    ]))
    .map_err(|error| {
        format!("{error}; to install the tool, run `cargo install cargo-semver-checks --locked`")
    })
}
