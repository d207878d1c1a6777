//! Identity.TM's part of the control plane: `/_control/identity-tm/`.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::case::Case;
use super::codes;
use crate::control::{body, settings};
use crate::exchange::Incoming;
use crate::vendor::{Part as _, scenario_error};
use crate::world::State;

/// Answers a request; `None` if there is no such route.
pub(crate) fn handle(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["accounts", user]) => {
            let account = state.parts.identity_tm.account(user);
            account.map(|account| json!(account)).ok_or_else(|| "there is no such account".to_owned())
        }
        (&Method::PUT | &Method::PATCH, ["accounts", user]) => {
            let initial = World::initial_accounts().into_iter().find(|account| account.user == *user);
            settings(request, initial, state.parts.identity_tm.account(user)).and_then(|account| {
                if account.user != *user {
                    return Err("the user in the settings is another than in the path".to_owned());
                }
                state.parts.identity_tm.configure(account.clone()).map(|()| json!(account)).map_err(str::to_owned)
            })
        }
        (&Method::GET, ["accounts", user, "phone"]) => phone(&state.parts.identity_tm, user),
        (&Method::GET, ["orders"]) => Ok(json!(state.parts.identity_tm.ids())),
        (&Method::GET, ["orders", order]) => {
            view(&state.parts.identity_tm, order).ok_or_else(|| "there is no such order".to_owned())
        }
        (&Method::POST, ["orders", order, "act"]) => body::<Act>(request).and_then(|act| {
            let steps = state.with(now, |world: &mut World, moment| world.act(order, &act.scenario, moment));
            steps.map(|steps| json!(steps)).map_err(scenario_error::<World>)
        }),
        (&Method::POST, ["orders", order, "status"]) => body::<Set>(request).and_then(|set| {
            if set.sub_kind.is_some_and(|sub_kind| !codes::has_sub_kind(set.kind, sub_kind)) {
                return Err("the kind has no such sub-kind".to_owned());
            }
            state.with(now, |world: &mut World, moment| {
                let case = world.cases.get(*order).ok_or("there is no such order")?;
                if case.is_final() && case.ends(set.kind) {
                    return Err("the order is finished".to_owned());
                }
                world.reach(order, set.kind, set.sub_kind, moment);
                view(world, order).ok_or_else(|| "there is no such order".to_owned())
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
    kind: u32,
    #[serde(default)]
    sub_kind: Option<u32>,
}

/// What the phone shows whose number the account agreed on (9.2).
fn phone(world: &World, user: &str) -> Result<Value, String> {
    let account = world.account(user).ok_or("there is no such account")?;
    Ok(json!({ "number": account.mobile, "tan": world.password_tans.get(user) }))
}

/// The inner state of an order.
fn view(world: &World, order: &str) -> Option<Value> {
    let case: &Case = world.cases.get(order)?;
    let statuses: Vec<Value> = case
        .statuses
        .iter()
        .map(|status| json!({ "kind": status.kind, "sub_kind": status.sub_kind, "at": status.at.to_string() }))
        .collect();
    let phone = case.tan.as_ref().map(|tan| json!({ "number": tan.number, "tan": tan.code, "text": tan.text }));
    let mails: Vec<Value> = case.mails.iter().map(|(kind, address)| json!({ "kind": kind, "address": address })).collect();
    Some(json!({
        "user": case.user,
        "ref": case.submitted.reference(),
        "product": case.submitted.product,
        "add": case.submitted.add,
        "unknown": case.submitted.unknown,
        "statuses": statuses,
        "final": case.is_final(),
        "deleted": case.deleted,
        "phone": phone,
        "mails": mails,
    }))
}
