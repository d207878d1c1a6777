//! The registration of a webhook ("Events").

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
    /// The URL that the vendor calls: https, or http on a loopback address, for emulators.
    pub url: Url,
    /// The events that the vendor sends; all events if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventKind>,
    /// The headers of each call. The vendor does not sign, so a header with a secret is the only
    /// possible authentication.
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
    /// Every documented event.
    pub const ALL: [Self; 2] = [Self::TransactionStateUpdated, Self::TaskStateUpdated];

    /// Returns the vendor's name of the event.
    ///
    /// ```
    /// use idv_cm_id_scan::api::EventKind;
    ///
    /// assert_eq!(EventKind::TaskStateUpdated.name(), "task.state.updated");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TransactionStateUpdated => "transaction.state.updated",
            Self::TaskStateUpdated => "task.state.updated",
        }
    }

    /// Returns the event of this name.
    ///
    /// ```
    /// use idv_cm_id_scan::api::EventKind;
    ///
    /// let kind = EventKind::named("transaction.state.updated");
    /// assert_eq!(kind, Some(EventKind::TransactionStateUpdated));
    /// assert_eq!(EventKind::named("transaction.created"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

impl NewWebhook {
    /// Creates a webhook that receives every event.
    ///
    /// ```
    /// use idv_cm_id_scan::api::{EventKind, NewWebhook};
    ///
    /// let mut webhook = NewWebhook::new("https://www.example.com/webhook".parse().unwrap());
    /// assert!(webhook.events.is_empty()); // all of them
    /// webhook.events = vec![EventKind::TransactionStateUpdated];
    /// webhook.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub const fn new(url: Url) -> Self {
        Self {
            url,
            events: Vec::new(),
            headers: BTreeMap::new(),
        }
    }

    /// Adds a header.
    ///
    /// ```
    /// use idv_cm_id_scan::api::NewWebhook;
    ///
    /// let webhook = NewWebhook::new("https://www.example.com/webhook".parse().unwrap())
    ///     .with_header("X-Callback-Secret", "0123456789abcdef0123".into());
    /// assert!(webhook.headers.contains_key("X-Callback-Secret"));
    /// assert!(!format!("{webhook:?}").contains("0123456789")); // a secret is not printed
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.headers.insert(name.into(), value);
        self
    }

    /// Checks each value against the document.
    ///
    /// ```
    /// use idv_cm_id_scan::api::NewWebhook;
    ///
    /// let webhook = |url: &str| NewWebhook::new(url.parse().unwrap());
    /// webhook("https://www.example.com/webhook").check()?;
    /// webhook("http://127.0.0.1:8080/webhook").check()?; // an emulator
    /// let error = webhook("http://www.example.com/webhook").check().unwrap_err();
    /// assert!(error.to_string().contains("https"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest), naming the field.
    pub fn check(&self) -> Result<()> {
        if self.url.scheme() != "https" && !(self.url.scheme() == "http" && is_loopback(&self.url))
        {
            return Err(Error::invalid(
                "url",
                "expected an https URL (for an emulator, an http URL on a loopback address)",
            ));
        }
        for (name, value) in &self.headers {
            if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value.expose()).is_err()
            {
                return Err(Error::invalid(
                    "headers",
                    "invalid name or value of a header",
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

/// A registered webhook. The vendor repeats the headers, but they contain secrets and are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateWebhookResponse {
    /// The vendor's id of the webhook. No documented call takes it.
    pub id: String,
    /// The events that the vendor sends, by their names.
    pub events: Vec<String>,
    /// The time of the registration, if the vendor states it.
    pub created: Option<Timestamp>,
}

impl CreateWebhookResponse {
    /// Parses the response.
    ///
    /// ```
    /// use idv_cm_id_scan::api::CreateWebhookResponse;
    ///
    /// let body = br#"{"id":"0b6e2d6f-0000-4000-8000-000000000000",
    ///     "url":"https://www.example.com/webhook","events":["task.state.updated"],
    ///     "createdAt":"2022-01-01T00:00:00+00:00"}"#;
    /// let webhook = CreateWebhookResponse::read(body)?;
    /// assert_eq!(webhook.events, ["task.state.updated"]);
    /// assert_eq!(webhook.created, Some("2022-01-01T00:00:00Z".parse().unwrap()));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response cannot be parsed or lacks the
    /// id.
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
