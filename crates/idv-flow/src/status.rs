//! Requests to start a flow, the state of a flow, and the state of the engine.

use std::time::Duration;

use idv_core::{HandOff, NewVerification, Outcome, Status, Timestamp};
use serde::Serialize;

use crate::engine::accounts::control::AccountMode;
use crate::error::FlowError;
use crate::id::FlowId;
use crate::machine::attention::Attention;
use crate::machine::evidence::EvidencePolicy;
use crate::machine::retention::Retention;
use crate::store::{ListCursor, ListOrder, Phase, Record};

/// A request to start a flow.
///
/// ```
/// use idv_core::{NewVerification, OsRandom, Reference};
/// use idv_flow::StartRequest;
///
/// let new = NewVerification::new(Reference::random(&OsRandom));
/// let request = StartRequest::new(new).at("idnow-branch").key("order-1234").by("onboarding");
/// assert_eq!(request.account.as_deref(), Some("idnow-branch"));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StartRequest {
    /// The verification to create.
    pub new: NewVerification,
    /// The account at a vendor; the engine's default account if `None`.
    pub account: Option<String>,
    /// The application's own key for the verification, such as an order number: see
    /// [`StartRequest::key`].
    pub key: Option<String>,
    /// The tenant of the flow: see [`StartRequest::tenant`].
    pub tenant: Option<String>,
    /// The retention of the copies; that of
    /// [`EngineBuilder::retention`](crate::EngineBuilder::retention) if `None`.
    pub retention: Option<Retention>,
    /// The evidence to keep; that of [`EngineBuilder::evidence`](crate::EngineBuilder::evidence) if
    /// `None`.
    pub evidence: Option<EvidencePolicy>,
    /// The account that requests the start, for the audit trail, without personal data.
    pub by: Option<String>,
}

impl StartRequest {
    /// Creates a request for a verification at the engine's default account.
    ///
    /// ```
    /// use idv_core::{NewVerification, OsRandom, Reference};
    /// use idv_flow::StartRequest;
    ///
    /// let new = NewVerification::new(Reference::random(&OsRandom));
    /// let request = StartRequest::new(new);
    /// assert_eq!((request.account, request.key), (None, None)); // the default account
    /// ```
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

    /// Sets the account.
    ///
    /// Unless the application names it, an account has the vendor's id as its name.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let client = bank.client();
    /// use idv_core::NewVerification;
    /// use idv_flow::StartRequest;
    ///
    /// let engine = builder().account("idnow-branch", client).open().await?;
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.start(StartRequest::new(new).at("idnow-branch")).await?;
    /// assert_eq!(engine.status(started.id).await?.account, "idnow-branch");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn at(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Sets the application's own key, which makes a repeated start safe.
    ///
    /// A second start with the same key and tenant sends nothing and returns the flow of the first,
    /// whatever else it asks for. [`Engine::find_by_key`](crate::Engine::find_by_key) finds the
    /// flow. The store keeps only a keyed digest of the key.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::StartRequest;
    ///
    /// let new = || NewVerification::new(engine.reference());
    /// let first = engine.start(StartRequest::new(new()).key("order-1234")).await?;
    /// let second = engine.start(StartRequest::new(new()).key("order-1234")).await?;
    /// assert!(second.already_existed);
    /// assert_eq!(second.id, first.id);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Sets the tenant's label: up to 64 ASCII letters, digits, `-`, `_` and `.`.
    ///
    /// The store keeps the label in clear. It selects the [key](crate::EngineBuilder::tenant) that
    /// seals the flow, and each of the flow's events carries it.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::{FlowError, StartRequest};
    ///
    /// let request = || StartRequest::new(NewVerification::new(engine.reference()));
    /// let started = engine.start(request().tenant("insurance")).await?;
    /// assert_eq!(engine.status(started.id).await?.tenant.as_deref(), Some("insurance"));
    ///
    /// let error = engine.start(request().tenant("Erika Mustermann")).await.unwrap_err();
    /// assert!(matches!(error, FlowError::Invalid(_))); // a label has no spaces
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Sets the retention of the copies.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::{FlowError, Retention, RetentionRule, StartRequest};
    ///
    /// let hold = RetentionRule::until_asked().not_before("2031-01-01T00:00:00Z".parse()?);
    /// let request = StartRequest::new(NewVerification::new(engine.reference()))
    ///     .retention(Retention::default().own(hold));
    /// let started = engine.start(request).await?;
    /// let error = engine.delete(started.id, "privacy-desk").await.unwrap_err();
    /// assert!(matches!(error, FlowError::Held { .. }));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Sets the evidence to keep before the vendor's copy is deleted.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::{EvidencePolicy, StartRequest};
    ///
    /// let new = NewVerification::new(engine.reference());
    /// let request = StartRequest::new(new).evidence(EvidencePolicy::all());
    /// let started = engine.start(request).await?;
    /// # bank.verify_persons();
    /// # bank.clock.advance(std::time::Duration::from_secs(600));
    /// // Later the person is verified.
    /// engine.run_due().await?;
    /// assert_eq!(engine.evidence(started.id).await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn evidence(mut self, policy: EvidencePolicy) -> Self {
        self.evidence = Some(policy);
        self
    }

    /// Sets the account that requests the start, for the audit trail, without personal data.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::StartRequest;
    ///
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.start(StartRequest::new(new).by("onboarding")).await?;
    /// let trail = engine.audit_of(started.id).await?;
    /// assert!(trail[0].event.contains("onboarding"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn by(mut self, by: impl Into<String>) -> Self {
        self.by = Some(by.into());
        self
    }
}

