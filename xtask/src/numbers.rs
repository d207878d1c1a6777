//! Counts what the README says of the project in numbers, and compares them with it.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Result;
use crate::style::source;
use crate::workspace::{Workspace, cargo, output};

const PAGE: &str = "README.md";
const BEGIN: &str = "<!-- numbers: cargo xtask numbers --write -->\n";
const END: &str = "<!-- /numbers -->";

/// The vendor whose feature stands for one vendor.
const VENDOR: &str = "idnow";

/// Fails if the README's numbers are not the project's; writes them if `write`.
pub(crate) fn check(write: bool) -> Result<()> {
    let workspace = Workspace::read()?;
    let table = table(&workspace)?;
    print!("{table}");
    let file = workspace.root.join(PAGE);
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(&file).map_err(failed)?;
    let (before, kept, after) = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| {
            let (kept, after) = rest.split_once(END)?;
            Some((before, kept, after))
        })
        .ok_or_else(|| format!("{PAGE} has no place for the numbers"))?;
    if kept == table {
        return Ok(());
    }
    if write {
        return std::fs::write(&file, format!("{before}{BEGIN}{table}{END}{after}"))
            .map_err(failed);
    }
    Err(format!(
        "the numbers in {PAGE} are stale: run `cargo xtask numbers --write`"
    ))
}

fn table(workspace: &Workspace) -> Result<String> {
    let published: Vec<_> = workspace.published().collect();
    let versions: BTreeSet<_> = published
        .iter()
        .filter_map(|member| member.rust_version)
        .collect();
    let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
    let (mut tests, mut unsafe_words) = (0, 0);
    for member in &workspace.members {
        count(&member.folder, &mut tests, &mut unsafe_words)?;
    }
    // Rounded, so that a new test does not change the README.
    let tests = tests / 100 * 100;
    let rows = [
        ("published crates", published.len().to_string()),
        (
            "minimum Rust version",
            format!(
                "{} (see [versions](docs/src/versions.md))",
                versions.join(" or ")
            ),
        ),
        ("uses of `unsafe`", unsafe_words.to_string()),
        ("test functions", format!("more than {tests}")),
        (
            "crates in a build with one vendor and its transport",
            one_vendor()?.to_string(),
        ),
    ];
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("| {name} | {value} |\n"))
        .collect();
    Ok(format!("\n| | |\n|---|---|\n{rows}\n"))
}

/// Counts the crates that an application with one vendor builds on Linux.
fn one_vendor() -> Result<usize> {
    let tree = output(cargo().args([
        "tree",
        "--locked",
        "--package",
        "idv",
        "--features",
        VENDOR,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--target",
        "x86_64-unknown-linux-gnu",
    ]))?;
    let crates: BTreeSet<String> = tree
        .lines()
        .map(|line| {
            line.split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    Ok(crates.len())
}

/// Adds the test functions and the uses of `unsafe` below a folder.
fn count(folder: &Path, tests: &mut usize, unsafe_words: &mut usize) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            count(&path, tests, unsafe_words)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).map_err(failed)?;
            *tests += source::read(&text, true).tests.len();
            *unsafe_words += source::count_word(&text, "unsafe");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_is_counted_in_code_only() {
        let source = "// unsafe\n#![forbid(unsafe_code)]\nfn a() { unsafe { b(\"unsafe\") } }";
        assert_eq!(source::count_word(source, "unsafe"), 1);
    }
}
