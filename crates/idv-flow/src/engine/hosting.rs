//! Runs single steps for a workflow engine that schedules them instead of [`Engine::run`].
//!
//! The store keeps the flows, and [`Machine`](crate::machine::Machine) plans every step. The
//! workflow engine keeps the timers, the queues and the retries: it asks for the [plan](Engine::plan)
//! of a flow, waits until the next command is due, and has it [carried out](Engine::carry_out).

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use idv_core::{CreateSafety, Decision, Outcome};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::engine::accounts::Admission;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::engine::workers::inbox::earlier;
use crate::engine::workers::timers::{TIMERS, sweep_timer};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::attention::Attention;
use crate::machine::resolution::{FlowDecision, Resolution};
use crate::machine::retention::later;
use crate::machine::{Command, Input};
use crate::store::{Lease, Phase};
use crate::vault::Context;

/// The wait before a command is tried again that changed nothing, because the limits of its account
/// do not allow a call now.
const HELD: Duration = Duration::from_secs(10);
/// The same, if the account is paused or its vendor is down.
const CLOSED: Duration = Duration::from_secs(60);
/// The same, if another change of the flow came first.
const CONFLICT: Duration = Duration::from_millis(100);

/// The lease of a message. Processing calls no vendor, so another program may take over soon.
const MESSAGE: Duration = Duration::from_secs(30);

/// Learns of changes that a workflow engine has to follow up: see
/// [`EngineBuilder::observer`](crate::EngineBuilder::observer).
///
/// The methods are called after the commit and must return at once. A notification can be lost, if
/// the program crashes: [`Engine::stalled`] finds the flow later.
pub trait FlowObserver: fmt::Debug + Send + Sync + 'static {
    /// A change of the flow was committed.
    fn changed(&self, flow: FlowId);

    /// A message that is probably about the flow was stored in the inbox.
    fn received(&self, flow: FlowId);
}

/// The next step of a flow, without personal data.
///
/// ```
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # bank::run(async |bank| {
/// # let engine = bank.engine().await?;
/// # let id = bank.start(&engine).await?;
/// let plan = engine.plan(id).await?;
/// match (&plan.command, plan.due, &plan.next) {
///     (Some(command), ..) => println!("carry out {command} now"),
///     (None, Some(due), Some(next)) => println!("carry out {next} at {due}"),
///     (None, Some(due), None) => println!("plan again at {due}"),
///     (None, None, _) => println!("plan again after a message or an operator's decision"),
/// }
/// assert!(plan.command.is_none() && plan.due.is_some()); // the first poll
/// # Ok(())
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FlowPlan {
    /// The flow.
    pub flow: FlowId,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// The phase of the flow.
    pub phase: Phase,
    /// The outcome, once the verification has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The [name](Command::name) of the command that is due now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether that command calls the vendor.
    #[serde(default)]
    pub calls_vendor: bool,
    /// Whether the vendor recognizes a repeated create request.
    #[serde(default)]
    pub is_keyed: bool,
    /// When the next command is due: now, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The [name](Command::name) of the command that becomes due at that time, unless the flow
    /// changes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Why the flow needs an operator, as one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<String>,
    /// The number of the flow's last event.
    pub events: u64,
    /// Whether this program has a receiver of events.
    #[serde(default)]
    pub has_receivers: bool,
}

impl FlowPlan {
    /// Returns whether no step is left. A late message or a new retention can still change that.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let id = bank.verified(&engine).await?;
    /// use idv_core::NewVerification;
    ///
    /// let open = engine.start(NewVerification::new(engine.reference())).await?.id;
    /// assert!(!engine.plan(open).await?.is_over());
    /// assert!(engine.plan(id).await?.is_over()); // verified, with its report
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        let is_open = matches!(self.phase, Phase::Creating | Phase::Open);
        self.due.is_none() && self.attention.is_none() && !is_open
    }
}

