//! Driving the vendor from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// CM.com ID Scan in the sandbox.
pub type CmIdScan<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// CM.com ID Scan.
    #[must_use]
    pub const fn cm_id_scan(&self) -> CmIdScan<'_> {
        Emulator::of::<Own>(self)
    }
}

impl CmIdScan<'_> {
    /// The key ID.
    #[must_use]
    pub const fn key_id(&self) -> &'static str {
        "3b438437-04a4-40bb-8389-54bb02766fba"
    }

    /// The secret, until it is configured.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ"
    }

    /// The id of a transaction's result, which the person's browser brings along; none before it is completed.
    #[must_use]
    pub fn result_id(&self, id: &str) -> Option<String> {
        self.state()
            .parts
            .cm_id_scan
            .cases
            .get(id)?
            .outcome
            .as_ref()
            .map(|outcome| outcome.result_id.clone())
    }

    /// The number of transactions.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.state().parts.cm_id_scan.cases.len()
    }
}
