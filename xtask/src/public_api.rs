//! Lists the types of other projects in the signatures of the published libraries, and compares the
//! list with the book's.
//!
//! A new major version of a crate on this list is a breaking change of the crate with the
//! signature. The list comes from rustdoc's JSON. Its format is unstable and changes with the
//! compiler, so this module reads as little of it as possible.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::workspace::{Workspace, array, cargo, output, string};

/// The page with the list.
const PAGE: &str = "docs/src/versions.md";
const BEGIN: &str = "<!-- public types: cargo xtask public-api --write -->\n";
const END: &str = "<!-- /public types -->";

/// The variable that tells this program that cargo runs it in place of rustdoc.
const AS_RUSTDOC: &str = "IDV_XTASK_AS_RUSTDOC";

/// Types of other projects, by the name of their crate.
type Types = BTreeMap<String, BTreeSet<String>>;

/// Fails if the list in the book differs from the libraries; writes it if `write`.
pub(crate) fn check(write: bool) -> Result<()> {
    let workspace = Workspace::read()?;
    document(&workspace)?;
    let mut table = String::from("\n| crate | types of other projects |\n|---|---|\n");
    let mut count = 0;
    for member in workspace.published().filter(|member| member.has_library) {
        let file = workspace
            .target
            .join("doc")
            .join(format!("{}.json", member.name.replace('-', "_")));
        let text = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let json: Value = serde_json::from_slice(&text)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        let types = foreign_types(&json)?;
        let cells: Vec<String> = types
            .iter()
            .map(|(name, types)| cell(name, types))
            .collect();
        count += types.values().map(BTreeSet::len).sum::<usize>();
        table.push_str(&format!(
            "| `{}` | {} |\n",
            member.name,
            if cells.is_empty() {
                "–".to_owned()
            } else {
                cells.join("; ")
            }
        ));
    }
    if count == 0 {
        return Err(
            "rustdoc's output names no type of another project: its format has changed".to_owned(),
        );
    }
    table.push('\n');
    println!("{count} foreign types in public signatures");
    keep(&workspace.root.join(PAGE), &table, write)
}

fn cell(name: &str, types: &BTreeSet<String>) -> String {
    let types: Vec<String> = types.iter().map(|name| format!("`{name}`")).collect();
    format!("{name}: {}", types.join(", "))
}

/// Writes rustdoc's JSON of the published libraries.
fn document(workspace: &Workspace) -> Result<()> {
    let this = std::env::current_exe()
        .map_err(|error| format!("failed to find the path of this program: {error}"))?;
    let names = workspace
        .published()
        .filter(|member| member.has_library)
        .flat_map(|member| ["--package", &member.name]);
    let mut command = cargo();
    command
        .args(["doc", "--lib", "--all-features", "--no-deps", "--locked"])
        .args(names);
    // Only rustdoc gets unstable options. With them, cargo and the compiler would rebuild
    // everything.
    command.env("RUSTDOC", this).env(
        AS_RUSTDOC,
        std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()),
    );
    command.env(
        "RUSTDOCFLAGS",
        "-Zunstable-options --output-format json --cap-lints allow",
    );
    output(&mut command).map(drop)
}

/// Runs rustdoc with unstable options, if this program was started in its place.
pub(crate) fn as_rustdoc() -> Option<std::process::ExitCode> {
    let rustdoc = std::env::var_os(AS_RUSTDOC)?;
    let status = Command::new(rustdoc)
        .args(std::env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    Some(if status.is_ok_and(|status| status.success()) {
        0.into()
    } else {
        1.into()
    })
}

/// Collects the types, traits and macros of other projects in the public items of a library.
fn foreign_types(json: &Value) -> Result<Types> {
    let index = json
        .get("index")
        .and_then(Value::as_object)
        .ok_or("rustdoc's output has no index")?;
    let mut types = Types::new();
    let local = || {
        index
            .values()
            .filter(|item| item.get("crate_id").and_then(Value::as_u64) == Some(0))
    };
    let inners =
        || local().filter_map(|item| Some((item, item.get("inner")?.as_object()?.iter().next()?)));
    // A method of a trait has the trait's signature in every implementation.
    let implemented: BTreeSet<String> = inners()
        .filter(|(_, (kind, inner))| {
            *kind == "impl" && inner.get("trait").is_some_and(|of| !of.is_null())
        })
        .flat_map(|(_, (_, inner))| array(inner, "items").map(ToString::to_string))
        .collect();
    for (item, (kind, inner)) in inners() {
        let of_a_trait = kind == "function"
            && item
                .get("id")
                .is_some_and(|id| implemented.contains(&id.to_string()));
        let made_by_rustdoc = inner.get("is_synthetic") == Some(&Value::Bool(true))
            || inner
                .get("blanket_impl")
                .is_some_and(|blanket| !blanket.is_null());
        if !of_a_trait && !made_by_rustdoc {
            walk(inner, kind == "use", &mut |id| {
                if let Some((name, path)) = foreign(json, id) {
                    types.entry(name).or_default().insert(path);
                }
            });
        }
    }
    Ok(types)
}

/// Calls `found` with the id of each path below a value.
///
/// A re-exported item has its path in another member.
fn walk(value: &Value, is_use: bool, found: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            let path = if is_use { "source" } else { "path" };
            if let (Some(id), Some(Value::String(_))) = (members.get("id"), members.get(path)) {
                found(id);
            }
            members
                .values()
                .for_each(|member| walk(member, is_use, found));
        }
        Value::Array(elements) => elements
            .iter()
            .for_each(|element| walk(element, is_use, found)),
        _ => {}
    }
}

