//! Identity.TM's customer API by its document, version 2.10aa.

pub(crate) mod account;
mod api;
mod case;
mod check;
mod codes;
pub(crate) mod control;
mod create;
mod crypt;
mod elements;
mod esign;
mod events;
mod failure;
mod files;
pub(crate) mod handle;
pub(crate) mod iso;
mod order;
mod pages;
mod password;
pub(crate) mod pdf;
mod render;
mod results;
mod reuse;
pub(crate) mod scenario;
mod tan;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::account::Account;
use self::case::Case;
use self::scenario::Plan;
use crate::callback::Callback;
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::scenario::{Ending, Step};
use crate::vendor::{Part, Setting};
use crate::world::State;

/// The context of a request, and its effects beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Everything at Identity.TM.
#[derive(Debug)]
pub(crate) struct World {
    accounts: Vec<Account>,
    /// By OrderID.
    cases: HashMap<String, Case>,
    /// The addresses whose owners have an account at sign-me; those who can sign with it.
    sign_me: HashMap<String, bool>,
    /// The TAN with which an account's password can be changed (9.2), by the user's name.
    password_tans: HashMap<String, String>,
    /// The address of the pages that persons visit, unless the vendor is addressed by its own name.
    pages: String,
}

/// Something that is to happen to an order.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    order: String,
    /// Of which attempt it is a part; of none, where it happens in any case.
    attempt: Option<u32>,
    effect: Effect,
}

/// An event of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A status is reached: kind and sub-kind.
    Status(u32, Option<u32>),
    /// The agent corrects what was submitted.
    Changed,
    /// The document says that the person was born on this day.
    Born(&'static str),
    /// The result is going to name no person.
    Nameless,
    /// The person proves to have the phone.
    MobileVerified,
    /// The order times out, unless the person has done their part (4.1).
    TimeOut,
    /// The data are deleted.
    Delete,
    /// The recording is there; this address is told (3.9).
    VideoReady(String),
}

impl Part for World {
    type Planned = Planned;

    const ID: &'static str = "identity-tm";
    const NAME: &'static str = "Identity.TM";
    const HOSTS: &'static [&'static str] = &["customer.identity.tm", "www.identity.tm"];
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const VERIFICATIONS: &'static str = "orders";
    const CREATE: &'static str = "/putOrder";
    const POLL: &'static str = "/getStatus";

    fn new() -> Self {
        Self {
            accounts: Self::initial_accounts().into(),
            cases: HashMap::new(),
            sign_me: HashMap::new(),
            password_tans: HashMap::new(),
            pages: "https://www.identity.tm".to_owned(),
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
        let account = self.accounts.first().cloned().unwrap_or_default();
        vec![
            Setting::plain("user", account.user),
            Setting::plain("base_url", format!("{base}/api/2.10/")),
            // With images inside, a result has no place for the data that had been submitted, and nothing shows what changed.
            Setting::plain("images", "separate"),
            // A suspicion after the end is told by the second one alone.
            Setting::plain("webhooks", "on_final, on_status_change"),
            Setting::secret("password", account.password),
            Setting::callback_secret(),
        ]
    }

    /// Each order brings the addresses of its own webhooks; the account says which codes are a change of the status.
    fn report_to(&mut self, _: &str, _: &mut Moment<'_>) -> Result<(), String> {
        if let Some(account) = self.accounts.first_mut() {
            account.status_change_kinds = vec![89];
        }
        Ok(())
    }

    fn forgery(&self, reference: &str, order: &str) -> (String, Option<Value>) {
        (format!("event=OnStatusChange&orderId={order}&ref={reference}&statusCode=6"), None)
    }

    fn play(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        self.act(id, scenario, moment)
    }

    fn control(state: &mut State, now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
        control::handle(state, now, request, rest)
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let text = if code == 401 { "Token expired" } else { "Internal error" };
        Answer::json(status, &json!({ "Error": text }))
    }

    /// By 2.6.2.
    fn accepts(status: u16) -> bool {
        matches!(status, 200 | 202)
    }

    /// The time before a webhook is tried again (2.6.2).
    fn again(_tries: u32, since_first_try: Duration) -> Option<Duration> {
        const FIRST: Duration = Duration::from_millis(86_400);
        const MINUTES: Duration = Duration::from_secs(864);
        const HOURS: Duration = Duration::from_secs(12 * 3600);
        const NIGHTS: Duration = Duration::from_secs(6 * 24 * 3600);
        let next = if since_first_try < FIRST {
            FIRST
        } else if since_first_try < MINUTES {
            (since_first_try + Duration::from_secs(60)).min(MINUTES)
        } else if since_first_try < HOURS {
            (since_first_try + Duration::from_secs(3600)).min(HOURS)
        } else {
            since_first_try + Duration::from_secs(24 * 3600)
        };
        (next <= NIGHTS).then(|| next.saturating_sub(since_first_try))
    }
    fn handle(&mut self, request: &Incoming, moment: &mut Moment<'_>) -> Answer {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["api", version, path @ ..] => {
                api::handle(self, request, version, path, moment).unwrap_or_else(|failure| failure.answer())
            }
            path if request.method == Method::GET => pages::handle(self, path),
            _ => failure::Failure::no_such_method().answer(),
        }
    }

    fn happen(&mut self, planned: &Planned, moment: &mut Moment<'_>) {
        let Some((case, account)) = self.find(&planned.order) else { return };
        if planned.attempt.is_some_and(|attempt| attempt != case.attempt) {
            return;
        }
        match planned.effect.clone() {
            Effect::Status(kind, sub_kind) => self.reach(&planned.order, kind, sub_kind, moment),
            Effect::Changed => case.changed = true,
            Effect::Born(date) => case.born = Some(date),
            Effect::Nameless => case.nameless = true,
            Effect::MobileVerified => case.mobile_verified = true,
            Effect::TimeOut => {
                let waits_for_person = !case.conducted || case.identified.is_some();
                if !case.is_final() && waits_for_person {
                    let kind = if case.identified.is_some() { 100 } else { 99 };
                    events::reach(case, &account, kind, None, moment);
                    // "Invalidates and deletes the order" (2.4).
                    delete(case);
                }
            }
            Effect::Delete => delete(case),
            Effect::VideoReady(url) => {
                if !case.deleted {
                    case.video_ready = true;
                    moment.callbacks.push(Callback {
                        kind: "VideoReady",
                        reference: case.id.clone(),
                        method: Method::GET,
                        url,
                        headers: Vec::new(),
                        body: None,
                        told: None,
                    });
                }
            }
        }
    }
}

