//! The inbox: a message is authenticated, sealed and answered at once, and processed later.
//!
//! The common message brings one observation of one flow. It is applied before it is answered, and
//! only its digest is stored. Every other message waits in the inbox, and so does one whose flow
//! another program changes at that moment.
//!
//! The whole delivery is stored, and authenticated again when it is processed. The digest of the
//! content and the address identifies a repeated message. An unauthenticated message is not stored:
//! if it changes a flow at all, it does so at once.
//!
//! An authenticated message that cannot be judged yet, because its code is unknown or it cannot be
//! read, is parked. It is judged again when a worker starts, when an operator asks for it, and
//! otherwise at growing intervals of up to a day.

use std::time::Duration;

use http::StatusCode;
use idv_core::{CallbackMessage, Delivery, DeliveryKind, ErrorKind, Observation, Reply};
use sha2::{Digest, Sha256};

use crate::engine::repository::{Inner, Source, VendorHandle};
use crate::engine::workers::delivery::StoredDelivery;
use crate::engine::workers::poll::Taken;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::Input;
use crate::machine::attention::Attention;
use crate::machine::change::kind;
use crate::machine::retention::later;
use crate::store::{Arrival, Lease, LookupKey, Message, MessageEnd, Pushed};
use crate::vault::Context;

/// Maximum number of identifications in one delivery.
const MAX_OBSERVATIONS: usize = 16;
/// The time after which the same message counts as a new one. Shorter than the time between two
/// attempts of a person that end alike.
const REPEATED_WITHIN: Duration = Duration::from_secs(10 * 60);
/// The time for which a message that matches no flow is kept: its flow may not know the vendor's id
/// yet.
const UNMATCHED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest wait before such a message is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(8 * 60 * 60);
/// The shortest and the longest wait before a parked message is judged again.
const PARKED_WAIT: (Duration, Duration) = (
    Duration::from_secs(60 * 60),
    Duration::from_secs(24 * 60 * 60),
);
/// Maximum time that a parked message of no known flow is kept; less if the retention of our own
/// copies is shorter.
const PARKED_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// The time for which processed messages are kept, to recognize repetitions.
pub(crate) const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why a message is parked whose code is not known here: its flow tells the operator.
pub(crate) const UNKNOWN_CODE: &str = "unknown_code";

impl Inner {
    /// Stores a message and returns the reply to it. A fault of the message is a reply too; an
    /// error means that it could not be stored, and that the vendor must send it again.
    pub(crate) async fn receive(&self, account: &str, delivery: &Delivery) -> Result<Reply> {
        let at = self.account(account)?;
        self.check_clock().await?;
        self.refresh_keys().await?;
        // The time of arrival is stored: a signature's time is compared with it whenever the
        // message is read again.
        let mut delivery = delivery.clone();
        delivery.received_at.get_or_insert_with(|| self.now());
        let delivery = &delivery;
        let received = match read(&at, delivery) {
            Ok(received) => received,
            Err(Unread::Proven) => {
                self.metrics
                    .received(&at.id, Some(ErrorKind::Malformed.name()));
                return self.park_unreadable(&at, delivery).await;
            }
            Err(Unread::Refused(error)) => {
                self.metrics.received(&at.id, Some(error.kind().name()));
                tracing::warn!(provider = %at.id, kind = kind(&error), "a message was refused");
                return Ok(Reply::to_error(&error));
            }
        };
        self.metrics.received(&at.id, None);
        let proven = |observation: &&Observation| observation.trust.is_proven();
        if !received
            .observations
            .iter()
            .any(|observation| proven(&observation))
        {
            self.take_claims(&at, &received.observations).await?;
            return Ok(received.reply);
        }
        // An unknown code may have to be parked, and once this is answered it cannot be refused.
        let unknown = received
            .observations
            .iter()
            .any(|said| said.status.is_none() && said.code.is_some());
        if unknown && self.is_full(&at).await? {
            return Ok(Reply::status(StatusCode::SERVICE_UNAVAILABLE));
        }
        let digest = digest(&at.id, delivery);
        if self.is_applied_on_arrival(&at, &received, &digest).await {
            return Ok(received.reply);
        }
        let message = Message::new(
            digest,
            at.id.clone(),
            self.now(),
            self.seal_delivery(&digest, delivery),
        );
        self.push(&message).await?;
        self.announce(&at, &received.observations).await;
        Ok(received.reply)
    }

