//! IDnow's gateway API v1 by its document, version 2018-11-15.

pub(crate) mod account;
mod api;
pub(crate) mod archive;
mod case;
pub(crate) mod control;
mod copies;
mod documents;
mod failure;
mod form;
pub(crate) mod handle;
mod link;
mod pages;
mod render;
pub(crate) mod scenario;
mod signature;
mod start;

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::{Account, CallbackKind};
use self::case::{Case, Outcome};
use self::documents::{Definitions, instances, is_missing_any};
use self::failure::Failure;
use self::scenario::Effect;
use crate::callback::{Callback, is_loopback};
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::scenario::{Ending, Step};
use crate::vendor::{Part, Setting, Told, with_secret};
use crate::world::State;

/// The life of an identification, counted from its creation or, once it is finished, from its end. It is not in the document, but on
/// the vendor's support pages.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The time in which a callback is tried (14.6).
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The life of a login token without use (8.1.1).
const TOKEN_IDLE: Duration = Duration::from_secs(3600);

/// Everything at IDnow.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) accounts: Vec<Account>,
    /// By company and lower-case transaction number: the vendor does not tell cases apart (3.2.6).
    pub(crate) cases: HashMap<(String, String), Case>,
    /// By company, in the order in which they are displayed.
    definitions: HashMap<String, Definitions>,
    /// The tracking ids with which a person opened the web form of an identification that is still to come (6.1.3).
    awaited: HashMap<(String, String), String>,
    tokens: HashMap<String, Token>,
    /// The number of identifications that were ever created.
    created: u64,
}

#[derive(Debug)]
struct Token {
    company: String,
    last_used: Timestamp,
}

/// The context of a request, and its effects beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Something that is to happen to an identification.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    key: (String, String),
    /// Which identification: another one may come under the same transaction number when this one is deleted.
    ident_id: String,
    attempt: u32,
    effect: Effect,
}

impl Part for World {
    type Planned = Planned;

    const ID: &'static str = "idnow";
    const NAME: &'static str = "IDnow";
    // All data centres (1.5, 3.2.2, 4.4), and the further region that is known.
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
    const VERIFICATIONS: &'static str = "identifications";
    const CREATE: &'static str = "/start";
    const POLL: &'static str = "/identifications/";
    const MAILS: Option<(Duration, Duration)> = Some((Duration::from_secs(10), GIVE_UP_AFTER));

    fn new() -> Self {
        Self { accounts: Self::initial_accounts().into(), ..Self::default() }
    }

    /// The transaction numbers of the first account: clients know no other key.
    fn ids(&self) -> Vec<String> {
        let company = self.accounts.first().map(|account| account.company.as_str()).unwrap_or_default();
        let own = self.cases.iter().filter(|((of, _), _)| of == company);
        let mut cases: Vec<&Case> = own.map(|(_, case)| case).collect();
        cases.sort_by_key(|case| case.number);
        cases.into_iter().map(|case| case.transaction_number.clone()).collect()
    }

    fn settings(&self, base: &str) -> Vec<Setting> {
        let account = self.accounts.first().cloned().unwrap_or_default();
        vec![
            Setting::plain("company", account.company),
            Setting::plain("gateway_url", base),
            Setting::plain("go_url", base),
            Setting::secret("api_key", account.api_keys.into_iter().next().unwrap_or_default()),
            Setting::callback_secret(),
        ]
    }

    fn report_to(&mut self, url: &str, _: &mut Moment<'_>) -> Result<(), String> {
        if !is_loopback(url) {
            return Err("callbacks go to the loopback interface only".to_owned());
        }
        if let Some(account) = self.accounts.first_mut() {
            account.callback_url = Some(with_secret(url));
        }
        Ok(())
    }

    fn forgery(&self, reference: &str, ident_id: &str) -> (String, Option<Value>) {
        let body = json!({
            "identificationprocess": {
                "result": "SUCCESS",
                "companyid": self.accounts.first().map(|account| account.company.as_str()),
                "transactionnumber": reference,
                "id": ident_id,
                "identificationtime": "2026-01-01T00:00:00Z",
            },
            "userdata": { "lastname": { "status": "MATCH", "value": "IMPOSTOR" } },
        });
        (String::new(), Some(body))
    }

    fn play(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        let company = self.accounts.first().map(|account| account.company.clone()).unwrap_or_default();
        let known = self.cases.iter().find(|((of, _), case)| *of == company && case.ident_id == id);
        let transaction_number = known.map_or_else(|| id.to_owned(), |(_, case)| case.transaction_number.clone());
        self.act(&company, &transaction_number, Some(scenario), None, moment)
    }