/// The answer to a start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartResponse {
    /// The id of the flow.
    pub id: FlowId,
    /// The way in which the person reaches the vendor; `None` until the vendor has answered.
    pub hand_off: Option<HandOff>,
    /// Whether a flow with this reference or key existed already. Then nothing was sent.
    pub already_existed: bool,
    /// The phase of the flow.
    pub phase: Phase,
    /// The paths of the submitted fields that this vendor's request cannot carry.
    pub unsupported_fields: Vec<String>,
}

/// The state of a flow.
///
/// It serializes without the hand-off, which opens the person's session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FlowStatus {
    /// The id of the flow.
    pub id: FlowId,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// The tenant of the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The phase.
    pub phase: Phase,
    /// When the phase began.
    #[serde(serialize_with = "instant")]
    pub phase_since: Timestamp,
    /// The status of the verification; `None` if none was created, if the creation is not settled,
    /// or if the outcome is disputed.
    pub status: Option<Status>,
    /// Whether the vendor has reported two different outcomes and no operator has resolved the
    /// dispute yet.
    ///
    /// Until then, [`FlowStatus::is_verified`] is false.
    pub disputed: bool,
    /// The way in which the person reaches the vendor.
    #[serde(skip)]
    pub hand_off: Option<HandOff>,
    /// Whether a final report is stored.
    pub has_report: bool,
    /// Why the flow needs an operator.
    pub attention: Option<Attention>,
    /// When the next step is due; `None` if the flow waits for a callback or an operator, or is
    /// done.
    #[serde(serialize_with = "time")]
    pub due: Option<Timestamp>,
    /// When the flow was started.
    #[serde(serialize_with = "instant")]
    pub created_at: Timestamp,
    /// When the verification last changed.
    #[serde(serialize_with = "instant")]
    pub since: Timestamp,
}

impl FlowStatus {
    /// Returns the state of a flow that cannot be read, from the columns that the store keeps in
    /// clear.
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

    /// Returns the position of the flow in a list of this order. The next page begins after it.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::{Filter, ListOrder};
    /// # for _ in 0..3 {
    /// #     bank.start(&engine).await?;
    /// # }
    ///
    /// let filter = Filter::all().ordered_by(ListOrder::CreatedAt);
    /// let first = engine.list(&filter, None, 2).await?;
    /// let next = first.last().map(|flow| flow.cursor(ListOrder::CreatedAt));
    /// assert_eq!(engine.list(&filter, next, 2).await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
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

    /// Returns whether the person is verified.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let id = bank.verified(&engine).await?;
    /// assert!(engine.status(id).await?.is_verified());
    ///
    /// # let disputed = bank.disputed(&engine).await?;
    /// // The vendor contradicts itself about this flow: an operator has to resolve the dispute.
    /// assert!(!engine.status(disputed).await?.is_verified());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.status == Some(Status::Finished(Outcome::Verified))
    }
}

/// The state of the store, the workers, and the accounts as this program sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The time for which the oldest step has been due. Much more than a minute means that too few
    /// workers run, or none.
    pub behind: Duration,
    /// The number of messages in the inbox that wait for a worker.
    pub messages: u64,
    /// The number of parked messages: the engine keeps them until it can interpret them.
    pub parked: u64,
    /// The age of the oldest undelivered event; zero if this program has no handler and no webhook.
    pub undelivered_for: Duration,
    /// The accounts at which the last call of this program failed, and those whose circuit is open.
    pub failing: Vec<FailingAccount>,
    /// The accounts that an operator has paused or drains.
    pub restricted: Vec<RestrictedAccount>,
}

/// An account that an operator has paused or drains.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestrictedAccount {
    /// The name of the account.
    pub account: String,
    /// Whether it is paused or drained.
    pub mode: AccountMode,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// An account at which calls fail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailingAccount {
    /// The name of the account.
    pub account: String,
    /// The kind of the last failure: see [`ErrorKind::name`](idv_core::ErrorKind::name).
    pub kind: String,
    /// When the first call failed after the last one that was answered.
    pub since: Timestamp,
}

fn time<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

fn instant<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
