//! The emulator of CM.com ID Scan v1.

pub(crate) mod account;
mod api;
mod bearer;
mod client;
mod create;
pub(crate) mod handle;
mod pages;
mod render;
mod rules;
pub(crate) mod scenario;
#[cfg(test)]
mod tests;
mod transaction;
mod webhook;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::Account;
use self::create::Submitted;
use self::scenario::{Effect, Plan};
use self::transaction::{COMPLETED, EXPIRED, Outcome, Scan, Transaction};
use self::webhook::Webhook;
use crate::client::Client;
use crate::exchange::{Answer, Incoming};
use crate::failure::Failure;
use crate::part::{self, Part, Summary, Verification as _};
use crate::person::PersonPage;
use crate::rule::{Route, Rule};
use crate::scenario::Ending;
use crate::state;
use crate::vendor::Setting;

/// The context of a request, and its effects beside the response.
pub(crate) type Moment<'a> = state::Moment<'a, Effect>;

/// The state of the vendor.
pub(crate) type World = part::World<Own>;

/// The vendor's own state.
#[derive(Debug, Default)]
pub(crate) struct Own {
    webhooks: Vec<Webhook>,
}

impl Part for Own {
    type Account = Account;
    type Case = Transaction;
    type Effect = Effect;

    const ID: &'static str = "cm-id-scan";
    const NAME: &'static str = "CM.com ID Scan";
    // The API, and the pages for persons.
    const HOSTS: &'static [&'static str] = &["api.cm.com", "id-scan.identity.cm.com"];
    const PAGES: &'static str = "https://id-scan.identity.cm.com";
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const OWN_ROUTES: &'static [(&'static str, &'static str, &'static str)] = &[
        ("GET", "webhooks", "Lists the webhooks"),
        ("DELETE", "webhooks", "Removes the webhooks"),
    ];
    const VERIFICATION: &'static str = "transaction";
    const CREATE: &'static str = "/transactions";
    const POLL: &'static str = "/transactions/";
    /// The document mentions a growing delay without numbers.
    const RETRY_MINUTES: &'static [u64] = &[1, 5, 15, 60, 360, 1440];
    const ROUTES: &'static [Route] = rules::ROUTES;
    const RULES: &'static [&'static Rule] = rules::ALL;
    const PUBLIC: &'static [&'static str] = PUBLIC;
    const STEPS: &'static [(&'static str, &'static str)] = scenario::STEPS;
    /// The person begins and leaves. The document has no notification about it, so that the
    /// transaction stays pending until it expires.
    const ABANDON: &'static str = "never-finishes";
    const EVENTS: &'static [(&'static str, &'static str)] =
        &[(webhook::TRANSACTION, "happy"), (webhook::TASK, "happy")];

    fn settings(world: &World, base: &str) -> Vec<Setting> {
        vec![
            Setting::plain("key_id", &world.first.key_id),
            Setting::plain("base_url", format!("{base}/id-scan/v1/")),
            // A day, so that a person can try the sandbox by hand with a fast clock.
            Setting::plain("expires_in", "86400"),
            Setting::secret("secret", &world.first.secret),
            Setting::callback_secret(),
        ]
    }

    fn report_to(world: &mut World, url: &str, moment: &mut Moment<'_>) -> Result<(), String> {
        moment.reach.demand(Some(url))?;
        let key_id = world.first.key_id.clone();
        world.own.webhooks = vec![Webhook::proven(
            moment.random.uuid(),
            key_id,
            url,
            moment.now,
        )];
        Ok(())
    }

    fn expect(world: &mut World, family_name: &str) {
        world.first.person = account::Person::erika(family_name);
    }

    fn forgery(_: &World, _: &str, id: &str) -> (String, Option<Value>) {
        let transaction = json!({ "id": id, "state": "completed", "resultId": "00000000-0000-4000-8000-000000000000" });
        (
            String::new(),
            Some(json!({ "id": "1", "type": webhook::TRANSACTION, "transaction": transaction })),
        )
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let text = if code == 401 {
            "Token expired"
        } else {
            "Internal error"
        };
        Answer::json(status, &json!({ "message": text }))
    }

    fn plan(
        scenario: &str,
        _: Option<&str>,
        transaction: &mut Transaction,
        account: &Account,
        now: Timestamp,
    ) -> Result<Plan, &'static str> {
        let left = transaction
            .expires
            .duration_since(now)
            .as_secs()
            .try_into()
            .unwrap_or_default();
        let plan = scenario::plan(scenario, transaction, left, &account.unknown_status)?;
        // A person who returns starts again.
        transaction.done.clear();
        Ok(plan)
    }

    fn step(
        name: &str,
        transaction: &mut Transaction,
        account: &Account,
        _: Timestamp,
    ) -> Result<Plan, &'static str> {
        scenario::step(name, transaction, &account.unknown_status)
    }

    /// The page sends the person back when the transaction is completed.
    fn ends_visit(effect: &Effect) -> bool {
        matches!(effect, Effect::Complete(_))
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
            ["id-scan", "v1", path @ ..] => {
                api::handle(world, request, path, moment).unwrap_or_else(|failure| refuse(&failure))
            }
            path if request.method == Method::GET => pages::handle(world, path),
            _ => refuse(&Failure::by(&rules::ROUTE, "there is no such route")),
        }
    }

    fn happen(world: &mut World, id: &str, effect: Effect, moment: &mut Moment<'_>) {
        if let Some((transaction, account, own)) = world.find(id) {
            reach(transaction, account, effect, &own.webhooks, moment);
        }
    }

    fn summary(world: &World, key: &str, transaction: &Transaction) -> Summary {
        Summary {
            id: key.to_owned(),
            vendor_id: transaction.id.clone(),
            reference: None,
            state: scenario::state(transaction),
            is_over: transaction.is_over(),
            hand_off: Some(render::page(&world.pages, transaction)),
            message: None,
        }
    }

    fn person(world: &World, key: &str) -> Option<PersonPage> {
        let transaction = world.cases.get(key)?;
        Some(pages::page(transaction, false))
    }

    fn return_address(world: &World, key: &str) -> Option<String> {
        pages::return_address(world.cases.get(key)?, false)
    }

    /// The webhooks of `world` contain the address.
    fn sample(world: &mut World, _: &str, moment: &mut Moment<'_>) -> Result<String, String> {
        let submitted = Submitted::every_task().map_err(|failure| failure.text)?;
        let key_id = world.first.key_id.clone();
        Ok(api::add(world, &key_id, submitted, moment).id)
    }

    fn view(_: &World, _: &str, transaction: &Transaction) -> Value {
        let outcome = transaction.outcome.as_ref();
        json!({
            "key_id": transaction.key_id,
            "state": transaction.state,
            "expires": transaction.expires.to_string(),
            "tasks": transaction.submitted.tasks,
            "done": transaction.done,
            "attempts": transaction.attempts,
            "result_id": outcome.map(|outcome| outcome.result_id.as_str()),
            "completed": outcome.map(|outcome| outcome.completed.to_string()),
            "unknown": transaction.submitted.unknown,
        })
    }

    fn control(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        _: &mut Moment<'_>,
    ) -> Option<Result<Value, String>> {
        match (&request.method, path) {
            (&Method::GET, ["webhooks"]) => {
                Some(Ok(world.own.webhooks.iter().map(Webhook::render).collect()))
            }
            (&Method::DELETE, ["webhooks"]) => {
                world.own.webhooks.clear();
                Some(Ok(Value::Null))
            }
            _ => None,
        }
    }
}

