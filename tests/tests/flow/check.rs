//! The properties of a simulated world: those that hold at any time, and those that hold at its
//! end.

use futures_util::TryStreamExt as _;
use idv::{Capability, Outcome, Status, Timestamp};
use idv_flow::store::{FlowStore as _, Phase, Store as _};
use idv_flow::{Attention, CopyState, FlowError, FlowStatus};
use serde_json::Value;

use super::clock::later;
use super::plan::{Life, MINUTE};
use super::vendor::{Comes, Vendor};
use super::world::{World, at_once};

/// An entry of the audit trail: its event, and the time at which it was written.
struct Entry {
    at: Timestamp,
    event: Value,
}

impl Entry {
    fn is(&self, name: &str) -> bool {
        self.event["event"] == name
    }
}

impl World {
    /// Checks the properties that hold at any time.
    pub(super) fn check_safety(&mut self) -> Result<(), String> {
        for life in 0..self.lives.len() {
            if self.lives[life].id.is_none() && self.lives[life].found.is_none() {
                self.lives[life].found = self.find(life).map(|status| status.id);
            }
            let Some(id) = self.lives[life].id.or(self.lives[life].found) else {
                continue;
            };
            let record = at_once(self.store.load(id)).map_err(|error| error.to_string())?;
            let version = record
                .ok_or_else(|| format!("person {life}: the flow is lost"))?
                .version;
            if self.lives[life].seen.replace(version) == Some(version) {
                continue;
            }
            let status = at_once(self.observer.status(id)).map_err(|error| error.to_string())?;
            self.note(|| format!("person {life}: {}", shown(&status)));
            self.check_decision(life, &status)?;
        }
        Ok(())
    }

    /// Checks that no person is verified unless the vendor verified them.
    fn check_decision(&self, life: usize, status: &FlowStatus) -> Result<(), String> {
        if !status.is_verified() {
            return Ok(());
        }
        let told = self.told(life);
        if told == Some(Outcome::Verified) {
            return Ok(());
        }
        Err(format!(
            "person {life} is verified without proof: the vendor's outcome is {told:?}"
        ))
    }

    /// Returns the outcome that the vendor reports of a person, once the person has acted.
    fn told(&self, life: usize) -> Option<Outcome> {
        self.lives[life].acted_at?;
        let Life {
            vendor, scenario, ..
        } = self.plan.lives[life];
        match vendor.comes(&self.sandbox, scenario) {
            Comes::Told(outcome) => Some(outcome),
            Comes::Nothing => None,
        }
    }

    /// Checks the properties that hold at the end of a world.
    pub(super) fn check_end(&mut self) -> Result<(), String> {
        self.check_safety()?;
        for life in 0..self.lives.len() {
            self.check_life(life)
                .map_err(|error| format!("person {life}: {error}"))?;
        }
        let flows = at_once(
            self.observer
                .list(&idv_flow::store::Filter::all(), None, 100),
        )
        .unwrap();
        if flows.len() > self.lives.len() {
            return Err(format!(
                "there are {} flows for {} persons",
                flows.len(),
                self.lives.len()
            ));
        }
        let verified =
            at_once(self.observer.verify_audit(None)).map_err(|error| error.to_string())?;
        if !verified.holds() {
            return Err(format!(
                "the audit trail is not valid: {:?}",
                verified.findings
            ));
        }
        let behind = at_once(self.observer.health()).unwrap().behind;
        if behind > 10 * MINUTE {
            return Err(format!("the oldest due work has waited for {behind:?}"));
        }
        Ok(())
    }

