//! The control plane: `/_control/` on every port, JSON in and out.

use std::time::Duration;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::fault::Fault;
use crate::idnow::account::Account;
use crate::idnow::archive;
use crate::idnow::scenario::{SCENARIOS, Step};
use crate::world::Worlds;

/// Answers a request to the control plane.
pub(crate) async fn handle(worlds: &Worlds, request: &Incoming) -> Answer {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    let result = match (&request.method, segments.as_slice()) {
        (&Method::GET, [] | [""]) => Ok(state(worlds)),
        (&Method::POST, ["clock"]) => clock(worlds, request).await,
        (&Method::GET, ["scenarios"]) => Ok(json!(SCENARIOS)),
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
            Ok(Forge { url, body }) => forge(worlds, &url, body.to_string()).await.map(|status| json!({ "status": status })),
            Err(error) => Err(error),
        },
        (&Method::GET, ["idnow", "accounts", company]) => match worlds.state().idnow.account(company) {
            Some(account) => Ok(json!(account)),
            None => Err("there is no such company".to_owned()),
        },
        (&Method::PUT, ["idnow", "accounts", company]) => {
            body::<Account>(request).and_then(|account| configure(worlds, company, account))
        }
        (&Method::DELETE, ["idnow", "tokens"]) => {
            worlds.state().idnow.forget_tokens();
            Ok(Value::Null)
        }
        (&Method::POST, ["idnow", "identifications", transaction, "act"]) => {
            body::<Act>(request).and_then(|act| act.run(worlds, transaction)).map(|steps| json!(steps))
        }
        _ => return Answer::json(StatusCode::NOT_FOUND, &json!({ "error": "the control plane has no such route" })),
    };
    match result {
        Ok(value) => Answer::json(StatusCode::OK, &value),
        Err(error) => Answer::json(StatusCode::BAD_REQUEST, &json!({ "error": error })),
    }
}

fn state(worlds: &Worlds) -> Value {
    let state = worlds.state();
    json!({
        "now": worlds.clock.now().to_string(),
        "next_due": state.next_due().map(|at| at.to_string()),
        "requests": state.requests.len(),
        "callbacks": state.callbacks.len(),
        "idnow": { "identifications": state.idnow.cases.len() },
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn clock(worlds: &Worlds, request: &Incoming) -> Result<Value, String> {
    let Advance { advance_seconds } = body(request)?;
    worlds.advance_to(later(worlds.clock.now(), Duration::from_secs(advance_seconds))).await;
    Ok(state(worlds))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forge {
    url: String,
    body: Value,
}

/// Sends a body to a callback address, as anybody could: the status that came back, or 0.
pub(crate) async fn forge(worlds: &Worlds, url: &str, body: String) -> Result<u16, String> {
    if !is_loopback(url) {
        return Err("callbacks go to the loopback interface only".to_owned());
    }
    Ok(worlds.forge(url, body).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// The robot's case that the identification itself asks for, where it is absent (15.3).
    #[serde(default)]
    scenario: Option<String>,
    #[serde(default)]
    company: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

impl Act {
    fn run(self, worlds: &Worlds, transaction: &str) -> Result<Vec<Step>, String> {
        act(worlds, self.company.as_deref(), transaction, self.scenario.as_deref(), self.reason.as_deref())
    }
}

/// Lets the person and the agents act out a scenario; of the first company where none is named.
pub(crate) fn act(
    worlds: &Worlds,
    company: Option<&str>,
    transaction: &str,
    scenario: Option<&str>,
    reason: Option<&str>,
) -> Result<Vec<Step>, String> {
    let now = worlds.clock.now();
    let mut state = worlds.state();
    let first = state.idnow.accounts.first().map(|account| account.company.clone()).unwrap_or_default();
    let company = company.unwrap_or(&first).to_owned();
    let acted = state.with_idnow(now, |world, moment| world.act(&company, transaction, scenario, reason, moment));
    acted.map_err(|error| format!("{error}; the scenarios are {}", SCENARIOS.join(", ")))
}

/// Changes an account's settings.
pub(crate) fn configure(worlds: &Worlds, company: &str, account: Account) -> Result<Value, String> {
    if account.callback_url.as_deref().is_some_and(|url| !is_loopback(url)) {
        return Err("callbacks go to the loopback interface only".to_owned());
    }
    if !archive::fits(&account) {
        return Err("an archive of such attachments would be larger than 4 GB".to_owned());
    }
    if account.company != company {
        return Err("the company in the settings is another than in the path".to_owned());
    }
    let mut state = worlds.state();
    let known = state.idnow.accounts.iter_mut().find(|known| known.company == company).ok_or("there is no such company")?;
    *known = account;
    Ok(json!(known))
}

fn is_loopback(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}

fn body<T: for<'de> Deserialize<'de>>(request: &Incoming) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
