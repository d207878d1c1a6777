//! Identity.TM's customer API by its document, version 2.10aa.

pub(crate) mod account;
pub(crate) mod control;
pub(crate) mod handle;

use std::time::Duration;

use http::StatusCode;

use self::account::Account;
use crate::exchange::{Answer, Incoming};
use crate::idnow::scenario::Step;

/// The hosts of the API and of the pages that persons visit (2.7, 3.1.8).
pub(crate) const HOSTS: [&str; 2] = ["customer.identity.tm", "www.identity.tm"];

/// What a request is handled with, and what comes of it beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Everything at Identity.TM.
#[derive(Debug)]
pub(crate) struct World {
    accounts: Vec<Account>,
}

/// Something that is to happen to an order.
#[derive(Debug, Clone)]
pub(crate) struct Planned;

impl World {
    pub(crate) fn new() -> Self {
        Self { accounts: vec![Account::default()] }
    }

    /// Answers a request.
    pub(crate) fn handle(&mut self, _request: &Incoming, _moment: &mut Moment<'_>) -> Answer {
        Answer::empty(StatusCode::NOT_FOUND)
    }

    /// Does what was planned.
    pub(crate) fn happen(&mut self, _planned: &Planned, _moment: &mut Moment<'_>) {}

    /// How many orders there are.
    pub(crate) fn orders(&self) -> usize {
        0
    }

    /// An account by its user's name.
    pub(crate) fn account(&self, user: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user == user)
    }

    /// Changes an account's settings.
    pub(crate) fn configure(&mut self, account: Account) -> Result<(), &'static str> {
        let known = self.accounts.iter_mut().find(|known| known.user == account.user).ok_or("there is no such account")?;
        *known = account;
        Ok(())
    }

    /// Lets the person and the agents act out a scenario.
    pub(crate) fn act(&mut self, _order: &str, _scenario: &str, _moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        Err("there is no such order")
    }

    /// The TAN that was sent last to the phone of an order's person.
    pub(crate) fn tan(&self, _order: &str) -> Option<String> {
        None
    }
}

/// Whether a webhook that is answered so counts as delivered (2.6.2).
pub(crate) const fn accepted(status: u16) -> bool {
    matches!(status, 200 | 202)
}

/// How long to wait before a webhook is tried again (2.6.2).
pub(crate) fn again(_tries: u32, _since_first_try: Duration) -> Option<Duration> {
    None
}
