//! The interface of a vendor's module, and the accounts and verifications that all vendors have.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use http::uri::Authority;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::callback::{Callback, Reach};
use crate::cases::Cases;
use crate::client::Client;
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::person::{Choice, PersonPage};
use crate::random::Random;
use crate::rule::{Route, Rule};
use crate::scenario::{self, Ending, Plan, Step};
use crate::state::{Moment, State};
use crate::vendor::{Entry, Setting};

/// A vendor's module. The value is the vendor's own state beside its accounts and verifications.
pub(crate) trait Part: Kept + Default + fmt::Debug + Send + 'static {
    /// The settings of an account.
    type Account: Settings;
    /// A verification.
    type Case: Verification;
    /// An event that happens to a verification.
    type Effect: Send + 'static;

    /// The vendor's id.
    const ID: &'static str;
    /// The vendor's name.
    const NAME: &'static str;
    /// The vendor's hosts.
    const HOSTS: &'static [&'static str];
    /// The address of the pages for persons, until the sandbox serves them.
    const PAGES: &'static str = "";
    /// The path of the API in the base address for clients.
    const API: &'static str = "";
    /// The vendor's own scenarios, and common ones with another ending.
    const SCENARIOS: &'static [(&'static str, Ending)];
    /// Whether the reason of a scenario can be replaced.
    const REASONS: bool = false;
    /// The vendor's term for a verification. With an `s` it is a route of the control plane.
    const VERIFICATION: &'static str;
    /// A part of the path of create requests.
    const CREATE: &'static str;
    /// A part of the path of status requests.
    const POLL: &'static str;
    /// The times after which the vendor sends a mail about an undelivered callback, and gives it
    /// up.
    const MAILS: Option<(Duration, Duration)> = None;
    /// The minutes before each further attempt at an undelivered callback, counted from the
    /// previous attempt.
    const RETRY_MINUTES: &'static [u64] = &[];
    /// The documented requests, for hints at misspelled ones.
    const ROUTES: &'static [Route] = &[];
    /// All rules by which the emulator refuses a request.
    const RULES: &'static [&'static Rule] = &[];
    /// The names of members, elements, parameters and headers whose values are neither personal
    /// data nor secrets, in any case. The inspector masks all others.
    const PUBLIC: &'static [&'static str] = &[];
    /// The single steps that the person or the vendor's staff can take, beside the scenarios: names
    /// and descriptions.
    const STEPS: &'static [(&'static str, &'static str)] = &[];
    /// The scenario or the step that a person plays who abandons the verification.
    const ABANDON: &'static str = "expired";
    /// The events for which the vendor sends a callback, and for each the scenario or the step that
    /// causes it. An event is a [kind of callback](crate::callback::Callback::kind).
    const EVENTS: &'static [(&'static str, &'static str)] = &[];
    /// The routes of the control plane that [`Part::control`] answers: methods, paths below the
    /// vendor's id, and summaries.
    const OWN_ROUTES: &'static [(&'static str, &'static str, &'static str)] = &[];
    /// Whether the document has a request that deletes a verification: see [`Part::delete`].
    const DELETES: bool = false;
    /// The vendor's row of the table.
    const ENTRY: &'static Entry = &Entry::of::<Self>();

    /// Returns the settings of a client for the first account, below this base address.
    fn settings(world: &World<Self>, base: &str) -> Vec<Setting>;

    /// Sets the callback address of the first account, with the sandbox's secret.
    fn report_to(
        world: &mut World<Self>,
        url: &str,
        moment: &mut Moment<'_, Self::Effect>,
    ) -> Result<(), String>;

    /// Makes the first account authenticate callbacks by HTTP Basic and returns the settings for
    /// that; `None` if the vendor does not support it.
    fn prove_by_password(_: &mut World<Self>) -> Option<Vec<Setting>> {
        None
    }

    /// Sets the family name of the simulated person, if the vendor does not receive it with the
    /// request.
    fn expect(_: &mut World<Self>, _family_name: &str) {}

    /// Returns the query and the body of a callback that claims, without a secret, that a person is
    /// verified.
    fn forgery(world: &World<Self>, reference: &str, vendor_id: &str) -> (String, Option<Value>);

    /// Returns the key of a verification from the id that an application or the control plane uses.
    fn key(_: &World<Self>, id: &str) -> String {
        id.to_owned()
    }

    /// Returns the ids of the verifications for [`Part::key`], in the order of their creation.
    fn ids(world: &World<Self>) -> Vec<String> {
        world.cases.keys().cloned().collect()
    }

    /// Plans a scenario for a verification that is not over. Fails if the vendor does not have the
    /// scenario for it. `reason` replaces the reason of a scenario that has one.
    fn plan(
        scenario: &str,
        reason: Option<&str>,
        case: &mut Self::Case,
        account: &Self::Account,
        now: Timestamp,
    ) -> Result<Plan<Self::Effect>, &'static str>;

    /// Plans a single step of [`Part::STEPS`] for a verification that is not over.
    fn step(
        _name: &str,
        _case: &mut Self::Case,
        _account: &Self::Account,
        _now: Timestamp,
    ) -> Result<Plan<Self::Effect>, &'static str> {
        Err("unknown step")
    }

    /// Returns whether the person leaves the vendor's page with this effect. A choice on the page
    /// leads to it at once.
    fn ends_visit(_: &Self::Effect) -> bool {
        true
    }

    /// Returns the facts of a verification that every vendor has.
    fn summary(world: &World<Self>, key: &str, case: &Self::Case) -> Summary;

    /// Returns the page behind the verification's hand-off link; `None` if the vendor has none.
    fn person(_: &World<Self>, _key: &str) -> Option<PersonPage> {
        None
    }

    /// Returns the address to which the vendor sends the person's browser at the end, with the
    /// documented parameters; `None` if the person stays on the vendor's page.
    fn return_address(_: &World<Self>, _key: &str) -> Option<String> {
        None
    }

    /// Creates a verification with fictitious data whose callbacks go to an address, and returns
    /// its key. `world` has the settings of the real account, and nothing else.
    fn sample(
        _world: &mut World<Self>,
        _url: &str,
        _: &mut Moment<'_, Self::Effect>,
    ) -> Result<String, String> {
        Err("the vendor sends no callbacks".to_owned())
    }

    /// Creates a verification of a fictitious person by the documented requests of a client, and
    /// returns its id.
    fn create(client: &mut Client<'_, Self>, reference: &str) -> Result<String, String>;

    /// Deletes the verification with this id, which exists, by the documented requests of a client.
    fn delete(_: &mut Client<'_, Self>, _id: &str) -> Result<(), String> {
        Err("The vendor's API has no deletion.".to_owned())
    }

    /// Answers a request; `path` contains the decoded segments of its path.
    fn handle(
        world: &mut World<Self>,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_, Self::Effect>,
    ) -> Answer;

    /// Applies an event to the verification with this key, which exists.
    fn happen(
        world: &mut World<Self>,
        key: &str,
        effect: Self::Effect,
        moment: &mut Moment<'_, Self::Effect>,
    );

    /// Returns the inner state of a verification for the control plane, without personal data.
    fn view(world: &World<Self>, key: &str, case: &Self::Case) -> Value;

    /// Answers a request to a route of the control plane that only this vendor has.
    fn control(
        _: &mut World<Self>,
        _: &Incoming,
        _path: &[&str],
        _: &mut Moment<'_, Self::Effect>,
    ) -> Option<Result<Value, String>> {
        None
    }

    /// Returns a failure in the vendor's form, with the status of the response and the code in its
    /// body. Code 401 is an expired token.
    fn failure(status: StatusCode, code: u16) -> Answer;

    /// Returns whether a callback with this reply counts as delivered.
    fn accepts(status: u16) -> bool {
        (200..300).contains(&status)
    }

    /// Returns the time before the next attempt at a callback; `None` to give it up.
    fn again(tries: u32, _since_first_try: Duration) -> Option<Duration> {
        let minutes = Self::RETRY_MINUTES.get(usize::try_from(tries).ok()?)?;
        Some(Duration::from_secs(minutes * 60))
    }

    /// Returns whether the result that a callback reports has been replaced.
    fn is_outdated(_: &World<Self>, _: &CallbackSubject) -> bool {
        false
    }
}

