//! The control plane: `/_control/` on every port, with requests and responses in JSON.

mod description;
mod members;
mod routes;
mod vendor;
mod view;

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use self::routes::Verb;
pub(crate) use self::vendor::{account_route, of_part};
use crate::clock::later;
use crate::command::{Command, Outcome};
use crate::exchange::{Answer, Incoming};
use crate::fault::Fault;
use crate::guard;
use crate::scenario;
use crate::vendor::{Entry, VENDORS};
use crate::world::Worlds;

/// Answers a request to the control plane.
pub(crate) async fn handle(worlds: &Worlds, request: &Incoming) -> Answer {
    if let Some(threat) = guard::threat(worlds, request) {
        return Answer::json(threat.status(), &json!({ "error": threat.text() }));
    }
    let segments = request.segments();
    let mut segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    if segments.is_empty() {
        segments.push("");
    }
    let result = match routes::find(request.method.as_str(), &segments) {
        Some((route, variables)) => perform(worlds, route.verb, &variables, request).await,
        None => of_vendor(worlds, request, &segments),
    };
    match result {
        Ok(value) => Answer::json(StatusCode::OK, &value),
        Err(Problem::Impossible(error)) => {
            Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": error }))
        }
        Err(Problem::Unknown(error)) => {
            Answer::json(StatusCode::NOT_FOUND, &json!({ "error": error }))
        }
    }
}

/// The reason of a failure.
enum Problem {
    /// The operation is impossible.
    Impossible(String),
    /// There is no such route.
    Unknown(String),
}

impl<T: Into<String>> From<T> for Problem {
    fn from(error: T) -> Self {
        Self::Impossible(error.into())
    }
}

