//! Members of payloads that reach neither the report nor another part of the observation.

/// The ignored paths, each with the reason; `*` is one part of a path, and `**` at the end any
/// number of parts.
///
/// There are none: [`Report::custom`](idv_core::Report::custom) keeps every member without a field
/// in the model, by its path. XML also has parts without a counterpart in JSON and without
/// information about a person: comments, processing instructions, and namespace declarations.
pub static IGNORED: &[(&str, &str)] = &[];
