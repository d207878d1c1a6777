//! A vendor's part of the sandbox: what each vendor has to say, and the accounts and verifications that all of them have.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cases::Cases;
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::random::Random;
use crate::scenario::{self, Ending, Plan, Step};
use crate::vendor::{Entry, Setting};
use crate::world::{Moment, State};

/// A vendor's part of the sandbox. The value is the vendor's own state, beside its accounts and verifications.
pub(crate) trait Part: Kept + Default + fmt::Debug + Send + 'static {
    /// The settings of an account.
    type Account: Settings;
    /// A verification.
    type Case: Verification;
    /// Something that happens to a verification.
    type Effect: Send + 'static;

    /// The vendor's id in the family.
    const ID: &'static str;
    /// The vendor's name.
    const NAME: &'static str;
    /// The hosts that the vendor serves.
    const HOSTS: &'static [&'static str];
    /// The address of the pages that persons visit, until the sandbox serves them.
    const PAGES: &'static str = "";
    /// The path of the API below the vendor's address, in the base address that clients are given.
    const API: &'static str = "";
    /// The scenarios of this vendor alone, and those of all vendors that end otherwise here.
    const SCENARIOS: &'static [(&'static str, Ending)];
    /// Whether a scenario can be acted for another reason than its own.
    const REASONS: bool = false;
    /// The vendor's word for a verification. With an `s` it is a route of the control plane.
    const VERIFICATION: &'static str;
    /// A part of the path of a request that creates a verification.
    const CREATE: &'static str;
    /// A part of the path of a request for a verification's state.
    const POLL: &'static str;
    /// The times after which the vendor's system writes a mail about a callback that does not arrive, and gives it up.
    const MAILS: Option<(Duration, Duration)> = None;
    /// The minutes after which a callback that did not arrive is tried again, each after the attempt before.
    const RETRY_MINUTES: &'static [u64] = &[];
    /// The vendor's row of the table.
    const ENTRY: &'static Entry = &Entry::of::<Self>();

    /// The settings of a client of the first account, below this base address.
    fn settings(world: &World<Self>, base: &str) -> Vec<Setting>;

    /// Sets the address that the first account reports to, and the sandbox's secret as its proof.
    fn report_to(
        world: &mut World<Self>,
        url: &str,
        moment: &mut Moment<'_, Self::Effect>,
    ) -> Result<(), String>;

    /// Has the first account prove its reports by HTTP Basic; returns the settings for that. `None` if the vendor cannot.
    fn prove_by_password(_: &mut World<Self>) -> Option<Vec<Setting>> {
        None
    }

    /// Lets Erika with this family name come, if the vendor is not told at creation who is expected.
    fn expect(_: &mut World<Self>, _family_name: &str) {}

    /// A callback that says that a person is verified, without a secret: its query and its body.
    fn forgery(world: &World<Self>, reference: &str, vendor_id: &str) -> (String, Option<Value>);

    /// The key of the verification that an application or the control plane names.
    fn key(_: &World<Self>, id: &str) -> String {
        id.to_owned()
    }

    /// The names of the verifications in the order in which they were created, each of them one for [`Part::key`].
    fn ids(world: &World<Self>) -> Vec<String> {
        world.cases.keys().cloned().collect()
    }

    /// Plans a scenario for a verification that is not over. It is an error if there is none of this name, or none for such a
    /// verification. `reason` replaces the reason of a scenario that has one.
    fn plan(
        scenario: &str,
        reason: Option<&str>,
        case: &mut Self::Case,
        account: &Self::Account,
        now: Timestamp,
    ) -> Result<Plan<Self::Effect>, &'static str>;

    /// Answers a request; `path` has the decoded segments of its path.
    fn handle(
        world: &mut World<Self>,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_, Self::Effect>,
    ) -> Answer;

    /// Lets something happen to the verification with this key, which exists.
    fn happen(
        world: &mut World<Self>,
        key: &str,
        effect: Self::Effect,
        moment: &mut Moment<'_, Self::Effect>,
    );

    /// The inner state of a verification for the control plane, without the person.
    fn view(world: &World<Self>, key: &str, case: &Self::Case) -> Value;

    /// Answers a request to a route of the control plane that this vendor alone has.
    fn control(
        _: &mut World<Self>,
        _: &Incoming,
        _path: &[&str],
        _: &mut Moment<'_, Self::Effect>,
    ) -> Option<Result<Value, String>> {
        None
    }

    /// A failure in the vendor's own form: the status of the answer, and the code that stands in its body. 401 is a token that expired.
    fn failure(status: StatusCode, code: u16) -> Answer;

    /// Whether a callback that is answered so counts as delivered.
    fn accepts(status: u16) -> bool {
        (200..300).contains(&status)
    }

    /// The time before a callback is tried again; `None` if it is given up.
    fn again(tries: u32, _since_first_try: Duration) -> Option<Duration> {
        let minutes = Self::RETRY_MINUTES.get(usize::try_from(tries).ok()?)?;
        Some(Duration::from_secs(minutes * 60))
    }

    /// Whether a callback tells of what no longer is.
    fn is_outdated(_: &World<Self>, _: &Told) -> bool {
        false
    }
}

