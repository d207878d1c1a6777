//! The members of the control plane's requests and responses, and their schemas.

use serde_json::{Map, Value, json};

use crate::vendor::VENDORS;

/// A member of a JSON object, or a parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) description: &'static str,
}

/// The type of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Flag,
    Texts,
    Object,
    List,
    Any,
}

/// The body of a response.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    /// [`OVERVIEW`], and a member for each vendor.
    Overview,
    One(&'static [Member]),
    List(&'static [Member]),
    Texts,
    /// A value that the vendor's terms or another standard define.
    Any,
    Nothing,
}

pub(super) const fn member(name: &'static str, kind: Kind, description: &'static str) -> Member {
    Member {
        name,
        kind,
        is_required: true,
        description,
    }
}

pub(super) const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Member {
    Member {
        is_required: false,
        ..member(name, kind, description)
    }
}

pub(super) const OVERVIEW: &[Member] = &[
    member("now", Kind::Text, "The virtual time"),
    member("mode", Kind::Text, "`running` or `frozen`"),
    member("speed", Kind::Number, "Virtual seconds per real second"),
    optional(
        "offset_seconds",
        Kind::Integer,
        "Virtual time minus the clients' own time",
    ),
    optional("next_due", Kind::Text, "The time of the next planned event"),
    member("seed", Kind::Integer, "The seed of the ids"),
    member("requests", Kind::Integer, "The number of recorded requests"),
    member(
        "callbacks",
        Kind::Integer,
        "The number of recorded callbacks",
    ),
    member("routes", Kind::Texts, "The routes of the control plane"),
];

pub(super) const HEALTH: &[Member] = &[
    member("status", Kind::Text, "`ok`"),
    member("version", Kind::Text, "The version of the sandbox"),
];

pub(super) const PAGE: &[Member] = &[
    optional(
        "limit",
        Kind::Integer,
        "The number of verifications, 100 by default",
    ),
    optional(
        "offset",
        Kind::Integer,
        "The number of later verifications to leave out",
    ),
];

pub(super) const VERIFICATIONS: &[Member] = &[
    member(
        "verifications",
        Kind::List,
        "The verifications, the latest first",
    ),
    member("total", Kind::Integer, "The number of all verifications"),
    optional("next", Kind::Text, "The path of the next page"),
];

pub(super) const VERIFICATION: &[Member] = &[
    member(
        "ref",
        Kind::Text,
        "The address of the verification, `{vendor}/{id}`",
    ),
    member("vendor", Kind::Text, "The vendor"),
    member("id", Kind::Text, "The id for the control plane"),
    member("vendor_id", Kind::Text, "The vendor's own id"),
    optional("reference", Kind::Text, "The client's reference"),
    member("state", Kind::Text, "The state in the vendor's terms"),
    member("is_over", Kind::Flag, "Whether it takes no more scenarios"),
    optional(
        "hand_off",
        Kind::Text,
        "The address of the page for the person",
    ),
    optional(
        "message",
        Kind::Text,
        "The message that the vendor sent to the person",
    ),
    optional("created_at", Kind::Text, "The virtual time of its creation"),
    member(
        "timeline",
        Kind::List,
        "The events so far and the planned ones, by time",
    ),
    member(
        "view",
        Kind::Any,
        "The state in the vendor's terms, without personal data",
    ),
    optional(
        "return_address",
        Kind::Text,
        "The address to which the person's browser returns",
    ),
];

pub(super) const VENDOR: &[Member] = &[
    member("id", Kind::Text, "The id"),
    member("name", Kind::Text, "The name"),
    member("hosts", Kind::Texts, "The vendor's own host names"),
    member(
        "url",
        Kind::Text,
        "The address of the sandbox for this vendor",
    ),
    member("settings", Kind::Object, "The settings of a client"),
    member("scenarios", Kind::List, "The scenarios and their endings"),
    member("steps", Kind::List, "The single steps"),
    member("events", Kind::List, "The events that cause a callback"),
    member(
        "rules",
        Kind::List,
        "The rules by which a request is refused",
    ),
    member("routes", Kind::List, "The documented requests"),
];

pub(super) const ACT: &[Member] = &[
    optional(
        "scenario",
        Kind::Text,
        "The scenario to play as the clock moves",
    ),
    optional("step", Kind::Text, "The single step to take at once"),
    optional(
        "reason",
        Kind::Text,
        "The reason in place of the scenario's own",
    ),
];

pub(super) const STEP: &[Member] = &[
    member("what", Kind::Text, "The action"),
    member(
        "after_seconds",
        Kind::Integer,
        "Its time after now, in virtual seconds",
    ),
];

pub(super) const TRIGGER: &[Member] = &[
    member("event", Kind::Text, "The event"),
    member("url", Kind::Text, "The callback address"),
];

pub(super) const CLOCK: &[Member] = &[
    optional(
        "advance_seconds",
        Kind::Integer,
        "The virtual seconds to advance",
    ),
    optional(
        "speed",
        Kind::Number,
        "Virtual seconds per real second; 0 freezes the clock",
    ),
    optional(
        "until",
        Kind::Text,
        "`next`: the time of the next planned event",
    ),
];

pub(super) const AFTER: &[Member] = &[optional(
    "after",
    Kind::Integer,
    "The number of the last one that is known",
)];

pub(super) const REQUEST: &[Member] = &[
    member("number", Kind::Integer, "The number"),
    member("at", Kind::Text, "The virtual time"),
    member("vendor", Kind::Text, "The vendor"),
    member("method", Kind::Text, "The method"),
    member("path", Kind::Text, "The path without its query"),
    member(
        "status",
        Kind::Integer,
        "The status of the response; 0 if there was none",
    ),
    optional("fault", Kind::Text, "The fault"),
    optional("refusal", Kind::Object, "The rule that the request breaks"),
    optional("hint", Kind::Text, "The nearest documented request"),
    optional("query", Kind::Object, "The parameters of the query, masked"),
    optional(
        "request",
        Kind::Object,
        "The headers and the body of the request, masked",
    ),
    optional(
        "response",
        Kind::Object,
        "The headers and the body of the response, masked",
    ),
];

pub(super) const CALLBACK: &[Member] = &[
    member("number", Kind::Integer, "The number"),
    member(
        "at",
        Kind::Text,
        "The virtual time at which the vendor decided to send it",
    ),
    member("vendor", Kind::Text, "The vendor"),
    member("kind", Kind::Text, "The kind, in the vendor's terms"),
    member("reference", Kind::Text, "The reference of the verification"),
    member("method", Kind::Text, "The method"),
    member("url", Kind::Text, "The address without secrets"),
    member(
        "attempts",
        Kind::List,
        "The attempts with time and status; 0 if there was no reply",
    ),
    member(
        "state",
        Kind::Text,
        "`pending`, `delivered`, `outdated`, `given_up`, `lost` or `forged`",
    ),
    optional("request", Kind::Object, "The headers and the body, masked"),
];

pub(super) const DELAY: &[Member] = &[member("seconds", Kind::Integer, "The virtual seconds")];

pub(super) const STATUS: &[Member] = &[member(
    "status",
    Kind::Integer,
    "The status of the reply; 0 if there was none",
)];

pub(super) const FAULT: &[Member] = &[
    optional(
        "method",
        Kind::Text,
        "The method of the requests; every method, if absent",
    ),
    optional(
        "path",
        Kind::Text,
        "A part of the path; every path, if absent",
    ),
    optional(
        "skip",
        Kind::Integer,
        "The number of matching requests to spare first",
    ),
    optional(
        "count",
        Kind::Integer,
        "The number of requests to strike, 1 by default",
    ),
    member(
        "kind",
        Kind::Any,
        "The fault, such as `\"cut_after\"` or `{\"delay\": 500}`",
    ),
];

pub(super) const FORGE: &[Member] = &[
    optional(
        "method",
        Kind::Text,
        "The method; POST with a body and GET without one by default",
    ),
    member("url", Kind::Text, "The callback address"),
    optional("body", Kind::Any, "The body as JSON"),
];

/// Returns the schema of an object with these members alone.
pub(super) fn object(members: &[Member]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| {
            let mut schema = member.kind.schema();
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), json!(member.description));
                if !member.is_required
                    && let Some(kind) = schema.get_mut("type")
                {
                    *kind = json!([kind.take(), "null"]);
                }
            }
            (member.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = members
        .iter()
        .filter(|member| member.is_required)
        .map(|member| member.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

impl Reply {
    pub(super) fn schema(&self) -> Value {
        match self {
            Self::Overview => {
                let counts = VENDORS
                    .iter()
                    .map(|vendor| member(vendor.id, Kind::Object, "The number of verifications"));
                let members: Vec<Member> = OVERVIEW.iter().copied().chain(counts).collect();
                object(&members)
            }
            Self::One(members) => object(members),
            Self::List(members) => json!({ "type": "array", "items": object(members) }),
            Self::Texts => Kind::Texts.schema(),
            Self::Any => json!({}),
            Self::Nothing => json!({ "type": "null" }),
        }
    }
}

impl Kind {
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Integer => json!({ "type": "integer" }),
            Self::Number => json!({ "type": "number" }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Object => json!({ "type": "object" }),
            Self::List => json!({ "type": "array" }),
            Self::Any => json!({}),
        }
    }
}
