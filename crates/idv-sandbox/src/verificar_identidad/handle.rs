//! Driving the vendor from Rust.

use serde::Serialize;

use super::account::Account;
use super::{Own, messages};
use crate::emulator::Emulator;
use crate::part::Part as _;
use crate::sandbox::Sandbox;

/// VerificarIdentidad in the sandbox. The account's settings have the credits that are left.
pub type VerificarIdentidad<'a> = Emulator<'a, Account>;

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
        Emulator::of::<Own>(self)
    }
}

impl VerificarIdentidad<'_> {
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

    /// The messages that have come to people's phones, in their order.
    #[must_use]
    pub fn messages(&self) -> Vec<PhoneMessage> {
        messages(&self.state().parts.verificar_identidad)
    }

    /// Every request's identifier, in the order in which they were given.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        Own::ids(&self.state().parts.verificar_identidad)
    }

    /// The number of requests.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.state().parts.verificar_identidad.cases.len()
    }
}