    fn check_life(&self, life: usize) -> Result<(), String> {
        let words = Vendor::words(&self.plan.lives[life].new, life);
        let created = self.ledger.of(&words);
        let Some(status) = self.find(life) else {
            return if created.is_empty() {
                Ok(())
            } else {
                Err("the vendor has the verification, but there is no flow".to_owned())
            };
        };
        let trail = self.trail(&status)?;
        let flagged = trail
            .iter()
            .any(|entry| entry.is("found") && entry.event["count"].as_u64() > Some(1));
        if created.len() > 1 && !flagged {
            return Err(format!(
                "the vendor created the verification {} times, and no audit entry reports it",
                created.len()
            ));
        }
        self.check_way_on(&status)?;
        let receipt =
            at_once(self.observer.receipt(status.id)).map_err(|error| error.to_string())?;
        if receipt.vendors_copy == CopyState::NeverWas {
            let known = created.is_empty() || self.lives[life].abandoned;
            return if known {
                Ok(())
            } else {
                Err("the vendor has the verification, but the flow is refused".to_owned())
            };
        }
        // Of two verifications, the person may use the one that the flow does not follow.
        if status.phase == Phase::Creating || created.len() > 1 {
            return Ok(());
        }
        self.check_outcome(life, &status, &trail)?;
        self.check_report(&status, &trail)?;
        self.check_evidence(life, &status, &trail)?;
        self.check_deletion(life, &status, &trail)
    }

    /// Checks that a flow has ended, has a due time, or needs an operator.
    fn check_way_on(&self, status: &FlowStatus) -> Result<(), String> {
        let over = matches!(status.phase, Phase::Done | Phase::Refused | Phase::Erased);
        if over || status.due.is_some() || status.attention.is_some() {
            return Ok(());
        }
        Err(format!(
            "the flow has no due time and does not need an operator: {}",
            shown(status)
        ))
    }

    /// Checks that the outcome is the vendor's, if the vendor could report it.
    fn check_outcome(
        &self,
        life: usize,
        status: &FlowStatus,
        trail: &[Entry],
    ) -> Result<(), String> {
        let (told, standing) = (self.told(life), &self.lives[life]);
        let asked = trail.iter().any(|entry| entry.is("deletion_asked"));
        let held_back = status.attention.is_some() || standing.abandoned || status.disputed;
        match status.status {
            Some(Status::Finished(outcome)) if Some(outcome) == told => Ok(()),
            // The vendor cancels an unfinished verification that is to be deleted.
            Some(Status::Finished(Outcome::Canceled)) if asked => Ok(()),
            // The vendor has no outcome, or could not report it.
            Some(Status::Finished(Outcome::Expired)) if told.is_none() => Ok(()),
            Some(Status::Finished(Outcome::Expired))
                if !self.can_be_asked(life) && !self.was_told(life, trail) =>
            {
                Ok(())
            }
            Some(Status::Finished(outcome)) => Err(format!(
                "the outcome is {outcome:?}, but the vendor reported {told:?}"
            )),
            _ if told.is_none() || held_back || asked => Ok(()),
            _ => Err(format!(
                "the vendor reported {told:?}, but the flow has no outcome: {}",
                shown(status)
            )),
        }
    }

    /// Checks that the vendor's report is stored, or that an operator is notified that it is
    /// missing.
    fn check_report(&self, status: &FlowStatus, trail: &[Entry]) -> Result<(), String> {
        let stored = trail.iter().any(|entry| entry.is("report_stored"));
        let asked = trail.iter().any(|entry| entry.is("deletion_asked"));
        let pending = status.due.is_some() && status.phase == Phase::Open;
        let there = at_once(self.observer.report(status.id))
            .map_err(|error| error.to_string())?
            .is_some();
        if stored && !there && status.is_verified() && status.phase != Phase::Erased {
            return Err("the report was stored, but there is no report".to_owned());
        }
        // The program may have crashed after it abandoned the flow, before it answered the
        // operator.
        let abandoned = trail
            .iter()
            .any(|entry| entry.is("resolved") && entry.event["action"] == "abandoned");
        if !status.is_verified()
            || stored
            || status.attention.is_some()
            || abandoned
            || asked
            || pending
        {
            return Ok(());
        }
        Err(
            "the person is verified, but there is no report, and no operator is notified"
                .to_owned(),
        )
    }

