//! CM.com ID Scan's part of the control plane: `/_control/cm-id-scan/`.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::webhook::Webhook;
use crate::control::{body, settings};
use crate::exchange::Incoming;
use crate::vendor::{Part as _, scenario_error};
use crate::world::State;

/// Answers a request; `None` if there is no such route.
pub(crate) fn handle(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["accounts", key_id]) => {
            let account = state.parts.cm_id_scan.account(key_id);
            account.map(|account| json!(account)).ok_or_else(|| "there is no such account".to_owned())
        }
        (&Method::PUT | &Method::PATCH, ["accounts", key_id]) => {
            let initial = World::initial_accounts().into_iter().find(|account| account.key_id == *key_id);
            settings(request, initial, state.parts.cm_id_scan.account(key_id)).and_then(|account| {
                if account.key_id != *key_id {
                    return Err("the key ID in the settings is another than in the path".to_owned());
                }
                state.parts.cm_id_scan.configure(account.clone()).map(|()| json!(account)).map_err(str::to_owned)
            })
        }
        (&Method::GET, ["webhooks"]) => Ok(state.parts.cm_id_scan.webhooks.iter().map(Webhook::render).collect()),
        (&Method::DELETE, ["webhooks"]) => {
            state.parts.cm_id_scan.webhooks.clear();
            Ok(Value::Null)
        }
        (&Method::GET, ["transactions"]) => Ok(json!(state.parts.cm_id_scan.ids())),
        (&Method::GET, ["transactions", id]) => {
            view(&state.parts.cm_id_scan, id).ok_or_else(|| "there is no such transaction".to_owned())
        }
        (&Method::POST, ["transactions", id, "act"]) => body::<Act>(request).and_then(|act| {
            let steps = state.with(now, |world: &mut World, moment| world.act(id, &act.scenario, moment));
            steps.map(|steps| json!(steps)).map_err(scenario_error::<World>)
        }),
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    scenario: String,
}

/// The inner state of a transaction, without the person.
fn view(world: &World, id: &str) -> Option<Value> {
    let transaction = world.transactions.get(id)?;
    let outcome = transaction.outcome.as_ref();
    Some(json!({
        "key_id": transaction.key_id,
        "state": transaction.state,
        "expires": transaction.expires.to_string(),
        "tasks": transaction.submitted.tasks,
        "done": transaction.done,
        "attempts": transaction.attempts,
        "result_id": outcome.map(|outcome| outcome.result_id.as_str()),
        "completed": outcome.map(|outcome| outcome.completed.to_string()),
        "unknown": transaction.submitted.unknown,
    }))
}
