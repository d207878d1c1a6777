//! Driving the vendor from Rust.

use super::World;
use super::account::Account;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::vendor::Part as _;

/// CM.com ID Scan in the sandbox.
#[derive(Debug)]
pub struct CmIdScan<'a> {
    sandbox: &'a Sandbox,
}

impl Sandbox {
    /// CM.com ID Scan.
    #[must_use]
    pub const fn cm_id_scan(&self) -> CmIdScan<'_> {
        CmIdScan::new(self)
    }
}

impl<'a> CmIdScan<'a> {
    pub(crate) const fn new(sandbox: &'a Sandbox) -> Self {
        Self { sandbox }
    }

    /// The base address of the vendor's host.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.sandbox.vendor_url(World::ID)
    }

    /// The key ID.
    #[must_use]
    pub const fn key_id(&self) -> &'static str {
        "3b438437-04a4-40bb-8389-54bb02766fba"
    }

    /// The secret, until it is configured.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ"
    }

    /// The account's settings.
    #[must_use]
    pub fn account(&self) -> Account {
        self.sandbox.worlds.state().parts.cm_id_scan.account(self.key_id()).cloned().unwrap_or_default()
    }

    /// Changes the account's settings.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the settings are not possible.
    pub fn configure(&self, change: impl FnOnce(&mut Account)) -> Result<(), SandboxError> {
        let mut account = self.account();
        change(&mut account);
        self.sandbox.worlds.state().parts.cm_id_scan.configure(account).map_err(|error| SandboxError::Refused(error.to_owned()))
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

    /// The id of a transaction's result, which the person's browser brings along; none before it is completed.
    #[must_use]
    pub fn result_id(&self, id: &str) -> Option<String> {
        self.sandbox.worlds.state().parts.cm_id_scan.result_id(id)
    }

    /// The number of transactions.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.sandbox.worlds.state().parts.cm_id_scan.transactions()
    }
}
