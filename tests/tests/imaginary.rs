//! Adds a fictitious vendor to the family by the steps of the book: its crate, its part of the
//! sandbox, and the places that the book lists. Then builds the result and holds the adapter to the
//! contract.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The edits: a file, the text to replace, and its replacement.
const EDITS: [(&str, &str, &str); 7] = [
    (
        "Cargo.toml",
        "idv-axum = {",
        "idv-example = { path = \"crates/idv-example\", version = \"0.1.0\" }\nidv-axum = {",
    ),
    (
        "crates/idv/Cargo.toml",
        "identify24 = [\"dep:",
        "example = [\"dep:idv-example\"]\nidentify24 = [\"dep:",
    ),
    (
        "crates/idv/Cargo.toml",
        "all-vendors = [",
        "all-vendors = [\"example\", ",
    ),
    (
        "crates/idv/Cargo.toml",
        "idv-identify24 = {",
        "idv-example = { workspace = true, optional = true }\nidv-identify24 = {",
    ),
    (
        "crates/idv/src/lib.rs",
        "    \"identify24\" idv",
        "    \"example\" idv_example example;\n    \"identify24\" idv",
    ),
    (
        "crates/idv-sandbox/src/lib.rs",
        "\nmod exchange;",
        "\nmod example;\nmod exchange;",
    ),
    (
        "crates/idv-sandbox/src/lib.rs",
        "$macro! { idnow,",
        "$macro! { example, idnow,",
    ),
];

const ADAPTER_MANIFEST: &str = r#"[package]
name = "idv-example"
version.workspace = true
edition.workspace = true

[dependencies]
http.workspace = true
idv-core.workspace = true
serde.workspace = true
serde_json.workspace = true
"#;

/// The suite over the sandbox, as in this workspace, with only the dependencies that it needs.
const SUITE_MANIFEST: &str = r#"[package]
name = "imaginary-tests"
version.workspace = true
edition.workspace = true

[dev-dependencies]
async-trait.workspace = true
http.workspace = true
idv = { workspace = true, features = ["all-vendors"] }
idv-sandbox.workspace = true
idv-testkit.workspace = true
jiff.workspace = true
serde_json.workspace = true
tokio = { workspace = true, features = ["io-util", "macros", "net", "rt-multi-thread", "sync", "time"] }
"#;

#[test]
fn fictitious_vendor_is_added_as_the_book_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let family = Path::new(env!("CARGO_TARGET_TMPDIR")).join("imaginary");
    // Edited crates are copied to a folder of another name, so that they share no build with the
    // originals. The others are used in place.
    for name in ["idv", "idv-sandbox"] {
        copy(
            &root.join("crates").join(name),
            &family.join("added").join(name),
        );
    }
    copy(
        &root.join("tests/tests/conformance"),
        &family.join("suite/tests/conformance"),
    );
    copy(
        &root.join("tests/tests/support"),
        &family.join("suite/tests/support"),
    );
    write(&family.join("suite/Cargo.toml"), SUITE_MANIFEST);
    write(&family.join("suite/src/lib.rs"), "");
    write(
        &family.join("added/idv-example/Cargo.toml"),
        ADAPTER_MANIFEST,
    );
    write(
        &family.join("added/idv-example/src/lib.rs"),
        include_str!("../imaginary/adapter.rs"),
    );
    write(
        &family.join("added/idv-sandbox/src/example/mod.rs"),
        include_str!("../imaginary/sandbox.rs"),
    );

    let places: BTreeSet<&str> = EDITS.iter().map(|(place, ..)| *place).collect();
    let listed = std::fs::read_to_string(root.join("docs/src/adding-a-vendor.md")).unwrap();
    for place in places {
        let mut text = std::fs::read_to_string(root.join(place)).unwrap();
        assert!(
            listed.contains(&format!("| `{place}` |")),
            "the book does not list {place}"
        );
        for (_, old, new) in EDITS.iter().filter(|(edited, ..)| *edited == place) {
            assert_eq!(text.matches(old).count(), 1, "{place}: {old}");
            text = text.replace(old, new);
        }
        if place == "Cargo.toml" {
            text = workspace(&text, root);
        }
        write(&family.join(place.replace("crates/", "added/")), &text);
    }
    std::fs::copy(root.join("Cargo.lock"), family.join("Cargo.lock")).unwrap();

    let ran = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
        .args([
            "test",
            "--offline",
            "--quiet",
            "--package",
            "imaginary-tests",
            "--test",
            "conformance",
            "--target-dir",
        ])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap())
        .args(["--", "example::"])
        .current_dir(&family)
        .output()
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(ran.status.success(), "{printed}");
    let passed = printed
        .split("test result: ok. ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    assert!(passed.is_some_and(|passed| passed > 30), "{printed}");
}

/// Returns the manifest of the workspace. The other crates stay in this workspace.
fn workspace(manifest: &str, root: &Path) -> String {
    let members = manifest
        .lines()
        .find(|line| line.starts_with("members = "))
        .unwrap();
    let manifest = manifest.replace(members, "members = [\"added/*\", \"suite\"]");
    let line = |line: &str| {
        let is_ours = ["idv = ", "idv-sandbox = ", "idv-example = "]
            .iter()
            .any(|name| line.starts_with(name));
        let folder = if is_ours {
            "added".to_owned()
        } else {
            format!("{}/crates", root.display())
        };
        line.replace("path = \"crates/", &format!("path = \"{folder}/"))
    };
    manifest.lines().map(|text| line(text) + "\n").collect()
}

/// Copies a folder, without touching files that are equal.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target): (PathBuf, PathBuf) = entry
            .map(|entry| (entry.path(), to.join(entry.file_name())))
            .unwrap();
        if path.is_dir() {
            copy(&path, &target);
        } else if EDITS
            .iter()
            .any(|(place, ..)| place.contains('/') && path.ends_with(place))
        {
            // The edited file is written once.
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            write(&target, &text);
        }
    }
}

/// Writes a file unless it has this text already, so that cargo rebuilds nothing without a reason.
fn write(path: &Path, text: &str) {
    if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
