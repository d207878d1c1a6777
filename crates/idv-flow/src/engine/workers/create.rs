//! Starts flows and creates their verifications.
//!
//! The intent is committed first, then a mark that the create request is about to be sent, then the
//! result. After a crash at any point another worker continues from there.

use std::sync::Arc;

use idv_core::{CreateSafety, Effect, Error, ErrorKind, NewVerification, Timestamp};

use crate::audit::{AuditEntry, AuditHead, Journal};
use crate::engine::builder::check_label;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::retention::later;
use crate::machine::{Command, Input, Machine};
use crate::status::{StartRequest, StartResponse};
use crate::store::{Inserted, Lease, Phase, Record};

/// A reference or an application key belonged to a flow that was purged.
const PURGED: FlowError = FlowError::Conflict(
    "the reference or the key belonged to a flow that was purged: start with a new one",
);

impl Inner {
    /// Commits the intent to create a verification, which a worker carries out.
    pub(crate) async fn submit(&self, start: StartRequest) -> Result<StartResponse> {
        let (_, flow, already_existed) = self.insert(start, None, false).await?;
        self.wakeup.notify_one();
        Ok(started(&flow, already_existed))
    }

    /// Adds the intent to create a verification to a transaction of the application.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) async fn submit_in(
        &self,
        transaction: &mut dyn crate::store::ApplicationTransaction,
        start: StartRequest,
    ) -> Result<StartResponse> {
        self.check_clock().await?;
        self.refresh_keys().await?;
        let (at, flow, entries) = self.prepare(start, false)?;
        if let Err(refused) = self.refuse_if_draining(&at).await {
            let earlier = self.started_earlier(&at, &flow).await?.ok_or(refused)?;
            return Ok(started(&earlier, true));
        }
        match transaction.insert(&flow.record, &entries).await? {
            Inserted::New => Ok(started(&flow, false)),
            Inserted::Exists(id) => match self.read(id).await {
                Ok(kept) => Ok(started(&kept, true)),
                // It was inserted by the same transaction, which other connections do not see yet.
                Err(FlowError::UnknownFlow(_)) => Ok(StartResponse {
                    id,
                    ..started(&flow, true)
                }),
                Err(error) => Err(error),
            },
            Inserted::Purged(_) => Err(PURGED),
        }
    }

    /// Commits the intent to create a verification, and sends the create request.
    pub(crate) async fn start(&self, start: StartRequest) -> Result<StartResponse> {
        let at = self.account_of(&start)?;
        let Some(mut permit) = self.permit(&at).await? else {
            // A worker creates it when the account's control allows a call.
            return self.submit(start).await;
        };
        let lease = Some(self.lease_until());
        let (at, flow, already_existed) = self.insert(start, lease, true).await?;
        if already_existed {
            return Ok(started(&flow, true));
        }
        permit.start();
        let (flow, error) = self.create(&at, flow).await?;
        drop(permit);
        self.release_permits().await;
        self.wakeup.notify_one();
        match (flow.record.phase, error) {
            // Nothing was created, and nothing will be. The caller needs the reason.
            (Phase::Refused, Some(error)) => Err(error.into()),
            _ => Ok(started(&flow, false)),
        }
    }

    /// Inserts a new flow, leased until `lease`, about to be created if `begins`. Returns it, or the
    /// earlier flow with the same reference or key, and whether there was one.
    async fn insert(
        &self,
        start: StartRequest,
        lease: Option<Timestamp>,
        begins: bool,
    ) -> Result<(Arc<VendorHandle>, LoadedFlow, bool)> {
        self.check_clock().await?;
        self.refresh_keys().await?;
        let (at, flow, entries) = self.prepare(start, begins)?;
        if let Err(refused) = self.refuse_if_draining(&at).await {
            let earlier = self.started_earlier(&at, &flow).await?.ok_or(refused)?;
            return Ok((at, earlier, true));
        }
        let id = flow.record.id;
        let inserted = match self.store.insert(&flow.record, lease, &entries).await {
            Ok(inserted) => inserted,
            Err(error) => match self.store.load(id).await {
                // The flow was inserted, and only the answer was lost.
                Ok(Some(_)) => Inserted::New,
                _ => return Err(error.into()),
            },
        };
        let id = match inserted {
            Inserted::New => return Ok((at, flow, false)),
            Inserted::Exists(id) => id,
            Inserted::Purged(_) => return Err(PURGED),
        };
        let kept = self.read(id).await?;
        let key = flow.record.application_key;
        let has_key = key.is_some() && kept.record.application_key == key;
        if !has_key && !kept.is_of(&at.id, &flow.state.verification.id().reference) {
            return Err(FlowError::Damaged(
                "the store has another flow under this reference",
            ));
        }
        Ok((at, kept, true))
    }

    /// Returns the account at which a flow is to start.
    fn account_of(&self, start: &StartRequest) -> Result<Arc<VendorHandle>> {
        match &start.account {
            Some(account) => self.account(account),
            None => self.account(self.account_names().first().copied().unwrap_or_default()),
        }
    }

    /// Returns the flow that was started earlier with the reference or the key of a new one.
    async fn started_earlier(
        &self,
        at: &VendorHandle,
        new: &LoadedFlow,
    ) -> Result<Option<LoadedFlow>> {
        let key = new.record.application_key;
        let keys: Vec<_> = std::iter::once(new.record.reference).chain(key).collect();
        for (_, id) in self.store.locate(&keys).await? {
            let earlier = self.read(id).await?;
            let has_key = key.is_some() && earlier.record.application_key == key;
            if has_key || earlier.is_of(&at.id, &new.state.verification.id().reference) {
                return Ok(Some(earlier));
            }
        }
        Ok(None)
    }

    /// Makes a new flow with the beginning of its audit trail.
    ///
    /// If `begins`, and the vendor's create request is idempotent, the mark that the request is
    /// about to be sent comes with the intent. Otherwise it must not: if the answer to the commit
    /// is lost, nothing is sent, and without idempotency no worker could tell.
    pub(crate) fn prepare(
        &self,
        start: StartRequest,
        begins: bool,
    ) -> Result<(Arc<VendorHandle>, LoadedFlow, Vec<AuditEntry>)> {
        let at = self.account_of(&start)?;
        start
            .tenant
            .as_deref()
            .map_or(Ok(()), |tenant| check_label("tenant", tenant))?;
        let now = self.now();
        let id = FlowId::random(&*self.random);
        let retention = start.retention.unwrap_or(self.retention);
        let reference = self.keys.reference(&at.id, start.new.reference.as_str());
        let application_key = start
            .key
            .as_deref()
            .map(|key| self.keys.application(start.tenant.as_deref(), key));
        let evidence = start.evidence.unwrap_or_else(|| self.evidence.clone());
        if !evidence.is_none() {
            self.evidence_store()?;
        }
        let info = at.client.info();
        let (mut machine, mut changes) =
            Machine::start(id, info, &at.schedule, start.new, retention, start.by, now)?;
        machine.keep_evidence(evidence)?;
        let is_keyed = info.create_safety == CreateSafety::Keyed;
        let mark = (begins && is_keyed).then(|| machine.begin(&Command::Create, now));
        let mark = mark.flatten();
        let is_begun = mark.is_some();
        changes
            .audit
            .extend(mark.into_iter().flat_map(|mark| mark.audit));
        let mut journal = Journal::new(id, AuditHead::default(), now);
        changes
            .audit
            .iter()
            .for_each(|event| journal.write(&self.keys, event));
        let (audit, entries) = journal.finish();
        let mut record = Record::new(id, at.client.info().provider.as_str(), reference, now);
        record.account.clone_from(&at.id);
        (record.tenant, record.application_key) = (start.tenant, application_key);
        (record.due, record.audit) = (Some(now), audit);
        let mut flow = LoadedFlow {
            record,
            state: machine.into_state(),
            leased_until: None,
            is_begun,
        };
        self.describe(&at, &mut flow, now);
        Ok((at, flow, entries))
    }

    /// Sends the create request.
    pub(crate) async fn create(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
    ) -> Result<(LoadedFlow, Option<Error>)> {
        let (marked_at, marked) = if flow.is_begun {
            (flow.record.created_at, Some(flow.clone()))
        } else {
            let now = self.now();
            let marked = self.begin(at, flow.clone(), &Command::Create).await?;
            (now, marked)
        };
        let Some(marked) = marked else {
            // Another worker is creating it.
            return Ok((
                LoadedFlow {
                    leased_until: None,
                    ..flow
                },
                None,
            ));
        };
        let Some((new, attempt)) = marked.state.attempt() else {
            return Ok((
                LoadedFlow {
                    leased_until: None,
                    ..marked
                },
                None,
            ));
        };
        let (new, attempt) = (new.clone(), attempt);
        let answer = self.call(at, &new, marked_at).await;
        let input = match &answer {
            Ok(created) => Input::Created(created),
            Err(error) => Input::CreationFailed { attempt, error },
        };
        let flow = self.change(at, marked, Lease::End, input).await?;
        Ok((flow, answer.err()))
    }

    async fn call(
        &self,
        at: &VendorHandle,
        new: &NewVerification,
        marked_at: Timestamp,
    ) -> Result<idv_core::CreateResponse, Error> {
        // After a long delay the call could outlive the lease, and another worker would take over.
        if self.now() < later(marked_at, self.lease / 2) {
            let answer = at.client.create(new).await;
            self.note_answer(at, &answer).await;
            return answer;
        }
        Err(Error::new(ErrorKind::Unavailable)
            .detail("the lease was about to end before the request was sent")
            .with_effect(Effect::NotApplied))
    }

    /// Searches the vendor for a verification that an interrupted creation may have left.
    pub(crate) async fn search(&self, at: &VendorHandle, flow: LoadedFlow) -> Result<LoadedFlow> {
        let reference = flow.state.verification.id().reference.clone();
        let found = at.client.find(&reference).await;
        self.note_answer(at, &found).await;
        let found = found.as_ref().map(Vec::as_slice);
        self.change(at, flow, Lease::End, Input::Searched(found))
            .await
    }
}

/// Returns the result of a start.
fn started(flow: &LoadedFlow, already_existed: bool) -> StartResponse {
    StartResponse {
        id: flow.record.id,
        hand_off: flow.state.hand_off.clone(),
        already_existed,
        phase: flow.record.phase,
        unsupported_fields: flow.state.unsupported_fields.clone(),
    }
}

impl From<NewVerification> for StartRequest {
    fn from(new: NewVerification) -> Self {
        Self::new(new)
    }
}
