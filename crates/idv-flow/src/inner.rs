//! What every part of a flow works with: the store, the clients, the clock; opening and changing flows.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idv_core::{Client, Clock, Random, Reference, Timestamp};
use tokio::sync::Notify;

use crate::audit::Journal;
use crate::case::{Case, Creation, Ledger, Shown};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::plan::{Plan, Planner};
use crate::report::KeptReport;
use crate::retention::{Retention, later};
use crate::runner::Counters;
use crate::schedule::Schedule;
use crate::store::{Commit, Committed, Lease, LookupKey, Phase, Record, Reports, Store};
use crate::vault::{Context, StoreKeys, Vault};

/// How many final reports are kept of one verification: enough for both sides of a dispute.
const MAX_REPORTS: usize = 4;
/// How often a change is tried again because somebody else changed the same flow.
const MAX_CONFLICTS: usize = 100;

/// A vendor, and when what is tried there.
#[derive(Debug)]
pub(crate) struct At {
    pub(crate) id: String,
    pub(crate) client: Client,
    pub(crate) schedule: Schedule,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    /// The first is where new flows are started.
    pub(crate) providers: Vec<Arc<At>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) vault: Vault,
    pub(crate) keys: StoreKeys,
    pub(crate) retention: Retention,
    /// For how long work is leased: longer than any call takes.
    pub(crate) lease: Duration,
    /// Rung where there is something new to do.
    pub(crate) bell: Notify,
    pub(crate) tally: Counters,
    /// Maximum number of parked messages of a provider.
    pub(crate) parked_limit: u64,
    /// The last block of the audit trail that this program knows of.
    pub(crate) block: Mutex<Option<(u64, [u8; 32])>>,
    /// Whether the parked messages were woken since this program began to work.
    pub(crate) woken: AtomicBool,
    /// Whether messages are claimed before flows the next time.
    pub(crate) messages_first: AtomicBool,
}

/// A flow that was read from the store.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) record: Record,
    pub(crate) case: Case,
}

impl Opened {
    /// Returns whether this is the flow of a reference. Vendors do not all keep its case.
    pub(crate) fn is_of(&self, provider: &str, reference: &Reference) -> bool {
        let ours = &self.case.verification.id().reference;
        self.record.provider == provider && ours.as_str().eq_ignore_ascii_case(reference.as_str())
    }
}

