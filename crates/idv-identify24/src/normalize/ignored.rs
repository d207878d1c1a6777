//! The members that no observation carries.

/// The members of answers and webhooks that no observation carries, each with the reason. All others end in the observation.
pub const IGNORED: &[(&str, &str)] = &[
    (
        "result",
        "it says only that the request succeeded: an answer that says otherwise is an error",
    ),
    (
        "response_status",
        "it repeats the status of HTTP: an answer with that of a failure is an error",
    ),
];
