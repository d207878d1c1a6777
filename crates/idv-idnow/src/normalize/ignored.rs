//! Members of payloads that reach neither the report nor another part of the observation.

/// The paths that are ignored, each with its reason; `*` is one part of a path, and `**` at its end any number of them.
///
/// There are none: a member that no field of the model has is kept in [`Report::custom`](idv_core::Report::custom) by its path. XML has
/// parts that JSON has not, and that tell nothing about a person: comments, processing instructions, and declarations of namespaces.
pub static IGNORED: &[(&str, &str)] = &[];
