//! The control plane: `/_control/` on every port, with requests and responses in JSON.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::callback::demand_loopback;
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::fault::Fault;
use crate::part::{Part, Settings, World};
use crate::scenario;
use crate::vendor::VENDORS;
use crate::world::{Moment, Worlds};

/// Answers a request to the control plane.
pub(crate) async fn handle(worlds: &Worlds, request: &Incoming) -> Answer {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    let result = match (&request.method, segments.as_slice()) {
        (&Method::GET, [] | [""]) => Ok(state(worlds)),
        (&Method::POST, ["clock"]) => clock(worlds, request).await,
        (&Method::GET, ["scenarios"]) => Ok(json!(scenario::common())),
        (&Method::GET, ["faults"]) => Ok(json!(worlds.state().faults.faults())),
        (&Method::POST, ["faults"]) => body::<Fault>(request).map(|fault| {
            worlds.state().faults.add(fault);
            Value::Null
        }),
        (&Method::DELETE, ["faults"]) => {
            worlds.state().faults.clear();
            Ok(Value::Null)
        }
        (&Method::GET, ["requests"]) => Ok(json!(worlds.state().requests)),
        (&Method::GET, ["callbacks"]) => Ok(json!(worlds.state().callbacks)),
        (&Method::GET, ["mails"]) => Ok(json!(worlds.state().mails)),
        (&Method::POST, ["reset"]) => {
            worlds.reset().await;
            Ok(state(worlds))
        }
        (&Method::POST, ["forge"]) => match body::<Forge>(request) {
            Ok(Forge { method, url, body }) => {
                let usual = if body.is_some() {
                    Method::POST
                } else {
                    Method::GET
                };
                match method.map_or(Ok(usual), |method| method.parse()) {
                    Ok(method) => {
                        let body = body.map(|body| body.to_string());
                        forge(worlds, method, &url, body)
                            .await
                            .map(|status| json!({ "status": status }))
                    }
                    Err(_) => Err("invalid `method`: expected an HTTP method".to_owned()),
                }
            }
            Err(error) => Err(error),
        },
        (_, [vendor, rest @ ..]) => match of_vendor(worlds, request, vendor, rest) {
            Some(result) => result,
            None => return nothing_here(),
        },
        _ => return nothing_here(),
    };
    match result {
        Ok(value) => Answer::json(StatusCode::OK, &value),
        Err(error) => Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

fn nothing_here() -> Answer {
    Answer::json(
        StatusCode::NOT_FOUND,
        &json!({ "error": "unknown route of the control plane" }),
    )
}

/// Answers a request to a vendor's routes.
fn of_vendor(
    worlds: &Worlds,
    request: &Incoming,
    vendor: &str,
    rest: &[&str],
) -> Option<Result<Value, String>> {
    let now = worlds.clock.now();
    let mut state = worlds.state();
    let vendor = VENDORS.iter().find(|known| known.id == vendor)?;
    if (&request.method, rest) == (&Method::GET, &["scenarios"]) {
        return Some(Ok(vendor
            .scenarios()
            .into_iter()
            .map(|scenario| scenario.name)
            .collect()));
    }
    (vendor.control)(&mut state, now, request, rest)
}

/// Answers a request to the routes that every vendor has; `None` if there is no such route.
pub(crate) fn of_part<P: Part>(
    world: &mut World<P>,
    request: &Incoming,
    path: &[&str],
    moment: &mut Moment<'_, P::Effect>,
) -> Option<Result<Value, String>> {
    if let Some(result) = P::control(world, request, path, moment) {
        return Some(result);
    }
    let is_own = |word: &str| word.strip_suffix('s') == Some(P::VERIFICATION);
    match (&request.method, path) {
        (&Method::GET, [word]) if is_own(word) => Some(Ok(json!(P::ids(world)))),
        (&Method::GET, [word, id]) if is_own(word) => Some(world.view(&P::key(world, id))),
        (&Method::POST, [word, id, "act"]) if is_own(word) => {
            Some(body::<Act>(request).and_then(|act| {
                if act.reason.is_some() && !P::REASONS {
                    return Err("unknown field `reason`: this vendor gives no reasons".to_owned());
                }
                let steps = world.act(
                    &P::key(world, id),
                    &act.scenario,
                    act.reason.as_deref(),
                    moment,
                )?;
                Ok(json!(steps))
            }))
        }
        (_, ["accounts", id]) if P::Account::ID.is_some() => account(world, request, id),
        (_, ["account"]) if P::Account::ID.is_none() => account(world, request, ""),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    scenario: String,
    #[serde(default)]
    reason: Option<String>,
}

/// Reads or changes an account's settings. A `PUT` resets omitted settings to the account's
/// defaults, a `PATCH` keeps them.
fn account<P: Part>(
    world: &mut World<P>,
    request: &Incoming,
    id: &str,
) -> Option<Result<Value, String>> {
    let known = world
        .account(id)
        .cloned()
        .ok_or_else(|| "unknown account".to_owned());
    Some(match request.method {
        Method::GET => known.map(|account| json!(account)),
        Method::PUT | Method::PATCH => known.and_then(|known| {
            let initial = World::<P>::new().account(id).cloned().unwrap_or_default();
            let account = settings(
                request,
                if request.method == Method::PATCH {
                    &known
                } else {
                    &initial
                },
            )?;
            if account.id() != id {
                let setting = P::Account::ID.unwrap_or_default();
                return Err(format!(
                    "the {setting} in the settings differs from the one in the path"
                ));
            }
            world.configure(account.clone())?;
            Ok(json!(account))
        }),
        _ => return None,
    })
}

/// Reads the settings of an account, with omitted ones from `base`.
fn settings<A: Settings>(request: &Incoming, base: &A) -> Result<A, String> {
    let Value::Object(mut settings) = json!(base) else {
        return Err("invalid settings: expected a JSON object".to_owned());
    };
    settings.extend(body::<Map<String, Value>>(request)?);
    serde_json::from_value(Value::Object(settings)).map_err(|error| error.to_string())
}

fn state(worlds: &Worlds) -> Value {
    let state = worlds.state();
    let mut answer = json!({
        "now": worlds.clock.now().to_string(),
        "seed": worlds.seed,
        "next_due": state.next_due().map(|at| at.to_string()),
        "requests": state.requests.len(),
        "callbacks": state.callbacks.len(),
    });
    if let Some(members) = answer.as_object_mut() {
        let vendors = VENDORS
            .iter()
            .map(|vendor| (vendor, (vendor.ids)(&state).len()));
        members.extend(vendors.map(|(vendor, count)| {
            (
                vendor.id.to_owned(),
                json!({ format!("{}s", vendor.verification): count }),
            )
        }));
    }
    answer
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn clock(worlds: &Worlds, request: &Incoming) -> Result<Value, String> {
    let Advance { advance_seconds } = body(request)?;
    worlds
        .advance_to(later(
            worlds.clock.now(),
            Duration::from_secs(advance_seconds),
        ))
        .await;
    Ok(state(worlds))
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

/// Sends a forged request to a callback address. Returns the status of the reply, or 0 if there is
/// none.
pub(crate) async fn forge(
    worlds: &Worlds,
    method: Method,
    url: &str,
    body: Option<String>,
) -> Result<u16, String> {
    demand_loopback(Some(url))?;
    let body = body.map(|body| ("application/json", body.into()));
    Ok(worlds.request(method, url, &[], body).await)
}

/// Parses the body of a request as JSON.
pub(crate) fn body<T: for<'de> Deserialize<'de>>(request: &Incoming) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
