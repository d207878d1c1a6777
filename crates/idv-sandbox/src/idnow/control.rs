//! IDnow's part of the control plane: `/_control/idnow/`.

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::World;
use super::account::Account;
use super::archive;
use super::case::Case;
use crate::callback::is_loopback;
use crate::control::{body, settings};
use crate::exchange::Incoming;
use crate::scenario::Step;
use crate::vendor::scenario_error;
use crate::world::State;

/// Answers a request; `None` if there is no such route.
pub(crate) fn handle(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["accounts", company]) => match state.parts.idnow.account(company) {
            Some(account) => Ok(json!(account)),
            None => Err("there is no such company".to_owned()),
        },
        (&Method::PUT | &Method::PATCH, ["accounts", company]) => {
            let initial = World::initial_accounts().into_iter().find(|account| account.company == *company);
            let read = settings(request, initial, state.parts.idnow.account(company));
            read.and_then(|account| configure(state, company, account))
        }
        (&Method::DELETE, ["tokens"]) => {
            state.parts.idnow.forget_tokens();
            Ok(Value::Null)
        }
        (&Method::GET, ["identifications"]) => Ok(identifications(&state.parts.idnow)),
        (&Method::POST, ["identifications", transaction, "act"]) => {
            body::<Act>(request).and_then(|act| act.run(state, now, transaction)).map(|steps| json!(steps))
        }
        _ => return None,
    })
}

/// Every identification, without the person.
fn identifications(world: &World) -> Value {
    let mut cases: Vec<_> = world.cases.iter().collect();
    cases.sort_by_key(|(key, _)| *key);
    let view = |((company, _), case): (&(String, String), &Case)| {
        json!({
            "company": company,
            "transaction_number": case.transaction_number,
            "ident_id": case.ident_id,
            "result": case.result.as_ref().map(|result| result.word.as_str()),
        })
    };
    cases.into_iter().map(view).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// The robot's case that the identification itself asks for, if it is absent (15.3).
    #[serde(default)]
    scenario: Option<String>,
    #[serde(default)]
    company: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

impl Act {
    fn run(self, state: &mut State, now: Timestamp, transaction: &str) -> Result<Vec<Step>, String> {
        act(state, now, self.company.as_deref(), transaction, self.scenario.as_deref(), self.reason.as_deref())
    }
}

/// Lets the person and the agents act out a scenario; of the first company if none is named.
pub(crate) fn act(
    state: &mut State,
    now: Timestamp,
    company: Option<&str>,
    transaction: &str,
    scenario: Option<&str>,
    reason: Option<&str>,
) -> Result<Vec<Step>, String> {
    let first = state.parts.idnow.accounts.first().map(|account| account.company.clone()).unwrap_or_default();
    let company = company.unwrap_or(&first).to_owned();
    let acted = state.with(now, |world: &mut World, moment| world.act(&company, transaction, scenario, reason, moment));
    acted.map_err(scenario_error::<World>)
}

/// Changes an account's settings.
pub(crate) fn configure(state: &mut State, company: &str, account: Account) -> Result<Value, String> {
    if account.callback_url.as_deref().is_some_and(|url| !is_loopback(url)) {
        return Err("callbacks go to the loopback interface only".to_owned());
    }
    if !archive::fits(&account) {
        let most = if account.archive_password.is_some() { "256 MB, which is the most of an encrypted one" } else { "4 GB" };
        return Err(format!("an archive of such attachments would be larger than {most}"));
    }
    let is_name = |name: &String| !name.is_empty() && name.len() <= 255;
    if account.archive_extras.len() > 32 || !account.archive_extras.iter().all(is_name) {
        return Err("archive_extras are at most 32 names of 1 to 255 bytes".to_owned());
    }
    if account.archive_password.as_deref() == Some("") || account.unknown_status.is_empty() {
        return Err("archive_password and unknown_status must not be empty".to_owned());
    }
    if account.company != company {
        return Err("the company in the settings is another than in the path".to_owned());
    }
    let known = state.parts.idnow.accounts.iter_mut().find(|known| known.company == company).ok_or("there is no such company")?;
    *known = account;
    Ok(json!(known))
}
