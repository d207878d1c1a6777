//! What is started, and how it stands.

use std::time::Duration;

use idv_core::{HandOff, NewVerification, Outcome, Status, Timestamp};
use serde::Serialize;

use crate::error::FlowError;
use crate::id::FlowId;
use crate::machine::attention::Attention;
use crate::machine::evidence::EvidencePolicy;
use crate::machine::retention::Retention;
use crate::store::{Phase, Record};

/// What is to be started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Start {
    /// What the vendor is to create.
    pub new: NewVerification,
    /// At which provider; at the first, where it is not said.
    pub provider: Option<String>,
    /// How long the copies are kept; as the flow was opened with, where it is not said.
    pub retention: Option<Retention>,
    /// The evidence that is kept; by default that of [`EngineBuilder::evidence`](crate::EngineBuilder::evidence).
    pub evidence: Option<EvidencePolicy>,
    /// Who asks: an account's name for the audit trail, no person's data.
    pub by: Option<String>,
}

impl Start {
    /// A verification at the first provider.
    #[must_use]
    pub const fn new(new: NewVerification) -> Self {
        Self { new, provider: None, retention: None, evidence: None, by: None }
    }

    /// At this provider.
    #[must_use]
    pub fn at(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Keeps the copies so long.
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Sets the evidence that is kept before the vendor's copy is deleted.
    #[must_use]
    pub fn evidence(mut self, policy: EvidencePolicy) -> Self {
        self.evidence = Some(policy);
        self
    }

    /// Says who asks.
    #[must_use]
    pub fn by(mut self, by: impl Into<String>) -> Self {
        self.by = Some(by.into());
        self
    }
}

/// A flow that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// What it is called.
    pub id: FlowId,
    /// How the person comes to the vendor; `None` as long as the vendor's answer is missing.
    pub hand_off: Option<HandOff>,
    /// Whether the reference had a flow already, and nothing was sent.
    pub already_existed: bool,
    /// How far it is.
    pub phase: Phase,
    /// The paths of what was given but has no place in this vendor's call.
    pub unsupported_fields: Vec<String>,
}

/// How far a flow is.
///
/// It serializes without the hand-off, which opens the person's session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FlowStatus {
    /// What it is called.
    pub id: FlowId,
    /// The provider's id.
    pub provider: String,
    /// How far it is, in one word.
    pub phase: Phase,
    /// The state of the verification; `None` where nothing was created, nobody knows, or it is disputed.
    pub status: Option<Status>,
    /// Whether the vendor has said two different things, and nobody has ruled. Then nobody is verified.
    pub disputed: bool,
    /// How the person comes to the vendor.
    #[serde(skip)]
    pub hand_off: Option<HandOff>,
    /// Whether a final report is stored.
    pub has_report: bool,
    /// For what it needs a person.
    pub attention: Option<Attention>,
    /// When there is next something to be done; `None` where it waits for somebody, or for nothing more.
    #[serde(serialize_with = "time")]
    pub due: Option<Timestamp>,
    /// When it was started.
    #[serde(serialize_with = "instant")]
    pub created_at: Timestamp,
    /// Since when it stands as it does.
    #[serde(serialize_with = "instant")]
    pub since: Timestamp,
}

impl FlowStatus {
    /// What is known of a flow that cannot be read.
    pub(crate) fn unread(record: Record, error: &FlowError) -> Self {
        Self {
            id: record.id,
            provider: record.provider,
            phase: record.phase,
            status: None,
            disputed: false,
            hand_off: None,
            has_report: false,
            attention: matches!(error, FlowError::Damaged(_)).then_some(Attention::Damaged),
            due: record.due,
            created_at: record.created_at,
            since: record.created_at,
        }
    }

    /// Whether the person is verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.status == Some(Status::Finished(Outcome::Verified))
    }
}

/// How it stands with the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// For how long the oldest work has been due. Much more than a minute says that no worker runs, or too few.
    pub behind: Duration,
}

fn time<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

fn instant<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
