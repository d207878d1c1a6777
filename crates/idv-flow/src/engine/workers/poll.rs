//! Polls the vendor: for one verification, or for many by its list.

use std::collections::BTreeMap;
use std::time::Duration;

use idv_core::{Capability, ListQuery, Observation, ResultHandle};

use crate::engine::accounts::Admission;
use crate::engine::repository::{Inner, LoadedFlow, Source, VendorHandle};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::Input;
use crate::store::{Filter, Lease, LookupKey, MessageEnd, Phase};

/// The maximum number of pages of a list: a vendor's list may never end.
const MAX_PAGES: usize = 10_000;
/// The time after which a page is tried again that the account's limits do not allow now.
const PAGE_PAUSE: Duration = Duration::from_millis(250);

impl Inner {
    /// Polls the status, or fetches the result under a handle.
    pub(crate) async fn poll(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        handle: Option<&ResultHandle>,
    ) -> Result<LoadedFlow> {
        let id = flow.state.verification.id().clone();
        let reasons = flow.state.reasons_to_ask();
        // The answer is as old as the question, however long its commit takes.
        let asked_at = self.now();
        let answer = match handle {
            Some(_) => at.client.fetch(&id, handle).await,
            None => at.client.poll(&id).await,
        };
        self.note_answer(at, &answer).await;
        let input = Input::Answered {
            handle,
            asked_at,
            reasons,
            answer: answer.as_ref(),
        };
        self.change(at, flow, Lease::End, input).await
    }

    /// Reads the vendor's whole list and applies its news to the flows. Costs one call per page;
    /// with each, the timer that asked for it is postponed, so that no other program begins
    /// meanwhile. Returns whether it was read, as far as the account's control allowed it.
    pub(crate) async fn sweep(&self, at: &VendorHandle, timer: &str) -> Result<bool> {
        let open = Filter::all()
            .of_account(at.id.clone())
            .in_phase(Phase::Open);
        if !at.client.info().has(Capability::Listing)
            || self.store.list(&open, None, 1).await?.is_empty()
        {
            return Ok(true);
        }
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut permit = loop {
                match self.permit(at).await? {
                    Some(permit) => break permit,
                    // Later pages wait: the list would have to be read from its beginning.
                    None if cursor.is_some() && self.is_slowed_only(at).await? => {
                        self.store
                            .reschedule_timer(timer, self.lease_until())
                            .await?;
                        self.clock.sleep(PAGE_PAUSE).await;
                    }
                    None => return Ok(false),
                }
            };
            permit.start();
            let page = at
                .client
                .list(&ListQuery::default(), cursor.as_deref())
                .await;
            self.note_answer(at, &page).await;
            drop(permit);
            let page = page?;
            if page.unreadable > 0 {
                tracing::warn!(provider = %at.id, entries = page.unreadable, "entries of the vendor's list could not be parsed");
            }
            self.apply_page(at, &page.observations).await?;
            match page.next {
                Some(next) if Some(&next) != cursor.as_ref() => cursor = Some(next),
                _ => break,
            }
            self.store
                .reschedule_timer(timer, self.lease_until())
                .await?;
        }
        Ok(true)
    }

    /// Returns whether limits alone delay the calls to an account.
    async fn is_slowed_only(&self, at: &VendorHandle) -> Result<bool> {
        Ok(self.admission(at).await? != Admission::Closed)
    }

    async fn apply_page(&self, at: &VendorHandle, observations: &[Observation]) -> Result<()> {
        let keys: Vec<LookupKey> = observations
            .iter()
            .flat_map(|seen| self.keys_of(&at.id, &seen.subject))
            .collect();
        let found: BTreeMap<LookupKey, FlowId> =
            self.store.locate(&keys).await?.into_iter().collect();
        for observation in observations {
            let mut flows: Vec<FlowId> = self
                .keys_of(&at.id, &observation.subject)
                .iter()
                .filter_map(|key| found.get(key).copied())
                .collect();
            flows.dedup();
            for id in flows {
                let opened = match self.read(id).await {
                    // The operator's list shows a flow that cannot be read; the others go on.
                    Err(FlowError::Damaged(_) | FlowError::Newer | FlowError::UnknownFlow(_)) => {
                        continue;
                    }
                    opened => opened?,
                };
                self.take_in(at, opened, observation).await?;
            }
        }
        Ok(())
    }

    /// Applies an observation from a list or a message, if it is about this flow and changes it.
    pub(crate) async fn take_in(
        &self,
        at: &VendorHandle,
        opened: LoadedFlow,
        observation: &Observation,
    ) -> Result<Taken> {
        self.take_in_by_message(at, opened, observation, None).await
    }

    /// As [`Inner::take_in`]. A message with no other observation ends in the same commit.
    pub(crate) async fn take_in_by_message(
        &self,
        at: &VendorHandle,
        opened: LoadedFlow,
        observation: &Observation,
        only: Option<&[u8; 32]>,
    ) -> Result<Taken> {
        if !observation.subject.is(opened.state.verification.id()) {
            return Ok(Taken::Foreign);
        }
        let waits = opened.state.waits_for_code(observation);
        if opened.state.is_news(observation) {
            let end = MessageEnd::Done(self.now());
            let message = only
                .filter(|_| !waits)
                .map(|digest| Source::Inbox(digest, &end));
            self.change_by_message(
                at,
                opened,
                Lease::Keep,
                Input::Observed(observation),
                message,
            )
            .await?;
            if message.is_some() {
                return Ok(Taken::WithMessage);
            }
        }
        Ok(if waits {
            Taken::Waiting
        } else {
            Taken::Applied
        })
    }
}

/// The effect of an observation on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is about another verification.
    Foreign,
    /// The flow knows it now.
    Applied,
    /// The flow knows it now, and the message has ended with it.
    WithMessage,
    /// Its code is not known here, so that it has to be judged again.
    Waiting,
}
