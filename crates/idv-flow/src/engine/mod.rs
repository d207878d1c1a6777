//! The engine: its methods for applications.

pub(crate) mod accounts;
pub(crate) mod builder;
pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod hosting;
pub(crate) mod metrics;
pub(crate) mod opening;
pub(crate) mod operator;
pub(crate) mod repository;
pub(crate) mod workers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use idv_core::{Client, Decision, Delivery, HandOff, Outcome, Reference, Reply, Report, Status};

use crate::audit::{AuditEntry, AuditReport};
use crate::engine::builder::EngineBuilder;
use crate::engine::operator::{OperatorCursor, OperatorPage, OperatorTask};
use crate::engine::repository::{Inner, LoadedFlow};
use crate::engine::workers::WorkerStats;
use crate::engine::workers::delete::Receipt;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::resolution::Resolution;
use crate::machine::retention::Retention;
use crate::report::{KeptReport, of_outcome};
use crate::status::{FlowStatus, Health, StartRequest, StartResponse};
use crate::store::{Filter, ListCursor, Phase, Record, Store};

/// The time between two checks for a hand-off.
const HAND_OFF_PAUSE: Duration = Duration::from_millis(100);

/// Runs verifications from creation to deletion, backed by a store. Cheap to clone; clones share
/// their state.
///
/// Any number of programs may use the same store. If one crashes, another takes over its work when
/// its lease has expired.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// Returns a builder for an engine backed by `store`.
    pub fn builder(store: impl Store) -> EngineBuilder {
        EngineBuilder::new(store)
    }

    /// Returns a new reference. Store it before the call, so that [`Engine::start`] can be repeated
    /// safely.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.inner.random)
    }

    /// Commits the intent to create a verification, sends the create request, and commits the
    /// answer.
    ///
    /// A reference is started once: a second call returns the flow of the first and sends nothing.
    /// If the vendor could not be reached or its answer was lost, the workers continue: poll the
    /// [status](Engine::status) until the hand-off is there. The same holds if the account is
    /// [paused](Engine::pause_account), its limits are reached, or its vendor is down: then nothing
    /// is sent yet.
    ///
    /// # Errors
    ///
    /// [`FlowError::Vendor`] if the vendor refuses the request: nothing was created, and the
    /// reference cannot be used again. [`FlowError::Draining`] if the account takes no new flows.
    ///
    /// # Cancellation
    ///
    /// Dropping the future has the effect of a crash: the workers settle the creation, and at some
    /// vendors that needs an operator. A web server drops a request's future when the browser
    /// disconnects: use [`Engine::submit`] there.
    pub async fn start(&self, start: impl Into<StartRequest>) -> Result<StartResponse> {
        self.inner.start(start.into()).await
    }

    /// Commits the intent to create a verification and returns: a worker sends the create request.
    /// [`Engine::wait_for_hand_off`] waits for the answer, and the outbox announces it.
    ///
    /// For a handler of a web server, which the server drops if the browser disconnects: no call to
    /// the vendor is cut off by it. A reference, and a [key](StartRequest::key), is started once,
    /// as with [`Engine::start`].
    ///
    /// # Errors
    ///
    /// Those of the store, and [`FlowError::Draining`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the intent is committed or not: repeat the call with the same
    /// reference or key.
    pub async fn submit(&self, start: impl Into<StartRequest>) -> Result<StartResponse> {
        self.inner.submit(start.into()).await
    }

    /// As [`Engine::submit`], in a transaction of the application: the intent is committed with it,
    /// or not at all. A worker finds it within a second of the commit.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] mod example {
    /// use idv_core::NewVerification;
    /// use idv_flow::{Engine, StartRequest};
    /// use sqlx::{Connection as _, SqliteConnection};
    ///
    /// async fn order(
    ///     engine: &Engine,
    ///     connection: &mut SqliteConnection,
    ///     order: i64,
    /// ) -> Result<(), Box<dyn std::error::Error>> {
    ///     let mut transaction = connection.begin().await?;
    ///     sqlx::query("INSERT INTO orders (id) VALUES ($1)")
    ///         .bind(order)
    ///         .execute(&mut *transaction)
    ///         .await?;
    ///     let new = NewVerification::new(engine.reference());
    ///     let start = StartRequest::new(new).key(order.to_string());
    ///     engine.submit_in(&mut *transaction, start).await?;
    ///     transaction.commit().await?;
    ///     Ok(())
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the store, and [`FlowError::Draining`]; then roll the transaction back.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, roll the transaction back.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub async fn submit_in(
        &self,
        transaction: &mut impl crate::store::ApplicationTransaction,
        start: impl Into<StartRequest>,
    ) -> Result<StartResponse> {
        self.inner.submit_in(transaction, start.into()).await
    }

    /// Waits until the flow has a hand-off, and returns it.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`]; [`FlowError::Conflict`] if there will be no hand-off: nothing
    /// was created, or the verification has ended.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated, and waits without end if no worker
    /// runs. Set a limit by `tokio::time::timeout`.
    pub async fn wait_for_hand_off(&self, id: FlowId) -> Result<HandOff> {
        loop {
            let status = self.status(id).await?;
            match (status.hand_off, status.phase) {
                (Some(hand_off), _) => return Ok(hand_off),
                (None, Phase::Creating | Phase::Open) => {
                    self.inner.clock.sleep(HAND_OFF_PAUSE).await;
                }
                (None, _) => {
                    return Err(FlowError::Conflict(
                        "the flow has no hand-off: nothing was created, or it has ended",
                    ));
                }
            }
        }
    }

    /// Returns the state of a flow.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn status(&self, id: FlowId) -> Result<FlowStatus> {
        let opened = self.inner.read(id).await?;
        self.status_of(&opened)
    }

    /// Returns the state of the flow of a reference; `None` if there is no such flow.
    ///
    /// # Errors
    ///
    /// Those of the store, and [`FlowError::Damaged`] if the flow that the store has under this
    /// reference is not the one that was started with it.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn find(&self, account: &str, reference: &Reference) -> Result<Option<FlowStatus>> {
        let flow = self.inner.of_reference(account, reference).await?;
        flow.map(|flow| self.status_of(&flow)).transpose()
    }

    /// Returns the state of the flow that was started with the application's own
    /// [key](StartRequest::key) for a tenant, or for none.
    ///
    /// # Errors
    ///
    /// Those of the store, and [`FlowError::Damaged`] if the flow cannot be read.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn find_by_key(&self, tenant: Option<&str>, key: &str) -> Result<Option<FlowStatus>> {
        let flow = self.inner.of_application_key(tenant, key).await?;
        flow.map(|flow| self.status_of(&flow)).transpose()
    }

    /// Returns up to `limit` flows after `after`, in the order of the filter. The next page begins
    /// after the last flow's [cursor](FlowStatus::cursor). Flows that cannot be read and flows of
    /// an account that is not configured here are included, with the columns that the store keeps
    /// in clear.
    ///
    /// ```
    /// use idv_flow::store::{Filter, ListCursor, ListOrder, Phase};
    /// use idv_core::Timestamp;
    /// use idv_flow::{Engine, FlowStatus};
    ///
    /// /// Returns the first flows that have ended since `since`.
    /// async fn ended(engine: &Engine, since: Timestamp) -> idv_flow::Result<Vec<FlowStatus>> {
    ///     let filter = Filter::all().in_phase(Phase::Done).ordered_by(ListOrder::PhaseSince);
    ///     engine.list(&filter, Some(ListCursor::from_time(since)), 100).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> Result<Vec<FlowStatus>> {
        self.inner.refresh_keys().await?;
        let records = self.inner.store.list(filter, after, limit).await?;
        let status = |record: Record| {
            let read = self
                .inner
                .open(record.clone())
                .and_then(|opened| self.status_of(&opened));
            read.unwrap_or_else(|error| FlowStatus::unread(record, &error))
        };
        Ok(records.into_iter().map(status).collect())
    }

    /// Returns the final report: `None` if there is none yet, after our own copy was erased, and
    /// while the outcome is disputed. If an operator ruled an outcome that no report has, it is the
    /// latest report.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn report(&self, id: FlowId) -> Result<Option<Report>> {
        let opened = self.inner.read(id).await?;
        let Some(Decision::Settled(outcome)) = opened.state.decision() else {
            return Ok(None);
        };
        let reports = self.inner.reports(&opened.record).await?;
        let ruled = opened.state.ruled == Some(outcome);
        of_outcome(&reports, outcome, ruled)
            .map(KeptReport::report)
            .transpose()
    }

    /// Returns every stored final report with its outcome, for the operator who has to rule on a
    /// dispute.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn reports(&self, id: FlowId) -> Result<Vec<(Option<Outcome>, Report)>> {
        let opened = self.inner.read(id).await?;
        let reports = self.inner.reports(&opened.record).await?;
        reports
            .iter()
            .map(|kept| Ok((kept.outcome, kept.report()?)))
            .collect()
    }

    /// Authenticates, seals and stores a callback or the person's return, and returns the reply.
    /// [`Engine::run`] processes it later. A repeated message is stored once.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownAccount`]; [`FlowError::Store`] if it could not be stored: reply 503,
    /// and the vendor sends it again.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the message is stored or not; without a reply the vendor sends it
    /// again.
    pub async fn receive(&self, account: &str, delivery: &Delivery) -> Result<Reply> {
        self.inner.receive(account, delivery).await
    }

    /// Requests the deletion of the vendor's copy and of ours. `by` is the account that requests
    /// it, without personal data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Held`] if one of them must be kept longer: the refusal is in the audit trail,
    /// and nothing is deleted.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn delete(&self, id: FlowId, by: &str) -> Result<Receipt> {
        self.inner.request_deletion(id, by).await
    }

    /// Returns the progress of a deletion.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn receipt(&self, id: FlowId) -> Result<Receipt> {
        Ok(Receipt::of(&self.inner.read(id).await?))
    }

    /// Changes the retention of the copies, to put a legal hold on them for example.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] if our own copy is already erased.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn retain(&self, id: FlowId, retention: Retention, by: &str) -> Result<()> {
        self.inner.retain(id, retention, by).await
    }

    /// Returns all tasks of an operator, each with its options; [`Engine::operator_page`] returns
    /// them in pages.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn operator(&self) -> Result<Vec<OperatorTask>> {
        self.inner.operator().await
    }

    /// Returns a page of the tasks of an operator, beginning after `after`, with up to `limit`
    /// flows or messages. Read on until [`OperatorPage::next`](crate::OperatorPage::next) is
    /// `None`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn operator_page(
        &self,
        after: Option<OperatorCursor>,
        limit: usize,
    ) -> Result<OperatorPage> {
        self.inner.operator_page(after, limit).await
    }

    /// Carries out an operator's decision about a flow. `by` is the operator's account, without
    /// personal data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`], with an explanation, if the state of the flow does not allow it.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the decision is recorded as a whole or not at all: the
    /// [status](Engine::status) shows it.
    pub async fn resolve(&self, id: FlowId, resolution: &Resolution, by: &str) -> Result<()> {
        self.inner.resolve(id, resolution, by).await
    }

    /// Retries a message that needs an operator (`again`), or dismisses it.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn resolve_message(&self, digest: &[u8; 32], again: bool) -> Result<()> {
        self.inner.resolve_message(digest, again).await
    }

    /// Returns the audit trail of a flow, in order.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn audit_of(&self, id: FlowId) -> Result<Vec<AuditEntry>> {
        Ok(self.inner.store.audit_of(id).await?)
    }

    /// Verifies the whole audit trail. `anchor` is that of an earlier verification, kept elsewhere.
    ///
    /// # Errors
    ///
    /// Those of the store. A fault of the trail is a finding, not an error.
    ///
    /// # Cancellation
    ///
    /// The verification can be dropped and repeated.
    pub async fn verify_audit(&self, anchor: Option<&str>) -> Result<AuditReport> {
        self.inner.verify_audit(anchor).await
    }

    /// Checks that the store can be written and that this program's clock is right, and reports how
    /// far the workers are behind, what waits, and which accounts fail.
    ///
    /// # Errors
    ///
    /// Those of the store, if it cannot be reached or written; [`FlowError::WrongClock`].
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
    pub async fn health(&self) -> Result<Health> {
        self.inner.check_clock().await?;
        self.inner.probe().await?;
        let now = self.inner.now();
        let due = self.inner.due_since().await?;
        let behind = due
            .and_then(|due| Duration::try_from(now.duration_since(due)).ok())
            .unwrap_or_default();
        self.inner.health(behind).await
    }

    /// Returns the numbers of steps under way and done, by [`Engine::run`] and [`Engine::run_due`]
    /// of this program.
    #[must_use]
    pub fn worker_stats(&self) -> WorkerStats {
        self.inner.worker_stats.read()
    }

    /// Returns the client of an account.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownAccount`].
    pub fn client(&self, account: &str) -> Result<Client> {
        Ok(self.inner.account(account)?.client.clone())
    }

    /// Returns the names of the accounts; the first is the default for new flows.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.inner.accounts.iter().map(|at| at.id.as_str())
    }

    /// Returns whether personal data are stored in clear, because the vault has no key.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.inner.vault.is_plain()
    }

    fn status_of(&self, opened: &LoadedFlow) -> Result<FlowStatus> {
        let at = self.inner.account(&opened.record.account)?;
        let step = Inner::next(&at, opened, self.inner.now());
        let state = &opened.state;
        Ok(FlowStatus {
            id: opened.record.id,
            provider: opened.record.provider.clone(),
            account: opened.record.account.clone(),
            tenant: opened.record.tenant.clone(),
            phase: opened.record.phase,
            phase_since: opened.record.phase_since,
            status: match state.decision() {
                Some(Decision::Open(status)) => Some(status),
                Some(Decision::Settled(outcome)) => Some(Status::Finished(outcome)),
                _ => None,
            },
            disputed: state.decision() == Some(Decision::Disputed),
            hand_off: state.hand_off.clone(),
            has_report: state.reports > 0,
            attention: step.attention,
            due: step.due,
            created_at: opened.record.created_at,
            since: state.since,
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Engine").field(&self.inner).finish()
    }
}
