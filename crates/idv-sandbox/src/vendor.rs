//! The vendors, and where they differ in what the frame does for them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{cm_id_scan, identify24, identity_tm, idnow, verificar_identidad};

/// A vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    Idnow,
    IdentityTm,
    CmIdScan,
    Identify24,
    VerificarIdentidad,
}

impl Vendor {
    /// Every vendor, in the order of their ports.
    pub(crate) const ALL: [Self; 5] = [Self::Idnow, Self::IdentityTm, Self::CmIdScan, Self::Identify24, Self::VerificarIdentidad];

    /// The vendor's name in records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idnow => "idnow",
            Self::IdentityTm => "identity-tm",
            Self::CmIdScan => "cm-id-scan",
            Self::Identify24 => "identify24",
            Self::VerificarIdentidad => "verificar-identidad",
        }
    }

    /// The hosts that the vendor serves.
    pub(crate) const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Idnow => &idnow::HOSTS,
            Self::IdentityTm => &identity_tm::HOSTS,
            Self::CmIdScan => &cm_id_scan::HOSTS,
            Self::Identify24 => &identify24::HOSTS,
            Self::VerificarIdentidad => &verificar_identidad::HOSTS,
        }
    }

    /// Whose host it is.
    pub(crate) fn of_host(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.hosts().contains(&host))
    }

    /// The body of an error that is planned.
    pub(crate) fn error(self) -> Value {
        match self {
            Self::Idnow => json!({ "errors": [{ "cause": "INTERNAL_SERVER_ERROR" }] }),
            Self::IdentityTm => json!({ "Error": "Internal error" }),
            Self::CmIdScan => json!({ "message": "Internal error" }),
            Self::Identify24 => json!({ "result": false, "messages": ["Internal error"] }),
            Self::VerificarIdentidad => json!([{ "Res": -5 }]),
        }
    }

    /// Whether a callback that is answered so counts as delivered.
    pub(crate) fn accepts(self, status: u16) -> bool {
        match self {
            Self::Idnow => (200..300).contains(&status),
            Self::IdentityTm => identity_tm::accepted(status),
            Self::CmIdScan => cm_id_scan::accepted(status),
            Self::Identify24 => identify24::accepted(status),
            Self::VerificarIdentidad => verificar_identidad::accepted(status),
        }
    }

    /// How long to wait before a callback is tried again; `None` where it is given up.
    pub(crate) fn again(self, tries: u32, since_first_try: Duration) -> Option<Duration> {
        match self {
            Self::Idnow => idnow::again(tries, since_first_try),
            Self::IdentityTm => identity_tm::again(tries, since_first_try),
            Self::CmIdScan => cm_id_scan::again(tries, since_first_try),
            Self::Identify24 => identify24::again(tries, since_first_try),
            Self::VerificarIdentidad => verificar_identidad::again(tries, since_first_try),
        }
    }
}