/// For a workflow engine that schedules the steps of the flows instead of [`Engine::run`].
impl Engine {
    /// Returns the next step of a flow.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    ///
    /// let started = engine.submit(NewVerification::new(engine.reference())).await?;
    /// let plan = engine.plan(started.id).await?;
    /// assert_eq!(plan.command.as_deref(), Some("create"));
    /// assert!(plan.calls_vendor && plan.is_keyed);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`]; [`FlowError::UnknownAccount`] if its account is not configured
    /// here; [`FlowError::Damaged`] or [`FlowError::Newer`] if it cannot be read.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn plan(&self, id: FlowId) -> Result<FlowPlan> {
        let flow = self.inner.read(id).await?;
        let at = self.inner.account(&flow.record.account)?;
        Ok(self.inner.plan_of(&at, &flow))
    }

    /// Carries out the command of this [name](Command::name), if it is still the next step of the
    /// flow, and returns the new plan. Otherwise only plans.
    ///
    /// The intent to create is committed before the create request is sent. If a crash loses the
    /// answer, the next plan settles it: repeating this call never sends a create request twice
    /// unless the vendor recognizes it.
    ///
    /// The workflow engine has one call at a time under way for a flow, and knows sooner than a
    /// lease whether a program crashed. So a repeated download of evidence begins at once, and the
    /// result of the earlier one does not count.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    ///
    /// let started = engine.submit(NewVerification::new(engine.reference())).await?;
    /// let plan = engine.carry_out(started.id, "create").await?;
    /// assert_eq!(plan.command, None);
    /// assert!(plan.due.is_some()); // the first poll
    ///
    /// // A repeated call finds that this is not the next step any more.
    /// # let requests = bank.requests();
    /// let again = engine.carry_out(started.id, "create").await?;
    /// assert_eq!(again, plan);
    /// # assert_eq!(bank.requests(), requests);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Engine::plan`], [`FlowError::WrongClock`], and [`FlowError::Conflict`] if others
    /// changed the flow 100 times meanwhile. Failures of the vendor are part of the plan.
    ///
    /// # Cancellation
    ///
    /// Dropping the future has the effect of a crash.
    pub async fn carry_out(&self, id: FlowId, command: &str) -> Result<FlowPlan> {
        let inner = &*self.inner;
        let mut flow = inner.taken_up(id).await?;
        let at = inner.account(&flow.record.account)?;
        if command == Command::KeepEvidence.name() && flow.state.download().is_some() {
            let input = Input::EvidenceInterrupted;
            flow = inner.change(&at, flow, Lease::Keep, input).await?;
        }
        let next = Inner::next(&at, &flow, inner.now()).command;
        let Some(next) = next.filter(|next| next.name() == command) else {
            return Ok(inner.plan_of(&at, &flow));
        };
        if next.calls_vendor() && inner.admission(&at).await? == Admission::Closed {
            return Ok(inner.held(&at, &flow, CLOSED));
        }
        let trail = flow.record.audit;
        // On the heap: the stack of a runtime's thread is small.
        let step = Box::pin(inner.carry_out_next(&at, flow, None));
        let step = AssertUnwindSafe(step).catch_unwind();
        let done = match step.await {
            Ok(done) => done?,
            Err(_) => {
                tracing::error!(flow = %id, account = %at.id, "an adapter panicked");
                let flow = inner.read(id).await?;
                inner.change(&at, flow, Lease::End, Input::Crashed).await?
            }
        };
        inner.release_permits().await;
        let again = Inner::next(&at, &done, inner.now()).command;
        if again.as_ref() == Some(&next) && done.record.audit == trail {
            let is_refused = inner.permits.refused_until(&at.id, inner.now()).is_some();
            let wait = if is_refused { HELD } else { CONFLICT };
            return Ok(inner.held(&at, &done, wait));
        }
        Ok(inner.plan_of(&at, &done))
    }

    /// Records a decision of the application or of an operator once, and returns the new plan. `by`
    /// is the account that decided, without personal data.
    ///
    /// A workflow engine repeats a step whose answer a crash has lost. `key` identifies the decision:
    /// a random text, the same for each repetition. A flow remembers the keys of its last 16
    /// decisions, and a repetition only plans, whatever has become of the flow meanwhile.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::Outcome;
    /// use idv_flow::{FlowDecision, FlowError, Resolution};
    /// # let id = bank.disputed(&engine).await?;
    ///
    /// let rejected = FlowDecision::Resolve(Resolution::ResolveDispute(Outcome::Rejected));
    /// let plan = engine.decide(id, &rejected, "desk-3", "update-1").await?;
    /// assert_eq!(plan.outcome, Some(Outcome::Rejected));
    /// // The same decision again.
    /// assert_eq!(engine.decide(id, &rejected, "desk-3", "update-1").await?, plan);
    /// // Another decision, which comes too late.
    /// let late = engine.decide(id, &rejected, "desk-4", "update-2").await;
    /// assert!(matches!(late, Err(FlowError::Conflict(_))));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Engine::resolve`], [`Engine::delete`] and [`Engine::retain`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the decision is recorded as a whole or not at all: repeat the call
    /// with the same key.
    pub async fn decide(
        &self,
        id: FlowId,
        decision: &FlowDecision,
        by: &str,
        key: &str,
    ) -> Result<FlowPlan> {
        let inner = &*self.inner;
        inner.check_clock().await?;
        let mut flow = inner.read(id).await?;
        let at = inner.account(&flow.record.account)?;
        loop {
            let input = Input::Decided { decision, by, key };
            flow = inner.change(&at, flow, Lease::Keep, input).await?;
            if flow.state.has_decision(key) {
                break;
            }
            // Only a hold keeps a decision from being recorded without an error. It may have ended
            // since.
            if let Some((copy, until)) = Inner::machine(&at, &flow).held(inner.now()) {
                return Err(FlowError::Held { copy, until });
            }
        }
        if *decision == FlowDecision::Resolve(Resolution::AskNow) {
            inner.store.wake_parked(Some(id), inner.now()).await?;
        }
        inner.wakeup.notify_one();
        Ok(inner.plan_of(&at, &flow))
    }

    /// Processes up to `limit` due messages of the inbox: of one account, or of all.
    ///
    /// Returns the number of messages.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let delivery = bank.callback(&engine.reference());
    /// // A callback of the vendor about a verification that is not known yet.
    /// engine.receive("idnow", &delivery).await?;
    ///
    /// assert_eq!(engine.process_inbox(Some("idnow"), 100).await?, 1);
    /// assert_eq!(engine.process_inbox(None, 100).await?, 0);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method: see [`Engine`](Engine#errors). A message whose processing failed is
    /// processed again after its lease.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the rest is processed after its lease.
    pub async fn process_inbox(&self, account: Option<&str>, limit: usize) -> Result<usize> {
        let inner = &*self.inner;
        inner.check_clock().await?;
        inner.refresh_keys().await?;
        let accounts = account.map_or_else(|| inner.account_names(), |account| vec![account]);
        let now = inner.now();
        let until = later(now, MESSAGE.min(inner.lease));
        if !inner.woken.swap(true, Ordering::Relaxed) {
            // A newer program may understand parked messages that an older one could not.
            inner.store.wake_parked(None, now).await?;
        }
        let claimed = inner
            .store
            .claim_inbox(now, until, limit, &accounts)
            .await?;
        let count = claimed.len();
        for message in claimed {
            let account = message.account.clone();
            let step = Box::pin(inner.process_message(message));
            inner
                .measured(Some(&account), "message", None, step)
                .await?;
        }
        Ok(count)
    }

    /// Does the store's periodic work that is due: seals the audit trail, and removes and reseals
    /// old values. With `account`, reads the list of its vendor instead, if that is due.
    ///
    /// Returns the number of timers that fired.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// # bank.start(&engine).await?;
    ///
    /// assert_eq!(engine.verify_audit(None).await?.blocks, 0);
    /// clock.advance(Duration::from_secs(3_600));
    /// assert!(engine.fire_timers(None).await? > 0);
    /// assert_eq!(engine.verify_audit(None).await?.blocks, 1);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method: see [`Engine`](Engine#errors).
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the work is done again after its lease.
    pub async fn fire_timers(&self, account: Option<&str>) -> Result<usize> {
        let inner = &*self.inner;
        inner.check_clock().await?;
        inner.refresh_keys().await?;
        inner.settle_all_permits().await?;
        let sweep = account.map(sweep_timer);
        let names: Vec<&str> = match &sweep {
            Some(sweep) => vec![sweep],
            None => TIMERS.iter().map(|(name, _)| *name).collect(),
        };
        let (now, until) = (inner.now(), inner.lease_until());
        let due = inner.store.claim_timers(now, until, &names).await?;
        for name in &due {
            let operation = if sweep.is_some() { "sweep" } else { name };
            inner
                .measured(account, operation, None, Box::pin(inner.fire_timer(name)))
                .await?;
        }
        inner.release_permits().await;
        Ok(due.len())
    }

    /// Delivers the events that are due to the handler and the webhook of this program.
    ///
    /// Returns the number of deliveries, failed ones included.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use idv_core::NewVerification;
    ///
    /// let engine = builder().on_change(|_, _| async { Ok(()) }).open().await?;
    /// engine.start(NewVerification::new(engine.reference())).await?;
    /// assert_eq!(engine.deliver_events().await?, 2); // `created` and `hand_off_ready`
    /// assert_eq!(engine.deliver_events().await?, 0);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`]. A failed delivery is repeated with backoff by a later call.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the receivers get the event again after its lease.
    pub async fn deliver_events(&self) -> Result<usize> {
        self.inner.deliver_all_due().await
    }

    /// Returns up to `limit` flows whose next step has been due for longer than `late`: their
    /// notification was lost, or the workflow engine does not know them. The same flow is not
    /// returned again until the lease of the engine has expired.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// # let id = bank.start(&engine).await?;
    ///
    /// clock.advance(Duration::from_secs(3_600));
    /// let stalled = engine.stalled(Duration::from_secs(600), 100).await?;
    /// assert_eq!(stalled[0].flow, id);
    /// // The workflow engine has until the end of the lease to take it up.
    /// assert!(engine.stalled(Duration::from_secs(600), 100).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of every method: see [`Engine`](Engine#errors).
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the flows may be returned only after the lease has expired.
    pub async fn stalled(&self, late: Duration, limit: usize) -> Result<Vec<FlowPlan>> {
        let inner = &*self.inner;
        inner.refresh_keys().await?;
        let now = inner.now();
        // The lease keeps other programs from returning the same flows.
        let (due, until) = (earlier(now, late), later(now, inner.lease));
        let accounts = inner.account_names();
        let found = inner.store.claim(due, until, limit, &accounts).await?;
        let mut plans = Vec::with_capacity(found.len());
        for record in found {
            let at = inner.account(&record.account)?;
            match inner.open(record.clone()) {
                Ok(flow) => plans.push(inner.plan_of(&at, &flow)),
                Err(FlowError::Damaged(_)) => inner.set_aside(record, Attention::Damaged).await?,
                Err(FlowError::Newer) => inner.set_aside(record, Attention::NewerVersion).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(plans)
    }

    /// Returns how long a step may take before another program takes over.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// // Twice the longest deadline of a call, plus 30 s.
    /// let deadline = engine.client("idnow")?.policy().deadline;
    /// assert_eq!(engine.lease(), 2 * deadline + std::time::Duration::from_secs(30));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.inner.lease
    }

    /// Seals a value of the workflow engine by the vault's current key.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// let sealed = engine.seal_payload(b"Erika").await?;
    /// assert!(!sealed.windows(5).any(|bytes| bytes == b"Erika"));
    /// assert_eq!(engine.open_payload(&sealed).await?, b"Erika");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Keys`] if the key provider fails, and [`FlowError::Store`].
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
    pub async fn seal_payload(&self, value: &[u8]) -> Result<Vec<u8>> {
        let inner = &*self.inner;
        inner.refresh_keys().await?;
        Ok(inner.vault.seal(&*inner.random, &payload(), value))
    }

    /// Opens a value that [`Engine::seal_payload`] sealed, by any key of the vault.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::FlowError;
    ///
    /// let mut sealed = engine.seal_payload(b"Erika").await?;
    /// assert_eq!(engine.open_payload(&sealed).await?, b"Erika");
    ///
    /// *sealed.last_mut().expect("a sealed value is not empty") ^= 1;
    /// let error = engine.open_payload(&sealed).await.unwrap_err();
    /// assert!(matches!(error, FlowError::Damaged(_)));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Damaged`] if it was changed, or no key opens it; [`FlowError::Keys`] if the key
    /// provider fails, and [`FlowError::Store`].
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
    pub async fn open_payload(&self, sealed: &[u8]) -> Result<Vec<u8>> {
        let inner = &*self.inner;
        inner.refresh_keys().await?;
        Ok(inner.vault.open(&payload(), sealed)?.to_vec())
    }
}

