//! CM.com ID Scan v1 by its document.

pub(crate) mod account;
mod api;
mod bearer;
pub(crate) mod control;
mod create;
mod failure;
pub(crate) mod handle;
mod pages;
mod render;
pub(crate) mod scenario;
mod transaction;
mod webhook;

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::Account;
use self::scenario::Effect;
use self::transaction::{COMPLETED, EXPIRED, Outcome, PENDING, Scan, Transaction};
use self::webhook::Webhook;
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::scenario::{Ending, Step};
use crate::vendor::{Part, Setting};
use crate::world::State;

/// The context of a request, and its effects beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Everything at the vendor.
#[derive(Debug)]
pub(crate) struct World {
    accounts: Vec<Account>,
    /// By id.
    transactions: HashMap<String, Transaction>,
    webhooks: Vec<Webhook>,
    /// The address of the pages that persons visit.
    pages: String,
}

/// Something that is to happen to a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Planned {
    /// A part of a scenario: of the transaction with this id, in this attempt.
    Act(String, u32, Effect),
    /// The transaction's time is over.
    Expire(String),
}

impl Part for World {
    type Planned = Planned;

    const ID: &'static str = "cm-id-scan";
    const NAME: &'static str = "CM.com ID Scan";
    // The API, and the pages that persons visit.
    const HOSTS: &'static [&'static str] = &["api.cm.com", "id-scan.identity.cm.com"];
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const VERIFICATIONS: &'static str = "transactions";
    const CREATE: &'static str = "/transactions";
    const POLL: &'static str = "/transactions/";

    fn new() -> Self {
        Self {
            accounts: Self::initial_accounts().into(),
            transactions: HashMap::new(),
            webhooks: Vec::new(),
            pages: "https://id-scan.identity.cm.com".to_owned(),
        }
    }

    fn serve_pages_at(&mut self, base: String) {
        self.pages = base;
    }

    fn pages(&self) -> &str {
        &self.pages
    }

    fn ids(&self) -> Vec<String> {
        let mut transactions: Vec<&Transaction> = self.transactions.values().collect();
        transactions.sort_by_key(|transaction| transaction.number);
        transactions.into_iter().map(|transaction| transaction.id.clone()).collect()
    }

    fn settings(&self, base: &str) -> Vec<Setting> {
        let account = self.accounts.first().cloned().unwrap_or_default();
        vec![
            Setting::plain("key_id", account.key_id),
            Setting::plain("base_url", format!("{base}/id-scan/v1/")),
            // A day, which a person who tries it by hand needs while time flies.
            Setting::plain("expires_in", "86400"),
            Setting::secret("secret", account.secret),
            Setting::callback_secret(),
        ]
    }

    fn report_to(&mut self, url: &str, moment: &mut Moment<'_>) -> Result<(), String> {
        let key_id = self.accounts.first().map(|account| account.key_id.clone()).unwrap_or_default();
        self.webhooks = vec![Webhook::proven(moment.random.uuid(), key_id, url, moment.now)?];
        Ok(())
    }

    fn expect(&mut self, family_name: &str) {
        if let Some(account) = self.accounts.first_mut() {
            account.person = account::Person::erika(family_name);
        }
    }

    fn forgery(&self, _: &str, id: &str) -> (String, Option<Value>) {
        let transaction = json!({ "id": id, "state": "completed", "resultId": "00000000-0000-4000-8000-000000000000" });
        (String::new(), Some(json!({ "id": "1", "type": webhook::TRANSACTION, "transaction": transaction })))
    }

    fn play(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        self.act(id, scenario, moment)
    }

    fn control(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
        control::handle(state, now, request, rest)
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let text = if code == 401 { "Token expired" } else { "Internal error" };
        Answer::json(status, &json!({ "message": text }))
    }

    /// The document has a growing delay and no numbers.
    fn again(tries: u32, _since_first_try: Duration) -> Option<Duration> {
        const MINUTES: [u64; 6] = [1, 5, 15, 60, 360, 1440];
        let minutes = MINUTES.get(usize::try_from(tries).ok()?)?;
        Some(Duration::from_secs(minutes * 60))
    }

    fn handle(&mut self, request: &Incoming, moment: &mut Moment<'_>) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["id-scan", "v1", path @ ..] => api::handle(self, request, path, moment).unwrap_or_else(|failure| failure.answer()),
            path if request.method == Method::GET => pages::handle(self, path),
            _ => failure::Failure::not_found("there is no such route").answer(),
        }
    }

    fn happen(&mut self, planned: &Planned, moment: &mut Moment<'_>) {
        match planned {
            Planned::Act(id, attempt, effect) => {
                let known = self.transactions.get_mut(id).filter(|known| known.attempt == *attempt && !known.is_over());
                let Some(transaction) = known else { return };
                match effect {
                    Effect::Attempt => transaction.attempts += 1,
                    Effect::Scan(code, linked) => {
                        let files = std::array::from_fn(|_| api::opaque(moment));
                        transaction.scans.push(Scan { created: moment.now, code, linked: *linked, files });
                    }
                    Effect::Done(task) => {
                        transaction.done.push((*task).to_owned());
                        webhook::tell(&self.webhooks, transaction, Some(task), moment);
                    }
                    Effect::Complete(finding) => {
                        let account = self.accounts.iter().find(|account| account.key_id == transaction.key_id);
                        let person = account.map(|account| account.person.clone()).unwrap_or_default();
                        let person = person.found(*finding, transaction, moment.now);
                        transaction.state = COMPLETED.to_owned();
                        transaction.outcome = Some(Outcome {
                            result_id: moment.random.uuid(),
                            completed: moment.now,
                            finding: *finding,
                            person,
                            files: std::array::from_fn(|_| api::opaque(moment)),
                        });
                        webhook::tell(&self.webhooks, transaction, None, moment);
                    }
                    Effect::State(word) => {
                        transaction.state.clone_from(word);
                        webhook::tell(&self.webhooks, transaction, None, moment);
                    }
                }
            }
            Planned::Expire(id) => {
                let Some(transaction) = self.transactions.get_mut(id).filter(|known| known.is_pending()) else { return };
                transaction.attempt += 1;
                transaction.state = EXPIRED.to_owned();
                webhook::tell(&self.webhooks, transaction, None, moment);
            }
        }
    }
}

