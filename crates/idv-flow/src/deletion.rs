//! Deletion: at the vendor, confirmed, and of our own copy.

use idv_core::{DeleteOutcome, ErrorKind};
use jiff::Timestamp;
use serde::Serialize;

use crate::audit::Event;
use crate::case::{Case, Creation, Ledger, VendorsCopy, kind};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::inner::{At, Inner, Opened};
use crate::plan::Work;
use crate::retention::{DataCopy, Retention};
use crate::store::Lease;

/// What is left of a flow's data, and what was done about it: the receipt of a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The flow.
    pub flow: FlowId,
    /// The provider's id.
    pub provider: String,
    /// When the deletion was asked for, where somebody did; else the retention asks for it.
    #[serde(serialize_with = "time")]
    pub asked_at: Option<Timestamp>,
    /// What became of the vendor's copy.
    pub vendors_copy: CopyState,
    /// Since when nothing is left at the vendor.
    #[serde(serialize_with = "time")]
    pub vendors_copy_gone_at: Option<Timestamp>,
    /// When our own copy was erased.
    #[serde(serialize_with = "time")]
    pub own_copy_erased_at: Option<Timestamp>,
}

/// What became of the vendor's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CopyState {
    /// There never was one.
    NeverWas,
    /// It is there.
    There,
    /// The vendor says that it deleted it, and has not confirmed that nothing is left.
    Deleted,
    /// The vendor called the verification off and keeps its data.
    CanceledOnly,
    /// The vendor accepted the deletion, and has not yet carried it out.
    Accepted,
    /// The vendor confirmed that nothing is left.
    Confirmed,
    /// A person said that they deleted it by hand.
    ByHand,
}

impl Receipt {
    pub(crate) fn of(opened: &Opened) -> Self {
        let deletion = &opened.case.deletion;
        let never = matches!(opened.case.creation, Creation::Refused { .. });
        Self {
            flow: opened.record.id,
            provider: opened.record.provider.clone(),
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

    /// Whether nothing is left, at the vendor or here.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        let gone = matches!(self.vendors_copy, CopyState::NeverWas | CopyState::Confirmed | CopyState::ByHand);
        gone && self.own_copy_erased_at.is_some()
    }
}

impl Inner {
    /// Asks for the deletion of both copies.
    pub(crate) async fn ask_deletion(&self, id: FlowId, by: &str) -> Result<Receipt> {
        let opened = self.read(id).await?;
        let at = self.provider(&opened.record.provider)?;
        let now = self.now();
        if let Some((copy, until)) = held(&opened.case.retention, now) {
            self.change(&at, opened, Lease::Keep, |_, ledger| {
                ledger.write(&Event::DeletionRefused { by: by.to_owned(), copy, until: until.to_string() });
                Ok(())
            })
            .await?;
            return Err(FlowError::Held { copy, until });
        }
        let opened = self.change(&at, opened, Lease::Keep, |case, ledger| {
            if case.deletion.asked_at.is_none() {
                case.deletion.asked_at = Some(ledger.now);
                ledger.write(&Event::DeletionAsked { by: by.to_owned() });
            }
            if let Creation::Intended { .. } = case.creation {
                // It reached nobody, and now it never will.
                crate::create::refuse(case, ledger, "deleted");
            }
            Ok(())
        });
        let opened = opened.await?;
        self.bell.notify_one();
        Ok(Receipt::of(&opened))
    }

    /// Changes how long the copies are kept.
    pub(crate) async fn retain(&self, id: FlowId, retention: Retention, by: &str) -> Result<()> {
        retention.check()?;
        let opened = self.read(id).await?;
        let at = self.provider(&opened.record.provider)?;
        self.change(&at, opened, Lease::Keep, |case, ledger| {
            if case.deletion.own_erased_at.is_some() {
                return Err(FlowError::Conflict("our own copy is erased: there is nothing left to be kept"));
            }
            case.retention = retention;
            ledger.write(&Event::Retained { by: by.to_owned() });
            Ok(())
        })
        .await?;
        self.bell.notify_one();
        Ok(())
    }

