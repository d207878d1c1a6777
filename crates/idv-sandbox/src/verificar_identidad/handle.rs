//! Driving the vendor from Rust.

use serde::Serialize;

use super::World;
use super::account::Account;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::vendor::Part as _;

/// VerificarIdentidad in the sandbox.
#[derive(Debug)]
pub struct VerificarIdentidad<'a> {
    sandbox: &'a Sandbox,
}

/// A message on a person's phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PhoneMessage {
    /// The identifier of the request that it belongs to.
    pub id: String,
    /// The number of the phone.
    pub to: String,
    /// Its sender.
    pub from: String,
    /// Its text, with the link filled in.
    pub text: String,
}

impl Sandbox {
    /// VerificarIdentidad.
    #[must_use]
    pub const fn verificar_identidad(&self) -> VerificarIdentidad<'_> {
        VerificarIdentidad::new(self)
    }
}

impl<'a> VerificarIdentidad<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    /// The base address of the vendor's host.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.sandbox.vendor_url(World::ID)
    }

    /// The API user.
    #[must_use]
    pub fn user(&self) -> String {
        self.account().user
    }

    /// The API token.
    #[must_use]
    pub fn token(&self) -> String {
        self.account().token
    }

    /// The account's settings, the credits that are left included.
    #[must_use]
    pub fn account(&self) -> Account {
        self.sandbox.worlds.state().parts.verificar_identidad.account().clone()
    }

    /// Changes the account's settings.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the settings are not possible.
    pub fn configure(&self, change: impl FnOnce(&mut Account)) -> Result<(), SandboxError> {
        let mut account = self.account();
        change(&mut account);
        self.sandbox
            .worlds
            .state()
            .parts
            .verificar_identidad
            .configure(account)
            .map_err(|error| SandboxError::Refused(error.to_owned()))
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
            .with(now, |world: &mut World, moment| world.act(id, scenario, moment))
            .map_err(|error| SandboxError::Refused(error.to_owned()))
    }

    /// The messages that have come to people's phones, in their order.
    #[must_use]
    pub fn messages(&self) -> Vec<PhoneMessage> {
        self.sandbox.worlds.state().parts.verificar_identidad.messages()
    }

    /// Every request's identifier, in the order in which they were given.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.sandbox.worlds.state().parts.verificar_identidad.ids()
    }

    /// The number of requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.sandbox.worlds.state().parts.verificar_identidad.requests()
    }
}
