//! Checks the links between the Markdown pages of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::Result;
use crate::workspace::Workspace;

/// The book's table of contents.
const SUMMARY: &str = "docs/src/SUMMARY.md";

/// Fails if a link leads to a file or a heading that does not exist, or if a page of the book is
/// not in its table of contents.
pub(crate) fn check() -> Result<()> {
    let root = Workspace::read()?.root;
    let mut pages = BTreeMap::new();
    read(&root, &root, &mut pages)?;
    let mut problems = Vec::new();
    let mut count = 0;
    for (page, text) in &pages {
        for (line, target) in links(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            count += 1;
            if let Err(problem) = follow(&root, &pages, page, target) {
                problems.push(format!("{}:{line}: `{target}`: {problem}", page.display()));
            }
        }
    }
    problems.extend(unlisted(&pages));
    println!("{count} links between {} pages", pages.len());
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("broken links:\n{}", problems.join("\n")))
    }
}

/// Reads the pages below a folder, by their paths in the repository.
fn read(root: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !name.starts_with('.') && !name.starts_with("target") {
            read(root, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = std::fs::read_to_string(&path).map_err(failed)?;
            pages.insert(path.strip_prefix(root).unwrap_or(&path).to_owned(), text);
        }
    }
    Ok(())
}

/// Follows a link from a page.
fn follow(
    root: &Path,
    pages: &BTreeMap<PathBuf, String>,
    page: &Path,
    target: &str,
) -> std::result::Result<(), &'static str> {
    let (file, anchor) = target
        .split_once('#')
        .map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() {
        page.to_owned()
    } else {
        normalize(&page.parent().unwrap_or(Path::new("")).join(file))
    };
    if !root.join(&path).exists() {
        return Err("no such file");
    }
    match (anchor, pages.get(&path)) {
        (Some(anchor), Some(text)) if !anchors(text).contains(anchor) => Err("no such heading"),
        _ => Ok(()),
    }
}

/// Resolves `.` and `..` without the file system.
fn normalize(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

/// Finds the links of a page with their lines, outside of code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        // Every second part is code. A link whose text is code has its target in the part behind
        // it.
        for part in line.split('`').step_by(2) {
            let targets = part.split("](").skip(1);
            links.extend(targets.filter_map(|rest| Some((number, rest.split_once(')')?.0))));
        }
    }
    links
}

/// Returns the lines of a page that are not in a block of code, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut in_code = false;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            lines.push((number, line));
        }
    }
    lines
}

/// Returns the anchors of a page's headings, as mdBook and GitHub make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).into_iter().filter_map(|(_, line)| {
        let text = line.trim_start_matches('#');
        (text.len() < line.len())
            .then(|| text.strip_prefix(' '))
            .flatten()
    });
    headings
        .map(|heading| {
            let kept = heading
                .trim()
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

/// Lists the pages of the book that its table of contents does not name.
fn unlisted(pages: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let summary = Path::new(SUMMARY);
    let folder = summary.parent().unwrap_or(Path::new(""));
    let listed: BTreeSet<PathBuf> = pages
        .get(summary)
        .map(|text| {
            links(text)
                .into_iter()
                .map(|(_, target)| normalize(&folder.join(target)))
                .collect()
        })
        .unwrap_or_default();
    pages
        .keys()
        .filter(|page| page.starts_with(folder) && *page != summary && !listed.contains(*page))
        .map(|page| format!("{}: not in the table of contents", page.display()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(pages: &[(&str, &str)]) -> BTreeMap<PathBuf, String> {
        pages
            .iter()
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn links_in_code_are_not_followed() {
        let text = "[a](b.md) and `[c](d.md)`, [`e`](f.md#g)\n```\n[h](i.md)\n```\n[j](k.md)";
        assert_eq!(links(text), [(1, "b.md"), (1, "f.md#g"), (5, "k.md")]);
    }

    #[test]
    fn headings_become_anchors() {
        let found =
            anchors("# The `idv` program\n## Who, when & why?\n```\n# not_this\n```\n#[attribute]");
        assert_eq!(
            found,
            ["the-idv-program", "who-when--why"]
                .map(str::to_owned)
                .into()
        );
    }

    #[test]
    fn missing_files_and_headings_are_refused() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let pages = pages(&[("src/a.md", "# Here"), ("src/main.rs", "# There")]);
        let follow = |target| follow(root, &pages, Path::new("src/a.md"), target);
        assert_eq!(follow("main.rs"), Ok(()));
        assert_eq!(follow("./../src/main.rs#there"), Ok(()));
        assert_eq!(follow("main.rs#here"), Err("no such heading"));
        assert_eq!(follow("missing.md"), Err("no such file"));
    }

    #[test]
    fn pages_outside_of_the_contents_are_named() {
        let found = unlisted(&pages(&[
            (SUMMARY, "- [A](a.md)"),
            ("docs/src/a.md", ""),
            ("docs/src/b.md", ""),
            ("README.md", ""),
        ]));
        assert_eq!(found, ["docs/src/b.md: not in the table of contents"]);
    }
}
