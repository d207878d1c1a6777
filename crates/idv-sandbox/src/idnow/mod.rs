//! The emulator of IDnow's gateway API v1, document version 2018-11-15.

pub(crate) mod account;
mod api;
pub(crate) mod archive;
mod case;
mod client;
mod copies;
mod documents;
mod failure;
mod form;
pub(crate) mod handle;
mod link;
mod pages;
mod person;
mod render;
mod routes;
mod rules;
mod sample;
pub(crate) mod scenario;
mod signature;
mod start;

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use self::account::{Account, CallbackKind};
use self::case::{Case, Outcome};
use self::documents::{Definitions, instances, is_missing_any};
use self::failure::Failure;
use self::scenario::Effect;
use crate::callback::Callback;
use crate::client::Client;
use crate::clock::later;
use crate::control::body;
use crate::exchange::{Answer, Incoming};
use crate::part::{self, CallbackSubject, Part, Summary, Verification as _};
use crate::person::PersonPage;
use crate::rule::{Route, Rule};
use crate::scenario::{Ending, Plan};
use crate::state;
use crate::token::Tokens;
use crate::vendor::{Setting, with_secret};

/// The retention of an identification, from its creation or its end. The document does not state
/// it; the vendor's support pages do.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The time for attempts at a callback (14.6).
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The lifetime of an unused login token (8.1.1).
const TOKEN_IDLE: Duration = Duration::from_secs(3600);

/// The context of a request, and its effects beside the response.
pub(crate) type Moment<'a> = state::Moment<'a, Effect>;

/// The state of IDnow. [`key`] builds the keys of identifications.
pub(crate) type World = part::World<Own>;

/// The vendor's own state.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// The document definitions by company, in display order.
    definitions: HashMap<String, Definitions>,
    /// The tracking ids with which persons opened the web form before the identification exists
    /// (6.1.3), by its key.
    awaited: HashMap<String, String>,
    tokens: Tokens,
}

/// Returns the key of an identification. A transaction number contains no slash, and its case does
/// not matter (3.2.6).
fn key(company: &str, transaction_number: &str) -> String {
    format!("{company}/{}", transaction_number.to_ascii_lowercase())
}

impl Part for Own {
    type Account = Account;
    type Case = Case;
    type Effect = Effect;

