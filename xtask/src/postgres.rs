//! Finds PostgreSQL's programs, or installs them.
//!
//! The tests use them to start servers of their own in temporary folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::install::{Packages, find_program, install};

/// The programs that the tests run.
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "pg_isready", "psql"];

const PACKAGES: Packages = Packages {
    apt: &["postgresql"],
    dnf: &["postgresql-server", "postgresql"],
    // As root, the tests start the server as another user with `setpriv`. Busybox has only a part
    // of that program.
    apk: &["postgresql", "postgresql-client", "setpriv"],
    brew: &["postgresql@17"],
};

/// The folders of distributions for the programs of a version; `*` matches any text.
const FOLDERS: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
];

/// Returns the search path for the tests, if it has to differ from this program's.
pub(crate) fn provide() -> Result<Option<OsString>> {
    let found = match find() {
        Some(found) => found,
        None => {
            install("PostgreSQL", &PACKAGES)?;
            find().ok_or_else(|| {
                format!(
                    "PostgreSQL was installed, but not all of its programs were found: {}",
                    PROGRAMS.join(", ")
                )
            })?
        }
    };
    let Found::Folder(folder) = found else {
        println!("xtask: PostgreSQL is in the search path");
        return Ok(None);
    };
    println!("xtask: PostgreSQL is in {}", folder.display());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders)
        .map(Some)
        .map_err(|error| format!("the search path could not be extended: {error}"))
}

/// The location of PostgreSQL's programs.
enum Found {
    SearchPath,
    Folder(PathBuf),
}

fn find() -> Option<Found> {
    if PROGRAMS
        .iter()
        .all(|program| find_program(program).is_some())
    {
        return Some(Found::SearchPath);
    }
    let mut folders: Vec<PathBuf> = FOLDERS
        .iter()
        .flat_map(|pattern| matching(Path::new("/"), pattern))
        .collect();
    folders.retain(|folder| {
        PROGRAMS
            .iter()
            .all(|program| folder.join(program).is_file())
    });
    folders
        .into_iter()
        .max_by_key(|folder| version(folder))
        .map(Found::Folder)
}

/// Lists the folders below `root` that match a pattern.
fn matching(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![root.to_path_buf()];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        found = match part.split_once('*') {
            None => found.into_iter().map(|folder| folder.join(part)).collect(),
            Some((begin, end)) => found
                .iter()
                .flat_map(|folder| entries(folder, begin, end))
                .collect(),
        };
    }
    found.retain(|folder| folder.is_dir());
    found
}

fn entries(folder: &Path, begin: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    entries
        .filter(|path| {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end)
        })
        .collect()
}

/// Returns the version in a folder's name; 0 if there is none.
fn version(folder: &Path) -> u32 {
    let numbers = folder.components().filter_map(|part| {
        let digits: String = part
            .as_os_str()
            .to_str()?
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    });
    numbers.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_version_of_a_distribution_is_found() {
        let root = std::env::temp_dir().join(format!("idv-xtask-{}", std::process::id()));
        for version in ["9", "16", "15"] {
            std::fs::create_dir_all(root.join("usr/lib/postgresql").join(version).join("bin"))
                .unwrap();
        }
        let mut found = matching(&root, FOLDERS[0]);
        found.sort_by_key(|folder| version(folder.strip_prefix(&root).unwrap()));
        let versions: Vec<_> = found
            .iter()
            .map(|folder| folder.strip_prefix(&root).unwrap().display().to_string())
            .collect();
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            versions,
            [
                "usr/lib/postgresql/9/bin",
                "usr/lib/postgresql/15/bin",
                "usr/lib/postgresql/16/bin"
            ]
        );
    }

    #[test]
    fn version_is_read_off_the_name() {
        for (folder, expected) in [
            ("/usr/pgsql-16/bin", 16),
            ("/opt/homebrew/opt/postgresql@17/bin", 17),
            ("/usr/bin", 0),
        ] {
            assert_eq!(version(Path::new(folder)), expected, "{folder}");
        }
    }
}
