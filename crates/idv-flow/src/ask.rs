//! Asking the vendor: for one verification, or for many by a list.

use std::collections::BTreeMap;

use idv_core::{Capability, ErrorKind, ListQuery, Observation, ResultHandle, Transition};

use crate::case::kind;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::inner::{At, Inner, Opened};
use crate::plan::Work;
use crate::store::{Filter, Lease, LookupKey, Phase};

/// How many pages of a list are read at the most: a vendor whose list never ends is not followed for ever.
const MAX_PAGES: usize = 10_000;

impl Inner {
    /// Polls, fetches, or notes that the time is over.
    pub(crate) async fn ask(&self, at: &At, opened: Opened, work: &Work) -> Result<()> {
        match work {
            Work::Fetch(handle) => self.question(at, opened, Some(handle)).await,
            Work::Lapse => self.lapse(at, opened).await,
            _ => self.question(at, opened, None).await,
        }
    }

    async fn question(&self, at: &At, opened: Opened, handle: Option<&ResultHandle>) -> Result<()> {
        let id = opened.case.verification.id().clone();
        let wakes = opened.case.asking.wakes;
        // The answer is of now, however long it takes to commit it.
        let asked_at = self.now();
        let answer = match handle {
            Some(_) => at.client.fetch(&id, handle).await,
            None => at.client.poll(&id).await,
        };
        self.change(at, opened, Lease::End, |case, ledger| {
            match &answer {
                Ok(observation) => {
                    let expires_at = Self::expiry(at, ledger.now);
                    let transition = case.observe(observation, expires_at, ledger);
                    // What is not understood is no reason to ask any faster.
                    let changed =
                        matches!(transition, Some(Transition::Progressed | Transition::Settled(_) | Transition::Disputed));
                    case.answered(wakes, changed, asked_at);
                    if let Some(handle) = handle {
                        case.verification.handle_found(handle);
                    }
                }
                Err(error) if handle.is_some_and(|handle| case.missed(handle, error, ledger.now)) => {
                    tracing::debug!(provider = %at.id, kind = kind(error), "the vendor does not know a result; another is tried");
                }
                Err(error) => {
                    if !matches!(error.kind(), ErrorKind::NotReady) {
                        tracing::debug!(provider = %at.id, kind = kind(error), "a question failed");
                    }
                    case.unanswered(error, ledger.now);
                }
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    async fn lapse(&self, at: &At, opened: Opened) -> Result<()> {
        self.change(at, opened, Lease::End, |case, ledger| {
            if let Some(observation) = case.verification.expire_if_due(ledger.now) {
                case.observe(&observation, ledger.now, ledger);
            }
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Reads the vendor's whole list and applies what is new to the flows it is about. Costs one call for each page; with each, the timer
    /// that asked for it is put off, so that nobody else begins meanwhile.
    pub(crate) async fn sweep(&self, at: &At, timer: &str) -> Result<()> {
        let open = Filter::all().at_provider(at.id.clone()).in_phase(Phase::Open);
        if !at.client.info().has(Capability::Listing) || self.store.list(&open, None, 1).await?.is_empty() {
            return Ok(());
        }
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = at.client.list(&ListQuery::default(), cursor.as_deref()).await?;
            if page.unreadable > 0 {
                tracing::warn!(provider = %at.id, entries = page.unreadable, "entries of the vendor's list cannot be read");
            }
            self.apply_page(at, &page.observations).await?;
            match page.next {
                Some(next) if Some(&next) != cursor.as_ref() => cursor = Some(next),
                _ => break,
            }
            self.store.wind_timer(timer, self.lease_until()).await?;
        }
        Ok(())
    }

    async fn apply_page(&self, at: &At, observations: &[Observation]) -> Result<()> {
        let keys: Vec<LookupKey> = observations.iter().flat_map(|seen| self.keys_of(&at.id, &seen.subject)).collect();
        let found: BTreeMap<LookupKey, FlowId> = self.store.locate(&keys).await?.into_iter().collect();
        for observation in observations {
            let mut flows: Vec<FlowId> =
                self.keys_of(&at.id, &observation.subject).iter().filter_map(|key| found.get(key).copied()).collect();
            flows.dedup();
            for id in flows {
                let opened = match self.read(id).await {
                    // One that cannot be read is told when its turn comes, and keeps no other waiting.
                    Err(FlowError::Damaged(_) | FlowError::UnknownFlow(_)) => continue,
                    opened => opened?,
                };
                self.take_in(at, opened, observation).await?;
            }
        }
        Ok(())
    }

    /// Applies to a flow what was learnt otherwise than by asking for it alone, if it is about this flow and changes anything.
    pub(crate) async fn take_in(&self, at: &At, opened: Opened, observation: &Observation) -> Result<Taken> {
        if !observation.subject.is(opened.case.verification.id()) {
            return Ok(Taken::Foreign);
        }
        let waits = opened.case.waits_for_code(observation);
        if opened.case.is_news(observation) {
            self.change(at, opened, Lease::Keep, |case, ledger| {
                case.observe(observation, Self::expiry(at, case.begun_at(ledger.now)), ledger);
                Ok(())
            })
            .await?;
        }
        Ok(if waits { Taken::Waiting } else { Taken::Applied })
    }
}

/// The effect of an observation on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is about another verification.
    Foreign,
    /// The flow knows it now.
    Applied,
    /// Its code is not known here: it has to be judged again.
    Waiting,
}
