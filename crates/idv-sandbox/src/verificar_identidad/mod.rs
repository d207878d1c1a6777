//! VerificarIdentidad 3.0, Mensatek's identity verification, by its document.

pub(crate) mod account;
pub(crate) mod answer;
mod api;
mod block;
mod case;
mod certificate;
mod charset;
pub(crate) mod control;
mod finding;
pub(crate) mod handle;
mod pages;
mod parameters;
mod php;
mod report;
pub(crate) mod scenario;
mod send;

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::Account;
use self::block::Block;
use self::case::{Access, Case, estado};
use self::finding::Finding;
use crate::exchange::{Answer, Incoming};
use crate::scenario::{Ending, Step};
use crate::vendor::{CALLBACK_SECRET, Part, Setting, with_secret};
use crate::world::State;

/// The context of a request, and its effects beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Everything at the vendor.
#[derive(Debug)]
pub(crate) struct World {
    account: Account,
    /// By identifier.
    cases: HashMap<String, Case>,
    /// The requests whose message has come, in the order in which they came.
    messages: Vec<String>,
    block: Block,
    /// The address of the pages that persons visit.
    pages: String,
}

/// Something that is to happen to a request.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    id: String,
    /// Of which attempt it is a part; of none, where it happens in any case.
    attempt: Option<u32>,
    effect: Effect,
}

/// An event of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Effect {
    /// The message comes to the person's phone.
    Message,
    /// A status is reached.
    Status(i64),
    /// The finding of the process.
    Finding(Finding),
}

impl Part for World {
    type Planned = Planned;

    const ID: &'static str = "verificar-identidad";
    const NAME: &'static str = "VerificarIdentidad";
    // The API, and the pages that persons visit.
    const HOSTS: &'static [&'static str] = &["api.mensatek.com", "www.mensatek.com"];
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const VERIFICATIONS: &'static str = "requests";
    const CREATE: &'static str = "/VerificarIdentidad";
    const POLL: &'static str = "/VerificarIdentidad";

    fn new() -> Self {
        Self {
            account: Account::default(),
            cases: HashMap::new(),
            messages: Vec::new(),
            block: Block::default(),
            pages: "https://www.mensatek.com".to_owned(),
        }
    }

    fn serve_pages_at(&mut self, base: String) {
        self.pages = base;
    }

    fn pages(&self) -> &str {
        &self.pages
    }

    fn ids(&self) -> Vec<String> {
        let mut cases: Vec<&Case> = self.cases.values().collect();
        cases.sort_by_key(|case| case.number);
        cases.into_iter().map(|case| case.id.clone()).collect()
    }

    fn settings(&self, base: &str) -> Vec<Setting> {
        vec![
            Setting::plain("user", self.account.user.clone()),
            Setting::plain("base_url", base),
            Setting::secret("token", self.account.token.clone()),
            Setting::callback_secret(),
        ]
    }

    fn report_to(&mut self, url: &str, _: &mut Moment<'_>) -> Result<(), String> {
        let url = if self.account.report_user.is_some() { url.to_owned() } else { with_secret(url) };
        Ok(self.configure(Account { callback_url: Some(url), ..self.account.clone() })?)
    }

    fn prove_by_password(&mut self) -> Option<Vec<Setting>> {
        self.account.report_user = Some("sandbox".to_owned());
        self.account.report_password = CALLBACK_SECRET.to_owned();
        Some(vec![Setting::plain("callback_user", "sandbox"), Setting::secret("callback_password", CALLBACK_SECRET)])
    }

    fn expect(&mut self, family_name: &str) {
        self.account.person = account::Person::erika(family_name);
    }

    fn forgery(&self, _: &str, id: &str) -> (String, Option<Value>) {
        (String::new(), Some(json!({ "Servicio": "VERIFICACION_IDENTIDAD", "ID": id, "Estado": "5100" })))
    }

    fn play(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        self.act(id, scenario, moment)
    }

    fn control(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
        control::handle(state, now, request, rest)
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        Answer::json(status, &json!([{ "Res": if code == 401 { -1 } else { -5 } }]))
    }

    /// The document is silent: three times more.
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
            ["vi", token] => pages::handle(self, request, token, moment),
            ["v7", function] | [function] => api::handle(self, request, function, moment),
            _ => api::nothing_here(),
        }
    }

    fn happen(&mut self, planned: &Planned, moment: &mut Moment<'_>) {
        let Some(case) = self.cases.get_mut(&planned.id) else { return };
        if planned.attempt.is_some_and(|attempt| attempt != case.attempt) {
            return;
        }
        match planned.effect {
            Effect::Message => self.deliver(&planned.id),
            Effect::Status(status) => self.reach(&planned.id, status, moment),
            Effect::Finding(finding) => case.finding = finding,
        }
    }
}

impl World {
    /// The number of requests.
    pub(crate) fn requests(&self) -> usize {
        self.cases.len()
    }

    pub(crate) const fn account(&self) -> &Account {
        &self.account
    }

    /// Changes the account's settings.
    pub(crate) fn configure(&mut self, account: Account) -> Result<(), &'static str> {
        account.check()?;
        self.account = account;
        Ok(())
    }

    /// Lets the person and the vendor's people act out a scenario, in place of what was planned before.
    pub(crate) fn act(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        let case = self.cases.get_mut(id).ok_or("there is no such request")?;
        if case.is_final() {
            return Err("the request is finished");
        }
        let plan = scenario::plan(scenario, case, &self.account, moment.now)?;
        case.attempt += 1;
        let (steps, planned) = plan.planned(case, moment.now);
        moment.planned.extend(planned);
        Ok(steps)
    }

    /// The messages that have come to phones, in their order.
    pub(crate) fn messages(&self) -> Vec<handle::PhoneMessage> {
        let message = |case: &Case| handle::PhoneMessage {
            id: case.id.clone(),
            to: case.phone.clone(),
            from: case.sender.clone(),
            text: case.message.clone(),
        };
        self.messages.iter().filter_map(|id| self.cases.get(id)).map(message).collect()
    }

    /// The message comes to the person's phone.
    fn deliver(&mut self, id: &str) {
        self.messages.push(id.to_owned());
    }

    /// A status is reached, and the account is told.
    fn reach(&mut self, id: &str, status: i64, moment: &mut Moment<'_>) {
        let Some(case) = self.cases.get_mut(id) else { return };
        case.statuses.push((status, moment.now));
        if status == estado::ACCESSED {
            let port = 1024 + moment.random.number(60_000);
            case.accesses.push(Access { at: moment.now, port });
        }
        report::tell(case, &self.account, moment);
    }

    /// An identifier that was not given before.
    fn new_id(&self, moment: &mut Moment<'_>) -> String {
        loop {
            let id = (200_000_000 + moment.random.number(1_800_000_000)).to_string();
            if !self.cases.contains_key(&id) {
                return id;
            }
        }
    }
}
