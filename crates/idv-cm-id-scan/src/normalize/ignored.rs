//! The members that an observation and its report omit, each with the reason.
//!
//! A path has dots between its parts. `*` matches any part, and `**` at the end matches any number
//! of them.

/// Members of a result.
pub const IGNORED_IN_RESULTS: &[(&str, &str)] = &[
    (
        "url",
        "opens the person's session, which is over; `CreateResponse::hand_off` has it",
    ),
    (
        "tasks.*.files.*.url",
        "a URL that may expire; the evidence has an id, by which the adapter looks up the \
         current URL",
    ),
    (
        "tasks.*.documentScans.*.files.*.url",
        "a URL that expires with the transaction; a result lists the images that remain",
    ),
];

/// Members of details, and of the response to a creation. No sample of details has the id of a
/// result. If details have one, it becomes the observation's handle and replaces the report with
/// all other members.
pub const IGNORED_IN_STATES: &[(&str, &str)] = &[
    (
        "url",
        "opens the person's session; `CreateResponse::hand_off` has it",
    ),
    ("settings.**", "repeats the settings of the request"),
    ("locale", "repeats the language of the request"),
    ("mobileOnly", "repeats the setting of the request"),
    (
        "created",
        "known from the creation; the observation's time until there is a time of completion",
    ),
    ("createdAt", "as `created`"),
    (
        "expires",
        "known from the creation: `CreateResponse::expires_at`",
    ),
    (
        "tasks.*",
        "the response to a creation repeats the requested tasks",
    ),
    (
        "tasks.*.type",
        "repeats the requested task; `custom` has it if the task has unknown members",
    ),
    (
        "tasks.*.state",
        "tells whether the person has begun; the result has the task's outcome",
    ),
    (
        "tasks.*.level",
        "repeats the requested level; the result has it",
    ),
    (
        "tasks.*.attempts",
        "tells whether the person has begun; the result has the number",
    ),
    ("tasks.*.attemptsInvoiced", "for billing; the result has it"),
    (
        "tasks.*.files.*.url",
        "a URL that expires with the transaction; a result lists the images that remain",
    ),
    (
        "tasks.*.documentScans.*.files.*.url",
        "a URL that expires with the transaction; a result lists the images that remain",
    ),
];

/// Members of an event.
pub const IGNORED_IN_CALLBACKS: &[(&str, &str)] = &[
    (
        "id",
        "the event's own id; the inbox recognizes a repetition by its bytes",
    ),
    (
        "type",
        "the type of the event; an event of an unknown type is accepted and ignored",
    ),
    ("created", "the observation's time"),
    (
        "transaction.resultId",
        "the handle of the result: `ResultState::Fetchable`",
    ),
    (
        "**",
        "an event with a result id has no report; the result that it refers to has everything",
    ),
];