    /// Deletes at the vendor, has it confirmed, or erases our own copy.
    pub(crate) async fn delete(&self, at: &At, opened: Opened, work: &Work) -> Result<()> {
        if *work == Work::Erase {
            self.change(at, opened, Lease::End, |case, ledger| {
                case.erase(ledger.now);
                ledger.write(&Event::Erased);
                Ok(())
            })
            .await?;
            return Ok(());
        }
        let id = opened.case.verification.id().clone();
        let answer = at.client.delete(&id).await;
        self.change(at, opened, Lease::End, |case, ledger| {
            match &answer {
                Ok(deleted) => record_deleted(case, ledger, *deleted),
                // A vendor that does not know it has nothing of it.
                Err(error) if *error.kind() == ErrorKind::NotFound => record_deleted(case, ledger, DeleteOutcome::AlreadyGone),
                Err(error) => {
                    let error = kind(error);
                    if case.deletion.error.as_ref() != Some(&error) {
                        ledger.write(&Event::NotDeleted { error: error.clone() });
                    }
                    case.deletion.error = Some(error);
                    tried(case, ledger.now);
                }
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// Which copy must still be kept, and until when: the one that must be kept for longer, of two.
fn held(retention: &Retention, now: Timestamp) -> Option<(DataCopy, Timestamp)> {
    [(DataCopy::Vendors, retention.vendor.not_before), (DataCopy::Own, retention.own.not_before)]
        .into_iter()
        .filter_map(|(copy, until)| Some((copy, until.filter(|until| *until > now)?)))
        .max_by_key(|(_, until)| *until)
}

fn record_deleted(case: &mut Case, ledger: &mut Ledger<'_>, deleted: DeleteOutcome) {
    let at = ledger.now;
    let vendors = match deleted {
        DeleteOutcome::AlreadyGone => {
            ledger.write(&Event::Deleted { amount: "already_gone" });
            ledger.write(&Event::DeletionConfirmed);
            VendorsCopy::Gone { at }
        }
        DeleteOutcome::CanceledOnly => {
            ledger.write(&Event::Deleted { amount: "canceled_only" });
            VendorsCopy::CanceledOnly { at }
        }
        DeleteOutcome::Accepted => {
            if vendors_word(case.deletion.vendors) != vendors_word(VendorsCopy::Accepted { at }) {
                ledger.write(&Event::Deleted { amount: "accepted" });
            }
            VendorsCopy::Accepted { at }
        }
        _ => {
            ledger.write(&Event::Deleted { amount: "data" });
            VendorsCopy::Deleted { at }
        }
    };
    case.deletion.error = None;
    // What the vendor says anew counts as tried: one that never confirms must not be asked without end in haste.
    let is_repeated = vendors_word(case.deletion.vendors) == vendors_word(vendors);
    if is_repeated || matches!(vendors, VendorsCopy::CanceledOnly { .. } | VendorsCopy::Accepted { .. }) {
        tried(case, at);
    } else {
        (case.deletion.tries, case.deletion.tried_at) = (0, None);
    }
    case.deletion.vendors = vendors;
}

const fn vendors_word(copy: VendorsCopy) -> u8 {
    match copy {
        VendorsCopy::There => 0,
        VendorsCopy::Deleted { .. } => 1,
        VendorsCopy::CanceledOnly { .. } => 2,
        VendorsCopy::Gone { .. } | VendorsCopy::GoneByHand { .. } => 3,
        VendorsCopy::Accepted { .. } => 4,
    }
}

fn tried(case: &mut Case, now: Timestamp) {
    case.deletion.tries = case.deletion.tries.saturating_add(1);
    case.deletion.tried_at = Some(now);
}

fn time<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}