impl World {
    /// The accounts before they are configured.
    pub(crate) fn initial_accounts() -> [Account; 2] {
        // A second account, so that reaching for another's transaction can be tried.
        let second = Account {
            key_id: "5d1f6a4e-2b90-4c7e-9f33-8a1c0e7b6d52".to_owned(),
            secret: "secondSecretOfTheSandboxThatNobodyElseHas".to_owned(),
            ..Account::default()
        };
        [Account::default(), second]
    }

    /// The number of transactions.
    pub(crate) fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// The id of a transaction's result.
    pub(crate) fn result_id(&self, id: &str) -> Option<String> {
        self.transactions.get(id)?.outcome.as_ref().map(|outcome| outcome.result_id.clone())
    }

    /// An account by its key ID.
    pub(crate) fn account(&self, key_id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.key_id == key_id)
    }

    /// Changes an account's settings.
    pub(crate) fn configure(&mut self, account: Account) -> Result<(), &'static str> {
        if account.secret.is_empty() {
            return Err("the secret must not be empty");
        }
        if account.unknown_status.is_empty() || [PENDING, COMPLETED, EXPIRED].contains(&account.unknown_status.as_str()) {
            return Err("unknown_status must be a word, and none of the known states");
        }
        let known = self.accounts.iter_mut().find(|known| known.key_id == account.key_id);
        *known.ok_or("there is no such account")? = account;
        Ok(())
    }

    /// Lets the person act out a scenario.
    pub(crate) fn act(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        let transaction = self.transactions.get_mut(id).ok_or("there is no such transaction")?;
        let account = self.accounts.iter().find(|account| account.key_id == transaction.key_id);
        let unknown = account.map_or("", |account| account.unknown_status.as_str());
        if transaction.is_over() {
            return Err("the transaction is over");
        }
        let left = transaction.expires.duration_since(moment.now).as_secs().try_into().unwrap_or_default();
        let plan = scenario::plan(scenario, transaction, left, unknown)?;
        transaction.attempt += 1;
        // A person who comes again begins anew.
        transaction.done.clear();
        for (after, effect) in plan.effects {
            let planned = Planned::Act(transaction.id.clone(), transaction.attempt, effect);
            moment.planned.push((later(moment.now, Duration::from_secs(after)), planned));
        }
        Ok(plan.steps)
    }
}