    /// Applies a message to its flow on arrival, if it brings one observation of one flow: one
    /// commit, instead of one for the inbox and another for the flow. Returns whether the message
    /// needs nothing more. Otherwise it goes to the inbox, also after a failure.
    async fn is_applied_on_arrival(
        &self,
        at: &VendorHandle,
        received: &CallbackMessage,
        digest: &[u8; 32],
    ) -> bool {
        // Another program runs the steps, and expects the message in the inbox.
        if self.observer.is_some() {
            return false;
        }
        let [observation] = &*received.observations else {
            return false;
        };
        // On the heap: the future of a web server's handler contains this one.
        let applied = Box::pin(self.apply_on_arrival(at, observation, digest));
        match applied.await {
            Ok(is_applied) => is_applied,
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "a message could not be applied on arrival; it goes to the inbox"
                );
                false
            }
        }
    }

    async fn apply_on_arrival(
        &self,
        at: &VendorHandle,
        observation: &Observation,
        digest: &[u8; 32],
    ) -> Result<bool> {
        let [(_, id)] = self.locate(at, std::slice::from_ref(observation)).await?[..] else {
            return Ok(false);
        };
        let Some(flow) = self.readable(id).await? else {
            return Ok(false);
        };
        if !observation.subject.is(flow.state.verification.id())
            || flow.state.waits_for_code(observation)
        {
            return Ok(false);
        }
        if !flow.state.is_news(observation) {
            return Ok(true);
        }
        let now = self.now();
        let arrival = Arrival {
            digest,
            at: now,
            forgotten: earlier(now, REPEATED_WITHIN),
        };
        let changed = self
            .try_change(
                at,
                &flow,
                Lease::Keep,
                Input::Observed(observation),
                Some(Source::Arrival(arrival)),
            )
            .await?;
        if changed.is_some() {
            self.wakeup.notify_one();
        }
        Ok(changed.is_some())
    }

    /// Tells the observer of the flows that a stored message is about. The message stays due, so
    /// after a failure the next look into the inbox finds it.
    async fn announce(&self, at: &VendorHandle, observations: &[Observation]) {
        let Some(observer) = &self.observer else {
            return;
        };
        match self.locate(at, observations).await {
            Ok(found) => found.into_iter().for_each(|(_, id)| observer.received(id)),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the flows of a stored message could not be looked up"
            ),
        }
    }

    /// Processes a message.
    pub(crate) async fn process_message(&self, message: Message) -> Result<()> {
        let end = match self.account(&message.account) {
            Ok(at) => match self.apply_message(&at, &message).await? {
                Some(end) => end,
                None => return Ok(()),
            },
            // It waits for a program that has this account.
            Err(_) => match message.attention.clone() {
                Some(reason) => self.parked(&message, &reason),
                None => MessageEnd::Later(later(self.now(), Duration::from_secs(60))),
            },
        };
        if !matches!(end, MessageEnd::Done(_)) {
            self.metrics.retry("message");
        }
        let end = self.reseal_message(&message, end).await?;
        Ok(self.store.finish(&message.digest, &end).await?)
    }

    async fn push(&self, message: &Message) -> Result<()> {
        let forgotten = earlier(self.now(), REPEATED_WITHIN);
        if self.store.push(message, forgotten).await? == Pushed::New {
            self.wakeup.notify_one();
        }
        Ok(())
    }

    fn seal_delivery(&self, digest: &[u8; 32], delivery: &Delivery) -> Vec<u8> {
        // A stored delivery is made of strings, which always serialize.
        let bytes = zeroize::Zeroizing::new(
            serde_json::to_vec(&StoredDelivery::new(delivery)).unwrap_or_default(),
        );
        self.vault
            .seal(&*self.random, &Context::message(digest), &bytes)
    }

    /// Keeps a message that the vendor sent and this version cannot read.
    async fn park_unreadable(&self, at: &VendorHandle, delivery: &Delivery) -> Result<Reply> {
        if self.is_full(at).await? {
            return Ok(Reply::status(StatusCode::SERVICE_UNAVAILABLE));
        }
        tracing::error!(provider = %at.id, "an authenticated message cannot be read; it is kept for an operator");
        let digest = digest(&at.id, delivery);
        let message = Message::new(
            digest,
            at.id.clone(),
            self.now(),
            self.seal_delivery(&digest, delivery),
        );
        let again = later(message.received_at, PARKED_WAIT.0);
        self.push(&message.parked(Attention::Unreadable.name(), Some(again)))
            .await?;
        Ok(Reply::status(StatusCode::OK))
    }

    /// Returns whether no more messages of a provider may be parked.
    async fn is_full(&self, at: &VendorHandle) -> Result<bool> {
        let full = self.store.parked_count(&at.id).await? >= self.parked_limit;
        if full {
            tracing::error!(provider = %at.id, "too many messages are parked; another is refused until an operator has seen to them");
        }
        Ok(full)
    }

    /// Applies claims to the flows that they are about. A claim about no known flow leaves nothing
    /// behind.
    async fn take_claims(&self, at: &VendorHandle, observations: &[Observation]) -> Result<()> {
        let found = self.locate(at, observations).await?;
        let mut changed = false;
        for (index, id) in found {
            let (Some(observation), Some(opened)) =
                (observations.get(index), self.readable(id).await?)
            else {
                continue;
            };
            changed |= opened.state.is_news(observation);
            self.take_in(at, opened, observation).await?;
        }
        if changed {
            self.wakeup.notify_one();
        }
        Ok(())
    }

    /// Looks up all subjects at once. Returns each flow with the index of the observation that may
    /// be about it.
    async fn locate(
        &self,
        at: &VendorHandle,
        observations: &[Observation],
    ) -> Result<Vec<(usize, FlowId)>> {
        let keys: Vec<Vec<LookupKey>> = observations
            .iter()
            .map(|said| self.keys_of(&at.id, &said.subject))
            .collect();
        let all: Vec<LookupKey> = keys.iter().flatten().copied().collect();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.locate(&all).await?;
        let of = |keys: &Vec<LookupKey>| {
            let mut flows: Vec<FlowId> = found
                .iter()
                .filter(|(key, _)| keys.contains(key))
                .map(|(_, id)| *id)
                .collect();
            flows.sort_unstable();
            flows.dedup();
            flows
        };
        Ok(keys
            .iter()
            .enumerate()
            .flat_map(|(index, keys)| of(keys).into_iter().map(move |id| (index, id)))
            .collect())
    }

    /// Reads a flow; `None` if it is not there any more or cannot be read.
    async fn readable(&self, id: FlowId) -> Result<Option<crate::engine::repository::LoadedFlow>> {
        match self.read(id).await {
            Ok(opened) => Ok(Some(opened)),
            Err(FlowError::UnknownFlow(_) | FlowError::Damaged(_) | FlowError::Newer) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Applies a message. Returns its end; `None` if it ended in the commit of a flow.
    async fn apply_message(
        &self,
        at: &VendorHandle,
        message: &Message,
    ) -> Result<Option<MessageEnd>> {
        if message.attention.is_some()
            && message.flow.is_none()
            && self.now() >= self.kept_until(message)
        {
            return Ok(Some(MessageEnd::Done(self.now())));
        }
        let unproven = || Some(self.parked(message, Attention::Unproven.name()));
        let opened = self
            .vault
            .open(&Context::message(&message.digest), &message.body);
        let delivery = match opened.and_then(|bytes| StoredDelivery::read(&bytes)) {
            Ok(delivery) => delivery,
            Err(error @ FlowError::Keys(_)) => return Err(error),
            Err(_) => return Ok(unproven()),
        };
        let received = match read(at, &delivery) {
            Ok(received) => received,
            Err(Unread::Proven) => {
                return Ok(Some(self.parked(message, Attention::Unreadable.name())));
            }
            Err(Unread::Refused(error)) => {
                tracing::warn!(provider = %at.id, kind = kind(&error), "a stored message can no longer be authenticated");
                return Ok(unproven());
            }
        };
        match message.flow {
            Some(id) => self.judge_again(at, message, &received, id).await.map(Some),
            None => self.apply_new(at, message, &delivery, &received).await,
        }
    }

    /// Applies a message to every flow that it is about.
    async fn apply_new(
        &self,
        at: &VendorHandle,
        message: &Message,
        delivery: &Delivery,
        received: &CallbackMessage,
    ) -> Result<Option<MessageEnd>> {
        let found = self.locate(at, &received.observations).await?;
        // The common message brings one observation of one flow.
        let only =
            (received.observations.len() == 1 && found.len() == 1).then_some(&message.digest);
        let mut unmatched = false;
        for (index, observation) in received.observations.iter().enumerate() {
            let mut about = false;
            for (_, id) in found.iter().filter(|(of, _)| *of == index) {
                let opened = match self.read(*id).await {
                    Err(FlowError::UnknownFlow(_)) => continue,
                    // The operator's list shows the flow; the message is kept until then.
                    Err(FlowError::Damaged(_) | FlowError::Newer) => {
                        return Ok(Some(MessageEnd::Later(later(self.now(), PARKED_WAIT.0))));
                    }
                    opened => opened?,
                };
                match self
                    .take_in_by_message(at, opened, observation, only)
                    .await?
                {
                    Taken::Foreign => {}
                    Taken::WithMessage => return Ok(None),
                    Taken::Applied => about = true,
                    Taken::Waiting => {
                        about = true;
                        self.park_for(at, message, delivery, *id).await?;
                    }
                }
            }
            // An unauthenticated sender can claim anything about a flow that does not exist.
            unmatched |= !about && observation.trust.is_proven();
        }
        let now = self.now();
        Ok(Some(if !unmatched {
            MessageEnd::Done(now)
        } else if now < later(message.received_at, UNMATCHED_FOR) {
            // Few retries: there may be any number of messages of another system that uses the same
            // address.
            let wait = Duration::from_secs(5) * 3_u32.saturating_pow(message.tries.min(9));
            MessageEnd::Later(later(now, wait.min(LONGEST_WAIT)))
        } else {
            self.parked(message, Attention::Unmatched.name())
        }))
    }

    /// Keeps a copy of a message for a flow that does not know its code yet. Each flow has its own,
    /// so that it is erased with the flow.
    async fn park_for(
        &self,
        at: &VendorHandle,
        message: &Message,
        delivery: &Delivery,
        id: FlowId,
    ) -> Result<()> {
        let digest = kept_digest(&message.digest, id);
        let copy = Message::new(
            digest,
            at.id.clone(),
            message.received_at,
            self.seal_delivery(&digest, delivery),
        );
        let again = later(self.now(), PARKED_WAIT.0);
        self.push(&copy.parked(UNKNOWN_CODE, Some(again)).kept_for(id))
            .await?;
        // Its copy may have been erased meanwhile.
        let erased = self
            .readable(id)
            .await?
            .is_some_and(|opened| opened.state.deletion.own_erased_at.is_some());
        if erased {
            self.store
                .finish(&digest, &MessageEnd::Done(self.now()))
                .await?;
        }
        Ok(())
    }

    /// Judges a message again that is kept for one flow.
    async fn judge_again(
        &self,
        at: &VendorHandle,
        message: &Message,
        received: &CallbackMessage,
        id: FlowId,
    ) -> Result<MessageEnd> {
        let mut waits = false;
        for observation in &received.observations {
            let opened = match self.read(id).await {
                Err(FlowError::UnknownFlow(_)) => return Ok(MessageEnd::Done(self.now())),
                Err(FlowError::Damaged(_) | FlowError::Newer) => {
                    return Ok(self.parked(message, UNKNOWN_CODE));
                }
                opened => opened?,
            };
            if opened.state.deletion.own_erased_at.is_some() {
                return Ok(MessageEnd::Done(self.now()));
            }
            waits |= self.take_in(at, opened, observation).await? == Taken::Waiting;
        }
        if waits {
            return Ok(self.parked(message, UNKNOWN_CODE));
        }
        // The code is known now. Another message that waits is judged in its own turn.
        let opened = self.readable(id).await?;
        if let Some(opened) = opened.filter(|opened| opened.state.unknown_code.is_some()) {
            self.change(at, opened, Lease::Keep, Input::CodeTaught)
                .await?;
        }
        Ok(MessageEnd::Done(self.now()))
    }

    /// The end of a message that cannot be judged yet: the longer it waits, the less often it is
    /// judged.
    fn parked(&self, message: &Message, reason: &str) -> MessageEnd {
        let now = self.now();
        let waited =
            Duration::try_from(now.duration_since(message.received_at)).unwrap_or_default();
        let again = later(now, (waited / 2).clamp(PARKED_WAIT.0, PARKED_WAIT.1));
        let again = if message.flow.is_none() {
            again.min(self.kept_until(message).max(now))
        } else {
            again
        };
        MessageEnd::Parked {
            reason: reason.to_owned(),
            again: Some(again),
        }
    }

    /// Returns when a parked message of no known flow is erased.
    fn kept_until(&self, message: &Message) -> jiff::Timestamp {
        let longest = later(message.received_at, PARKED_FOR);
        self.retention
            .own
            .due(Some(message.received_at), None)
            .map_or(longest, |due| due.min(longest))
    }
}

/// Why a delivery was not read.
enum Unread {
    /// It is the vendor's, and this version cannot read it.
    Proven,
    /// It is refused.
    Refused(idv_core::Error),
}

/// Reads a delivery.
fn read(at: &VendorHandle, delivery: &Delivery) -> Result<CallbackMessage, Unread> {
    let received =
        at.client
            .receive(delivery)
            .and_then(|received| match received.observations.len() {
                0..=MAX_OBSERVATIONS => Ok(received),
                _ => Err(idv_core::Error::new(ErrorKind::Malformed)
                    .detail("a message is about too many verifications")),
            });
    received.map_err(|error| {
        let callbacks = at.client.provider().capabilities().callbacks;
        let proven = callbacks.is_some_and(|callbacks| callbacks.auth().proves(delivery));
        if *error.kind() == ErrorKind::Malformed && proven {
            Unread::Proven
        } else {
            Unread::Refused(error)
        }
    })
}

/// Another name of a message.
pub(crate) fn renamed(message: &[u8; 32]) -> [u8; 32] {
    name(&[b"sealed anew", message])
}

/// The name of a copy of a message that is kept for a flow.
fn kept_digest(message: &[u8; 32], flow: FlowId) -> [u8; 32] {
    name(&[b"kept for a flow", message, flow.as_bytes()])
}

fn name(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// Returns the digest that identifies an authenticated message: of its content and its address.
fn digest(account: &str, delivery: &Delivery) -> [u8; 32] {
    name(&[
        account.as_bytes(),
        if delivery.kind == DeliveryKind::Return {
            b"return"
        } else {
            b"callback"
        },
        delivery.method.as_str().as_bytes(),
        delivery.uri.path().as_bytes(),
        delivery.uri.query().unwrap_or_default().as_bytes(),
        &delivery.body,
    ])
}

pub(crate) fn earlier(at: jiff::Timestamp, by: Duration) -> jiff::Timestamp {
    at.saturating_sub(jiff::SignedDuration::try_from(by).unwrap_or(jiff::SignedDuration::MAX))
        .unwrap_or(jiff::Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(body: &'static str) -> Delivery {
        Delivery::callback(
            http::Method::POST,
            "/callback?a=b".parse().unwrap(),
            http::HeaderMap::new(),
            body,
        )
        .from_source("192.0.2.1".parse().unwrap())
    }

    #[test]
    fn digest_identifies_a_message_and_its_account() {
        assert_eq!(digest("a", &delivery("1")), digest("a", &delivery("1")));
        assert_ne!(digest("a", &delivery("1")), digest("a", &delivery("2")));
        assert_ne!(digest("a", &delivery("1")), digest("b", &delivery("1")));
    }
}
