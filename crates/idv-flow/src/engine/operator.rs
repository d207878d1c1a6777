//! The operator's tasks and decisions.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use crate::engine::accounts::control::AccountMode;
use crate::engine::events::LATE;
use crate::engine::repository::{Inner, VendorHandle};
use crate::engine::workers::SET_ASIDE;
use crate::engine::workers::inbox::{UNKNOWN_CODE, earlier};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::Event;
use crate::machine::Input;
use crate::machine::attention::Attention;
use crate::machine::resolution::Resolution;
use crate::machine::retention::later;
use crate::store::{Filter, Lease, ListCursor, Message, MessageEnd, PendingEvent, Record};

/// Number of flows per read.
const PAGE: usize = 256;

/// A task for an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OperatorTask {
    /// The flow, message or account that the task is about.
    pub about: TaskTarget,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider.
    pub account: String,
    /// The reason for the task.
    pub attention: Attention,
    /// The operator's options, in words.
    pub what_to_do: String,
    /// When the flow last changed, or when the message arrived.
    #[serde(serialize_with = "time")]
    pub since: Timestamp,
}

/// The subject of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TaskTarget {
    /// A flow.
    Flow(FlowId),
    /// A message in the inbox, by its SHA-256 digest.
    #[serde(serialize_with = "digest")]
    Message([u8; 32]),
    /// The inbox of an account.
    Inbox,
    /// An account with all its flows.
    Account,
}

/// A page of an operator's tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OperatorPage {
    /// The tasks. There may be fewer than the limit, or none, even if further pages follow.
    pub items: Vec<OperatorTask>,
    /// The position of the next page; `None` after the last one.
    pub next: Option<OperatorCursor>,
}

/// A position in the list of an operator's tasks: flows first, then messages, then events and
/// accounts. It is stored and sent as text.
///
/// ```
/// use idv_flow::OperatorCursor;
///
/// let cursor: OperatorCursor = "flow-0123456789abcdef0123456789abcdef".parse()?;
/// assert_eq!(cursor.to_string(), "flow-0123456789abcdef0123456789abcdef");
/// assert!("elsewhere".parse::<OperatorCursor>().is_err());
/// # Ok::<(), idv_flow::FlowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorCursor(Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Flows(Option<FlowId>),
    Messages(Option<(Timestamp, [u8; 32])>),
    Accounts,
}

impl fmt::Display for OperatorCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Flows(None) => f.write_str("flow"),
            Place::Flows(Some(id)) => write!(f, "flow-{id}"),
            Place::Messages(None) => f.write_str("message"),
            Place::Messages(Some((at, digest))) => {
                write!(f, "message-{}-{}", at.as_microsecond(), hex::encode(digest))
            }
            Place::Accounts => f.write_str("account"),
        }
    }
}

impl FromStr for OperatorCursor {
    type Err = FlowError;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, rest) = text
            .split_once('-')
            .map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        let message = |rest: &str| {
            let (at, digest) = rest.rsplit_once('-')?;
            let mut bytes = [0; 32];
            hex::decode_to_slice(digest, &mut bytes).ok()?;
            Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, bytes))
        };
        let place = match (kind, rest) {
            ("flow", None) => Some(Place::Flows(None)),
            ("flow", Some(rest)) => rest.parse().ok().map(|id| Place::Flows(Some(id))),
            ("message", None) => Some(Place::Messages(None)),
            ("message", Some(rest)) => message(rest).map(|place| Place::Messages(Some(place))),
            ("account", None) => Some(Place::Accounts),
            _ => None,
        };
        let invalid = || {
            FlowError::Invalid(
                "invalid task cursor: expected the `next` value of an earlier page".to_owned(),
            )
        };
        place.map(Self).ok_or_else(invalid)
    }
}

