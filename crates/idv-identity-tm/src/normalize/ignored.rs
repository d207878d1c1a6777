//! The members of payloads that no report has.

/// The paths of members that reach neither a field of an observation nor `custom`, each with the
/// reason. `*` is one part of a path.
pub static IGNORED: &[(&str, &str)] = &[
    (
        "IdentData.*.Images.*.Image",
        "the file itself: the report lists it as evidence, and the evidence id downloads it",
    ),
    (
        "IdentData.Images.*.Image",
        "the file itself: the report lists it as evidence, and the evidence id downloads it",
    ),
];
