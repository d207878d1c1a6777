//! Drives IDnow's emulator from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// IDnow in the sandbox. All paths of its gateway, robots and go hosts are below the base address.
pub type Idnow<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// Returns IDnow's emulator.
    #[must_use]
    pub const fn idnow(&self) -> Idnow<'_> {
        Emulator::of::<Own>(self)
    }
}

impl Idnow<'_> {
    /// Returns the company id of the document's samples.
    #[must_use]
    pub const fn company_id(&self) -> &str {
        "ihrebank"
    }

    /// Returns an API key of the document's samples.
    #[must_use]
    pub const fn api_key(&self) -> &'static str {
        "exampleApiKey"
    }

    /// Returns the number of identifications.
    #[must_use]
    pub fn identifications(&self) -> usize {
        self.state().parts.idnow.cases.len()
    }

    /// Invalidates every login token.
    pub fn forget_tokens(&self) {
        self.delete_tokens();
    }
}
