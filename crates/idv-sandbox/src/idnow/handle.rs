//! Driving IDnow from Rust.

use super::World;
use super::account::Account;
use super::control;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::vendor::Part as _;

/// IDnow in the sandbox.
#[derive(Debug)]
pub struct Idnow<'a> {
    sandbox: &'a Sandbox,
    company: String,
}

impl Sandbox {
    /// IDnow.
    #[must_use]
    pub fn idnow(&self) -> Idnow<'_> {
        Idnow::new(self)
    }
}

impl<'a> Idnow<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, company: Account::default().company }
    }

    /// The base address: every path of IDnow's gateway, robots and go hosts is below it.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.sandbox.vendor_url(World::ID)
    }

    /// The company id of the document's samples.
    #[must_use]
    pub fn company_id(&self) -> &str {
        &self.company
    }

    /// An API key of the document's samples.
    #[must_use]
    pub const fn api_key(&self) -> &'static str {
        "exampleApiKey"
    }

    /// The account's settings.
    #[must_use]
    pub fn account(&self) -> Account {
        self.sandbox.worlds.state().parts.idnow.account(&self.company).cloned().unwrap_or_default()
    }

    /// Changes the account's settings.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if callbacks would leave the loopback interface.
    pub fn configure(&self, change: impl FnOnce(&mut Account)) -> Result<(), SandboxError> {
        let mut account = self.account();
        change(&mut account);
        control::configure(&mut self.sandbox.worlds.state(), &self.company, account).map(drop).map_err(SandboxError::Refused)
    }

    /// Lets the person and the agents act out a scenario, from now on. Returns their actions.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such scenario or identification, or it is finished.
    pub fn act(&self, transaction_number: &str, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        let now = self.sandbox.worlds.clock.now();
        let mut state = self.sandbox.worlds.state();
        control::act(&mut state, now, Some(&self.company), transaction_number, Some(scenario), None)
            .map_err(SandboxError::Refused)
    }

    /// The number of identifications.
    #[must_use]
    pub fn identifications(&self) -> usize {
        self.sandbox.worlds.state().parts.idnow.cases.len()
    }

    /// Makes every login token invalid.
    pub fn forget_tokens(&self) {
        self.sandbox.worlds.state().parts.idnow.forget_tokens();
    }
}
