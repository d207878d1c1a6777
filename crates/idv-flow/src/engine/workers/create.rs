//! Starting a flow, and carrying out its creation.
//!
//! The intention is committed first, then the mark that the vendor is being asked, then what came of it: whatever is lost on the way,
//! another worker goes on from there.

use std::sync::Arc;

use idv_core::{Effect, Error, ErrorKind, NewVerification, Timestamp};

use crate::audit::{AuditEntry, AuditHead, Journal};
use crate::engine::builder::check_label;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::retention::later;
use crate::machine::{Command, Input, Machine};
use crate::status::{StartRequest, StartResponse};
use crate::store::{Inserted, Lease, Phase, Record};

impl Inner {
    /// Commits the intention to create a verification, which a worker carries out.
    pub(crate) async fn submit(&self, start: StartRequest) -> Result<StartResponse> {
        let (_, flow, already_existed) = self.insert(start, None).await?;
        self.bell.notify_one();
        Ok(started(&flow, already_existed))
    }

    /// Adds the intention to create a verification to a transaction of the application.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) async fn submit_in(
        &self,
        transaction: &mut dyn crate::store::ApplicationTransaction,
        start: StartRequest,
    ) -> Result<StartResponse> {
        self.check_clock().await?;
        let (_, flow, entries) = self.prepare(start)?;
        match transaction.insert(&flow.record, &entries).await? {
            Inserted::New => Ok(started(&flow, false)),
            Inserted::Exists(id) => match self.read(id).await {
                Ok(kept) => Ok(started(&kept, true)),
                // It is in the same transaction, which this program's connections do not see yet.
                Err(FlowError::UnknownFlow(_)) => Ok(StartResponse {
                    id,
                    ..started(&flow, true)
                }),
                Err(error) => Err(error),
            },
        }
    }

    /// Commits the intention to create a verification, and carries it out.
    pub(crate) async fn start(&self, start: StartRequest) -> Result<StartResponse> {
        let (at, flow, already_existed) = self.insert(start, Some(self.lease_until())).await?;
        if already_existed {
            return Ok(started(&flow, true));
        }
        let (flow, error) = self.create(&at, flow).await?;
        self.bell.notify_one();
        match (flow.record.phase, error) {
            // Nothing was created, and nothing will be: the caller must know why.
            (Phase::Refused, Some(error)) => Err(error.into()),
            _ => Ok(started(&flow, false)),
        }
    }

    /// Inserts a new flow, leased until `lease`. Returns it, or the one that was started before with the same reference or key.
    async fn insert(
        &self,
        start: StartRequest,
        lease: Option<Timestamp>,
    ) -> Result<(Arc<VendorHandle>, LoadedFlow, bool)> {
        self.check_clock().await?;
        let (at, flow, entries) = self.prepare(start)?;
        let id = flow.record.id;
        let inserted = match self.store.insert(&flow.record, lease, &entries).await {
            Ok(inserted) => inserted,
            Err(error) => match self.store.load(id).await {
                // The answer was lost, not the flow.
                Ok(Some(_)) => Inserted::New,
                _ => return Err(error.into()),
            },
        };
        let Inserted::Exists(id) = inserted else {
            return Ok((at, flow, false));
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

    /// Makes a new flow with the beginning of its audit trail.
    pub(crate) fn prepare(
        &self,
        start: StartRequest,
    ) -> Result<(Arc<VendorHandle>, LoadedFlow, Vec<AuditEntry>)> {
        let at = match &start.account {
            Some(account) => self.account(account)?,
            None => self.account(self.account_names().first().copied().unwrap_or_default())?,
        };
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
        let (mut machine, changes) =
            Machine::start(id, info, &at.schedule, start.new, retention, start.by, now)?;
        machine.keep_evidence(evidence)?;
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
        };
        self.describe(&at, &mut flow, now);
        Ok((at, flow, entries))
    }

    /// Has the vendor create the verification.
    pub(crate) async fn create(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
    ) -> Result<(LoadedFlow, Option<Error>)> {
        let marked_at = self.now();
        let Some(marked) = self.begin(at, flow.clone(), &Command::Create).await? else {
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
        // After a long delay the call would outlive the lease, and another worker would take over during it.
        if self.now() < later(marked_at, self.lease / 2) {
            let answer = at.client.create(new).await;
            self.metrics.answered(&at.id, self.now(), &answer);
            return answer;
        }
        Err(Error::new(ErrorKind::Unavailable)
            .detail("it was too late to ask")
            .with_effect(Effect::NotApplied))
    }

    /// Searches for what an interrupted creation left.
    pub(crate) async fn search(&self, at: &VendorHandle, flow: LoadedFlow) -> Result<LoadedFlow> {
        let reference = flow.state.verification.id().reference.clone();
        let found = at.client.find(&reference).await;
        self.metrics.answered(&at.id, self.now(), &found);
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
