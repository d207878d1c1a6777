//! The places that name a vendor outside of its crate and its sandbox module, for the author of a
//! new vendor.

use std::collections::BTreeSet;
use std::path::Path;

use super::{keep, line, table};

/// A vendor that no text uses as an example, so that each mention is a necessary one.
const VENDOR: &str = "verificar-identidad";
/// Other names of the same vendor.
const ALIASES: [&str; 1] = ["mensatek"];

/// The places, and the entry that each needs.
const PLACES: [(&str, &str); 6] = [
    (
        ".ci/run",
        "the vendor's name, among the words that the core must not contain",
    ),
    (
        "Cargo.toml",
        "the crate, among the workspace's dependencies",
    ),
    (
        "crates/idv/Cargo.toml",
        "a feature with the provider's id, and the optional dependency",
    ),
    ("crates/idv/src/lib.rs", "the entry in the facade's list"),
    (
        "crates/idv-sandbox/src/lib.rs",
        "the module, in the sandbox's list",
    ),
    ("docs/src/SUMMARY.md", "the vendor's page"),
];

/// Generated files, records of the past that a new vendor does not change, another workspace, and
/// tests with a client of their own for some vendors.
const NOT_COUNTED: [&str; 8] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "crates/idv-sandbox/tests/players/mod.rs",
    "docs/src/decisions.md",
    "integrations",
    "tests/browser/src/client.rs",
    "tests/browser/src/play.rs",
    "tests/tests/generated/places.rs",
];

#[test]
fn book_lists_places_that_name_a_vendor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = BTreeSet::new();
    search(root, root, &mut found);
    let listed: BTreeSet<String> = PLACES.iter().map(|(path, _)| (*path).to_owned()).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(
        unlisted.is_empty(),
        "{VENDOR} is named in more places: loop over the lists instead: {unlisted:#?}"
    );
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        gone.is_empty(),
        "{VENDOR} is not named there any more: {gone:#?}"
    );

    let mut places = table(&["place", "entry"]);
    for (path, what) in PLACES {
        line(&mut places, &[format!("`{path}`"), what.to_owned()]);
    }
    keep("docs/src/adding-a-vendor.md", "places", &places);
}

/// Finds the files below a folder that name the vendor and are not its own.
fn search(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let relative = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let is_its_own = plain(&relative).contains(&plain(VENDOR));
        let is_no_source = relative
            .split('/')
            .next_back()
            .is_some_and(|name| name == "target" || name == ".git");
        if is_its_own || is_no_source || NOT_COUNTED.contains(&relative.as_str()) {
            continue;
        }
        if path.is_dir() {
            search(root, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && names_vendor(&text)
        {
            found.insert(relative);
        }
    }
}

fn names_vendor(text: &str) -> bool {
    let text = plain(&without_generated(text));
    text.contains(&plain(VENDOR)) || ALIASES.iter().any(|alias| text.contains(alias))
}

/// Returns the letters of a text in one spelling.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !"-_. ".contains(*character))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns a text without its generated parts: those between `<!-- name -->` and `<!-- /name -->`.
fn without_generated(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, part)) = rest.split_once("<!-- ") {
        kept += before;
        let name = part
            .split([':', '>'])
            .next()
            .unwrap_or_default()
            .trim_end_matches(" --");
        rest = part
            .split_once(&format!("<!-- /{name} -->"))
            .map_or(part, |(_, after)| after);
    }
    kept + rest
}

#[test]
fn generated_part_is_ignored() {
    let text = "a <!-- generated: b --> c <!-- /generated --> d <!-- e f --> g <!-- /e f --> h <!-- i --> j";
    assert_eq!(without_generated(text), "a  d  h i --> j");
}
