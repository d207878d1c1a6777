//! Driving IDnow from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// IDnow in the sandbox. Every path of its gateway, robots and go hosts is below the base address.
pub type Idnow<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// IDnow.
    #[must_use]
    pub const fn idnow(&self) -> Idnow<'_> {
        Emulator::of::<Own>(self)
    }
}

impl Idnow<'_> {
    /// The company id of the document's samples.
    #[must_use]
    pub const fn company_id(&self) -> &str {
        "ihrebank"
    }

    /// An API key of the document's samples.
    #[must_use]
    pub const fn api_key(&self) -> &'static str {
        "exampleApiKey"
    }

    /// The number of identifications.
    #[must_use]
    pub fn identifications(&self) -> usize {
        self.state().parts.idnow.cases.len()
    }

    /// Makes every login token invalid.
    pub fn forget_tokens(&self) {
        self.state().parts.idnow.own.tokens.clear();
    }
}