    fn control(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
        control::handle(state, now, request, rest)
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let cause = if code == 401 { "INVALID_LOGIN_TOKEN" } else { "INTERNAL_SERVER_ERROR" };
        Answer::json_with_charset(status, &json!({ "errors": [{ "cause": cause }] }))
    }

    /// By 14.6.
    fn again(tries: u32, since_first_try: Duration) -> Option<Duration> {
        let wait = Duration::from_secs(1_u64.checked_shl(tries)?);
        (since_first_try.saturating_add(wait) <= GIVE_UP_AFTER).then_some(wait)
    }

    /// By 14.6.2.
    fn is_outdated(&self, told: &Told) -> bool {
        let result = self.cases.get(&told.key).and_then(|case| case.result.as_ref());
        result.is_none_or(|result| result.at != told.result_at)
    }

    fn handle(&mut self, request: &Incoming, moment: &mut Moment<'_>) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (&request.method, segments.as_slice()) {
            (&Method::GET, ["system_check"]) => Answer::new(StatusCode::OK, "text/plain; charset=utf-8", "SYSTEM_CHECK_OK"),
            (_, ["api", "v1", company, rest @ ..]) => {
                let company = (*company).to_owned();
                let id = moment.random.number(1_000_000_000);
                let answer = api::handle(self, request, &company, rest, moment);
                answer.unwrap_or_else(|failure| failure.answer(id)).with_header("access-control-allow-origin", "*")
            }
            (&Method::GET | &Method::POST, [company, "userdata", rest @ ..]) if self.has_form(company) && rest.len() < 2 => {
                form::handle(self, request, company, rest.first().copied(), moment)
            }
            (&Method::GET, path) => pages::handle(self, request, path, moment),
            _ => Failure::not_found().answer(moment.random.number(1_000_000_000)),
        }
    }

    fn happen(&mut self, planned: &Planned, moment: &mut Moment<'_>) {
        let Some(account) = self.accounts.iter().find(|account| account.company == planned.key.0).cloned() else { return };
        let case = self.cases.get_mut(&planned.key).filter(|case| case.ident_id == planned.ident_id);
        let Some(case) = case else { return };
        if case.attempt != planned.attempt && planned.effect != Effect::Forget {
            return;
        }
        let (word, reason, manner) = match planned.effect.clone() {
            Effect::Forget => {
                let over = |result: &Outcome| result.is_final() && moment.now >= later(result.at, KEPT);
                if case.result.as_ref().is_none_or(|result| result.word == "ABORTED" || over(result)) {
                    self.cases.remove(&planned.key);
                }
                return;
            }
            Effect::Result { word, reason, manner } => (word, reason, manner),
        };
        let previous = case.result.as_ref().filter(|result| result.is_preliminary()).map(|result| result.word.clone());
        let agent = if case.robot { "TROBOT" } else { "HMUELLER" };
        let outcome = Outcome { word, reason, previous, at: moment.now, agent: agent.to_owned(), manner };
        let kind = match outcome.word.as_str() {
            "ABORTED" => CallbackKind::Aborted,
            "CANCELED" => CallbackKind::Canceled,
            _ if outcome.is_preliminary() => CallbackKind::Realtime,
            _ => CallbackKind::Final,
        };
        let wanted = account.callbacks.contains(&kind) && (kind != CallbackKind::Realtime || account.preliminary_results);
        if let Some(url) = account.callback_url.clone().filter(|_| wanted) {
            let body = render::json(case, &account, &outcome);
            moment.callbacks.push(Callback {
                kind: kind.name(),
                reference: case.transaction_number.clone(),
                method: Method::POST,
                url,
                headers: Vec::new(),
                body: Some(("application/json; charset=utf-8", body.to_string().into())),
                told: Some(Told { key: planned.key.clone(), result_at: moment.now }),
            });
        }
        if outcome.is_final() {
            moment.planned.push((later(moment.now, KEPT), Planned { effect: Effect::Forget, ..planned.clone() }));
        }
        case.result = Some(outcome);
    }
}

impl World {
    /// The accounts before they are configured.
    pub(crate) fn initial_accounts() -> [Account; 2] {
        // A second company, so that reaching for another's identification can be tried (SECURITY_VIOLATION).
        let second = Account {
            company: "testbank".into(),
            api_keys: vec!["testbankApiKey".into()],
            short_code: "XKH".into(),
            name: "Testbank AG".into(),
            ..Account::default()
        };
        [Account::default(), second]
    }

