//! Callbacks on their way to a tracker.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::mpsc;

use crate::callback::{Delivery, Reply};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::id::VerificationId;
use crate::observation::Observation;

/// Passes callbacks to a [`Tracker`](crate::Tracker) from elsewhere in the program. Cheap to clone.
#[derive(Clone)]
pub struct TrackerInbox {
    client: Client,
    id: VerificationId,
    /// One for all, since each sender of a channel adds a place to it.
    sender: Arc<Mutex<mpsc::Sender<Observation>>>,
}

impl TrackerInbox {
    pub(super) const fn new(
        client: Client,
        id: VerificationId,
        sender: Arc<Mutex<mpsc::Sender<Observation>>>,
    ) -> Self {
        Self { client, id, sender }
    }

    /// Returns the client, whose provider says in which form callbacks arrive.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Parses a callback or the person's return, and passes on its observations of the tracked verification. Nothing is sent. Returns
    /// the reply that the vendor expects.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) or [`Malformed`](ErrorKind::Malformed), and [`Unavailable`](ErrorKind::Unavailable) if too many
    /// callbacks wait for the tracker; [`Reply::to_error`] is the reply.
    pub fn receive(&self, delivery: &Delivery) -> Result<Reply> {
        let message = self.client.receive(delivery)?;
        for observation in message.observations {
            if !observation.subject.is(&self.id) {
                continue;
            }
            // A tracker that is gone needs no more news.
            if let Err(error) = self
                .sender
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_send(observation)
                && error.is_full()
            {
                return Err(Error::new(ErrorKind::Unavailable)
                    .detail("too many callbacks wait for the tracker"));
            }
        }
        Ok(message.reply)
    }
}

impl fmt::Debug for TrackerInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackerInbox")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
