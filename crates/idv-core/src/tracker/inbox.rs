//! The inbox of a tracker.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::mpsc;

use crate::callback::{Delivery, Reply};
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::id::VerificationId;
use crate::observation::Observation;

/// Passes callbacks to a [`Tracker`](crate::Tracker) from elsewhere in the program.
///
/// Cheap to clone.
#[derive(Clone)]
pub struct TrackerInbox {
    client: Client,
    id: VerificationId,
    /// Shared by all clones, because each sender of a channel adds to its capacity.
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

    /// Returns the client.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let inbox = Tracker::new(client, &created).inbox();
    /// assert_eq!(inbox.client().info().name, "Example");
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Parses a callback or the person's return, passes on its observations of the tracked
    /// verification, and returns the reply that the vendor expects.
    ///
    /// Makes no call.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let tracker = Tracker::new(client, &created);
    /// # let delivery = vendor::callback(&created);
    /// assert_eq!(tracker.inbox().receive(&delivery)?.status, 200);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) or [`Malformed`](ErrorKind::Malformed), and
    /// [`Unavailable`](ErrorKind::Unavailable) if the inbox is full; [`Reply::to_error`] is the
    /// reply.
    pub fn receive(&self, delivery: &Delivery) -> Result<Reply> {
        let message = self.client.receive(delivery)?;
        for observation in message.observations {
            if !observation.subject.is(&self.id) {
                continue;
            }
            // A dropped tracker needs no more observations.
            if let Err(error) = self
                .sender
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_send(observation)
                && error.is_full()
            {
                return Err(
                    Error::new(ErrorKind::Unavailable).detail("the tracker's inbox is full")
                );
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
