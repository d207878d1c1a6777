//! Drives Identify24's emulator from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// Identify24 VideoIdent in the sandbox.
pub type Identify24<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// Returns Identify24's emulator.
    #[must_use]
    pub const fn identify24(&self) -> Identify24<'_> {
        Emulator::of::<Own>(self)
    }
}

impl Identify24<'_> {
    /// Returns the partner's user name.
    #[must_use]
    pub const fn partner(&self) -> &'static str {
        "911-internet"
    }

    /// Returns the initial API key.
    #[must_use]
    pub const fn api_key(&self) -> &'static str {
        "exampleApiKey"
    }

    /// Returns the project that accepts new idents.
    #[must_use]
    pub const fn project_id(&self) -> &'static str {
        "6"
    }

    /// Invalidates every token, as after half an hour without use.
    pub fn forget_tokens(&self) {
        self.delete_tokens();
    }

    /// Returns the number of idents.
    #[must_use]
    pub fn idents(&self) -> usize {
        self.state().parts.identify24.cases.len()
    }
}
