//! Driving Identity.TM from Rust.

use super::World;
use super::account::Account;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::vendor::Part as _;

/// Identity.TM in the sandbox.
#[derive(Debug)]
pub struct IdentityTm<'a> {
    sandbox: &'a Sandbox,
}

impl Sandbox {
    /// Identity.TM.
    #[must_use]
    pub const fn identity_tm(&self) -> IdentityTm<'_> {
        IdentityTm::new(self)
    }
}

impl<'a> IdentityTm<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    /// The base address of the customer API: every call's path follows it.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/api/2.10/", self.sandbox.vendor_url(World::ID))
    }

    /// The user's name.
    #[must_use]
    pub const fn user(&self) -> &'static str {
        "example"
    }

    /// The password, until it is changed.
    #[must_use]
    pub const fn password(&self) -> &'static str {
        "examplePassword"
    }

    /// The account's settings.
    #[must_use]
    pub fn account(&self) -> Account {
        self.sandbox.worlds.state().parts.identity_tm.account(self.user()).cloned().unwrap_or_default()
    }

    /// Changes the account's settings.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the settings are not possible.
    pub fn configure(&self, change: impl FnOnce(&mut Account)) -> Result<(), SandboxError> {
        let mut account = self.account();
        change(&mut account);
        self.sandbox.worlds.state().parts.identity_tm.configure(account).map_err(|error| SandboxError::Refused(error.to_owned()))
    }

    /// Lets the person and the agents act out a scenario, from now on. Returns their actions.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such scenario or order, or it is finished.
    pub fn act(&self, order: &str, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        let now = self.sandbox.worlds.clock.now();
        let mut state = self.sandbox.worlds.state();
        state
            .with(now, |world: &mut World, moment| world.act(order, scenario, moment))
            .map_err(|error| SandboxError::Refused(error.to_owned()))
    }

    /// The TAN that was sent last to the phone of an order's person.
    #[must_use]
    pub fn tan(&self, order: &str) -> Option<String> {
        self.sandbox.worlds.state().parts.identity_tm.tan(order)
    }

    /// The number of orders.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.sandbox.worlds.state().parts.identity_tm.orders()
    }
}
