//! Starting a flow, and carrying out its creation.
//!
//! The intention is committed first, then the mark that the vendor is being asked, then what came of it: whatever is lost on the way,
//! another worker goes on from there.

use idv_core::{Effect, Error, ErrorKind, NewVerification, Timestamp};

use crate::audit::{AuditHead, Journal};
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::retention::later;
use crate::machine::{Command, Input, Machine};
use crate::status::{Start, Started};
use crate::store::{Inserted, Lease, Phase, Record};

impl Inner {
    pub(crate) async fn start(&self, start: Start) -> Result<Started> {
        let at = match &start.provider {
            Some(provider) => self.provider(provider)?,
            None => self.provider(&self.providers.first().map(|at| at.id.clone()).unwrap_or_default())?,
        };
        let now = self.now();
        let id = FlowId::random(&*self.random);
        let retention = start.retention.unwrap_or(self.retention);
        let reference = self.keys.reference(&at.id, start.new.reference.as_str());
        let evidence = start.evidence.unwrap_or_else(|| self.evidence.clone());
        if !evidence.is_none() {
            self.evidence_store()?;
        }
        let (mut machine, changes) = Machine::start(id, at.client.info(), &at.schedule, start.new, retention, start.by, now)?;
        machine.keep_evidence(evidence)?;
        let mut journal = Journal::new(id, AuditHead::default(), now);
        changes.audit.iter().for_each(|event| journal.write(&self.keys, event));
        let (audit, entries) = journal.finish();
        let record = Record {
            id,
            provider: at.id.clone(),
            version: 1,
            phase: Phase::Creating,
            attention: None,
            due: Some(now),
            created_at: now,
            reference,
            vendor: None,
            body: Vec::new(),
            audit,
        };
        let mut flow = LoadedFlow { record, state: machine.into_state() };
        self.describe(&at, &mut flow, now);
        let inserted = match self.store.insert(&flow.record, Some(self.lease_until()), &entries).await {
            Ok(inserted) => inserted,
            Err(error) => match self.store.load(id).await {
                // The answer was lost, not the flow.
                Ok(Some(_)) => Inserted::New,
                _ => return Err(error.into()),
            },
        };
        if let Inserted::Exists(id) = inserted {
            let kept = self.read(id).await?;
            if !kept.is_of(&at.id, &flow.state.verification.id().reference) {
                return Err(FlowError::Damaged("the store has another flow under this reference"));
            }
            return Ok(started(&kept, true));
        }
        let (flow, error) = self.create(&at, flow).await?;
        self.bell.notify_one();
        match (flow.record.phase, error) {
            // Nothing was created, and nothing will be: the caller must know why.
            (Phase::Refused, Some(error)) => Err(error.into()),
            _ => Ok(started(&flow, false)),
        }
    }

    /// Has the vendor create the verification.
    pub(crate) async fn create(&self, at: &VendorHandle, flow: LoadedFlow) -> Result<(LoadedFlow, Option<Error>)> {
        let marked_at = self.now();
        let Some(marked) = self.begin(at, flow.clone(), &Command::Create).await? else {
            // Another worker is creating it.
            return Ok((flow, None));
        };
        let Some((new, attempt)) = marked.state.attempt() else { return Ok((marked, None)) };
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
            return at.client.create(new).await;
        }
        Err(Error::new(ErrorKind::Unavailable).detail("it was too late to ask").with_effect(Effect::NotApplied))
    }

    /// Searches for what an interrupted creation left.
    pub(crate) async fn search(&self, at: &VendorHandle, flow: LoadedFlow) -> Result<()> {
        let reference = flow.state.verification.id().reference.clone();
        let found = at.client.find(&reference).await;
        let found = found.as_ref().map(Vec::as_slice);
        self.change(at, flow, Lease::End, Input::Searched(found)).await?;
        Ok(())
    }
}

/// Returns the result of a start.
fn started(flow: &LoadedFlow, already_existed: bool) -> Started {
    Started {
        id: flow.record.id,
        hand_off: flow.state.hand_off.clone(),
        already_existed,
        phase: flow.record.phase,
        unsupported_fields: flow.state.unsupported_fields.clone(),
    }
}

impl From<NewVerification> for Start {
    fn from(new: NewVerification) -> Self {
        Self::new(new)
    }
}