/// The names whose values are neither personal data nor secrets. `url` contains the person's token,
/// and `name` the kind of the person's document.
const PUBLIC: &[&str] = &[
    "allowedExpiration",
    "attempts",
    "attemptsInvoiced",
    "captureSources",
    "category",
    "code",
    "comparison",
    "completed",
    "created",
    "createdAt",
    "events",
    "expires",
    "expiresIn",
    "extractFields",
    "field",
    "id",
    "level",
    "linked",
    "locale",
    "maximumAge",
    "message",
    "minimumAge",
    "mobileOnly",
    "redactFields",
    "resultId",
    "score",
    "source",
    "state",
    "tasks",
    "type",
    "updatedAt",
    "validateFields",
    "validity",
];

/// Applies an effect to a transaction and notifies its account's webhooks.
fn reach(
    transaction: &mut Transaction,
    account: &Account,
    effect: Effect,
    webhooks: &[Webhook],
    moment: &mut Moment<'_>,
) {
    let mut done = None;
    match effect {
        Effect::Attempt => {
            transaction.attempts += 1;
            return;
        }
        Effect::Scan(code, linked) => {
            let files = std::array::from_fn(|_| api::opaque(moment));
            transaction.scans.push(Scan {
                created: moment.now,
                code,
                linked,
                files,
            });
            return;
        }
        Effect::Done(task) => {
            transaction.done.push(task.to_owned());
            done = Some(task);
        }
        Effect::Complete(finding) => {
            transaction.state = COMPLETED.to_owned();
            transaction.outcome = Some(Outcome {
                result_id: moment.random.uuid(),
                completed: moment.now,
                finding,
                person: account
                    .person
                    .clone()
                    .found(finding, transaction, moment.now),
                files: std::array::from_fn(|_| api::opaque(moment)),
            });
        }
        Effect::State(word) => transaction.state = word,
        Effect::Expire if transaction.is_pending() => {
            *transaction.attempt() += 1;
            transaction.state = EXPIRED.to_owned();
        }
        Effect::Expire => return,
    }
    webhook::tell(webhooks, transaction, done, moment);
}

/// Returns the response of a refusal. The document promises JSON that describes the error, without
/// an example ("Error handling").
fn refuse(failure: &Failure) -> Answer {
    let answer = failure.mark(Answer::json(
        failure.status(),
        &json!({ "message": failure.text }),
    ));
    if failure.status() == StatusCode::UNAUTHORIZED {
        answer.with_header("www-authenticate", "Bearer")
    } else {
        answer
    }
}
