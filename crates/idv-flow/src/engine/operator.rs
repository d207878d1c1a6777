//! The operator's tasks and decisions.

use jiff::Timestamp;
use serde::Serialize;

use crate::engine::events::LATE;
use crate::engine::repository::Inner;
use crate::engine::workers::SET_ASIDE;
use crate::engine::workers::inbox::{UNKNOWN_CODE, earlier};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::Event;
use crate::machine::Input;
use crate::machine::attention::Attention;
use crate::machine::resolution::Resolution;
use crate::store::{Filter, Lease, Message, MessageEnd, PendingEvent};

/// Number of flows that are read at a time.
const PAGE: usize = 256;

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// The flow or the message.
    pub about: About,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// For what.
    pub attention: Attention,
    /// What the operator can do, in words.
    pub what_to_do: String,
    /// Since when the flow stands as it does, or when the message came.
    #[serde(serialize_with = "time")]
    pub since: Timestamp,
}

/// The subject of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum About {
    /// A flow.
    Flow(FlowId),
    /// A message in the inbox, by its digest.
    #[serde(serialize_with = "digest")]
    Message([u8; 32]),
    /// The inbox of an account.
    Inbox,
    /// An account, with every flow there.
    Account,
}

impl Inner {
    pub(crate) async fn operator(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.store.list(&Filter::all().needing_attention(), after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.into());
            for record in page {
                let (id, provider, created_at) = (record.id, record.provider.clone(), record.created_at);
                let account = record.account.clone();
                let at = self.account(&account).ok();
                let (attention, since) = match (&at, self.open(record)) {
                    (Some(at), Ok(opened)) => (Self::next(at, &opened, self.now()).attention, opened.state.since),
                    (Some(_), Err(FlowError::Newer)) => (Some(Attention::NewerVersion), created_at),
                    (Some(_), Err(_)) => (Some(Attention::Damaged), created_at),
                    (None, _) => (Some(Attention::Unconfigured), created_at),
                };
                if let Some(attention) = attention {
                    let by_hand = at.map_or("", |at| at.client.info().manual_steps);
                    let what_to_do = attention.what_to_do(by_hand);
                    items.push(Item { about: About::Flow(id), provider, account, attention, what_to_do, since });
                }
            }
        }
        let mut after = None;
        loop {
            let page = self.store.parked(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.received_at, last.digest));
            items.extend(page.into_iter().filter_map(|message| self.of_message(message)));
        }
        for PendingEvent { event, .. } in self.store.late_events(LATE, PAGE).await? {
            let attention = Attention::Undelivered(event.kind.name().to_owned());
            let what_to_do = attention.what_to_do("");
            let Event { flow, provider, account, at: since, .. } = event;
            items.push(Item { about: About::Flow(flow), provider, account, attention, what_to_do, since });
        }
        // A minute late: no program with the vendor is at it.
        let late = earlier(self.now(), SET_ASIDE);
        for account in self.store.others_due(&self.account_names(), late).await? {
            let attention = Attention::Unconfigured;
            let what_to_do = attention.what_to_do("");
            let provider = self.provider_of(&account);
            items.push(Item { about: About::Account, provider, account, attention, what_to_do, since: late });
        }
        for at in &self.accounts {
            if self.store.parked_count(&at.id).await? >= self.parked_limit {
                items.push(Item {
                    about: About::Inbox,
                    provider: at.client.info().provider.to_string(),
                    account: at.id.clone(),
                    what_to_do: Attention::InboxFull.what_to_do(""),
                    attention: Attention::InboxFull,
                    since: self.now(),
                });
            }
        }
        Ok(items)
    }

    /// Returns the task of a parked message; `None` if its flow has one.
    fn of_message(&self, message: Message) -> Option<Item> {
        let named = |attention: &Attention| message.attention.as_deref() == Some(attention.name());
        if message.flow.is_some() && message.attention.as_deref() == Some(UNKNOWN_CODE) {
            return None;
        }
        let known = [Attention::Unmatched, Attention::Unreadable];
        let attention = known.into_iter().find(named).unwrap_or(Attention::Unproven);
        Some(Item {
            about: About::Message(message.digest),
            provider: self.provider_of(&message.account),
            account: message.account,
            what_to_do: attention.what_to_do(""),
            attention,
            since: message.received_at,
        })
    }

    /// Returns the provider of an account. An account that is not configured here is most likely called after it.
    fn provider_of(&self, account: &str) -> String {
        self.account(account).map_or_else(|_| account.to_owned(), |at| at.client.info().provider.to_string())
    }

    pub(crate) async fn resolve(&self, id: FlowId, resolution: &Resolution, by: &str) -> Result<()> {
        self.check_clock().await?;
        let opened = self.read(id).await?;
        let at = self.account(&opened.record.account)?;
        self.change(&at, opened, Lease::Keep, Input::Resolved { resolution, by }).await?;
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

fn time<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn digest<S: serde::Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(digest))
}
