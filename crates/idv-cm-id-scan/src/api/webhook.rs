//! Registering a webhook ("Events").

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};
use idv_core::adapter::settings::is_loopback;
use idv_core::{Error, Result, Secret, Text, Timestamp, Url};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::wire;

/// A webhook to be registered.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct NewWebhook {
    /// The address that is called: https, or http on this machine, for emulators.
    pub url: Url,
    /// The events that it is called for; all if none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventKind>,
    /// Headers that each call carries. The vendor does not sign: one with a secret is the only proof there can be.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "exposed")]
    pub headers: BTreeMap<String, Secret>,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum EventKind {
    /// The state of a transaction changed.
    #[serde(rename = "transaction.state.updated")]
    TransactionStateUpdated,
    /// The state of a task changed.
    #[serde(rename = "task.state.updated")]
    TaskStateUpdated,
}

impl EventKind {
    /// Every event that is documented.
    pub const ALL: [Self; 2] = [Self::TransactionStateUpdated, Self::TaskStateUpdated];

    /// The vendor's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TransactionStateUpdated => "transaction.state.updated",
            Self::TaskStateUpdated => "task.state.updated",
        }
    }

    /// The event of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

impl NewWebhook {
    /// A webhook that is called for everything.
    #[must_use]
    pub const fn new(url: Url) -> Self {
        Self {
            url,
            events: Vec::new(),
            headers: BTreeMap::new(),
        }
    }

    /// The same with a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.headers.insert(name.into(), value);
        self
    }

    /// Checks what the document says of each value.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest), naming the field.
    pub fn check(&self) -> Result<()> {
        if self.url.scheme() != "https" && !(self.url.scheme() == "http" && is_loopback(&self.url))
        {
            return Err(Error::invalid(
                "url",
                "the vendor calls only addresses that begin with https:// (an emulator http:// on this machine)",
            ));
        }
        for (name, value) in &self.headers {
            if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value.expose()).is_err()
            {
                return Err(Error::invalid(
                    "headers",
                    "a header has a name or a value that HTTP does not allow",
                ));
            }
        }
        Ok(())
    }
}

fn exposed<S: Serializer>(
    headers: &BTreeMap<String, Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(headers.len()))?;
    for (name, value) in headers {
        map.serialize_entry(name, value.expose())?;
    }
    map.end()
}

/// A webhook that was registered. The vendor repeats the headers; they are not kept, since they are secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookCreated {
    /// The vendor's id of it. No call that takes it is documented.
    pub id: String,
    /// The events that it is called for, in the vendor's words.
    pub events: Vec<String>,
    /// When it was registered, if the vendor says so.
    pub created: Option<Timestamp>,
}

impl WebhookCreated {
    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read, or lacks the id.
    pub fn read(body: &[u8]) -> Result<Self> {
        let webhook = wire::Webhook::read(body)?;
        let text = |text: &Text<'_>| text.expose().to_owned();
        Ok(Self {
            id: webhook.id.as_ref().map(text).unwrap_or_default(),
            events: webhook.events.iter().flatten().map(text).collect(),
            created: webhook
                .created
                .as_ref()
                .and_then(|time| time.expose().parse().ok()),
        })
    }
}
