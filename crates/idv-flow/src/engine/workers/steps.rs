//! Carries out the steps of a flow.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::future::FutureExt as _;
use jiff::Timestamp;

use crate::engine::accounts::permits::Permit;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::machine::attention::Attention;
use crate::machine::retention::later;
use crate::machine::{Command, Input};
use crate::store::{Commit, Lease, Record};

/// The time after which a flow that was set aside is tried again.
pub(crate) const SET_ASIDE: Duration = Duration::from_secs(60);
/// The maximum number of steps that a worker carries out while it holds the lease of a flow.
const STEPS_OF_A_LEASE: usize = 4;

impl Inner {
    /// Carries out the next step of a claimed flow, and the following ones as long as they are due
    /// at once and the lease lasts.
    pub(super) async fn step(
        &self,
        record: Record,
        until: Timestamp,
        permit: Permit,
    ) -> Result<()> {
        let at = match self.account(&record.account) {
            Ok(at) => at,
            // It waits for a program that has this account, and an operator is notified.
            Err(FlowError::UnknownAccount(_)) => {
                return self.set_aside(record, Attention::Unconfigured).await;
            }
            Err(error) => return Err(error),
        };
        let mut flow = match self.open(record.clone()) {
            Err(FlowError::Damaged(_)) => return self.set_aside(record, Attention::Damaged).await,
            Err(FlowError::Newer) => return self.set_aside(record, Attention::NewerVersion).await,
            flow => flow?,
        };
        let id = flow.record.id;
        let mut permit = Some(permit);
        for left in (0..STEPS_OF_A_LEASE).rev() {
            flow.leased_until = (left > 0).then_some(until);
            match AssertUnwindSafe(self.carry_out_next(&at, flow, permit.take()))
                .catch_unwind()
                .await
            {
                Ok(done) => flow = done?,
                Err(_) => {
                    tracing::error!(flow = %id, account = %at.id, "an adapter panicked");
                    let flow = self.read(id).await?;
                    return self
                        .change(&at, flow, Lease::End, Input::Crashed)
                        .await
                        .map(drop);
                }
            }
            if flow.leased_until.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Carries out the next step of a flow.
    pub(crate) async fn carry_out_next(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        permit: Option<Permit>,
    ) -> Result<LoadedFlow> {
        let command = Self::next(at, &flow, self.now()).command;
        let (name, id) = (
            command.as_ref().map_or("refresh", Command::name),
            flow.record.id,
        );
        self.measured(
            Some(&at.id),
            name,
            Some(id),
            self.carry_out_command(at, flow, command, permit),
        )
        .await
    }

    async fn carry_out_command(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        command: Option<Command>,
        permit: Option<Permit>,
    ) -> Result<LoadedFlow> {
        self.check_clock().await?;
        let end = |flow, input| self.change(at, flow, Lease::End, input);
        let Some(command) = command else {
            // Only the columns of the record have to be brought up to date.
            return end(flow, Input::Refreshed).await;
        };
        // Held until the step has ended.
        let _permit = if command.calls_vendor() {
            let Some(mut permit) = self.admit(at, permit).await? else {
                // The lease ends, and the flow waits until calls are possible again.
                let is_begun = flow.is_begun;
                let flow = LoadedFlow {
                    leased_until: None,
                    ..flow
                };
                return if is_begun {
                    end(flow, Input::DeletionPostponed).await
                } else {
                    end(flow, Input::Refreshed).await
                };
            };
            permit.start();
            Some(permit)
        } else {
            None
        };
        match &command {
            Command::Create => self.create(at, flow).await.map(|(flow, _)| flow),
            Command::Search => self.search(at, flow).await,
            Command::SettleInterrupted => end(flow, Input::CreationInterrupted).await,
            Command::GiveUp => end(flow, Input::CreationGivenUp).await,
            Command::Spread => end(flow, Input::Spread).await,
            Command::Poll => self.poll(at, flow, None).await,
            Command::Fetch(handle) => self.poll(at, flow, Some(handle)).await,
            Command::Expire => end(flow, Input::Expired).await,
            Command::Delete | Command::ConfirmDeletion => self.delete(at, flow, &command).await,
            Command::KeepEvidence => self.keep_evidence(at, flow).await,
            Command::Erase => self.erase(at, flow).await,
        }
    }

    /// Sets a flow aside that this program cannot work on. The operator's list shows it, and a
    /// program that has the key or the account may take it up at the next try.
    pub(crate) async fn set_aside(&self, mut record: Record, attention: Attention) -> Result<()> {
        tracing::error!(flow = %record.id, provider = record.provider, attention = attention.name(), "a flow was set aside and needs an operator");
        record.attention = Some(attention.name().to_owned());
        record.due = Some(later(self.now(), SET_ASIDE));
        self.store.commit(&Commit::new(&record, &[])).await?;
        Ok(())
    }
}
