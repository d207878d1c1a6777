//! The vendor's part of the control plane: `/_control/verificar-identidad/`.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::account::Account;
use super::finding::{ANOTHER_NUMBER, Finding};
use crate::control::{body, settings};
use crate::exchange::Incoming;
use crate::vendor::{Part as _, scenario_error};
use crate::world::State;

/// Answers a request; `None` if there is no such route.
pub(crate) fn handle(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["account"]) => Ok(json!(state.parts.verificar_identidad.account())),
        (&Method::PUT | &Method::PATCH, ["account"]) => {
            let read = settings(request, Some(Account::default()), Some(state.parts.verificar_identidad.account()));
            read.and_then(|account| {
                state.parts.verificar_identidad.configure(account.clone()).map(|()| json!(account)).map_err(str::to_owned)
            })
        }
        (&Method::GET, ["messages"]) => Ok(json!(state.parts.verificar_identidad.messages())),
        (&Method::GET, ["phones", number]) => {
            let messages = state.parts.verificar_identidad.messages();
            Ok(json!(messages.into_iter().filter(|message| message.to == *number).collect::<Vec<_>>()))
        }
        (&Method::GET, ["requests"]) => Ok(json!(state.parts.verificar_identidad.ids())),
        (&Method::GET, ["requests", id]) => view(&state.parts.verificar_identidad, id),
        (&Method::POST, ["requests", id, "act"]) => body::<Act>(request).and_then(|act| {
            let steps = state.with(now, |world: &mut World, moment| world.act(id, &act.scenario, moment));
            steps.map(|steps| json!(steps)).map_err(scenario_error::<World>)
        }),
        (&Method::POST, ["requests", id, "status"]) => body::<Set>(request).and_then(|set| {
            state.with(now, |world: &mut World, moment| {
                let case = world.cases.get_mut(*id).ok_or("there is no such request")?;
                if case.is_final() {
                    return Err("the request is finished".to_owned());
                }
                if let Some(number) = set.resultado {
                    let finding = Finding::by(&number).ok_or("a result is one of -1 to -9, but -7, or 0 to 100 percent")?;
                    if finding.is(ANOTHER_NUMBER) && case.wanted.is_none() {
                        return Err("no number was asked for, so none can be another".to_owned());
                    }
                    case.finding = finding;
                }
                world.reach(id, set.estado, moment);
                view(world, id)
            })
        }),
        _ => return None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    scenario: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    estado: i64,
    /// The reason why the result is not positive, or the likeness.
    #[serde(default)]
    resultado: Option<serde_json::Number>,
}

/// The inner state of a request.
fn view(world: &World, id: &str) -> Result<Value, String> {
    let case = world.cases.get(id).ok_or("there is no such request")?;
    let statuses: Vec<Value> =
        case.statuses.iter().map(|(status, at)| json!({ "estado": status, "at": at.to_string() })).collect();
    Ok(json!({
        "id": case.id,
        "phone": case.phone,
        "dni": case.wanted,
        "send_at": case.send_at.to_string(),
        "message": world.messages().into_iter().find(|message| message.id == id),
        "statuses": statuses,
        "accesses": case.accesses.len(),
        "final": case.is_final(),
    }))
}