/// The facts of a verification that every vendor has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// The id for [`Part::key`].
    pub(crate) id: String,
    /// The vendor's own id.
    pub(crate) vendor_id: String,
    /// The client's reference, if it submitted one.
    pub(crate) reference: Option<String>,
    /// The state in the vendor's terms.
    pub(crate) state: String,
    /// Whether the verification takes no more scenarios.
    pub(crate) is_over: bool,
    /// The address of the page for the person, if there is one.
    pub(crate) hand_off: Option<String>,
    /// The message that the vendor sent to the person instead, such as a text message.
    pub(crate) message: Option<String>,
}

/// A module's place among the others.
pub(crate) trait Kept: Sized {
    /// Returns the module's world, and the random generator.
    fn of(state: &mut State) -> (&mut World<Self>, &mut Random)
    where
        Self: Part;

    /// Returns the module's world for reading.
    fn seen(state: &State) -> &World<Self>
    where
        Self: Part;
}

/// The settings of an account. The default is the first account.
pub(crate) trait Settings:
    Clone + Default + fmt::Debug + Serialize + DeserializeOwned + Send + 'static
{
    /// The name of the setting with the account's id; `None` if the vendor has one account, whose
    /// id is empty.
    const ID: Option<&'static str> = None;

    /// Returns the account's id.
    fn id(&self) -> &str {
        ""
    }

    /// Returns further accounts, for tests of access to another account's verifications.
    fn others() -> Vec<Self> {
        Vec::new()
    }

    /// Checks that the settings are valid. `reach` are the hosts to which callbacks go.
    fn check(&self, _reach: &Reach) -> Result<(), &'static str> {
        Ok(())
    }
}

