//! Identify24's part of the control plane: `/_control/identify24/`.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::account::Status;
use crate::control::{body, settings};
use crate::exchange::Incoming;
use crate::vendor::{Part as _, scenario_error};
use crate::world::State;

/// Answers a request; `None` if there is no such route.
pub(crate) fn handle(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["accounts", partner]) => {
            let account = state.parts.identify24.account(partner);
            account.map(|account| json!(account)).ok_or_else(|| "there is no such account".to_owned())
        }
        (&Method::PUT | &Method::PATCH, ["accounts", partner]) => {
            let initial = World::initial_accounts().into_iter().find(|account| account.partner == *partner);
            settings(request, initial, state.parts.identify24.account(partner)).and_then(|account| {
                if account.partner != *partner {
                    return Err("the partner in the settings is another than in the path".to_owned());
                }
                state.parts.identify24.configure(account.clone()).map(|()| json!(account)).map_err(str::to_owned)
            })
        }
        (&Method::DELETE, ["tokens"]) => {
            state.parts.identify24.tokens.clear();
            Ok(Value::Null)
        }
        (&Method::GET, ["idents"]) => Ok(json!(state.parts.identify24.ids())),
        (&Method::GET, ["idents", id]) => view(&state.parts.identify24, id).ok_or_else(|| "there is no such ident".to_owned()),
        (&Method::POST, ["idents", id, "act"]) => body::<Act>(request).and_then(|act| {
            let steps = state.with(now, |world: &mut World, moment| world.act(id, &act.scenario, act.reason.as_deref(), moment));
            steps.map(|steps| json!(steps)).map_err(scenario_error::<World>)
        }),
        (&Method::POST, ["idents", id, "status"]) => body::<Status>(request).and_then(|status| {
            state.with(now, |world: &mut World, moment| world.set(id, &status, moment)).map_err(str::to_owned)?;
            view(&state.parts.identify24, id).ok_or_else(|| "there is no such ident".to_owned())
        }),
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    scenario: String,
    #[serde(default)]
    reason: Option<String>,
}

/// The inner state of an ident, without the person.
fn view(world: &World, id: &str) -> Option<Value> {
    let ident = world.idents.get(id)?;
    let statuses: Vec<Value> =
        ident.history.iter().map(|(at, status)| json!({ "id": status.id, "word": status.word, "at": at.to_string() })).collect();
    Some(json!({
        "partner": ident.partner,
        "project_id": ident.submitted.text("project_id"),
        "custom_id": ident.submitted.text("custom_id"),
        "statuses": statuses,
        "finished": ident.finished,
        "gone": ident.gone,
        "not_uppercase": ident.submitted.not_uppercase,
        "unknown": ident.submitted.unknown,
    }))
}
