//! Events and returns ("Events", "Integration with return URL"): what they prove, what they wake, and what is answered.
//!
//! The vendor signs nothing. A webhook is registered with headers of our own choice, and one with a secret proves its calls. What an event
//! brings is the id of the result, which is needed to fetch it and which nothing else is known to bring but the person's browser.
//!
//! Every event that is proven is answered 200, also one of a kind that is not known here: the vendor repeats what is answered otherwise.
//! Events that come twice have the same id; an inbox recognizes a repetition by its bytes.

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

/// Events come as JSON ("Events"). The method is not shown, and a body is sent by POST. What is known of an event is a few hundred
/// bytes; no bound and no time for the reply are documented.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 256 * 1024);

/// Reads a delivery: an event, or the person's return.
///
/// # Errors
///
/// [`Forged`](idv_core::ErrorKind::Forged) if the guard has a secret and the event lacks it; [`Malformed`](idv_core::ErrorKind::Malformed)
/// if it is no event, or is one about no transaction.
pub fn receive(guard: &CallbackAuth, delivery: &Delivery) -> Result<CallbackMessage> {
    let reply = Reply::status(StatusCode::OK);
    if delivery.kind == DeliveryKind::Return {
        let returned = returned(delivery.uri.query().unwrap_or_default());
        return Ok(CallbackMessage::new(returned.into_iter().collect(), reply));
    }
    // The proof is the same for every transaction, so it is looked at before anything is read.
    let trust = guard.verify(delivery, "")?;
    let told = told(&Event::read(&delivery.body)?)?;
    Ok(CallbackMessage::new(
        told.into_iter()
            .map(|observation| observation.trusted(trust))
            .collect(),
        reply,
    ))
}

/// Reads a callback that was kept: the body of an event, or the address that a person came back to (or its query alone). Claims, all of
/// it.
pub(crate) fn claims(bytes: &[u8]) -> Result<Vec<Observation>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("it is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        return Ok(told(&Event::read(text.as_bytes())?)?.into_iter().collect());
    }
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control())
    {
        return Err(Error::malformed(
            "a callback is the JSON of an event, or an address that a person came back to, in one line",
        ));
    }
    let text = text.split_once('#').map_or(text, |(text, _)| text);
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let returned = returned(query)
        .ok_or_else(|| Error::malformed("it names no transaction: trxid is missing"))?;
    Ok(vec![returned])
}

/// Reads what an event says; nothing if its kind is not known.
fn told(event: &Event<'_>) -> Result<Option<Observation>> {
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
            // That the state changed to pending means that the person has begun.
            observation.status = state.and_then(find_state).map(|row| row.begun);
        }
        // A task that changed was begun. Its own state is none of the transaction's.
        EventKind::TaskStateUpdated => observation.status = Some(Status::InProgress),
    }
    observation.result = match handle(transaction.result_id.as_ref()) {
        Some(handle) => ResultState::Fetchable(handle),
        None => beside(observation.subject.vendor_id.as_ref(), custom(event, kind)),
    };
    Ok(Some(observation))
}

/// Collects what an event says beyond the model. One that brings a handle has no room for it, and needs none.
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
        // A task's event says nothing of the transaction's state.
        custom
            .values
            .add("transaction.state", text(&event.transaction.state));
    }
    custom
        .values
        .add("task.transaction.state", text(&task.transaction.state));
    custom
}

/// Reads the address that a person came back to: the transaction, and the result that it should have. The person can write there what
/// they like, so it is a claim; the result may be tried all the same, since the vendor's answer says whose it is.
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
