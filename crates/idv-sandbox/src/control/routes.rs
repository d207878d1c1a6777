//! The table of the control plane's routes. The dispatch and the description are made from it.

use serde_json::{Map, Value, json};

use super::vendor;
use crate::vendor::VENDORS;

/// A route that every vendor has, or that has no vendor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) method: &'static str,
    /// The path, with variable segments in braces.
    pub(super) path: &'static str,
    pub(super) verb: Verb,
    pub(super) summary: &'static str,
    /// The parameters of the query.
    pub(super) query: &'static [Member],
    pub(super) body: Option<&'static [Member]>,
    pub(super) reply: Reply,
}

/// The operation of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Overview,
    Health,
    Description,
    Verifications,
    OfVendor,
    VerificationsOfVendor,
    Verification,
    Act,
    Trigger,
    Clock,
    Requests,
    Request,
    Callbacks,
    Callback,
    Resend,
    Duplicate,
    Delay,
    ForgeLike,
    Faults,
    AddFault,
    ClearFaults,
    Scenarios,
    ScenariosOfVendor,
    Mails,
    Reset,
    Forge,
}

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

const fn member(name: &'static str, kind: Kind, description: &'static str) -> Member {
    Member {
        name,
        kind,
        is_required: true,
        description,
    }
}

const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Member {
    Member {
        is_required: false,
        ..member(name, kind, description)
    }
}

