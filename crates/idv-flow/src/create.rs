//! Starting a flow: the intent is committed, then the vendor is asked, then what came of it is committed.

use idv_core::{CreateResponse, CreateSafety, Effect, Error, ErrorKind, NewVerification, Timestamp};

use crate::audit::{CreatedBy, Event, Journal};
use crate::case::{Case, Creation, Ledger, kind};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::inner::{At, Inner, Opened};
use crate::plan::Work;
use crate::retention::later;
use crate::status::{Start, Started};
use crate::store::{Inserted, Lease, Phase, Record};

impl Inner {
    pub(crate) async fn start(&self, start: Start) -> Result<Started> {
        let at = match &start.provider {
            Some(provider) => self.provider(provider)?,
            None => self.provider(&self.providers.first().map(|at| at.id.clone()).unwrap_or_default())?,
        };
        let retention = start.retention.unwrap_or(self.retention);
        retention.check()?;
        let now = self.now();
        let id = FlowId::random(&*self.random);
        let reference = self.keys.reference(&at.id, start.new.reference.as_str());
        let capabilities = at.client.info();
        let mut journal = Journal::new(id, crate::audit::AuditHead::default(), now);
        let mapping = format!("{}; idv {}", capabilities.document, env!("CARGO_PKG_VERSION"));
        journal.write(&self.keys, &Event::Asked { by: start.by, provider: at.id.clone(), mapping });
        journal.write(&self.keys, &Event::Creating { attempt: 1 });
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
        let mut opened = Opened { record, case: Case::new(start.new, capabilities, retention, now) };
        self.describe(&at, &mut opened, now);
        match self.store.insert(&opened.record, Some(self.lease_until()), &entries).await? {
            Inserted::New => {}
            Inserted::Exists(id) => {
                let kept = self.read(id).await?;
                if !kept.is_of(&at.id, &opened.case.verification.id().reference) {
                    return Err(FlowError::Damaged("the store has another flow under this reference"));
                }
                return Ok(started(&kept, true));
            }
        }
        let (opened, error) = self.call(&at, opened, now).await?;
        self.bell.notify_one();
        match (&opened.case.creation, error) {
            // Nothing was created, and nothing will be: whoever asked is to know why.
            (Creation::Refused { .. }, Some(error)) => Err(error.into()),
            _ => Ok(started(&opened, false)),
        }
    }

