//! What is to be done next for a flow, and when: a pure function of its state.

use std::time::Duration;

use idv_core::{Capability, CreateSafety, Decision, ResultHandle, Status, Step, VendorInfo};
use jiff::Timestamp;

use crate::attention::Attention;
use crate::case::{Asking, Case, Creation, VendorsCopy};
use crate::id::FlowId;
use crate::retention::later;
use crate::schedule::Schedule;

/// How often a deletion that failed is tried before a person is told, and how often a vendor is asked to confirm one.
const DELETION_TRIES: u32 = 3;
/// How long after a mere cancellation a deletion is tried again.
const AFTER_CANCELLATION: Duration = Duration::from_secs(24 * 60 * 60);
/// How many failures in a row that will not pass by themselves are waited for before a person is told.
const PERMANENT_FAILURES: u32 = 3;

/// What is to be done for a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    /// Ask the vendor to create it.
    Create,
    /// Look for what an interrupted creation left.
    Find,
    /// Note that the answer to a creation is lost.
    Unsettle,
    /// Give up a creation that reached nobody.
    GiveUp,
    Poll,
    Fetch(ResultHandle),
    /// Note that the person's time is over.
    Lapse,
    /// Delete at the vendor.
    Delete,
    /// Ask the vendor whether anything is left.
    Confirm,
    /// Erase our own copy.
    Erase,
}

/// What is to be done for a flow: now, or when it is due, or for what a person is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// What is to be done now.
    pub(crate) work: Option<Work>,
    /// When there is something to be done; now, where there is work.
    pub(crate) due: Option<Timestamp>,
    /// For what a person is needed, whatever else is done.
    pub(crate) attention: Option<Attention>,
}

impl Plan {
    fn at(work: Work, at: Timestamp, now: Timestamp) -> Self {
        Self { work: (at <= now).then_some(work), due: Some(at), attention: None }
    }

    fn needing(mut self, attention: Option<Attention>) -> Self {
        self.attention = self.attention.or(attention);
        self
    }

    /// Of two plans what is earlier; of two that are due now, the first.
    fn or(self, other: Self) -> Self {
        let attention = self.attention.clone().or_else(|| other.attention.clone());
        let first = match (self.due, other.due) {
            (Some(ours), Some(theirs)) => ours <= theirs || self.work.is_some(),
            (ours, _) => ours.is_some(),
        };
        Self { attention, ..if first { self } else { other } }
    }
}

/// What a plan is made from, beside the flow's state.
pub(crate) struct Planner<'a> {
    pub(crate) id: FlowId,
    pub(crate) capabilities: &'a VendorInfo,
    pub(crate) schedule: &'a Schedule,
    pub(crate) now: Timestamp,
}

