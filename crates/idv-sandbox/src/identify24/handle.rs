//! Driving the vendor from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// Identify24 VideoIdent in the sandbox.
pub type Identify24<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// Identify24.
    #[must_use]
    pub const fn identify24(&self) -> Identify24<'_> {
        Emulator::of::<Own>(self)
    }
}

impl Identify24<'_> {
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

    /// Every token becomes invalid, as if it had been idle for half an hour.
    pub fn forget_tokens(&self) {
        self.state().parts.identify24.own.tokens.clear();
    }

    /// The number of idents.
    #[must_use]
    pub fn idents(&self) -> usize {
        self.state().parts.identify24.cases.len()
    }
}