    /// Carries out what an unfinished creation needs.
    pub(crate) async fn create(&self, at: &At, opened: Opened, work: &Work) -> Result<()> {
        match work {
            Work::Create => {
                let marked_at = self.now();
                let marked = self.try_change(at, opened, Lease::Keep, calling).await?;
                // Somebody else is at it.
                let Some(opened) = marked else { return Ok(()) };
                self.call(at, opened, marked_at).await?;
            }
            Work::Find => self.find(at, opened).await?,
            Work::Unsettle => {
                self.change(at, opened, Lease::End, |case, ledger| {
                    unsettle(case, ledger, "interrupted");
                    Ok(())
                })
                .await?;
            }
            _ => {
                self.change(at, opened, Lease::End, |case, ledger| {
                    if let Creation::Intended { .. } = case.creation {
                        refuse(case, ledger, "given_up");
                    }
                    Ok(())
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Asks the vendor to create what the case is [calling](Creation::Calling) for, and commits what came of it.
    /// That was committed at `marked_at`.
    async fn call(&self, at: &At, opened: Opened, marked_at: Timestamp) -> Result<(Opened, Option<Error>)> {
        let Creation::Calling { new, calls, open, .. } = &opened.case.creation else { return Ok((opened, None)) };
        let (new, number, open) = (new.clone(), *calls, *open);
        // Who was held up for so long that the call would outlive the lease may be taken for dead meanwhile, and somebody else go on.
        let answer = if self.now() < later(marked_at, self.lease / 2) {
            at.client.create(&new).await
        } else {
            Err(Error::new(ErrorKind::Unavailable).detail("it was too late to ask").with_effect(Effect::NotApplied))
        };
        let opened = self.change(at, opened, Lease::End, |case, ledger| {
            match &answer {
                Ok(created) => record_created(at, case, ledger, created),
                Err(error) => record_failure(at, case, ledger, error, number, open),
            }
            Ok(())
        });
        Ok((opened.await?, answer.err()))
    }

    async fn find(&self, at: &At, opened: Opened) -> Result<()> {
        let reference = opened.case.verification.id().reference.clone();
        let found = at.client.find(&reference).await;
        self.change(at, opened, Lease::End, |case, ledger| {
            let Creation::Unsettled { since, tries, tried_at, found: count, .. } = &mut case.creation else { return Ok(()) };
            let created_at = *since;
            (*tries, *tried_at) = (tries.saturating_add(1), ledger.now);
            match &found {
                Ok(ids) => {
                    if *count != ids.len() {
                        *count = ids.len();
                        ledger.write(&Event::Found { count: ids.len() });
                    }
                    if let [only] = ids.as_slice() {
                        if let Some(vendor_id) = &only.vendor_id {
                            case.verification.identify(vendor_id.clone());
                        }
                        case.verification.expire_at(Self::expiry(at, created_at));
                        case.at_vendor(CreatedBy::Search, true, ledger);
                    }
                }
                Err(error) => tracing::debug!(kind = kind(error), "the search for an interrupted creation failed"),
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// What became of a flow that was started.
fn started(opened: &Opened, already_existed: bool) -> Started {
    Started {
        id: opened.record.id,
        hand_off: opened.case.hand_off.clone(),
        already_existed,
        phase: opened.record.phase,
        unsupported_fields: opened.case.unsupported_fields.clone(),
    }
}

/// Marks that the vendor is being asked.
fn calling(case: &mut Case, ledger: &mut Ledger<'_>) -> Result<()> {
    let (new, calls, since, open) = match &case.creation {
        Creation::Intended { new, calls, since, .. } => (new.clone(), *calls, *since, false),
        Creation::Unsettled { new, calls, since, .. } => (new.clone(), *calls, *since, true),
        _ => return Ok(()),
    };
    let calls = calls.saturating_add(1);
    ledger.write(&Event::Creating { attempt: calls });
    case.calls = calls;
    case.creation = Creation::Calling { new, calls, since, open };
    Ok(())
}

fn record_created(at: &At, case: &mut Case, ledger: &mut Ledger<'_>, created: &CreateResponse) {
    let expires_at = created.expires_at.unwrap_or_else(|| Inner::expiry(at, created.at));
    case.created(created, expires_at, CreatedBy::Answer, ledger);
}

/// The call of this number failed.
fn record_failure(at: &At, case: &mut Case, ledger: &mut Ledger<'_>, error: &Error, number: u32, open: bool) {
    let keyed = at.client.info().create_safety == CreateSafety::Keyed;
    let (new, calls, since) = match &case.creation {
        Creation::Calling { new, calls, since, .. } if *calls == number => (new.clone(), *calls, *since),
        // A worker that believed this one dead has noted that the answer is lost; this is the answer.
        Creation::Unsettled { new, calls, since, .. } if *calls == number => (new.clone(), *calls, *since),
        // A program that was taken for dead asked all the same, after another had gone on: nobody knows what came of it.
        Creation::Created if case.calls > number && !keyed && error.effect() == Effect::Unknown => return case.stray(ledger),
        // Once the vendor has deleted it, our reference is a key no longer: the same call creates another one.
        Creation::Created if case.deletion.vendors.gone_at().is_some() && error.effect() == Effect::Unknown => {
            return case.stray(ledger);
        }
        Creation::Refused { .. } if error.effect() == Effect::Unknown => return case.stray(ledger),
        // A callback has settled it, or another call is under way or has been: its answer counts.
        _ => return,
    };
    let kind = kind(error);
    if open && keyed && *error.kind() == ErrorKind::Conflict {
        // It is there, and so far that it can no longer be changed.
        case.verification.expire_at(Inner::expiry(at, since));
        case.at_vendor(CreatedBy::Answer, true, ledger);
        return;
    }
    let unknown = error.effect() == Effect::Unknown || open;
    tracing::warn!(provider = %at.id, kind, effect_unknown = unknown, "a creation failed");
    ledger.write(&Event::NotCreated { error: kind.clone(), effect_unknown: unknown });
    if unknown {
        case.creation = Creation::Unsettled { new, calls, since, tries: calls, tried_at: ledger.now, found: 0 };
    } else if may_pass(error) {
        let wait = error.retry_after().unwrap_or_default().max(at.schedule.backoff(calls));
        case.creation = Creation::Intended { new, calls, since, retry_at: later(ledger.now, wait) };
    } else {
        refuse(case, ledger, &kind);
    }
}

/// Whether the same creation may succeed later: the vendor is down, or the account is to be put right.
fn may_pass(error: &Error) -> bool {
    error.is_transient() || matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::QuotaExhausted)
}

fn unsettle(case: &mut Case, ledger: &mut Ledger<'_>, why: &str) {
    let Creation::Calling { new, calls, since, .. } = &case.creation else { return };
    let (calls, since) = (*calls, *since);
    let new = new.clone();
    ledger.write(&Event::NotCreated { error: why.to_owned(), effect_unknown: true });
    // The first attempt to settle it is due at once.
    case.creation = Creation::Unsettled { new, calls, since, tries: 0, tried_at: since, found: 0 };
}

pub(crate) fn refuse(case: &mut Case, ledger: &mut Ledger<'_>, error: &str) {
    ledger.write(&Event::Refused { error: error.to_owned() });
    case.creation = Creation::Refused { error: error.to_owned() };
    case.since = ledger.now;
}

impl From<NewVerification> for Start {
    fn from(new: NewVerification) -> Self {
        Self::new(new)
    }
}
