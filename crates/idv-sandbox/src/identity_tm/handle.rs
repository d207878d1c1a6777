//! Drives Identity.TM's emulator from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// Identity.TM in the sandbox. The path of every call of the customer API follows the base address.
pub type IdentityTm<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// Returns Identity.TM's emulator.
    #[must_use]
    pub const fn identity_tm(&self) -> IdentityTm<'_> {
        Emulator::of::<Own>(self)
    }
}

impl IdentityTm<'_> {
    /// Returns the user name.
    #[must_use]
    pub const fn user(&self) -> &'static str {
        "example"
    }

    /// Returns the initial password.
    #[must_use]
    pub const fn password(&self) -> &'static str {
        "examplePassword"
    }

    /// Returns the latest TAN on the phone of an order's person.
    #[must_use]
    pub fn tan(&self, order: &str) -> Option<String> {
        self.state()
            .parts
            .identity_tm
            .cases
            .get(order)?
            .tan
            .as_ref()
            .map(|tan| tan.code.clone())
    }

    /// Returns the number of orders.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.state().parts.identity_tm.cases.len()
    }
}