/// Carries out the operation of a route.
async fn perform(
    worlds: &Worlds,
    verb: Verb,
    variables: &[&str],
    request: &Incoming,
) -> Result<Value, Problem> {
    let vendor = || {
        let id = variables.first().copied().unwrap_or_default();
        Entry::by_id(id)
            .map_err(|error| Problem::Unknown(format!("{error}; GET /_control/ lists the routes")))
    };
    let id = || variables.get(1).copied().unwrap_or_default();
    let number = || {
        let number = variables.first().and_then(|number| number.parse().ok());
        number.ok_or("invalid number of a callback: GET /_control/callbacks lists them")
    };
    Ok(match verb {
        Verb::Overview => view::overview(worlds),
        Verb::Health => json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }),
        Verb::Description => description::description(),
        Verb::Verifications => {
            let all: Vec<&Entry> = VENDORS.iter().collect();
            view::verifications(&worlds.state(), &all, request)?
        }
        Verb::OfVendor => view::vendor(&worlds.state(), vendor()?),
        Verb::VerificationsOfVendor => view::verifications(&worlds.state(), &[vendor()?], request)?,
        Verb::Verification => view::verification(&worlds.state(), vendor()?, id())?,
        Verb::Act => act(worlds, vendor()?, id(), body(request)?).await?,
        Verb::Trigger => {
            let Trigger { event, url } = body(request)?;
            let vendor = vendor()?;
            let command = Command::Trigger { vendor, event, url };
            let Outcome::Callback(number) = worlds.execute_now(&command).await? else {
                return Ok(Value::Null);
            };
            view::callback(&worlds.state(), number)?
        }
        Verb::Clock => clock(worlds, &body(request)?).await?,
        Verb::Requests => view::requests(&worlds.state(), request)?,
        Verb::Request => {
            let number = variables.first().copied().unwrap_or_default();
            view::request(&worlds.state(), number)?
        }
        Verb::Callbacks => view::callbacks(&worlds.state(), request)?,
        Verb::Callback => view::callback(&worlds.state(), number()?)?,
        Verb::Resend => {
            worlds.resend(number()?).await?;
            view::callback(&worlds.state(), number()?)?
        }
        Verb::Duplicate => {
            worlds.duplicate(number()?).await?;
            view::callback(&worlds.state(), number()?)?
        }
        Verb::Delay => {
            let Delay { seconds } = body(request)?;
            worlds.delay(number()?, seconds)?;
            view::callback(&worlds.state(), number()?)?
        }
        Verb::ForgeLike => json!({ "status": worlds.forge_like(number()?).await? }),
        Verb::Faults => json!(worlds.state().faults.faults()),
        Verb::AddFault => {
            worlds.execute(&Command::Plan(body::<Fault>(request)?))?;
            Value::Null
        }
        Verb::ClearFaults => {
            worlds.execute(&Command::ClearFaults)?;
            Value::Null
        }
        Verb::Scenarios => json!(scenario::common()),
        Verb::ScenariosOfVendor => {
            let scenarios = vendor()?.scenarios();
            scenarios
                .into_iter()
                .map(|scenario| scenario.name)
                .collect()
        }
        Verb::Mails => json!(worlds.state().mails),
        Verb::Reset => {
            worlds.reset().await?;
            view::overview(worlds)
        }
        Verb::Forge => forge_any(worlds, body(request)?).await?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    #[serde(default)]
    scenario: Option<String>,
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

async fn act(
    worlds: &Worlds,
    vendor: &'static Entry,
    id: &str,
    act: Act,
) -> Result<Value, Problem> {
    let is_known = (vendor.find)(&worlds.state(), id).is_some();
    if !is_known {
        return Err(view::unknown(vendor).into());
    }
    let id = id.to_owned();
    let command = match (act.scenario, act.step) {
        (Some(scenario), None) => Command::Act {
            vendor,
            id,
            scenario,
            reason: act.reason,
        },
        (None, Some(step)) if act.reason.is_none() => Command::Step { vendor, id, step },
        _ => {
            let (scenarios, steps) = (vendor.scenarios(), vendor.steps);
            let scenarios: Vec<&str> = scenarios.iter().map(|scenario| scenario.name).collect();
            let steps: Vec<&str> = steps.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "expected `scenario`, perhaps with `reason`, or `step`; scenarios: {}; steps: {}",
                scenarios.join(", "),
                steps.join(", ")
            )
            .into());
        }
    };
    Ok(json!(worlds.execute_now(&command).await?.steps()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trigger {
    event: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    #[serde(default)]
    advance_seconds: Option<u64>,
    #[serde(default)]
    speed: Option<f64>,
    #[serde(default)]
    until: Option<String>,
}

async fn clock(worlds: &Worlds, set: &SetClock) -> Result<Value, Problem> {
    let until_next = match set.until.as_deref() {
        None => false,
        Some("next") => true,
        Some(_) => return Err("invalid `until`: expected `next`".into()),
    };
    if until_next && set.advance_seconds.is_some() {
        return Err("expected either `advance_seconds` or `until`".into());
    }
    if !until_next && set.advance_seconds.is_none() && set.speed.is_none() {
        return Err("expected `advance_seconds`, `speed` or `until`".into());
    }
    if let Some(speed) = set.speed {
        worlds.set_speed(speed)?;
    }
    if until_next {
        worlds.advance_to_next().await;
    }
    if let Some(seconds) = set.advance_seconds {
        let until = later(worlds.clock.now(), Duration::from_secs(seconds));
        worlds.advance_to(until).await;
    }
    Ok(view::overview(worlds))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forge {
    /// The method; by default POST with a body and GET without one.
    #[serde(default)]
    method: Option<String>,
    url: String,
    #[serde(default)]
    body: Option<Value>,
}

async fn forge_any(worlds: &Worlds, asked: Forge) -> Result<Value, Problem> {
    let usual = if asked.body.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let method = asked
        .method
        .map_or(Ok(usual), |method| method.parse())
        .map_err(|_| "invalid `method`: expected an HTTP method")?;
    let body = asked.body.map(|body| body.to_string());
    let status = forge(worlds, method, &asked.url, body).await?;
    Ok(json!({ "status": status }))
}

/// Sends a forged request to a callback address. Returns the status of the reply, or 0 if there is
/// none.
pub(crate) async fn forge(
    worlds: &Worlds,
    method: Method,
    url: &str,
    body: Option<String>,
) -> Result<u16, String> {
    let reach = worlds.state().reach.clone();
    reach.demand(Some(url))?;
    let body = body.map(|body| ("application/json", body.into()));
    Ok(worlds.request(method, url, &[], body).await.status)
}

/// Answers a request to the routes in a vendor's terms.
fn of_vendor(worlds: &Worlds, request: &Incoming, segments: &[&str]) -> Result<Value, Problem> {
    let unknown = || {
        let others: Vec<&str> = routes::ROUTES
            .iter()
            .filter(|route| routes::variables(route.path, segments).is_some())
            .map(|route| route.method)
            .collect();
        let text = if others.is_empty() {
            "unknown route: GET /_control/ lists the routes".to_owned()
        } else {
            format!("unknown method: the route has {}", others.join(", "))
        };
        Problem::Unknown(text)
    };
    let Some((id, rest)) = segments.split_first() else {
        return Err(unknown());
    };
    let vendor = Entry::by_id(id).map_err(|_| unknown())?;
    let is_known = vendor::routes(vendor).iter().any(|route| {
        route.method == request.method.as_str() && routes::variables(&route.path, rest).is_some()
    });
    if !is_known {
        return Err(unknown());
    }
    if request.method == Method::GET {
        let answer = worlds.unrecorded(|state, now| (vendor.control)(state, now, request, rest));
        return answer.unwrap_or(Ok(Value::Null)).map_err(Problem::from);
    }
    let body = std::str::from_utf8(&request.body).map_err(|_| "invalid body: expected UTF-8")?;
    let outcome = worlds.execute(&Command::Change {
        vendor,
        method: request.method.to_string(),
        path: rest.iter().map(|segment| (*segment).to_owned()).collect(),
        body: body.to_owned(),
    })?;
    match outcome {
        Outcome::Missing => Err(unknown()),
        Outcome::Value(value) => Ok(value),
        _ => Ok(Value::Null),
    }
}

/// Parses the body of a request as JSON.
pub(crate) fn body<T: for<'de> Deserialize<'de>>(request: &Incoming) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
