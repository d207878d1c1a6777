//! Driving Identity.TM from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// Identity.TM in the sandbox. The path of every call of the customer API follows the base address.
pub type IdentityTm<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// Identity.TM.
    #[must_use]
    pub const fn identity_tm(&self) -> IdentityTm<'_> {
        Emulator::of::<Own>(self)
    }
}

impl IdentityTm<'_> {
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

    /// The TAN that was sent last to the phone of an order's person.
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

    /// The number of orders.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.state().parts.identity_tm.cases.len()
    }
}
