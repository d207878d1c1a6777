//! Checks that the test of every promise in `SECURITY.md` exists.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

#[test]
fn every_promise_names_existing_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let mut names = 0;
    for link in text.split("[`").skip(1) {
        let (name, rest) = link.split_once("`](").unwrap();
        let (path, _) = rest.split_once(')').unwrap();
        let source = std::fs::read_to_string(root.join(path))
            .unwrap_or_else(|_| panic!("{path} does not exist"));
        assert!(
            source.contains(&format!("fn {name}(")),
            "{path} has no test {name}"
        );
        names += 1;
    }
    assert!(names > 30, "{names}");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| asset"))
        .count();
    let shown = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("[`"))
        .count();
    assert_eq!(rows, shown, "a promise names no test");
}