    const ID: &'static str = "idnow";
    const NAME: &'static str = "IDnow";
    // All data centres (1.5, 3.2.2, 4.4), and a further known region.
    const HOSTS: &'static [&'static str] = &[
        "gateway.idnow.de",
        "gateway.test.idnow.de",
        "api.test.idnow.de",
        "go.idnow.de",
        "go.test.idnow.de",
        "gateway.online-ident.ch",
        "go.online-ident.ch",
        "gateway.idnow.ae",
    ];
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const REASONS: bool = true;
    const OWN_ROUTES: &'static [(&'static str, &'static str, &'static str)] =
        &[("DELETE", "tokens", "Invalidates every login token")];
    const VERIFICATION: &'static str = "identification";
    const CREATE: &'static str = "/start";
    const POLL: &'static str = "/identifications/";
    const MAILS: Option<(Duration, Duration)> = Some((Duration::from_secs(10), GIVE_UP_AFTER));
    const ROUTES: &'static [Route] = routes::ROUTES;
    const RULES: &'static [&'static Rule] = rules::ALL;
    const PUBLIC: &'static [&'static str] = routes::PUBLIC;
    const STEPS: &'static [(&'static str, &'static str)] = scenario::STEPS;
    const ABANDON: &'static str = "person-aborts";
    const DELETES: bool = true;
    const EVENTS: &'static [(&'static str, &'static str)] = sample::EVENTS;

    /// Accepts the Ident-ID or the transaction number of the first account, or a company and a
    /// transaction number with a slash between them.
    fn key(world: &World, id: &str) -> String {
        if let Some((company, transaction_number)) = id.split_once('/') {
            return key(company, transaction_number);
        }
        let known = world
            .cases
            .values()
            .find(|case| case.company == world.first.company && case.ident_id == id);
        key(
            &world.first.company,
            known.map_or(id, |case| &case.transaction_number),
        )
    }

    /// Returns the transaction numbers of the first account, the only keys that clients know.
    fn ids(world: &World) -> Vec<String> {
        let own = world
            .cases
            .values()
            .filter(|case| case.company == world.first.company);
        own.map(|case| case.transaction_number.clone()).collect()
    }

    fn settings(world: &World, base: &str) -> Vec<Setting> {
        vec![
            Setting::plain("company", &world.first.company),
            Setting::plain("gateway_url", base),
            Setting::plain("go_url", base),
            Setting::secret(
                "api_key",
                world.first.api_keys.first().cloned().unwrap_or_default(),
            ),
            Setting::callback_secret(),
        ]
    }

    fn report_to(world: &mut World, url: &str, moment: &mut Moment<'_>) -> Result<(), String> {
        moment.reach.demand(Some(url))?;
        world.first.callback_url = Some(with_secret(url));
        Ok(())
    }

    fn forgery(world: &World, reference: &str, ident_id: &str) -> (String, Option<Value>) {
        let body = json!({
            "identificationprocess": {
                "result": "SUCCESS",
                "companyid": world.first.company,
                "transactionnumber": reference,
                "id": ident_id,
                "identificationtime": "2026-01-01T00:00:00Z",
            },
            "userdata": { "lastname": { "status": "MATCH", "value": "IMPOSTOR" } },
        });
        (String::new(), Some(body))
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let cause = if code == 401 {
            "INVALID_LOGIN_TOKEN"
        } else {
            "INTERNAL_SERVER_ERROR"
        };
        Answer::json_with_charset(status, &json!({ "errors": [{ "cause": cause }] }))
    }

    /// See section 14.6.
    fn again(tries: u32, since_first_try: Duration) -> Option<Duration> {
        let wait = Duration::from_secs(1_u64.checked_shl(tries)?);
        (since_first_try.saturating_add(wait) <= GIVE_UP_AFTER).then_some(wait)
    }

    /// See section 14.6.2.
    fn is_outdated(world: &World, subject: &CallbackSubject) -> bool {
        let result = world
            .cases
            .get(&subject.key)
            .and_then(|case| case.result.as_ref());
        result.is_none_or(|result| result.at != subject.result_at)
    }

    fn plan(
        scenario: &str,
        reason: Option<&str>,
        case: &mut Case,
        account: &Account,
        _: Timestamp,
    ) -> Result<Plan<Effect>, &'static str> {
        let plan =
            scenario::plan(scenario, reason, &account.unknown_status).ok_or("unknown scenario")?;
        if !scenario::is_for(scenario, case.is_e_signing()) {
            return Err(
                "the scenario does not suit the identification, which has documents to sign or lacks them",
            );
        }
        if is_missing_any(&case.documents) {
            return Err("a document to sign is missing");
        }
        Ok(plan)
    }

    fn step(
        name: &str,
        case: &mut Case,
        account: &Account,
        _: Timestamp,
    ) -> Result<Plan<Effect>, &'static str> {
        let plan = scenario::step(name, case, &account.unknown_status)?;
        if is_missing_any(&case.documents) {
            return Err("a document to sign is missing");
        }
        Ok(plan)
    }

    fn person(world: &World, key: &str) -> Option<PersonPage> {
        person::page(world, key)
    }

    fn return_address(world: &World, key: &str) -> Option<String> {
        person::return_address(world, key)
    }

    fn sample(world: &mut World, _: &str, moment: &mut Moment<'_>) -> Result<String, String> {
        sample::create(world, moment)
    }

    fn create(client: &mut Client<'_, Self>, reference: &str) -> Result<String, String> {
        client::create(client, reference)
    }

    fn delete(client: &mut Client<'_, Self>, id: &str) -> Result<(), String> {
        client::delete(client, id)
    }

    fn handle(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Answer {
        match (&request.method, path) {
            (&Method::GET, ["system_check"]) => Answer::new(
                StatusCode::OK,
                "text/plain; charset=utf-8",
                "SYSTEM_CHECK_OK",
            ),
            (_, ["api", "v1", company, rest @ ..]) => {
                let id = moment.random.number(1_000_000_000);
                let answer = api::handle(
                    &mut api::Call {
                        world,
                        request,
                        company,
                        moment,
                    },
                    rest,
                );
                answer
                    .unwrap_or_else(|failure| failure.answer(id))
                    .with_header("access-control-allow-origin", "*")
            }
            (&Method::GET | &Method::POST, [company, "userdata", rest @ ..])
                if has_form(world, company) && rest.len() < 2 =>
            {
                form::handle(world, request, company, rest.first().copied(), moment)
            }
            (&Method::GET, path) => pages::handle(world, request, path, moment),
            (&Method::POST, [_, "userdata"] | [_, "userdata", _]) => {
                Failure::by(&rules::WEB_FORM).answer(moment.random.number(1_000_000_000))
            }
            _ => Failure::by(&rules::PATH).answer(moment.random.number(1_000_000_000)),
        }
    }

    fn happen(world: &mut World, key: &str, effect: Effect, moment: &mut Moment<'_>) {
        let Some((case, account, _)) = world.find(key) else {
            return;
        };
        let (word, reason, manner) = match effect {
            Effect::Forget => {
                if case.ends_at().is_some_and(|end| moment.now >= end) {
                    world.cases.remove(key);
                }
                return;
            }
            Effect::Result {
                word,
                reason,
                manner,
            } => (word, reason, manner),
        };
        let previous = case
            .result
            .as_ref()
            .filter(|result| result.is_preliminary())
            .map(|result| result.word.clone());
        let agent = if case.robot { "TROBOT" } else { "HMUELLER" };
        let outcome = Outcome {
            word,
            reason,
            previous,
            at: moment.now,
            agent: agent.to_owned(),
            manner,
        };
        let kind = match outcome.word.as_str() {
            "ABORTED" => CallbackKind::Aborted,
            "CANCELED" => CallbackKind::Canceled,
            _ if outcome.is_preliminary() => CallbackKind::Realtime,
            _ => CallbackKind::Final,
        };
        let wanted = account.callbacks.contains(&kind)
            && (kind != CallbackKind::Realtime || account.preliminary_results);
        if let Some(url) = account.callback_url.clone().filter(|_| wanted) {
            let body = render::json(case, account, &outcome);
            moment.callbacks.push(Callback {
                body: Some(("application/json; charset=utf-8", body.to_string().into())),
                subject: Some(CallbackSubject {
                    key: key.to_owned(),
                    result_at: moment.now,
                }),
                ..Callback::new(kind.name(), &case.transaction_number, Method::POST, url)
            });
        }
        if outcome.is_final() {
            moment.plan(later(moment.now, KEPT), key, Effect::Forget);
        }
        case.result = Some(outcome);
    }

    fn summary(world: &World, _: &str, case: &Case) -> Summary {
        let is_first = case.company == world.first.company;
        Summary {
            id: if is_first {
                case.transaction_number.clone()
            } else {
                key(&case.company, &case.transaction_number)
            },
            vendor_id: case.ident_id.clone(),
            reference: Some(case.transaction_number.clone()),
            state: case.state(),
            is_over: case.is_over(),
            hand_off: Some(format!("{}/{}", world.pages, case.ident_id)),
            message: None,
        }
    }

    fn view(_: &World, _: &str, case: &Case) -> Value {
        json!({
            "company": case.company,
            "transaction_number": case.transaction_number,
            "ident_id": case.ident_id,
            "result": case.result.as_ref().map(|result| result.word.as_str()),
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
            (&Method::GET, ["identifications"]) => {
                let mut keys: Vec<&String> = world.cases.keys().collect();
                keys.sort();
                Some(keys.into_iter().map(|key| world.view(key)).collect())
            }
            (&Method::POST, ["identifications", transaction, "act"]) => {
                Some(body(request).and_then(|asked| act(world, transaction, asked, moment)))
            }
            _ => None,
        }
    }
}

/// A scenario requested through the control plane.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// The scenario; by default the robot's case that the identification itself requests (15.3).
    #[serde(default)]
    scenario: Option<String>,
    /// The company; by default the first one.
    #[serde(default)]
    company: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// Lets the person and the agents act out a scenario.
fn act(
    world: &mut World,
    transaction: &str,
    asked: Act,
    moment: &mut Moment<'_>,
) -> Result<Value, String> {
    let key = key(
        asked.company.as_ref().unwrap_or(&world.first.company),
        transaction,
    );
    let robot = || {
        world
            .cases
            .get(&key)
            .and_then(Case::robot_case)
            .map(|(_, robot)| robot)
    };
    let scenario = asked
        .scenario
        .or_else(robot)
        .ok_or("missing `scenario`: the identification requests none")?;
    world
        .act(&key, &scenario, asked.reason.as_deref(), moment)
        .map(|steps| json!(steps))
}

/// Returns whether a company has the web form (4.2).
fn has_form(world: &World, company: &str) -> bool {
    world
        .account(company)
        .is_some_and(|account| account.web_form)
}

/// Returns a new Ident-ID. The test robots' ids begin with special letters.
fn ident_id(account: &Account, robot: bool, moment: &mut Moment<'_>) -> String {
    let code = if robot { "TST" } else { &account.short_code };
    format!("{code}-{}", moment.random.letters(5))
}

impl World {
    /// Creates or updates an identification (3.2.10). Returns whether it is new, and its Ident-ID.
    fn upsert(
        &mut self,
        account: &Account,
        transaction_number: &str,
        submitted: start::Submitted,
        moment: &mut Moment<'_>,
    ) -> Result<(bool, String), Failure> {
        let key = key(&account.company, transaction_number);
        if let Some(case) = self.cases.get_mut(&key) {
            if case.is_finished() {
                return Err(Failure::by(&rules::UNFINISHED));
            }
            case.submitted.extend(submitted.fields);
            case.questions.extend(submitted.questions);
            return Ok((false, case.ident_id.clone()));
        }
        let mut case = Case {
            company: account.company.clone(),
            created: moment.now,
            transaction_number: transaction_number.to_owned(),
            ident_id: String::new(),
            submitted: submitted.fields,
            questions: submitted.questions,
            result: None,
            tracking_id: self.own.awaited.remove(&key),
            attempt: 0,
            robot: false,
            robot_started: false,
            documents: self
                .own
                .definitions
                .get(&account.company)
                .filter(|_| account.e_sign)
                .map(instances)
                .unwrap_or_default(),
            archived: false,
        };
        case.robot = case.robot_case().is_some();
        case.ident_id = ident_id(account, case.robot, moment);
        let id = case.ident_id.clone();
        // The vendor deletes the identification if the person never comes.
        moment.plan(later(moment.now, KEPT), &key, Effect::Forget);
        self.cases.insert(key, case);
        Ok((true, id))
    }

    /// Returns a finished identification, which this rule requires.
    fn finished(
        &self,
        company: &str,
        transaction_number: &str,
        rule: &'static Rule,
    ) -> Result<&Case, Failure> {
        if transaction_number.is_empty() {
            return Err(Failure::missing_transaction());
        }
        let case = self.cases.get(&key(company, transaction_number));
        let case = case.ok_or_else(|| Failure::by(&rules::IDENTIFICATION))?;
        if case.is_finished() {
            Ok(case)
        } else {
            Err(Failure::by(rule))
        }
    }
}
