//! Members of payloads that no report has.

/// Paths of members that reach neither a field of an observation nor `custom`, and why. `*` is one part of a path.
pub static IGNORED: &[(&str, &str)] = &[
    (
        "IdentData.*.Images.*.Image",
        "the file itself: the report lists it as evidence, and it is downloaded by that id",
    ),
    (
        "IdentData.Images.*.Image",
        "the file itself: the report lists it as evidence, and it is downloaded by that id",
    ),
];
