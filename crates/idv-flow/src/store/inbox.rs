//! The inbox of callbacks.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreResult;
use crate::id::FlowId;

/// Keeps the callbacks that vendors sent until they are processed, and their digests for a while
/// after that, so that a repetition is recognized.
///
/// The [contract of the store](super::Store#contract) applies to each method.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait Inbox: fmt::Debug + Send + Sync {
    /// Adds a message to the inbox, unless its digest is already there.
    ///
    /// A message that was processed before `forgotten` is replaced as if it were new.
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed>;

    /// Leases up to `limit` messages of these accounts, or of all accounts if the list is empty,
    /// until `until`, and increments `tries` of each.
    ///
    /// A message is claimed if it is due at `now` and not leased beyond `now`; the earliest comes
    /// first.
    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>>;

    /// Stores the end of a message, and ends its lease.
    ///
    /// A message that was processed stays so, whatever is said of it later.
    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()>;

    /// Returns up to `limit` parked messages after `after`, ordered by the time at which they
    /// arrived and by their digest.
    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>>;

    /// Counts the parked messages of an account.
    async fn parked_count(&self, account: &str) -> StoreResult<u64>;

    /// Makes parked messages due at `now` unless they are due earlier: those of one flow, or all of
    /// them.
    ///
    /// Returns the number of messages that it changed.
    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64>;

    /// Removes up to `limit` messages that were processed before `before`.
    ///
    /// Returns the number of messages that it removed: if it is `limit`, more may be left.
    async fn purge_inbox(&self, before: Timestamp, limit: usize) -> StoreResult<u64>;
}

/// A message in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The digest of the content, which identifies the message.
    pub digest: [u8; 32],
    /// The account at the provider.
    pub account: String,
    /// When the message first arrived.
    pub received_at: Timestamp,
    /// When a worker may claim the message; `None` if it waits for an operator.
    pub due: Option<Timestamp>,
    /// The number of claims.
    pub tries: u32,
    /// Why the message is parked, in one word.
    pub attention: Option<String>,
    /// The flow that the message is kept for. The message is removed when the reports of that flow
    /// are erased.
    pub flow: Option<FlowId>,
    /// The delivery, sealed; empty once the message was processed.
    pub body: Vec<u8>,
}

impl Message {
    /// Returns a message that has just arrived and is due at once.
    #[must_use]
    pub const fn new(
        digest: [u8; 32],
        account: String,
        received_at: Timestamp,
        body: Vec<u8>,
    ) -> Self {
        Self {
            digest,
            account,
            received_at,
            due: Some(received_at),
            tries: 0,
            attention: None,
            flow: None,
            body,
        }
    }

    /// Returns the message parked for `reason`, to be judged again at `again`.
    #[must_use]
    pub fn parked(mut self, reason: impl Into<String>, again: Option<Timestamp>) -> Self {
        self.attention = Some(reason.into());
        self.due = again;
        self
    }

    /// Returns the message kept for one flow.
    #[must_use]
    pub const fn kept_for(mut self, flow: FlowId) -> Self {
        self.flow = Some(flow);
        self
    }
}

/// The result of adding a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The message is stored, and a worker will process it.
    New,
    /// The message was already there.
    Repeated,
}

/// The end of a message that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageEnd {
    /// The message was processed at this time. Its body is erased.
    Done(Timestamp),
    /// The message is tried again at this time.
    Later(Timestamp),
    /// The message cannot be judged yet.
    Parked {
        /// Why, in one word, for an operator.
        reason: String,
        /// When it is judged again; `None` if only an operator can have it judged.
        again: Option<Timestamp>,
    },
}
