//! The members that no observation carries.

/// The members of responses and webhooks that no observation carries, each with the reason. All
/// other members end in the observation.
pub const IGNORED: &[(&str, &str)] = &[
    (
        "result",
        "repeats that the request succeeded; a response that denies it is an error",
    ),
    (
        "response_status",
        "repeats the HTTP status; a response with an error status is an error",
    ),
];