    /// Checks that evidence is stored before the vendor's copy is deleted, is readable, and is
    /// erased with our copy.
    fn check_evidence(
        &self,
        life: usize,
        status: &FlowStatus,
        trail: &[Entry],
    ) -> Result<(), String> {
        let failed = |error: FlowError| error.to_string();
        let kept = at_once(self.observer.evidence(status.id)).map_err(failed)?;
        let parts = at_once(self.store.evidence_store().unwrap().parts(status.id))
            .map_err(|error| error.to_string())?;
        if status.phase == Phase::Erased {
            return if parts.is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "the flow is erased, but has parts of evidence: {parts:?}"
                ))
            };
        }
        for kept in &kept {
            let pieces = Box::pin(
                at_once(self.observer.read_evidence(status.id, kept.item)).map_err(failed)?,
            );
            let content: Vec<_> = at_once(pieces.try_collect()).map_err(failed)?;
            if content.iter().map(|piece| piece.len() as u64).sum::<u64>() != kept.length {
                return Err(
                    "the length of the evidence differs from its length when it was stored"
                        .to_owned(),
                );
            }
        }
        let has_evidence = self
            .observer
            .client(self.plan.lives[life].vendor.id())
            .unwrap()
            .info()
            .has(Capability::Evidence);
        let given_up = trail
            .iter()
            .any(|entry| entry.event["action"] == "give_up_evidence");
        let left = trail.iter().any(|entry| entry.is("evidence_left_out"));
        if !has_evidence || self.plan.lives[life].evidence.is_none() || given_up || left {
            return Ok(());
        }
        let reports = at_once(self.observer.reports(status.id)).map_err(failed)?;
        let listed = reports.iter().flat_map(|(_, report)| &report.evidence);
        let missing = listed
            .filter(|listed| kept.iter().all(|kept| kept.id != listed.id))
            .count();
        let deleted = trail.iter().any(|entry| entry.is("deleted"));
        let waits = status.due.is_some() || status.attention.is_some();
        if missing > 0 && (deleted || (status.phase == Phase::Done && !waits)) {
            return Err(format!(
                "{missing} items of evidence are not stored, deleted {deleted}: {}",
                shown(status)
            ));
        }
        Ok(())
    }

    /// Checks that both copies are deleted when they are due, and not before.
    fn check_deletion(
        &self,
        life: usize,
        status: &FlowStatus,
        trail: &[Entry],
    ) -> Result<(), String> {
        let receipt =
            at_once(self.observer.receipt(status.id)).map_err(|error| error.to_string())?;
        let retention = self.plan.lives[life].retention;
        let deletes = self
            .observer
            .client(self.plan.lives[life].vendor.id())
            .unwrap()
            .info()
            .has(Capability::Deletion);
        let ended = matches!(status.phase, Phase::Done | Phase::Erased);
        let asked = receipt.asked_at;
        let vendors_due = (retention.vendor.after.is_some() && ended) || asked.is_some();
        let own_due = (retention.own.after.is_some() && ended) || asked.is_some();
        let told = status.attention.is_some();
        let gone = matches!(
            receipt.vendors_copy,
            CopyState::Confirmed | CopyState::ByHand
        );
        if vendors_due && !gone && !told && status.due.is_none() {
            return Err(format!(
                "the vendor's copy should be deleted, but its state is {:?}",
                receipt.vendors_copy
            ));
        }
        if own_due && receipt.own_copy_erased_at.is_none() && !told && status.due.is_none() {
            return Err("our copy should be erased, but still exists".to_owned());
        }
        if !vendors_due && (gone || trail.iter().any(|entry| entry.is("deleted"))) {
            return Err("the vendor's copy was deleted, but was not due".to_owned());
        }
        if !own_due && receipt.own_copy_erased_at.is_some() {
            return Err("our copy was erased, but was not due".to_owned());
        }
        if receipt.vendors_copy == CopyState::Confirmed && deletes && self.is_at_vendor(life) {
            return Err(
                "the receipt confirms the vendor's deletion, but the vendor has the verification"
                    .to_owned(),
            );
        }
        let words = Vendor::words(&self.plan.lives[life].new, life);
        let last = self
            .ledger
            .of(&words)
            .iter()
            .filter_map(|creation| self.ledger.last_deletion(&creation.id))
            .max();
        let confirmed = trail
            .iter()
            .find(|entry| entry.is("deletion_confirmed"))
            .map(|entry| entry.at);
        // A program that hangs during a deletion continues it afterwards.
        if !self.plan.has_hangs()
            && confirmed
                .zip(last)
                .is_some_and(|(confirmed, last)| last > later(confirmed, MINUTE))
        {
            return Err(format!(
                "the deletion was confirmed at {confirmed:?}, but requested again at {last:?}"
            ));
        }
        if receipt.own_copy_erased_at.is_some()
            && at_once(self.store.reports(status.id)).unwrap().is_some()
        {
            return Err("our copy was erased, but its report still exists".to_owned());
        }
        let first = trail
            .iter()
            .find(|entry| entry.is("deleted"))
            .map(|entry| entry.at);
        let hold = retention
            .vendor
            .not_before
            .filter(|hold| first.is_some_and(|first| first < *hold));
        if let Some(hold) = hold {
            return Err(format!(
                "the verification was held until {hold}, but deleted at {first:?}"
            ));
        }
        let end = trail
            .iter()
            .find(|entry| entry.event["change"] == "settled")
            .map(|entry| entry.at);
        let earliest = retention
            .vendor
            .after
            .zip(end)
            .map(|(after, end)| later(end, after));
        let early = first
            .zip(earliest)
            .is_some_and(|(first, earliest)| first < earliest);
        if early && asked.is_none() && !self.lives[life].abandoned {
            return Err(format!(
                "the verification was deleted at {first:?}, before {earliest:?}"
            ));
        }
        Ok(())
    }

    fn trail(&self, status: &FlowStatus) -> Result<Vec<Entry>, String> {
        let entries =
            at_once(self.observer.audit_of(status.id)).map_err(|error| error.to_string())?;
        let entry = |entry: idv_flow::audit::AuditEntry| Entry {
            at: entry.at,
            event: serde_json::from_str(&entry.event).unwrap(),
        };
        Ok(entries.into_iter().map(entry).collect())
    }

    /// Returns whether the application received every callback about a person, and knew the
    /// verification before the person acted.
    fn was_told(&self, life: usize, trail: &[Entry]) -> bool {
        let words = Vendor::words(&self.plan.lives[life].new, life);
        let created = self.ledger.of(&words);
        let callbacks = self.sandbox.callbacks();
        let mut about = callbacks.iter().filter(|callback| {
            created
                .iter()
                .any(|creation| creation.id == callback.reference)
        });
        let known_at = trail
            .iter()
            .find(|entry| entry.is("created"))
            .map(|entry| entry.at);
        let in_time = known_at
            .zip(self.lives[life].acted_at)
            .is_some_and(|(known, acted)| known <= acted);
        in_time && about.all(|callback| callback.state == "delivered")
    }

    fn can_be_asked(&self, life: usize) -> bool {
        self.observer
            .client(self.plan.lives[life].vendor.id())
            .unwrap()
            .info()
            .can_be_asked()
    }

    /// Returns whether the vendor still has data of a person. Asks through the observer's client,
    /// which has no faults.
    fn is_at_vendor(&self, life: usize) -> bool {
        let words = Vendor::words(&self.plan.lives[life].new, life);
        let client = self
            .observer
            .client(self.plan.lives[life].vendor.id())
            .unwrap();
        let Some(creation) = self.ledger.of(&words).into_iter().next() else {
            return false;
        };
        let reference = self.plan.lives[life].new.reference.clone();
        let id = idv::VerificationId::new(reference, Some(idv::VendorId::new(creation.id)));
        !matches!(
            at_once(client.delete(&id)),
            Ok(idv::DeleteOutcome::AlreadyGone)
        )
    }
}

fn shown(status: &FlowStatus) -> String {
    let FlowStatus {
        phase,
        status: state,
        disputed,
        attention,
        due,
        has_report,
        ..
    } = status;
    let attention = attention.as_ref().map(Attention::name);
    let due = due.map(|due| due.to_string());
    format!(
        "{phase}, {state:?}, disputed {disputed}, attention {attention:?}, due {due:?}, report {has_report}"
    )
}
