//! The fixtures of an adapter.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The `fixtures` folder of an adapter.
///
/// Its methods panic if a fixture is missing or has another format than the test expects, so that
/// the test fails.
///
/// ```no_run
/// use idv_testkit::Fixtures;
///
/// const FIXTURES: Fixtures = Fixtures::of(env!("CARGO_MANIFEST_DIR"));
/// let result = FIXTURES.json("result.json");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Fixtures(&'static str);

impl Fixtures {
    /// Returns the fixtures of the crate whose manifest is in the folder `manifest`.
    #[must_use]
    pub const fn of(manifest: &'static str) -> Self {
        Self(manifest)
    }

    fn folder(self) -> PathBuf {
        Path::new(self.0).join("fixtures")
    }

    /// Returns the bytes of a fixture.
    ///
    /// # Panics
    ///
    /// If there is no such fixture.
    #[must_use]
    pub fn read(self, name: &str) -> Vec<u8> {
        expected(name, std::fs::read(self.folder().join(name)))
    }

    /// Returns a fixture as text.
    ///
    /// # Panics
    ///
    /// If there is no such fixture, or it is not UTF-8.
    #[must_use]
    pub fn text(self, name: &str) -> String {
        expected(name, String::from_utf8(self.read(name)))
    }

    /// Returns a fixture as JSON.
    ///
    /// # Panics
    ///
    /// If there is no such fixture, or it is not JSON.
    #[must_use]
    pub fn json(self, name: &str) -> Value {
        expected(name, serde_json::from_slice(&self.read(name)))
    }

    /// Returns the sorted names of all fixtures that begin with one of `beginnings`, without
    /// folders.
    ///
    /// # Panics
    ///
    /// If the folder cannot be read.
    #[must_use]
    pub fn named(self, beginnings: &[&str]) -> Vec<String> {
        let entries = expected("fixtures", std::fs::read_dir(self.folder()));
        let files = entries
            .map(|entry| expected("fixtures", entry))
            .filter(|entry| entry.path().is_file());
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names
            .filter(|name| {
                beginnings
                    .iter()
                    .any(|beginning| name.starts_with(beginning))
            })
            .collect();
        names.sort();
        names
    }
}

#[expect(clippy::panic, reason = "a test fails by panicking")]
fn expected<T, E: std::fmt::Display>(name: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{name}: {error}"))
}
