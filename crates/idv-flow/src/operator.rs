//! What a person decides: the list of what needs one, and what they can do.

use idv_core::{Decision, Outcome, Step, VendorId};
use jiff::Timestamp;
use serde::Serialize;

use crate::attention::Attention;
use crate::audit::{CreatedBy, Event};
use crate::case::{Case, Creation, Ledger, VendorsCopy};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::inbox::UNKNOWN_CODE;
use crate::inner::{At, Inner};
use crate::store::{Filter, Lease, Message, MessageEnd};

/// How many flows are read at a time.
const PAGE: usize = 256;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// The flow or the message.
    pub about: About,
    /// The provider's id.
    pub provider: String,
    /// For what.
    pub attention: Attention,
    /// What the person can do, in words.
    pub what_to_do: String,
    /// Since when the flow stands as it does, or when the message came.
    #[serde(serialize_with = "time")]
    pub since: Timestamp,
}

/// What needs a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum About {
    /// A flow.
    Flow(FlowId),
    /// A message in the inbox, by its digest.
    #[serde(serialize_with = "digest")]
    Message([u8; 32]),
    /// The inbox of a provider.
    Inbox,
}

/// What a person does about a flow that needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// Rules on a dispute.
    Rule(Outcome),
    /// Says which of the vendor's verifications it is.
    Adopt(VendorId),
    /// Says that the vendor created nothing, and has it created. Whoever says so wrongly has a person invited twice.
    CreateAgain,
    /// Says that nothing more is expected of it. What still comes is taken in.
    Abandon,
    /// Has the vendor asked now, and the messages that wait for an unknown code judged again, whatever the schedule says.
    AskNow,
    /// Drops the handle under which the result is being fetched, because it is forged or the vendor does not know it. A claim does not
    /// bring it back; a message of the vendor does.
    DropHandle,
    /// Says that an unknown code, or a second verification of the same person, was looked at.
    Acknowledge,
    /// Says that the vendor's copy was deleted by hand.
    DeletedByHand,
}

impl Inner {
    pub(crate) async fn operator(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.list(&Filter::all().needing_attention(), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            for record in page {
                let (id, provider, created_at) = (record.id, record.provider.clone(), record.created_at);
                let at = self.provider(&provider).ok();
                let (attention, since) = match (&at, self.open(record)) {
                    (Some(at), Ok(opened)) => (self.plan(at, &opened, self.now()).attention, opened.case.since),
                    (Some(_), Err(_)) => (Some(Attention::Damaged), created_at),
                    (None, _) => (Some(Attention::Unconfigured), created_at),
                };
                if let Some(attention) = attention {
                    let by_hand = at.map_or("", |at| at.client.info().manual_steps);
                    let what_to_do = attention.what_to_do(by_hand);
                    items.push(Item { about: About::Flow(id), provider, attention, what_to_do, since });
                }
            }
        }
        let mut after = None;
        loop {
            let page = self.store.parked(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.received_at, last.digest));
            items.extend(page.into_iter().filter_map(of_message));
        }
        for at in &self.providers {
            if self.store.parked_count(&at.id).await? >= self.parked_limit {
                items.push(Item {
                    about: About::Inbox,
                    provider: at.id.clone(),
                    what_to_do: Attention::InboxFull.what_to_do(""),
                    attention: Attention::InboxFull,
                    since: self.now(),
                });
            }
        }
        Ok(items)
    }

    pub(crate) async fn resolve(&self, id: FlowId, resolution: &Resolution, by: &str) -> Result<()> {
        let opened = self.read(id).await?;
        let at = self.provider(&opened.record.provider)?;
        self.change(&at, opened, Lease::Keep, |case, ledger| resolve(&at, case, ledger, resolution, by)).await?;
        if *resolution == Resolution::AskNow {
            self.store.wake_parked(Some(id), self.now()).await?;
        }
        self.bell.notify_one();
        Ok(())
    }

    pub(crate) async fn resolve_message(&self, digest: &[u8; 32], again: bool) -> Result<()> {
        let now = self.now();
        let end = if again { MessageEnd::Later(now) } else { MessageEnd::Done(now) };
        self.store.finish(digest, &end).await?;
        self.bell.notify_one();
        Ok(())
    }
}

