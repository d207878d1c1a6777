//! An operator who reads the list of tasks and mostly follows its advice.

use idv::{CreateSafety, EvidenceId, VendorId};
use idv_flow::store::{Filter, FlowStore as _, Inbox as _};
use idv_flow::{Attention, OperatorTask, Resolution, TaskTarget};

use super::plan::Life;
use super::vendor::{Comes, Vendor};
use super::world::{Event, World, at_once};

impl World {
    /// Reads the list and decides about some of its tasks.
    pub(super) fn operate(&mut self) {
        let flows = at_once(self.store.list(&Filter::all().needing_attention(), None, 1)).unwrap();
        if flows.is_empty() && at_once(self.store.parked(None, 1)).unwrap().is_empty() {
            return;
        }
        for item in at_once(self.observer.operator()).unwrap() {
            // The operator does not finish every task at the first attempt.
            if self.chance.percent(20) {
                continue;
            }
            match item.about {
                TaskTarget::Message(digest) => {
                    let again = self.chance.percent(30);
                    self.note(|| {
                        format!(
                            "operator: {}, {}",
                            item.attention,
                            if again { "tried again" } else { "dismissed" }
                        )
                    });
                    let vendor = self.chance.pick(&self.plan.vendors);
                    self.ask(vendor, "resolve a message", move |flow, _| async move {
                        // If the store fails, the message stays in the list.
                        drop(flow.resolve_message(&digest, again).await);
                    });
                }
                TaskTarget::Flow(_) => self.resolve(&item),
                TaskTarget::Account => {}
                other => panic!("unexpected target of a task: {other:?}"),
            }
        }
    }

    fn resolve(&mut self, item: &OperatorTask) {
        let TaskTarget::Flow(id) = item.about else {
            return;
        };
        let whose = (0..self.lives.len())
            .find(|life| self.find(*life).is_some_and(|status| status.id == id));
        let Some(life) = whose else { return };
        let Some(resolution) = self.resolution(life, &item.attention) else {
            return;
        };
        self.note(|| {
            format!(
                "operator: person {life}, {}: {resolution:?}",
                item.attention
            )
        });
        self.ask(
            self.plan.lives[life].vendor,
            "resolve",
            move |flow, outbox| async move {
                // The flow may have advanced meanwhile, and then refuses the decision.
                if flow.resolve(id, &resolution, "operator").await.is_ok()
                    && resolution == Resolution::Abandon
                {
                    outbox.lock().unwrap().push(Event::Abandoned(life));
                }
            },
        );
    }

    /// Returns the first item of evidence whose download fails.
    fn failed_evidence(&self, life: usize) -> Option<EvidenceId> {
        let failed = at_once(self.observer.failed_evidence(self.find(life)?.id)).ok()?;
        failed.into_iter().next().map(|failed| failed.id)
    }

    /// Returns the decision that the task suggests.
    fn resolution(&mut self, life: usize, attention: &Attention) -> Option<Resolution> {
        let Life { vendor, new, .. } = &self.plan.lives[life];
        let created = self.ledger.of(&Vendor::words(new, life));
        Some(match attention {
            // A vendor with idempotency keys gets the create request again. For the others, the
            // operator searches the vendor's panel, which the ledger stands for.
            Attention::CreationUnknown if vendor.info().create_safety == CreateSafety::Keyed => {
                Resolution::AskNow
            }
            Attention::CreationUnknown | Attention::SeveralFound(_) => match created.as_slice() {
                [] if self.chance.percent(30) => Resolution::Abandon,
                [] => Resolution::CreateAgain,
                [first, ..] => Resolution::Adopt(VendorId::new(first.id.clone())),
            },
            Attention::Disputed => {
                match vendor.comes(&self.sandbox, self.plan.lives[life].scenario) {
                    Comes::Told(outcome) => Resolution::ResolveDispute(outcome),
                    Comes::Nothing => return None,
                }
            }
            Attention::Overdue | Attention::NoWayOn if self.chance.percent(20) => {
                Resolution::Abandon
            }
            Attention::Failing(_) | Attention::DeletionFailing(_) => Resolution::AskNow,
            Attention::UnknownCode(_) => Resolution::Acknowledge,
            Attention::EvidenceFailing(_) if self.chance.percent(50) => Resolution::GiveUpEvidence,
            Attention::EvidenceFailing(_) => match self.failed_evidence(life) {
                Some(item) if self.chance.percent(50) => Resolution::SkipEvidence(item),
                _ => Resolution::AskNow,
            },
            Attention::DeleteByHand => Resolution::DeletedByHand,
            _ => return None,
        })
    }
}
