//! Identify24 VideoIdent 1.0.1 by its document.

pub(crate) mod account;
mod api;
pub(crate) mod control;
mod create;
mod failure;
pub(crate) mod handle;
mod ident;
mod render;
pub(crate) mod scenario;
mod token;

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::{Account, Project, Status};
use self::ident::Ident;
use self::scenario::Effect;
use self::token::Tokens;
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::scenario::{Ending, Step};
use crate::vendor::{Part, Setting, with_secret};
use crate::world::State;

/// The life of an ident ("Lifetime").
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// The context of a request, and its effects beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Everything at the vendor.
#[derive(Debug)]
pub(crate) struct World {
    accounts: Vec<Account>,
    tokens: Tokens,
    /// By ident_id.
    idents: HashMap<String, Ident>,
    /// The address of the pages that persons visit.
    pages: String,
}

/// Something that is to happen to an ident.
#[derive(Debug, Clone)]
pub(crate) enum Planned {
    /// A part of a scenario: of the ident with this id, in this attempt.
    Act(String, u32, Effect),
    /// The ident's lifetime is over.
    EndOfLife(String),
}

impl Part for World {
    type Planned = Planned;

    const ID: &'static str = "identify24";
    const NAME: &'static str = "Identify24";
    // The API, and the pages that persons visit.
    const HOSTS: &'static [&'static str] = &["api.identify24.de", "identify24.de"];
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const VERIFICATIONS: &'static str = "idents";
    const CREATE: &'static str = "/ident/create";
    const POLL: &'static str = "/ident/get";

    fn new() -> Self {
        Self {
            accounts: Self::initial_accounts().into(),
            tokens: Tokens::default(),
            idents: HashMap::new(),
            pages: "https://identify24.de".to_owned(),
        }
    }

    fn serve_pages_at(&mut self, base: String) {
        self.pages = base;
    }

    fn pages(&self) -> &str {
        &self.pages
    }

    fn ids(&self) -> Vec<String> {
        let mut idents: Vec<&Ident> = self.idents.values().collect();
        idents.sort_by_key(|ident| ident.number);
        idents.into_iter().map(|ident| ident.id.clone()).collect()
    }

    fn settings(&self, base: &str) -> Vec<Setting> {
        let account = self.accounts.first().cloned().unwrap_or_default();
        let project = account.projects.first().map(|project| project.id.clone()).unwrap_or_default();
        let words = &account.statuses;
        // The document shows one word alone, so each account teaches its own.
        let meanings = [
            (&words.aborted, "awaiting_person"),
            (&words.in_review, "in_review"),
            (&words.fraud_suspected, "in_review"),
            (&words.identified, "verified"),
            (&words.rejected, "rejected"),
            (&words.canceled, "canceled"),
            (&words.expired, "expired"),
        ];
        let statuses: Vec<String> = meanings.map(|(status, meaning)| format!("{} = {meaning}", status.word)).into();
        vec![
            Setting::plain("partner", account.partner),
            Setting::plain("project_id", project),
            Setting::plain("base_url", base),
            Setting::plain("statuses", statuses.join(", ")),
            Setting::secret("api_key", account.api_key),
            Setting::callback_secret(),
        ]
    }

    fn report_to(&mut self, url: &str, _: &mut Moment<'_>) -> Result<(), String> {
        let account = self.accounts.first().cloned().unwrap_or_default();
        Ok(self.configure(Account { callback_url: Some(with_secret(url)), ..account })?)
    }

    fn forgery(&self, reference: &str, id: &str) -> (String, Option<Value>) {
        (String::new(), Some(json!({ "ident_id": id, "custom_id": reference, "status_id": "5", "status": "Identified" })))
    }

    fn play(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        self.act(id, scenario, None, moment)
    }

    fn control(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
        control::handle(state, now, request, rest)
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let text = if code == 401 { "Token expired" } else { "Internal error" };
        // A planned status is that of the answer; if the fault says so, it is in the body as in the samples.
        let body = match code {
            500 => json!({ "result": false, "messages": [text] }),
            _ => json!({ "result": false, "response_status": code, "messages": [text] }),
        };
        Answer::json(status, &body)
    }

    /// The time before a webhook is tried again; `None` if it is given up.
    fn again(tries: u32, _since_first_try: Duration) -> Option<Duration> {
        let minutes = match tries {
            0 => 1,
            1 => 5,
            2 => 30,
            _ => return None,
        };
        Some(Duration::from_secs(minutes * 60))
    }
    fn handle(&mut self, request: &Incoming, moment: &mut Moment<'_>) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["apply", id] if request.method == Method::GET => self.page(id),
            path => api::handle(self, request, path, moment).unwrap_or_else(|failure| {
                let partner = request.header("X-API-PARTNER").and_then(|partner| self.account(partner));
                let account = partner.or_else(|| self.accounts.first());
                if account.is_some_and(|account| account.failures_in_200) { failure.inside() } else { failure.answer() }
            }),
        }
    }

    fn happen(&mut self, planned: &Planned, moment: &mut Moment<'_>) {
        match planned {
            Planned::Act(id, attempt, effect) => {
                let Some((ident, account)) = self.find(id).filter(|(ident, _)| ident.attempt == *attempt) else { return };
                match effect {
                    Effect::Call => ident.agent_name = Some(account.agent_name),
                    Effect::Correct => {
                        let name = ident.submitted.text("person_last_name").unwrap_or_default();
                        let corrected = format!("{name}-BEISPIEL");
                        ident.submitted.correct("person_last_name", &corrected);
                        ident.agent_notes = Some("person_last_name corrected by the document".to_owned());
                    }
                    Effect::Refuse(reason) => ident.reject_reason = Some(reason.clone()),
                    Effect::Status(status, is_last) => {
                        ident.finished = *is_last;
                        moment.callbacks.extend(ident.reach(status, moment.now, &account));
                    }
                }
            }
            Planned::EndOfLife(id) => {
                let Some((ident, account)) = self.find(id) else { return };
                if !ident.finished {
                    let expired = account.statuses.expired.clone();
                    moment.callbacks.extend(ident.reach(&expired, moment.now, &account));
                }
                ident.end();
            }
        }
    }
}

