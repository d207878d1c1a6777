//! The table of the control plane's routes. The dispatch and the description are made from it.

use super::members::{
    ACT, AFTER, CALLBACK, CLOCK, DELAY, FAULT, FORGE, HEALTH, Member, PAGE, REQUEST, Reply, STATUS,
    STEP, TRIGGER, VENDOR, VERIFICATION, VERIFICATIONS,
};
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
}
