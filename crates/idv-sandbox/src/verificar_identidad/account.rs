//! The account: who it is, and what is agreed with the vendor.

use serde::{Deserialize, Serialize};

/// The settings of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// Where callbacks go; nowhere, where it is absent. Loopback only.
    pub callback_url: Option<String>,
}
