//! VerificarIdentidad 3.0 by its document.

pub(crate) mod account;
pub(crate) mod control;
pub(crate) mod handle;

use std::time::Duration;

use http::StatusCode;

use self::account::Account;
use crate::exchange::{Answer, Incoming};
use crate::idnow::scenario::Step;
use crate::random::Random;
use crate::vendor::Vendor;
use crate::world::{Part, State};

/// The hosts of the API and of the pages that persons visit.
pub(crate) const HOSTS: [&str; 2] = ["api.mensatek.com", "www.mensatek.com"];

/// What a request is handled with, and what comes of it beside the answer.
pub(crate) type Moment<'a> = crate::world::Moment<'a, Planned>;

/// Everything at the vendor.
#[derive(Debug)]
pub(crate) struct World {
    account: Account,
    /// Where the pages are that persons visit.
    pages: String,
}

/// Something that is to happen later.
#[derive(Debug, Clone)]
pub(crate) struct Planned;

impl Part for World {
    type Planned = Planned;

    const VENDOR: Vendor = Vendor::VerificarIdentidad;

    fn of(state: &mut State) -> (&mut Self, &mut Random) {
        (&mut state.verificar_identidad, &mut state.random)
    }

    fn handle(&mut self, _request: &Incoming, _moment: &mut Moment<'_>) -> Answer {
        Answer::empty(StatusCode::NOT_FOUND)
    }

    fn happen(&mut self, _planned: &Planned, _moment: &mut Moment<'_>) {}
}

impl World {
    pub(crate) fn new() -> Self {
        Self { account: Account::default(), pages: String::new() }
    }

    /// Has the links for persons lead here.
    pub(crate) fn serve_pages_at(&mut self, base: String) {
        self.pages = base;
    }

    pub(crate) fn pages(&self) -> &str {
        &self.pages
    }

    /// How many requests there are.
    pub(crate) fn requests(&self) -> usize {
        0
    }

    pub(crate) const fn account(&self) -> &Account {
        &self.account
    }

    /// Changes the account's settings.
    pub(crate) fn configure(&mut self, account: Account) -> Result<(), &'static str> {
        self.account = account;
        Ok(())
    }

    /// Lets the person and the vendor's people act out a scenario.
    pub(crate) fn act(&mut self, _id: &str, _scenario: &str, _moment: &mut Moment<'_>) -> Result<Vec<Step>, &'static str> {
        Err("there is nothing under this id")
    }
}

/// Whether a callback that is answered so counts as delivered.
pub(crate) fn accepted(status: u16) -> bool {
    (200..300).contains(&status)
}

/// How long to wait before a callback is tried again; `None` where it is given up.
pub(crate) fn again(_tries: u32, _since_first_try: Duration) -> Option<Duration> {
    None
}
