//! Deletion: at the vendor, confirmed, and of our own copy.

use idv_core::{Error, ErrorKind};
use jiff::Timestamp;
use serde::Serialize;

use crate::engine::evidence::NO_EVIDENCE_STORE;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::retention::Retention;
use crate::machine::state::{Creation, VendorsCopy};
use crate::machine::{Command, Input};
use crate::store::Lease;

/// The receipt of a deletion: which copies of a flow's data are left, and when the others were
/// deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The flow.
    pub flow: FlowId,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// When the deletion was requested; `None` if only the retention demands it.
    #[serde(serialize_with = "time")]
    pub asked_at: Option<Timestamp>,
    /// The state of the vendor's copy.
    pub vendors_copy: CopyState,
    /// When the vendor's copy was gone.
    #[serde(serialize_with = "time")]
    pub vendors_copy_gone_at: Option<Timestamp>,
    /// When our own copy was erased.
    #[serde(serialize_with = "time")]
    pub own_copy_erased_at: Option<Timestamp>,
}

/// The state of the vendor's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CopyState {
    /// There has never been one.
    NeverWas,
    /// It is there.
    There,
    /// The vendor has deleted it, and not yet confirmed that nothing is left.
    Deleted,
    /// The vendor has canceled the verification and keeps its data.
    CanceledOnly,
    /// The vendor accepted the deletion, and has not yet carried it out.
    Accepted,
    /// The vendor confirmed that nothing is left.
    Confirmed,
    /// An operator has deleted it by hand.
    ByHand,
}

impl Receipt {
    pub(crate) fn of(opened: &LoadedFlow) -> Self {
        let deletion = &opened.state.deletion;
        let never = matches!(opened.state.creation, Creation::Refused { .. });
        Self {
            flow: opened.record.id,
            provider: opened.record.provider.clone(),
            account: opened.record.account.clone(),
            asked_at: deletion.asked_at,
            vendors_copy: match deletion.vendors {
                VendorsCopy::There if never => CopyState::NeverWas,
                VendorsCopy::There => CopyState::There,
                VendorsCopy::Deleted { .. } => CopyState::Deleted,
                VendorsCopy::CanceledOnly { .. } => CopyState::CanceledOnly,
                VendorsCopy::Accepted { .. } => CopyState::Accepted,
                VendorsCopy::Gone { .. } => CopyState::Confirmed,
                VendorsCopy::GoneByHand { .. } => CopyState::ByHand,
            },
            vendors_copy_gone_at: deletion.vendors.gone_at(),
            own_copy_erased_at: deletion.own_erased_at,
        }
    }

    /// Returns whether nothing is left, at the vendor or here.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// # let id = bank.verified(&engine).await?;
    /// engine.delete(id, "privacy-desk").await?;
    /// engine.run_due().await?;
    /// assert!(!engine.receipt(id).await?.is_complete()); // the vendor has not confirmed it
    ///
    /// clock.advance(std::time::Duration::from_secs(60));
    /// engine.run_due().await?;
    /// assert!(engine.receipt(id).await?.is_complete());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        let gone = matches!(
            self.vendors_copy,
            CopyState::NeverWas | CopyState::Confirmed | CopyState::ByHand
        );
        gone && self.own_copy_erased_at.is_some()
    }
}

impl Inner {
    /// Requests the deletion of the vendor's copy and of ours.
    pub(crate) async fn request_deletion(&self, id: FlowId, by: &str) -> Result<Receipt> {
        self.check_clock().await?;
        let flow = self.read(id).await?;
        let at = self.account(&flow.record.account)?;
        let flow = self
            .change(&at, flow, Lease::Keep, Input::DeletionRequested { by })
            .await?;
        if let Some((copy, until)) = Self::machine(&at, &flow).held(self.now()) {
            return Err(FlowError::Held { copy, until });
        }
        self.wakeup.notify_one();
        Ok(Receipt::of(&flow))
    }

    /// Changes the retention of the copies.
    pub(crate) async fn retain(&self, id: FlowId, retention: Retention, by: &str) -> Result<()> {
        self.check_clock().await?;
        let flow = self.read(id).await?;
        let at = self.account(&flow.record.account)?;
        self.change(
            &at,
            flow,
            Lease::Keep,
            Input::Retained {
                retention: &retention,
                by,
            },
        )
        .await?;
        self.wakeup.notify_one();
        Ok(())
    }

    /// Has the vendor delete its copy, or confirm that nothing is left.
    pub(crate) async fn delete(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        command: &Command,
    ) -> Result<LoadedFlow> {
        let id = flow.record.id;
        let flow = if flow.state.deletion.may_be_held() && !flow.is_begun {
            let Some(flow) = self.begin(at, flow, command).await? else {
                return self.plan_anew(at, id).await;
            };
            flow
        } else {
            flow
        };
        let id = flow.state.verification.id().clone();
        let answer = at.client.delete(&id).await;
        self.note_answer(at, &answer).await;
        let input = Input::DeletionAnswered(answer.as_ref().map(|deleted| *deleted));
        self.change(at, flow, Lease::End, input).await
    }

    /// Erases our own copy: the parts of the evidence, then all else.
    pub(crate) async fn erase(&self, at: &VendorHandle, flow: LoadedFlow) -> Result<LoadedFlow> {
        if flow.state.evidence.items == 0 {
            return self.change(at, flow, Lease::End, Input::Erased).await;
        }
        let id = flow.record.id;
        let Some(flow) = self.begin(at, flow, &Command::Erase).await? else {
            return self.plan_anew(at, id).await;
        };
        let erased = match self.evidence_store() {
            Ok(store) => match store.erase_parts(id, None).await {
                Ok(()) => Ok(store),
                Err(error) => Err(Error::new(ErrorKind::Sink).with_source(error)),
            },
            Err(_) => Err(Error::config(NO_EVIDENCE_STORE)),
        };
        let store = match erased {
            Ok(store) => store,
            Err(error) => {
                tracing::error!(flow = %id, error = &error as &dyn std::error::Error, "evidence could not be erased");
                return self
                    .change(at, flow, Lease::End, Input::ErasureFailed(&error))
                    .await;
            }
        };
        let is_downloading = flow.state.download().is_some();
        let flow = self.change(at, flow, Lease::End, Input::Erased).await?;
        if is_downloading {
            // A worker may have stored one more part before it noticed the erasure.
            store.erase_parts(id, None).await?;
        }
        Ok(flow)
    }

    /// Plans the next step anew, and at once, since something else has changed.
    pub(crate) async fn plan_anew(&self, at: &VendorHandle, id: FlowId) -> Result<LoadedFlow> {
        let flow = self.read(id).await?;
        self.change(at, flow, Lease::End, Input::Refreshed).await
    }
}

fn time<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}