impl Serialize for OperatorCursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Inner {
    pub(crate) async fn operator(&self) -> Result<Vec<OperatorTask>> {
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let page = self.operator_page(after, PAGE).await?;
            items.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(items),
            }
        }
    }

    pub(crate) async fn operator_page(
        &self,
        after: Option<OperatorCursor>,
        limit: usize,
    ) -> Result<OperatorPage> {
        self.refresh_keys().await?;
        let limit = limit.max(1);
        let mut items = Vec::new();
        let next = match after.map_or(Place::Flows(None), |cursor| cursor.0) {
            Place::Flows(after) => {
                let filter = Filter::all().needing_attention();
                let page = self
                    .store
                    .list(&filter, after.map(ListCursor::from), limit)
                    .await?;
                let last = page.last().map(|record| record.id);
                let is_full = page.len() >= limit;
                for record in page {
                    items.extend(self.of_flow(record)?);
                }
                Some(if is_full {
                    Place::Flows(last)
                } else {
                    Place::Messages(None)
                })
            }
            Place::Messages(after) => {
                let page = self.store.parked(after, limit).await?;
                let last = page
                    .last()
                    .map(|message| (message.received_at, message.digest));
                let is_full = page.len() >= limit;
                items.extend(
                    page.into_iter()
                        .filter_map(|message| self.of_message(message)),
                );
                Some(if is_full {
                    Place::Messages(last)
                } else {
                    Place::Accounts
                })
            }
            Place::Accounts => {
                self.of_events(&mut items).await?;
                self.of_accounts(&mut items).await?;
                None
            }
        };
        Ok(OperatorPage {
            items,
            next: next.map(OperatorCursor),
        })
    }

    /// Returns the task of a flow that needs an operator.
    fn of_flow(&self, record: Record) -> Result<Option<OperatorTask>> {
        let (id, provider, created_at) = (record.id, record.provider.clone(), record.created_at);
        let account = record.account.clone();
        let at = self.account(&account).ok();
        let (attention, since) = match (&at, self.open(record)) {
            (Some(at), Ok(opened)) => (
                Self::next(at, &opened, self.now()).attention,
                opened.state.since,
            ),
            (Some(_), Err(FlowError::Newer)) => (Some(Attention::NewerVersion), created_at),
            (Some(_), Err(error @ FlowError::Keys(_))) => return Err(error),
            (Some(_), Err(_)) => (Some(Attention::Damaged), created_at),
            (None, _) => (Some(Attention::Unconfigured), created_at),
        };
        let Some(attention) = attention else {
            return Ok(None);
        };
        let what_to_do = attention.what_to_do(at.map_or("", |at| at.client.info().manual_steps));
        Ok(Some(OperatorTask {
            about: TaskTarget::Flow(id),
            provider,
            account,
            attention,
            what_to_do,
            since,
        }))
    }

    /// Adds the events whose delivery fails.
    async fn of_events(&self, items: &mut Vec<OperatorTask>) -> Result<()> {
        for PendingEvent { event, .. } in self.store.late_events(LATE, PAGE).await? {
            let attention = Attention::Undelivered(event.kind.name().to_owned());
            let what_to_do = attention.what_to_do("");
            let Event {
                flow,
                provider,
                account,
                at: since,
                ..
            } = event;
            items.push(OperatorTask {
                about: TaskTarget::Flow(flow),
                provider,
                account,
                attention,
                what_to_do,
                since,
            });
        }
        Ok(())
    }

    /// Adds the accounts that no program serves, that an operator restricted, that are down, or
    /// whose inbox is full.
    async fn of_accounts(&self, items: &mut Vec<OperatorTask>) -> Result<()> {
        // A minute late: no program with the account works on it.
        let late = earlier(self.now(), SET_ASIDE);
        for account in self.store.others_due(&self.account_names(), late).await? {
            let attention = Attention::Unconfigured;
            let what_to_do = attention.what_to_do("");
            let provider = self.provider_of(&account);
            items.push(OperatorTask {
                about: TaskTarget::Account,
                provider,
                account,
                attention,
                what_to_do,
                since: late,
            });
        }
        for at in &self.accounts {
            self.of_control(at, items).await?;
            if self.store.parked_count(&at.id).await? >= self.parked_limit {
                items.push(OperatorTask {
                    about: TaskTarget::Inbox,
                    provider: at.client.info().provider.to_string(),
                    account: at.id.clone(),
                    what_to_do: Attention::InboxFull.what_to_do(""),
                    attention: Attention::InboxFull,
                    since: self.now(),
                });
            }
        }
        Ok(())
    }

    /// Adds the account if it is paused, drained or down, or if its control cannot be read.
    async fn of_control(&self, at: &VendorHandle, items: &mut Vec<OperatorTask>) -> Result<()> {
        let (attention, since) = match self.control(&at.id).await {
            Err(FlowError::Damaged(_)) => (Some(Attention::Damaged), None),
            Err(FlowError::Newer) => (Some(Attention::NewerVersion), None),
            control => {
                let control = control?;
                match (control.mode, control.open) {
                    (AccountMode::Paused, _) => (Some(Attention::Paused), control.since),
                    // An outage mostly passes by itself; health shows it at once.
                    (_, Some(open)) if later(open.since, at.schedule.failing) <= self.now() => {
                        (Some(Attention::Failing(open.kind)), Some(open.since))
                    }
                    (AccountMode::Draining, _) => (Some(Attention::Draining), control.since),
                    (AccountMode::Active, _) => (None, None),
                }
            }
        };
        items.extend(attention.map(|attention| OperatorTask {
            about: TaskTarget::Account,
            provider: at.client.info().provider.to_string(),
            account: at.id.clone(),
            what_to_do: attention.what_to_do(""),
            attention,
            since: since.unwrap_or_else(|| self.now()),
        }));
        Ok(())
    }

    /// Returns the task of a parked message; `None` if its flow has one.
    fn of_message(&self, message: Message) -> Option<OperatorTask> {
        let named = |attention: &Attention| message.attention.as_deref() == Some(attention.name());
        if message.flow.is_some() && message.attention.as_deref() == Some(UNKNOWN_CODE) {
            return None;
        }
        let known = [Attention::Unmatched, Attention::Unreadable];
        let attention = known.into_iter().find(named).unwrap_or(Attention::Unproven);
        Some(OperatorTask {
            about: TaskTarget::Message(message.digest),
            provider: self.provider_of(&message.account),
            account: message.account,
            what_to_do: attention.what_to_do(""),
            attention,
            since: message.received_at,
        })
    }

    /// Returns the provider of an account. An account that is not configured here most likely has
    /// the provider's id as its name.
    fn provider_of(&self, account: &str) -> String {
        self.account(account).map_or_else(
            |_| account.to_owned(),
            |at| at.client.info().provider.to_string(),
        )
    }

    pub(crate) async fn resolve(
        &self,
        id: FlowId,
        resolution: &Resolution,
        by: &str,
    ) -> Result<()> {
        self.check_clock().await?;
        let opened = self.read(id).await?;
        let at = self.account(&opened.record.account)?;
        self.change(&at, opened, Lease::Keep, Input::Resolved { resolution, by })
            .await?;
        if *resolution == Resolution::AskNow {
            self.store.wake_parked(Some(id), self.now()).await?;
        }
        self.wakeup.notify_one();
        Ok(())
    }

    pub(crate) async fn resolve_message(&self, digest: &[u8; 32], again: bool) -> Result<()> {
        let now = self.now();
        let end = if again {
            MessageEnd::Later(now)
        } else {
            MessageEnd::Done(now)
        };
        self.store.finish(digest, &end).await?;
        self.wakeup.notify_one();
        Ok(())
    }
}

fn time<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

fn digest<S: serde::Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(digest))
}