    pub(crate) fn account(&self, company: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.company == company)
    }

    /// Whether the web form is activated for a company (4.2).
    fn has_form(&self, company: &str) -> bool {
        self.account(company).is_some_and(|account| account.web_form)
    }

    /// Creates or updates an identification (3.2.10). Returns whether it is new, and its Ident-ID.
    fn upsert(
        &mut self,
        account: &Account,
        transaction_number: &str,
        submitted: start::Submitted,
        moment: &mut Moment<'_>,
    ) -> Result<(bool, String), Failure> {
        let key = (account.company.clone(), transaction_number.to_ascii_lowercase());
        if let Some(case) = self.cases.get_mut(&key) {
            if case.is_finished() {
                return Err(Failure::finished());
            }
            case.submitted.extend(submitted.fields);
            case.questions.extend(submitted.questions);
            return Ok((false, case.ident_id.clone()));
        }
        self.created += 1;
        let mut case = Case {
            number: self.created,
            transaction_number: transaction_number.to_owned(),
            ident_id: String::new(),
            submitted: submitted.fields,
            questions: submitted.questions,
            result: None,
            tracking_id: self.awaited.remove(&key),
            attempt: 0,
            robot: false,
            robot_started: false,
            documents: self.definitions.get(&account.company).filter(|_| account.e_sign).map(instances).unwrap_or_default(),
            archived: false,
        };
        case.robot = case.robot_case().is_some();
        case.ident_id = Self::ident_id(account, case.robot, moment);
        let id = case.ident_id.clone();
        self.cases.insert(key.clone(), case);
        // Nobody waits for a person for ever.
        let forget = Planned { key, ident_id: id.clone(), attempt: 0, effect: Effect::Forget };
        moment.planned.push((later(moment.now, KEPT), forget));
        Ok((true, id))
    }

    /// A new Ident-ID. The test robots' begin with letters of their own.
    fn ident_id(account: &Account, robot: bool, moment: &mut Moment<'_>) -> String {
        let code = if robot { "TST" } else { &account.short_code };
        format!("{code}-{}", moment.random.letters(5))
    }

    /// An identification that is finished: of another one there is nothing to copy or archive.
    fn finished(&self, company: &str, transaction_number: &str) -> Result<&Case, Failure> {
        if transaction_number.is_empty() {
            return Err(Failure::missing_transaction());
        }
        let case = self.cases.get(&(company.to_owned(), transaction_number.to_ascii_lowercase()));
        let case = case.ok_or_else(Failure::not_found)?;
        if case.is_finished() { Ok(case) } else { Err(Failure::precondition()) }
    }

    /// Lets the person and the agents act out a scenario.
    pub(crate) fn act(
        &mut self,
        company: &str,
        transaction_number: &str,
        scenario: Option<&str>,
        reason: Option<&str>,
        moment: &mut Moment<'_>,
    ) -> Result<Vec<Step>, &'static str> {
        let key = (company.to_owned(), transaction_number.to_ascii_lowercase());
        let unknown = self.account(company).map(|account| account.unknown_status.clone()).unwrap_or_default();
        let case = self.cases.get_mut(&key).ok_or("there is no such identification")?;
        if case.is_finished() {
            return Err("the identification is finished");
        }
        let asked_for = case.robot_case().map(|(_, robot)| robot);
        let scenario = scenario.or(asked_for.as_deref()).ok_or("neither the request nor the identification names a scenario")?;
        let plan = scenario::plan(scenario, reason, &unknown).ok_or("there is no such scenario")?;
        if !scenario::is_for(scenario, case.is_e_signing()) {
            return Err("the scenario is not for such an identification: it has documents to sign, or none");
        }
        if is_missing_any(&case.documents) {
            return Err("a document to be signed was not uploaded");
        }
        case.attempt += 1;
        for (after, effect) in plan.effects {
            let ident_id = case.ident_id.clone();
            let planned = Planned { key: key.clone(), ident_id, attempt: case.attempt, effect };
            moment.planned.push((later(moment.now, Duration::from_secs(after)), planned));
        }
        Ok(plan.steps)
    }

    /// A new login token for a company.
    fn log_in(&mut self, company: &str, moment: &mut Moment<'_>) -> String {
        let token = moment.random.uuid();
        self.tokens.insert(token.clone(), Token { company: company.to_owned(), last_used: moment.now });
        token
    }

    /// The company that a login token is for, if it is alive; using it keeps it alive.
    fn token_company(&mut self, token: &str, now: Timestamp) -> Option<String> {
        let kept = self.tokens.get_mut(token)?;
        if now >= later(kept.last_used, TOKEN_IDLE) {
            self.tokens.remove(token);
            return None;
        }
        kept.last_used = now;
        Some(kept.company.clone())
    }

    /// Forgets every login token, as when the vendor restarts.
    pub(crate) fn forget_tokens(&mut self) {
        self.tokens.clear();
    }
}
