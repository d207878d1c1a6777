//! Every public async function documents the effect of dropping its future.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

/// The library crates, and the part of their sources that is no API of an application or an
/// adapter.
const CRATES: &[&str] = &["idv-axum", "idv-core", "idv-flow", "idv-transport-reqwest"];
const LEFT_OUT: &str = "store/contract";

#[test]
fn every_async_function_documents_its_cancellation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let (mut count, mut silent) = (0, Vec::new());
    for file in CRATES
        .iter()
        .flat_map(|name| sources(&root.join(name).join("src")))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        for (name, documentation) in async_functions(&text) {
            count += 1;
            if !documents_cancellation(&documentation) {
                silent.push(format!(
                    "{}: {name}",
                    file.strip_prefix(&root).unwrap().display()
                ));
            }
        }
    }
    assert_eq!(
        silent,
        Vec::<String>::new(),
        "say under `# Cancellation` what happens if the future is dropped"
    );
    assert!(count > 70, "{count}");
}

#[test]
fn undocumented_cancellation_is_found() {
    let text = "/// Reads.\npub async fn silent() {}\n\n/// Reads; can be dropped.\n#[must_use]\npub async fn told() {}\n\n\
                /// # Cancellation\n///\n/// Safe.\npub trait Covered {\n    /// Reads.\n    async fn covered(&self);\n}\n\n\
                /// Reads.\npub trait Silent {\n    /// Reads.\n    async fn silent(&self);\n}\n\nasync fn private() {}\n";
    let found = async_functions(text);
    let silent: Vec<_> = found
        .iter()
        .filter(|(_, documentation)| !documents_cancellation(documentation))
        .collect();
    assert_eq!((found.len(), silent.len()), (4, 2), "{found:?}");
}

fn documents_cancellation(documentation: &str) -> bool {
    ["# Cancellation", "dropped"]
        .iter()
        .any(|word| documentation.contains(word))
}

/// Returns the signatures of the public async functions of a file, each with its documentation and
/// that of its trait.
fn async_functions(text: &str) -> Vec<(String, String)> {
    let mut functions = Vec::new();
    let (mut documentation, mut of_trait) = (String::new(), None);
    for line in text.lines() {
        let code = line.trim_start();
        if code.starts_with("///") {
            documentation += code;
            documentation.push('\n');
            continue;
        }
        if code.starts_with("#[") {
            continue;
        }
        if line.starts_with("pub trait ") {
            of_trait = Some(std::mem::take(&mut documentation));
        } else if line == "}" {
            of_trait = None;
        }
        if code.starts_with("pub async fn ")
            || (code.starts_with("async fn ") && of_trait.is_some())
        {
            let covered = of_trait.as_deref().unwrap_or_default();
            functions.push((code.to_owned(), format!("{documentation}{covered}")));
        }
        documentation.clear();
    }
    functions
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.retain(|path| !path.to_string_lossy().replace('\\', "/").contains(LEFT_OUT));
    files.sort();
    files
}
