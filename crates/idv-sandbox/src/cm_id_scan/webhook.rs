//! Webhooks, which are registered through the API for certain events ("Events").

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::create::{address, texts};
use super::render::time;
use super::transaction::Transaction;
use super::{Moment, rules};
use crate::callback::{Callback, Reach};
use crate::failure::Failure;
use crate::vendor::CALLBACK_SECRET;

/// The events. A webhook without a list receives both.
pub(crate) const TRANSACTION: &str = "transaction.state.updated";
pub(crate) const TASK: &str = "task.state.updated";

/// A webhook.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    /// The account's key ID.
    pub(crate) key_id: String,
    url: String,
    events: Vec<String>,
    headers: Option<Map<String, Value>>,
    created: Timestamp,
}

impl Webhook {
    /// Parses and checks the body of a registration.
    pub(crate) fn parse(
        id: String,
        key_id: &str,
        body: &Map<String, Value>,
        now: Timestamp,
        reach: &Reach,
    ) -> Result<Self, Failure> {
        let given = |name: &str| body.get(name).filter(|value| !value.is_null());
        let url =
            given("url").ok_or_else(|| Failure::by(&rules::WEBHOOK_URL, "url is required"))?;
        let events = match given("events") {
            None => vec![TRANSACTION.to_owned(), TASK.to_owned()],
            Some(value) => texts(&rules::WEBHOOK_EVENTS, "events", value)?,
        };
        if events.is_empty()
            || !events
                .iter()
                .all(|event| [TRANSACTION, TASK].contains(&event.as_str()))
        {
            return Err(Failure::by(
                &rules::WEBHOOK_EVENTS,
                format!("events must be {TRANSACTION}, {TASK} or both"),
            ));
        }
        let headers = given("headers").map(headers).transpose()?;
        Ok(Self {
            id,
            key_id: key_id.to_owned(),
            url: address(&rules::WEBHOOK_URL, "url", url, reach)?,
            events,
            headers,
            created: now,
        })
    }

    /// Returns a webhook for both events, authenticated by the sandbox's secret.
    pub(crate) fn proven(id: String, key_id: String, url: &str, now: Timestamp) -> Self {
        let headers = Map::from_iter([("X-Callback-Secret".to_owned(), json!(CALLBACK_SECRET))]);
        let events = vec![TRANSACTION.to_owned(), TASK.to_owned()];
        Self {
            id,
            key_id,
            url: url.to_owned(),
            events,
            headers: Some(headers),
            created: now,
        }
    }

    /// Builds the response to a registration, in which times have other names than elsewhere.
    pub(crate) fn render(&self) -> Value {
        json!({
            "id": self.id,
            "url": self.url,
            "events": self.events,
            "headers": self.headers,
            "updatedAt": time(self.created),
            "createdAt": time(self.created),
        })
    }
}

/// Notifies every webhook of the transaction's account of a new state of the transaction or of a
/// task.
pub(crate) fn tell(
    webhooks: &[Webhook],
    transaction: &Transaction,
    task: Option<&str>,
    moment: &mut Moment<'_>,
) {
    let kind = if task.is_some() { TASK } else { TRANSACTION };
    let result_id = transaction
        .outcome
        .as_ref()
        .map(|outcome| outcome.result_id.as_str());
    let mut body = Map::new();
    body.insert("id".into(), moment.random.uuid().into());
    body.insert("type".into(), kind.into());
    body.insert("created".into(), time(moment.now).into());
    let about = json!({ "id": transaction.id, "state": transaction.state, "resultId": result_id });
    body.insert("transaction".into(), about);
    if let Some(task) = task {
        body.insert(
            "task".into(),
            json!({ "type": task, "state": transaction.task_state(task) }),
        );
    }
    let body = Value::Object(body);
    let wanted = webhooks.iter().filter(|hook| {
        hook.key_id == transaction.key_id && hook.events.iter().any(|event| event == kind)
    });
    for hook in wanted {
        let header = |(name, value): (&String, &Value)| {
            (name.clone(), value.as_str().unwrap_or_default().to_owned())
        };
        let headers = hook.headers.iter().flatten().map(header).collect();
        moment.callbacks.push(Callback {
            headers,
            ..Callback::json(kind, &transaction.id, hook.url.clone(), &body)
        });
    }
}

/// Parses the headers that the account chose, an object of strings.
fn headers(value: &Value) -> Result<Map<String, Value>, Failure> {
    let headers = value
        .as_object()
        .ok_or_else(|| Failure::by(&rules::WEBHOOK_HEADERS, "headers must be an object"))?;
    for (name, value) in headers {
        let is_name = name
            .parse::<HeaderName>()
            .is_ok_and(|name| !RESERVED.contains(&name.as_str()));
        let is_value = value
            .as_str()
            .is_some_and(|value| HeaderValue::from_str(value).is_ok());
        if !is_name || !is_value {
            return Err(Failure::by(
                &rules::WEBHOOK_HEADERS,
                format!("headers.{name} must be a header and its value"),
            ));
        }
    }
    Ok(headers.clone())
}

/// The headers that the vendor's HTTP client sets.
const RESERVED: [&str; 5] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
];