/// The only account of a vendor without settings.
impl Settings for () {}

/// A verification.
pub(crate) trait Verification: fmt::Debug + Send + 'static {
    /// Returns the id of its account.
    fn account(&self) -> &str {
        ""
    }

    /// Returns whether the verification is over, so that it takes no more scenarios.
    fn is_over(&self) -> bool {
        false
    }

    /// Returns whether a test robot of the vendor plays the verification once the client asks for
    /// it, so that no scenario may begin by itself.
    fn awaits_robot(&self) -> bool {
        false
    }

    /// The number of the current scenario. Planned events of earlier ones do not happen.
    fn attempt(&mut self) -> &mut u32;
}

/// The result that a callback reports, for a vendor that drops outdated callbacks.
#[derive(Debug, Clone)]
pub(crate) struct CallbackSubject {
    /// The key of the verification.
    pub(crate) key: String,
    /// The time of the result. The callback is outdated once there is another one.
    pub(crate) result_at: Timestamp,
}

/// A planned event of a verification.
#[derive(Debug)]
pub(crate) struct Planned<E> {
    pub(crate) key: String,
    /// The number of its scenario; an event without one happens in any case.
    pub(crate) attempt: Option<u32>,
    pub(crate) effect: E,
}

/// The whole state of a vendor.
#[derive(Debug)]
pub(crate) struct World<P: Part> {
    /// The account for clients.
    pub(crate) first: P::Account,
    others: Vec<P::Account>,
    pub(crate) cases: Cases<P::Case>,
    /// The address of the pages for persons.
    pub(crate) pages: String,
    /// The hosts to which callbacks go.
    reach: Reach,
    /// The number of scenarios acted so far.
    acted: u32,
    pub(crate) own: P,
}

impl<P: Part> World<P> {
    /// Returns the initial state. `reach` are the hosts to which callbacks go.
    pub(crate) fn new(reach: Reach) -> Self {
        Self {
            first: P::Account::default(),
            others: P::Account::others(),
            cases: Cases::default(),
            pages: P::PAGES.to_owned(),
            reach,
            acted: 0,
            own: P::default(),
        }
    }

    /// Returns the base address of links in the response to a request. A client that uses one of
    /// the vendor's own hosts gets links to the vendor's host `own`, with the port of its request.
    pub(crate) fn base(&self, request: &Incoming, own: &str) -> String {
        if !P::HOSTS.contains(&request.host.as_str()) {
            return self.pages.clone();
        }
        let port = request
            .header("host")
            .and_then(|host| host.parse::<Authority>().ok()?.port_u16());
        match (port, self.pages.split_once("://"), own.split_once("://")) {
            (Some(port), Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}:{port}"),
            _ => own.to_owned(),
        }
    }

