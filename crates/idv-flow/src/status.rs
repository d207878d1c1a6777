//! What is started, and how it stands.

use std::time::Duration;

use idv_core::{HandOff, NewVerification, Outcome, Status, Timestamp};
use serde::Serialize;

use crate::error::FlowError;
use crate::id::FlowId;
use crate::machine::attention::Attention;
use crate::machine::evidence::EvidencePolicy;
use crate::machine::retention::Retention;
use crate::store::{ListCursor, ListOrder, Phase, Record};

/// What is to be started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StartRequest {
    /// What the vendor is to create.
    pub new: NewVerification,
    /// The account at a vendor; the engine's first if it is `None`.
    pub account: Option<String>,
    /// The application's own key for the verification, such as the number of an order: see [`StartRequest::key`].
    pub key: Option<String>,
    /// The tenant that the flow belongs to: see [`StartRequest::tenant`].
    pub tenant: Option<String>,
    /// How long the copies are kept; as the flow was opened with, where it is not said.
    pub retention: Option<Retention>,
    /// The evidence that is kept; by default that of [`EngineBuilder::evidence`](crate::EngineBuilder::evidence).
    pub evidence: Option<EvidencePolicy>,
    /// Who asks: an account's name for the audit trail, no person's data.
    pub by: Option<String>,
}

impl StartRequest {
    /// A verification at the first provider.
    #[must_use]
    pub const fn new(new: NewVerification) -> Self {
        Self {
            new,
            account: None,
            key: None,
            tenant: None,
            retention: None,
            evidence: None,
            by: None,
        }
    }

    /// Sets the account. The default account of a vendor is called after the vendor.
    #[must_use]
    pub fn at(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets the application's own key, by which a repeated start is recognized: a second start with the same key and tenant sends nothing and
    /// returns the flow of the first, whatever else it asks for. [`Engine::find_by_key`](crate::Engine::find_by_key) finds the flow. The store
    /// keeps a keyed digest of it only.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the label of the tenant: ASCII letters, digits, `-`, `_` and `.`, up to 64. The store keeps it in clear. It selects the
    /// [key](crate::EngineBuilder::tenant) that seals the flow, and is part of each of the flow's events.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
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
pub struct StartResponse {
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
    /// The account at the provider.
    pub account: String,
    /// The tenant that the flow belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The phase.
    pub phase: Phase,
    /// When the phase began.
    #[serde(serialize_with = "instant")]
    pub phase_since: Timestamp,
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
            account: record.account,
            tenant: record.tenant,
            phase: record.phase,
            phase_since: record.phase_since,
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

    /// Returns the place of the flow in a list of this order: the next page begins after it.
    #[must_use]
    pub fn cursor(&self, order: ListOrder) -> ListCursor {
        ListCursor::new(
            match order {
                ListOrder::Id => Timestamp::UNIX_EPOCH,
                ListOrder::CreatedAt => self.created_at,
                ListOrder::PhaseSince => self.phase_since,
            },
            self.id,
        )
    }

    /// Whether the person is verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.status == Some(Status::Finished(Outcome::Verified))
    }
}

/// The state of the work: of the store, and of the accounts at vendors as this program sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// For how long the oldest work has been due. Much more than a minute says that no worker runs, or too few.
    pub behind: Duration,
    /// The number of messages that wait for a worker.
    pub messages: u64,
    /// The number of messages that cannot be judged yet.
    pub parked: u64,
    /// For how long the oldest event has not been delivered; zero if this program has no handler and no webhook.
    pub undelivered_for: Duration,
    /// The accounts at which the last call of this program failed.
    pub failing: Vec<FailingAccount>,
}

/// An account at which calls fail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailingAccount {
    /// The name of the account.
    pub account: String,
    /// The kind of the last failure: see [`ErrorKind::name`](idv_core::ErrorKind::name).
    pub kind: &'static str,
    /// When the first call failed after the last one that was answered.
    pub since: Timestamp,
}

fn time<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

fn instant<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
