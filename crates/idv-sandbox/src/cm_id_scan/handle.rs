//! Drives CM.com's emulator from Rust.

use super::Own;
use super::account::Account;
use crate::emulator::Emulator;
use crate::sandbox::Sandbox;

/// CM.com ID Scan in the sandbox.
pub type CmIdScan<'a> = Emulator<'a, Account>;

impl Sandbox {
    /// Returns CM.com's emulator.
    #[must_use]
    pub const fn cm_id_scan(&self) -> CmIdScan<'_> {
        Emulator::of::<Own>(self)
    }
}

impl CmIdScan<'_> {
    /// Returns the key ID.
    #[must_use]
    pub const fn key_id(&self) -> &'static str {
        "3b438437-04a4-40bb-8389-54bb02766fba"
    }

    /// Returns the initial secret.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ"
    }

    /// Returns the id of a transaction's result, which the person's browser brings along; `None`
    /// before it is completed.
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

    /// Returns the number of transactions.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.state().parts.cm_id_scan.cases.len()
    }
}
