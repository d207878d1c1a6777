//! Names of archive entries.

/// Returns a name as a path below the archive's root, with `/` as the separator, or `None` if it
/// leads outside of the archive on some system.
///
/// Nothing is written to a disk, but applications see the names. Names with colons, with `\` as the
/// separator, with empty parts or with `.` are harmless.
pub(super) fn inside(name: &str) -> Option<String> {
    let drive = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && name.as_bytes().get(1) == Some(&b':');
    if drive || name.starts_with(['/', '\\']) || name.contains('\0') {
        return None;
    }
    let mut path = String::with_capacity(name.len());
    for part in name.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => return None,
            part => {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(part);
            }
        }
    }
    (!path.is_empty()).then_some(path)
}

/// Returns the name without its folders.
pub(super) fn base(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, base)| base)
}

/// Returns the folder of a path, with a trailing `/`.
pub(super) fn folder(path: &str) -> &str {
    path.strip_suffix(base(path)).unwrap_or_default()
}

/// Returns the path without the extension of its name.
pub(super) fn stem(path: &str) -> &str {
    let ending = base(path)
        .rsplit_once('.')
        .map_or(0, |(_, ending)| ending.len() + 1);
    path.get(..path.len() - ending).unwrap_or(path)
}

/// Returns whether the name has this extension, in any case.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    base(path)
        .rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_names_are_paths() {
        for (name, path) in [
            ("x.jpg", "x.jpg"),
            ("a/b/x.jpg", "a/b/x.jpg"),
            ("a\\b\\x.jpg", "a/b/x.jpg"),
            ("./x.jpg", "x.jpg"),
            ("a//x.jpg", "a/x.jpg"),
            ("a/./x.jpg", "a/x.jpg"),
            ("Kunde 12:30.pdf", "Kunde 12:30.pdf"),
            ("12:30.pdf", "12:30.pdf"),
            ("1:30.pdf", "1:30.pdf"),
            ("..x/..y...pdf", "..x/..y...pdf"),
            ("__MACOSX/._x.xml", "__MACOSX/._x.xml"),
            ("folder/", "folder"),
        ] {
            assert_eq!(inside(name).as_deref(), Some(path), "{name:?}");
        }
    }

    #[test]
    fn names_that_lead_outside_are_refused() {
        for name in [
            "../x",
            "a/../../x",
            "a/..",
            "..",
            "/etc/x",
            "\\x",
            "\\\\host\\x",
            "..\\x",
            "a\\..\\x",
            "C:\\x",
            "c:x",
            "a\0b",
            "",
            ".",
            "./",
        ] {
            assert_eq!(inside(name), None, "{name:?}");
        }
    }

    #[test]
    fn path_is_split_into_its_parts() {
        for (path, of) in [
            ("a/b/x.tar.gz", ("x.tar.gz", "a/b/", "a/b/x.tar")),
            ("x", ("x", "", "x")),
            ("a.b/x", ("x", "a.b/", "a.b/x")),
            ("x.", ("x.", "", "x")),
        ] {
            assert_eq!((base(path), folder(path), stem(path)), of, "{path}");
        }
        assert!(
            has_extension("a/x.XML", "xml")
                && !has_extension("a.xml/x", "xml")
                && !has_extension("xml", "xml")
        );
    }
}
