//! What an application holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use idv_core::{Client, Decision, Delivery, Outcome, Reference, Reply, Report, Status};

use crate::audit::{AuditEntry, Verified};
use crate::builder::FlowBuilder;
use crate::deletion::Receipt;
#[cfg(doc)]
use crate::error::FlowError;
use crate::error::Result;
use crate::id::FlowId;
use crate::inner::{Inner, Opened};
use crate::operator::{Item, Resolution};
use crate::report::{KeptReport, of_outcome};
use crate::retention::Retention;
use crate::runner::Tally;
use crate::status::{FlowStatus, Health, Start, Started};
use crate::store::{Filter, Record, Store};

/// Verifications from their creation to their deletion, over a store. Cheap to clone; clones are the same.
///
/// Any number of programs may hold a flow over the same store. What one of them was doing when it died, another picks up when its lease
/// has run out.
#[derive(Clone)]
pub struct Flow {
    pub(crate) inner: Arc<Inner>,
}

impl Flow {
    /// A flow over a store, to be told of its vendors and opened.
    pub fn builder(store: impl Store) -> FlowBuilder {
        FlowBuilder::new(store)
    }

    /// A new reference, for what is to be started. Whoever keeps it before the call may repeat [`Flow::start`] with it safely.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.inner.random)
    }

    /// Commits the intent to verify somebody, asks the vendor to create the verification, and commits what came of it.
    ///
    /// A reference that was started before is not started again: the flow that it has is returned, and nothing is sent. Where the
    /// vendor could not be reached, or its answer was lost, the flow goes on by itself: ask for its [status](Flow::status) until the
    /// hand-off is there.
    ///
    /// Dropping the future in the middle leaves what a crash leaves, and with some vendors that needs a person. A web server drops a
    /// request's future when the browser goes away: there, spawn this and await the task.
    ///
    /// # Errors
    ///
    /// [`FlowError::Vendor`] where the vendor does not take what is given: nothing was created, and the same reference is spent.
    pub async fn start(&self, start: impl Into<Start>) -> Result<Started> {
        self.inner.start(start.into()).await
    }

    /// How far a flow is.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn status(&self, id: FlowId) -> Result<FlowStatus> {
        let opened = self.inner.read(id).await?;
        self.status_of(&opened)
    }

    /// Returns how far the flow of a reference is; `None` if there is no such flow.
    ///
    /// # Errors
    ///
    /// Those of the store, and [`FlowError::Damaged`] if the flow that the store has under this reference is not the one that was started
    /// with it.
    pub async fn find(&self, provider: &str, reference: &Reference) -> Result<Option<FlowStatus>> {
        match self.inner.of_reference(provider, reference).await? {
            Some(opened) => self.status_of(&opened).map(Some),
            None => Ok(None),
        }
    }

    /// Up to `limit` flows after `after`, by their names. Those that cannot be read, and those at a vendor that is not configured here,
    /// are among them, with what the store says of them in clear.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list(&self, filter: &Filter, after: Option<FlowId>, limit: usize) -> Result<Vec<FlowStatus>> {
        let records = self.inner.store.list(filter, after, limit).await?;
        let status = |record: Record| {
            let read = self.inner.open(record.clone()).and_then(|opened| self.status_of(&opened));
            read.unwrap_or_else(|error| FlowStatus::unread(record, &error))
        };
        Ok(records.into_iter().map(status).collect())
    }

    /// Returns the final report: `None` as long as there is none, after our own copy was erased, and while the outcome is disputed. If an
    /// operator ruled an outcome that no report came with, it is the latest one.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn report(&self, id: FlowId) -> Result<Option<Report>> {
        let opened = self.inner.read(id).await?;
        let Some(Decision::Settled(outcome)) = opened.case.decision() else { return Ok(None) };
        let reports = self.inner.reports(id).await?;
        let ruled = opened.case.ruled == Some(outcome);
        of_outcome(&reports, outcome, ruled).map(KeptReport::report).transpose()
    }

    /// Returns every final report that is stored, with the outcome it came with: for the operator who has to rule on a dispute.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn reports(&self, id: FlowId) -> Result<Vec<(Option<Outcome>, Report)>> {
        self.inner.read(id).await?;
        let reports = self.inner.reports(id).await?;
        reports.iter().map(|kept| Ok((kept.outcome, kept.report()?))).collect()
    }

    /// Takes in a vendor's message, or the person's return, and says what to answer. It is proven, sealed and stored; it is worked off
    /// by [`Flow::run`]. The same message, repeated, is stored once.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownProvider`]; [`FlowError::Store`] where it could not be stored: answer 503, and the vendor sends it again.
    pub async fn receive(&self, provider: &str, delivery: &Delivery) -> Result<Reply> {
        self.inner.receive(provider, delivery).await
    }

    /// Asks for the deletion of the vendor's copy and of ours, now. `by` is who asks: an account's name, no person's data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Held`] where one of them must be kept for longer: the refusal is in the audit trail, and nothing is deleted.
    pub async fn delete(&self, id: FlowId, by: &str) -> Result<Receipt> {
        self.inner.ask_deletion(id, by).await
    }

    /// What became of a deletion.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn receipt(&self, id: FlowId) -> Result<Receipt> {
        Ok(Receipt::of(&self.inner.read(id).await?))
    }

    /// Changes how long the copies are kept: to put a legal hold on them, for example.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] where our own copy is erased already.
    pub async fn retain(&self, id: FlowId, retention: Retention, by: &str) -> Result<()> {
        self.inner.retain(id, retention, by).await
    }

    /// Everything that needs a person, and what they can do about each.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn operator(&self) -> Result<Vec<Item>> {
        self.inner.operator().await
    }

    /// Carries out what a person decided about a flow. `by` is who: an account's name, no person's data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] in words, where the flow is not in a state for that.
    pub async fn resolve(&self, id: FlowId, resolution: &Resolution, by: &str) -> Result<()> {
        self.inner.resolve(id, resolution, by).await
    }

    /// Tries a message again that needs a person (`again`), or dismisses it.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn resolve_message(&self, digest: &[u8; 32], again: bool) -> Result<()> {
        self.inner.resolve_message(digest, again).await
    }

    /// The audit trail of a flow, in order.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn audit_of(&self, id: FlowId) -> Result<Vec<AuditEntry>> {
        Ok(self.inner.store.audit_of(id).await?)
    }

    /// Checks the whole audit trail. `anchor` is what an earlier check returned and somebody wrote down.
    ///
    /// # Errors
    ///
    /// Those of the store. What is wrong with the trail is no error but a finding.
    pub async fn verify_audit(&self, anchor: Option<&str>) -> Result<Verified> {
        self.inner.verify_audit(anchor).await
    }

    /// How it stands with the work.
    ///
    /// # Errors
    ///
    /// Those of the store: it cannot be reached.
    pub async fn health(&self) -> Result<Health> {
        let now = self.inner.now();
        let due = self.inner.store.next_due().await?;
        let behind = due.and_then(|due| Duration::try_from(now.duration_since(due)).ok()).unwrap_or_default();
        Ok(Health { behind })
    }

    /// What this program is working on, of what [`Flow::run`] and [`Flow::run_due`] took up.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.inner.tally.read()
    }

    /// The client of a provider.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownProvider`].
    pub fn client(&self, provider: &str) -> Result<Client> {
        Ok(self.inner.provider(provider)?.client.clone())
    }

    /// The ids of the providers; new flows are started at the first.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.inner.providers.iter().map(|at| at.id.as_str())
    }

    /// Whether what is stored of people is in clear, since no key was given.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.inner.vault.is_plain()
    }

    fn status_of(&self, opened: &Opened) -> Result<FlowStatus> {
        let at = self.inner.provider(&opened.record.provider)?;
        let plan = self.inner.plan(&at, opened, self.inner.now());
        let case = &opened.case;
        Ok(FlowStatus {
            id: opened.record.id,
            provider: opened.record.provider.clone(),
            phase: opened.record.phase,
            status: match case.decision() {
                Some(Decision::Open(status)) => Some(status),
                Some(Decision::Settled(outcome)) => Some(Status::Finished(outcome)),
                _ => None,
            },
            disputed: case.decision() == Some(Decision::Disputed),
            hand_off: case.hand_off.clone(),
            has_report: case.reports > 0,
            attention: plan.attention,
            due: plan.due,
            created_at: opened.record.created_at,
            since: case.since,
        })
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flow").field(&self.inner).finish()
    }
}
