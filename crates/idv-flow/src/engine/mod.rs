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
///
/// ```
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # bank::run(async |bank| {
/// # let engine = bank.engine().await?;
/// use idv_core::NewVerification;
///
/// let started = engine.start(NewVerification::new(engine.reference())).await?;
/// # bank.verify_persons();
/// # bank.clock.advance(std::time::Duration::from_secs(600));
/// engine.run_due().await?; // a server calls `Engine::run` instead
/// assert!(engine.status(started.id).await?.is_verified());
/// # Ok(())
/// # });
/// ```
///
/// # Errors
///
/// Each method lists its own errors. These can occur in all that use the store:
///
/// - [`FlowError::Store`] if the store fails, and [`FlowError::Keys`] if the key provider does.
/// - [`FlowError::Damaged`] if a flow or a value of the store cannot be decrypted or parsed, and
///   [`FlowError::Newer`] if a newer version of this program wrote it.
/// - [`FlowError::WrongClock`] if the method changes something, and the clocks of this program and
///   of the database server differ by more than the
///   [tolerance](EngineBuilder::clock_tolerance).
///
/// # Accounts of operators
///
/// The argument `by` of a method is the account of the operator or the program that requests the
/// change, such as `desk-3`. The audit trail and the logs have it in clear, so it must not be
/// personal data.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// Returns a builder for an engine backed by `store`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::store::MemoryStore;
    /// use idv_flow::{Engine, Vault};
    /// # let client = bank.client();
    ///
    /// let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
    /// let engine = Engine::builder(MemoryStore::new())
    ///     .client(client)
    ///     .vault(Vault::new(&key)?)
    ///     .open()
    ///     .await?;
    /// assert_eq!(engine.accounts().collect::<Vec<_>>(), ["idnow"]);
    /// assert!(!engine.is_plain());
    /// # Ok(())
    /// # });
    /// ```
    pub fn builder(store: impl Store) -> EngineBuilder {
        EngineBuilder::new(store)
    }

    /// Returns a new reference. Store it before the call, so that [`Engine::start`] can be repeated
    /// safely.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    ///
    /// let reference = engine.reference();
    /// // The application stores the reference with its order here.
    /// engine.start(NewVerification::new(reference.clone())).await?;
    /// assert!(engine.find("idnow", &reference).await?.is_some());
    /// # Ok(())
    /// # });
    /// ```
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::{HandOff, NewVerification};
    ///
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.start(new.clone()).await?;
    /// assert!(matches!(started.hand_off, Some(HandOff::Redirect(_))));
    ///
    /// // After a crash, the application starts the same reference again.
    /// let again = engine.start(new).await?;
    /// assert!(again.already_existed);
    /// assert_eq!(again.id, started.id);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors).
    ///
    /// - [`FlowError::Vendor`] if the vendor refuses the request: nothing was created, and the
    ///   reference cannot be used again.
    /// - [`FlowError::UnknownAccount`] if the account is not configured here, and
    ///   [`FlowError::Draining`] if it takes no new flows.
    /// - [`FlowError::Invalid`] if the tenant's label, the retention or the evidence to keep is not
    ///   valid.
    /// - [`FlowError::Conflict`] if the reference or the key belonged to a flow that was
    ///   [purged](EngineBuilder::purge_erased_after).
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::StartRequest;
    ///
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.submit(StartRequest::new(new).key("order-1234")).await?;
    /// assert_eq!(started.hand_off, None);
    ///
    /// engine.run_due().await?; // a worker sends the request
    /// assert!(engine.status(started.id).await?.hand_off.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Engine::start`], except [`FlowError::Vendor`]: if the vendor refuses the request,
    /// the flow is in the phase [`Refused`](Phase::Refused).
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
    /// # #[cfg(feature = "sqlite")] {
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # use idv_flow::{Engine, StartRequest, store::SqliteStore};
    /// use sqlx::{Connection as _, SqliteConnection};
    /// use idv_core::NewVerification;
    /// # let path = bank::temporary("submit.db");
    /// # let store = SqliteStore::open(&path).await?;
    /// # let engine = Engine::builder(store.clone()).client(bank.client()).open().await?;
    /// # let address = format!("sqlite:{}", path.display());
    /// # let mut connection = SqliteConnection::connect(&address).await?;
    /// # sqlx::query("CREATE TABLE orders (id INTEGER)").execute(&mut connection).await?;
    ///
    /// let mut transaction = connection.begin().await?;
    /// sqlx::query("INSERT INTO orders (id) VALUES (1234)").execute(&mut *transaction).await?;
    /// let new = NewVerification::new(engine.reference());
    /// engine.submit_in(&mut *transaction, StartRequest::new(new).key("1234")).await?;
    /// assert!(engine.find_by_key(None, "1234").await?.is_none());
    ///
    /// transaction.commit().await?;
    /// assert!(engine.find_by_key(None, "1234").await?.is_some());
    /// # store.close().await;
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # });
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Engine::submit`]; then roll the transaction back.
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

    /// Waits until the flow has a hand-off, and returns it. Reads the flow ten times a second.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::{HandOff, NewVerification};
    ///
    /// let started = engine.submit(NewVerification::new(engine.reference())).await?;
    /// engine.run_due().await?; // in an application, `Engine::run` does this meanwhile
    /// match engine.wait_for_hand_off(started.id).await? {
    ///     HandOff::Redirect(url) => assert_eq!(url.expose().host_str(), Some("go.test.idnow.de")),
    ///     other => panic!("IDnow redirects the person: {other:?}"),
    /// }
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Engine::status`]; [`FlowError::Conflict`] if there will be no hand-off: nothing
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::Status;
    /// use idv_flow::store::Phase;
    /// # let id = bank.start(&engine).await?;
    ///
    /// let status = engine.status(id).await?;
    /// assert_eq!(status.phase, Phase::Open);
    /// assert_eq!(status.status, Some(Status::AwaitingPerson));
    /// assert!(status.hand_off.is_some() && !status.is_verified());
    /// // The next poll.
    /// assert!(status.due.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::UnknownFlow`] if no flow has this id;
    /// [`FlowError::UnknownAccount`] if its account is not configured here.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # use idv_core::NewVerification;
    /// # let reference = engine.reference();
    /// # engine.start(NewVerification::new(reference.clone())).await?;
    /// let status = engine.find("idnow", &reference).await?.expect("the flow was started");
    /// assert_eq!(status.provider, "idnow");
    ///
    /// assert!(engine.find("idnow", &engine.reference()).await?.is_none());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::Damaged`] also if the flow that the store has
    /// under this reference is not the one that was started with it; [`FlowError::UnknownAccount`]
    /// if the flow's account is not configured here.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::StartRequest;
    ///
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.start(StartRequest::new(new).key("order-1234")).await?;
    ///
    /// let status = engine.find_by_key(None, "order-1234").await?;
    /// assert_eq!(status.map(|status| status.id), Some(started.id));
    /// assert!(engine.find_by_key(Some("tenant-a"), "order-1234").await?.is_none());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::UnknownAccount`] if the flow's account is not
    /// configured here.
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
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::{Filter, ListCursor, ListOrder, Phase};
    /// # use idv_core::Clock as _;
    /// # let since = bank.clock.now();
    /// # let id = bank.verified(&engine).await?;
    /// # bank.start(&engine).await?;
    ///
    /// // The flows that have ended since `since`, earliest first.
    /// let order = ListOrder::PhaseSince;
    /// let filter = Filter::all().in_phase(Phase::Done).ordered_by(order);
    /// let page = engine.list(&filter, Some(ListCursor::from_time(since)), 100).await?;
    /// assert_eq!(page.iter().map(|flow| flow.id).collect::<Vec<_>>(), [id]);
    ///
    /// let next = page.last().map(|flow| flow.cursor(order));
    /// assert!(engine.list(&filter, next, 100).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`] and [`FlowError::Keys`]. A flow that cannot be read is an item of the
    /// list.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let id = bank.verified(&engine).await?;
    /// use idv_core::NewVerification;
    ///
    /// let report = engine.report(id).await?.expect("the flow has a final report");
    /// let name = report.person.family_name.and_then(|name| name.value);
    /// assert_eq!(name.as_ref().map(|name| name.expose().as_str()), Some("MUSTERMANN"));
    ///
    /// let open = engine.start(NewVerification::new(engine.reference())).await?.id;
    /// assert!(engine.report(open).await?.is_none());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::UnknownFlow`] if no flow has this id.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let id = bank.disputed(&engine).await?;
    /// // The vendor's report says that the person is verified, and names a confirmed fraud.
    /// assert!(engine.status(id).await?.disputed);
    /// assert!(engine.report(id).await?.is_none());
    ///
    /// let reports = engine.reports(id).await?;
    /// assert_eq!(reports.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::UnknownFlow`] if no flow has this id.
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

    /// Authenticates a callback or the person's return, applies it or stores it sealed, and returns
    /// the reply.
    ///
    /// A message about one known flow is applied at once. [`Engine::run`] processes every other
    /// message later, and polls the vendor. A repeated message counts once.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// # let reference = engine.reference();
    /// # let id = engine.start(NewVerification::new(reference.clone())).await?.id;
    /// # let delivery = bank.callback(&reference);
    ///
    /// // `delivery` is the request that the web server received at the account's callback URL.
    /// let reply = engine.receive("idnow", &delivery).await?;
    /// assert_eq!(reply.status, 200);
    ///
    /// let due = engine.status(id).await?.due;
    /// assert!(due.is_some()); // a worker polls the vendor
    /// # engine.run_due().await?;
    /// # assert_eq!(engine.health().await?.messages, 0);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// A message that is not authentic or cannot be parsed is a reply, not an error.
    /// [`FlowError::UnknownAccount`] if the account is not configured here. After any other error
    /// of [`Engine`](Engine#errors) the message may not be stored: reply 503, and the vendor sends
    /// it again.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the message is applied or stored, or neither; without a reply the
    /// vendor sends it again.
    pub async fn receive(&self, account: &str, delivery: &Delivery) -> Result<Reply> {
        self.inner.receive(account, delivery).await
    }

    /// Requests the deletion of the vendor's copy and of ours. `by` is the account that requests
    /// it, without personal data. A repeated request changes nothing.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// # let id = bank.verified(&engine).await?;
    /// let receipt = engine.delete(id, "privacy-desk").await?;
    /// assert!(!receipt.is_complete());
    ///
    /// // Workers have the vendor delete its copy, ask it to confirm that, and erase our own.
    /// engine.run_due().await?;
    /// clock.advance(std::time::Duration::from_secs(60));
    /// engine.run_due().await?;
    /// assert!(engine.receipt(id).await?.is_complete());
    /// assert!(engine.report(id).await?.is_none());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors).
    ///
    /// - [`FlowError::UnknownFlow`], and [`FlowError::UnknownAccount`] if the flow's account is not
    ///   configured here.
    /// - [`FlowError::Held`] if one of the copies must be kept longer: the refusal is in the audit
    ///   trail, and nothing is deleted.
    /// - [`FlowError::Conflict`] if others changed the flow 100 times meanwhile.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use idv_flow::CopyState;
    /// # let id = bank.verified(&engine).await?;
    ///
    /// engine.delete(id, "privacy-desk").await?;
    /// engine.run_due().await?;
    /// // The vendor has deleted its copy. A minute later it is asked whether anything is left.
    /// let receipt = engine.receipt(id).await?;
    /// assert_eq!(receipt.vendors_copy, CopyState::Deleted);
    /// clock.advance(std::time::Duration::from_secs(60));
    /// engine.run_due().await?;
    /// assert_eq!(engine.receipt(id).await?.vendors_copy, CopyState::Confirmed);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::UnknownFlow`] if no flow has this id, or if the
    /// flow was [purged](EngineBuilder::purge_erased_after).
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn receipt(&self, id: FlowId) -> Result<Receipt> {
        Ok(Receipt::of(&self.inner.read(id).await?))
    }

    /// Changes the retention of the copies, to put a legal hold on them for example.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::{FlowError, Retention, RetentionRule};
    /// # let id = bank.verified(&engine).await?;
    ///
    /// let hold = RetentionRule::until_asked().not_before("2031-01-01T00:00:00Z".parse()?);
    /// engine.retain(id, Retention::new(hold, hold), "legal-desk").await?;
    /// let error = engine.delete(id, "privacy-desk").await.unwrap_err();
    /// assert!(matches!(error, FlowError::Held { .. }));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors).
    ///
    /// - [`FlowError::UnknownFlow`], and [`FlowError::UnknownAccount`] if the flow's account is not
    ///   configured here.
    /// - [`FlowError::Invalid`] if the rules contradict each other.
    /// - [`FlowError::Conflict`] if our own copy is already erased, if a hold comes too late
    ///   because a copy is being deleted, or if others changed the flow 100 times meanwhile.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::{Attention, TaskTarget};
    /// # let id = bank.disputed(&engine).await?;
    ///
    /// let tasks = engine.operator().await?;
    /// assert_eq!(tasks[0].about, TaskTarget::Flow(id));
    /// assert_eq!(tasks[0].attention, Attention::Disputed);
    /// assert!(tasks[0].what_to_do.contains("resolve the dispute"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`] and [`FlowError::Keys`]. A flow that cannot be read is a task.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # bank.disputed(&engine).await?;
    /// # bank.disputed(&engine).await?;
    /// let (mut tasks, mut after) = (Vec::new(), None);
    /// loop {
    ///     let page = engine.operator_page(after, 1).await?;
    ///     tasks.extend(page.items);
    ///     after = page.next;
    ///     if after.is_none() {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(tasks.len(), 2);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Engine::operator`].
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::Outcome;
    /// use idv_flow::Resolution;
    /// # let id = bank.disputed(&engine).await?;
    ///
    /// let rejected = Resolution::ResolveDispute(Outcome::Rejected);
    /// engine.resolve(id, &rejected, "desk-3").await?;
    /// let status = engine.status(id).await?;
    /// assert!(!status.disputed && !status.is_verified());
    ///
    /// let error = engine.resolve(id, &rejected, "desk-3").await.unwrap_err();
    /// assert!(error.to_string().contains("not disputed"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors).
    ///
    /// - [`FlowError::UnknownFlow`], and [`FlowError::UnknownAccount`] if the flow's account is not
    ///   configured here.
    /// - [`FlowError::Conflict`], with an explanation, if the state of the flow does not allow it,
    ///   or if others changed the flow 100 times meanwhile.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the decision is recorded as a whole or not at all: the
    /// [status](Engine::status) shows it.
    pub async fn resolve(&self, id: FlowId, resolution: &Resolution, by: &str) -> Result<()> {
        self.inner.resolve(id, resolution, by).await
    }

    /// Retries a message that needs an operator (`again`), or dismisses it. The
    /// [task](crate::TaskTarget::Message) has its SHA-256 digest.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::{Attention, TaskTarget};
    ///
    /// // A callback with the right secret whose body this version cannot parse.
    /// # let delivery = bank.message("{");
    /// engine.receive("idnow", &delivery).await?;
    /// let task = engine.operator().await?.remove(0);
    /// assert_eq!(task.attention, Attention::Unreadable);
    ///
    /// let TaskTarget::Message(digest) = task.about else { panic!("the task is about a message") };
    /// engine.resolve_message(&digest, false).await?;
    /// assert!(engine.operator().await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`].
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let id = bank.start(&engine).await?;
    /// let trail = engine.audit_of(id).await?;
    /// assert_eq!(trail[0].number, 1);
    /// assert!(trail[0].event.starts_with(r#"{"event":"asked""#));
    /// // Each entry holds the hash of its predecessor.
    /// assert_eq!(trail[1].previous, trail[0].hash);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`]. A flow that does not exist has no entries.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn audit_of(&self, id: FlowId) -> Result<Vec<AuditEntry>> {
        Ok(self.inner.store.audit_of(id).await?)
    }

    /// Verifies the whole audit trail. `anchor` is that of an earlier verification, kept elsewhere.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    /// let report = engine.verify_audit(None).await?;
    /// assert!(report.holds(), "{:?}", report.findings);
    ///
    /// // The anchor, kept elsewhere, reveals that the trail was rolled back to an earlier state.
    /// assert!(engine.verify_audit(Some(&report.anchor)).await?.holds());
    /// # let other = idv_flow::Engine::builder(idv_flow::store::MemoryStore::new());
    /// # let restored = other.client(bank.client()).open().await?;
    /// let report = restored.verify_audit(Some(&report.anchor)).await?;
    /// assert!(report.findings[0].contains("rolled back"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`] and [`FlowError::Keys`]. A fault of the trail is a finding, not an
    /// error.
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
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// # let id = bank.start(&engine).await?;
    ///
    /// let health = engine.health().await?;
    /// assert!(health.behind < Duration::from_secs(60), "start more workers");
    ///
    /// # bank.vendor_is_down(true);
    /// // The vendor is down.
    /// clock.advance(Duration::from_secs(120));
    /// engine.run_due().await?;
    /// let health = engine.health().await?;
    /// assert_eq!(health.failing[0].account, "idnow");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`] if the store cannot be reached or written; [`FlowError::WrongClock`].
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// # bank.start(&engine).await?;
    /// let before = engine.worker_stats().done;
    /// clock.advance(std::time::Duration::from_secs(120));
    /// let steps = engine.run_due().await?;
    /// assert_eq!(engine.worker_stats().done, before + steps as u64);
    /// assert_eq!(engine.worker_stats().under_way, 0);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn worker_stats(&self) -> WorkerStats {
        self.inner.worker_stats.read()
    }

    /// Returns the client of an account.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::FlowError;
    ///
    /// let client = engine.client("idnow")?;
    /// assert_eq!(client.info().name, "IDnow");
    ///
    /// let error = engine.client("idnwo").unwrap_err();
    /// assert!(matches!(error, FlowError::UnknownAccount(name) if name == "idnwo"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownAccount`] if this engine has no account of this name.
    pub fn client(&self, account: &str) -> Result<Client> {
        Ok(self.inner.account(account)?.client.clone())
    }

    /// Returns the names of the accounts; the first is the default for new flows.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let client = bank.client();
    /// let builder = builder().account("idnow-branch", client);
    /// let engine = builder.default_account("idnow-branch").open().await?;
    /// assert_eq!(engine.accounts().collect::<Vec<_>>(), ["idnow-branch", "idnow"]);
    /// # Ok(())
    /// # });
    /// ```
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.inner.accounts.iter().map(|at| at.id.as_str())
    }

    /// Returns whether personal data are stored in clear, because the vault has no key.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let client = bank.client();
    /// use idv_flow::{Engine, store::MemoryStore};
    ///
    /// let builder = Engine::builder(MemoryStore::new()).client(client);
    /// let engine = builder.open().await?;
    /// assert!(engine.is_plain(), "configure a key in production");
    /// # assert!(!bank.engine().await?.is_plain());
    /// # Ok(())
    /// # });
    /// ```
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
