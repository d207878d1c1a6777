//! Turns the README and each page of the book into a documented item, so that rustdoc compiles
//! their examples.

use std::fmt::Write as _;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("..");
    let (book, readme) = (root.join("docs/src"), root.join("README.md"));
    let mut pages = vec![readme, root.join("crates/idv/README.md")];
    for folder in [book.clone(), book.join("vendors")] {
        println!("cargo::rerun-if-changed={}", folder.display());
        for entry in std::fs::read_dir(folder)? {
            pages.push(entry?.path());
        }
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    let mut code = String::new();
    for page in &pages {
        println!("cargo::rerun-if-changed={}", page.display());
        let name = page.strip_prefix(&root).unwrap_or(page).with_extension("");
        let name = name
            .display()
            .to_string()
            .replace(['/', '-'], "_")
            .to_lowercase();
        writeln!(
            code,
            "#[cfg(doctest)] #[doc = include_str!({page:?})] pub mod {name} {{}}"
        )?;
    }
    std::fs::write(
        PathBuf::from(std::env::var("OUT_DIR")?).join("pages.rs"),
        code,
    )?;
    Ok(())
}