impl Inner {
    /// What time it is, as exactly as stores keep it.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock.now().as_microsecond()).unwrap_or(Timestamp::MAX)
    }

    /// Returns the last block of the audit trail that this program knows of.
    pub(crate) fn last_block(&self) -> Option<(u64, [u8; 32])> {
        *self.block.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_block(&self, number: u64, hash: [u8; 32]) {
        *self.block.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, hash));
    }

    pub(crate) fn lease_until(&self) -> Timestamp {
        later(self.now(), self.lease)
    }

    pub(crate) fn provider(&self, id: &str) -> Result<Arc<At>> {
        let found = self.providers.iter().find(|at| at.id == id);
        found.map(Arc::clone).ok_or_else(|| FlowError::UnknownProvider(id.to_owned()))
    }

    /// Reads a flow.
    pub(crate) async fn read(&self, id: FlowId) -> Result<Opened> {
        let record = self.store.load(id).await?.ok_or(FlowError::UnknownFlow(id))?;
        self.open(record)
    }

    /// Opens a record.
    pub(crate) fn open(&self, record: Record) -> Result<Opened> {
        let body = self.vault.open(&Context::body(&record), &record.body)?;
        let case: Case =
            serde_json::from_slice(&body).map_err(|_| FlowError::Damaged("a flow is not in the form that is expected"))?;
        // In a sealed store the seal says so already.
        let id = case.verification.id();
        let vendor = id.vendor_id.as_ref().map(|vendor_id| self.keys.vendor(&record.provider, vendor_id.as_str()));
        if record.reference != self.keys.reference(&record.provider, id.reference.as_str()) || record.vendor != vendor {
            return Err(FlowError::Damaged("a flow is under another flow's name"));
        }
        Ok(Opened { record, case })
    }

    /// Reads the flow of a reference.
    pub(crate) async fn of_reference(&self, provider: &str, reference: &Reference) -> Result<Option<Opened>> {
        let key = self.keys.reference(provider, reference.as_str());
        let mut damaged = None;
        for (_, id) in self.store.locate(&[key]).await? {
            match self.read(id).await {
                Ok(opened) if opened.is_of(provider, reference) => return Ok(Some(opened)),
                // Another flow has this key as the key of its vendor's id.
                Ok(_) | Err(FlowError::UnknownFlow(_)) => {}
                Err(error @ FlowError::Damaged(_)) => damaged = Some(error),
                Err(error) => return Err(error),
            }
        }
        damaged.map_or(Ok(None), Err)
    }

    /// What is to be done next for a flow.
    pub(crate) fn plan(&self, at: &At, opened: &Opened, now: Timestamp) -> Plan {
        let planner = Planner { id: opened.record.id, capabilities: at.client.info(), schedule: &at.schedule, now };
        planner.plan(&opened.case)
    }

    /// Changes a flow by what has become known. Where somebody else changed it in between, it is read again and `apply` is applied to
    /// what it has become: facts hold whatever else is known. Returns the flow as it is then.
    pub(crate) async fn change<F>(&self, at: &At, mut opened: Opened, lease: Lease, apply: F) -> Result<Opened>
    where
        F: Fn(&mut Case, &mut Ledger<'_>) -> Result<()> + Send + Sync,
    {
        for _ in 0..MAX_CONFLICTS {
            let id = opened.record.id;
            if let Some(changed) = self.try_change(at, opened, lease, &apply).await? {
                return Ok(changed);
            }
            opened = self.read(id).await?;
        }
        Err(FlowError::Conflict("the flow is changed by others without end"))
    }

    /// Changes a flow unless somebody else changed it since it was read: `None` then.
    pub(crate) async fn try_change<F>(&self, at: &At, mut opened: Opened, lease: Lease, apply: F) -> Result<Option<Opened>>
    where
        F: Fn(&mut Case, &mut Ledger<'_>) -> Result<()> + Send + Sync,
    {
        let now = self.now();
        let mut ledger = Ledger::new(Journal::new(opened.record.id, opened.record.audit, now), &self.keys, now);
        apply(&mut opened.case, &mut ledger)?;
        let reports = self.add_reports(&mut opened, &mut ledger).await?;
        opened.case.note_end(at.client.info(), now);
        let (journal, _) = ledger.finish();
        let (head, entries) = journal.finish();
        opened.record.audit = head;
        self.describe(at, &mut opened, now);
        let erased = opened.case.deletion.own_erased_at.is_some();
        let mut commit = Commit::new(&opened.record, &entries);
        commit.lease = lease;
        commit.reports = match &reports {
            _ if erased => Reports::Erase,
            Some(sealed) => Reports::Put(sealed),
            None => Reports::Keep,
        };
        let committed = self.store.commit(&commit).await?;
        match committed {
            Committed::Done(version) => {
                opened.record.version = version;
                Ok(Some(opened))
            }
            Committed::Conflict => Ok(None),
        }
    }

    /// Brings what the record says in clear in line with the case, and seals the case.
    pub(crate) fn describe(&self, at: &At, opened: &mut Opened, now: Timestamp) {
        let plan = self.plan(at, opened, now);
        let last_block = self.last_block();
        let Opened { record, case } = opened;
        record.due = plan.due.map(first_microsecond);
        record.attention = plan.attention.map(|attention| attention.name().to_owned());
        record.phase = phase(case);
        record.vendor = case.verification.id().vendor_id.as_ref().map(|id| self.keys.vendor(&record.provider, id.as_str()));
        case.shown = Shown::of(record);
        // Another program may know of a later block.
        if case.block.as_ref().map(|(number, _)| *number) < last_block.map(|(number, _)| number) {
            case.block = last_block.map(|(number, hash)| (number, hex::encode(hash)));
        }
        // A case has string keys only, so it always serializes.
        let body = zeroize::Zeroizing::new(serde_json::to_vec(case).unwrap_or_default());
        record.body = self.vault.seal(&*self.random, &Context::body(record), &body);
    }

    /// The final reports that are stored.
    pub(crate) async fn reports(&self, id: FlowId) -> Result<Vec<KeptReport>> {
        let Some(sealed) = self.store.reports(id).await? else { return Ok(Vec::new()) };
        let reports = self.vault.open(&Context::flow(id, "reports"), &sealed)?;
        serde_json::from_slice(&reports).map_err(|_| FlowError::Damaged("a report is not in the form that is expected"))
    }

    /// Adds what came to the reports that are stored: the sealed whole, where it is something new.
    async fn add_reports(&self, opened: &mut Opened, ledger: &mut Ledger<'_>) -> Result<Option<Vec<u8>>> {
        let came = std::mem::take(&mut ledger.reports);
        if came.is_empty() || opened.case.deletion.own_erased_at.is_some() {
            return Ok(None);
        }
        let id = opened.record.id;
        let mut kept = self.reports(id).await?;
        let before = kept.len();
        for report in came {
            let known = kept.iter().any(|known| known.outcome == report.outcome && known.digest() == report.digest());
            if known || kept.len() >= MAX_REPORTS {
                continue;
            }
            let digest = hex::encode(report.digest());
            ledger.write(&crate::audit::Event::ReportStored { digest, outcome: report.outcome });
            kept.push(report);
        }
        if kept.len() == before {
            return Ok(None);
        }
        opened.case.reports = u8::try_from(kept.len()).unwrap_or(u8::MAX);
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
        Ok(Some(self.vault.seal(&*self.random, &Context::flow(id, "reports"), &bytes)))
    }

    /// The keys under which the index may have a subject.
    pub(crate) fn keys_of(&self, provider: &str, subject: &idv_core::Subject) -> Vec<LookupKey> {
        let reference = subject.reference.as_deref().map(|reference| self.keys.reference(provider, reference));
        let vendor = subject.vendor_id.as_ref().map(|id| self.keys.vendor(provider, id.as_str()));
        reference.into_iter().chain(vendor).collect()
    }

    /// When the person's time is over where the vendor did not say so.
    pub(crate) fn expiry(at: &At, created_at: Timestamp) -> Timestamp {
        later(created_at, at.schedule.lifetime)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("store", &self.store).field("providers", &self.providers).finish_non_exhaustive()
    }
}

/// The first moment from `at` on that stores can keep. What they kept as an earlier one would be claimed before there is anything to do,
/// again and again.
fn first_microsecond(at: Timestamp) -> Timestamp {
    const MICROSECOND: Duration = Duration::from_micros(1);
    match Timestamp::from_microsecond(at.as_microsecond()) {
        Ok(floor) if floor < at => later(floor, MICROSECOND),
        Ok(floor) => floor,
        Err(_) => at,
    }
}

fn phase(case: &Case) -> Phase {
    if case.deletion.own_erased_at.is_some() {
        return Phase::Erased;
    }
    match case.creation {
        Creation::Created if case.ended_at.is_some() => Phase::Done,
        Creation::Created => Phase::Open,
        Creation::Refused { .. } => Phase::Refused,
        _ => Phase::Creating,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_between_two_microseconds_is_due_at_the_later_one() {
        let at = |nanosecond: i128| Timestamp::from_nanosecond(nanosecond).unwrap();
        assert_eq!(first_microsecond(at(1_999_000)), at(1_999_000));
        assert_eq!(first_microsecond(at(1_999_001)), at(2_000_000));
        assert_eq!(first_microsecond(at(-1_999_001)), at(-1_999_000));
        assert_eq!(first_microsecond(Timestamp::MAX).as_second(), Timestamp::MAX.as_second());
    }
}
