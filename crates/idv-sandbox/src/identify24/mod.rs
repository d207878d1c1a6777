//! The emulator of Identify24 VideoIdent 1.0.1.

pub(crate) mod account;
mod api;
mod client;
mod create;
pub(crate) mod handle;
mod ident;
mod pages;
mod render;
mod rules;
pub(crate) mod scenario;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::{Account, Status};
use self::create::Submitted;
use self::ident::{Ident, WEBHOOK};
use self::scenario::{Effect, Plan};
use crate::client::Client;
use crate::clock::later;
use crate::control::body;
use crate::exchange::{Answer, Incoming};
use crate::failure::Failure;
use crate::part::{self, Part, Summary, Verification as _};
use crate::person::PersonPage;
use crate::rule::{Route, Rule};
use crate::scenario::Ending;
use crate::state;
use crate::token::Tokens;
use crate::vendor::{Setting, with_secret};

/// The lifetime of an ident ("Lifetime").
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// The context of a request, and its effects beside the response.
pub(crate) type Moment<'a> = state::Moment<'a, Effect>;

/// The state of the vendor.
pub(crate) type World = part::World<Own>;

/// The vendor's own state.
#[derive(Debug, Default)]
pub(crate) struct Own {
    tokens: Tokens,
}

impl Part for Own {
    type Account = Account;
    type Case = Ident;
    type Effect = Effect;

