//! Members that are left out of an observation and its report, with a reason each.
//!
//! A path has dots between its parts; `*` is any part, and `**` at the end any number of them.

/// Parts of a result.
pub const IGNORED_IN_RESULTS: &[(&str, &str)] = &[
    (
        "url",
        "opens the person's session; `CreateResponse::hand_off` has it, and it is over",
    ),
    (
        "tasks.*.files.*.url",
        "an address that may not live long; evidence has an id, by which the address of the day is looked up",
    ),
    (
        "tasks.*.documentScans.*.files.*.url",
        "an address that dies with the transaction; a result lists the images that stay",
    ),
];

/// Parts of details, and of the answer to a creation. If details have the id of a result, which no sample of them has, it becomes the
/// observation's handle, in place of the report with everything else.
pub const IGNORED_IN_STATES: &[(&str, &str)] = &[
    (
        "url",
        "opens the person's session; `CreateResponse::hand_off` has it",
    ),
    (
        "settings.**",
        "repeats the settings that the transaction was created with",
    ),
    (
        "locale",
        "repeats the language that the transaction was created with",
    ),
    (
        "mobileOnly",
        "repeats the setting that the transaction was created with",
    ),
    (
        "created",
        "is known from the creation; it is the observation's time until there is a time of completion",
    ),
    ("createdAt", "as `created`"),
    (
        "expires",
        "is known from the creation: `CreateResponse::expires_at`",
    ),
    (
        "tasks.*",
        "the answer to a creation repeats the tasks that were ordered",
    ),
    (
        "tasks.*.type",
        "repeats the task that was ordered; it stands beside everything unknown of that task",
    ),
    (
        "tasks.*.state",
        "says whether the person has begun; what comes of the task is in the result",
    ),
    (
        "tasks.*.level",
        "repeats the level that was ordered; the result has it",
    ),
    (
        "tasks.*.attempts",
        "says whether the person has begun; the result has the number",
    ),
    (
        "tasks.*.attemptsInvoiced",
        "a matter of the bill; the result has it",
    ),
    (
        "tasks.*.files.*.url",
        "an address that dies with the transaction; a result lists the images that stay",
    ),
    (
        "tasks.*.documentScans.*.files.*.url",
        "an address that dies with the transaction; a result lists the images that stay",
    ),
];

/// Parts of an event.
pub const IGNORED_IN_CALLBACKS: &[(&str, &str)] = &[
    (
        "id",
        "is the event's own id; a repetition is recognized by its bytes",
    ),
    (
        "type",
        "is the kind of event; one of an unknown kind is taken and says nothing",
    ),
    ("created", "is the observation's time"),
    (
        "transaction.resultId",
        "is the handle of the result: `ResultState::Fetchable`",
    ),
    (
        "**",
        "an event that brings the handle of a result has no room for more: it is a reason to fetch that result, which has all of it",
    ),
];