impl Planner<'_> {
    /// What is to be done next.
    pub(crate) fn plan(&self, case: &Case) -> Plan {
        let plan = self.next(case);
        // Whoever was invited twice is to be told, whatever else there is.
        let strays = (case.strays > 0).then(|| Attention::SeveralFound(case.strays.saturating_add(1)));
        Plan { attention: strays.or(plan.attention), ..plan }
    }

    fn next(&self, case: &Case) -> Plan {
        if case.deletion.own_erased_at.is_some() && !vendor_copy_matters(case) {
            return Plan::default();
        }
        // What is to be deleted is not asked for any more.
        let deletion = self.deletion(case);
        if deletion.work.is_some() || (case.deletion.own_erased_at.is_some()) {
            return deletion;
        }
        let verification = match &case.creation {
            Creation::Created if case.deletion.vendors == VendorsCopy::There && !case.abandoned => self.verification(case),
            Creation::Created | Creation::Refused { .. } => Plan::default(),
            creation => self.creation(creation),
        };
        // Of two reasons to look at it, what must go comes first.
        deletion.or(verification)
    }

    fn creation(&self, creation: &Creation) -> Plan {
        match creation {
            Creation::Intended { since, retry_at, .. } => {
                let give_up_at = later(*since, self.schedule.create_within);
                // What would be tried only after the end of the attempts is not waited for.
                if *retry_at >= give_up_at || self.now >= give_up_at {
                    Plan::at(Work::GiveUp, (*retry_at).min(give_up_at), self.now)
                } else {
                    Plan::at(Work::Create, *retry_at, self.now)
                }
            }
            Creation::Calling { .. } => Plan::at(Work::Unsettle, self.now, self.now),
            Creation::Unsettled { since, tries, tried_at, found, .. } => {
                let patience_over = self.now >= later(*since, self.schedule.settle_within);
                let attention = || Some(if *found > 1 { Attention::SeveralFound(*found) } else { Attention::CreationUnknown });
                let wait = self.schedule.backoff(tries.saturating_add(1));
                let at = self.schedule.jittered(*tried_at, wait, self.id, *tries);
                match self.capabilities.create_safety {
                    CreateSafety::Keyed => {
                        Plan::at(Work::Create, at, self.now).needing(patience_over.then_some(Attention::CreationUnknown))
                    }
                    _ if *found > 1 => Plan::default().needing(attention()),
                    CreateSafety::Findable if self.now < later(*since, self.schedule.lifetime) => {
                        Plan::at(Work::Find, at, self.now).needing(patience_over.then(attention).flatten())
                    }
                    // Nobody can be asked. A proven callback may still name it.
                    _ => Plan::default().needing(attention()),
                }
            }
            Creation::Created | Creation::Refused { .. } => Plan::default(),
        }
    }

    fn verification(&self, case: &Case) -> Plan {
        let unknown = case.unknown_code.clone().map(Attention::UnknownCode);
        let step = case.verification.next_step(self.capabilities);
        let disputed = case.verification.decision() == Decision::Disputed;
        let plan = match &step {
            Step::Done | Step::AwaitReport if case.asking.contradicted && self.capabilities.has(Capability::Polling) => {
                self.ask(case, Work::Poll).needing(self.failing(&case.asking))
            }
            Step::Done => return Plan::default().needing(unknown),
            // The operator who rules needs the report.
            Step::Fetch(handle) if disputed => {
                return self.fetch(case, handle).needing(Some(Attention::Disputed));
            }
            Step::NeedsOperator => {
                let attention = if disputed { Attention::Disputed } else { Attention::NoWayOn };
                return Plan::default().needing(Some(attention));
            }
            Step::Poll => self.ask(case, Work::Poll),
            Step::Fetch(handle) => self.fetch(case, handle),
            // Nothing but the person's time, and our patience, ends these.
            _ => Plan::default(),
        };
        let plan = if case.may_lapse() { plan.or(self.lapse(case, &step)) } else { plan };
        // Who has done their part, or has no more time for it, waits for the vendor.
        let persons_turn = Decision::Open(Status::AwaitingPerson) == case.verification.decision()
            || Decision::Open(Status::InProgress) == case.verification.decision();
        let overdue_at = later(case.since, self.schedule.overdue);
        let plan = match (persons_turn && case.may_lapse(), self.now >= overdue_at) {
            (true, _) => plan,
            (false, true) => plan.needing(Some(Attention::Overdue)),
            (false, false) => plan.or(Plan { due: Some(overdue_at), ..Plan::default() }),
        };
        plan.needing(self.failing(&case.asking)).needing(unknown)
    }

    /// The end of the person's time. Who can be asked is asked once more, after it is over and as long as there is patience.
    fn lapse(&self, case: &Case, step: &Step) -> Plan {
        let expires_at = case.verification.expires_at().unwrap_or(Timestamp::MAX);
        let asked = case.asking.answered_at.is_some_and(|at| at >= expires_at);
        // Patience ends only where the vendor was tried to be asked since: a program that was down that long knows nothing.
        let tried = case.asking.asked_at.is_some_and(|at| at >= expires_at);
        let failing_since = case.asking.failing_since.filter(|_| tried);
        let out_of_patience = failing_since.is_some_and(|since| self.now >= later(since.max(expires_at), self.schedule.grace));
        if *step == Step::Poll && !asked && !out_of_patience {
            let at = if case.asking.failures > 0 { self.ask_at(case).max(expires_at) } else { expires_at };
            return Plan::at(Work::Poll, at, self.now);
        }
        Plan::at(Work::Lapse, expires_at, self.now)
    }

    fn fetch(&self, case: &Case, handle: &ResultHandle) -> Plan {
        let asking = &case.asking;
        let work = Work::Fetch(handle.clone());
        let missed = matches!(asking.error.as_deref(), None | Some("not_found" | "subject_mismatch"));
        // An answer that brought nothing new is an answer, even if it came in the moment of the last change.
        match asking.asked_at.filter(|at| (*at > case.since || asking.unchanged > 0) && !asking.now) {
            // A result that was not asked for yet is there.
            None if asking.failures == 0 => Plan::at(work, case.since, self.now),
            // A handle that was not tried yet does not wait for the pace at which others are tried again.
            Some(at) if missed && asking.answered_at != Some(at) && case.verification.is_untried(handle) => {
                let at = later(at, self.schedule.wake_gap);
                Plan::at(work, asking.not_before.map_or(at, |not_before| at.max(not_before)), self.now)
            }
            _ => self.ask(case, work),
        }
    }

    fn ask(&self, case: &Case, work: Work) -> Plan {
        Plan::at(work, self.ask_at(case), self.now)
    }

    fn ask_at(&self, case: &Case) -> Timestamp {
        let asking = &case.asking;
        let last = asking.asked_at.unwrap_or(case.since);
        if asking.now {
            return last.min(self.now);
        }
        let woken = asking.wakes != asking.heard;
        let open = matches!(case.verification.decision(), Decision::Open(status) if status != Status::Ended);
        let swept = open && self.schedule.sweep.is_some() && self.capabilities.has(Capability::Listing);
        let at = if asking.failures > 0 {
            self.schedule.jittered(last, self.schedule.backoff(asking.failures), self.id, asking.failures)
        } else if woken || (!open && asking.answered_at.is_none_or(|at| at < case.since)) {
            asking.asked_at.map_or(case.since, |at| later(at, self.schedule.wake_gap))
        } else if !open && asking.unchanged == 0 {
            // It has just been settled: what is still missing is there, or soon will be.
            later(last, self.schedule.wake_gap)
        } else if swept {
            self.schedule.jittered(last, self.schedule.backstop, self.id, asking.unchanged)
        } else {
            self.schedule.jittered(last, self.schedule.pace(asking.unchanged), self.id, asking.unchanged)
        };
        asking.not_before.map_or(at, |not_before| at.max(not_before))
    }

    fn failing(&self, asking: &Asking) -> Option<Attention> {
        let error = asking.error.as_ref()?;
        let passes = matches!(error.as_str(), "unavailable" | "rate_limited" | "not_ready");
        let long = asking.failing_since.is_some_and(|since| self.now >= later(since, self.schedule.failing));
        let told = long || (!passes && asking.failures >= PERMANENT_FAILURES);
        told.then(|| Attention::Failing(error.clone()))
    }

    fn deletion(&self, case: &Case) -> Plan {
        let deletion = &case.deletion;
        let vendors_due = case.retention.vendor.due(case.ended_at, deletion.asked_at);
        let plan = match vendors_due {
            Some(due) if matches!(case.creation, Creation::Created) => self.vendors_deletion(case, due),
            _ => Plan::default(),
        };
        // Ours says what the vendor's copy is called, and what may still have to be created: until that is settled, only the date
        // after which nothing may be kept erases it.
        let limit = case.retention.own.not_after;
        let needed = match case.creation {
            Creation::Created => vendors_due.is_some() && deletion.vendors.gone_at().is_none(),
            Creation::Refused { .. } => false,
            _ => true,
        };
        let own_due = case.retention.own.due(case.ended_at, deletion.asked_at);
        let own_due = if needed { limit } else { own_due };
        match own_due.filter(|_| deletion.own_erased_at.is_none()) {
            Some(due) => plan.or(Plan::at(Work::Erase, due, self.now)),
            None => plan,
        }
    }

    fn vendors_deletion(&self, case: &Case, due: Timestamp) -> Plan {
        let deletion = &case.deletion;
        let by_hand = || Plan::default().needing((self.now >= due).then_some(Attention::DeleteByHand));
        let again = || {
            let wait = self.schedule.backoff(deletion.tries);
            let at = deletion.tried_at.map_or(due, |tried_at| self.schedule.jittered(tried_at, wait, self.id, deletion.tries));
            at.max(due)
        };
        let failing = (deletion.tries >= DELETION_TRIES).then(|| Attention::DeletionFailing(deletion.error.clone()));
        match deletion.vendors {
            VendorsCopy::Gone { .. } | VendorsCopy::GoneByHand { .. } => Plan::default(),
            _ if !self.capabilities.has(Capability::Deletion) => {
                let waiting = Plan { due: (self.now < due).then_some(due), ..Plan::default() };
                waiting.needing(by_hand().attention)
            }
            VendorsCopy::There | VendorsCopy::Accepted { .. } => Plan::at(Work::Delete, again(), self.now).needing(failing),
            VendorsCopy::Deleted { at } => {
                Plan::at(Work::Confirm, later(at, self.schedule.confirm_after).max(again()), self.now).needing(failing)
            }
            VendorsCopy::CanceledOnly { at } if deletion.tries < DELETION_TRIES => {
                Plan::at(Work::Delete, later(at, AFTER_CANCELLATION), self.now)
            }
            VendorsCopy::CanceledOnly { .. } => by_hand(),
        }
    }
}

/// Whether the vendor may still have a copy that is to be deleted.
fn vendor_copy_matters(case: &Case) -> bool {
    let to_go = case.retention.vendor.due(case.ended_at, case.deletion.asked_at).is_some();
    matches!(case.creation, Creation::Created) && to_go && case.deletion.vendors.gone_at().is_none()
}
