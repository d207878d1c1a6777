//! What must hold: in each moment, and in the end.

use futures_util::TryStreamExt as _;
use idv::{Capability, Outcome, Status, Timestamp};
use idv_flow::store::{FlowStore as _, Phase, Store as _};
use idv_flow::{Attention, CopyState, FlowError, FlowStatus};
use serde_json::Value;

use super::clock::later;
use super::plan::{Life, MINUTE};
use super::vendor::{Comes, Vendor};
use super::world::{World, at_once};

/// What one entry of the audit trail says, and when it was written.
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
    /// What must hold at any time.
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

    /// That nobody is verified of whom the vendor did not say so.
    fn check_decision(&self, life: usize, status: &FlowStatus) -> Result<(), String> {
        if !status.is_verified() {
            return Ok(());
        }
        let told = self.told(life);
        if told == Some(Outcome::Verified) {
            return Ok(());
        }
        Err(format!(
            "person {life} is verified without proof: the vendor tells {told:?}"
        ))
    }

    /// What the vendor tells of a person, by what they did.
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

    /// What must hold when everything has ended that can.
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
                "there are {} flows of {} persons",
                flows.len(),
                self.lives.len()
            ));
        }
        let verified =
            at_once(self.observer.verify_audit(None)).map_err(|error| error.to_string())?;
        if !verified.holds() {
            return Err(format!(
                "the audit trail does not hold: {:?}",
                verified.findings
            ));
        }
        let behind = at_once(self.observer.health()).unwrap().behind;
        if behind > 10 * MINUTE {
            return Err(format!("work has been due for {behind:?}"));
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
                Err("it is at the vendor, and there is no flow".to_owned())
            };
        };
        let trail = self.trail(&status)?;
        let flagged = trail
            .iter()
            .any(|entry| entry.is("found") && entry.event["count"].as_u64() > Some(1));
        if created.len() > 1 && !flagged {
            return Err(format!(
                "the vendor created it {} times, and nobody was told",
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
                Err("it is at the vendor, and refused here".to_owned())
            };
        }
        // Of two, the person may follow the one that we do not.
        if status.phase == Phase::Creating || created.len() > 1 {
            return Ok(());
        }
        self.check_outcome(life, &status, &trail)?;
        self.check_report(&status, &trail)?;
        self.check_evidence(life, &status, &trail)?;
        self.check_deletion(life, &status, &trail)
    }

    /// That a flow is at its end, or that there is something to come: in time, or by a person.
    fn check_way_on(&self, status: &FlowStatus) -> Result<(), String> {
        let over = matches!(status.phase, Phase::Done | Phase::Refused | Phase::Erased);
        if over || status.due.is_some() || status.attention.is_some() {
            return Ok(());
        }
        Err(format!(
            "nothing comes of it any more, and nobody is told: {}",
            shown(status)
        ))
    }

    /// That the outcome is what the vendor told, where it could be learnt.
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
            // The vendor calls off what is to be deleted and is not over.
            Some(Status::Finished(Outcome::Canceled)) if asked => Ok(()),
            // Nothing came of it, or nothing that could be learnt.
            Some(Status::Finished(Outcome::Expired)) if told.is_none() => Ok(()),
            Some(Status::Finished(Outcome::Expired))
                if !self.can_be_asked(life) && !self.was_told(life, trail) =>
            {
                Ok(())
            }
            Some(Status::Finished(outcome)) => Err(format!(
                "the outcome is {outcome:?}, and the vendor told {told:?}"
            )),
            _ if told.is_none() || held_back || asked => Ok(()),
            _ => Err(format!(
                "the vendor told {told:?}, and nobody knows: {}",
                shown(status)
            )),
        }
    }

    /// That what the vendor reported is stored, or that a person is told of what is missing.
    fn check_report(&self, status: &FlowStatus, trail: &[Entry]) -> Result<(), String> {
        let stored = trail.iter().any(|entry| entry.is("report_stored"));
        let asked = trail.iter().any(|entry| entry.is("deletion_asked"));
        let pending = status.due.is_some() && status.phase == Phase::Open;
        let there = at_once(self.observer.report(status.id))
            .map_err(|error| error.to_string())?
            .is_some();
        if stored && !there && status.is_verified() && status.phase != Phase::Erased {
            return Err("the report was stored, and there is no report".to_owned());
        }
        // The program that an operator told to abandon it may have died before it answered them.
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
        Err("the person is verified, there is no report, and nobody is told".to_owned())
    }

    /// That evidence was kept before the vendor's copy went, can be read, and went with our copy.
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
                    "it is erased, and has parts of evidence: {parts:?}"
                ))
            };
        }
        for kept in &kept {
            let pieces = Box::pin(
                at_once(self.observer.read_evidence(status.id, kept.item)).map_err(failed)?,
            );
            let content: Vec<_> = at_once(pieces.try_collect()).map_err(failed)?;
            if content.iter().map(|piece| piece.len() as u64).sum::<u64>() != kept.length {
                return Err("evidence has another length than when it was kept".to_owned());
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
                "{missing} items of evidence are not kept, deleted {deleted}: {}",
                shown(status)
            ));
        }
        Ok(())
    }

    /// That both copies went when they were to go, and not before.
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
                "the vendor's copy was to go, and is {:?}",
                receipt.vendors_copy
            ));
        }
        if own_due && receipt.own_copy_erased_at.is_none() && !told && status.due.is_none() {
            return Err("our own copy was to go, and is there".to_owned());
        }
        if !vendors_due && (gone || trail.iter().any(|entry| entry.is("deleted"))) {
            return Err("the vendor's copy is gone, and nobody wanted that".to_owned());
        }
        if !own_due && receipt.own_copy_erased_at.is_some() {
            return Err("our own copy is gone, and nobody wanted that".to_owned());
        }
        if receipt.vendors_copy == CopyState::Confirmed && deletes && self.is_at_vendor(life) {
            return Err(
                "the receipt says that the vendor deleted, and the vendor has it".to_owned(),
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
        // A program that hung in the middle of a deletion goes on with it when it wakes.
        if !self.plan.has_hangs()
            && confirmed
                .zip(last)
                .is_some_and(|(confirmed, last)| last > later(confirmed, MINUTE))
        {
            return Err(format!(
                "it was confirmed at {confirmed:?} that it is deleted, and deleted again at {last:?}"
            ));
        }
        if receipt.own_copy_erased_at.is_some()
            && at_once(self.store.reports(status.id)).unwrap().is_some()
        {
            return Err("our own copy was erased, and its report is there".to_owned());
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
                "it was held until {hold}, and deleted at {first:?}"
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
            return Err(format!("it was deleted at {first:?}, before {earliest:?}"));
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

    /// Whether every callback about a person was taken in by us, when we knew whom it was about.
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

    /// Whether the vendor still has something of a person, asked by somebody who has no part in this.
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