    /// Returns the accounts.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &P::Account> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Returns an account by its id.
    pub(crate) fn account(&self, id: &str) -> Option<&P::Account> {
        self.accounts().find(|account| account.id() == id)
    }

    /// Replaces an account's settings.
    pub(crate) fn configure(&mut self, account: P::Account) -> Result<(), &'static str> {
        account.check(&self.reach)?;
        let mut known = std::iter::once(&mut self.first).chain(&mut self.others);
        let known = known.find(|known| known.id() == account.id());
        *known.ok_or("unknown account")? = account;
        Ok(())
    }

    /// Returns a verification, its account, and the vendor's own state.
    pub(crate) fn find(&mut self, key: &str) -> Option<(&mut P::Case, &P::Account, &mut P)> {
        let case = self.cases.get_mut(key)?;
        let mut accounts = std::iter::once(&self.first).chain(&self.others);
        let account = accounts.find(|account| account.id() == case.account())?;
        Some((case, account, &mut self.own))
    }

    /// As [`World::find`], for a verification that is not over.
    pub(crate) fn find_open(&mut self, key: &str) -> Result<(&mut P::Case, &P::Account), String> {
        let (case, account, _) = self.find(key).ok_or_else(Self::unknown)?;
        if case.is_over() {
            Err(format!("the {} is over", P::VERIFICATION))
        } else {
            Ok((case, account))
        }
    }

    /// Returns the inner state of a verification.
    pub(crate) fn view(&self, key: &str) -> Result<Value, String> {
        self.cases
            .get(key)
            .map(|case| P::view(self, key, case))
            .ok_or_else(Self::unknown)
    }

    fn unknown() -> String {
        format!("unknown {}", P::VERIFICATION)
    }

    /// Lets the person and the vendor's staff act out a scenario, in place of a current one. An
    /// error lists the scenarios.
    pub(crate) fn act(
        &mut self,
        key: &str,
        scenario: &str,
        reason: Option<&str>,
        moment: &mut Moment<'_, P::Effect>,
    ) -> Result<Vec<Step>, String> {
        let plan = self
            .find_open(key)
            .and_then(|(case, account)| Ok(P::plan(scenario, reason, case, account, moment.now)?))
            .map_err(|error| {
                let names: Vec<&str> = scenario::of(P::SCENARIOS)
                    .iter()
                    .map(|scenario| scenario.name)
                    .collect();
                format!("{error}; scenarios: {}", names.join(", "))
            })?;
        self.cases
            .note(key, moment.now, format!("scenario `{scenario}`"));
        Ok(self.follow(key, plan, moment))
    }

    /// Lets the person or the vendor's staff take a single step at once, in place of a current
    /// scenario. An error lists the steps.
    pub(crate) fn step(
        &mut self,
        key: &str,
        step: &str,
        moment: &mut Moment<'_, P::Effect>,
    ) -> Result<Vec<Step>, String> {
        let plan = self
            .find_open(key)
            .and_then(|(case, account)| Ok(P::step(step, case, account, moment.now)?))
            .map_err(|error| {
                let names: Vec<&str> = P::STEPS.iter().map(|(name, _)| *name).collect();
                format!("{error}; steps: {}", names.join(", "))
            })?;
        self.cases.note(key, moment.now, format!("step `{step}`"));
        Ok(self.follow(key, plan, moment))
    }

    /// Lets the person play their part on the page behind the hand-off link. The scenario starts
    /// with the end of the person's visit.
    pub(crate) fn choose(
        &mut self,
        key: &str,
        choice: Choice,
        moment: &mut Moment<'_, P::Effect>,
    ) -> Result<(), String> {
        let name = match choice {
            Choice::ComeBackLater => {
                self.cases
                    .note(key, moment.now, "the person leaves the page".to_owned());
                return Ok(());
            }
            Choice::Abandon => P::ABANDON,
            _ => choice.scenario().unwrap_or(P::ABANDON),
        };
        let mut plan = self.plan(key, name, moment.now)?;
        plan.hasten(P::ends_visit);
        self.cases.note(
            key,
            moment.now,
            format!("the person chooses `{}`", choice.name()),
        );
        self.follow(key, plan, moment);
        Ok(())
    }

    /// Plans a scenario or a single step.
    fn plan(&mut self, key: &str, name: &str, now: Timestamp) -> Result<Plan<P::Effect>, String> {
        let (case, account) = self.find_open(key)?;
        Ok(if P::STEPS.iter().any(|(step, _)| *step == name) {
            P::step(name, case, account, now)?
        } else {
            P::plan(name, None, case, account, now)?
        })
    }

    /// Returns the callback of an event, for a verification that exists for this callback alone.
    pub(crate) fn trigger(
        &self,
        event: &str,
        url: &str,
        moment: &mut Moment<'_, P::Effect>,
    ) -> Result<Callback, String> {
        let (_, name) = P::EVENTS
            .iter()
            .find(|(known, _)| *known == event)
            .ok_or_else(|| {
                let names: Vec<&str> = P::EVENTS.iter().map(|(name, _)| *name).collect();
                if names.is_empty() {
                    format!("{} sends no callbacks", P::NAME)
                } else {
                    format!("unknown event; events: {}", names.join(", "))
                }
            })?;
        let mut scratch = Self::new(self.reach.clone());
        scratch.first = self.first.clone();
        scratch.pages = self.pages.clone();
        P::report_to(&mut scratch, url, moment)?;
        let key = P::sample(&mut scratch, url, moment)?;
        let mut plan = scratch.plan(&key, name, moment.now)?;
        plan.effects.sort_by_key(|(after, _)| *after);
        for (_, effect) in plan.effects {
            P::happen(&mut scratch, &key, effect, moment);
        }
        moment.planned.clear();
        std::mem::take(&mut moment.callbacks)
            .into_iter()
            .find(|callback| callback.kind == event)
            .ok_or_else(|| format!("the account sends no callback for `{event}`"))
    }

    /// Returns the facts of a verification.
    pub(crate) fn summary(&self, key: &str) -> Option<Summary> {
        self.cases.get(key).map(|case| P::summary(self, key, case))
    }

    /// Follows a plan in place of an earlier one and returns its steps.
    pub(crate) fn follow(
        &mut self,
        key: &str,
        plan: Plan<P::Effect>,
        moment: &mut Moment<'_, P::Effect>,
    ) -> Vec<Step> {
        self.acted += 1;
        if let Some(case) = self.cases.get_mut(key) {
            *case.attempt() = self.acted;
        }
        let steps = plan.steps.iter().map(|step| {
            let after = Duration::from_secs(step.after_seconds);
            (later(moment.now, after), step.what.clone())
        });
        self.cases.replan(key, moment.now, steps);
        for (after, effect) in plan.effects {
            let planned = Planned {
                key: key.to_owned(),
                attempt: Some(self.acted),
                effect,
            };
            moment
                .planned
                .push((later(moment.now, Duration::from_secs(after)), planned));
        }
        plan.steps
    }

    /// Applies a planned event unless it belongs to an earlier scenario.
    pub(crate) fn happen(
        &mut self,
        planned: Planned<P::Effect>,
        moment: &mut Moment<'_, P::Effect>,
    ) {
        let Some(case) = self.cases.get_mut(&planned.key) else {
            return;
        };
        if planned
            .attempt
            .is_none_or(|attempt| attempt == *case.attempt())
        {
            let before = self.summary(&planned.key).map(|summary| summary.state);
            P::happen(self, &planned.key, planned.effect, moment);
            let after = self.summary(&planned.key).map(|summary| summary.state);
            if let Some(state) = after.filter(|state| before.as_ref() != Some(state)) {
                self.cases
                    .note(&planned.key, moment.now, format!("state `{state}`"));
            }
        }
    }
}

/// Returns the page behind a verification's hand-off link.
#[cfg(test)]
pub(crate) fn person<P: Part>(state: &State, id: &str) -> Option<PersonPage> {
    let world = P::seen(state);
    P::person(world, &P::key(world, id))
}
