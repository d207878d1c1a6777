//! The account at Identity.TM: who it is, and what is agreed with the vendor.

use serde::{Deserialize, Serialize};

/// The settings of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Default for Account {
    fn default() -> Self {
        Self { user: "example".into(), password: "examplePassword".into() }
    }
}