impl Inner {
    /// Reads a flow to work on it. A flow that cannot be read is set aside for an operator.
    async fn taken_up(&self, id: FlowId) -> Result<LoadedFlow> {
        let read = self.read(id).await;
        let attention = match &read {
            Err(FlowError::Damaged(_)) => Attention::Damaged,
            Err(FlowError::Newer) => Attention::NewerVersion,
            _ => return read,
        };
        if let Some(record) = self.store.load(id).await?
            && record.attention.as_deref() != Some(attention.name())
        {
            self.set_aside(record, attention).await?;
        }
        read
    }

    fn plan_of(&self, at: &VendorHandle, flow: &LoadedFlow) -> FlowPlan {
        let step = Self::next(at, flow, self.now());
        let next = match (&step.command, step.due) {
            (None, Some(due)) => Self::next(at, flow, due).command,
            _ => None,
        };
        let info = at.client.info();
        FlowPlan {
            flow: flow.record.id,
            provider: flow.record.provider.clone(),
            account: flow.record.account.clone(),
            phase: flow.record.phase,
            outcome: match flow.state.decision() {
                Some(Decision::Settled(outcome)) => Some(outcome),
                Some(Decision::Disputed) => Some(Outcome::Disputed),
                _ => None,
            },
            calls_vendor: step.command.as_ref().is_some_and(Command::calls_vendor),
            command: step.command.map(|command| command.name().to_owned()),
            is_keyed: info.create_safety == CreateSafety::Keyed,
            due: step.due,
            next: next.map(|command| command.name().to_owned()),
            attention: step.attention.map(|attention| attention.name().to_owned()),
            events: flow.state.events,
            has_receivers: !self.receivers.is_empty(),
        }
    }

    /// Returns the plan of a flow whose due command has to wait.
    fn held(&self, at: &VendorHandle, flow: &LoadedFlow, wait: Duration) -> FlowPlan {
        let plan = self.plan_of(at, flow);
        FlowPlan {
            command: None,
            calls_vendor: false,
            due: Some(later(self.now(), wait)),
            next: plan.command.clone(),
            ..plan
        }
    }
}

/// The context of the workflow engine's values.
fn payload() -> Context {
    Context::store("workflow payload")
}
