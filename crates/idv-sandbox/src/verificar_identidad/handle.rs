//! Drives VerificarIdentidad's emulator from Rust.

use serde::Serialize;

use super::account::Account;
use super::{Own, messages};
use crate::emulator::Emulator;
use crate::part::Part as _;
use crate::sandbox::Sandbox;

/// VerificarIdentidad in the sandbox. The account's settings contain the remaining credits.
pub type VerificarIdentidad<'a> = Emulator<'a, Account>;

/// A message on a person's phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PhoneMessage {
    /// The identifier of its request.
    pub id: String,
    /// The number of the phone.
    pub to: String,
    /// The sender.
    pub from: String,
    /// The text with the link.
    pub text: String,
}

impl Sandbox {
    /// Returns VerificarIdentidad's emulator.
    #[must_use]
    pub const fn verificar_identidad(&self) -> VerificarIdentidad<'_> {
        Emulator::of::<Own>(self)
    }
}

impl VerificarIdentidad<'_> {
    /// Returns the API user.
    #[must_use]
    pub fn user(&self) -> String {
        self.account().user
    }

    /// Returns the API token.
    #[must_use]
    pub fn token(&self) -> String {
        self.account().token
    }

    /// Returns the messages on people's phones, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<PhoneMessage> {
        messages(&self.state().parts.verificar_identidad)
    }

    /// Returns the identifiers of all requests, in the order of their creation.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        Own::ids(&self.state().parts.verificar_identidad)
    }

    /// Returns the number of requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.state().parts.verificar_identidad.cases.len()
    }
}
