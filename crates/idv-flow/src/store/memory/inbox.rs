//! The inbox of the store in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, State, is_among};
use crate::id::FlowId;
use crate::store::{Arrival, Inbox, Message, MessageEnd, Pushed, StoreResult, to_microsecond};

#[async_trait]
impl Inbox for MemoryStore {
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        let mut state = self.state();
        if state.knows_message(&message.digest, forgotten) {
            return Ok(Pushed::Repeated);
        }
        let (received_at, due) = (
            to_microsecond(message.received_at),
            message.due.map(to_microsecond),
        );
        let message = Message {
            received_at,
            due,
            ..message.clone()
        };
        state.inbox.set(message.digest, message.due);
        state.inbox.lease_until(&message.digest, None);
        state.messages.insert(
            message.digest,
            Kept {
                message,
                done_at: None,
            },
        );
        Ok(Pushed::New)
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        let mut state = self.state();
        let State {
            inbox, messages, ..
        } = &mut *state;
        let of = |kept: &Kept| is_among(accounts, &kept.message.account);
        let claimed = inbox.claim(now, until, limit, |digest| {
            messages.get(digest).is_some_and(of)
        });
        let mut messages = Vec::with_capacity(claimed.len());
        for digest in claimed {
            if let Some(Kept { message, .. }) = state.messages.get_mut(&digest) {
                message.tries = message.tries.saturating_add(1);
                messages.push(message.clone());
            }
        }
        Ok(messages)
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.state().end_message(digest, end);
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        let state = self.state();
        let place = |message: &Message| (message.received_at, message.digest);
        let after = after.map(|(at, digest)| (to_microsecond(at), digest));
        let parked = state
            .messages
            .values()
            .map(|kept| &kept.message)
            .filter(|message| message.attention.is_some());
        let mut parked: Vec<_> = parked
            .filter(|message| after.is_none_or(|after| place(message) > after))
            .collect();
        parked.sort_by_key(|message| place(message));
        Ok(parked.into_iter().take(limit).cloned().collect())
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        let state = self.state();
        let parked =
            |kept: &&Kept| kept.message.attention.is_some() && kept.message.account == account;
        Ok(state.messages.values().filter(parked).count() as u64)
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        let mut state = self.state();
        let State {
            messages, inbox, ..
        } = &mut *state;
        let now = to_microsecond(now);
        let mut woken = 0;
        for (digest, kept) in messages {
            let message = &mut kept.message;
            let wanted = message.attention.is_some() && (flow.is_none() || message.flow == flow);
            if wanted && message.due.is_none_or(|due| due > now) {
                message.due = Some(now);
                inbox.set(*digest, message.due);
                woken += 1;
            }
        }
        Ok(woken)
    }

    async fn purge_inbox(&self, before: Timestamp, limit: usize) -> StoreResult<u64> {
        let mut state = self.state();
        let State {
            messages, inbox, ..
        } = &mut *state;
        let before = to_microsecond(before);
        let mut purged = 0;
        messages.retain(|digest, kept| {
            let is_removed = purged < limit && kept.done_at.is_some_and(|done_at| done_at < before);
            if is_removed {
                inbox.remove(digest);
                purged += 1;
            }
            !is_removed
        });
        Ok(purged as u64)
    }
}

impl State {
    /// Returns whether a message is in the inbox and was not processed before `forgotten`.
    pub(super) fn knows_message(&self, digest: &[u8; 32], forgotten: Timestamp) -> bool {
        let forgotten = to_microsecond(forgotten);
        self.messages
            .get(digest)
            .is_some_and(|kept| kept.done_at.is_none_or(|done_at| done_at >= forgotten))
    }

    /// Adds a message that was processed on arrival.
    pub(super) fn note_arrival(&mut self, arrival: &Arrival<'_>, account: &str) {
        let at = to_microsecond(arrival.at);
        let message = Message {
            due: None,
            ..Message::new(*arrival.digest, account.to_owned(), at, Vec::new())
        };
        self.inbox.remove(arrival.digest);
        let kept = Kept {
            message,
            done_at: Some(at),
        };
        self.messages.insert(*arrival.digest, kept);
    }

    /// Ends a message, unless it was processed.
    pub(super) fn end_message(&mut self, digest: &[u8; 32], end: &MessageEnd) {
        let Self {
            messages, inbox, ..
        } = self;
        let Some(Kept { message, done_at }) = messages
            .get_mut(digest)
            .filter(|kept| kept.done_at.is_none())
        else {
            return;
        };
        match end {
            MessageEnd::Done(at) => {
                *done_at = Some(to_microsecond(*at));
                message.attention = None;
                message.body = Vec::new();
                inbox.set(*digest, None);
            }
            MessageEnd::Later(due) => {
                message.due = Some(to_microsecond(*due));
                message.attention = None;
                inbox.set(*digest, message.due);
            }
            MessageEnd::Parked { reason, again } => {
                message.due = again.map(to_microsecond);
                message.attention = Some(reason.clone());
                inbox.set(*digest, message.due);
            }
        }
        inbox.lease_until(digest, None);
    }
}

/// A message, and when it was processed.
pub(super) struct Kept {
    pub(super) message: Message,
    pub(super) done_at: Option<Timestamp>,
}