/// Returns the task of a parked message; `None` if its flow has one.
fn of_message(message: Message) -> Option<Item> {
    let named = |attention: &Attention| message.attention.as_deref() == Some(attention.name());
    if message.flow.is_some() && message.attention.as_deref() == Some(UNKNOWN_CODE) {
        return None;
    }
    let known = [Attention::Unmatched, Attention::Unreadable];
    let attention = known.into_iter().find(named).unwrap_or(Attention::Unproven);
    Some(Item {
        about: About::Message(message.digest),
        provider: message.provider,
        what_to_do: attention.what_to_do(""),
        attention,
        since: message.received_at,
    })
}

fn resolve(at: &At, case: &mut Case, ledger: &mut Ledger<'_>, resolution: &Resolution, by: &str) -> Result<()> {
    let now = ledger.now;
    let mut note = |action| ledger.write(&Event::Resolved { by: by.to_owned(), action });
    let unsettled = matches!(case.creation, Creation::Unsettled { .. });
    match resolution {
        Resolution::Rule(outcome) => {
            if case.decision() != Some(Decision::Disputed) {
                return Err(FlowError::Conflict("nothing is disputed: there is nothing to rule on"));
            }
            case.verification.resolve_dispute(*outcome).map_err(|_| FlowError::Conflict("a ruling has to end the dispute"))?;
            (case.since, case.ruled) = (now, Some(*outcome));
            ledger.write(&Event::Ruled { by: by.to_owned(), outcome: *outcome });
        }
        Resolution::Adopt(vendor_id) => {
            if !unsettled {
                return Err(FlowError::Conflict("it is known what became of the creation: nothing is to be adopted"));
            }
            note("adopted");
            case.verification.identify(vendor_id.clone());
            case.verification.expire_at(Inner::expiry(at, case.begun_at(now)));
            case.at_vendor(CreatedBy::Operator, true, ledger);
        }
        Resolution::CreateAgain => {
            let Creation::Unsettled { new, calls, .. } = &case.creation else {
                return Err(FlowError::Conflict("it is known what became of the creation: nothing is created again"));
            };
            case.creation = Creation::Intended { new: new.clone(), calls: *calls, since: now, retry_at: now };
            note("create_again");
        }
        Resolution::Abandon => {
            note("abandoned");
            case.abandoned = true;
            if !matches!(case.creation, Creation::Created | Creation::Refused { .. }) {
                case.creation = Creation::Refused { error: "abandoned".to_owned() };
            }
        }
        Resolution::AskNow => {
            note("ask_now");
            // A vendor's message waits for its turn; an operator does not.
            case.asking.now = matches!(case.creation, Creation::Created) && case.ended_at.is_none();
            let asking = &mut case.asking;
            (asking.failures, asking.failing_since, asking.error, asking.not_before) = (0, None, None, None);
            (case.deletion.tries, case.deletion.tried_at, case.deletion.error) = (0, None, None);
            if let Creation::Intended { retry_at, .. } = &mut case.creation {
                *retry_at = now;
            }
        }
        Resolution::Acknowledge => {
            note("acknowledged");
            if let Some(code) = case.unknown_code.take() {
                case.looked_at_code = Some(code);
            }
            case.strays = 0;
        }
        Resolution::DropHandle => {
            let Step::Fetch(handle) = case.verification.next_step(at.client.info()) else {
                return Err(FlowError::Conflict("no result is being fetched: there is no handle to drop"));
            };
            note("drop_handle");
            case.verification.drop_handle(&handle);
            let asking = &mut case.asking;
            (asking.failures, asking.failing_since, asking.error, asking.not_before) = (0, None, None, None);
        }
        Resolution::DeletedByHand => {
            if !matches!(case.creation, Creation::Created) || case.deletion.vendors.gone_at().is_some() {
                return Err(FlowError::Conflict("there is nothing at the vendor that could have been deleted"));
            }
            case.deletion.vendors = VendorsCopy::GoneByHand { at: now };
            ledger.write(&Event::DeletedByHand { by: by.to_owned() });
        }
    }
    Ok(())
}

fn time<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn digest<S: serde::Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(digest))
}
