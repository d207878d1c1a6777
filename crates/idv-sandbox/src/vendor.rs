//! The vendors, and their differences that concern the sandbox as a whole.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::idnow::scenario::SCENARIOS;
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

    /// The scenarios that the vendor knows: those of every vendor, then its own.
    pub(crate) fn scenarios(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Idnow => &idnow::scenario::OWN,
            Self::IdentityTm => &identity_tm::scenario::OWN,
            Self::CmIdScan => &cm_id_scan::scenario::OWN,
            Self::Identify24 => &identify24::scenario::OWN,
            Self::VerificarIdentidad => &verificar_identidad::scenario::OWN,
        };
        SCENARIOS.iter().chain(own).copied().collect()
    }

    /// An error about a scenario, with the scenarios that there are.
    pub(crate) fn scenario_error(self, error: &str) -> String {
        format!("{error}; the scenarios are {}", self.scenarios().join(", "))
    }

    /// The vendor of a host.
    pub(crate) fn of_host(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.hosts().contains(&host))
    }

    /// The answer of a planned fault: the vendor's own form of a failure that is not the client's.
    pub(crate) fn error(self, status: StatusCode) -> Answer {
        self.failure(status, &self.failure_body(500))
    }

    /// A failure that hides in an answer with status 200.
    pub(crate) fn failure_inside(self, code: u16) -> Answer {
        self.failure(StatusCode::OK, &self.failure_body(code))
    }

    fn failure(self, status: StatusCode, body: &Value) -> Answer {
        match self {
            Self::Idnow => Answer::json_with_charset(status, body),
            _ => Answer::json(status, body),
        }
    }

    fn failure_body(self, code: u16) -> Value {
        let text = if code == 401 { "Token expired" } else { "Internal error" };
        match self {
            Self::Idnow => {
                let cause = if code == 401 { "INVALID_LOGIN_TOKEN" } else { "INTERNAL_SERVER_ERROR" };
                json!({ "errors": [{ "cause": cause }] })
            }
            Self::IdentityTm => json!({ "Error": text }),
            Self::CmIdScan => json!({ "message": text }),
            // A planned status is that of the answer; if the fault says so, it is in the body as in the samples.
            Self::Identify24 if code == 500 => json!({ "result": false, "messages": [text] }),
            Self::Identify24 => json!({ "result": false, "response_status": code, "messages": [text] }),
            Self::VerificarIdentidad => json!([{ "Res": if code == 401 { -1 } else { -5 } }]),
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

    /// The time before a callback is tried again; `None` if it is given up.
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