    const ID: &'static str = "identify24";
    const NAME: &'static str = "Identify24";
    // The API, and the pages for persons.
    const HOSTS: &'static [&'static str] = &["api.identify24.de", "identify24.de"];
    const PAGES: &'static str = "https://identify24.de";
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const REASONS: bool = true;
    const OWN_ROUTES: &'static [(&'static str, &'static str, &'static str)] = &[
        ("DELETE", "tokens", "Invalidates every token"),
        (
            "POST",
            "idents/{id}/status",
            "Sets a status, known or not, and cancels all planned events",
        ),
    ];
    const VERIFICATION: &'static str = "ident";
    const CREATE: &'static str = "/ident/create";
    const POLL: &'static str = "/ident/get";
    const RETRY_MINUTES: &'static [u64] = &[1, 5, 30];
    const ROUTES: &'static [Route] = rules::ROUTES;
    const RULES: &'static [&'static Rule] = rules::ALL;
    const PUBLIC: &'static [&'static str] = PUBLIC;
    const STEPS: &'static [(&'static str, &'static str)] = scenario::STEPS;
    const ABANDON: &'static str = "person-aborts";
    const EVENTS: &'static [(&'static str, &'static str)] = &[(WEBHOOK, "reviewer-confirms")];

    fn settings(world: &World, base: &str) -> Vec<Setting> {
        let account = &world.first;
        let project = account
            .projects
            .first()
            .map(|project| project.id.clone())
            .unwrap_or_default();
        let words = &account.statuses;
        // The document contains only one status, so each account defines its own.
        let meanings = [
            (&words.aborted, "awaiting_person"),
            (&words.in_review, "in_review"),
            (&words.fraud_suspected, "in_review"),
            (&words.identified, "verified"),
            (&words.rejected, "rejected"),
            (&words.canceled, "canceled"),
            (&words.expired, "expired"),
        ];
        let statuses: Vec<String> = meanings
            .map(|(status, meaning)| format!("{} = {meaning}", status.word))
            .into();
        vec![
            Setting::plain("partner", &account.partner),
            Setting::plain("project_id", project),
            Setting::plain("base_url", base),
            Setting::plain("statuses", statuses.join(", ")),
            Setting::secret("api_key", &account.api_key),
            Setting::callback_secret(),
        ]
    }

    fn report_to(world: &mut World, url: &str, _: &mut Moment<'_>) -> Result<(), String> {
        Ok(world.configure(Account {
            callback_url: Some(with_secret(url)),
            ..world.first.clone()
        })?)
    }

    fn forgery(_: &World, reference: &str, id: &str) -> (String, Option<Value>) {
        (
            String::new(),
            Some(
                json!({ "ident_id": id, "custom_id": reference, "status_id": "5", "status": "Identified" }),
            ),
        )
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let text = if code == 401 {
            "Token expired"
        } else {
            "Internal error"
        };
        // A planned status is that of the response; if the fault says so, the status is in the
        // body, as in the samples.
        let body = match code {
            500 => json!({ "result": false, "messages": [text] }),
            _ => json!({ "result": false, "response_status": code, "messages": [text] }),
        };
        Answer::json(status, &body)
    }

    fn plan(
        scenario: &str,
        reason: Option<&str>,
        ident: &mut Ident,
        account: &Account,
        now: Timestamp,
    ) -> Result<Plan, &'static str> {
        let left = later(ident.created, LIFETIME)
            .duration_since(now)
            .as_secs()
            .try_into()
            .unwrap_or_default();
        scenario::plan(scenario, reason, account, left).ok_or("unknown scenario")
    }

    fn step(
        name: &str,
        ident: &mut Ident,
        account: &Account,
        _: Timestamp,
    ) -> Result<Plan, &'static str> {
        scenario::step(name, ident, account)
    }

    /// The call ends with a status.
    fn ends_visit(effect: &Effect) -> bool {
        matches!(effect, Effect::Status(..))
    }

    fn create(client: &mut Client<'_, Self>, reference: &str) -> Result<String, String> {
        client::create(client, reference)
    }

    fn handle(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Answer {
        match path {
            ["apply", id] if request.method == Method::GET => pages::handle(world, id),
            path => api::handle(world, request, path, moment).unwrap_or_else(|failure| {
                let partner = request
                    .header("X-API-PARTNER")
                    .and_then(|partner| world.account(partner));
                refuse(&failure, partner.unwrap_or(&world.first))
            }),
        }
    }

    fn happen(world: &mut World, id: &str, effect: Effect, moment: &mut Moment<'_>) {
        let Some((ident, account, _)) = world.find(id) else {
            return;
        };
        match effect {
            Effect::Call => ident.answer(account),
            Effect::Correct => {
                let name = ident.submitted.text("person_last_name").unwrap_or_default();
                let corrected = format!("{name}-BEISPIEL");
                ident.submitted.correct("person_last_name", &corrected);
                ident.agent_notes = Some("person_last_name corrected by the document".to_owned());
            }
            Effect::Refuse(reason) => ident.reject_reason = Some(reason),
            Effect::Status(status, is_last) => {
                ident.finished = is_last;
                moment
                    .callbacks
                    .extend(ident.reach(&status, moment.now, account));
            }
            Effect::EndOfLife => {
                if !ident.finished {
                    moment.callbacks.extend(ident.reach(
                        &account.statuses.expired,
                        moment.now,
                        account,
                    ));
                }
                ident.end();
            }
        }
    }

    fn summary(world: &World, key: &str, ident: &Ident) -> Summary {
        Summary {
            id: key.to_owned(),
            vendor_id: ident.id.clone(),
            reference: ident.submitted.text("custom_id").map(ToString::to_string),
            state: ident.word().to_owned(),
            is_over: ident.is_over(),
            hand_off: (!ident.gone).then(|| format!("{}/apply/{}", world.pages, ident.id)),
            message: None,
        }
    }

    fn person(world: &World, key: &str) -> Option<PersonPage> {
        let ident = world.cases.get(key).filter(|ident| !ident.gone)?;
        Some(pages::page(ident, world.account(&ident.partner)?))
    }

    /// The ident is in a review, so that the next webhook can be the last one. The account of
    /// `world` contains the address.
    fn sample(world: &mut World, _: &str, moment: &mut Moment<'_>) -> Result<String, String> {
        let account = world.first.clone();
        let project = account.active_project()?;
        let submitted = Submitted::sample(&project.id).map_err(|failure| failure.text)?;
        let id = api::add(world, &account, submitted, moment);
        if let Some(ident) = world.cases.get_mut(&id) {
            ident.answer(&account);
            ident.reach(&account.statuses.in_review, moment.now, &account);
        }
        Ok(id)
    }

    fn view(_: &World, _: &str, ident: &Ident) -> Value {
        let status = |(at, status): &(Timestamp, Status)| json!({ "id": status.id, "word": status.word, "at": at.to_string() });
        json!({
            "partner": ident.partner,
            "project_id": ident.submitted.text("project_id"),
            "custom_id": ident.submitted.text("custom_id"),
            "statuses": ident.history.iter().map(status).collect::<Vec<_>>(),
            "finished": ident.finished,
            "gone": ident.gone,
            "not_uppercase": ident.submitted.not_uppercase,
            "unknown": ident.submitted.unknown,
        })
    }

    fn control(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Option<Result<Value, String>> {
        match (&request.method, path) {
            (&Method::DELETE, ["tokens"]) => {
                world.own.tokens.clear();
                Some(Ok(Value::Null))
            }
            (&Method::POST, ["idents", id, "status"]) => {
                Some(body(request).and_then(|status| set(world, id, &status, moment)))
            }
            _ => None,
        }
    }
}

/// The names whose values are neither personal data nor secrets. An IdentID opens the person's page,
/// so that it is not among them.
const PUBLIC: &[&str] = &[
    "appointment_date",
    "created_at",
    "messages",
    "PARTNER",
    "project_id",
    "response_status",
    "result",
    "status",
    "status_id",
    "type_of_id",
    "X-API-PARTNER",
];

/// Sets a status, known or not, and cancels all planned events.
fn set(
    world: &mut World,
    id: &str,
    status: &Status,
    moment: &mut Moment<'_>,
) -> Result<Value, String> {
    let (ident, account) = world.find_open(id)?;
    *ident.attempt() += 1;
    moment
        .callbacks
        .extend(ident.reach(status, moment.now, account));
    world.view(id)
}

/// Returns the response of a refusal. The document shows no body for it, so it is the body of a
/// success without data. With the account's setting, the HTTP status is 200.
fn refuse(failure: &Failure, account: &Account) -> Answer {
    if account.failures_in_200 {
        let code = failure.status().as_u16();
        let body = json!({ "result": false, "response_status": code, "messages": [failure.text] });
        return failure.mark(Answer::json(StatusCode::OK, &body));
    }
    let body = json!({ "result": false, "messages": [failure.text] });
    failure.mark(Answer::json(failure.status(), &body))
}