const OVERVIEW: &[Member] = &[
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

const HEALTH: &[Member] = &[
    member("status", Kind::Text, "`ok`"),
    member("version", Kind::Text, "The version of the sandbox"),
];

const PAGE: &[Member] = &[
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

const VERIFICATIONS: &[Member] = &[
    member(
        "verifications",
        Kind::List,
        "The verifications, the latest first",
    ),
    member("total", Kind::Integer, "The number of all verifications"),
    optional("next", Kind::Text, "The path of the next page"),
];

const VERIFICATION: &[Member] = &[
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

const VENDOR: &[Member] = &[
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

const ACT: &[Member] = &[
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

const STEP: &[Member] = &[
    member("what", Kind::Text, "The action"),
    member(
        "after_seconds",
        Kind::Integer,
        "Its time after now, in virtual seconds",
    ),
];

const TRIGGER: &[Member] = &[
    member("event", Kind::Text, "The event"),
    member("url", Kind::Text, "The callback address"),
];

const CLOCK: &[Member] = &[
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

const AFTER: &[Member] = &[optional(
    "after",
    Kind::Integer,
    "The number of the last one that is known",
)];

const REQUEST: &[Member] = &[
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

const CALLBACK: &[Member] = &[
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

const DELAY: &[Member] = &[member("seconds", Kind::Integer, "The virtual seconds")];

const STATUS: &[Member] = &[member(
    "status",
    Kind::Integer,
    "The status of the reply; 0 if there was none",
)];

const FAULT: &[Member] = &[
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

const FORGE: &[Member] = &[
    optional(
        "method",
        Kind::Text,
        "The method; POST with a body and GET without one by default",
    ),
    member("url", Kind::Text, "The callback address"),
    optional("body", Kind::Any, "The body as JSON"),
];

const fn get(path: &'static str, verb: Verb, reply: Reply, summary: &'static str) -> Route {
    Route {
        method: "GET",
        path,
        verb,
        summary,
        query: &[],
        body: None,
        reply,
    }
}

const fn post(
    path: &'static str,
    verb: Verb,
    body: Option<&'static [Member]>,
    reply: Reply,
    summary: &'static str,
) -> Route {
    Route {
        method: "POST",
        body,
        ..get(path, verb, reply, summary)
    }
}

const fn with_query(query: &'static [Member], route: Route) -> Route {
    Route { query, ..route }
}

/// All routes below `/_control`. A path without variables comes before one that matches as well.
pub(super) static ROUTES: &[Route] = &[
    get(
        "/",
        Verb::Overview,
        Reply::Overview,
        "Returns the clock, the next planned event, the numbers of records, and the routes",
    ),
    get(
        "/health",
        Verb::Health,
        Reply::One(HEALTH),
        "Answers as soon as the sandbox serves requests",
    ),
    get(
        "/openapi.json",
        Verb::Description,
        Reply::Any,
        "Returns this description",
    ),
    with_query(
        PAGE,
        get(
            "/verifications",
            Verb::Verifications,
            Reply::One(VERIFICATIONS),
            "Lists the verifications of all vendors",
        ),
    ),
    post(
        "/clock",
        Verb::Clock,
        Some(CLOCK),
        Reply::Overview,
        "Sets the speed of the clock, or advances it and runs every event that becomes due, including callbacks, before it responds",
    ),
    post(
        "/reset",
        Verb::Reset,
        None,
        Reply::Overview,
        "Removes verifications, settings, faults and records",
    ),
    get(
        "/scenarios",
        Verb::Scenarios,
        Reply::Texts,
        "Lists the common scenarios",
    ),
    get(
        "/faults",
        Verb::Faults,
        Reply::List(FAULT),
        "Lists the planned faults",
    ),
    post(
        "/faults",
        Verb::AddFault,
        Some(FAULT),
        Reply::Nothing,
        "Plans a fault",
    ),
    Route {
        method: "DELETE",
        ..get(
            "/faults",
            Verb::ClearFaults,
            Reply::Nothing,
            "Removes all planned faults",
        )
    },
    with_query(
        AFTER,
        get(
            "/requests",
            Verb::Requests,
            Reply::List(REQUEST),
            "Lists the requests to the vendors",
        ),
    ),
    get(
        "/requests/{number}",
        Verb::Request,
        Reply::One(REQUEST),
        "Returns a request and its response",
    ),
    with_query(
        AFTER,
        get(
            "/callbacks",
            Verb::Callbacks,
            Reply::List(CALLBACK),
            "Lists the callbacks",
        ),
    ),
    get(
        "/callbacks/{number}",
        Verb::Callback,
        Reply::One(CALLBACK),
        "Returns a callback with its request",
    ),
    post(
        "/callbacks/{number}/resend",
        Verb::Resend,
        None,
        Reply::One(CALLBACK),
        "Sends a callback again, at once",
    ),
    post(
        "/callbacks/{number}/duplicate",
        Verb::Duplicate,
        None,
        Reply::One(CALLBACK),
        "Sends a callback again, twice in a row",
    ),
    post(
        "/callbacks/{number}/delay",
        Verb::Delay,
        Some(DELAY),
        Reply::One(CALLBACK),
        "Postpones a callback that is still to come, or sends it again later",
    ),
    post(
        "/callbacks/{number}/forge",
        Verb::ForgeLike,
        None,
        Reply::One(STATUS),
        "Sends a callback with a wrong secret, at once",
    ),
    get(
        "/mails",
        Verb::Mails,
        Reply::Texts,
        "Lists the subjects of the vendors' mails about undelivered callbacks",
    ),
    post(
        "/forge",
        Verb::Forge,
        Some(FORGE),
        Reply::One(STATUS),
        "Sends a forged callback with any body",
    ),
    get(
        "/{vendor}",
        Verb::OfVendor,
        Reply::One(VENDOR),
        "Returns a vendor's address, settings, scenarios, steps, events, rules and requests",
    ),
    get(
        "/{vendor}/scenarios",
        Verb::ScenariosOfVendor,
        Reply::Texts,
        "Lists the scenarios of a vendor",
    ),
    with_query(
        PAGE,
        get(
            "/{vendor}/verifications",
            Verb::VerificationsOfVendor,
            Reply::One(VERIFICATIONS),
            "Lists the verifications of a vendor",
        ),
    ),
    get(
        "/{vendor}/verifications/{id}",
        Verb::Verification,
        Reply::One(VERIFICATION),
        "Returns a verification with its timeline",
    ),
    post(
        "/{vendor}/verifications/{id}/act",
        Verb::Act,
        Some(ACT),
        Reply::List(STEP),
        "Plays a scenario as the clock moves, or takes a single step at once",
    ),
    post(
        "/{vendor}/trigger",
        Verb::Trigger,
        Some(TRIGGER),
        Reply::One(CALLBACK),
        "Sends the callback of an event, without a verification",
    ),
];

/// Returns the route of a request and the values of its variables.
pub(super) fn find<'a>(
    method: &str,
    segments: &'a [&'a str],
) -> Option<(&'static Route, Vec<&'a str>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, variables(route.path, segments)?)))
}

/// Returns the values of the variables of a path; `None` if it has another form.
pub(super) fn variables<'a>(template: &str, segments: &'a [&'a str]) -> Option<Vec<&'a str>> {
    let template: Vec<&str> = template.trim_start_matches('/').split('/').collect();
    if template.len() != segments.len() {
        return None;
    }
    let mut variables = Vec::new();
    for (own, segment) in template.into_iter().zip(segments) {
        if own.starts_with('{') && !segment.is_empty() {
            variables.push(*segment);
        } else if own != *segment {
            return None;
        }
    }
    Some(variables)
}

/// Returns all routes as method and path, the vendors' own ones last.
pub(super) fn names() -> Vec<String> {
    let common = ROUTES
        .iter()
        .map(|route| format!("{} /_control{}", route.method, route.path));
    let own = VENDORS.iter().flat_map(|entry| {
        vendor::routes(entry)
            .into_iter()
            .map(|route| format!("{} /_control/{}/{}", route.method, entry.id, route.path))
    });
    common.chain(own).collect()
}

/// The description of the routes, by OpenAPI 3.1.
pub(super) fn description() -> Value {
    let mut paths = Map::new();
    let mut add = |path: String, method: &str, operation: Value| {
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(method.to_ascii_lowercase(), operation);
        }
    };
    for route in ROUTES {
        add(
            format!("/_control{}", route.path),
            route.method,
            route.operation(),
        );
    }
    for entry in VENDORS {
        for route in vendor::routes(entry) {
            let path = format!("/_control/{}/{}", entry.id, route.path);
            let body = (route.method != "GET" && route.method != "DELETE")
                .then(|| json!({ "type": "object" }));
            let operation = operation(
                &route.summary,
                entry.name,
                &parameters(&path, &[]),
                body,
                &Reply::Any,
            );
            add(path, route.method, operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "The control plane of the sandbox",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
    })
}

impl Route {
    fn operation(&self) -> Value {
        let tag = if self.path.starts_with("/{vendor}") {
            "Every vendor"
        } else {
            "Sandbox"
        };
        let parameters = parameters(self.path, self.query);
        operation(
            self.summary,
            tag,
            &parameters,
            self.body.map(object),
            &self.reply,
        )
    }
}

fn operation(
    summary: &str,
    tag: &str,
    parameters: &[Value],
    body: Option<Value>,
    reply: &Reply,
) -> Value {
    let of = |schema: Value| json!({ "application/json": { "schema": schema } });
    let error = json!({
        "description": "The request is impossible; the error says what to do",
        "content": of(object(&[member("error", Kind::Text, "The problem")])),
    });
    let mut operation = json!({
        "summary": summary,
        "tags": [tag],
        "parameters": parameters,
        "responses": {
            "200": { "description": "Success", "content": of(reply.schema()) },
            "4XX": error,
        },
    });
    if let (Some(operation), Some(body)) = (operation.as_object_mut(), body) {
        let body = json!({ "required": true, "content": of(body) });
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

fn parameters(path: &str, query: &[Member]) -> Vec<Value> {
    let vendors: Vec<&str> = VENDORS.iter().map(|vendor| vendor.id).collect();
    let in_path = path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        let schema = match name {
            "vendor" => json!({ "type": "string", "enum": vendors }),
            "number" => json!({ "type": "integer" }),
            _ => json!({ "type": "string" }),
        };
        Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
    });
    let in_query = query.iter().map(|member| {
        json!({
            "name": member.name,
            "in": "query",
            "required": member.is_required,
            "description": member.description,
            "schema": member.kind.schema(),
        })
    });
    in_path.chain(in_query).collect()
}

/// Returns the schema of an object with these members alone.
fn object(members: &[Member]) -> Value {
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
    fn schema(&self) -> Value {
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
    fn schema(self) -> Value {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_hides_another() {
        for route in ROUTES {
            let path = route.path.replace(['{', '}'], "");
            let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            let (found, _) = find(route.method, &segments).unwrap();
            assert_eq!(found.verb, route.verb, "{}", route.path);
        }
    }

    #[test]
    fn description_contains_every_route() {
        let description = description();
        let mut described: Vec<String> = description["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(move |method| format!("{} {path}", method.to_ascii_uppercase()))
            })
            .collect();
        let mut names = names();
        described.sort();
        names.sort();
        assert_eq!(described, names);
    }
}
