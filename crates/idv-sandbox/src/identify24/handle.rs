//! Driving the vendor from Rust.

use super::World;
use super::account::Account;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::vendor::Part as _;

/// Identify24 VideoIdent in the sandbox.
#[derive(Debug)]
pub struct Identify24<'a> {
    sandbox: &'a Sandbox,
}

impl Sandbox {
    /// Identify24.
    #[must_use]
    pub const fn identify24(&self) -> Identify24<'_> {
        Identify24::new(self)
    }
}

impl<'a> Identify24<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    /// The base address of the vendor's host.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.sandbox.vendor_url(World::ID)
    }

    /// The partner's user name.
    #[must_use]
    pub const fn partner(&self) -> &'static str {
        "911-internet"
    }

    /// The API key, until it is configured.
    #[must_use]
    pub const fn api_key(&self) -> &'static str {
        "exampleApiKey"
    }

    /// The project in which idents can be created.
    #[must_use]
    pub const fn project_id(&self) -> &'static str {
        "6"
    }

    /// The account's settings.
    #[must_use]
    pub fn account(&self) -> Account {
        self.sandbox.worlds.state().parts.identify24.account(self.partner()).cloned().unwrap_or_default()
    }

    /// Changes the account's settings.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the settings are not possible.
    pub fn configure(&self, change: impl FnOnce(&mut Account)) -> Result<(), SandboxError> {
        let mut account = self.account();
        change(&mut account);
        self.sandbox.worlds.state().parts.identify24.configure(account).map_err(|error| SandboxError::Refused(error.to_owned()))
    }

    /// Lets the person and the vendor's people act out a scenario, from now on. Returns their actions.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such scenario or nothing under this id, or it is over.
    pub fn act(&self, id: &str, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        let now = self.sandbox.worlds.clock.now();
        let mut state = self.sandbox.worlds.state();
        state
            .with(now, |world: &mut World, moment| world.act(id, scenario, None, moment))
            .map_err(|error| SandboxError::Refused(error.to_owned()))
    }

    /// Every token becomes invalid, as if it had been idle for half an hour.
    pub fn forget_tokens(&self) {
        self.sandbox.worlds.state().parts.identify24.tokens.clear();
    }

    /// The number of idents.
    #[must_use]
    pub fn idents(&self) -> usize {
        self.sandbox.worlds.state().parts.identify24.idents()
    }
}