impl World {
    /// The accounts before they are configured.
    pub(crate) fn initial_accounts() -> [Account; 2] {
        // A second account, so that reaching for another's order can be tried, and with less enabled.
        let second = Account {
            user: "second".into(),
            password: "secondPassword".into(),
            integration: false,
            products: vec![8, 12],
            namirial: false,
            sign_me: false,
            advanced_signatures: false,
            ..Account::default()
        };
        [Account::default(), second]
    }

    /// The number of orders.
    pub(crate) fn orders(&self) -> usize {
        self.cases.len()
    }

    /// An account by its user's name.
    pub(crate) fn account(&self, user: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user == user)
    }

    /// Changes an account's settings.
    pub(crate) fn configure(&mut self, account: Account) -> Result<(), &'static str> {
        if account.encryption_key.as_deref().is_some_and(|key| crypt::key(key).is_none()) {
            return Err("the encryption key must be 64 hexadecimal digits");
        }
        if account.webhooks.after_video.is_some() && account.webhooks.after_ident.is_some() {
            return Err("AfterVideo cannot be used together with AfterIdent");
        }
        let urls = account.webhooks.all();
        if urls.iter().filter_map(|(_, url)| *url).any(|url| !crate::callback::is_loopback(url)) {
            return Err("callbacks go to the loopback interface only");
        }
        let known = self.accounts.iter_mut().find(|known| known.user == account.user).ok_or("there is no such account")?;
        *known = account;
        Ok(())
    }

    /// Lets the person and the agents act out a scenario.
    pub(crate) fn act(&mut self, order: &str, scenario: &str, moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        let (case, account) = self.find(order).ok_or("there is no such order")?;
        if case.is_final() {
            return Err("the order is finished");
        }
        let plan = scenario::plan(scenario, case, &account)?;
        Ok(follow(case, plan, moment))
    }

    /// The TAN that was sent last to the phone of an order's person.
    pub(crate) fn tan(&self, order: &str) -> Option<String> {
        self.cases.get(order)?.tan.as_ref().map(|tan| tan.code.clone())
    }

    /// A status is reached, and what follows from it.
    fn reach(&mut self, order: &str, kind: u32, sub_kind: Option<u32>, moment: &mut Moment<'_>) {
        let Some((case, account)) = self.find(order) else { return };
        if kind == 71 {
            tan::show(case, sub_kind, moment);
        }
        if kind == 84 && shares_phone(&self.cases, order) {
            let Some(case) = self.cases.get_mut(order) else { return };
            // Another who is to sign has the same number (3.1.1.2).
            case.attempt += 1;
            return events::reach(case, &account, 29, Some(65), moment);
        }
        let Some(case) = self.cases.get_mut(order) else { return };
        events::reach(case, &account, kind, sub_kind, moment);
        if let Some(email) = case.submitted.text(&["Email"]).map(|email| email.trim().to_lowercase()) {
            match kind {
                94 => drop(self.sign_me.entry(email).or_insert(false)),
                95 => drop(self.sign_me.insert(email, true)),
                _ => {}
            }
        }
    }

    fn find(&mut self, order: &str) -> Option<(&mut Case, Account)> {
        let case = self.cases.get_mut(order)?;
        let account = self.accounts.iter().find(|account| account.user == case.user)?.clone();
        Some((case, account))
    }
}

/// Plans what is to happen to an order, in place of what was planned before.
fn follow(case: &mut Case, plan: Plan, moment: &mut Moment<'_>) -> Vec<Step> {
    case.attempt += 1;
    for (after, effect) in plan.effects {
        let planned = Planned { order: case.id.clone(), attempt: Some(case.attempt), effect };
        moment.planned.push((later(moment.now, Duration::from_secs(after)), planned));
    }
    plan.steps
}

/// Deletes the data. What happened to the order stays known, so that a customer who is told of its end can ask for it.
fn delete(case: &mut Case) {
    case.attempt += 1;
    case.deleted = true;
    case.tan = None;
    case.reused = None;
    case.submitted.forget();
}

/// Whether another person of a common signature has the same number (3.1.1.2).
fn shares_phone(cases: &HashMap<String, Case>, order: &str) -> bool {
    let Some(case) = cases.get(order) else { return false };
    let first_of =
        |case: &Case| case.submitted.text(&["MultiSignOptions", "FirstOrderID"]).map_or_else(|| case.id.clone(), str::to_owned);
    let (first, number) = (first_of(case), case.submitted.mobile());
    let numbers: HashSet<&str> = cases
        .values()
        .filter(|other| other.id != case.id && other.user == case.user && first_of(other) == first)
        .filter_map(|other| other.submitted.mobile())
        .collect();
    number.is_some_and(|number| numbers.contains(number))
}