/// Returns the crate and the name of an item of another project.
fn foreign(json: &Value, id: &Value) -> Option<(String, String)> {
    let summary = json.get("paths")?.get(id.to_string().trim_matches('"'))?;
    let number = summary.get("crate_id")?;
    let name = string(
        json.get("external_crates")?.get(number.to_string())?,
        "name",
    );
    let ours = number.as_u64() == Some(0) || name == "idv" || name.starts_with("idv_");
    if ours || ["core", "alloc", "std", "proc_macro"].contains(&name) {
        return None;
    }
    let item = array(summary, "path").last()?.as_str()?;
    // serde re-exports these items, and applications know them by that name.
    let name = if name == "serde_core" { "serde" } else { name };
    Some((name.to_owned(), item.to_owned()))
}

fn keep(page: &Path, table: &str, write: bool) -> Result<()> {
    let text =
        std::fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
    let parts = text
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let (before, (kept, after)) =
        parts.ok_or_else(|| format!("{} has no place for the list", page.display()))?;
    if kept == table {
        return Ok(());
    }
    if write {
        let text = format!("{before}{BEGIN}{table}{END}{after}");
        return std::fs::write(page, text).map_err(|error| format!("{}: {error}", page.display()));
    }
    let new: Vec<&str> = table
        .lines()
        .filter(|line| !kept.lines().any(|other| other == *line))
        .collect();
    Err(format!(
        "the foreign types in public signatures differ from {PAGE}; new:\n{}\n\
         Each is a promise to every user. To accept them: cargo xtask public-api --write",
        new.join("\n")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_types_are_found_in_signatures_only() {
        let json = serde_json::json!({
            "index": {
                "1": {"id": 1, "crate_id": 0, "inner": {"function": {"sig": {"inputs": [["url", {"resolved_path": {"path": "Url", "id": 10}}]]}}}},
                "2": {"id": 2, "crate_id": 0, "inner": {"impl": {"trait": {"path": "Serialize", "id": 11}, "items": [3]}}},
                "3": {"id": 3, "crate_id": 0, "inner": {"function": {"sig": {"output": {"path": "Serializer", "id": 12}}}}},
                "4": {"id": 4, "crate_id": 0, "inner": {"impl": {"blanket_impl": {}, "trait": {"path": "Any", "id": 13}, "items": []}}},
                "5": {"id": 5, "crate_id": 0, "inner": {"use": {"source": "bytes::Bytes", "id": 14}}},
            },
            "paths": {
                "10": {"crate_id": 2, "path": ["url", "Url"]},
                "11": {"crate_id": 3, "path": ["serde_core", "ser", "Serialize"]},
                "12": {"crate_id": 3, "path": ["serde_core", "ser", "Serializer"]},
                "13": {"crate_id": 4, "path": ["other", "Any"]},
                "14": {"crate_id": 5, "path": ["bytes", "Bytes"]},
            },
            "external_crates": {
                "2": {"name": "url"}, "3": {"name": "serde_core"}, "4": {"name": "other"}, "5": {"name": "bytes"},
            },
        });
        let cells: Vec<String> = foreign_types(&json)
            .unwrap()
            .iter()
            .map(|(name, types)| cell(name, types))
            .collect();
        assert_eq!(
            cells,
            ["bytes: `Bytes`", "serde: `Serialize`", "url: `Url`"]
        );
    }
}
