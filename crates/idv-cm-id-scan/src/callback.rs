//! Receives events and returning persons ("Events", "Integration with return URL").
//!
//! The vendor does not sign events. The account registers its webhook with headers of its own
//! choice, and a header with a secret authenticates the calls. An event brings the id of the
//! result, which is needed to fetch it. No documented call returns that id; apart from an event,
//! only the person's browser brings it.
//!
//! The reply to every authenticated event is 200, even if its type is unknown, because the vendor
//! repeats an event after any other reply. A repeated event has the same id, and its bytes are
//! equal, so an inbox recognizes it.

use http::{Method, StatusCode};
use idv_core::adapter::non_empty;
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Error,
    Observation, Reply, Result, ResultState, Status, Subject, Text, VendorId,
};
use serde_json::Value;

use crate::api::{EventKind, ResultId, TransactionId, is_return_parameter};
use crate::normalize::{Custom, beside, find_state, handle};
use crate::wire::Event;

/// Events arrive as JSON ("Events"), by POST: the document does not show the method, but an event
/// has a body. Known events take a few hundred bytes. The document states neither a size limit nor
/// a timeout for the reply.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 256 * 1024);

/// Receives a delivery: an event, or the person's return.
///
/// ```
/// use idv_cm_id_scan::callback;
/// use idv_core::{CallbackAuth, Delivery, ErrorKind, ResultState, Status, http};
///
/// let auth = CallbackAuth::header("X-Callback-Secret", ["0123456789abcdef0123".into()])?;
/// let body = r#"{"id":"b041a287-0000-4000-8000-000000000000","type":"transaction.state.updated",
///     "created":"2022-01-01T00:00:00+00:00","transaction":{"state":"completed",
///     "id":"b659c273-0000-4000-8000-000000000000",
///     "resultId":"e6b7ce66-0000-4000-8000-000000000000"}}"#;
/// let event = |secret: &'static str| {
///     let headers = [("x-callback-secret".parse().unwrap(), secret.parse().unwrap())];
///     let uri = "/webhook".parse().unwrap();
///     Delivery::callback(http::Method::POST, uri, headers.into_iter().collect(), body)
/// };
///
/// let received = callback::receive(&auth, &event("0123456789abcdef0123"))?;
/// let observation = &received.observations[0];
/// assert!(observation.trust.is_proven());
/// assert_eq!(observation.status, Some(Status::Ended)); // the outcome is in the result
/// assert!(matches!(observation.result, ResultState::Fetchable(_)));
///
/// let error = callback::receive(&auth, &event("a guess")).unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::Forged);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Forged`](idv_core::ErrorKind::Forged) if the configuration has a secret and the event lacks
/// it; [`Malformed`](idv_core::ErrorKind::Malformed) if the body is not an event, or the event
/// names no transaction.
pub fn receive(auth: &CallbackAuth, delivery: &Delivery) -> Result<CallbackMessage> {
    let reply = Reply::status(StatusCode::OK);
    if delivery.kind == DeliveryKind::Return {
        let returned = returned(delivery.uri.query().unwrap_or_default());
        return Ok(CallbackMessage::new(returned.into_iter().collect(), reply));
    }
    // All transactions share one secret, so the event is authenticated before it is parsed.
    let trust = auth.verify(delivery, "")?;
    let observation = observation_of(&Event::read(&delivery.body)?)?;
    Ok(CallbackMessage::new(
        observation
            .into_iter()
            .map(|observation| observation.trusted(trust))
            .collect(),
        reply,
    ))
}

/// Parses a stored callback: the body of an event, or the URL (or only the query) of a person's
/// return. The observations are claims.
pub(crate) fn claims(bytes: &[u8]) -> Result<Vec<Observation>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return Ok(observation_of(&Event::read(text.as_bytes())?)?
            .into_iter()
            .collect());
    }
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control())
    {
        return Err(Error::malformed(
            "not a callback: expected the JSON of an event, or the URL of a person's return \
             in one line",
        ));
    }
    let text = text.split_once('#').map_or(text, |(text, _)| text);
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let returned = returned(query)
        .ok_or_else(|| Error::malformed("no transaction named: trxid is missing"))?;
    Ok(vec![returned])
}

/// Normalizes an event, or returns `None` if its type is unknown.
fn observation_of(event: &Event<'_>) -> Result<Option<Observation>> {
    let Some(kind) = non_empty(event.kind.as_ref()).and_then(EventKind::named) else {
        return Ok(None);
    };
    let id = event
        .transaction_id()
        .ok_or_else(|| Error::malformed("the event names no transaction"))?;
    let mut observation = Observation::claimed(
        Subject::new(None, Some(VendorId::new(id))),
        Channel::Callback,
    );
    observation.at = non_empty(event.created.as_ref()).and_then(|time| time.parse().ok());
    let transaction = &event.transaction;
    match kind {
        EventKind::TransactionStateUpdated => {
            let state = non_empty(transaction.state.as_ref());
            observation.code = state.map(str::to_owned);
            // A change to `pending` means that the person has begun.
            observation.status = state.and_then(find_state).map(|row| row.begun);
        }
        // A task that changed has been begun. Its own state is not that of the transaction.
        EventKind::TaskStateUpdated => observation.status = Some(Status::InProgress),
    }
    observation.result = match handle(transaction.result_id.as_ref()) {
        Some(handle) => ResultState::Fetchable(handle),
        None => beside(observation.subject.vendor_id.as_ref(), custom(event, kind)),
    };
    Ok(Some(observation))
}

/// Collects the members of an event beyond the model. An event with a result id has no report to
/// carry them: the result repeats them.
fn custom(event: &Event<'_>, kind: EventKind) -> Custom {
    let mut custom = Custom::new();
    let text = |text: &Option<Text<'_>>| {
        text.as_ref()
            .map_or(Value::Null, |text| text.expose().into())
    };
    custom.members("", &event.others);
    custom.members("transaction", &event.transaction.others);
    let task = &event.task;
    custom.values.add("task.type", text(&task.kind));
    custom.values.add("task.state", text(&task.state));
    custom.members("task", &task.others);
    custom.members("task.transaction", &task.transaction.others);
    if kind == EventKind::TaskStateUpdated {
        // The event of a task does not tell the transaction's state.
        custom
            .values
            .add("transaction.state", text(&event.transaction.state));
    }
    custom
        .values
        .add("task.transaction.state", text(&task.transaction.state));
    custom
}

/// Parses the URL of a person's return: the transaction and its result.
///
/// The person can change the URL, so the observation is a claim. Fetching the result is safe all
/// the same, because the vendor's response names the transaction.
fn returned(query: &str) -> Option<Observation> {
    let (mut transaction, mut result) = (None, None);
    for (name, value) in
        url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| is_return_parameter(name))
    {
        let place = if name.eq_ignore_ascii_case("trxid") {
            &mut transaction
        } else {
            &mut result
        };
        place.get_or_insert_with(|| value.into_owned());
    }
    let transaction = TransactionId::parse(&transaction?).ok()?;
    let mut observation = Observation::claimed(
        Subject::new(None, Some(transaction.into())),
        Channel::Return,
    );
    if let Some(result) = result.and_then(|result| ResultId::parse(&result).ok()) {
        observation.result = ResultState::Fetchable(result.into());
    }
    Some(observation)
}