impl World {
    /// The accounts before they are configured.
    pub(crate) fn initial_accounts() -> [Account; 2] {
        // A second partner, so that reaching for another's ident can be tried.
        let second = Account {
            partner: "second".to_owned(),
            api_key: "secondApiKey".to_owned(),
            projects: vec![Project::new("8", "Second business", "Active")],
            ..Account::default()
        };
        [Account::default(), second]
    }

    /// The number of idents.
    pub(crate) fn idents(&self) -> usize {
        self.idents.len()
    }

    /// An account by its partner's name.
    pub(crate) fn account(&self, partner: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.partner == partner)
    }

    /// Changes an account's settings.
    pub(crate) fn configure(&mut self, account: Account) -> Result<(), &'static str> {
        if account.callback_url.as_deref().is_some_and(|url| !crate::callback::is_loopback(url)) {
            return Err("callbacks go to the loopback interface only");
        }
        if account.statuses.all().iter().any(|status| status.word.is_empty()) || account.unknown_status.word.is_empty() {
            return Err("a status must have a word");
        }
        if account.statuses.all().iter().any(|status| status.word == account.unknown_status.word) {
            return Err("the word of unknown_status must be none of those of the statuses");
        }
        let known = self.accounts.iter_mut().find(|known| known.partner == account.partner);
        *known.ok_or("there is no such account")? = account;
        Ok(())
    }

    /// Lets the person and the agents act out a scenario.
    pub(crate) fn act(
        &mut self,
        id: &str,
        scenario: &str,
        reason: Option<&str>,
        moment: &mut Moment<'_>,
    ) -> Result<Vec<Step>, &'static str> {
        let (ident, account) = self.find(id).ok_or("there is no such ident")?;
        if ident.finished {
            return Err("the ident is finished");
        }
        let left = later(ident.created, LIFETIME).duration_since(moment.now).as_secs().try_into().unwrap_or_default();
        let plan = scenario::plan(scenario, reason, &account, left).ok_or("there is no such scenario")?;
        ident.attempt += 1;
        for (after, effect) in plan.effects {
            let planned = Planned::Act(ident.id.clone(), ident.attempt, effect);
            moment.planned.push((later(moment.now, Duration::from_secs(after)), planned));
        }
        Ok(plan.steps)
    }

    /// Sets a status, known or not; nothing that was planned happens any more.
    fn set(&mut self, id: &str, status: &Status, moment: &mut Moment<'_>) -> Result<(), &'static str> {
        let (ident, account) = self.find(id).ok_or("there is no such ident")?;
        if ident.finished {
            return Err("the ident is finished");
        }
        ident.attempt += 1;
        moment.callbacks.extend(ident.reach(status, moment.now, &account));
        Ok(())
    }

    /// What the person's browser sees at `conference_url`.
    fn page(&self, id: &str) -> Answer {
        match self.idents.get(id) {
            Some(ident) if ident.gone => Answer::page(StatusCode::NOT_FOUND, "There is nothing here."),
            Some(ident) if ident.finished => Answer::page(StatusCode::OK, "This identification is finished."),
            Some(_) => Answer::page(StatusCode::OK, "Please hold your identity card ready. An agent will be with you shortly."),
            None => Answer::page(StatusCode::NOT_FOUND, "There is nothing here."),
        }
    }

    fn find(&mut self, id: &str) -> Option<(&mut Ident, Account)> {
        let ident = self.idents.get_mut(id)?;
        let account = self.accounts.iter().find(|account| account.partner == ident.partner)?.clone();
        Some((ident, account))
    }
}