/// A part in its place among the others.
pub(crate) trait Kept: Sized {
    /// The part's world, and the source of chance.
    fn of(state: &mut State) -> (&mut World<Self>, &mut Random)
    where
        Self: Part;

    /// The part's world, to be read.
    fn seen(state: &State) -> &World<Self>
    where
        Self: Part;
}

/// The settings of an account. The default is those of the first one.
pub(crate) trait Settings:
    Clone + Default + fmt::Debug + Serialize + DeserializeOwned + Send + 'static
{
    /// The setting that is an account's id; `None` if the vendor has one account, whose id is empty.
    const ID: Option<&'static str> = None;

    /// The account's id.
    fn id(&self) -> &str {
        ""
    }

    /// The further accounts, so that reaching for another's verification can be tried.
    fn others() -> Vec<Self> {
        Vec::new()
    }

    /// Checks that the settings are possible.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// The only account of a vendor that has no settings.
impl Settings for () {}

/// A verification.
pub(crate) trait Verification: fmt::Debug + Send + 'static {
    /// The id of its account.
    fn account(&self) -> &str {
        ""
    }

    /// Whether no scenario can be acted any more.
    fn is_over(&self) -> bool {
        false
    }

    /// Which scenario is acted; what was planned for an earlier one does not happen.
    fn attempt(&mut self) -> &mut u32;
}

/// The subject of a callback, for a vendor that drops one that is outdated.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    /// The key of the verification.
    pub(crate) key: String,
    /// The time of the result: the callback is outdated when there is another one.
    pub(crate) result_at: Timestamp,
}

/// Something that is to happen to a verification.
#[derive(Debug)]
pub(crate) struct Planned<E> {
    pub(crate) key: String,
    /// The scenario that it is a part of; it happens in any case if it is of none.
    pub(crate) attempt: Option<u32>,
    pub(crate) effect: E,
}

/// Everything at a vendor.
#[derive(Debug)]
pub(crate) struct World<P: Part> {
    /// The account that clients have.
    pub(crate) first: P::Account,
    others: Vec<P::Account>,
    pub(crate) cases: Cases<P::Case>,
    /// The address of the pages that persons visit.
    pub(crate) pages: String,
    /// The number of scenarios that were acted.
    acted: u32,
    pub(crate) own: P,
}

impl<P: Part> World<P> {
    /// The vendor before anything has happened.
    pub(crate) fn new() -> Self {
        Self {
            first: P::Account::default(),
            others: P::Account::others(),
            cases: Cases::default(),
            pages: P::PAGES.to_owned(),
            acted: 0,
            own: P::default(),
        }
    }

    /// The accounts.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &P::Account> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// An account by its id.
    pub(crate) fn account(&self, id: &str) -> Option<&P::Account> {
        self.accounts().find(|account| account.id() == id)
    }

    /// Changes an account's settings.
    pub(crate) fn configure(&mut self, account: P::Account) -> Result<(), &'static str> {
        account.check()?;
        let mut known = std::iter::once(&mut self.first).chain(&mut self.others);
        let known = known.find(|known| known.id() == account.id());
        *known.ok_or("there is no such account")? = account;
        Ok(())
    }

    /// A verification, its account, and the vendor's own state.
    pub(crate) fn find(&mut self, key: &str) -> Option<(&mut P::Case, &P::Account, &mut P)> {
        let case = self.cases.get_mut(key)?;
        let mut accounts = std::iter::once(&self.first).chain(&self.others);
        let account = accounts.find(|account| account.id() == case.account())?;
        Some((case, account, &mut self.own))
    }

    /// As [`World::find`], of a verification that is not over.
    pub(crate) fn find_open(&mut self, key: &str) -> Result<(&mut P::Case, &P::Account), String> {
        let (case, account, _) = self.find(key).ok_or_else(Self::unknown)?;
        if case.is_over() {
            Err(format!("the {} is finished", P::VERIFICATION))
        } else {
            Ok((case, account))
        }
    }

    /// The inner state of a verification.
    pub(crate) fn view(&self, key: &str) -> Result<Value, String> {
        self.cases
            .get(key)
            .map(|case| P::view(self, key, case))
            .ok_or_else(Self::unknown)
    }

    fn unknown() -> String {
        format!("there is no such {}", P::VERIFICATION)
    }

    /// Lets the person and the vendor's people act out a scenario, in place of one that is acted already. An error lists the scenarios
    /// that there are.
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
                format!("{error}; the scenarios are {}", names.join(", "))
            })?;
        Ok(self.follow(key, plan, moment))
    }

    /// Follows a plan in place of what was planned before. Returns its steps.
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

    /// Does what was planned, unless it is of an earlier scenario.
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
            P::happen(self, &planned.key, planned.effect, moment);
        }
    }
}
